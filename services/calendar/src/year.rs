//! One year under its notice, tabled so that counting its working days is two look-ups.

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use crate::notice::Notice;

/// What a date is to a working calendar.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// Monday to Friday, not declared off.
    Workday,
    /// A Saturday or Sunday that the notice declares worked (调休上班).
    MakeUpWorkday,
    /// A Saturday or Sunday of which the notice says nothing.
    Weekend,
    /// Declared off by the notice, weekend or not.
    Holiday,
    /// The year has no notice.
    Unpublished,
}

impl DayKind {
    /// Whether the day is worked; `None` where no notice says.
    pub fn is_workday(self) -> Option<bool> {
        match self {
            DayKind::Workday | DayKind::MakeUpWorkday => Some(true),
            DayKind::Weekend | DayKind::Holiday => Some(false),
            DayKind::Unpublished => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Year {
    pub(crate) notice: Notice,
    /// By day of the year, from 0.
    kinds: Vec<DayKind>,
    /// `before[n]` is how many of the first n days are worked; one longer than `kinds`.
    before: Vec<u16>,
    /// The working days in order.
    workdays: Vec<Date>,
}

impl Year {
    pub(crate) fn new(notice: Notice) -> Year {
        let (mut kinds, mut before, mut workdays) = (Vec::with_capacity(366), Vec::with_capacity(367), Vec::new());
        before.push(0);
        let first = Date::new(notice.year, 1, 1).ok();
        let mut next = first;
        while let Some(date) = next.filter(|date| date.year() == notice.year) {
            let kind = kind(&notice, date);
            kinds.push(kind);
            if kind.is_workday() == Some(true) {
                workdays.push(date);
            }
            before.push(workdays.len() as u16);
            next = date.tomorrow().ok();
        }
        Year { notice, kinds, before, workdays }
    }

    /// What `date`, a day of this year, is.
    pub(crate) fn kind(&self, date: Date) -> DayKind {
        self.kinds.get(index(date)).copied().unwrap_or(DayKind::Unpublished)
    }

    /// The working days of this year from `first` to `last`, both included. Either may lie in another year.
    pub(crate) fn workdays(&self, first: Date, last: Date) -> &[Date] {
        let year = self.notice.year;
        let skip = match first.year() {
            y if y < year => 0,
            y if y == year => self.count(index(first)),
            _ => self.workdays.len(),
        };
        let end = match last.year() {
            y if y < year => 0,
            y if y == year => self.count(index(last) + 1),
            _ => self.workdays.len(),
        };
        self.workdays.get(skip..end).unwrap_or_default()
    }

    /// How many of the first `days` days of the year are worked.
    fn count(&self, days: usize) -> usize {
        self.before.get(days).map_or(self.workdays.len(), |count| usize::from(*count))
    }
}

fn index(date: Date) -> usize {
    (date.day_of_year() - 1) as usize
}

fn kind(notice: &Notice, date: Date) -> DayKind {
    if notice.off.iter().any(|span| span.contains(date)) {
        DayKind::Holiday
    } else if notice.workdays.contains(&date) {
        DayKind::MakeUpWorkday
    } else if matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
        DayKind::Weekend
    } else {
        DayKind::Workday
    }
}
