//! Pure decisions, one file per noun.

pub mod attendance;
pub mod check;
pub mod circular;
pub mod draft;
pub mod drafting;
pub mod duty;
pub mod exchange;
pub mod leave;
pub mod month;
pub mod people;
pub mod plan;
pub mod rules;
pub mod slot;
pub mod staffing;
