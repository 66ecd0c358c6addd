//! Suspensions: what they stop, how they merge, and where they stand open.

use calendar::{Calendar, Date, Due, Limit, Reason, Suspension, Term};

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

fn working(day0: &str, days: u16) -> Term {
    Term::new(date(day0), Limit::WorkingDays(days))
}

/// The term, stopped in each of `stops`: first and last day, `""` for a stop that still runs.
fn stopped(term: Term, stops: &[(&str, &str)]) -> Term {
    let suspensions = stops
        .iter()
        .map(|(first, last)| Suspension { first: date(first), last: (!last.is_empty()).then(|| date(last)) })
        .collect();
    Term { suspensions, ..term }
}

fn due(term: &Term) -> Due {
    Calendar::builtin().due(term)
}

fn on(text: &str) -> Due {
    Due::On(date(text))
}

#[test]
fn a_suspension_before_or_on_day_zero_only_stops_what_follows() {
    let term = working("2026-03-09", 5);
    assert_eq!(due(&term), on("2026-03-16"));
    assert_eq!(due(&stopped(term.clone(), &[("2026-03-01", "2026-03-08")])), on("2026-03-16"));
    assert_eq!(due(&stopped(term.clone(), &[("2026-03-01", "2026-03-09")])), on("2026-03-16"));
    assert_eq!(due(&stopped(term.clone(), &[("2026-03-01", "2026-03-10")])), on("2026-03-17"));
    assert_eq!(due(&stopped(term, &[("2026-03-09", "2026-03-10")])), on("2026-03-17"));
}

#[test]
fn a_suspension_after_the_last_day_is_ignored() {
    let term = working("2026-03-09", 5);
    assert_eq!(due(&stopped(term.clone(), &[("2026-03-17", "2026-03-20")])), on("2026-03-16"));
    assert_eq!(due(&stopped(term, &[("2026-03-17", "")])), on("2026-03-16"));
}

#[test]
fn a_suspension_of_weekends_alone_changes_nothing() {
    let term = stopped(working("2026-03-09", 5), &[("2026-03-14", "2026-03-15")]);
    assert_eq!(due(&term), on("2026-03-16"));
}

#[test]
fn a_suspension_of_one_day_counts_both_its_ends() {
    let term = stopped(working("2026-03-09", 5), &[("2026-03-16", "2026-03-16")]);
    assert_eq!(due(&term), on("2026-03-17"));
}

#[test]
fn overlapping_nested_and_touching_suspensions_merge_in_any_order() {
    let whole = stopped(working("2026-03-09", 5), &[("2026-03-11", "2026-03-20")]);
    let mut parts = vec![
        ("2026-03-16", "2026-03-20"),
        ("2026-03-11", "2026-03-13"),
        ("2026-03-12", "2026-03-12"),
        ("2026-03-13", "2026-03-15"),
        ("2026-03-11", "2026-03-13"),
    ];
    for _ in 0..parts.len() {
        parts.rotate_left(1);
        let term = stopped(working("2026-03-09", 5), &parts);
        assert_eq!(due(&term), due(&whole));
        assert_eq!(Calendar::builtin().explain(&term), Calendar::builtin().explain(&whole));
    }
    assert_eq!(due(&whole), on("2026-03-26"));
}

#[test]
fn a_suspension_within_the_extension_stops_the_clock_too() {
    let term = Term { extensions: vec![5], ..working("2026-03-09", 5) };
    assert_eq!(due(&term), on("2026-03-23"));
    assert_eq!(due(&stopped(term, &[("2026-03-18", "2026-03-19")])), on("2026-03-25"));
}

#[test]
fn an_open_suspension_stops_the_clock() {
    let term = stopped(working("2026-03-09", 5), &[("2026-03-12", "")]);
    assert_eq!(due(&term), Due::Stopped { since: date("2026-03-12"), remaining: 3 });
    let explanation = Calendar::builtin().explain(&term);
    let last = explanation.days.last().expect("a last day");
    assert_eq!((last.date, last.reason, last.counted), (date("2026-03-12"), Reason::Suspended, None));
}

#[test]
fn an_open_suspension_stands_since_the_first_day_of_the_unbroken_stop() {
    let stops = [("2026-03-16", ""), ("2026-03-12", "2026-03-13"), ("2026-03-14", "2026-03-15")];
    let term = stopped(working("2026-03-09", 5), &stops);
    assert_eq!(due(&term), Due::Stopped { since: date("2026-03-12"), remaining: 3 });
    let stops = [("2026-03-16", ""), ("2026-03-12", "2026-03-13")];
    let term = stopped(working("2026-03-09", 5), &stops);
    assert_eq!(due(&term), Due::Stopped { since: date("2026-03-16"), remaining: 3 });
    let term = stopped(working("2026-03-09", 5), &[("2026-01-01", "")]);
    assert_eq!(due(&term), Due::Stopped { since: date("2026-03-10"), remaining: 5 });
}

#[test]
fn an_open_suspension_needs_no_notice_for_the_days_it_covers() {
    let term = stopped(working("2026-12-30", 5), &[("2027-01-01", "")]);
    assert_eq!(due(&term), Due::Stopped { since: date("2027-01-01"), remaining: 4 });
    let term = stopped(working("2026-12-30", 5), &[("2027-01-02", "")]);
    assert_eq!(due(&term), Due::Provisional { known_through: date("2026-12-31"), remaining: 4 });
}

#[test]
fn suspended_days_are_not_examined() {
    let stops = [("2026-12-26", "2027-01-10")];
    let term = stopped(working("2026-12-24", 3), &stops);
    assert_eq!(due(&term), Due::Provisional { known_through: date("2027-01-10"), remaining: 2 });

    let mut next = Calendar::builtin().notice(2026).expect("2026").clone();
    (next.year, next.off, next.workdays) = (2028, vec![], vec![]);
    let with_a_gap = Calendar::builtin().with(next).expect("2028");
    let term = stopped(working("2026-12-24", 3), &[("2026-12-26", "2027-12-31")]);
    assert_eq!(with_a_gap.due(&term), on("2028-01-04"));
    let years: Vec<i16> = with_a_gap.explain(&term).notices.iter().map(|n| n.year).collect();
    assert_eq!(years, [2026, 2028]);
}

#[test]
fn a_backwards_suspension_covers_no_day() {
    let term = stopped(working("2026-03-09", 5), &[("2026-03-12", "2026-03-10")]);
    assert_eq!(due(&term), on("2026-03-16"));
}
