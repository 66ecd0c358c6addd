//! Files streamed in and out, known by their bytes.

use std::{fs, path::PathBuf};

use futures::{StreamExt, stream};
use kit::testing::request_id;
use proto::intake::v1::{self as pb, upload_attachment_request::Part};
use sha2::{Digest, Sha256};
use tonic::{Code, Status};

use crate::hall::*;

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n%%EOF\n";
const EXE: &[u8] = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00";
const CHUNK: usize = 64 << 10;

/// What a file is announced with.
fn header(case: &pb::Case, bytes: &[u8]) -> pb::UploadHeader {
    pb::UploadHeader {
        parent: case.name.clone(),
        file_name: "营业执照.pdf".into(),
        media_type: "application/pdf".into(),
        sha256: Sha256::digest(bytes).to_vec(),
        size_bytes: bytes.len() as i64,
        material: "M1".into(),
        clerk: case.received_by.clone(),
        request_id: request_id(),
    }
}

async fn send(hall: &Hall, parts: Vec<Part>) -> Result<pb::Attachment, Status> {
    let messages = parts.into_iter().map(|part| pb::UploadAttachmentRequest { part: Some(part) });
    hall.attachments()
        .upload_attachment(stream::iter(messages.collect::<Vec<_>>()))
        .await
        .map(|answer| answer.into_inner())
}

async fn upload(hall: &Hall, header: pb::UploadHeader, bytes: &[u8]) -> Result<pb::Attachment, Status> {
    let chunks = bytes.chunks(CHUNK).map(|chunk| Part::Chunk(chunk.to_vec()));
    send(hall, [Part::Header(header)].into_iter().chain(chunks).collect()).await
}

async fn download(hall: &Hall, name: &str) -> Result<(pb::Attachment, Vec<u8>), Status> {
    let request = pb::DownloadAttachmentRequest { name: name.into() };
    let mut stream = hall.attachments().download_attachment(request).await?.into_inner();
    let (mut head, mut bytes) = (None, Vec::new());
    while let Some(message) = stream.message().await? {
        match message.part.expect("a part") {
            pb::download_attachment_response::Part::Attachment(attachment) => head = Some(attachment),
            pb::download_attachment_response::Part::Chunk(chunk) => bytes.extend(chunk),
        }
    }
    Ok((head.expect("the head comes first"), bytes))
}

/// Where a file lies.
fn stored(hall: &Hall, attachment: &pb::Attachment) -> PathBuf {
    let sha256 = id(&attachment.name);
    hall.config.data.join("attachments").join(&sha256[..2]).join(sha256)
}

/// Nothing that was refused stays behind.
fn nothing_waits(hall: &Hall) -> bool {
    fs::read_dir(hall.config.data.join("attachments").join("incoming")).expect("the folder").next().is_none()
}

#[tokio::test]
async fn a_file_comes_back_as_it_was_handed_in() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let case = hall.window("A01").receives(FOOD).await;
        let mut large = PDF.to_vec();
        large.extend((0..200_000u32).flat_map(u32::to_le_bytes));
        for bytes in [PDF, &large] {
            let attachment = upload(&hall, header(&case, bytes), bytes).await.expect("kept");
            assert_eq!((attachment.size_bytes, attachment.file_name.as_str()), (bytes.len() as i64, "营业执照.pdf"));
            assert_eq!(download(&hall, &attachment.name).await.expect("there"), (attachment, bytes.to_vec()));
        }
        let case = hall.case(&case).await;
        assert_eq!(case.attachments.len(), 2);
        assert_eq!(hall.events(&case).await, ["case.received", "case.attached", "case.attached"]);
        assert!(nothing_waits(&hall));
        let hall = hall.sleeps_until("2026-06-01T10:00").await;
        assert_eq!(download(&hall, &case.attachments[1].name).await.expect("there").1, large);
    })
    .await;
}

#[tokio::test]
async fn a_file_handed_in_again_is_kept_once() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").receives(FOOD).await;
    let announced = header(&case, PDF);
    let first = upload(&hall, announced.clone(), PDF).await.expect("kept");
    let head = hall.journal().await.len();
    assert_eq!(upload(&hall, announced.clone(), PDF).await.expect("the same request"), first);
    assert_eq!(hall.journal().await.len(), head);
    let renamed = pb::UploadHeader { file_name: "other.pdf".into(), ..announced };
    assert_eq!(refused(upload(&hall, renamed, PDF).await), "REQUEST_ID_REUSED");

    upload(&hall, header(&case, PDF), PDF).await.expect("another request, the same file");
    assert_eq!(hall.case(&case).await.attachments, std::slice::from_ref(&first));
    // For another material it is named once more, and lies in the folder once.
    let other = pb::UploadHeader { material: "M2".into(), ..header(&case, PDF) };
    assert_eq!(upload(&hall, other, PDF).await.expect("kept").material, "M2");
    let materials: Vec<_> = hall.case(&case).await.attachments.into_iter().map(|a| a.material).collect();
    assert_eq!(materials, ["M1", "M2"]);
}

#[tokio::test]
async fn bytes_that_are_not_what_was_announced_are_refused() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").receives(FOOD).await;
    let head = hall.journal().await.len();
    let announced = || header(&case, PDF);

    assert_eq!(refused(upload(&hall, announced(), b"%PDF-1.7 another").await), "CHECKSUM_MISMATCH");
    let longer = pb::UploadHeader { size_bytes: PDF.len() as i64 + 1, ..announced() };
    assert_eq!(refused(upload(&hall, longer, PDF).await), "CHECKSUM_MISMATCH");
    assert_eq!(refused(upload(&hall, announced(), b"").await), "CHECKSUM_MISMATCH");

    let renamed = pb::UploadHeader { file_name: "invoice.pdf".into(), ..header(&case, EXE) };
    let status = upload(&hall, renamed, EXE).await.expect_err("a program renamed to pdf");
    assert_eq!((status.code(), kit::status::reason(&status).as_str()), (Code::InvalidArgument, "FILE_TYPE"));
    let honest =
        pb::UploadHeader { media_type: "application/vnd.microsoft.portable-executable".into(), ..header(&case, EXE) };
    assert_eq!(refused(upload(&hall, honest, EXE).await), "FILE_TYPE");
    let picture = pb::UploadHeader { media_type: "image/png".into(), ..announced() };
    assert_eq!(refused(upload(&hall, picture, PDF).await), "FILE_TYPE");
    let script = b"<script>alert(1)</script>".as_slice();
    assert_eq!(refused(upload(&hall, header(&case, script), script).await), "FILE_TYPE");

    assert_eq!(hall.journal().await.len(), head);
    assert!(hall.case(&case).await.attachments.is_empty());
    assert!(nothing_waits(&hall));
}

#[tokio::test]
async fn a_file_of_more_than_twenty_mebibytes_is_refused() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").receives(FOOD).await;
    let most = 20 << 20;
    let announced = |size_bytes| pb::UploadHeader { size_bytes, ..header(&case, PDF) };
    for size in [most + 1, 0, -1, i64::MAX] {
        assert_eq!(fields(&upload(&hall, announced(size), PDF).await.expect_err("size")), ["size_bytes"]);
    }
    let chunk = Part::Chunk([PDF, &vec![0; CHUNK - PDF.len()]].concat());
    let parts =
        [Part::Header(announced(most))].into_iter().chain(std::iter::repeat_n(chunk, most as usize / CHUNK + 1));
    let status = send(&hall, parts.collect()).await.expect_err("more than announced");
    assert_eq!((status.code(), kit::status::reason(&status).as_str()), (Code::ResourceExhausted, "FILE_TOO_LARGE"));
    until(async || nothing_waits(&hall)).await;
}

#[tokio::test]
async fn the_parts_of_an_upload_come_in_their_order() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").receives(FOOD).await;
    let (head, chunk) = (Part::Header(header(&case, PDF)), Part::Chunk(PDF.to_vec()));
    assert_eq!(fields(&send(&hall, vec![]).await.expect_err("nothing")), ["header"]);
    assert_eq!(fields(&send(&hall, vec![chunk.clone()]).await.expect_err("no header")), ["header"]);
    assert_eq!(fields(&send(&hall, vec![head.clone(), head.clone()]).await.expect_err("two headers")), ["chunk"]);
    assert_eq!(
        fields(&send(&hall, vec![head, Part::Chunk(vec![0; CHUNK + 1])]).await.expect_err("a large chunk")),
        ["chunk"]
    );
    assert!(nothing_waits(&hall));
}

#[tokio::test]
async fn a_file_has_a_bare_name_a_whole_checksum_and_a_material_of_the_item() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").receives(FOOD).await;
    let names = [
        "",
        " ",
        "../../etc/passwd",
        "/etc/passwd",
        "a/b.pdf",
        "a\\b.pdf",
        "C:b.pdf",
        ".hidden",
        "a..pdf",
        "a\0.pdf",
        "a\n.pdf",
        "a\tb.pdf",
        "fdp.\u{202e}exe",
        &"长".repeat(201),
    ];
    for file_name in names {
        let named = pb::UploadHeader { file_name: file_name.into(), ..header(&case, PDF) };
        let status = upload(&hall, named, PDF).await.expect_err(file_name);
        assert!(fields(&status).contains(&"file_name".to_owned()), "{file_name}: {status}");
    }
    for sha256 in [vec![], vec![1; 31], vec![1; 33]] {
        let status =
            upload(&hall, pb::UploadHeader { sha256, ..header(&case, PDF) }, PDF).await.expect_err("a checksum");
        assert_eq!(fields(&status), ["sha256"]);
    }
    let unknown = pb::UploadHeader { material: "M9".into(), ..header(&case, PDF) };
    assert_eq!(refused(upload(&hall, unknown, PDF).await), "MATERIAL_UNKNOWN");
    let none = pb::UploadHeader { material: String::new(), ..header(&case, PDF) };
    assert!(upload(&hall, none, PDF).await.is_ok());
}

#[tokio::test]
async fn a_file_belongs_to_an_open_case() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").receives(FOOD).await;
    let nowhere = pb::UploadHeader { parent: name("cases", "410223-012-20260601-000009-1"), ..header(&case, PDF) };
    assert_eq!(refused(upload(&hall, nowhere, PDF).await), "CASE_NOT_FOUND");
    let stranger = pb::UploadHeader { clerk: name("people", &clerk(OTHER_UNIT)), ..header(&case, PDF) };
    assert_eq!(refused(upload(&hall, stranger.clone(), PDF).await), "PERSON_UNIT");
    let closed = hall.withdraw(&case).await.expect("withdrawn");
    let stranger = pb::UploadHeader { request_id: request_id(), ..stranger };
    assert_eq!(refused(upload(&hall, stranger, PDF).await), "PERSON_UNIT", "and is not told that it is closed");
    let status = upload(&hall, header(&closed, PDF), PDF).await.expect_err("closed");
    assert_eq!((status.code(), kit::status::reason(&status).as_str()), (Code::FailedPrecondition, "CASE_CLOSED"));
}

#[tokio::test]
async fn a_file_that_the_case_does_not_take_is_not_kept() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let case = hall.window("A01").receives(FOOD).await;
        let announced = header(&case, PDF);
        let taken = upload(&hall, announced.clone(), PDF).await.expect("kept");
        let other = [PDF, b"another".as_slice()].concat();
        let stranger = pb::UploadHeader { clerk: name("people", &clerk(OTHER_UNIT)), ..header(&case, &other) };
        assert_eq!(refused(upload(&hall, stranger, &other).await), "PERSON_UNIT");
        let unknown = pb::UploadHeader { material: "M9".into(), ..header(&case, &other) };
        assert_eq!(refused(upload(&hall, unknown, &other).await), "MATERIAL_UNKNOWN");
        let closed = hall.withdraw(&case).await.expect("withdrawn");
        assert_eq!(refused(upload(&hall, header(&closed, &other), &other).await), "CASE_CLOSED");

        let sha256: String = Sha256::digest(&other).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!hall.config.data.join("attachments").join(&sha256[..2]).join(&sha256).exists());
        assert!(stored(&hall, &taken).exists() && nothing_waits(&hall));
        // What was answered before is answered again, though the case takes nothing any more.
        assert_eq!(upload(&hall, announced, PDF).await.expect("the same request"), taken);
    })
    .await;
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").receives(FOOD).await;
    let parts = [Part::Header(header(&case, PDF)), Part::Chunk(PDF[..20].to_vec())];
    let messages = parts.map(|part| pb::UploadAttachmentRequest { part: Some(part) });
    let endless = stream::iter(messages).chain(stream::pending());
    let mut attachments = hall.attachments();
    let uploading = tokio::spawn(async move { attachments.upload_attachment(endless).await.map(drop) });
    until(async || !nothing_waits(&hall)).await;
    uploading.abort();
    until(async || nothing_waits(&hall)).await;
    assert!(hall.case(&case).await.attachments.is_empty());
}

#[tokio::test]
async fn what_a_crash_left_of_an_upload_goes_after_an_hour_and_what_may_still_be_arriving_stays() {
    let mut hall = Hall::open("2026-06-01T09:00").await;
    hall.closes().await;
    let incoming = hall.config.data.join("attachments").join("incoming");
    let lay = |file: &str, minutes: u64| {
        fs::write(incoming.join(file), PDF).expect("laid");
        let file = fs::File::options().write(true).open(incoming.join(file)).expect("opens");
        let now = file.metadata().and_then(|file| file.modified()).expect("a time");
        file.set_modified(now - std::time::Duration::from_secs(60 * minutes)).expect("aged");
    };
    lay("left", 61);
    lay("arriving", 59);
    let _hall = hall.sleeps_until("2026-06-01T09:01").await;
    let there = fs::read_dir(&incoming).expect("the folder").map(|entry| entry.expect("an entry").file_name());
    assert_eq!(there.collect::<Vec<_>>(), ["arriving"]);
}

#[tokio::test]
async fn a_file_that_is_not_the_case_s_is_not_found() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let (case, other) = (hall.window("A01").receives(FOOD).await, hall.window("A01").receives(FOOD).await);
    let attachment = upload(&hall, header(&case, PDF), PDF).await.expect("kept");
    let sha256 = id(&attachment.name);
    let names = [
        format!("{}/attachments/{sha256}", other.name),
        format!("{}/attachments/{}", case.name, "0".repeat(64)),
        format!("{}/attachments/", case.name),
        format!("{}/attachments/../../master.key", case.name),
        format!("{}/attachments/{}", case.name, sha256.to_uppercase()),
    ];
    for name in names {
        assert_eq!(refused(download(&hall, &name).await), "ATTACHMENT_NOT_FOUND", "{name}");
    }
    for name in ["", "x", &case.name] {
        assert_eq!(refused(download(&hall, name).await), "FIELD_INVALID", "{name}");
    }
}

#[tokio::test]
async fn a_stored_file_that_has_changed_or_gone_is_data_loss() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").receives(FOOD).await;
    let attachment = upload(&hall, header(&case, PDF), PDF).await.expect("kept");
    let path = stored(&hall, &attachment);
    let mut bytes = fs::read(&path).expect("the file");
    bytes[20] ^= 1;
    let mut spoilt = vec![bytes.clone(), PDF[..PDF.len() - 1].to_vec(), Vec::new()];
    while let Some(bytes) = spoilt.pop() {
        fs::write(&path, bytes).expect("spoilt");
        let status = download(&hall, &attachment.name).await.expect_err("corrupt");
        assert_eq!((status.code(), kit::status::reason(&status).as_str()), (Code::DataLoss, "ATTACHMENT_CORRUPT"));
    }
    fs::remove_file(&path).expect("gone");
    assert_eq!(download(&hall, &attachment.name).await.expect_err("gone").code(), Code::DataLoss);
    // Handed in again, it is whole again.
    upload(&hall, header(&case, PDF), PDF).await.expect("kept");
    assert_eq!(download(&hall, &attachment.name).await.expect("there").1, PDF);
}
