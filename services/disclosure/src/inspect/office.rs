//! DOCX, XLSX, PPTX and OFD: archives of XML parts. Everything in them is unpacked, counted and looked at.

use std::io::{Cursor, Read};

use kit::refusal::Refusal;
use zip::{ZipArchive, read::ZipFile};

use super::{DOCX, OFD, PPTX, Seen, Until, XLSX, must_be_unmarked, too_much, unreadable, unsafe_file, wrong_type, xml};

const MOST_BYTES: u64 = 100 << 20;
/// Unpacked to packed. Sheets of numbers reach 30.
const MOST_RATIO: u64 = 150;
const MOST_ENTRIES: usize = 2_000;

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

pub fn look(media_type: &str, bytes: &[u8], until: Until) -> Result<Seen, Refusal> {
    let count = counted(bytes)?;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| unreadable())?;
    // Two entries of one name: two programs would show two documents.
    if archive.len() != count || archive.offset() != 0 {
        return Err(unreadable());
    }
    if kind(&archive) != Some(media_type) {
        return Err(wrong_type(kind(&archive).or(Some("application/zip"))));
    }
    let mut left = MOST_BYTES.min(MOST_RATIO * bytes.len() as u64 + (1 << 20));
    let mut speaks = false;
    for index in 0..archive.len() {
        until.check()?;
        let name = entry_name(&archive.by_index_raw(index).map_err(|_| unreadable())?)?;
        let mut entry = archive.by_index(index).map_err(|_| unreadable())?;
        speaks |= match name.rsplit_once('.').map(|(_, end)| end) {
            Some("xml" | "rels" | "vml") => part(&name, &unpack(&mut entry, &mut left, until)?, until)?,
            _ => matter(&mut entry, &mut left, until).map(|()| false)?,
        };
    }
    Ok(Seen { picture: None, unread: !speaks })
}

/// How many entries the end of the archive speaks of; before anything is made of them.
fn counted(bytes: &[u8]) -> Result<usize, Refusal> {
    // The record at the end, without a comment behind it.
    let end = bytes.len().checked_sub(22).map(|at| &bytes[at..]).filter(|end| end.starts_with(b"PK\x05\x06"));
    let count = end.map(|end| usize::from(u16::from_le_bytes([end[10], end[11]]))).ok_or_else(unreadable)?;
    if count > MOST_ENTRIES { Err(too_much()) } else { Ok(count) }
}

/// What an archive is by the parts that it cannot be without.
fn kind(archive: &Archive<'_>) -> Option<&'static str> {
    let has = |name| archive.index_for_name(name).is_some();
    if has("OFD.xml") {
        return Some(OFD);
    }
    let parts = [("word/document.xml", DOCX), ("xl/workbook.xml", XLSX), ("ppt/presentation.xml", PPTX)];
    parts.into_iter().find(|(part, _)| has("[Content_Types].xml") && has(part)).map(|(_, kind)| kind)
}

/// The name of an entry that is neither hidden by a password nor a way out of the archive.
fn entry_name<R: Read>(entry: &ZipFile<'_, R>) -> Result<String, Refusal> {
    let name = entry.name();
    if entry.encrypted() {
        return Err(unsafe_file("文档设有密码；请取消密码后再上传", "the document has a password; take it off"));
    }
    let leads_out = name.starts_with('/')
        || name.contains(['\\', ':', '\0'])
        || name.split('/').any(|step| step == "..")
        || entry.is_symlink();
    if leads_out || name.len() > 255 {
        return Err(unsafe_file("文档内含越界的路径", "the document names paths that lead out of it"));
    }
    let lower = name.to_lowercase();
    if lower.contains("vbaproject") || lower.contains("activex") || lower.contains("macrosheets") {
        return Err(macros());
    }
    Ok(lower)
}

/// Reads an entry whole, as long as no more comes out than is left.
fn unpack(entry: &mut impl Read, left: &mut u64, until: Until) -> Result<Vec<u8>, Refusal> {
    let (mut bytes, mut chunk) = (Vec::new(), vec![0; 64 << 10]);
    while next(entry, &mut chunk, left, until)?.map(|read| bytes.extend_from_slice(&chunk[..read])).is_some() {}
    Ok(bytes)
}

fn next(entry: &mut impl Read, chunk: &mut [u8], left: &mut u64, until: Until) -> Result<Option<usize>, Refusal> {
    until.check()?;
    let read = entry.read(chunk).map_err(|_| unreadable())?;
    *left = left.checked_sub(read as u64).ok_or_else(too_much)?;
    Ok((read > 0).then_some(read))
}

/// An XML part: its text, and whether a page shows any of it.
fn part(name: &str, bytes: &[u8], until: Until) -> Result<bool, Refusal> {
    let text = str::from_utf8(bytes).map_err(|_| unreadable())?;
    if name == "[content_types].xml" && text.contains("macroEnabled") {
        return Err(macros());
    }
    let part = xml::read(text, until)?;
    if name.ends_with(".rels") && part.fetches {
        return Err(unsafe_file(
            "文档打开时会从别处读取内容；请断开外部链接或改为嵌入图片",
            "the document fetches what lies elsewhere when it is opened; break its links to other files",
        ));
    }
    must_be_unmarked(&part.text)?;
    Ok(part.speaks)
}

/// A picture, a typeface and the like: anything but another document.
fn matter(entry: &mut impl Read, left: &mut u64, until: Until) -> Result<(), Refusal> {
    let mut head = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    while let Some(read) = next(entry, &mut chunk, left, until)? {
        let room = 4_096_usize.saturating_sub(head.len());
        head.extend_from_slice(&chunk[..room.min(read)]);
    }
    use infer::MatcherType::{App, Archive, Book, Doc};
    // The electronic seal of an OFD.
    const CERTIFICATE: &str = "application/x-x509-ca-cert";
    let known = infer::get(&head).filter(|kind| kind.mime_type() != CERTIFICATE);
    match known.map(|kind| kind.matcher_type()) {
        Some(Archive | Doc | Book | App) => Err(unsafe_file(
            "文档内嵌有其他文件或程序；请删除嵌入对象，图表请粘贴为图片",
            "the document has other files or programs inside; take them out, and paste charts as pictures",
        )),
        _ => Ok(()),
    }
}

fn macros() -> Refusal {
    unsafe_file("文档含有宏；请另存为不含宏的格式", "the document carries macros; save it without them")
}
