//! A directory service to call, and the county that most tests begin with.

use kit::{
    peer::Peer,
    testing::{TestDatabase, clock, databases, request_id, serve},
};
use proto::{
    directory::v1::{
        self as pb, calendar_service_client::CalendarServiceClient, directory_service_client::DirectoryServiceClient,
    },
    journal::v1::{Entry, ReadEntriesRequest, journal_service_client::JournalServiceClient},
};
use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

pub const COUNTY: &str = "divisions/410223";
/// Whom `kit::testing::serve` makes the caller.
pub const TESTER: &str = "divisions/410223/people/TESTER";

pub struct Hall {
    pub peer: Peer,
    pub database: TestDatabase,
}

/// An empty hall on each engine.
pub async fn halls() -> Vec<Hall> {
    let mut halls = Vec::new();
    for database in databases() {
        halls.push(Hall::open(database).await);
    }
    halls
}

/// A hall on each engine with the county, its units 001 and 002, and the windows A01 (accepts) and B01 (issues).
pub async fn counties() -> Vec<Hall> {
    let halls = halls().await;
    for hall in &halls {
        let request = pb::ImportDirectoryRequest {
            division: Some(division()),
            units: vec![unit("001"), unit("002")],
            windows: vec![window("A01"), pb::Window { accepts: false, issues: true, ..window("B01") }],
            ..sheet()
        };
        hall.directory().import_directory(request).await.expect("the county");
    }
    halls
}

impl Hall {
    /// Opens the service; on the same database again, it finds what it left.
    pub async fn open(database: TestDatabase) -> Hall {
        let config = database.config(&["directory"]).await;
        let routes = directory::open(&config, &clock("2026-02-09T09:00")).await.expect("the service opens");
        Hall { peer: serve(routes).await, database }
    }

    pub fn directory(&self) -> DirectoryServiceClient<Peer> {
        DirectoryServiceClient::new(self.peer.clone())
    }

    pub fn calendar(&self) -> CalendarServiceClient<Peer> {
        CalendarServiceClient::new(self.peer.clone())
    }

    /// All entries of a division.
    pub async fn journal(&self, division: &str) -> Vec<Entry> {
        let mut journal = JournalServiceClient::new(self.peer.clone());
        let request = ReadEntriesRequest { after: vec![], division: division.to_owned(), tail: false };
        let mut batches = journal.read_entries(request).await.expect("a journal").into_inner();
        let mut entries = Vec::new();
        while let Some(batch) = batches.message().await.expect("a batch") {
            entries.extend(batch.entries);
        }
        entries
    }

    pub async fn events(&self) -> Vec<String> {
        self.journal("410223").await.into_iter().map(|entry| entry.event).collect()
    }
}

pub fn division() -> pb::Division {
    pb::Division {
        name: COUNTY.into(),
        display_name_zh: "尉氏县".into(),
        display_name_en: "Weishi County".into(),
        ..Default::default()
    }
}

pub fn unit(code: &str) -> pb::Unit {
    pb::Unit {
        name: format!("{COUNTY}/units/{code}"),
        display_name_zh: "尉氏县公安局".into(),
        display_name_en: "Weishi County Public Security Bureau".into(),
        short_name_zh: "县公安局".into(),
        kind: pb::UnitKind::Authority.into(),
        uscc: "11410223005380613G".into(),
        phone: "0371-55500001".into(),
        supervision_phone: "0371-55501001".into(),
        address: "尉氏县人民路".into(),
        reconsideration_body: "尉氏县人民政府".into(),
        court: "尉氏县人民法院".into(),
        ..Default::default()
    }
}

pub fn window(code: &str) -> pb::Window {
    pb::Window {
        name: format!("{COUNTY}/windows/{code}"),
        display_name_zh: "户籍业务受理窗口".into(),
        unit: format!("{COUNTY}/units/001"),
        accepts: true,
        floor: "1".into(),
        ..Default::default()
    }
}

pub fn person(code: &str) -> pb::Person {
    pb::Person {
        name: format!("{COUNTY}/people/{code}"),
        display_name: "康雪琴".into(),
        unit: format!("{COUNTY}/units/001"),
        rank: pb::Rank::Head.into(),
        title: "党委书记、局长".into(),
        window: format!("{COUNTY}/windows/A01"),
        phone: "0371-55511003".into(),
        ..Default::default()
    }
}

/// An import of nothing.
pub fn sheet() -> pb::ImportDirectoryRequest {
    pb::ImportDirectoryRequest { parent: COUNTY.into(), request_id: request_id(), ..Default::default() }
}

/// The code and reason of a refusal.
pub fn refused<T: std::fmt::Debug>(answer: Result<Response<T>, Status>) -> (Code, String) {
    let status = answer.expect_err("a refusal");
    (status.code(), kit::status::reason(&status))
}

/// The places that a refusal names.
pub fn places(status: &Status) -> Vec<String> {
    let faults = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
    faults.into_iter().map(|fault| fault.field).collect()
}
