//! A person's password, and the sessions that were begun with it.

use kit::{
    clock::Moment,
    id,
    refusal::{Fault, Kind, Refusal},
};
use serde::{Deserialize, Serialize};

use super::{
    attempts::{Attempts, Way},
    credential::Standing,
    session::Session,
};

/// The holder's, in names.
pub const COLLECTION: &str = "people";
/// A person has at most so many sessions; one more ends the oldest.
const MOST_SESSIONS: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Password {
    pub division: id::Division,
    /// The person's.
    pub code: String,
    /// Argon2id, as a PHC string; empty where it was revoked.
    pub hash: String,
    pub sessions: Vec<Session>,
    pub standing: Standing,
    #[serde(default)]
    pub attempts: Attempts,
}

/// What came of a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refreshed {
    Renewed,
    /// It was used before: its session has ended.
    Ended,
    /// There is no such session any more, or it is another's.
    Unknown,
}

impl Password {
    /// Sets it, for whoever has none yet, or anew: no session outlives that. Gives those that end.
    pub fn set(
        there: Option<&Password>,
        division: id::Division,
        code: &str,
        hash: &str,
        now: Moment,
    ) -> (Password, Vec<String>) {
        let mut standing = there.map_or_else(|| Standing::new(now), |there| there.standing.clone());
        if there.is_some() {
            standing.give_again(now)
        } else {
            standing.begin_anew(now)
        }
        let ended = ids(there.map(|there| there.sessions.clone()).unwrap_or_default());
        let (code, hash, attempts) = (code.to_owned(), hash.to_owned(), Attempts::default());
        (Password { division, code, hash, sessions: Vec::new(), standing, attempts }, ended)
    }

    /// Puts another in the place of the one that was shown. The session that does it goes on; gives those that end.
    pub fn change(
        &mut self,
        way: Way,
        shown: &str,
        hash: &str,
        own: &str,
        now: Moment,
    ) -> Result<Vec<String>, Refusal> {
        self.accept(way, shown, now)?;
        self.standing.version += 1;
        self.hash = hash.to_owned();
        let (kept, ended) = std::mem::take(&mut self.sessions).into_iter().partition(|session| session.id == own);
        self.sessions = kept;
        Ok(ids(ended))
    }

    /// Begins a session with the password that was shown; gives those that end for it.
    pub fn sign_in(&mut self, way: Way, shown: &str, session: Session, now: Moment) -> Result<Vec<String>, Refusal> {
        self.accept(way, shown, now)?;
        self.sessions.retain(|session| !session.has_ended(now));
        self.sessions.push(session);
        let over = self.sessions.len().saturating_sub(MOST_SESSIONS);
        Ok(ids(self.sessions.drain(..over).collect()))
    }

    /// Renews a session, or ends it where the token of this digest is not the one that is good now.
    pub fn refresh(
        &mut self,
        id: &str,
        digest: &[u8; 32],
        certificate: Option<&[u8; 32]>,
        next: [u8; 32],
        now: Moment,
    ) -> Refreshed {
        let live = |session: &&mut Session| session.id == id && !session.has_ended(now);
        let Some(session) = self.sessions.iter_mut().find(live).filter(|_| !self.standing.revoked) else {
            return Refreshed::Unknown;
        };
        // Who has the token and not the certificate is not the one, and ends nobody's session.
        if session.certificate.is_some() && session.certificate.as_ref() != certificate {
            return Refreshed::Unknown;
        }
        if session.digest != *digest {
            self.end(id);
            return Refreshed::Ended;
        }
        session.digest = next;
        Refreshed::Renewed
    }

    pub fn session(&self, id: &str) -> Option<&Session> {
        self.sessions.iter().find(|session| session.id == id)
    }

    /// False where it has ended before.
    pub fn end(&mut self, id: &str) -> bool {
        let before = self.sessions.len();
        self.sessions.retain(|session| session.id != id);
        self.sessions.len() < before
    }

    /// Bars it, and ends all sessions. False where it was done before.
    pub fn revoke(&mut self, because: &str, now: Moment) -> bool {
        self.hash.clear();
        self.sessions.clear();
        self.standing.revoke(because, now)
    }

    /// The password was shown to be the one of this hash; it may have been changed meanwhile.
    fn accept(&mut self, way: Way, shown: &str, now: Moment) -> Result<(), Refusal> {
        self.attempts.check(way, now)?;
        if self.standing.revoked || self.hash.is_empty() || self.hash != shown {
            return Err(wrong());
        }
        self.attempts.forget(way);
        Ok(())
    }
}

fn ids(sessions: Vec<Session>) -> Vec<String> {
    sessions.into_iter().map(|session| session.id).collect()
}

/// PERMISSION_DENIED: one answer for an unknown person, one who may not sign in, and a wrong password.
pub fn wrong() -> Refusal {
    let (zh, en) = ("人员编号或密码有误", "the person or the password is wrong");
    Refusal::new(Kind::Denied, "PASSWORD_WRONG", zh, en)
}

/// The commonest of ten characters and more; shorter ones are refused anyway.
const COMMONEST: [&str; 36] = [
    "password12",
    "password123",
    "password1234",
    "passw0rd123",
    "qwertyuiop",
    "qwertyuiop123",
    "qwerty12345",
    "qwerty123456",
    "asdfghjkl123",
    "1qaz2wsx3edc",
    "1q2w3e4r5t",
    "1q2w3e4r5t6y",
    "q1w2e3r4t5",
    "q1w2e3r4t5y6",
    "qazwsxedcrfv",
    "zaq12wsxcde3",
    "zxcvbnm123",
    "zxcvbnm1234",
    "abc1234567",
    "abcd123456",
    "abc123456789",
    "a123456789",
    "aa123456789",
    "123456789a",
    "123456789q",
    "1234567891",
    "12345678910",
    "123123123123",
    "1231231234",
    "5201314520",
    "woaini1314520",
    "woaini520520",
    "iloveyou1314",
    "admin123456",
    "administrator",
    "welcome123",
];

/// 10 to 128 characters; not the person's code, nor one of the commonest, nor a single character or a row of them.
pub fn check(field: &str, password: &str, code: &str) -> Result<(), Refusal> {
    let fault = |zh: &str, en: &str| {
        Err(Refusal::fields(vec![Fault { field: field.to_owned(), zh: zh.to_owned(), en: en.to_owned() }]))
    };
    let length = password.chars().count();
    if !(10..=128).contains(&length) {
        return fault("密码长度应为10至128个字符", "must have 10 to 128 characters");
    }
    if password.chars().any(char::is_control) {
        return fault("密码不能含有控制字符", "must not have control characters");
    }
    let lower = password.to_lowercase();
    if lower == code.to_lowercase() {
        return fault("密码不能与人员编号相同", "must not be the person's code");
    }
    let digits: Vec<u32> = lower.chars().map(u32::from).collect();
    let steps = |step: i64| {
        digits
            .windows(2)
            .all(|pair| i64::from(pair[1]) - i64::from(pair[0]) == step || (pair[1] == 48 && pair[0] == 57))
    };
    if COMMONEST.contains(&lower.as_str()) || steps(0) || steps(1) || steps(-1) {
        return fault("密码过于常见，请换一个", "is one of the commonest; take another");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_000_000_000);

    fn session(id: &str) -> Session {
        Session { id: id.into(), begun_at: NOW.0, digest: [1; 32], certificate: None, window: None }
    }

    fn password() -> Password {
        Password::set(None, "410223".parse().expect("a division"), "U012-03", "hash", NOW).0
    }

    #[test]
    fn a_refresh_token_is_used_once_and_its_second_use_ends_the_session() {
        let mut password = password();
        password.sign_in(Way::Public, "hash", session("s"), NOW).expect("signed in");
        assert_eq!(password.refresh("s", &[1; 32], None, [2; 32], NOW), Refreshed::Renewed);
        assert_eq!(password.refresh("s", &[1; 32], None, [3; 32], NOW), Refreshed::Ended);
        assert_eq!(password.refresh("s", &[2; 32], None, [3; 32], NOW), Refreshed::Unknown);
    }

    #[test]
    fn a_session_is_renewed_for_twelve_hours_and_by_its_own_certificate_only() {
        let mut password = password();
        let bound = Session { certificate: Some([7; 32]), ..session("s") };
        password.sign_in(Way::Public, "hash", bound, NOW).expect("signed in");
        for thief in [None, Some([8; 32])] {
            assert_eq!(password.refresh("s", &[1; 32], thief.as_ref(), [2; 32], NOW), Refreshed::Unknown);
        }
        let end = session("s").ends_at();
        assert_eq!(password.refresh("s", &[1; 32], Some(&[7; 32]), [2; 32], Moment(end.0 - 1)), Refreshed::Renewed);
        assert_eq!(password.refresh("s", &[2; 32], Some(&[7; 32]), [3; 32], end), Refreshed::Unknown);
        assert!(password.sign_in(Way::Public, "hash", session("t"), end).expect("signed in").is_empty());
        assert_eq!(password.sessions.len(), 1, "what has ended is kept no longer");
    }

    #[test]
    fn a_person_has_32_sessions_at_most_and_one_more_ends_the_oldest() {
        let mut password = password();
        for i in 0..MOST_SESSIONS {
            assert!(password.sign_in(Way::Public, "hash", session(&i.to_string()), NOW).expect("signed in").is_empty());
        }
        assert_eq!(password.sign_in(Way::Public, "hash", session("more"), NOW).expect("signed in"), ["0"]);
        assert_eq!(password.sessions.len(), MOST_SESSIONS);
    }

    #[test]
    fn a_change_ends_the_other_sessions_and_a_password_changed_meanwhile_is_wrong() {
        let mut password = password();
        for id in ["own", "other"] {
            password.sign_in(Way::Public, "hash", session(id), NOW).expect("signed in");
        }
        assert_eq!(password.change(Way::Public, "hash", "new", "own", NOW).expect("changed"), ["other"]);
        assert!(password.session("own").is_some());
        assert_eq!(
            password.sign_in(Way::Public, "hash", session("s"), NOW).expect_err("the old one").reason(),
            "PASSWORD_WRONG"
        );
    }

    #[test]
    fn a_password_that_is_set_anew_ends_every_session() {
        let mut password = password();
        for id in ["one", "other"] {
            password.sign_in(Way::Public, "hash", session(id), NOW).expect("signed in");
        }
        let (again, ended) = Password::set(Some(&password), password.division, "U012-03", "new", NOW);
        assert_eq!((again.sessions.len(), ended), (0, vec!["one".to_owned(), "other".to_owned()]));
    }

    #[test]
    fn a_revoked_password_is_wrong_until_it_is_set_again() {
        let mut password = password();
        password.sign_in(Way::Public, "hash", session("s"), NOW).expect("signed in");
        assert!(password.revoke("left", NOW));
        assert_eq!(password.refresh("s", &[1; 32], None, [2; 32], NOW), Refreshed::Unknown);
        for shown in ["", "hash"] {
            assert_eq!(
                password.sign_in(Way::Public, shown, session("s"), NOW).expect_err("revoked").reason(),
                "PASSWORD_WRONG"
            );
        }
        let (mut again, _) = Password::set(Some(&password), password.division, "U012-03", "new", NOW);
        assert!(again.sign_in(Way::Public, "new", session("s"), NOW).is_ok());
        assert_eq!(again.standing.version, 3);
    }

    #[test]
    fn after_five_wrong_passwords_the_right_one_is_not_heard_and_setting_it_anew_lets_in_at_once() {
        let mut password = password();
        for _ in 0..5 {
            password.attempts.count(Way::Public, NOW);
        }
        assert_eq!(
            password.sign_in(Way::Public, "hash", session("s"), NOW).expect_err("barred").reason(),
            "TOO_MANY_ATTEMPTS"
        );
        password.sign_in(Way::Terminal, "hash", session("t"), NOW).expect("nobody is locked out of the window");
        let (mut again, _) = Password::set(Some(&password), password.division, "U012-03", "new", NOW);
        assert!(again.sign_in(Way::Public, "new", session("s"), NOW).is_ok());
    }

    #[test]
    fn a_password_that_is_easily_guessed_is_refused() {
        let wrong = [
            "",
            "short-one",
            &"x".repeat(129),
            "1234567890",
            "0123456789",
            "9876543210",
            "aaaaaaaaaa",
            "abcdefghij",
            "Password123",
            "1QAZ2wsx3edc",
            "u012-03-long",
            "ten\u{0}letters",
        ];
        for password in wrong {
            let refusal = check("password", password, "U012-03-LONG").expect_err(password);
            assert_eq!(refusal.faults()[0].field, "password");
        }
        for right in ["correct horse", "尉氏县政务服务中心窗口", "T7#kq-20-Lm", " ten blanks "] {
            check("password", right, "U012-03").expect(right);
        }
    }
}
