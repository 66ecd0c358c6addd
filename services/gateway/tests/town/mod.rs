//! A gateway behind TLS, and before it a directory that says what it is told and an intake that says who calls.

#![allow(dead_code)] // each test uses a part of it

#[path = "../desk/mod.rs"]
pub mod desk;

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{extract::Request, response::Response, routing::any};
use bytes::Bytes;
use gateway::Peers;
use http_body::Frame;
use http_body_util::StreamBody;
use kit::{
    caller::Caller,
    clock::{Moment, wall},
    config::Config,
    peer::Peer,
    pki::{Authority, Identity},
    serve::{self, Limits},
    status::reason,
    testing::{self, TestDatabase},
    tls,
    token::{Claims, Cnf, Signer, Told as Of},
};
use prost::Message;
use proto::{
    directory::v1 as pb,
    intake::v1::{Case, GetCaseRequest, WatchCasesResponse, case_service_client::CaseServiceClient},
    journal::v1::{
        Entry, Leaf, ListHeadsRequest, ListHeadsResponse, Position, ReadEntriesRequest, ReadEntriesResponse,
        journal_service_server::{JournalService, JournalServiceServer},
    },
};
use tokio::sync::mpsc;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tokio_util::sync::CancellationToken;
use tonic::{
    Code, Status,
    service::Routes,
    transport::{Channel, Endpoint},
};

pub const DIVISION: &str = "410223";
pub const TERMINAL: &str = "divisions/410223/terminals/T1";
pub const CLERK: &str = "divisions/410223/people/U001-01";
pub const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// A service's journal that is told what to say, and remembers where it was asked to start.
#[derive(Clone)]
pub struct Told {
    service: &'static str,
    entries: Arc<Mutex<Vec<Entry>>>,
    pub asked: Arc<Mutex<Vec<i64>>>,
    /// Reads out no more than so many; 0 for all.
    pub most: Arc<AtomicUsize>,
}

impl Told {
    pub fn of(service: &'static str) -> Told {
        Told { service, entries: Arc::default(), asked: Arc::default(), most: Arc::default() }
    }

    pub fn tell(&self, event: &str, payload: Vec<u8>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let seq = entries.len() as i64 + 1;
        let leaf = Leaf {
            service: self.service.into(),
            division: DIVISION.into(),
            seq,
            noun: "nouns/1".into(),
            event: event.into(),
            payload,
            ..Default::default()
        };
        let leaf_hash = tlog::leaf_hash(&leaf.encode_to_vec()).to_vec();
        entries.push(Entry {
            division: leaf.division,
            seq,
            occurred_at: Some(Default::default()),
            noun: format!("divisions/{DIVISION}/{}", leaf.noun),
            event: leaf.event,
            payload: leaf.payload.into(),
            leaf_hash,
            ..Default::default()
        });
    }

    fn after(&self, seq: i64) -> Vec<Entry> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().filter(|entry| entry.seq > seq).cloned().collect()
    }

    pub fn peer(&self) -> Peer {
        Peer::in_process(Routes::new(JournalServiceServer::new(self.clone())))
    }

    pub fn credential(&self, name: &str, change: impl FnOnce(&mut pb::Credential)) {
        let mut credential = pb::Credential { name: name.into(), enrolled: true, ..Default::default() };
        change(&mut credential);
        self.tell("credential.changed", credential.encode_to_vec());
    }

    /// The clerk of unit 001, as the directory has them from now on.
    pub fn clerk(&self, change: impl FnOnce(&mut pb::Person)) {
        let mut person = pb::Person {
            name: CLERK.into(),
            display_name: "某人".into(),
            unit: format!("divisions/{DIVISION}/units/001"),
            window: format!("divisions/{DIVISION}/windows/B02"),
            rank: pb::Rank::Staff.into(),
            state: pb::State::Active.into(),
            ..Default::default()
        };
        change(&mut person);
        self.tell("person.updated", person.encode_to_vec());
    }

    /// A new key to sign tokens with.
    pub fn key(&self) -> Signer {
        let (signer, _, public) = Signer::generate().expect("a key");
        let key = pb::SigningKey { id: signer.kid().into(), public_key: public.to_vec(), ..Default::default() };
        self.tell("key.made", key.encode_to_vec());
        signer
    }
}

#[tonic::async_trait]
impl JournalService for Told {
    async fn list_heads(
        &self,
        _: tonic::Request<ListHeadsRequest>,
    ) -> Result<tonic::Response<ListHeadsResponse>, Status> {
        let head = Position { division: DIVISION.into(), seq: self.after(0).len() as i64 };
        Ok(tonic::Response::new(ListHeadsResponse { heads: vec![head] }))
    }

    type ReadEntriesStream = ReceiverStream<Result<ReadEntriesResponse, Status>>;

    async fn read_entries(
        &self,
        request: tonic::Request<ReadEntriesRequest>,
    ) -> Result<tonic::Response<Self::ReadEntriesStream>, Status> {
        // Who follows says who it is.
        assert_eq!(Caller::of_call(&request).name(), "services/gateway");
        let after: Vec<Position> = request.into_inner().after;
        let mut seen = after.iter().find(|after| after.division == DIVISION).map_or(0, |after| after.seq);
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
        let (send, receive) = mpsc::channel(4);
        let told = self.clone();
        tokio::spawn(async move {
            loop {
                let mut entries = told.after(seen);
                if let most @ 1.. = told.most.load(Ordering::SeqCst) {
                    entries.truncate(most.saturating_sub(seen as usize));
                }
                seen += entries.len() as i64;
                if send.send(Ok(ReadEntriesResponse { entries, sent_at: None })).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        Ok(tonic::Response::new(ReceiverStream::new(receive)))
    }
}

/// Answers a call with who called: as a case whose name is `ROLE name division unit window session`.
async fn answer(request: Request) -> Response {
    assert!(!request.headers().contains_key("authorization") && !request.headers().contains_key("yizhan-caller-bin"));
    if request.uri().path().ends_with("/WatchCases") {
        return watch();
    }
    desk::reply(&Case { name: describe(request.extensions().get::<Caller>()), ..Default::default() })
}

pub fn describe(caller: Option<&Caller>) -> String {
    let Some(caller) = caller else { return "nobody".to_owned() };
    let role = caller.role().as_str_name().trim_start_matches("ROLE_");
    let (unit, window) = (caller.unit().unwrap_or("-"), caller.window().unwrap_or("-"));
    let bound = if caller.certificate().is_some() { " bound" } else { "" };
    format!("{role} {} {unit} {window} {}{bound}", caller.name(), caller.session())
}

/// One message at once, and no end.
fn watch() -> Response {
    let first = WatchCasesResponse { seq: 1, ..Default::default() }.encode_to_vec();
    let mut framed = vec![0, 0, 0, 0, first.len() as u8];
    framed.extend(first);
    let first: Result<Frame<Bytes>, std::convert::Infallible> = Ok(Frame::data(framed.into()));
    let frames = tokio_stream::once(first).chain(tokio_stream::pending());
    let mut answer = Response::new(axum::body::Body::new(StreamBody::new(frames)));
    answer.headers_mut().insert("content-type", "application/grpc".parse().expect("a header"));
    answer
}

/// The gateway of a county.
pub struct Town {
    pub directory: Told,
    pub signer: Signer,
    pub authority: Authority,
    pub config: Config,
    address: SocketAddr,
    stop: CancellationToken,
}

impl Town {
    pub async fn open(database: &TestDatabase) -> Town {
        Town::with(database, |_| {}).await
    }

    pub async fn with(database: &TestDatabase, change: impl FnOnce(&mut Config)) -> Town {
        let mut config = database.config(&["gateway"]).await;
        config.rate = 0;
        change(&mut config);
        let directory = Told::of("directory");
        let signer = directory.key();
        directory.credential(TERMINAL, |it| it.window = format!("divisions/{DIVISION}/windows/A01"));
        directory.clerk(|_| {});
        let authority = Authority::open(&config.pki()).expect("an authority");
        let mut town = Town {
            directory,
            signer,
            authority,
            config,
            address: ([127, 0, 0, 1], 0).into(),
            stop: CancellationToken::new(),
        };
        town.serve(town.directory.peer()).await;
        town
    }

    /// Opens the gateway, or opens it again on what it left, with this directory before it.
    pub async fn serve(&mut self, directory: Peer) {
        self.stop.cancel();
        self.stop = CancellationToken::new();
        let mut routes = Routes::default();
        let router = routes.axum_router_mut();
        *router = std::mem::take(router).route("/yizhan.intake.v1.CaseService/{method}", any(answer));
        let roster = Told::of("roster").peer();
        let disclosure = Told::of("disclosure").peer();
        let peers = Peers { directory, intake: Peer::in_process(routes), roster, disclosure };
        let clock = testing::clock("2016-03-31T10:00");
        let open = gateway::open(&self.config, &clock, peers).await.expect("opens");
        let stem = self.config.pki().join("gateway");
        Identity::open_or_issue(&stem, &self.authority, "services/gateway", &["127.0.0.1".into()], YEAR)
            .expect("issued");
        let tls = tls::Server::open(&self.config.pki().join("ca.pem"), &stem).expect("TLS");
        let listener = serve::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
        self.address = listener.local_addr().expect("a bound address");
        tokio::spawn(serve::secure_grpc(listener, open.routes, Limits::default(), tls, self.stop.clone()));
    }

    /// Somebody with a certificate by this name.
    pub fn identity(&self, name: &str) -> Identity {
        self.authority.issue(name, &[], YEAR).expect("issued")
    }

    pub fn channel(&self, identity: Option<&Identity>) -> Channel {
        let client = tls::Client::new(self.authority.certificate_pem(), identity).expect("TLS");
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).expect("a URL");
        endpoint.connect_with_connector_lazy(client.connector())
    }

    /// What a token of the clerk says that is given now.
    pub fn claims(&self) -> Claims {
        let now = wall().0 / 1_000_000;
        Claims {
            iss: "yizhan".into(),
            aud: "yizhan".into(),
            sub: CLERK.into(),
            exp: now + 300,
            nbf: now,
            iat: now,
            jti: testing::request_id(),
            sid: "s1".into(),
            caller: Of { role: "CLERK".into(), division: DIVISION.into(), unit: "001".into(), window: "B02".into() },
            cnf: None,
        }
    }

    pub fn token(&self) -> String {
        self.signer.sign(&self.claims())
    }

    pub fn end(&self, session: &str) {
        let end = pb::SessionEnd { session: session.into(), ended_at: Some(wall().timestamp()) };
        self.directory.tell("session.ended", end.encode_to_vec());
    }

    /// Waits until the gateway that serves now has learnt all that was told so far: until it knows a terminal that it is
    /// told of last.
    pub async fn settle(&self) {
        let mark = format!("M{}", testing::request_id()[..8].to_uppercase());
        let name = format!("divisions/{DIVISION}/terminals/{mark}");
        self.directory.credential(&name, |it| it.window = format!("divisions/{DIVISION}/windows/{mark}"));
        let mut cases = CaseServiceClient::new(self.channel(Some(&self.identity(&name))));
        for _ in 0..500 {
            let mut request = tonic::Request::new(GetCaseRequest::default());
            request.set_timeout(Duration::from_secs(10));
            if cases.get_case(request).await.expect("an answer").into_inner().name.contains(&format!(" {mark} ")) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the directory was not followed");
    }
}

pub fn bound(identity: &Identity) -> Cnf {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let der = CertificateDer::from_pem_slice(identity.chain_pem.as_bytes()).expect("a certificate");
    Cnf::of(&kit::pki::fingerprint(&der))
}

pub fn ago(seconds: i64) -> Moment {
    Moment(wall().0 - seconds * 1_000_000)
}

pub fn call<T>(message: T, token: Option<&str>) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(Duration::from_secs(10));
    if let Some(token) = token {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().expect("metadata"));
    }
    request
}

/// Who the services behind take one for, or the reason why one does not come so far.
pub async fn who(channel: &Channel, token: Option<&str>) -> String {
    match CaseServiceClient::new(channel.clone()).get_case(call(GetCaseRequest::default(), token)).await {
        Ok(case) => case.into_inner().name,
        Err(status) => {
            let reason = reason(&status);
            let code = if reason == "NOT_READY" { Code::Unavailable } else { Code::Unauthenticated };
            assert_eq!(status.code(), code, "{status}");
            reason
        }
    }
}
