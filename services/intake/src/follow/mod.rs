//! What intake does when another service's journal moves.

pub mod roster;
