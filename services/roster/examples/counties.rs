//! Drafts a month for each of 158 counties and prints what it costs: `cargo run --release -p roster --example counties`.

use std::{
    io::{self, Write},
    thread,
    time::{Duration, Instant},
};

use jiff::civil::{Date, Weekday, date};
use roster::domain::draft::{Away, Draft, Half, Month, Person, Post, Rules, Unit};

const COUNTIES: usize = 158;
const THREADS: usize = 2;

fn main() -> io::Result<()> {
    let spring = march().into_iter().filter(|date| !(7..=11).contains(&date.day())).collect();
    one("23 working days", &county(march(), |_| 0))?;
    one("a tenth of the people on leave", &county(march(), leave(0)))?;
    one(
        "a third of the people on leave",
        &county(march(), |person| if person % 3 == 0 { 1 + person % 10 } else { 0 }),
    )?;
    one("18 working days", &county(spring, |_| 0))?;
    one("one head on leave all month", &county(march(), |person| if person == 0 { 99 } else { 0 }))?;
    let (month, draft) = fallen_ill();
    one(&format!("redraft from the 14th, one ill, {} duties before", draft.duties.len()), &month)?;
    batch("a tenth on leave", leave)?;
    batch("a head away all month", |county| move |person| if person == county % 29 * 5 { 99 } else { 0 })
}

/// One draft, told of.
fn one(name: &str, month: &Month) -> io::Result<()> {
    let (draft, took) = timed(month);
    let (duties, short) = (draft.duties.len(), draft.shortfalls.len());
    let proved = if draft.proved { "proved" } else { "not proved" };
    let moves = draft.moves;
    writeln!(io::stdout().lock(), "{took:>9.1?}  {name}: {duties} duties, {short} shortfalls, {moves} moves, {proved}")
}

/// All counties, each with absences of its own.
fn batch<A: Fn(usize) -> usize>(name: &str, away: impl Fn(usize) -> A + Copy + Send + 'static) -> io::Result<()> {
    let start = Instant::now();
    let draft = move |at: usize| timed(&county(march(), away(at)));
    let share = |first: usize| move || (first..COUNTIES).step_by(THREADS).map(draft).collect::<Vec<_>>();
    let threads: Vec<_> = (0..THREADS).map(|first| thread::spawn(share(first))).collect();
    let done: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect();
    let (all, counties) = (start.elapsed(), done.len());
    let mut times: Vec<Duration> = done.iter().map(|(_, took)| *took).collect();
    times.sort();
    let (median, most) = (times[counties / 2], times[counties - 1]);
    let proved = done.iter().filter(|(draft, _)| draft.proved).count();
    let short = done.iter().filter(|(draft, _)| !draft.shortfalls.is_empty()).count();
    let cost = format!("median {median:.1?}, most {most:.1?}, {proved} proved, {short} with shortfalls");
    writeln!(io::stdout().lock(), "{all:>9.1?}  {counties} counties on {THREADS} threads, {name}: {cost}")
}

fn timed(month: &Month) -> (Draft, Duration) {
    let start = Instant::now();
    let draft = month.draft();
    (draft, start.elapsed())
}

/// The whole of March 2016.
fn march() -> Vec<Date> {
    let off = |date: &Date| matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    (1..=31).map(|day| date(2016, 3, day)).filter(|date| !off(date)).collect()
}

/// A tenth of the people, others in every county, for up to ten working days.
fn leave(county: usize) -> impl Fn(usize) -> usize {
    move |person| if (person * 7 + county * 3).is_multiple_of(10) { 1 + (person + county) % 10 } else { 0 }
}

/// 29 units of five leaders, three seats; each person away for so many working days, from another day each.
fn county(days: Vec<Date>, leave: impl Fn(usize) -> usize) -> Month {
    let halves = vec![Half::Morning, Half::Afternoon];
    let away = |person: usize| {
        let from = if leave(person) < days.len() { person % days.len() } else { 0 };
        let dates = days.iter().skip(from).take(leave(person));
        dates.flat_map(|date| halves.iter().map(|half| Away { date: *date, half: *half, why: 0 })).collect()
    };
    let person = |at: usize| Person { code: format!("P{at:03}"), head: at.is_multiple_of(5), away: away(at) };
    let unit =
        |unit: usize| Unit { code: format!("{unit:03}"), people: (unit * 5..unit * 5 + 5).map(person).collect() };
    Month {
        posts: vec![
            Post { code: "hall".into(), seats: 2, halves: halves.clone() },
            Post { code: "complaints".into(), seats: 1, halves: halves.clone() },
        ],
        units: (0..29).map(unit).collect(),
        rules: Rules::default(),
        kept: Vec::new(),
        before: None,
        from: None,
        limit: Duration::from_secs(2),
        days,
    }
}

/// A county whose plan was good until somebody with duties after the 14th fell ill.
fn fallen_ill() -> (Month, Draft) {
    let (mut month, from) = (county(march(), leave(0)), date(2016, 3, 14));
    let draft = month.draft();
    let ill = draft.duties.iter().find(|duty| duty.date >= from).map(|duty| duty.person.clone()).unwrap_or_default();
    let rest: Vec<Date> = month.days.iter().copied().filter(|date| *date >= from).collect();
    let away =
        rest.iter().flat_map(|date| [Half::Morning, Half::Afternoon].map(|half| Away { date: *date, half, why: 1 }));
    let mut people = month.units.iter_mut().flat_map(|unit| &mut unit.people);
    people.by_ref().filter(|person| person.code == ill).for_each(|person| person.away.extend(away.clone()));
    month.kept = draft.duties.iter().filter(|duty| duty.date < from).cloned().collect();
    (month.before, month.from) = (Some(draft.duties.clone()), Some(from));
    (month, draft)
}
