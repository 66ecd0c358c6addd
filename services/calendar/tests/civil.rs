//! Instants and civil dates in Shanghai.

use calendar::{Date, end_of_day, shanghai_date, start_of_day};

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

#[test]
fn the_civil_date_changes_at_sixteen_hours_utc() {
    let micros = |text: &str| text.parse::<jiff::Timestamp>().expect("an instant").as_microsecond();
    assert_eq!(shanghai_date(micros("2026-02-13T15:59:59.999999Z")), date("2026-02-13"));
    assert_eq!(shanghai_date(micros("2026-02-13T16:00:00Z")), date("2026-02-14"));
    assert_eq!(start_of_day(date("2026-02-14")), micros("2026-02-13T16:00:00Z"));
    assert_eq!(end_of_day(date("2026-02-14")), start_of_day(date("2026-02-15")));
    assert_eq!(shanghai_date(micros("1969-12-31T15:59:59Z")), date("1969-12-31"));
    assert_eq!(shanghai_date(0), date("1970-01-01"));
    assert_eq!((shanghai_date(i64::MIN), shanghai_date(i64::MAX)), (Date::MIN, Date::MAX));
    for day in [Date::MIN, date("2000-02-29"), date("1968-12-31"), Date::MAX] {
        assert_eq!(shanghai_date(start_of_day(day)), day);
        assert_eq!(shanghai_date(end_of_day(day) - 1), day);
    }
}
