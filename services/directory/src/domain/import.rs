//! Many nouns at once, all or none; every fault is told with its place, not only the first.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use kit::{
    id,
    refusal::{Fault, Refusal},
};
use serde::{Deserialize, Serialize};

use super::{
    division::{self, Division},
    kept::{self, Draft, Facts, Kept, State},
    person, reference,
    reference::{Known, Reference},
    unit, window,
};

pub const COLLECTION: &str = "imports";
pub const IMPORTED: &str = "directory.imported";
/// At most so many rows.
pub const MOST_ROWS: usize = 2_000;
/// At most so many faults are told.
const MOST_FAULTS: usize = 100;

/// An import that was done, kept by its request id so that a repeat of the request is answered the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    pub division: id::Division,
    pub id: String,
    pub counts: Counts,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub created: i32,
    pub updated: i32,
    pub unchanged: i32,
}

/// One row and its place in the request, for example `units[12]`.
#[derive(Clone, Debug)]
pub struct Row<F> {
    pub at: String,
    pub draft: Draft<F>,
}

/// The rows of one noun.
#[derive(Clone, Debug)]
pub struct Rows<F> {
    pub rows: Vec<Row<F>>,
    /// The codes of all rows, of those with faults too, so that one fault does not make others.
    pub codes: HashSet<String>,
}

/// What is to be imported.
#[derive(Clone, Debug)]
pub struct Sheet {
    pub parent: id::Division,
    pub division: Option<Row<division::Facts>>,
    pub units: Rows<unit::Facts>,
    pub windows: Rows<window::Facts>,
    pub people: Rows<person::Facts>,
}

/// The nouns of one kind that are there already, by code.
pub type Shelf<F> = HashMap<String, Arc<Kept<F>>>;

/// What is there already of all that a sheet names.
#[derive(Debug, Default)]
pub struct Found {
    pub division: Option<Arc<Division>>,
    pub units: Shelf<unit::Facts>,
    pub windows: Shelf<window::Facts>,
    pub people: Shelf<person::Facts>,
}

/// A noun that the import makes or changes, and what happened to it.
#[derive(Debug)]
pub struct Change<F> {
    pub noun: Kept<F>,
    pub event: &'static str,
}

/// What an import comes to.
#[derive(Debug, Default)]
pub struct Merged {
    pub division: Vec<Change<division::Facts>>,
    pub units: Vec<Change<unit::Facts>>,
    pub windows: Vec<Change<window::Facts>>,
    pub people: Vec<Change<person::Facts>>,
    pub counts: Counts,
}

impl Sheet {
    /// What the import comes to, or all that is wrong with it: `faults` of reading it, and what the nouns found say.
    pub fn merge(&self, found: &Found, faults: Vec<Fault>) -> Result<Merged, Refusal> {
        let mut merge = Merge { known: Names { sheet: self, found }, counts: Counts::default(), refusals: Vec::new() };
        let there = found.division.iter().map(|division| (division.code.clone(), division.clone())).collect();
        if self.division.is_none() {
            merge.check_division(self.parent, found.division.as_deref());
        }
        let division = merge.rows(self.division.as_slice(), &there);
        let units = merge.rows(&self.units.rows, &found.units);
        let windows = merge.rows(&self.windows.rows, &found.windows);
        let people = merge.rows(&self.people.rows, &found.people);
        match refuse(faults, merge.refusals) {
            Some(refusal) => Err(refusal),
            None => Ok(Merged { division, units, windows, people, counts: merge.counts }),
        }
    }

    /// The units and windows that its rows name, and its own.
    pub fn codes(&self) -> (HashSet<&str>, HashSet<&str>) {
        let mut units: HashSet<&str> = self.units.codes.iter().map(String::as_str).collect();
        let mut windows: HashSet<&str> = self.windows.codes.iter().map(String::as_str).collect();
        units.extend(self.windows.rows.iter().filter_map(|row| row.draft.facts.unit.as_deref()));
        units.extend(self.people.rows.iter().filter_map(|row| row.draft.facts.unit.as_deref()));
        windows.extend(self.people.rows.iter().filter_map(|row| row.draft.facts.window.as_deref()));
        (units, windows)
    }
}

/// References of rows may be to other rows.
struct Names<'a> {
    sheet: &'a Sheet,
    found: &'a Found,
}

impl Known for Names<'_> {
    fn unit(&self, code: &str) -> Option<State> {
        // A row for a deactivated noun is a fault of its own.
        let row = self.sheet.units.codes.contains(code).then_some(State::Active);
        row.or_else(|| self.found.units.get(code).map(|unit| unit.state))
    }

    fn window(&self, code: &str) -> Option<State> {
        let row = self.sheet.windows.codes.contains(code).then_some(State::Active);
        row.or_else(|| self.found.windows.get(code).map(|window| window.state))
    }
}

struct Merge<'a> {
    known: Names<'a>,
    counts: Counts,
    refusals: Vec<(String, Refusal)>,
}

impl Merge<'_> {
    fn check_division(&mut self, parent: id::Division, there: Option<&Division>) {
        let refusal = match there.map(|division| division.state) {
            Some(State::Active) => return,
            Some(State::Inactive) => kept::inactive::<division::Facts>(parent.as_str()),
            None => kept::absent::<division::Facts>(),
        };
        self.refusals.push(("parent".to_owned(), refusal));
    }

    fn rows<F: Facts>(&mut self, rows: &[Row<F>], there: &Shelf<F>) -> Vec<Change<F>> {
        rows.iter().filter_map(|row| self.row(row, there.get(&row.draft.code).map(Arc::as_ref))).collect()
    }

    fn row<F: Facts>(&mut self, row: &Row<F>, there: Option<&Kept<F>>) -> Option<Change<F>> {
        for named in reference::named_anew(&row.draft.facts, there.map(|noun| &noun.facts)) {
            if let Err(refusal) = named.check(&self.known) {
                self.refusals.push((format!("{}.{}", row.at, Reference::field(&named)), refusal));
            }
        }
        let Draft { etag, facts, .. } = row.draft.clone();
        match there {
            None => {
                self.counts.created += 1;
                let noun = Kept::create(row.draft.clone(), None).ok()?;
                Some(Change { noun, event: F::NAMES.created })
            }
            Some(there) if there.state == State::Active && there.facts == facts => {
                self.counts.unchanged += 1;
                None
            }
            Some(there) => {
                let mut noun = there.clone();
                if let Err(refusal) = noun.update(&etag, facts) {
                    self.refusals.push((format!("{}.name", row.at), refusal));
                }
                self.counts.updated += 1;
                Some(Change { noun, event: F::NAMES.updated })
            }
        }
    }
}

/// One refusal for all: of the one reason, where they have one.
fn refuse(mut faults: Vec<Fault>, refusals: Vec<(String, Refusal)>) -> Option<Refusal> {
    let first = refusals.first().map(|(_, refusal)| refusal.clone());
    let alike =
        first.filter(|first| faults.is_empty() && refusals.iter().all(|(_, other)| other.reason() == first.reason()));
    let fault = |(field, refusal): (String, Refusal)| {
        let (zh, en) = (refusal.zh().to_owned(), refusal.en().to_owned());
        Fault { field, zh, en }
    };
    faults.extend(refusals.into_iter().map(fault));
    faults.truncate(MOST_FAULTS);
    match alike {
        Some(refusal) => Some(refusal.with(faults)),
        None if faults.is_empty() => None,
        None => Some(Refusal::fields(faults)),
    }
}
