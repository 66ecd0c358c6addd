//! The log as its users see it, and as its adversaries do.

mod hostile;
mod notes;
mod tiles;
mod tree;

use tlog::{Hash, leaf_hash};

/// Leaves of which no two are alike.
fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

fn flipped(hash: &Hash, bit: usize) -> Hash {
    let mut hash = *hash;
    hash[bit / 8] ^= 1 << (bit % 8);
    hash
}
