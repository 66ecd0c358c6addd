//! Files and pictures streamed in and out, of drafts and of what is public. What is found in them: `inspect/tests.rs`.

use std::{fs, path::PathBuf, time::Duration};

use disclosure::Peers;
use futures::{StreamExt, stream};
use kit::{
    caller::Caller,
    config::Config,
    peer::Peer,
    status,
    testing::{self, TestDatabase, request_id},
};
use proto::{
    directory::v1::{self as dir, directory_service_client::DirectoryServiceClient},
    disclosure::v1::{
        self as pb, download_file_response::Part as Sent, file_service_client::FileServiceClient,
        publication_service_client::PublicationServiceClient, upload_file_request::Part,
    },
    identity::v1 as identity,
};
use sha2::{Digest, Sha256};
use tonic::{Code, Request, Status};

const DIVISION: &str = "410223";
const CHUNK: usize = 64 << 10;
const TEXT: &[u8] = "办理流程：受理、审查、决定。\n".as_bytes();

fn name(collection: &str, code: &str) -> String {
    format!("divisions/{DIVISION}/{collection}/{code}")
}

fn people(code: &str) -> String {
    name("people", code)
}

fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    status::reason(&answer.expect_err("refused"))
}

fn fields(status: &Status) -> Vec<String> {
    use tonic_types::StatusExt;
    let faults = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
    faults.into_iter().map(|fault| fault.field).collect()
}

async fn until(holds: impl AsyncFn() -> bool) {
    for _ in 0..1_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come");
}

/// One unit, its clerk, leader and reviewer, and a clerk of another; disclosure behind them.
struct Archive {
    config: Config,
    /// Over the wire, and in process as whoever a request says.
    wire: Peer,
    inside: Peer,
    _database: TestDatabase,
}

impl Archive {
    async fn on_each_engine(story: impl AsyncFn(Archive)) {
        for database in testing::databases() {
            story(Archive::open(database).await).await;
        }
    }

    async fn open(database: TestDatabase) -> Archive {
        let config = database.config(&["disclosure"]).await;
        let clock = testing::clock("2016-03-08T09:00");
        let directory = directory::open(&config, &clock).await.expect("the directory");
        let peer = || Peer::in_process(directory.clone());
        let roster = roster::open(&config, &clock, peer()).await.expect("the roster");
        let roster = || Peer::in_process(roster.clone());
        let intake = intake::open(&config, &clock, peer(), roster()).await.expect("intake");
        let peers = Peers { directory: peer(), intake: Peer::in_process(intake), roster: roster() };
        let routes = disclosure::open(&config, &clock, peers).await.expect("disclosure");
        let inside = Peer::in_process(testing::let_in(routes.clone()));
        let archive = Archive { config, wire: testing::serve(routes).await, inside, _database: database };
        archive.furnish(Peer::in_process(testing::let_in(directory))).await;
        archive
    }

    async fn sqlite() -> Archive {
        Archive::open(TestDatabase::sqlite()).await
    }

    async fn furnish(&self, directory: Peer) {
        let unit = |code: &str| dir::Unit {
            name: name("units", code),
            display_name_zh: format!("{code}局"),
            display_name_en: code.into(),
            kind: dir::UnitKind::Authority.into(),
            ..Default::default()
        };
        let person = |code: &str, unit: &str, rank: dir::Rank| dir::Person {
            name: people(code),
            display_name: format!("张{code}"),
            unit: name("units", unit),
            rank: rank.into(),
            ..Default::default()
        };
        let request = dir::ImportDirectoryRequest {
            parent: format!("divisions/{DIVISION}"),
            division: Some(dir::Division {
                name: format!("divisions/{DIVISION}"),
                display_name_zh: "尉氏县".into(),
                ..Default::default()
            }),
            units: ["012", "021"].map(unit).to_vec(),
            people: vec![
                person("CLERK", "012", dir::Rank::Staff),
                person("REVIEWER", "012", dir::Rank::Staff),
                person("LEADER", "012", dir::Rank::Head),
                person("STRANGER", "021", dir::Rank::Staff),
            ],
            request_id: request_id(),
            ..Default::default()
        };
        DirectoryServiceClient::new(directory).import_directory(request).await.expect("loaded");
    }

    fn publications(&self) -> PublicationServiceClient<Peer> {
        PublicationServiceClient::new(self.wire.clone())
    }

    fn files(&self) -> FileServiceClient<Peer> {
        FileServiceClient::new(self.wire.clone())
    }

    /// A draft of the unit's clerk; once the directory is known.
    async fn draft(&self) -> pb::Publication {
        let content = pb::Content {
            unit: name("units", "012"),
            column: name("columns", "notices"),
            title: "关于窗口调整的通知".into(),
            summary: "大厅一楼窗口自三月起调整。".into(),
            formed_on: "2016-03-07".into(),
            body: "大厅一楼窗口自三月起调整，办理时间不变。".into(),
            ..Default::default()
        };
        let request = pb::CreatePublicationRequest {
            parent: format!("divisions/{DIVISION}"),
            content: Some(content),
            author: people("CLERK"),
            request_id: request_id(),
        };
        let drafted = std::sync::Mutex::new(None);
        until(async || {
            let answer = self.publications().create_publication(request.clone()).await;
            *drafted.lock().expect("unlocked") = answer.ok().map(|answer| answer.into_inner());
            drafted.lock().expect("unlocked").is_some()
        })
        .await;
        drafted.into_inner().expect("unlocked").expect("drafted")
    }

    /// Leads a draft to the public.
    async fn publish(&self, publication: &pb::Publication) {
        let (name, etag) = (publication.name.clone(), String::new());
        let (clerk, mut publications) = (people("CLERK"), self.publications());
        let request =
            pb::CheckPublicationRequest { name: name.clone(), clerk, etag: etag.clone(), request_id: request_id() };
        publications.check_publication(request).await.expect("checked");
        let review = pb::ReviewPublicationRequest {
            name: name.clone(),
            reviewer: people("REVIEWER"),
            disposal: pb::Disposal::Disclose.into(),
            looked_at_files: true,
            request_id: request_id(),
            ..Default::default()
        };
        publications.review_publication(review).await.expect("reviewed");
        let approval = pb::ApprovePublicationRequest {
            name: name.clone(),
            leader: people("LEADER"),
            below_bar_reason: "先行公开".into(),
            etag: etag.clone(),
            request_id: request_id(),
        };
        publications.approve_publication(approval).await.expect("approved");
        let clerk = people("CLERK");
        let request = pb::PublishPublicationRequest { name, clerk, etag, request_id: request_id() };
        publications.publish_publication(request).await.expect("published");
    }

    async fn withdraw(&self, publication: &pb::Publication) {
        let request = pb::WithdrawPublicationRequest {
            name: publication.name.clone(),
            clerk: people("CLERK"),
            reason: "内容有误".into(),
            etag: String::new(),
            request_id: request_id(),
        };
        self.publications().withdraw_publication(request).await.expect("withdrawn");
    }

    async fn drafted_files(&self, publication: &pb::Publication) -> Vec<pb::File> {
        let request = pb::GetPublicationRequest { name: publication.name.clone(), edition: 0 };
        let answer = PublicationServiceClient::new(self.inside.clone()).get_publication(by_staff(request)).await;
        answer.expect("there").into_inner().draft.and_then(|draft| draft.content).map(|it| it.files).unwrap_or_default()
    }

    async fn send(&self, parts: Vec<Part>) -> Result<pb::File, Status> {
        let messages: Vec<_> = parts.into_iter().map(|part| pb::UploadFileRequest { part: Some(part) }).collect();
        self.files().upload_file(stream::iter(messages)).await.map(|answer| answer.into_inner())
    }

    async fn upload(&self, header: pb::UploadFileHeader, bytes: &[u8]) -> Result<pb::File, Status> {
        let chunks = bytes.chunks(CHUNK).map(|chunk| Part::Chunk(chunk.to_vec()));
        self.send([Part::Header(header)].into_iter().chain(chunks).collect()).await
    }

    /// As the public.
    async fn download(&self, name: &str) -> Result<(pb::File, Vec<u8>), Status> {
        read(self.files(), Request::new(pb::DownloadFileRequest { name: name.into() })).await
    }

    async fn download_inside(&self, name: &str) -> Result<(pb::File, Vec<u8>), Status> {
        let files = FileServiceClient::new(self.inside.clone());
        read(files, by_staff(pb::DownloadFileRequest { name: name.into() })).await
    }

    fn folder(&self) -> PathBuf {
        self.config.data.join("files").join("disclosure")
    }

    fn stored(&self, file: &pb::File) -> PathBuf {
        let sha256 = file.name.rsplit('/').next().expect("a name");
        self.folder().join(&sha256[..2]).join(sha256)
    }

    /// Nothing that was refused stays behind.
    fn nothing_waits(&self) -> bool {
        fs::read_dir(self.folder().join("incoming")).expect("the folder").next().is_none()
    }
}

fn by_staff<T>(message: T) -> Request<T> {
    let caller = Caller::from_message(identity::Caller {
        role: identity::Role::Clerk.into(),
        name: people("CLERK"),
        division: DIVISION.into(),
        ..Default::default()
    });
    let mut request = Request::new(message);
    request.extensions_mut().insert(caller.expect("a clerk"));
    request
}

async fn read(
    mut files: FileServiceClient<Peer>,
    request: Request<pb::DownloadFileRequest>,
) -> Result<(pb::File, Vec<u8>), Status> {
    let mut stream = files.download_file(request).await?.into_inner();
    let (mut head, mut bytes) = (None, Vec::new());
    while let Some(message) = stream.message().await? {
        match message.part.expect("a part") {
            Sent::File(file) => head = Some(file),
            Sent::Chunk(chunk) => bytes.extend(chunk),
        }
    }
    Ok((head.expect("the head comes first"), bytes))
}

/// What a file is announced with.
fn header(publication: &pb::Publication, bytes: &[u8]) -> pb::UploadFileHeader {
    pb::UploadFileHeader {
        parent: publication.name.clone(),
        file_name: "流程.txt".into(),
        media_type: "text/plain".into(),
        sha256: Sha256::digest(bytes).to_vec(),
        size_bytes: bytes.len() as i64,
        title: "办理流程".into(),
        alternative: String::new(),
        clerk: people("CLERK"),
        request_id: request_id(),
    }
}

fn picture(publication: &pb::Publication, bytes: &[u8]) -> pb::UploadFileHeader {
    pb::UploadFileHeader {
        file_name: "大厅.png".into(),
        media_type: "image/png".into(),
        title: "大厅一楼".into(),
        alternative: "大厅一楼窗口的平面图".into(),
        ..header(publication, bytes)
    }
}

/// Forty pixels by thirty, and what no camera should tell.
fn png() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(40, 30, image::Rgb([9, 90, 200]))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("written");
    [&bytes.into_inner()[..], b"34.41N 114.19E"].concat()
}

#[tokio::test]
async fn a_file_is_the_division_s_until_it_is_public_and_again_when_it_is_withdrawn() {
    Archive::on_each_engine(async |archive| {
        let draft = archive.draft().await;
        let file = archive.upload(header(&draft, TEXT), TEXT).await.expect("kept");
        assert_eq!((file.size_bytes, file.file_name.as_str(), file.unread), (TEXT.len() as i64, "流程.txt", false));
        assert_eq!(archive.drafted_files(&draft).await, std::slice::from_ref(&file));
        assert_eq!(refused(archive.download(&file.name).await), "FILE_NOT_FOUND");
        assert_eq!(archive.download_inside(&file.name).await.expect("there"), (file.clone(), TEXT.to_vec()));

        archive.publish(&draft).await;
        assert_eq!(archive.download(&file.name).await.expect("public"), (file.clone(), TEXT.to_vec()));
        assert_eq!(refused(archive.upload(header(&draft, TEXT), TEXT).await), "NO_DRAFT");

        archive.withdraw(&draft).await;
        assert_eq!(refused(archive.download(&file.name).await), "FILE_NOT_FOUND");
        assert!(archive.download_inside(&file.name).await.is_ok());
        assert!(archive.nothing_waits());
    })
    .await;
}

#[tokio::test]
async fn a_publication_withdrawn_while_a_file_is_read_harms_nobody() {
    let archive = Archive::sqlite().await;
    let draft = archive.draft().await;
    let large = "办理流程。\n".repeat(200_000).into_bytes();
    let file = archive.upload(header(&draft, &large), &large).await.expect("kept");
    archive.publish(&draft).await;
    let request = pb::DownloadFileRequest { name: file.name.clone() };
    let mut reading = archive.files().download_file(request).await.expect("begun").into_inner();
    reading.message().await.expect("the head").expect("a part");
    archive.withdraw(&draft).await;
    let mut bytes = Vec::new();
    while let Ok(Some(message)) = reading.message().await {
        if let Some(Sent::Chunk(chunk)) = message.part {
            bytes.extend(chunk);
        }
    }
    assert!(large.starts_with(&bytes));
    assert_eq!(refused(archive.download(&file.name).await), "FILE_NOT_FOUND");
}

#[tokio::test]
async fn a_picture_is_kept_as_its_pixels_under_the_digest_of_what_is_kept() {
    let archive = Archive::sqlite().await;
    let (draft, bytes) = (archive.draft().await, png());
    let announced = picture(&draft, &bytes);
    let file = archive.upload(announced.clone(), &bytes).await.expect("kept");
    assert_eq!((file.width, file.height, file.media_type.as_str()), (40, 30, "image/png"));
    let (_, kept) = archive.download_inside(&file.name).await.expect("there");
    assert!(file.name.ends_with(&kit::id::hex(&Sha256::digest(&kept))) && file.size_bytes == kept.len() as i64);
    assert!(!kept.windows(6).any(|part| part == b"114.19"));
    assert!(archive.nothing_waits(), "what came is not kept");
    // The same request again, and the same picture again: one file.
    assert_eq!(archive.upload(announced.clone(), &bytes).await.expect("answered again"), file);
    archive.upload(picture(&draft, &bytes), &bytes).await.expect("once more");
    assert_eq!(archive.drafted_files(&draft).await.len(), 1);
    let renamed = pb::UploadFileHeader { title: "二楼".into(), ..announced };
    assert_eq!(refused(archive.upload(renamed, &bytes).await), "REQUEST_ID_REUSED");

    for alternative in ["", "图", "大厅.png", "大厅", &"长".repeat(501), "第一行\n第二行"] {
        let poor = pb::UploadFileHeader { alternative: alternative.into(), ..picture(&draft, &bytes) };
        assert_eq!(fields(&archive.upload(poor, &bytes).await.expect_err(alternative)), ["alternative"]);
    }
    let no_picture = pb::UploadFileHeader { alternative: "一幅图画".into(), ..header(&draft, TEXT) };
    assert_eq!(fields(&archive.upload(no_picture, TEXT).await.expect_err("text")), ["alternative"]);
}

#[tokio::test]
async fn what_may_not_become_public_is_refused_and_leaves_nothing() {
    let archive = Archive::sqlite().await;
    let draft = archive.draft().await;
    let marked = "机密★10年\n正文".as_bytes();
    assert_eq!(refused(archive.upload(header(&draft, marked), marked).await), "SECRECY_MARKING");
    let named = pb::UploadFileHeader { title: "秘密★5年".into(), ..header(&draft, TEXT) };
    assert_eq!(refused(archive.upload(named, TEXT).await), "SECRECY_MARKING");
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    for (media_type, bytes) in [
        ("text/plain", &svg[..]),
        ("image/svg+xml", svg),
        ("text/html", b"<!DOCTYPE html>"),
        ("application/pdf", TEXT),
        ("text/csv", b"%PDF-1.7\n"),
        ("application/zip", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
    ] {
        let header = pb::UploadFileHeader { media_type: media_type.into(), ..header(&draft, bytes) };
        assert_eq!(refused(archive.upload(header, bytes).await), "FILE_TYPE", "{media_type}");
    }
    let gif = b"GIF89a/*\x01\0\x01\0*/=1;alert(1)";
    assert_eq!(refused(archive.upload(picture(&draft, gif), gif).await), "FILE_TYPE");
    assert_eq!(refused(archive.upload(picture(&draft, &png()[..60]), &png()[..60]).await), "FILE_UNSAFE");
    let table = b"a,=1+1\n";
    let formula = pb::UploadFileHeader { media_type: "text/csv".into(), ..header(&draft, table) };
    assert_eq!(refused(archive.upload(formula, table).await), "FILE_UNSAFE");

    let other = [TEXT, TEXT].concat();
    assert_eq!(refused(archive.upload(header(&draft, TEXT), &other).await), "CHECKSUM_MISMATCH");
    assert_eq!(refused(archive.upload(header(&draft, &other), TEXT).await), "CHECKSUM_MISMATCH");
    let stranger = pb::UploadFileHeader { clerk: people("STRANGER"), ..header(&draft, TEXT) };
    assert_eq!(refused(archive.upload(stranger, TEXT).await), "PERSON_UNIT");
    let nowhere = pb::UploadFileHeader { parent: name("publications", "012-2016-00099"), ..header(&draft, TEXT) };
    assert_eq!(refused(archive.upload(nowhere, TEXT).await), "PUBLICATION_NOT_FOUND");

    let there: Vec<_> =
        fs::read_dir(archive.folder()).expect("the folder").map(|it| it.expect("an entry").file_name()).collect();
    assert_eq!(there, ["incoming"]);
    assert!(archive.nothing_waits() && archive.drafted_files(&draft).await.is_empty());
}

#[tokio::test]
async fn names_digests_and_the_order_of_an_upload_are_checked() {
    let archive = Archive::sqlite().await;
    let draft = archive.draft().await;
    for file_name in
        ["", "../../etc/passwd", "/etc/passwd", "a\\b.txt", "C:b.txt", ".hidden", "a..txt", "a\0.txt", "a\n.txt"]
    {
        let named = pb::UploadFileHeader { file_name: file_name.into(), ..header(&draft, TEXT) };
        let status = archive.upload(named, TEXT).await.expect_err(file_name);
        assert!(fields(&status).contains(&"file_name".to_owned()), "{file_name}: {status}");
    }
    for sha256 in [vec![], vec![1; 31]] {
        let short = pb::UploadFileHeader { sha256, ..header(&draft, TEXT) };
        assert_eq!(fields(&archive.upload(short, TEXT).await.expect_err("a checksum")), ["sha256"]);
    }
    let (head, chunk) = (Part::Header(header(&draft, TEXT)), Part::Chunk(TEXT.to_vec()));
    assert_eq!(fields(&archive.send(vec![chunk.clone()]).await.expect_err("no header")), ["header"]);
    assert_eq!(fields(&archive.send(vec![head.clone(), head.clone()]).await.expect_err("two headers")), ["chunk"]);
    let large = Part::Chunk(vec![b' '; CHUNK + 1]);
    assert_eq!(fields(&archive.send(vec![head, large]).await.expect_err("a large chunk")), ["chunk"]);
    assert!(archive.nothing_waits());
}

#[tokio::test]
async fn a_file_has_at_most_twenty_mebibytes() {
    let archive = Archive::sqlite().await;
    let draft = archive.draft().await;
    let most = vec![b'a'; 20 << 20];
    let file = archive.upload(header(&draft, &most), &most).await.expect("20 MiB");
    assert_eq!(archive.download_inside(&file.name).await.expect("there").1.len(), most.len());
    let more = pb::UploadFileHeader { size_bytes: most.len() as i64 + 1, ..header(&draft, &most) };
    assert_eq!(fields(&archive.upload(more, &most).await.expect_err("announced")), ["size_bytes"]);
    let longer = [&most[..], b"a"].concat();
    let status = archive.upload(header(&draft, &most), &longer).await.expect_err("sent");
    assert_eq!((status.code(), status::reason(&status).as_str()), (Code::ResourceExhausted, "FILE_TOO_LARGE"));
    until(async || archive.nothing_waits()).await;
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let archive = Archive::sqlite().await;
    let draft = archive.draft().await;
    let parts = [Part::Header(header(&draft, TEXT)), Part::Chunk(TEXT[..6].to_vec())];
    let endless = stream::iter(parts.map(|part| pb::UploadFileRequest { part: Some(part) })).chain(stream::pending());
    let mut files = archive.files();
    let uploading = tokio::spawn(async move { files.upload_file(endless).await.map(drop) });
    until(async || !archive.nothing_waits()).await;
    uploading.abort();
    until(async || archive.nothing_waits()).await;
    assert!(archive.drafted_files(&draft).await.is_empty());
}

#[tokio::test]
async fn only_what_a_publication_names_is_read_and_only_while_it_is_whole() {
    let archive = Archive::sqlite().await;
    let (draft, other) = (archive.draft().await, archive.draft().await);
    let file = archive.upload(header(&draft, TEXT), TEXT).await.expect("kept");
    let sha256 = file.name.rsplit('/').next().expect("a digest");
    for name in [format!("{}/files/{sha256}", other.name), format!("{}/files/{}", draft.name, "0".repeat(64))] {
        assert_eq!(refused(archive.download_inside(&name).await), "FILE_NOT_FOUND", "{name}");
    }
    for name in ["", "x", &draft.name, &format!("{}/files/../../master.key", draft.name)] {
        assert_eq!(refused(archive.download_inside(name).await), "FIELD_INVALID", "{name}");
    }
    let path = archive.stored(&file);
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(archive.folder()).expect("there").permissions()) & 0o777,
        0o700
    );
    fs::write(&path, "换了").expect("spoilt");
    let status = archive.download_inside(&file.name).await.expect_err("corrupt");
    assert_eq!((status.code(), status::reason(&status).as_str()), (Code::DataLoss, "FILE_CORRUPT"));
    fs::remove_file(&path).expect("gone");
    assert_eq!(archive.download_inside(&file.name).await.expect_err("gone").code(), Code::DataLoss);
    // Handed in again, it is whole again.
    archive.upload(header(&draft, TEXT), TEXT).await.expect("kept");
    assert_eq!(archive.download_inside(&file.name).await.expect("there").1, TEXT);
}
