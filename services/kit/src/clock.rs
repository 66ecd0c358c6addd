//! What time it is. Injected everywhere; this file alone reads the machine's clock.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::watch;

/// A moment: microseconds since 1970-01-01T00:00:00Z, the same on every engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

impl Moment {
    pub fn timestamp(self) -> prost_types::Timestamp {
        prost_types::Timestamp {
            seconds: self.0.div_euclid(1_000_000),
            nanos: (self.0.rem_euclid(1_000_000) * 1_000) as i32,
        }
    }

    /// None where the timestamp is malformed or beyond the years 1 to 9999.
    pub fn from_timestamp(at: &prost_types::Timestamp) -> Option<Moment> {
        let nanos = u32::try_from(at.nanos).ok().filter(|n| *n < 1_000_000_000)?;
        let range = -62_135_596_800..=253_402_300_799;
        range.contains(&at.seconds).then(|| Moment(at.seconds * 1_000_000 + i64::from(nanos / 1_000)))
    }

    /// Civil time in Shanghai, RFC 3339.
    pub fn shanghai(self) -> String {
        let offset = jiff::tz::Offset::constant(8);
        Timestamp::from_microsecond(self.0).map_or_else(|_| self.0.to_string(), |t| t.display_with_offset(offset).to_string())
    }
}

/// The clock that a program lives by: the machine's, or one that only an operator moves (training mode).
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<Simulated>>);

#[derive(Debug)]
struct Simulated {
    micros: AtomicI64,
    moved: watch::Sender<i64>,
    /// Up to when each of those who act by the clock has acted.
    settled: Mutex<Vec<watch::Receiver<i64>>>,
}

impl Clock {
    /// The machine's clock.
    pub fn real() -> Clock {
        Clock(None)
    }

    /// A clock that stands still until it is advanced.
    pub fn simulated(start: Moment) -> Clock {
        Clock(Some(Arc::new(Simulated { micros: AtomicI64::new(start.0), moved: watch::Sender::new(start.0), settled: Mutex::default() })))
    }

    #[allow(clippy::disallowed_methods)] // the one place that may
    pub fn now(&self) -> Moment {
        match &self.0 {
            Some(simulated) => Moment(simulated.micros.load(Ordering::Acquire)),
            None => Moment(Timestamp::now().as_microsecond()),
        }
    }

    pub fn is_simulated(&self) -> bool {
        self.0.is_some()
    }

    /// Moves a simulated clock forward; false where the clock is real or would go back.
    pub fn advance(&self, to: Moment) -> bool {
        let Some(simulated) = &self.0 else { return false };
        let moved = simulated.micros.fetch_max(to.0, Ordering::AcqRel) <= to.0;
        simulated.moved.send_replace(to.0);
        moved
    }

    /// Registers somebody who acts by the clock, and says up to when they have acted through the sender.
    pub fn actor(&self) -> watch::Sender<i64> {
        let (acted, settled) = watch::channel(i64::MIN);
        if let Some(simulated) = &self.0 {
            simulated.settled.lock().unwrap_or_else(PoisonError::into_inner).push(settled);
        }
        acted
    }

    /// Waits until everybody who acts by a simulated clock has acted up to `to`.
    pub async fn settled(&self, to: Moment) {
        let Some(simulated) = &self.0 else { return };
        let actors = simulated.settled.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for mut actor in actors {
            // One that has ended acts no more.
            let _ = actor.wait_for(|acted| *acted >= to.0).await;
        }
    }

    /// Waits until the clock may have reached `at` (None: until it has moved), and at most `longest` of real time.
    pub async fn wait(&self, at: Option<Moment>, longest: Duration) {
        match &self.0 {
            Some(simulated) => {
                let mut moved = simulated.moved.subscribe();
                let _ = tokio::time::timeout(longest, moved.wait_for(|now| at.is_some_and(|at| *now >= at.0))).await;
            }
            None => {
                let left = at.map_or(longest, |at| Duration::from_micros(at.0.saturating_sub(self.now().0).max(0) as u64));
                tokio::time::sleep(left.min(longest)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulated_clock_goes_only_forward() {
        let clock = Clock::simulated(Moment(10));
        assert!(clock.advance(Moment(20)));
        assert!(!clock.advance(Moment(15)));
        assert_eq!(clock.now(), Moment(20));
        assert!(!Clock::real().advance(Moment(i64::MAX)));
    }
}
