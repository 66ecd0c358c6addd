//! Proofs, read from as few tiles as they need. What is given out leads to the head that the log's key has signed: a proof
//! that the database was edited to spoil never leaves.

use sea_orm::{ConnectionTrait, DbErr};
use tlog::{
    Hash,
    note::Verifier,
    tile::{self, Id, Tiles, WIDTH},
    tree::{self, Edge},
};

use super::{
    head::{self, Head},
    table,
};
use crate::refusal::{Kind, Refusal};

/// The newest head, and the tiles that something about a tree is read from which it covers.
struct Covered<'a> {
    division: &'a str,
    head: Head,
    tiles: Tiles,
}

impl<'a> Covered<'a> {
    /// The tiles, and those by which the trees of these sizes are led to the head.
    async fn read(
        db: &impl ConnectionTrait,
        key: &Verifier,
        row: &'a table::head::Model,
        sizes: [u64; 2],
        mut ids: Vec<Id>,
    ) -> Result<Covered<'a>, Refusal> {
        let division = row.division.as_str();
        let head = head::open(row, key).filter(|head| head.is_told_by(row)).ok_or_else(|| corrupt(division))?;
        ids.extend(
            sizes
                .into_iter()
                .flat_map(|size| tile::for_edge(size).into_iter().chain(tile::for_consistency(size, head.size))),
        );
        ids.sort();
        ids.dedup();
        let tiles = table::tiles(db, division, &ids).await.map_err(unavailable)?;
        Ok(Covered { division, head, tiles })
    }

    /// The root of the tree of a size, which is proven to be the beginning of what was signed.
    fn root(&self, size: u64) -> Option<Hash> {
        let Head { size: newest, root: signed, .. } = &self.head;
        if size == *newest {
            return Some(*signed);
        }
        let root = Edge::of(size, &self.tiles)?.root();
        let path = tree::consistency(&self.tiles, size, *newest)?;
        tree::verify_consistency(size, &root, *newest, signed, &path).then_some(root)
    }

    fn inclusion(&self, index: u64, size: u64) -> Option<(Hash, Vec<Hash>)> {
        let leaf = self.tiles.get(Id { level: 0, index: index / WIDTH })?.get((index % WIDTH) as usize).copied()?;
        let path = tree::inclusion(&self.tiles, index, size)?;
        tree::verify_inclusion(&leaf, index, size, &path, &self.root(size)?).then_some((leaf, path))
    }

    fn consistency(&self, from: u64, to: u64) -> Option<Vec<Hash>> {
        let path = tree::consistency(&self.tiles, from, to)?;
        tree::verify_consistency(from, &self.root(from)?, to, &self.root(to)?, &path).then_some(path)
    }
}

/// The leaf hash of an entry, and the proof that it is in the tree of a size, which the newest head covers.
pub(super) async fn inclusion(
    db: &impl ConnectionTrait,
    key: &Verifier,
    newest: &table::head::Model,
    seq: u64,
    size: u64,
) -> Result<(Hash, Vec<Hash>), Refusal> {
    let index = seq - 1;
    let leaf = Id { level: 0, index: index / WIDTH };
    let ids = tile::for_inclusion(index, size).into_iter().chain([leaf]).collect();
    let covered = Covered::read(db, key, newest, [size; 2], ids).await?;
    covered.inclusion(index, size).ok_or_else(|| corrupt(covered.division))
}

/// The proof that the tree of one size is the beginning of that of another, which the newest head covers.
pub(super) async fn consistency(
    db: &impl ConnectionTrait,
    key: &Verifier,
    newest: &table::head::Model,
    from: u64,
    to: u64,
) -> Result<Vec<Hash>, Refusal> {
    let covered = Covered::read(db, key, newest, [from, to], tile::for_consistency(from, to)).await?;
    covered.consistency(from, to).ok_or_else(|| corrupt(covered.division))
}

fn corrupt(division: &str) -> Refusal {
    tracing::error!(division, "what is kept of the log leads to no signed head: no proof is given");
    let zh = format!("{division} 的日志数据推不出已签署的树头，不提供证明，请核查日志（CheckLog）");
    let en =
        format!("what is kept of the log of {division} leads to no signed head, so there is no proof: see CheckLog");
    Refusal::new(Kind::DataLoss, "LOG_CORRUPT", zh, en)
}

pub(super) fn unavailable(error: DbErr) -> Refusal {
    tracing::error!(%error, "the log could not be read");
    Refusal::unavailable()
}
