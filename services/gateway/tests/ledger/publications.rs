//! Publications whose life is made by hand, and the plainest count of them.

use std::collections::BTreeMap;

use prost::Message;
use proto::{
    disclosure::v1::{DraftState, PublicationFacts, Standing},
    gateway::v1::{DisclosureFigures, Rate},
};

use super::{Ledger, day};

/// What is told of a publication, and the day of it.
#[derive(Clone, Debug)]
pub struct Told {
    pub event: &'static str,
    pub facts: PublicationFacts,
    /// Of the entry: when a withdrawal was.
    pub at: String,
}

/// A draft of unit and column; nothing of it is public.
pub fn drafted(id: &str, column: &str, category: i32, due: &str) -> PublicationFacts {
    PublicationFacts {
        id: id.into(),
        unit: id[..3].into(),
        column: column.into(),
        category,
        standing: Standing::Unpublished.into(),
        draft: DraftState::Draft.into(),
        draft_due_on: if due.is_empty() { 0 } else { day(due) },
        column_title_zh: format!("栏目{column}"),
        column_title_en: format!("Column {column}"),
        ..Default::default()
    }
}

/// The same as its next edition, public on a day.
pub fn published(facts: &PublicationFacts, on: &str, on_time: bool, score: i32, pictures: i32) -> PublicationFacts {
    PublicationFacts {
        standing: Standing::Public.into(),
        edition: facts.edition + 1,
        draft: DraftState::Unspecified.into(),
        draft_due_on: 0,
        published_on: day(on),
        on_time,
        score,
        pictures,
        title: "公告".into(),
        ..facts.clone()
    }
}

/// Public still, and worked on again.
pub fn corrected(facts: &PublicationFacts, due: &str) -> PublicationFacts {
    PublicationFacts { draft: DraftState::Draft.into(), draft_due_on: day(due), ..facts.clone() }
}

pub fn withdrawn(facts: &PublicationFacts) -> PublicationFacts {
    PublicationFacts { standing: Standing::Withdrawn.into(), title: String::new(), ..facts.clone() }
}

pub fn told(event: &'static str, facts: &PublicationFacts, at: &str) -> Told {
    Told { event, facts: facts.clone(), at: at.into() }
}

impl Ledger {
    pub async fn publications(&mut self, told: &[Told]) {
        let noun = |told: &Told| (told.event, format!("publications/{}", told.facts.id), told.facts.encode_to_vec());
        let at: Vec<&str> = told.iter().map(|told| told.at.as_str()).collect();
        self.disclosure(told.iter().map(noun).collect(), &at).await;
    }
}

/// Of what one key is made.
pub type Group = fn(&PublicationFacts, &str) -> String;

/// Counts anew what was told, one by one; `first` to `last` are days, `today` is for what is overdue, which is of no month.
pub fn recount(
    told: &[Told],
    period: [&str; 2],
    today: &str,
    key: Group,
    months: bool,
) -> BTreeMap<String, DisclosureFigures> {
    let mut counted: BTreeMap<String, DisclosureFigures> = BTreeMap::new();
    let mut scores: BTreeMap<String, i32> = BTreeMap::new();
    let mut last: BTreeMap<&str, &PublicationFacts> = BTreeMap::new();
    let inside = |on: &str| period[0] <= on && on <= period[1];
    for Told { event, facts, at } in told {
        last.insert(&facts.id, facts);
        let row = key(facts, at);
        if *event == "publication.published" && inside(at) {
            let figures = counted.entry(row.clone()).or_default();
            *(if facts.edition == 1 { &mut figures.published } else { &mut figures.corrected }) += 1;
            figures.on_time += i64::from(facts.on_time);
            figures.conforming += i64::from(facts.score == 100);
            figures.pictures += if facts.edition == 1 { i64::from(facts.pictures) } else { 0 };
            *scores.entry(row).or_default() += facts.score;
        } else if *event == "publication.withdrawn" && inside(at) {
            counted.entry(row).or_default().withdrawn += 1;
        }
    }
    for facts in last.values().filter(|facts| facts.draft() != DraftState::Unspecified && !months) {
        if facts.draft_due_on != 0 && facts.draft_due_on < day(today) {
            counted.entry(key(facts, today)).or_default().overdue += 1;
        }
    }
    for (key, figures) in &mut counted {
        let all = figures.published + figures.corrected;
        figures.key = key.clone();
        figures.on_time_rate = Some(rate(figures.on_time, all + figures.overdue));
        figures.conformance_rate = Some(rate(figures.conforming, all));
        figures.mean_score = (all > 0).then(|| scores[key] / all as i32);
    }
    counted
}

fn rate(numerator: i64, denominator: i64) -> Rate {
    let basis_points = (denominator > 0).then(|| (numerator * 10_000 / denominator) as i32);
    Rate { numerator, denominator, basis_points }
}
