//! What the entries say in the end: the last facts of each case, duty and publication.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use prost::Message;
use proto::{
    disclosure::v1::{DraftState, PublicationFacts},
    intake::v1::{CaseFacts, CaseState, Handling},
    roster::v1::{Duty, DutyState},
};

use crate::{
    day,
    definition::{Clock, Cohort, Term},
    wrong::Wrong,
};

/// A fold of entries, in order, into what is true after the last of them. Only what a definition asks for is kept.
#[derive(Default)]
pub struct Facts {
    cases: BTreeMap<Box<str>, Case>,
    duties: BTreeMap<Box<str>, Served>,
    /// Editions by `{id}/{edition}` and drafts by `{id}/draft`.
    publications: BTreeMap<Box<str>, Published>,
    /// Every unit's code once.
    units: BTreeSet<Arc<str>>,
}

/// Anything that can be counted.
#[derive(Clone, Copy)]
pub enum Member<'a> {
    Case(&'a Case),
    Duty(&'a Served),
    Publication(&'a Published),
}

/// Days are those of the contract: 0 is none.
pub struct Case {
    unit: Arc<str>,
    state: CaseState,
    received: i32,
    accepted: i32,
    decided: i32,
    ended: i32,
    due_legal: i32,
    due_promised: i32,
    deemed: bool,
    instant: bool,
    late: bool,
}

pub struct Served {
    unit: Arc<str>,
    day: i32,
    state: DutyState,
}

pub enum Published {
    Edition { unit: Arc<str>, number: i32, on: i32, on_time: bool, score: i32 },
    Draft { unit: Arc<str>, due: i32 },
}

impl Facts {
    /// Learns what the next entry of a service says.
    pub fn push(&mut self, service: &str, event: &str, payload: &[u8]) -> Result<(), Wrong> {
        match (service, event.split('.').next()) {
            ("intake", Some("case")) => self.case(read(payload)?),
            ("roster", Some("duty")) => self.duty(read(payload)?),
            ("disclosure", Some("publication")) => self.publication(event, read(payload)?),
            _ => Ok(()),
        }
    }

    /// All members of a cohort's kind by number.
    pub fn members(&self, cohort: Cohort) -> Box<dyn Iterator<Item = (&str, Member<'_>)> + '_> {
        match cohort {
            Cohort::Received | Cohort::Accepted | Cohort::Closed => {
                Box::new(self.cases.iter().map(|(number, case)| (&**number, Member::Case(case))))
            }
            Cohort::Duties => Box::new(self.duties.iter().map(|(number, duty)| (&**number, Member::Duty(duty)))),
            Cohort::Published => {
                Box::new(self.publications.iter().map(|(number, one)| (&**number, Member::Publication(one))))
            }
        }
    }

    /// Cases that were entered late.
    pub fn late_cases(&self) -> u64 {
        self.cases.values().filter(|case| case.late).count() as u64
    }

    fn case(&mut self, told: CaseFacts) -> Result<(), Wrong> {
        if told.number.is_empty() || told.received_on == 0 || told.state() == CaseState::Unspecified {
            return Err(lacks("办件缺少编号、收件日或状态", "a case without number, day of receipt or state"));
        }
        let case = Case {
            unit: self.unit(&told.unit),
            state: told.state(),
            received: told.received_on,
            accepted: told.accepted_on,
            decided: told.decided_on,
            ended: told.ended_on,
            due_legal: told.legal_due_on,
            due_promised: told.promised_due_on,
            deemed: told.deemed_accepted,
            instant: told.handling() == Handling::Instant,
            late: told.late_entry,
        };
        self.cases.insert(told.number.into(), case);
        Ok(())
    }

    fn duty(&mut self, told: Duty) -> Result<(), Wrong> {
        let id = told.name.rsplit('/').next().filter(|id| !id.is_empty());
        let (Some(id), Some(day)) = (id, day::parse(&told.day)) else {
            return Err(lacks("值班缺少编号或日期", "a duty without name or day"));
        };
        let served = Served { unit: self.unit(&told.unit), day, state: told.state() };
        self.duties.insert(id.into(), served);
        Ok(())
    }

    fn publication(&mut self, event: &str, told: PublicationFacts) -> Result<(), Wrong> {
        if told.id.is_empty() {
            return Err(lacks("公开信息缺少编号", "a publication without an id"));
        }
        let unit = self.unit(&told.unit);
        if event == "publication.published" {
            if told.edition <= 0 || told.published_on == 0 {
                return Err(lacks("公开的版本缺少版次或日期", "an edition without number or day"));
            }
            let key = format!("{}/{}", told.id, told.edition);
            let (number, on, on_time, score) = (told.edition, told.published_on, told.on_time, told.score);
            let edition = Published::Edition { unit: unit.clone(), number, on, on_time, score };
            self.publications.insert(key.into(), edition);
        }
        let draft = format!("{}/draft", told.id).into_boxed_str();
        if told.draft() == DraftState::Unspecified || told.draft_due_on == 0 {
            self.publications.remove(&draft);
        } else {
            self.publications.insert(draft, Published::Draft { unit, due: told.draft_due_on });
        }
        Ok(())
    }

    fn unit(&mut self, code: &str) -> Arc<str> {
        if let Some(unit) = self.units.get(code) {
            return unit.clone();
        }
        let unit: Arc<str> = code.into();
        self.units.insert(unit.clone());
        unit
    }
}

impl Member<'_> {
    /// Whether it belongs to a cohort of this period.
    pub fn is_of(self, cohort: Cohort, (first, last): (i32, i32), as_of: i32) -> bool {
        let within = |day: i32| day != 0 && first <= day && day <= last;
        match (cohort, self) {
            (Cohort::Received, Member::Case(case)) => within(case.received),
            (Cohort::Accepted, Member::Case(case)) => within(case.accepted),
            (Cohort::Closed, Member::Case(case)) => case.accepted != 0 && within(case.ended),
            (Cohort::Duties, Member::Duty(duty)) => first <= duty.day && duty.day <= last,
            (Cohort::Published, Member::Publication(Published::Edition { on, .. })) => within(*on),
            (Cohort::Published, Member::Publication(Published::Draft { due, .. })) => *due <= last && *due < as_of,
            _ => false,
        }
    }

    pub fn fulfils(self, term: Term, as_of: i32) -> bool {
        match self {
            Member::Case(case) => case.fulfils(term, as_of),
            Member::Duty(duty) => match term {
                Term::Required => matches!(duty.state, DutyState::Served | DutyState::Absent),
                Term::Attended => duty.state == DutyState::Served,
                Term::Absent => duty.state == DutyState::Absent,
                _ => false,
            },
            Member::Publication(Published::Edition { number, on_time, score, .. }) => match term {
                Term::Edition => true,
                Term::FirstEdition => *number == 1,
                Term::PublishedOnTime => *on_time,
                Term::Conforming => *score >= 100,
                _ => false,
            },
            Member::Publication(Published::Draft { .. }) => false,
        }
    }

    /// Code of its unit.
    pub fn unit(&self) -> &Arc<str> {
        match self {
            Member::Case(Case { unit, .. })
            | Member::Duty(Served { unit, .. })
            | Member::Publication(Published::Edition { unit, .. } | Published::Draft { unit, .. }) => unit,
        }
    }

    /// What waits to be published.
    pub fn is_draft(self) -> bool {
        matches!(self, Member::Publication(Published::Draft { .. }))
    }

    pub fn is_late_entry(self) -> bool {
        matches!(self, Member::Case(case) if case.late)
    }

    /// The year that it counts in, by the cohort's day.
    pub fn year(self, cohort: Cohort) -> Option<i16> {
        let day = match (cohort, self) {
            (Cohort::Received, Member::Case(case)) => case.received,
            (Cohort::Accepted, Member::Case(case)) => case.accepted,
            (Cohort::Closed, Member::Case(case)) => case.ended,
            (_, Member::Duty(duty)) => duty.day,
            (_, Member::Publication(Published::Edition { on, .. })) => *on,
            (_, Member::Publication(Published::Draft { due, .. })) => *due,
            _ => 0,
        };
        (day != 0).then(|| day::year(day))
    }
}

impl Case {
    fn fulfils(&self, term: Term, as_of: i32) -> bool {
        let never_accepted = self.accepted == 0;
        match term {
            Term::Refused => never_accepted && self.state == CaseState::Refused,
            Term::Lapsed => never_accepted && self.state == CaseState::Lapsed,
            Term::Withdrawn => self.state == CaseState::Withdrawn,
            Term::LateEntered => self.late,
            Term::Ended => self.ended != 0,
            Term::Open => self.ended == 0,
            Term::Overdue(clock) => self.is_overdue(clock, as_of),
            Term::OnTime(clock) => match (self.settled(), self.due(clock)) {
                (None, _) => false,
                (Some(_), None) => true,
                (Some(on), Some(due)) => on <= due,
            },
            Term::SettledOrOverdue(clock) => self.settled().is_some() || self.is_overdue(clock, as_of),
            Term::DeemedAccepted => self.deemed,
            Term::Instant => self.instant,
            _ => false,
        }
    }

    /// When its clocks said their last: the decision, and without one the end.
    fn settled(&self) -> Option<i32> {
        [self.decided, self.ended].into_iter().find(|day| *day != 0)
    }

    fn due(&self, clock: Clock) -> Option<i32> {
        let due = match clock {
            Clock::Legal => self.due_legal,
            Clock::Promised => self.due_promised,
        };
        (due != 0).then_some(due)
    }

    fn is_overdue(&self, clock: Clock, as_of: i32) -> bool {
        self.settled().is_none() && self.due(clock).is_some_and(|due| due < as_of)
    }
}

fn read<M: Message + Default>(payload: &[u8]) -> Result<M, Wrong> {
    M::decode(payload).map_err(|_| lacks("载荷无法解读", "the payload cannot be read"))
}

fn lacks(zh: &str, en: &str) -> Wrong {
    Wrong::new(zh, en)
}
