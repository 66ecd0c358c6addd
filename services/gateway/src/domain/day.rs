//! Civil days in Shanghai as numbers, which is how facts carry them and how they are counted.

use std::fmt;

use calendar::Date;
use jiff::ToSpan;
use serde::{Deserialize, Serialize};

const EPOCH: Date = Date::constant(1970, 1, 1);

/// Days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Day(pub i32);

impl Day {
    /// The day of a moment, microseconds UTC.
    pub fn at(micros: i64) -> Day {
        Day::of(calendar::shanghai_date(micros))
    }

    pub fn of(date: Date) -> Day {
        // Every civil date lies within ±10,000 years, which are four million days.
        Day(i32::try_from(date.duration_since(EPOCH).as_hours() / 24).unwrap_or_default())
    }

    /// The hour of its day, 0 to 23, that a moment lies in.
    pub fn hour_at(micros: i64) -> i32 {
        let since = micros - calendar::start_of_day(calendar::shanghai_date(micros));
        i32::try_from(since / 3_600_000_000).unwrap_or_default()
    }

    /// Reads YYYY-MM-DD and nothing else.
    pub fn parse(text: &str) -> Option<Day> {
        let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        plain.then(|| text.parse().ok().map(Day::of))?
    }

    pub fn date(self) -> Date {
        EPOCH.checked_add(self.0.days()).unwrap_or(if self.0 < 0 { Date::MIN } else { Date::MAX })
    }

    /// YYYY-MM
    pub fn month(self) -> String {
        let date = self.date();
        format!("{:04}-{:02}", date.year(), date.month())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date().fmt(f)
    }
}

/// Both days inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Period {
    pub first: Day,
    pub last: Day,
}

impl Period {
    /// A calendar year.
    pub fn year(year: i16) -> Option<Period> {
        Some(Period { first: Day::of(Date::new(year, 1, 1).ok()?), last: Day::of(Date::new(year, 12, 31).ok()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_back_as_it_was_written() {
        for (text, number) in [("1970-01-01", 0), ("1969-12-31", -1), ("2016-12-31", 17_166), ("2016-02-29", 16_860)] {
            assert_eq!(Day::parse(text), Some(Day(number)));
            assert_eq!(Day(number).to_string(), text);
        }
        assert_eq!(Day(17_166).month(), "2016-12");
    }

    #[test]
    fn what_is_no_day_is_not_read() {
        for text in ["", "2016", "2015-02-29", "2016-13-01", "2016-1-1", "20160101", "2016-01-01T00:00", "-0016-01-01"]
        {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }
}
