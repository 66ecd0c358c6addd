//! The newest notice of a year (国务院办公厅放假安排的通知), as `notices/{year}` of the national division.

use calendar::{Calendar, NoticeError};
use kit::refusal::Refusal;
use serde::{Deserialize, Serialize};

use super::problem;

pub const COLLECTION: &str = "notices";
pub const IMPORTED: &str = "notice.imported";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The year.
    pub id: String,
    pub text: calendar::Notice,
}

impl Notice {
    /// Takes a notice for the newest of its year. None where it is the one held; the calendar's rules for versions decide.
    pub fn import(held: Option<&Notice>, offered: calendar::Notice) -> Result<Option<Notice>, Refusal> {
        let year = offered.year;
        let before = held.map_or(Ok(Calendar::empty()), |held| Calendar::empty().with(held.text.clone()));
        let after = before.and_then(|before| before.with(offered)).map_err(refuse)?;
        let newest = after.notice(year).filter(|newest| held.is_none_or(|held| held.text != **newest));
        Ok(newest.map(|newest| Notice { id: year.to_string(), text: newest.clone() }))
    }

    /// Whether a notice that comes with the program is news.
    pub fn is_older_than(&self, built_in: &calendar::Notice) -> bool {
        self.text.version < built_in.version
    }
}

fn refuse(error: NoticeError) -> Refusal {
    match error {
        NoticeError::Field { field, problem } => problem::refuse(format!("notice.{field}"), problem),
        NoticeError::Stale { year, held, offered } => Refusal::state(
            "NOTICE_STALE",
            format!("{year}年的放假通知已有第{held}版，不能导入第{offered}版"),
            format!("{year} holds version {held}; version {offered} is not newer"),
        )
        .at("notice.version"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(version: u32, off: &str) -> calendar::Notice {
        let day = off.parse().expect("a date");
        let off = vec![calendar::Span { first: day, last: day }];
        let document = format!("国办发明电〔2026〕{version}号");
        calendar::Notice {
            year: 2027,
            version,
            document,
            issued_on: None,
            off,
            workdays: vec![],
            source: String::new(),
        }
    }

    #[test]
    fn a_newer_version_takes_the_place_and_no_other() {
        let first = Notice::import(None, notice(1, "2027-01-01")).expect("the first").expect("news");
        assert_eq!(Notice::import(Some(&first), notice(1, "2027-01-01")).expect("the same"), None);
        let other = Notice::import(Some(&first), notice(1, "2027-01-04")).expect_err("other days, same version");
        assert_eq!(other.reason(), "NOTICE_STALE");
        let second = Notice::import(Some(&first), notice(2, "2027-01-04")).expect("an amendment").expect("news");
        assert_eq!(Notice::import(Some(&second), notice(1, "2027-01-01")).expect_err("older").reason(), "NOTICE_STALE");
    }

    #[test]
    fn a_notice_that_cannot_be_names_its_field() {
        let refusal = Notice::import(None, notice(1, "2026-01-01")).expect_err("another year");
        assert_eq!(refusal.faults()[0].field, "notice.off[0].first");
    }
}
