//! How often a secret was tried in vain.

use std::time::Duration;

use kit::{
    clock::Moment,
    refusal::{Kind, Refusal},
};
use serde::{Deserialize, Serialize};

/// After so many wrong ones nothing more is heard for a while.
const MOST: u32 = 5;
const PAUSE: i64 = 15 * 60 * 1_000_000;

/// Wrong attempts since the last right one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    wrong: u32,
    /// Microseconds; 0 where another attempt is heard.
    until: i64,
}

impl Attempts {
    /// TOO_MANY_ATTEMPTS until a quarter of an hour after the fifth.
    pub fn check(&self, now: Moment) -> Result<(), Refusal> {
        let left = self.until.saturating_sub(now.0);
        if left <= 0 {
            return Ok(());
        }
        let (zh, en) = ("尝试次数过多，请一刻钟后再试", "too many attempts; wait a quarter of an hour");
        let left = Duration::from_micros(left.unsigned_abs());
        Err(Refusal::new(Kind::Exhausted, "TOO_MANY_ATTEMPTS", zh, en).again_in(left))
    }

    /// Counts a wrong one.
    pub fn count(&mut self, now: Moment) {
        if self.is_over(now) {
            *self = Attempts::default();
        }
        self.wrong += 1;
        if self.wrong >= MOST {
            self.until = now.0.saturating_add(PAUSE);
        }
    }

    /// Whether the pause was waited for.
    pub fn is_over(&self, now: Moment) -> bool {
        self.until != 0 && self.until <= now.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_fifth_wrong_attempt_none_is_heard_for_a_quarter_of_an_hour() {
        let (mut attempts, now) = (Attempts::default(), Moment(1_000_000));
        for _ in 0..4 {
            attempts.count(now);
            assert!(attempts.check(now).is_ok());
        }
        attempts.count(now);
        let refusal = attempts.check(now).expect_err("too many");
        assert_eq!((refusal.reason(), refusal.again()), ("TOO_MANY_ATTEMPTS", Some(Duration::from_secs(900))));
        let later = Moment(now.0 + PAUSE);
        assert!(attempts.check(Moment(later.0 - 1)).is_err());
        assert!(attempts.check(later).is_ok());
        attempts.count(later);
        assert!(attempts.check(later).is_ok(), "the count begins anew");
    }
}
