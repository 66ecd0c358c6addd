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
    /// What had stopped and prolonged it when it ran out: nothing that is ordered later changes its day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran_out: Option<RanOut>,
}

/// How much of a case's stops and extension a clock had seen when it ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RanOut {
    pub stops: usize,
    pub extended: bool,
}

impl Clock {
    /// Starts a clock that nothing has stopped or prolonged. It is green, and turns as it wakes.
    pub fn start(calendar: &Calendar, from: Date, limit: u16) -> Clock {
        let mut clock = Clock { from, limit, due: Due::On(from), signal: Signal::Green, ran_out: None };
        clock.due = calendar.due(&clock.term(&[], None));
        clock
    }

    pub fn term(&self, suspensions: &[Suspension], extension: Option<u16>) -> Term {
        let (suspensions, extension) = match self.ran_out {
            Some(then) => (&suspensions[..then.stops.min(suspensions.len())], extension.filter(|_| then.extended)),
            None => (suspensions, extension),
        };
        Term {
            day0: self.from,
            limit: Limit::WorkingDays(self.limit),
            suspensions: suspensions.to_vec(),
            extensions: extension.into_iter().collect(),
        }
    }

    /// Counts anew. The light goes back where the new day allows it; forward it goes only by waking, with an entry in
    /// the journal for each turn.
    pub fn count(&mut self, calendar: &Calendar, suspensions: &[Suspension], extension: Option<u16>, today: Date) {
        self.due = calendar.due(&self.term(suspensions, extension));
        if self.ran_out.is_some() && self.signal_on(calendar, today) != Signal::Red {
            // By the notice as it stands now it had not run out, so all that was ordered counts.
            self.ran_out = None;
            self.due = calendar.due(&self.term(suspensions, extension));
        }
        self.signal = self.signal.min(self.signal_on(calendar, today));
    }

    /// Turns the light, with what has stopped and prolonged the clock so far.
    pub fn turn(&mut self, signal: Signal, so_far: RanOut) {
        self.signal = signal;
        self.ran_out = (signal == Signal::Red).then_some(so_far);
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
        let mut clock = Clock::start(&calendar, date("2026-02-12"), 20);
        assert_eq!(clock.due, Due::On(date("2026-03-18")));
        assert_eq!(clock.next(&calendar), Some((start_of_day(date("2026-03-16")), Signal::Yellow)));
        let so_far = RanOut { stops: 0, extended: false };
        clock.turn(Signal::Yellow, so_far);
        clock.count(&calendar, &[], None, date("2026-03-16"));
        assert_eq!(clock.signal, Signal::Yellow);
        assert_eq!(clock.next(&calendar), Some((start_of_day(date("2026-03-19")), Signal::Red)));
        clock.count(&calendar, &[], None, date("2026-03-19"));
        assert_eq!(clock.signal, Signal::Yellow, "forward it goes by waking alone");
        clock.turn(Signal::Red, so_far);
        assert_eq!(clock.next(&calendar), None);
    }

    #[test]
    fn a_clock_that_has_run_out_is_neither_stopped_nor_prolonged_but_recounted_by_an_amended_notice() {
        let mut calendar = Calendar::builtin();
        let mut clock = Clock::start(&calendar, date("2026-02-12"), 20);
        clock.turn(Signal::Red, RanOut { stops: 0, extended: false });
        let stop = Suspension { first: date("2026-03-02"), last: None };
        clock.count(&calendar, &[stop], Some(10), date("2026-03-20"));
        assert_eq!((clock.due, clock.signal), (Due::On(date("2026-03-18")), Signal::Red));

        let mut amended = calendar.notice(2026).expect("built in").clone();
        amended.version += 1;
        amended.off.push(calendar::Span { first: date("2026-03-17"), last: date("2026-03-20") });
        calendar = calendar.with(amended).expect("a notice");
        let closed = Suspension { last: Some(date("2026-03-02")), ..stop };
        clock.count(&calendar, &[closed], None, date("2026-03-20"));
        // It is due on the 24th by the notice, and the suspension's one day counts after all.
        assert_eq!((clock.due, clock.signal), (Due::On(date("2026-03-25")), Signal::Green));
    }

    #[test]
    fn a_provisional_clock_has_no_light_to_change() {
        let calendar = Calendar::builtin();
        let clock = Clock::start(&calendar, date("2026-12-25"), 20);
        assert!(matches!(clock.due, Due::Provisional { .. }));
        assert_eq!(clock.next(&calendar), None);
        assert!(clock.keeps(date("2027-06-01")));
    }
}
