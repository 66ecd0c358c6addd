//! Who calls: by the client's certificate, by a token, or by both.
//!
//! | Comes with | Is |
//! |---|---|
//! | nothing | the public |
//! | certificate of an operator or a service | that one |
//! | certificate of a terminal | the terminal, at its window |
//! | certificate of another system | still the public, but known by name: it has yet to sign an assertion |
//! | token | the person or system it was given to |
//! | token, and certificate of a terminal | the person, at the terminal's window |
//!
//! A token is verified once and remembered until it expires; whether it was taken back is looked at every time. It says who
//! somebody is: what rank, unit and window a person has is the directory's to say, each time anew.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{Extensions, HeaderMap, header::AUTHORIZATION};
use kit::{
    caller::{Caller, Role},
    clock::wall,
    id,
    refusal::{Kind, Refusal},
    tls::Presented,
    token::{Claims, LEEWAY},
};
use proto::identity::v1 as pb;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use super::issuer::Issuer;
use crate::known::Known;

/// Seconds that a stream goes on after its token has expired, for a newer one of its session to come.
const GRACE: i64 = 60;
/// When to come again where not all is known yet of who was revoked.
const AGAIN: Duration = Duration::from_secs(1);
/// So many tokens are remembered; a county has a few hundred at a time.
const REMEMBERED: usize = 1 << 14;

type Hash = [u8; 32];

/// Tells who calls.
pub struct Identify {
    known: Known,
    /// Of staff, where another issuer is trusted, too.
    issuer: Option<Issuer>,
    /// By token and certificate.
    tokens: Cache<(Hash, Hash), Arc<Token>>,
    /// Until when the newest token of each session is good, in seconds.
    sessions: Mutex<Sessions>,
}

#[derive(Default)]
struct Sessions {
    until: HashMap<String, i64>,
    pruned: i64,
}

/// What a caller has shown.
#[derive(Clone, Debug, Default)]
pub struct Pass {
    /// None of the public.
    pub caller: Option<Caller>,
    certificate: Option<Presented>,
    token: Option<Arc<Token>>,
}

/// A verified token.
#[derive(Debug)]
struct Token {
    caller: Caller,
    holder: String,
    /// Seconds.
    given: i64,
    until: i64,
    /// Until when it is remembered: one of ours as long as it lives.
    fresh: i64,
}

impl Token {
    fn session(&self) -> &str {
        let session = self.caller.session();
        if session.is_empty() { &self.holder } else { session }
    }
}

impl Pass {
    /// Nothing was shown that could be taken back.
    pub fn is_blank(&self) -> bool {
        self.certificate.is_none() && self.token.is_none()
    }
}

impl Identify {
    pub fn new(known: Known, issuer: Option<Issuer>) -> Identify {
        Identify { known, issuer, tokens: Cache::new(REMEMBERED), sessions: Mutex::default() }
    }

    pub async fn identify(&self, headers: &HeaderMap, extensions: &Extensions) -> Result<Pass, Refusal> {
        let certificate = self.certificate(extensions)?;
        let hash = certificate.map(|(_, hash)| hash);
        let bearer = bearer(headers)?;
        let given = bearer.is_some() || certificate.is_some_and(|(name, _)| !name.starts_with("services/"));
        if given && !self.known.caught_up().await {
            return Err(not_ready());
        }
        let token = match bearer {
            Some(token) => Some(self.token(token, hash).await?),
            None => None,
        };
        let caller = self.caller(certificate, token.as_deref())?;
        let pass = Pass { caller, certificate: Presented::of(extensions).cloned(), token };
        self.not_revoked(&pass)?;
        Ok(pass)
    }

    /// Whether somebody who was let in may stay: nothing was taken back, they are who they were, and a token that has
    /// expired was renewed.
    pub fn still(&self, pass: &Pass) -> Result<(), Refusal> {
        self.not_revoked(pass)?;
        let certificate = pass.certificate.as_ref().and_then(|it| Some((it.name()?, *it.fingerprint())));
        if self.caller(certificate, pass.token.as_deref())? != pass.caller {
            return Err(changed());
        }
        let Some(token) = &pass.token else { return Ok(()) };
        let now = seconds();
        if now <= token.until + GRACE {
            return Ok(());
        }
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        match sessions.until.get(token.session()) {
            Some(until) if now <= until + GRACE => Ok(()),
            _ => Err(expired()),
        }
    }

    /// Whether what was given to a caller then, in seconds, still stands: for those whose token is kept here.
    pub fn stands(&self, caller: &Caller, given: i64) -> Result<bool, Refusal> {
        if self.known.is_behind() {
            return Err(not_ready());
        }
        Ok(!self.known.standing().is_taken_back(caller.name(), caller.session(), given))
    }

    fn not_revoked(&self, pass: &Pass) -> Result<(), Refusal> {
        let standing = self.known.standing();
        let certificate = pass
            .certificate
            .as_ref()
            .is_some_and(|it| it.name().is_some_and(|name| standing.is_revoked(name, it.given_at())));
        let token = pass
            .token
            .as_deref()
            .is_some_and(|token| standing.is_taken_back(&token.holder, token.caller.session(), token.given));
        match (certificate, token) {
            (true, _) => Err(revoked()),
            (_, true) => Err(signed_out()),
            _ => Ok(()),
        }
    }

    /// The name on the client's certificate, which the handshake has verified, and its hash.
    fn certificate<'a>(&self, extensions: &'a Extensions) -> Result<Option<(&'a str, Hash)>, Refusal> {
        let Some(presented) = Presented::of(extensions) else { return Ok(None) };
        Ok(Some((presented.name().ok_or_else(stranger)?, *presented.fingerprint())))
    }

    async fn token(&self, text: &str, certificate: Option<Hash>) -> Result<Arc<Token>, Refusal> {
        let key = (Sha256::digest(text).into(), certificate.unwrap_or_default());
        // Of one that has expired meanwhile the verifier says so.
        if let Some(token) = self.tokens.get(&key).filter(|token| seconds() <= token.fresh) {
            return Ok(token);
        }
        let (claims, fresh) = self.verify(text).await?;
        let caller = claims.to_caller(certificate)?;
        let token = Token { caller, holder: claims.sub, given: claims.iat, until: claims.exp, fresh };
        let token = Arc::new(token);
        self.tokens.insert(key, token.clone());
        self.renewed(&token);
        Ok(token)
    }

    /// What a token says, and until when that can be remembered.
    async fn verify(&self, text: &str) -> Result<(Claims, i64), Refusal> {
        if let Some(issuer) = self.issuer.as_ref().filter(|issuer| issuer.issued(text)) {
            let claims = issuer.verify(text, &self.known).await?;
            let fresh = (claims.exp + LEEWAY).min(seconds() + GRACE);
            return Ok((claims, fresh));
        }
        // What is no JWT names no key, and is refused below.
        let key = jsonwebtoken::decode_header(text).ok().and_then(|header| header.kid);
        if let Some(key) = key.filter(|key| !self.known.standing().knows_key(key)) {
            self.known.key(&key).await;
        }
        let claims = self.known.verifier().verify(text, wall())?;
        let fresh = claims.exp + LEEWAY;
        Ok((claims, fresh))
    }

    fn renewed(&self, token: &Token) {
        let now = seconds();
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.pruned + GRACE < now {
            sessions.until.retain(|_, until| now <= *until + GRACE);
            sessions.pruned = now;
        }
        let until = sessions.until.entry(token.session().to_owned()).or_default();
        *until = token.until.max(*until);
    }

    /// Whom certificate and token tell of.
    fn caller(&self, certificate: Option<(&str, Hash)>, token: Option<&Token>) -> Result<Option<Caller>, Refusal> {
        Ok(match (token, certificate) {
            (Some(token), certificate) => Some(self.now(&token.caller, certificate.map(|(name, _)| name))),
            (None, Some((name, hash))) => Some(self.holder(name, hash)?),
            (None, None) => None,
        })
    }

    /// A person as the directory has them now, whatever the token still says; at a terminal, at its window.
    fn now(&self, caller: &Caller, certificate: Option<&str>) -> Caller {
        if !caller.is_person() {
            return caller.clone();
        }
        let standing = self.known.standing();
        let said = (caller.role(), caller.unit().unwrap_or_default(), caller.window().unwrap_or_default());
        // Of whom the directory has told nothing yet, what the token says stands.
        let (role, unit, usual) = standing.people.get(caller.name()).map_or(said, |person| {
            let role = if person.leads { Role::Leader } else { Role::Clerk };
            (role, person.unit.as_str(), person.window.as_str())
        });
        let terminal = certificate.and_then(|name| Some((name, id::child("", name, "terminals").ok()?.0)));
        let window = match terminal {
            None => usual,
            Some((name, own)) if Some(own) == caller.division() => standing.window(name).unwrap_or(said.2),
            // Windows of other divisions are none of one's own.
            Some(_) => "",
        };
        if (role, unit, window) == said {
            return caller.clone();
        }
        let (unit, window) = (unit.to_owned(), window.to_owned());
        let told = pb::Caller { role: role.into(), unit, window, ..caller.to_message() };
        Caller::from_message(told).unwrap_or_else(Caller::public)
    }

    /// Whom a certificate is made out to.
    fn holder(&self, name: &str, hash: Hash) -> Result<Caller, Refusal> {
        let told = pb::Caller { name: name.to_owned(), certificate: hash.to_vec(), ..Default::default() };
        let told = match name.split('/').collect::<Vec<_>>()[..] {
            ["operators", _] => pb::Caller { role: Role::Operator.into(), ..told },
            ["services", _] => pb::Caller { role: Role::Service.into(), ..told },
            ["divisions", division, "terminals", _] => {
                let window = self.known.standing().window(name).unwrap_or_default().to_owned();
                pb::Caller { role: Role::Terminal.into(), division: division.to_owned(), window, ..told }
            }
            ["divisions", _, "systems", _] => pb::Caller { role: Role::Public.into(), ..told },
            _ => return Err(stranger()),
        };
        Caller::from_message(told).ok_or_else(stranger)
    }
}

/// The token of `authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let malformed = || {
        let (zh, en) = ("登录令牌的格式有误，应为 Bearer 加一个空格和令牌", "authorization reads `Bearer TOKEN`, once");
        Refusal::new(Kind::Unauthenticated, "TOKEN_INVALID", zh, en)
    };
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(malformed)?;
    let fits = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && values.next().is_none();
    if fits { Ok(Some(token)) } else { Err(malformed()) }
}

fn seconds() -> i64 {
    wall().0.div_euclid(1_000_000)
}

/// Of a certificate: nobody but an operator gives another.
fn revoked() -> Refusal {
    let (zh, en) = ("凭证已被吊销，请联系运维人员", "the credential was revoked; ask the operator");
    Refusal::new(Kind::Unauthenticated, "CREDENTIAL_REVOKED", zh, en)
}

/// Of a token.
fn signed_out() -> Refusal {
    let (zh, en) = (
        "登录已失效，请重新登录；不能登录的，请联系运维人员",
        "what was signed in has ended; sign in again, or ask the operator",
    );
    Refusal::new(Kind::Unauthenticated, "CREDENTIAL_REVOKED", zh, en)
}

fn not_ready() -> Refusal {
    let (zh, en) = ("服务正在恢复凭证记录，请稍后重试", "who was revoked is being learnt anew; try again in a moment");
    Refusal::new(Kind::Unavailable, "NOT_READY", zh, en).again_in(AGAIN)
}

fn stranger() -> Refusal {
    let (zh, en) = ("客户端证书未写明持有者", "the client's certificate is made out to nobody who is known here");
    Refusal::new(Kind::Unauthenticated, "CERTIFICATE_UNKNOWN", zh, en)
}

fn changed() -> Refusal {
    let (zh, en) =
        ("职级、单位或窗口已变更，请重新订阅", "rank, unit or window is another by now; open the stream again");
    Refusal::new(Kind::Unauthenticated, "CALLER_CHANGED", zh, en)
}

fn expired() -> Refusal {
    let (zh, en) =
        ("登录令牌已过期，请更新令牌后重新订阅", "the token has expired; renew it and open the stream again");
    Refusal::new(Kind::Unauthenticated, "TOKEN_EXPIRED", zh, en)
}

#[cfg(test)]
mod tests {
    use kit::{store::Store, testing::TestDatabase};

    use super::*;

    #[tokio::test]
    async fn a_stream_outlives_its_token_by_a_minute_and_then_needs_a_newer_one_of_its_session() {
        let database = TestDatabase::sqlite();
        let url = database.config(&["gateway"]).await.database("gateway");
        let store = Store::open::<migrations::gateway::Migrator>("gateway", &url).await.expect("opens");
        let identify = Identify::new(Known::open(&store).await.expect("opens"), None);
        let token = |session: &str, until: i64| {
            let told = pb::Caller { role: Role::Clerk.into(), session: session.into(), ..Default::default() };
            let caller = Caller::from_message(told).expect("a caller");
            Arc::new(Token { caller, holder: "p".into(), given: until - 300, until, fresh: until })
        };
        let pass = |session: &str, until: i64| {
            let token = token(session, until);
            Pass { caller: Some(token.caller.clone()), token: Some(token), ..Pass::default() }
        };
        let now = seconds();
        identify.still(&pass("a", now - 50)).expect("within the minute");
        let refusal = identify.still(&pass("a", now - 70)).expect_err("over");
        assert_eq!((refusal.kind(), refusal.reason()), (Kind::Unauthenticated, "TOKEN_EXPIRED"));
        identify.renewed(&token("b", now + 300));
        identify.still(&pass("a", now - 70)).expect_err("that was another session");
        identify.renewed(&token("a", now + 300));
        identify.still(&pass("a", now - 70)).expect("renewed");
        identify.still(&Pass::default()).expect("nothing was shown");
    }
}
