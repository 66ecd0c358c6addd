//! `yizhan window`: the client of a window.
//!
//! [`ask`] is what can be asked for, [`change`] makes requests of it, [`line`] carries them, and keeps them while it is cut,
//! [`read`] reads, [`show`] and [`json`] tell people and machines.

mod ask;
mod change;
mod json;
mod line;
mod read;
mod show;

use std::{
    io::{self, Write},
    process::ExitCode,
};

pub use ask::Args;
use line::Line;

/// The server refused, or could not be asked.
const REFUSED: u8 = 1;
/// Something is missing on the command line.
const USAGE: u8 = 2;
/// Kept in the spool.
const KEPT: u8 = 3;

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let line = Line::open(&args.at)?;
    let done = match change::of(&args.task, &args.at) {
        Ok(Some(change)) => line.change(change).await,
        Ok(None) => read::run(&line, &args.task, &args.at).await,
        Err(error) => Err(error),
    };
    match done {
        Err(error) if error.is::<ask::Missing>() => {
            writeln!(io::stderr().lock(), "yizhan: {error}")?;
            Ok(ExitCode::from(USAGE))
        }
        done => done,
    }
}
