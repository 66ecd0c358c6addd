//! What time it is. Injected everywhere; this file alone reads the machine's clock.

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
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
        Timestamp::from_microsecond(self.0)
            .map_or_else(|_| self.0.to_string(), |t| t.display_with_offset(offset).to_string())
    }
}

/// The machine's own time, in training mode too: certificates and tokens live by it.
pub fn wall() -> Moment {
    Clock::real().now()
}

/// The clock that a program lives by: the machine's, or one that only an operator moves (training mode).
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<Simulated>>);

struct Simulated {
    micros: AtomicI64,
    moved: watch::Sender<i64>,
    /// Up to when each of those who act by the clock has acted.
    settled: Mutex<Vec<watch::Receiver<i64>>>,
    record: OnceLock<Record>,
}

/// Writes down a time before it comes.
type Record = Box<dyn Fn(Moment) -> io::Result<()> + Send + Sync>;

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Simulated").field(&self.micros).finish()
    }
}

impl Clock {
    /// The machine's clock.
    pub fn real() -> Clock {
        Clock(None)
    }

    /// A clock that stands still until it is advanced.
    pub fn simulated(start: Moment) -> Clock {
        let (micros, moved) = (AtomicI64::new(start.0), watch::Sender::new(start.0));
        Clock(Some(Arc::new(Simulated { micros, moved, settled: Mutex::default(), record: OnceLock::new() })))
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

    /// Has the time of every later move written down before it comes, so that nothing is ever older than what it made.
    /// Counts once; a real clock is not moved.
    pub fn record(&self, record: impl Fn(Moment) -> io::Result<()> + Send + Sync + 'static) {
        if let Some(simulated) = &self.0 {
            let _ = simulated.record.set(Box::new(record));
        }
    }

    /// Moves a simulated clock forward; false where the clock is real, would go back, or could not be written down.
    pub fn advance(&self, to: Moment) -> bool {
        let Some(simulated) = &self.0 else { return false };
        if let Some(record) = simulated.record.get()
            && to > self.now()
            && let Err(error) = record(to)
        {
            tracing::error!(%error, "the clock was not moved: its time could not be written down");
            return false;
        }
        let moved = simulated.micros.fetch_max(to.0, Ordering::AcqRel) <= to.0;
        simulated.moved.send_if_modified(|last| std::mem::replace(last, to.0.max(*last)) < to.0);
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
                let reached = async {
                    match at {
                        Some(at) => moved.wait_for(|now| *now >= at.0).await.map(drop),
                        None => moved.changed().await,
                    }
                };
                let _ = tokio::time::timeout(longest, reached).await;
            }
            None => {
                let left =
                    at.map_or(longest, |at| Duration::from_micros(at.0.saturating_sub(self.now().0).max(0) as u64));
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

    #[tokio::test]
    async fn who_waits_goes_on_when_the_clock_has_come_so_far() {
        let (clock, long) = (Clock::simulated(Moment(10)), Duration::from_secs(3_600));
        clock.wait(Some(Moment(10)), long).await;
        clock.wait(Some(Moment(11)), Duration::from_millis(1)).await;
        clock.advance(Moment(20));
        // A move back is refused, and nobody waits for what has been.
        assert!(!clock.advance(Moment(15)));
        clock.wait(Some(Moment(18)), long).await;
        let waiting = clock.wait(None, long);
        let moving = async {
            tokio::task::yield_now().await;
            clock.advance(Moment(21))
        };
        assert!(tokio::join!(waiting, moving).1);
    }

    #[test]
    fn a_time_is_written_down_before_it_comes_or_does_not_come() {
        let clock = Clock::simulated(Moment(10));
        let (seen, written) = (clock.clone(), Arc::new(AtomicI64::new(0)));
        let last = written.clone();
        clock.record(move |to| {
            assert!(seen.now() < to);
            last.store(to.0, Ordering::SeqCst);
            if to.0 > 20 { Err(io::Error::other("full")) } else { Ok(()) }
        });
        assert!(clock.advance(Moment(20)));
        assert!(!clock.advance(Moment(30)));
        assert_eq!((clock.now(), written.load(Ordering::SeqCst)), (Moment(20), 30));
    }
}
