//! Learns units, windows, people and holiday notices from the directory's journal.

use calendar::{Date, Notice, Span};
use kit::{
    id::Division,
    store::{Follow, follower::FollowError},
};
use prost::Message;
use proto::{directory::v1 as pb, journal::v1::Entry};
use sea_orm::{DatabaseTransaction, DbErr};

use crate::{
    Person, Rank, Unit, Window,
    rows::{Known, learn},
};

/// Keeps the mirror as the directory says, and calls `learned` when something was.
pub struct FollowDirectory<F>(pub F);

impl<F, Told> Follow for FollowDirectory<F>
where
    F: Fn() -> Told + Send + Sync + 'static,
    Told: Future<Output = Result<(), DbErr>> + Send,
{
    async fn apply(&self, tx: &DatabaseTransaction, entries: &[Entry]) -> Result<(), FollowError> {
        let facts = entries.iter().map(read).filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
        Ok(learn(tx, facts).await?)
    }

    /// Most entries of that journal are of sessions and credentials.
    fn concerns(&self, entry: &Entry) -> bool {
        ["unit", "window", "person", "notice"].contains(&kind(entry))
    }

    async fn applied(&self) -> Result<(), FollowError> {
        Ok((self.0)().await?)
    }
}

fn kind(entry: &Entry) -> &str {
    entry.event.split_once('.').map_or("", |(kind, _)| kind)
}

fn read(entry: &Entry) -> Result<Option<(Division, String, Known)>, FollowError> {
    let wrong = |what: &dyn ToString| FollowError::entry(entry, what.to_string());
    let division: Division = entry.division.parse().map_err(|error: &str| wrong(&error))?;
    let code = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let payload = entry.payload.clone();
    let active = |state: i32| state == i32::from(pb::State::Active);
    let known = match kind(entry) {
        "unit" => {
            let unit = pb::Unit::decode(payload).map_err(|error| wrong(&error))?;
            let known = Unit {
                title: unit.display_name_zh,
                reconsideration_body: unit.reconsideration_body,
                court: unit.court,
                active: active(unit.state),
            };
            (code(&unit.name), Known::Unit(known))
        }
        "window" => {
            let window = pb::Window::decode(payload).map_err(|error| wrong(&error))?;
            let known = Window {
                unit: code(&window.unit),
                accepts: window.accepts,
                issues: window.issues,
                active: active(window.state),
            };
            (code(&window.name), Known::Window(known))
        }
        "person" => {
            let person = pb::Person::decode(payload).map_err(|error| wrong(&error))?;
            let rank = match person.rank() {
                pb::Rank::Head => Rank::Head,
                pb::Rank::Deputy => Rank::Deputy,
                pb::Rank::PartyMember => Rank::PartyMember,
                pb::Rank::GovernmentHead => Rank::GovernmentHead,
                pb::Rank::Staff | pb::Rank::Unspecified => Rank::Staff,
            };
            let known =
                Person { unit: code(&person.unit), rank, active: active(person.state), name: person.display_name };
            (code(&person.name), Known::Person(known))
        }
        "notice" => {
            let notice = pb::Notice::decode(payload).map_err(|error| wrong(&error))?;
            let notice = read_notice(notice).map_err(|error| wrong(&error))?;
            (format!("{}.{}", notice.year, notice.version), Known::Notice(notice))
        }
        // Divisions, credentials and imports are the directory's own affair.
        _ => return Ok(None),
    };
    Ok(Some((division, known.0, known.1)))
}

fn read_notice(notice: pb::Notice) -> Result<Notice, String> {
    let date = |text: &str| text.parse::<Date>().map_err(|error| format!("{text}: {error}"));
    let off = notice.off.iter().map(|span| Ok(Span { first: date(&span.first)?, last: date(&span.last)? }));
    Ok(Notice {
        year: i16::try_from(notice.year).map_err(|error| error.to_string())?,
        version: u32::try_from(notice.version).map_err(|error| error.to_string())?,
        document: notice.document,
        issued_on: if notice.issued_on.is_empty() { None } else { Some(date(&notice.issued_on)?) },
        off: off.collect::<Result<_, String>>()?,
        workdays: notice.workdays.iter().map(|day| date(day)).collect::<Result<_, _>>()?,
        source: notice.source,
    })
}
