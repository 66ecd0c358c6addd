//! Lets in whom the contract lets in: one layer around the routes of every service.
//!
//! Each method's rule (`yizhan.identity.v1.rule`) names roles and scopes, and the fields that say what the call is about
//! and who acts. They are read from the request's first message, which then goes on byte for byte.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::Body,
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
};
use bytes::{Buf, Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use proto::{
    identity::v1::{Role, Scope},
    rule::{self, Rule},
};
use tonic::{Status, service::Routes};

use crate::{
    caller::Caller,
    id::{self, Division},
    refusal::{Kind, Refusal},
    serve::MOST_IN,
    telemetry,
};

/// Where something named in a request belongs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub division: Option<Division>,
    pub unit: Option<String>,
}

impl Place {
    /// What a name says by itself: `divisions/{division}` and `divisions/{division}/units/{unit}`.
    pub fn of(name: &str) -> Place {
        let Some(rest) = name.strip_prefix("divisions/") else { return Place::default() };
        let (division, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let unit = rest.strip_prefix("units/").map(|rest| rest.split('/').next().unwrap_or(rest).to_owned());
        Place { division: division.parse().ok(), unit }
    }
}

/// Tells where a resource belongs whose name does not say it by itself.
pub type Locate = fn(&str) -> Place;

/// Puts the layer around a service's routes.
pub fn guard(routes: Routes, locate: Locate) -> Routes {
    let admit = from_fn(move |request, next| admit(locate, request, next));
    Routes::from(routes.into_axum_router().layer(admit))
}

async fn admit(locate: Locate, request: Request, next: Next) -> Response {
    // What the contract does not know has no handler either, and is answered so.
    let Some(rule) = rule::of(request.uri().path()) else { return next.run(request).await };
    match let_in(rule, locate, request).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => Status::from(refusal).into_http(),
    }
}

async fn let_in(rule: &'static Rule, locate: Locate, request: Request) -> Result<Request, Refusal> {
    if rule.is_public() {
        return Ok(request);
    }
    let caller = Caller::of_request(&request);
    let scopes = || rule.grants.iter().filter(|grant| grant.role == caller.role()).map(|grant| grant.scope);
    if scopes().next().is_none() {
        let refusal = stranger(caller.role());
        tell(rule, &caller, &refusal);
        return Err(refusal);
    }
    let names_actor = caller.is_person() && !rule.actor.is_empty();
    if !names_actor && scopes().any(|scope| scope == Scope::Any) {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let (message, body) = first_message(body, rule.streams).await?;
    let about = About::read(rule, &message)?;
    about.check(scopes(), &caller, locate).inspect_err(|refusal| tell(rule, &caller, refusal))?;
    Ok(Request::from_parts(parts, body))
}

/// Logged and counted: who may not do what is what an attack begins with.
fn tell(rule: &Rule, caller: &Caller, refusal: &Refusal) {
    let (role, reason) = (caller.role().as_str_name(), refusal.reason());
    tracing::warn!(rpc = rule.path, caller = caller.name(), role, reason, "refused");
    telemetry::count_refused(rule.path, reason);
}

/// No grant is for this role.
fn stranger(role: Role) -> Refusal {
    let (kind, reason, zh, en) = match role {
        Role::Public => (
            Kind::Unauthenticated,
            "CREDENTIALS_REQUIRED",
            "请先登录，或使用有效的凭证",
            "sign in, or come with a credential that is valid",
        ),
        Role::Terminal => (
            Kind::Denied,
            "ROLE_NOT_ALLOWED",
            "请先在本终端登录（yizhan sign-in 工号）",
            "sign in on this terminal first (yizhan sign-in CODE)",
        ),
        _ => (Kind::Denied, "ROLE_NOT_ALLOWED", "当前身份无权办理此项操作", "this is not for your role to do"),
    };
    Refusal::new(kind, reason, zh, en)
}

/// What a request says it is about.
struct About<'a> {
    resource: &'a str,
    window: &'a str,
    actor: &'a str,
}

impl<'a> About<'a> {
    fn read(rule: &Rule, message: &'a [u8]) -> Result<About<'a>, Refusal> {
        let text = |path: &[u32]| {
            rule::text(message, path).map_err(|_| {
                let (zh, en) = ("请求无法解码", "the request cannot be decoded");
                Refusal::new(Kind::Invalid, "MALFORMED", zh, en)
            })
        };
        Ok(About { resource: text(rule.resource)?, window: text(rule.window)?, actor: text(rule.actor)? })
    }

    fn check(&self, scopes: impl Iterator<Item = Scope>, caller: &Caller, locate: Locate) -> Result<(), Refusal> {
        let mut refused = Ok(());
        for scope in scopes {
            refused = self.within(scope, caller, locate);
            if refused.is_ok() {
                break;
            }
        }
        refused?;
        // What is no name is named, field by field, by who reads the whole request; so are the two below.
        if caller.is_person() && id::child("", self.actor, "people").is_ok() && self.actor != caller.name() {
            let (zh, en) = ("只能以本人名义办理", "you can act in your own name only");
            return Err(Refusal::new(Kind::Denied, "ACTOR_NOT_YOU", zh, en));
        }
        Ok(())
    }

    fn within(&self, scope: Scope, caller: &Caller, locate: Locate) -> Result<(), Refusal> {
        let denied = |reason, zh, en| Err(Refusal::new(Kind::Denied, reason, zh, en));
        match scope {
            Scope::Any => return Ok(()),
            Scope::Unspecified => return denied("ROLE_NOT_ALLOWED", "无权办理", "not for you to do"),
            Scope::OwnWindow | Scope::OwnUnit | Scope::OwnDivision => {}
        }
        let place = locate(self.resource);
        if place.division.is_some() && place.division != caller.division() {
            return denied("NOT_YOUR_DIVISION", "不属于本行政区划", "this is not of your division");
        }
        match scope {
            // Those of the centre itself stand for every unit.
            Scope::OwnUnit
                if place.division.is_some() && caller.unit().is_some() && place.unit.as_deref() != caller.unit() =>
            {
                denied("NOT_YOUR_UNIT", "不属于本单位", "this is not of your unit")
            }
            Scope::OwnWindow => {
                let own = caller.division().zip(caller.window());
                let is_own = own.is_some_and(|(division, window)| self.window == division.child("windows", window));
                if is_own || id::child("", self.window, "windows").is_err() {
                    return Ok(());
                }
                denied("NOT_YOUR_WINDOW", "只能在本人所在窗口办理", "this can be done at your own window only")
            }
            _ => Ok(()),
        }
    }
}

/// The first message of a request, and the whole body again. A stream may end without one, and who reads it says what is
/// missing.
pub(crate) async fn first_message(mut body: Body, streams: bool) -> Result<(Bytes, Body), Refusal> {
    let mut read = BytesMut::new();
    let length = loop {
        if let Some(header) = read.first_chunk::<5>() {
            let length = u32::from_be_bytes([header[1], header[2], header[3], header[4]]) as usize;
            if header[0] != 0 {
                let (zh, en) = ("不支持压缩的请求", "compressed requests are not taken");
                return Err(Refusal::new(Kind::Invalid, "COMPRESSED", zh, en));
            }
            if length > MOST_IN {
                let (zh, en) = ("请求过大", "the request is too large");
                return Err(Refusal::new(Kind::Exhausted, "REQUEST_TOO_LARGE", zh, en));
            }
            if read.len() >= 5 + length {
                break length;
            }
        }
        match body.frame().await {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    read.extend_from_slice(&data);
                }
            }
            None if streams && read.is_empty() => return Ok((Bytes::new(), Body::empty())),
            Some(Err(_)) | None => {
                let (zh, en) = ("请求不完整", "the request ended before its first message did");
                return Err(Refusal::new(Kind::Invalid, "MALFORMED", zh, en));
            }
        }
    };
    let read = read.freeze();
    let message = read.slice(5..5 + length);
    Ok((message, Body::new(Whole { read: Some(read), rest: body })))
}

/// What was read already, then the rest.
struct Whole {
    read: Option<Bytes>,
    rest: Body,
}

impl http_body::Body for Whole {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.read.take() {
            Some(read) => Poll::Ready(Some(Ok(Frame::data(read)))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.read.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, read) = (self.rest.size_hint(), self.read.as_ref().map_or(0, |read| read.remaining() as u64));
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower() + read);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + read);
        }
        hint
    }
}
