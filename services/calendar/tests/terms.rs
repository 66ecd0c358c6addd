//! Terms at their edges: extensions, calendar days, unpublished years, the ends of time, refusals.

use calendar::{Calendar, Date, Due, Explanation, Limit, Reason, Suspension, Term};

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

fn working(day0: &str, days: u16) -> Term {
    Term::new(date(day0), Limit::WorkingDays(days))
}

fn in_days(day0: &str, days: u16) -> Term {
    Term::new(date(day0), Limit::CalendarDays(days))
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
fn a_limit_of_no_days_is_due_on_day_zero() {
    assert_eq!(due(&working("2026-05-02", 0)), on("2026-05-02"));
    assert_eq!(due(&in_days("2040-01-01", 0)), on("2040-01-01"));
    assert_eq!(due(&stopped(working("2026-05-02", 0), &[("2026-05-01", "")])), on("2026-05-02"));
    let days = Calendar::builtin().explain(&working("2026-05-02", 0)).days;
    assert_eq!((days.len(), days[0].reason), (1, Reason::DayZero));
}

#[test]
fn a_limit_of_no_days_can_be_extended() {
    let term = Term { extensions: vec![1, 0, 1], ..working("2026-03-06", 0) };
    assert_eq!(due(&term), on("2026-03-10"));
}

#[test]
fn a_year_without_a_notice_gives_no_date() {
    let term = Term { extensions: vec![10], ..working("2026-12-24", 20) };
    let provisional = Due::Provisional { known_through: date("2026-12-31"), remaining: 25 };
    assert_eq!(due(&term), provisional);
    assert_eq!(provisional.date(), None);

    let explanation = Calendar::builtin().explain(&term);
    let last = explanation.days.last().expect("a last day");
    assert_eq!((last.date, last.reason), (date("2027-01-01"), Reason::Unpublished));
    assert_eq!(explanation.notices.len(), 1);
}

#[test]
fn a_term_that_ends_with_the_last_published_day_has_a_date() {
    assert_eq!(due(&working("2026-12-24", 5)), on("2026-12-31"));
    let first_unknown = Due::Provisional { known_through: date("2026-12-31"), remaining: 1 };
    assert_eq!(due(&working("2026-12-24", 6)), first_unknown);
}

#[test]
fn days_before_the_first_notice_are_unpublished_too() {
    let known_through = date("2015-12-30");
    assert_eq!(due(&working("2015-12-30", 1)), Due::Provisional { known_through, remaining: 1 });
    assert_eq!(due(&working("2015-12-31", 1)), on("2016-01-04"));
    let empty = Calendar::empty().due(&working("2026-02-09", 5));
    assert_eq!(empty, Due::Provisional { known_through: date("2026-02-09"), remaining: 5 });
}

#[test]
fn calendar_days_count_every_day_and_need_no_notice() {
    assert_eq!(due(&in_days("2026-02-09", 30)), on("2026-03-11"));
    assert_eq!(due(&in_days("2040-02-09", 30)), on("2040-03-10"));
    let term = stopped(in_days("2026-02-09", 30), &[("2026-02-14", "2026-02-15")]);
    assert_eq!(due(&term), on("2026-03-13"));
    let explanation = Calendar::builtin().explain(&term);
    assert!(explanation.notices.is_empty());
    assert_eq!(explanation.days.last().expect("a last day").counted, Some(30));
}

#[test]
fn an_extension_of_calendar_days_is_in_working_days() {
    let term = Term { extensions: vec![2], ..in_days("2026-03-09", 5) };
    assert_eq!(due(&term), on("2026-03-17"));
    let reasons: Vec<Reason> = Calendar::builtin().explain(&term).days.iter().map(|day| day.reason).collect();
    let mut expected = vec![Reason::DayZero];
    expected.extend([Reason::CalendarDay; 5]);
    expected.extend([Reason::Weekend, Reason::Workday, Reason::Workday]);
    assert_eq!(reasons, expected);
}

#[test]
fn the_first_and_the_last_date_that_exist_do_no_harm() {
    let end = Due::Provisional { known_through: Date::MAX, remaining: 7 };
    for limit in [Limit::WorkingDays(7), Limit::CalendarDays(7)] {
        let term = Term::new(Date::MAX, limit);
        assert_eq!(due(&term), end);
        assert_eq!(due(&stopped(term, &[("9999-12-01", "")])), end);
    }
    let near = Due::Provisional { known_through: Date::MAX, remaining: 4 };
    assert_eq!(due(&in_days("9999-12-28", 7)), near);
    assert_eq!(due(&in_days("9999-12-24", 7)), on("9999-12-31"));
    assert_eq!(due(&Term::new(Date::MIN, Limit::CalendarDays(1))), Due::On(Date::constant(-9999, 1, 2)));
    let first = Due::Provisional { known_through: Date::MIN, remaining: 1 };
    assert_eq!(due(&Term::new(Date::MIN, Limit::WorkingDays(1))), first);

    let to_the_end = stopped(working("2026-03-09", 5), &[("2026-03-10", "9999-12-31")]);
    assert_eq!(due(&to_the_end), Due::Provisional { known_through: Date::MAX, remaining: 5 });
    let for_ever = stopped(to_the_end.clone(), &[("2026-03-10", "9999-12-31"), ("9999-12-31", "")]);
    assert_eq!(due(&for_ever), Due::Stopped { since: date("2026-03-10"), remaining: 5 });
    let explanation = Calendar::builtin().explain(&to_the_end);
    assert!(explanation.truncated);
    assert_eq!(explanation.days.len(), Explanation::MAX_DAYS);

    let calendar = Calendar::builtin();
    assert_eq!(calendar.workdays_between(Date::MIN, Date::MAX), None);
    assert_eq!(calendar.workdays_between(Date::MAX, Date::MIN), Some(0));
    assert_eq!(calendar.workday_before(Date::MIN, 1), None);
    assert_eq!(calendar.workday_before(Date::MAX, u32::MAX), None);
    for term in [Term::new(Date::MIN, Limit::WorkingDays(1)), Term::new(Date::MAX, Limit::WorkingDays(1))] {
        assert_eq!(calendar.explain(&term).due, calendar.due(&term));
    }
}

#[test]
fn enormous_terms_are_refused_but_harmless() {
    let term = Term { extensions: vec![u16::MAX; 70_000], ..working("2016-01-01", u16::MAX) };
    assert!(matches!(due(&term), Due::Provisional { .. }));
    assert_eq!(Calendar::builtin().explain(&term).due, due(&term));
    assert!(term.check().is_err());
}

/// The field and the reason of a refused term.
fn refusal(term: &Term) -> String {
    let error = term.check().expect_err("refused");
    format!("{} {}", error.field, error.problem.reason())
}

#[test]
fn every_refusal_names_its_field() {
    let term = working("2026-03-09", 5);
    assert_eq!(term.check(), Ok(()));
    assert_eq!(working("2026-03-09", 2_000).check(), Ok(()));
    assert_eq!(refusal(&working("2026-03-09", 2_001)), "limit ABOVE_MAX");
    assert_eq!(refusal(&in_days("2026-03-09", 2_001)), "limit ABOVE_MAX");
    let extended = |extensions| Term { extensions, ..term.clone() };
    assert_eq!(refusal(&extended(vec![1_000, 996])), "extensions ABOVE_MAX");
    assert_eq!(refusal(&extended(vec![0; 101])), "extensions ABOVE_MAX");
    let stops = [("2026-03-10", "2026-03-10"), ("2026-03-12", "2026-03-11")];
    assert_eq!(refusal(&stopped(term.clone(), &stops)), "suspensions[1].last BACKWARDS");
    let stops = [("2026-03-10", "2206-03-10")];
    assert_eq!(refusal(&stopped(term.clone(), &stops)), "suspensions[0].last ABOVE_MAX");
    let stops = [("2026-03-10", ""); 101];
    assert_eq!(refusal(&stopped(term, &stops)), "suspensions ABOVE_MAX");
}

#[test]
fn the_working_day_before_a_date_is_for_warnings() {
    let calendar = Calendar::builtin();
    assert_eq!(calendar.workday_before(date("2026-02-24"), 0), Some(date("2026-02-24")));
    assert_eq!(calendar.workday_before(date("2026-02-24"), 1), Some(date("2026-02-14")));
    assert_eq!(calendar.workday_before(date("2026-02-24"), 3), Some(date("2026-02-12")));
    assert_eq!(calendar.workday_before(date("2026-01-01"), 1), Some(date("2025-12-31")));
    assert_eq!(calendar.workday_before(date("2016-01-05"), 1), Some(date("2016-01-04")));
    assert_eq!(calendar.workday_before(date("2016-01-04"), 1), None);
    assert_eq!(calendar.workday_before(date("2027-01-01"), 1), Some(date("2026-12-31")));
    assert_eq!(calendar.workday_before(date("2027-01-02"), 1), None);
}

#[test]
fn working_days_between_exclude_the_first_and_include_the_last() {
    let calendar = Calendar::builtin();
    let between = |after, through| calendar.workdays_between(date(after), date(through));
    assert_eq!(between("2026-02-09", "2026-02-14"), Some(5));
    assert_eq!(between("2026-02-14", "2026-02-14"), Some(0));
    // Each year as PyPI's chinesecalendar counts it.
    let years = [250, 249, 250, 250, 249, 250, 249, 249, 251, 248, 248];
    for (year, days) in (2016..).zip(years) {
        let after = Date::constant(year - 1, 12, 31);
        assert_eq!(calendar.workdays_between(after, Date::constant(year, 12, 31)), Some(days));
    }
    assert_eq!(between("2015-12-31", "2026-12-31"), Some(years.iter().sum()));
    assert_eq!(between("2015-12-30", "2016-01-04"), None);
    assert_eq!(between("2026-12-31", "2027-01-01"), None);
}

#[test]
fn terms_and_answers_travel_as_json() {
    let term = stopped(working("2026-03-09", 5), &[("2026-03-12", "")]);
    let json = serde_json::to_string(&term).expect("to JSON");
    assert_eq!(
        json,
        r#"{"day0":"2026-03-09","limit":{"working_days":5},"suspensions":[{"first":"2026-03-12","last":null}],"extensions":[]}"#
    );
    assert_eq!(serde_json::from_str::<Term>(&json).expect("from JSON"), term);
    let short = r#"{"day0":"2026-03-09","limit":{"calendar_days":5}}"#;
    assert_eq!(serde_json::from_str::<Term>(short).expect("from JSON"), in_days("2026-03-09", 5));
    let explanation = Calendar::builtin().explain(&term);
    let json = serde_json::to_string(&explanation).expect("to JSON");
    assert_eq!(serde_json::from_str::<Explanation>(&json).expect("from JSON"), explanation);
}

#[test]
fn every_reason_has_its_article_and_its_words() {
    let reasons = [
        (Reason::DayZero, "民事诉讼法第85条"),
        (Reason::Workday, "行政许可法第82条"),
        (Reason::MakeUpWorkday, "行政许可法第82条"),
        (Reason::Weekend, "行政许可法第82条"),
        (Reason::Holiday, "行政许可法第82条"),
        (Reason::Suspended, "行政许可法第45条"),
        (Reason::Unpublished, "行政许可法第82条"),
        (Reason::CalendarDay, "民事诉讼法第85条"),
    ];
    for (reason, article) in reasons {
        assert_eq!(reason.article(), article);
        assert!(!reason.text_zh().is_empty() && !reason.text_en().is_empty());
    }
}
