//! A case: everything that is known of one application.

use calendar::{Date, Suspension, shanghai_date};
use kit::{clock::Moment, form, id::Division, refusal::Refusal};
use serde::{Deserialize, Serialize};

use super::{
    applicant::Party,
    attachment::Attachment,
    clocks::{Clock, Signal},
    hall::Hall,
    item::{Cause, Handling, Text},
};

/// The five working days of 行政许可法 art. 32.
pub const INTAKE_DAYS: u16 = 5;
/// The ten working days of art. 44.
pub const ISSUE_DAYS: u16 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Received,
    SupplementPending,
    Accepted,
    Suspended,
    Granted,
    Denied,
    Issued,
    Refused,
    Lapsed,
    Withdrawn,
    Terminated,
}

impl State {
    /// Something is still to be done.
    pub fn is_open(self) -> bool {
        !matches!(self, State::Issued | State::Refused | State::Lapsed | State::Withdrawn | State::Terminated)
    }

    /// No decision has been made.
    pub fn is_undecided(self) -> bool {
        matches!(self, State::Received | State::SupplementPending | State::Accepted | State::Suspended)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticked {
    pub code: String,
    pub originals: i32,
    pub copies: i32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    pub material: String,
    pub what: String,
    pub met: bool,
}

/// 补正告知书: the one notice that lists everything (art. 32(4)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supplement {
    pub demands: Vec<Demand>,
    pub asked_at: i64,
    pub by: String,
    /// The applicant's clock, where the item sets one.
    pub clock: Option<Clock>,
    pub met_at: Option<i64>,
}

/// A stop of the clocks, with its written notice (art. 45).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    pub cause: Cause,
    pub notice: String,
    pub needed_days: u16,
    pub first: Date,
    pub last: Option<Date>,
    pub by: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    pub days: u16,
    pub approver: String,
    pub reason: String,
    pub at: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub granted: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reasons: String,
    /// Right to reconsideration and litigation, for a denial (art. 38).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remedies: String,
    pub by: String,
    pub at: i64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub document: String,
    /// Number of the mandate by which it was granted at the window; empty where the officer decided.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mandate: String,
    pub in_time_legal: bool,
    pub in_time_promised: bool,
    /// Working days from acceptance, suspensions not counted; None where the calendar cannot say.
    pub days: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuance {
    pub window: String,
    pub by: String,
    pub at: i64,
    /// Masked.
    pub recipient: Party,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    NotRequired,
    NotCompetent,
    Lapsed,
    Withdrawn,
    Terminated,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    pub kind: End,
    pub reason: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agency: String,
    pub by: String,
    pub at: i64,
}

/// Instants are microseconds UTC, dates are civil dates in Shanghai, people, windows, units and items are codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    #[serde(skip, default = "national")]
    pub division: Division,
    #[serde(skip)]
    pub number: String,
    #[serde(skip)]
    pub version: i64,
    pub state: State,
    pub item: String,
    pub revision: i32,
    pub title: String,
    pub handling: Handling,
    pub unit: String,
    /// Masked.
    pub applicant: Party,
    /// Salted commitment to the applicant's data.
    pub commitment: Vec<u8>,
    pub materials: Vec<Ticked>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed_on_spot: Vec<String>,
    pub window: String,
    pub clerk: String,
    /// When it was handed in: the clocks run from then.
    pub received_at: i64,
    /// Entered later than that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// Number of the entry by which the journal tells of it first; 0 where it was written down before this was kept.
    #[serde(default)]
    pub entry: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_on: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<i64>,
    #[serde(default)]
    pub deemed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplement: Option<Supplement>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stops: Vec<Stop>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<Extension>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intake: Option<Clock>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal: Option<Clock>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised: Option<Clock>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<Clock>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuance: Option<Issuance>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Version of the calendar that the clocks were counted with.
    pub calendar: String,
    pub updated_at: i64,
}

/// What the unit has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    DecideIntake,
    AwaitSupplement,
    Decide,
    Resume,
    Issue,
}

impl Case {
    pub fn not_found() -> Refusal {
        Refusal::not_found("CASE_NOT_FOUND", "没有此办件", "there is no such case")
    }

    pub fn decider_received() -> Refusal {
        Refusal::state("DECIDER_RECEIVED", "收件人员不得审批同一办件", "who received the case may not decide it")
    }

    pub fn received_on(&self) -> Date {
        shanghai_date(self.received_at)
    }

    /// When the case came to its end, whatever the end.
    pub fn ended_at(&self) -> Option<i64> {
        let issued = self.issuance.as_ref().map(|issuance| issuance.at);
        issued.or(self.ending.as_ref().map(|ending| ending.at))
    }

    /// What is next, and by which clock.
    pub fn next(&self) -> Option<(Next, Option<&Clock>)> {
        Some(match self.state {
            State::Received => (Next::DecideIntake, self.intake.as_ref()),
            State::SupplementPending => {
                (Next::AwaitSupplement, self.supplement.as_ref().and_then(|s| s.clock.as_ref()))
            }
            State::Accepted => (Next::Decide, self.promised.as_ref()),
            State::Suspended => (Next::Resume, None),
            State::Granted | State::Denied => (Next::Issue, self.issue.as_ref()),
            _ => return None,
        })
    }

    /// The worst light of the clocks that run.
    pub fn signal(&self) -> Signal {
        let decided = self.decision.is_some();
        let running = match self.state {
            State::Received => [self.intake.as_ref(), None],
            State::Accepted | State::Suspended => [self.legal.as_ref(), self.promised.as_ref()],
            State::Granted | State::Denied if decided => [self.issue.as_ref(), None],
            _ => [None, None],
        };
        running.into_iter().flatten().map(|clock| clock.signal).max().unwrap_or_default()
    }

    pub fn suspensions(&self) -> Vec<Suspension> {
        self.stops.iter().map(|stop| Suspension { first: stop.first, last: stop.last }).collect()
    }

    /// The revision that the case lives by.
    pub fn text<'a>(&self, hall: &'a Hall) -> Result<&'a Text, Refusal> {
        Ok(&hall.revision(self.division, &self.item, self.revision)?.text)
    }

    /// Counts the decision's clocks anew.
    pub(super) fn count(&mut self, hall: &Hall, today: Date) {
        let (stops, extension) = (self.suspensions(), self.extension.as_ref().map(|extension| extension.days));
        for clock in [&mut self.legal, &mut self.promised].into_iter().flatten() {
            clock.count(&hall.calendar, &stops, extension, today);
        }
        self.stamp(hall);
    }

    pub(super) fn stamp(&mut self, hall: &Hall) {
        if self.calendar != hall.calendar.version() {
            self.calendar = hall.calendar.version().to_owned();
        }
    }

    /// Marks the case as changed.
    pub(super) fn touch(&mut self, now: Moment) {
        self.version += 1;
        // What is entered late is done as of an earlier time.
        self.updated_at = self.updated_at.max(now.0);
    }

    /// The case as the caller has read it, and not another: an empty etag asks for nothing.
    pub fn must_match(&self, etag: &str) -> Result<(), Refusal> {
        form::must_match(etag, self.version)
    }

    pub(super) fn must_be(&self, states: &[State]) -> Result<(), Refusal> {
        if states.contains(&self.state) {
            return Ok(());
        }
        let zh = format!("办件当前状态（{}）不能进行此操作", self.state.zh());
        Err(Refusal::state("CASE_STATE", zh, format!("the case is {}, which does not allow this", self.state.en())))
    }
}

impl State {
    pub fn zh(self) -> &'static str {
        match self {
            State::Received => "已收件",
            State::SupplementPending => "待补正",
            State::Accepted => "已受理",
            State::Suspended => "期限中止",
            State::Granted => "准予许可",
            State::Denied => "不予许可",
            State::Issued => "已出件",
            State::Refused => "不予受理",
            State::Lapsed => "逾期未补正",
            State::Withdrawn => "申请人撤回",
            State::Terminated => "已终止",
        }
    }

    pub fn en(self) -> &'static str {
        match self {
            State::Received => "received",
            State::SupplementPending => "waiting for a supplement",
            State::Accepted => "accepted",
            State::Suspended => "suspended",
            State::Granted => "granted",
            State::Denied => "denied",
            State::Issued => "issued",
            State::Refused => "not accepted",
            State::Lapsed => "lapsed without supplement",
            State::Withdrawn => "withdrawn",
            State::Terminated => "terminated",
        }
    }
}

/// Stands where a row says the division.
pub(super) fn national() -> Division {
    Division::NATIONAL
}
