//! A small centre: three units with their leaders, its own people, its windows; directory and roster on a fresh database.

use std::time::Duration;

use kit::{
    clock::Clock,
    config::Config,
    peer::Peer,
    serve::OpenError,
    status,
    testing::{self, TestDatabase, moment, request_id},
};
use proto::{
    directory::v1::{self as dir, directory_service_client::DirectoryServiceClient},
    journal::v1::{Entry, ReadEntriesRequest, journal_service_client::JournalServiceClient},
    roster::v1::{
        self as pb, attendance_service_client::AttendanceServiceClient, circular_service_client::CircularServiceClient,
        roster_service_client::RosterServiceClient, staffing_service_client::StaffingServiceClient,
    },
};
use tokio::runtime::Runtime;
use tonic::{Response, Status};

pub const DIVISION: &str = "410223";
/// People of the centre itself.
pub const MANAGER: &str = "CENTRE-1";
pub const OTHER_MANAGER: &str = "CENTRE-2";
/// Units with four, three and one leader.
pub const UNITS: [(&str, u32); 3] = [("005", 4), ("012", 3), ("021", 1)];
/// The window of the duty post.
pub const DESK: &str = "D01";

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

pub struct Hall {
    pub clock: Clock,
    config: Config,
    runtime: Option<Runtime>,
    directory: Peer,
    pub roster: Peer,
    _database: TestDatabase,
}

impl Hall {
    /// Tells the story on a fresh centre of each engine.
    pub async fn on_each_engine(at: &str, story: impl AsyncFn(Hall)) {
        for database in testing::databases() {
            story(Hall::open_on(database, at).await).await;
        }
    }

    pub async fn open(at: &str) -> Hall {
        Hall::open_on(TestDatabase::sqlite(), at).await
    }

    async fn open_on(database: TestDatabase, at: &str) -> Hall {
        let (config, clock) = (database.config(&["roster"]).await, testing::clock(at));
        let (runtime, directory, roster) = Hall::house(&config, &clock).await.expect("opens");
        let hall = Hall { clock, config, runtime: Some(runtime), directory, roster, _database: database };
        hall.furnish().await;
        hall
    }

    async fn house(config: &Config, clock: &Clock) -> Result<(Runtime, Peer, Peer), OpenError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (config, clock) = (config.clone(), clock.clone());
        let opening = runtime.spawn(async move {
            let directory = directory::open(&config, &clock).await?;
            let roster = roster::open(&config, &clock, Peer::in_process(directory.clone())).await?;
            Ok::<_, OpenError>((Peer::in_process(testing::let_in(directory)), testing::serve(roster).await))
        });
        let (directory, roster) = opening.await??;
        Ok((runtime, directory, roster))
    }

    /// Ends the services as a crash would, lets time pass, and opens them on what they left.
    pub async fn sleeps_until(mut self, at: &str) -> Hall {
        self.end().await;
        assert!(self.clock.advance(moment(at)), "time goes forward");
        let (runtime, directory, roster) = Hall::house(&self.config, &self.clock).await.expect("opens anew");
        (self.runtime, self.directory, self.roster) = (Some(runtime), directory, roster);
        self.clock.settled(moment(at)).await;
        self
    }

    async fn end(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            let ended = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(Duration::from_secs(5)));
            ended.await.expect("ends");
        }
    }

    /// Lets time pass, and what it brings be done.
    pub async fn pass_to(&self, at: &str) {
        assert!(self.clock.advance(moment(at)), "time goes forward");
        self.clock.settled(moment(at)).await;
    }

    async fn furnish(&self) {
        let window = |code: &str| dir::Window {
            name: name("windows", code),
            display_name_zh: format!("{code}窗口"),
            display_name_en: code.into(),
            accepts: true,
            ..Default::default()
        };
        let unit = |code: &str| dir::Unit {
            name: name("units", code),
            display_name_zh: format!("{code}局"),
            display_name_en: code.into(),
            kind: dir::UnitKind::Authority.into(),
            ..Default::default()
        };
        let leaders = UNITS.iter().flat_map(|(unit, many)| {
            (1..=*many).map(move |number| {
                let rank = if number == 1 { dir::Rank::Head } else { dir::Rank::Deputy };
                person(&leader(unit, number), unit, rank)
            })
        });
        let clerks = UNITS.iter().map(|(unit, _)| person(&format!("{unit}-CLERK"), unit, dir::Rank::Staff));
        let centre = [MANAGER, OTHER_MANAGER, "A-1", "A-2"].map(|code| person(code, "", dir::Rank::Staff));
        let request = dir::ImportDirectoryRequest {
            parent: parent(),
            division: Some(dir::Division { name: parent(), display_name_zh: "尉氏县".into(), ..Default::default() }),
            units: UNITS.iter().map(|(code, _)| unit(code)).collect(),
            windows: [DESK, "A01"].map(window).to_vec(),
            people: leaders.chain(clerks).chain(centre).collect(),
            validate_only: false,
            request_id: request_id(),
        };
        DirectoryServiceClient::new(self.directory.clone()).import_directory(request).await.expect("loaded");
        until(async || self.sets_rules(rules()).await.is_ok()).await;
    }

    pub async fn deactivates(&self, person: &str) {
        let request =
            dir::DeactivatePersonRequest { name: people(person), etag: String::new(), request_id: request_id() };
        DirectoryServiceClient::new(self.directory.clone()).deactivate_person(request).await.expect("deactivated");
    }

    pub fn rosters(&self) -> RosterServiceClient<Peer> {
        RosterServiceClient::new(self.roster.clone())
    }

    pub fn attendances(&self) -> AttendanceServiceClient<Peer> {
        AttendanceServiceClient::new(self.roster.clone())
    }

    pub fn staffings(&self) -> StaffingServiceClient<Peer> {
        StaffingServiceClient::new(self.roster.clone())
    }

    pub fn circulars(&self) -> CircularServiceClient<Peer> {
        CircularServiceClient::new(self.roster.clone())
    }

    pub async fn sets_rules(&self, rules: pb::DutyRules) -> Result<pb::DutyRules, Status> {
        let request = pb::SetDutyRulesRequest {
            parent: parent(),
            rules: Some(rules),
            manager: people(MANAGER),
            etag: String::new(),
            request_id: request_id(),
        };
        self.rosters().set_duty_rules(request).await.map(Response::into_inner)
    }

    pub async fn goes_on_leave(&self, who: &str, first: &str, last: &str) -> Result<pb::Leave, Status> {
        let leave = pb::Leave {
            person: people(who),
            kind: pb::LeaveKind::Official.into(),
            first_day: first.into(),
            last_day: last.into(),
            document: "豫政办函〔2016〕5号".into(),
            ..Default::default()
        };
        let request = pb::CreateLeaveRequest {
            parent: parent(),
            leave: Some(leave),
            by: people(MANAGER),
            request_id: request_id(),
        };
        self.rosters().create_leave(request).await.map(Response::into_inner)
    }

    pub async fn drafts(&self, month: &str, from: &str) -> Result<pb::Plan, Status> {
        let request = pb::DraftPlanRequest {
            parent: parent(),
            month: month.into(),
            from: from.into(),
            manager: people(MANAGER),
            etag: String::new(),
            request_id: request_id(),
        };
        self.rosters().draft_plan(request).await.map(Response::into_inner)
    }

    pub async fn adjusts(&self, month: &str, moves: &[(&str, &str)]) -> Result<pb::Plan, Status> {
        let moves = moves.iter().map(|(duty, who)| pb::Move {
            duty: (*duty).to_owned(),
            person: if who.is_empty() { String::new() } else { people(who) },
        });
        let request = pb::AdjustPlanRequest {
            name: name("plans", month),
            moves: moves.collect(),
            manager: people(MANAGER),
            etag: String::new(),
            request_id: request_id(),
        };
        self.rosters().adjust_plan(request).await.map(Response::into_inner)
    }

    pub async fn publishes(&self, month: &str) -> Result<pb::Plan, Status> {
        let request = pb::PublishPlanRequest {
            name: name("plans", month),
            manager: people(MANAGER),
            etag: String::new(),
            request_id: request_id(),
        };
        self.rosters().publish_plan(request).await.map(Response::into_inner)
    }

    /// A month drafted and published.
    pub async fn plans(&self, month: &str) -> pb::Plan {
        self.drafts(month, "").await.expect("drafted");
        self.publishes(month).await.expect("published")
    }

    pub async fn duty(&self, id: &str) -> pb::Duty {
        let request = pb::GetDutyRequest { name: name("duties", id) };
        self.attendances().get_duty(request).await.expect("a duty").into_inner()
    }

    pub async fn signs_in(&self, id: &str, who: &str, window: &str) -> Result<pb::Duty, Status> {
        let request = pb::SignInDutyRequest {
            name: name("duties", id),
            person: people(who),
            window: name("windows", window),
            request_id: request_id(),
        };
        self.attendances().sign_in_duty(request).await.map(Response::into_inner)
    }

    pub async fn signs_out(&self, id: &str, who: &str) -> Result<pb::Duty, Status> {
        let request = pb::SignOutDutyRequest {
            name: name("duties", id),
            person: people(who),
            window: name("windows", DESK),
            request_id: request_id(),
        };
        self.attendances().sign_out_duty(request).await.map(Response::into_inner)
    }

    /// The names of what happened, in order.
    pub async fn events(&self) -> Vec<String> {
        self.journal().await.into_iter().map(|entry| entry.event).collect()
    }

    pub async fn journal(&self) -> Vec<Entry> {
        let request = ReadEntriesRequest { after: Vec::new(), division: DIVISION.into(), tail: false };
        let mut client = JournalServiceClient::new(self.roster.clone());
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

pub fn leader(unit: &str, number: u32) -> String {
    format!("{unit}-L{number}")
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

/// One post with one seat, in force since 2016.
pub fn rules() -> pb::DutyRules {
    let hours = |first: &str, last: &str| Some(pb::Hours { first: first.into(), last: last.into() });
    pb::DutyRules {
        effective_on: "2016-01-01".into(),
        posts: vec![pb::Post {
            code: "HALL".into(),
            title_zh: "大厅值班".into(),
            title_en: "Hall".into(),
            window: name("windows", DESK),
            seats: 1,
            halves: Vec::new(),
        }],
        morning: hours("08:30", "12:00"),
        afternoon: hours("14:30", "17:30"),
        unit_half_days_per_week: 1,
        head_half_days_per_month: 1,
        fairness: 1,
        notice_days: 3,
        late_minutes: 15,
        early_minutes: 15,
        absent_minutes: 60,
        substitutions_per_month: 2,
        contest_days: 2,
        document_prefix: "尉政务通".into(),
        publishes_circulars: true,
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
