//! The load benchmark: the real gRPC API driven from a second process, beside a bare unary echo on the same stack, in
//! turns in one run, so that a noisy machine troubles both alike. Prints the figures and the ratios.
//!
//! `cargo run --release -p tests --bin load` (SQLite), `… -- --postgres URL` (PostgreSQL), `… -- --grow 1000000`
//! (slowdown over a million cases), `… -- --publications 1000000` (lists and search over a million publications).

mod county;
mod drive;
mod echo;
mod figures;
mod portal;
mod program;
mod publications;

use std::{io::Write, path::PathBuf, time::Duration};

use clap::Parser;
use figures::Run;
use kit::keyring::Keyring;

/// What to run.
#[derive(Parser)]
#[command(about = "Load benchmark: changes and reads per second beside a bare echo")]
struct Args {
    /// The program; beside this one where it is not given.
    #[arg(long)]
    program: Option<PathBuf>,
    /// A PostgreSQL server to make databases on; SQLite where it is not given.
    #[arg(long)]
    postgres: Option<String>,
    /// Calls in flight.
    #[arg(long, default_value_t = 64)]
    in_flight: usize,
    /// Connections of the echo. The program has one of each terminal, of which there are eleven, and one of the operator.
    #[arg(long, default_value_t = 12)]
    connections: usize,
    /// Seconds of each turn.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Turns of echo, changes and reads.
    #[arg(long, default_value_t = 3)]
    turns: usize,
    /// Instead: receive so many cases and compare the first tenth with the last.
    #[arg(long)]
    grow: Option<usize>,
    /// Instead: lists and search over so many publications.
    #[arg(long, conflicts_with = "grow")]
    publications: Option<usize>,
    /// The database of those publications: filled unless it is already, and kept. A fresh one where it is not given.
    #[arg(long, value_name = "URL", requires = "publications")]
    shelf: Option<String>,
    /// JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Serve the bare echo; the benchmark starts itself so.
    #[arg(long, hide = true)]
    echo: bool,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if args.echo {
        return runtime.block_on(echo::serve());
    }
    runtime.block_on(run(args))
}

async fn run(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    if let Some(count) = args.publications {
        return portal::run(&args, count).await;
    }
    let mut program = program::Program::prepare(args.program.clone(), args.postgres.as_deref()).await?;
    program.start().await?;
    let ring = Keyring::open(&program.url, &program.data.join("pki")).map_err(|error| error.to_string())?;
    let hall = county::load(ring.clone()).await?;
    if let Some(cases) = args.grow {
        return grow(&args, &program, &ring, &hall, cases).await;
    }
    let echo = echo::Echo::start()?;
    let echoes = drive::channels(&echo.url, &echo.ca, args.connections).await?;
    let (time, flight) = (Duration::from_secs(args.seconds), args.in_flight);
    let short = Duration::from_secs(1);
    drive::echo(&echoes, flight, short).await?;
    drive::changes(&ring, &hall, flight, short).await?;

    let mut run = Run::default();
    for _ in 0..args.turns {
        run.echo.push(drive::echo(&echoes, flight, time).await?);
        let start = program.cpu();
        let (mut changes, numbers) = drive::changes(&ring, &hall, flight, time).await?;
        changes.cpu = program.cpu() - start;
        let start = program.cpu();
        let mut reads = drive::reads(&ring, &numbers, flight, time).await?;
        reads.cpu = program.cpu() - start;
        let start = program.cpu();
        let mut instant = drive::instant(&ring, &hall, flight, time).await?;
        instant.cpu = program.cpu() - start;
        run.changes.push(changes);
        run.reads.push(reads);
        run.instant.push(instant);
    }
    run.engine = if args.postgres.is_some() { "postgres" } else { "sqlite" };
    run.resident_mib = program.resident_mib();
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{}", run.json())?
    } else {
        write!(out, "{}", run.table())?
    }
    Ok(())
}

/// No slowdown with age: the rate of the last tenth beside that of the first, with an echo beside each.
async fn grow(
    args: &Args,
    program: &program::Program,
    ring: &Keyring,
    hall: &county::Hall,
    cases: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    let echo = echo::Echo::start()?;
    let echoes = drive::channels(&echo.url, &echo.ca, args.connections).await?;
    drive::changes_of(ring, hall, args.in_flight, 2_000).await?;
    let mut rates = Vec::new();
    for tenth in 1..=10 {
        let bare = drive::echo(&echoes, args.in_flight, Duration::from_secs(2)).await?;
        let changes = drive::changes_of(ring, hall, args.in_flight, cases / 10).await?;
        let ratio = changes.per_second() / bare.per_second();
        writeln!(
            out,
            "tenth {tenth}: {:.0} changes/s, {:.3} of the echo, p99 {:.1} ms, {} MiB resident",
            changes.per_second(),
            ratio,
            changes.percentile(99.0),
            program.resident_mib()
        )?;
        rates.push(ratio);
    }
    writeln!(out, "last tenth at {:.3} of the first", rates[9] / rates[0])?;
    Ok(())
}
