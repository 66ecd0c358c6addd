//! The second implementation: its own dates, its own reading of the notices, one day after the other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A civil date: year, month, day.
pub type Ymd = (i32, u32, u32);

fn leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_length(year: i32, month: u32) -> u32 {
    match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The next day; none after the end of the year 9999.
pub fn next((year, month, day): Ymd) -> Option<Ymd> {
    if day < month_length(year, month) {
        Some((year, month, day + 1))
    } else if month < 12 {
        Some((year, month + 1, 1))
    } else {
        (year < 9999).then_some((year + 1, 1, 1))
    }
}

/// The day before; none before the beginning of the year −9999.
fn previous((year, month, day): Ymd) -> Option<Ymd> {
    if day > 1 {
        Some((year, month, day - 1))
    } else if month > 1 {
        Some((year, month - 1, month_length(year, month - 1)))
    } else {
        (year > -9999).then_some((year - 1, 12, 31))
    }
}

/// Zeller's congruence: 0 is Saturday, 1 Sunday.
pub fn weekend((year, month, day): Ymd) -> bool {
    let (year, month) = if month < 3 { (year - 1, month + 12) } else { (year, month) };
    let (day, month) = (day as i32, month as i32);
    let (century, year) = (year.div_euclid(100), year.rem_euclid(100));
    let h = day + 13 * (month + 1) / 5 + year + year / 4 + century.div_euclid(4) + 5 * century;
    h.rem_euclid(7) < 2
}

/// Reads `2026-02-09`.
fn read(text: &str) -> Ymd {
    let mut parts = text.split('-').map(|part| part.parse::<i32>().expect("a number"));
    let mut part = || parts.next().expect("a part");
    (part(), part() as u32, part() as u32)
}

/// A day on the way: which it is, its number where it counts, and why it counts or does not.
pub type Seen = (Ymd, Option<u32>, &'static str);

/// The days off and the make-up days, by year.
pub struct Naive(BTreeMap<i32, (BTreeSet<Ymd>, BTreeSet<Ymd>)>);

impl Naive {
    /// Reads notices from JSON, the newest of each year.
    pub fn read(notices: &Value) -> Naive {
        let text = |value: &Value| read(value.as_str().expect("a date"));
        let mut newest: BTreeMap<i64, &Value> = BTreeMap::new();
        for notice in notices.as_array().expect("a list") {
            let held = newest.entry(notice["year"].as_i64().expect("a year")).or_insert(notice);
            if notice["version"].as_u64() > held["version"].as_u64() {
                *held = notice;
            }
        }
        let mut years = BTreeMap::new();
        for (year, notice) in newest {
            let mut off = BTreeSet::new();
            for span in notice["off"].as_array().expect("a list") {
                let mut day = text(&span["first"]);
                off.insert(day);
                while day != text(&span["last"]) {
                    day = next(day).expect("a next day");
                    off.insert(day);
                }
            }
            let worked = notice["workdays"].as_array().expect("a list").iter().map(text).collect();
            years.insert(year as i32, (off, worked));
        }
        Naive(years)
    }

    /// The reason that an examined day has; `None` where its year has no notice.
    pub fn kind(&self, day: Ymd) -> Option<&'static str> {
        let (off, worked) = self.0.get(&day.0)?;
        Some(match (off.contains(&day), worked.contains(&day), weekend(day)) {
            (true, _, _) => "holiday",
            (_, true, _) => "make_up_workday",
            (_, _, true) => "weekend",
            _ => "workday",
        })
    }

    pub fn works(&self, day: Ymd) -> Option<bool> {
        self.kind(day).map(|kind| kind == "workday" || kind == "make_up_workday")
    }

    /// Walks a history to its end and says what it met: every day, its number and its reason.
    pub fn walk(&self, history: &History) -> (Answer, Vec<Seen>) {
        let mut day = history.day0;
        let mut seen = vec![(day, None, "day_zero")];
        let mut calendar_days = history.calendar_days;
        let mut working_days = history.working_days;
        let mut counted = 0;
        let mut stopped_since = None;
        while calendar_days + working_days > 0 {
            let before = day;
            let remaining = calendar_days + working_days;
            match next(day) {
                Some(next) => day = next,
                None => return (Answer::Provisional(before, remaining), seen),
            }
            let mut begun = history.stops.iter().filter(|(first, _)| *first <= day);
            let open = begun.clone().any(|(_, last)| last.is_none());
            if open || begun.any(|(_, last)| last.is_some_and(|last| day <= last)) {
                let since = *stopped_since.get_or_insert(day);
                seen.push((day, None, "suspended"));
                if open {
                    // The list ends with the first day of the unbroken stop.
                    seen.retain(|(day, _, _)| *day <= since);
                    return (Answer::Stopped(since, remaining), seen);
                }
                continue;
            }
            stopped_since = None;
            if calendar_days > 0 {
                calendar_days -= 1;
                counted += 1;
                seen.push((day, Some(counted), "calendar_day"));
                continue;
            }
            let Some(kind) = self.kind(day) else {
                seen.push((day, None, "unpublished"));
                return (Answer::Provisional(before, remaining), seen);
            };
            if self.works(day) == Some(true) {
                working_days -= 1;
                counted += 1;
                seen.push((day, Some(counted), kind));
            } else {
                seen.push((day, None, kind));
            }
        }
        (Answer::On(day), seen)
    }

    /// The working days after `after` through `through`.
    pub fn between(&self, after: Ymd, through: Ymd) -> Option<u32> {
        let (mut day, mut count) = (after, 0);
        while day < through {
            day = next(day)?;
            count += u32::from(self.works(day)?);
        }
        Some(count)
    }

    /// The `n`th working day before `day`.
    pub fn before(&self, mut day: Ymd, mut n: u32) -> Option<Ymd> {
        while n > 0 {
            day = previous(day)?;
            n -= u32::from(self.works(day)?);
        }
        Some(day)
    }
}

/// What has happened to a term, in plain dates.
#[derive(Debug)]
pub struct History {
    pub day0: Ymd,
    pub calendar_days: u32,
    pub working_days: u32,
    pub stops: Vec<(Ymd, Option<Ymd>)>,
}

#[derive(PartialEq, Debug)]
pub enum Answer {
    On(Ymd),
    Provisional(Ymd, u32),
    Stopped(Ymd, u32),
}
