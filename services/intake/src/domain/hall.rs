//! What intake knows of the centre at a moment: the calendar, the directory and the catalogue. Immutable; a decision
//! is given one.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use calendar::Calendar;
use kit::{id::Division, refusal::Refusal};
use serde::{Deserialize, Serialize};

use super::{
    case::Case,
    item::{Item, Revision},
};

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
    /// Head or deputy head of a unit, who answers for it.
    pub fn leads_unit(self) -> bool {
        matches!(self, Rank::Head | Rank::Deputy)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Empty for the government's leaders and the centre's own staff.
    pub unit: String,
    pub rank: Rank,
    pub active: bool,
}

type Map<T> = Arc<HashMap<(Division, String), Arc<T>>>;

#[derive(Clone)]
pub struct Hall {
    pub calendar: Calendar,
    pub units: Map<Unit>,
    pub windows: Map<Window>,
    pub people: Map<Person>,
    pub items: Map<Item>,
}

impl Hall {
    pub fn empty() -> Hall {
        let calendar = Calendar::empty();
        Hall { calendar, units: Map::default(), windows: Map::default(), people: Map::default(), items: Map::default() }
    }

    pub fn unit(&self, division: Division, code: &str) -> Result<&Unit, Refusal> {
        let absent = || Refusal::not_found("UNIT_NOT_FOUND", "没有此单位", "there is no such unit");
        find(&self.units, division, code).ok_or_else(absent)
    }

    /// A unit that takes new cases: one that was deactivated only finishes those it has.
    pub fn receiving_unit(&self, division: Division, code: &str) -> Result<(), Refusal> {
        if !self.unit(division, code)?.active {
            let (zh, en) = (format!("单位 {code} 已停用"), format!("unit {code} is inactive"));
            return Err(Refusal::state("UNIT_INACTIVE", zh, en));
        }
        Ok(())
    }

    /// A window that works.
    pub fn window(&self, division: Division, code: &str) -> Result<&Window, Refusal> {
        let absent = || Refusal::not_found("WINDOW_NOT_FOUND", "没有此窗口", "there is no such window");
        let window = find(&self.windows, division, code).ok_or_else(absent)?;
        if !window.active {
            return Err(Refusal::state(
                "WINDOW_INACTIVE",
                format!("窗口 {code} 已停用"),
                format!("window {code} is inactive"),
            ));
        }
        Ok(window)
    }

    /// A window that accepts for a unit: its own, or one of the centre.
    pub fn accepting_window(&self, division: Division, code: &str, unit: &str) -> Result<(), Refusal> {
        let window = self.window_for(division, code, unit)?;
        if !window.accepts {
            let (zh, en) = (format!("窗口 {code} 不是受理窗口"), format!("window {code} does not accept"));
            return Err(Refusal::state("WINDOW_DOES_NOT_ACCEPT", zh, en));
        }
        Ok(())
    }

    /// A window that issues for a unit, and is not the one that received (一个窗口受理、一个窗口出件).
    pub fn issuing_window(&self, division: Division, code: &str, unit: &str, received: &str) -> Result<(), Refusal> {
        let window = self.window_for(division, code, unit)?;
        if code == received {
            let (zh, en) = ("出件窗口不得与受理窗口相同", "the window that issues must not be the one that received");
            return Err(Refusal::state("WINDOWS_NOT_APART", zh, en));
        }
        if !window.issues {
            let (zh, en) = (format!("窗口 {code} 不是出件窗口"), format!("window {code} does not issue"));
            return Err(Refusal::state("WINDOW_DOES_NOT_ISSUE", zh, en));
        }
        Ok(())
    }

    /// A window that works for a unit: its own, or one of the centre. Whose window it is not learns no more.
    fn window_for(&self, division: Division, code: &str, unit: &str) -> Result<&Window, Refusal> {
        let window = self.window(division, code)?;
        if window.unit.is_empty() || window.unit == unit {
            return Ok(window);
        }
        let (zh, en) = (format!("窗口 {code} 不属于单位 {unit}"), format!("window {code} is not of unit {unit}"));
        Err(Refusal::state("WINDOW_UNIT", zh, en))
    }

    /// A person who works.
    pub fn person(&self, division: Division, code: &str) -> Result<&Person, Refusal> {
        let absent = || Refusal::not_found("PERSON_NOT_FOUND", "没有此人员", "there is no such person");
        let person = find(&self.people, division, code).ok_or_else(absent)?;
        if !person.active {
            return Err(Refusal::state(
                "PERSON_INACTIVE",
                format!("人员 {code} 已停用"),
                format!("person {code} is inactive"),
            ));
        }
        Ok(person)
    }

    /// A clerk: of the unit, or of the centre.
    pub fn clerk(&self, division: Division, code: &str, unit: &str) -> Result<(), Refusal> {
        let person = self.person(division, code)?;
        if person.unit == unit || person.unit.is_empty() && person.rank == Rank::Staff {
            return Ok(());
        }
        Err(not_of_unit(code, unit))
    }

    /// An officer or leader of the unit that decides.
    pub fn officer(&self, division: Division, code: &str, unit: &str) -> Result<&Person, Refusal> {
        let person = self.person(division, code)?;
        if person.unit == unit { Ok(person) } else { Err(not_of_unit(code, unit)) }
    }

    pub fn item(&self, division: Division, code: &str) -> Result<&Arc<Item>, Refusal> {
        self.items.get(&(division, code.to_owned())).ok_or_else(Item::not_found)
    }

    /// The hall with this item as it was committed: another replica may have changed it since the hall was read.
    pub fn knowing(&self, item: &Arc<Item>) -> Cow<'_, Hall> {
        let key = (item.division, item.code.clone());
        if self.items.get(&key).is_some_and(|known| known.version >= item.version) {
            return Cow::Borrowed(self);
        }
        let mut items = HashMap::clone(&self.items);
        items.insert(key, item.clone());
        Cow::Owned(Hall { items: Arc::new(items), ..self.clone() })
    }

    /// Whether the revision that a case lives by is known yet.
    pub fn knows(&self, case: &Case) -> bool {
        self.item(case.division, &case.item).is_ok_and(|item| item.revision(case.revision).is_some())
    }

    /// The revision that a case lives by.
    pub fn revision(&self, division: Division, code: &str, number: i32) -> Result<&Revision, Refusal> {
        self.item(division, code)?
            .revision(number)
            .ok_or_else(|| Refusal::internal(format!("item {code} of {division} has lost revision {number}")))
    }
}

fn find<'a, T>(map: &'a Map<T>, division: Division, code: &str) -> Option<&'a T> {
    map.get(&(division, code.to_owned())).map(|found| &**found)
}

fn not_of_unit(code: &str, unit: &str) -> Refusal {
    Refusal::state(
        "PERSON_UNIT",
        format!("人员 {code} 不属于单位 {unit}"),
        format!("person {code} is not of unit {unit}"),
    )
}
