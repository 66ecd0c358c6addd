//! The figures, and what each of them means.
//!
//! A figure is a [`Condition`]: one of a case's days lies in the period, certain marks are there, and for what is
//! overdue a due day has passed. [`Figure::condition`] is the only place that says so. Counting goes by it, and so does
//! the list of the very cases behind a number, so that the two cannot differ.
//!
//! Cohorts are never mixed. What is *received* counts by the day of receipt; everything that is told *of the cases
//! accepted in the period* counts by the day of acceptance, whenever the rest happened; what *ended in the period* counts
//! by the day of its end; handling times count by the day of the decision.

use std::collections::BTreeMap;

use super::fact::{Marks, State};

/// Which of a case's days must lie in the period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayOf {
    Receipt,
    /// Receipt, of a case that was entered late.
    LateReceipt,
    /// Receipt, of a case that has not been accepted: refused, lapsed, withdrawn before, or still at the counter.
    ReceiptUnaccepted,
    Acceptance,
    /// Acceptance, of a case that is neither decided nor ended.
    AcceptanceWaiting,
    /// Decision, of a promised case whose handling time is known.
    Decision,
    /// The end, of a case that was accepted.
    End,
}

/// One of the two clocks of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// 法定时限
    Legal,
    /// 承诺时限
    Promised,
}

/// What makes a case count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// This day lies in the period.
    pub day: DayOf,
    /// All these marks are there.
    pub marks: Marks,
    /// This due day is before today (Shanghai, by the injected clock).
    pub overdue: Option<Clock>,
}

/// A number that can be asked for, and opened to see its cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// 收件: received in the period.
    Received,
    /// 受理: accepted in the period, deemed acceptances included.
    Accepted,
    /// 办结: of the cases accepted in the period, those that have come to their end, whatever the end.
    Completed,
    /// 法定时限内: of the cases accepted in the period, those decided by the legal due day; where nothing was decided,
    /// those ended by it. A case whose clock stood still when it ended, or whose due day no calendar can tell yet, is not
    /// late.
    OnTimeLegal,
    /// 承诺时限内: the same by the promised due day.
    OnTimePromised,
    /// 在办: of the cases accepted in the period, those that have not come to their end.
    Open,
    /// 超法定时限在办: of the cases accepted in the period, those neither decided nor ended whose legal due day has
    /// passed.
    OverdueLegal,
    /// 超承诺时限在办
    OverduePromised,
    /// 不予受理: received in the period and refused at the door.
    Refused,
    /// 逾期未补正: received in the period and lapsed without supplement.
    Lapsed,
    /// 默示受理: of the cases accepted in the period, those accepted by silence (行政许可法 art. 32).
    DeemedAccepted,
    /// 一次性补正: of the cases accepted in the period, those for which a supplement was asked.
    Supplemented,
    /// 期限中止: of the cases accepted in the period, those whose clocks were stopped at least once (art. 45).
    Suspended,
    /// 延长期限: of the cases accepted in the period, those extended (art. 42).
    Extended,
    /// 准予: of the cases accepted in the period, those decided in favour.
    Granted,
    /// 不予许可: of the cases accepted in the period, those denied.
    Denied,
    /// 即办件: of the cases accepted in the period, those of instant items.
    Instant,
    /// 期内办结: accepted cases that ended in the period, whenever they were accepted.
    EndedInPeriod,
    /// 补录: received in the period, by what the entry states, and entered more than five minutes later.
    LateEntered,
}

impl Figure {
    pub const ALL: [Figure; 19] = [
        Figure::Received,
        Figure::Accepted,
        Figure::Completed,
        Figure::OnTimeLegal,
        Figure::OnTimePromised,
        Figure::Open,
        Figure::OverdueLegal,
        Figure::OverduePromised,
        Figure::Refused,
        Figure::Lapsed,
        Figure::DeemedAccepted,
        Figure::Supplemented,
        Figure::Suspended,
        Figure::Extended,
        Figure::Granted,
        Figure::Denied,
        Figure::Instant,
        Figure::EndedInPeriod,
        Figure::LateEntered,
    ];

    /// What makes a case count for this figure.
    pub fn condition(self) -> Condition {
        let of = |day, marks| Condition { day, marks, overdue: None };
        match self {
            Figure::Received => of(DayOf::Receipt, Marks::NONE),
            Figure::Refused => of(DayOf::ReceiptUnaccepted, Marks::REFUSED),
            Figure::Lapsed => of(DayOf::ReceiptUnaccepted, Marks::LAPSED),
            Figure::Accepted => of(DayOf::Acceptance, Marks::NONE),
            Figure::Completed => of(DayOf::Acceptance, Marks::ENDED),
            Figure::OnTimeLegal => of(DayOf::Acceptance, Marks::ON_TIME_LEGAL),
            Figure::OnTimePromised => of(DayOf::Acceptance, Marks::ON_TIME_PROMISED),
            Figure::Open => of(DayOf::Acceptance, Marks::OPEN),
            Figure::DeemedAccepted => of(DayOf::Acceptance, Marks::DEEMED),
            Figure::Supplemented => of(DayOf::Acceptance, Marks::SUPPLEMENTED),
            Figure::Suspended => of(DayOf::Acceptance, Marks::SUSPENDED),
            Figure::Extended => of(DayOf::Acceptance, Marks::EXTENDED),
            Figure::Granted => of(DayOf::Acceptance, Marks::GRANTED),
            Figure::Denied => of(DayOf::Acceptance, Marks::DENIED),
            Figure::Instant => of(DayOf::Acceptance, Marks::INSTANT),
            Figure::OverdueLegal => overdue(Clock::Legal),
            Figure::OverduePromised => overdue(Clock::Promised),
            Figure::EndedInPeriod => of(DayOf::End, Marks::NONE),
            Figure::LateEntered => of(DayOf::LateReceipt, Marks::NONE),
        }
    }

    /// UPPER_SNAKE, as the contract names it.
    pub const fn code(self) -> &'static str {
        match self {
            Figure::Received => "RECEIVED",
            Figure::Accepted => "ACCEPTED",
            Figure::Completed => "COMPLETED",
            Figure::OnTimeLegal => "ON_TIME_LEGAL",
            Figure::OnTimePromised => "ON_TIME_PROMISED",
            Figure::Open => "OPEN",
            Figure::OverdueLegal => "OVERDUE_LEGAL",
            Figure::OverduePromised => "OVERDUE_PROMISED",
            Figure::Refused => "REFUSED",
            Figure::Lapsed => "LAPSED",
            Figure::DeemedAccepted => "DEEMED_ACCEPTED",
            Figure::Supplemented => "SUPPLEMENTED",
            Figure::Suspended => "SUSPENDED",
            Figure::Extended => "EXTENDED",
            Figure::Granted => "GRANTED",
            Figure::Denied => "DENIED",
            Figure::Instant => "INSTANT",
            Figure::EndedInPeriod => "ENDED_IN_PERIOD",
            Figure::LateEntered => "LATE_ENTERED",
        }
    }

    /// By its code.
    pub fn named(code: &str) -> Option<Figure> {
        Figure::ALL.into_iter().find(|figure| figure.code() == code)
    }
}

fn overdue(clock: Clock) -> Condition {
    Condition { day: DayOf::AcceptanceWaiting, marks: Marks::NONE, overdue: Some(clock) }
}

/// The figures of one group of cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    counts: [i64; Figure::ALL.len()],
    settled: i64,
    /// By state, of the cases accepted in the period.
    states: [i64; State::ALL.len()],
    /// By state, of the cases received in the period and not accepted.
    unaccepted: [i64; State::ALL.len()],
    pub handling: Handling,
}

impl Figures {
    pub fn get(&self, figure: Figure) -> i64 {
        self.counts[figure as usize]
    }

    /// Accepted in the period and now in this state.
    pub fn in_state(&self, state: State) -> i64 {
        self.states[state as usize - 1]
    }

    /// Received in the period, never accepted, and now in this state.
    pub fn unaccepted_in_state(&self, state: State) -> i64 {
        self.unaccepted[state as usize - 1]
    }

    /// Adds `n` cases alike, found by this day of theirs.
    pub fn add(&mut self, day: DayOf, marks: Marks, n: i64) {
        for figure in Figure::ALL {
            let condition = figure.condition();
            if condition.day == day && condition.overdue.is_none() && marks.has(condition.marks) {
                self.counts[figure as usize] += n;
            }
        }
        let state = marks.state().map(|state| state as usize - 1);
        match (day, state) {
            (DayOf::Acceptance, Some(state)) => {
                self.states[state] += n;
                self.settled += if marks.has(Marks::SETTLED) { n } else { 0 };
            }
            (DayOf::ReceiptUnaccepted, Some(state)) => self.unaccepted[state] += n,
            _ => {}
        }
    }

    /// Adds `n` cases that were counted by this figure's own condition.
    pub fn add_to(&mut self, figure: Figure, n: i64) {
        self.counts[figure as usize] += n;
    }

    /// Adds all cases of another group.
    pub fn merge(&mut self, other: &Figures) {
        let all =
            |ours: &mut [i64], theirs: &[i64]| ours.iter_mut().zip(theirs).for_each(|(ours, theirs)| *ours += theirs);
        all(&mut self.counts, &other.counts);
        all(&mut self.states, &other.states);
        all(&mut self.unaccepted, &other.unaccepted);
        self.settled += other.settled;
        for (days, n) in &other.handling.0 {
            self.handling.add(*days, *n);
        }
    }

    /// 办结率: completed of accepted.
    pub fn completion_rate(&self) -> Rate {
        Rate { numerator: self.get(Figure::Completed), denominator: self.get(Figure::Accepted) }
    }

    /// 按时办结率: on time, of all whose clock has said its last or run out: those decided or ended, and those that
    /// wait and are overdue.
    pub fn on_time_rate(&self, clock: Clock) -> Rate {
        let (on_time, overdue) = match clock {
            Clock::Legal => (Figure::OnTimeLegal, Figure::OverdueLegal),
            Clock::Promised => (Figure::OnTimePromised, Figure::OverduePromised),
        };
        Rate { numerator: self.get(on_time), denominator: self.settled + self.get(overdue) }
    }
}

/// A part of a whole, both counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub numerator: i64,
    pub denominator: i64,
}

impl Rate {
    /// Hundredths of a percent, truncated so that what is not whole never shows as 100.00%; none of nothing.
    pub fn basis_points(self) -> Option<i32> {
        let points =
            i128::from(self.numerator) * 10_000 / Some(i128::from(self.denominator)).filter(|whole| *whole != 0)?;
        i32::try_from(points).ok()
    }
}

/// Handling times: how many promised cases took how many working days from acceptance to decision, suspensions not
/// counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handling(BTreeMap<i32, i64>);

impl Handling {
    pub fn add(&mut self, days: i32, n: i64) {
        *self.0.entry(days).or_default() += n;
    }

    /// Days and cases, by days.
    pub fn iter(&self) -> impl Iterator<Item = (i32, i64)> {
        self.0.iter().map(|(days, n)| (*days, *n))
    }

    pub fn cases(&self) -> i64 {
        self.0.values().sum()
    }

    /// Hundredths of a day, truncated; 0 of nothing.
    pub fn mean_hundredths(&self) -> i64 {
        let days: i64 = self.iter().map(|(days, n)| i64::from(days) * n).sum();
        (days * 100).checked_div(self.cases()).unwrap_or_default()
    }

    /// Nearest rank: the fewest days within which at least so many percent of the cases were decided; 0 of nothing.
    pub fn percentile(&self, percent: i64) -> i32 {
        let rank = (self.cases() * percent + 99) / 100;
        let mut seen = 0;
        let within = self.iter().find(|(_, n)| {
            seen += n;
            seen >= rank
        });
        within.map_or(0, |(days, _)| days)
    }

    pub fn max(&self) -> i32 {
        self.0.last_key_value().map_or(0, |(days, _)| *days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_truncates_and_is_absent_of_nothing() {
        let points = |numerator, denominator| Rate { numerator, denominator }.basis_points();
        assert_eq!(points(131_558, 131_565), Some(9_999));
        assert_eq!(points(999_999_999, 1_000_000_000), Some(9_999));
        assert_eq!(points(1, 1), Some(10_000));
        assert_eq!(points(0, 5), Some(0));
        assert_eq!(points(0, 0), None);
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let mut handling = Handling::default();
        assert_eq!((handling.percentile(50), handling.mean_hundredths(), handling.max()), (0, 0, 0));
        for days in 1..=10 {
            handling.add(days, 1);
        }
        assert_eq!([50, 90, 99, 100].map(|percent| handling.percentile(percent)), [5, 9, 10, 10]);
        assert_eq!((handling.cases(), handling.mean_hundredths(), handling.max()), (10, 550, 10));
    }

    #[test]
    fn every_figure_has_a_name_of_its_own() {
        for figure in Figure::ALL {
            assert_eq!(Figure::named(figure.code()), Some(figure));
            assert_eq!(Figure::ALL[figure as usize], figure);
        }
    }
}
