//! The directory's decisions: pure functions of nouns, requests and the time.
//!
//! [`division`], [`unit`], [`window`] and [`person`] say what is known of each noun and [`kept`] how such a noun lives;
//! [`reference`] is how they name each other, [`import`] how many are taken in at once, [`notice`] the State Council's
//! holiday notices. [`credential`] is what [`terminal`], [`password`], [`system`] and [`operator`] have in common.

pub mod assertion;
pub mod attempts;
pub mod credential;
pub mod division;
pub mod import;
pub mod kept;
pub mod notice;
pub mod operator;
pub mod password;
pub mod person;
pub mod problem;
pub mod reference;
pub mod session;
pub mod signing_key;
pub mod system;
pub mod terminal;
pub mod unit;
pub mod uscc;
pub mod window;
