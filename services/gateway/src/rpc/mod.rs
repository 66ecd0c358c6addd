//! What the gateway answers itself.

pub mod clock;
pub mod figures;
pub mod statement;
