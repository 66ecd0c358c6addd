//! What stories and faults share: the built program as real processes, and a centre to work in.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod centre;
pub mod program;
pub mod steps;

use std::{
    future::Future,
    io::Write,
    time::{Duration, Instant},
};

use proto::gateway::v1::Period;

/// How long anything may take that has no time of its own. Generous: a busy machine is no fault.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again until there is an answer; what is waited for is told where it does not come.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Past the capture of the test harness, so that it is seen of tests that pass, too.
pub fn say(what: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{what}");
}

/// Last year, this year and the next: whatever a test does lies within.
pub fn about_now() -> Period {
    let today = kit::clock::Clock::real().now().shanghai();
    let year: i32 = today[..4].parse().expect("a year");
    Period { first: format!("{}-01-01", year - 1), last: format!("{}-12-31", year + 1) }
}
