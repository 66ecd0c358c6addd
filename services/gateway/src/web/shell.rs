//! What is around every page: its language, its title, and the addresses that lead on from it.

use kit::id::Division;

use super::words::{Both, Lang, encode};
use crate::domain::{
    day::Period,
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

/// The page of a division and year.
pub fn board(division: Division, year: i16, lang: Lang) -> String {
    format!("/?division={division}&year={year}&lang={}", lang.param())
}

/// The cases behind a figure.
pub fn cases(scope: &Scope, figure: Figure, lang: Lang) -> String {
    let Scope { division, period: Period { first, last }, selection } = scope;
    let mut address = format!("/figures/cases?figure={}&division={division}&first={first}&last={last}", figure.code());
    let Selection { unit, item, window } = selection;
    for (name, code) in [("unit", unit), ("item", item), ("window", window)] {
        if !code.is_empty() {
            address += &format!("&{name}={}", encode(code));
        }
    }
    address + "&lang=" + lang.param()
}

/// Where staff sign in, and where they go from there.
pub fn sign_in(lang: Lang, next: &str) -> String {
    let next = if next.is_empty() || next == "/" { String::new() } else { format!("&next={}", encode(next)) };
    format!("/sign-in?lang={}{next}", lang.param())
}
