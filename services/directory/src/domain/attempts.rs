//! How often a password was tried in vain.

use std::time::Duration;

use kit::{
    clock::Moment,
    refusal::{Kind, Refusal},
};
use serde::{Deserialize, Serialize};

/// After so many wrong ones nothing more is heard for a while.
const MOST: u32 = 5;
const PAUSE: i64 = 15 * 60 * 1_000_000;

/// By what an attempt comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// By the certificate of a terminal of the person's division.
    Terminal,
    /// By anything else that can reach the door: a browser, no certificate.
    Public,
}

/// Wrong attempts of each way apart: who guesses from outside keeps nobody from working at a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    terminal: Count,
    public: Count,
}

/// Wrong attempts since the last right one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Count {
    wrong: u32,
    /// Microseconds; 0 where another attempt is heard.
    until: i64,
}

impl Attempts {
    /// TOO_MANY_ATTEMPTS until a quarter of an hour after the fifth.
    pub fn check(&self, way: Way, now: Moment) -> Result<(), Refusal> {
        let left = self.of(way).until.saturating_sub(now.0);
        if left <= 0 {
            return Ok(());
        }
        let (zh, en) = ("尝试次数过多，请一刻钟后再试", "too many attempts; wait a quarter of an hour");
        let left = Duration::from_micros(left.unsigned_abs());
        Err(Refusal::new(Kind::Exhausted, "TOO_MANY_ATTEMPTS", zh, en).again_in(left))
    }

    /// Counts a wrong one.
    pub fn count(&mut self, way: Way, now: Moment) {
        let count = self.of_mut(way);
        if count.until != 0 && count.until <= now.0 {
            *count = Count::default();
        }
        count.wrong += 1;
        if count.wrong >= MOST {
            count.until = now.0.saturating_add(PAUSE);
        }
    }

    /// A right one, which says nothing of who guesses by the other way.
    pub fn forget(&mut self, way: Way) {
        *self.of_mut(way) = Count::default();
    }

    /// Whether a pause goes on.
    pub fn is_barred(&self, now: Moment) -> bool {
        self.terminal.until > now.0 || self.public.until > now.0
    }

    fn of(&self, way: Way) -> &Count {
        match way {
            Way::Terminal => &self.terminal,
            Way::Public => &self.public,
        }
    }

    fn of_mut(&mut self, way: Way) -> &mut Count {
        match way {
            Way::Terminal => &mut self.terminal,
            Way::Public => &mut self.public,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_fifth_wrong_attempt_none_is_heard_for_a_quarter_of_an_hour() {
        let (mut attempts, now) = (Attempts::default(), Moment(1_000_000));
        for _ in 0..4 {
            attempts.count(Way::Public, now);
            assert!(attempts.check(Way::Public, now).is_ok());
        }
        attempts.count(Way::Public, now);
        let refusal = attempts.check(Way::Public, now).expect_err("too many");
        assert_eq!((refusal.reason(), refusal.again()), ("TOO_MANY_ATTEMPTS", Some(Duration::from_secs(900))));
        let later = Moment(now.0 + PAUSE);
        assert!(attempts.check(Way::Public, Moment(later.0 - 1)).is_err() && attempts.is_barred(Moment(later.0 - 1)));
        assert!(attempts.check(Way::Public, later).is_ok() && !attempts.is_barred(later));
        attempts.count(Way::Public, later);
        assert!(attempts.check(Way::Public, later).is_ok(), "the count begins anew");
    }

    #[test]
    fn attempts_of_one_way_bar_that_way_alone_and_a_right_one_ends_no_other_count() {
        for (guessed, other) in [(Way::Public, Way::Terminal), (Way::Terminal, Way::Public)] {
            let (mut attempts, now) = (Attempts::default(), Moment(0));
            (0..4).for_each(|_| attempts.count(guessed, now));
            attempts.forget(other);
            attempts.count(guessed, now);
            assert!(attempts.check(guessed, now).is_err());
            assert!(attempts.check(other, now).is_ok());
            attempts.forget(guessed);
            assert!(attempts.check(guessed, now).is_ok());
        }
    }
}
