//! The vectors that Certificate Transparency's own implementations are tested with, and what must not verify.

use tlog::{EMPTY, Hash, leaf_hash, tree};

use crate::{flipped, leaves};

const ENTRIES: [&[u8]; 8] = [
    b"",
    &[0x00],
    &[0x10],
    &[0x20, 0x21],
    &[0x30, 0x31],
    &[0x40, 0x41, 0x42, 0x43],
    &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
    &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn the_eight_leaves_of_certificate_transparency_have_its_roots() {
    let leaves = ENTRIES.map(leaf_hash);
    for (size, expected) in (1..).zip(ROOTS) {
        assert_eq!(hex(&tree::root(&leaves[..size])), expected, "{size}");
    }
    assert_eq!(tree::root(&[]), EMPTY);
}

#[test]
fn the_eight_leaves_of_certificate_transparency_have_its_proofs() {
    let leaves = ENTRIES.map(leaf_hash);
    let first = tree::inclusion(&leaves[..], 0, 8).expect("a proof");
    let expected = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ];
    assert_eq!(first.iter().map(hex).collect::<Vec<_>>(), expected);
    let grown = tree::consistency(&leaves[..], 6, 8).expect("a proof");
    let expected = [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    assert_eq!(grown.iter().map(hex).collect::<Vec<_>>(), expected);
}

#[test]
fn an_inclusion_proof_is_refused_with_any_bit_changed() {
    for (index, size) in [(0, 1), (0, 2), (5, 7), (6, 7), (99, 100), (64, 100), (127, 128)] {
        let leaves = leaves(size);
        let (leaf, root) = (leaves[index as usize], tree::root(&leaves));
        let proof = tree::inclusion(&leaves[..], index, size).expect("a proof");
        assert!(tree::verify_inclusion(&leaf, index, size, &proof, &root));
        for bit in 0..256 {
            assert!(!tree::verify_inclusion(&flipped(&leaf, bit), index, size, &proof, &root));
            assert!(!tree::verify_inclusion(&leaf, index, size, &proof, &flipped(&root, bit)));
            for broken in each_changed(&proof, bit) {
                assert!(!tree::verify_inclusion(&leaf, index, size, &broken, &root));
            }
        }
        for broken in each_of_another_length(&proof) {
            assert!(!tree::verify_inclusion(&leaf, index, size, &broken, &root));
        }
        for other in (0..size + 2).chain([u64::MAX]).filter(|other| *other != index) {
            assert!(!tree::verify_inclusion(&leaf, other, size, &proof, &root), "{other} for {index} of {size}");
        }
    }
}

#[test]
fn a_consistency_proof_is_refused_with_any_bit_changed() {
    for (from, to) in [(1, 2), (1, 100), (4, 7), (6, 7), (6, 8), (64, 100), (99, 100), (100, 100)] {
        let leaves = leaves(to);
        let (old, new) = (tree::root(&leaves[..from as usize]), tree::root(&leaves));
        let proof = tree::consistency(&leaves[..], from, to).expect("a proof");
        assert!(tree::verify_consistency(from, &old, to, &new, &proof));
        for bit in 0..256 {
            assert!(!tree::verify_consistency(from, &flipped(&old, bit), to, &new, &proof));
            assert!(!tree::verify_consistency(from, &old, to, &flipped(&new, bit), &proof));
            for broken in each_changed(&proof, bit) {
                assert!(!tree::verify_consistency(from, &old, to, &new, &broken), "{from} to {to}");
            }
        }
        for broken in each_of_another_length(&proof) {
            assert!(!tree::verify_consistency(from, &old, to, &new, &broken), "{from} to {to}");
        }
        assert!(from == to || !tree::verify_consistency(to, &new, from, &old, &proof), "backwards");
    }
}

#[test]
fn the_tree_of_nothing_is_the_beginning_of_every_tree_and_has_one_root() {
    let root = tree::root(&leaves(5));
    assert!(tree::verify_consistency(0, &EMPTY, 5, &root, &[]));
    assert!(tree::verify_consistency(0, &EMPTY, 0, &EMPTY, &[]));
    assert!(!tree::verify_consistency(0, &root, 5, &root, &[]));
    assert!(!tree::verify_consistency(0, &EMPTY, 0, &root, &[]));
    assert!(!tree::verify_consistency(0, &root, 0, &root, &[]));
    assert!(!tree::verify_consistency(0, &EMPTY, 5, &root, &[root]));
    assert!(!tree::verify_inclusion(&root, 0, 0, &[], &EMPTY));
}

#[test]
fn what_is_not_in_a_tree_has_no_proof() {
    let leaves = leaves(7);
    assert_eq!(tree::inclusion(&leaves[..], 7, 7), None);
    assert_eq!(tree::inclusion(&leaves[..], 0, 0), None);
    assert_eq!(tree::inclusion(&leaves[..], 0, 8), None, "the eighth leaf is not there");
    assert_eq!(tree::consistency(&leaves[..], 7, 6), None);
    assert_eq!(tree::consistency(&leaves[..], 7, 8), None);
}

fn each_changed(proof: &[Hash], bit: usize) -> impl Iterator<Item = Vec<Hash>> {
    (0..proof.len()).map(move |at| {
        let mut broken = proof.to_vec();
        broken[at] = flipped(&broken[at], bit);
        broken
    })
}

fn each_of_another_length(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let longer = [proof, &[EMPTY]].concat();
    let earlier = [&[EMPTY], proof].concat();
    let mut all = vec![longer, earlier];
    all.extend((0..proof.len()).map(|length| proof[..length].to_vec()));
    all.extend((1..proof.len()).map(|start| proof[start..].to_vec()));
    all
}

fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
