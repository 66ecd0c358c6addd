//! The nouns as rows.

pub mod arrival;
pub mod origin;
pub mod publication;
pub mod serial;
pub mod shown;
pub mod site;
pub mod text;
