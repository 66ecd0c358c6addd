//! Learns from disclosure what was published, corrected and withdrawn, and what waits; and what its columns are called.

use kit::{
    clock::Moment,
    id::Division,
    store::{Follow, follower::FollowError},
};
use prost::Message;
use proto::{disclosure::v1 as pb, journal::v1::Entry};
use sea_orm::DatabaseTransaction;

use crate::{
    domain::{
        day::Day,
        label::{Kind, Label},
        publication::{Edition, Place, Publication, Withdrawal},
    },
    store,
};

/// Keeps publications, editions and the names of columns as disclosure says.
pub struct FollowDisclosure;

impl Follow for FollowDisclosure {
    async fn apply(&self, tx: &DatabaseTransaction, entries: &[Entry]) -> Result<(), FollowError> {
        let Some(first) = entries.first() else { return Ok(()) };
        let division: Division = first.division.parse().map_err(|error| FollowError::entry(first, error))?;
        let (mut publications, mut editions, mut withdrawals) = (Vec::new(), Vec::new(), Vec::new());
        let mut titles = Vec::new();
        for entry in entries {
            if entry.event == "site.columns" {
                titles.push(title(entry, division)?);
            } else if entry.event.starts_with("publication.") {
                let facts = facts(entry)?;
                match entry.event.as_str() {
                    "publication.published" => editions.push(edition(entry, &facts)?),
                    "publication.withdrawn" => withdrawals.push(withdrawal(entry, &facts)?),
                    _ => {}
                }
                titles.extend(column(division, &facts));
                publications.push(publication(facts));
            }
        }
        store::label::save(tx, titles).await?;
        store::publication::save(tx, division, publications).await?;
        Ok(store::publication::save_editions(tx, division, editions, withdrawals).await?)
    }
}

fn facts(entry: &Entry) -> Result<pb::PublicationFacts, FollowError> {
    let facts =
        pb::PublicationFacts::decode(entry.payload.clone()).map_err(|error| FollowError::entry(entry, error))?;
    if facts.id.is_empty() {
        return Err(FollowError::entry(entry, "a publication without an id"));
    }
    Ok(facts)
}

/// The contract's 0 is no day.
fn day(day: i32) -> Option<Day> {
    Some(Day(day)).filter(|day| day.0 != 0)
}

fn place(facts: &pb::PublicationFacts) -> Place {
    Place { unit: facts.unit.clone(), column: facts.column.clone(), category: facts.category }
}

fn publication(facts: pb::PublicationFacts) -> Publication {
    let is_open = facts.draft() != pb::DraftState::Unspecified;
    let due_on = day(facts.draft_due_on).filter(|_| is_open);
    Publication { place: place(&facts), id: facts.id, due_on }
}

fn edition(entry: &Entry, facts: &pb::PublicationFacts) -> Result<Edition, FollowError> {
    let lacks = |what: &str| FollowError::entry(entry, format!("an edition without {what}"));
    Ok(Edition {
        id: facts.id.clone(),
        number: Some(facts.edition).filter(|number| *number > 0).ok_or_else(|| lacks("a number"))?,
        place: place(facts),
        published_on: day(facts.published_on).ok_or_else(|| lacks("a day"))?,
        on_time: facts.on_time,
        score: facts.score,
        pictures: facts.pictures,
    })
}

fn withdrawal(entry: &Entry, facts: &pb::PublicationFacts) -> Result<Withdrawal, FollowError> {
    let at = entry.occurred_at.as_ref().and_then(Moment::from_timestamp);
    let at = at.ok_or_else(|| FollowError::entry(entry, "a withdrawal without a time"))?;
    Ok(Withdrawal { id: facts.id.clone(), number: facts.edition, on: Day::at(at.0) })
}

type Title = (Division, Kind, String, Label);

/// What a publication's column is called, which nobody may ever have set.
fn column(division: Division, facts: &pb::PublicationFacts) -> Option<Title> {
    let label = Label { zh: facts.column_title_zh.clone(), en: facts.column_title_en.clone() };
    (label != Label::default()).then(|| (division, Kind::Column, facts.column.clone(), label))
}

fn title(entry: &Entry, division: Division) -> Result<Title, FollowError> {
    let column = pb::Column::decode(entry.payload.clone()).map_err(|error| FollowError::entry(entry, error))?;
    let code = column.name.rsplit('/').next().filter(|code| !code.is_empty());
    let code = code.ok_or_else(|| FollowError::entry(entry, "a column without a name"))?.to_owned();
    Ok((division, Kind::Column, code, Label { zh: column.title_zh, en: column.title_en }))
}
