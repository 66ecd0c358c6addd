//! A look at a publication.

use kit::id::Division;

use super::day::Day;

/// What was looked at, and when.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Looked {
    pub division: Division,
    pub day: Day,
    /// `012-2016-00017`
    pub publication: String,
}
