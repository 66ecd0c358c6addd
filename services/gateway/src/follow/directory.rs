//! Learns from the directory what divisions, units and windows are called, and of those who call what the door must know:
//! credentials, ended sessions, keys, which places are closed; of people where they belong, and neither their names nor their telephones.

use kit::{
    clock::{Moment, wall},
    id::Division,
    store::{Follow, follower::FollowError},
};
use prost::Message;
use proto::{directory::v1 as pb, journal::v1::Entry};
use sea_orm::DatabaseTransaction;

use crate::{
    domain::{
        caller::{Credential, Person, SigningKey},
        label::{Kind, Label},
    },
    known::Known,
    store::{self, caller::Told},
};

/// Keeps labels and callers as the directory says.
pub struct FollowDirectory(pub Known);

impl Follow for FollowDirectory {
    async fn apply(&self, tx: &DatabaseTransaction, entries: &[Entry]) -> Result<(), FollowError> {
        let labels = entries.iter().map(label).filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
        let told = entries.iter().map(told).filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
        store::label::save(tx, labels).await?;
        Ok(store::caller::save(tx, told, wall()).await?)
    }

    /// Who has signed in or renews is nobody's affair here.
    fn concerns(&self, entry: &Entry) -> bool {
        noun(entry) != "signin"
    }

    async fn applied(&self) -> Result<(), FollowError> {
        Ok(self.0.renew().await?)
    }
}

fn noun(entry: &Entry) -> &str {
    entry.event.split_once('.').map_or("", |(noun, _)| noun)
}

fn label(entry: &Entry) -> Result<Option<(Division, Kind, String, Label)>, FollowError> {
    let wrong = |error: prost::DecodeError| FollowError::entry(entry, error);
    let payload = entry.payload.clone();
    let (kind, name, zh, en) = match noun(entry) {
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
    let code = code(&name);
    if code.is_empty() {
        return Err(FollowError::entry(entry, "a noun without a name"));
    }
    Ok(Some((division, kind, code, Label { zh, en })))
}

/// The last part of a name.
fn code(name: &str) -> String {
    name.rsplit('/').next().unwrap_or_default().to_owned()
}

/// What is deactivated stays so.
fn closed(state: pb::State, name: String) -> Option<Told> {
    (state == pb::State::Inactive).then_some(Told::Closed(name))
}

fn told(entry: &Entry) -> Result<Option<Told>, FollowError> {
    let wrong = |error: prost::DecodeError| FollowError::entry(entry, error);
    let named = |name: &str| if name.is_empty() { Err(FollowError::entry(entry, "nobody is named")) } else { Ok(()) };
    let payload = entry.payload.clone();
    Ok(Some(match noun(entry) {
        "credential" => {
            let credential = pb::Credential::decode(payload).map_err(wrong)?;
            named(&credential.name)?;
            let valid_after = credential.valid_after.as_ref().and_then(Moment::from_timestamp);
            let window = code(&credential.window);
            Told::Credential(credential.name, Credential { window, revoked: credential.revoked, valid_after })
        }
        "division" => {
            let division = pb::Division::decode(payload).map_err(wrong)?;
            return Ok(closed(division.state(), division.name));
        }
        "window" => {
            let window = pb::Window::decode(payload).map_err(wrong)?;
            return Ok(closed(window.state(), window.name));
        }
        "person" => {
            let person = pb::Person::decode(payload).map_err(wrong)?;
            named(&person.name)?;
            let leads = matches!(
                person.rank(),
                pb::Rank::Head | pb::Rank::Deputy | pb::Rank::PartyMember | pb::Rank::GovernmentHead
            );
            let active = person.state() != pb::State::Inactive;
            let (unit, window) = (code(&person.unit), code(&person.window));
            Told::Person(person.name, Person { unit, window, leads, active })
        }
        "session" => {
            let end = pb::SessionEnd::decode(payload).map_err(wrong)?;
            named(&end.session)?;
            let at = end.ended_at.as_ref().and_then(Moment::from_timestamp);
            Told::Ended(end.session, at.ok_or_else(|| FollowError::entry(entry, "an end without a time"))?)
        }
        "key" => {
            let key = pb::SigningKey::decode(payload).map_err(wrong)?;
            named(&key.id)?;
            let public_key = key.public_key.as_slice().try_into();
            let public_key = public_key.map_err(|_| FollowError::entry(entry, "a key has 32 bytes"))?;
            let valid_until = key.valid_until.as_ref().and_then(Moment::from_timestamp);
            Told::Key(SigningKey { id: key.id, public_key, valid_until })
        }
        _ => return Ok(None),
    }))
}
