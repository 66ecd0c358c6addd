//! The seven cases that are open on 31 December, step by step. Which they are and why, the county notes in
//! `year-2016.json`; a test holds the two together.

use anyhow::{Context, ensure};
use calendar::Date;
use proto::intake::v1::SuspensionCause;

use super::{
    county::County,
    days::Days,
    dice::Dice,
    script::{Act, Course, Path, Script},
};

struct Left {
    item: &'static str,
    received: (i8, i8),
    /// What was done after receipt and acceptance at the counter, and on which day.
    then: Option<(i8, i8, Act)>,
    /// Of the suspension: its cause, and the working days that the notice says are needed.
    stop: Option<(SuspensionCause, u8)>,
}

const LEFT: [Left; 7] = [
    // Expert review, 12 December to 13 January.
    Left {
        item: "410223-024-001",
        received: (11, 21),
        then: Some((12, 12, Act::Suspend)),
        stop: Some((SuspensionCause::ExpertReview, 24)),
    },
    Left { item: "410223-025-001", received: (11, 17), then: Some((12, 28, Act::Extend)), stop: None },
    Left { item: "410223-013-001", received: (11, 28), then: None, stop: None },
    // A hearing, 19 December to 11 January.
    Left {
        item: "410223-026-002",
        received: (12, 5),
        then: Some((12, 19, Act::Suspend)),
        stop: Some((SuspensionCause::Hearing, 17)),
    },
    Left { item: "410223-008-001", received: (12, 12), then: None, stop: None },
    // Samples in the laboratory, 21 December to 6 January.
    Left {
        item: "410223-014-001",
        received: (12, 14),
        then: Some((12, 21, Act::Suspend)),
        stop: Some((SuspensionCause::Testing, 12)),
    },
    Left { item: "410223-028-001", received: (12, 19), then: Some((12, 30, Act::Grant)), stop: None },
];

/// The scripts of the open cases, numbered from `first` on.
pub fn scripts(county: &County, days: &Days, first: u32, seed: u64) -> anyhow::Result<Vec<Script>> {
    let script = |(place, left): (usize, &Left)| {
        let item = county.items.iter().position(|item| item.code == left.item);
        let item = item.with_context(|| format!("items.json: no item {}", left.item))?;
        let day = |month, day| {
            let date = Date::new(2016, month, day)?;
            days.day(date).with_context(|| format!("{date} is not a working day"))
        };
        let received = day(left.received.0, left.received.1)?;
        let mut acts = vec![(0, Act::ReceiveAccepted)];
        if let Some((month, date, act)) = left.then {
            acts.push((u16::from(day(month, date)? - received), act));
        }
        let case = first + place as u32;
        let path = Path::Open(place as u8);
        Ok(Course::of(&acts).script(case, item as u8, path, received, days, &mut Dice::new(seed, u64::from(case))))
    };
    ensure!(county.year.open_at_year_end.len() == LEFT.len(), "year-2016.json: {} open cases are expected", LEFT.len());
    LEFT.iter().enumerate().map(script).collect()
}

/// Cause and needed working days of an open case's suspension.
pub fn stop(place: u8) -> Option<(SuspensionCause, u8)> {
    LEFT.get(usize::from(place)).and_then(|left| left.stop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::county::Open;

    #[test]
    fn the_open_cases_are_those_of_the_county_s_notes() {
        let county = County::read().expect("a county");
        let days = Days::read(&county.year, 2016).expect("days");
        let scripts = scripts(&county, &days, 0, 2016).expect("scripts");
        for (script, Open { item, received_on, state, .. }) in scripts.iter().zip(&county.year.open_at_year_end) {
            let last = script.steps().last().expect("a step");
            let becomes = match last.act {
                Act::Suspend => "SUSPENDED",
                Act::Grant => "GRANTED",
                _ => "ACCEPTED",
            };
            let received = script.step(0).expect("a receipt").tick.day;
            assert_eq!(
                (&county.items[usize::from(script.item)].code, days.date(received), becomes),
                (item, *received_on, state.as_str())
            );
            assert_eq!(last.act == Act::Suspend, script_stop(script).is_some());
        }
    }

    fn script_stop(script: &Script) -> Option<(SuspensionCause, u8)> {
        let Path::Open(place) = script.path else { return None };
        stop(place)
    }
}
