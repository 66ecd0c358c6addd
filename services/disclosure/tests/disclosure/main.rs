//! Disclosure over real gRPC, on both engines, under a clock that a test moves.

mod clocks;
mod columns;
mod files;
mod hall;
mod inputs;
mod life;
mod lists;
mod search;
mod shelf;
mod sources;
