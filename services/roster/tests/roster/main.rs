//! Roster over real gRPC, on both engines, under a clock that a test moves.

mod attendance;
mod circulars;
mod exchanges;
mod hall;
mod inputs;
mod leaves;
mod plans;
mod staffings;
