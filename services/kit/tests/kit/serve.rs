//! What every server of the suite has: health, reflection, limits, a graceful end.

use std::time::Duration;

use futures::{StreamExt, stream};
use kit::{
    peer::Peer,
    refusal::{Fault, Refusal},
    serve::{self, Limits},
    status::{localized, reason},
};
use prost::Message;
use proto::intake::v1::{DownloadAttachmentRequest, UploadAttachmentRequest};
use proto::journal::v1::{
    ListHeadsRequest, Position, ReadEntriesRequest, ReadEntriesResponse, journal_service_client::JournalServiceClient,
    journal_service_server::JournalServiceServer,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status, service::Routes};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};
use tonic_types::StatusExt;

use crate::server::Server;

#[tokio::test]
async fn health_answers_serving() {
    let server = Server::start(Limits::default()).await;
    let answer =
        server.health().check(HealthCheckRequest { service: String::new() }).await.expect("answered").into_inner();
    assert_eq!(answer.status(), ServingStatus::Serving);
}

#[tokio::test]
async fn reflection_lists_the_services_in_both_versions() {
    let server = Server::start(Limits::default()).await;
    macro_rules! services {
        ($version:ident) => {{
            use tonic_reflection::pb::$version::{
                ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
                server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
            };
            let request = ServerReflectionRequest {
                host: String::new(),
                message_request: Some(MessageRequest::ListServices(String::new())),
            };
            let mut client = ServerReflectionClient::new(server.peer.clone());
            let mut answers =
                client.server_reflection_info(tokio_stream::once(request)).await.expect("answered").into_inner();
            match answers.message().await.expect("a message").expect("one").message_response {
                Some(MessageResponse::ListServicesResponse(list)) => {
                    list.service.into_iter().map(|service| service.name).collect::<Vec<_>>()
                }
                other => panic!("{other:?}"),
            }
        }};
    }
    for services in [services!(v1), services!(v1alpha)] {
        for expected in ["yizhan.journal.v1.JournalService", "yizhan.intake.v1.CaseService", "grpc.health.v1.Health"] {
            assert!(services.iter().any(|service| service == expected), "{expected} not in {services:?}");
        }
    }
}

#[tokio::test]
async fn more_calls_than_the_limit_are_refused_at_once_and_served_again_afterwards() {
    let server = Server::start(Limits { calls: 2, ..Limits::default() }).await;
    let (one, two) = (server.begin().await, server.begin().await);
    let refused = server.client().list_heads(ListHeadsRequest {}).await.expect_err("too many");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::ResourceExhausted, "OVERLOADED"));
    assert_ne!(localized(&refused), refused.message());
    // Over all connections.
    let other = Peer::connect(&format!("http://{}", server.address)).expect("a URL");
    let refused = JournalServiceClient::new(other).list_heads(ListHeadsRequest {}).await.expect_err("too many");
    assert_eq!(reason(&refused), "OVERLOADED");

    server.slow.end.notify_waiters();
    one.await.expect("ran").expect("served");
    two.await.expect("ran").expect("served");
    let three = server.begin().await;
    server.slow.end.notify_waiters();
    three.await.expect("ran").expect("served");
}

#[tokio::test]
async fn a_caller_who_hangs_up_frees_the_place() {
    let server = Server::start(Limits { calls: 1, ..Limits::default() }).await;
    for _ in 0..3 {
        let call = server.begin().await;
        call.abort();
        // The server learns of it by a frame.
        crate::house::until("the place is free", async || {
            let mut client = server.client();
            // Refused at once while it is taken; waits like any other once it is free.
            tokio::time::timeout(Duration::from_millis(50), client.list_heads(ListHeadsRequest {})).await.is_err()
        })
        .await;
        while let Ok(permit) = server.slow.begun.try_acquire() {
            permit.forget();
        }
    }
}

#[tokio::test]
async fn a_graceful_end_lets_a_running_call_finish() {
    let server = Server::start(Limits::default()).await;
    let call = server.begin().await;
    server.stop.cancel();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!server.ended.is_finished());
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody new is let in");
    server.slow.end.notify_waiters();
    call.await.expect("ran").expect("served");
    tokio::time::timeout(Duration::from_secs(5), server.ended).await.expect("ends").expect("ran").expect("served");
}

/// Ended by time, and told so.
#[track_caller]
fn is_late(status: &Status) {
    assert_eq!((status.code(), reason(status).as_str()), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"), "{status}");
    assert_ne!(localized(status), status.message());
}

fn with_timeout<T>(request: T, millis: u64) -> Request<T> {
    let mut request = Request::new(request);
    request.set_timeout(Duration::from_millis(millis));
    request
}

#[tokio::test]
async fn a_call_over_the_servers_limit_or_the_callers_is_told_that_its_time_is_up() {
    let server = Server::start(Limits { time: Duration::from_millis(100), ..Limits::default() }).await;
    is_late(&server.client().list_heads(ListHeadsRequest {}).await.expect_err("too long"));
    is_late(&server.client().list_heads(with_timeout(ListHeadsRequest {}, 60_000)).await.expect_err("too long"));
    let server = Server::start(Limits::default()).await;
    for _ in 0..5 {
        is_late(&server.client().list_heads(with_timeout(ListHeadsRequest {}, 100)).await.expect_err("too long"));
    }
    is_late(&server.client().list_heads(with_timeout(ListHeadsRequest {}, 0)).await.expect_err("too long"));
}

/// Reads a file that comes in eight pieces to its end.
async fn download(server: &Server, request: Request<DownloadAttachmentRequest>) -> Result<usize, Status> {
    let (mut pieces, mut many) = (server.files().download_attachment(request).await?.into_inner(), 0);
    while pieces.message().await?.is_some() {
        many += 1;
    }
    Ok(many)
}

fn every(millis: u64) -> DownloadAttachmentRequest {
    DownloadAttachmentRequest { name: millis.to_string() }
}

#[tokio::test]
async fn a_streamed_answer_is_cut_by_its_callers_deadline_only() {
    let server = Server::start(Limits { time: Duration::from_millis(100), ..Limits::default() }).await;
    assert_eq!(download(&server, Request::new(every(60))).await.expect("whole"), 8);
    assert_eq!(download(&server, with_timeout(every(60), 60_000)).await.expect("whole"), 8);
    is_late(&download(&server, with_timeout(every(60), 250)).await.expect_err("too long"));
    let request = with_timeout(ReadEntriesRequest { tail: true, ..Default::default() }, 250);
    let mut entries = server.client().read_entries(request).await.expect("a stream").into_inner();
    entries.message().await.expect("a message");
    is_late(&entries.message().await.expect_err("too long"));
}

#[tokio::test]
async fn an_upload_is_not_cut_while_it_moves_and_is_when_it_has_stopped() {
    let server = Server::start(Limits { time: Duration::from_millis(400), ..Limits::default() }).await;
    let slowly = |pieces: u64| {
        stream::iter(0..pieces).then(|_| async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            UploadAttachmentRequest::default()
        })
    };
    let whole = server.files().upload_attachment(slowly(10)).await.expect("taken").into_inner();
    assert_eq!(whole.size_bytes, 10);
    is_late(&server.files().upload_attachment(slowly(2).chain(stream::pending())).await.expect_err("stopped"));
    // The caller's own deadline holds for all of it.
    let mut request = Request::new(slowly(10));
    request.set_timeout(Duration::from_millis(300));
    is_late(&server.files().upload_attachment(request).await.expect_err("too long"));
}

#[tokio::test]
async fn health_is_told_under_overload() {
    let server = Server::start(Limits { calls: 1, ..Limits::default() }).await;
    let _busy = server.begin().await;
    let refused = server.client().list_heads(ListHeadsRequest {}).await.expect_err("too many");
    assert_eq!(reason(&refused), "OVERLOADED");
    assert!(refused.get_details_retry_info().is_some_and(|retry| retry.retry_delay.is_some()));
    let answer = server.health().check(HealthCheckRequest::default()).await.expect("answered").into_inner();
    assert_eq!(answer.status(), ServingStatus::Serving);
}

#[tokio::test]
async fn streams_that_stay_have_places_of_their_own_and_give_them_back() {
    let server = Server::start(Limits { calls: 1, streams: 2, ..Limits::default() }).await;
    let (one, _two) = (server.tail().await.expect("a stream"), server.tail().await.expect("a stream"));
    let refused = server.tail().await.expect_err("too many");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::ResourceExhausted, "TOO_MANY_STREAMS"));
    assert!(refused.get_details_retry_info().is_some_and(|retry| retry.retry_delay.is_some()));
    assert_ne!(localized(&refused), refused.message());
    // Watchers take no follower's place, and neither takes a call's.
    let watch = server.health().watch(HealthCheckRequest::default()).await.expect("watched");
    download(&server, Request::new(every(0))).await.expect("served");
    drop((one, watch));
    crate::house::until("the place is free", async || server.tail().await.is_ok()).await;
}

#[tokio::test]
async fn a_stop_ends_streams_that_stay_at_once_and_lets_others_finish() {
    let server = Server::start(Limits::default()).await;
    let (mut tail, mut watch) = (server.tail().await.expect("a stream"), server.health());
    let mut watch = watch.watch(HealthCheckRequest::default()).await.expect("watched").into_inner();
    watch.message().await.expect("a message");
    let file = server.files().download_attachment(every(60)).await.expect("a stream").into_inner();
    let start = std::time::Instant::now();
    server.stop.cancel();
    for status in [tail.message().await.expect_err("ended"), watch.message().await.expect_err("ended")] {
        assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "STOPPING"));
        assert!(status.get_details_retry_info().is_some_and(|retry| retry.retry_delay.is_some()));
        assert_ne!(localized(&status), status.message());
    }
    assert!(start.elapsed() < Duration::from_millis(400), "{:?}", start.elapsed());
    assert_eq!(file.map(|piece| piece.expect("a piece")).count().await, 8);
    tokio::time::timeout(Duration::from_secs(5), server.ended).await.expect("ends").expect("ran").expect("served");
}

#[test]
fn every_stream_of_the_contract_stays_or_is_a_download() {
    let contract = prost_types::FileDescriptorSet::decode(proto::DESCRIPTORS).expect("descriptors");
    for file in &contract.file {
        for (service, method) in file.service.iter().flat_map(|s| s.method.iter().map(move |method| (s, method))) {
            let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
            let is_download = ["Download", "Export"].iter().any(|name| method.name().starts_with(name));
            let ends = !method.server_streaming() || is_download;
            assert_eq!(serve::stays(&path), !ends, "{path}");
        }
    }
}

#[tokio::test]
async fn one_connection_carries_calls_beside_hundreds_of_streams_and_answers_that_nobody_reads() {
    let server = Server::start(Limits::default()).await;
    let streams = futures::future::join_all((0..400).map(|_| server.tail())).await;
    assert!(streams.iter().all(Result::is_ok));
    let unread = (0..64).map(|_| async { server.files().download_attachment(every(0)).await.expect("a stream") });
    let unread = futures::future::join_all(unread).await;
    // Their windows fill up.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let read = tokio::time::timeout(Duration::from_secs(10), download(&server, Request::new(every(0)))).await;
    assert_eq!(read.expect("not held up").expect("whole"), 8);
    drop((unread, streams));
}

/// The settings that a server announces, read from the wire (RFC 9113, 6.5).
#[tokio::test]
async fn limits_of_streams_and_headers_are_announced() {
    let server = Server::start(Limits { per_connection: 123, ..Limits::default() }).await;
    let mut socket = TcpStream::connect(server.address).await.expect("connected");
    socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.expect("sent");
    socket.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.expect("sent");
    let settings = loop {
        let mut head = [0; 9];
        socket.read_exact(&mut head).await.expect("a frame");
        let mut payload = vec![0; usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2])];
        socket.read_exact(&mut payload).await.expect("its payload");
        let (kind, is_answer) = (head[3], head[4] & 1 == 1);
        if kind == 4 && !is_answer {
            break payload;
        }
    };
    let setting = |id: u16| {
        let found = settings.chunks(6).find(|pair| pair[..2] == id.to_be_bytes())?;
        found[2..].try_into().ok().map(u32::from_be_bytes)
    };
    const MAX_CONCURRENT_STREAMS: u16 = 3;
    const MAX_HEADER_LIST_SIZE: u16 = 6;
    assert_eq!(setting(MAX_CONCURRENT_STREAMS), Some(123));
    assert_eq!(setting(MAX_HEADER_LIST_SIZE), Some(8 << 10));
}

/// ReadEntriesRequest with a division that need not be text.
#[derive(Clone, PartialEq, prost::Message)]
struct NotText {
    #[prost(bytes = "vec", tag = "2")]
    division: Vec<u8>,
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused_as_the_callers_fault() {
    let server = Server::start(Limits::default()).await;
    for (bytes, is_text) in [(vec![0xff, 0xfe], false), (b"\xe4\xb8".to_vec(), false), ("县".into(), true)] {
        let mut raw = tonic::client::Grpc::new(server.peer.clone());
        raw.ready().await.expect("ready");
        let path = http::uri::PathAndQuery::from_static("/yizhan.journal.v1.JournalService/ReadEntries");
        let codec = proto::codec::Codec::<NotText, ReadEntriesResponse>::default();
        let answer = raw.server_streaming(Request::new(NotText { division: bytes }), path, codec).await;
        let status = answer.expect_err("refused either way");
        let expected = if is_text { (Code::FailedPrecondition, "NEVER") } else { (Code::InvalidArgument, "") };
        assert_eq!((status.code(), reason(&status).as_str()), expected);
    }
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_as_the_callers_fault() {
    let server = Server::start(Limits::default()).await;
    let position = Position { division: "4".repeat(1 << 20), seq: 0 };
    let request = ReadEntriesRequest { after: vec![position; 5], ..Default::default() };
    let refused = server.client().read_entries(request).await.expect_err("too large");
    assert!(matches!(refused.code(), Code::OutOfRange | Code::ResourceExhausted), "{refused}");
}

#[tokio::test]
async fn what_is_not_served_is_unimplemented() {
    use proto::clock::v1::{GetClockRequest, clock_service_client::ClockServiceClient};
    let server = Server::start(Limits::default()).await;
    let status =
        ClockServiceClient::new(server.peer.clone()).get_clock(GetClockRequest {}).await.expect_err("not here");
    assert_eq!(status.code(), Code::Unimplemented);
    // In process, too.
    let peer = Peer::in_process(Routes::new(JournalServiceServer::new(server.slow.clone())));
    let status = ClockServiceClient::new(peer).get_clock(GetClockRequest {}).await.expect_err("not here");
    assert_eq!(status.code(), Code::Unimplemented);
}

/// An answer's head and trailers are kept to 8 KiB by common clients (grpcio), and to 16 KiB by ours.
#[tokio::test]
async fn a_refusal_of_any_length_reaches_its_caller() {
    let long = "很长的说明".repeat(2_000);
    let faults: Vec<_> = (0..100)
        .map(|i| Fault {
            field: format!("case.materials[{i}].name"),
            zh: long.clone(),
            en: format!("must not be so long {}", "x".repeat(i * 50)),
        })
        .collect();
    let refusals = [
        Refusal::fields(faults.clone()),
        Refusal::state("LONG", long.clone(), long.clone()).with(faults),
        Refusal::state("LONG", long.clone(), long),
    ];
    for refusal in refusals {
        let server = Server::refusing(Limits::default(), refusal.clone()).await;
        let status = server.client().read_entries(ReadEntriesRequest::default()).await.expect_err("refused");
        assert_eq!(reason(&status), refusal.reason(), "{:?}", status.code());
        assert!(!localized(&status).is_empty());
        if !refusal.faults().is_empty() {
            let told = status.get_details_bad_request().expect("fields").field_violations;
            assert_eq!(told[0].field, "case.materials[0].name");
        }
        let head = status
            .clone()
            .into_http::<tonic::body::Body>()
            .headers()
            .iter()
            .map(|(k, v)| k.as_str().len() + v.len() + 32)
            .sum::<usize>();
        assert!(head < 8_000, "{head} bytes");
    }
}

#[tokio::test]
async fn an_address_in_use_is_told() {
    let taken = serve::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
    let address = taken.local_addr().expect("an address");
    let error = serve::bind(address).await.expect_err("taken").to_string();
    assert!(error.contains(&address.to_string()), "{error}");
}

#[tokio::test]
async fn a_peer_connects_when_it_is_called_and_again_after_the_line_was_lost() {
    let server = Server::start(Limits::default()).await;
    let (address, mut client) = (server.address, server.client());
    assert_eq!(reason(&client.read_entries(ReadEntriesRequest::default()).await.expect_err("refused")), "NEVER");
    server.stop.cancel();
    server.ended.await.expect("ran").expect("served");
    let away = client.read_entries(ReadEntriesRequest::default()).await.expect_err("away");
    assert_eq!(away.code(), Code::Unavailable);

    let listener = serve::bind(address).await.expect("its port again");
    let routes = Routes::new(JournalServiceServer::new(server.slow.clone()));
    tokio::spawn(serve::grpc(listener, routes, Limits::default(), CancellationToken::new()));
    crate::house::until("it is back", async || {
        let answer = client.clone().read_entries(ReadEntriesRequest::default()).await.expect_err("refused or away");
        reason(&answer) == "NEVER"
    })
    .await;
    drop(client.read_entries(ReadEntriesRequest::default()).await);
}
