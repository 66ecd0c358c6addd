//! Whether a journal is what it was: the gateway is itself the first outsider to a service. Pure.

use tlog::{
    Hash,
    checkpoint::Checkpoint,
    note::{Note, Verifier},
    tree::verify_consistency,
};

/// A head, whose signature was verified.
#[derive(Clone, Debug)]
pub struct Head {
    pub note: Note,
    pub key: Verifier,
    pub says: Checkpoint,
}

impl Head {
    /// Reads a head; the key must be that which was seen first, where there was one.
    pub fn open(origin: &str, note: &str, key: &str, first: Option<&str>) -> Result<Head, String> {
        if first.is_some_and(|first| first != key) {
            return Err(format!("签名密钥已更换 · it is signed with another key, {key}"));
        }
        let wrong = |what: String| format!("树头无效 · the head is not valid: {what}");
        let key: Verifier = key.parse().map_err(|malformed: tlog::Malformed| wrong(malformed.to_string()))?;
        if key.name() != origin {
            return Err(wrong(format!("its key is that of {}", key.name())));
        }
        let note = Note::parse(note).map_err(|malformed| wrong(malformed.to_string()))?;
        let says = Checkpoint::open(&note, &key).map_err(|untrusted| wrong(untrusted.to_string()))?;
        Ok(Head { note, key, says })
    }
}

/// What a head is to the one that was seen before.
#[derive(Debug, PartialEq, Eq)]
pub enum Look {
    /// It says nothing new, or is older.
    Seen,
    /// It may be later: a proof shows whether it is.
    Later,
    /// It cannot stand beside the one before.
    Wrong(String),
}

pub fn look(before: &Checkpoint, now: &Checkpoint) -> Look {
    if now.size > before.size {
        return Look::Later;
    }
    if now.size == before.size && now.root != before.root {
        return Look::Wrong(format!("对同样{0}条记录有两个树根 · two roots of the same {0} entries", now.size));
    }
    // A head may come late from another replica; one that was signed later cannot be smaller.
    if now.size < before.size && now.signed_at() > before.signed_at() {
        let (from, to) = (before.size, now.size);
        return Look::Wrong(format!("日志由{from}条变短为{to}条 · it shrank from {from} entries to {to}"));
    }
    Look::Seen
}

/// Whether the later head has the earlier one at its beginning.
pub fn extends(before: &Checkpoint, now: &Checkpoint, proof: &[Hash]) -> Result<(), String> {
    let size = before.size;
    let is_proven = verify_consistency(size, &before.root, now.size, &now.root, proof);
    let other = || format!("前{size}条记录已不是从前的那些 · its first {size} entries are not what they were");
    is_proven.then_some(()).ok_or_else(other)
}

/// Where in the inclusion proof of leaf `old` (the first after them) stands the root of the first `old` leaves; none unless
/// that is one node of the tree, which it is where `old` is a power of two.
pub fn place_of_past(old: u64, size: u64) -> Option<usize> {
    if !old.is_power_of_two() || size <= old {
        return None;
    }
    // In the smallest subtree that has both, the leaf is the first of the right half: below it are that half's levels.
    let right = size.min(old.saturating_mul(2)) - old;
    usize::try_from(right.next_power_of_two().trailing_zeros()).ok()
}

#[cfg(test)]
mod tests {
    use tlog::{leaf_hash, tree};

    use super::*;

    #[test]
    fn the_root_of_a_power_of_two_is_found_in_the_proof_of_the_leaf_after_it() {
        let leaves: Vec<_> = (0..70u8).map(|i| leaf_hash(&[i])).collect();
        for old in [1u64, 2, 4, 8, 16, 32, 64] {
            for size in old + 1..=70 {
                let all = &leaves[..size as usize];
                let proof = tree::inclusion(&Leaves(all), old, size).expect("a proof");
                let place = place_of_past(old, size).expect("a power of two");
                assert_eq!(proof[place], tree::root(&leaves[..old as usize]), "{old} of {size}");
            }
        }
        assert_eq!(place_of_past(3, 9), None);
        assert_eq!(place_of_past(8, 8), None);
        assert_eq!(place_of_past(0, 8), None);
    }

    struct Leaves<'a>(&'a [Hash]);

    impl tree::Nodes for Leaves<'_> {
        fn node(&self, level: u8, index: u64) -> Option<Hash> {
            let (first, width) = (index << level, 1 << level);
            Some(tree::root(self.0.get(first as usize..(first + width) as usize)?))
        }
    }

    #[test]
    fn a_head_is_seen_later_or_wrong() {
        let head = |size, root, at| Checkpoint::signed("log", size, [root; 32], at);
        let before = head(5, 1, 100);
        assert_eq!(look(&before, &before), Look::Seen);
        assert_eq!(look(&before, &head(4, 2, 90)), Look::Seen);
        assert_eq!(look(&before, &head(6, 2, 110)), Look::Later);
        assert!(matches!(look(&before, &head(5, 2, 110)), Look::Wrong(_)));
        assert!(matches!(look(&before, &head(4, 2, 110)), Look::Wrong(_)));
        assert!(extends(&before, &head(6, 2, 110), &[]).is_err());
    }
}
