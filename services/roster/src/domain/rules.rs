//! The rules of duty, effective-dated. Numbers are this project's defaults (handbook §7), not law.

use std::sync::Arc;

use calendar::{Date, start_of_day};
use kit::{id::Division, refusal::Refusal};
use mirror::Rank;
use serde::{Deserialize, Serialize};

use super::slot::{Half, Slot};

const MINUTE: i64 = 60_000_000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    pub code: String,
    pub title_zh: String,
    pub title_en: String,
    /// At whose terminals people sign in and out.
    pub window: String,
    pub seats: u16,
    pub halves: Vec<Half>,
}

/// Minutes after midnight in Shanghai.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    pub first: u16,
    pub last: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    pub posts: Vec<Post>,
    pub morning: Hours,
    pub afternoon: Hours,
    pub ranks: Vec<Rank>,
    /// Those that take turns; empty for every one that has such people.
    pub units: Vec<String>,
    /// Half-days of each unit in a full week.
    pub unit_half_days: u16,
    /// Half-days of each head in a month.
    pub head_half_days: u16,
    pub fairness: u16,
    pub notice_days: u16,
    pub late_minutes: u16,
    pub early_minutes: u16,
    pub absent_minutes: u16,
    pub substitutions: u16,
    pub contest_days: u16,
    pub prefix: String,
    pub publishes_circulars: bool,
    pub staffed_windows_only: bool,
}

impl Rules {
    pub fn post(&self, code: &str) -> Option<&Post> {
        self.posts.iter().find(|post| post.code == code)
    }

    /// Every seat of these days, in order.
    pub fn slots(&self, days: &[Date]) -> Vec<Slot> {
        let of = |day: Date, half: Half| {
            let posts = self.posts.iter().filter(move |post| post.halves.contains(&half));
            posts.flat_map(move |post| {
                (1..=post.seats).map(move |seat| Slot { day, half, post: post.code.clone(), seat })
            })
        };
        let mut slots: Vec<_> =
            days.iter().flat_map(|day| Half::BOTH.into_iter().flat_map(move |half| of(*day, half))).collect();
        slots.sort_unstable();
        slots
    }

    /// When a half-day begins and ends, in microseconds UTC.
    pub fn hours(&self, day: Date, half: Half) -> (i64, i64) {
        let hours = match half {
            Half::Morning => self.morning,
            Half::Afternoon => self.afternoon,
        };
        let midnight = start_of_day(day);
        (midnight + i64::from(hours.first) * MINUTE, midnight + i64::from(hours.last) * MINUTE)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    pub number: i32,
    pub effective_on: Date,
    pub rules: Arc<Rules>,
}

/// The rules of a division, oldest first; effective days rise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    pub division: Division,
    pub revisions: Vec<Revision>,
    pub version: i64,
}

impl Book {
    /// Its id: a division has one.
    pub const ID: &'static str = "rules";

    /// Adds a revision in force from a day on; of two of one day the later one counts.
    pub fn set(
        there: Option<&Book>,
        division: Division,
        rules: Rules,
        effective_on: Date,
        today: Date,
    ) -> Result<Book, Refusal> {
        let mut book = there.cloned().unwrap_or(Book { division, revisions: Vec::new(), version: 0 });
        let newest = book.revisions.last();
        // The first rules may be of a day that is past: they say how it has always been.
        if newest.is_some_and(|newest| effective_on < today.max(newest.effective_on)) {
            let (zh, en) =
                ("生效日期须不早于今天，也不早于上一版本", "must be today or later, and not before the last one's");
            return Err(Refusal::field("rules.effective_on", zh, en));
        }
        let number = newest.map_or(1, |newest| newest.number + 1);
        book.revisions.push(Revision { number, effective_on, rules: Arc::new(rules) });
        book.version += 1;
        Ok(book)
    }

    /// Those in force on a day.
    pub fn on(&self, day: Date) -> Result<&Revision, Refusal> {
        self.revisions.iter().rev().find(|revision| revision.effective_on <= day).ok_or_else(Book::not_found)
    }

    pub fn revision(&self, number: i32) -> Result<&Revision, Refusal> {
        self.revisions.iter().find(|revision| revision.number == number).ok_or_else(Book::not_found)
    }

    pub fn not_found() -> Refusal {
        let (zh, en) = ("尚未设定值班规则（yizhan roster rules）", "no rules of duty are set (yizhan roster rules)");
        Refusal::not_found("RULES_NOT_FOUND", zh, en)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// One post with two seats, and the handbook's defaults.
    pub fn rules() -> Rules {
        let post = Post {
            code: "HALL".into(),
            title_zh: "大厅值班".into(),
            title_en: "Hall".into(),
            window: "D01".into(),
            seats: 2,
            halves: Half::BOTH.to_vec(),
        };
        Rules {
            posts: vec![post],
            morning: Hours { first: 8 * 60 + 30, last: 12 * 60 },
            afternoon: Hours { first: 14 * 60 + 30, last: 17 * 60 + 30 },
            ranks: vec![Rank::Head, Rank::Deputy, Rank::PartyMember],
            units: Vec::new(),
            unit_half_days: 1,
            head_half_days: 1,
            fairness: 1,
            notice_days: 3,
            late_minutes: 15,
            early_minutes: 15,
            absent_minutes: 60,
            substitutions: 2,
            contest_days: 2,
            prefix: "尉政务通".into(),
            publishes_circulars: true,
            staffed_windows_only: false,
        }
    }

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    #[test]
    fn rules_take_force_on_their_day_and_those_before_stay() {
        let (division, today) = ("410223".parse().expect("a division"), date("2016-03-01"));
        let book = Book::set(None, division, rules(), date("2016-01-01"), today).expect("set");
        let later = Rules { notice_days: 5, ..rules() };
        let book = Book::set(Some(&book), division, later.clone(), date("2016-04-01"), today).expect("set");
        let on = |day| book.on(date(day)).map(|revision| (revision.number, revision.rules.notice_days));
        assert_eq!(on("2016-03-31").expect("the first"), (1, 3));
        assert_eq!(on("2016-04-01").expect("the second"), (2, 5));
        assert_eq!(on("2015-12-31").expect_err("none").reason(), "RULES_NOT_FOUND");
        let early = Book::set(Some(&book), division, later, date("2016-03-31"), today);
        assert_eq!(early.expect_err("before the last one").reason(), "FIELD_INVALID");
    }

    #[test]
    fn a_day_has_every_seat_in_order() {
        let slots = rules().slots(&[date("2016-03-08")]);
        let ids: Vec<_> = slots.iter().map(Slot::id).collect();
        assert_eq!(ids, ["20160308-AM-HALL-1", "20160308-AM-HALL-2", "20160308-PM-HALL-1", "20160308-PM-HALL-2"]);
        let (starts, ends) = rules().hours(date("2016-03-08"), Half::Afternoon);
        assert_eq!((ends - starts) / MINUTE, 180);
    }
}
