//! The way from a county's number down to its cases: division, unit, item, and a year, month or week of it.

use kit::id::Division;

use super::{
    shell::{self, choices},
    words::{Both, Lang},
};
use crate::{
    books::{Board, Labels},
    domain::{
        day::Period,
        figures::Figure,
        label::Kind,
        scope::{Scope, Selection},
        span::Span,
    },
};

/// One step of it: what a board is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub division: Division,
    pub span: Span,
    /// At most one of the two.
    pub unit: String,
    pub item: String,
    pub lang: Lang,
}

/// A link of the way back up; the last one leads nowhere.
pub struct Crumb {
    pub name: Both,
    pub href: String,
}

impl Step {
    /// What the step is of; none where there is no such span.
    pub fn scope(&self) -> Option<Scope> {
        let selection = Selection { unit: self.unit.clone(), item: self.item.clone(), window: String::new() };
        Some(Scope { division: self.division, period: self.span.period()?, selection })
    }

    pub fn address(&self) -> String {
        let path = match (self.unit.as_str(), self.item.as_str()) {
            ("", "") => shell::BOARD.to_owned(),
            (unit, "") => format!("{}/units/{unit}", shell::BOARD),
            (_, item) => format!("{}/items/{item}", shell::BOARD),
        };
        format!("{path}?{}", self.asked())
    }

    /// Where it is exported to.
    pub fn export(&self, ending: &str) -> String {
        let choice = choices(&[("unit", &self.unit), ("item", &self.item)]);
        format!("{}/export.{ending}?{}{choice}", shell::BOARD, self.asked())
    }

    fn asked(&self) -> String {
        let Step { division, span, lang, .. } = self;
        format!("division={division}&{}={span}&lang={}", span.kind(), lang.param())
    }

    pub fn other(&self) -> Step {
        Step { lang: self.lang.other(), ..self.clone() }
    }

    pub fn at(&self, span: Span) -> Step {
        Step { span, ..self.clone() }
    }

    /// The same time of one unit.
    pub fn unit(&self, code: &str) -> Step {
        Step { unit: code.to_owned(), item: String::new(), ..self.clone() }
    }

    /// The same time of one item.
    pub fn item(&self, code: &str) -> Step {
        Step { item: code.to_owned(), unit: String::new(), ..self.clone() }
    }

    /// The way that leads to a board: its item's unit is known by its cases.
    pub fn crumbs(&self, board: &Board) -> Vec<Crumb> {
        let unit = match self.item.as_str() {
            "" => self.unit.clone(),
            _ => board.units.first().map(|row| row.key.clone()).unwrap_or_default(),
        };
        let mut crumbs = self.chain(&unit, &board.labels);
        if let Some(last) = crumbs.last_mut() {
            last.href.clear();
        }
        crumbs
    }

    /// From the division's year down to this step, each with its address.
    fn chain(&self, unit: &str, labels: &Labels) -> Vec<Crumb> {
        let year = self.at(Span::Year(self.span.year()));
        let name = |kind, code: &str| self.lang.label(&labels.of(kind, code), code).alone();
        let division = name(Kind::Division, self.division.as_str());
        let named = format!("{} {}", division.first, self.span.year());
        let mut crumbs = vec![Crumb {
            name: Both { first: named, ..division },
            href: Step { unit: String::new(), item: String::new(), ..year.clone() }.address(),
        }];
        if !unit.is_empty() {
            crumbs.push(Crumb { name: name(Kind::Unit, unit), href: year.unit(unit).address() });
        }
        if !self.item.is_empty() {
            crumbs.push(Crumb { name: name(Kind::Item, &self.item), href: year.item(&self.item).address() });
        }
        if !matches!(self.span, Span::Year(_)) {
            crumbs.push(Crumb { name: self.lang.only(&self.span.to_string(), ""), href: self.address() });
        }
        crumbs
    }
}

/// The way down to a list of cases, or to a case in it.
pub fn above(scope: &Scope, labels: &Labels, lang: Lang) -> Vec<Crumb> {
    let Scope { division, period, selection } = scope;
    let span = Span::of(*period).unwrap_or(Span::Year(period.first.date().year()));
    let (unit, item) = (selection.unit.clone(), selection.item.clone());
    Step { division: *division, span, unit: String::new(), item, lang }.with_unit(unit, labels)
}

impl Step {
    fn with_unit(self, unit: String, labels: &Labels) -> Vec<Crumb> {
        let step = if self.item.is_empty() { Step { unit: unit.clone(), ..self } } else { self };
        step.chain(&unit, labels)
    }
}

/// How a period is written where no span is just it.
pub fn period(period: Period) -> String {
    if period.first == period.last { period.first.to_string() } else { format!("{} – {}", period.first, period.last) }
}

/// The cases behind a figure of a scope, as a file.
pub fn cases_export(scope: &Scope, figure: Figure, lang: Lang, ending: &str) -> String {
    shell::cases(scope, figure, lang).replacen("/figures/cases?", &format!("/figures/cases.{ending}?"), 1)
}
