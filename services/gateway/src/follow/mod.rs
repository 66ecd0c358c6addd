//! What the gateway does when another service's journal moves.

pub mod directory;
pub mod intake;
