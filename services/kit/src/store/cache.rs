//! Nouns as last committed, kept in memory for as long as nobody else writes.
//!
//! What the writer of this process has committed last is what the database holds, while the division's head stands where
//! that commit has put it. Where it stands elsewhere, another replica has written, and everything kept of the division is
//! out of date at once. A SQLite file is written by one process (the data folder's lock), so there it is never out of date.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use quick_cache::sync;

use super::noun::{AnyNoun, Key};
use crate::id::Division;

/// At most so many nouns: a case takes about 2 KiB.
const MOST: usize = 8_192;

/// The nouns of one database.
pub(crate) struct Cache {
    nouns: sync::Cache<Key, Kept>,
    heads: Mutex<HashMap<Division, Head>>,
}

#[derive(Clone)]
struct Kept {
    age: u64,
    noun: AnyNoun,
}

/// Where a division's journal ends as far as is known here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    seq: i64,
    /// Counts how often another has written meanwhile; nouns of an earlier age are out of date.
    age: u64,
}

impl Cache {
    pub(crate) fn new() -> Cache {
        Cache { nouns: sync::Cache::new(MOST), heads: Mutex::default() }
    }

    /// Tells where the journal ends, by its locked head; nouns that were kept as of another end are out of date.
    pub(crate) fn meet(&self, division: Division, seq: i64) {
        let mut heads = self.heads();
        let head = heads.entry(division).or_default();
        if head.seq != seq {
            *head = Head { seq, age: head.age + 1 };
        }
    }

    /// The noun, where one is kept that is not known to be out of date.
    pub(crate) fn get(&self, key: &Key) -> Option<AnyNoun> {
        let kept = self.nouns.get(key)?;
        (kept.age == self.head(key.division).age).then_some(kept.noun)
    }

    /// Keeps what was committed, as of the heads that it moved.
    pub(crate) fn put(&self, nouns: impl IntoIterator<Item = (Key, AnyNoun)>, moved: &[(Division, i64)]) {
        let mut heads = self.heads();
        for (division, seq) in moved {
            heads.entry(*division).or_default().seq = *seq;
        }
        for (key, noun) in nouns {
            let age = heads.get(&key.division).map_or(0, |head| head.age);
            self.nouns.insert(key, Kept { age, noun });
        }
    }

    pub(crate) fn head(&self, division: Division) -> Head {
        self.heads().get(&division).copied().unwrap_or_default()
    }

    /// Keeps what was read, unless something was committed since the head was asked for: that may be newer.
    pub(crate) fn offer(&self, key: Key, noun: AnyNoun, before: Head) {
        let heads = self.heads();
        if heads.get(&key.division).copied().unwrap_or_default() == before {
            self.nouns.insert(key, Kept { age: before.age, noun });
        }
    }

    fn heads(&self) -> MutexGuard<'_, HashMap<Division, Head>> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Head {
    pub(crate) fn is_at(&self, seq: i64) -> bool {
        self.seq == seq
    }
}
