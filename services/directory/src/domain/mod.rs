//! The directory's decisions: pure functions of nouns, requests and the time.
//!
//! [`division`], [`unit`], [`window`] and [`person`] say what is known of each noun and [`kept`] how such a noun lives;
//! [`reference`] is how they name each other, [`import`] how many are taken in at once, [`notice`] the State Council's
//! holiday notices.

pub mod division;
pub mod import;
pub mod kept;
pub mod notice;
pub mod person;
pub mod problem;
pub mod reference;
pub mod unit;
pub mod uscc;
pub mod window;
