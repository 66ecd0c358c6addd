//! A gateway's books on a fresh database, fed by hand as a follower feeds them.

#![allow(dead_code, clippy::unwrap_used)] // each test uses a part of it

#[path = "../desk/mod.rs"]
pub mod desk;
pub mod duties;
pub mod publications;

use std::sync::Arc;

use bytes::Bytes;
use gateway::{
    Peers,
    books::Books,
    domain::day::Day,
    door::{identify::Identify, rate::Rate},
    follow::{directory::FollowDirectory, disclosure::FollowDisclosure, intake::FollowIntake, roster::FollowRoster},
    known::Known,
    rpc::figures::Metrics,
    views::Views,
    web::{account::Accounts, circular::Circulars, portal::Portal},
};
use kit::{
    clock::{Clock, Moment},
    keys::Keys,
    peer::Peer,
    store::{Store, follower},
    testing::{self, TestDatabase},
};
use prost::Message;
use proto::{
    directory::v1 as directory,
    gateway::v1::{metrics_service_client::MetricsServiceClient, metrics_service_server::MetricsServiceServer},
    intake::v1::{self as intake, CaseFacts, CaseState, Handling},
    journal::v1::Entry,
    roster::v1 as roster,
};
use tonic::service::Routes;

pub const DIVISION: &str = "410223";
pub const PARENT: &str = "divisions/410223";

/// What stands on a database of the gateway, without the services it follows.
pub struct Ledger {
    pub store: Store,
    pub books: Books,
    pub clock: Clock,
    pub keys: Keys,
    pub known: Known,
    /// Where people sign in.
    pub desk: desk::Desk,
    intake: i64,
    directory: i64,
    roster: i64,
    disclosure: i64,
    _database: TestDatabase,
}

impl Ledger {
    pub async fn open(database: TestDatabase, now: &str) -> Ledger {
        let config = database.config(&["gateway"]).await;
        let store =
            Store::open::<migrations::gateway::Migrator>("gateway", &config.database("gateway")).await.expect("opens");
        let clock = testing::clock(now);
        let books = Books::new(&store, &clock);
        let keys = Keys::from_bytes([7; 32]);
        let known = Known::open(&store).await.expect("reads");
        let desk = desk::Desk::default();
        Ledger {
            store,
            books,
            clock,
            keys,
            known,
            desk,
            intake: 0,
            directory: 0,
            roster: 0,
            disclosure: 0,
            _database: database,
        }
    }

    /// MetricsService over these books.
    pub async fn metrics(&self) -> MetricsServiceClient<kit::peer::Peer> {
        let metrics = MetricsServiceServer::new(Metrics { books: self.books.clone(), keys: self.keys.clone() });
        MetricsServiceClient::new(testing::serve(Routes::new(metrics)).await)
    }

    pub fn pages(&self) -> axum::Router {
        self.pages_limited(0)
    }

    /// The same, where one address may send so many requests in a second.
    pub fn pages_limited(&self, rate: u32) -> axum::Router {
        let identify = Arc::new(Identify::new(self.known.clone(), None));
        let accounts = Accounts::new(self.desk.peer(), identify, Arc::new(Rate::of(rate)), false);
        let portal = Portal::new(&self.peers(), Views::new(&self.store, &self.clock), Arc::new(Rate::of(rate)), false);
        gateway::web::pages(self.books.clone(), self.keys.clone(), accounts, Circulars::new(duties::office()), portal)
    }

    /// The services behind the pages: of all but the desk there is nobody there.
    fn peers(&self) -> Peers {
        let nobody = Peer::in_process(Routes::default());
        Peers { directory: self.desk.peer(), intake: nobody.clone(), roster: nobody.clone(), disclosure: nobody }
    }

    /// Tells facts of cases, in batches as a feed sends them.
    pub async fn cases(&mut self, facts: impl IntoIterator<Item = CaseFacts>) {
        let noun = |facts: &CaseFacts| format!("cases/{}", facts.number);
        let entries: Vec<_> =
            facts.into_iter().map(|facts| ("case.told", noun(&facts), facts.encode_to_vec())).collect();
        self.intake(entries).await;
    }

    pub async fn item(&mut self, code: &str, zh: &str, en: &str) {
        let text = intake::ItemText { title_zh: zh.into(), title_en: en.into(), ..Default::default() };
        let item = intake::Item { name: format!("{PARENT}/items/{code}"), text: Some(text), ..Default::default() };
        self.intake(vec![("item.created", format!("items/{code}"), item.encode_to_vec())]).await;
    }

    pub async fn division(&mut self, zh: &str, en: &str) {
        let division = directory::Division {
            name: PARENT.into(),
            display_name_zh: zh.into(),
            display_name_en: en.into(),
            ..Default::default()
        };
        self.directory(vec![("division.created", format!("divisions/{DIVISION}"), division.encode_to_vec())]).await;
    }

    pub async fn unit(&mut self, code: &str, zh: &str, en: &str) {
        let unit = directory::Unit {
            name: format!("{PARENT}/units/{code}"),
            display_name_zh: zh.into(),
            display_name_en: en.into(),
            ..Default::default()
        };
        self.directory(vec![("unit.created", format!("units/{code}"), unit.encode_to_vec())]).await;
    }

    pub async fn intake(&mut self, nouns: Vec<(&str, String, Vec<u8>)>) {
        let all = entries(&mut self.intake, nouns);
        for some in all.chunks(500) {
            follower::apply(&self.store, "intake", DIVISION, some, &FollowIntake).await.expect("applied");
        }
    }

    /// Tells duties, in batches as a feed sends them.
    pub async fn duties(&mut self, told: impl IntoIterator<Item = roster::Duty>) {
        let noun = |duty: &roster::Duty| duty.name.replacen(&format!("{PARENT}/"), "", 1);
        let told: Vec<_> = told.into_iter().map(|duty| ("duty.told", noun(&duty), duty.encode_to_vec())).collect();
        self.roster(told).await;
    }

    pub async fn roster(&mut self, nouns: Vec<(&str, String, Vec<u8>)>) {
        let all = entries(&mut self.roster, nouns);
        for some in all.chunks(500) {
            follower::apply(&self.store, "roster", DIVISION, some, &FollowRoster).await.expect("applied");
        }
    }

    /// Tells of publications, in batches as a feed sends them, each at noon of a day.
    pub async fn disclosure(&mut self, nouns: Vec<(&str, String, Vec<u8>)>, days: &[&str]) {
        let mut all = entries(&mut self.disclosure, nouns);
        for (entry, day) in all.iter_mut().zip(days) {
            entry.occurred_at = Some(testing::moment(&format!("{day}T12:00")).timestamp());
        }
        for some in all.chunks(500) {
            follower::apply(&self.store, "disclosure", DIVISION, some, &FollowDisclosure).await.expect("applied");
        }
    }

    pub async fn directory(&mut self, nouns: Vec<(&str, String, Vec<u8>)>) {
        let all = entries(&mut self.directory, nouns);
        follower::apply(&self.store, "directory", DIVISION, &all, &FollowDirectory(self.known.clone()))
            .await
            .expect("applied");
        self.known.renew().await.expect("reads");
    }
}

fn entries(seq: &mut i64, nouns: Vec<(&str, String, Vec<u8>)>) -> Vec<Entry> {
    let entry = |(event, noun, payload): (&str, String, Vec<u8>)| {
        *seq += 1;
        Entry {
            division: DIVISION.into(),
            seq: *seq,
            noun: format!("{PARENT}/{noun}"),
            event: event.into(),
            payload: Bytes::from(payload),
            // A minute apart.
            occurred_at: Some(Moment(testing::moment("2016-03-01T08:00").0 + *seq * 60_000_000).timestamp()),
            ..Default::default()
        }
    };
    nouns.into_iter().map(entry).collect()
}

/// A day as facts carry it.
pub fn day(text: &str) -> i32 {
    Day::parse(text).expect("a date").0
}

/// A promised case of unit 001 that was received, and no more.
pub fn received(number: &str, on: &str) -> CaseFacts {
    CaseFacts {
        number: number.into(),
        state: CaseState::Received.into(),
        unit: "001".into(),
        item: "item-1".into(),
        handling: Handling::Promised.into(),
        received_window: "A01".into(),
        received_on: day(on),
        handling_days: -1,
        ..Default::default()
    }
}

/// The same, accepted on a day, with due days.
pub fn accepted(number: &str, on: &str, promised: &str, legal: &str) -> CaseFacts {
    CaseFacts {
        state: CaseState::Accepted.into(),
        accepted_on: day(on),
        promised_due_on: day(promised),
        legal_due_on: day(legal),
        ..received(number, on)
    }
}

/// Granted on a day after so many working days, and issued on another.
pub fn issued(case: CaseFacts, decided: &str, days: i32, issued: &str) -> CaseFacts {
    CaseFacts {
        state: CaseState::Issued.into(),
        decided_on: day(decided),
        granted: true,
        handling_days: days,
        ended_on: day(issued),
        ..case
    }
}
