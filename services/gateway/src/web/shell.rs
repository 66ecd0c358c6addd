//! What is around every page: its language, its title, and the addresses that lead on from it.

use kit::id::Division;

use super::words::{Both, Lang, encode};
use crate::domain::{
    day::{Day, Period},
    duty::{Mark, Search},
    figures::Figure,
    scope::{Scope, Selection},
};

pub struct Shell {
    pub lang: Lang,
    pub title: String,
    /// The same page with the other language first.
    pub other: String,
    /// Keeps itself up to date.
    pub live: bool,
}

impl Shell {
    pub fn both(&self, zh: &str, en: &str) -> Both {
        self.lang.both(zh, en)
    }

    pub fn one(&self, zh: &str, en: &str) -> String {
        self.lang.one(zh, en)
    }
}

/// The dashboard, where staff come in.
pub const BOARD: &str = "/board";

/// The page of a division and year.
pub fn board(division: Division, year: i16, lang: Lang) -> String {
    format!("{BOARD}?division={division}&year={year}&lang={}", lang.param())
}

/// What a division published in a year, of a unit or in a column alone where they are not empty.
pub fn disclosure(division: Division, year: i16, unit: &str, column: &str, lang: Lang) -> String {
    let choice = choices(&[("unit", unit), ("column", column)]);
    format!("/board/disclosure?division={division}&year={year}{choice}&lang={}", lang.param())
}

/// The cases behind a figure.
pub fn cases(scope: &Scope, figure: Figure, lang: Lang) -> String {
    let Scope { division, period: Period { first, last }, selection } = scope;
    let mut address = format!("/figures/cases?figure={}&division={division}&first={first}&last={last}", figure.code());
    let Selection { unit, item, window } = selection;
    address += &choices(&[("unit", unit), ("item", item), ("window", window)]);
    address + "&lang=" + lang.param()
}

/// A case, its facts and its clocks, for staff.
pub fn case(number: &str, lang: Lang) -> String {
    format!("/cases/{}?lang={}", encode(number), lang.param())
}

/// The big screen of a division.
pub fn screen(division: Division, lang: Lang) -> String {
    format!("/screen?division={division}&lang={}", lang.param())
}

/// The roster of a day's month, of a unit or a person alone where they are not empty.
pub fn roster(division: Division, day: Day, unit: &str, person: &str, lang: Lang) -> String {
    let choice = choices(&[("unit", unit), ("person", person)]);
    format!("/roster?division={division}&month={}{choice}&lang={}", day.month(), lang.param())
}

/// The duties that a search finds.
pub fn duties(search: &Search, lang: Lang) -> String {
    let Search { division, period: Period { first, last }, unit, person, post, mark } = search;
    let mark = mark.map_or("", Mark::code);
    let choice = choices(&[("unit", unit), ("person", person), ("post", post), ("mark", mark)]);
    format!("/roster/duties?division={division}&first={first}&last={last}{choice}&lang={}", lang.param())
}

/// The circulars of a year.
pub fn circulars(division: Division, year: i16, lang: Lang) -> String {
    format!("/circulars?division={division}&year={year}&lang={}", lang.param())
}

/// What there is of the circular of a month: the page of itself, a document, duties.
pub fn circular(division: Division, month_and: &str, lang: Lang) -> String {
    format!("/circulars/{month_and}?division={division}&lang={}", lang.param())
}

/// What of all is asked for, as it stands in an address.
pub fn choices(choices: &[(&str, &str)]) -> String {
    let given = choices.iter().filter(|(_, code)| !code.is_empty());
    given.map(|(name, code)| format!("&{name}={}", encode(code))).collect()
}

/// Where staff sign in, and where they go from there.
pub fn sign_in(lang: Lang, next: &str) -> String {
    let next = if next.is_empty() || next == BOARD { String::new() } else { format!("&next={}", encode(next)) };
    format!("/sign-in?lang={}{next}", lang.param())
}
