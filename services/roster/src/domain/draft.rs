//! The draft of a month's duty plan: who of which unit's leadership sits at which post in which half-day.
//!
//! The rules, the most important first. The first two are never broken; each other one may give way to those above it, and
//! what gave way is told as a [`Shortfall`]:
//!
//! 1. nobody is in two places, and nobody is drafted while away;
//! 2. every seat is filled as long as anybody is there to sit in it;
//! 3. a unit's head serves [`Rules::head`] times;
//! 4. a unit serves [`Rules::weekly`] half-days in a week of five working days or more, and as many in proportion over the
//!    whole plan; two leaders of a unit in one half are two half-days;
//! 5. within a unit, those who are there all month differ by one duty at most, and nobody else has more than they; where
//!    nobody is there all month, those who are away least stand for them; a head may have as many as rule 3 asks;
//! 6. the units' numbers of duties lie in one band of two numbers, as low as the absences allow;
//! 7. as few duties as possible leave the person who had them in the plan before;
//! 8. nobody serves twice in a day or on two days in a row: a wish, sought by exchange and not proved.
//!
//! How: posts are interchangeable, so people are assigned to halves ([`grid`]) and seats are labelled afterwards. A rotation
//! with exchanges ([`roster`]) comes first; where it keeps every rule nothing is left to prove. Else rules 3 to 7 are an
//! elastic integer program in their strict order ([`model`]): whole units first, and only those units by person whose people
//! cannot be fitted to their halves at the same price, until they can. So its answer is as good as that of one program by
//! person, four times as fast.

use std::time::{Duration, Instant};

use jiff::civil::Date;

mod grid;
mod label;
mod model;
mod roster;
mod shortfall;
#[cfg(test)]
mod tests;

use self::grid::Grid;
use self::roster::Roster;
pub use self::shortfall::{Excuse, Names, Rule, Shortfall, Why};

/// Half a working day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Half {
    Morning,
    Afternoon,
}

/// Where somebody serves: so many seats in each of its halves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    pub code: String,
    pub seats: u32,
    pub halves: Vec<Half>,
}

/// A unit with its leadership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    pub code: String,
    pub people: Vec<Person>,
}

/// One of a unit's leadership. Of a code that comes twice the first counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub code: String,
    pub head: bool,
    /// In any order; of two reasons for one half the first is told.
    pub away: Vec<Away>,
}

/// A half in which somebody cannot serve, and why: a number of the caller's, which [`Names::why`] puts into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away {
    pub date: Date,
    pub half: Half,
    pub why: u32,
}

/// What is asked of units and their heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Half-days of a unit in a full week (handbook §7: 1).
    pub weekly: u32,
    /// Duties of a unit's head in the plan (handbook §7: 1).
    pub head: u32,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules { weekly: 1, head: 1 }
    }
}

/// One seat of one half and who sits in it. Seats count from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duty {
    pub date: Date,
    pub half: Half,
    pub post: String,
    pub seat: u32,
    pub person: String,
}

/// What is to be planned.
#[derive(Clone, Debug)]
pub struct Month {
    /// The working days, each a civil date in Shanghai.
    pub days: Vec<Date>,
    /// The most important first: where people are short, the last stay empty.
    pub posts: Vec<Post>,
    pub units: Vec<Unit>,
    pub rules: Rules,
    /// What stands: served, or fixed by hand. What is fixed in a half its person is away in is let go, and told of.
    pub kept: Vec<Duty>,
    /// The plan so far, where this is a redraft.
    pub before: Option<Vec<Duty>>,
    /// The first day to draft. Before it only what is kept counts, whoever is away, and an empty seat stays empty.
    pub from: Option<Date>,
    /// After about so long the best plan found is the answer. The same input has the same answer unless this cut it short.
    pub limit: Duration,
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// By date, half, post as given, and seat.
    pub duties: Vec<Duty>,
    /// Duties of the plan before, from [`Month::from`] on, that its person no longer has in that half.
    pub moves: usize,
    /// Whatever could not be kept, the most important first.
    pub shortfalls: Vec<Shortfall>,
    /// Whether it is proved that no plan keeps rules 1 to 7 better; false where the time ran out.
    pub proved: bool,
}

/// No draft is worth waiting for longer.
const LONGEST: Duration = Duration::from_secs(3600);

impl Month {
    /// Drafts the plan. Always answers.
    pub fn draft(&self) -> Draft {
        let (start, limit) = (Instant::now(), self.limit.min(LONGEST));
        let until = start + limit;
        let grid = Grid::new(self);
        let mut roster = Roster::rotation(&grid);
        roster.mend(start + limit / 2);
        let mut proved = roster.is_best();
        if !proved {
            let (best, exact) = model::improve(roster, vec![false; grid.units.len()], until);
            (roster, proved) = (best, exact);
            roster.mend(until);
        }
        Draft {
            duties: label::duties(&grid, &roster),
            moves: roster.moves(),
            shortfalls: shortfall::all(&grid, &roster),
            proved,
        }
    }
}
