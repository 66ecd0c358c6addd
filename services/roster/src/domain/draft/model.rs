//! The elastic integer program: every rule may be missed at a price, so it always has an answer.

use std::time::{Duration, Instant};

use good_lp::{
    Constraint, Expression, ProblemVariables, Solution, SolutionStatus, SolverModel, Variable, WithTimeLimit,
    constraint, microlp, variable,
};

use super::{grid::Grid, roster::Roster};

/// So many seats of a slot for a unit, or one for a person.
struct Cell {
    unit: usize,
    slot: usize,
    person: Option<usize>,
    seats: Variable,
    /// Whether the rotation, or the plan before, has them here.
    wished: bool,
}

/// What a unit's part of the answer costs: its head's missing duties, unfairness among its people, wishes met.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct Price {
    head: usize,
    unfair: usize,
    wished: usize,
}

/// An answer.
struct Answer {
    /// Seats by unit and slot.
    seats: Vec<Vec<usize>>,
    /// Person and slot of every duty of the units by person.
    duties: Vec<(usize, usize)>,
    prices: Vec<Price>,
    /// Duties of heads and half-days of units that are missing.
    missed: (usize, usize),
    /// Whether it is proved to be the best.
    optimal: bool,
}

/// The best roster, or where the time is over first the best found, and whether it is proved to be the best. The units of
/// `fine` are planned by person from the start.
pub(super) fn improve<'g>(rotation: Roster<'g>, mut fine: Vec<bool>, until: Instant) -> (Roster<'g>, bool) {
    let grid = rotation.grid;
    let demand: Vec<usize> = grid.slots.iter().map(|slot| slot.fill).collect();
    let everyone: Vec<usize> = (0..grid.units.len()).collect();
    let mut best = rotation.clone();
    while let Some(whole) = solve(&rotation, &everyone, &fine, &demand, until) {
        let Some((roster, misfits, optimal)) = split(&rotation, &whole, &fine, until) else { break };
        if roster.total() < best.total() {
            best = roster;
        }
        if misfits.is_empty() || !optimal {
            return (best, optimal);
        }
        misfits.into_iter().for_each(|unit| fine[unit] = true);
    }
    (best, false)
}

/// A roster, the units of it that cost more than its program said, and whether it is the best but for these.
type Split<'g> = (Roster<'g>, Vec<usize>, bool);

/// The answer by person of every unit.
fn split<'g>(rotation: &Roster<'g>, whole: &Answer, fine: &[bool], until: Instant) -> Option<Split<'g>> {
    let grid = rotation.grid;
    let (mut roster, mut misfits, mut optimal) = (Roster::empty(grid), Vec::new(), whole.optimal);
    whole.duties.iter().for_each(|(person, slot)| roster.put(*person, *slot));
    for unit in (0..grid.units.len()).filter(|unit| !fine[*unit]) {
        let part = solve(rotation, &[unit], &vec![true; fine.len()], &whole.seats[unit], until)?;
        optimal &= part.optimal;
        part.duties.iter().for_each(|(person, slot)| roster.put(*person, *slot));
        let (price, least) = (part.prices[unit], whole.prices[unit]);
        let moved = grid.month.before.is_some() && price.wished < least.wished;
        if price.head > least.head || price.unfair > least.unfair || moved {
            misfits.push(unit);
        }
    }
    Some((roster, misfits, optimal))
}

/// Gives the seats of every slot to these units, those of `fine` by person. None if the time is over first.
///
/// Where heads or half-days must be missed, once more with just so many missed and free of charge: beside their prices a
/// single move is less than the solver's tolerance.
fn solve(rotation: &Roster, units: &[usize], fine: &[bool], demand: &[usize], until: Instant) -> Option<Answer> {
    let program = |missed| {
        let mut program = Program::new(rotation, missed);
        for unit in units {
            let first = program.cells.len();
            if fine[*unit] {
                program.people(*unit, demand)
            } else {
                program.block(*unit, demand)
            }
            program.rules(*unit, first, fine[*unit]);
        }
        program.fill(demand);
        program.miss(missed);
        program.solve(until)
    };
    let first = program(None)?;
    if first.missed == (0, 0) {
        return Some(first);
    }
    program(Some(first.missed)).or(Some(Answer { optimal: false, ..first }))
}

/// The program under construction.
struct Program<'r, 'g> {
    rotation: &'r Roster<'g>,
    variables: ProblemVariables,
    cells: Vec<Cell>,
    rows: Vec<Constraint>,
    cost: Expression,
    /// What is missed, by unit.
    heads: Vec<(usize, Variable)>,
    minimum: Vec<(usize, Variable)>,
    unfair: Vec<(usize, Variable)>,
    prices: Prices,
}

/// What a miss of each rule costs: more than all misses of the rules below it.
struct Prices {
    unit: f64,
    person: f64,
    minimum: f64,
    head: f64,
}

impl Prices {
    fn new(grid: &Grid) -> Prices {
        let seats = 1.0 + grid.slots.iter().map(|slot| slot.fill).sum::<usize>() as f64;
        let units = grid.units.len() as f64;
        let owed = units * (grid.span + grid.month.rules.weekly as usize * grid.weeks.len()) as f64;
        let unit = seats;
        let person = unit + unit * (seats + units * grid.band.0 as f64);
        let minimum = person + person * 2.0 * seats;
        Prices { unit, person, minimum, head: minimum + minimum * owed }
    }
}

impl<'r, 'g> Program<'r, 'g> {
    fn new(rotation: &'r Roster<'g>, missed: Option<(usize, usize)>) -> Program<'r, 'g> {
        let mut prices = Prices::new(rotation.grid);
        if missed.is_some() {
            (prices.head, prices.minimum) = (0.0, 0.0);
        }
        let (variables, cost, cells, rows) = (ProblemVariables::new(), Expression::default(), vec![], vec![]);
        let (heads, minimum, unfair) = (vec![], vec![], vec![]);
        Program { rotation, variables, cells, rows, cost, heads, minimum, unfair, prices }
    }

    fn integer(&mut self, min: usize, max: usize) -> Variable {
        self.variables.add(variable().integer().min(min as f64).max(max as f64))
    }

    fn slack(&mut self, price: f64) -> Variable {
        let slack = self.variables.add(variable().min(0.0));
        self.cost += price * slack;
        slack
    }

    fn cell(&mut self, cell: (usize, usize, Option<usize>), (min, max): (usize, usize), wished: bool) {
        if max > 0 {
            let seats = self.integer(min, max);
            self.cells.push(Cell { unit: cell.0, slot: cell.1, person: cell.2, seats, wished });
            if wished {
                self.cost += -1.0 * seats;
            }
        }
    }

    /// A unit as a whole: the seats that are wished for, and others.
    fn block(&mut self, unit: usize, demand: &[usize]) {
        let grid = self.rotation.grid;
        for slot in (0..demand.len()).filter(|slot| demand[*slot] > 0) {
            let people = || grid.units[unit].iter().copied();
            let kept = people().filter(|person| grid.is_kept(*person, slot)).count();
            let wished = people().filter(|person| self.wished(*person, slot)).count();
            let there = people().filter(|person| grid.free(*person, slot)).count();
            let most = if grid.slots[slot].open { there.min(demand[slot]) } else { kept };
            self.cell((unit, slot, None), (kept, wished), true);
            self.cell((unit, slot, None), (0, most.saturating_sub(wished)), false);
        }
    }

    /// A unit by person.
    fn people(&mut self, unit: usize, demand: &[usize]) {
        let grid = self.rotation.grid;
        for slot in (0..demand.len()).filter(|slot| demand[*slot] > 0) {
            for person in grid.units[unit].iter().copied() {
                let kept = grid.is_kept(person, slot);
                let can = kept || (grid.slots[slot].open && grid.free(person, slot));
                self.cell((unit, slot, Some(person)), (kept.into(), can.into()), self.wished(person, slot));
            }
        }
    }

    fn wished(&self, person: usize, slot: usize) -> bool {
        let grid = self.rotation.grid;
        let redraft = grid.month.before.is_some();
        grid.is_kept(person, slot)
            || if redraft { grid.had(person, slot) } else { self.rotation.people[slot].contains(&person) }
    }

    /// The rules of one unit, whose cells begin at `first`.
    fn rules(&mut self, unit: usize, first: usize, fine: bool) {
        let grid = self.rotation.grid;
        let rules = grid.month.rules;
        for head in grid.units[unit].iter().copied().filter(|person| grid.people[*person].head) {
            let serves = |cell: &Cell| match cell.person {
                Some(person) => person == head,
                None => grid.free(head, cell.slot) || grid.is_kept(head, cell.slot),
            };
            let (duties, missing) = (self.sum(first, serves), self.slack(self.prices.head));
            self.heads.push((unit, missing));
            self.rows.push(constraint!(duties + missing >= f64::from(rules.head)));
        }
        for week in 0..grid.weeks.len() {
            let (duties, missing) = (self.week(first, week), self.slack(self.prices.minimum));
            self.minimum.push((unit, missing));
            self.rows.push(constraint!(duties + missing >= f64::from(rules.weekly)));
        }
        self.band(unit, first);
        if fine {
            self.fairness(unit, first);
        }
    }

    fn week(&self, first: usize, week: usize) -> Expression {
        let slots = &self.rotation.grid.slots;
        self.sum(first, |cell| slots[cell.slot].week == Some(week))
    }

    /// The unit's number of duties: in the band, and not below the minimum of the whole plan.
    fn band(&mut self, unit: usize, first: usize) {
        let ((low, high), span) = (self.rotation.grid.band, self.rotation.grid.span);
        let all = self.sum(first, |_| true);
        let duties = self.variables.add(variable().min(0.0));
        let (under, over) = (self.slack(self.prices.unit), self.slack(self.prices.unit));
        let missing = self.slack(self.prices.minimum);
        self.minimum.push((unit, missing));
        self.rows.push(constraint!(all == duties));
        self.rows.push(constraint!(duties + under >= low as f64));
        self.rows.push(constraint!(duties - over <= high as f64));
        self.rows.push(constraint!(duties + missing >= span as f64));
    }

    /// Regular people have `low` or one more; the others no more than the busiest of these.
    fn fairness(&mut self, unit: usize, first: usize) {
        let grid = self.rotation.grid;
        let low = self.integer(0, grid.slots.len());
        let some_more = self.integer(0, 1);
        let (mut regulars, mut all) = (0, Expression::default());
        for person in grid.units[unit].iter().copied() {
            let duties = self.sum(first, |cell| cell.person == Some(person));
            let over = self.unfair(unit);
            let most = if grid.people[person].regular { low + 1.0 } else { low + some_more };
            self.most(person, duties.clone() - over, most);
            if grid.people[person].regular {
                let under = self.unfair(unit);
                self.rows.push(constraint!(duties.clone() + under >= low));
                (regulars, all) = (regulars + 1, all + duties + under);
            }
        }
        self.rows.push(constraint!(all >= f64::from(regulars) * low + some_more));
    }

    fn unfair(&mut self, unit: usize) -> Variable {
        let slack = self.slack(self.prices.person);
        self.unfair.push((unit, slack));
        slack
    }

    /// Nobody has more than `most`, but a head may have as many as their office asks.
    fn most(&mut self, person: usize, duties: Expression, most: Expression) {
        let (grid, office) = (self.rotation.grid, f64::from(self.rotation.grid.month.rules.head));
        if office < 2.0 || !grid.people[person].head {
            return self.rows.push(constraint!(duties <= most));
        }
        let (any, asked) = (grid.slots.len() as f64, self.integer(0, 1));
        self.rows.push(constraint!(duties.clone() <= most + office * asked));
        self.rows.push(constraint!(duties <= office + any - any * asked));
    }

    /// Every seat that can be filled is.
    fn fill(&mut self, demand: &[usize]) {
        let mut slots = vec![Expression::default(); demand.len()];
        self.cells.iter().for_each(|cell| slots[cell.slot] += cell.seats);
        for (seats, demand) in slots.into_iter().zip(demand).filter(|(_, demand)| **demand > 0) {
            self.rows.push(constraint!(seats == *demand as f64));
        }
    }

    /// No more is missed than must be.
    fn miss(&mut self, missed: Option<(usize, usize)>) {
        let sum = |slack: &[(usize, Variable)]| slack.iter().map(|(_, slack)| *slack).sum::<Expression>();
        if let Some((heads, minimum)) = missed {
            self.rows.push(constraint!(sum(&self.heads) <= heads as f64));
            self.rows.push(constraint!(sum(&self.minimum) <= minimum as f64));
        }
    }

    fn sum(&self, first: usize, of: impl Fn(&Cell) -> bool) -> Expression {
        self.cells[first..].iter().filter(|cell| of(cell)).map(|cell| cell.seats).sum()
    }

    fn solve(self, until: Instant) -> Option<Answer> {
        let left = until.checked_duration_since(Instant::now()).filter(|left| *left > Duration::from_millis(1))?;
        let grid = self.rotation.grid;
        let model = self.variables.minimise(self.cost).using(microlp).with_time_limit(left.as_secs_f64());
        let solution = self.rows.into_iter().fold(model, SolverModel::with).solve().ok()?;
        let value = |variable| solution.value(variable).round().max(0.0) as usize;
        let optimal = matches!(solution.status(), SolutionStatus::Optimal);
        let seats = vec![vec![0; grid.slots.len()]; grid.units.len()];
        let missed = |slack: &[(usize, Variable)]| slack.iter().map(|(_, slack)| value(*slack)).sum();
        let missed = (missed(&self.heads), missed(&self.minimum));
        let prices = vec![Price::default(); grid.units.len()];
        let mut answer = Answer { seats, duties: Vec::new(), prices, missed, optimal };
        for cell in &self.cells {
            let seats = value(cell.seats);
            answer.seats[cell.unit][cell.slot] += seats;
            answer.prices[cell.unit].wished += if cell.wished { seats } else { 0 };
            answer.duties.extend(cell.person.filter(|_| seats > 0).map(|person| (person, cell.slot)));
        }
        self.heads.iter().for_each(|(unit, slack)| answer.prices[*unit].head += value(*slack));
        self.unfair.iter().for_each(|(unit, slack)| answer.prices[*unit].unfair += value(*slack));
        Some(answer)
    }
}
