//! The databases of the services: a folder and a `Migrator` for each, and what all of them have ([`kit`]).

pub mod directory;
pub mod disclosure;
pub mod gateway;
pub mod intake;
pub mod kit;
mod mirror;
pub mod roster;
