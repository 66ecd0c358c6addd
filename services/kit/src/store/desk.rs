//! What a decision sees: the nouns it asked for, to look at, take, put back changed; and what it says happened.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;

use super::noun::{AnyNoun, Key, Noun};
use crate::{clock::Moment, id::Division, refusal::Refusal};

/// What happened to a noun: becomes one entry of the journal.
#[derive(Clone, Debug)]
pub struct Event {
    /// For example `case.accepted`.
    pub name: &'static str,
    /// Collection and id, for example `cases/410223-012-20160308-000017-X`.
    pub noun: String,
    /// Resource name of who did it, or `system`.
    pub actor: String,
    /// The noun's public facts after it.
    pub payload: Bytes,
}

/// The working surface of one decision. Nothing of it is kept when the decision refuses.
pub struct Desk<'a> {
    division: Division,
    now: Moment,
    /// The last entry before this decision.
    head: i64,
    loaded: &'a HashMap<Key, Option<AnyNoun>>,
    pub(crate) changed: Vec<(Key, AnyNoun)>,
    pub(crate) events: Vec<Event>,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(
        division: Division,
        now: Moment,
        head: i64,
        loaded: &'a HashMap<Key, Option<AnyNoun>>,
    ) -> Desk<'a> {
        Desk { division, now, head, loaded, changed: Vec::new(), events: Vec::new() }
    }

    pub fn division(&self) -> Division {
        self.division
    }

    /// The one time of this decision.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// The noun, if there is one. A decision may look only at nouns that the change named.
    pub fn get<N: Noun>(&self, id: &str) -> Option<Arc<N>> {
        let key = Key::of::<N>(self.division, id);
        let changed = self.changed.iter().rev().find(|(other, _)| *other == key).map(|(_, noun)| noun);
        let noun = changed.or_else(|| {
            debug_assert!(self.loaded.contains_key(&key), "the change did not name {key:?}");
            self.loaded.get(&key)?.as_ref()
        })?;
        noun.clone().downcast().ok()
    }

    /// The noun to change, or the refusal given.
    pub fn take<N: Noun>(&self, id: &str, absent: impl FnOnce() -> Refusal) -> Result<N, Refusal> {
        self.get::<N>(id).map(Arc::unwrap_or_clone).ok_or_else(absent)
    }

    /// Puts a noun, new or changed.
    pub fn put<N: Noun>(&mut self, noun: N) {
        let key = Key::of::<N>(noun.division(), noun.id());
        let noun: AnyNoun = Arc::new(noun);
        match self.changed.iter_mut().find(|(other, _)| *other == key) {
            Some((_, old)) => *old = noun,
            None => self.changed.push((key, noun)),
        }
    }

    /// Says what happened, and learns under which number the journal will have it.
    pub fn record(&mut self, event: Event) -> i64 {
        self.events.push(event);
        self.head + self.events.len() as i64
    }
}
