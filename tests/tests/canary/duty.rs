//! Duty for the canaries: posts and leaders, and for each request of the roster a day or a month in the state that it needs.
//!
//! What is done today is of today's plan, whatever day it is: the clock may be real. A month is over, too, where each of its
//! duties is excused: so those of a far year are.

mod ask;

use std::sync::atomic::{AtomicUsize, Ordering};

pub use ask::request;
use futures::{StreamExt, stream};
use kit::keyring::Keyring;
use proto::{
    clock::v1::{self as clock, clock_service_client::ClockServiceClient},
    directory::v1::{self as directory, calendar_service_client::CalendarServiceClient},
    roster::v1::{
        self as pb, attendance_service_client::AttendanceServiceClient, circular_service_client::CircularServiceClient,
        roster_service_client::RosterServiceClient,
    },
};
use tonic::Code;

use crate::{
    house::{
        centre::{Centre, UNITS, request_id},
        until,
    },
    town::duty::{DESK, MANAGERS},
};

/// People at once: one for each duty of today that a request needs.
const SEATS: i32 = 5;
const FAR: i32 = 2040;

/// Over, and its circular is sent.
const CONTESTED: &str = "2040-01";
const ANSWERED: &str = "2040-05";
const UNISSUED: &str = "2040-10";
/// Over, and its circular is issued, where there has been a day for that.
const ISSUED: &str = "2040-03";
/// Over, and its circular is a draft.
const UNSENT: &str = "2040-02";
const UNDRAFTED: &str = "2040-04";
/// Published, and all of it is to come.
const AHEAD: &str = "2040-06";
/// A draft.
const UNPUBLISHED: &str = "2040-07";
const ADJUSTED: &str = "2040-08";
/// Not drafted.
const EMPTY: &str = "2040-09";

/// What the requests are about.
pub struct Duty {
    ring: Keyring,
    centre: Centre,
    /// What time it is.
    now: clock::Clock,
    today: Vec<pb::Assignment>,
    ahead: pb::Assignment,
    adjusted: pb::Assignment,
    contested: Deck,
    answered: Deck,
    issued: Deck,
}

/// Duties of which each is used once.
#[derive(Default)]
struct Deck {
    duties: Vec<pb::Assignment>,
    taken: AtomicUsize,
}

impl Deck {
    /// Another one, as far as they go.
    fn next(&self) -> &pb::Assignment {
        &self.duties[self.taken.fetch_add(1, Ordering::Relaxed) % self.duties.len()]
    }
}

impl Duty {
    pub async fn open(ring: Keyring, centre: Centre) -> Duty {
        let now = ClockServiceClient::new(ring.clone()).get_clock(clock::GetClockRequest {}).await.expect("a clock");
        let mut duty = Duty {
            ring,
            centre,
            now: now.into_inner(),
            today: Vec::new(),
            ahead: pb::Assignment::default(),
            adjusted: pb::Assignment::default(),
            contested: Deck::default(),
            answered: Deck::default(),
            issued: Deck::default(),
        };
        duty.works().await;
        duty.has_rules().await;
        duty.has_circulars().await;
        duty.has_today().await;
        duty.ahead = first(duty.published(AHEAD, "2040-06-29").await);
        duty.adjusted = first(duty.drafted(ADJUSTED, "2040-08-29").await);
        duty.drafted(UNPUBLISHED, "2040-07-29").await;
        duty
    }

    /// Some of them have been sent long enough to be issued, where there is training; some have just been.
    async fn has_circulars(&mut self) {
        self.issued.duties = self.over(ISSUED, "2040-03-19").await;
        self.over(UNISSUED, "2040-10-29").await;
        self.sent(ISSUED).await;
        self.sent(UNISSUED).await;
        if self.now.simulated {
            let advance = self.advancing(14 * 24 * 60 * 60);
            let moved = ClockServiceClient::new(self.ring.clone()).advance_clock(advance).await.expect("advanced");
            self.now = moved.into_inner();
            self.circulars().issue_circular(self.issuing(ISSUED)).await.expect("issued");
        }
        self.contested.duties = self.over(CONTESTED, "2040-01-18").await;
        self.answered.duties = self.over(ANSWERED, "2040-05-18").await;
        self.sent(CONTESTED).await;
        self.sent(ANSWERED).await;
        self.over(UNDRAFTED, "2040-04-29").await;
        self.over(UNSENT, "2040-02-29").await;
        self.circulars().draft_circular(self.circular(UNSENT)).await.expect("drafted");
    }

    async fn sent(&self, month: &str) {
        self.circulars().draft_circular(self.circular(month)).await.expect("drafted");
        self.circulars().send_circular(self.sending(month)).await.expect("sent");
    }

    async fn has_today(&mut self) {
        let today = &self.now.shanghai[..10];
        self.today = self.published(&today[..7], today).await;
        for seat in &self.today[1..SEATS as usize] {
            self.signs_in(seat).await;
        }
    }

    /// Makes today a working day, whatever day it is, and has the years known.
    async fn works(&self) {
        let today = &self.now.shanghai[..10];
        let year: i32 = today[..4].parse().expect("a year");
        for year in [year, year + 1, FAR] {
            let notice = |workdays| directory::ImportNoticeRequest {
                notice: Some(directory::Notice {
                    year,
                    version: 90,
                    document: format!("示发〔{year}〕90号"),
                    workdays,
                    ..Default::default()
                }),
                request_id: request_id(),
            };
            let days = if today.starts_with(&year.to_string()) { vec![today.to_owned()] } else { Vec::new() };
            let mut calendar = CalendarServiceClient::new(self.ring.clone());
            // A weekend is worked where the notice says so; another day needs none.
            if calendar.import_notice(notice(days)).await.is_err() {
                calendar.import_notice(notice(Vec::new())).await.expect("imported");
            }
        }
    }

    /// Sets rules by which a duty begins about now, so that it is signed and yet open for an hour and more.
    async fn has_rules(&self) {
        let now = &self.now.shanghai[11..16];
        let of = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let part = |range: std::ops::Range<usize>| now[range].parse::<u32>().expect("a number");
        let begins = (part(0..2) * 60 + part(3..5)).min(23 * 60);
        let rules = pb::DutyRules {
            effective_on: "2016-01-01".into(),
            morning: Some(pb::Hours { first: of(begins), last: of(begins + 30) }),
            afternoon: Some(pb::Hours { first: of(begins + 30), last: of(begins + 31) }),
            ..self.rules()
        };
        let request = self.setting(rules);
        until("the roster knows its people", || async {
            learned(self.rosters().set_duty_rules(request.clone()).await)
        })
        .await;
    }

    fn rules(&self) -> pb::DutyRules {
        let hours = |first: &str, last: &str| Some(pb::Hours { first: first.into(), last: last.into() });
        pb::DutyRules {
            // Not yet, so that it changes nothing of what the others need.
            effective_on: "2100-01-01".into(),
            posts: vec![pb::Post {
                code: "HALL".into(),
                title_zh: "大厅值班".into(),
                title_en: "Hall".into(),
                window: self.centre.of("windows", DESK),
                seats: SEATS,
                halves: vec![pb::Half::Morning.into()],
            }],
            morning: hours("08:30", "12:00"),
            afternoon: hours("14:30", "17:30"),
            units: UNITS.map(|unit| self.centre.of("units", unit)).to_vec(),
            fairness: 10,
            late_minutes: 15,
            early_minutes: 15,
            absent_minutes: 120,
            substitutions_per_month: 2,
            contest_days: 2,
            document_prefix: "示政务通".into(),
            publishes_circulars: true,
            ..Default::default()
        }
    }

    async fn drafted(&self, month: &str, from: &str) -> Vec<pb::Assignment> {
        let request = self.drafting(month, from);
        let what = format!("the roster knows the days of {month}");
        let plan = until(&what, || async { learned(self.rosters().draft_plan(request.clone()).await) }).await;
        plan.into_inner().assignments
    }

    async fn published(&self, month: &str, from: &str) -> Vec<pb::Assignment> {
        let assignments = self.drafted(month, from).await;
        self.rosters().publish_plan(self.publishing(month)).await.expect("published");
        assignments
    }

    /// A month in which nobody has to come any more.
    async fn over(&self, month: &str, from: &str) -> Vec<pb::Assignment> {
        let assignments = self.published(month, from).await;
        let excuse = |at| async move {
            let name = self.asked(at).await;
            let answer = pb::AnswerExchangeRequest { accept: true, ..self.answering(name) };
            self.rosters().answer_exchange(answer).await.expect("excused");
        };
        stream::iter(&assignments).for_each_concurrent(8, excuse).await;
        assignments
    }

    async fn signs_in(&self, at: &pb::Assignment) {
        let mut attendances = AttendanceServiceClient::new(self.ring.clone());
        attendances.sign_in_duty(self.signing(at)).await.expect("signed in");
    }

    /// An exchange that waits for its answer.
    async fn asked(&self, at: &pb::Assignment) -> String {
        let request = self.asking(at);
        self.rosters().request_exchange(request).await.expect("asked").into_inner().name
    }

    async fn leave(&self) -> String {
        self.rosters()
            .create_leave(self.leaving(self.centre.officer(UNITS[0])))
            .await
            .expect("created")
            .into_inner()
            .name
    }

    /// The number of a contest that waits for its answer.
    async fn contest(&self, at: &pb::Assignment) -> i32 {
        let contest = self.contesting(ANSWERED, at);
        let circular = self.circulars().contest_circular(contest).await.expect("contested").into_inner();
        circular.contests.iter().find(|contest| contest.duty == at.duty).expect("the contest").number
    }

    fn rosters(&self) -> RosterServiceClient<Keyring> {
        RosterServiceClient::new(self.ring.clone())
    }

    fn circulars(&self) -> CircularServiceClient<Keyring> {
        CircularServiceClient::new(self.ring.clone())
    }

    fn manager(&self) -> String {
        self.centre.of("people", MANAGERS[0])
    }

    /// Some seconds on.
    pub fn advancing(&self, seconds: i64) -> clock::AdvanceClockRequest {
        let to = self.now.now.map(|now| prost_types::Timestamp { seconds: now.seconds + seconds, ..now });
        clock::AdvanceClockRequest { to }
    }

    fn correcting(&self, at: &pb::Assignment) -> pb::CorrectAttendanceRequest {
        pb::CorrectAttendanceRequest {
            name: self.centre.of("duties", &at.duty),
            state: pb::DutyState::Served.into(),
            reason: "值班日志为证".into(),
            by: self.manager(),
            request_id: request_id(),
            ..Default::default()
        }
    }

    fn setting(&self, rules: pb::DutyRules) -> pb::SetDutyRulesRequest {
        let (parent, manager) = (self.centre.name(), self.manager());
        pb::SetDutyRulesRequest { parent, rules: Some(rules), manager, request_id: request_id(), ..Default::default() }
    }

    fn drafting(&self, month: &str, from: &str) -> pb::DraftPlanRequest {
        pb::DraftPlanRequest {
            parent: self.centre.name(),
            month: month.into(),
            from: from.into(),
            manager: self.manager(),
            request_id: request_id(),
            ..Default::default()
        }
    }

    fn publishing(&self, month: &str) -> pb::PublishPlanRequest {
        let (name, manager) = (self.centre.of("plans", month), self.manager());
        pb::PublishPlanRequest { name, manager, request_id: request_id(), ..Default::default() }
    }

    fn signing(&self, at: &pb::Assignment) -> pb::SignInDutyRequest {
        pb::SignInDutyRequest {
            name: self.centre.of("duties", &at.duty),
            person: self.centre.of("people", &at.person),
            window: self.centre.of("windows", DESK),
            request_id: request_id(),
        }
    }

    fn leaving(&self, person: String) -> pb::CreateLeaveRequest {
        let leave = pb::Leave {
            person,
            kind: pb::LeaveKind::Official.into(),
            first_day: format!("{AHEAD}-01"),
            last_day: format!("{AHEAD}-30"),
            document: "示政办函〔2040〕5号".into(),
            ..Default::default()
        };
        let (parent, by) = (self.centre.name(), self.manager());
        pb::CreateLeaveRequest { parent, leave: Some(leave), by, request_id: request_id() }
    }

    /// Of the unit whose duty is ahead.
    fn away(&self) -> String {
        self.centre.of("people", &format!("P{}", self.ahead.unit))
    }

    fn asking(&self, at: &pb::Assignment) -> pb::RequestExchangeRequest {
        let exchange = pb::Exchange {
            kind: pb::ExchangeKind::Excuse.into(),
            duty: self.centre.of("duties", &at.duty),
            document: "示政办函〔2040〕6号".into(),
            reason: "外出开会".into(),
            ..Default::default()
        };
        let (parent, by) = (self.centre.name(), self.centre.head(&at.unit));
        pb::RequestExchangeRequest { parent, exchange: Some(exchange), by, request_id: request_id() }
    }

    fn answering(&self, name: String) -> pb::AnswerExchangeRequest {
        let (answer, by) = ("人手不足".into(), self.manager());
        pb::AnswerExchangeRequest { name, answer, by, request_id: request_id(), ..Default::default() }
    }

    fn circular(&self, month: &str) -> pb::DraftCircularRequest {
        let (parent, manager) = (self.centre.name(), self.manager());
        pb::DraftCircularRequest { parent, month: month.into(), manager, request_id: request_id() }
    }

    fn issuing(&self, month: &str) -> pb::IssueCircularRequest {
        let (name, manager) = (self.centre.of("circulars", month), self.centre.of("people", MANAGERS[1]));
        pb::IssueCircularRequest { name, manager, request_id: request_id(), ..Default::default() }
    }

    fn sending(&self, month: &str) -> pb::SendCircularRequest {
        let (name, manager) = (self.centre.of("circulars", month), self.manager());
        pb::SendCircularRequest { name, manager, request_id: request_id(), ..Default::default() }
    }

    fn contesting(&self, month: &str, at: &pb::Assignment) -> pb::ContestCircularRequest {
        pb::ContestCircularRequest {
            name: self.centre.of("circulars", month),
            duty: at.duty.clone(),
            reason: "当日在岗".into(),
            by: self.centre.head(&at.unit),
            request_id: request_id(),
        }
    }
}

fn first(assignments: Vec<pb::Assignment>) -> pb::Assignment {
    assignments.into_iter().next().expect("a duty")
}

/// None where the roster has not learned of the directory's yet.
fn learned<T>(answer: Result<T, tonic::Status>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(status) if matches!(status.code(), Code::NotFound | Code::FailedPrecondition | Code::InvalidArgument) => {
            None
        }
        Err(status) => panic!("refused: {status:?}"),
    }
}
