//! The books: what is counted, listed and called how, each answer read in one snapshot of the database.

mod board;
pub mod duties;
pub mod publications;
pub mod statements;
mod today;
mod watched;

use std::collections::{BTreeMap, HashMap};

use kit::{
    clock::{Clock, Moment},
    id::Division,
    refusal::Refusal,
    store::{Store, journal::position},
};
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};

pub use self::{board::Board, today::Today, watched::Watched};
use crate::{
    domain::{
        day::Day,
        fact::{Listed, Place},
        figures::{Figure, Figures},
        label::{Kind, Label},
        scope::{Group, Scope},
    },
    store::{
        self,
        figures::{By, count},
    },
};

/// Reads the gateway's database.
#[derive(Clone, Debug)]
pub struct Books {
    store: Store,
    clock: Clock,
}

/// Up to where an answer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    pub intake_seq: i64,
    pub directory_seq: i64,
    pub roster_seq: i64,
    pub disclosure_seq: i64,
    pub as_of: Moment,
}

/// The figures of one group.
#[derive(Clone, Debug)]
pub struct Row {
    pub key: String,
    pub label: Label,
    pub figures: Figures,
}

/// Figures by group, and of all together.
#[derive(Clone, Debug)]
pub struct Account {
    pub rows: Vec<Row>,
    pub total: Figures,
    pub stand: Stand,
}

/// A page of the cases behind a figure.
#[derive(Clone, Debug)]
pub struct Cases {
    pub cases: Vec<Listed>,
    /// There are more after the last one.
    pub more: bool,
    pub total: i64,
    pub stand: Stand,
}

/// What units, items, windows and columns of a division are called.
#[derive(Clone, Debug, Default)]
pub struct Labels(HashMap<Kind, HashMap<String, Label>>);

impl Labels {
    /// Empty where there is none.
    pub fn of(&self, kind: Kind, code: &str) -> Label {
        self.0.get(&kind).and_then(|labels| labels.get(code)).cloned().unwrap_or_default()
    }
}

impl Books {
    pub fn new(store: &Store, clock: &Clock) -> Books {
        Books { store: store.clone(), clock: clock.clone() }
    }

    pub fn today(&self) -> Day {
        Day::at(self.clock.now().0)
    }

    /// Figures of a scope, by group.
    pub async fn account(&self, scope: Scope, group: Group) -> Result<Account, Refusal> {
        let today = self.today();
        self.read(move |tx, now| {
            Box::pin(async move {
                let by = if matches!(group, Group::Day | Group::Month) { By::Day } else { By::Place };
                let counted = count(tx, &scope, by, today).await?;
                let total = sum(counted.values());
                let rows = match group {
                    Group::Total => vec![Row { key: String::new(), label: Label::default(), figures: total.clone() }],
                    Group::Day => rows(fold(&counted, |day| Some(Day(day).to_string())), |_| Label::default()),
                    Group::Month => rows(fold(&counted, |day| Some(Day(day).month())), |_| Label::default()),
                    // Of cases there is no column and no category.
                    _ => {
                        let places = store::place::all(tx, scope.division).await?;
                        let (kind, key): (Kind, fn(&Place) -> &String) = match group {
                            Group::Unit => (Kind::Unit, |place| &place.unit),
                            Group::Item => (Kind::Item, |place| &place.item),
                            _ => (Kind::Window, |place| &place.window),
                        };
                        let labels = store::label::all(tx, scope.division, kind).await?;
                        let of = |key: &str| labels.get(key).cloned().unwrap_or_default();
                        rows(fold(&counted, |place| places.get(&place).map(key).cloned()), of)
                    }
                };
                Ok(Account { rows, total, stand: stand(tx, scope.division, now).await? })
            })
        })
        .await
    }

    /// The cases that a figure counts, by number.
    pub async fn cases(
        &self,
        scope: Scope,
        figure: Figure,
        after: Option<String>,
        most: u64,
    ) -> Result<Cases, Refusal> {
        let today = self.today();
        self.read(move |tx, now| {
            Box::pin(async move { cases(tx, &scope, figure, today, after.as_deref(), most, now).await })
        })
        .await
    }

    /// What a division's units, items and windows are called.
    pub async fn labels(&self, division: Division) -> Result<Labels, Refusal> {
        self.read(move |tx, _| Box::pin(async move { labels(tx, division).await })).await
    }

    /// Up to where a division's journals were followed.
    pub async fn stand(&self, division: Division) -> Result<Stand, Refusal> {
        let now = self.clock.now();
        stand(self.store.read(), division, now).await.map_err(unavailable)
    }

    /// The first division that has cases.
    pub async fn first_division(&self) -> Result<Option<Division>, Refusal> {
        let divisions = store::place::divisions(self.store.read()).await.map_err(unavailable)?;
        Ok(divisions.first().copied())
    }

    /// Reads one state of all tables. In a task of its own: a `BEGIN` whose caller hangs up would leave a pooled
    /// PostgreSQL connection inside a transaction (sqlx 0.9.0, issue 4385).
    async fn read<T: Send + 'static>(
        &self,
        reading: impl for<'a> FnOnce(&'a DatabaseTransaction, Moment) -> futures::future::BoxFuture<'a, Result<T, DbErr>>
        + Send
        + 'static,
    ) -> Result<T, Refusal> {
        let (store, now) = (self.store.clone(), self.clock.now());
        let read = tokio::spawn(async move {
            let tx = store.snapshot().await?;
            let read = reading(&tx, now).await?;
            tx.rollback().await?;
            Ok(read)
        });
        read.await.map_err(|fault| Refusal::internal(format!("reading figures: {fault}")))?.map_err(unavailable)
    }
}

fn unavailable(error: DbErr) -> Refusal {
    tracing::error!(%error, "figures could not be read");
    Refusal::unavailable()
}

async fn cases(
    tx: &DatabaseTransaction,
    scope: &Scope,
    figure: Figure,
    today: Day,
    after: Option<&str>,
    most: u64,
    now: Moment,
) -> Result<Cases, DbErr> {
    let condition = figure.condition();
    let mut cases = store::figures::list(tx, scope, condition, today, after, most + 1).await?;
    let more = cases.len() as u64 > most;
    cases.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    let total = store::figures::total(tx, scope, condition, today).await?;
    Ok(Cases { cases, more, total, stand: stand(tx, scope.division, now).await? })
}

async fn stand(db: &impl sea_orm::ConnectionTrait, division: Division, as_of: Moment) -> Result<Stand, DbErr> {
    let rows = position::Entity::find().filter(position::Column::Division.eq(division.as_str())).all(db).await?;
    let seq = |source: &str| rows.iter().find(|row| row.source == source).map_or(0, |row| row.seq);
    Ok(Stand {
        intake_seq: seq("intake"),
        directory_seq: seq("directory"),
        roster_seq: seq("roster"),
        disclosure_seq: seq("disclosure"),
        as_of,
    })
}

async fn labels(tx: &DatabaseTransaction, division: Division) -> Result<Labels, DbErr> {
    let mut labels = HashMap::new();
    for kind in [Kind::Division, Kind::Unit, Kind::Item, Kind::Window, Kind::Column] {
        labels.insert(kind, store::label::all(tx, division, kind).await?);
    }
    Ok(Labels(labels))
}

async fn divisions(tx: &DatabaseTransaction) -> Result<Vec<(Division, Label)>, DbErr> {
    let mut divisions = Vec::new();
    for division in store::place::divisions(tx).await? {
        let mut labels = store::label::all(tx, division, Kind::Division).await?;
        divisions.push((division, labels.remove(division.as_str()).unwrap_or_default()));
    }
    Ok(divisions)
}

fn sum<'a>(all: impl Iterator<Item = &'a Figures>) -> Figures {
    let mut total = Figures::default();
    all.for_each(|figures| total.merge(figures));
    total
}

/// Figures by a coarser key.
fn fold(counted: &BTreeMap<i32, Figures>, key: impl Fn(i32) -> Option<String>) -> BTreeMap<String, Figures> {
    let mut folded: BTreeMap<String, Figures> = BTreeMap::new();
    for (fine, figures) in counted {
        if let Some(key) = key(*fine) {
            folded.entry(key).or_default().merge(figures);
        }
    }
    folded
}

fn rows(folded: BTreeMap<String, Figures>, label: impl Fn(&str) -> Label) -> Vec<Row> {
    folded.into_iter().map(|(key, figures)| Row { label: label(&key), key, figures }).collect()
}
