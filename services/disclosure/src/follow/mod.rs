//! What disclosure does when another service's journal moves.

pub mod intake;
pub mod roster;

use std::collections::HashMap;

use calendar::Date;
use kit::{id::Division, store::follower::FollowError};
use proto::journal::v1::Entry;
use sea_orm::{DatabaseTransaction, DbErr};

use crate::{
    domain::source::{Arrival, Known},
    store::arrival,
};

/// Learns of sources: reads those that are there, has them changed, and writes those that have something to say.
async fn learn<T>(
    tx: &DatabaseTransaction,
    division: Division,
    told: Vec<(String, T)>,
    mut learn: impl FnMut(Option<Known>, T) -> (Known, Option<i64>),
) -> Result<(), DbErr> {
    if told.is_empty() {
        return Ok(());
    }
    let there = arrival::read(tx, division, told.iter().map(|(source, _)| source.clone())).await?;
    let mut there: HashMap<_, _> = there.into_iter().map(|arrival| (arrival.source.clone(), arrival)).collect();
    for (source, told) in told {
        let before = there.remove(&source);
        let version = before.as_ref().map_or(0, |before| before.version) + 1;
        let (known, wakes_at) = learn(before.map(|before| before.known), told);
        there.insert(source.clone(), Arrival { division, source, version, wakes_at, known });
    }
    arrival::write(tx, there.into_values().collect()).await
}

/// The division of a batch: a batch is of one.
fn division(entry: &Entry) -> Result<Division, FollowError> {
    entry.division.parse().map_err(|error: &str| FollowError::entry(entry, error))
}

fn code(name: &str) -> String {
    name.rsplit('/').next().unwrap_or_default().to_owned()
}

fn date(entry: &Entry, text: &str) -> Result<Date, FollowError> {
    text.parse().map_err(|error: jiff::Error| FollowError::entry(entry, error))
}
