//! Whether a head extends what was seen. Pure.
//!
//! Anybody may hand in a head of a log, since heads are public, and any proof with it. So an alarm is raised only by what the
//! log's own key has signed; a proof that proves nothing is refused, and no more.

use std::fmt;

use tlog::{EMPTY, Hash, checkpoint::Checkpoint, node_hash, tree::verify_consistency};

use crate::request::Request;

#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is what was seen, or more.
    Extends,
    /// The proof begins at another size than the last one seen, which is this.
    Stale(u64),
    /// The proof does not lead to this head.
    NotProven,
    Fork(Fault),
}

/// What a log has done, as its own signatures show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Two heads of one size with different roots.
    TwoRoots(u64),
    /// A larger head whose first entries are not those that were seen.
    OtherPast(u64),
    /// A smaller head, signed later.
    Shrunk(u64, u64),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::TwoRoots(size) => {
                write!(
                    f,
                    "对同样{size}条记录签署了两个不同的树根 · signed two different roots of the same {size} entries"
                )
            }
            Fault::OtherPast(size) => {
                write!(
                    f,
                    "前{size}条记录已不是从前签署的那些 · the first {size} entries are not those that it signed before"
                )
            }
            Fault::Shrunk(from, to) => {
                write!(f, "日志由{from}条变短为{to}条 · shrank from {from} entries to {to}")
            }
        }
    }
}

/// Judges a head, whose signature was verified, by the last one that was cosigned.
pub fn judge(kept: Option<&Checkpoint>, asked: &Request) -> Verdict {
    let (old, head) = (asked.old, &asked.head);
    let (size, root) = kept.map_or((0, EMPTY), |kept| (kept.size, kept.root));
    if head.size == size && head.root != root && kept.is_some() {
        return Verdict::Fork(Fault::TwoRoots(size));
    }
    let signed = kept.and_then(Checkpoint::signed_at).zip(head.signed_at());
    if head.size < size && signed.is_some_and(|(before, now)| before < now) {
        return Verdict::Fork(Fault::Shrunk(size, head.size));
    }
    if old != size {
        return Verdict::Stale(size);
    }
    if head.size == 0 && head.root != EMPTY {
        return Verdict::NotProven;
    }
    if verify_consistency(size, &root, head.size, &head.root, &asked.proof) {
        return Verdict::Extends;
    }
    match past(size, head, &asked.proof) {
        Some(past) if past != root => Verdict::Fork(Fault::OtherPast(size)),
        _ => Verdict::NotProven,
    }
}

/// The root of a head's first `from` leaves, where the proof shows it: its hashes lead to the root that was signed, so they
/// are nodes of that very tree. Where `from` is a power of two that root is no part of a proof, and a log's friend who wants
/// the alarm raised puts it before the others.
fn past(from: u64, head: &Checkpoint, proof: &[Hash]) -> Option<Hash> {
    let (start, rest) = proof.split_first()?;
    if from == 0 || from >= head.size {
        return None;
    }
    // RFC 9162, 2.1.4.2, without an old root to compare with.
    let (mut node, mut last) = (from - 1, head.size - 1);
    let shift = node.trailing_ones();
    (node, last) = (node >> shift, last >> shift);
    let (mut past, mut whole) = (*start, *start);
    for sibling in rest {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            past = node_hash(sibling, &past);
            whole = node_hash(sibling, &whole);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            whole = node_hash(&whole, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    (last == 0 && whole == head.root).then_some(past)
}

#[cfg(test)]
mod tests {
    use tlog::{
        leaf_hash,
        note::{Ed25519, Note},
        tree::{consistency, root},
    };

    use super::*;

    fn leaves(history: u8, n: u64) -> Vec<Hash> {
        // From the fifth entry on, histories differ.
        (0..n).map(|i| leaf_hash(&[if i < 4 { 0 } else { history }, i as u8])).collect()
    }

    fn head(history: u8, size: u64, at: i64) -> Checkpoint {
        Checkpoint::signed("log", size, root(&leaves(history, size)), at)
    }

    fn asks(old: u64, proof: Vec<Hash>, head: Checkpoint) -> Request {
        let note = Note::sign(head.to_string(), &[&Ed25519::from_seed("log", &[7; 32]).expect("a key")]);
        Request { old, proof, note, head }
    }

    #[test]
    fn every_later_head_of_the_same_history_extends_every_earlier_one() {
        for from in 0..40 {
            for to in from..40 {
                let proof = consistency(&leaves(1, to)[..], from, to).expect("a proof");
                let kept = head(1, from, 1);
                assert_eq!(judge(Some(&kept), &asks(from, proof, head(1, to, 2))), Verdict::Extends, "{from} {to}");
            }
        }
    }

    #[test]
    fn every_other_history_is_a_fork_by_its_own_proof() {
        for from in 5..40_u64 {
            for to in from..40 {
                let tree = leaves(2, to);
                let mut proof = consistency(&tree[..], from, to).expect("a proof");
                if from.is_power_of_two() && from < to {
                    let kept = head(1, from, 1);
                    assert_eq!(judge(Some(&kept), &asks(from, proof.clone(), head(2, to, 2))), Verdict::NotProven);
                    proof.insert(0, root(&tree[..from as usize]));
                }
                let verdict = judge(Some(&head(1, from, 1)), &asks(from, proof, head(2, to, 2)));
                let fault = if from == to { Fault::TwoRoots(from) } else { Fault::OtherPast(from) };
                assert_eq!(verdict, Verdict::Fork(fault), "{from} {to}");
            }
        }
    }

    #[test]
    fn a_false_proof_of_an_honest_head_raises_no_alarm() {
        for from in 1..40_u64 {
            for to in from + 1..40 {
                let honest = consistency(&leaves(1, to)[..], from, to).expect("a proof");
                let kept = head(1, from, 1);
                let mut wrong = vec![Vec::new(), consistency(&leaves(2, to + 1)[..], from, to + 1).expect("a proof")];
                wrong.push([&honest[..], &[[0; 32]]].concat());
                wrong.push([&[[0; 32]], &honest[..]].concat());
                for flipped in 0..honest.len() {
                    let mut proof = honest.clone();
                    proof[flipped][0] ^= 1;
                    wrong.push(proof);
                }
                for proof in wrong.into_iter().filter(|proof| *proof != honest) {
                    assert_eq!(judge(Some(&kept), &asks(from, proof, head(1, to, 2))), Verdict::NotProven);
                }
            }
        }
    }

    #[test]
    fn an_old_head_that_somebody_hands_in_again_is_stale_and_a_later_smaller_one_is_not() {
        let kept = head(1, 30, 10);
        assert_eq!(judge(Some(&kept), &asks(0, Vec::new(), head(1, 20, 9))), Verdict::Stale(30));
        let fault = Verdict::Fork(Fault::Shrunk(30, 20));
        assert_eq!(judge(Some(&kept), &asks(0, Vec::new(), head(1, 20, 11))), fault);
        assert_eq!(judge(Some(&kept), &asks(29, Vec::new(), head(1, 31, 11))), Verdict::Stale(30));
        assert_eq!(judge(None, &asks(1, Vec::new(), head(1, 31, 11))), Verdict::Stale(0));
    }

    #[test]
    fn a_first_head_needs_no_proof_and_an_empty_tree_has_one_root() {
        assert_eq!(judge(None, &asks(0, Vec::new(), head(1, 7, 1))), Verdict::Extends);
        assert_eq!(judge(None, &asks(0, vec![[0; 32]], head(1, 7, 1))), Verdict::NotProven);
        assert_eq!(judge(None, &asks(0, Vec::new(), head(1, 0, 1))), Verdict::Extends);
        let no_tree = Checkpoint { root: [1; 32], ..head(1, 0, 1) };
        assert_eq!(judge(None, &asks(0, Vec::new(), no_tree)), Verdict::NotProven);
    }
}
