//! Learns the facts of cases and the titles of items from intake.

use kit::{
    id::Division,
    store::{Follow, follower::FollowError},
};
use prost::Message;
use proto::{intake::v1 as pb, journal::v1::Entry};
use sea_orm::DatabaseTransaction;

use crate::{
    domain::{
        day::Day,
        fact::{Fact, Place, State},
        label::{Kind, Label},
    },
    store,
};

/// Keeps facts and titles as intake says.
pub struct FollowIntake;

impl Follow for FollowIntake {
    async fn apply(&self, tx: &DatabaseTransaction, entries: &[Entry]) -> Result<(), FollowError> {
        let Some(first) = entries.first() else { return Ok(()) };
        let division: Division = first.division.parse().map_err(|error| FollowError::entry(first, error))?;
        let (mut facts, mut titles) = (Vec::with_capacity(entries.len()), Vec::new());
        for entry in entries {
            match entry.event.split_once('.').map_or("", |(noun, _)| noun) {
                "case" => facts.push(fact(entry)?),
                "item" => titles.push(title(entry, division)?),
                _ => {}
            }
        }
        store::label::save(tx, titles).await?;
        if facts.is_empty() {
            return Ok(());
        }
        Ok(store::fact::save(tx, division, facts).await?)
    }
}

fn fact(entry: &Entry) -> Result<Fact, FollowError> {
    let facts = pb::CaseFacts::decode(entry.payload.clone()).map_err(|error| FollowError::entry(entry, error))?;
    // The contract's 0 is no day; 1970-01-01 is none of a case's.
    let day = |day: i32| Some(Day(day)).filter(|day| day.0 != 0);
    let received_on =
        day(facts.received_on).ok_or_else(|| FollowError::entry(entry, "a case without a day of receipt"))?;
    if facts.number.is_empty() {
        return Err(FollowError::entry(entry, "a case without a number"));
    }
    Ok(Fact {
        state: state(facts.state()).ok_or_else(|| FollowError::entry(entry, format!("state {}", facts.state)))?,
        received_on,
        received_hour: Some(facts.received_at).filter(|at| *at != 0).map(Day::hour_at),
        accepted_on: day(facts.accepted_on),
        decided_on: day(facts.decided_on),
        ended_on: day(facts.ended_on),
        legal_due_on: day(facts.legal_due_on),
        promised_due_on: day(facts.promised_due_on),
        deemed: facts.deemed_accepted,
        supplemented: facts.supplement_asked,
        suspended: facts.suspensions > 0,
        extended: facts.extended,
        granted: facts.granted,
        instant: facts.handling() == pb::Handling::Instant,
        late_entry: facts.late_entry,
        handling_days: Some(facts.handling_days).filter(|days| *days >= 0),
        seq: entry.seq,
        place: Place { unit: facts.unit, item: facts.item, window: facts.received_window },
        number: facts.number,
    })
}

fn state(state: pb::CaseState) -> Option<State> {
    Some(match state {
        pb::CaseState::Unspecified => return None,
        pb::CaseState::Received => State::Received,
        pb::CaseState::SupplementPending => State::SupplementPending,
        pb::CaseState::Accepted => State::Accepted,
        pb::CaseState::Suspended => State::Suspended,
        pb::CaseState::Granted => State::Granted,
        pb::CaseState::Denied => State::Denied,
        pb::CaseState::Issued => State::Issued,
        pb::CaseState::Refused => State::Refused,
        pb::CaseState::Lapsed => State::Lapsed,
        pb::CaseState::Withdrawn => State::Withdrawn,
        pb::CaseState::Terminated => State::Terminated,
    })
}

fn title(entry: &Entry, division: Division) -> Result<(Division, Kind, String, Label), FollowError> {
    let item = pb::Item::decode(entry.payload.clone()).map_err(|error| FollowError::entry(entry, error))?;
    let (name, text) = (item.name, item.text.unwrap_or_default());
    let code = name.rsplit('/').next().and_then(|code| code.split('@').next()).filter(|code| !code.is_empty());
    let code = code.ok_or_else(|| FollowError::entry(entry, "an item without a name"))?.to_owned();
    Ok((division, Kind::Item, code, Label { zh: text.title_zh, en: text.title_en }))
}
