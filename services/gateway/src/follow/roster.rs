//! Learns the duties of the units' leaders from the roster.

use kit::{
    clock::Moment,
    id::Division,
    store::{Follow, follower::FollowError},
};
use prost::Message;
use proto::{journal::v1::Entry, roster::v1 as pb};
use sea_orm::DatabaseTransaction;

use crate::{
    domain::{
        day::Day,
        duty::{Duty, Standing, State},
    },
    store,
};

/// Keeps duties as the roster says. Plans, leaves and exchanges show in them; circulars are asked for.
pub struct FollowRoster;

impl Follow for FollowRoster {
    async fn apply(&self, tx: &DatabaseTransaction, entries: &[Entry]) -> Result<(), FollowError> {
        let Some(first) = entries.first() else { return Ok(()) };
        let division: Division = first.division.parse().map_err(|error| FollowError::entry(first, error))?;
        let told = entries.iter().filter(|entry| entry.event.starts_with("duty."));
        let duties = told.map(duty).collect::<Result<Vec<_>, _>>()?;
        Ok(store::duty::save(tx, division, duties).await?)
    }
}

fn duty(entry: &Entry) -> Result<Duty, FollowError> {
    let told = pb::Duty::decode(entry.payload.clone()).map_err(|error| FollowError::entry(entry, error))?;
    let lacks = |what: &str| FollowError::entry(entry, format!("a duty without {what}"));
    let moment = |at: &Option<_>| at.as_ref().and_then(Moment::from_timestamp);
    let standing = Standing {
        state: state(told.state()).ok_or_else(|| lacks("a state"))?,
        substituted: told.substituted,
        late: told.late,
        early: told.early,
    };
    Ok(Duty {
        id: code(&told.name).filter(|id| !id.is_empty()).ok_or_else(|| lacks("a name"))?,
        day: Day::parse(&told.day).ok_or_else(|| lacks("a day"))?,
        afternoon: told.half() == pb::Half::Afternoon,
        window: code(&told.window).unwrap_or_default(),
        person: code(&told.person).unwrap_or_default(),
        planned: code(&told.planned_person).unwrap_or_default(),
        starts_at: moment(&told.starts_at).ok_or_else(|| lacks("a beginning"))?,
        ends_at: moment(&told.ends_at).ok_or_else(|| lacks("an end"))?,
        signed_in_at: moment(&told.signed_in_at),
        signed_out_at: moment(&told.signed_out_at),
        changed_at: moment(&entry.occurred_at).ok_or_else(|| lacks("a time"))?,
        seq: entry.seq,
        post: told.post,
        post_zh: told.post_title_zh,
        post_en: told.post_title_en,
        unit: told.unit,
        name: told.display_name,
        standing,
    })
}

/// The last part of a name.
fn code(name: &str) -> Option<String> {
    name.rsplit('/').next().map(str::to_owned)
}

fn state(state: pb::DutyState) -> Option<State> {
    Some(match state {
        pb::DutyState::Unspecified => return None,
        pb::DutyState::Planned => State::Planned,
        pb::DutyState::OnDuty => State::OnDuty,
        pb::DutyState::Served => State::Served,
        pb::DutyState::Absent => State::Absent,
        pb::DutyState::Excused => State::Excused,
    })
}
