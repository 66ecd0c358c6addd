//! Tiles: how a tree is kept (c2sp.org/tlog-tiles).
//!
//! A tile holds up to 256 neighbouring hashes of the tree's level 8·level: at level 0 leaf hashes, above it the root of one full
//! tile each. Only the last tile of a level is ever partial, and only it changes. The levels between are hashed anew when
//! they are read, which costs at most 255 hashes.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    Hash, Malformed,
    tree::{self, Edge, Nodes},
};

/// Hashes in a full tile.
pub const WIDTH: u64 = 1 << HEIGHT;
/// Levels of the tree that a tile spans.
const HEIGHT: u8 = 8;
/// Of tiles, one above the other, in the largest tree that can be counted.
const LEVELS: u8 = 8;

/// Which tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    pub level: u8,
    pub index: u64,
}

impl Id {
    /// How many hashes it holds in the tree of `size` leaves: 0 to 256.
    pub fn width(self, size: u64) -> u64 {
        let hashes = size.checked_shr(u32::from(self.level) * u32::from(HEIGHT)).unwrap_or(0);
        hashes.saturating_sub(self.index.saturating_mul(WIDTH)).min(WIDTH)
    }
}

/// The tiles that an inclusion proof is read from; none where the leaf is not in the tree.
pub fn for_inclusion(index: u64, size: u64) -> Vec<Id> {
    needed(|nodes| tree::inclusion(nodes, index, size).is_some())
}

/// The tiles that a consistency proof is read from.
pub fn for_consistency(from: u64, to: u64) -> Vec<Id> {
    needed(|nodes| tree::consistency(nodes, from, to).is_some())
}

/// The partial tiles of a tree, one a level at most: its root can be read from them, and it grows by them.
pub fn for_edge(size: u64) -> Vec<Id> {
    needed(|nodes| Edge::of(size, nodes).is_some())
}

/// Every tile of a tree, by level and index.
pub fn all(size: u64) -> impl Iterator<Item = Id> {
    (0..LEVELS)
        .map(move |level| (level, size >> (level * HEIGHT)))
        .take_while(|(_, hashes)| *hashes > 0)
        .flat_map(|(level, hashes)| (0..hashes.div_ceil(WIDTH)).map(move |index| Id { level, index }))
}

/// Asks for the real thing, and remembers what it asked for.
fn needed(ask: impl FnOnce(&Asked) -> bool) -> Vec<Id> {
    let asked = Asked::default();
    ask(&asked);
    asked.0.into_inner().into_iter().collect()
}

#[derive(Default)]
struct Asked(RefCell<BTreeSet<Id>>);

impl Nodes for Asked {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        self.0.borrow_mut().insert(place(level, index)?.0);
        Some(crate::EMPTY)
    }
}

/// The tile that a node stands in or is hashed from, and from the how-manieth of its hashes to before which.
fn place(level: u8, index: u64) -> Option<(Id, usize, usize)> {
    let inside = level % HEIGHT;
    let first = index.checked_mul(1 << inside)?;
    let start = (first % WIDTH) as usize;
    Some((Id { level: level / HEIGHT, index: first / WIDTH }, start, start + (1 << inside)))
}

/// Some tiles of a tree, loaded to read proofs from or to append to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tiles(BTreeMap<Id, Vec<Hash>>);

impl Tiles {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tile as it is stored: its hashes, one after the other. It may hold more than a smaller tree needs, not less.
    pub fn insert(&mut self, id: Id, bytes: &[u8]) -> Result<(), Malformed> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        if !rest.is_empty() || hashes.is_empty() || hashes.len() as u64 > WIDTH {
            return Err(Malformed("a tile holds 1 to 256 hashes"));
        }
        self.0.insert(id, hashes.to_vec());
        Ok(())
    }

    /// Every tile with the bytes to store.
    pub fn iter(&self) -> impl Iterator<Item = (Id, &[u8])> {
        self.0.iter().map(|(id, hashes)| (*id, hashes.as_flattened()))
    }

    pub fn get(&self, id: Id) -> Option<&[Hash]> {
        self.0.get(&id).map(Vec::as_slice)
    }

    /// Appends the leaf `index` to a tree of as many leaves, of which the tiles of [`for_edge`] must be here; none where they
    /// are not, and then nothing is changed. Full tiles stay here to be stored: [`Tiles::forget`] lets them go.
    pub fn push(&mut self, index: u64, leaf: Hash) -> Option<()> {
        // From the lowest level up to the first whose tile the leaf does not fill. Where a new tile begins, every level is
        // looked at, for the new one cannot tell that it belongs to this tree.
        let filled = (index.trailing_ones() / u32::from(HEIGHT)) as u8;
        let highest = if index.is_multiple_of(WIDTH) { LEVELS - 1 } else { filled };
        let is_here = |id: Id| self.0.get(&id).map_or(0, |hashes| hashes.len() as u64) == id.width(index);
        if !(0..=highest).map(|level| next(level, index)).all(is_here) {
            return None;
        }
        let mut hash = leaf;
        for level in 0..=filled {
            let tile = self.0.entry(next(level, index)).or_default();
            tile.push(hash);
            hash = if level < filled { tree::root(tile) } else { hash };
        }
        Some(())
    }

    /// Keeps only what the tree of `size` leaves needs to go on growing.
    pub fn forget(&mut self, size: u64) {
        self.0.retain(|id, _| (1..WIDTH).contains(&id.width(size)));
    }
}

/// The tile of a level into which the next hash goes when the tree has `size` leaves.
fn next(level: u8, size: u64) -> Id {
    let shift = u32::from(level + 1) * u32::from(HEIGHT);
    Id { level, index: size.checked_shr(shift).unwrap_or(0) }
}

impl Nodes for Tiles {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        let (id, start, end) = place(level, index)?;
        Some(tree::root(self.0.get(&id)?.get(start..end)?))
    }
}
