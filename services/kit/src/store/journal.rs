//! The journal's two tables: entries, and a head for each division. Also where a follower keeps its positions.

use bytes::Bytes;
use prost::encoding::{WireType, encode_key, encode_varint};
use proto::journal::v1 as pb;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, sea_query::OnConflict,
};
use sha2::{Digest, Sha256};
use tlog::Hash;

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

/// What an entry's leaf hash covers.
pub fn leaf(service: &str, entry: &entry::Model) -> pb::Leaf {
    pb::Leaf {
        service: service.to_owned(),
        division: entry.division.clone(),
        seq: entry.seq,
        occurred_at_micros: entry.occurred_at,
        actor: entry.actor.clone(),
        noun: entry.noun.clone(),
        event: entry.event.clone(),
        payload: entry.payload.clone(),
        request_hash: request(entry),
    }
}

/// The leaf hash of an entry: SHA-256 over 0x00 and the leaf's bytes (RFC 6962, 2.1).
pub fn leaf_hash(service: &str, entry: &entry::Model) -> Hash {
    let request = request(entry);
    let texts = [&entry.actor, &entry.noun, &entry.event].map(String::as_bytes);
    Line { service, division: &entry.division, seq: entry.seq, at: entry.occurred_at, texts, request: &request }
        .hash(&entry.payload)
}

/// The same of an entry as its readers get it; none where its time or its noun's name is none that an entry can have.
pub(crate) fn leaf_hash_as_read(service: &str, entry: &pb::Entry) -> Option<Hash> {
    let at = Moment::from_timestamp(entry.occurred_at.as_ref()?)?.0;
    let (division, request) = (entry.division.as_str(), entry.request_hash.as_slice());
    let noun = entry.noun.strip_prefix("divisions/")?.strip_prefix(division)?.strip_prefix('/')?;
    let texts = [&entry.actor, noun, &entry.event].map(str::as_bytes);
    Some(Line { service, division, seq: entry.seq, at, texts, request }.hash(&entry.payload))
}

/// What the leaf says of the request: id and digest together, so that neither can be changed, and nothing that tells them.
/// Empty for what the clock did.
fn request(entry: &entry::Model) -> Vec<u8> {
    let parts = [&entry.request_id, &entry.request_hash];
    if parts.iter().all(|part| part.is_none()) {
        return Vec::new();
    }
    let mut digest = Sha256::new();
    for part in parts {
        // Its length before it, and another one for none.
        digest.update(part.as_ref().map_or(u64::MAX, |part| part.len() as u64).to_be_bytes());
        digest.update(part.as_deref().unwrap_or_default());
    }
    digest.finalize().to_vec()
}

/// The message Leaf without its payload, borrowed: it is made of every entry that is written, followed, signed or checked.
struct Line<'a> {
    service: &'a str,
    division: &'a str,
    seq: i64,
    at: i64,
    /// Actor, noun, event.
    texts: [&'a [u8]; 3],
    request: &'a [u8],
}

impl Line<'_> {
    fn hash(&self, payload: &[u8]) -> Hash {
        let texts: usize = self.texts.iter().map(|text| text.len()).sum();
        let mut bytes = Vec::with_capacity(128 + texts + payload.len());
        put(&mut bytes, 1, self.service.as_bytes());
        put(&mut bytes, 2, self.division.as_bytes());
        for (tag, number) in [(3, self.seq), (4, self.at)].into_iter().filter(|(_, number)| *number != 0) {
            encode_key(tag, WireType::Varint, &mut bytes);
            encode_varint(number as u64, &mut bytes);
        }
        for (tag, text) in (5..).zip(self.texts) {
            put(&mut bytes, tag, text);
        }
        put(&mut bytes, 8, payload);
        put(&mut bytes, 9, self.request);
        tlog::leaf_hash(&bytes)
    }
}

/// A field of text or bytes; left out where it is empty, as all are in proto3.
fn put(bytes: &mut Vec<u8>, tag: u32, content: &[u8]) {
    if !content.is_empty() {
        encode_key(tag, WireType::LengthDelimited, bytes);
        encode_varint(content.len() as u64, bytes);
        bytes.extend_from_slice(content);
    }
}

impl From<entry::Model> for pb::Entry {
    fn from(row: entry::Model) -> pb::Entry {
        let request = request(&row);
        pb::Entry {
            occurred_at: Some(Moment(row.occurred_at).timestamp()),
            noun: format!("divisions/{}/{}", row.division, row.noun),
            division: row.division,
            seq: row.seq,
            actor: row.actor,
            event: row.event,
            payload: Bytes::from(row.payload),
            leaf_hash: row.leaf_hash,
            request_hash: request,
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
    following(division, after, most).all(db).await
}

/// The same where a row may be anything: one that is no entry is told by its number, where it has one.
pub(crate) async fn stored(
    db: &impl ConnectionTrait,
    division: &str,
    after: i64,
    most: u64,
) -> Result<Vec<Result<entry::Model, Option<i64>>>, DbErr> {
    let rows = db.query_all_raw(following(division, after, most).build(db.get_database_backend())).await?;
    let read = |row| entry::Model::from_query_result(row, "").map_err(|_| row.try_get("", "seq").ok());
    Ok(rows.iter().map(read).collect())
}

fn following(division: &str, after: i64, most: u64) -> Select<entry::Entity> {
    entry::Entity::find()
        .filter(entry::Column::Division.eq(division))
        .filter(entry::Column::Seq.gt(after))
        .order_by_asc(entry::Column::Seq)
        .limit(most)
}
