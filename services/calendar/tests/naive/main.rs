//! The calendar against a second implementation that is as plain as can be: it walks day by day, keeps its own dates,
//! reads the notices by itself and shares no code with the crate.
//!
//! `YIZHAN_HISTORIES` says how many random histories are compared (20,000 where it is not set), `YIZHAN_SEED` where the
//! random numbers begin. A failure prints the seed of the history and the history.

mod random;
mod walk;

use calendar::{Calendar, Date, Due, Limit, Notice, Reason, Term};
use random::{Random, later, random_notices, random_term};
use serde_json::{Value, json};
use walk::{Answer, History, Naive, Ymd, next};

fn plain(date: Date) -> Ymd {
    (i32::from(date.year()), date.month() as u32, date.day() as u32)
}

fn date((year, month, day): Ymd) -> Date {
    Date::new(year as i16, month as i8, day as i8).expect("a date")
}

fn history(term: &Term) -> History {
    let extended = term.extensions.iter().map(|days| u32::from(*days)).sum::<u32>();
    let (calendar_days, working_days) = match term.limit {
        Limit::WorkingDays(days) => (0, u32::from(days) + extended),
        Limit::CalendarDays(days) => (u32::from(days), extended),
    };
    let stops = term.suspensions.iter().map(|stop| (plain(stop.first), stop.last.map(plain))).collect();
    History { day0: plain(term.day0), calendar_days, working_days, stops }
}

fn answer(due: Due) -> Answer {
    match due {
        Due::On(date) => Answer::On(plain(date)),
        Due::Provisional { known_through, remaining } => Answer::Provisional(plain(known_through), remaining),
        Due::Stopped { since, remaining } => Answer::Stopped(plain(since), remaining),
    }
}

fn word(reason: Reason) -> &'static str {
    match reason {
        Reason::DayZero => "day_zero",
        Reason::Workday => "workday",
        Reason::MakeUpWorkday => "make_up_workday",
        Reason::Weekend => "weekend",
        Reason::Holiday => "holiday",
        Reason::Suspended => "suspended",
        Reason::Unpublished => "unpublished",
        Reason::CalendarDay => "calendar_day",
    }
}

/// Both implementations under the same notices.
fn calendars(notices: &Value) -> (Naive, Calendar) {
    let typed: Vec<Notice> = serde_json::from_value(notices.clone()).expect("notices");
    let calendar = typed
        .into_iter()
        .fold(Calendar::empty(), |calendar, notice| calendar.with(notice).expect("a notice that passes"));
    (Naive::read(notices), calendar)
}

fn compare(naive: &Naive, calendar: &Calendar, term: &Term, seed: u64) {
    let (expected, days) = naive.walk(&history(term));
    let due = calendar.due(term);
    assert_eq!(answer(due), expected, "due, seed {seed}, {term:?}");

    let explanation = calendar.explain(term);
    assert_eq!(explanation.due, due, "explained due, seed {seed}, {term:?}");
    assert!(!explanation.truncated, "truncated, seed {seed}, {term:?}");
    let explained = explanation.days.iter().map(|day| (plain(day.date), day.counted, word(day.reason)));
    assert!(explained.eq(days.iter().copied()), "days, seed {seed}, {term:?}: {explanation:?}, not {days:?}");

    let (day0, n) = (term.day0, term.days() % 90);
    let through = later(day0, i64::from(n));
    let between = naive.between(plain(day0), plain(through));
    assert_eq!(calendar.workdays_between(day0, through), between, "after {day0} through {through}, seed {seed}");
    let before = naive.before(plain(day0), n);
    assert_eq!(calendar.workday_before(day0, n).map(plain), before, "{n} before {day0}, seed {seed}");
}

#[test]
fn random_histories_end_as_the_naive_implementation_says() {
    let number = |name, otherwise| match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}")),
        Err(_) => otherwise,
    };
    let histories: u64 = number("YIZHAN_HISTORIES", 20_000);
    let first: u64 = number("YIZHAN_SEED", 0);
    let builtin = serde_json::from_str(include_str!("../../data/notices.json")).expect("JSON");
    let builtin = (Naive::read(&builtin), Calendar::builtin());
    let mut random_calendar = calendars(&random_notices(&mut Random(first)));
    for seed in first..first + histories {
        let mut random = Random(seed);
        if seed % 500 == 0 {
            random_calendar = calendars(&random_notices(&mut Random(seed)));
        }
        let (naive, calendar) = if random.chance(50) { &builtin } else { &random_calendar };
        compare(naive, calendar, &random_term(&mut random), seed);
    }
}

#[test]
fn every_day_of_the_built_in_years_is_the_same_day_to_both() {
    let notices = serde_json::from_str(include_str!("../../data/notices.json")).expect("JSON");
    let (naive, calendar) = (Naive::read(&notices), Calendar::builtin());
    let mut day = (2015, 1, 1);
    while day < (2028, 1, 1) {
        let kind = serde_json::to_value(calendar.kind(date(day))).expect("to JSON");
        assert_eq!(kind, json!(naive.kind(day).unwrap_or("unpublished")), "{day:?}");
        day = next(day).expect("a next day");
    }
}
