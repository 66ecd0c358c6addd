//! The desk of the directory where people sign in, for the pages: it knows two people and one password.

#![allow(dead_code)] // each test uses a part of it

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};

use axum::{Router, body::Body, extract::Request, response::Response, routing::any};
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, header::CONTENT_TYPE};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use kit::{
    caller::{Caller, Role},
    clock::{Moment, wall},
    peer::Peer,
    refusal::{Kind, Refusal},
};
use prost::Message;
use proto::{
    directory::v1::{RefreshTokensRequest, SignInRequest, SignOutResponse, Tokens},
    identity::v1 as identity,
};
use tonic::{Status, service::Routes};

pub const PASSWORD: &str = "yi zhan shi fu wu";

#[derive(Clone, Default)]
pub struct Desk(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Seconds by which access tokens live less than five minutes.
    less: AtomicI64,
    refreshed: AtomicUsize,
    left: AtomicUsize,
}

impl Desk {
    pub fn peer(&self) -> Peer {
        let desk = self.clone();
        let mut routes = Routes::default();
        let router = routes.axum_router_mut();
        let answer = any(move |request| async move { desk.answer(request).await });
        *router =
            std::mem::replace(router, Router::new()).route("/yizhan.directory.v1.CredentialService/{method}", answer);
        Peer::in_process(routes)
    }

    /// Tokens live so many seconds less from now on.
    pub fn shorten(&self, seconds: i64) {
        self.0.less.store(seconds, Ordering::SeqCst);
    }

    pub fn refreshed(&self) -> usize {
        self.0.refreshed.load(Ordering::SeqCst)
    }

    pub fn left(&self) -> usize {
        self.0.left.load(Ordering::SeqCst)
    }

    async fn answer(&self, request: Request) -> Response {
        let caller = request.extensions().get::<Caller>().cloned().expect("a caller is always told");
        let path = request.uri().path().to_owned();
        assert!(request.headers().contains_key("grpc-timeout"));
        let bytes = request.into_body().collect().await.expect("a whole body").to_bytes().slice(5..);
        let wrong =
            || Refusal::new(Kind::Denied, "PASSWORD_WRONG", "工号或密码有误", "unknown person or wrong password");
        match path.rsplit('/').next().expect("a method") {
            "SignIn" => {
                assert_eq!(caller.role(), Role::Public);
                let asked = SignInRequest::decode(bytes).expect("decodes");
                let known = asked.person.ends_with("/people/U001-01");
                if known && asked.password == PASSWORD {
                    reply(&self.tokens(&asked.person, 0))
                } else {
                    Status::from(wrong()).into_http()
                }
            }
            "RefreshTokens" => {
                let asked = RefreshTokensRequest::decode(bytes).expect("decodes").refresh_token;
                let (person, count) = asked.rsplit_once('#').expect("one of ours");
                let count: usize = count.parse().expect("a number");
                // Each is good once.
                if self.0.refreshed.compare_exchange(count, count + 1, Ordering::SeqCst, Ordering::SeqCst).is_err() {
                    let ended =
                        Refusal::new(Kind::Unauthenticated, "SESSION_ENDED", "会话已结束", "the session has ended");
                    return Status::from(ended).into_http();
                }
                reply(&self.tokens(person, count + 1))
            }
            "SignOut" => {
                assert_eq!((caller.role(), caller.session()), (Role::Clerk, "session-1"));
                self.0.left.fetch_add(1, Ordering::SeqCst);
                reply(&SignOutResponse {})
            }
            _ => Status::unimplemented("").into_http(),
        }
    }

    fn tokens(&self, person: &str, count: usize) -> Tokens {
        let later = |seconds: i64| Some(Moment(wall().0 + seconds * 1_000_000).timestamp());
        Tokens {
            access_token: "never seen by a browser".into(),
            access_expires_at: later(300 - self.0.less.load(Ordering::SeqCst)),
            refresh_token: format!("{person}#{count}"),
            session_expires_at: later(43_200),
            caller: Some(identity::Caller {
                role: Role::Clerk.into(),
                name: person.into(),
                division: person.split('/').nth(1).unwrap_or_default().into(),
                unit: "001".into(),
                session: "session-1".into(),
                ..Default::default()
            }),
        }
    }
}

/// An answer of gRPC.
pub fn reply(message: &impl Message) -> Response {
    let mut framed = BytesMut::new();
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.encoded_len()).expect("short"));
    message.encode(&mut framed).expect("room");
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().expect("a header"));
    let frames: [Result<Frame<Bytes>, std::convert::Infallible>; 2] =
        [Ok(Frame::data(framed.freeze())), Ok(Frame::trailers(trailers))];
    let mut answer = Response::new(Body::new(StreamBody::new(tokio_stream::iter(frames))));
    answer.headers_mut().insert(CONTENT_TYPE, "application/grpc".parse().expect("a header"));
    answer
}
