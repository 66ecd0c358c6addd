//! Civil dates in Asia/Shanghai, at a fixed +08:00, and the instants (UTC microseconds) at which they begin and end.

use jiff::{Span, civil::Date};

const EPOCH: Date = Date::constant(1970, 1, 1);
const MICROS_PER_DAY: i64 = 86_400_000_000;
/// Shanghai is eight hours ahead of UTC; no daylight saving since 1991.
const OFFSET: i64 = 8 * 3_600_000_000;

/// The civil date in Shanghai at `micros_utc`, microseconds since 1970-01-01T00:00Z.
///
/// An instant outside the years −9999 to 9999 gives the nearest date that exists.
pub fn shanghai_date(micros_utc: i64) -> Date {
    let days = micros_utc.saturating_add(OFFSET).div_euclid(MICROS_PER_DAY);
    let nearest = if days < 0 { Date::MIN } else { Date::MAX };
    Span::new().try_days(days).and_then(|span| EPOCH.checked_add(span)).unwrap_or(nearest)
}

/// The instant at which `date` begins in Shanghai (00:00), in microseconds since 1970-01-01T00:00Z.
///
/// A term that is due on `date` is overdue from `start_of_day` of the next date, which is [`end_of_day`] of this one.
pub fn start_of_day(date: Date) -> i64 {
    date.duration_since(EPOCH).as_hours() / 24 * MICROS_PER_DAY - OFFSET
}

/// The instant at which `date` ends in Shanghai (24:00), in microseconds since 1970-01-01T00:00Z.
pub fn end_of_day(date: Date) -> i64 {
    start_of_day(date) + MICROS_PER_DAY
}
