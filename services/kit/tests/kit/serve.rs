//! What every server of the suite has: health, reflection, limits, a graceful end.

use std::{net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use kit::{
    peer::Peer,
    refusal::{Fault, Refusal},
    serve::{self, Limits},
    status::{localized, reason},
};
use proto::journal::v1::{
    ListHeadsRequest, ListHeadsResponse, Position, ReadEntriesRequest, ReadEntriesResponse,
    journal_service_client::JournalServiceClient,
    journal_service_server::{JournalService, JournalServiceServer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Notify, Semaphore},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status, service::Routes};
use tonic_types::StatusExt;

/// A service whose calls take as long as the test likes.
#[derive(Clone)]
struct Slow {
    begun: Arc<Semaphore>,
    end: Arc<Notify>,
    refusal: Refusal,
}

#[tonic::async_trait]
impl JournalService for Slow {
    async fn list_heads(&self, _: Request<ListHeadsRequest>) -> Result<Response<ListHeadsResponse>, Status> {
        self.begun.add_permits(1);
        self.end.notified().await;
        Ok(Response::new(ListHeadsResponse::default()))
    }

    type ReadEntriesStream = Pin<Box<dyn futures::Stream<Item = Result<ReadEntriesResponse, Status>> + Send>>;

    async fn read_entries(&self, _: Request<ReadEntriesRequest>) -> Result<Response<Self::ReadEntriesStream>, Status> {
        Err(self.refusal.clone().into())
    }
}

struct Server {
    slow: Slow,
    address: SocketAddr,
    peer: Peer,
    stop: CancellationToken,
    ended: JoinHandle<Result<(), tonic::transport::Error>>,
}

impl Server {
    async fn start(limits: Limits) -> Server {
        Server::refusing(limits, Refusal::state("NEVER", "从不", "never")).await
    }

    async fn refusing(limits: Limits, refusal: Refusal) -> Server {
        let slow = Slow { begun: Arc::new(Semaphore::new(0)), end: Arc::default(), refusal };
        let listener = serve::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let routes = Routes::new(JournalServiceServer::new(slow.clone()));
        let routes = serve::with_health_and_reflection(routes).await.expect("reflection");
        let stop = CancellationToken::new();
        let ended = tokio::spawn(serve::grpc(listener, routes, limits, stop.clone()));
        let peer = Peer::connect(&format!("http://{address}")).expect("a URL");
        Server { slow, address, peer, stop, ended }
    }

    fn client(&self) -> JournalServiceClient<Peer> {
        JournalServiceClient::new(self.peer.clone())
    }

    /// A call that has begun and does not end.
    async fn begin(&self) -> JoinHandle<Result<Response<ListHeadsResponse>, Status>> {
        let mut client = self.client();
        let call = tokio::spawn(async move { client.list_heads(ListHeadsRequest {}).await });
        self.slow.begun.acquire().await.expect("begun").forget();
        call
    }
}

#[tokio::test]
async fn health_answers_serving() {
    use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
    let server = Server::start(Limits::default()).await;
    let mut health = HealthClient::new(server.peer.clone());
    let answer = health.check(HealthCheckRequest { service: String::new() }).await.expect("answered").into_inner();
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

#[tokio::test]
async fn a_call_that_takes_too_long_is_ended() {
    let server = Server::start(Limits { time: Duration::from_millis(100), ..Limits::default() }).await;
    let ended = server.client().list_heads(ListHeadsRequest {}).await.expect_err("too long");
    assert!(matches!(ended.code(), Code::Cancelled | Code::DeadlineExceeded), "{ended}");
    // And by the caller's own deadline.
    let server = Server::start(Limits::default()).await;
    let mut request = Request::new(ListHeadsRequest {});
    request.set_timeout(Duration::from_millis(100));
    let ended = server.client().list_heads(request).await.expect_err("too long");
    assert!(matches!(ended.code(), Code::Cancelled | Code::DeadlineExceeded), "{ended}");
}

/// The settings that a server announces, read from the wire (RFC 9113, 6.5).
#[tokio::test]
async fn limits_of_streams_and_headers_are_announced() {
    let server = Server::start(Limits { streams: 123, ..Limits::default() }).await;
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
