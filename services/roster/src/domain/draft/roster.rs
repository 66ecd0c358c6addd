//! Who is in which half, what that costs under the rules, and betterment by exchange.

use std::time::Instant;

use super::grid::Grid;

/// How far the rules are broken, the most important first: heads, half-days of units, fairness among people, fairness
/// among units, moves, wishes.
pub(super) type Score = [usize; 6];

/// Where [`Score`] counts moves.
pub(super) const MOVES: usize = 4;

/// Who is in which half.
#[derive(Clone)]
pub(super) struct Roster<'g> {
    pub grid: &'g Grid<'g>,
    /// The people of each slot.
    pub people: Vec<Vec<usize>>,
    /// The slots of each person, in order.
    pub duties: Vec<Vec<usize>>,
}

/// A change: somebody leaves a slot and somebody else comes, and perhaps the other way round in another slot.
type Change = (usize, usize, usize, Option<usize>);

impl<'g> Roster<'g> {
    pub fn empty(grid: &'g Grid<'g>) -> Roster<'g> {
        Roster { grid, people: vec![Vec::new(); grid.slots.len()], duties: vec![Vec::new(); grid.people.len()] }
    }

    /// What is kept.
    fn kept(grid: &'g Grid<'g>) -> Roster<'g> {
        let mut roster = Roster::empty(grid);
        (0..grid.slots.len()).for_each(|slot| grid.kept[slot].iter().for_each(|(person, _)| roster.put(*person, slot)));
        roster
    }

    /// What is kept, then what was before, then whoever's turn it is.
    pub fn rotation(grid: &'g Grid<'g>) -> Roster<'g> {
        let mut roster = Roster::kept(grid);
        for slot in 0..grid.slots.len() {
            for (person, _) in &grid.before[slot] {
                if roster.people[slot].len() < grid.slots[slot].fill && !roster.people[slot].contains(person) {
                    roster.put(*person, slot);
                }
            }
        }
        for slot in 0..grid.slots.len() {
            while roster.people[slot].len() < grid.slots[slot].fill {
                let Some(next) = roster.next(slot) else { break };
                roster.put(next, slot);
            }
        }
        roster
    }

    /// Whose turn it is: of the unit that owes the week most, then has served least; its head if that is owed, else who
    /// is rested and has served least.
    fn next(&self, slot: usize) -> Option<usize> {
        let rules = self.grid.month.rules;
        let turn = |person: &usize| {
            let own = &self.grid.people[*person];
            let unit = self.unit_duties(own.unit);
            let owed =
                self.grid.slots[slot].week.is_some_and(|week| self.in_week(own.unit, week) < rules.weekly as usize);
            let head = own.head && self.duties[*person].len() < rules.head as usize;
            let tired = self.duties[*person].iter().any(|other| self.grid.close(*other, slot));
            (!owed, unit, !head, tired, self.duties[*person].len(), *person)
        };
        let idle = |person: &usize| self.grid.free(*person, slot) && !self.people[slot].contains(person);
        (0..self.grid.people.len()).filter(idle).min_by_key(turn)
    }

    pub fn put(&mut self, person: usize, slot: usize) {
        let at = self.people[slot].partition_point(|other| *other < person);
        self.people[slot].insert(at, person);
        let at = self.duties[person].partition_point(|other| *other < slot);
        self.duties[person].insert(at, slot);
    }

    fn take(&mut self, person: usize, slot: usize) {
        self.people[slot].retain(|other| *other != person);
        self.duties[person].retain(|other| *other != slot);
    }

    pub fn unit_duties(&self, unit: usize) -> usize {
        self.grid.units[unit].iter().map(|person| self.duties[*person].len()).sum()
    }

    pub fn in_week(&self, unit: usize, week: usize) -> usize {
        let within = |slot: &&usize| self.grid.slots[**slot].week == Some(week);
        self.grid.units[unit].iter().map(|person| self.duties[*person].iter().filter(within).count()).sum()
    }

    /// The number of duties that each of a unit's people should have, nearest to what they have: the regular in one band of
    /// two, the others not above the busiest of these, heads as often besides as their office asks.
    pub fn fairness(&self, unit: usize) -> Vec<(usize, usize)> {
        let (people, office) = (&self.grid.units[unit], self.grid.month.rules.head as usize);
        let load = |person: &usize| self.duties[*person].len();
        let regular = || people.iter().filter(|person| self.grid.people[**person].regular);
        let most = regular().map(load).max().unwrap_or(0);
        let wanted = |low: usize| -> Vec<(usize, usize)> {
            let wanted = |person: &usize| {
                let own = &self.grid.people[*person];
                let (least, most) = if own.regular { (low, low + 1) } else { (0, most.min(low + 1)) };
                (*person, load(person).clamp(least, if own.head { most.max(office) } else { most }))
            };
            people.iter().map(wanted).collect()
        };
        let cost =
            |wanted: &Vec<(usize, usize)>| wanted.iter().map(|(p, wanted)| wanted.abs_diff(load(p))).sum::<usize>();
        (0..=most).map(wanted).min_by_key(cost).unwrap_or_default()
    }

    /// What a unit's share of the plan costs.
    pub fn score(&self, unit: usize) -> Score {
        let (grid, rules) = (self.grid, self.grid.month.rules);
        let people = &grid.units[unit];
        let load = |person: usize| self.duties[person].len();
        let heads = people.iter().filter(|person| grid.people[**person].head);
        let heads = heads.map(|head| (rules.head as usize).saturating_sub(load(*head))).sum();
        let all = self.unit_duties(unit);
        let weeks = (0..grid.weeks.len()).map(|week| (rules.weekly as usize).saturating_sub(self.in_week(unit, week)));
        let minimum = weeks.sum::<usize>() + grid.span.saturating_sub(all);
        let persons = self.fairness(unit).iter().map(|(person, wanted)| wanted.abs_diff(load(*person))).sum();
        let units = all.abs_diff(all.clamp(grid.band.0, grid.band.1));
        let wishes = people.iter().map(|person| self.clashes(*person).count()).sum();
        [heads, minimum, persons, units, self.moved(people), wishes]
    }

    fn moved(&self, people: &[usize]) -> usize {
        let lost = |slot: usize| {
            let lost = |(person, _): &&(usize, usize)| people.contains(person) && !self.people[slot].contains(person);
            self.grid.before[slot].iter().filter(lost).count()
        };
        if self.grid.month.before.is_none() { 0 } else { (0..self.grid.slots.len()).map(lost).sum() }
    }

    /// Duties on the day of the one before or on the day after, as (before, this).
    pub fn clashes(&self, person: usize) -> impl Iterator<Item = (usize, usize)> {
        let pairs = self.duties[person].windows(2).map(|pair| (pair[0], pair[1]));
        pairs.filter(|(one, other)| self.grid.close(*one, *other))
    }

    pub fn total(&self) -> Score {
        (0..self.grid.units.len()).fold([0; 6], |sum, unit| add(sum, self.score(unit)))
    }

    pub fn moves(&self) -> usize {
        self.grid.gone + self.total()[MOVES]
    }

    /// Whether every rule holds and nothing moved but what had to, so that no plan is better but in wishes.
    pub fn is_best(&self) -> bool {
        self.total()[..=MOVES] == [0; MOVES + 1]
    }

    /// Makes changes that better the score until there is none left or the time is over.
    pub fn mend(&mut self, until: Instant) {
        loop {
            let mut better = false;
            for slot in (0..self.people.len()).filter(|slot| self.grid.slots[*slot].open) {
                for person in self.people[slot].clone() {
                    if Instant::now() >= until {
                        return;
                    }
                    better |= !self.grid.is_kept(person, slot) && self.relieve(person, slot);
                }
            }
            if !better {
                return;
            }
        }
    }

    /// Makes the first change for the better that takes somebody out of a slot.
    fn relieve(&mut self, person: usize, slot: usize) -> bool {
        let own = self.grid.people[person].unit;
        let (now, hurt) = (self.score(own), !self.clashes(person).all(|(a, b)| a != slot && b != slot));
        if now[..=MOVES] == [0; MOVES + 1] && !hurt {
            return false;
        }
        for other in 0..self.grid.people.len() {
            if other == person || !self.grid.free(other, slot) || self.people[slot].contains(&other) {
                continue;
            }
            if self.try_change((person, slot, other, None)) {
                return true;
            }
            for back in self.duties[other].clone() {
                let open = self.grid.slots[back].open && !self.grid.is_kept(other, back);
                let fits = self.grid.free(person, back) && !self.people[back].contains(&person);
                if open && fits && self.try_change((person, slot, other, Some(back))) {
                    return true;
                }
            }
        }
        false
    }

    fn try_change(&mut self, change: Change) -> bool {
        let units = (self.grid.people[change.0].unit, self.grid.people[change.2].unit);
        let score = |roster: &Roster| {
            let one = roster.score(units.0);
            if units.0 == units.1 { one } else { add(one, roster.score(units.1)) }
        };
        let before = score(self);
        self.change(change);
        let better = score(self) < before;
        if !better {
            self.change((change.2, change.1, change.0, change.3));
        }
        better
    }

    fn change(&mut self, (person, slot, other, back): Change) {
        self.take(person, slot);
        self.put(other, slot);
        if let Some(back) = back {
            self.take(other, back);
            self.put(person, back);
        }
    }
}

pub(super) fn add(a: Score, b: Score) -> Score {
    std::array::from_fn(|at| a[at] + b[at])
}
