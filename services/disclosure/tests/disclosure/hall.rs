//! A small county: two units with their leaders and clerks, the centre's own people; directory, intake, roster and
//! disclosure on a fresh database.

use std::time::Duration;

use disclosure::Peers;
use kit::{
    clock::Clock,
    config::Config,
    peer::Peer,
    serve::OpenError,
    status,
    testing::{self, TestDatabase, moment, request_id},
};
use proto::{
    directory::v1::{
        self as dir, calendar_service_client::CalendarServiceClient, directory_service_client::DirectoryServiceClient,
    },
    disclosure::v1::{
        self as pb, column_service_client::ColumnServiceClient, file_service_client::FileServiceClient,
        publication_service_client::PublicationServiceClient,
    },
    journal::v1::{Entry, ReadEntriesRequest, journal_service_client::JournalServiceClient},
};
use tokio::runtime::Runtime;
use tonic::{Response, Status};

pub const DIVISION: &str = "410223";
/// The unit that most stories are of, its clerks, and its leader.
pub const UNIT: &str = "012";
pub const CLERK: &str = "012-C1";
pub const REVIEWER: &str = "012-C2";
pub const LEADER: &str = "012-L1";
/// Of the centre itself.
pub const MANAGER: &str = "CENTRE-1";
pub const MAYOR: &str = "MAYOR";
/// A clerk of another unit.
pub const STRANGER: &str = "005-C1";

pub fn name(collection: &str, code: &str) -> String {
    format!("divisions/{DIVISION}/{collection}/{code}")
}

pub fn people(code: &str) -> String {
    name("people", code)
}

pub fn parent() -> String {
    format!("divisions/{DIVISION}")
}

pub fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    status::reason(&answer.expect_err("refused"))
}

/// What each story needs of disclosure's files, pages and sources stands beside it.
#[allow(dead_code)]
pub struct Hall {
    pub clock: Clock,
    config: Config,
    runtime: Option<Runtime>,
    pub directory: Peer,
    pub intake: Peer,
    pub roster: Peer,
    /// Over the wire; who only reads is the public.
    pub disclosure: Peer,
    /// The same for people of the division.
    pub inside: Peer,
    _database: TestDatabase,
}

struct House {
    runtime: Runtime,
    directory: Peer,
    intake: Peer,
    roster: Peer,
    disclosure: Peer,
    inside: Peer,
}

#[allow(dead_code)]
impl Hall {
    /// Tells the story in a fresh county on each engine.
    pub async fn on_each_engine(at: &str, story: impl AsyncFn(Hall)) {
        for database in testing::databases() {
            story(Hall::open_on(database, at).await).await;
        }
    }

    pub async fn open(at: &str) -> Hall {
        Hall::open_on(TestDatabase::sqlite(), at).await
    }

    async fn open_on(database: TestDatabase, at: &str) -> Hall {
        let services = ["directory", "intake", "roster", "disclosure"];
        let (config, clock) = (database.config(&services).await, testing::clock(at));
        let House { runtime, directory, intake, roster, disclosure, inside } =
            Hall::house(&config, &clock).await.expect("opens");
        let runtime = Some(runtime);
        let hall = Hall { clock, config, runtime, directory, intake, roster, disclosure, inside, _database: database };
        hall.furnish().await;
        hall
    }

    async fn house(config: &Config, clock: &Clock) -> Result<House, OpenError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (config, clock) = (config.clone(), clock.clone());
        let opening = runtime.spawn(async move {
            let directory = directory::open(&config, &clock).await?;
            let own = || Peer::in_process(directory.clone());
            let roster = roster::open(&config, &clock, own()).await?;
            let rosters = || Peer::in_process(roster.clone());
            let intake = intake::open(&config, &clock, own(), rosters()).await?;
            let peers = Peers { directory: own(), intake: Peer::in_process(intake.clone()), roster: rosters() };
            let disclosure = disclosure::open(&config, &clock, peers).await?;
            let in_process = |routes| Peer::in_process(testing::let_in(routes));
            let inside = in_process(disclosure.clone()).acting("gateway");
            let disclosure = testing::serve(disclosure).await;
            let (directory, intake, roster) = (in_process(directory), in_process(intake), in_process(roster));
            Ok::<_, OpenError>((directory, intake, roster, disclosure, inside))
        });
        let (directory, intake, roster, disclosure, inside) = opening.await??;
        Ok(House { runtime, directory, intake, roster, disclosure, inside })
    }

    /// Ends the services as a crash would, lets time pass, and opens them on what they left.
    pub async fn sleeps_until(mut self, at: &str) -> Hall {
        if let Some(runtime) = self.runtime.take() {
            let ended = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(Duration::from_secs(5)));
            ended.await.expect("ends");
        }
        self.clock.advance(moment(at));
        let House { runtime, directory, intake, roster, disclosure, inside } =
            Hall::house(&self.config, &self.clock).await.expect("opens anew");
        (self.runtime, self.directory, self.intake) = (Some(runtime), directory, intake);
        (self.roster, self.disclosure, self.inside) = (roster, disclosure, inside);
        self.clock.settled(moment(at)).await;
        self
    }

    /// Lets time pass, and what it brings be done.
    pub async fn pass_to(&self, at: &str) {
        assert!(self.clock.advance(moment(at)), "time goes forward");
        self.clock.settled(moment(at)).await;
    }

    async fn furnish(&self) {
        let unit = |code: &str| dir::Unit {
            name: name("units", code),
            display_name_zh: format!("{code}局"),
            display_name_en: code.into(),
            kind: dir::UnitKind::Authority.into(),
            reconsideration_body: "尉氏县人民政府".into(),
            court: "尉氏县人民法院".into(),
            ..Default::default()
        };
        let window = |code: &str, unit: &str, accepts: bool| dir::Window {
            name: name("windows", code),
            unit: name("units", unit),
            display_name_zh: format!("{code}窗口"),
            display_name_en: code.into(),
            accepts,
            issues: !accepts,
            ..Default::default()
        };
        let of_unit = |unit: &str| {
            [
                person(&format!("{unit}-L1"), unit, dir::Rank::Head),
                person(&format!("{unit}-C1"), unit, dir::Rank::Staff),
                person(&format!("{unit}-C2"), unit, dir::Rank::Staff),
            ]
        };
        let centre = [person(MANAGER, "", dir::Rank::Staff), person("CENTRE-2", "", dir::Rank::Staff)];
        let mayor = person(MAYOR, "", dir::Rank::GovernmentHead);
        let request = dir::ImportDirectoryRequest {
            parent: parent(),
            division: Some(dir::Division { name: parent(), display_name_zh: "尉氏县".into(), ..Default::default() }),
            units: ["005", UNIT].map(unit).to_vec(),
            windows: vec![window("A01", UNIT, true), window("A02", UNIT, false)],
            people: ["005", UNIT].into_iter().flat_map(of_unit).chain(centre).chain([mayor]).collect(),
            validate_only: false,
            request_id: request_id(),
        };
        DirectoryServiceClient::new(self.directory.clone()).import_directory(request).await.expect("loaded");
        // Disclosure knows them as soon as it has followed: the last of them is the last to be told of.
        let known = pb::ListInboxRequest { parent: name("units", UNIT), ..Default::default() };
        until(async || self.publications().list_inbox(known.clone()).await.is_ok()).await;
        until(async || refused(self.publications().create_publication(nothing()).await) != "PERSON_NOT_FOUND").await;
    }

    pub fn publications(&self) -> PublicationServiceClient<Peer> {
        let client = PublicationServiceClient::new(self.disclosure.clone());
        client.max_decoding_message_size(16 << 20).max_encoding_message_size(16 << 20)
    }

    pub fn columns(&self) -> ColumnServiceClient<Peer> {
        ColumnServiceClient::new(self.disclosure.clone())
    }

    pub fn files(&self) -> FileServiceClient<Peer> {
        FileServiceClient::new(self.disclosure.clone())
    }

    pub async fn publishes_notice(&self, notice: dir::Notice) {
        let request = dir::ImportNoticeRequest { notice: Some(notice), request_id: request_id() };
        CalendarServiceClient::new(self.directory.clone()).import_notice(request).await.expect("a notice");
    }

    pub async fn drafts(&self, content: pb::Content) -> Result<pb::Publication, Status> {
        let request = pb::CreatePublicationRequest {
            parent: parent(),
            content: Some(content),
            author: people(CLERK),
            request_id: request_id(),
        };
        self.publications().create_publication(request).await.map(Response::into_inner)
    }

    pub async fn updates(&self, there: &pb::Publication, content: pb::Content) -> Result<pb::Publication, Status> {
        let request = pb::UpdatePublicationRequest {
            name: there.name.clone(),
            content: Some(content),
            author: people(CLERK),
            etag: there.etag.clone(),
            request_id: request_id(),
        };
        self.publications().update_publication(request).await.map(Response::into_inner)
    }

    pub async fn checks(&self, name: &str) -> Result<pb::Publication, Status> {
        let request = pb::CheckPublicationRequest {
            name: name.into(),
            clerk: people(CLERK),
            etag: String::new(),
            request_id: request_id(),
        };
        self.publications().check_publication(request).await.map(Response::into_inner)
    }

    pub async fn reviews(&self, request: pb::ReviewPublicationRequest) -> Result<pb::Publication, Status> {
        self.publications().review_publication(request).await.map(Response::into_inner)
    }

    pub async fn approves(&self, name: &str, who: &str, reason: &str) -> Result<pb::Publication, Status> {
        let request = pb::ApprovePublicationRequest {
            name: name.into(),
            leader: people(who),
            below_bar_reason: reason.into(),
            etag: String::new(),
            request_id: request_id(),
        };
        self.publications().approve_publication(request).await.map(Response::into_inner)
    }

    pub async fn publishes(&self, name: &str) -> Result<pb::Publication, Status> {
        let request = pb::PublishPublicationRequest {
            name: name.into(),
            clerk: people(CLERK),
            etag: String::new(),
            request_id: request_id(),
        };
        self.publications().publish_publication(request).await.map(Response::into_inner)
    }

    pub async fn returns(&self, name: &str, reason: &str) -> Result<pb::Publication, Status> {
        let request = pb::ReturnPublicationRequest {
            name: name.into(),
            clerk: people(LEADER),
            reason: reason.into(),
            etag: String::new(),
            request_id: request_id(),
        };
        self.publications().return_publication(request).await.map(Response::into_inner)
    }

    pub async fn corrects(&self, name: &str, content: Option<pb::Content>) -> Result<pb::Publication, Status> {
        let request = pb::CorrectPublicationRequest {
            name: name.into(),
            author: people(CLERK),
            reason: "电话号码变更".into(),
            content,
            etag: String::new(),
            request_id: request_id(),
        };
        self.publications().correct_publication(request).await.map(Response::into_inner)
    }

    pub async fn withdraws(&self, name: &str) -> Result<pb::Publication, Status> {
        let request = pb::WithdrawPublicationRequest {
            name: name.into(),
            clerk: people(CLERK),
            reason: "内容有误，核实后重新公布".into(),
            etag: String::new(),
            request_id: request_id(),
        };
        self.publications().withdraw_publication(request).await.map(Response::into_inner)
    }

    /// What is open, led through check, review and approval to the public.
    pub async fn leads_to_the_public(&self, name: &str) -> pb::Publication {
        self.checks(name).await.expect("checked");
        self.reviews(discloses(name)).await.expect("reviewed");
        self.approves(name, LEADER, "").await.expect("approved");
        self.publishes(name).await.expect("published")
    }

    /// A publication led through its whole life to the public.
    pub async fn makes_public(&self, content: pb::Content) -> pb::Publication {
        let name = self.drafts(content).await.expect("drafted").name;
        self.leads_to_the_public(&name).await
    }

    /// As the public reads it.
    pub async fn reads(&self, name: &str, edition: i32) -> Result<pb::Publication, Status> {
        let request = pb::GetPublicationRequest { name: name.into(), edition };
        self.publications().get_publication(request).await.map(Response::into_inner)
    }

    /// As people of the division read it.
    pub async fn looks_at(&self, name: &str, edition: i32) -> pb::Publication {
        let request = pb::GetPublicationRequest { name: name.into(), edition };
        let mut client = PublicationServiceClient::new(self.inside.clone());
        client.get_publication(request).await.expect("there").into_inner()
    }

    pub async fn inbox(&self, unit: &str) -> Vec<pb::InboxEntry> {
        let request = pb::ListInboxRequest { parent: name("units", unit), ..Default::default() };
        self.publications().list_inbox(request).await.expect("an inbox").into_inner().entries
    }

    /// The names of what happened, in order.
    pub async fn events(&self) -> Vec<String> {
        self.journal().await.into_iter().map(|entry| entry.event).collect()
    }

    pub async fn journal(&self) -> Vec<Entry> {
        let request = ReadEntriesRequest { after: Vec::new(), division: DIVISION.into(), tail: false };
        let mut client = JournalServiceClient::new(self.disclosure.clone());
        let mut batches = client.read_entries(request).await.expect("a stream").into_inner();
        let mut entries = Vec::new();
        while let Some(batch) = batches.message().await.expect("a batch") {
            entries.extend(batch.entries);
        }
        entries
    }
}

impl Drop for Hall {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Refused whatever is known; with PERSON_NOT_FOUND while the last of the people is not.
fn nothing() -> pb::CreatePublicationRequest {
    let content = pb::Content { column: name("columns", "none"), ..notice() };
    pb::CreatePublicationRequest {
        parent: parent(),
        content: Some(content),
        author: people(MAYOR),
        request_id: request_id(),
    }
}

fn person(code: &str, unit: &str, rank: dir::Rank) -> dir::Person {
    dir::Person {
        name: people(code),
        display_name: format!("张{code}"),
        unit: if unit.is_empty() { String::new() } else { name("units", unit) },
        rank: rank.into(),
        ..Default::default()
    }
}

/// A notice that says all that it must.
pub fn notice() -> pb::Content {
    pb::Content {
        unit: name("units", UNIT),
        column: name("columns", "notices"),
        title: "关于春节期间办事大厅开放时间的通知".into(),
        summary: "春节期间办事大厅的开放时间和值班电话。".into(),
        formed_on: "2016-02-01".into(),
        body: "春节期间（2月7日至13日）办事大厅休息，2月14日起正常开放，值班电话0371-27990000。".into(),
        subjects: vec!["person".into(), "enterprise".into()],
        ..Default::default()
    }
}

pub fn section(element: &str, text: &str) -> pb::Section {
    pb::Section { element: element.into(), heading: String::new(), text: text.into() }
}

pub fn discloses(name: &str) -> pb::ReviewPublicationRequest {
    pb::ReviewPublicationRequest {
        name: name.into(),
        reviewer: people(REVIEWER),
        disposal: pb::Disposal::Disclose.into(),
        request_id: request_id(),
        ..Default::default()
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
    panic!("it did not come");
}
