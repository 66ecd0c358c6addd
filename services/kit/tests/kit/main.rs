//! The mechanism that every service stands on, shown on a noun of its own and on each engine.

mod config;
mod counter;
mod engine;
mod faults;
mod feed;
mod follower;
mod house;
mod leaf;
mod log;
mod reader;
mod requests;
mod serve;
mod server;
mod tls;
mod writer;
