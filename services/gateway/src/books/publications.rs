//! What the books say of publications.

use std::collections::BTreeMap;

use kit::{id::Division, refusal::Refusal};
use sea_orm::{DatabaseTransaction, DbErr};

use super::{Books, Labels, Stand, labels, stand};
use crate::{
    domain::{
        day::Day,
        label::{Kind, Label},
        publication::{Search, Tally, category},
        scope::Group,
    },
    store::{
        self,
        publication::{By, Key, count},
    },
};

/// What is counted of one group.
#[derive(Clone, Debug)]
pub struct Row {
    pub key: String,
    pub label: Label,
    pub tally: Tally,
}

/// Publications by group, and of all together.
#[derive(Clone, Debug)]
pub struct Publicity {
    pub rows: Vec<Row>,
    pub total: Tally,
    pub stand: Stand,
}

/// Everything that one page shows of a division and period.
#[derive(Clone, Debug)]
pub struct Sheet {
    pub search: Search,
    pub total: Tally,
    pub units: Vec<Row>,
    pub columns: Vec<Row>,
    pub categories: Vec<Row>,
    pub months: Vec<Row>,
    pub labels: Labels,
    /// The first and last day on which the division published.
    pub span: Option<(Day, Day)>,
    pub divisions: Vec<(Division, Label)>,
    pub stand: Stand,
}

impl Books {
    /// What was published, by group.
    pub async fn publicity(&self, search: Search, group: Group) -> Result<Publicity, Refusal> {
        let today = self.today();
        self.read(move |tx, now| {
            Box::pin(async move {
                let by_place = count(tx, &search, By::Place, today).await?;
                let total = sum(by_place.values());
                let labels = labels(tx, search.division).await?;
                let rows = match group {
                    Group::Total => vec![Row { key: String::new(), label: Label::default(), tally: total }],
                    Group::Month => rows(&count(tx, &search, By::Day, today).await?, group, &labels),
                    _ => rows(&by_place, group, &labels),
                };
                Ok(Publicity { rows, total, stand: stand(tx, search.division, now).await? })
            })
        })
        .await
    }

    /// Everything that a page shows of what was published.
    pub async fn sheet(&self, search: Search) -> Result<Sheet, Refusal> {
        let today = self.today();
        self.read(move |tx, now| {
            Box::pin(async move {
                let division = search.division;
                let by_place = count(tx, &search, By::Place, today).await?;
                let by_day = count(tx, &search, By::Day, today).await?;
                let labels = labels(tx, division).await?;
                Ok(Sheet {
                    total: sum(by_place.values()),
                    units: rows(&by_place, Group::Unit, &labels),
                    columns: rows(&by_place, Group::Column, &labels),
                    categories: rows(&by_place, Group::Category, &labels),
                    months: rows(&by_day, Group::Month, &labels),
                    span: store::publication::span(tx, division).await?,
                    divisions: divisions(tx).await?,
                    stand: stand(tx, division, now).await?,
                    labels,
                    search,
                })
            })
        })
        .await
    }

    /// The first division that publishes.
    pub async fn first_publisher(&self) -> Result<Option<Division>, Refusal> {
        self.read(|tx, _| Box::pin(async move { Ok(store::publication::divisions(tx).await?.first().copied()) })).await
    }
}

async fn divisions(tx: &DatabaseTransaction) -> Result<Vec<(Division, Label)>, DbErr> {
    let mut divisions = Vec::new();
    for division in store::publication::divisions(tx).await? {
        let mut labels = store::label::all(tx, division, Kind::Division).await?;
        divisions.push((division, labels.remove(division.as_str()).unwrap_or_default()));
    }
    Ok(divisions)
}

fn sum<'a>(all: impl Iterator<Item = &'a Tally>) -> Tally {
    let mut total = Tally::default();
    all.for_each(|tally| total.merge(tally));
    total
}

/// By a coarser key, in its order; categories as numbers.
fn rows(counted: &BTreeMap<Key, Tally>, group: Group, labels: &Labels) -> Vec<Row> {
    let mut folded: BTreeMap<(i32, String), Tally> = BTreeMap::new();
    for (Key { place, day }, tally) in counted {
        let key = match group {
            Group::Unit => (0, place.unit.clone()),
            Group::Column => (0, place.column.clone()),
            Group::Category => (place.category, place.category.to_string()),
            _ => (0, Day(*day).month()),
        };
        folded.entry(key).or_default().merge(tally);
    }
    let row = |((number, key), tally): ((i32, String), Tally)| {
        let label = match group {
            Group::Unit => labels.of(Kind::Unit, &key),
            Group::Column => labels.of(Kind::Column, &key),
            Group::Category => category(number),
            _ => Label::default(),
        };
        (tally != Tally::default()).then_some(Row { key, label, tally })
    };
    folded.into_iter().filter_map(row).collect()
}
