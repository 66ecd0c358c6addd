//! The tree by two accounts, that of the rows and that of the tiles, until a head says which is right.

use std::collections::BTreeMap;

use tlog::{
    EMPTY, Hash,
    tile::{Id, Tiles, WIDTH},
    tree::Edge,
};

use super::{super::table::tile, Report};

/// What may be wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Its row is not there.
    Missing,
    /// Its row is not what its own leaf hash says, or cannot be read.
    Changed,
    /// Row and tile are each in order, and differ.
    Differs,
    /// No tile has it.
    NoTile,
}

pub(super) struct Tree {
    size: u64,
    /// By the tiles; where they have nothing, by the rows.
    tiles: Tiles,
    /// By the rows; where they have nothing, by the tiles. None while both are the same.
    rows: Option<Tiles>,
    /// Since the last head that was found right.
    doubts: Vec<(u64, Doubt)>,
    right: u64,
    /// Nothing leads to a head any more.
    lost: bool,
    /// The tiles above the leaves as they are stored.
    upper: BTreeMap<(i64, i64), Vec<u8>>,
}

impl Tree {
    pub(super) fn new(upper: Vec<tile::Model>) -> Tree {
        let upper = upper.into_iter().map(|row| ((row.level, row.idx), row.hashes)).collect();
        Tree { size: 0, tiles: Tiles::new(), rows: None, doubts: Vec::new(), right: 0, lost: false, upper }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The next entry as its row has it and as its tile has it.
    pub(super) fn push(&mut self, row: Option<Hash>, kept: Option<Hash>, doubt: Option<Doubt>) {
        let (by_tile, by_row) = (kept.or(row).unwrap_or(EMPTY), row.or(kept).unwrap_or(EMPTY));
        if by_tile != by_row && self.rows.is_none() {
            self.rows = Some(self.tiles.clone());
        }
        // Both have grown from nothing, so what they need to go on is there.
        let _ = self.tiles.push(self.size, by_tile);
        if let Some(rows) = &mut self.rows {
            let _ = rows.push(self.size, by_row);
        }
        self.size += 1;
        self.doubts.extend(doubt.map(|doubt| (self.size, doubt)));
    }

    /// Decides what is wrong since the last head, by the root of this one.
    pub(super) fn settle(&mut self, root: Option<&Hash>, report: &mut Report) {
        let size = self.size;
        let leads = |tiles: &Tiles| root.is_some() && Edge::of(size, tiles).map(|edge| edge.root()).as_ref() == root;
        let by_tiles = !self.lost && leads(&self.tiles);
        let by_rows = !self.lost && !by_tiles && self.rows.as_ref().is_some_and(leads);
        for (seq, doubt) in self.doubts.drain(..) {
            let seq = seq as i64;
            match doubt {
                Doubt::Missing => report.missing(seq, seq),
                Doubt::NoTile => report.tile(seq, seq),
                Doubt::Differs if by_rows => report.tile(seq, seq),
                Doubt::Changed | Doubt::Differs => report.changed(seq),
            }
        }
        if !by_tiles && !by_rows && !self.lost && root.is_some() {
            let (first, last) = (self.right as i64 + 1, size as i64);
            let zh = format!("第 {first} 至 {last} 条中有记录被改动，连同其散列；之后的日志头无法再核对");
            let en = "among these entries some were changed, with all their hashes; what follows cannot be told";
            report.range("TREE_CHANGED", (first, last), zh, en);
            self.lost = true;
        }
        if by_rows && let Some(rows) = self.rows.take() {
            self.tiles = rows;
        }
        if by_tiles {
            self.rows = None;
        }
        if by_tiles || by_rows {
            self.right = size;
            self.compare(report, |id| id.width(size) == WIDTH);
            self.tiles.forget(size);
        }
    }

    /// Behind the last entry.
    pub(super) fn end(&mut self, report: &mut Report) {
        self.settle(None, report);
        if !self.lost {
            self.compare(report, |_| true);
            for (level, index) in self.upper.keys() {
                let width = WIDTH.saturating_pow(u32::try_from(*level).unwrap_or_default().saturating_add(1)) as i64;
                let first = index.saturating_mul(width).saturating_add(1).max(0);
                report.tile(first, first.saturating_add(width - 1));
            }
        }
    }

    /// The tiles above the leaves that are complete.
    fn compare(&mut self, report: &mut Report, is_complete: impl Fn(Id) -> bool) {
        for (id, hashes) in self.tiles.iter().filter(|(id, _)| id.level > 0 && is_complete(*id)) {
            let stored = self.upper.remove(&(i64::from(id.level), id.index as i64)).unwrap_or_default();
            if stored == hashes {
                continue;
            }
            let equal = stored.chunks(32).zip(hashes.chunks(32)).take_while(|(one, other)| one == other).count() as u64;
            // The first hash that differs stands for so many entries.
            let many = WIDTH.saturating_pow(u32::from(id.level));
            let first = (id.index * WIDTH + equal) * many + 1;
            report.tile(first as i64, (first + many - 1) as i64);
        }
    }
}
