//! The nouns as rows.

pub mod case;
pub mod hall;
pub mod item;
pub mod number;
pub mod personal;
