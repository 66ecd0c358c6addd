//! Merkle trees, RFC 6962 §2.1: roots, and proofs that an entry is in a tree and that a tree is the beginning of another.
//!
//! The tree of n > 1 leaves has the tree of its first k leaves on the left and that of the others on the right, where k is the
//! largest power of two less than n. So every tree is made of complete subtrees, and a complete subtree never changes again.

use crate::{EMPTY, Hash, node_hash};

/// Root and right edge of a growing tree: what has to be remembered to go on. Grows without allocating.
#[derive(Clone, Debug)]
pub struct Edge {
    size: u64,
    /// The complete subtrees that the tree is made of: one of 2^level leaves for each bit `level` of the size.
    subtrees: [Hash; 64],
}

impl Default for Edge {
    fn default() -> Self {
        Self { size: 0, subtrees: [EMPTY; 64] }
    }
}

impl Edge {
    /// Of the tree of no leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of a tree that was kept, to go on from there. The tiles that it needs: [`crate::tile::for_edge`].
    pub fn of(size: u64, nodes: &(impl Nodes + ?Sized)) -> Option<Self> {
        let mut edge = Self { size, ..Self::default() };
        for level in (0..64).filter(|level| size >> level & 1 == 1) {
            edge.subtrees[level as usize] = nodes.node(level, (size >> level) - 1)?;
        }
        Some(edge)
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let level = self.size.trailing_ones() as usize;
        let joined = self.subtrees[..level].iter().fold(leaf, |right, left| node_hash(left, &right));
        self.subtrees[level] = joined;
        self.size += 1;
    }

    pub fn root(&self) -> Hash {
        let mut subtrees = (0..64).filter(|level| self.size >> level & 1 == 1).map(|level| self.subtrees[level]);
        let Some(smallest) = subtrees.next() else { return EMPTY };
        subtrees.fold(smallest, |right, left| node_hash(&left, &right))
    }
}

/// Of the tree of these leaves.
pub fn root(leaves: &[Hash]) -> Hash {
    let mut edge = Edge::new();
    leaves.iter().for_each(|leaf| edge.push(*leaf));
    edge.root()
}

/// What proofs are made of: hash of the complete subtree of 2^level leaves, the index-th of them.
pub trait Nodes {
    fn node(&self, level: u8, index: u64) -> Option<Hash>;
}

/// The leaves themselves, for trees that are small enough to hash anew.
impl Nodes for [Hash] {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        let width = 1_u64.checked_shl(level.into())?;
        let first = usize::try_from(index.checked_mul(width)?).ok()?;
        let last = first.checked_add(usize::try_from(width).ok()?)?;
        Some(root(self.get(first..last)?))
    }
}

/// That the leaf `index` is in the tree of `size` leaves: from the leaf's sibling up to the root's child (RFC 6962, 2.1.1).
pub fn inclusion(nodes: &(impl Nodes + ?Sized), index: u64, size: u64) -> Option<Vec<Hash>> {
    if index >= size {
        return None;
    }
    let (mut first, mut last, mut path) = (0, size, Vec::new());
    while last - first > 1 {
        let middle = first + left_of(last - first);
        if index < middle {
            path.push(subtree(nodes, middle, last)?);
            last = middle;
        } else {
            path.push(subtree(nodes, first, middle)?);
            first = middle;
        }
    }
    path.reverse();
    Some(path)
}

/// That the tree of `from` leaves is the beginning of the tree of `to` leaves (RFC 6962, 2.1.2). Empty from nothing and
/// from itself.
pub fn consistency(nodes: &(impl Nodes + ?Sized), from: u64, to: u64) -> Option<Vec<Hash>> {
    if from > to {
        return None;
    }
    if from == 0 {
        return Some(Vec::new());
    }
    let (mut first, mut last, mut path) = (0, to, Vec::new());
    while from < last {
        let middle = first + left_of(last - first);
        if from <= middle {
            path.push(subtree(nodes, middle, last)?);
            last = middle;
        } else {
            path.push(subtree(nodes, first, middle)?);
            first = middle;
        }
    }
    // Whoever checks has the root of the old tree already; only a part of it must be told.
    if first > 0 {
        path.push(subtree(nodes, first, last)?);
    }
    path.reverse();
    Some(path)
}

/// RFC 9162, 2.1.3.2.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let mut place = Place { node: index, last: size - 1 };
    let mut hash = *leaf;
    for sibling in proof {
        if place.is_root() {
            return false;
        }
        hash = if place.climb() { node_hash(sibling, &hash) } else { node_hash(&hash, sibling) };
    }
    place.is_root() && hash == *root
}

/// RFC 9162, 2.1.4.2. The tree of nothing is the beginning of every tree, and has one root only.
pub fn verify_consistency(from: u64, from_root: &Hash, to: u64, to_root: &Hash, proof: &[Hash]) -> bool {
    if from == 0 || from >= to {
        let is_same = from == to && from_root == to_root;
        return proof.is_empty() && (from != 0 || *from_root == EMPTY) && (is_same || from == 0 && to > 0);
    }
    let mut place = Place { node: from - 1, last: to - 1 };
    place.skip_complete();
    let (start, rest) = match proof {
        _ if from.is_power_of_two() => (from_root, proof),
        [start, rest @ ..] => (start, rest),
        [] => return false,
    };
    let (mut old, mut new) = (*start, *start);
    for sibling in rest {
        if place.is_root() {
            return false;
        }
        if place.climb() {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
        } else {
            new = node_hash(&new, sibling);
        }
    }
    place.is_root() && old == *from_root && new == *to_root
}

/// A node on the way up, and the last node beside it.
struct Place {
    node: u64,
    last: u64,
}

impl Place {
    fn is_root(&self) -> bool {
        self.last == 0
    }

    /// Goes to the parent by way of the sibling; true where that sibling is on the left.
    fn climb(&mut self) -> bool {
        let from_left = self.node & 1 == 1 || self.node == self.last;
        if from_left {
            // The last node of a level may have no sibling for some levels: it is its own parent.
            while self.node & 1 == 0 && self.node != 0 {
                self.up();
            }
        }
        self.up();
        from_left
    }

    /// Goes up to the subtree that the old tree ends with.
    fn skip_complete(&mut self) {
        while self.node & 1 == 1 {
            self.up();
        }
    }

    fn up(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }
}

/// The largest power of two less than `size`, which is at least 2.
fn left_of(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// Of the tree of the leaves from `first` to before `last`, where `first` is where such a tree can begin.
fn subtree(nodes: &(impl Nodes + ?Sized), first: u64, last: u64) -> Option<Hash> {
    let (mut end, mut hash) = (last, None);
    while first < end {
        let level = (end - first).trailing_zeros();
        end -= 1 << level;
        let left = nodes.node(level as u8, end >> level)?;
        hash = Some(hash.map_or(left, |right| node_hash(&left, &right)));
    }
    hash
}
