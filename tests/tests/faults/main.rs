//! The program is killed, again and again, while many callers work with it; nothing that was answered may be lost.
//!
//! `YIZHAN_KILLS` says how often (10), `YIZHAN_SEED` makes the same choices at the same moments again.

mod change;
mod check;
mod client;
mod dump;
mod figures;
mod files;
mod history;
#[path = "../house/mod.rs"]
mod house;
mod planted;
mod press;
mod rounds;
mod witness;

use std::env;

use rand::Rng;
use rounds::{Plan, Report};

use crate::house::{program, say};

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")))
}

/// Kills the program on an engine, and says what came of it.
async fn kill(database: &kit::testing::TestDatabase, plan: &Plan) -> Report {
    let engine = database.engine();
    say(&format!("{engine}: {} kills, YIZHAN_SEED={}", plan.kills, plan.seed));
    let report = rounds::run(database, plan).await;
    let Report { kills, void, answered, unknown, happened, shown, took, faults } = &report;
    say(&format!(
        "{engine}: {kills} kills and {void} void, {answered} changes answered, {unknown} cut off of which {happened} had \
         happened, {shown} entries followed, {} faults, {:.1} s",
        faults.len(),
        took.as_secs_f64()
    ));
    report
}

/// The databases grow with every kill, and what is read of them: after so many the next ones start anew.
const FRESH: usize = 25;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_answered_is_lost_when_the_program_is_killed() {
    let mut seed = number("YIZHAN_SEED").unwrap_or_else(|| rand::rng().random_range(0..1_000_000));
    let mut left = number("YIZHAN_KILLS").map_or(10, |kills| kills as usize);
    while left > 0 {
        let kills = left.min(FRESH);
        for database in kit::testing::databases() {
            let engine = database.engine();
            let plan = Plan { program: program::built(), environment: Vec::new(), kills, seed, law: None };
            let faults = kill(&database, &plan).await.faults;
            let some: Vec<_> = faults.iter().take(20).map(ToString::to_string).collect();
            assert!(faults.is_empty(), "on {engine}, YIZHAN_SEED={seed}: {} faults\n{}", faults.len(), some.join("\n"));
        }
        (left, seed) = (left - kills, seed + 1);
    }
}
