//! What a service knows of the directory: units, windows, people and the holiday notices, learned from its journal.
//!
//! Services that decide about people and places keep this beside their own nouns. A [`Mirror`] is immutable and in memory;
//! [`rows`] keeps what it is read from, [`FollowDirectory`] learns it.

mod follow;
pub mod rows;

use std::{collections::HashMap, sync::Arc};

use calendar::Calendar;
pub use follow::FollowDirectory;
use kit::{id::Division, refusal::Refusal};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    pub title: String,
    pub reconsideration_body: String,
    pub court: String,
    pub active: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Empty for a window of the centre itself.
    pub unit: String,
    pub accepts: bool,
    pub issues: bool,
    pub active: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rank {
    Head,
    Deputy,
    PartyMember,
    Staff,
    GovernmentHead,
}

impl Rank {
    /// Head or deputy head of a unit.
    pub fn leads_unit(self) -> bool {
        matches!(self, Rank::Head | Rank::Deputy)
    }

    /// Of a unit's leadership (领导班子成员).
    pub fn is_leadership(self) -> bool {
        self.leads_unit() || self == Rank::PartyMember
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub name: String,
    /// Empty for the government's leaders and the centre's own staff.
    pub unit: String,
    pub rank: Rank,
    pub active: bool,
}

type Map<T> = Arc<HashMap<(Division, String), Arc<T>>>;

/// The directory at a moment.
#[derive(Clone)]
pub struct Mirror {
    pub calendar: Calendar,
    pub units: Map<Unit>,
    pub windows: Map<Window>,
    pub people: Map<Person>,
}

impl Mirror {
    pub fn empty() -> Mirror {
        Mirror { calendar: Calendar::empty(), units: Map::default(), windows: Map::default(), people: Map::default() }
    }

    pub fn unit(&self, division: Division, code: &str) -> Result<&Unit, Refusal> {
        let absent = || Refusal::not_found("UNIT_NOT_FOUND", "没有此单位", "there is no such unit");
        find(&self.units, division, code).ok_or_else(absent)
    }

    /// A window that works.
    pub fn window(&self, division: Division, code: &str) -> Result<&Window, Refusal> {
        let absent = || Refusal::not_found("WINDOW_NOT_FOUND", "没有此窗口", "there is no such window");
        let window = find(&self.windows, division, code).ok_or_else(absent)?;
        if !window.active {
            let (zh, en) = (format!("窗口 {code} 已停用"), format!("window {code} is inactive"));
            return Err(Refusal::state("WINDOW_INACTIVE", zh, en));
        }
        Ok(window)
    }

    /// A person who works.
    pub fn person(&self, division: Division, code: &str) -> Result<&Person, Refusal> {
        let absent = || Refusal::not_found("PERSON_NOT_FOUND", "没有此人员", "there is no such person");
        let person = find(&self.people, division, code).ok_or_else(absent)?;
        if !person.active {
            let (zh, en) = (format!("人员 {code} 已停用"), format!("person {code} is inactive"));
            return Err(Refusal::state("PERSON_INACTIVE", zh, en));
        }
        Ok(person)
    }

    /// What a unit is called; its code where it is not known.
    pub fn title<'a>(&'a self, division: Division, unit: &'a str) -> &'a str {
        find(&self.units, division, unit).map_or(unit, |unit| &unit.title)
    }

    /// What a person is called, also one who has left; the code where nobody is known.
    pub fn name<'a>(&'a self, division: Division, person: &'a str) -> &'a str {
        find(&self.people, division, person).map_or(person, |person| &person.name)
    }

    /// The people of a division, by code.
    pub fn people_of(&self, division: Division) -> Vec<(&str, &Person)> {
        let of = self.people.iter().filter(|((of, _), _)| *of == division);
        let mut people: Vec<_> = of.map(|((_, code), person)| (code.as_str(), &**person)).collect();
        people.sort_unstable_by_key(|(code, _)| *code);
        people
    }
}

fn find<'a, T>(map: &'a Map<T>, division: Division, code: &str) -> Option<&'a T> {
    map.get(&(division, code.to_owned())).map(|found| &**found)
}
