//! The real program on a fresh data folder and free ports.

mod figures;
mod hall;
mod import;
mod proxy;
mod publish;
mod roster;
mod serve;
mod spool;
mod window;
mod witness;
