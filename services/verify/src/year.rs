//! The years' figures: every definition, in total and by unit.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    day,
    definition::{ALL, Cohort},
    facts::{Facts, Member},
};

/// Numerator and denominator of each definition, in the order of [`ALL`]. A count's denominator is 0.
pub type Counts = [(i64, i64); ALL.len()];

/// What a year came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Year {
    pub total: Counts,
    /// By code.
    pub units: BTreeMap<Arc<str>, Counts>,
}

pub type Years = BTreeMap<i16, Year>;

/// Adds what the facts of a service come to, years by year; what is open is overdue or not as of a day.
pub fn add(years: &mut Years, service: &str, facts: &Facts, as_of: i32) {
    let cohorts: BTreeSet<Cohort> =
        ALL.iter().filter(|definition| definition.service == service).map(|definition| definition.cohort).collect();
    for cohort in cohorts {
        let known: BTreeSet<i16> = facts.members(cohort).filter_map(|(_, member)| member.year(cohort)).collect();
        for (_, member) in facts.members(cohort) {
            let Some(first) = member.year(cohort) else { continue };
            // A draft that waits is counted in every year until it is published.
            let last = if member.is_draft() { i16::MAX } else { first };
            for year in known.range(first..=last) {
                count(years.entry(*year).or_default(), cohort, *year, member, as_of);
            }
        }
    }
}

fn count(year: &mut Year, cohort: Cohort, number: i16, member: Member<'_>, as_of: i32) {
    if !day::of_year(number).is_some_and(|period| member.is_of(cohort, period, as_of)) {
        return;
    }
    let unit = year.units.entry(member.unit().clone()).or_insert([(0, 0); ALL.len()]);
    for (at, definition) in ALL.iter().enumerate().filter(|(_, definition)| definition.cohort == cohort) {
        let all = |terms: &[_]| terms.iter().all(|term| member.fulfils(*term, as_of));
        if definition.denominator.is_none_or(|whole| all(whole.terms)) {
            let counted = (i64::from(all(definition.numerator.terms)), i64::from(definition.is_rate()));
            for (numerator, denominator) in [&mut year.total[at], &mut unit[at]] {
                *numerator += counted.0;
                *denominator += counted.1;
            }
        }
    }
}
