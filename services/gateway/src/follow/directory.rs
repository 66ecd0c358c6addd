//! Learns what divisions, units and windows are called from the directory. Of people it learns nothing.

use kit::{
    id::Division,
    store::{Follow, follower::FollowError},
};
use prost::Message;
use proto::{directory::v1 as pb, journal::v1::Entry};
use sea_orm::DatabaseTransaction;

use crate::{
    domain::label::{Kind, Label},
    store,
};

/// Keeps labels as the directory says.
pub struct FollowDirectory;

impl Follow for FollowDirectory {
    async fn apply(&self, tx: &DatabaseTransaction, entries: &[Entry]) -> Result<(), FollowError> {
        let labels = entries.iter().map(label).filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
        Ok(store::label::save(tx, labels).await?)
    }
}

fn label(entry: &Entry) -> Result<Option<(Division, Kind, String, Label)>, FollowError> {
    let wrong = |error: prost::DecodeError| FollowError::entry(entry, error);
    let payload = entry.payload.clone();
    let (kind, name, zh, en) = match entry.event.split_once('.').map_or("", |(noun, _)| noun) {
        "division" => {
            let division = pb::Division::decode(payload).map_err(wrong)?;
            (Kind::Division, division.name, division.display_name_zh, division.display_name_en)
        }
        "unit" => {
            let unit = pb::Unit::decode(payload).map_err(wrong)?;
            (Kind::Unit, unit.name, unit.display_name_zh, unit.display_name_en)
        }
        "window" => {
            let window = pb::Window::decode(payload).map_err(wrong)?;
            (Kind::Window, window.name, window.display_name_zh, window.display_name_en)
        }
        _ => return Ok(None),
    };
    let division: Division = entry.division.parse().map_err(|error| FollowError::entry(entry, error))?;
    let code = name.rsplit('/').next().unwrap_or_default().to_owned();
    if code.is_empty() {
        return Err(FollowError::entry(entry, "a noun without a name"));
    }
    Ok(Some((division, kind, code, Label { zh, en })))
}
