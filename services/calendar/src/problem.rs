//! What can be wrong with a field of a notice or a term.

use std::fmt;

/// What is wrong with the field that an error names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Problem {
    /// Empty, or only white space.
    Empty,
    /// More than `max` characters, entries or days.
    AboveMax { max: u32 },
    /// Less than `min`.
    BelowMin { min: u32 },
    /// Not within the notice's own year.
    OutsideYear,
    /// The last day lies before the first.
    Backwards,
    /// The span shares a day with another span.
    Overlap,
    /// The same day stands twice.
    Duplicate,
    /// A make-up day that is no Saturday or Sunday.
    NotWeekend,
    /// A make-up day that the same notice declares off.
    AlsoOff,
}

impl Problem {
    /// The stable word for this problem, for tests and for machines.
    pub fn reason(self) -> &'static str {
        match self {
            Problem::Empty => "EMPTY",
            Problem::AboveMax { .. } => "ABOVE_MAX",
            Problem::BelowMin { .. } => "BELOW_MIN",
            Problem::OutsideYear => "OUTSIDE_YEAR",
            Problem::Backwards => "BACKWARDS",
            Problem::Overlap => "OVERLAP",
            Problem::Duplicate => "DUPLICATE",
            Problem::NotWeekend => "NOT_WEEKEND",
            Problem::AlsoOff => "ALSO_OFF",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Empty => write!(f, "must not be empty"),
            Problem::AboveMax { max } => write!(f, "is above the maximum of {max}"),
            Problem::BelowMin { min } => write!(f, "is below the minimum of {min}"),
            Problem::OutsideYear => write!(f, "must lie within the year of the notice"),
            Problem::Backwards => write!(f, "must not lie before the first day"),
            Problem::Overlap => write!(f, "shares a day with another span"),
            Problem::Duplicate => write!(f, "stands twice"),
            Problem::NotWeekend => write!(f, "must be a Saturday or a Sunday"),
            Problem::AlsoOff => write!(f, "is declared off by the same notice"),
        }
    }
}
