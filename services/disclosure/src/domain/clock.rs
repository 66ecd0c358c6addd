//! The clock of a draft: so many working days from the day the information was formed or changed (政府信息公开条例 art. 26).

use calendar::{Calendar, Date, Due, Limit, Term, end_of_day, start_of_day};
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Day 0, not counted.
    pub from: Date,
    /// Working days.
    pub limit: u16,
    pub due: Due,
    /// The first yellow day, where there is one.
    pub yellow_on: Option<Date>,
    pub signal: Signal,
}

impl Clock {
    /// Starts a clock, with the light that it has today.
    pub fn start(calendar: &Calendar, from: Date, limit: u16, today: Date) -> Clock {
        let due = calendar.due(&Term::new(from, Limit::WorkingDays(limit)));
        // Three working days are left, the due day among them; one where the limit is five or fewer.
        let left = if limit <= 5 { 0 } else { 2 };
        let yellow_on = due.date().and_then(|due| calendar.workday_before(due, left));
        let mut clock = Clock { from, limit, due, yellow_on, signal: Signal::Green };
        clock.signal = clock.signal_on(today);
        clock
    }

    /// Counts anew, where a notice has changed the calendar; true where that changes anything. The light goes back where
    /// the new day allows it; forward it goes only by waking, with an entry in the journal for each turn.
    pub fn recount(&mut self, calendar: &Calendar, today: Date) -> bool {
        let mut fresh = Clock::start(calendar, self.from, self.limit, today);
        fresh.signal = fresh.signal.min(self.signal);
        let changed = fresh != *self;
        *self = fresh;
        changed
    }

    /// The due day, where it is certain.
    pub fn due_on(&self) -> Option<Date> {
        self.due.date()
    }

    /// Done by this day, is it in time? A clock that cannot say yet is not late.
    pub fn keeps(&self, day: Date) -> bool {
        self.due_on().is_none_or(|due| day <= due)
    }

    fn signal_on(&self, day: Date) -> Signal {
        match (self.due_on(), self.yellow_on) {
            (Some(due), _) if day > due => Signal::Red,
            (_, Some(yellow)) if day >= yellow => Signal::Yellow,
            _ => Signal::Green,
        }
    }

    /// When the light changes next, and to what: at 00:00 of a day in Shanghai, in microseconds UTC.
    pub fn next(&self) -> Option<(i64, Signal)> {
        let red = || self.due_on().map(|due| (end_of_day(due), Signal::Red));
        match self.signal {
            Signal::Green => self.yellow_on.map(|day| (start_of_day(day), Signal::Yellow)).or_else(red),
            Signal::Yellow => red(),
            Signal::Red => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    #[test]
    fn twenty_working_days_over_the_national_holiday_turn_yellow_three_days_before_and_red_after() {
        let calendar = Calendar::builtin();
        // 2016: off from 1 to 7 October, worked on Saturday the 8th and Sunday the 9th; 中秋 15 to 17 September, worked on 18th.
        let mut clock = Clock::start(&calendar, date("2016-09-12"), 20, date("2016-09-12"));
        assert_eq!((clock.due_on(), clock.signal), (Some(date("2016-10-14")), Signal::Green));
        assert_eq!(clock.next(), Some((start_of_day(date("2016-10-12")), Signal::Yellow)));
        clock.signal = Signal::Yellow;
        assert_eq!(clock.next(), Some((start_of_day(date("2016-10-15")), Signal::Red)));
        clock.signal = Signal::Red;
        assert_eq!(clock.next(), None);
        assert!(clock.keeps(date("2016-10-14")) && !clock.keeps(date("2016-10-15")));
    }

    #[test]
    fn a_short_clock_is_yellow_on_its_last_day_alone_and_a_late_one_begins_with_its_light() {
        let calendar = Calendar::builtin();
        let clock = Clock::start(&calendar, date("2016-03-07"), 5, date("2016-03-11"));
        assert_eq!((clock.due_on(), clock.yellow_on), (Some(date("2016-03-14")), Some(date("2016-03-14"))));
        assert_eq!(clock.signal, Signal::Green);
        assert_eq!(Clock::start(&calendar, date("2016-03-07"), 7, date("2016-03-14")).signal, Signal::Yellow);
        assert_eq!(Clock::start(&calendar, date("2016-03-07"), 7, date("2016-03-17")).signal, Signal::Red);
    }

    #[test]
    fn a_provisional_clock_has_no_light_until_the_notice_comes() {
        let calendar = Calendar::builtin();
        let mut clock = Clock::start(&calendar, date("2026-12-25"), 20, date("2026-12-25"));
        assert_eq!((clock.due_on(), clock.next()), (None, None));
        assert!(clock.keeps(date("2027-06-01")));
        let notice = calendar::Notice {
            year: 2027,
            version: 1,
            document: "test".into(),
            issued_on: None,
            off: Vec::new(),
            workdays: Vec::new(),
            source: String::new(),
        };
        let calendar = calendar.with(notice).expect("a notice");
        assert!(clock.recount(&calendar, date("2026-12-28")));
        assert_eq!((clock.due_on(), clock.signal), (Some(date("2027-01-22")), Signal::Green));
        assert!(!clock.recount(&calendar, date("2026-12-28")));
    }
}
