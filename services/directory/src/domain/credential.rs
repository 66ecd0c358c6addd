//! What all credentials have in common: a name, and that they can be taken back.

use std::time::Duration;

use kit::{
    clock::Moment,
    refusal::{Kind, Refusal},
};
use serde::{Deserialize, Serialize};

pub const CREATED: &str = "credential.created";
pub const ENROLLED: &str = "credential.enrolled";
pub const CHANGED: &str = "credential.changed";
pub const REVOKED: &str = "credential.revoked";
/// A wrong password.
pub const MISSED: &str = "credential.missed";

/// What is known of every credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// 1 when created, and one more with every change: the etag.
    pub version: i64,
    /// Microseconds.
    pub created_at: i64,
    pub revoked: bool,
    /// Why it was taken back.
    pub because: String,
    /// What was given before is refused; in microseconds, and a whole second, since tokens and certificates tell no less.
    pub valid_after: Option<i64>,
    /// Until when the newest certificate lasts.
    pub certified_until: Option<i64>,
}

impl Standing {
    pub fn new(now: Moment) -> Standing {
        Standing {
            version: 1,
            created_at: now.0,
            revoked: false,
            because: String::new(),
            valid_after: None,
            certified_until: None,
        }
    }

    pub fn etag(&self) -> String {
        self.version.to_string()
    }

    /// Whatever was given before is refused from now on: of this second, too.
    pub fn begin_anew(&mut self, now: Moment) {
        self.valid_after = Some((self.given_at(now) + 1) * 1_000_000);
    }

    /// Gives it to its holder again, who may be another: with nothing of what was given before.
    pub fn give_again(&mut self, now: Moment) {
        self.begin_anew(now);
        self.revoked = false;
        self.because.clear();
        self.certified_until = None;
        self.version += 1;
    }

    /// How long until a certificate says of itself that it was given after the others.
    pub fn until_certifiable(&self, now: Moment) -> Duration {
        let left = self.valid_after.map_or(0, |after| after.saturating_sub(now.0));
        Duration::from_micros(left.max(0).unsigned_abs())
    }

    /// False where it was revoked before.
    pub fn revoke(&mut self, because: &str, now: Moment) -> bool {
        if self.revoked {
            return false;
        }
        self.begin_anew(now);
        (self.revoked, self.because) = (true, because.to_owned());
        self.version += 1;
        true
    }

    /// A certificate was given.
    pub fn certify(&mut self, until: Moment) -> Result<(), Refusal> {
        if self.revoked {
            return Err(revoked());
        }
        self.certified_until = Some(until.0);
        self.version += 1;
        Ok(())
    }

    /// Seconds of a token given now. It is never older than what it must not be older than.
    pub fn given_at(&self, now: Moment) -> i64 {
        now.0.max(self.valid_after.unwrap_or(i64::MIN)).div_euclid(1_000_000)
    }
}

/// NOT_FOUND: nobody has such a credential.
pub fn absent() -> Refusal {
    Refusal::not_found("CREDENTIAL_NOT_FOUND", "凭证不存在", "there is no such credential")
}

/// UNAUTHENTICATED: it was taken back for good.
pub fn revoked() -> Refusal {
    let (zh, en) = ("该凭证已被吊销", "this credential was revoked");
    Refusal::new(Kind::Unauthenticated, "CREDENTIAL_REVOKED", zh, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_given_after_the_change_is_never_older_than_it_and_one_given_before_always() {
        for now in [Moment(10_000_000), Moment(10_000_001), Moment(10_999_999)] {
            let mut standing = Standing::new(now);
            let before = standing.given_at(now);
            standing.begin_anew(now);
            let after = standing.valid_after.expect("a time").div_euclid(1_000_000);
            assert!(before < after);
            assert!(standing.given_at(now) >= after);
            assert_eq!(standing.given_at(Moment(60_000_000)), 60);
            let before = standing.given_at(now);
            standing.begin_anew(now);
            assert!(before < standing.valid_after.expect("a time").div_euclid(1_000_000), "twice in a second");
        }
    }

    #[test]
    fn what_is_given_again_has_nothing_of_before_and_is_certified_in_a_later_second() {
        let mut standing = Standing::new(Moment(10_200_000));
        standing.certify(Moment(1)).expect("certified");
        standing.revoke("lost", Moment(10_300_000));
        standing.give_again(Moment(10_400_000));
        assert!(!standing.revoked && standing.because.is_empty() && standing.certified_until.is_none());
        assert_eq!((standing.version, standing.valid_after), (4, Some(12_000_000)));
        assert_eq!(standing.until_certifiable(Moment(10_400_000)), Duration::from_millis(1_600));
        assert_eq!(standing.until_certifiable(Moment(12_000_001)), Duration::ZERO);
    }

    #[test]
    fn what_was_revoked_is_certified_no_more() {
        let mut standing = Standing::new(Moment(0));
        standing.certify(Moment(1)).expect("certified");
        assert!(standing.revoke("lost", Moment(2)));
        assert!(!standing.revoke("lost", Moment(3)));
        assert_eq!(standing.certify(Moment(4)).expect_err("revoked").reason(), "CREDENTIAL_REVOKED");
        assert_eq!((standing.version, standing.certified_until), (3, Some(1)));
    }
}
