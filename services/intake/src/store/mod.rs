//! The nouns as rows.

pub mod case;
pub mod hall;
pub mod item;
pub mod number;
pub mod personal;
pub mod staffed;

pub use kit::store::readable;
