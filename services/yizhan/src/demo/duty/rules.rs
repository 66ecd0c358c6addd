//! The county's rules of duty: three seats a half-day, which just hold the half-day that each of its 29 units owes a week.

use proto::roster::v1 as pb;

use super::super::county::{County, Person, Window, resource};

/// The window at whose terminal the duty is signed.
pub const WINDOW: &str = "D01";
/// Of the centre: who answers and issues, who plans and drafts, and who keeps the records.
pub const CHIEF: &str = "D01-1";
pub const PLANNER: &str = "D01-2";
pub const RECORDER: &str = "D01-3";

/// From this day on all of it holds.
const FIRST: &str = "2016-01-01";

/// Working days from publication to the first duty.
pub const NOTICE: usize = 3;
/// Substitutes of a unit in a month.
pub const SUBSTITUTES: usize = 2;

pub fn rules() -> pb::DutyRules {
    let hours = |first: &str, last: &str| Some(pb::Hours { first: first.into(), last: last.into() });
    let post = |code: &str, zh: &str, en: &str, seats| pb::Post {
        code: code.into(),
        title_zh: zh.into(),
        title_en: en.into(),
        window: resource("windows", WINDOW),
        seats,
        halves: Vec::new(),
    };
    pb::DutyRules {
        effective_on: FIRST.into(),
        posts: vec![post("LEAD", "值班带班", "Lead", 1), post("HALL", "大厅值班", "Hall", 2)],
        morning: hours("08:30", "12:00"),
        afternoon: hours("14:30", "17:30"),
        unit_half_days_per_week: 1,
        head_half_days_per_month: 1,
        fairness: 1,
        notice_days: NOTICE as i32,
        late_minutes: 15,
        early_minutes: 15,
        absent_minutes: 60,
        substitutions_per_month: SUBSTITUTES as i32,
        contest_days: 2,
        document_prefix: "尉政务通".into(),
        publishes_circulars: true,
        ..Default::default()
    }
}

/// Who staffs each window: A sits there, B there too or, where nobody does, at another window of the same unit.
pub fn staffings(county: &County) -> Vec<(String, pb::Staffing)> {
    let staffing = |window: &Window| {
        let mut here = county.people.iter().filter(|person| person.window == window.code);
        let a = here.next()?;
        let near = || {
            let of_unit = |person: &&Person| person.unit == a.unit && !person.window.is_empty();
            county.people.iter().filter(of_unit).find(|person| person.window != window.code)
        };
        let b = here.next().or_else(near);
        let staffing = pb::Staffing {
            effective_on: FIRST.to_owned(),
            clerk_a: a.name(),
            clerk_b: b.map(Person::name).unwrap_or_default(),
            ..Default::default()
        };
        Some((resource("windows", &window.code), staffing))
    };
    county.windows.iter().filter_map(staffing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_window_has_a_clerk_and_most_have_two() {
        let county = County::read().expect("a county");
        let staffings = staffings(&county);
        assert_eq!(staffings.len(), county.windows.len());
        assert!(staffings.iter().all(|(_, staffing)| staffing.clerk_a != staffing.clerk_b));
        let two = staffings.iter().filter(|(_, staffing)| !staffing.clerk_b.is_empty()).count();
        assert!(two * 2 > staffings.len(), "{two}");
    }

    #[test]
    fn a_full_week_has_a_seat_for_every_unit() {
        let county = County::read().expect("a county");
        let mut units: Vec<_> =
            county.people.iter().filter(|person| person.leads()).map(|person| &person.unit).collect();
        units.dedup();
        let seats: i32 = rules().posts.iter().map(|post| post.seats * 2 * 5).sum();
        assert!(seats as usize >= units.len(), "{seats} {}", units.len());
    }
}
