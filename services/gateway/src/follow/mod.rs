//! What the gateway does when another service's journal moves.

pub mod directory;
pub mod disclosure;
pub mod head;
pub mod intake;
pub mod roster;
