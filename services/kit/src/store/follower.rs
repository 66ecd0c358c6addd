//! Follows another service's journal: effect and position in one transaction of one's own database, and never a gap.

use std::{future::Future, time::Duration};

use proto::journal::v1::{Entry, Position, ReadEntriesRequest, journal_service_client::JournalServiceClient};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect,
    sea_query::OnConflict,
};
use tokio::sync::watch;

use super::{
    engine::Store,
    journal::{self, position},
};
use crate::peer::Peer;

/// What a service does when another's journal moves.
pub trait Follow: Send + Sync + 'static {
    /// Applies consecutive entries of one division. Runs in the transaction that also moves the position, so each entry
    /// has its effect exactly once.
    fn apply(
        &self,
        tx: &DatabaseTransaction,
        entries: &[Entry],
    ) -> impl Future<Output = Result<(), FollowError>> + Send;

    /// Whether [`Follow::applied`] has anything to do after this entry.
    fn concerns(&self, _entry: &Entry) -> bool {
        true
    }

    /// After the commit; also once at the start. For what is kept in memory.
    fn applied(&self) -> impl Future<Output = Result<(), FollowError>> + Send {
        async { Ok(()) }
    }
}

/// Why following stopped for a moment.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    #[error(transparent)]
    Store(#[from] DbErr),
    #[error("{0}")]
    Peer(#[from] Box<tonic::Status>),
    #[error("gap: position {position} of {division}, but the next entry is {next}")]
    Gap { division: String, position: i64, next: i64 },
    #[error("entry {seq} of {division} cannot be read: {what}")]
    Entry { division: String, seq: i64, what: String },
}

impl FollowError {
    /// An entry whose payload is not what its event promises.
    pub fn entry(entry: &Entry, what: impl ToString) -> FollowError {
        FollowError::Entry { division: entry.division.clone(), seq: entry.seq, what: what.to_string() }
    }
}

/// How far a follower has come: the number of entries applied since the start.
pub type Progress = watch::Receiver<u64>;

/// Follows `source` until the runtime ends, through restarts of either side.
pub fn follow(store: &Store, source: &'static str, peer: Peer, effect: impl Follow) -> Progress {
    let (moved, progress) = watch::channel(0);
    let store = store.clone();
    tokio::spawn(async move {
        let mut pause = Duration::from_millis(50);
        loop {
            let before = *moved.borrow();
            if let Err(error) = follow_once(&store, source, peer.clone(), &effect, &moved).await {
                tracing::warn!(%error, source, follower = store.service, "following stopped, going on");
            }
            pause = if *moved.borrow() > before {
                Duration::from_millis(50)
            } else {
                (pause * 2).min(Duration::from_secs(5))
            };
            tokio::time::sleep(pause).await;
        }
    });
    progress
}

async fn follow_once(
    store: &Store,
    source: &'static str,
    peer: Peer,
    effect: &impl Follow,
    moved: &watch::Sender<u64>,
) -> Result<(), FollowError> {
    let positions = position::Entity::find().filter(position::Column::Source.eq(source)).all(store.read()).await?;
    // After the positions: what a replica applies in between would be neither read here nor sent below.
    effect.applied().await?;
    let after = positions.into_iter().map(|row| Position { division: row.division, seq: row.seq }).collect();
    let mut request = tonic::Request::new(ReadEntriesRequest { after, division: String::new(), tail: true });
    if let Ok(service) = source.parse() {
        request.metadata_mut().insert("yizhan-service", service);
    }
    let mut client = JournalServiceClient::new(peer).max_decoding_message_size(16 << 20);
    let mut batches = client.read_entries(request).await.map_err(Box::new)?.into_inner();
    while let Some(batch) = batches.message().await.map_err(Box::new)? {
        if let Some(false_one) = batch.entries.iter().find(|entry| !is_whole(source, entry)) {
            return Err(FollowError::entry(false_one, "it is not what its leaf hash says"));
        }
        if let Some(first) = batch.entries.first() {
            apply(store, source, &first.division, &batch.entries, effect).await?;
            // Whoever applied them: this replica or another.
            if batch.entries.iter().any(|entry| effect.concerns(entry)) {
                effect.applied().await?;
            }
            moved.send_modify(|count| *count += batch.entries.len() as u64);
        }
    }
    Ok(())
}

/// Whether an entry came as it was written. Who tells its leaf hash later, in a proof, tells it of this content.
fn is_whole(source: &str, entry: &Entry) -> bool {
    journal::leaf_hash_as_read(source, entry).is_some_and(|leaf| entry.leaf_hash == leaf)
}

/// The position, locked until the transaction ends. The first lock makes its row: what is not there cannot be locked, and
/// two replicas would both apply a division's first batch.
async fn lock_position(tx: &DatabaseTransaction, source: &str, division: &str) -> Result<i64, DbErr> {
    let key = || (source.to_owned(), division.to_owned());
    let locked = || position::Entity::find_by_id(key()).lock_exclusive();
    if let Some(row) = locked().one(tx).await? {
        return Ok(row.seq);
    }
    let (source, division) = key();
    let first = position::ActiveModel { source: Set(source), division: Set(division), seq: Set(0) };
    let already = OnConflict::columns([position::Column::Source, position::Column::Division]).do_nothing().to_owned();
    position::Entity::insert(first).on_conflict(already).exec_without_returning(tx).await?;
    Ok(locked().one(tx).await?.map_or(0, |row| row.seq))
}

/// Applies what is new of a batch. What was applied before is passed over; a gap is refused.
pub async fn apply(
    store: &Store,
    source: &str,
    division: &str,
    entries: &[Entry],
    effect: &impl Follow,
) -> Result<(), FollowError> {
    let tx = store.begin().await?;
    let position = lock_position(&tx, source, division).await?;
    let new = &entries[entries.partition_point(|entry| entry.seq <= position)..];
    let (Some(first), Some(last)) = (new.first(), new.last()) else { return Ok(tx.rollback().await?) };
    let consecutive = new.iter().zip(first.seq..).all(|(entry, seq)| entry.seq == seq && entry.division == division);
    if first.seq != position + 1 || !consecutive {
        return Err(FollowError::Gap { division: division.to_owned(), position, next: first.seq });
    }
    #[cfg(feature = "planted")]
    let tx = super::planted::position_first(store, tx, source, division, last.seq).await?;
    effect.apply(&tx, new).await?;
    let moved = position::ActiveModel {
        source: Set(source.to_owned()),
        division: Set(division.to_owned()),
        seq: Set(last.seq),
    };
    let whole = OnConflict::columns([position::Column::Source, position::Column::Division])
        .update_column(position::Column::Seq)
        .to_owned();
    position::Entity::insert(moved).on_conflict(whole).exec_without_returning(&tx).await?;
    tx.commit().await?;
    Ok(())
}
