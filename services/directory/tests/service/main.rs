//! The directory as its callers see it: real gRPC, a fresh database of each engine, a clock that stands still.

mod calendar;
mod credentials;
mod hall;
mod import;
mod inputs;
mod journal;
mod lists;
mod nouns;
mod references;
mod requests;
