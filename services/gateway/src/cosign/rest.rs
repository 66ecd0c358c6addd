//! How a witness that does not answer is left in peace: asked ever more rarely by schedule, and at once when something is to
//! be published.

use std::time::{Duration, Instant};

use rand::Rng;

/// It is asked again within this, however long it was down.
const LONGEST: Duration = Duration::from_secs(600);

/// Since it last answered about a journal.
#[derive(Debug, Default)]
pub(super) struct Rest {
    failures: u32,
    until: Option<Instant>,
}

impl Rest {
    /// Whether it is not its turn yet.
    pub(super) fn lasts(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// It has not answered again, where it is asked every so often. At random, so that not all who ask come back at once.
    pub(super) fn lengthen(&mut self, now: Instant, every: Duration) {
        self.failures = self.failures.saturating_add(1);
        let most = longest(every, self.failures);
        self.until = now.checked_add(rand::rng().random_range(most / 2..=most));
    }
}

/// Twice as long each time.
fn longest(every: Duration, failures: u32) -> Duration {
    let times = 2_u32.saturating_pow(failures);
    every.checked_mul(times).unwrap_or(LONGEST).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_doubles_up_to_ten_minutes_and_is_never_longer() {
        let minute = Duration::from_secs(60);
        let rests = [1, 2, 3, 4, 100, u32::MAX].map(|failures| longest(minute, failures).as_secs());
        assert_eq!(rests, [120, 240, 480, 600, 600, 600]);
        assert_eq!(longest(Duration::from_secs(7_200), 1), LONGEST);
        assert_eq!(longest(Duration::MAX, 1), LONGEST);
    }

    #[test]
    fn it_lasts_at_least_half_of_that_and_ends_by_itself() {
        let (mut rest, mut now) = (Rest::default(), Instant::now());
        assert!(!rest.lasts(now));
        for failures in 1..20 {
            rest.lengthen(now, Duration::from_secs(1));
            let most = longest(Duration::from_secs(1), failures);
            assert!(rest.lasts(now + most / 2 - Duration::from_millis(1)), "{failures}");
            now += most;
            assert!(!rest.lasts(now), "{failures}");
        }
    }
}
