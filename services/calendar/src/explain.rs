//! The explanation of a due date: every day on the way, and why it counted or did not.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    calendar::Calendar,
    term::{Due, Limit, Term},
    year::DayKind,
};

/// A due date with its reasons.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Explanation {
    /// What [`Calendar::due`] answers.
    pub due: Due,
    /// Every day from day 0 to the due date, to the first day that no notice covers, or to the first of an open stop.
    pub days: Vec<Day>,
    /// The notices by which days were examined, by year.
    pub notices: Vec<NoticeRef>,
    /// Whether `days` ends early, at [`Explanation::MAX_DAYS`].
    pub truncated: bool,
}

/// One day of an explanation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Day {
    pub date: Date,
    /// Which day of the term it is, from 1, where it counts.
    pub counted: Option<u32>,
    pub reason: Reason,
}

/// A notice by which days were examined.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NoticeRef {
    pub year: i16,
    pub version: u32,
    pub document: String,
}

/// Why a day counts or does not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The day of the event: not counted.
    DayZero,
    /// Counted.
    Workday,
    /// A weekend that the notice declares worked: counted.
    MakeUpWorkday,
    /// Not counted.
    Weekend,
    /// Declared off by the notice: not counted.
    Holiday,
    /// The clock stands: not counted, whatever else the day is.
    Suspended,
    /// The year has no notice: whether it counts cannot be said.
    Unpublished,
    /// Any day of a limit in calendar days: counted.
    CalendarDay,
}

impl Reason {
    /// The article of law by which the day counts or does not.
    pub fn article(self) -> &'static str {
        match self {
            Reason::DayZero | Reason::CalendarDay => "民事诉讼法第85条",
            Reason::Suspended => "行政许可法第45条",
            Reason::Workday | Reason::MakeUpWorkday | Reason::Weekend | Reason::Holiday | Reason::Unpublished => {
                "行政许可法第82条"
            }
        }
    }

    /// The reason in Chinese.
    pub fn text_zh(self) -> &'static str {
        match self {
            Reason::DayZero => "起算之日，不计入",
            Reason::Workday => "工作日，计入",
            Reason::MakeUpWorkday => "调休上班，计入",
            Reason::Weekend => "周末，不计入",
            Reason::Holiday => "放假，不计入",
            Reason::Suspended => "依法扣除的时间，不计入",
            Reason::Unpublished => "当年放假安排尚未公布，无法确定",
            Reason::CalendarDay => "自然日，计入",
        }
    }

    /// The reason in English.
    pub fn text_en(self) -> &'static str {
        match self {
            Reason::DayZero => "day of the event, not counted",
            Reason::Workday => "working day, counted",
            Reason::MakeUpWorkday => "make-up working day, counted",
            Reason::Weekend => "weekend, not counted",
            Reason::Holiday => "declared off, not counted",
            Reason::Suspended => "clock stopped by law, not counted",
            Reason::Unpublished => "no holiday notice published for this year, cannot be said",
            Reason::CalendarDay => "calendar day, counted",
        }
    }
}

impl From<DayKind> for Reason {
    fn from(kind: DayKind) -> Reason {
        match kind {
            DayKind::Workday => Reason::Workday,
            DayKind::MakeUpWorkday => Reason::MakeUpWorkday,
            DayKind::Weekend => Reason::Weekend,
            DayKind::Holiday => Reason::Holiday,
            DayKind::Unpublished => Reason::Unpublished,
        }
    }
}

impl Explanation {
    /// The most days listed. A term that passes [`Term::check`] stays below it under any real calendar.
    pub const MAX_DAYS: usize = 10_000;
}

impl Calendar {
    /// Why `term` is due when it is, day by day.
    pub fn explain(&self, term: &Term) -> Explanation {
        let due = self.due(term);
        let end = match due {
            Due::On(date) | Due::Stopped { since: date, .. } => date,
            Due::Provisional { known_through, .. } => known_through.tomorrow().unwrap_or(known_through),
        };
        let mut explanation = Explanation { due, days: Vec::new(), notices: Vec::new(), truncated: false };
        let mut counted = 0;
        for date in term.day0.series(jiff::Span::new().days(1)).take_while(|date| *date <= end) {
            if explanation.days.len() == Explanation::MAX_DAYS {
                explanation.truncated = true;
                break;
            }
            let reason = self.reason(term, date, counted);
            let counts = matches!(reason, Reason::Workday | Reason::MakeUpWorkday | Reason::CalendarDay);
            counted += u32::from(counts);
            explanation.days.push(Day { date, counted: counts.then_some(counted), reason });
            if matches!(reason, Reason::Workday | Reason::MakeUpWorkday | Reason::Weekend | Reason::Holiday) {
                self.cite(date.year(), &mut explanation.notices);
            }
        }
        explanation
    }

    /// Why `date` counts or does not, after `counted` days have.
    fn reason(&self, term: &Term, date: Date, counted: u32) -> Reason {
        if date == term.day0 {
            return Reason::DayZero;
        }
        if term.suspensions.iter().any(|suspension| suspension.covers(date)) {
            return Reason::Suspended;
        }
        match term.limit {
            Limit::CalendarDays(days) if counted < u32::from(days) => Reason::CalendarDay,
            Limit::CalendarDays(_) | Limit::WorkingDays(_) => self.kind(date).into(),
        }
    }

    fn cite(&self, year: i16, cited: &mut Vec<NoticeRef>) {
        if cited.last().is_some_and(|last| last.year == year) {
            return;
        }
        if let Some(notice) = self.notice(year) {
            cited.push(NoticeRef { year, version: notice.version, document: notice.document.clone() });
        }
    }
}
