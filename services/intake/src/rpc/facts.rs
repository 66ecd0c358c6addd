//! A case's public facts: the payload of its journal entries.

use calendar::{Date, shanghai_date};
use proto::intake::v1 as pb;

use crate::{
    domain::{
        case::Case,
        clocks::{Clock, Signal},
        item::Handling,
    },
    store::case::{signal_code, state_code},
};

pub fn facts(case: &Case) -> pb::CaseFacts {
    let decided_at = case.decision.as_ref().map_or(0, |decision| decision.at);
    let ended_at = case.ended_at().unwrap_or(0);
    let on = |at: i64| if at == 0 { 0 } else { days(shanghai_date(at)) };
    let due = |clock: &Option<Clock>| clock.as_ref().and_then(Clock::due_on).map_or(0, days);
    let limit = |clock: &Option<Clock>| clock.as_ref().map_or(0, |clock| i32::from(clock.limit));
    let signal =
        |clock: &Option<Clock>| i32::from(signal_code(clock.as_ref().map_or(Signal::Green, |clock| clock.signal)));
    pb::CaseFacts {
        number: case.number.clone(),
        state: i32::from(state_code(case.state)),
        unit: case.unit.clone(),
        item: case.item.clone(),
        item_revision: case.revision,
        handling: match case.handling {
            Handling::Instant => pb::Handling::Instant.into(),
            Handling::Promised => pb::Handling::Promised.into(),
        },
        received_window: case.window.clone(),
        issued_window: case.issuance.as_ref().map(|issuance| issuance.window.clone()).unwrap_or_default(),
        received_at: case.received_at,
        accepted_at: case.accepted_at.unwrap_or(0),
        decided_at,
        issued_at: case.issuance.as_ref().map_or(0, |issuance| issuance.at),
        ended_at,
        received_on: days(case.received_on()),
        accepted_on: case.accepted_on.map_or(0, days),
        decided_on: on(decided_at),
        ended_on: on(ended_at),
        legal_due_on: due(&case.legal),
        promised_due_on: due(&case.promised),
        deemed_accepted: case.deemed,
        supplement_asked: case.supplement.is_some(),
        extended: case.extension.is_some(),
        suspensions: i32::try_from(case.stops.len()).unwrap_or(i32::MAX),
        granted: case.decision.as_ref().is_some_and(|decision| decision.granted),
        handling_days: case
            .decision
            .as_ref()
            .and_then(|d| d.days)
            .and_then(|days| i32::try_from(days).ok())
            .unwrap_or(-1),
        legal_limit_days: limit(&case.legal),
        promised_limit_days: limit(&case.promised),
        legal_signal: signal(&case.legal),
        promised_signal: signal(&case.promised),
        applicant_commitment: case.commitment.clone(),
        fixed_on_spot: !case.fixed_on_spot.is_empty(),
        late_entry: case.late,
    }
}

/// Days since 1970-01-01.
fn days(date: Date) -> i32 {
    // Every civil date lies within ±10,000 years, which are four million days.
    i32::try_from(calendar::start_of_day(date).div_euclid(86_400_000_000) + 1).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(days("1970-01-01".parse().expect("date")), 0);
        assert_eq!(days("1970-01-02".parse().expect("date")), 1);
        assert_eq!(days("2016-12-31".parse().expect("date")), 17166);
    }
}
