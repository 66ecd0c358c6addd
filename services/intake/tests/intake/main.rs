//! Intake through its real gRPC, on a fresh database, under a clock that the test moves.

mod attachments;
mod catalogue;
mod clocks;
mod extension;
mod hall;
mod inbox;
mod input;
mod journal;
mod late;
mod life;
mod lists;
mod mandate;
mod numbers;
mod personal;
mod provisional;
mod receipts;
mod replicas;
mod requests;
mod sealing;
mod staffed;
mod supplement;
mod suspension;
mod track;
mod watch;
mod wire;
