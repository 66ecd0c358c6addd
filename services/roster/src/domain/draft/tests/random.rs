//! Random months against the checker, against the program by person, and against every plan there is.

use super::{super::grid::Grid, super::roster::MOVES, *};

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    fn hits(&mut self, percent: usize) -> bool {
        self.roll(100) < percent
    }
}

/// A month of up to so many days, units, leaders and seats, with absences, and sometimes a plan before.
fn any_month(dice: &mut Dice, days: usize, units: usize, leaders: usize, seats: usize) -> Month {
    let days: Vec<Date> = march().into_iter().take(1 + dice.roll(days)).collect();
    let leaders: Vec<usize> = (0..1 + dice.roll(units)).map(|_| 1 + dice.roll(leaders)).collect();
    let mut month = month(days.clone(), &leaders, 1 + dice.roll(seats) as u32);
    month.rules = Rules { weekly: dice.roll(3) as u32, head: dice.roll(3) as u32 };
    let often = [0, 5, 30, 80][dice.roll(4)];
    leave(&mut month, dice, often);
    if dice.hits(50) {
        let draft = month.draft();
        month = month.again(&draft, days[dice.roll(days.len())]);
        leave(&mut month, dice, 15);
        let fixed = draft.duties.iter().filter(|duty| Some(duty.date) >= month.from && dice.hits(5));
        month.kept.extend(fixed.cloned().collect::<Vec<_>>());
    }
    month
}

fn leave(month: &mut Month, dice: &mut Dice, percent: usize) {
    let days = month.days.clone();
    let codes: Vec<String> = month.units.iter().flat_map(|u| u.people.iter().map(|p| p.code.clone())).collect();
    for code in codes.iter().filter(|_| dice.hits(percent)).collect::<Vec<_>>() {
        let from = dice.roll(days.len());
        let to = from + dice.roll(days.len() - from);
        month.away(code, &days[from..=to], LEAVE);
    }
}

/// What a draft costs under rules 3 to 7.
fn score(month: &Month, draft: &Draft) -> Vec<usize> {
    let grid = Grid::new(month);
    let mut roster = Roster::empty(&grid);
    for duty in &draft.duties {
        let slot = grid.slots.iter().position(|slot| (slot.date, slot.half) == (duty.date, duty.half)).expect("a slot");
        roster.put(grid.people.iter().position(|person| person.code == duty.person).expect("a person"), slot);
    }
    roster.total()[..=MOVES].to_vec()
}

#[test]
fn random_months_keep_every_rule_or_tell_of_it() {
    let mut dice = Dice(1);
    for case in 0..200 {
        let month = any_month(&mut dice, 23, 8, 5, 3);
        let draft = month.checked();
        assert!(draft.proved, "case {case}: {:?}", score(&month, &draft));
    }
}

#[test]
fn the_program_by_unit_is_as_good_as_the_program_by_person() {
    let mut dice = Dice(2);
    for case in 0..150 {
        let month = any_month(&mut dice, 8, 4, 3, 2);
        let grid = Grid::new(&month);
        let until = Instant::now() + Duration::from_secs(20);
        let rotation = Roster::rotation(&grid);
        let (whole, proved) = model::improve(rotation.clone(), vec![false; grid.units.len()], until);
        let (joint, too) = model::improve(rotation, vec![true; grid.units.len()], until);
        assert!(proved && too, "case {case}");
        assert_eq!(whole.total()[..=MOVES], joint.total()[..=MOVES], "case {case}");
        assert_eq!(score(&month, &month.draft()), joint.total()[..=MOVES], "case {case}");
    }
}

#[test]
fn no_plan_of_a_small_month_is_better() {
    let mut dice = Dice(3);
    for case in 0..200 {
        let month = any_month(&mut dice, 3, 2, 2, 1);
        let grid = Grid::new(&month);
        let mut best = [usize::MAX; MOVES + 1];
        every(&grid, &mut Roster::empty(&grid), 0, &mut best);
        assert_eq!(score(&month, &month.checked()), best, "case {case}");
    }
}

/// Tries everybody in every slot from this one on; at most one seat each.
fn every(grid: &Grid, roster: &mut Roster, slot: usize, best: &mut [usize; MOVES + 1]) {
    if slot == grid.slots.len() {
        let score = roster.total();
        return *best = (*best).min(std::array::from_fn(|at| score[at]));
    }
    if grid.slots[slot].fill == 0 {
        return every(grid, roster, slot + 1, best);
    }
    for person in 0..grid.people.len() {
        let kept = grid.kept[slot].iter().all(|(kept, _)| *kept == person);
        if kept && (grid.free(person, slot) || grid.is_kept(person, slot)) {
            let mut with = roster.clone();
            with.put(person, slot);
            every(grid, &mut with, slot + 1, best);
        }
    }
}

#[test]
fn a_county_s_best_plan_is_found_and_proved() {
    let mut dice = Dice(4);
    for case in 0..10 {
        let leaders: Vec<usize> = (0..29).map(|_| if case % 2 == 0 { 5 } else { 1 + dice.roll(6) }).collect();
        let mut month = month(march(), &leaders, 3);
        month.rules = Rules { weekly: 1, head: 1 + dice.roll(2) as u32 };
        leave(&mut month, &mut dice, [10, 30][case % 2]);
        if dice.hits(60) {
            let draft = month.checked();
            month = month.again(&draft, march()[dice.roll(20)]);
            leave(&mut month, &mut dice, 10);
        }
        let draft = month.checked();
        assert!(draft.proved, "case {case}: {:?}", score(&month, &draft));
    }
}
