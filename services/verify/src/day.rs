//! Civil days in Shanghai, as the journals' facts number them: since 1970-01-01.

use jiff::{Span, civil::Date};

const EPOCH: Date = Date::constant(1970, 1, 1);

/// Reads YYYY-MM-DD and nothing else.
pub fn parse(text: &str) -> Option<i32> {
    let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    plain.then(|| text.parse().ok().map(number))?
}

/// The day of a moment, microseconds UTC.
pub fn at(micros: i64) -> i32 {
    number(calendar::shanghai_date(micros))
}

/// YYYY-MM-DD
pub fn text(day: i32) -> String {
    date(day).to_string()
}

pub fn year(day: i32) -> i16 {
    date(day).year()
}

/// The first and the last day of a year.
pub fn of_year(year: i16) -> Option<(i32, i32)> {
    Some((number(Date::new(year, 1, 1).ok()?), number(Date::new(year, 12, 31).ok()?)))
}

fn number(date: Date) -> i32 {
    // Every civil date lies within ±10,000 years, which are four million days.
    i32::try_from(date.duration_since(EPOCH).as_hours() / 24).unwrap_or_default()
}

fn date(day: i32) -> Date {
    let nearest = if day < 0 { Date::MIN } else { Date::MAX };
    Span::new().try_days(day).and_then(|span| EPOCH.checked_add(span)).unwrap_or(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_they_are_written() {
        for (written, day) in [("1970-01-01", 0), ("1969-12-31", -1), ("2016-12-31", 17_166)] {
            assert_eq!((parse(written), text(day).as_str()), (Some(day), written));
        }
        for wrong in ["", "2016-02-30", "2016-1-01", "20160101", "2016-01-01T00:00", "-016-01-01"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!(of_year(2016), Some((16_801, 17_166)));
        assert_eq!((year(17_166), text(i32::MAX), text(i32::MIN)), (2016, text(i32::MAX - 1), text(i32::MIN + 1)));
        assert_eq!(at(1_483_199_999_999_999), 17_166, "a microsecond before midnight in Shanghai");
        assert_eq!(at(1_483_200_000_000_000), 17_167);
    }
}
