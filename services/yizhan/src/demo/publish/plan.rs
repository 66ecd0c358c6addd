//! What the units' clerks write in the year, and what becomes of it. Pure, and the same for the same seed.

use std::collections::BTreeMap;

use calendar::Date;
use jiff::ToSpan;

use super::{
    super::{
        county::County,
        days::{Days, Tick},
        dice::Dice,
        plan::Plan,
        script::Act,
    },
    text::{COLUMNS, Column},
    units::{self, Unit},
};

/// What the county has published in 2016 by its own report, and with how many pictures.
pub const PUBLISHED: u32 = 2_714;
pub const PICTURES: u32 = 255;
/// Rosters of twelve months, circulars of eleven.
const DUTY: u32 = 12 + 11;
/// Rows of a list of decisions.
const ROWS: u32 = 300;
/// Cases of the whole year; a smaller one has so much less written, too.
const WHOLE: u64 = 131_565;

/// Purpose of the dice, beside the number of the piece.
const PIECE: u64 = 1 << 49;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    Plain,
    /// One element is missing; that is above the bar.
    Short,
    /// Published after its last day.
    Late,
    /// Sent back once.
    Returned,
    /// Not everything of it is disclosed.
    Partial,
    /// Says too little; the leader lets it go with a reason.
    Below,
    Corrected,
    Withdrawn,
    /// Never becomes public.
    Withheld,
}

/// Of a thousand so many; the rest is plain. What is withheld comes beside them.
const SHARES: [(Course, usize); 7] = [
    (Course::Short, 70),
    (Course::Late, 35),
    (Course::Returned, 30),
    (Course::Partial, 25),
    (Course::Below, 18),
    (Course::Corrected, 40),
    (Course::Withdrawn, 12),
];

/// A step on the way; each takes the requests of one sitting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Draft,
    Publish,
    Correct,
    Withdraw,
}

/// Something that a clerk writes.
#[derive(Clone, Debug)]
pub struct Piece {
    pub number: u32,
    pub unit: Unit,
    pub column: Column,
    pub course: Course,
    pub formed_on: Date,
    /// Day of its correction or withdrawal.
    pub later_on: Date,
    drafted: u8,
    published: u8,
    later: u8,
    /// What its picture shows: decisions of the unit in the weeks before, by their Mondays.
    pub weeks: Vec<(Date, u32)>,
    pub picture: bool,
}

impl Piece {
    /// When each stage is due: in the morning, in the afternoon, and late in it.
    pub fn stages(&self) -> Vec<(Tick, Stage)> {
        let at = |day, slot, stage| (Tick { day, slot }, stage);
        let mut stages = vec![at(self.drafted, 1, Stage::Draft), at(self.published, 3, Stage::Publish)];
        match self.course {
            Course::Corrected => stages.push(at(self.later, 4, Stage::Correct)),
            Course::Withdrawn => stages.push(at(self.later, 4, Stage::Withdraw)),
            _ => {}
        }
        stages
    }
}

/// Everything that is written by clerks: so much that with what the suite makes itself it is the county's number.
pub fn pieces(county: &County, plan: &Plan, seed: u64) -> anyhow::Result<Vec<Piece>> {
    let units = units::read(county)?;
    let decided = decided(county, plan);
    let cases = plan.scripts.len() as u64;
    let is_whole = cases >= WHOLE;
    let lists = lists(&decided);
    let made = county.items.len() as u32 + DUTY + lists;
    let written = if is_whole { PUBLISHED.saturating_sub(made) } else { (cases * 900 / WHOLE).max(40) as u32 };
    let pictures = if is_whole { PICTURES } else { (cases * u64::from(PICTURES) / WHOLE).max(8) as u32 };
    let withheld = written / 60;
    let mut drawn = 0;
    let mut pieces: Vec<_> =
        (0..written + withheld).map(|number| piece(number, written, &units, &plan.days, &decided, seed)).collect();
    // Statistics are drawn first, then whatever else becomes public.
    for fits in [true, false] {
        let may = |piece: &&mut Piece| {
            !piece.picture && piece.course != Course::Withheld && (!fits || piece.column.code == "statistics")
        };
        for piece in pieces.iter_mut().filter(may) {
            piece.picture = drawn < pictures;
            drawn += u32::from(piece.picture);
        }
    }
    Ok(pieces)
}

fn piece(number: u32, written: u32, units: &[Unit], days: &Days, decided: &Decided, seed: u64) -> Piece {
    let mut dice = Dice::new(seed, PIECE + u64::from(number));
    let unit = dice.pick(units).clone();
    let column = COLUMNS[dice.weighed(COLUMNS.iter().map(|column| column.weight))];
    // Evenly over the year; what is begun is public within it.
    let last = u32::from(days.count()) - 8;
    let drafted = (2 + (number % written.max(1)) * (last - 2) / written.max(1)) as u8;
    let published = drafted + dice.within(0..=4) as u8;
    let course = if number >= written { Course::Withheld } else { course(&mut dice, drafted) };
    let before = match course {
        Course::Late => published - drafted + dice.within(22..=30) as u8,
        _ => dice.within(0..=6) as u8,
    };
    let formed = drafted.saturating_sub(before);
    let later = published.saturating_add(dice.within(2..=15) as u8).min(days.count() - 1);
    let formed_on = days.date(formed);
    Piece {
        number,
        weeks: decided.weeks(&unit.code, formed_on),
        unit,
        column,
        course,
        formed_on,
        later_on: days.date(later),
        drafted,
        published,
        later,
        picture: false,
    }
}

fn course(dice: &mut Dice, drafted: u8) -> Course {
    let mut left = dice.below(1_000);
    for (course, share) in SHARES {
        match left.checked_sub(share) {
            Some(rest) => left = rest,
            // Early in the year nothing can be late yet.
            None if course == Course::Late && drafted < 31 => return Course::Plain,
            None => return course,
        }
    }
    Course::Plain
}

/// Decisions by unit and the Monday of their week.
struct Decided(BTreeMap<(String, Date), u32>);

impl Decided {
    /// Those of a unit in the eight whole weeks before a day.
    fn weeks(&self, unit: &str, before: Date) -> Vec<(Date, u32)> {
        let this = monday(before);
        let week = |back: i32| {
            let monday = this.checked_sub((7 * back).days()).unwrap_or(this);
            (monday, self.0.get(&(unit.to_owned(), monday)).copied().unwrap_or(0))
        };
        (1..=8).rev().map(week).collect()
    }
}

fn decided(county: &County, plan: &Plan) -> Decided {
    let mut decided: BTreeMap<(u8, u8), u32> = BTreeMap::new();
    for script in &plan.scripts {
        let made = script.steps().find(|step| matches!(step.act, Act::Grant | Act::Deny | Act::OnTheSpot));
        if let Some(step) = made {
            *decided.entry((script.item, step.tick.day)).or_default() += 1;
        }
    }
    let mut weeks = BTreeMap::new();
    for ((item, day), count) in decided {
        let unit = county.items[usize::from(item)].unit.clone();
        *weeks.entry((unit, monday(plan.days.date(day)))).or_default() += count;
    }
    Decided(weeks)
}

/// How many lists of decisions the suite publishes within the year: a week's comes on the Monday after it.
fn lists(decided: &Decided) -> u32 {
    let within = |monday: Date| monday.checked_add(7.days()).is_ok_and(|next| next.year() == monday.year());
    decided.0.iter().filter(|((_, monday), _)| within(*monday)).map(|(_, count)| count.div_ceil(ROWS)).sum()
}

fn monday(day: Date) -> Date {
    let since = i32::from(day.weekday().to_monday_zero_offset());
    day.checked_sub(since.days()).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::plan::plan;

    #[test]
    fn a_year_comes_to_the_county_s_numbers_with_every_course() {
        let county = County::read().expect("a county");
        let plan = plan(&county, 131_565, 2016).expect("a plan");
        let pieces = pieces(&county, &plan, 2016).expect("pieces");
        let public = pieces.iter().filter(|piece| piece.course != Course::Withheld).count() as u32;
        let lists = lists(&decided(&county, &plan));
        assert_eq!(public + lists + 60 + DUTY, PUBLISHED, "{public} written, {lists} lists");
        let drawn = pieces.iter().filter(|piece| piece.picture);
        assert_eq!(drawn.clone().count() as u32, PICTURES);
        assert!(drawn.clone().all(|piece| piece.course != Course::Withheld));
        for (course, _) in SHARES {
            assert!(pieces.iter().any(|piece| piece.course == course), "{course:?}");
        }
        for piece in &pieces {
            assert!(piece.drafted <= piece.published && piece.published <= piece.later.max(piece.published));
            assert_ne!(piece.unit.author, piece.unit.reviewer);
        }
    }
}
