//! Learns from roster the plans of duty and the circulars that are to be public.

use std::sync::Arc;

use calendar::{Date, shanghai_date};
use kit::store::{Follow, follower::FollowError};
use prost::Message;
use proto::{journal::v1::Entry, roster::v1 as pb};
use sea_orm::DatabaseTransaction;

use super::{code, date, division, learn};
use crate::{
    domain::source::{
        Known, RULES,
        duty::{Absence, Circular, Roster, Rules, Seat, Tally},
    },
    office::Office,
};

/// Keeps plans and circulars for the maker.
pub struct FollowRoster(pub Arc<Office>);

impl Follow for FollowRoster {
    async fn apply(&self, tx: &DatabaseTransaction, entries: &[Entry]) -> Result<(), FollowError> {
        let Some(first) = entries.first() else { return Ok(()) };
        let told = entries.iter().filter(|entry| self.concerns(entry)).map(read);
        let told = told.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
        Ok(learn(tx, division(first)?, told, again).await?)
    }

    fn concerns(&self, entry: &Entry) -> bool {
        matches!(entry.event.as_str(), "rules.set" | "plan.published" | "circular.issued" | "circular.corrected")
    }

    async fn applied(&self) -> Result<(), FollowError> {
        self.0.arrived.notify_one();
        Ok(())
    }
}

/// A plan that is published once more is its next version; a circular numbers its own.
fn again(there: Option<Known>, told: Known) -> (Known, Option<i64>) {
    match (there, told) {
        (_, Known::Rules(rules)) => (Known::Rules(rules), None),
        (Some(Known::Roster(there)), Known::Roster(told)) => {
            (Known::Roster(Roster { version: there.version + 1, ..told }), Some(0))
        }
        (_, told) => (told, Some(0)),
    }
}

/// None for a circular that is not to be public.
fn read(entry: &Entry) -> Result<Option<(String, Known)>, FollowError> {
    let payload = entry.payload.clone();
    let wrong = |error: prost::DecodeError| FollowError::entry(entry, error);
    if entry.event == "plan.published" {
        let plan = pb::Plan::decode(payload).map_err(wrong)?;
        let month = code(&plan.name);
        let roster = roster(entry, plan, &month)?;
        return Ok(Some((format!("roster/{month}"), Known::Roster(roster))));
    }
    if entry.event == "rules.set" {
        let rules = pb::DutyRules::decode(payload).map_err(wrong)?;
        return Ok(Some((RULES.to_owned(), Known::Rules(read_rules(rules)))));
    }
    let circular = pb::Circular::decode(payload).map_err(wrong)?;
    let month = code(&circular.name);
    let source = format!("circular/{month}");
    Ok(circular.publishes.then(|| (source, Known::Circular(read_circular(circular, month)))))
}

fn roster(entry: &Entry, plan: pb::Plan, month: &str) -> Result<Roster, FollowError> {
    let seat = |at: pb::Assignment| {
        Ok(Seat {
            day: date(entry, &at.day)?,
            afternoon: at.half() == pb::Half::Afternoon,
            post: at.post,
            unit: at.unit,
            name: at.display_name,
        })
    };
    let filled = plan.assignments.into_iter().filter(|at| !at.person.is_empty());
    let seats = filled.map(seat).collect::<Result<_, FollowError>>()?;
    Ok(Roster { month: month.to_owned(), version: 1, published_on: day(&plan.published_at), seats })
}

fn read_rules(rules: pb::DutyRules) -> Rules {
    let hours = |hours: Option<pb::Hours>| hours.map(|hours| (hours.first, hours.last)).unwrap_or_default();
    let posts = rules.posts.into_iter().map(|post| post.title_zh).collect();
    Rules { morning: hours(rules.morning), afternoon: hours(rules.afternoon), posts }
}

fn read_circular(circular: pb::Circular, month: String) -> Circular {
    let absence = |absence: &pb::Absence| Absence {
        name: absence.display_name.clone(),
        unit: absence.unit.clone(),
        duties: absence.duties.len(),
        measure: match absence.measure() {
            pb::Measure::Interview => "约谈",
            pb::Measure::Circulate => "通报",
            pb::Measure::Remind | pb::Measure::Unspecified => "提醒",
        }
        .to_owned(),
    };
    Circular {
        month,
        version: circular.version.into(),
        // A correction is formed on the day of the change.
        issued_on: match circular.before.last() {
            Some(before) => day(&before.replaced_at),
            None => day(&circular.issued_at),
        },
        total: circular.total.as_ref().map(tally).unwrap_or_default(),
        units: circular.units.iter().map(|unit| (unit.unit_title_zh.clone(), tally(unit))).collect(),
        absences: circular.absences.iter().map(absence).collect(),
        number: circular.number,
        correction: circular.correction,
    }
}

fn tally(unit: &pb::UnitAttendance) -> Tally {
    Tally {
        required: unit.required,
        attended: unit.attended,
        substituted: unit.substituted,
        late: unit.late,
        early: unit.early,
        absent: unit.absent,
        excused: unit.excused,
        rate: unit.rate_basis_points,
    }
}

fn day(at: &Option<prost_types::Timestamp>) -> Date {
    shanghai_date(at.as_ref().and_then(kit::clock::Moment::from_timestamp).map_or(0, |at| at.0))
}
