//! Whatever is read: no panic, and what is accepted is written again byte for byte.

use std::{fmt::Display, str::FromStr};

use proptest::{collection::vec, prelude::*, string::string_regex};
use tlog::{
    Hash,
    checkpoint::Checkpoint,
    note::{Note, Signature, Verifier},
    proof::Proof,
    text, tile, tree,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_accepted_is_written_again_as_it_was(text in any::<String>(), broken in nearly(), lines in lines()) {
        for text in [text, broken, lines] {
            as_it_was::<Note>(&text);
            as_it_was::<Signature>(&text);
            as_it_was::<Verifier>(&text);
            as_it_was::<Checkpoint>(&text);
            as_it_was::<Proof>(&text);
            if let Ok(number) = text::number(&text) {
                prop_assert_eq!(number.to_string(), &*text);
            }
            if let Ok(bytes) = text::decode(&text) {
                prop_assert_eq!(text::encode(&bytes), text);
            }
        }
    }

    #[test]
    fn what_is_written_is_read_as_it_was(proof in proof(), head in checkpoint()) {
        prop_assert_eq!(&Proof::parse(&proof.to_string()), &Ok(proof));
        prop_assert_eq!(&Checkpoint::parse(&head.to_string()), &Ok(head));
    }

    #[test]
    fn no_numbers_and_no_hashes_make_a_proof_of_nothing(
        a in number(), b in number(), hashes in vec(any::<Hash>(), 0..70), one in any::<Hash>(), two in any::<Hash>(),
    ) {
        prop_assert!(!tree::verify_inclusion(&one, a, b, &hashes, &two));
        prop_assert!(!tree::verify_consistency(a, &one, b, &two, &hashes));
        tile::for_inclusion(a, b);
        tile::for_consistency(a, b);
        tile::for_edge(a);
        tile::Id { level: a as u8, index: b }.width(a);
        tile::Tiles::new().push(a, one);
    }

    #[test]
    fn tiles_of_any_bytes_do_no_harm(level: u8, index in number(), bytes in vec(any::<u8>(), 0..9_000), size in number()) {
        let mut tiles = tile::Tiles::new();
        let _ = tiles.insert(tile::Id { level, index }, &bytes);
        tree::inclusion(&tiles, index, size);
        tree::Edge::of(size, &tiles);
        tree::Nodes::node(&tiles, level, index);
        tree::Nodes::node(&[one(); 3][..], level, index);
    }
}

fn one() -> Hash {
    [1; 32]
}

fn as_it_was<T: FromStr + Display>(text: &str) {
    if let Ok(read) = text.parse::<T>() {
        assert_eq!(read.to_string(), text);
    }
}

/// Small ones, those around powers of two, and any.
fn number() -> impl Strategy<Value = u64> {
    let near = (0..64_u32, 0..3_u64).prop_map(|(bit, more)| (1_u64 << bit).wrapping_add(more).wrapping_sub(1));
    prop_oneof![0..300_u64, near, any::<u64>()]
}

/// A good proof with one character replaced, taken away or doubled; some of them are good again.
fn nearly() -> impl Strategy<Value = String> {
    (proof(), any::<prop::sample::Index>(), "[\n =+0A— a-z]{0,2}", 0..3_usize).prop_map(|(proof, at, new, gone)| {
        let mut characters: Vec<char> = proof.to_string().chars().collect();
        let at = at.index(characters.len());
        let end = (at + gone).min(characters.len());
        characters.splice(at..end, new.chars());
        characters.into_iter().collect()
    })
}

/// Lines that each could stand in a note.
fn lines() -> impl Strategy<Value = String> {
    let line = "(|0|7|07|origin|extra |extra AA==|index 0|— a AAAAAAA=|— a AAAAAAB=|c2sp.org/tlog-proof@v1|[A-Za-z0-9+/]{43}=)\n?";
    vec(string_regex(line).expect("an expression"), 0..12).prop_map(|lines| lines.concat())
}

fn proof() -> impl Strategy<Value = Proof> {
    let signature = ("[a-z./]{1,9}", any::<u32>(), vec(any::<u8>(), 1..99));
    let signature = signature.prop_map(|(name, key_id, bytes)| Signature { name, key_id, bytes });
    let note = (checkpoint(), vec(signature, 1..4));
    let note = note.prop_map(|(head, signatures)| Note { text: head.to_string(), signatures });
    let proof = (vec(any::<u8>(), 0..40), 0..i64::MAX as u64, vec(any::<Hash>(), 0..5), note);
    proof.prop_map(|(extra, index, hashes, checkpoint)| Proof { extra, index, hashes, checkpoint })
}

fn checkpoint() -> impl Strategy<Value = Checkpoint> {
    let head = ("[^\\p{Cc}]{1,9}", 0..=i64::MAX as u64, any::<Hash>(), vec("[^\\p{Cc}]{1,9}", 0..3));
    head.prop_map(|(origin, size, root, extensions)| Checkpoint { origin, size, root, extensions })
}
