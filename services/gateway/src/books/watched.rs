//! What is watched over in a division, by machines.

use std::collections::BTreeMap;

use kit::{id::Division, refusal::Refusal};

use super::{Books, sum, today::decades_before};
use crate::{
    domain::{
        day::{Day, Period},
        fact::Marks,
        figures::{Condition, DayOf, Figure, Figures},
        scope::{Scope, Selection},
    },
    store::{
        self,
        figures::{By, by_place, count},
    },
};

#[derive(Clone, Debug)]
pub struct Watched {
    /// Of the present year.
    pub year: Figures,
    /// By unit; one that has nothing to do has zeros.
    pub units: BTreeMap<String, Waiting>,
    /// So many figures were stated for good.
    pub stated: i64,
}

/// Cases that wait for a decision, whenever accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    pub all: i64,
    pub overdue_legal: i64,
    pub overdue_promised: i64,
}

/// One of the numbers.
type Part = fn(&mut Waiting) -> &mut i64;

impl Books {
    /// How a division stands now.
    pub async fn watched(&self, division: Division) -> Result<Watched, Refusal> {
        let day = self.today();
        self.read(move |tx, _| {
            Box::pin(async move {
                let all = |period| Scope { division, period, selection: Selection::default() };
                let (new_year, silvester) = (Day::of(day.date().first_of_year()), Day::of(day.date().last_of_year()));
                let year = count(tx, &all(Period { first: new_year, last: silvester }), By::Place, day).await?;
                let places = store::place::all(tx, division).await?;
                let mut units: BTreeMap<String, Waiting> =
                    places.values().map(|place| (place.unit.clone(), Waiting::default())).collect();
                let ever = all(Period { first: decades_before(day), last: day });
                let waits = Condition { day: DayOf::AcceptanceWaiting, marks: Marks::NONE, overdue: None };
                let parts: [(Condition, Part); 3] = [
                    (waits, |unit| &mut unit.all),
                    (Figure::OverdueLegal.condition(), |unit| &mut unit.overdue_legal),
                    (Figure::OverduePromised.condition(), |unit| &mut unit.overdue_promised),
                ];
                for (condition, part) in parts {
                    for (place, n) in by_place(tx, &ever, condition, day).await? {
                        if let Some(unit) = places.get(&place).and_then(|place| units.get_mut(&place.unit)) {
                            *part(unit) += n;
                        }
                    }
                }
                let stated = store::statement::number(tx, division).await?;
                Ok(Watched { year: sum(year.values()), units, stated })
            })
        })
        .await
    }
}
