//! Callers with nothing but good intentions: one who calls every five milliseconds over one connection, and now and then
//! somebody new. Each call has a deadline.

use std::time::{Duration, Instant};

use proto::{
    clock::v1::{GetClockRequest, clock_service_client::ClockServiceClient},
    directory::v1::{ListDivisionsRequest, directory_service_client::DirectoryServiceClient},
};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tonic::{Request, Status, transport::Channel};

use super::door::Way;

/// 200 a second: more than one caller may for long, and in so short a time within what may come at once.
const EVERY: Duration = Duration::from_millis(5);
/// After so many calls of the one, somebody new comes, calls once and goes.
const NEWCOMER: u32 = 100;
/// Of each call. Far above what is allowed: who misses it was not served.
const DEADLINE: Duration = Duration::from_secs(2);

/// How the calls of some time went.
#[derive(Debug, Default)]
pub struct Calls {
    took: Vec<Duration>,
    /// Of newcomers, connecting and all.
    welcomed: Vec<Duration>,
    pub failed: Vec<Status>,
}

impl Calls {
    pub fn many(&self) -> usize {
        self.took.len() + self.welcomed.len() + self.failed.len()
    }

    /// The longest that a newcomer took.
    pub fn welcome(&self) -> Duration {
        self.welcomed.iter().max().copied().unwrap_or_default()
    }

    /// These and those.
    pub fn and(mut self, those: Calls) -> Calls {
        self.took.extend(those.took);
        self.welcomed.extend(those.welcomed);
        self.failed.extend(those.failed);
        self
    }

    /// The hundredth that took longest took at least so long.
    pub fn p99(&mut self) -> Duration {
        self.took.sort_unstable();
        self.took.get(self.took.len() * 99 / 100).copied().unwrap_or_default()
    }
}

/// Calls at a steady pace. How long a call takes counts from when it was due, so that a server that stands still cannot
/// hide it by keeping the next caller from asking.
pub async fn call(way: &Way, channel: &Channel, lasts: Duration) -> Calls {
    let (began, mut ticks, mut calls) = (Instant::now(), interval(EVERY), JoinSet::new());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for turn in 1_u32.. {
        let due = ticks.tick().await.into_std();
        if began.elapsed() >= lasts {
            break;
        }
        let new = turn.is_multiple_of(NEWCOMER);
        let channel = if new { way.channel() } else { channel.clone() };
        calls.spawn(async move { (new, ask(channel, turn).await, due.elapsed()) });
    }
    let mut all = Calls::default();
    for (new, answer, took) in calls.join_all().await {
        match answer {
            Ok(()) if new => all.welcomed.push(took),
            Ok(()) => all.took.push(took),
            Err(status) => all.failed.push(status),
        }
    }
    all
}

/// In turns what the door answers itself and what it passes on; both are for everybody.
pub async fn ask(channel: Channel, turn: u32) -> Result<(), Status> {
    if turn.is_multiple_of(2) {
        ClockServiceClient::new(channel).get_clock(within(GetClockRequest::default())).await?;
    } else {
        DirectoryServiceClient::new(channel).list_divisions(within(ListDivisionsRequest::default())).await?;
    }
    Ok(())
}

fn within<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}
