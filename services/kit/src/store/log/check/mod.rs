//! The check of a log: everything recomputed from the stored rows and compared with everything else that was kept.
//!
//! Of each entry there are three accounts: its row, the leaf hash in the row, and the hash in a tile; and the signed heads say
//! which of them is right. So the entry can be named even where all that is not signed was changed with it, but for what was
//! changed down to the tiles: there the two heads are named that it lies between.

mod heads;
mod rows;
mod tree;

use std::collections::HashSet;

use heads::Heads;
use rows::Rows;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use tlog::{
    note::Verifier,
    tile::{Id, Tiles, WIDTH},
};
use tree::{Doubt, Tree};

use super::table::{self, tile};
use crate::{
    id::Division,
    store::journal::{self, entry},
};

/// Findings told.
const MOST: usize = 100;
/// Findings kept while it is looked for more.
const KEPT: usize = 10_000;
/// Tiles loaded at once.
const TILES: u64 = 16;
/// How far an entry's time may lie outside those of the heads around it.
const TOLERANCE: i64 = 5 * 60 * 1_000_000;

/// What was looked at, and what is wrong.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub entries: u64,
    pub heads: u64,
    /// By entry; the first hundred.
    pub findings: Vec<Finding>,
}

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// As in the contract.
    pub kind: &'static str,
    /// The entry, or the first of a range; 0 where it is a head.
    pub first: i64,
    pub last: i64,
    pub zh: String,
    pub en: String,
}

impl Report {
    /// There is no such log.
    pub fn is_empty(&self) -> bool {
        self.entries == 0 && self.heads == 0 && self.findings.is_empty()
    }

    fn range(&mut self, kind: &'static str, (first, last): (i64, i64), zh: impl Into<String>, en: impl Into<String>) {
        let (zh, en) = (zh.into(), en.into());
        let goes_on = |it: &&mut Finding| it.kind == kind && it.en == en && it.last.checked_add(1) == Some(first);
        match self.findings.last_mut().filter(goes_on) {
            Some(before) => before.last = last,
            None => self.push(Finding { kind, first, last, zh, en }),
        }
    }

    fn head(&mut self, kind: &'static str, zh: impl Into<String>, en: impl Into<String>) {
        self.push(Finding { kind, first: 0, last: 0, zh: zh.into(), en: en.into() });
    }

    fn push(&mut self, finding: Finding) {
        if self.findings.len() < KEPT {
            self.findings.push(finding);
        }
    }

    fn changed(&mut self, seq: i64) {
        // One finding each: they are what somebody will look up.
        let (zh, en) = ("记录与写入时不符", "the entry is not what it was when it was written");
        self.push(Finding { kind: "ENTRY_CHANGED", first: seq, last: seq, zh: zh.into(), en: en.into() });
    }

    fn added(&mut self, seq: i64) {
        self.range("ENTRY_ADDED", (seq, seq), "多出的记录", "the entry was not written by the service");
    }

    fn missing(&mut self, first: i64, last: i64) {
        self.range("ENTRY_MISSING", (first, last), "记录缺失", "the entry is missing");
    }

    fn tile(&mut self, first: i64, last: i64) {
        let en = "what is kept of the tree is not what it was";
        self.range("TILE_CHANGED", (first, last), "默克尔树数据与写入时不符", en);
    }

    /// One account of each entry: that its time is wrong says nothing more of what was changed or added.
    fn finish(mut self) -> Report {
        let is_named = |it: &&Finding| it.kind != "ENTRY_BACKDATED" && it.first == it.last;
        let named: HashSet<_> = self.findings.iter().filter(is_named).map(|it| it.first).collect();
        self.findings.retain(|it| it.kind != "ENTRY_BACKDATED" || !named.contains(&it.first));
        self.findings.sort_by_key(|it| (it.first, it.last));
        self.findings.truncate(MOST);
        self
    }
}

/// Recomputes the log of a division over any connection; `key` is what its heads were signed with.
pub async fn check(
    db: &impl ConnectionTrait,
    service: &str,
    division: Division,
    key: &Verifier,
) -> Result<Report, DbErr> {
    let mut report = Report::default();
    let heads = Heads::read(db, division.as_str(), key, &mut report).await?;
    let mut check = Check {
        db,
        service,
        division: division.as_str(),
        rows: Rows::new(db, division.as_str()),
        leaves: Leaves::default(),
        tree: Tree::new(upper(db, division.as_str(), &mut report).await?),
        heads,
        report,
    };
    check.covered().await?;
    check.rest().await?;
    Ok(check.report.finish())
}

/// All tiles above the leaves.
async fn upper(db: &impl ConnectionTrait, division: &str, report: &mut Report) -> Result<Vec<tile::Model>, DbErr> {
    let of = tile::Entity::find().filter(tile::Column::Division.eq(division));
    let rows = table::stored(db, of.filter(tile::Column::Level.ne(0))).await?;
    if rows.iter().any(Option::is_none) {
        report.tile(0, 0);
    }
    Ok(rows.into_iter().flatten().collect())
}

struct Check<'a, C> {
    db: &'a C,
    service: &'a str,
    division: &'a str,
    rows: Rows<'a, C>,
    leaves: Leaves,
    tree: Tree,
    heads: Heads,
    report: Report,
}

impl<C: ConnectionTrait> Check<'_, C> {
    /// Every entry that a head covers, or a tile.
    async fn covered(&mut self) -> Result<(), DbErr> {
        for seq in 1.. {
            let kept = self.leaves.of(self.db, self.division, seq).await?;
            if seq > self.heads.covered() && kept.is_none() {
                break;
            }
            let row = self.rows.take(seq as i64, &mut self.report).await?;
            let (leaf, own) = match &row {
                Some(Ok(row)) => (Some(journal::leaf_hash(self.service, row)), row.leaf_hash.as_slice()),
                _ => (None, [].as_slice()),
            };
            let doubt = match (row.is_some(), leaf, kept) {
                (false, ..) => Some(Doubt::Missing),
                (_, Some(leaf), _) if leaf != *own => Some(Doubt::Changed),
                (_, None, _) => Some(Doubt::Changed),
                (_, Some(_), None) => Some(Doubt::NoTile),
                (_, Some(leaf), Some(kept)) => (leaf != kept).then_some(Doubt::Differs),
            };
            self.tree.push(leaf, kept, doubt);
            if let Some(Ok(row)) = &row {
                self.date(row);
            }
            if let Some(head) = self.heads.of_size(seq) {
                self.tree.settle(Some(&head.root), &mut self.report);
            }
        }
        self.tree.end(&mut self.report);
        let covered = self.tree.size();
        if covered > self.heads.told() {
            let zh = format!("默克尔树已到第 {covered} 条，缺少相应的日志头");
            self.report.head("HEAD_MISSING", zh, format!("the tree covers {covered} entries, and no head does"));
        }
        // Leaves that lie behind the end.
        let of =
            tile::Entity::find().filter(tile::Column::Division.eq(self.division)).filter(tile::Column::Level.eq(0));
        let end = covered.div_ceil(WIDTH) as i64;
        let beyond = Condition::any().add(tile::Column::Idx.lt(0)).add(tile::Column::Idx.gte(end));
        for row in table::stored(self.db, of.filter(beyond).limit(MOST as u64)).await? {
            let first = row.map_or(0, |row| row.idx.saturating_mul(WIDTH as i64).saturating_add(1).max(0));
            self.report.tile(first, first.saturating_add(WIDTH as i64 - 1));
        }
        Ok(())
    }

    /// What no head covers yet, up to where the journal says that it ends.
    async fn rest(&mut self) -> Result<(), DbErr> {
        let covered = self.tree.size() as i64;
        let end = journal::head::Entity::find().filter(journal::head::Column::Division.eq(self.division));
        let end = table::stored(self.db, end).await?.pop().map(|row| row.map_or(-1, |row| row.seq));
        let mut next = covered + 1;
        while let Some(row) = self.rows.next().await? {
            let seq = row.as_ref().map_or_else(|seq| *seq, |row| Some(row.seq)).unwrap_or_default();
            if seq < next || end.is_some_and(|end| seq > end) {
                self.report.added(seq);
                continue;
            }
            if seq > next {
                self.report.missing(next, seq - 1);
            }
            next = seq + 1;
            match row {
                Ok(row) if row.leaf_hash == journal::leaf_hash(self.service, &row) => self.date(&row),
                _ => self.report.changed(seq),
            }
        }
        self.report.entries = self.rows.count();
        match end {
            None if next > 1 => {
                self.report.head(
                    "HEAD_MISSING",
                    "缺少日志末尾位置",
                    "the row that says where the journal ends is missing",
                );
            }
            Some(end) if end < covered => {
                let en = format!("the journal is said to end at {end}, but signed heads cover {covered} entries");
                self.report.head("HEAD_CHANGED", format!("日志末尾位置 {end} 小于已签署的 {covered}"), en);
            }
            Some(end) if end >= next => self.report.missing(next, end),
            _ => {}
        }
        Ok(())
    }

    /// An entry was written between the two heads that it lies between.
    fn date(&mut self, row: &entry::Model) {
        let (after, before) = self.heads.around(row.seq as u64);
        let is_early = after.is_some_and(|at| row.occurred_at < at.saturating_sub(TOLERANCE));
        let is_late = before.is_some_and(|at| row.occurred_at > at.saturating_add(TOLERANCE));
        if is_early || is_late {
            let en = "the entry's time lies outside those of the heads around it";
            let (kind, zh) = ("ENTRY_BACKDATED", "记录时间不在前后日志头之间");
            let (first, last) = (row.seq, row.seq);
            self.report.push(Finding { kind, first, last, zh: zh.into(), en: en.into() });
        }
    }
}

/// The leaf hashes as the tiles have them, some tiles at a time.
#[derive(Default)]
struct Leaves {
    tiles: Tiles,
    /// The first tile that is not loaded yet.
    next: u64,
}

impl Leaves {
    async fn of(&mut self, db: &impl ConnectionTrait, division: &str, seq: u64) -> Result<Option<tlog::Hash>, DbErr> {
        let index = (seq - 1) / WIDTH;
        if index >= self.next {
            self.next = index + TILES;
            let ids: Vec<_> = (index..self.next).map(|index| Id { level: 0, index }).collect();
            self.tiles = table::tiles(db, division, &ids).await?;
        }
        let tile = self.tiles.get(Id { level: 0, index });
        Ok(tile.and_then(|hashes| hashes.get(((seq - 1) % WIDTH) as usize).copied()))
    }
}
