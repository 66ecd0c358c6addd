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
/// Of a code, keyed; of a public key.
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
    Open { digest: Digest, until: i64 },
    /// With that code, by the terminal that has this key: until then it is answered again, and no other is.
    Done { digest: Digest, until: i64, key: Digest },
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
    /// Refused where it is there and works. Any other is made anew, with nothing of what was given to it before.
    pub fn create(draft: Draft, there: Option<&Terminal>, now: Moment) -> Result<Terminal, Refusal> {
        let Draft { division, code, window, digest } = draft;
        if there.is_some_and(|there| there.is_enrolled() && !there.standing.revoked) {
            let zh = format!("终端 {code} 已登记，须先吊销其凭证");
            let en = format!("the terminal {code} is enrolled; revoke it first");
            return Err(Refusal::new(Kind::AlreadyExists, "TERMINAL_EXISTS", zh, en));
        }
        let mut standing = there.map_or_else(|| Standing::new(now), |there| there.standing.clone());
        if there.is_some() {
            standing.give_again(now);
        }
        let enrolment = Enrolment::Open { digest, until: now.0.saturating_add(CODE_LIFE) };
        Ok(Terminal { division, code, window, standing, enrolment })
    }

    pub fn is_enrolled(&self) -> bool {
        matches!(self.enrolment, Enrolment::Done { .. })
    }

    /// Until when the code of this digest is good, if nobody has used it.
    pub fn code_until(&self, given: &Digest) -> Option<Moment> {
        match &self.enrolment {
            Enrolment::Open { digest, until } if digest == given => Some(Moment(*until)),
            Enrolment::Open { .. } | Enrolment::Done { .. } => None,
        }
    }

    /// Refuses a code that is not the one, or no longer.
    pub fn check(&self, given: &Digest, now: Moment) -> Result<(), Refusal> {
        let (Enrolment::Open { digest, until } | Enrolment::Done { digest, until, .. }) = &self.enrolment;
        // Digests are keyed: nothing is learned from how long their comparison takes.
        if !self.standing.revoked && digest == given && now.0 < *until { Ok(()) } else { Err(wrong()) }
    }

    /// Uses the code up, for this key. Its terminal may have missed the answer and asks again.
    pub fn enrol(&mut self, given: &Digest, by: Digest, certified: Moment, now: Moment) -> Result<(), Refusal> {
        self.check(given, now)?;
        match self.enrolment {
            Enrolment::Open { digest, until } => self.enrolment = Enrolment::Done { digest, until, key: by },
            Enrolment::Done { key, .. } if key == by => {}
            Enrolment::Done { .. } => return Err(wrong()),
        }
        self.standing.certify(certified)
    }
}

/// PERMISSION_DENIED, whatever is wrong with it.
pub fn wrong() -> Refusal {
    let (zh, en) = ("终端启用码无效、已用或已过期", "the enrolment code is unknown, used or older than an hour");
    Refusal::new(Kind::Denied, "ENROLMENT_CODE_WRONG", zh, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        let division = "410223".parse().expect("a division");
        Draft { division, code: "T1".into(), window: "A01".into(), digest: [1; 32] }
    }

    const END: Moment = Moment(i64::MAX);

    #[test]
    fn a_code_enrols_one_key_within_an_hour_and_answers_it_again() {
        let terminal = Terminal::create(draft(), None, Moment(0)).expect("created");
        let enrol = |terminal: &Terminal, digest, key, now| {
            let mut terminal = terminal.clone();
            let enrolled = terminal.enrol(&digest, key, END, Moment(now));
            enrolled.map(|()| terminal).map_err(|refusal| refusal.reason())
        };
        assert_eq!(enrol(&terminal, [2; 32], [7; 32], 1), Err("ENROLMENT_CODE_WRONG"));
        assert_eq!(enrol(&terminal, [1; 32], [7; 32], CODE_LIFE), Err("ENROLMENT_CODE_WRONG"));
        let enrolled = enrol(&terminal, [1; 32], [7; 32], 1).expect("enrolled");
        assert!(enrolled.is_enrolled());
        assert_eq!(enrol(&enrolled, [1; 32], [8; 32], 2), Err("ENROLMENT_CODE_WRONG"), "another key");
        assert!(enrol(&enrolled, [1; 32], [7; 32], CODE_LIFE - 1).expect("again").is_enrolled());
        assert_eq!(enrol(&enrolled, [1; 32], [7; 32], CODE_LIFE), Err("ENROLMENT_CODE_WRONG"));
        let mut revoked = enrolled;
        revoked.standing.revoke("lost", Moment(3));
        assert_eq!(enrol(&revoked, [1; 32], [7; 32], 4), Err("ENROLMENT_CODE_WRONG"));
    }

    #[test]
    fn a_terminal_is_made_anew_unless_it_works_and_what_it_had_before_is_refused() {
        let terminal = Terminal::create(draft(), None, Moment(0)).expect("created");
        let again = |there: &Terminal| {
            let draft = Draft { digest: [3; 32], window: "A02".into(), ..draft() };
            Terminal::create(draft, Some(there), Moment(5)).map_err(|refusal| refusal.reason())
        };
        let mut enrolled = terminal.clone();
        enrolled.enrol(&[1; 32], [7; 32], END, Moment(1)).expect("enrolled");
        assert_eq!(again(&enrolled), Err("TERMINAL_EXISTS"));
        let mut revoked = enrolled;
        revoked.standing.revoke("lost", Moment(1));
        for there in [terminal, revoked] {
            let made = again(&there).expect("made anew");
            assert_eq!((made.standing.version, made.window.as_str()), (there.standing.version + 1, "A02"));
            assert!(made.standing.valid_after > there.standing.valid_after && !made.standing.revoked);
            assert!(!made.is_enrolled());
            assert!(made.check(&[1; 32], Moment(6)).is_err() && made.check(&[3; 32], Moment(6)).is_ok());
        }
    }
}
