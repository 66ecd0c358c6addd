//! What the journal says of one duty of a unit's leader, and what is counted of duties.

use kit::{clock::Moment, id::Division};

use super::{
    day::{Day, Period},
    figures::Rate,
};

/// A duty's state, as the roster names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Planned = 1,
    OnDuty = 2,
    Served = 3,
    Absent = 4,
    Excused = 5,
}

impl State {
    pub const ALL: [State; 5] = [State::Planned, State::OnDuty, State::Served, State::Absent, State::Excused];

    /// By its number.
    pub fn numbered(number: i32) -> Option<State> {
        State::ALL.into_iter().find(|state| *state as i32 == number)
    }
}

/// How a duty stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub state: State,
    /// The person is a substitute.
    pub substituted: bool,
    pub late: bool,
    /// Left early, or without signing out.
    pub early: bool,
}

/// Somebody on duty, or who was to be: a seat of a post for half a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// In the order of day, half and post.
    pub id: String,
    pub day: Day,
    pub afternoon: bool,
    pub post: String,
    pub post_zh: String,
    pub post_en: String,
    /// Code; may be empty.
    pub window: String,
    pub unit: String,
    /// Code; empty where nobody was to be found.
    pub person: String,
    /// As on the day.
    pub name: String,
    /// Code of who was to serve by the plan as published.
    pub planned: String,
    pub standing: Standing,
    pub starts_at: Moment,
    pub ends_at: Moment,
    pub signed_in_at: Option<Moment>,
    pub signed_out_at: Option<Moment>,
    /// When and by which entry of the journal it became what it is.
    pub changed_at: Moment,
    pub seq: i64,
}

/// What is counted of duties that are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Required,
    Attended,
    Substituted,
    Late,
    Early,
    Absent,
    Excused,
}

/// A flag of a duty that a mark asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    Substituted,
    Late,
    Early,
}

impl Mark {
    pub const ALL: [Mark; 7] =
        [Mark::Required, Mark::Attended, Mark::Substituted, Mark::Late, Mark::Early, Mark::Absent, Mark::Excused];

    pub fn code(self) -> &'static str {
        match self {
            Mark::Required => "REQUIRED",
            Mark::Attended => "ATTENDED",
            Mark::Substituted => "SUBSTITUTED",
            Mark::Late => "LATE",
            Mark::Early => "EARLY",
            Mark::Absent => "ABSENT",
            Mark::Excused => "EXCUSED",
        }
    }

    /// By its code.
    pub fn named(code: &str) -> Option<Mark> {
        Mark::ALL.into_iter().find(|mark| mark.code() == code)
    }

    /// Which duties it counts; counting and listing both go by this.
    pub fn condition(self) -> (&'static [State], Option<Flag>) {
        match self {
            Mark::Required => (&[State::Served, State::Absent], None),
            Mark::Attended => (&[State::Served], None),
            Mark::Substituted => (&[State::Served], Some(Flag::Substituted)),
            Mark::Late => (&[State::Served], Some(Flag::Late)),
            Mark::Early => (&[State::Served], Some(Flag::Early)),
            Mark::Absent => (&[State::Absent], None),
            Mark::Excused => (&[State::Excused], None),
        }
    }

    fn counts(self, duty: Standing) -> bool {
        let (states, flag) = self.condition();
        states.contains(&duty.state)
            && flag.is_none_or(|flag| match flag {
                Flag::Substituted => duty.substituted,
                Flag::Late => duty.late,
                Flag::Early => duty.early,
            })
    }
}

/// So many duties by each mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally([i64; Mark::ALL.len()]);

impl Tally {
    pub fn get(&self, mark: Mark) -> i64 {
        self.0[mark as usize]
    }

    /// Adds `n` duties alike.
    pub fn add(&mut self, alike: Standing, n: i64) {
        for mark in Mark::ALL.into_iter().filter(|mark| mark.counts(alike)) {
            self.0[mark as usize] += n;
        }
    }

    pub fn merge(&mut self, other: &Tally) {
        self.0.iter_mut().zip(other.0).for_each(|(ours, theirs)| *ours += theirs);
    }

    /// Whether no duty of it is over.
    pub fn is_empty(&self) -> bool {
        self.get(Mark::Required) == 0 && self.get(Mark::Excused) == 0
    }

    /// 出勤率: attended of required.
    pub fn rate(&self) -> Rate {
        Rate { numerator: self.get(Mark::Attended), denominator: self.get(Mark::Required) }
    }
}

/// Which duties: all conditions together; an empty one leaves all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    pub division: Division,
    pub period: Period,
    pub unit: String,
    pub person: String,
    pub post: String,
    pub mark: Option<Mark>,
}

impl Search {
    /// All duties of a period.
    pub fn all(division: Division, period: Period) -> Search {
        let [unit, person, post] = <[String; 3]>::default();
        Search { division, period, unit, person, post, mark: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_over_is_counted_and_the_excused_were_not_required() {
        let mut tally = Tally::default();
        for state in State::ALL {
            tally.add(Standing { state, substituted: true, late: true, early: false }, 2);
        }
        assert_eq!(Mark::ALL.map(|mark| tally.get(mark)), [4, 2, 2, 2, 0, 2, 2]);
        assert_eq!(tally.rate().basis_points(), Some(5_000));
        assert_eq!(Tally::default().rate().basis_points(), None);
    }
}
