//! What happens to one case, step by step.

use super::{
    county::Item,
    days::{Days, Tick},
    dice::Dice,
};

/// What is done to a case: one request each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    Receive,
    /// Received and accepted at the counter.
    ReceiveAccepted,
    /// Received, and granted by the item's mandate while the applicant waits.
    OnTheSpot,
    AskSupplement,
    Supplement,
    Accept,
    RefuseNotRequired,
    RefuseNotCompetent,
    Suspend,
    Resume,
    Extend,
    Grant,
    Deny,
    Issue,
    Withdraw,
    Terminate,
}

/// The path of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Path {
    Instant,
    Ordinary,
    Supplement,
    Suspended,
    Extended,
    Denied,
    Withdrawn,
    Terminated,
    /// Accepted by silence: the clock alone does it.
    Deemed,
    /// Decided after the promised limit, within the legal one.
    LatePromised,
    /// Decided after the legal limit.
    LateLegal,
    NotRequired,
    NotCompetent,
    /// Open at the end of the year, by its place among the county's notes.
    Open(u8),
}

impl Path {
    /// Whether nothing special happens.
    pub fn is_plain(self) -> bool {
        matches!(self, Path::Instant | Path::Ordinary)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub tick: Tick,
    pub act: Act,
}

/// A case of the year. There are 130,000 of them: 36 bytes each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its number in the plan, from which follow its applicant, its clerks and its request ids.
    pub case: u32,
    /// Its place in the county's items.
    pub item: u8,
    pub path: Path,
    /// Something was corrected at the counter (行政许可法 art. 32).
    pub fixed: bool,
    steps: [Option<Step>; MOST],
}

/// No path has more steps.
const MOST: usize = 6;

impl Script {
    pub fn steps(&self) -> impl Iterator<Item = Step> + '_ {
        self.steps.iter().flatten().copied()
    }

    pub fn step(&self, number: u8) -> Option<Step> {
        self.steps.get(usize::from(number)).copied().flatten()
    }

    /// When an act is due; None where the case does not come to it.
    pub fn tick_of(&self, act: Act) -> Option<Tick> {
        self.steps().find(|step| step.act == act).map(|step| step.tick)
    }
}

/// A path in working days: the day of each act, counted from the day of receipt.
#[derive(Clone, Debug)]
pub struct Course {
    acts: [Option<(u16, Act)>; MOST],
}

impl Course {
    pub fn of(acts: &[(u16, Act)]) -> Course {
        let mut course = Course { acts: [None; MOST] };
        course.acts.iter_mut().zip(acts).for_each(|(place, act)| *place = Some(*act));
        course
    }

    /// Working days from receipt to the last act.
    pub fn span(&self) -> u16 {
        self.acts.iter().flatten().map(|(day, _)| *day).max().unwrap_or(0)
    }

    /// Places it in the year from the day of receipt on. Acts of one day fall in different hours, in their order.
    pub fn script(&self, case: u32, item: u8, path: Path, received: u8, days: &Days, dice: &mut Dice) -> Script {
        let mut script = Script { case, item, path, fixed: false, steps: [None; MOST] };
        let mut before = None;
        for (place, act) in self.acts.iter().enumerate() {
            let Some((day, act)) = *act else { break };
            let after = self.acts[place + 1..].iter().flatten().filter(|(later, _)| *later == day).count() as u8;
            let first = match before {
                Some(Tick { day: same, slot }) if same == received + day as u8 => slot + 1,
                _ => 0,
            };
            let tick = Tick { day: received + day as u8, slot: days.slot(first, days.slots() - 1 - after, dice) };
            script.steps[place] = Some(Step { tick, act });
            before = Some(tick);
        }
        script
    }
}

/// Draws the course of a case. Days stay within the item's limits, or outside them, as the path says.
pub fn course(path: Path, item: &Item, dice: &mut Dice) -> Course {
    use Act::*;
    let promised = item.promised.max(1);
    // Half the promised time on average, the limit itself seldom.
    let handled = |dice: &mut Dice| 1 + (dice.within(0..=promised - 1) + dice.within(0..=promised - 1)).div_ceil(2);
    let issued = |dice: &mut Dice, decided: u16| decided + [0, 1, 1, 1, 2, 2, 3, 5][dice.below(8)];
    match path {
        Path::Instant => Course::of(&[(0, OnTheSpot), (0, Issue)]),
        Path::Ordinary | Path::Denied => {
            let decision = if path == Path::Denied { Deny } else { Grant };
            // Six in ten are accepted at the counter, the rest on the same or the next day.
            let at_once = dice.percent(60);
            let accepted = if at_once { 0 } else { dice.within(0..=1) };
            let decided = accepted + handled(dice);
            let ending = [(decided, decision), (issued(dice, decided), Issue)];
            if at_once {
                Course::of(&[(0, ReceiveAccepted), ending[0], ending[1]])
            } else {
                Course::of(&[(0, Receive), (accepted, Accept), ending[0], ending[1]])
            }
        }
        Path::Supplement => {
            let asked = [0, 0, 1, 1, 2, 4][dice.below(6)];
            let brought = asked + dice.within(1..=item.supplement.clamp(1, 10));
            let accepted = brought + dice.within(0..=1);
            let decided = accepted + handled(dice);
            let ending = [(decided, Grant), (issued(dice, decided), Issue)];
            Course::of(&[
                (0, Receive),
                (asked, AskSupplement),
                (brought, Supplement),
                (accepted, Accept),
                ending[0],
                ending[1],
            ])
        }
        Path::Suspended => {
            let stopped = dice.within(1..=(promised / 3).max(1));
            let resumed = stopped + dice.within(2..=14);
            // The day of the stop and the day of the resumption do not count (行政许可法 art. 45).
            let left = promised - (stopped - 1);
            let decided = resumed + dice.within(1..=(left * 2 / 3).max(1));
            Course::of(&[
                (0, ReceiveAccepted),
                (stopped, Suspend),
                (resumed, Resume),
                (decided, Grant),
                (issued(dice, decided), Issue),
            ])
        }
        Path::Extended => {
            let approved = promised.saturating_sub(dice.within(0..=3)).max(1);
            let decided = promised + dice.within(1..=item.extension.clamp(1, 8));
            Course::of(&[(0, ReceiveAccepted), (approved, Extend), (decided, Grant), (issued(dice, decided), Issue)])
        }
        Path::Withdrawn | Path::Terminated => {
            let ended = dice.within(1..=promised.saturating_sub(1).max(1));
            let ending = if path == Path::Withdrawn { Withdraw } else { Terminate };
            Course::of(&[(0, ReceiveAccepted), (ended, ending)])
        }
        Path::Deemed => {
            // Nobody spoke for five working days; accepted as of the day of receipt (行政许可法 art. 32).
            let decided = dice.within(SILENCE + 1..=promised.max(SILENCE + 1));
            Course::of(&[(0, Receive), (decided, Grant), (issued(dice, decided), Issue)])
        }
        Path::LatePromised => {
            let decided = dice.within(promised + 1..=(promised + 8).min(item.legal));
            Course::of(&[(0, ReceiveAccepted), (decided, Grant), (issued(dice, decided), Issue)])
        }
        Path::LateLegal => {
            let decided = item.legal + dice.within(1..=5);
            Course::of(&[(0, ReceiveAccepted), (decided, Grant), (issued(dice, decided), Issue)])
        }
        Path::NotRequired => Course::of(&[(0, Receive), (dice.within(0..=1), RefuseNotRequired)]),
        Path::NotCompetent => Course::of(&[(0, Receive), (dice.within(0..=1), RefuseNotCompetent)]),
        Path::Open(_) => Course::of(&[]),
    }
}

/// Working days after which silence is acceptance.
const SILENCE: u16 = 5;

/// Whether a case of this item can take this path.
pub fn fits(path: Path, item: &Item) -> bool {
    match path {
        Path::Instant => item.instant,
        Path::NotRequired | Path::NotCompetent => true,
        _ if item.instant => false,
        Path::Suspended => !item.causes.is_empty(),
        Path::Deemed => item.promised > SILENCE + 2,
        Path::LatePromised => item.promised < item.legal,
        // What is late by law is rare enough to be a short matter.
        Path::LateLegal => item.legal <= 20,
        _ => true,
    }
}
