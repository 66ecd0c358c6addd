//! A figure as it was stated: what was asked, what was counted, and up to where in the journals. It never changes; a later
//! one of the same series supersedes it.

use kit::{clock::Moment, id::Division};
use serde::{Deserialize, Serialize};
use verify::definition::{self, Definition};

use super::{
    day::{Day, Period},
    figures::Rate,
};

/// Which figure, of whom, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub division: Division,
    pub definition: &'static Definition,
    pub period: Period,
    /// Code; empty for all.
    pub unit: String,
}

impl Question {
    /// `completion-rate-20160101-20161231-012`: what all statements of a series begin with.
    pub fn series(&self) -> String {
        let day = |day: Day| day.to_string().replace('-', "");
        let unit = if self.unit.is_empty() { String::new() } else { format!("-{}", self.unit) };
        format!("{}-{}-{}{unit}", self.definition.id, day(self.period.first), day(self.period.last))
    }
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub numerator: i64,
    /// 0 for a count.
    pub denominator: i64,
    /// Of the counted set: those that were entered late.
    pub late_entries: i64,
    /// SHA-256 of the counted set, as the contract says.
    pub set_digest: Vec<u8>,
}

/// A journal, up to and with an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub service: String,
    pub seq: i64,
    /// A signed head that covers it, with the cosignatures that it had.
    pub checkpoint: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    pub division: Division,
    pub id: String,
    /// The how manieth of its series, from 1.
    pub number: i32,
    pub definition: String,
    pub version: i32,
    pub period: Period,
    pub unit: String,
    /// Open cases are overdue or not as of this day.
    pub as_of: Day,
    pub count: Count,
    pub positions: Vec<Position>,
    /// Microseconds, UTC.
    pub published_at: i64,
    /// Resource name.
    pub published_by: String,
    /// Id of the next one of its series; empty while it is the newest.
    pub superseded_by: String,
    /// The journal's entry that says so.
    pub seq: i64,
}

impl Statement {
    /// The first of its series, not published yet.
    pub fn new(question: &Question, as_of: Day, count: Count, positions: Vec<Position>) -> Statement {
        let (series, Question { division, definition, period, unit }) = (question.series(), question.clone());
        Statement {
            division,
            id: format!("{series}-1"),
            number: 1,
            definition: definition.id.to_owned(),
            version: definition.version,
            period,
            unit,
            as_of,
            count,
            positions,
            published_at: 0,
            published_by: String::new(),
            superseded_by: String::new(),
            seq: 0,
        }
    }

    /// The same as another one of its series.
    pub fn numbered(self, number: i32) -> Statement {
        let series = self.id.rsplit_once('-').map_or(self.id.as_str(), |(series, _)| series);
        Statement { id: format!("{series}-{number}"), number, ..self }
    }

    /// Publishes it.
    pub fn publish(&mut self, by: &str, now: Moment) {
        self.published_at = now.0;
        by.clone_into(&mut self.published_by);
    }

    /// Its definition, where that still means what it meant.
    pub fn meaning(&self) -> Option<&'static Definition> {
        definition::find(&self.definition).filter(|definition| definition.version == self.version)
    }

    pub fn rate(&self) -> Option<Rate> {
        let Count { numerator, denominator, .. } = self.count;
        let is_rate = self.meaning().is_some_and(Definition::is_rate);
        is_rate.then_some(Rate { numerator, denominator })
    }

    /// How it reads: a count, a percentage truncated to hundredths, or a dash of nothing.
    pub fn stated(&self) -> String {
        match self.rate().map(Rate::basis_points) {
            None => self.count.numerator.to_string(),
            Some(None) => "—".to_owned(),
            Some(Some(points)) => format!("{}.{:02}%", points / 100, points % 100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(definition: &str, numerator: i64, denominator: i64) -> Statement {
        let question = Question {
            division: "410223".parse().expect("six digits"),
            definition: definition::find(definition).expect("a definition"),
            period: Period::year(2016).expect("a year"),
            unit: "012".into(),
        };
        let count = Count { numerator, denominator, ..Count::default() };
        Statement::new(&question, Day(17_166), count, Vec::new()).numbered(2)
    }

    #[test]
    fn a_statement_is_named_after_what_it_states() {
        let statement = statement("completion-rate", 1, 2);
        assert_eq!(statement.id, "completion-rate-20160101-20161231-012-2");
        assert!(kit::id::is_id(&statement.id));
    }

    #[test]
    fn every_name_that_a_statement_can_have_is_a_name() {
        let longest = definition::ALL.iter().map(|definition| definition.id.len()).max().expect("a definition");
        assert!(longest + "-20160101-20161231-012-2147483647".len() <= 64);
    }

    #[test]
    fn a_statement_reads_as_a_count_a_truncated_percentage_or_a_dash() {
        assert_eq!(statement("accepted", 131_565, 0).stated(), "131565");
        assert_eq!(statement("completion-rate", 131_558, 131_565).stated(), "99.99%");
        assert_eq!(statement("completion-rate", 0, 0).stated(), "—");
        let later = Statement { version: 9, ..statement("completion-rate", 1, 2) };
        assert_eq!(later.meaning(), None);
    }
}
