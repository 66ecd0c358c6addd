//! What a client was told: the history that the checker holds against the databases.

use std::time::Instant;

use tonic::{Code, Status};
use uuid::Uuid;

use super::change::{Answer, Change};

/// How a call ended, as far as its caller knows.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Done(Answer),
    /// With the reason; nothing of it may be found anywhere.
    Refused(String),
    /// The line broke, or the caller hung up: it may have happened or not.
    Unknown(String),
}

impl Outcome {
    pub fn of(answer: Result<Answer, Status>) -> Outcome {
        match answer {
            Ok(answer) => Outcome::Done(answer),
            Err(status) => {
                let reason = kit::status::reason(&status);
                // Only a status of ours says anything, and these two do not say whether it happened. INTERNAL counts as a
                // refusal that nobody expects.
                if reason.is_empty() || matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded) {
                    Outcome::Unknown(format!("{:?}: {}", status.code(), status.message()))
                } else {
                    Outcome::Refused(reason)
                }
            }
        }
    }
}

/// What must come of a change, given what its client knows.
#[derive(Clone, Debug)]
pub enum Expected {
    /// Done, and the case is in this state.
    Done(i32),
    /// Refused with one of these.
    Refused(&'static [&'static str]),
    /// It races another one: either way.
    Either(i32, &'static [&'static str]),
}

impl Expected {
    pub fn allows(&self, outcome: &Outcome) -> bool {
        match (self, outcome) {
            (_, Outcome::Unknown(_)) => true,
            (Expected::Done(state) | Expected::Either(state, _), Outcome::Done(answer)) => answer.state == *state,
            (Expected::Refused(reasons) | Expected::Either(_, reasons), Outcome::Refused(reason)) => {
                reasons.contains(&reason.as_str())
            }
            _ => false,
        }
    }
}

/// One change as its caller knows it.
#[derive(Clone, Debug)]
pub struct Told {
    pub id: Uuid,
    pub change: Change,
    pub division: String,
    pub expected: Expected,
    pub outcome: Outcome,
    /// How the first sending ended, where it was sent again.
    pub before: Option<Outcome>,
    pub called: Instant,
    /// When the last sending of it ended.
    pub returned: Instant,
}

impl Told {
    pub fn is_unknown(&self) -> bool {
        matches!(self.outcome, Outcome::Unknown(_))
    }

    /// Whether it must be in the journal once, or not at all; None where it may be either.
    pub fn must_be_there(&self) -> Option<bool> {
        match self.outcome {
            Outcome::Done(_) => Some(true),
            Outcome::Refused(_) => Some(false),
            Outcome::Unknown(_) => None,
        }
    }
}
