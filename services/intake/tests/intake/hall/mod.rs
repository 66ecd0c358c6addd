//! A small hall: a division with two units, its windows, people and items; directory and intake on a fresh database,
//! under a clock that a test moves. Its verbs are those of the counter, so that a test reads as sentences.

mod acts;
mod county;

use std::time::Duration;

use kit::{
    clock::Clock,
    config::Config,
    peer::Peer,
    serve::OpenError,
    status,
    store::Store,
    testing::{self, TestDatabase, moment},
};
use prost::Message;
use proto::{
    directory::v1::{calendar_service_client::CalendarServiceClient, directory_service_client::DirectoryServiceClient},
    intake::v1::{
        self as pb, attachment_service_client::AttachmentServiceClient, case_service_client::CaseServiceClient,
        catalogue_service_client::CatalogueServiceClient,
    },
    journal::v1::{Entry, ReadEntriesRequest, journal_service_client::JournalServiceClient},
};
use sea_orm::ConnectionTrait;
use tokio::runtime::Runtime;
use tonic::Status;
use tonic_types::StatusExt;

pub use acts::*;
pub use county::*;

pub struct Hall {
    pub clock: Clock,
    pub config: Config,
    house: House,
    /// Last, so that the databases go after who works with them.
    _database: TestDatabase,
}

/// The services, on a runtime of their own, so that a test can end them as a crash would.
pub struct House {
    runtime: Option<Runtime>,
    directory: Peer,
    roster: Peer,
    intake: Peer,
}

impl Hall {
    /// Tells the story on a fresh hall of each engine.
    pub async fn on_each_engine(at: &str, story: impl AsyncFn(Hall)) {
        for database in testing::databases() {
            story(Hall::open_on(database, at).await).await;
        }
    }

    /// A hall on SQLite.
    pub async fn open(at: &str) -> Hall {
        Hall::open_on(TestDatabase::sqlite(), at).await
    }

    async fn open_on(database: TestDatabase, at: &str) -> Hall {
        // What is followed may lie on another engine, and a database not made is time saved.
        let (config, clock) = (database.config(&["intake"]).await, testing::clock(at));
        let house = House::open(&config, &clock).await.expect("opens");
        let hall = Hall { clock, config, house, _database: database };
        hall.furnish().await;
        hall
    }

    /// Ends the services as a crash would, lets time pass, and opens them on what they left.
    pub async fn sleeps_until(mut self, at: &str) -> Hall {
        self.house.end().await;
        assert!(self.clock.advance(moment(at)), "time goes forward");
        self.house = House::open(&self.config, &self.clock).await.expect("opens anew");
        until(async || self.knows_unit(OTHER_UNIT).await).await;
        self.clock.settled(moment(at)).await;
        self
    }

    /// Opens the services once more beside the first, on the same databases and under the same clock.
    pub async fn beside(&self) -> House {
        House::open(&self.config, &self.clock).await.expect("opens beside")
    }

    /// Ends the services, so that their files lie still.
    pub async fn closes(&mut self) {
        self.house.end().await;
    }

    /// Writes into the rows of the service past it, as a fault of the disk would.
    pub async fn rewrites(&self, sql: &str) {
        let url = self.config.database("intake");
        let store = Store::open::<migrations::intake::Migrator>("intake", &url).await.expect("opens");
        let tx = store.begin().await.expect("begins");
        assert_eq!(tx.execute_unprepared(sql).await.expect("rewritten").rows_affected(), 1, "{sql}");
        tx.commit().await.expect("commits");
        store.close().await.expect("closes");
    }

    /// Lets time pass, and what it brings be done.
    pub async fn pass_to(&self, at: &str) {
        assert!(self.clock.advance(moment(at)), "time goes forward");
        self.clock.settled(moment(at)).await;
    }

    /// Lets time pass before anybody has looked at the clock: the next request comes before the sweep.
    pub fn strikes(&self, at: &str) {
        assert!(self.clock.advance(moment(at)), "time goes forward");
    }

    pub fn peer(&self) -> Peer {
        self.house.intake.clone()
    }

    pub fn roster(&self) -> Peer {
        self.house.roster.clone()
    }

    pub fn directory(&self) -> DirectoryServiceClient<Peer> {
        DirectoryServiceClient::new(self.house.directory.clone())
    }

    pub fn calendar(&self) -> CalendarServiceClient<Peer> {
        CalendarServiceClient::new(self.house.directory.clone())
    }

    pub fn cases(&self) -> CaseServiceClient<Peer> {
        self.house.cases()
    }

    pub fn catalogue(&self) -> CatalogueServiceClient<Peer> {
        CatalogueServiceClient::new(self.peer())
    }

    pub fn attachments(&self) -> AttachmentServiceClient<Peer> {
        AttachmentServiceClient::new(self.peer())
    }

    /// The division's journal from its beginning.
    pub async fn journal(&self) -> Vec<Entry> {
        let request = ReadEntriesRequest { after: Vec::new(), division: DIVISION.into(), tail: false };
        let mut batches =
            JournalServiceClient::new(self.peer()).read_entries(request).await.expect("a stream").into_inner();
        let mut entries = Vec::new();
        while let Some(batch) = batches.message().await.expect("a batch") {
            entries.extend(batch.entries);
        }
        entries
    }

    /// What happened to a case, in order, and its facts after it.
    pub async fn history(&self, case: &pb::Case) -> Vec<(String, pb::CaseFacts)> {
        let of = |entry: &Entry| entry.noun == case.name;
        let read = |entry: Entry| (entry.event, pb::CaseFacts::decode(entry.payload).expect("CaseFacts"));
        self.journal().await.into_iter().filter(of).map(read).collect()
    }

    /// The names of what happened to a case.
    pub async fn events(&self, case: &pb::Case) -> Vec<String> {
        self.history(case).await.into_iter().map(|(event, _)| event).collect()
    }

    pub async fn case(&self, case: &pb::Case) -> pb::Case {
        let request = pb::GetCaseRequest { name: case.name.clone() };
        self.cases().get_case(request).await.expect("the case").into_inner()
    }

    async fn knows_unit(&self, unit: &str) -> bool {
        let request = pb::ListInboxRequest { parent: name("units", unit), page_size: 1, page_token: String::new() };
        self.cases().list_inbox(request).await.is_ok()
    }
}

impl House {
    async fn open(config: &Config, clock: &Clock) -> Result<House, OpenError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (config, clock) = (config.clone(), clock.clone());
        let opening = runtime.spawn(async move {
            let directory = directory::open(&config, &clock).await?;
            let roster = roster::open(&config, &clock, Peer::in_process(directory.clone())).await?;
            let (known, told) = (Peer::in_process(directory.clone()), Peer::in_process(roster.clone()));
            let intake = intake::open(&config, &clock, known, told).await?;
            let [directory, roster] = [directory, roster].map(|routes| Peer::in_process(testing::let_in(routes)));
            Ok::<_, OpenError>((directory, roster, testing::serve(intake).await))
        });
        let (directory, roster, intake) = opening.await??;
        Ok(House { runtime: Some(runtime), directory, roster, intake })
    }

    pub fn cases(&self) -> CaseServiceClient<Peer> {
        CaseServiceClient::new(self.intake.clone())
    }

    async fn end(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            let ended = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(Duration::from_secs(5)));
            ended.await.expect("ends");
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Waits for what comes by itself and soon.
pub async fn until(holds: impl AsyncFn() -> bool) {
    for _ in 0..1_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited ten seconds in vain");
}

/// The reason of a refusal.
pub fn refused<T: std::fmt::Debug>(done: Result<T, Status>) -> String {
    status::reason(&done.expect_err("is refused"))
}

/// The fields that a refusal names.
pub fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    violations.into_iter().map(|violation| violation.field).collect()
}

/// Names of this division.
pub fn name(collection: &str, id: &str) -> String {
    format!("divisions/{DIVISION}/{collection}/{id}")
}

/// The id at the end of a name.
pub fn id(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}
