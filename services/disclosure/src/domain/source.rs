//! What the suite itself knows and publishes: guides, licence decisions, rosters, circulars.

pub mod decisions;
pub mod duty;
pub mod guide;
pub mod making;
mod markdown;

use calendar::{Date, start_of_day};
use kit::id::Division;
use serde::{Deserialize, Serialize};

use self::duty::{Circular, Roster, Rules};
use self::guide::Guide;
use super::content::{Content, Section};

/// What arrived by another service's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    Guide(Guide),
    /// Decisions were made in it; by its Monday. They themselves are rows.
    Week {
        unit: String,
        week: Date,
    },
    Roster(Roster),
    /// Of duty: what a roster says besides who serves.
    Rules(Rules),
    Circular(Circular),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub division: Division,
    /// `guide/410223-012-001`
    pub source: String,
    /// One more with everything that arrives.
    pub version: i64,
    /// When something is to be made of it; None where nothing is.
    pub wakes_at: Option<i64>,
    pub known: Known,
}

/// Which publication was made of a source, and of what version of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub division: Division,
    pub source: String,
    /// Of the row.
    pub row: i64,
    /// Id of the publication.
    pub publication: String,
    /// Version of the source that was last made.
    pub made: i64,
}

/// What a source says at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// Nothing yet.
    Nothing,
    This(Box<Made>),
    /// It is no more, and why; the public reads it.
    Gone(String),
}

/// A publication as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Of the source; at least 1.
    pub version: i64,
    pub content: Content,
    /// What has changed since an earlier version, the newest first.
    pub changes: Vec<(i64, String)>,
}

impl Made {
    /// Why it corrects what was made of an earlier version.
    pub fn correction(&self, since: i64) -> String {
        let of = self.changes.iter().filter(|(version, _)| *version > since).map(|(_, change)| change.as_str());
        let told: Vec<_> = of.collect();
        if told.is_empty() { "信息来源已更新".to_owned() } else { told.join("；") }
    }
}

/// The source of the rules of duty, of which nothing is made.
pub const RULES: &str = "rules";

/// The columns that the suite itself writes.
pub const GUIDES: &str = "guides";
pub const DECISIONS: &str = "decisions";
pub const DUTY: &str = "duty";
pub const CIRCULARS: &str = "circulars";

impl Known {
    pub fn column(&self) -> &'static str {
        match self {
            Known::Guide(_) => GUIDES,
            Known::Week { .. } => DECISIONS,
            Known::Roster(_) | Known::Rules(_) => DUTY,
            Known::Circular(_) => CIRCULARS,
        }
    }

    /// When it will say something else by itself, after a day.
    pub fn wakes_after(&self, today: Date) -> Option<i64> {
        match self {
            Known::Guide(guide) => guide.next_after(today).map(start_of_day),
            _ => None,
        }
    }
}

fn section(element: &str, text: impl Into<String>) -> Section {
    Section { element: element.to_owned(), heading: String::new(), text: text.into() }
}

/// The first so many characters.
fn cut(text: String, most: usize) -> String {
    if text.chars().count() <= most { text } else { text.chars().take(most - 1).chain(['…']).collect() }
}
