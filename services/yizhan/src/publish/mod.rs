//! `yizhan publish`: what the units publish, from the draft to the public, and where it belongs.
//!
//! [`ask`] is what can be asked for, [`call`] asks it of the server, [`draft`] reads a draft from its file, [`show`] tells
//! people. Who acts is `--clerk`, who has signed in here.

mod ask;
mod call;
mod draft;
mod show;

use std::{
    io::{self, Write},
    process::ExitCode,
};

pub use ask::Args;
use proto::disclosure::v1 as pb;
use serde_json::Value;
use tonic::Status;

use crate::{
    roster::json,
    window::{Line, Missing, REFUSED, usage},
};

/// What the server answers.
pub enum Answer {
    Publication(Box<pb::Publication>),
    Inbox(Vec<pb::InboxEntry>),
    /// And the words that were searched for.
    List(Vec<pb::Summary>, Vec<String>),
    File(pb::File),
    Columns(Vec<pb::Column>),
    Requirements(Vec<pb::Requirements>),
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    if let ask::Task::Draft { sample: true, .. } = args.task {
        write!(io::stdout().lock(), "{}", draft::SAMPLE)?;
        return Ok(ExitCode::SUCCESS);
    }
    let line = match Line::open(&args.at) {
        Ok(line) => line,
        Err(error) => return usage(&error),
    };
    let error = match call::call(&line, args.task, &args.at).await {
        Ok(answer) => {
            answer.tell(line.tell.json)?;
            return Ok(ExitCode::SUCCESS);
        }
        Err(error) => error,
    };
    match error.downcast::<Status>() {
        Ok(status) => {
            line.tell.unanswered(&line.server, &status)?;
            Ok(ExitCode::from(REFUSED))
        }
        Err(error) if error.is::<Missing>() => usage(&error),
        Err(error) => Err(error),
    }
}

impl Answer {
    fn tell(&self, as_json: bool) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        if as_json {
            return Ok(self.json().iter().try_for_each(|line| writeln!(out, "{line}"))?);
        }
        Ok(match self {
            Answer::Publication(publication) => show::publication(&mut out, publication),
            Answer::Inbox(entries) => show::each(&mut out, entries, show::entry),
            Answer::List(found, words) => show::list(&mut out, found, words),
            Answer::File(file) => show::file(&mut out, file),
            Answer::Columns(columns) => show::each(&mut out, columns, show::column),
            Answer::Requirements(lists) => show::each(&mut out, lists, show::requirements),
        }?)
    }

    /// An object a line.
    fn json(&self) -> Vec<Value> {
        match self {
            Answer::Publication(publication) => vec![json::of("disclosure.v1.Publication", &**publication)],
            Answer::Inbox(entries) => json::each("disclosure.v1.InboxEntry", entries),
            Answer::List(found, _) => json::each("disclosure.v1.Summary", found),
            Answer::File(file) => vec![json::of("disclosure.v1.File", file)],
            Answer::Columns(columns) => json::each("disclosure.v1.Column", columns),
            Answer::Requirements(lists) => json::each("disclosure.v1.Requirements", lists),
        }
    }
}
