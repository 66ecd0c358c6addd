//! What intake knows of the centre at a moment: the calendar, the directory and the catalogue. Immutable; a decision
//! is given one.

use std::{borrow::Cow, collections::HashMap, ops::Deref, sync::Arc};

use calendar::{Date, shanghai_date, start_of_day};
use kit::{clock::Moment, id::Division, refusal::Refusal};
use mirror::{Mirror, Person, Rank, Window};
use serde::{Deserialize, Serialize};

use super::{
    case::Case,
    item::{Item, Revision},
};

/// Who staffs a window from a day on, as roster tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staffed {
    pub from: Date,
    pub morning: bool,
    pub afternoon: bool,
    /// The division asks that no work is taken at a window that nobody staffs.
    pub required: bool,
}

type Map<T> = Arc<HashMap<(Division, String), T>>;

/// The directory as it is known, the catalogue, and who staffs the windows.
#[derive(Clone)]
pub struct Hall {
    pub known: Mirror,
    pub items: Map<Arc<Item>>,
    pub staffed: Map<Staffed>,
}

impl Deref for Hall {
    type Target = Mirror;

    fn deref(&self) -> &Mirror {
        &self.known
    }
}

impl Hall {
    pub fn empty() -> Hall {
        Hall { known: Mirror::empty(), items: Map::default(), staffed: Map::default() }
    }

    /// Refused at a window that nobody staffs, where the division asks for that.
    pub fn must_be_staffed(&self, division: Division, window: &str, now: Moment) -> Result<(), Refusal> {
        let Some(staffed) = self.staffed.get(&(division, window.to_owned())) else { return Ok(()) };
        let today = shanghai_date(now.0);
        // Between the halves nobody works: one o'clock parts them wherever the rules put their hours.
        let is_morning = now.0 < start_of_day(today) + 13 * 3_600_000_000;
        if !staffed.required || staffed.from > today || if is_morning { staffed.morning } else { staffed.afternoon } {
            return Ok(());
        }
        let (zh, en) = ("该窗口当前无人值守，请到其他窗口办理", "nobody staffs the window now; go to another one");
        Err(Refusal::state("WINDOW_UNSTAFFED", zh, en))
    }

    /// A unit that takes new cases: one that was deactivated only finishes those it has.
    pub fn receiving_unit(&self, division: Division, code: &str) -> Result<(), Refusal> {
        if !self.unit(division, code)?.active {
            let (zh, en) = (format!("单位 {code} 已停用"), format!("unit {code} is inactive"));
            return Err(Refusal::state("UNIT_INACTIVE", zh, en));
        }
        Ok(())
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

fn not_of_unit(code: &str, unit: &str) -> Refusal {
    Refusal::state(
        "PERSON_UNIT",
        format!("人员 {code} 不属于单位 {unit}"),
        format!("person {code} is not of unit {unit}"),
    )
}
