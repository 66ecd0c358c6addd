//! Who tries to sign in: one at a time for each name, and counted also where there is nobody of that name.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
};

use kit::{clock::Moment, refusal::Refusal};
use tokio::sync::MutexGuard;

use crate::domain::attempts::{Attempts, Way};

/// Names that nobody has are remembered up to so many.
const MOST_STRANGERS: usize = 4_096;
type Turns = [tokio::sync::Mutex<()>; 64];

pub struct Tries {
    /// Of each way: who guesses from outside is not in the way of who works at a window.
    terminals: Turns,
    public: Turns,
    /// Without a credential there is nothing to keep a count in. It is kept here, so that a name that is unknown is
    /// answered as one that is known.
    strangers: Mutex<HashMap<String, Attempts>>,
}

impl Tries {
    pub fn new() -> Tries {
        let turns = || std::array::from_fn(|_| tokio::sync::Mutex::default());
        Tries { terminals: turns(), public: turns(), strangers: Mutex::default() }
    }

    /// Waits for its turn: attempts that came at once would all be heard before the first was counted.
    pub async fn turn(&self, name: &str, way: Way) -> MutexGuard<'_, ()> {
        let turns = match way {
            Way::Terminal => &self.terminals,
            Way::Public => &self.public,
        };
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        turns[hasher.finish() as usize % turns.len()].lock().await
    }

    pub fn check(&self, stranger: &str, way: Way, now: Moment) -> Result<(), Refusal> {
        let strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
        strangers.get(stranger).map_or(Ok(()), |attempts| attempts.check(way, now))
    }

    pub fn count(&self, stranger: &str, way: Way, now: Moment) {
        let mut strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
        if strangers.len() >= MOST_STRANGERS && !strangers.contains_key(stranger) {
            strangers.retain(|_, attempts| attempts.is_barred(now));
            if strangers.len() >= MOST_STRANGERS {
                strangers.clear();
            }
        }
        strangers.entry(stranger.to_owned()).or_default().count(way, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_nobody_has_is_barred_like_another_and_takes_no_room_for_good() {
        let (tries, now) = (Tries::new(), Moment(0));
        for _ in 0..5 {
            assert!(tries.check("nobody", Way::Public, now).is_ok());
            tries.count("nobody", Way::Public, now);
        }
        assert_eq!(tries.check("nobody", Way::Public, now).expect_err("barred").reason(), "TOO_MANY_ATTEMPTS");
        for i in 0..3 * MOST_STRANGERS {
            tries.count(&i.to_string(), Way::Public, now);
        }
        assert!(tries.strangers.lock().expect("unlocked").len() <= MOST_STRANGERS);
        assert!(tries.check("nobody", Way::Public, now).is_err());
    }
}
