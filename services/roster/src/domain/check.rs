//! What is wrong with a plan as things stand: each conflict named with the person, the day and the rule.

use std::collections::{BTreeMap, BTreeSet};

use calendar::Date;
use jiff::civil::Weekday;
use mirror::{Mirror, Rank};

use super::{
    month::Month,
    people,
    plan::{Assignment, turns},
    rules::Rules,
    slot::{Half, Slot},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    pub reason: &'static str,
    /// Such a plan is not published.
    pub hard: bool,
    pub zh: String,
    pub en: String,
    pub slots: Vec<Slot>,
}

/// Every conflict: those of single duties in the order of slots, then those of units.
pub fn check(month: &Month, rules: &Rules, mirror: &Mirror) -> Vec<Conflict> {
    let Some(plan) = &month.plan else { return Vec::new() };
    let mut found = Vec::new();
    for at in &plan.assignments {
        of_duty(month, rules, mirror, at, &mut found);
    }
    let mut at_once: BTreeMap<(Date, Half, &str), Vec<&Slot>> = BTreeMap::new();
    for at in plan.assignments.iter().filter(|at| !at.person.is_empty()) {
        at_once.entry((at.slot.day, at.slot.half, &at.person)).or_default().push(&at.slot);
    }
    for ((day, half, person), slots) in at_once.into_iter().filter(|(_, slots)| slots.len() > 1) {
        let name = mirror.name(month.division, person);
        found.push(Conflict {
            reason: "TWO_PLACES",
            hard: true,
            zh: format!("{}{} {name} 同时被安排在{}个岗位", zh(day), half.zh(), slots.len()),
            en: format!("{day} {}: {person} is in {} places at once", half.en(), slots.len()),
            slots: slots.into_iter().cloned().collect(),
        });
    }
    of_units(month, rules, mirror, &plan.assignments, &mut found);
    found
}

fn of_duty(month: &Month, rules: &Rules, mirror: &Mirror, at: &Assignment, found: &mut Vec<Conflict>) {
    let (slot, division) = (&at.slot, month.division);
    let when = format!("{}{}", zh(slot.day), slot.half.zh());
    let when_en = format!("{} {}", slot.day, slot.half.en());
    let mut tell = |reason, zh: String, en: String| {
        found.push(Conflict { reason, hard: true, zh, en, slots: vec![slot.clone()] });
    };
    if at.person.is_empty() {
        let post = rules.post(&slot.post).map_or(slot.post.as_str(), |post| &post.title_zh);
        tell(
            "UNFILLED",
            format!("{when} {post}（{}号位）无人值班", slot.seat),
            format!("{when_en}: nobody is at {} {}", slot.post, slot.seat),
        );
        return;
    }
    let name = mirror.name(division, &at.person);
    let Ok(person) = mirror.person(division, &at.person) else {
        let (zh, en) = (format!("{when} {name} 已离岗"), format!("{when_en}: {} has left", at.person));
        return tell("PERSON_INACTIVE", zh, en);
    };
    if let Some(leave) = month.away(&at.person, slot.day, slot.half) {
        tell(
            "ON_LEAVE",
            format!("{when} {name} {}", leave.zh()),
            format!("{when_en}: {} is {}", at.person, leave.en()),
        );
    }
    if !people::takes_turns(rules, person) {
        tell(
            "RANK_NOT_ELIGIBLE",
            format!("{when} {name} 不是轮值的领导班子成员"),
            format!("{when_en}: {} is nobody who takes turns", at.person),
        );
    } else if person.unit != at.unit {
        tell(
            "PERSON_UNIT",
            format!("{when} {name} 已不属于{}", mirror.title(division, &at.unit)),
            format!("{when_en}: {} is no longer of unit {}", at.person, at.unit),
        );
    }
}

/// What the rules ask of each unit.
fn of_units(month: &Month, rules: &Rules, mirror: &Mirror, all: &[Assignment], found: &mut Vec<Conflict>) {
    let turns = turns(month, rules, mirror);
    let days: BTreeSet<Date> = all.iter().map(|at| at.slot.day).collect();
    let weeks = full_weeks(&days);
    let least = usize::from(rules.unit_half_days) * days.len() / 5;
    let soft = |reason, zh, en| Conflict { reason, hard: false, zh, en, slots: Vec::new() };
    for people in turns.chunk_by(|(_, one), (_, next)| one.unit == next.unit) {
        let unit = &people[0].1.unit;
        let title = mirror.title(month.division, unit);
        let of = |fits: &dyn Fn(&Assignment) -> bool| all.iter().filter(|at| at.unit == *unit && fits(at)).count();
        let held = of(&|_| true);
        if held < least {
            let zh = format!("{title}本月值班{held}次，应不少于{least}次");
            found.push(soft("UNIT_MINIMUM", zh, format!("unit {unit} has {held} duties of {least} in the month")));
        }
        for monday in &weeks {
            let held = of(&|at| week(at.slot.day) == *monday);
            if held < usize::from(rules.unit_half_days) {
                let least = rules.unit_half_days;
                let zh = format!("{title}在{}开始的一周值班{held}次，应不少于{least}次", zh(*monday));
                let en = format!("unit {unit} has {held} duties of {least} in the week of {monday}");
                found.push(soft("UNIT_MINIMUM", zh, en));
            }
        }
        let heads = || people.iter().filter(|(_, person)| person.rank == Rank::Head);
        let held = of(&|at| heads().any(|(code, _)| *code == at.person));
        if heads().next().is_some() && held < usize::from(rules.head_half_days) {
            let least = rules.head_half_days;
            let zh = format!("{title}正职本月值班{held}次，应不少于{least}次");
            found.push(soft("HEAD_MINIMUM", zh, format!("the head of unit {unit} has {held} duties of {least}")));
        }
        // Who is away for some of the days may have fewer.
        let whole =
            |code: &str| !days.iter().any(|day| Half::BOTH.iter().any(|half| month.away(code, *day, *half).is_some()));
        let loads: Vec<(&str, usize)> = people
            .iter()
            .filter(|(code, _)| whole(code))
            .map(|(code, _)| (*code, of(&|at| at.person == *code)))
            .collect();
        let most = loads.iter().max_by_key(|(_, load)| *load);
        let fewest = loads.iter().min_by_key(|(_, load)| *load);
        if let Some(((most, high), (fewest, low))) = most.zip(fewest)
            && high - low > usize::from(rules.fairness)
        {
            let name = |code| mirror.name(month.division, code);
            let zh = format!(
                "{title}：{}值班{high}次，{}值班{low}次，相差超过{}次",
                name(most),
                name(fewest),
                rules.fairness
            );
            let en = format!("unit {unit}: {most} has {high} duties, {fewest} has {low}");
            found.push(soft("FAIRNESS", zh, en));
        }
    }
}

/// The Mondays of the weeks in which five days or more are worked.
fn full_weeks(days: &BTreeSet<Date>) -> Vec<Date> {
    let mut weeks: BTreeMap<Date, usize> = BTreeMap::new();
    for day in days {
        *weeks.entry(week(*day)).or_default() += 1;
    }
    weeks.into_iter().filter(|(_, worked)| *worked >= 5).map(|(monday, _)| monday).collect()
}

/// The Monday of a day's week.
fn week(day: Date) -> Date {
    let after = i64::from(day.weekday().since(Weekday::Monday));
    day.saturating_sub(jiff::Span::new().days(after))
}

/// `3月8日`
fn zh(day: Date) -> String {
    format!("{}月{}日", day.month(), day.day())
}
