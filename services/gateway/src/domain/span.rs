//! A year, a month or a week: the steps of time that a board goes down by.

use std::fmt;

use calendar::Date;
use jiff::civil::{ISOWeekDate, Weekday};

use super::day::{Day, Period};

/// What a board is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    Year(i16),
    Month(i16, i8),
    /// Monday to Sunday, by ISO 8601: its year is that of its Thursday.
    Week(i16, i8),
}

impl Span {
    /// Both days inclusive; none where there is no such month or week.
    pub fn period(self) -> Option<Period> {
        let of = |first: Date, last: Date| Period { first: Day::of(first), last: Day::of(last) };
        match self {
            Span::Year(year) => Period::year(year),
            Span::Month(year, month) => {
                let first = Date::new(year, month, 1).ok()?;
                Some(of(first, first.last_of_month()))
            }
            Span::Week(year, week) => {
                let day = |weekday| ISOWeekDate::new(year, week, weekday).ok().map(ISOWeekDate::date);
                Some(of(day(Weekday::Monday)?, day(Weekday::Sunday)?))
            }
        }
    }

    /// The span that is just this period, if one is.
    pub fn of(period: Period) -> Option<Span> {
        let first = period.first.date();
        let all = [Span::Year(first.year()), Span::Month(first.year(), first.month()), Span::week_of(period.first)];
        all.into_iter().find(|span| span.period() == Some(period))
    }

    /// The week that a day lies in.
    pub fn week_of(day: Day) -> Span {
        let week = day.date().iso_week_date();
        Span::Week(week.year(), week.week())
    }

    /// The year that leads down to it.
    pub fn year(self) -> i16 {
        match self {
            Span::Year(year) | Span::Month(year, _) | Span::Week(year, _) => year,
        }
    }

    /// What it is called in an address.
    pub fn kind(self) -> &'static str {
        match self {
            Span::Year(_) => "year",
            Span::Month(..) => "month",
            Span::Week(..) => "week",
        }
    }

    /// Reads 2016, 2016-03 or 2016-W10, which is how one is written.
    pub fn parse(text: &str) -> Option<Span> {
        let number = |part: &str, digits: usize| {
            let plain = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| part.parse::<i16>().ok())?
        };
        let (year, rest) = (number(text.get(..4)?, 4)?, text.get(4..)?);
        let part = |part: i16| i8::try_from(part).ok();
        let span = match rest.strip_prefix("-W") {
            Some(week) => Span::Week(year, part(number(week, 2)?)?),
            None if rest.is_empty() => Span::Year(year),
            None => Span::Month(year, part(number(rest.strip_prefix('-')?, 2)?)?),
        };
        span.period().filter(|_| year > 0).map(|_| span)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Span::Year(year) => write!(f, "{year:04}"),
            Span::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            Span::Week(year, week) => write!(f, "{year:04}-W{week:02}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_read_as_it_is_written_and_found_by_its_days() {
        for (text, first, last) in [
            ("2016", "2016-01-01", "2016-12-31"),
            ("2016-02", "2016-02-01", "2016-02-29"),
            ("2016-W10", "2016-03-07", "2016-03-13"),
            // The last week of 2015 ends in 2016.
            ("2015-W53", "2015-12-28", "2016-01-03"),
        ] {
            let span = Span::parse(text).expect(text);
            let period = span.period().expect(text);
            assert_eq!((period.first.to_string().as_str(), period.last.to_string().as_str()), (first, last));
            assert_eq!((span.to_string().as_str(), Span::of(period)), (text, Some(span)));
        }
        let week = Day::parse("2016-01-01").map(Span::week_of);
        assert_eq!(week, Some(Span::Week(2015, 53)));
    }

    #[test]
    fn what_is_no_span_is_not_read() {
        for text in
            ["", "16", "0000", "2016-13", "2016-W00", "2016-W53", "2016-W1", "2016-3", "2016W10", "-016", "二〇一六"]
        {
            assert_eq!(Span::parse(text), None, "{text}");
        }
    }
}
