//! `cargo run -p tlog --example speed`: how long a log of a million entries takes.

#![allow(clippy::disallowed_macros, reason = "an example prints")]

use std::{hint::black_box, time::Instant};

use tlog::{leaf_hash, tile::Tiles, tree, tree::Edge};

const ENTRIES: u64 = 1_000_000;
const BYTES: usize = 400;

fn main() {
    let mut entry = [7; BYTES];
    let mut edge = Edge::new();
    let start = Instant::now();
    let leaves: Vec<_> = (0..ENTRIES)
        .map(|n| {
            entry[..8].copy_from_slice(&n.to_be_bytes());
            leaf_hash(&entry)
        })
        .collect();
    println!("{ENTRIES} leaf hashes of {BYTES} bytes: {:?}", start.elapsed());
    let start = Instant::now();
    leaves.iter().for_each(|leaf| edge.push(*leaf));
    println!("as many pushes: {:?}, root {:02x?}", start.elapsed(), &edge.root()[..4]);
    let (start, mut tiles) = (Instant::now(), Tiles::new());
    (0..).zip(&leaves).for_each(|(index, leaf)| tiles.push(index, *leaf).unwrap_or_default());
    println!("into tiles: {:?}", start.elapsed());
    let start = Instant::now();
    for index in (0..ENTRIES).step_by(1_000) {
        black_box(tree::inclusion(&tiles, index, ENTRIES));
    }
    println!("an inclusion proof from tiles: {:?}", start.elapsed() / 1_000);
}
