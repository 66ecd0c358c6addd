//! A statutory term: the day of the event, a limit, what stopped the clock and what prolonged it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// A period that the law gives, with everything that has happened to it so far.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Term {
    /// The day of the event. It is not counted (民事诉讼法 art. 85; 行政许可法 is silent).
    pub day0: Date,
    /// The days that the law, or the shorter promise, gives.
    pub limit: Limit,
    /// The time that does not count (行政许可法 art. 45); may overlap, in any order.
    #[serde(default)]
    pub suspensions: Vec<Suspension>,
    /// Working days added to the already adjusted due date, one entry an extension (行政许可法 art. 42).
    #[serde(default)]
    pub extensions: Vec<u16>,
}

/// How long a term is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Working days (行政许可法 art. 82).
    WorkingDays(u16),
    /// Days of the calendar, weekends and holidays included.
    CalendarDays(u16),
}

/// A stop of the clock: every day from `first` to `last`, both included.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Suspension {
    pub first: Date,
    /// `None` while the clock still stands.
    #[serde(default)]
    pub last: Option<Date>,
}

/// The last day of a term. A term due on a day is overdue from 00:00 of the next day in Shanghai.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// The last day, ending at 24:00 in Shanghai.
    On(Date),
    /// A day after `known_through` would have to be examined, and its year has no notice (or no such day exists).
    Provisional {
        /// The last day that could be examined: the term ends after it.
        known_through: Date,
        /// The days still to count after it, extensions included.
        remaining: u32,
    },
    /// The clock stands under a suspension that has no last day.
    Stopped {
        /// The first day of the unbroken stop.
        since: Date,
        /// The days still to count once it runs again, extensions included.
        remaining: u32,
    },
}

/// Why a term is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{field} {problem}")]
pub struct TermError {
    /// The field at fault, e.g. `suspensions[1].last`.
    pub field: String,
    pub problem: Problem,
}

impl Term {
    /// The longest term: limit and extensions together, in days.
    pub const MAX_DAYS: u32 = 2_000;
    /// The most suspensions, and the most extensions, of one term.
    pub const MAX_ENTRIES: usize = 100;
    /// The furthest that a suspension may end after day 0, in days.
    pub const MAX_REACH: u32 = 3_660;

    /// A term with nothing that stops or prolongs it.
    pub fn new(day0: Date, limit: Limit) -> Term {
        Term { day0, limit, suspensions: Vec::new(), extensions: Vec::new() }
    }

    /// Whether the term can be true.
    ///
    /// [`Calendar::due`](crate::Calendar::due) takes any term: in one that does not pass, a suspension that ends
    /// before it begins covers no day, and lengths are taken as they stand.
    ///
    /// # Errors
    ///
    /// [`TermError`] with the first field that breaks a rule.
    pub fn check(&self) -> Result<(), TermError> {
        at_most("suspensions", self.suspensions.len(), Term::MAX_ENTRIES as u32)?;
        at_most("extensions", self.extensions.len(), Term::MAX_ENTRIES as u32)?;
        at_most("limit", self.limit.days() as usize, Term::MAX_DAYS)?;
        at_most("extensions", self.days() as usize, Term::MAX_DAYS)?;
        for (i, suspension) in self.suspensions.iter().enumerate() {
            let Some(last) = suspension.last else {
                continue;
            };
            if last < suspension.first {
                return refuse(format!("suspensions[{i}].last"), Problem::Backwards);
            }
            if last.duration_since(self.day0).as_hours() / 24 > i64::from(Term::MAX_REACH) {
                return refuse(format!("suspensions[{i}].last"), Problem::AboveMax { max: Term::MAX_REACH });
            }
        }
        Ok(())
    }

    /// All days to count: the limit and the extensions.
    pub fn days(&self) -> u32 {
        self.limit.days().saturating_add(self.extended())
    }

    /// The working days that the extensions add.
    pub(crate) fn extended(&self) -> u32 {
        self.extensions.iter().fold(0, |sum, days| sum.saturating_add(u32::from(*days)))
    }
}

impl Limit {
    /// The number of days, of either kind.
    pub fn days(self) -> u32 {
        match self {
            Limit::WorkingDays(days) | Limit::CalendarDays(days) => u32::from(days),
        }
    }
}

impl Suspension {
    /// Whether the clock stands on `date`.
    pub fn covers(&self, date: Date) -> bool {
        self.first <= date && self.last.is_none_or(|last| date <= last)
    }
}

impl Due {
    /// The last day, where it is known.
    pub fn date(self) -> Option<Date> {
        match self {
            Due::On(date) => Some(date),
            Due::Provisional { .. } | Due::Stopped { .. } => None,
        }
    }
}

fn at_most(field: &str, size: usize, max: u32) -> Result<(), TermError> {
    if size > max as usize { refuse(field, Problem::AboveMax { max }) } else { Ok(()) }
}

fn refuse(field: impl Into<String>, problem: Problem) -> Result<(), TermError> {
    Err(TermError { field: field.into(), problem })
}
