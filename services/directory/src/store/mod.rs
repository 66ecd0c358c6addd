//! The directory's nouns as rows: key, version, and the noun as JSON (`kit::table!`).

pub mod assertion;
pub mod calendar;
pub mod division;
pub mod import;
pub mod kept;
pub mod notice;
pub mod operator;
pub mod password;
pub mod person;
pub mod signing_key;
pub mod system;
pub mod terminal;
pub mod unit;
pub mod window;
