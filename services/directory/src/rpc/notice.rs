//! Notices on the wire.

use calendar::{Date, Span};
use kit::form::Form;
use proto::directory::v1 as pb;

use super::calendar::date;

/// The years that are told of.
pub const YEARS: std::ops::RangeInclusive<i64> = 1949..=2200;
/// At most so many spans off, and days worked.
const MOST_DAYS: usize = 40;
const MOST_VERSIONS: i64 = 1_000;

/// Reads a notice; what is returned of one with faults is of no use.
pub fn read(form: &mut Form, notice: &pb::Notice) -> calendar::Notice {
    form.require(notice.off.len() <= MOST_DAYS, "notice.off", "最多40段", "at most 40 spans");
    form.require(notice.workdays.len() <= MOST_DAYS, "notice.workdays", "最多40天", "at most 40 days");
    let issued_on = (!notice.issued_on.is_empty()).then(|| date(form, "notice.issued_on", &notice.issued_on));
    let mut off = Vec::new();
    for (i, span) in notice.off.iter().take(MOST_DAYS).enumerate() {
        let first = date(form, &format!("notice.off[{i}].first"), &span.first);
        let last = date(form, &format!("notice.off[{i}].last"), &span.last);
        off.push(Span { first, last });
    }
    let mut workdays = Vec::new();
    for (i, day) in notice.workdays.iter().take(MOST_DAYS).enumerate() {
        workdays.push(date(form, &format!("notice.workdays[{i}]"), day));
    }
    calendar::Notice {
        year: form.number("notice.year", notice.year.into(), YEARS) as i16,
        version: form.number("notice.version", notice.version.into(), 1..=MOST_VERSIONS) as u32,
        document: form.text("notice.document", &notice.document, 1..=100),
        issued_on,
        off,
        workdays,
        source: form.text("notice.source", &notice.source, 0..=200),
    }
}

pub fn show(notice: &calendar::Notice) -> pb::Notice {
    pb::Notice {
        name: format!("notices/{}", notice.year),
        year: notice.year.into(),
        // Versions count up from 1.
        version: i32::try_from(notice.version).unwrap_or(i32::MAX),
        document: notice.document.clone(),
        issued_on: notice.issued_on.map(|date| date.to_string()).unwrap_or_default(),
        off: notice
            .off
            .iter()
            .map(|span| pb::DateSpan { first: span.first.to_string(), last: span.last.to_string() })
            .collect(),
        workdays: notice.workdays.iter().map(Date::to_string).collect(),
        source: notice.source.clone(),
    }
}
