//! What happens today, for the big screen of the hall.

use std::collections::BTreeMap;

use jiff::ToSpan;
use kit::{clock::Moment, id::Division, refusal::Refusal};

use super::{Books, Labels, Row, Stand, fold, labels, rows, stand, sum};
use crate::{
    domain::{
        day::{Day, Period},
        duty::{Duty, Search},
        fact::Marks,
        figures::{Condition, DayOf, Figure, Figures},
        label::Kind,
        scope::{Scope, Selection},
    },
    store::{
        self,
        figures::{By, count, hours, total},
    },
};

/// At most so many duties of a day are looked at.
const DUTIES: u64 = 200;

#[derive(Clone, Debug)]
pub struct Today {
    pub division: Division,
    pub day: Day,
    pub now: Moment,
    pub figures: Figures,
    /// Windows that received a case today.
    pub windows: Vec<Row>,
    /// Receptions by hour.
    pub hours: BTreeMap<i32, i64>,
    /// Accepted, whenever, and neither decided nor ended; and of those what is past its promised and its legal due day.
    pub waiting: i64,
    pub overdue: [i64; 2],
    pub duties: Vec<Duty>,
    pub labels: Labels,
    pub stand: Stand,
}

impl Books {
    /// What happens today in a division.
    pub async fn happening(&self, division: Division) -> Result<Today, Refusal> {
        let day = self.today();
        self.read(move |tx, now| {
            Box::pin(async move {
                let today = Period { first: day, last: day };
                let scope = Scope { division, period: today, selection: Selection::default() };
                let places = store::place::all(tx, division).await?;
                let labels = labels(tx, division).await?;
                let counted = count(tx, &scope, By::Place, day).await?;
                let windows = fold(&counted, |place| places.get(&place).map(|place| place.window.clone()));
                let mut by_hour: BTreeMap<i32, i64> = BTreeMap::new();
                for (_, hour, n) in hours(tx, &scope, day).await? {
                    *by_hour.entry(hour).or_default() += n;
                }
                let ever = Scope { period: Period { first: decades_before(day), last: day }, ..scope };
                let waits = Condition { day: DayOf::AcceptanceWaiting, marks: Marks::NONE, overdue: None };
                let promised = total(tx, &ever, Figure::OverduePromised.condition(), day).await?;
                let legal = total(tx, &ever, Figure::OverdueLegal.condition(), day).await?;
                Ok(Today {
                    division,
                    day,
                    now,
                    figures: sum(counted.values()),
                    windows: rows(windows, |code| labels.of(Kind::Window, code)),
                    hours: by_hour,
                    waiting: total(tx, &ever, waits, day).await?,
                    overdue: [promised, legal],
                    duties: store::duty::list(tx, &Search::all(division, today), None, DUTIES).await?,
                    labels,
                    stand: stand(tx, division, now).await?,
                })
            })
        })
        .await
    }
}

pub(super) fn decades_before(day: Day) -> Day {
    Day::of(day.date().saturating_sub(50.years()))
}
