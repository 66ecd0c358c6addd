//! A person's session: from the sign-in for twelve hours, renewed with a token that is used once.

use kit::clock::Moment;
use serde::{Deserialize, Serialize};

pub const ENDED: &str = "session.ended";
/// Not `session.…`: followers take that for an end.
pub const BEGUN: &str = "signin.begun";
pub const RENEWED: &str = "signin.renewed";
/// In the journal's nouns.
pub const COLLECTION: &str = "sessions";
const LIFE: i64 = 12 * 3_600 * 1_000_000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub id: String,
    pub begun_at: i64,
    /// Keyed digest of the refresh token that is good now.
    pub digest: [u8; 32],
    /// SHA-256 of the certificate that the sign-in came by.
    pub certificate: Option<[u8; 32]>,
    /// Code of the terminal's window, where the sign-in came over one.
    pub window: Option<String>,
}

impl Session {
    pub fn ends_at(&self) -> Moment {
        Moment(self.begun_at.saturating_add(LIFE))
    }

    pub fn has_ended(&self, now: Moment) -> bool {
        self.ends_at() <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lives_twelve_hours() {
        let session = Session { id: "s".into(), begun_at: 5, digest: [0; 32], certificate: None, window: None };
        assert!(!session.has_ended(Moment(LIFE + 4)));
        assert!(session.has_ended(Moment(LIFE + 5)));
    }
}
