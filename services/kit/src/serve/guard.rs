//! Sheds load, keeps deadlines, ends streams at a stop, traces and counts each call.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http::{Request, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tonic::{Status, body::Body};
use tower::{Layer, Service};
use tracing::Instrument;

use super::{
    Limits,
    answer::Answer,
    time::{self, Heard, late},
};
use crate::{
    refusal::{Kind, Refusal},
    telemetry,
};

/// What is done with a call is told by its name alone, so that the door knows it, too, which decodes nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// Asks for something and is answered.
    Call,
    /// Whether the server is well: never shed, or an overload would be taken for a failure and the server restarted.
    Health,
    /// Follows the journal.
    Journal,
    /// Watches until it goes.
    Watch,
}

impl Sort {
    fn of(path: &str) -> Sort {
        match path.rsplit_once('/').unwrap_or_default() {
            ("/grpc.health.v1.Health", "Check") => Sort::Health,
            ("/yizhan.journal.v1.JournalService", "ReadEntries") => Sort::Journal,
            (_, "ServerReflectionInfo") => Sort::Watch,
            (_, method) if method.starts_with("Watch") => Sort::Watch,
            _ => Sort::Call,
        }
    }

    fn stays(self) -> bool {
        matches!(self, Sort::Journal | Sort::Watch)
    }
}

/// Whether the answer of a method is a stream that stays until its reader goes: `Watch…`, the journal's entries,
/// reflection. Its reader can come again and go on, so it is cut off at a stop. Any other answer has an end.
pub fn stays(path: &str) -> bool {
    Sort::of(path).stays()
}

#[derive(Clone)]
pub(super) struct Guard(Arc<Inner>);

struct Inner {
    calls: Arc<Semaphore>,
    followers: Arc<Semaphore>,
    watchers: Arc<Semaphore>,
    time: Duration,
    stop: CancellationToken,
}

impl Guard {
    pub(super) fn new(limits: Limits, stop: CancellationToken) -> Guard {
        let places = |many| Arc::new(Semaphore::new(many));
        Guard(Arc::new(Inner {
            calls: places(limits.calls),
            followers: places(limits.streams),
            watchers: places(limits.streams),
            time: limits.time,
            stop,
        }))
    }
}

impl Inner {
    fn admit(&self, sort: Sort) -> Result<Option<OwnedSemaphorePermit>, Refusal> {
        let places = match sort {
            Sort::Health => return Ok(None),
            Sort::Call => &self.calls,
            Sort::Journal => &self.followers,
            Sort::Watch => &self.watchers,
        };
        places.clone().try_acquire_owned().map(Some).map_err(|_| if sort.stays() { crowded() } else { overloaded() })
    }
}

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, guard: self.0.clone() }
    }
}

#[derive(Clone)]
pub(super) struct Guarded<S> {
    inner: S,
    guard: Arc<Inner>,
}

impl<S> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let sort = Sort::of(request.uri().path());
        let mut permit = match self.guard.admit(sort) {
            Ok(permit) => permit,
            Err(refusal) => return Box::pin(async { Ok(Status::from(refusal).into_http()) }),
        };
        let span = telemetry::incoming(request.uri().path(), request.headers());
        let counted = telemetry::is_counted().then(|| (request.uri().path().to_owned(), Instant::now()));
        let deadline = time::deadline(request.headers());
        let (request, heard) = Heard::listen(request);
        let answer = span.in_scope(|| self.inner.call(request));
        let guard = self.guard.clone();
        let served = async move {
            let answer = tokio::select! {
                biased;
                answer = answer => answer,
                () = heard.too_long(guard.time, deadline) => Ok(Status::from(late()).into_http()),
            };
            // A refusal stands in the head; success is known only at the end of the trailers.
            let status = answer.as_ref().ok().and_then(|answer| answer.headers().get(Status::GRPC_STATUS));
            let ended = status.is_some();
            if let Some((path, start)) = counted {
                let status = status.and_then(|status| status.to_str().ok()?.parse().ok());
                telemetry::count_call(&path, start.elapsed().as_secs_f64(), status.unwrap_or(0));
            }
            let stop = sort.stays().then(|| guard.stop.clone());
            if stop.is_none() {
                permit = None;
            }
            // What is over, or can be neither late nor stopped, goes out as it is.
            if ended || (stop.is_none() && deadline.is_none()) {
                return answer;
            }
            answer.map(|answer| answer.map(|body| Body::new(Answer::new(body, stop, deadline, permit))))
        };
        if span.is_disabled() { Box::pin(served) } else { Box::pin(served.instrument(span)) }
    }
}

fn overloaded() -> Refusal {
    let (zh, en) = ("系统繁忙，请稍后重试", "too many calls at once; try again in a moment");
    Refusal::new(Kind::Exhausted, "OVERLOADED", zh, en).again_in(Duration::from_secs(1))
}

fn crowded() -> Refusal {
    let (zh, en) = ("同时订阅的连接过多，请稍后重试", "too many streams are open; try again later");
    Refusal::new(Kind::Exhausted, "TOO_MANY_STREAMS", zh, en).again_in(Duration::from_secs(5))
}
