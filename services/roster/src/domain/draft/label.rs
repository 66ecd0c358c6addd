//! Which of a half's seats each of its people takes.

use super::{Duty, grid::Grid, roster::Roster};

/// Every duty with its seat: the one that is kept, else the one before, else the first that is left.
pub(super) fn duties(grid: &Grid, roster: &Roster) -> Vec<Duty> {
    (0..grid.slots.len()).flat_map(|slot| seated(grid, roster, slot).into_iter().flatten()).collect()
}

/// The duty of each seat of a slot; None where it is empty.
fn seated(grid: &Grid, roster: &Roster, slot: usize) -> Vec<Option<Duty>> {
    let at = &grid.slots[slot];
    let duty = |(seat, person): (usize, Option<usize>)| {
        let (post, number) = at.seats[seat];
        let (post, person) = (grid.month.posts[post].code.clone(), grid.people[person?].code.to_owned());
        Some(Duty { date: at.date, half: at.half, post, seat: number, person })
    };
    seats(grid, roster, slot).into_iter().enumerate().map(duty).collect()
}

/// The person of each seat of a slot.
pub(super) fn seats(grid: &Grid, roster: &Roster, slot: usize) -> Vec<Option<usize>> {
    let mut seats = vec![None; grid.slots[slot].seats.len()];
    grid.kept[slot].iter().for_each(|(person, seat)| seats[*seat] = Some(*person));
    for (person, seat) in &grid.before[slot] {
        if roster.people[slot].contains(person) && !seats.contains(&Some(*person)) && seats[*seat].is_none() {
            seats[*seat] = Some(*person);
        }
    }
    let waiting: Vec<usize> = roster.people[slot].iter().copied().filter(|p| !seats.contains(&Some(*p))).collect();
    seats.iter_mut().filter(|seat| seat.is_none()).zip(waiting).for_each(|(seat, person)| *seat = Some(person));
    seats
}
