//! What the directory has told of those who call: whom to refuse, and where people and terminals belong.

use std::collections::HashMap;

use kit::clock::Moment;

/// No token lives longer: five minutes, the leeway of clocks, and as much again.
pub const OUTLIVED: i64 = 600_000_000;

/// A credential, by the name of its holder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credential {
    /// Code of a terminal's window; empty for others.
    pub window: String,
    pub revoked: bool,
    /// Tokens given before this are refused.
    pub valid_after: Option<Moment>,
}

/// A person, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Code; empty for those of the centre itself.
    pub unit: String,
    /// Code; may be empty.
    pub window: String,
    /// A head, deputy head or member of the leading party group of a unit, or a leader of the government.
    pub leads: bool,
    pub active: bool,
}

/// A key that tokens are verified with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    pub id: String,
    pub public_key: [u8; 32],
    /// None for the one that signs.
    pub valid_until: Option<Moment>,
}

/// All of it, as it stands after an entry of the directory's journal.
#[derive(Debug, Default)]
pub struct Standing {
    pub credentials: HashMap<String, Credential>,
    pub people: HashMap<String, Person>,
    /// Sessions that ended not long ago.
    pub ended: HashMap<String, Moment>,
    pub keys: Vec<SigningKey>,
}

impl Standing {
    /// Whether the certificates of this name were taken back.
    pub fn is_revoked(&self, name: &str) -> bool {
        self.credentials.get(name).is_some_and(|credential| credential.revoked)
    }

    /// Whether a token was taken back: with its credential, its person or its session, or because it is older than what
    /// its holder has now. `given` is in seconds.
    pub fn is_taken_back(&self, holder: &str, session: &str, given: i64) -> bool {
        let credential = self.credentials.get(holder).is_some_and(|credential| {
            // A token tells the second in which it was given, no more.
            credential.revoked || credential.valid_after.is_some_and(|after| given < after.0.div_euclid(1_000_000))
        });
        credential
            || self.people.get(holder).is_some_and(|person| !person.active)
            || (!session.is_empty() && self.ended.contains_key(session))
    }

    /// The code of a terminal's window.
    pub fn window(&self, terminal: &str) -> Option<&str> {
        let window = self.credentials.get(terminal)?.window.as_str();
        Some(window).filter(|window| !window.is_empty())
    }

    pub fn knows_key(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_given_before_its_holders_password_was_set_is_taken_back_and_one_of_the_same_second_is_not() {
        let credential = Credential { valid_after: Some(Moment(10_500_000)), ..Credential::default() };
        let standing = Standing { credentials: HashMap::from([("p".to_owned(), credential)]), ..Standing::default() };
        assert!(standing.is_taken_back("p", "", 9));
        assert!(!standing.is_taken_back("p", "", 10));
        assert!(!standing.is_taken_back("somebody", "", 0));
    }

    #[test]
    fn a_person_who_has_left_and_a_session_that_has_ended_take_their_tokens_along() {
        let standing = Standing {
            people: HashMap::from([("p".to_owned(), Person::default())]),
            ended: HashMap::from([("s".to_owned(), Moment(0))]),
            ..Standing::default()
        };
        assert!(standing.is_taken_back("p", "t", 10));
        assert!(standing.is_taken_back("q", "s", 10));
        assert!(!standing.is_taken_back("q", "", 10));
    }
}
