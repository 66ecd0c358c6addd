//! The calendar: the newest notice of each year, and the counting of terms by it.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, LazyLock},
};

use jiff::{ToSpan as _, civil::Date};

use crate::{
    notice::{Notice, NoticeError, builtin_notices},
    term::{Due, Limit, Suspension, Term},
    year::{DayKind, Year},
};

/// An immutable set of notices, one a year. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Calendar(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    years: BTreeMap<i16, Arc<Year>>,
    version: String,
}

impl Calendar {
    /// The notices that are compiled in, each year at its newest version: 2016 to 2026.
    pub fn builtin() -> Calendar {
        // A notice that does not pass its own check is left out, and its year is unpublished; a test proves none is.
        static BUILTIN: LazyLock<Calendar> = LazyLock::new(|| {
            builtin_notices()
                .iter()
                .fold(Calendar::empty(), |calendar, notice| calendar.with(notice.clone()).unwrap_or(calendar))
        });
        BUILTIN.clone()
    }

    /// A calendar without a notice: every working day is unpublished.
    pub fn empty() -> Calendar {
        Calendar(Arc::new(Inner { years: BTreeMap::new(), version: version(&BTreeMap::new()) }))
    }

    /// This calendar with one notice more. A newer version of a year takes the place of the one held; the very notice
    /// that is held (its source aside) changes nothing.
    ///
    /// # Errors
    ///
    /// [`NoticeError::Field`] where the notice does not pass [`Notice::check`]; [`NoticeError::Stale`] where the year is
    /// held at a newer version, or at the same version with other content.
    pub fn with(&self, notice: Notice) -> Result<Calendar, NoticeError> {
        notice.check()?;
        let notice = notice.sorted();
        if let Some(held) = self.notice(notice.year) {
            if held.says_the_same(&notice) {
                return Ok(self.clone());
            }
            if held.version >= notice.version {
                let (held, offered) = (held.version, notice.version);
                return Err(NoticeError::Stale { year: notice.year, held, offered });
            }
        }
        let mut years = self.0.years.clone();
        years.insert(notice.year, Arc::new(Year::new(notice)));
        let version = version(&years);
        Ok(Calendar(Arc::new(Inner { years, version })))
    }

    /// The notice of `year`.
    pub fn notice(&self, year: i16) -> Option<&Notice> {
        self.0.years.get(&year).map(|year| &year.notice)
    }

    /// The years that have a notice, in order.
    pub fn years(&self) -> impl Iterator<Item = i16> {
        self.0.years.keys().copied()
    }

    /// Which years it holds at which versions, e.g. `2016-2017.1+2018.2`: equal for two calendars exactly when these are.
    /// Keep it beside every due date, and compute again when it changes.
    pub fn version(&self) -> &str {
        &self.0.version
    }

    /// What `date` is.
    pub fn kind(&self, date: Date) -> DayKind {
        self.year(date.year()).map_or(DayKind::Unpublished, |year| year.kind(date))
    }

    /// Whether `date` is worked; `None` where its year has no notice.
    pub fn is_workday(&self, date: Date) -> Option<bool> {
        self.kind(date).is_workday()
    }

    /// The last day of `term`.
    ///
    /// Day 0 is not counted, a limit of 0 days is therefore due on day 0. Suspended days are passed over unexamined.
    /// Extensions go on counting working days where the limit ended. Never allocates.
    pub fn due(&self, term: &Term) -> Due {
        let mut through = term.day0;
        let mut remaining = term.days();
        let in_calendar_days = matches!(term.limit, Limit::CalendarDays(_));
        let limit = (in_calendar_days, term.limit.days());
        let extensions = (false, term.extended());
        for (in_calendar_days, mut days) in [limit, extensions] {
            while days > 0 {
                let (first, last) = match running(&term.suspensions, through) {
                    Running::Span(first, last) => (first, last),
                    Running::Stopped(since) => return Due::Stopped { since, remaining },
                    Running::Never => {
                        return Due::Provisional { known_through: Date::MAX, remaining };
                    }
                };
                let advance = if in_calendar_days {
                    count_calendar(first, last, days)
                } else {
                    self.count_working(first, last, days)
                };
                let counted = match advance {
                    Advance::Reached(date) => {
                        through = date;
                        days
                    }
                    Advance::Counted(counted) => {
                        through = last;
                        counted
                    }
                    Advance::Unpublished { known_through, counted } => {
                        return Due::Provisional { known_through, remaining: remaining - counted };
                    }
                };
                days -= counted;
                remaining -= counted;
            }
        }
        Due::On(through)
    }

    /// The working days after `after`, through `through`; `None` where a day on the way lies in a year without a
    /// notice. No day, and so 0, where `through` is not after `after`.
    pub fn workdays_between(&self, after: Date, through: Date) -> Option<u32> {
        if through <= after {
            return Some(0);
        }
        let first = after.tomorrow().ok()?;
        (first.year()..=through.year()).map(|year| Some(self.year(year)?.workdays(first, through).len() as u32)).sum()
    }

    /// The `n`th working day before `date`, itself not counted; `date` where `n` is 0. `None` where a day on the way
    /// lies in a year without a notice.
    pub fn workday_before(&self, date: Date, n: u32) -> Option<Date> {
        if n == 0 {
            return Some(date);
        }
        let last = date.yesterday().ok()?;
        let mut left = n as usize;
        for year in (Date::MIN.year()..=last.year()).rev() {
            let days = self.year(year)?.workdays(Date::MIN, last);
            match days.len().checked_sub(left) {
                Some(at) => return days.get(at).copied(),
                None => left -= days.len(),
            }
        }
        None
    }

    fn year(&self, year: i16) -> Option<&Year> {
        self.0.years.get(&year).map(Arc::as_ref)
    }

    /// Counts up to `days` working days (at least one) from `first` to `last`.
    fn count_working(&self, first: Date, last: Date, days: u32) -> Advance {
        let mut counted = 0;
        for number in first.year()..=last.year() {
            let Some(year) = self.year(number) else {
                let known_through =
                    if number == first.year() { first.yesterday() } else { Date::new(number - 1, 12, 31) };
                return Advance::Unpublished { known_through: known_through.unwrap_or(Date::MIN), counted };
            };
            let workdays = year.workdays(first, last);
            if let Some(date) = workdays.get((days - counted - 1) as usize) {
                return Advance::Reached(*date);
            }
            counted += workdays.len() as u32;
        }
        Advance::Counted(counted)
    }
}

/// The last day for the notice that materials are incomplete (行政许可法 art. 32: `days` is 5 working days). On silence
/// the application is accepted as of `received_on` itself, from the day after the one returned.
pub fn deemed_acceptance(calendar: &Calendar, received_on: Date, days: u16) -> Due {
    calendar.due(&Term::new(received_on, Limit::WorkingDays(days)))
}

/// How far the counting came within a span.
enum Advance {
    /// The last day to count.
    Reached(Date),
    /// The whole span held only so many.
    Counted(u32),
    /// The day after `known_through` lies in a year without a notice.
    Unpublished { known_through: Date, counted: u32 },
}

/// Counts up to `days` days (at least one) from `first` to `last`.
fn count_calendar(first: Date, last: Date, days: u32) -> Advance {
    let held = last.duration_since(first).as_hours() / 24 + 1;
    if i64::from(days) > held {
        return Advance::Counted(held as u32);
    }
    first.checked_add((i64::from(days) - 1).days()).map_or(Advance::Counted(held as u32), Advance::Reached)
}

/// Where the clock next runs.
enum Running {
    /// From the first day to the second, both included.
    Span(Date, Date),
    /// Not before an open suspension ends.
    Stopped(Date),
    /// No day is left that a date can name.
    Never,
}

/// The days after `through` on which the clock next runs without a break.
fn running(suspensions: &[Suspension], through: Date) -> Running {
    let Ok(since) = through.tomorrow() else {
        return Running::Never;
    };
    let mut first = since;
    // Each turn leaves one more suspension behind, so overlapping ones merge in any order.
    while let Some(suspension) = suspensions.iter().find(|suspension| suspension.covers(first)) {
        let Some(last) = suspension.last else {
            return Running::Stopped(since);
        };
        let Ok(next) = last.tomorrow() else {
            // Stopped through the last date that exists: for ever, if a stop among them is open.
            let open = suspensions.iter().any(|suspension| suspension.last.is_none());
            return if open { Running::Stopped(since) } else { Running::Never };
        };
        first = next;
    }
    let next_stop = suspensions.iter().map(|suspension| suspension.first).filter(|stop| *stop > first).min();
    let last = next_stop.and_then(|stop| stop.yesterday().ok()).unwrap_or(Date::MAX);
    Running::Span(first, last)
}

/// Runs of years at one version, joined: `2016-2017.1+2018.2`; `none` for no year.
fn version(years: &BTreeMap<i16, Arc<Year>>) -> String {
    let mut runs: Vec<(i16, i16, u32)> = Vec::new();
    for (&year, table) in years {
        match runs.last_mut() {
            Some((_, last, version)) if *last + 1 == year && *version == table.notice.version => *last = year,
            _ => runs.push((year, year, table.notice.version)),
        }
    }
    let mut text = String::new();
    for (first, last, version) in runs {
        let join = if text.is_empty() { "" } else { "+" };
        // Writing to a String cannot fail.
        let _ = if first == last {
            write!(text, "{join}{first}.{version}")
        } else {
            write!(text, "{join}{first}-{last}.{version}")
        };
    }
    if text.is_empty() { "none".to_owned() } else { text }
}
