//! The monthly circular (通报): counted from the attendance alone, contested by the units, issued, and never changed but by
//! a correction that keeps what stood before.

use std::collections::BTreeMap;

use calendar::{Date, Due, Limit, Term, shanghai_date};
use kit::{clock::Moment, id::Division, refusal::Refusal};
use mirror::Mirror;
use serde::{Deserialize, Serialize};

use super::{
    attendance::Happened,
    duty::{self, Duty, Who},
    month::Month,
    people,
    plan::Plan,
    rules::Rules,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Draft,
    Sent,
    Issued,
}

/// The duties behind each number of a unit, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub attended: Vec<String>,
    pub substituted: Vec<String>,
    pub late: Vec<String>,
    pub early: Vec<String>,
    pub absent: Vec<String>,
    pub excused: Vec<String>,
}

impl Tally {
    /// Duties that somebody had to serve.
    pub fn required(&self) -> usize {
        self.attended.len() + self.absent.len()
    }

    /// Attended of required in hundredths of a percent, truncated; None where nothing was required.
    pub fn rate(&self) -> Option<i32> {
        let required = self.required();
        (required > 0).then(|| (self.attended.len() * 10_000 / required) as i32)
    }

    fn count(&mut self, duty: &Duty) {
        let id = || duty.slot.id();
        match duty.state {
            duty::State::Absent => self.absent.push(id()),
            duty::State::Excused => self.excused.push(id()),
            _ => {
                self.attended.push(id());
                let marks = [
                    (duty.substituted, &mut self.substituted),
                    (duty.late, &mut self.late),
                    (duty.early, &mut self.early),
                ];
                marks.into_iter().filter(|(is, _)| *is).for_each(|(_, list)| list.push(id()));
            }
        }
    }
}

/// Who was absent, where, and how often in the year through this month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    pub person: Who,
    pub unit: String,
    pub duties: Vec<String>,
    pub in_year: u32,
}

/// What follows from an absence (handbook §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// 提醒
    Remind,
    /// 通报
    Circulate,
    /// 约谈
    Interview,
}

impl Absence {
    pub fn measure(&self) -> Measure {
        match self.in_year {
            0 | 1 => Measure::Remind,
            2 => Measure::Circulate,
            _ => Measure::Interview,
        }
    }
}

/// What a circular counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// By code of the unit, with what it is called.
    pub units: Vec<(String, String, Tally)>,
    pub absences: Vec<Absence>,
}

impl Count {
    /// All units together.
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        for (_, _, tally) in &self.units {
            let pairs = [
                (&mut total.attended, &tally.attended),
                (&mut total.substituted, &tally.substituted),
                (&mut total.late, &tally.late),
                (&mut total.early, &tally.early),
                (&mut total.absent, &tally.absent),
                (&mut total.excused, &tally.excused),
            ];
            pairs.into_iter().for_each(|(all, some)| all.extend_from_slice(some));
        }
        total
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contest {
    pub number: u32,
    pub duty: String,
    pub unit: String,
    pub by: String,
    pub reason: String,
    pub at: i64,
    /// Empty until it is answered.
    pub answered_by: String,
    pub answer: String,
    pub corrected: bool,
}

/// What stood before a correction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    pub number: u32,
    pub count: Count,
    pub replaced_at: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circular {
    pub division: Division,
    /// `2016-03`
    pub month: String,
    pub version: i64,
    pub state: State,
    pub number: String,
    pub count: Count,
    pub contests: Vec<Contest>,
    pub drafted_by: String,
    pub drafted_at: i64,
    pub sent_at: i64,
    pub contest_until: Option<Date>,
    pub issued_by: String,
    pub issued_at: i64,
    pub publishes: bool,
    pub before: Vec<Version>,
    pub correction: String,
}

/// The last number given out in a year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serial {
    pub division: Division,
    /// `2016`
    pub year: String,
    pub last: u32,
}

/// The attendance of a month: its duties, and the circulars of the year before it.
pub struct Attendance<'a> {
    pub duties: &'a [Duty],
    pub earlier: &'a [Circular],
    pub mirror: &'a Mirror,
}

impl Attendance<'_> {
    /// Counts; every unit that had a turn has a row.
    fn count(&self) -> Count {
        let mut units: BTreeMap<&str, Tally> = BTreeMap::new();
        let mut absences: BTreeMap<&str, Absence> = BTreeMap::new();
        for duty in self.duties {
            units.entry(&duty.unit).or_default().count(duty);
            if duty.state == duty::State::Absent {
                let fresh = || Absence {
                    person: duty.person.clone(),
                    unit: duty.unit.clone(),
                    duties: Vec::new(),
                    in_year: self.earlier(&duty.person.code),
                };
                let absence = absences.entry(&duty.person.code).or_insert_with(fresh);
                absence.duties.push(duty.slot.id());
                absence.in_year += 1;
            }
        }
        let title = |unit: &str| {
            let division = self.duties.first().map(|duty| duty.division);
            division.map_or_else(|| unit.to_owned(), |division| self.mirror.title(division, unit).to_owned())
        };
        Count {
            units: units.into_iter().map(|(unit, tally)| (unit.to_owned(), title(unit), tally)).collect(),
            absences: absences.into_values().collect(),
        }
    }

    fn earlier(&self, person: &str) -> u32 {
        let of = self.earlier.iter().flat_map(|circular| &circular.count.absences);
        of.filter(|absence| absence.person.code == person).map(|absence| absence.duties.len() as u32).sum()
    }
}

impl Circular {
    /// Drafts it, or drafts it anew while it is not sent.
    pub fn draft(
        there: Option<&Circular>,
        month: &Month,
        attendance: &Attendance<'_>,
        rules: &Rules,
        by: &str,
        now: Moment,
    ) -> Result<Circular, Refusal> {
        people::manager(attendance.mirror, month.division, by)?;
        if let Some(there) = there {
            there.must_be(State::Draft)?;
        }
        let is_published = month.plan.as_ref().is_some_and(|plan| plan.published_at != 0);
        if !is_published {
            return Err(Plan::not_found());
        }
        if let Some(open) = attendance.duties.iter().find(|duty| duty.is_open()) {
            let (zh, en) = (format!("本月值班尚未结束：{}", open.slot), format!("{} is not over", open.slot));
            return Err(Refusal::state("MONTH_NOT_OVER", zh, en));
        }
        Ok(Circular {
            division: month.division,
            month: month.code.clone(),
            version: there.map_or(0, |there| there.version) + 1,
            state: State::Draft,
            number: String::new(),
            count: attendance.count(),
            contests: Vec::new(),
            drafted_by: by.to_owned(),
            drafted_at: now.0,
            sent_at: 0,
            contest_until: None,
            issued_by: String::new(),
            issued_at: 0,
            publishes: rules.publishes_circulars,
            before: Vec::new(),
            correction: String::new(),
        })
    }

    /// Sends it to the units, which may contest it for some working days.
    pub fn send(&mut self, by: &str, rules: &Rules, mirror: &Mirror, now: Moment) -> Result<Happened, Refusal> {
        people::manager(mirror, self.division, by)?;
        self.must_be(State::Draft)?;
        let today = shanghai_date(now.0);
        let until = mirror.calendar.due(&Term::new(today, Limit::WorkingDays(rules.contest_days)));
        let Due::On(until) = until else {
            let (zh, en) = ("放假安排尚未公布，无法计算异议期", "no holiday notice says when the units' days end");
            return Err(Refusal::state("YEAR_NOT_PUBLISHED", zh, en));
        };
        (self.state, self.sent_at, self.contest_until) = (State::Sent, now.0, Some(until));
        self.version += 1;
        Ok("circular.sent")
    }

    /// A unit's leader contests a mark.
    pub fn contest(
        &mut self,
        duty: &Duty,
        by: &str,
        reason: String,
        mirror: &Mirror,
        now: Moment,
    ) -> Result<Happened, Refusal> {
        self.must_be(State::Sent)?;
        let person = mirror.person(self.division, by)?;
        if person.unit != duty.unit {
            let (zh, en) = ("只能对本单位的考勤提出异议", "a unit contests its own attendance");
            return Err(Refusal::state("PERSON_UNIT", zh, en));
        }
        if !person.rank.is_leadership() {
            let (zh, en) = ("由本单位领导班子成员提出异议", "a leader of the unit contests");
            return Err(Refusal::state("RANK_NOT_ELIGIBLE", zh, en));
        }
        if self.contest_until.is_some_and(|until| shanghai_date(now.0) > until) {
            return Err(Refusal::state("CONTEST_TOO_LATE", "异议期已过", "the days to contest are over"));
        }
        let id = duty.slot.id();
        if self.contests.iter().any(|contest| contest.duty == id) {
            return Err(Refusal::state("CONTESTED_ALREADY", "该考勤已提出异议", "it is contested already"));
        }
        self.contests.push(Contest {
            number: self.contests.len() as u32 + 1,
            duty: id,
            unit: duty.unit.clone(),
            by: by.to_owned(),
            reason,
            at: now.0,
            answered_by: String::new(),
            answer: String::new(),
            corrected: false,
        });
        self.version += 1;
        Ok("circular.contested")
    }

    /// The duty that a contest is about, while it waits for its answer.
    pub fn contested(&self, number: u32) -> Result<&str, Refusal> {
        let contest = self
            .contests
            .iter()
            .find(|contest| contest.number == number)
            .ok_or_else(|| Refusal::not_found("CONTEST_NOT_FOUND", "没有此异议", "there is no such contest"))?;
        if contest.answered_by.is_empty() {
            return Ok(&contest.duty);
        }
        Err(Refusal::state("CONTEST_ANSWERED", "该异议已答复", "it is answered already"))
    }

    /// Answers a contest; where the mark was corrected it is counted anew.
    pub fn answer(
        &mut self,
        number: u32,
        by: &str,
        answer: String,
        corrected: Option<&Attendance<'_>>,
    ) -> Result<Happened, Refusal> {
        self.must_be(State::Sent)?;
        self.contested(number)?;
        if let Some(contest) = self.contests.iter_mut().find(|contest| contest.number == number) {
            (contest.answered_by, contest.answer, contest.corrected) = (by.to_owned(), answer, corrected.is_some());
        }
        if let Some(attendance) = corrected {
            self.count = attendance.count();
        }
        self.version += 1;
        Ok("circular.answered")
    }

    /// Issues it under a number, by another person than the one who drafted it.
    pub fn issue(
        &mut self,
        serial: &mut Serial,
        by: &str,
        rules: &Rules,
        mirror: &Mirror,
        now: Moment,
    ) -> Result<Happened, Refusal> {
        people::manager(mirror, self.division, by)?;
        self.must_be(State::Sent)?;
        if by == self.drafted_by {
            let (zh, en) = ("起草人不得签发", "who drafted it does not issue it");
            return Err(Refusal::state("DRAFTER_ISSUES", zh, en));
        }
        let waits = self.contests.iter().any(|contest| contest.answered_by.is_empty());
        let may_come = self.contest_until.is_none_or(|until| shanghai_date(now.0) <= until);
        if waits || may_come {
            let (zh, en) = if waits {
                ("尚有异议未答复", "a contest waits for its answer")
            } else {
                ("异议期未满", "the units may still contest")
            };
            return Err(Refusal::state("CONTEST_OPEN", zh, en));
        }
        serial.last += 1;
        self.number = format!("{}〔{}〕{}号", rules.prefix, serial.year, serial.last);
        (self.state, self.issued_by, self.issued_at) = (State::Issued, by.to_owned(), now.0);
        self.version += 1;
        Ok("circular.issued")
    }

    /// Counts an issued one anew after marks were corrected.
    pub fn correct(
        &mut self,
        by: &str,
        reason: String,
        attendance: &Attendance<'_>,
        now: Moment,
    ) -> Result<Happened, Refusal> {
        people::manager(attendance.mirror, self.division, by)?;
        self.must_be(State::Issued)?;
        let count = attendance.count();
        if count == self.count {
            let (zh, en) = ("考勤更正后再更正通报；目前没有变化", "no mark was corrected since");
            return Err(Refusal::state("NOTHING_CORRECTED", zh, en));
        }
        let before = std::mem::replace(&mut self.count, count);
        self.before.push(Version { number: self.edition(), count: before, replaced_at: now.0 });
        self.correction = reason;
        self.version += 1;
        Ok("circular.corrected")
    }

    /// 1, and one more with each correction.
    pub fn edition(&self) -> u32 {
        self.before.len() as u32 + 1
    }

    fn must_be(&self, state: State) -> Result<(), Refusal> {
        if self.state == state {
            return Ok(());
        }
        let (zh, en) = match self.state {
            State::Draft => ("通报还是草稿", "the circular is a draft"),
            State::Sent => ("通报已送各单位", "the circular was sent"),
            State::Issued => ("通报已印发", "the circular was issued"),
        };
        Err(Refusal::state("CIRCULAR_STATE", zh, en))
    }

    pub fn not_found() -> Refusal {
        Refusal::not_found("CIRCULAR_NOT_FOUND", "没有此通报", "there is no such circular")
    }
}
