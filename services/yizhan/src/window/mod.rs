//! `yizhan window`: the client of a window.
//!
//! [`ask`] is what can be asked for, [`change`] makes requests of it, [`line`] carries them, and keeps them while it is cut,
//! [`late`] says since when it was kept, [`read`] reads, [`receipt`] is what the applicant takes home, [`mandate`] is a leader's, [`show`] and [`json`] tell people and machines.

mod ask;
mod change;
mod json;
mod late;
mod line;
mod mandate;
mod read;
mod receipt;
mod show;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use ask::Task;
pub use ask::{Args, At, Missing};
pub use line::Line;

/// The server refused, or could not be asked.
pub const REFUSED: u8 = 1;
/// Something is missing or wrong on the command line.
const USAGE: u8 = 2;
/// Kept in the spool.
const KEPT: u8 = 3;

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let line = match Line::open(&args.at) {
        Ok(line) => line,
        Err(error) => return usage(&error),
    };
    let done = match &args.task {
        Task::Change(deed) => match change::of(deed, &args.at) {
            Ok(change) => line.change(change).await,
            Err(error) => Err(error),
        },
        Task::Read(look) => read::run(&line, look, &args.at).await,
        Task::Mandate(mandate) => mandate::run(&line, mandate, &args.at).await,
        Task::Deliver { moved } => read::deliver(&line, *moved).await,
        Task::Spool { forget } => read::spool(&line, *forget),
    };
    match done {
        Err(error) if error.is::<Missing>() => usage(&error),
        done => done,
    }
}

/// Tells what is missing or wrong on the command line.
pub fn usage(error: &anyhow::Error) -> anyhow::Result<ExitCode> {
    writeln!(io::stderr().lock(), "yizhan: {error:#}")?;
    Ok(ExitCode::from(USAGE))
}
