//! The second count: from the journals' entries alone, by other code than the one that states figures.

use proto::journal::v1::FigureStatement;
use sha2::{Digest, Sha256};

use crate::{
    day,
    definition::{self, Definition},
    facts::Facts,
    wrong::Wrong,
};

/// What is asked: a definition, whose cases, when, and up to which entry.
#[derive(Clone, Debug)]
pub struct Question {
    pub definition: &'static Definition,
    /// First and last day, both inclusive.
    pub period: (i32, i32),
    /// Empty for all.
    pub unit: String,
    pub as_of: i32,
    /// The last entry of the definition's service that counts.
    pub position: i64,
    asked: FigureStatement,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub numerator: i64,
    /// 0 for a count.
    pub denominator: i64,
    pub late_entries: i64,
    pub set_digest: [u8; 32],
}

impl Question {
    /// What a statement answers; its numbers are not looked at.
    pub fn of(statement: &FigureStatement) -> Result<Question, Wrong> {
        let definition = definition::find(&statement.definition)
            .filter(|definition| definition.version == statement.version)
            .ok_or_else(|| {
                let what = format!("{} v{}", statement.definition, statement.version);
                Wrong::new(format!("没有指标定义 {what}"), format!("there is no definition {what}"))
            })?;
        let day = |text: &str| {
            let wrong = || Wrong::new(format!("日期 {text:?} 有误"), format!("{text:?} is no day"));
            day::parse(text).ok_or_else(wrong)
        };
        let position = statement.positions.iter().find(|position| position.service == definition.service);
        let position = position.filter(|position| position.seq >= 0).ok_or_else(|| {
            let service = definition.service;
            Wrong::new(format!("缺少 {service} 日志的位置"), format!("the position in {service}'s journal is missing"))
        })?;
        Ok(Question {
            definition,
            period: (day(&statement.first)?, day(&statement.last)?),
            unit: statement.unit.clone(),
            as_of: day(&statement.as_of)?,
            position: position.seq,
            asked: statement.clone(),
        })
    }

    /// Counts what is true now.
    pub fn count(&self, facts: &Facts) -> Count {
        let Definition { cohort, numerator, denominator, .. } = self.definition;
        let mut count = Count::default();
        let mut set = Sha256::new();
        for (number, member) in facts.members(*cohort) {
            let all = |terms: &[_]| terms.iter().all(|term| member.fulfils(*term, self.as_of));
            if !(self.unit.is_empty() || **member.unit() == *self.unit)
                || !member.is_of(*cohort, self.period, self.as_of)
                || !denominator.is_none_or(|whole| all(whole.terms))
            {
                continue;
            }
            let counts = all(numerator.terms);
            if !counts && denominator.is_none() {
                continue;
            }
            count.numerator += i64::from(counts);
            count.denominator += i64::from(denominator.is_some());
            count.late_entries += i64::from(member.is_late_entry());
            set.update(number);
            set.update(if counts { " 1\n" } else { " 0\n" });
        }
        count.set_digest = set.finalize().into();
        count
    }

    /// The answer as a statement.
    pub fn statement(&self, count: &Count) -> FigureStatement {
        FigureStatement {
            numerator: count.numerator,
            denominator: count.denominator,
            stated: stated(count.numerator, count.denominator, self.definition.is_rate()),
            set_digest: count.set_digest.to_vec(),
            late_entries: count.late_entries,
            ..self.asked.clone()
        }
    }
}

/// How a figure reads: a count, a percentage truncated to hundredths, or a dash for a rate of nothing.
pub fn stated(numerator: i64, denominator: i64, is_rate: bool) -> String {
    if !is_rate {
        return numerator.to_string();
    }
    let points = (i128::from(numerator) * 10_000).checked_div(i128::from(denominator));
    points.map_or_else(|| "—".to_owned(), |points| format!("{}.{:02}%", points / 100, points % 100))
}

/// What two statements of the same question do not agree on: the fields, in the contract's order.
pub fn differences(stated: &FigureStatement, counted: &FigureStatement) -> Vec<&'static str> {
    let same = [
        ("numerator", stated.numerator == counted.numerator),
        ("denominator", stated.denominator == counted.denominator),
        ("stated", stated.stated == counted.stated),
        ("set_digest", stated.set_digest == counted.set_digest),
        ("late_entries", stated.late_entries == counted.late_entries),
    ];
    same.into_iter().filter(|(_, same)| !same).map(|(field, _)| field).collect()
}

/// Answers one question from entries that come in order, of whichever service.
pub struct Recount {
    question: Question,
    facts: Facts,
    read: i64,
}

impl Recount {
    pub fn new(question: Question) -> Recount {
        Recount { question, facts: Facts::default(), read: 0 }
    }

    /// The next entry of a service. What is after the position counts no more; a gap is refused.
    pub fn push(&mut self, service: &str, seq: i64, event: &str, payload: &[u8]) -> Result<(), Wrong> {
        if service != self.question.definition.service || seq > self.question.position {
            return Ok(());
        }
        let expected = self.read + 1;
        if seq != expected {
            return Err(Wrong::new(
                format!("{service} 日志应为第 {expected} 条，却是第 {seq} 条"),
                format!("entry {expected} of {service} was expected, not {seq}"),
            ));
        }
        self.read = seq;
        self.facts.push(service, event, payload).map_err(|wrong| {
            Wrong::new(format!("{service} 第 {seq} 条：{}", wrong.zh), format!("{service} entry {seq}: {}", wrong.en))
        })
    }

    /// The answer, once everything up to the position was pushed.
    pub fn finish(self) -> Result<FigureStatement, Wrong> {
        let (service, position, read) = (self.question.definition.service, self.question.position, self.read);
        if read != position {
            return Err(Wrong::new(
                format!("{service} 日志只有 {read} 条，应有 {position} 条"),
                format!("{service}'s journal has {read} entries, {position} are to be counted"),
            ));
        }
        Ok(self.question.statement(&self.question.count(&self.facts)))
    }
}
