//! A database that has never heard the directory's journal to its end, since it is new, was emptied or lost its position,
//! does not know who was revoked: until it has, nobody is let in by what was given to them.

use std::time::Duration;

use kit::{
    peer::Peer,
    store::{Store, journal::position},
};
use proto::journal::v1::{ListHeadsRequest, Position, journal_service_client::JournalServiceClient};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, sea_query::OnConflict};

use crate::known::Known;

const SOURCE: &str = "directory";
/// Stands among the positions once the head was reached: a first reading that was broken off is none.
const HEARD: &str = "directory, to its head";
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// Whether all was heard before that the journal then held.
pub async fn was_reached(store: &Store) -> Result<bool, DbErr> {
    let known = position::Column::Source.is_in([SOURCE, HEARD]);
    let rows = position::Entity::find().filter(known).all(store.read()).await?;
    Ok([SOURCE, HEARD].iter().all(|source| rows.iter().any(|row| row.source == *source)))
}

/// Lets callers in once the follower has come to where the journal ends now.
pub async fn reach(store: Store, directory: Peer, known: Known) {
    let heads = loop {
        match heads(directory.clone()).await {
            Ok(heads) => break heads,
            Err(error) => tracing::warn!(%error, "the directory does not tell how much there is to hear"),
        }
        tokio::time::sleep(LOOK * 25).await;
    };
    loop {
        match is_behind(&store, &heads, &known).await {
            Ok(false) => return known.set_behind(false),
            Ok(true) => {}
            Err(error) => tracing::warn!(%error, "not known how much of the directory was heard"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn heads(directory: Peer) -> Result<Vec<Position>, tonic::Status> {
    let mut request = tonic::Request::new(ListHeadsRequest {});
    request.metadata_mut().insert("yizhan-service", tonic::metadata::MetadataValue::from_static(SOURCE));
    Ok(JournalServiceClient::new(directory).list_heads(request).await?.into_inner().heads)
}

async fn is_behind(store: &Store, heads: &[Position], known: &Known) -> Result<bool, DbErr> {
    let rows = position::Entity::find().filter(position::Column::Source.eq(SOURCE)).all(store.read()).await?;
    let heard = |head: &Position| rows.iter().any(|row| row.division == head.division && row.seq >= head.seq);
    if !heads.iter().all(heard) {
        return Ok(true);
    }
    known.renew().await?;
    let row = position::Model { source: HEARD.to_owned(), division: String::new(), seq: 0 };
    let row: position::ActiveModel = sea_orm::ActiveModelTrait::reset_all(row.into());
    let already = OnConflict::columns([position::Column::Source, position::Column::Division]).do_nothing().to_owned();
    let tx = store.begin().await?;
    position::Entity::insert(row).on_conflict(already).exec_without_returning(&tx).await?;
    tx.commit().await?;
    Ok(false)
}
