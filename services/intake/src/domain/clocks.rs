//! The clocks of a case: when each is due, and its light.

use calendar::{Calendar, Date, Due, Limit, Suspension, Term, start_of_day};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    #[default]
    Green,
    /// Few working days are left.
    Yellow,
    /// Overdue.
    Red,
}

/// One clock: a term and what the calendar makes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Day 0, not counted.
    pub from: Date,
    /// Working days.
    pub limit: u16,
    pub due: Due,
    #[serde(default)]
    pub signal: Signal,
}

impl Clock {
    /// Starts a clock that nothing has stopped or prolonged.
    pub fn start(calendar: &Calendar, from: Date, limit: u16, today: Date) -> Clock {
        let mut clock = Clock { from, limit, due: Due::On(from), signal: Signal::Green };
        clock.count(calendar, &[], None, today);
        clock
    }

    pub fn term(&self, suspensions: &[Suspension], extension: Option<u16>) -> Term {
        Term {
            day0: self.from,
            limit: Limit::WorkingDays(self.limit),
            suspensions: suspensions.to_vec(),
            extensions: extension.into_iter().collect(),
        }
    }

    /// Counts anew; the light is as of `today`.
    pub fn count(&mut self, calendar: &Calendar, suspensions: &[Suspension], extension: Option<u16>, today: Date) {
        self.due = calendar.due(&self.term(suspensions, extension));
        self.signal = self.signal_on(calendar, today);
    }

    /// The due day, where it is certain.
    pub fn due_on(&self) -> Option<Date> {
        self.due.date()
    }

    /// Done by this day, is it in time? A clock that cannot say yet is not late.
    pub fn keeps(&self, day: Date) -> bool {
        self.due_on().is_none_or(|due| day <= due)
    }

    fn signal_on(&self, calendar: &Calendar, today: Date) -> Signal {
        match self.due_on() {
            Some(due) if today > due => Signal::Red,
            Some(_) if self.yellow_from(calendar).is_some_and(|from| today >= from) => Signal::Yellow,
            _ => Signal::Green,
        }
    }

    /// The first yellow day: three working days are left, the due day among them; one where the limit is five or fewer.
    /// A limit of none is never yellow: it is done at once, or red. [project default, handbook §7: 预警]
    fn yellow_from(&self, calendar: &Calendar) -> Option<Date> {
        match self.limit {
            0 => None,
            1..=5 => self.due_on(),
            _ => calendar.workday_before(self.due_on()?, 2),
        }
    }

    /// When the light changes next, and to what: at 00:00 of a day in Shanghai, in microseconds UTC.
    pub fn next(&self, calendar: &Calendar) -> Option<(i64, Signal)> {
        let due = self.due_on()?;
        match self.signal {
            Signal::Green => match self.yellow_from(calendar) {
                Some(yellow) => Some((start_of_day(yellow), Signal::Yellow)),
                None => Some((after(due)?, Signal::Red)),
            },
            Signal::Yellow => Some((after(due)?, Signal::Red)),
            Signal::Red => None,
        }
    }

    /// The moment from which it is overdue: 24:00 of the due day.
    pub fn overdue_at(&self) -> Option<i64> {
        after(self.due_on()?)
    }
}

/// 00:00 of the day after, microseconds UTC.
pub fn after(day: Date) -> Option<i64> {
    day.tomorrow().ok().map(start_of_day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().expect("date")
    }

    #[test]
    fn a_twenty_day_clock_turns_yellow_three_days_before_and_red_after() {
        let calendar = Calendar::builtin();
        let mut clock = Clock::start(&calendar, date("2026-02-12"), 20, date("2026-02-12"));
        assert_eq!(clock.due, Due::On(date("2026-03-18")));
        assert_eq!(clock.next(&calendar), Some((start_of_day(date("2026-03-16")), Signal::Yellow)));
        clock.count(&calendar, &[], None, date("2026-03-16"));
        assert_eq!(clock.signal, Signal::Yellow);
        assert_eq!(clock.next(&calendar), Some((start_of_day(date("2026-03-19")), Signal::Red)));
        clock.count(&calendar, &[], None, date("2026-03-19"));
        assert_eq!((clock.signal, clock.next(&calendar)), (Signal::Red, None));
    }

    #[test]
    fn a_provisional_clock_has_no_light_to_change() {
        let calendar = Calendar::builtin();
        let clock = Clock::start(&calendar, date("2026-12-25"), 20, date("2026-12-25"));
        assert!(matches!(clock.due, Due::Provisional { .. }));
        assert_eq!(clock.next(&calendar), None);
        assert!(clock.keeps(date("2027-06-01")));
    }
}
