//! The newest entries as committed here, for the feeds that keep up: a follower reads them without the database.
//!
//! What was committed never changes, so the only question is what is missing. Of each division the entries kept follow one
//! another; where another replica has written in between, what lies before is let go.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use proto::journal::v1::Entry;

use super::journal::entry;

/// At most so many entries of a division, and so many bytes of payload.
const MOST: usize = 2_048;
const BYTES: usize = 2 << 20;

#[derive(Default)]
pub(crate) struct Recent(Mutex<HashMap<String, Row>>);

#[derive(Default)]
struct Row {
    entries: VecDeque<Entry>,
    bytes: usize,
}

impl Recent {
    /// Keeps what was committed, in the order of each division's journal.
    pub(crate) fn put(&self, committed: Vec<entry::Model>) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in committed {
            match rows.get_mut(&entry.division) {
                Some(row) => row.push(entry.into()),
                None => rows.entry(entry.division.clone()).or_default().push(entry.into()),
            }
        }
    }

    /// Entries of a division after a position, in order, at most so many; none where they are not all kept.
    pub(crate) fn after(&self, division: &str, seq: i64, most: usize) -> Vec<Entry> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(row) = rows.get(division) else { return Vec::new() };
        let first = row.entries.front().map_or(i64::MAX, |entry| entry.seq);
        let Ok(known) = usize::try_from(seq.saturating_add(1).saturating_sub(first)) else { return Vec::new() };
        row.entries.iter().skip(known).take(most).cloned().collect()
    }
}

impl Row {
    fn push(&mut self, entry: Entry) {
        if self.entries.back().is_some_and(|last| last.seq + 1 != entry.seq) {
            *self = Row::default();
        }
        self.bytes += entry.payload.len();
        self.entries.push_back(entry);
        while self.entries.len() > MOST || self.bytes > BYTES {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.bytes -= oldest.payload.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(seqs: impl IntoIterator<Item = i64>, payload: usize) -> Vec<entry::Model> {
        let entry = |seq| entry::Model {
            division: "410223".into(),
            seq,
            occurred_at: 0,
            actor: "tester".into(),
            noun: "counters/A".into(),
            event: "counter.told".into(),
            payload: vec![0; payload],
            request_id: None,
            request_hash: None,
            leaf_hash: Vec::new(),
        };
        seqs.into_iter().map(entry).collect()
    }

    fn seqs(recent: &Recent, after: i64, most: usize) -> Vec<i64> {
        recent.after("410223", after, most).iter().map(|entry| entry.seq).collect()
    }

    #[test]
    fn who_keeps_up_gets_what_follows_and_who_is_behind_gets_nothing() {
        let recent = Recent::default();
        recent.put(entries(5..=9, 1));
        assert_eq!(seqs(&recent, 6, 500), [7, 8, 9]);
        assert_eq!(seqs(&recent, 4, 2), [5, 6]);
        assert!(seqs(&recent, 3, 500).is_empty(), "4 is not kept");
        assert!(seqs(&recent, 9, 500).is_empty() && seqs(&recent, 20, 500).is_empty());
        assert!(recent.after("110105", 0, 500).is_empty());
    }

    #[test]
    fn what_lies_before_a_gap_is_let_go() {
        let recent = Recent::default();
        recent.put(entries(1..=3, 1));
        recent.put(entries([7, 8], 1));
        assert!(seqs(&recent, 0, 500).is_empty() && seqs(&recent, 2, 500).is_empty());
        assert_eq!(seqs(&recent, 6, 500), [7, 8]);
    }

    #[test]
    fn only_so_much_is_kept() {
        let recent = Recent::default();
        recent.put(entries(1..=3_000, 1));
        assert_eq!(seqs(&recent, 3_000 - MOST as i64, 1), [3_001 - MOST as i64]);
        assert!(seqs(&recent, 2_999 - MOST as i64, 1).is_empty());
        recent.put(entries(3_001..=3_003, BYTES / 2));
        assert_eq!(seqs(&recent, 3_001, 500), [3_002, 3_003]);
        assert!(seqs(&recent, 3_000, 500).is_empty());
    }
}
