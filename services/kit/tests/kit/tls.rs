//! The door of a server: TLS, who comes with which certificate, and connections that have nothing to say.

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use kit::{
    caller::Caller,
    peer::Peer,
    pki::{Authority, CLIENT_LIFE, Identity, SERVICE_LIFE},
    serve::{self, Limits},
    tls::{self, Presented},
};
use proto::{
    clock::v1::{
        AdvanceClockRequest, Clock, GetClockRequest,
        clock_service_client::ClockServiceClient,
        clock_service_server::{ClockService, ClockServiceServer},
    },
    identity::v1::{self as identity, Role},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, service::Routes};

/// Tells who called.
struct Told;

#[tonic::async_trait]
impl ClockService for Told {
    async fn get_clock(&self, request: Request<GetClockRequest>) -> Result<Response<Clock>, Status> {
        let shown = Presented::of(request.extensions()).and_then(Presented::name).unwrap_or("nobody");
        let shanghai = format!("{shown} as {}", Caller::of_call(&request).name());
        Ok(Response::new(Clock { shanghai, ..Default::default() }))
    }

    async fn advance_clock(&self, _: Request<AdvanceClockRequest>) -> Result<Response<Clock>, Status> {
        Err(Status::unimplemented(""))
    }
}

/// An installation: its authority, and a server of it.
struct House {
    folder: PathBuf,
    authority: Authority,
    tls: tls::Server,
    address: SocketAddr,
    stop: CancellationToken,
}

impl House {
    async fn open(limits: Limits) -> House {
        let folder = std::env::temp_dir().join(format!("yizhan-test-{}", kit::testing::request_id()));
        let authority = Authority::open(&folder).expect("an authority");
        issue(&authority).save(&folder.join("directory")).expect("saved");
        let tls = tls::Server::open(&folder.join("ca.pem"), &folder.join("directory")).expect("opened");
        let listener = serve::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
        let (address, stop) = (listener.local_addr().expect("bound"), CancellationToken::new());
        let routes = serve::behind(Routes::new(ClockServiceServer::new(Told)));
        tokio::spawn(serve::secure_grpc(listener, routes, limits, tls.clone(), stop.clone()));
        House { folder, authority, tls, address, stop }
    }

    fn client(&self, name: Option<&str>) -> tls::Client {
        let identity = name.map(|name| self.authority.issue(name, &[], CLIENT_LIFE).expect("issued"));
        tls::Client::new(self.authority.certificate_pem(), identity.as_ref()).expect("a client")
    }

    fn peer(&self, tls: &tls::Client) -> Peer {
        Peer::secure(&format!("https://{}", self.address), tls).expect("a URL")
    }

    async fn who(&self, name: Option<&str>) -> Result<String, Status> {
        who(&self.peer(&self.client(name))).await
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn issue(authority: &Authority) -> Identity {
    let hosts = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    authority.issue("services/directory", &hosts, SERVICE_LIFE).expect("issued")
}

/// Whom a service takes a caller for; nobody where it says that it is called by services only.
async fn who(peer: &Peer) -> Result<String, Status> {
    match ClockServiceClient::new(peer.clone()).get_clock(GetClockRequest {}).await {
        Ok(clock) => Ok(clock.into_inner().shanghai),
        Err(status) if kit::status::reason(&status) == "SERVICES_ONLY" => Ok("nobody".to_owned()),
        Err(status) => Err(status),
    }
}

/// Waits until the other end has closed; how long that took.
async fn closed(socket: &mut TcpStream) -> Duration {
    let begun = Instant::now();
    let mut bytes = [0; 256];
    while !matches!(socket.read(&mut bytes).await, Ok(0) | Err(_)) {}
    begun.elapsed()
}

#[tokio::test]
async fn only_a_service_is_believed_whom_it_says_and_speaks_for_itself_where_it_says_nobody() {
    let house = House::open(Limits::default()).await;
    for name in [None, Some("operators/first"), Some("divisions/410223/terminals/T1")] {
        assert_eq!(house.who(name).await.expect("answered"), "nobody");
    }
    assert_eq!(house.who(Some("services/intake")).await.expect("answered"), "services/intake as services/intake");

    let told = identity::Caller { role: Role::Operator.into(), name: "operators/first".into(), ..Default::default() };
    let caller = Caller::from_message(told).expect("a caller");
    for (name, is_service) in
        [(Some("services/gateway"), true), (Some("divisions/410223/terminals/T1"), false), (None, false)]
    {
        let mut request = Request::new(GetClockRequest {});
        request.extensions_mut().insert(caller.clone());
        let mut client = ClockServiceClient::new(house.peer(&house.client(name)));
        match client.get_clock(request).await {
            Ok(clock) => assert_eq!(clock.into_inner().shanghai, "services/gateway as operators/first"),
            Err(status) => assert_eq!(kit::status::reason(&status), "SERVICES_ONLY"),
        }
        let again = client.get_clock(Request::new(GetClockRequest {})).await;
        assert_eq!(again.is_ok(), is_service);
    }
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_at_both_ends_and_so_is_a_plain_line() {
    let (house, other) = (House::open(Limits::default()).await, House::open(Limits::default()).await);
    let stranger = other.authority.issue("services/gateway", &[], CLIENT_LIFE).expect("issued");
    let stranger = tls::Client::new(house.authority.certificate_pem(), Some(&stranger)).expect("a client");
    assert!(who(&house.peer(&stranger)).await.is_err());
    assert!(who(&house.peer(&other.client(None))).await.is_err());
    // A certificate that serves nobody is not taken for a server's.
    house
        .authority
        .issue("operators/first", &[], CLIENT_LIFE)
        .expect("issued")
        .save(&house.folder.join("directory"))
        .expect("saved");
    assert!(house.tls.reload().expect("read"));
    assert!(house.who(None).await.is_err());
    assert!(who(&Peer::connect(&format!("http://{}", house.address)).expect("a URL")).await.is_err());
}

#[tokio::test]
async fn a_renewed_certificate_is_used_without_a_restart_and_a_torn_one_is_not() {
    let house = House::open(Limits::default()).await;
    let shown = async || {
        let socket = TcpStream::connect(house.address).await.expect("connected");
        let stream = house.client(None).handshake(socket, "localhost").await.expect("shaken");
        stream.get_ref().1.peer_certificates().expect("a chain")[0].to_vec()
    };
    let first = shown().await;
    issue(&house.authority).save(&house.folder.join("directory")).expect("saved");
    assert_eq!(shown().await, first);
    assert!(house.tls.reload().expect("read"));
    let second = shown().await;
    assert_ne!(second, first);
    assert!(!house.tls.reload().expect("read"));
    fs::write(house.folder.join("directory.pem"), "torn").expect("written");
    house.tls.reload().expect_err("torn");
    // A key of another certificate.
    let other = issue(&house.authority);
    fs::write(house.folder.join("directory.pem"), &other.chain_pem).expect("written");
    house.tls.reload().expect_err("no pair");
    assert_eq!(shown().await, second);
}

#[tokio::test]
async fn a_handshake_that_never_comes_and_a_client_that_then_says_nothing_are_cut_off_after_five_seconds() {
    let house = House::open(Limits::default()).await;
    let silent = async {
        let mut socket = TcpStream::connect(house.address).await.expect("connected");
        closed(&mut socket).await
    };
    let speechless = async {
        let socket = TcpStream::connect(house.address).await.expect("connected");
        let mut stream = house.client(None).handshake(socket, "localhost").await.expect("shaken");
        let begun = Instant::now();
        stream.write_all(b"PRI * HTTP/2.0\r\n").await.expect("sent");
        let mut bytes = [0; 64];
        while !matches!(stream.read(&mut bytes).await, Ok(0) | Err(_)) {}
        begun.elapsed()
    };
    let (silent, speechless) = tokio::join!(silent, speechless);
    for waited in [silent, speechless] {
        assert!((Duration::from_millis(4_500)..Duration::from_secs(8)).contains(&waited), "{waited:?}");
    }
}

/// Also of the same address: its own oldest have to go.
#[tokio::test]
async fn silent_connections_do_not_keep_an_honest_client_out() {
    let house = House::open(Limits::default()).await;
    let mut silent = Vec::new();
    for last in 0..200_u8 {
        let socket = TcpSocket::new_v4().expect("a socket");
        // On Linux all of 127/8 is this machine.
        let from = if cfg!(target_os = "linux") { [127, 0, 1, 1 + last % 2] } else { [127, 0, 0, 1] };
        socket.bind(SocketAddr::from((from, 0))).expect("bound");
        silent.push(socket.connect(house.address).await.expect("connected"));
    }
    let begun = Instant::now();
    assert_eq!(house.who(None).await.expect("answered"), "nobody");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    let mut ours = Vec::new();
    for _ in 0..200 {
        ours.push(TcpStream::connect(house.address).await.expect("connected"));
    }
    assert_eq!(house.who(None).await.expect("answered"), "nobody");
}

#[tokio::test]
async fn connections_that_are_idle_make_room_and_are_closed_in_time_and_their_clients_come_again() {
    let limits = Limits { connections: 4, idle: Duration::from_millis(300), ..Limits::default() };
    let house = House::open(limits).await;
    let peers: Vec<_> = (0..10).map(|_| house.peer(&house.client(None))).collect();
    for peer in &peers {
        who(peer).await.expect("answered");
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    for peer in &peers {
        who(peer).await.expect("answered again");
    }
}

#[tokio::test]
async fn a_connection_that_grows_old_is_told_to_go_and_its_client_comes_again_but_not_a_services() {
    let house = House::open(Limits { age: Duration::from_millis(100), ..Limits::default() }).await;
    let mut lost = Vec::new();
    for name in ["services/intake", "operators/first"] {
        let (peer, begun) = (house.peer(&house.client(Some(name))), Instant::now());
        let (mut answered, mut cut) = (0, 0);
        while begun.elapsed() < Duration::from_secs(1) {
            match who(&peer).await {
                Ok(_) => answered += 1,
                // A call that meets the end of its connection was not worked on.
                Err(status) => {
                    assert!(matches!(status.code(), tonic::Code::Cancelled | tonic::Code::Unavailable), "{status}");
                    cut += 1;
                }
            }
        }
        assert!(answered > 20 && cut <= 12, "{name}: {answered} answered, {cut} not");
        lost.push(cut);
    }
    assert_eq!(lost[0], 0);
}

#[tokio::test]
async fn pages_are_served_over_tls_in_http_1_and_to_who_is_slow_not_for_ever() {
    let house = House::open(Limits::default()).await;
    let listener = serve::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let router = axum::Router::new().route("/", axum::routing::get(|| async { "a page" }));
    tokio::spawn(serve::web(listener, router, Limits::default(), Some(house.tls.clone()), house.stop.clone()));
    let open = async || {
        let socket = TcpStream::connect(address).await.expect("connected");
        // Without a word of which protocol it speaks, as some do.
        let mut config =
            rustls::ClientConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
                .with_safe_default_protocol_versions()
                .expect("versions")
                .with_root_certificates(roots(house.authority.certificate_pem()))
                .with_no_client_auth();
        config.alpn_protocols.clear();
        let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
        connector.connect("localhost".try_into().expect("a name"), socket).await.expect("shaken")
    };
    let mut page = open().await;
    page.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.expect("sent");
    let mut text = String::new();
    let _ = page.read_to_string(&mut text).await;
    assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("a page"), "{text}");

    let mut slow = open().await;
    slow.write_all(b"GET / HTTP/1.1\r\nhost:").await.expect("sent");
    let begun = Instant::now();
    let mut bytes = Vec::new();
    let _ = slow.read_to_end(&mut bytes).await;
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

fn roots(pem: &str) -> rustls::RootCertStore {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM")).expect("a certificate");
    roots
}
