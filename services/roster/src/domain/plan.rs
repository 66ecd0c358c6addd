//! A month's plan: drafted by the optimiser, adjusted by hand, published some working days ahead.

use calendar::{Calendar, Date, shanghai_date};
use kit::{
    clock::Moment,
    refusal::{Fault, Refusal},
};
use mirror::Mirror;
use serde::{Deserialize, Serialize};

use super::{
    check::{Conflict, check},
    month::Month,
    people,
    rules::Rules,
    slot::{Slot, days_of},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Draft,
    Published,
    /// Published, with a newer draft of what is left.
    Revised,
}

/// Who is to be on duty; nobody where person is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    pub slot: Slot,
    pub unit: String,
    pub person: String,
}

/// What a draft could not give, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortfall {
    pub reason: String,
    pub zh: String,
    pub en: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub state: State,
    /// Revision of the rules.
    pub rules: i32,
    /// In the order of slots.
    pub assignments: Vec<Assignment>,
    /// First day that the newest draft planned: what was before stays as it was published.
    pub from: Date,
    pub shortfalls: Vec<Shortfall>,
    pub moves: u32,
    pub drafted_by: String,
    pub drafted_at: i64,
    pub published_by: String,
    /// 0 where it never was.
    pub published_at: i64,
    /// Version of the calendar.
    pub calendar: String,
}

/// A new draft, as the optimiser has made it.
#[derive(Clone, Debug)]
pub struct Drafted {
    pub rules: i32,
    pub from: Date,
    pub assignments: Vec<Assignment>,
    pub shortfalls: Vec<Shortfall>,
    pub moves: u32,
    pub calendar: String,
}

impl Plan {
    /// Takes a draft over.
    pub fn draft(month: &mut Month, drafted: Drafted, by: &str, now: Moment) {
        let before = month.plan.take();
        let published = before.as_ref().is_some_and(|plan| plan.state != State::Draft);
        let (published_by, published_at) =
            before.map(|plan| (plan.published_by, plan.published_at)).unwrap_or_default();
        month.plan = Some(Plan {
            state: if published { State::Revised } else { State::Draft },
            rules: drafted.rules,
            assignments: drafted.assignments,
            from: drafted.from,
            shortfalls: drafted.shortfalls,
            moves: drafted.moves,
            drafted_by: by.to_owned(),
            drafted_at: now.0,
            published_by,
            published_at,
            calendar: drafted.calendar,
        });
        month.touch();
    }

    /// Puts other people on duties of a draft; an empty person leaves one unfilled.
    pub fn adjust(month: &mut Month, moves: &[(Slot, String)], mirror: &Mirror, now: Moment) -> Result<(), Refusal> {
        let division = month.division;
        let plan = month.plan.as_mut().ok_or_else(Plan::not_found)?;
        if plan.state == State::Published {
            let (zh, en) = (
                "值班表已公布，请通过调班、替班或请假调整，或先重新编排",
                "the plan is published: ask for an exchange, or draft what is left anew",
            );
            return Err(Refusal::state("PLAN_STATE", zh, en));
        }
        let today = shanghai_date(now.0);
        for (slot, person) in moves {
            let at = plan.assignments.iter_mut().find(|assignment| assignment.slot == *slot);
            let at = at.filter(|at| at.slot.day >= plan.from && at.slot.day >= today).ok_or_else(|| absent(slot))?;
            let unit = if person.is_empty() { "" } else { &mirror.person(division, person)?.unit };
            (at.person, at.unit) = (person.clone(), unit.to_owned());
        }
        plan.shortfalls.clear();
        month.touch();
        Ok(())
    }

    /// Makes the draft the plan. Answers with the assignments that are new; refused while one cannot be.
    pub fn publish(
        month: &mut Month,
        rules: &Rules,
        by: &str,
        mirror: &Mirror,
        now: Moment,
    ) -> Result<Vec<Assignment>, Refusal> {
        let conflicts = check(month, rules, mirror);
        let plan = month.plan.as_mut().ok_or_else(Plan::not_found)?;
        if plan.state == State::Published {
            return Err(Refusal::state("PLAN_STATE", "值班表已公布", "the plan is published already"));
        }
        let hard: Vec<&Conflict> = conflicts.iter().filter(|conflict| conflict.hard).collect();
        if !hard.is_empty() {
            let faults = hard.iter().take(50).map(|conflict| Fault {
                field: conflict.slots.first().map(Slot::id).unwrap_or_default(),
                zh: conflict.zh.clone(),
                en: conflict.en.clone(),
            });
            let (zh, en) = (
                format!("值班表有{}处冲突须先解决：{}", hard.len(), hard[0].zh),
                format!("{} conflicts must be solved first: {}", hard.len(), hard[0].en),
            );
            return Err(Refusal::state("PLAN_CONFLICTS", zh, en).with(faults.collect()));
        }
        let first = first_in_time(&mirror.calendar, shanghai_date(now.0), rules.notice_days);
        let changed: Vec<_> = plan.assignments.iter().filter(|at| at.slot.day >= plan.from).cloned().collect();
        if changed.first().is_some_and(|at| first.is_none_or(|first| at.slot.day < first)) {
            let shown = first.map_or_else(|| "—".to_owned(), |first| first.to_string());
            let (zh, en) = (
                format!("值班表须提前{}个工作日公布：今天公布的，最早从{shown}起", rules.notice_days),
                format!("a plan is published {} working days ahead: today from {shown} on", rules.notice_days),
            );
            return Err(Refusal::state("NOTICE_TOO_SHORT", zh, en));
        }
        (plan.state, plan.published_by, plan.published_at) = (State::Published, by.to_owned(), now.0);
        month.touch();
        Ok(changed)
    }

    pub fn not_found() -> Refusal {
        Refusal::not_found("PLAN_NOT_FOUND", "该月没有值班表", "there is no plan of that month")
    }
}

fn absent(slot: &Slot) -> Refusal {
    let (zh, en) = (format!("草案中没有值班 {slot}"), format!("the draft has no duty {slot}"));
    Refusal::not_found("DUTY_NOT_FOUND", zh, en)
}

/// The first working day that a plan published on `today` may begin with; None where the calendar cannot say.
pub fn first_in_time(calendar: &Calendar, today: Date, notice: u16) -> Option<Date> {
    let mut day = today;
    let mut left = notice;
    while left > 0 {
        day = day.tomorrow().ok()?;
        left -= u16::from(calendar.is_workday(day)?);
    }
    Some(day)
}

/// The working days of a month from a day on (make-up days included); refused where no notice says them.
pub fn workdays(calendar: &Calendar, month: &str, from: Date) -> Result<Vec<Date>, Refusal> {
    let (first, last) = days_of(month).ok_or_else(|| Refusal::field("month", "应为 YYYY-MM", "must be YYYY-MM"))?;
    let mut days = Vec::new();
    for day in first.series(jiff::ToSpan::days(1)).take_while(|day| *day <= last) {
        match calendar.is_workday(day) {
            Some(true) if day >= from => days.push(day),
            Some(_) => {}
            None => {
                let (zh, en) = (
                    format!("{}年放假安排尚未公布（导入后再编排）", day.year()),
                    format!("no holiday notice for {} is known yet", day.year()),
                );
                return Err(Refusal::state("YEAR_NOT_PUBLISHED", zh, en));
            }
        }
    }
    Ok(days)
}

/// The people who take turns, by unit and code.
pub fn turns<'a>(month: &Month, rules: &Rules, mirror: &'a Mirror) -> Vec<(&'a str, &'a mirror::Person)> {
    let mut turns = mirror.people_of(month.division);
    turns.retain(|(_, person)| people::takes_turns(rules, person));
    turns.retain(|(_, person)| mirror.unit(month.division, &person.unit).is_ok_and(|unit| unit.active));
    turns.sort_unstable_by_key(|(code, person)| (person.unit.as_str(), *code));
    turns
}
