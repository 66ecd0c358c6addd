//! The month in numbers: halves, people and units by index, and who may be where.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{ToSpan, civil::Date};

use super::{Duty, Half, Month};

/// A half-day in which somebody is to sit.
pub(super) struct Slot {
    pub date: Date,
    pub half: Half,
    /// Its full week, if it is in one.
    pub week: Option<usize>,
    /// Whether it is still to be drafted.
    pub open: bool,
    /// Post and number of each seat.
    pub seats: Vec<(usize, u32)>,
    /// How many will sit: nobody can fill the other seats.
    pub fill: usize,
}

/// One of a unit's leadership.
pub(super) struct Person<'a> {
    pub code: &'a str,
    pub unit: usize,
    pub head: bool,
    /// By slot: why not there.
    pub away: Vec<Option<u32>>,
    /// Whether their number of duties is the measure for their colleagues.
    pub regular: bool,
}

/// A kept duty that cannot stand, with the person and slot where there are such.
pub(super) struct Dropped<'a> {
    pub duty: &'a Duty,
    pub at: Option<(usize, usize)>,
}

/// The month in numbers.
pub(super) struct Grid<'a> {
    pub month: &'a Month,
    pub slots: Vec<Slot>,
    /// The Mondays of the full weeks.
    pub weeks: Vec<Date>,
    pub people: Vec<Person<'a>>,
    /// The people of each unit.
    pub units: Vec<Vec<usize>>,
    /// By slot: who stays, and in which seat.
    pub kept: Vec<Vec<(usize, usize)>>,
    pub dropped: Vec<Dropped<'a>>,
    /// By slot: who had which seat in the plan before.
    pub before: Vec<Vec<(usize, usize)>>,
    /// Duties of the plan before that must move: their person is gone or away.
    pub gone: usize,
    /// The fewest and the most duties of a unit.
    pub band: (usize, usize),
    /// The fewest half-days of a unit in the whole plan.
    pub span: usize,
}

impl<'a> Grid<'a> {
    pub fn new(month: &'a Month) -> Grid<'a> {
        let days: BTreeSet<Date> = month.days.iter().copied().collect();
        let weeks = full_weeks(&days);
        let slots = slots(month, &days, &weeks);
        let (people, units) = people(month, &slots);
        let span = month.rules.weekly as usize * days.len() / 5;
        let none = || vec![Vec::new(); slots.len()];
        let (kept, before) = (none(), none());
        let mut grid =
            Grid { month, slots, weeks, people, units, kept, dropped: vec![], before, gone: 0, band: (0, 0), span };
        grid.keep();
        grid.remember();
        grid.fill();
        grid.band = grid.band();
        grid
    }

    /// Whether a person can serve in a slot.
    pub fn free(&self, person: usize, slot: usize) -> bool {
        self.people[person].away[slot].is_none()
    }

    /// Whether a person's duty in a slot stands.
    pub fn is_kept(&self, person: usize, slot: usize) -> bool {
        self.kept[slot].iter().any(|(p, _)| *p == person)
    }

    /// Whether a person had a duty in a slot that is still to be drafted.
    pub fn had(&self, person: usize, slot: usize) -> bool {
        self.before[slot].iter().any(|(p, _)| *p == person)
    }

    /// Whether somebody on duty in one slot would rather not be in the other: the same day or the next.
    pub fn close(&self, one: usize, other: usize) -> bool {
        let (a, b) =
            (self.slots[one].date.min(self.slots[other].date), self.slots[one].date.max(self.slots[other].date));
        a == b || a.checked_add(1.day()).is_ok_and(|next| next == b)
    }

    fn keep(&mut self) {
        let (index, at) = (self.index(), self.at());
        for duty in &self.month.kept {
            let place = at.get(&(duty.date, duty.half)).zip(index.get(duty.person.as_str())).map(|(s, p)| (*p, *s));
            let seat = place.and_then(|(_, slot)| self.seat(slot, duty));
            let stands = |(person, slot): (usize, usize), seat| {
                (!self.slots[slot].open || self.free(person, slot))
                    && self.kept[slot].iter().all(|(p, taken)| *p != person && *taken != seat)
            };
            match place.zip(seat).filter(|(place, seat)| stands(*place, *seat)) {
                Some(((person, slot), seat)) => self.kept[slot].push((person, seat)),
                None => self.dropped.push(Dropped { duty, at: place }),
            }
        }
    }

    fn remember(&mut self) {
        let (index, at) = (self.index(), self.at());
        for duty in self.month.before.iter().flatten() {
            let Some(slot) = at.get(&(duty.date, duty.half)).copied().filter(|slot| self.slots[*slot].open) else {
                continue;
            };
            let person = index.get(duty.person.as_str()).copied().filter(|person| self.free(*person, slot));
            match (person, self.seat(slot, duty)) {
                (Some(person), _) if self.had(person, slot) => {}
                (Some(person), Some(seat)) => self.before[slot].push((person, seat)),
                _ => self.gone += 1,
            }
        }
    }

    fn fill(&mut self) {
        for slot in 0..self.slots.len() {
            let there = (0..self.people.len()).filter(|person| self.free(*person, slot)).count();
            let fill =
                if self.slots[slot].open { there.min(self.slots[slot].seats.len()) } else { self.kept[slot].len() };
            self.slots[slot].fill = fill;
        }
    }

    /// The band that the units miss least, each between what is kept and what it can; the lowest of such.
    fn band(&self) -> (usize, usize) {
        let total: usize = self.slots.iter().map(|slot| slot.fill).sum();
        let limits: Vec<(usize, usize)> = (0..self.units.len()).map(|unit| self.limits(unit)).collect();
        let misses = |band: &(usize, usize)| {
            let forced = |(least, most): &(usize, usize)| least.saturating_sub(band.1) + band.0.saturating_sub(*most);
            let sum = |all: usize| limits.iter().map(|(least, most)| all.clamp(*least, *most)).sum::<usize>();
            let rest = total.saturating_sub(sum(band.1)) + sum(band.0).saturating_sub(total);
            limits.iter().map(forced).sum::<usize>() + rest
        };
        (0..=total).map(|low| (low, low + 1)).min_by_key(misses).unwrap_or((0, 1))
    }

    fn limits(&self, unit: usize) -> (usize, usize) {
        let people = &self.units[unit];
        (0..self.slots.len()).fold((0, 0), |(low, high), slot| {
            let kept = people.iter().filter(|person| self.is_kept(**person, slot)).count();
            let there = people.iter().filter(|person| self.free(**person, slot)).count();
            let can = if self.slots[slot].open { there.min(self.slots[slot].fill) } else { kept };
            (low + kept, high + can.max(kept))
        })
    }

    fn index(&self) -> BTreeMap<&'a str, usize> {
        self.people.iter().enumerate().map(|(at, person)| (person.code, at)).collect()
    }

    fn at(&self) -> BTreeMap<(Date, Half), usize> {
        self.slots.iter().enumerate().map(|(at, slot)| ((slot.date, slot.half), at)).collect()
    }

    fn seat(&self, slot: usize, duty: &Duty) -> Option<usize> {
        let same = |(post, seat): &(usize, u32)| self.month.posts[*post].code == duty.post && *seat == duty.seat;
        self.slots[slot].seats.iter().position(same)
    }
}

/// The Mondays of the weeks with five working days or more.
fn full_weeks(days: &BTreeSet<Date>) -> Vec<Date> {
    let mut weeks = BTreeMap::new();
    days.iter().for_each(|date| *weeks.entry(monday(*date)).or_insert(0) += 1);
    weeks.into_iter().filter(|(_, days)| *days >= 5).map(|(monday, _)| monday).collect()
}

fn monday(date: Date) -> Date {
    date.saturating_sub((date.weekday().to_monday_zero_offset() as i64).days())
}

fn slots(month: &Month, days: &BTreeSet<Date>, weeks: &[Date]) -> Vec<Slot> {
    let halves = days.iter().flat_map(|date| [(*date, Half::Morning), (*date, Half::Afternoon)]);
    let slot = |(date, half)| {
        let posts = month.posts.iter().enumerate().filter(|(_, post)| post.halves.contains(&half));
        let seats = posts.flat_map(|(at, post)| (1..=post.seats).map(move |seat| (at, seat))).collect();
        let week = weeks.iter().position(|week| *week == monday(date));
        Slot { date, half, week, open: month.from.is_none_or(|from| date >= from), seats, fill: 0 }
    };
    halves.map(slot).filter(|slot| !slot.seats.is_empty()).collect()
}

fn people<'a>(month: &'a Month, slots: &[Slot]) -> (Vec<Person<'a>>, Vec<Vec<usize>>) {
    let (mut people, mut units, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (unit, members) in month.units.iter().enumerate() {
        let first = people.len();
        for person in members.people.iter().filter(|person| seen.insert(person.code.as_str())) {
            let mut whys = BTreeMap::new();
            person.away.iter().for_each(|away| _ = whys.entry((away.date, away.half)).or_insert(away.why));
            let away = slots.iter().map(|slot| whys.get(&(slot.date, slot.half)).copied()).collect();
            people.push(Person { code: &person.code, unit, head: person.head, away, regular: false });
        }
        let absence = |person: &Person| person.away.iter().flatten().count();
        let least = people[first..].iter().map(absence).min();
        people[first..].iter_mut().for_each(|person| person.regular = Some(absence(person)) == least);
        units.push((first..people.len()).collect());
    }
    (people, units)
}
