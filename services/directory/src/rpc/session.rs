//! Sessions on the wire: begun with a password, renewed with a token that is used once, ended.

use std::sync::Arc;

use kit::{
    caller::{Caller, Role},
    clock::{Moment, wall},
    form::Form,
    id::{self, Division, hex},
    refusal::{Kind, Refusal},
    store::{Desk, Event, Key},
    token::{AUDIENCE, Claims, Cnf, ISSUER, LIFE, Told},
};
use prost::Message;
use proto::directory::v1 as pb;
use uuid::Uuid;

use super::{
    credential::Credentials,
    finish,
    password::{check_shown, way},
};
use crate::domain::{
    division,
    kept::State,
    password::{COLLECTION, Password, Refreshed, wrong},
    person::{Person, is_code},
    session::{self, BEGUN, ENDED, RENEWED, Session},
};

/// Records that a session has ended: its tokens are refused from now on.
pub(super) fn record_end(desk: &mut Desk<'_>, sid: &str, actor: &str, now: Moment) {
    let end = pb::SessionEnd { session: sid.to_owned(), ended_at: Some(now.timestamp()) };
    record(desk, ENDED, sid, actor, &end.encode_to_vec());
}

fn record(desk: &mut Desk<'_>, event: &'static str, sid: &str, actor: &str, payload: &[u8]) {
    let noun = format!("{}/{sid}", session::COLLECTION);
    desk.record(Event { name: event, noun, actor: actor.to_owned(), payload: payload.to_vec().into() });
}

/// What a refresh token says, in the clear but for its secret: `{division}.{person}.{session}.{secret}.{code}`.
struct Ticket<'a> {
    division: Division,
    code: &'a str,
    session: &'a str,
    digest: [u8; 32],
}

impl Credentials {
    pub(super) async fn begin(&self, caller: &Caller, r: pb::SignInRequest) -> Result<pb::Tokens, Refusal> {
        let mut form = Form::new();
        let named = form.take(id::child("person", &r.person, COLLECTION));
        check_shown(&mut form, "password", &r.password);
        let (division, code) = finish(form, named)?;

        let way = way(caller, division);
        let _turn = self.tries.turn(&r.person, way).await;
        let shown = self.shown(way, &r.person, division, code, r.password).await?;
        let person = self.person(division, code).await?;
        let Some((shown, person)) = shown.zip(person) else {
            return Err(self.miss(way, &r.person, division, code).await);
        };

        let now = wall();
        let sid = Uuid::new_v4().simple().to_string();
        let (refresh_token, digest) = self.ticket(division, code, &sid);
        let session = Session {
            id: sid.clone(),
            begun_at: now.0,
            digest,
            certificate: caller.certificate().copied(),
            window: self.window_of_terminal(caller, division).await?,
        };
        let (begun, id, actor) = (session.clone(), code.to_owned(), r.person.clone());
        let decide = move |desk: &mut Desk<'_>| {
            is_active(desk, division, &id).then_some(()).ok_or_else(wrong)?;
            let mut password = desk.take::<Password>(&id, wrong)?;
            let ended = password.sign_in(way, &shown, begun.clone(), now)?;
            ended.iter().for_each(|sid| record_end(desk, sid, &actor, now));
            record(desk, BEGUN, &begun.id, &actor, &[]);
            desk.put(password);
            Ok(id.as_str().into())
        };
        let password = self.writer.change::<Password>(division, keys(division, code), None, decide).await?;
        self.tokens(&person, &session, password.standing.given_at(now), refresh_token).await
    }

    /// The window of the terminal that a person signs in on; another division's is none of theirs. Asked of the terminal
    /// itself: the gateway may not have heard of it yet.
    async fn window_of_terminal(&self, caller: &Caller, division: Division) -> Result<Option<String>, Refusal> {
        let of_terminal = || id::child("", caller.name(), "terminals").ok().filter(|(own, _)| *own == division);
        match of_terminal().filter(|_| caller.role() == Role::Terminal) {
            Some((_, code)) => Ok(self.terminals.get(division, code).await?.map(|terminal| terminal.window.clone())),
            None => Ok(None),
        }
    }

    pub(super) async fn refresh(&self, caller: &Caller, token: &str) -> Result<pb::Tokens, Refusal> {
        let Ticket { division, code, session, digest } = self.read(token).ok_or_else(ended)?;
        let person = self.person(division, code).await?.ok_or_else(ended)?;
        let (refresh_token, next) = self.ticket(division, code, session);
        let (id, sid, certificate, now) = (code.to_owned(), session.to_owned(), caller.certificate().copied(), wall());
        let actor = division.child(COLLECTION, code);
        let decide = move |desk: &mut Desk<'_>| {
            is_active(desk, division, &id).then_some(()).ok_or_else(ended)?;
            let mut password = desk.take::<Password>(&id, ended)?;
            match password.refresh(&sid, &digest, certificate.as_ref(), next, now) {
                Refreshed::Unknown => return Err(ended()),
                // Refused all the same, but this must leave its trace.
                Refreshed::Ended => record_end(desk, &sid, &actor, now),
                Refreshed::Renewed => record(desk, RENEWED, &sid, &actor, &[]),
            }
            desk.put(password);
            Ok(id.as_str().into())
        };
        let password = self.writer.change::<Password>(division, keys(division, code), None, decide).await?;
        let renewed = password.session(session).filter(|session| session.digest == next).ok_or_else(ended)?;
        self.tokens(&person, renewed, password.standing.given_at(now), refresh_token).await
    }

    /// Ends the caller's session.
    pub(super) async fn end(&self, caller: &Caller) -> Result<(), Refusal> {
        let (name, sid, now) = (caller.name().to_owned(), caller.session().to_owned(), wall());
        if sid.is_empty() {
            return Ok(());
        }
        if caller.role() == Role::System {
            return self.end_of_system(&name, &sid, now).await;
        }
        let Ok((division, code)) = id::child("", &name, COLLECTION) else { return Ok(()) };
        let (code, key) = (code.to_owned(), Key::of::<Password>(division, code));
        let actor = name.clone();
        let decide = move |desk: &mut Desk<'_>| {
            let mut password = desk.take::<Password>(&code, wrong)?;
            if password.end(&sid) {
                record_end(desk, &sid, &actor, now);
                desk.put(password);
            }
            Ok(code.as_str().into())
        };
        self.writer.change::<Password>(division, vec![key], None, decide).await.map(drop)
    }

    /// A person who may sign in: active, and of an active division.
    async fn person(&self, division: Division, code: &str) -> Result<Option<Arc<Person>>, Refusal> {
        let place = self.divisions.get(division, division.as_str()).await?;
        if place.is_none_or(|place| place.state != State::Active) {
            return Ok(None);
        }
        Ok(self.people.get(division, code).await?.filter(|person| person.state == State::Active))
    }

    async fn tokens(
        &self,
        person: &Person,
        session: &Session,
        given: i64,
        refresh_token: String,
    ) -> Result<pb::Tokens, Refusal> {
        let told = Told {
            role: if person.facts.rank.leads() { "LEADER" } else { "CLERK" }.to_owned(),
            division: person.division.to_string(),
            unit: person.facts.unit.clone().unwrap_or_default(),
            window: session.window.clone().or_else(|| person.facts.window.clone()).unwrap_or_default(),
        };
        let name = person.division.child(COLLECTION, &person.code);
        let tokens = self.access(told, name, &session.id, given, session.certificate).await?;
        Ok(pb::Tokens { refresh_token, session_expires_at: Some(session.ends_at().timestamp()), ..tokens })
    }

    /// An access token alone, which is its session's end.
    pub(super) async fn access(
        &self,
        told: Told,
        name: String,
        sid: &str,
        given: i64,
        certificate: Option<[u8; 32]>,
    ) -> Result<pb::Tokens, Refusal> {
        let claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: name,
            exp: given + LIFE,
            nbf: given,
            iat: given,
            jti: Uuid::new_v4().simple().to_string(),
            sid: sid.to_owned(),
            caller: told,
            cnf: certificate.as_ref().map(Cnf::of),
        };
        let expires_at = Some(Moment(claims.exp * 1_000_000).timestamp());
        Ok(pb::Tokens {
            access_token: self.signing.sign(&claims).await?,
            access_expires_at: expires_at,
            refresh_token: String::new(),
            session_expires_at: expires_at,
            caller: Some(claims.to_caller(certificate)?.to_message()),
        })
    }

    /// A new refresh token, and what is kept of it.
    fn ticket(&self, division: Division, code: &str, sid: &str) -> (String, [u8; 32]) {
        let secret: [u8; 16] = rand::random();
        let said = format!("{division}.{code}.{sid}.{}", hex(&secret));
        let token = format!("{said}.{}", hex(&self.code(&said)));
        (token, self.keys.mac("refresh", &[said.as_bytes()]))
    }

    /// Reads a token that was given here; none for any other, so that nobody ends a session with what was made up.
    fn read<'a>(&self, token: &'a str) -> Option<Ticket<'a>> {
        let (said, code) = token.rsplit_once('.').filter(|_| token.len() <= 256)?;
        let wanted = hex(&self.code(said));
        let differs = wanted
            .bytes()
            .zip(code.bytes())
            .fold(wanted.len() ^ code.len(), |differs, (a, b)| differs | usize::from(a ^ b));
        let mut parts = said.split('.');
        let (division, person, session, _, None) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next())
        else {
            return None;
        };
        let digest = self.keys.mac("refresh", &[said.as_bytes()]);
        let ticket = Ticket { division: division.parse().ok()?, code: person, session, digest };
        (differs == 0 && is_code(person)).then_some(ticket)
    }

    fn code(&self, said: &str) -> [u8; 16] {
        let code = self.keys.mac("refresh code", &[said.as_bytes()]);
        std::array::from_fn(|i| code[i])
    }
}

/// What a decision on a session looks at.
fn keys(division: Division, code: &str) -> Vec<Key> {
    vec![
        Key::of::<division::Division>(division, division.as_str()),
        Key::of::<Person>(division, code),
        Key::of::<Password>(division, code),
    ]
}

fn is_active(desk: &Desk<'_>, division: Division, code: &str) -> bool {
    desk.get::<division::Division>(division.as_str()).is_some_and(|division| division.state == State::Active)
        && desk.get::<Person>(code).is_some_and(|person| person.state == State::Active)
}

/// UNAUTHENTICATED: there is nothing to renew.
fn ended() -> Refusal {
    let (zh, en) = ("会话已结束，请重新登录", "the session has ended; sign in again");
    Refusal::new(Kind::Unauthenticated, "SESSION_ENDED", zh, en)
}
