//! The keys that access tokens are signed with.

use kit::clock::Moment;
use serde::{Deserialize, Serialize};

pub const MADE: &str = "key.made";
pub const RETIRED: &str = "key.retired";
/// The last entry of a rotation. Not `key.…`: it is about no one key.
pub const ROTATED: &str = "ring.rotated";
/// In the journal's nouns.
pub const COLLECTION: &str = "keys";
/// There is one ring.
pub const RING: &str = "ring";
/// Seconds until a new key signs: by then everybody who verifies has learned of it.
const AHEAD: i64 = 5 * 1_000_000;
/// An old key verifies for so long.
const AFTER: i64 = 600 * 1_000_000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    pub id: String,
    pub public_key: [u8; 32],
    /// PKCS #8, sealed.
    pub sealed: Vec<u8>,
    pub valid_from: i64,
    pub valid_until: Option<i64>,
}

/// A key that was just made.
#[derive(Clone, Debug)]
pub struct Made {
    pub id: String,
    pub public_key: [u8; 32],
    pub sealed: Vec<u8>,
}

/// All keys that verify, the newest last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    pub id: String,
    pub version: i64,
    pub keys: Vec<SigningKey>,
}

impl Made {
    fn from(self, valid_from: i64) -> SigningKey {
        let Made { id, public_key, sealed } = self;
        SigningKey { id, public_key, sealed, valid_from, valid_until: None }
    }
}

impl Ring {
    pub fn first(made: Made, now: Moment) -> Ring {
        Ring { id: RING.to_owned(), version: 1, keys: vec![made.from(now.0)] }
    }

    /// Puts a new key on; gives those that retire.
    pub fn rotate(&mut self, made: Made, now: Moment) -> Vec<SigningKey> {
        self.keys.retain(|key| key.verifies(now));
        let mut retired = Vec::new();
        for key in self.keys.iter_mut().filter(|key| key.valid_until.is_none()) {
            key.valid_until = Some(now.0.saturating_add(AFTER));
            retired.push(key.clone());
        }
        self.keys.push(made.from(now.0.saturating_add(AHEAD)));
        self.version += 1;
        retired
    }

    /// The key that signs now: the newest that everybody knows.
    pub fn current(&self, now: Moment) -> Option<&SigningKey> {
        let known = |key: &&SigningKey| key.valid_from <= now.0 && key.verifies(now);
        self.keys.iter().rev().find(known).or_else(|| self.keys.last())
    }

    /// Those that verify now.
    pub fn live(&self, now: Moment) -> impl Iterator<Item = &SigningKey> {
        self.keys.iter().filter(move |key| key.verifies(now))
    }
}

impl SigningKey {
    fn verifies(&self, now: Moment) -> bool {
        self.valid_until.is_none_or(|until| now.0 < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(id: &str) -> Made {
        Made { id: id.into(), public_key: [0; 32], sealed: Vec::new() }
    }

    #[test]
    fn a_new_key_signs_when_everybody_knows_it_and_the_old_one_verifies_for_ten_minutes() {
        let mut ring = Ring::first(made("a"), Moment(0));
        let at = |ring: &Ring, now| ring.current(Moment(now)).map(|key| key.id.clone());
        assert_eq!(at(&ring, 0).as_deref(), Some("a"));
        let retired = ring.rotate(made("b"), Moment(10));
        assert_eq!(retired[0].valid_until, Some(10 + AFTER));
        assert_eq!(at(&ring, 9 + AHEAD).as_deref(), Some("a"));
        assert_eq!(at(&ring, 10 + AHEAD).as_deref(), Some("b"));
        let live = |ring: &Ring, now| ring.live(Moment(now)).map(|key| key.id.clone()).collect::<Vec<_>>();
        assert_eq!(live(&ring, 9 + AFTER), ["a", "b"]);
        assert_eq!(live(&ring, 10 + AFTER), ["b"]);
    }

    #[test]
    fn rotations_one_after_the_other_leave_a_key_to_sign_with_and_none_that_verifies_no_more() {
        let mut ring = Ring::first(made("a"), Moment(0));
        for (i, id) in ["b", "c", "d"].into_iter().enumerate() {
            ring.rotate(made(id), Moment(i as i64));
            assert_eq!(ring.current(Moment(i as i64)).expect("a key").id, "a");
        }
        assert_eq!(ring.keys.iter().filter(|key| key.valid_until.is_none()).count(), 1);
        ring.rotate(made("e"), Moment(10 + AFTER));
        assert_eq!(ring.keys.iter().map(|key| key.id.as_str()).collect::<Vec<_>>(), ["d", "e"]);
    }
}
