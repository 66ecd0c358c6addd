//! Puts a month to the optimiser ([`super::draft`]) and takes its answer.

use std::time::Duration;

use calendar::Date;
use kit::refusal::Refusal;
use mirror::{Mirror, Rank};

use super::{
    draft::{self, Names},
    leave::Leave,
    month::Month,
    plan::{Assignment, Drafted, Shortfall, turns, workdays},
    rules::Revision,
    slot::{Half, Slot, days_of},
};

/// After so long the best plan that was found is the answer.
const LIMIT: Duration = Duration::from_secs(8);

/// Drafts a month from a day on; what is before that day stays. Takes up to some seconds, so never on the runtime's threads.
pub fn draft(month: &Month, revision: &Revision, from: Date, mirror: &Mirror) -> Result<Drafted, Refusal> {
    let rules = &revision.rules;
    let (first, _) = days_of(&month.code).ok_or_else(|| Refusal::internal("a month without days"))?;
    let days = workdays(&mirror.calendar, &month.code, first)?;
    if !days.iter().any(|day| *day >= from) {
        let (zh, en) = ("所选日期之后本月没有工作日", "no working day of the month is left");
        return Err(Refusal::state("NOTHING_TO_PLAN", zh, en));
    }
    let there = month.plan.as_ref().map(|plan| plan.assignments.as_slice()).unwrap_or_default();
    let duty = |at: &Assignment| draft::Duty {
        date: at.slot.day,
        half: half(at.slot.half),
        post: at.slot.post.clone(),
        seat: at.slot.seat.into(),
        person: at.person.clone(),
    };
    let filled = |all: &[Assignment]| all.iter().filter(|at| !at.person.is_empty()).map(duty).collect::<Vec<_>>();
    let (past, rest) = there.split_at(there.partition_point(|at| at.slot.day < from));
    // What was drafted and never published is no duty, and what begins too late to be published is none either.
    let past = if month.plan.as_ref().is_some_and(|plan| plan.published_at != 0) { past } else { &[] };
    let (kept, before) = (filled(past), filled(rest));
    let turns = turns(month, rules, mirror);
    let units = turns.chunk_by(|(_, one), (_, next)| one.unit == next.unit).map(|people| draft::Unit {
        code: people[0].1.unit.clone(),
        people: people
            .iter()
            .map(|(code, person)| draft::Person {
                code: (*code).to_owned(),
                head: person.rank == Rank::Head,
                away: away(month, code, &days),
            })
            .collect(),
    });
    let posts = rules.posts.iter().map(|post| draft::Post {
        code: post.code.clone(),
        seats: post.seats.into(),
        halves: post.halves.iter().map(|of| half(*of)).collect(),
    });
    let problem = draft::Month {
        posts: posts.collect(),
        units: units.collect(),
        rules: draft::Rules { weekly: rules.unit_half_days.into(), head: rules.head_half_days.into() },
        kept,
        before: (!before.is_empty()).then_some(before),
        from: Some(from),
        limit: LIMIT,
        days: days.clone(),
    };
    let answer = problem.draft();
    let called = |zh| Called { month, revision, mirror, zh };
    let (zh, en) = (called(true), called(false));
    let shortfall = |shortfall: &draft::Shortfall| Shortfall {
        reason: reason(shortfall.rule).to_owned(),
        zh: shortfall.zh(&zh),
        en: shortfall.en(&en),
    };
    // What is a wish only is not worth a word.
    let told =
        answer.shortfalls.iter().filter(|shortfall| shortfall.rule != draft::Rule::Rest).map(shortfall).collect();
    Ok(Drafted {
        rules: revision.number,
        from,
        assignments: assignments(rules.slots(&days), past, &answer.duties, from, mirror, month),
        shortfalls: told,
        moves: answer.moves as u32,
        calendar: mirror.calendar.version().to_owned(),
    })
}

/// What is past, and every seat from `from` on with whom the optimiser gave it.
fn assignments(
    slots: Vec<Slot>,
    past: &[Assignment],
    drafted: &[draft::Duty],
    from: Date,
    mirror: &Mirror,
    month: &Month,
) -> Vec<Assignment> {
    let mut all = past.to_vec();
    all.extend(slots.into_iter().filter(|slot| slot.day >= from).map(|slot| {
        let at = drafted.iter().find(|duty| {
            (duty.date, duty.half, &duty.post, duty.seat)
                == (slot.day, half(slot.half), &slot.post, u32::from(slot.seat))
        });
        let person = at.map(|duty| duty.person.clone()).unwrap_or_default();
        let unit = mirror.person(month.division, &person).map(|person| person.unit.clone()).unwrap_or_default();
        Assignment { slot, unit, person }
    }));
    all
}

/// Every half-day of these that a person is away, with the place of the leave among the month's.
fn away(month: &Month, person: &str, days: &[Date]) -> Vec<draft::Away> {
    let leaves = || month.leaves.iter().enumerate().filter(|(_, leave)| leave.person == person);
    let of = |(day, of): (Date, Half)| {
        let (why, _) = leaves().find(|(_, leave): &(usize, &Leave)| leave.covers(day, of))?;
        Some(draft::Away { date: day, half: half(of), why: why as u32 })
    };
    days.iter().flat_map(|day| Half::BOTH.map(|half| (*day, half))).filter_map(of).collect()
}

fn half(half: Half) -> draft::Half {
    match half {
        Half::Morning => draft::Half::Morning,
        Half::Afternoon => draft::Half::Afternoon,
    }
}

/// As a conflict of the same kind is called.
fn reason(rule: draft::Rule) -> &'static str {
    match rule {
        draft::Rule::Kept => "ON_LEAVE",
        draft::Rule::Seat => "UNFILLED",
        draft::Rule::Head => "HEAD_MINIMUM",
        draft::Rule::Week | draft::Rule::Span => "UNIT_MINIMUM",
        draft::Rule::Person => "FAIRNESS",
        draft::Rule::Unit => "UNIT_FAIRNESS",
        draft::Rule::Rest => "REST",
    }
}

/// What the optimiser's codes are called.
struct Called<'a> {
    month: &'a Month,
    revision: &'a Revision,
    mirror: &'a Mirror,
    zh: bool,
}

impl Names for Called<'_> {
    fn unit(&self, code: &str) -> String {
        self.mirror.title(self.month.division, code).to_owned()
    }

    fn person(&self, code: &str) -> String {
        self.mirror.name(self.month.division, code).to_owned()
    }

    fn post(&self, code: &str) -> String {
        let post = self.revision.rules.post(code);
        post.map(|post| if self.zh { &post.title_zh } else { &post.title_en })
            .map_or_else(|| code.to_owned(), String::clone)
    }

    fn why(&self, why: u32) -> String {
        let leave = self.month.leaves.get(why as usize);
        leave.map(|leave| if self.zh { leave.zh() } else { leave.en() }).unwrap_or_default()
    }
}
