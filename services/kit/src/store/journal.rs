//! The journal's two tables: entries, and a head for each division. Also where a follower keeps its positions.

use bytes::Bytes;
use prost::Message;
use proto::journal::v1 as pb;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::OnConflict,
};
use sha2::{Digest, Sha256};

use crate::{clock::Moment, id::Division};

/// One line of the journal as a row.
pub mod entry {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "journal")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub division: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub seq: i64,
        /// Microseconds, UTC.
        pub occurred_at: i64,
        pub actor: String,
        /// Collection and id.
        pub noun: String,
        pub event: String,
        pub payload: Vec<u8>,
        /// Unique in the division where there is one.
        pub request_id: Option<Vec<u8>>,
        pub request_hash: Option<Vec<u8>>,
        pub leaf_hash: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// The last sequence number of each division; its row's lock gives the numbers out.
pub mod head {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "journal_heads")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub division: String,
        pub seq: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// How far this service has followed another's journal.
pub mod position {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "positions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub source: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub division: String,
        pub seq: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// The leaf hash of an entry: SHA-256 over 0x00 and the leaf's bytes (RFC 6962, 2.1).
pub fn leaf_hash(service: &str, entry: &entry::Model) -> [u8; 32] {
    let leaf = pb::Leaf {
        service: service.to_owned(),
        division: entry.division.clone(),
        seq: entry.seq,
        occurred_at_micros: entry.occurred_at,
        actor: entry.actor.clone(),
        noun: entry.noun.clone(),
        event: entry.event.clone(),
        payload: entry.payload.clone(),
        request_hash: entry.request_hash.clone().unwrap_or_default(),
    };
    let mut bytes = Vec::with_capacity(1 + leaf.encoded_len());
    bytes.push(0);
    // A Vec grows, so encoding cannot run out of room.
    let _ = leaf.encode(&mut bytes);
    Sha256::digest(&bytes).into()
}

impl From<entry::Model> for pb::Entry {
    fn from(row: entry::Model) -> pb::Entry {
        pb::Entry {
            occurred_at: Some(Moment(row.occurred_at).timestamp()),
            noun: format!("divisions/{}/{}", row.division, row.noun),
            division: row.division,
            seq: row.seq,
            actor: row.actor,
            event: row.event,
            payload: Bytes::from(row.payload),
            leaf_hash: row.leaf_hash,
        }
    }
}

/// The heads of these divisions, locked until the transaction ends; a division's first change makes its head.
pub(crate) async fn lock_heads(
    tx: &DatabaseTransaction,
    divisions: &[Division],
) -> Result<Vec<(Division, i64)>, DbErr> {
    let names = || divisions.iter().map(|division| division.as_str().to_owned());
    // In one order for all writers, so that two of them never wait for each other. SQLite has no row locks and drops the clause.
    let select = || {
        head::Entity::find()
            .filter(head::Column::Division.is_in(names()))
            .order_by_asc(head::Column::Division)
            .lock_exclusive()
    };
    let mut rows = select().all(tx).await?;
    if rows.len() < divisions.len() {
        let missing = names().filter(|name| !rows.iter().any(|row| row.division == *name));
        let new = missing.map(|division| head::ActiveModel { division: Set(division), seq: Set(0) });
        let already = OnConflict::column(head::Column::Division).do_nothing().to_owned();
        head::Entity::insert_many(new).on_conflict(already).exec_without_returning(tx).await?;
        rows = select().all(tx).await?;
    }
    let head = |row: head::Model| Some((row.division.parse().ok()?, row.seq));
    Ok(rows.into_iter().filter_map(head).collect())
}

/// Moves the heads. Those that were made for a division's first change, which was refused, go again.
pub(crate) async fn move_heads(tx: &DatabaseTransaction, heads: &[(Division, i64)]) -> Result<(), DbErr> {
    let (moved, empty): (Vec<_>, Vec<_>) = heads.iter().partition(|(_, seq)| *seq > 0);
    if !empty.is_empty() {
        let empty = empty.into_iter().map(|(division, _)| String::from(division));
        head::Entity::delete_many().filter(head::Column::Division.is_in(empty)).exec(tx).await?;
    }
    if moved.is_empty() {
        return Ok(());
    }
    let rows = moved
        .into_iter()
        .map(|(division, seq)| head::ActiveModel { division: Set(division.as_str().to_owned()), seq: Set(seq) });
    let moved = OnConflict::column(head::Column::Division).update_column(head::Column::Seq).to_owned();
    head::Entity::insert_many(rows).on_conflict(moved).exec_without_returning(tx).await?;
    Ok(())
}

/// All heads, by division.
pub async fn heads(db: &impl ConnectionTrait) -> Result<Vec<head::Model>, DbErr> {
    head::Entity::find().order_by_asc(head::Column::Division).all(db).await
}

/// Entries of a division after a position, in order, at most so many.
pub async fn entries(
    db: &impl ConnectionTrait,
    division: &str,
    after: i64,
    most: u64,
) -> Result<Vec<entry::Model>, DbErr> {
    entry::Entity::find()
        .filter(entry::Column::Division.eq(division))
        .filter(entry::Column::Seq.gt(after))
        .order_by_asc(entry::Column::Seq)
        .limit(most)
        .all(db)
        .await
}
