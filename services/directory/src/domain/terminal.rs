//! A window's terminal: known by a code once, and by its certificate from then on.

use kit::{
    clock::Moment,
    id,
    refusal::{Kind, Refusal},
};
use serde::{Deserialize, Serialize};

use super::credential::Standing;

pub const COLLECTION: &str = "terminals";
/// A code is good for an hour.
const CODE_LIFE: i64 = 3_600 * 1_000_000;
/// Of a code's keyed digest.
pub type Digest = [u8; 32];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terminal {
    pub division: id::Division,
    pub code: String,
    /// Code of the window.
    pub window: String,
    pub standing: Standing,
    pub enrolment: Enrolment,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Enrolment {
    /// With the code of this digest, until then.
    Open {
        digest: Digest,
        until: i64,
    },
    Done,
}

/// What a request says of a terminal.
#[derive(Clone, Debug)]
pub struct Draft {
    pub division: id::Division,
    pub code: String,
    pub window: String,
    pub digest: Digest,
}

impl Terminal {
    /// Refused where it is there already; but one that has let its code run out may be made again.
    pub fn create(draft: Draft, there: Option<&Terminal>, now: Moment) -> Result<Terminal, Refusal> {
        let Draft { division, code, window, digest } = draft;
        let enrolment = Enrolment::Open { digest, until: now.0.saturating_add(CODE_LIFE) };
        match there {
            None => Ok(Terminal { division, code, window, standing: Standing::new(now), enrolment }),
            Some(there) if there.has_missed_its_code(now) => {
                let mut standing = there.standing.clone();
                standing.version += 1;
                Ok(Terminal { division, code, window, standing, enrolment })
            }
            Some(_) => {
                let (zh, en) = (format!("终端 {code} 已存在"), format!("there is a terminal {code} already"));
                Err(Refusal::new(Kind::AlreadyExists, "TERMINAL_EXISTS", zh, en))
            }
        }
    }

    fn has_missed_its_code(&self, now: Moment) -> bool {
        !self.standing.revoked && matches!(self.enrolment, Enrolment::Open { until, .. } if until <= now.0)
    }

    pub fn is_enrolled(&self) -> bool {
        self.enrolment == Enrolment::Done
    }

    /// Whether there is a code to be guessed.
    pub fn is_open(&self, now: Moment) -> bool {
        !self.standing.revoked && matches!(self.enrolment, Enrolment::Open { until, .. } if now.0 < until)
    }

    /// Until when the code of this digest is good, if it is.
    pub fn code_until(&self, given: &Digest) -> Option<Moment> {
        match &self.enrolment {
            Enrolment::Open { digest, until } if digest == given => Some(Moment(*until)),
            Enrolment::Open { .. } | Enrolment::Done => None,
        }
    }

    /// Refuses a code that is not the one, and every code after too many.
    pub fn check(&self, digest: &Digest, now: Moment) -> Result<(), Refusal> {
        self.standing.attempts.check(now)?;
        // Digests are keyed: nothing is learned from how long their comparison takes.
        if self.is_open(now) && self.code_until(digest).is_some() { Ok(()) } else { Err(wrong()) }
    }

    /// Uses the code up.
    pub fn enrol(&mut self, digest: &Digest, until: Moment, now: Moment) -> Result<(), Refusal> {
        self.check(digest, now)?;
        self.standing.certify(until)?;
        self.standing.attempts = Default::default();
        self.enrolment = Enrolment::Done;
        Ok(())
    }
}

/// PERMISSION_DENIED, whatever is wrong with it.
pub fn wrong() -> Refusal {
    let (zh, en) = ("终端登记码无效、已用或已过期", "the enrolment code is unknown, used or older than an hour");
    Refusal::new(Kind::Denied, "ENROLMENT_CODE_WRONG", zh, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        let division = "410223".parse().expect("a division");
        Draft { division, code: "T1".into(), window: "A01".into(), digest: [1; 32] }
    }

    #[test]
    fn a_code_enrols_once_and_within_an_hour() {
        let terminal = Terminal::create(draft(), None, Moment(0)).expect("created");
        let enrol = |digest, now| {
            let mut terminal = terminal.clone();
            terminal
                .enrol(&digest, Moment(i64::MAX), Moment(now))
                .map(|()| terminal)
                .map_err(|refusal| refusal.reason())
        };
        assert_eq!(enrol([2; 32], 1), Err("ENROLMENT_CODE_WRONG"));
        assert_eq!(enrol([1; 32], CODE_LIFE), Err("ENROLMENT_CODE_WRONG"));
        let mut enrolled = enrol([1; 32], CODE_LIFE - 1).expect("enrolled");
        assert!(enrolled.is_enrolled());
        let again = enrolled.enrol(&[1; 32], Moment(i64::MAX), Moment(CODE_LIFE - 1));
        assert_eq!(again.expect_err("used").reason(), "ENROLMENT_CODE_WRONG");
    }

    #[test]
    fn a_terminal_is_made_again_only_where_it_has_let_its_code_run_out() {
        let terminal = Terminal::create(draft(), None, Moment(0)).expect("created");
        let again = |there: &Terminal, now| Terminal::create(draft(), Some(there), Moment(now)).map_err(|r| r.reason());
        assert_eq!(again(&terminal, CODE_LIFE - 1), Err("TERMINAL_EXISTS"));
        assert_eq!(again(&terminal, CODE_LIFE).expect("made again").standing.version, 2);
        let mut revoked = terminal.clone();
        revoked.standing.revoke("lost", Moment(1));
        assert_eq!(again(&revoked, CODE_LIFE), Err("TERMINAL_EXISTS"));
        let mut enrolled = terminal;
        enrolled.enrol(&[1; 32], Moment(i64::MAX), Moment(1)).expect("enrolled");
        assert_eq!(again(&enrolled, CODE_LIFE), Err("TERMINAL_EXISTS"));
    }

    #[test]
    fn after_five_wrong_codes_the_right_one_is_not_heard() {
        let mut terminal = Terminal::create(draft(), None, Moment(0)).expect("created");
        for _ in 0..5 {
            terminal.standing.attempts.count(Moment(1));
        }
        assert_eq!(terminal.check(&[1; 32], Moment(2)).expect_err("barred").reason(), "TOO_MANY_ATTEMPTS");
    }
}
