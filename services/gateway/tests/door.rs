//! The door: what passes through it is not changed, and what cannot pass is told as it should be.

use std::{convert::Infallible, pin::Pin, time::Duration};

use bytes::Bytes;
use futures::StreamExt;
use gateway::{Peers, door};
use http::{HeaderMap, Request, Response, header::CONTENT_TYPE};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use kit::{
    caller::Caller,
    peer::Peer,
    refusal::Refusal,
    status::{localized, reason},
    testing,
};
use proto::{
    directory::v1::{self as directory, directory_service_client::DirectoryServiceClient},
    identity::v1 as identity,
    intake::v1::{
        self as intake,
        attachment_service_client::AttachmentServiceClient,
        attachment_service_server::{AttachmentService, AttachmentServiceServer},
        catalogue_service_client::CatalogueServiceClient,
        catalogue_service_server::{CatalogueService, CatalogueServiceServer},
        download_attachment_response::Part as Down,
        upload_attachment_request::Part as Up,
    },
    journal::v1::{
        self as journal,
        journal_service_client::JournalServiceClient,
        journal_service_server::{JournalService, JournalServiceServer},
    },
};
use tokio_stream::Stream;
use tonic::{Code, Status, Streaming, body::Body, service::Routes};
use tonic_types::StatusExt;
use tower::ServiceExt;

/// A catalogue and attachments of nothing, to see what arrives.
struct Stub;

#[tonic::async_trait]
impl CatalogueService for Stub {
    async fn get_item(
        &self,
        request: tonic::Request<intake::GetItemRequest>,
    ) -> Result<tonic::Response<intake::Item>, Status> {
        let told = request.metadata().get("x-window").cloned();
        let name = request.into_inner().name;
        if name == "gone" {
            let refusal = Refusal::not_found("ITEM_NOT_FOUND", "事项不存在", "there is no such item").at("name");
            return Err(refusal.into());
        }
        let mut answer = tonic::Response::new(intake::Item { name, etag: "7".into(), ..Default::default() });
        if let Some(told) = told {
            answer.metadata_mut().insert("x-window", told);
        }
        Ok(answer)
    }
    async fn create_item(
        &self,
        _: tonic::Request<intake::CreateItemRequest>,
    ) -> Result<tonic::Response<intake::Item>, Status> {
        // Longer than any deadline of these tests.
        tokio::time::sleep(Duration::from_secs(30)).await;
        Err(Status::internal("awake"))
    }
    async fn list_items(
        &self,
        _: tonic::Request<intake::ListItemsRequest>,
    ) -> Result<tonic::Response<intake::ListItemsResponse>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn revise_item(
        &self,
        _: tonic::Request<intake::ReviseItemRequest>,
    ) -> Result<tonic::Response<intake::Item>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn mandate_item(
        &self,
        _: tonic::Request<intake::MandateItemRequest>,
    ) -> Result<tonic::Response<intake::Item>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn retire_item(
        &self,
        _: tonic::Request<intake::RetireItemRequest>,
    ) -> Result<tonic::Response<intake::Item>, Status> {
        Err(Status::unimplemented(""))
    }
}

#[tonic::async_trait]
impl AttachmentService for Stub {
    async fn upload_attachment(
        &self,
        request: tonic::Request<Streaming<intake::UploadAttachmentRequest>>,
    ) -> Result<tonic::Response<intake::Attachment>, Status> {
        let (mut parts, mut bytes, mut many) = (request.into_inner(), 0, 0);
        while let Some(part) = parts.message().await? {
            many += 1;
            if let Some(Up::Chunk(chunk)) = part.part {
                bytes += chunk.len();
            }
        }
        let answer = intake::Attachment { name: many.to_string(), size_bytes: bytes as i64, ..Default::default() };
        Ok(tonic::Response::new(answer))
    }

    type DownloadAttachmentStream =
        Pin<Box<dyn Stream<Item = Result<intake::DownloadAttachmentResponse, Status>> + Send>>;

    async fn download_attachment(
        &self,
        request: tonic::Request<intake::DownloadAttachmentRequest>,
    ) -> Result<tonic::Response<Self::DownloadAttachmentStream>, Status> {
        let torn = request.into_inner().name == "torn";
        let chunk = |i: u8| Ok(intake::DownloadAttachmentResponse { part: Some(Down::Chunk(vec![i; 50_000])) });
        let corrupt = Refusal::new(kit::refusal::Kind::DataLoss, "ATTACHMENT_CORRUPT", "文件已损坏", "corrupt");
        let end = torn.then(|| Err(corrupt.into()));
        Ok(tonic::Response::new(Box::pin(tokio_stream::iter((0..40).map(chunk).chain(end)))))
    }
}

/// A journal that tells whose it is.
struct Heads(&'static str);

#[tonic::async_trait]
impl JournalService for Heads {
    async fn list_heads(
        &self,
        _: tonic::Request<journal::ListHeadsRequest>,
    ) -> Result<tonic::Response<journal::ListHeadsResponse>, Status> {
        let head = journal::Position { division: self.0.into(), seq: 1 };
        Ok(tonic::Response::new(journal::ListHeadsResponse { heads: vec![head] }))
    }

    type ReadEntriesStream = tokio_stream::Empty<Result<journal::ReadEntriesResponse, Status>>;

    async fn read_entries(
        &self,
        _: tonic::Request<journal::ReadEntriesRequest>,
    ) -> Result<tonic::Response<Self::ReadEntriesStream>, Status> {
        Ok(tonic::Response::new(tokio_stream::empty()))
    }
}

/// Answers every call of the directory with what it was sent: the bytes, the headers, and trailers of its own.
async fn echo(request: axum::extract::Request) -> axum::response::Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let bytes = body.collect().await.expect("a whole body").to_bytes();
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().expect("a header"));
    trailers.insert("x-trailer", "kept".parse().expect("a header"));
    let torn = path.ends_with("/Torn");
    let end = async move {
        // Late, so that the head has gone out.
        tokio::time::sleep(Duration::from_millis(if torn { 200 } else { 0 })).await;
        if torn { Err(std::io::Error::other("the line is cut")) } else { Ok(Frame::trailers(trailers)) }
    };
    let frames = futures::stream::once(async { Ok(Frame::data(bytes)) }).chain(futures::stream::once(end));
    let mut answer = Response::new(axum::body::Body::new(StreamBody::new(frames)));
    *answer.headers_mut() = parts.headers;
    answer.headers_mut().remove("te");
    answer.headers_mut().insert("x-path", path.parse().expect("a header"));
    answer
}

fn directory_stub() -> Routes {
    let mut routes = Routes::new(JournalServiceServer::new(Heads("000001")));
    let router = routes.axum_router_mut();
    *router = std::mem::take(router).route("/yizhan.directory.v1.DirectoryService/{*method}", axum::routing::any(echo));
    routes
}

fn intake_stub() -> Routes {
    Routes::new(CatalogueServiceServer::new(Stub))
        .add_service(AttachmentServiceServer::new(Stub))
        .add_service(JournalServiceServer::new(Heads("000002")))
}

fn roster_stub() -> Routes {
    let mut routes = Routes::new(JournalServiceServer::new(Heads("000003")));
    let router = routes.axum_router_mut();
    *router = std::mem::take(router).route("/yizhan.roster.v1.RosterService/{*method}", axum::routing::any(echo));
    routes
}

/// The door with its services in this process, and with its services behind TCP.
async fn doors() -> [Routes; 2] {
    let here = Peers {
        directory: Peer::in_process(directory_stub()),
        intake: Peer::in_process(intake_stub()),
        roster: Peer::in_process(roster_stub()),
        disclosure: Peer::in_process(roster_stub()),
    };
    let there = Peers {
        directory: testing::serve(directory_stub()).await,
        intake: testing::serve(intake_stub()).await,
        roster: testing::serve(roster_stub()).await,
        disclosure: testing::serve(roster_stub()).await,
    };
    [here, there].map(|peers| door::open(Routes::default(), peers, Peer::in_process(Routes::default())))
}

/// The same, as callers find them.
async fn callers() -> [Peer; 2] {
    let [here, there] = doors().await;
    [testing::serve(here).await, testing::serve(there).await]
}

fn call(path: &str, bytes: &'static [u8]) -> Request<Body> {
    let request = Request::post(path).header(CONTENT_TYPE, "application/grpc").header("te", "trailers");
    request.body(Body::new(Full::new(Bytes::from_static(bytes)))).expect("a request")
}

/// Not a message of the contract, and compressed as nobody here can read: who passes it on does not look.
const BYTES: &[u8] = b"\x01\x00\x00\x00\x05\xff\xfe\x00\x9f\x07";

#[tokio::test]
async fn bytes_metadata_and_trailers_pass_unchanged() {
    for caller in callers().await {
        let mut request = call("/yizhan.directory.v1.DirectoryService/GetUnit", BYTES);
        request.headers_mut().insert("x-request", "1".parse().expect("a header"));
        request.headers_mut().insert("x-proof-bin", "AP8".parse().expect("a header"));
        request.headers_mut().insert("grpc-encoding", "zstd".parse().expect("a header"));
        let answer = caller.oneshot(request).await.expect("an answer");
        assert_eq!(answer.headers()["x-path"], "/yizhan.directory.v1.DirectoryService/GetUnit");
        assert_eq!(answer.headers()["x-request"], "1");
        assert_eq!(answer.headers()["x-proof-bin"], "AP8");
        assert_eq!(answer.headers()["grpc-encoding"], "zstd");
        let whole = answer.into_body().collect().await.expect("a whole body");
        assert_eq!(whole.trailers().expect("trailers")["x-trailer"], "kept");
        assert_eq!(whole.to_bytes(), BYTES);
    }
}

#[tokio::test]
async fn a_service_in_another_process_is_told_who_calls_and_of_the_public_too() {
    let [_, there] = doors().await;
    for caller in [None, Some(Caller::service("intake"))] {
        let mut request = call("/yizhan.directory.v1.DirectoryService/GetUnit", BYTES);
        if let Some(caller) = &caller {
            request.extensions_mut().insert(caller.clone());
        }
        // What came from outside is not what is told.
        Caller::service("directory").write(request.headers_mut());
        let mut answer = there.clone().oneshot(request).await.expect("an answer");
        assert_eq!(Caller::take(answer.headers_mut()), Some(caller.unwrap_or_else(Caller::public)));
    }
}

#[tokio::test]
async fn a_method_that_only_a_newer_service_knows_passes_too() {
    for caller in callers().await {
        let answer =
            caller.oneshot(call("/yizhan.directory.v1.DirectoryService/NewMethod", BYTES)).await.expect("an answer");
        assert_eq!(answer.headers()["x-path"], "/yizhan.directory.v1.DirectoryService/NewMethod");
        assert_eq!(answer.into_body().collect().await.expect("a whole body").to_bytes(), BYTES);
    }
}

#[tokio::test]
async fn calls_and_refusals_with_their_details_pass() {
    for caller in callers().await {
        let mut items = CatalogueServiceClient::new(caller);
        let mut request = tonic::Request::new(intake::GetItemRequest { name: "here".into() });
        request.metadata_mut().insert("x-window", "A01".parse().expect("metadata"));
        let answer = items.get_item(request).await.expect("an item");
        assert_eq!(answer.metadata().get("x-window").expect("metadata"), "A01");
        assert_eq!(answer.into_inner().name, "here");

        let status = items.get_item(intake::GetItemRequest { name: "gone".into() }).await.expect_err("refused");
        assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "ITEM_NOT_FOUND"));
        assert_eq!(localized(&status), "事项不存在");
        assert_eq!(status.get_details_bad_request().expect("a field").field_violations[0].field, "name");
    }
}

#[tokio::test]
async fn streams_pass_both_ways() {
    for caller in callers().await {
        let mut files = AttachmentServiceClient::new(caller);
        let chunk = |i: u8| intake::UploadAttachmentRequest { part: Some(Up::Chunk(vec![i; 60_000])) };
        let answer = files.upload_attachment(tokio_stream::iter((0..50).map(chunk))).await.expect("taken").into_inner();
        assert_eq!((answer.name.as_str(), answer.size_bytes), ("50", 3_000_000));

        for (name, code) in [("whole", None), ("torn", Some("ATTACHMENT_CORRUPT"))] {
            let request = intake::DownloadAttachmentRequest { name: name.into() };
            let mut parts = files.download_attachment(request).await.expect("a stream").into_inner();
            let mut bytes = 0;
            let end = loop {
                match parts.message().await {
                    Ok(Some(intake::DownloadAttachmentResponse { part: Some(Down::Chunk(chunk)) })) => {
                        bytes += chunk.len()
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => break None,
                    Err(status) => break Some(reason(&status)),
                }
            };
            assert_eq!((bytes, end.as_deref()), (2_000_000, code));
        }
    }
}

#[tokio::test]
async fn a_journal_is_found_by_the_name_of_its_service() {
    for caller in callers().await {
        let mut journals = JournalServiceClient::new(caller);
        for (service, whose) in [("directory", "000001"), ("intake", "000002"), ("roster", "000003")] {
            let mut request = tonic::Request::new(journal::ListHeadsRequest {});
            request.metadata_mut().insert("yizhan-service", service.parse().expect("metadata"));
            assert_eq!(journals.list_heads(request).await.expect("heads").into_inner().heads[0].division, whose);
        }
        for service in [None, Some("nobody"), Some("")] {
            let mut request = tonic::Request::new(journal::ReadEntriesRequest::default());
            if let Some(service) = service {
                request.metadata_mut().insert("yizhan-service", service.parse().expect("metadata"));
            }
            let status = journals.read_entries(request).await.expect_err("refused");
            assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "SERVICE_UNKNOWN"));
        }
    }
}

#[tokio::test]
async fn who_may_read_no_journal_is_told_so_before_whose_it_is() {
    let clerk = Caller::from_message(identity::Caller { role: identity::Role::Clerk.into(), ..Default::default() });
    for door in doors().await {
        for method in ["ListHeads", "ReadEntries"] {
            for service in [None, Some("gateway"), Some("intake")] {
                for (caller, told) in [
                    (None, (Code::Unauthenticated, "CREDENTIALS_REQUIRED")),
                    (clerk.clone(), (Code::PermissionDenied, "ROLE_NOT_ALLOWED")),
                ] {
                    let mut request = call(&format!("/yizhan.journal.v1.JournalService/{method}"), b"\0\0\0\0\0");
                    caller.and_then(|caller| request.extensions_mut().insert(caller));
                    if let Some(service) = service {
                        request.headers_mut().insert("yizhan-service", service.parse().expect("a header"));
                    }
                    let answer = door.clone().oneshot(request).await.unwrap_or_else(|never: Infallible| match never {});
                    let status = Status::from_header_map(answer.headers()).expect("a status");
                    assert_eq!((status.code(), reason(&status).as_str()), told, "{method} {service:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_behind_no_door_is_unimplemented() {
    for caller in callers().await {
        for path in [
            "/",
            "/yizhan.nothing.v1.Service/Call",
            "/yizhan.intake.v1.NoService/Call",
            "/yizhan.intake.v1.CaseService",
            "/a/b/c",
        ] {
            let answer = caller.clone().oneshot(call(path, b"")).await.expect("an answer");
            assert_eq!(answer.headers()["grpc-status"], "12", "{path}");
        }
        // A service of the contract that this peer does not serve: the peer says so itself.
        let answer =
            caller.oneshot(call("/yizhan.intake.v1.CaseService/GetCase", b"\0\0\0\0\0")).await.expect("an answer");
        assert_eq!(answer.headers()["grpc-status"], "12");
    }
}

#[tokio::test]
async fn a_dead_service_is_unavailable_and_never_internal() {
    // Bound and let go: nobody listens there.
    let port =
        tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port();
    let dead = Peer::connect(&format!("http://127.0.0.1:{port}")).expect("a URL");
    let (intake, roster) = (Peer::in_process(intake_stub()), Peer::in_process(roster_stub()));
    let peers = Peers { directory: dead, intake, disclosure: roster.clone(), roster };
    let caller = testing::serve(door::open(Routes::default(), peers, Peer::in_process(Routes::default()))).await;
    let mut units = DirectoryServiceClient::new(caller.clone());
    for _ in 0..2 {
        let status = units.get_unit(directory::GetUnitRequest { name: "x".into() }).await.expect_err("nobody there");
        assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "PEER_UNAVAILABLE"));
        assert!(localized(&status).contains("directory"));
    }
    // The others go on.
    CatalogueServiceClient::new(caller)
        .get_item(intake::GetItemRequest { name: "here".into() })
        .await
        .expect("an item");
}

#[tokio::test]
async fn an_answer_that_is_cut_off_ends_as_unavailable() {
    let [_, there] = callers().await;
    let answer = there.oneshot(call("/yizhan.directory.v1.DirectoryService/Torn", BYTES)).await.expect("a head");
    let whole = answer.into_body().collect().await.expect("an end in good order");
    let trailers = whole.trailers().expect("trailers").clone();
    assert_eq!(trailers["grpc-status"], "14");
    let status = Status::from_header_map(&trailers).expect("a status");
    assert_eq!(reason(&status), "PEER_UNAVAILABLE");
    assert_eq!(whole.to_bytes(), BYTES);
}

#[tokio::test]
async fn a_deadline_is_passed_on_shorter_and_kept() {
    let [_, there] = doors().await;
    let with = |path: &str, timeout: Option<&str>| {
        let mut request = call(path, b"\0\0\0\0\0");
        if let Some(timeout) = timeout {
            request.headers_mut().insert("grpc-timeout", timeout.parse().expect("a header"));
        }
        request
    };
    let micros = |answer: &Response<Body>| -> i64 {
        let timeout = answer.headers()["grpc-timeout"].to_str().expect("text");
        timeout.strip_suffix('u').expect("microseconds").parse().expect("a number")
    };
    let unit = "/yizhan.directory.v1.DirectoryService/GetUnit";
    let answered =
        |request| async { there.clone().oneshot(request).await.unwrap_or_else(|never: Infallible| match never {}) };
    assert!((1_000_000..2_000_000).contains(&micros(&answered(with(unit, Some("2S"))).await)));
    assert!((50_000_000..60_000_000).contains(&micros(&answered(with(unit, None)).await)));
    assert!((50_000_000..60_000_000).contains(&micros(&answered(with(unit, Some("soon"))).await)));

    for timeout in ["300m", "1n"] {
        let slow = answered(with("/yizhan.intake.v1.CatalogueService/CreateItem", Some(timeout))).await;
        let status = Status::from_header_map(slow.headers()).expect("a status");
        assert_eq!((status.code(), reason(&status).as_str()), (Code::DeadlineExceeded, "PEER_TOO_SLOW"));
    }
}
