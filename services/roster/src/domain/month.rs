//! A month of a division's duty: who is away, the plan, and what is exchanged. One noun, because each of them is decided by
//! the others.

use calendar::Date;
use kit::id::Division;
use serde::{Deserialize, Serialize};

use super::{
    exchange::{Exchange, Kind, State},
    leave::Leave,
    plan::Plan,
    slot::{Half, Slot},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Month {
    pub division: Division,
    /// `2016-03`
    pub code: String,
    pub version: i64,
    pub leaves: Vec<Leave>,
    pub plan: Option<Plan>,
    pub exchanges: Vec<Exchange>,
}

impl Month {
    pub fn new(division: Division, code: &str) -> Month {
        Month { division, code: code.to_owned(), version: 0, leaves: Vec::new(), plan: None, exchanges: Vec::new() }
    }

    /// What keeps a person away from a half-day, if anything.
    pub fn away(&self, person: &str, day: Date, half: Half) -> Option<&Leave> {
        self.leaves.iter().find(|leave| leave.person == person && leave.covers(day, half))
    }

    /// Where else a person is on duty at the time of a slot, other than in `but`.
    pub fn elsewhere<'a>(&'a self, person: &'a str, slot: &'a Slot, but: &'a [&Slot]) -> Option<&'a Slot> {
        let plan = self.plan.as_ref()?;
        let with = plan.assignments.iter().filter(move |other| other.person == person && other.slot.is_with(slot));
        with.map(|other| &other.slot).find(|other| !but.contains(other))
    }

    /// How many substitutes a unit has sent.
    pub fn substitutions(&self, unit: &str) -> usize {
        let sent = |exchange: &&Exchange| {
            exchange.wish.kind == Kind::Substitute && exchange.state == State::Accepted && exchange.unit == unit
        };
        self.exchanges.iter().filter(sent).count()
    }

    pub fn touch(&mut self) {
        self.version += 1;
    }
}
