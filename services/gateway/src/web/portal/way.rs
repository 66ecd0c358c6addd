//! Where in the portal somebody is: the division, the language, and the addresses that lead on from there.

use kit::id::Division;

use super::{
    super::{
        shell::Shell,
        words::{Both, Lang, encode},
    },
    sources::Known,
};

/// The parts of the portal, as its navigation names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    Home,
    Columns,
    Guides,
    Windows,
    Track,
    Search,
    Heads,
}

/// So many divisions are offered at most to go to.
const OFFERED: usize = 30;

#[derive(Clone, Debug)]
pub struct Way {
    pub lang: Lang,
    pub division: Division,
    pub county: Both,
    pub tab: Tab,
    /// The other divisions: name and address.
    pub others: Vec<(Both, String)>,
    /// The first division stands in no address.
    is_first: bool,
}

impl Way {
    pub fn new(lang: Lang, division: Division, first: Division, divisions: &[Known], tab: Tab) -> Way {
        let name = |of: &Known| lang.only(&of.zh, &of.en);
        let here = divisions.iter().find(|it| it.code == division);
        let mut way = Way {
            lang,
            division,
            county: here.map_or_else(|| lang.only("", ""), name),
            tab,
            others: Vec::new(),
            is_first: division == first,
        };
        let others = divisions.iter().filter(|it| it.is_active && it.code != division).take(OFFERED);
        way.others = others
            .map(|other| {
                let there = Way { division: other.code, is_first: other.code == first, ..way.clone() };
                (name(other), there.to("/"))
            })
            .collect();
        way
    }

    /// An address of this division in this language.
    pub fn to(&self, path: &str) -> String {
        self.with(path, &[])
    }

    /// The same with what is asked for there; what is empty is left out.
    pub fn with(&self, path: &str, asked: &[(&str, &str)]) -> String {
        let division = if self.is_first { "" } else { self.division.as_str() };
        let lang = if self.lang == Lang::En { "en" } else { "" };
        let here = [("division", division), ("lang", lang)];
        let given: Vec<_> = asked
            .iter()
            .chain(&here)
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        if given.is_empty() { path.to_owned() } else { format!("{path}?{}", given.join("&")) }
    }

    /// What a form has to bring along to come back here.
    pub fn hidden(&self) -> Vec<(&'static str, &str)> {
        let division = if self.is_first { "" } else { self.division.as_str() };
        let lang = if self.lang == Lang::En { "en" } else { "" };
        [("division", division), ("lang", lang)].into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// What is around a page at this address.
    pub fn shell(&self, title: &str, path: &str, asked: &[(&str, &str)]) -> Shell {
        let other = Way { lang: self.lang.other(), ..self.clone() };
        let title = match (title, self.county.first.as_str()) {
            ("", county) => format!("{county}{}", self.one("政务公开与服务", " · Open government")),
            (title, county) => format!("{title} · {county}{}", self.one("政务公开与服务", " open government")),
        };
        Shell { lang: self.lang, title, other: other.with(path, asked), live: false }
    }

    pub fn one(&self, zh: &'static str, en: &'static str) -> &'static str {
        if self.lang == Lang::Zh { zh } else { en }
    }

    pub fn is(&self, tab: Tab) -> bool {
        self.tab == tab
    }
}
