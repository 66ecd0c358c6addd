//! Who has signed in in a browser. Tokens never leave this process: a browser holds a random key to them, in a cookie that
//! no script sees and no other site can have sent. After a restart people sign in again.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex as Lock, PoisonError},
};

use axum::http::{HeaderMap, HeaderValue, Uri, header, uri::Authority};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use kit::{
    caller::Caller,
    clock::{Moment, wall},
    peer::Peer,
    token::LIFE,
};
use proto::directory::v1::{
    RefreshTokensRequest, SignInRequest, SignOutRequest, Tokens, credential_service_client::CredentialServiceClient,
};
use tokio::sync::Mutex;
use tonic::{Code, Request, Status};

use crate::door::{identify::Identify, rate::Rate};

/// How long another service may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
/// A token is renewed so long before it expires.
const EARLY: i64 = 30_000_000;
/// So many may be signed in at once; whoever comes then puts out who has been there longest.
const MOST: usize = 4096;
const SIGN_IN: &str = "/yizhan.directory.v1.CredentialService/SignIn";

/// Everybody who has signed in here.
pub struct Accounts {
    directory: CredentialServiceClient<Peer>,
    identify: Arc<Identify>,
    rate: Arc<Rate>,
    /// Cookies go over TLS alone.
    secure: bool,
    sessions: Lock<HashMap<String, Arc<Session>>>,
}

struct Session {
    /// What a form of this session has to bring along.
    form: String,
    ends: Moment,
    began: Moment,
    /// Locked while it is renewed: a refresh token that comes twice ends its session.
    held: Mutex<Held>,
}

struct Held {
    caller: Caller,
    refresh: String,
    until: Moment,
    /// Seconds.
    given: i64,
}

/// Somebody who has signed in.
#[derive(Clone, Debug)]
pub struct Account {
    pub caller: Caller,
    pub form: String,
    key: String,
}

impl Accounts {
    pub fn new(directory: Peer, identify: Arc<Identify>, rate: Arc<Rate>, secure: bool) -> Accounts {
        let directory = CredentialServiceClient::new(directory);
        Accounts { directory, identify, rate, secure, sessions: Lock::default() }
    }

    /// Who sends these headers; none where nobody has signed in, or what was given is good no more.
    pub async fn who(&self, headers: &HeaderMap) -> Result<Option<Account>, Status> {
        let Some(key) = self.cookie(headers, SESSION) else { return Ok(None) };
        let Some(session) = self.sessions().get(key).cloned() else { return Ok(None) };
        let mut held = session.held.lock().await;
        let stands = wall() < session.ends && self.identify.stands(&held.caller, held.given)?;
        if !stands {
            self.sessions().remove(key);
            return Ok(None);
        }
        if wall().0 + EARLY > held.until.0 {
            let request = RefreshTokensRequest { refresh_token: held.refresh.clone() };
            match self.directory.clone().refresh_tokens(call(request, Caller::public())).await {
                Ok(tokens) => *held = Held::of(tokens.into_inner())?,
                Err(status) if matches!(status.code(), Code::Unauthenticated | Code::PermissionDenied) => {
                    self.sessions().remove(key);
                    return Ok(None);
                }
                // The directory is away: what was given is good until it expires.
                Err(_) if wall() < held.until => {}
                Err(status) => return Err(status),
            }
        }
        Ok(Some(Account { caller: held.caller.clone(), form: session.form.clone(), key: key.to_owned() }))
    }

    /// Signs a person in; gives the cookie.
    pub async fn sign_in(&self, person: String, password: String, from: Option<IpAddr>) -> Result<HeaderValue, Status> {
        self.rate.check(SIGN_IN, None, from)?;
        let request = SignInRequest { person, password };
        let tokens = self.directory.clone().sign_in(call(request, Caller::public())).await?.into_inner();
        let ends = tokens.session_expires_at.as_ref().and_then(Moment::from_timestamp).ok_or_else(incomplete)?;
        let held = Mutex::new(Held::of(tokens)?);
        let (key, now) = (random(), wall());
        let session = Session { form: random(), ends, began: now, held };
        let mut sessions = self.sessions();
        sessions.retain(|_, session| now < session.ends);
        if sessions.len() >= MOST {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.began).map(|(key, _)| key.clone());
            oldest.and_then(|key| sessions.remove(&key));
        }
        sessions.insert(key.clone(), Arc::new(session));
        self.set(SESSION, &key, (ends.0 - now.0) / 1_000_000)
    }

    /// Signs an account out, here and at the directory; gives the cookie that takes the old one away.
    pub async fn sign_out(&self, account: Account) -> Result<HeaderValue, Status> {
        self.sessions().remove(&account.key);
        if let Err(error) = self.directory.clone().sign_out(call(SignOutRequest {}, account.caller)).await {
            // The tokens are gone from here, and the session ends by itself.
            tracing::warn!(%error, "the directory was not told that somebody has signed out");
        }
        self.nobody()
    }

    /// The cookie that takes the old one away.
    pub fn nobody(&self) -> Result<HeaderValue, Status> {
        self.set(SESSION, "", 0)
    }

    /// What a form has to bring along before anybody has signed in, and the cookie that goes with it.
    pub fn form(&self, headers: &HeaderMap) -> Result<(String, HeaderValue), Status> {
        let form = self.cookie(headers, FORM).map_or_else(random, str::to_owned);
        let cookie = self.set(FORM, &form, 3_600)?;
        Ok((form, cookie))
    }

    /// Whether a form comes from the page that was given to this browser.
    pub fn is_own_form(&self, uri: &Uri, headers: &HeaderMap, form: &str) -> bool {
        is_from_here(uri, headers)
            && self.cookie(headers, FORM).is_some_and(|cookie| !form.is_empty() && cookie == form)
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A cookie of this host alone where it goes over TLS.
    fn name(&self, name: &str) -> String {
        if self.secure { format!("__Host-{name}") } else { name.to_owned() }
    }

    fn set(&self, name: &str, value: &str, seconds: i64) -> Result<HeaderValue, Status> {
        let secure = if self.secure { "; Secure" } else { "" };
        let name = self.name(name);
        let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
        HeaderValue::try_from(cookie).map_err(|_| incomplete())
    }

    fn cookie<'a>(&self, headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        let name = self.name(name);
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        // Only what was made here is looked at.
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value).filter(|value| value.len() == RANDOM)
    }
}

const SESSION: &str = "yizhan";
const FORM: &str = "yizhan-form";
/// Characters of 32 bytes in base64.
const RANDOM: usize = 43;

/// Whether a browser that says where a form comes from says that it is from here: by what it calls the site, and by the
/// origin. These pages tell no referrer, so a browser says `null` of their own forms: then the site alone decides.
pub fn is_from_here(uri: &Uri, headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    let Some(origin) = headers.get(header::ORIGIN).filter(|origin| *origin != "null") else { return site };
    let own = uri.authority().map(Authority::as_str);
    let own = own.or_else(|| headers.get(header::HOST)?.to_str().ok());
    let named = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    site && named.is_some() && named == own
}

impl Held {
    fn of(tokens: Tokens) -> Result<Held, Status> {
        let until = tokens.access_expires_at.as_ref().and_then(Moment::from_timestamp).ok_or_else(incomplete)?;
        let caller = tokens.caller.and_then(Caller::from_message).ok_or_else(incomplete)?;
        // As the token says it: the directory may date it a moment ahead.
        let given = until.0.div_euclid(1_000_000) - LIFE;
        Ok(Held { caller, refresh: tokens.refresh_token, until, given })
    }
}

/// A call in the name of the caller: what says nothing would be taken for the gateway's own.
pub fn call<T>(message: T, caller: Caller) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(PATIENCE);
    request.extensions_mut().insert(caller);
    request
}

fn incomplete() -> Status {
    kit::refusal::Refusal::internal("the directory's tokens say too little").into()
}

fn random() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}
