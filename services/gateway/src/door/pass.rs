//! Passes one call on to the service it is for.

use std::{
    convert::Infallible,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{Router, body::Body, extract::Request, response::Response, routing::future::RouteFuture};
use futures::future::{BoxFuture, Either};
use http::header::HOST;
use kit::{
    caller::Caller,
    peer::{Peer, Way},
    refusal::{Kind, Refusal},
};
use tonic::{Code, Status};
use tower::{Service, ServiceExt};

use super::{body::Mended, deadline};

/// The way to one service.
#[derive(Clone, Debug)]
pub struct Pass {
    line: Line,
    /// How long a call may take whose caller sets no deadline.
    time: Option<Duration>,
}

#[derive(Clone, Debug)]
enum Line {
    /// In this process: its routes are called as they are, without another box around bodies.
    Here(Router),
    /// Behind a channel.
    There { name: &'static str, peer: Peer },
}

impl Pass {
    pub fn to(name: &'static str, peer: Peer) -> Pass {
        let line = match peer.way() {
            Way::InProcess(routes) => Line::Here(routes.clone().into_axum_router()),
            Way::Channel(_) => Line::There { name, peer },
        };
        Pass { line, time: None }
    }

    pub fn within(self, time: Option<Duration>) -> Pass {
        Pass { time, ..self }
    }
}

impl Service<Request> for Pass {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<RouteFuture<Infallible>, BoxFuture<'static, Result<Response, Infallible>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match &mut self.line {
            Line::Here(router) => Either::Left(router.call(request)),
            Line::There { name, peer } => {
                let passed = pass(name, peer.clone(), request, self.time);
                Either::Right(Box::pin(async { Ok(passed.await.unwrap_or_else(Status::into_http)) }))
            }
        }
    }
}

async fn pass(
    name: &'static str,
    mut peer: Peer,
    request: Request,
    time: Option<Duration>,
) -> Result<Response, Status> {
    let start = Instant::now();
    let mut request = request.map(tonic::body::Body::new);
    // The channel puts its own authority into the URI, and hyper takes away what is meant for one hop only.
    request.headers_mut().remove(HOST);
    // What says nothing is taken for the gateway itself by the service behind.
    if request.extensions().get::<Caller>().is_none() {
        request.extensions_mut().insert(Caller::public());
    }
    let ready = peer.ready().await.map_err(|error| failed(name, error))?;
    if !deadline::shorten(request.headers_mut(), time, start.elapsed()) {
        return Err(too_late(name));
    }
    let answer = ready.call(request).await.map_err(|error| failed(name, error))?;
    // A refusal stands in the head alone; everything else ends with trailers.
    let status = answer.headers().get(Status::GRPC_STATUS);
    let ends_here = status.is_some();
    // Who gives up first, the service or its channel, is chance: both are told alike.
    if status.is_some_and(|status| Code::from_bytes(status.as_bytes()) == Code::DeadlineExceeded) {
        return Err(too_late(name));
    }
    Ok(answer.map(|body| if ends_here { Body::new(body) } else { Body::new(Mended::new(name, body)) }))
}

fn failed(name: &'static str, error: Box<dyn std::error::Error + Send + Sync>) -> Status {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&*error);
    while let Some(error) = cause {
        if error.downcast_ref::<Status>().is_some_and(|status| status.code() == Code::DeadlineExceeded) {
            return too_late(name);
        }
        cause = error.source();
    }
    dead(name, &*error)
}

/// The service cannot be reached, or was lost in the middle. A change with a request_id may be sent again safely.
pub fn dead(name: &'static str, error: &(dyn std::error::Error + 'static)) -> Status {
    tracing::warn!(error, service = name, "a service does not answer");
    let zh = format!("后端服务 {name} 暂时无法访问，请稍后用同一请求编号重试");
    let en = format!("the {name} service cannot be reached; try again with the same request_id");
    Refusal::new(Kind::Unavailable, "PEER_UNAVAILABLE", zh, en).into()
}

fn too_late(name: &'static str) -> Status {
    let zh = format!("后端服务 {name} 未在期限内答复，请用同一请求编号重试");
    let en = format!("the {name} service did not answer within the deadline; try again with the same request_id");
    Refusal::new(Kind::Late, "PEER_TOO_SLOW", zh, en).into()
}
