//! What the figures are, apart from where they are kept and how they are asked for.

pub mod caller;
pub mod day;
pub mod duty;
pub mod fact;
pub mod figures;
pub mod label;
pub mod look;
pub mod publication;
pub mod scope;
pub mod span;
pub mod statement;
