//! Signs what has come since the last head, once every new entry was found to be what it was when it was written.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QuerySelect};
use tlog::{
    EMPTY,
    note::Signer,
    tile::{self, Id, Tiles, WIDTH},
    tree::Edge,
};

use super::{
    head::{self, Head, Signers},
    table,
};
use crate::{
    clock::Clock,
    id::Division,
    store::{Store, journal},
};

/// Entries read at once.
const BATCH: u64 = 4_096;

/// Why there is no new head.
#[derive(Debug)]
pub(super) enum Stop {
    Store(DbErr),
    Corrupt(Corrupt),
}

impl From<DbErr> for Stop {
    fn from(error: DbErr) -> Stop {
        Stop::Store(error)
    }
}

/// Where a log is not what it was.
#[derive(Clone, Debug)]
pub(super) struct Corrupt {
    /// The entry; 0 where it is none.
    pub(super) seq: i64,
    pub(super) what: &'static str,
}

fn corrupt<T>(seq: u64, what: &'static str) -> Result<T, Stop> {
    Err(Stop::Corrupt(Corrupt { seq: seq as i64, what }))
}

/// Signs all that is in a division's journal, unless its newest head covers that already.
pub(super) async fn seal(
    store: &Store,
    clock: &Clock,
    signers: &Signers,
    division: Division,
) -> Result<table::head::Model, Stop> {
    loop {
        let mut tree = Tree::last_signed(store, signers, division).await?;
        // Most of it before the division is locked.
        while tree.grow(store.service, store.read()).await? == BATCH {
            tokio::task::yield_now().await;
        }
        let tx = store.begin().await?;
        match tree.sign(store.service, &tx, clock, signers).await {
            Ok(Some(head)) => {
                tx.commit().await?;
                return Ok(head);
            }
            // Another replica was faster.
            Ok(None) => tx.rollback().await?,
            Err(stop) => {
                tx.rollback().await?;
                return Err(stop);
            }
        }
    }
}

/// The tree of a division as it grows.
struct Tree {
    division: Division,
    base: Option<(Head, table::head::Model)>,
    tiles: Tiles,
    size: u64,
}

impl Tree {
    /// As the newest head covers it, which must be the key's own and lead to the tiles that are kept.
    async fn last_signed(store: &Store, signers: &Signers, division: Division) -> Result<Tree, Stop> {
        // Head and tiles of one moment.
        let tx = store.snapshot().await?;
        let found = Tree::load(&tx, signers, division).await;
        tx.rollback().await?;
        found
    }

    async fn load(db: &DatabaseTransaction, signers: &Signers, division: Division) -> Result<Tree, Stop> {
        let base = match table::newest(db, division.as_str()).await? {
            None => None,
            Some(row) => match head::open(&row, &signers.own.verifier()) {
                Some(head) if head.is_told_by(&row) => Some((head, row)),
                _ => return corrupt(0, "the newest head is not as it was signed"),
            },
        };
        let (size, root) = base.as_ref().map_or((0, EMPTY), |(head, _)| (head.size, head.root));
        // Also the tile that the next entry opens, which must not be there yet.
        let next = Id { level: 0, index: size / WIDTH };
        let ids: Vec<_> = tile::for_edge(size).into_iter().chain([next]).collect();
        let tiles = table::tiles(db, division.as_str(), &ids).await?;
        let fits = tiles.get(next).map_or(0, <[_]>::len) as u64 == next.width(size);
        if !fits || Edge::of(size, &tiles).map(|edge| edge.root()) != Some(root) {
            return corrupt(0, "the tiles are not those of the newest head");
        }
        Ok(Tree { division, base, tiles, size })
    }

    /// Takes the next entries in, and tells how many there were.
    async fn grow(&mut self, service: &str, db: &impl ConnectionTrait) -> Result<u64, Stop> {
        let rows = journal::stored(db, self.division.as_str(), self.size as i64, BATCH).await?;
        let many = rows.len() as u64;
        for row in rows {
            let next = self.size + 1;
            let Ok(row) = row else { return corrupt(next, "the entry cannot be read") };
            if row.seq != next as i64 {
                return corrupt(next, "the entry is missing");
            }
            let leaf = journal::leaf_hash(service, &row);
            if row.leaf_hash != leaf {
                return corrupt(next, "the entry is not what it was when it was written");
            }
            if self.tiles.push(self.size, leaf).is_none() {
                return corrupt(next, "the tiles before the entry are not those of the newest head");
            }
            self.size = next;
        }
        Ok(many)
    }

    /// Signs what is there while nobody writes to the division: what is covered was written before this moment, and what is
    /// not will be later. None where the newest head is not the one that the tree has grown from.
    async fn sign(
        mut self,
        service: &str,
        tx: &DatabaseTransaction,
        clock: &Clock,
        signers: &Signers,
    ) -> Result<Option<table::head::Model>, Stop> {
        let division = self.division.as_str();
        let head = journal::head::Entity::find_by_id(division).lock_exclusive().one(tx).await?;
        let seq = head.map_or(0, |head| head.seq as u64);
        let (at, after) = (clock.now(), self.base.as_ref().map_or(0, |(head, _)| head.size));
        if table::newest(tx, division).await?.as_ref() != self.base.as_ref().map(|(_, row)| row) {
            return Ok(None);
        }
        while self.size < seq && self.grow(service, tx).await? > 0 {}
        if self.size < seq {
            return corrupt(self.size + 1, "the entry is missing");
        }
        if self.size > seq {
            return corrupt(seq + 1, "the entry is beyond the journal's end, or that was moved back");
        }
        if self.size == after {
            return Ok(self.base.map(|(_, row)| row));
        }
        let Some(edge) = Edge::of(self.size, &self.tiles) else { return corrupt(0, "a tile is missing") };
        let row = head::sign(signers, self.division, self.size, edge.root(), at, after);
        table::put_tiles(tx, self.division.as_str(), &self.tiles).await?;
        table::put_head(tx, row.clone()).await?;
        Ok(Some(row))
    }
}
