//! Learns from roster who staffs which window.

use std::sync::Arc;

use kit::{
    id::Division,
    store::{Follow, follower::FollowError},
};
use prost::Message;
use proto::{journal::v1::Entry, roster::v1 as pb};
use sea_orm::DatabaseTransaction;

use crate::{
    domain::hall::Staffed,
    office::Office,
    store::staffed::{Told, learn},
};

/// Keeps in the hall who staffs the windows.
pub struct FollowRoster(pub Arc<Office>);

impl Follow for FollowRoster {
    async fn apply(&self, tx: &DatabaseTransaction, entries: &[Entry]) -> Result<(), FollowError> {
        let told = entries.iter().filter(|entry| self.concerns(entry)).map(read);
        Ok(learn(tx, told.collect::<Result<Vec<_>, _>>()?).await?)
    }

    fn concerns(&self, entry: &Entry) -> bool {
        entry.event == "staffing.day"
    }

    async fn applied(&self) -> Result<(), FollowError> {
        Ok(self.0.refresh().await?)
    }
}

fn read(entry: &Entry) -> Result<Told, FollowError> {
    let wrong = |what: &dyn ToString| FollowError::entry(entry, what.to_string());
    let division: Division = entry.division.parse().map_err(|error: &str| wrong(&error))?;
    let day = pb::WindowDay::decode(entry.payload.clone()).map_err(|error| wrong(&error))?;
    let from = day.day.parse().map_err(|error: jiff::Error| wrong(&error))?;
    let staffed = Staffed {
        from,
        morning: !day.morning.is_empty(),
        afternoon: !day.afternoon.is_empty(),
        required: day.required,
    };
    Ok((division, day.window, staffed))
}
