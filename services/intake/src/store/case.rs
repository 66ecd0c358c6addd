//! Cases as rows: what is searched stands in columns, the rest in `body`.

use kit::{
    id::Division,
    store::{Noun, noun::Corrupt},
};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use crate::domain::{
    case::{Case, State},
    clocks::Signal,
    hall::Hall,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "cases")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub division: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub unit: String,
    pub item: String,
    pub window_code: String,
    pub received_at: i64,
    pub received_on: String,
    pub state: i16,
    pub open: bool,
    pub signal: i16,
    /// What is next is due on this day; [`NEVER`] where no day is certain.
    pub due_on: String,
    /// When something happens by itself, microseconds UTC; `i64::MAX` for never.
    pub wakes_at: i64,
    pub calendar: String,
    pub version: i64,
    pub body: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

/// A due day after all others.
pub const NEVER: &str = "9999-12-31";

/// A case with the moment it wakes, which depends on the calendar and so is told by who decides.
#[derive(Clone, Debug)]
pub struct Kept {
    pub case: Case,
    pub wakes_at: i64,
}

impl Kept {
    pub fn new(case: Case, hall: &Hall) -> Kept {
        let wakes_at = case.wakes_at(hall).unwrap_or(i64::MAX);
        Kept { case, wakes_at }
    }
}

impl Noun for Kept {
    type Entity = Entity;
    const KIND: &'static str = "cases";
    const FIXED: &'static [&'static str] = &["unit", "item", "window_code", "received_at", "received_on"];

    fn division(&self) -> Division {
        self.case.division
    }

    fn id(&self) -> &str {
        &self.case.number
    }

    fn from_row(row: Model) -> Result<Self, Corrupt> {
        let corrupt = |what: String| Corrupt { kind: Self::KIND, id: row.id.clone(), what };
        let mut case: Case = serde_json::from_str(&row.body).map_err(|error| corrupt(error.to_string()))?;
        case.division = row.division.parse().map_err(|error: &str| corrupt(error.to_owned()))?;
        case.version = row.version;
        let wakes_at = row.wakes_at;
        case.number = row.id;
        Ok(Kept { case, wakes_at })
    }

    fn to_row(&self) -> ActiveModel {
        let case = &self.case;
        let due_on = case.next().and_then(|(_, clock)| clock?.due_on());
        ActiveModel {
            division: Set(case.division.as_str().to_owned()),
            id: Set(case.number.clone()),
            unit: Set(case.unit.clone()),
            item: Set(case.item.clone()),
            window_code: Set(case.window.clone()),
            received_at: Set(case.received_at),
            received_on: Set(case.received_on().to_string()),
            state: Set(state_code(case.state)),
            open: Set(case.state.is_open()),
            signal: Set(signal_code(case.signal())),
            due_on: Set(due_on.map_or_else(|| NEVER.to_owned(), |day| day.to_string())),
            wakes_at: Set(self.wakes_at),
            calendar: Set(case.calendar.clone()),
            version: Set(case.version),
            // A case is made of texts, numbers and lists, which always have a JSON form.
            body: Set(serde_json::to_string(case).unwrap_or_default()),
        }
    }
}

/// As in the contract.
pub fn state_code(state: State) -> i16 {
    match state {
        State::Received => 1,
        State::SupplementPending => 2,
        State::Accepted => 3,
        State::Suspended => 4,
        State::Granted => 5,
        State::Denied => 6,
        State::Issued => 7,
        State::Refused => 8,
        State::Lapsed => 9,
        State::Withdrawn => 10,
        State::Terminated => 11,
    }
}

/// As in the contract.
pub fn signal_code(signal: Signal) -> i16 {
    match signal {
        Signal::Green => 1,
        Signal::Yellow => 2,
        Signal::Red => 3,
    }
}
