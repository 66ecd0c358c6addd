//! Random terms and random notices, the same for the same seed.

use calendar::{Date, Limit, Suspension, Term};
use serde_json::{Value, json};

use crate::walk::weekend;

/// Splitmix64: small, seeded, the same everywhere.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both included.
    fn within(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1) as u64) as i64
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

pub fn later(date: Date, days: i64) -> Date {
    date.saturating_add(jiff::Span::new().days(days))
}

pub fn random_term(random: &mut Random) -> Term {
    let day0 = match random.within(0, 199) {
        0 => later(Date::MAX, -random.within(0, 40)),
        1 => later(Date::MIN, random.within(0, 40)),
        _ => later(Date::constant(2015, 11, 1), random.within(0, 4_150)),
    };
    let days = match random.within(0, 19) {
        0 => random.within(0, 2_000),
        1..=4 => random.within(0, 300),
        _ => random.within(0, 60),
    } as u16;
    let limit = if random.chance(20) { Limit::CalendarDays(days) } else { Limit::WorkingDays(days) };
    let suspensions = (0..random.within(-3, 6)).map(|_| random_stop(random, day0)).collect();
    let extensions = (0..random.within(-2, 3)).map(|_| random.within(0, 20) as u16).collect();
    Term { day0, limit, suspensions, extensions }
}

fn random_stop(random: &mut Random, day0: Date) -> Suspension {
    let first = later(day0, random.within(-40, 110));
    let length = match random.within(0, 19) {
        0 => random.within(-20, -1),
        1 => random.within(300, 1_200),
        2..=6 => 0,
        _ => random.within(0, 40),
    };
    Suspension { first, last: (!random.chance(6)).then(|| later(first, length)) }
}

/// Notices for some of the years 2015 to 2028, some of them amended, as JSON.
pub fn random_notices(random: &mut Random) -> Value {
    let mut notices = Vec::new();
    for year in 2015..=2028 {
        if random.chance(15) {
            continue;
        }
        for version in 1..=random.within(1, 2) {
            notices.push(random_notice(random, year, version));
        }
    }
    Value::Array(notices)
}

fn random_notice(random: &mut Random, year: i64, version: i64) -> Value {
    let last_of_year = Date::constant(year as i16, 12, 31);
    let (mut off, mut worked) = (Vec::new(), Vec::new());
    let mut day = Date::constant(year as i16, 1, 1);
    while day <= last_of_year && off.len() < 40 && worked.len() < 40 {
        let mut end = later(day, random.within(0, 9)).min(last_of_year);
        if random.chance(15) {
            off.push(json!({ "first": day.to_string(), "last": end.to_string() }));
        } else if weekend(crate::plain(day)) && random.chance(50) {
            worked.push(day.to_string());
            end = day;
        }
        day = later(end, 1);
    }
    json!({ "year": year, "version": version, "document": "a test", "off": off, "workdays": worked })
}
