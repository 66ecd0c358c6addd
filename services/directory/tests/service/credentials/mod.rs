//! Who calls, and by what they are known. Each call goes into the service as the gateway would pass it on: with the caller
//! that the gateway has proved.

use kit::{
    caller::{Caller, Role},
    clock::wall,
    peer::Peer,
    pki,
    testing::{TestDatabase, clock, databases, request_id},
    token::{Claims, Verifier},
};
use prost::Message;
use proto::{
    directory::v1::{
        self as pb, credential_service_client::CredentialServiceClient,
        directory_service_client::DirectoryServiceClient,
    },
    identity::v1 as identity,
    journal::v1::{Entry, ReadEntriesRequest, journal_service_client::JournalServiceClient},
};
use tonic::{Code, Request};

use crate::hall::{COUNTY, division, person, sheet, unit, window};

mod holders;
mod keys;
mod passwords;
mod replicas;
mod sessions;
mod systems;
mod terminals;

const PERSON: &str = "divisions/410223/people/U001-01";
const PASSWORD: &str = "correct horse battery";

/// A directory with the county, a unit, two windows, a head and a clerk; called in this process.
struct Door {
    peer: Peer,
    database: TestDatabase,
}

async fn doors() -> Vec<Door> {
    let mut doors = Vec::new();
    for database in databases() {
        let door = Door::open(database).await;
        let request = pb::ImportDirectoryRequest {
            division: Some(division()),
            units: vec![unit("001")],
            windows: vec![window("A01"), window("A02")],
            people: vec![person("U001-01"), pb::Person { rank: pb::Rank::Staff.into(), ..person("U001-02") }],
            ..sheet()
        };
        let mut directory = DirectoryServiceClient::new(door.peer.clone());
        directory.import_directory(by(&operator(), request)).await.expect("the county");
        doors.push(door);
    }
    doors
}

impl Door {
    async fn open(database: TestDatabase) -> Door {
        let config = database.config(&["directory"]).await;
        let routes = directory::open(&config, &clock("2026-02-09T09:00")).await.expect("the service opens");
        Door { peer: Peer::in_process(routes), database }
    }

    /// The service again, on what it left.
    async fn reopened(self) -> Door {
        Door::open(self.database).await
    }

    fn credentials(&self) -> CredentialServiceClient<Peer> {
        CredentialServiceClient::new(self.peer.clone())
    }

    fn directory(&self) -> DirectoryServiceClient<Peer> {
        DirectoryServiceClient::new(self.peer.clone())
    }

    /// Sets the person's password.
    async fn set(&self, person: &str, password: &str) -> pb::Credential {
        let request =
            pb::SetPasswordRequest { person: person.into(), password: password.into(), request_id: request_id() };
        self.credentials().set_password(by(&operator(), request)).await.expect("set").into_inner()
    }

    async fn sign_in(&self, caller: &Caller, person: &str, password: &str) -> Result<pb::Tokens, (Code, String)> {
        let request = pb::SignInRequest { person: person.into(), password: password.into() };
        told(self.credentials().sign_in(by(caller, request)).await)
    }

    async fn refresh(&self, caller: &Caller, token: &str) -> Result<pb::Tokens, (Code, String)> {
        let request = pb::RefreshTokensRequest { refresh_token: token.into() };
        told(self.credentials().refresh_tokens(by(caller, request)).await)
    }

    async fn revoke(&self, name: &str) -> pb::Credential {
        let request =
            pb::RevokeCredentialRequest { name: name.into(), reason: "lost".into(), request_id: request_id() };
        // Nobody takes back the credential that they come with.
        let other = operator_named("operators/other");
        self.credentials().revoke_credential(by(&other, request)).await.expect("revoked").into_inner()
    }

    async fn keys(&self) -> Vec<pb::SigningKey> {
        let request = by(&Caller::public(), pb::ListSigningKeysRequest {});
        self.credentials().list_signing_keys(request).await.expect("keys").into_inner().keys
    }

    /// What an access token says, verified with the published keys.
    async fn claims(&self, token: &str) -> Claims {
        let verifier = Verifier::new();
        let key = |key: pb::SigningKey| (key.id, key.public_key.try_into().expect("32 bytes"), None);
        verifier.set_keys(self.keys().await.into_iter().map(key).collect());
        verifier.verify(token, wall()).expect("a valid token")
    }

    async fn journal(&self, division: &str) -> Vec<Entry> {
        let mut journal = JournalServiceClient::new(self.peer.clone());
        let request = ReadEntriesRequest { after: vec![], division: division.to_owned(), tail: false };
        let mut batches =
            journal.read_entries(by(&Caller::service("gateway"), request)).await.expect("a journal").into_inner();
        let mut entries = Vec::new();
        while let Some(batch) = batches.message().await.expect("a batch") {
            entries.extend(batch.entries);
        }
        entries
    }

    /// The entries of credentials, sign-ins and sessions, without the county's own.
    async fn events(&self) -> Vec<String> {
        let all = self.journal("410223").await.into_iter().map(|entry| entry.event);
        all.filter(|event| ["credential.", "session.", "signin."].iter().any(|some| event.starts_with(some))).collect()
    }

    /// The credential as the journal told it last.
    async fn last(&self, event: &str) -> pb::Credential {
        let entry = self.journal("410223").await.into_iter().rev().find(|entry| entry.event == event);
        pb::Credential::decode(entry.expect("an entry").payload).expect("a credential")
    }

    /// The sessions whose end the journal tells.
    async fn ended(&self) -> Vec<String> {
        let ends = self.journal("410223").await.into_iter().filter(|entry| entry.event == "session.ended");
        ends.map(|entry| pb::SessionEnd::decode(entry.payload).expect("an end").session).collect()
    }
}

/// A request as the gateway passes it on.
pub fn by<T>(caller: &Caller, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(caller.clone());
    request
}

pub fn operator() -> Caller {
    operator_named("operators/first")
}

fn operator_named(name: &str) -> Caller {
    caller(identity::Caller { role: Role::Operator.into(), name: name.into(), ..Default::default() })
}

/// A terminal of a window, by a certificate.
fn terminal(code: &str, window: &str, certificate: u8) -> Caller {
    caller(identity::Caller {
        role: Role::Terminal.into(),
        name: format!("{COUNTY}/terminals/{code}"),
        division: "410223".into(),
        window: window.into(),
        certificate: vec![certificate; 32],
        ..Default::default()
    })
}

/// Whoever holds these tokens.
fn holder(tokens: &pb::Tokens) -> Caller {
    caller(tokens.caller.clone().expect("a caller"))
}

fn caller(told: identity::Caller) -> Caller {
    Caller::from_message(told).expect("a caller")
}

/// The answer, or the code and reason of the refusal.
fn told<T>(answer: Result<tonic::Response<T>, tonic::Status>) -> Result<T, (Code, String)> {
    answer.map(tonic::Response::into_inner).map_err(|status| (status.code(), kit::status::reason(&status)))
}

fn refusal(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}

fn signing_request() -> String {
    pki::signing_request().expect("a request").1
}
