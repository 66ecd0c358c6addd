//! Shows the pages over a year of believable figures and publications, for looking at them: `cargo run -p gateway --example
//! board`.
//!
//! The county's names and shares come from the program's own data; the cases are told straight to the books, as a
//! follower would. `--moving` tells them slowly, so that the page is seen at work.

#[path = "../../tests/desk/mod.rs"]
mod desk;
mod duty;
#[path = "../../tests/hall/mod.rs"]
mod hall;
mod publications;

use std::{collections::HashMap, fs, io::Write, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use calendar::{Calendar, Date};
use gateway::{
    books::Books,
    domain::day::Day,
    door::{identify::Identify, rate::Rate},
    follow::{directory::FollowDirectory, intake::FollowIntake, roster::FollowRoster},
    known::Known,
    views::Views,
    web::{account::Accounts, circular::Circulars, portal::Portal},
};
use jiff::ToSpan;
use kit::{
    keys::Keys,
    serve::OpenError,
    store::{Store, follower},
    testing::{self, TestDatabase},
};
use prost::Message;
use proto::{
    directory::v1 as directory,
    intake::v1::{self as intake, CaseFacts, CaseState, Handling},
    journal::v1::Entry,
};
use serde::Deserialize;

const DIVISION: &str = "410223";

#[derive(Deserialize)]
struct Item {
    code: String,
    name_zh: String,
    name_en: String,
    unit: String,
    handling: String,
    legal_limit_days: u16,
    promised_limit_days: u16,
}

#[derive(Deserialize)]
struct Year {
    weights: HashMap<String, i64>,
}

#[tokio::main]
async fn main() -> Result<(), OpenError> {
    let county = Path::new(env!("CARGO_MANIFEST_DIR")).join("../yizhan/county");
    let database = TestDatabase::sqlite();
    let config = database.config(&["gateway"]).await;
    let store = Store::open::<migrations::gateway::Migrator>("gateway", &config.database("gateway")).await?;
    let clock = testing::clock("2016-12-30T16:40");
    let known = Known::open(&store).await?;
    let (identify, rate) = (Arc::new(Identify::new(known.clone(), None)), Arc::new(Rate::of(0)));
    let accounts = Accounts::new(desk::Desk::default().peer(), identify, rate.clone(), false);
    let units = units(&county)?;
    let codes: Vec<duty::Unit> = units.iter().map(|[code, zh, _]| (code.clone(), zh.clone())).collect();
    let duties = duty::year(&codes);
    let roster = duty::office(&duties, &codes);
    let portal = Portal::new(&publications::hall(&county)?.peers(), Views::new(&store, &clock), rate, false);
    let (books, keys) = (Books::new(&store, &clock), Keys::from_bytes([1; 32]));
    let pages = gateway::web::pages(books, keys, accounts, Circulars::new(roster), portal);

    follower::apply(&store, "directory", DIVISION, &names(&units), &FollowDirectory(known)).await?;
    for some in duty::entries(&duties).chunks(500) {
        follower::apply(&store, "roster", DIVISION, some, &FollowRoster).await?;
    }
    let items: Vec<Item> = serde_json::from_str(&fs::read_to_string(county.join("items.json"))?)?;
    let year: Year = serde_json::from_str(&fs::read_to_string(county.join("year-2016.json"))?)?;
    let told = [titles(&items), cases(&items, &year)?].concat();
    let told: Vec<Entry> = told.into_iter().zip(1..).map(|(entry, seq)| Entry { seq, ..entry }).collect();
    let moving = std::env::args().any(|argument| argument == "--moving");
    let telling = async move {
        for some in told.chunks(500) {
            follower::apply(&store, "intake", DIVISION, some, &FollowIntake).await?;
            tokio::time::sleep(Duration::from_millis(if moving { 200 } else { 0 })).await;
        }
        Ok::<_, follower::FollowError>(())
    };
    let listener = kit::serve::bind(config.web).await?;
    if moving {
        tokio::spawn(telling);
    } else {
        telling.await?;
    }
    writeln!(std::io::stdout().lock(), "http://{}/board", listener.local_addr()?)?;
    axum::serve(listener, pages).with_graceful_shutdown(kit::serve::stop_signal()).await?;
    Ok(())
}

fn entry(event: &str, payload: Vec<u8>) -> Entry {
    Entry { division: DIVISION.into(), event: event.into(), payload: Bytes::from(payload), ..Default::default() }
}

/// Code, Chinese and English name of each unit.
fn units(county: &Path) -> Result<Vec<[String; 3]>, OpenError> {
    let mut units = Vec::new();
    for row in csv::Reader::from_path(county.join("units.csv"))?.records() {
        let row = row?;
        units.push([0, 1, 2].map(|i| row.get(i).unwrap_or_default().to_owned()));
    }
    Ok(units)
}

fn names(units: &[[String; 3]]) -> Vec<Entry> {
    let division = directory::Division {
        name: format!("divisions/{DIVISION}"),
        display_name_zh: "尉氏县".into(),
        display_name_en: "Weishi County".into(),
        ..Default::default()
    };
    let mut named = vec![entry("division.created", division.encode_to_vec())];
    for [code, zh, en] in units {
        let unit = directory::Unit {
            name: format!("divisions/{DIVISION}/units/{code}"),
            display_name_zh: zh.clone(),
            display_name_en: en.clone(),
            ..Default::default()
        };
        named.push(entry("unit.created", unit.encode_to_vec()));
    }
    named.into_iter().zip(1..).map(|(entry, seq)| Entry { seq, ..entry }).collect()
}

fn titles(items: &[Item]) -> Vec<Entry> {
    let title = |item: &Item| {
        let text =
            intake::ItemText { title_zh: item.name_zh.clone(), title_en: item.name_en.clone(), ..Default::default() };
        let name = format!("divisions/{DIVISION}/items/{}", item.code);
        entry("item.created", intake::Item { name, text: Some(text), ..Default::default() }.encode_to_vec())
    };
    items.iter().map(title).collect()
}

/// The cases as they stand on the last day of the year, by the day of receipt.
fn cases(items: &[Item], year: &Year) -> Result<Vec<Entry>, OpenError> {
    let calendar = Calendar::builtin();
    let new_year: Date = "2016-01-01".parse()?;
    // Up to the day that the clock shows.
    let workdays: Vec<Date> =
        new_year.series(1.day()).take(365).filter(|day| calendar.is_workday(*day) == Some(true)).collect();
    let mut random = Random(20_161_231);
    let mut told = Vec::new();
    for item in items {
        for _ in 0..year.weights.get(&item.code).copied().unwrap_or(50).abs() {
            let (a, b) = (random.below(workdays.len()), random.below(100));
            // A little more to do in spring and towards the end of the year.
            let at = if b < 12 {
                (a / 3 + 40) % workdays.len()
            } else if b < 25 {
                workdays.len() - 1 - a / 6
            } else {
                a
            };
            told.push(case(item, at, &workdays, &mut random, told.len()));
        }
    }
    told.sort_by_key(|facts: &CaseFacts| facts.received_on);
    Ok(told.iter().map(|facts| entry("case.told", facts.encode_to_vec())).collect())
}

fn case(item: &Item, at: usize, workdays: &[Date], random: &mut Random, n: usize) -> CaseFacts {
    let day = |at: usize| workdays.get(at).map_or(0, |date| Day::of(*date).0);
    let after = |days: u16| Day::of(workdays[at]).0 + i32::from(days) * 7 / 5;
    let instant = item.handling == "INSTANT";
    let limit = usize::from(item.promised_limit_days).max(1);
    let late = random.below(900) == 0;
    let days = if instant {
        0
    } else {
        1 + random.below(limit) * random.below(limit + 1) / limit + if late { limit } else { 0 }
    };
    let ended = at + days + usize::from(!instant) * (1 + random.below(2));
    let date = workdays[at].strftime("%Y%m%d");
    let mut facts = CaseFacts {
        number: format!("{DIVISION}-{}-{date}-{n:06}-X", item.unit),
        state: CaseState::Issued.into(),
        unit: item.unit.clone(),
        item: item.code.clone(),
        handling: if instant { Handling::Instant } else { Handling::Promised }.into(),
        received_window: window(item, n),
        received_on: day(at),
        received_at: received_at(workdays[at], n),
        accepted_on: day(at),
        decided_on: day(at + days),
        ended_on: day(ended),
        legal_due_on: after(item.legal_limit_days),
        promised_due_on: after(item.promised_limit_days),
        handling_days: i32::try_from(days).unwrap_or(-1),
        granted: random.below(600) != 0,
        supplement_asked: random.below(160) == 0,
        suspensions: i32::from(random.below(700) == 0),
        extended: random.below(2_500) == 0,
        deemed_accepted: random.below(40_000) == 0,
        ..Default::default()
    };
    match random.below(2_000) {
        0 => facts.state = CaseState::Withdrawn.into(),
        1 if random.below(2) == 0 => {
            let lapsed = random.below(3) == 0;
            facts.state = if lapsed { CaseState::Lapsed } else { CaseState::Refused }.into();
            (facts.accepted_on, facts.decided_on, facts.legal_due_on, facts.promised_due_on) = (0, 0, 0, 0);
        }
        _ => {}
    }
    if facts.ended_on == 0 {
        facts.state = if facts.decided_on != 0 { CaseState::Granted } else { CaseState::Accepted }.into();
        if facts.decided_on == 0 {
            facts.handling_days = -1;
            if random.below(3) == 0 {
                facts.state = CaseState::Suspended.into();
                (facts.legal_due_on, facts.promised_due_on) = (0, 0);
            }
        }
    }
    facts
}

/// One of three windows of the item's unit.
fn window(item: &Item, n: usize) -> String {
    let unit: usize = item.unit.parse().unwrap_or_default();
    format!("A{:02}", 1 + unit * 3 % 60 + n % 3)
}

/// Most come in the morning; before the clock's time, so that the last day is believable.
fn received_at(day: Date, n: usize) -> i64 {
    const HOURS: [i64; 16] = [8, 9, 9, 9, 9, 10, 10, 10, 10, 11, 11, 14, 15, 15, 15, 16];
    let minute = if HOURS[n % 16] == 16 { n / 16 % 40 } else { n / 16 % 60 };
    calendar::start_of_day(day) + (HOURS[n % 16] * 60 + minute as i64) * 60_000_000
}

/// The same numbers at every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }
}
