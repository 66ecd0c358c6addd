//! The nouns as rows.

pub mod circular;
pub mod duty;
pub mod month;
pub mod rules;
pub mod staffing;
