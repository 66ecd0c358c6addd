//! `yizhan clock`: what time a server lives by, and moving it in training mode.

use std::io::{self, Write};

use jiff::{civil::DateTime, tz::Offset};
use kit::clock::Moment;
use proto::clock::v1::{self as pb, clock_service_client::ClockServiceClient};

use crate::peer::{To, refused, timed};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    to: To,
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(clap::Subcommand)]
enum Task {
    /// 推进培训时钟 · Move the clock of a server in training mode forward
    Advance {
        /// 北京时间，例如 2026-02-10T09:00 · The new time in Shanghai
        #[arg(value_parser = shanghai)]
        to: Moment,
    },
}

pub async fn run(args: Args) -> anyhow::Result<()> {
    let mut client = ClockServiceClient::new(args.to.operator()?);
    let answer = match args.task {
        None => client.get_clock(timed(pb::GetClockRequest {})).await,
        Some(Task::Advance { to }) => {
            client.advance_clock(timed(pb::AdvanceClockRequest { to: Some(to.timestamp()) })).await
        }
    };
    let clock = answer.map_err(|status| refused(&status))?.into_inner();
    let sort = if clock.simulated { "培训时钟 · simulated" } else { "真实时钟 · real" };
    Ok(writeln!(io::stdout().lock(), "{} ({sort})", clock.shanghai)?)
}

/// Reads a civil time in Shanghai.
pub fn shanghai(text: &str) -> Result<Moment, String> {
    let civil: Result<DateTime, _> = text.parse();
    let moment = civil.and_then(|civil| Offset::constant(8).to_timestamp(civil));
    moment
        .map(|at| Moment(at.as_microsecond()))
        .map_err(|_| "应为北京时间 · a time in Shanghai reads 2026-02-09T09:00".into())
}
