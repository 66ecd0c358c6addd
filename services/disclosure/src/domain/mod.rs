//! The nouns: pure decisions.

pub mod clock;
pub mod conformance;
pub mod content;
mod draft;
pub mod marking;
pub mod people;
pub mod publication;
pub mod review;
pub mod shown;
pub mod site;
pub mod source;
pub mod words;
