//! Everything that one page shows of the cases of a division, a unit or an item in a period.

use std::collections::BTreeMap;

use jiff::ToSpan;
use kit::{id::Division, refusal::Refusal};
use sea_orm::{DatabaseTransaction, DbErr};

use super::{Books, Cases, Labels, Row, Stand, cases, divisions, fold, labels, rows, stand, sum};
use crate::{
    domain::{
        day::{Day, Period},
        fact::Place,
        figures::{Figure, Figures},
        label::{Kind, Label},
        scope::Scope,
        span::Span,
    },
    store::{
        self,
        figures::{By, count},
    },
};

/// Shorter periods are not compared with the year before.
const COMPARED: i32 = 300;

#[derive(Clone, Debug)]
pub struct Board {
    pub scope: Scope,
    pub today: Day,
    pub total: Figures,
    pub units: Vec<Row>,
    pub items: Vec<Row>,
    /// The windows that received.
    pub windows: Vec<Row>,
    pub months: Vec<Row>,
    /// Of the year before, of the same scope; none where the period is short.
    pub months_before: Vec<Row>,
    /// By their Mondays, whole ones, so the first and the last may reach beyond the period.
    pub weeks: BTreeMap<Day, Figures>,
    pub days: BTreeMap<Day, Figures>,
    /// Receptions by window and hour.
    pub hours: BTreeMap<(String, i32), i64>,
    pub open: Cases,
    pub labels: Labels,
    /// The first and last day on which the division received a case.
    pub span: Option<(Day, Day)>,
    pub divisions: Vec<(Division, Label)>,
    pub stand: Stand,
}

impl Books {
    /// Everything that a page shows of a scope; `open` cases at most.
    pub async fn board(&self, scope: Scope, open: u64) -> Result<Board, Refusal> {
        let today = self.today();
        self.read(move |tx, now| {
            Box::pin(async move {
                let division = scope.division;
                let by_place = count(tx, &scope, By::Place, today).await?;
                let places = store::place::all(tx, division).await?;
                let labels = labels(tx, division).await?;
                let by = |kind, key: fn(&Place) -> &String| {
                    rows(fold(&by_place, |place| places.get(&place).map(key).cloned()), |code| labels.of(kind, code))
                };
                let (units, items) = (by(Kind::Unit, |place| &place.unit), by(Kind::Item, |place| &place.item));
                let windows = by(Kind::Window, |place| &place.window);
                let days = Days::count(tx, &scope, today).await?;
                let mut hours = BTreeMap::new();
                for (place, hour, n) in store::figures::hours(tx, &scope, today).await? {
                    if let Some(place) = places.get(&place) {
                        *hours.entry((place.window.clone(), hour)).or_default() += n;
                    }
                }
                Ok(Board {
                    today,
                    total: sum(by_place.values()),
                    units,
                    items,
                    windows,
                    months: days.months(scope.period),
                    months_before: days.months_before(scope.period),
                    weeks: days.weeks(scope.period),
                    days: days.within(scope.period).map(|(day, figures)| (day, figures.clone())).collect(),
                    hours,
                    open: cases(tx, &scope, Figure::Open, today, None, open, now).await?,
                    span: store::figures::span(tx, division).await?,
                    divisions: divisions(tx).await?,
                    labels,
                    stand: stand(tx, division, now).await?,
                    scope,
                })
            })
        })
        .await
    }
}

/// Figures by day, of the whole weeks around a period, and where it is long of the year before.
struct Days(BTreeMap<i32, Figures>);

impl Days {
    async fn count(tx: &DatabaseTransaction, scope: &Scope, today: Day) -> Result<Days, DbErr> {
        let Period { first, last } = scope.period;
        let from = if is_long(scope.period) { year_before(first) } else { first };
        let period = Period { first: week_around(from).first, last: week_around(last).last };
        Ok(Days(count(tx, &Scope { period, ..scope.clone() }, By::Day, today).await?))
    }

    fn within(&self, period: Period) -> impl Iterator<Item = (Day, &Figures)> {
        self.0.range(period.first.0..=period.last.0).map(|(day, figures)| (Day(*day), figures))
    }

    fn months(&self, period: Period) -> Vec<Row> {
        let mut months: BTreeMap<String, Figures> = BTreeMap::new();
        self.within(period).for_each(|(day, figures)| months.entry(day.month()).or_default().merge(figures));
        rows(months, |_| Label::default())
    }

    fn months_before(&self, period: Period) -> Vec<Row> {
        if !is_long(period) {
            return Vec::new();
        }
        self.months(Period { first: year_before(period.first), last: year_before(period.last) })
    }

    fn weeks(&self, period: Period) -> BTreeMap<Day, Figures> {
        let mut weeks: BTreeMap<Day, Figures> = BTreeMap::new();
        let whole = Period { first: week_around(period.first).first, last: week_around(period.last).last };
        for (day, figures) in self.within(whole) {
            weeks.entry(week_around(day).first).or_default().merge(figures);
        }
        weeks
    }
}

fn is_long(period: Period) -> bool {
    period.last.0 - period.first.0 > COMPARED
}

fn year_before(day: Day) -> Day {
    Day::of(day.date().saturating_sub(1.year()))
}

fn week_around(day: Day) -> Period {
    Span::week_of(day).period().unwrap_or(Period { first: day, last: day })
}
