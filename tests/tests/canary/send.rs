//! Sends the canaries: at every field, by who may and by who may not, and beside the message.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use futures::{StreamExt, stream};
use http::HeaderValue;
use kit::testing::TestDatabase;
use proto::{
    directory::v1::directory_service_client::DirectoryServiceClient,
    identity::v1::Role,
    intake::v1::{self as pb, catalogue_service_client::CatalogueServiceClient},
    rule::{self, Rule},
};
use rcgen::{KeyPair, PKCS_ED25519};
use tokio::sync::OnceCell;
use tonic::{Code, Status};

use super::{
    canary::{SONGS, Song},
    contract::{Contract, Field, with},
    disclosure,
    duty::Duty,
    valid,
};
use crate::{
    house::centre::{Centre, request_id},
    town::{Town, Who, line::Line},
};

/// A program with a centre in it, and everybody who calls.
pub struct Hall {
    pub town: Town,
    pub centre: Centre,
    pub guide: pb::ItemText,
    pub signing_request: String,
    pub assertion_key: Vec<u8>,
    pub duty: Duty,
    /// Name of a published figure.
    pub statement: OnceCell<String>,
    callers: Vec<Who>,
    made: AtomicUsize,
    units: AtomicUsize,
}

/// How a canary goes in.
#[derive(Clone, Debug)]
enum Way {
    /// At one field of a request that is good besides.
    At(Field, Song),
    /// The same by somebody whose role may not call.
    Uncalled(Field),
    /// At all fields at once; by who may, or may not.
    Everywhere(bool),
    /// As the token.
    Token,
    /// In each other header that is looked at or passed on.
    Headers,
    /// Instead of a message, or behind one that is cut off.
    Malformed,
    CutOff(Field),
    /// As a method, or a service, that there is not.
    Method,
    Service,
}

/// One canary, and what it was answered with.
pub struct Sent {
    pub method: &'static str,
    way: Way,
    /// As the contract calls it; empty where it was no field.
    pub field: String,
    /// Whether it went in where it may stand, by who may call.
    pub let_in: bool,
    /// None where it was answered with no error.
    pub code: Option<Code>,
    /// The error, in all its parts.
    pub answered: Vec<u8>,
}

impl Sent {
    pub fn name(&self) -> String {
        format!("{} {:?}", self.method, self.way)
    }
}

impl Hall {
    pub async fn open(database: &TestDatabase, simulate: Option<&'static str>, settings: &[(&str, &str)]) -> Hall {
        let town = Town::open_with(database, simulate, settings).await;
        let centre = Centre { code: "410223".to_owned() };
        let get = pb::GetItemRequest { name: centre.promised_item("012") };
        let item = CatalogueServiceClient::new(town.ring.clone()).get_item(get).await.expect("an item").into_inner();
        let hall = Hall {
            callers: town.callers().await,
            duty: Duty::open(town.ring.clone(), centre.clone()).await,
            town,
            centre,
            guide: item.text.expect("a text"),
            signing_request: kit::pki::signing_request().expect("a request").1,
            assertion_key: KeyPair::generate_for(&PKCS_ED25519).expect("a key").public_key_raw().to_vec(),
            statement: OnceCell::new(),
            made: AtomicUsize::new(0),
            units: AtomicUsize::new(0),
        };
        let mut import = valid::everything_new(&hall);
        import.windows.push(valid::window(hall.centre.of("windows", "Z01")));
        import.people.push(valid::person(&hall, "Z01"));
        DirectoryServiceClient::new(hall.town.ring.clone()).import_directory(import).await.expect("imported");
        disclosure::is_ready(&hall).await;
        hall
    }

    /// A number that nobody had before.
    pub fn next(&self) -> usize {
        self.made.fetch_add(1, Ordering::Relaxed)
    }

    /// Units have three digits.
    pub fn next_unit(&self) -> usize {
        self.units.fetch_add(1, Ordering::Relaxed) % 900
    }

    /// Everything that there is to send, in order of the canaries' numbers.
    pub async fn send_everything(&self) -> Vec<Sent> {
        let contract = Contract::read();
        // Last, what ends the session of who is let in.
        let (ends, goes_on): (Vec<_>, Vec<_>) = rule::all().iter().partition(|rule| rule.path.ends_with("/SignOut"));
        let ways = goes_on.into_iter().chain(ends).flat_map(|rule| {
            let fields = contract.fields(rule.path);
            let songs = |field: &Field| SONGS.map(|song| Way::At(field.clone(), song));
            let mut ways: Vec<_> = fields.iter().flat_map(songs).collect();
            ways.extend(fields.iter().cloned().map(Way::Uncalled));
            ways.extend(fields.first().cloned().map(Way::CutOff));
            ways.extend([
                Way::Everywhere(true),
                Way::Everywhere(false),
                Way::Token,
                Way::Headers,
                Way::Malformed,
                Way::Method,
                Way::Service,
            ]);
            ways.into_iter().map(move |way| (rule, way))
        });
        let ways: Vec<_> = ways.enumerate().collect();
        let sending = ways.into_iter().map(|(number, (rule, way))| self.send(&contract, rule, way, number));
        stream::iter(sending).buffered(8).collect().await
    }

    async fn send(&self, contract: &Contract, rule: &'static Rule, way: Way, number: usize) -> Sent {
        let at = if let Way::At(field, _) | Way::Uncalled(field) = &way { field.path.as_slice() } else { &[] };
        let mut messages = valid::request(self, rule, at).await;
        let may = !matches!(way, Way::Uncalled(_) | Way::Everywhere(false));
        let line = if may { self.who_may(rule, &messages[0]).await } else { self.who_may_not(rule) };
        let (mut path, mut headers, message) = (rule.path.to_owned(), Vec::new(), &mut messages[0]);
        let phone = Song::Phone.text(number, "");
        match &way {
            Way::At(field, song) => {
                let instead = rule::text(message, &field.path).unwrap_or_default();
                *message = with(message, &field.path, song.text(number, instead).as_bytes());
            }
            Way::Uncalled(field) => *message = with(message, &field.path, phone.as_bytes()),
            Way::CutOff(field) => {
                *message = with(message, &field.path, Song::Number.text(number, "").as_bytes());
                message.pop();
            }
            Way::Everywhere(_) => {
                for (field, song) in contract.fields(rule.path).iter().zip(SONGS.into_iter().cycle()) {
                    *message = with(message, &field.path, song.text(number, "").as_bytes());
                }
            }
            Way::Token => headers = vec![("authorization", header(&format!("Bearer {phone}")))],
            Way::Headers => {
                headers = beside(number);
                // It says whose log is meant: that it is no service is told by the journals' own calls.
                headers.retain(|(name, _)| *name != "yizhan-service" || !rule.path.contains("LogService"));
            }
            Way::Malformed => *message = Song::Name.text(number, "").into_bytes(),
            Way::Method => path = format!("{}/{phone}", rule.path.rsplit_once('/').expect("a path").0),
            Way::Service => path = format!("/{phone}{}", rule.path),
        }
        let answer = line.send(&path, &messages, &headers).await;
        let field = if let Way::At(field, _) = &way { field.name.clone() } else { String::new() };
        let answered = answer.as_ref().map(told).unwrap_or_default();
        let code = answer.map(|status| status.code()).filter(|code| *code != Code::Ok);
        Sent { method: rule.path, let_in: !field.is_empty(), field, way, code, answered }
    }

    /// The caller whom a request asks for.
    async fn who_may(&self, rule: &Rule, message: &[u8]) -> Line {
        // Of a circular that is not issued the public sees nothing.
        let is_inside = rule.is_public() && rule.path.ends_with("Circular");
        let role = if is_inside { Role::Operator } else { rule.grants[0].role };
        if !matches!(role, Role::Clerk | Role::Leader) {
            return self.callers.iter().find(|who| who.role == role).expect("one of each role").line.clone();
        }
        let text = |path| rule::text(message, path).ok().filter(|text| !text.is_empty()).map(str::to_owned);
        let of_unit = || if role == Role::Leader { self.centre.head("012") } else { self.centre.clerk("012") };
        let actor = text(rule.actor).unwrap_or_else(of_unit);
        let window = text(rule.window).unwrap_or_else(|| self.centre.accepting());
        let (channel, bearer) = self.town.ring.signed(&actor, &window).await.expect("signs in");
        Line { channel, bearer: Some(bearer) }
    }

    /// Somebody known whose role is none of the rule's; nobody in particular where all may call.
    fn who_may_not(&self, rule: &Rule) -> Line {
        let granted = |who: &&Who| rule.grants.iter().all(|grant| grant.role != who.role) && who.role != Role::Public;
        self.callers.iter().find(granted).unwrap_or(&self.callers[0]).line.clone()
    }

    /// Ends the program in good order, so that all it has to export is sent, and gives all that it said.
    pub async fn stop(self) -> Vec<u8> {
        let log = self.town.data.join("all.log");
        let Hall { town, callers, .. } = self;
        drop(callers);
        let ended = town.program.stop().await;
        assert!(ended.success(), "{ended:?}");
        std::fs::read(log).expect("the log")
    }
}

/// All that an error says.
fn told(status: &Status) -> Vec<u8> {
    let mut told = format!("{} {:?}", status.message(), status.metadata()).into_bytes();
    told.extend_from_slice(status.details());
    told
}

fn header(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.as_bytes()).expect("a header")
}

fn beside(number: usize) -> Vec<(&'static str, HeaderValue)> {
    let (name, phone) = (Song::Name.text(number, ""), Song::Phone.text(number, ""));
    let binary = base64::prelude::BASE64_STANDARD.encode(Song::Number.text(number, ""));
    vec![
        ("x-request-id", header(&name)),
        ("request-id", header(&request_id().replace('-', &phone))),
        ("user-agent", header(&phone)),
        ("traceparent", header("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")),
        ("tracestate", header(&format!("a={phone}"))),
        ("baggage", header(&format!("phone={phone}"))),
        ("yizhan-service", header(&phone)),
        ("yizhan-caller-bin", header(&binary)),
        ("grpc-accept-encoding", header(&phone)),
        ("x-forwarded-for", header(&phone)),
    ]
}
