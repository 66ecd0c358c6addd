//! The units as what they publish: who writes, who reviews, who approves.

use anyhow::Context;
use serde::Deserialize;

use super::super::county::{County, Person};

/// A unit as its publications name it, with the names of its people.
#[derive(Clone, Debug)]
pub struct Unit {
    pub code: String,
    pub title: String,
    pub short: String,
    pub phone: String,
    pub address: String,
    /// Name of its head.
    pub head: String,
    pub author: String,
    pub reviewer: String,
    pub leader: String,
}

#[derive(Deserialize)]
struct Row {
    code: String,
    name_zh: String,
    short_zh: String,
    phone: String,
    address: String,
}

#[derive(Deserialize)]
struct Named {
    code: String,
    name: String,
}

/// What somebody is called.
fn named(person: &str) -> anyhow::Result<String> {
    let people = csv::Reader::from_reader(include_str!("../../../county/people.csv").as_bytes()).into_deserialize();
    let people: Vec<Named> = people.collect::<Result<_, _>>().context("people.csv")?;
    let found = people.into_iter().find(|there| person.ends_with(&format!("/{}", there.code)));
    Ok(found.with_context(|| format!("people.csv: no {person}"))?.name)
}

/// All units of the county, by code.
pub fn read(county: &County) -> anyhow::Result<Vec<Unit>> {
    let rows = csv::Reader::from_reader(include_str!("../../../county/units.csv").as_bytes()).into_deserialize();
    let unit = |row: Result<Row, csv::Error>| {
        let row = row.context("units.csv")?;
        let code = row.code.as_str();
        let of = |fits: fn(&Person) -> bool| {
            county.people.iter().filter(move |person| person.unit == code && fits(person)).map(Person::name)
        };
        let mut leaders = of(Person::leads);
        let lacks = || format!("people.csv: unit {} lacks somebody who writes, reviews or approves", row.code);
        let leader = leaders.next().with_context(lacks)?;
        // Who sits at a window has no time to write.
        let mut office = of(|person| !person.leads() && person.window.is_empty()).chain(leaders);
        let (author, reviewer) = office.next().zip(office.next()).with_context(lacks)?;
        drop(office);
        Ok(Unit {
            head: named(&leader)?,
            code: row.code,
            title: row.name_zh,
            short: row.short_zh,
            phone: row.phone,
            address: row.address,
            author,
            reviewer,
            leader,
        })
    };
    rows.map(unit).collect()
}
