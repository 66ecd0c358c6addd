//! A duty that is published: who serves, and from when to when.

use kit::{clock::Moment, id::Division, refusal::Refusal};
use mirror::Mirror;
use serde::{Deserialize, Serialize};

use super::{plan::Assignment, rules::Rules, slot::Slot};

const MINUTE: i64 = 60_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Planned,
    OnDuty,
    Served,
    Absent,
    Excused,
}

/// What the day brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    pub enquiries: u32,
    pub problems: String,
    pub resolutions: String,
    pub handover: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    pub by: String,
    pub at: i64,
    pub reason: String,
    /// What stood before.
    pub state: State,
    pub late: bool,
    pub early: bool,
}

/// The thresholds of the rules it was published under, so that it is judged by them. Microseconds, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    pub starts: i64,
    pub ends: i64,
    pub late_after: i64,
    pub early_before: i64,
    /// Who has not come by then is absent.
    pub absent_at: i64,
    /// Who has not signed out by then has left without.
    pub closes_at: i64,
}

impl Times {
    fn of(rules: &Rules, slot: &Slot) -> Times {
        let (starts, ends) = rules.hours(slot.day, slot.half);
        Times {
            starts,
            ends,
            late_after: starts + i64::from(rules.late_minutes) * MINUTE,
            early_before: ends - i64::from(rules.early_minutes) * MINUTE,
            absent_at: starts + i64::from(rules.absent_minutes) * MINUTE,
            closes_at: ends + i64::from(rules.absent_minutes) * MINUTE,
        }
    }
}

/// A person as the roster names them: people's names stay what they were on the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    pub code: String,
    pub name: String,
}

impl Who {
    pub fn of(mirror: &Mirror, division: Division, code: &str) -> Who {
        Who { code: code.to_owned(), name: mirror.name(division, code).to_owned() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    pub division: Division,
    pub slot: Slot,
    pub version: i64,
    pub state: State,
    pub unit: String,
    pub person: Who,
    pub planned: Who,
    pub substituted: bool,
    pub post_zh: String,
    pub post_en: String,
    /// Code of the window at whose terminals it is signed.
    pub window: String,
    pub times: Times,
    /// 0 where nobody has.
    pub signed_in: i64,
    pub signed_out: i64,
    pub late: bool,
    pub early: bool,
    pub log: Option<Log>,
    pub corrections: Vec<Correction>,
}

impl Duty {
    /// Publishes an assignment: a new duty, or another person on one that is to come. None where nothing changes.
    pub fn publish(
        there: Option<&Duty>,
        at: &Assignment,
        division: Division,
        rules: &Rules,
        mirror: &Mirror,
    ) -> Result<Option<Duty>, Refusal> {
        let person = Who::of(mirror, division, &at.person);
        if let Some(there) = there {
            if there.person == person && there.unit == at.unit {
                return Ok(None);
            }
            there.must_be(&[State::Planned, State::Excused])?;
        }
        let post = rules.post(&at.slot.post).ok_or_else(|| Refusal::internal(format!("no post {}", at.slot)))?;
        Ok(Some(Duty {
            division,
            slot: at.slot.clone(),
            version: there.map_or(0, |there| there.version) + 1,
            state: State::Planned,
            unit: at.unit.clone(),
            planned: person.clone(),
            person,
            substituted: false,
            post_zh: post.title_zh.clone(),
            post_en: post.title_en.clone(),
            window: post.window.clone(),
            times: Times::of(rules, &at.slot),
            signed_in: 0,
            signed_out: 0,
            late: false,
            early: false,
            log: None,
            corrections: Vec::new(),
        }))
    }

    /// When something happens to it by itself; `i64::MAX` for never.
    pub fn wakes_at(&self) -> i64 {
        match self.state {
            State::Planned => self.times.absent_at,
            State::OnDuty => self.times.closes_at,
            State::Served | State::Absent | State::Excused => i64::MAX,
        }
    }

    /// Whether it is still to come or to be served.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Planned | State::OnDuty)
    }

    /// May change hands: it has not begun.
    pub fn must_be_ahead(&self, now: Moment) -> Result<(), Refusal> {
        self.must_be(&[State::Planned])?;
        if now.0 >= self.times.starts {
            return Err(Refusal::state("DUTY_BEGUN", "值班已经开始", "the duty has begun"));
        }
        Ok(())
    }

    pub fn must_be(&self, states: &[State]) -> Result<(), Refusal> {
        if states.contains(&self.state) {
            return Ok(());
        }
        let (zh, en) = match self.state {
            State::Planned => ("该值班尚未签到", "nobody has signed in"),
            State::OnDuty => ("该值班已签到", "it is signed in already"),
            State::Served => ("该值班已结束", "it is over"),
            State::Absent => ("该值班已记为缺勤，请由他人更正", "it is marked absent; another person may correct it"),
            State::Excused => ("该值班已准假", "it is excused"),
        };
        Err(Refusal::state("DUTY_STATE", zh, en))
    }

    pub fn not_found() -> Refusal {
        Refusal::not_found("DUTY_NOT_FOUND", "没有此值班", "there is no such duty")
    }

    /// Gives it to somebody else of the plan, by a swap or a substitute.
    pub fn give(&mut self, person: Who, unit: String, substituted: bool) {
        (self.person, self.unit, self.substituted) = (person, unit, substituted);
        self.version += 1;
    }

    pub fn excuse(&mut self, excused: bool) {
        self.state = if excused { State::Excused } else { State::Planned };
        self.version += 1;
    }
}
