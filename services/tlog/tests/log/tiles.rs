//! Proofs from tiles are the proofs from leaves, with those tiles alone that were said to be needed.

use tlog::{
    tile::{self, Id, Tiles},
    tree::{self, Edge},
};

use crate::leaves;

/// Around the ends of tiles of level 0 and 1.
const SIZES: [u64; 12] = [1, 2, 7, 255, 256, 257, 511, 512, 4_095, 65_535, 65_536, 66_000];

#[test]
fn tiles_have_the_shape_of_their_specification() {
    let tiles = stored(70_000);
    let widths = |level| tiles.iter().filter(move |(id, _)| id.level == level).map(|(_, bytes)| bytes.len() / 32);
    assert_eq!((widths(0).filter(|width| *width == 256).count(), widths(0).last()), (273, Some(112)));
    assert_eq!(widths(1).collect::<Vec<_>>(), [256, 17]);
    assert_eq!(widths(2).collect::<Vec<_>>(), [1]);
    assert_eq!(tiles.iter().count(), 273 + 1 + 2 + 1);
}

#[test]
fn a_tree_that_grows_keeps_every_tile_and_each_as_wide_as_its_size_says() {
    let mut tiles = Tiles::new();
    for (index, leaf) in (0..).zip(leaves(1_100)) {
        tiles.push(index, leaf).expect("the tiles of its edge");
        let kept: Vec<_> = tiles.iter().map(|(id, bytes)| (id, bytes.len() as u64 / 32)).collect();
        let expected: Vec<_> = tile::all(index + 1).map(|id| (id, id.width(index + 1))).collect();
        assert_eq!(kept, expected);
    }
}

#[test]
fn a_log_goes_on_from_the_tiles_of_its_edge_alone() {
    let leaves = leaves(66_000);
    let all = stored(66_000);
    for size in SIZES {
        let mut edge_tiles = only(&stored(size), &tile::for_edge(size));
        let mut edge = Edge::of(size, &edge_tiles).expect("the edge");
        assert_eq!(edge.root(), tree::root(&leaves[..size as usize]), "{size}");
        for index in size..66_000.min(size + 600) {
            edge.push(leaves[index as usize]);
            edge_tiles.push(index, leaves[index as usize]).expect("the tiles of its edge");
        }
        assert_eq!(edge.root(), tree::root(&leaves[..edge.size() as usize]), "{size}");
        assert_eq!(Edge::of(edge.size(), &edge_tiles).expect("the edge").root(), edge.root(), "{size}");
        edge_tiles.forget(edge.size());
        assert_eq!(edge_tiles.iter().map(|(id, _)| id).collect::<Vec<_>>(), tile::for_edge(edge.size()));
        if edge.size() == 66_000 {
            assert_eq!(edge_tiles, only(&all, &tile::for_edge(66_000)));
        }
    }
}

#[test]
fn proofs_from_tiles_are_the_proofs_from_leaves() {
    let leaves = leaves(66_000);
    for size in SIZES {
        let tiles = stored(size);
        let root = tree::root(&leaves[..size as usize]);
        for index in SIZES.into_iter().flat_map(|at| [at - 1, at]).filter(|index| *index < size) {
            let proof =
                tree::inclusion(&only(&tiles, &tile::for_inclusion(index, size)), index, size).expect("a proof");
            assert_eq!(Some(&proof), tree::inclusion(&leaves[..], index, size).as_ref(), "{index} of {size}");
            assert!(tree::verify_inclusion(&leaves[index as usize], index, size, &proof, &root));
        }
        for from in SIZES.into_iter().filter(|from| *from <= size) {
            let proof =
                tree::consistency(&only(&tiles, &tile::for_consistency(from, size)), from, size).expect("a proof");
            assert_eq!(Some(&proof), tree::consistency(&leaves[..], from, size).as_ref(), "{from} to {size}");
            let old = tree::root(&leaves[..from as usize]);
            assert!(tree::verify_consistency(from, &old, size, &root, &proof));
        }
    }
}

#[test]
fn proofs_of_a_smaller_tree_are_read_from_the_tiles_of_a_larger_one() {
    let (leaves, tiles) = (leaves(700), stored(700));
    for size in [1, 255, 256, 257, 300, 513, 699] {
        let index = size / 2;
        assert_eq!(tree::inclusion(&tiles, index, size), tree::inclusion(&leaves[..], index, size));
        assert_eq!(Edge::of(size, &tiles).map(|edge| edge.root()), Some(tree::root(&leaves[..size as usize])));
    }
}

#[test]
fn without_a_tile_or_with_too_narrow_a_one_there_is_no_proof() {
    let tiles = stored(700);
    let needed = tile::for_inclusion(600, 700);
    for missing in &needed {
        let others: Vec<_> = needed.iter().copied().filter(|id| id != missing).collect();
        assert_eq!(tree::inclusion(&only(&tiles, &others), 600, 700), None);
    }
    assert_eq!(tree::inclusion(&stored(699), 600, 700), None);
}

#[test]
fn a_leaf_is_not_appended_to_tiles_of_another_size() {
    let mut tiles = stored(300);
    let before = tiles.clone();
    for index in [0, 1, 255, 256, 299, 301, 511, 512, 65_536, u64::MAX] {
        assert_eq!(tiles.push(index, tlog::EMPTY), None, "{index}");
    }
    assert_eq!(tiles, before);
    // The first tile is full, and level 1 is missing: its root would have nowhere to go.
    let mut tiles = only(&stored(511), &[Id { level: 0, index: 1 }]);
    assert_eq!(tiles.push(511, tlog::EMPTY), None);
}

#[test]
fn a_tile_is_refused_that_is_none() {
    let mut tiles = Tiles::new();
    for bytes in [0, 1, 31, 33, 257 * 32] {
        assert!(tiles.insert(Id { level: 0, index: 0 }, &vec![0; bytes]).is_err(), "{bytes}");
    }
    assert!(tiles.insert(Id { level: 0, index: 0 }, &[0; 256 * 32]).is_ok());
}

/// Every tile of a tree, by way of the bytes that are stored.
fn stored(size: u64) -> Tiles {
    let mut tiles = Tiles::new();
    (0..).zip(leaves(size)).for_each(|(index, leaf)| tiles.push(index, leaf).expect("the tiles of its edge"));
    only(&tiles, &tile::all(size).collect::<Vec<_>>())
}

fn only(tiles: &Tiles, ids: &[Id]) -> Tiles {
    let mut chosen = Tiles::new();
    for (id, bytes) in tiles.iter().filter(|(id, _)| ids.contains(id)) {
        chosen.insert(id, bytes).expect("a tile");
    }
    chosen
}
