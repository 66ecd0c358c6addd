//! `yizhan roster`: the duty of the units' leaders, its attendance and circulars, and who staffs the windows.
//!
//! [`ask`] is what can be asked for, [`call`] asks it of the server, [`show`], [`month`] and [`json`] tell people and
//! machines. Who acts is `--clerk`, who has signed in here.

mod ask;
mod call;
pub mod json;
mod month;
mod rules;
pub mod show;

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

pub use ask::Args;
use ask::{Rules, Task};
use proto::roster::v1 as pb;
use tonic::Status;

use crate::{
    trouble,
    window::{Line, Missing, REFUSED, usage},
};

/// What the server answers.
pub enum Answer {
    Rules(Box<pb::DutyRules>),
    Leaves(Vec<pb::Leave>),
    /// A plan after a change of it.
    Plan(pb::Plan),
    /// The same as a table, and with its conflicts.
    Month(pb::Plan, bool),
    Duties(Vec<pb::Duty>),
    Exchanges(Vec<pb::Exchange>),
    Staffing(pb::Staffing),
    Windows(Vec<pb::WindowDay>),
    Circulars(Vec<pb::Circular>),
    /// And where to write it.
    Document(pb::RenderCircularResponse, Option<PathBuf>),
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    if let Task::Rules(Rules::Set { sample: true, .. }) = args.task {
        write!(io::stdout().lock(), "{}", rules::SAMPLE)?;
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
        if let Answer::Document(document, file) = self {
            let path = save(document, file.as_deref())?;
            return Ok(writeln!(out, "{}", path.display())?);
        }
        if as_json {
            return Ok(self.json().iter().try_for_each(|line| writeln!(out, "{line}"))?);
        }
        Ok(match self {
            Answer::Rules(rules) => show::rules(&mut out, rules),
            Answer::Leaves(leaves) => show::each(&mut out, leaves, show::leave),
            Answer::Plan(plan) => show::plan(&mut out, plan),
            Answer::Month(plan, conflicts) => month::table(&mut out, plan, *conflicts),
            Answer::Duties(duties) => show::each(&mut out, duties, show::duty),
            Answer::Exchanges(exchanges) => show::each(&mut out, exchanges, show::exchange),
            Answer::Staffing(staffing) => show::staffing(&mut out, staffing),
            Answer::Windows(windows) => show::each(&mut out, windows, show::window),
            Answer::Circulars(circulars) => show::each(&mut out, circulars, show::circular),
            Answer::Document(..) => Ok(()),
        }?)
    }

    /// An object a line.
    fn json(&self) -> Vec<serde_json::Value> {
        match self {
            Answer::Rules(rules) => vec![json::of("DutyRules", &**rules)],
            Answer::Leaves(leaves) => json::each("Leave", leaves),
            Answer::Plan(plan) | Answer::Month(plan, _) => vec![json::of("Plan", plan)],
            Answer::Duties(duties) => json::each("Duty", duties),
            Answer::Exchanges(exchanges) => json::each("Exchange", exchanges),
            Answer::Staffing(staffing) => vec![json::of("Staffing", staffing)],
            Answer::Windows(windows) => json::each("WindowDay", windows),
            Answer::Circulars(circulars) => json::each("Circular", circulars),
            Answer::Document(..) => Vec::new(),
        }
    }
}

/// Writes a document to where it is wanted, or here under its own name.
fn save(document: &pb::RenderCircularResponse, file: Option<&Path>) -> anyhow::Result<PathBuf> {
    let own = Path::new(&document.file_name).file_name().map(PathBuf::from);
    let path = file.map(Path::to_owned).or(own).unwrap_or_else(|| PathBuf::from("circular.docx"));
    let shown = path.display();
    fs::write(&path, &document.content).map_err(|error| {
        trouble(format!("{shown} 不能写入：{error}"), format!("{shown} cannot be written: {error}"))
    })?;
    Ok(path)
}
