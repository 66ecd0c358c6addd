//! Verifies a draft by brute force, knowing only what goes in and what comes out.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{ToSpan, civil::Date};

use super::super::{Draft, Duty, Half, Month, Person, Rule};

/// Panics unless the draft keeps every rule or tells of the breach, and tells of no breach that is none.
pub(super) fn check(month: &Month, draft: &Draft) {
    let checker = Checker { month, draft };
    checker.seats();
    checker.kept();
    checker.heads();
    checker.weeks();
    checker.persons();
    checker.units();
    checker.rest();
    checker.moves();
}

struct Checker<'a> {
    month: &'a Month,
    draft: &'a Draft,
}

impl Checker<'_> {
    fn open(&self, date: Date) -> bool {
        self.month.from.is_none_or(|from| date >= from)
    }

    fn all_people(&self) -> impl Iterator<Item = &Person> {
        self.month.units.iter().flat_map(|unit| &unit.people)
    }

    fn away(&self, person: &Person, date: Date, half: Half) -> bool {
        person.away.iter().any(|away| away.date == date && away.half == half)
    }

    fn serves(&self, person: &str, date: Date, half: Half) -> bool {
        self.draft.duties.iter().any(|duty| duty.person == person && duty.date == date && duty.half == half)
    }

    fn load(&self, person: &str) -> usize {
        self.draft.duties.iter().filter(|duty| duty.person == person).count()
    }

    fn told(&self, rule: Rule, about: impl Fn(&super::super::Shortfall) -> bool) -> usize {
        self.draft.shortfalls.iter().filter(|short| short.rule == rule && about(short)).count()
    }

    fn seats(&self) {
        let mut seats = BTreeMap::new();
        for date in &self.month.days {
            for post in &self.month.posts {
                for half in &post.halves {
                    (1..=post.seats).for_each(|seat| _ = seats.insert((*date, *half, post.code.as_str(), seat), None));
                }
            }
        }
        let mut places = BTreeSet::new();
        for duty in &self.draft.duties {
            let seat =
                seats.get_mut(&(duty.date, duty.half, duty.post.as_str(), duty.seat)).expect("a seat of the plan");
            assert!(seat.replace(duty.person.as_str()).is_none(), "two in one seat: {duty:?}");
            assert!(places.insert((duty.date, duty.half, duty.person.as_str())), "in two places: {duty:?}");
            let person = self.all_people().find(|person| person.code == duty.person).expect("a person of the plan");
            let drafted = self.open(duty.date) && !self.month.kept.contains(duty);
            assert!(!self.away(person, duty.date, duty.half) || !self.open(duty.date), "away: {duty:?}");
            assert!(drafted || self.month.kept.contains(duty), "drafted in the past: {duty:?}");
        }
        for ((date, half, post, _), _) in seats.iter().filter(|(at, person)| person.is_none() && self.open(at.0)) {
            let idle = |person: &&Person| !self.away(person, *date, *half) && !self.serves(&person.code, *date, *half);
            assert_eq!(self.all_people().find(idle), None, "an empty seat on {date} {half:?}");
            let here = |short: &super::super::Shortfall| {
                short.date == Some(*date) && short.half == Some(*half) && short.post.as_deref() == Some(post)
            };
            assert!(self.told(Rule::Seat, here) > 0, "nothing told of {date} {half:?} {post}");
        }
        let empty = seats.iter().filter(|(at, person)| person.is_none() && self.open(at.0)).count();
        assert_eq!(self.told(Rule::Seat, |_| true), empty);
    }

    fn kept(&self) {
        for kept in &self.month.kept {
            let dropped = |short: &super::super::Shortfall| {
                short.person.as_ref() == Some(&kept.person)
                    && short.date == Some(kept.date)
                    && short.half == Some(kept.half)
            };
            assert!(self.draft.duties.contains(kept) || self.told(Rule::Kept, dropped) > 0, "lost: {kept:?}");
        }
    }

    fn heads(&self) {
        for head in self.all_people().filter(|person| person.head) {
            let (wanted, got) = (self.month.rules.head as usize, self.load(&head.code));
            let short = |short: &super::super::Shortfall| {
                short.person.as_ref() == Some(&head.code) && (short.wanted, short.got) == (wanted, got)
            };
            assert_eq!(self.told(Rule::Head, short), usize::from(got < wanted), "head {}", head.code);
        }
    }

    fn weeks(&self) {
        let mut weeks: BTreeMap<Date, usize> = BTreeMap::new();
        let monday = |date: Date| date.saturating_sub((date.weekday().to_monday_zero_offset() as i64).days());
        self.month.days.iter().for_each(|date| *weeks.entry(monday(*date)).or_default() += 1);
        let weekly = self.month.rules.weekly as usize;
        for unit in &self.month.units {
            let own = |duty: &&Duty| unit.people.iter().any(|person| person.code == duty.person);
            let all = self.draft.duties.iter().filter(own).count();
            let of_unit = |short: &super::super::Shortfall| short.unit.as_ref() == Some(&unit.code);
            for week in weeks.iter().filter(|(_, days)| **days >= 5).map(|(week, _)| *week) {
                let got = self.draft.duties.iter().filter(own).filter(|duty| monday(duty.date) == week).count();
                let told =
                    self.told(Rule::Week, |short| of_unit(short) && short.date == Some(week) && short.got == got);
                assert_eq!(told, usize::from(got < weekly), "{} in the week of {week}", unit.code);
            }
            let short = all < weekly * self.month.days.len() / 5;
            assert_eq!(self.told(Rule::Span, of_unit), usize::from(short), "{} in all", unit.code);
        }
    }

    /// The people there all month differ by one at most, and nobody else has more than they; heads serve as often as asked.
    fn persons(&self) {
        for unit in self.month.units.iter().filter(|unit| !unit.people.is_empty()) {
            let halves: BTreeSet<(Date, Half)> = self.month.days.iter().flat_map(|date| self.halves(*date)).collect();
            let absence =
                |person: &Person| halves.iter().filter(|(date, half)| self.away(person, *date, *half)).count();
            let least = unit.people.iter().map(absence).min().expect("people");
            let load = |person: &Person| self.load(&person.code);
            let regular: Vec<usize> = unit.people.iter().filter(|p| absence(p) == least).map(load).collect();
            let busiest = *regular.iter().max().expect("people");
            let fair = |low: usize, person: &Person| {
                let regular = absence(person) == least;
                let most = if regular { low + 1 } else { busiest.min(low + 1) };
                let office = person.head && load(person) <= self.month.rules.head as usize;
                (load(person) <= most || office) && (!regular || load(person) >= low)
            };
            let fair = (0..=busiest).any(|low| unit.people.iter().all(|person| fair(low, person)));
            let told = self.told(Rule::Person, |short| short.unit.as_ref() == Some(&unit.code));
            assert_eq!(told == 0, fair, "{}: {regular:?}", unit.code);
        }
    }

    fn halves(&self, date: Date) -> Vec<(Date, Half)> {
        self.month
            .posts
            .iter()
            .filter(|post| post.seats > 0)
            .flat_map(|p| p.halves.iter().map(move |h| (date, *h)))
            .collect()
    }

    fn units(&self) {
        let load = |unit: &super::super::Unit| unit.people.iter().map(|person| self.load(&person.code)).sum::<usize>();
        let loads: Vec<usize> = self.month.units.iter().map(load).collect();
        let fair = loads.iter().max().zip(loads.iter().min()).is_none_or(|(most, least)| most - least <= 1);
        assert_eq!(self.told(Rule::Unit, |_| true) == 0, fair, "{loads:?}");
    }

    fn rest(&self) {
        for person in self.all_people() {
            let mut dates: Vec<Date> =
                self.draft.duties.iter().filter(|duty| duty.person == person.code).map(|duty| duty.date).collect();
            dates.sort();
            let close = |pair: &&[Date]| pair[0] == pair[1] || pair[0].tomorrow().is_ok_and(|next| next == pair[1]);
            let told = self.told(Rule::Rest, |short| short.person.as_ref() == Some(&person.code));
            assert_eq!(told, dates.windows(2).filter(close).count(), "{}", person.code);
        }
    }

    fn moves(&self) {
        let Some(before) = &self.month.before else { return assert_eq!(self.draft.moves, 0) };
        let moved = |duty: &&Duty| self.open(duty.date) && !self.serves(&duty.person, duty.date, duty.half);
        assert_eq!(self.draft.moves, before.iter().filter(moved).count());
    }
}
