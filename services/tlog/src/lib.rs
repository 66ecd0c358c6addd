//! What makes a list of entries a transparency log, without I/O: hashes and trees of RFC 6962 ([`tree`]), the tiles they
//! are kept in ([`tile`]), signed notes ([`note`]), checkpoints ([`checkpoint`]) and the proof that somebody takes home
//! ([`proof`]), each in the form that C2SP specifies.
//!
//! Everything that is read may come from an adversary: no input makes it panic, and of each thing there is one form only.

pub mod checkpoint;
pub mod note;
pub mod proof;
pub mod text;
pub mod tile;
pub mod tree;

use sha2::{Digest, Sha256};

/// SHA-256, the only hash there is here.
pub type Hash = [u8; 32];

/// Of the tree of no leaves: SHA-256 of nothing (RFC 6962, 2.1).
pub const EMPTY: Hash = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41,
    0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// Of an entry: SHA-256 over 0x00 and its bytes (RFC 6962, 2.1). The first byte keeps leaves and nodes apart.
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(bytes).finalize().into()
}

/// Of two subtrees: SHA-256 over 0x01 and their hashes (RFC 6962, 2.1).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    Sha256::digest(bytes).into()
}

/// Not in the one form that its specification allows, and what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed: {0}")]
pub struct Malformed(pub &'static str);
