//! What the directory has told of those who call: whom to refuse, and where people and terminals belong.

use std::collections::{HashMap, HashSet};

use kit::clock::Moment;

/// No token lives longer: five minutes, the leeway of clocks, and as much again.
pub const OUTLIVED: i64 = 600_000_000;

/// A credential, by the name of its holder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credential {
    /// Code of a terminal's window; empty for others.
    pub window: String,
    pub revoked: bool,
    /// Tokens and certificates given before this are refused.
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
    /// Names of divisions and windows that were deactivated.
    pub closed: HashSet<String>,
    pub keys: Vec<SigningKey>,
}

impl Standing {
    /// Whether a certificate of this name was taken back: its credential, all that were given so early, or the place.
    pub fn is_revoked(&self, name: &str, given: Option<Moment>) -> bool {
        let credential = self.credentials.get(name).is_some_and(|credential| {
            credential.revoked || credential.valid_after.is_some_and(|after| given.is_none_or(|given| given < after))
        });
        credential || self.is_closed(name)
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
            || self.is_closed(holder)
    }

    /// Whether the division of a holder was deactivated, or the window of a terminal.
    fn is_closed(&self, holder: &str) -> bool {
        if self.closed.is_empty() {
            return false;
        }
        // `divisions/410223`; operators and services are of none.
        let Some((end, _)) = holder.match_indices('/').nth(1) else { return false };
        let division = &holder[..end];
        let window = self.window(holder).map(|window| format!("{division}/windows/{window}"));
        self.closed.contains(division) || window.is_some_and(|window| self.closed.contains(&window))
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

    #[test]
    fn a_certificate_given_before_its_terminal_was_made_anew_is_taken_back_and_a_later_one_is_not() {
        let credential = Credential { valid_after: Some(Moment(10_000_000)), ..Credential::default() };
        let standing = Standing { credentials: HashMap::from([("t".to_owned(), credential)]), ..Standing::default() };
        assert!(standing.is_revoked("t", None) && standing.is_revoked("t", Some(Moment(9_000_000))));
        assert!(!standing.is_revoked("t", Some(Moment(10_000_000))));
        assert!(!standing.is_revoked("another", Some(Moment(0))));
    }

    #[test]
    fn who_is_of_a_division_that_was_closed_is_out_and_a_terminal_goes_with_its_window() {
        let terminal = "divisions/410223/terminals/T1";
        let credential = Credential { window: "A01".into(), ..Credential::default() };
        let closed = |name: &str| Standing {
            credentials: HashMap::from([(terminal.to_owned(), credential.clone())]),
            closed: HashSet::from([name.to_owned()]),
            ..Standing::default()
        };
        let division = closed("divisions/410223");
        assert!(division.is_revoked(terminal, None) && division.is_taken_back("divisions/410223/people/P", "", 0));
        assert!(!division.is_taken_back("divisions/410224/people/P", "", 0));
        assert!(!division.is_revoked("operators/first", None));
        let window = closed("divisions/410223/windows/A01");
        assert!(window.is_revoked(terminal, None) && !window.is_taken_back("divisions/410223/people/P", "", 0));
        assert!(!closed("divisions/410223/windows/A02").is_revoked(terminal, None));
    }
}
