//! The yearly notice of the State Council General Office (国务院办公厅关于某年部分节假日安排的通知).

use std::sync::LazyLock;

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// One yearly notice, or an amendment of one, with every day it moves in its year.
///
/// An amendment is the whole year as it then stands, under the next `version` and the amending document. Days that a
/// notice names in the year before (元旦 may begin in December) are an amendment of that year.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The civil year, 1949 to 9999.
    pub year: i16,
    /// 1 is the first notice of the year, 2 its first amendment, and so on.
    pub version: u32,
    /// The document number, e.g. `国办发明电〔2025〕7号`; at most 100 characters.
    pub document: String,
    /// The date under the document.
    #[serde(default)]
    pub issued_on: Option<Date>,
    /// The days off, at most 40 spans, weekends within a span included.
    pub off: Vec<Span>,
    /// The weekend days that are worked instead (调休上班), at most 40.
    pub workdays: Vec<Date>,
    /// Where the text was found and how far it was checked; at most 1,000 characters.
    #[serde(default)]
    pub source: String,
}

/// The days from `first` to `last`, both included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    pub first: Date,
    pub last: Date,
}

/// Why a notice is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoticeError {
    /// A field breaks a rule, e.g. `off[2].last`.
    #[error("{field} {problem}")]
    Field { field: String, problem: Problem },
    /// The calendar holds this year at this version or a later one, with other content.
    #[error("version {offered} of {year} is not newer than version {held}, which is held")]
    Stale { year: i16, held: u32, offered: u32 },
}

impl NoticeError {
    /// The field at fault.
    pub fn field(&self) -> &str {
        match self {
            NoticeError::Field { field, .. } => field,
            NoticeError::Stale { .. } => "version",
        }
    }

    /// The stable word for this refusal.
    pub fn reason(&self) -> &'static str {
        match self {
            NoticeError::Field { problem, .. } => problem.reason(),
            NoticeError::Stale { .. } => "STALE",
        }
    }
}

const YEARS: std::ops::RangeInclusive<i16> = 1949..=9999;
const MAX_DOCUMENT: usize = 100;
const MAX_SOURCE: usize = 1_000;
const MAX_ENTRIES: usize = 40;

impl Notice {
    /// Whether the notice can be true of its year.
    ///
    /// # Errors
    ///
    /// [`NoticeError::Field`] with the first field that breaks a rule.
    pub fn check(&self) -> Result<(), NoticeError> {
        self.check_head()?;
        self.check_off()?;
        self.check_workdays()
    }

    fn check_head(&self) -> Result<(), NoticeError> {
        if self.year < *YEARS.start() {
            return refuse("year", Problem::BelowMin { min: 1949 });
        }
        if self.year > *YEARS.end() {
            return refuse("year", Problem::AboveMax { max: 9999 });
        }
        if self.version == 0 {
            return refuse("version", Problem::BelowMin { min: 1 });
        }
        if self.document.trim().is_empty() {
            return refuse("document", Problem::Empty);
        }
        at_most("document", self.document.chars().count(), MAX_DOCUMENT)?;
        at_most("source", self.source.chars().count(), MAX_SOURCE)?;
        at_most("off", self.off.len(), MAX_ENTRIES)?;
        at_most("workdays", self.workdays.len(), MAX_ENTRIES)
    }

    fn check_off(&self) -> Result<(), NoticeError> {
        for (i, span) in self.off.iter().enumerate() {
            if span.first.year() != self.year {
                return refuse(format!("off[{i}].first"), Problem::OutsideYear);
            }
            if span.last.year() != self.year {
                return refuse(format!("off[{i}].last"), Problem::OutsideYear);
            }
            if span.last < span.first {
                return refuse(format!("off[{i}].last"), Problem::Backwards);
            }
            if self.off[..i].iter().any(|other| other.overlaps(span)) {
                return refuse(format!("off[{i}]"), Problem::Overlap);
            }
        }
        Ok(())
    }

    fn check_workdays(&self) -> Result<(), NoticeError> {
        for (i, day) in self.workdays.iter().enumerate() {
            let problem = if day.year() != self.year {
                Problem::OutsideYear
            } else if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
                Problem::NotWeekend
            } else if self.off.iter().any(|span| span.contains(*day)) {
                Problem::AlsoOff
            } else if self.workdays[..i].contains(day) {
                Problem::Duplicate
            } else {
                continue;
            };
            return refuse(format!("workdays[{i}]"), problem);
        }
        Ok(())
    }

    /// The same notice with its days in order.
    pub(crate) fn sorted(mut self) -> Notice {
        self.off.sort_unstable();
        self.workdays.sort_unstable();
        self
    }

    /// Whether both say the same law. The source is a remark about a notice, no part of it.
    pub(crate) fn says_the_same(&self, other: &Notice) -> bool {
        (self.year, self.version, &self.document, self.issued_on, &self.off, &self.workdays)
            == (other.year, other.version, &other.document, other.issued_on, &other.off, &other.workdays)
    }
}

impl Span {
    /// Whether `date` is one of the days.
    pub fn contains(&self, date: Date) -> bool {
        self.first <= date && date <= self.last
    }

    fn overlaps(&self, other: &Span) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

fn at_most(field: &str, size: usize, max: usize) -> Result<(), NoticeError> {
    if size > max { refuse(field, Problem::AboveMax { max: max as u32 }) } else { Ok(()) }
}

fn refuse(field: impl Into<String>, problem: Problem) -> Result<(), NoticeError> {
    Err(NoticeError::Field { field: field.into(), problem })
}

/// Every notice that is compiled in, amendments after what they amend: 2016 to 2026.
pub fn builtin_notices() -> &'static [Notice] {
    // Data that does not parse is no data, and the calendar then knows no year: every answer is provisional, none is
    // wrong. A test reads the same file and counts.
    static NOTICES: LazyLock<Vec<Notice>> =
        LazyLock::new(|| serde_json::from_str(include_str!("../data/notices.json")).unwrap_or_default());
    &NOTICES
}
