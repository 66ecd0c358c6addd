//! What all credentials have in common: a name, and that they can be taken back.

use kit::{
    clock::Moment,
    refusal::{Kind, Refusal},
};
use serde::{Deserialize, Serialize};

use super::attempts::Attempts;

pub const CREATED: &str = "credential.created";
pub const ENROLLED: &str = "credential.enrolled";
pub const CHANGED: &str = "credential.changed";
pub const REVOKED: &str = "credential.revoked";
/// A wrong password or code.
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
    /// What was given before is refused; in microseconds, and a whole second, since a token tells no less.
    pub valid_after: Option<i64>,
    /// Until when the newest certificate lasts.
    pub certified_until: Option<i64>,
    pub attempts: Attempts,
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
            attempts: Attempts::default(),
        }
    }

    pub fn etag(&self) -> String {
        self.version.to_string()
    }

    /// Whatever was given before is refused from now on: of this second, too.
    pub fn begin_anew(&mut self, now: Moment) {
        self.valid_after = Some((self.given_at(now) + 1) * 1_000_000);
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
pub fn absent(name: &str) -> Refusal {
    Refusal::not_found(
        "CREDENTIAL_NOT_FOUND",
        format!("凭证 {name} 不存在"),
        format!("there is no credential of {name}"),
    )
}

/// UNAUTHENTICATED: it was taken back for good.
pub fn revoked() -> Refusal {
    let (zh, en) = ("该凭证已被撤销", "this credential was revoked");
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
    fn what_was_revoked_is_certified_no_more() {
        let mut standing = Standing::new(Moment(0));
        standing.certify(Moment(1)).expect("certified");
        assert!(standing.revoke("lost", Moment(2)));
        assert!(!standing.revoke("lost", Moment(3)));
        assert_eq!(standing.certify(Moment(4)).expect_err("revoked").reason(), "CREDENTIAL_REVOKED");
        assert_eq!((standing.version, standing.certified_until), (3, Some(1)));
    }
}
