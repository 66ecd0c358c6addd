//! Pure decisions, one file a noun: functions of the noun, the command and the time. No I/O.

pub mod applicant;
pub mod attachment;
pub mod case;
pub mod clocks;
pub mod hall;
pub mod identity;
pub mod item;
pub mod late;
pub mod life;
pub mod number;
pub mod wake;
