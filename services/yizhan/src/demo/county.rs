//! The county as the replay sees it: which item is taken in where, who sits there, who decides, and what the year holds.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use calendar::Date;
use proto::intake::v1::{Subject, SuspensionCause};
use serde::{Deserialize, de::DeserializeOwned};

/// The county's division.
pub const DIVISION: &str = "divisions/410223";

/// A window and a clerk who sits at it, as resource names.
#[derive(Clone, Debug)]
pub struct Counter {
    pub window: String,
    pub clerk: String,
}

#[derive(Debug)]
pub struct Item {
    pub code: String,
    /// divisions/410223/items/{code}
    pub name: String,
    pub unit: String,
    pub title: String,
    pub instant: bool,
    /// Working days.
    pub legal: u16,
    pub promised: u16,
    pub extension: u16,
    /// Working days that the applicant has to supplement.
    pub supplement: u16,
    pub subjects: Vec<Subject>,
    pub materials: Vec<Material>,
    /// What may stop the clock.
    pub causes: Vec<SuspensionCause>,
    pub accepting: Vec<Counter>,
    pub issuing: Vec<Counter>,
    /// Who may decide: officers and deputy heads, none of them at a window.
    pub officers: Vec<String>,
    /// Who may extend (行政许可法 art. 42).
    pub approvers: Vec<String>,
    /// Accepted cases of the year, those that stay open included.
    pub weight: u64,
}

#[derive(Debug, Deserialize)]
pub struct Material {
    pub code: String,
    pub name: String,
    pub originals: i32,
    pub copies: i32,
    pub required: bool,
}

/// What happened in the year (`year-2016.json`).
#[derive(Debug, Deserialize)]
pub struct Year {
    pub accepted: u32,
    pub completed: u32,
    weights: BTreeMap<String, u64>,
    /// Relative volume of the twelve months.
    pub month_shape: Vec<u64>,
    /// Relative volume by the hour, `09:00` to `16:30`.
    pub hour_shape: BTreeMap<String, u64>,
    /// In ten thousand accepted cases of promised items.
    pub shares: Shares,
    /// In ten thousand accepted cases, and beside them.
    pub not_accepted: NotAccepted,
    /// In ten thousand accepted cases.
    pub fixed_on_spot: u64,
    pub open_at_year_end: Vec<Open>,
}

#[derive(Debug, Deserialize)]
pub struct Shares {
    pub supplement: u64,
    pub suspended: u64,
    pub extended: u64,
    pub denied: u64,
    pub withdrawn: u64,
    pub terminated: u64,
    pub deemed: u64,
    pub late_promised: u64,
    pub late_legal: u64,
}

#[derive(Debug, Deserialize)]
pub struct NotAccepted {
    pub not_required: u64,
    pub not_competent: u64,
}

/// A case that is open at the end of the year, and the county's note on it.
#[derive(Debug, Deserialize)]
pub struct Open {
    pub item: String,
    pub received_on: Date,
    pub state: String,
    pub why_zh: String,
    pub why_en: String,
}

/// What applicants' names are made of (`applicants.json`).
#[derive(Debug, Deserialize)]
pub struct Names {
    pub surnames: Vec<String>,
    pub given: Vec<String>,
    pub enterprise_heads: Vec<String>,
    pub enterprise_trades: Vec<String>,
    pub enterprise_forms: Vec<String>,
    pub towns: Vec<String>,
}

#[derive(Debug)]
pub struct County {
    /// By code.
    pub items: Vec<Item>,
    pub year: Year,
    pub names: Names,
    pub windows: Vec<Window>,
    pub people: Vec<Person>,
}

#[derive(Deserialize)]
struct ItemRow {
    code: String,
    name_zh: String,
    unit: String,
    subjects: Vec<String>,
    handling: String,
    legal_limit_days: u16,
    promised_limit_days: u16,
    joint: bool,
    extension_days: u16,
    supplement_days: u16,
    materials: Vec<Material>,
    steps: Vec<String>,
    place: String,
    special_procedures: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub struct Window {
    pub code: String,
    name_zh: String,
    /// Code; empty where it is the centre's own.
    pub unit: String,
    accepts: bool,
    issues: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Person {
    pub code: String,
    /// Code; empty where they are of the centre or of the county's government.
    pub unit: String,
    rank: String,
    title: String,
    /// Where they sit, if anywhere.
    pub window: String,
}

impl Person {
    /// Of the leadership of a unit.
    pub fn leads(&self) -> bool {
        matches!(self.rank.as_str(), "HEAD" | "DEPUTY" | "PARTY_MEMBER")
    }

    /// divisions/410223/people/{code}
    pub fn name(&self) -> String {
        resource("people", &self.code)
    }
}

impl County {
    /// The county that is compiled in.
    pub fn read() -> anyhow::Result<County> {
        let year: Year = serde_json::from_str(include_str!("../../county/year-2016.json")).context("year-2016.json")?;
        let names = serde_json::from_str(include_str!("../../county/applicants.json")).context("applicants.json")?;
        let rows: Vec<ItemRow> = serde_json::from_str(include_str!("../../county/items.json")).context("items.json")?;
        let windows = csv(include_str!("../../county/windows.csv")).context("windows.csv")?;
        let people = csv(include_str!("../../county/people.csv")).context("people.csv")?;
        let items: Vec<_> =
            rows.into_iter().map(|row| item(row, &year, &windows, &people)).collect::<Result<_, _>>()?;
        ensure!(year.month_shape.len() == 12, "year-2016.json: month_shape needs twelve months");
        ensure!(
            items.iter().map(|item| item.weight).sum::<u64>() == u64::from(year.accepted),
            "year-2016.json: weights do not sum to accepted"
        );
        Ok(County { items, year, names, windows, people })
    }
}

fn csv<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, csv::Error> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().collect()
}

fn item(row: ItemRow, year: &Year, windows: &[Window], people: &[Person]) -> anyhow::Result<Item> {
    let code = row.code;
    let named = |text: &str| windows.iter().find(|window| text.contains(&format!("{}窗口", window.code)));
    let place = named(&row.place).with_context(|| format!("items.json: {code} names no window that accepts"))?;
    // 一窗口 and 二窗口 of one name share the work.
    let alike = windows.iter().filter(|window| {
        let plain = |name: &str| name.replace(['一', '二', '三', '四'], "");
        window.accepts && window.unit == row.unit && plain(&window.name_zh) == plain(&place.name_zh)
    });
    let accepting = alike.flat_map(|window| counters(window, people)).collect();
    let last = row.steps.last().map(String::as_str).unwrap_or_default();
    let handed = named(last)
        .filter(|window| window.issues)
        .with_context(|| format!("items.json: {code} names no window that issues"))?;
    let of_unit = |fits: fn(&Person) -> bool| {
        let people = people.iter().filter(|person| person.unit == row.unit && fits(person));
        people.map(|person| resource("people", &person.code)).collect::<Vec<_>>()
    };
    let officers =
        of_unit(|person| person.rank == "STAFF" && person.window.is_empty() && person.title.contains("审批"));
    let heads = of_unit(|person| matches!(person.rank.as_str(), "HEAD" | "DEPUTY"));
    let government =
        people.iter().filter(|person| person.rank == "GOVERNMENT_HEAD").map(|person| resource("people", &person.code));
    let approvers = if row.joint { government.collect() } else { heads };
    let known = |kind: &str, name: &String| format!("items.json: {code} has an unknown {kind} {name}");
    let subject =
        |name: &String| Subject::from_str_name(&format!("SUBJECT_{name}")).with_context(|| known("subject", name));
    let cause = |name: &String| {
        SuspensionCause::from_str_name(&format!("SUSPENSION_CAUSE_{name}"))
            .with_context(|| known("special procedure", name))
    };
    let item = Item {
        name: resource("items", &code),
        weight: *year.weights.get(&code).with_context(|| format!("year-2016.json: no weight for {code}"))?,
        instant: row.handling == "INSTANT",
        legal: row.legal_limit_days,
        promised: row.promised_limit_days,
        extension: row.extension_days,
        supplement: row.supplement_days,
        subjects: row.subjects.iter().map(subject).collect::<Result<_, _>>()?,
        causes: row.special_procedures.iter().map(cause).collect::<Result<_, _>>()?,
        title: row.name_zh,
        unit: row.unit,
        materials: row.materials,
        accepting,
        issuing: counters(handed, people).collect(),
        officers,
        approvers,
        code,
    };
    let manned =
        [item.accepting.len(), item.issuing.len(), item.officers.len(), item.approvers.len(), item.subjects.len()];
    if manned.contains(&0) || !item.materials.iter().any(|material| material.required) {
        bail!(
            "items.json: {} lacks a window, a clerk, an officer, an approver, a subject or a required material",
            item.code
        );
    }
    Ok(item)
}

/// A window with each of those who sit at it.
fn counters<'a>(window: &Window, people: &'a [Person]) -> impl Iterator<Item = Counter> + use<'a> {
    let (code, name) = (window.code.clone(), resource("windows", &window.code));
    let clerks = people.iter().filter(move |person| person.window == code);
    clerks.map(move |person| Counter { window: name.clone(), clerk: resource("people", &person.code) })
}

/// The name of something of the county.
pub fn resource(collection: &str, code: &str) -> String {
    format!("{DIVISION}/{collection}/{code}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_county_is_whole() {
        let county = County::read().expect("a county");
        assert_eq!(county.items.len(), 60);
        assert_eq!((county.year.accepted, county.year.completed), (131_565, 131_558));
        let vehicles = county.items.iter().find(|item| item.code == "410223-002-001").expect("vehicle registration");
        let windows: Vec<_> =
            vehicles.accepting.iter().map(|counter| counter.window.rsplit_once('/').expect("a name").1).collect();
        assert_eq!(windows, ["A06", "A06", "A07"], "both windows of that name, one with two clerks");
    }
}
