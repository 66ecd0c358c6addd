//! What the books say of the duty of the units' leaders.

use std::collections::BTreeMap;

use kit::{id::Division, refusal::Refusal};
use sea_orm::{DatabaseTransaction, DbErr};

use super::{Books, Labels, Stand, labels, stand};
use crate::{
    domain::{
        day::{Day, Period},
        duty::{Duty, Search, Tally},
        label::{Kind, Label},
        scope::Group,
    },
    store::{self, duty::row::Column},
};

/// At most so many duties are shown of a month or told of a feed.
const MOST: u64 = 20_000;
/// A feed goes back so many days.
const BACK: i32 = 92;

/// What is counted of one group.
#[derive(Clone, Debug)]
pub struct Row {
    pub key: String,
    pub label: Label,
    pub tally: Tally,
}

/// Attendance by group, and of all together.
#[derive(Clone, Debug)]
pub struct Attendance {
    pub rows: Vec<Row>,
    pub total: Tally,
    pub stand: Stand,
}

/// Duties, and what is needed to name them.
#[derive(Clone, Debug)]
pub struct Duties {
    pub duties: Vec<Duty>,
    /// There are more after the last one.
    pub more: bool,
    pub total: i64,
    pub labels: Labels,
    pub stand: Stand,
}

/// A month of a division.
#[derive(Clone, Debug)]
pub struct Month {
    /// All of the month, whatever was searched for.
    pub duties: Vec<Duty>,
    pub attendance: Attendance,
    /// The nearest days before and after it that have duties.
    pub before: Option<Day>,
    pub after: Option<Day>,
    /// Whether unit and person of the search were ever on duty.
    pub is_known: bool,
    pub labels: Labels,
}

/// Whose duties a feed tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Person,
    Post,
}

/// The duties of a person or a post, from some months ago on.
#[derive(Clone, Debug)]
pub struct Feed {
    /// The newest one, which says what the person or post is called.
    pub newest: Duty,
    pub duties: Vec<Duty>,
    pub labels: Labels,
}

impl Books {
    /// Attendance of a search, by group: in total, by unit, day or month.
    pub async fn attendance(&self, search: Search, group: Group) -> Result<Attendance, Refusal> {
        self.read(move |tx, now| {
            Box::pin(async move {
                let stand = stand(tx, search.division, now).await?;
                attendance(tx, &search, group, stand).await
            })
        })
        .await
    }

    /// The duties of a search, in their order.
    pub async fn duties(&self, search: Search, after: Option<String>, most: u64) -> Result<Duties, Refusal> {
        self.read(move |tx, now| {
            Box::pin(async move {
                let mut duties = store::duty::list(tx, &search, after.as_deref(), most + 1).await?;
                let more = duties.len() as u64 > most;
                duties.truncate(usize::try_from(most).unwrap_or(usize::MAX));
                let total = store::duty::total(tx, &search).await?;
                let labels = labels(tx, search.division).await?;
                Ok(Duties { duties, more, total, labels, stand: stand(tx, search.division, now).await? })
            })
        })
        .await
    }

    /// The duties of these ids.
    pub async fn named_duties(&self, division: Division, ids: Vec<String>) -> Result<Duties, Refusal> {
        self.read(move |tx, now| {
            Box::pin(async move {
                let duties = store::duty::named(tx, division, &ids).await?;
                let (total, labels) = (ids.len() as i64, labels(tx, division).await?);
                Ok(Duties { duties, more: false, total, labels, stand: stand(tx, division, now).await? })
            })
        })
        .await
    }

    /// A month, counted as searched for.
    pub async fn month(&self, search: Search) -> Result<Month, Refusal> {
        self.read(move |tx, now| {
            Box::pin(async move {
                let (division, Period { first, last }) = (search.division, search.period);
                let all = Search::all(division, search.period);
                let stand = stand(tx, division, now).await?;
                let mut is_known = true;
                for (column, code) in [(Column::Unit, &search.unit), (Column::Person, &search.person)] {
                    is_known &= code.is_empty() || store::duty::newest(tx, division, column, code).await?.is_some();
                }
                Ok(Month {
                    duties: store::duty::list(tx, &all, None, MOST).await?,
                    attendance: attendance(tx, &search, Group::Unit, stand).await?,
                    before: store::duty::beside(tx, division, first, false).await?,
                    after: store::duty::beside(tx, division, last, true).await?,
                    is_known,
                    labels: labels(tx, division).await?,
                })
            })
        })
        .await
    }

    /// The duties of a person or a post, of the last months and all that are to come; none where there never was one.
    pub async fn feed(&self, division: Division, whose: Whose, code: String) -> Result<Option<Feed>, Refusal> {
        let first = Day(self.today().0 - BACK);
        self.read(move |tx, _| {
            Box::pin(async move {
                let mut search = Search::all(division, Period { first, last: Day(i32::MAX) });
                let column = match whose {
                    Whose::Person => Column::Person,
                    Whose::Post => Column::Post,
                };
                let Some(newest) = store::duty::newest(tx, division, column, &code).await? else { return Ok(None) };
                match whose {
                    Whose::Person => search.person = code,
                    Whose::Post => search.post = code,
                }
                let duties = store::duty::list(tx, &search, None, MOST).await?;
                Ok(Some(Feed { newest, duties, labels: labels(tx, division).await? }))
            })
        })
        .await
    }

    /// The first division that has duties, and the day of them that is nearest to today, if possible not behind it.
    pub async fn duty_day(&self, division: Option<Division>) -> Result<Option<(Division, Day)>, Refusal> {
        let today = self.today();
        self.read(move |tx, _| {
            Box::pin(async move {
                let first = || async { Ok::<_, DbErr>(store::duty::divisions(tx).await?.first().copied()) };
                let Some(division) = (match division {
                    Some(division) => Some(division),
                    None => first().await?,
                }) else {
                    return Ok(None);
                };
                let next = store::duty::beside(tx, division, Day(today.0 - 1), true).await?;
                let day = match next {
                    Some(day) => Some(day),
                    None => store::duty::beside(tx, division, today, false).await?,
                };
                Ok(day.map(|day| (division, day)))
            })
        })
        .await
    }
}

async fn attendance(
    tx: &DatabaseTransaction,
    search: &Search,
    group: Group,
    stand: Stand,
) -> Result<Attendance, DbErr> {
    let mut rows: BTreeMap<String, Tally> = BTreeMap::new();
    let mut labels = std::collections::HashMap::new();
    if matches!(group, Group::Day | Group::Month) {
        for (day, tally) in store::duty::tally::<i32>(tx, search, Column::Day).await? {
            let day = Day(day);
            let key = if group == Group::Day { day.to_string() } else { day.month() };
            rows.entry(key).or_default().merge(&tally);
        }
    } else {
        rows = store::duty::tally(tx, search, Column::Unit).await?;
        labels = store::label::all(tx, search.division, Kind::Unit).await?;
    }
    rows.retain(|_, tally| !tally.is_empty());
    let mut total = Tally::default();
    rows.values().for_each(|tally| total.merge(tally));
    if group == Group::Total {
        rows = BTreeMap::from([(String::new(), total)]);
    }
    let label = |key: &str| labels.get(key).cloned().unwrap_or_default();
    let rows = rows.into_iter().map(|(key, tally)| Row { label: label(&key), key, tally }).collect();
    Ok(Attendance { rows, total, stand })
}
