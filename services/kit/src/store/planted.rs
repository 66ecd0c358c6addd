//! Bugs on purpose: what proves that the crash test finds such bugs (tests/tests/faults/planted.rs).
//!
//! Compiled in with the feature `planted` only, which no program that serves has; each acts only where `YIZHAN_PLANT`
//! names it.

use std::{collections::HashMap, env, sync::OnceLock, time::Duration};

use sea_orm::{ActiveValue::Set, DatabaseTransaction, DbErr, EntityTrait, sea_query::OnConflict};

use super::{
    engine::Store,
    journal::{entry, position},
    noun::{AnyNoun, Key},
};
use crate::id::Division;

/// How long a bug holds its window open.
const WINDOW: Duration = Duration::from_millis(20);

fn is(plant: &str) -> bool {
    static PLANT: OnceLock<String> = OnceLock::new();
    *PLANT.get_or_init(|| env::var("YIZHAN_PLANT").unwrap_or_default()) == *plant
}

/// Spoils what a batch is about to write, now and then.
pub(super) fn spoil(changed: &mut HashMap<Key, AnyNoun>, entries: &mut [entry::Model], heads: &mut [(Division, i64)]) {
    if is("reuse-number") && rand::random_bool(0.1) {
        // Counters are not saved: their numbers are given out again.
        changed.retain(|key, _| key.kind() != "counters");
    }
    if is("forget-request") && rand::random_bool(0.1) {
        // The journal does not know what it was asked, so the same request acts again.
        entries.iter_mut().for_each(|entry| entry.request_id = None);
    }
    if is("skip-seq") && rand::random_bool(0.1) {
        // A number is passed over.
        heads.iter_mut().for_each(|(_, seq)| *seq += 1);
    }
}

/// Answers before the commit: None, and the commit follows a moment later.
pub(super) fn answer_first(tx: DatabaseTransaction) -> Option<DatabaseTransaction> {
    if !is("ack-before-commit") {
        return Some(tx);
    }
    tokio::spawn(async move {
        tokio::time::sleep(WINDOW).await;
        tx.commit().await
    });
    None
}

/// Moves a follower's position in a transaction of its own, before the effect.
pub(super) async fn position_first(
    store: &Store,
    tx: DatabaseTransaction,
    source: &str,
    division: &str,
    seq: i64,
) -> Result<DatabaseTransaction, DbErr> {
    if !is("position-before-effect") {
        return Ok(tx);
    }
    let moved =
        position::ActiveModel { source: Set(source.to_owned()), division: Set(division.to_owned()), seq: Set(seq) };
    let whole = OnConflict::columns([position::Column::Source, position::Column::Division])
        .update_column(position::Column::Seq)
        .to_owned();
    position::Entity::insert(moved).on_conflict(whole).exec_without_returning(&tx).await?;
    tx.commit().await?;
    tokio::time::sleep(WINDOW).await;
    store.begin().await
}
