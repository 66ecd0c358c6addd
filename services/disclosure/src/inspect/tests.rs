use std::io::{Cursor, Write};

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, RgbaImage};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::*;

fn seen(media_type: &str, bytes: &[u8]) -> Result<Seen, Refusal> {
    look(media_type, bytes, Until(Instant::now() + Duration::from_secs(60)))
}

/// Why a file is not taken.
fn refused(media_type: &str, bytes: &[u8]) -> &'static str {
    seen(media_type, bytes).map_or_else(|refusal| refusal.reason(), |_| "taken")
}

mod archives {
    use super::*;

    const TYPES: (&str, &str) = ("[Content_Types].xml", "<Types/>");

    fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in parts {
            zip.start_file(*name, SimpleFileOptions::default()).expect("begun");
            zip.write_all(bytes).expect("written");
        }
        zip.finish().expect("finished").into_inner()
    }

    fn document(text: &str) -> String {
        format!("<w:document xmlns:w=\"w\"><w:body><w:p>{text}</w:p></w:body></w:document>")
    }

    fn docx(text: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
        let document = document(text);
        let parts = [(TYPES.0, TYPES.1.as_bytes()), ("word/document.xml", document.as_bytes())];
        zip(&[&parts, more].concat())
    }

    const RUN: &str = "<w:r><w:t>办事指南</w:t></w:r>";

    #[test]
    fn office_documents_are_taken_as_what_they_are() {
        let xlsx = zip(&[
            (TYPES.0, b"<Types/>"),
            ("xl/workbook.xml", "<workbook><sheet name='目录'/></workbook>".as_bytes()),
            ("xl/sharedStrings.xml", "<sst><si><t>许可</t></si></sst>".as_bytes()),
        ]);
        let pptx = zip(&[
            (TYPES.0, b"<Types/>"),
            ("ppt/presentation.xml", b"<p/>"),
            ("ppt/slides/slide1.xml", "<a:p><a:t>流程</a:t></a:p>".as_bytes()),
        ]);
        let ofd = zip(&[
            ("OFD.xml", b"<ofd:OFD/>"),
            ("Doc_0/Pages/Page_0/Content.xml", "<ofd:TextCode>公告</ofd:TextCode>".as_bytes()),
            ("Doc_0/Signs/Sign_0/SignedValue.dat", b"0\x82\x10\x00"),
        ]);
        let all = [(DOCX, docx(RUN, &[])), (XLSX, xlsx), (PPTX, pptx), (OFD, ofd)];
        for (media_type, bytes) in &all {
            assert!(!seen(media_type, bytes).expect(media_type).unread);
            for other in [DOCX, XLSX, PPTX, OFD, PDF, PNG, TEXT, CSV].iter().filter(|other| *other != media_type) {
                assert_eq!(refused(other, bytes), "FILE_TYPE", "{media_type} as {other}");
            }
        }
        assert_eq!(refused(DOCX, &zip(&[("a.txt", b"a")])), "FILE_TYPE");
        assert!(seen(DOCX, &docx("", &[])).expect("a scan, perhaps").unread);
    }

    #[test]
    fn a_marking_is_found_wherever_a_reader_sees_it() {
        let split =
            "<w:r><w:t>机</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>密</w:t></w:r><w:r><w:t>★10&#x5E74;</w:t></w:r>";
        let watermark = "<w:hdr><v:textpath string=\"绝密★\"/></w:hdr>".as_bytes();
        let keywords = "<cp:coreProperties><cp:keywords>秘密★5年</cp:keywords></cp:coreProperties>".as_bytes();
        for bytes in [
            docx(split, &[]),
            docx(RUN, &[("word/header1.xml", watermark)]),
            docx(RUN, &[("docProps/core.xml", keywords)]),
            docx("<w:r><w:t><![CDATA[机密★]]></w:t></w:r>", &[]),
        ] {
            assert_eq!(refused(DOCX, &bytes), "SECRECY_MARKING");
        }
        let piece = |y: u32, text| {
            format!("<ofd:TextObject Boundary=\"10 {y} 5 5\"><ofd:TextCode>{text}</ofd:TextCode></ofd:TextObject>")
        };
        let ofd =
            |text: String| zip(&[("OFD.xml", b"<ofd:OFD/>"), ("Content.xml", format!("<c>{text}</c>").as_bytes())]);
        assert_eq!(refused(OFD, &ofd(piece(20, "机密★") + &piece(20, "10年"))), "SECRECY_MARKING");
    }

    #[test]
    fn what_unpacks_to_too_much_is_refused() {
        let zeros = vec![b' '; 12 << 20];
        assert_eq!(refused(DOCX, &docx(RUN, &[("word/media/image1.png", &zeros)])), "FILE_UNSAFE");
        assert_eq!(refused(DOCX, &docx(RUN, &[("word/footer1.xml", &zeros)])), "FILE_UNSAFE");
        let inner = docx(RUN, &[]);
        for name in ["word/embeddings/inner.zip", "word/media/image1.png"] {
            assert_eq!(refused(DOCX, &docx(RUN, &[(name, &inner)])), "FILE_UNSAFE", "{name}");
        }
        let names: Vec<_> = (0..2_000).map(|number| format!("word/{number}.bin")).collect();
        let many: Vec<_> = names.iter().map(|name| (name.as_str(), &b"a"[..])).collect();
        assert_eq!(refused(DOCX, &docx(RUN, &many)), "FILE_UNSAFE");
    }

    #[test]
    fn paths_that_lead_out_of_an_archive_are_refused() {
        for name in ["../evil.xml", "word/../../evil.xml", "/etc/passwd", "word\\..\\evil", "C:/evil.xml"] {
            // The writer may mend a name; what is written is what counts.
            let there = name.replace('.', "_").replace(['/', '\\', ':'], "_");
            let mut bytes = docx(RUN, &[(&there, b"<a/>")]);
            while let Some(at) = bytes.windows(there.len()).position(|part| part == there.as_bytes()) {
                bytes[at..at + there.len()].copy_from_slice(name.as_bytes());
            }
            assert_eq!(refused(DOCX, &bytes), "FILE_UNSAFE", "{name}");
        }
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, part) in [TYPES, ("word/document.xml", "<a/>")] {
            zip.start_file(name, SimpleFileOptions::default()).expect("begun");
            zip.write_all(part.as_bytes()).expect("written");
        }
        zip.add_symlink("word/link.xml", "/etc/passwd", SimpleFileOptions::default()).expect("a link");
        assert_eq!(refused(DOCX, &zip.finish().expect("finished").into_inner()), "FILE_UNSAFE");
    }

    #[test]
    fn macros_passwords_remote_parts_and_doubles_are_refused() {
        let remote = "<Relationships><Relationship Type=\"http://x/attachedTemplate\" TargetMode=\"External\" \
                      Target=\"http://x/evil.dotm\"/></Relationships>";
        let link = remote.replace("attachedTemplate", "hyperlink");
        assert_eq!(refused(DOCX, &docx(RUN, &[("word/_rels/document.xml.rels", link.as_bytes())])), "taken");
        let program = b"MZ\x90\x00\x03\x00\x00\x00";
        let old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
        for (name, bytes) in [
            ("word/vbaProject.bin", &b"a"[..]),
            ("word/activeX/activeX1.xml", b"<a/>"),
            ("word/_rels/document.xml.rels", remote.as_bytes()),
            ("word/media/image1.png", program),
            ("word/embeddings/oleObject1.bin", old),
            ("word/comments.xml", b"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"),
            ("word/comments.xml", b"<a>&b;</a>"),
            ("word/comments.xml", b"<a></b>"),
            ("word/comments.xml", b"\xff\xfe<\0a\0/\0>\0"),
        ] {
            assert_eq!(refused(DOCX, &docx(RUN, &[(name, bytes)])), "FILE_UNSAFE", "{name}");
        }
        let document = document(RUN);
        let types = "<Types><Override ContentType=\"application/vnd.ms-word.document.macroEnabled.main+xml\"/></Types>";
        let parts = [(TYPES.0, types.as_bytes()), ("word/document.xml", document.as_bytes())];
        assert_eq!(refused(DOCX, &zip(&parts)), "FILE_UNSAFE");

        let mut double = docx(RUN, &[("word/document.xmk", b"<a/>")]);
        while let Some(at) = double.windows(3).position(|part| part == b"xmk") {
            double[at..at + 3].copy_from_slice(b"xml");
        }
        assert_eq!(refused(DOCX, &double), "FILE_UNSAFE");

        let mut locked = docx(RUN, &[]);
        for (mark, flags) in [(&b"PK\x03\x04"[..], 6), (b"PK\x01\x02", 8)] {
            let places: Vec<_> = (0..locked.len() - 4).filter(|at| locked[*at..].starts_with(mark)).collect();
            places.into_iter().for_each(|at| locked[at + flags] |= 1);
        }
        assert_eq!(refused(DOCX, &locked), "FILE_UNSAFE");
    }

    #[test]
    fn a_damaged_archive_is_refused_wherever_it_is_cut() {
        let whole = docx(RUN, &[("word/media/image1.png", &[7; 3_000])]);
        for end in (0..whole.len()).step_by(7) {
            assert_ne!(refused(DOCX, &whole[..end]), "taken", "{end} of {}", whole.len());
        }
        for at in 0..whole.len() {
            let mut spoilt = whole.clone();
            spoilt[at] ^= 0xff;
            let _ = seen(DOCX, &spoilt);
        }
    }
}

mod pdfs {
    use super::*;

    /// A file of these objects, the first of which is the catalogue.
    fn pdf(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
        let (mut bytes, mut places) = (b"%PDF-1.7\n".to_vec(), Vec::new());
        for (number, object) in objects.iter().enumerate() {
            places.push(bytes.len());
            bytes.extend(format!("{} 0 obj\n", number + 1).bytes());
            bytes.extend(object);
            bytes.extend(b"\nendobj\n");
        }
        let start = bytes.len();
        bytes.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
        places.iter().for_each(|place| bytes.extend(format!("{place:010} 00000 n \n").bytes()));
        let size = objects.len() + 1;
        bytes.extend(format!("trailer\n<</Size {size}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF\n").bytes());
        bytes
    }

    fn stream(dictionary: &str, content: &[u8]) -> Vec<u8> {
        let head = format!("<<{dictionary}/Length {}>>\nstream\n", content.len());
        [head.as_bytes(), content, b"\nendstream"].concat()
    }

    /// One page, whose font F1 shows the code 01 as 机, 02 as 密, 03 as ★, 04 as 告.
    fn page(content: &[u8], filter: &str, catalogue: &str, more: &[Vec<u8>]) -> Vec<u8> {
        let map = "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapName /Adobe-Identity-UCS def\n\
                   /CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\n\
                   endcodespacerange\n4 beginbfchar\n<0001> <673A>\n<0002> <5BC6>\n<0003> <2605>\n<0004> <544A>\n\
                   endbfchar\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend";
        let objects = [
            format!("<</Type/Catalog/Pages 2 0 R{catalogue}>>").into_bytes(),
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
            b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>>>>>"
                .to_vec(),
            stream(filter, content),
            b"<</Type/Font/Subtype/Type0/BaseFont/Song/Encoding/Identity-H/ToUnicode 6 0 R>>".to_vec(),
            stream("", map.as_bytes()),
        ];
        pdf(&[&objects, more].concat(), "")
    }

    fn shows(content: &str) -> Vec<u8> {
        page(content.as_bytes(), "", "", &[])
    }

    const PLAIN: &str = "BT /F1 12 Tf 72 700 Td <0004> Tj ET";

    #[test]
    fn a_pdf_is_read_and_a_scan_is_left_to_the_reviewer() {
        assert!(!seen(PDF, &shows(PLAIN)).expect("taken").unread);
        for scan in ["q 595 0 0 842 0 0 cm /Im1 Do Q", "BT /F9 12 Tf 72 700 Td <0004> Tj ET"] {
            assert!(seen(PDF, &shows(scan)).expect("taken").unread, "{scan}");
        }
        assert_eq!(refused(PNG, &shows(PLAIN)), "FILE_TYPE");
    }

    #[test]
    fn a_marking_is_found_however_its_characters_are_placed() {
        for content in [
            "BT /F1 12 Tf 72 700 Td <000100020003> Tj ET",
            "BT /F1 12 Tf 72 700 Td [<0001> -200 <0002> 30 <0003>] TJ ET",
            "BT /F1 12 Tf 1 0 0 1 72 700 Tm <00010002> Tj 1 0 0 1 99 700 Tm <0003> Tj ET",
            "q 1 0 0 1 0 700 cm BT /F1 12 Tf <000100020003> Tj ET Q",
        ] {
            let bytes = shows(content);
            assert!(["SECRECY_MARKING", "taken"].contains(&refused(PDF, &bytes)), "{content}");
            assert_eq!(refused(PDF, &bytes), "SECRECY_MARKING", "{content}");
        }
        let form = stream(
            "/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</Font<</F1 5 0 R>>>>",
            b"BT /F1 12 Tf <000100020003> Tj ET",
        );
        let note = b"<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents<FEFF673A5BC62605>>>".to_vec();
        for more in [form, note] {
            assert_eq!(refused(PDF, &page(PLAIN.as_bytes(), "", "", &[more])), "SECRECY_MARKING");
        }
    }

    #[test]
    fn a_font_s_map_to_unicode_goes_before_the_names_of_its_glyphs() {
        let map = "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapName /A def\n\
                   1 begincodespacerange\n<00> <FF>\nendcodespacerange\n3 beginbfchar\n<21> <673A>\n<22> <5BC6>\n\
                   <23> <2605>\nendbfchar\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend";
        let form = stream(
            "/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</Font<</F2 8 0 R>>>>",
            b"BT /F2 12 Tf <212223> Tj ET",
        );
        let font = b"<</Type/Font/Subtype/Type3/Encoding<</Differences[33/g1/g2/g3]>>/ToUnicode 9 0 R>>".to_vec();
        let unnamed = b"<</Type/Font/Subtype/Type3/Encoding<</Differences[33/g1/g2/g3]>>>>".to_vec();
        let named = page(PLAIN.as_bytes(), "", "", &[form.clone(), font, stream("", map.as_bytes())]);
        assert_eq!(refused(PDF, &named), "SECRECY_MARKING");
        assert!(seen(PDF, &page(PLAIN.as_bytes(), "", "", &[form, unnamed])).expect("taken").unread);
    }

    #[test]
    fn what_runs_or_is_another_file_or_is_locked_is_refused() {
        for catalogue in [
            "/OpenAction<</S/JavaScript/JS(app.alert(1))>>",
            "/OpenAction<</S/Launch/F(cmd.exe)>>",
            "/Names<</EmbeddedFiles<</Names[]>>>>",
            "/AcroForm<</XFA[]>>",
            "/OpenAction<</S/#4aavaScript>>",
        ] {
            assert_eq!(refused(PDF, &page(PLAIN.as_bytes(), "", catalogue, &[])), "FILE_UNSAFE", "{catalogue}");
        }
        let catalogue = b"<</Type/Catalog/Pages 2 0 R>>".to_vec();
        let locked = pdf(
            &[catalogue, b"<</Type/Pages/Kids[]/Count 0>>".to_vec()],
            "/Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -4/O(12345678901234567890123456789012)/U(12345678901234567890123456789012)>>\
             /ID[(1234567890123456)(1234567890123456)]",
        );
        assert_eq!(refused(PDF, &locked), "FILE_UNSAFE");
    }

    #[test]
    fn what_unpacks_to_too_much_or_is_too_deep_harms_nobody() {
        // Two bytes are 128 blanks.
        let blanks = [129, b' '].repeat(100_000);
        let bomb = page(&blanks, "/Filter/RunLengthDecode", "", &[]);
        assert!(seen(PDF, &bomb).expect("only its text is not read").unread);
        let objects = stream("/Type/ObjStm/N 1/First 4/Filter/RunLengthDecode", &blanks);
        assert_eq!(refused(PDF, &page(PLAIN.as_bytes(), "", "", &[objects])), "FILE_UNSAFE");
        for deep in ["[".repeat(200_000), "<</A".repeat(200_000), "(".repeat(200_000)] {
            let _ = seen(PDF, &page(PLAIN.as_bytes(), "", "", &[deep.into_bytes()]));
            let _ = seen(PDF, &page(deep_content(PLAIN).as_bytes(), "", "", &[]));
        }
        let circle =
            pdf(&[b"<</Type/Catalog/Pages 2 0 R>>".to_vec(), b"<</Type/Pages/Kids[2 0 R]/Count 1>>".to_vec()], "");
        assert_eq!(refused(PDF, &circle), "FILE_UNSAFE");
    }

    fn deep_content(content: &str) -> String {
        format!("{}{content}", "q ".repeat(50_000))
    }

    #[test]
    fn a_damaged_pdf_never_breaks_the_program() {
        let whole = page(PLAIN.as_bytes(), "", "", &[]);
        assert_eq!(refused(PDF, b"%PDF-1.7\n"), "FILE_UNSAFE");
        for at in (0..whole.len()).step_by(3) {
            let _ = seen(PDF, &whole[..at]);
            let mut spoilt = whole.clone();
            spoilt[at] ^= 0x55;
            let _ = seen(PDF, &spoilt);
        }
    }
}

mod pictures {
    use super::*;

    fn photograph() -> DynamicImage {
        RgbImage::from_fn(40, 20, |x, y| Rgb([x as u8 * 6, y as u8 * 12, 90])).into()
    }

    fn written(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).expect("written");
        bytes.into_inner()
    }

    fn holds(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn a_picture_is_written_anew_and_nothing_but_pixels_is_kept() {
        for (media_type, format) in [(PNG, ImageFormat::Png), (JPEG, ImageFormat::Jpeg), (WEBP, ImageFormat::WebP)] {
            let mut bytes = written(&photograph(), format);
            bytes.extend(b"<script>alert(1)</script>PK\x03\x04");
            let kept = seen(media_type, &bytes).expect(media_type).picture.expect("a picture");
            assert_eq!((kept.width, kept.height), (40, 20));
            assert!(
                !holds(&kept.bytes, b"<script>")
                    && infer::get(&kept.bytes).map(|kind| kind.mime_type()) == Some(media_type)
            );
            let again = seen(media_type, &kept.bytes).expect("again").picture.expect("a picture");
            assert_eq!((again.width, again.height), (40, 20));
        }
        let see_through = DynamicImage::from(RgbaImage::from_pixel(3, 3, image::Rgba([1, 2, 3, 4])));
        for (media_type, format) in [(PNG, ImageFormat::Png), (WEBP, ImageFormat::WebP)] {
            let kept = seen(media_type, &written(&see_through, format)).expect("taken").picture.expect("a picture");
            assert_eq!(
                image::load_from_memory(&kept.bytes).expect("reads").to_rgba8().as_raw(),
                &[1, 2, 3, 4].repeat(9)
            );
        }
    }

    #[test]
    fn a_photograph_stands_upright_and_does_not_say_where_it_was_taken() {
        // Orientation 6: to be turned by a quarter; and a GPS directory.
        let tags = b"Exif\0\0II*\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x25\x88\x04\0\x01\0\0\0\x26\0\0\0\0\0\0\0\
                     GPS 34.41N 114.19E";
        let photograph = written(&photograph(), ImageFormat::Jpeg);
        let size = (tags.len() as u16 + 2).to_be_bytes();
        let bytes = [&photograph[..2], b"\xff\xe1", &size, tags, &photograph[2..]].concat();
        let kept = seen(JPEG, &bytes).expect("taken").picture.expect("a picture");
        assert_eq!((kept.width, kept.height), (20, 40));
        assert!(holds(&bytes, b"114.19E") && !holds(&kept.bytes, b"114.19E") && !holds(&kept.bytes, b"Exif"));
    }

    #[test]
    fn a_picture_of_too_many_pixels_is_not_decoded() {
        for (width, height) in [(50_000_u32, 50_000_u32), (40_001, 1), (8_000, 5_001), (u32::MAX, u32::MAX), (0, 0)] {
            assert_eq!(refused(PNG, &png_of(width, height)), "FILE_UNSAFE", "{width} x {height}");
        }
    }

    #[test]
    fn a_damaged_picture_never_breaks_the_program() {
        for (media_type, format) in [(PNG, ImageFormat::Png), (JPEG, ImageFormat::Jpeg), (WEBP, ImageFormat::WebP)] {
            let whole = written(&photograph(), format);
            for at in 12..whole.len() {
                let _ = seen(media_type, &whole[..at]);
                let mut spoilt = whole.clone();
                spoilt[at] ^= 0x55;
                let _ = seen(media_type, &spoilt);
            }
            assert_eq!(refused(media_type, &whole[..24]), "FILE_UNSAFE");
        }
    }

    /// A PNG that says it is so large, in eighty bytes.
    fn png_of(width: u32, height: u32) -> Vec<u8> {
        let chunk = |name: &[u8], data: &[u8]| {
            let named = [name, data].concat();
            [&(data.len() as u32).to_be_bytes()[..], &named, &crc(&named).to_be_bytes()].concat()
        };
        let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
        let pixels = b"\x78\x9c\x63\x60\x60\x60\x00\x00\x00\x04\x00\x01";
        [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &head), &chunk(b"IDAT", pixels), &chunk(b"IEND", b"")].concat()
    }

    fn crc(bytes: &[u8]) -> u32 {
        let step = |crc: u32, byte: &u8| {
            (0..8).fold(crc ^ u32::from(*byte), |c, _| (c >> 1) ^ (0xedb8_8320 & (c & 1).wrapping_neg()))
        };
        !bytes.iter().fold(!0, step)
    }
}

#[test]
fn a_file_of_another_type_is_refused_with_what_to_do_instead() {
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let gif = b"GIF89a/*\x01\x00\x01\x00*/=1;alert(1)";
    for bytes in [&svg[..], b"<!DOCTYPE html><html></html>", b"\xef\xbb\xbf  <html>", b"<?xml version=\"1.0\"?><a/>"] {
        for declared in [PNG, PDF, TEXT, CSV, DOCX, "image/svg+xml", "text/html"] {
            let refusal = seen(declared, bytes).expect_err(declared);
            assert_eq!(refusal.reason(), "FILE_TYPE");
            assert!(refusal.en().contains("export"), "{}", refusal.en());
        }
    }
    for bytes in [&gif[..], b"MZ\x90\x00\x03\x00\x00\x00", b"\x7fELF\x02\x01\x01\x00", b"#!/bin/sh\nrm -rf /", b""] {
        assert!([PNG, JPEG, WEBP, PDF, DOCX, OFD].iter().all(|declared| refused(declared, bytes) == "FILE_TYPE"));
    }
    for bytes in [&gif[..], b"#!/bin/sh\nrm -rf /", b"PK\x03\x04"] {
        assert_eq!(refused(TEXT, bytes), "FILE_TYPE");
    }
}

#[test]
fn plain_text_is_utf_8_without_controls_and_markings() {
    assert_eq!(refused(TEXT, "\u{feff}第一行\r\n第二行\t完".as_bytes()), "taken");
    assert_eq!(refused(TEXT, "第一行\n机密★1年".as_bytes()), "SECRECY_MARKING");
    for bytes in [&b"a\0b"[..], b"\xd6\xd0\xb9\xfa", b"a\x1b[31mb", b"a\xff"] {
        assert_eq!(refused(TEXT, bytes), "FILE_UNSAFE", "{bytes:?}");
    }
}

#[test]
fn a_table_has_no_cell_that_a_spreadsheet_would_run() {
    let fine = "名称,电话,增减,备注\n甲,+86-371-2789,-3.5%,-\n乙,\"0371, 2789\",+1e5,--\n丙,,-0.5,- 无\n";
    assert_eq!(refused(CSV, fine.as_bytes()), "taken");
    for cell in ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-SUM(A1)", " =1", "\"=HYPERLINK(\"\"http://x\"\")\"", "＝1"]
    {
        assert_eq!(refused(CSV, format!("名称,值\n甲,{cell}\n").as_bytes()), "FILE_UNSAFE", "{cell}");
        assert_eq!(refused(TEXT, format!("名称,值\n甲,{cell}\n").as_bytes()), "taken", "{cell}");
    }
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let until = Until(Instant::now());
    assert_eq!(look(CSV, b"a,b\n", until).expect_err("late").reason(), "FILE_UNSAFE");
    assert!(inspect(TEXT.into(), b"a".to_vec()).await.is_ok());
}
