//! Serves gRPC with what every service must have: health, reflection (v1 and v1alpha), limits, a graceful end.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http::{Request, Response};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::{body::Body, service::Routes, transport::Server};
use tower::{Layer, Service};
use tracing::Instrument;

use crate::{
    refusal::{Kind, Refusal},
    telemetry,
};

/// Messages come in up to this size; attachments are streamed in small ones.
pub const MOST_IN: usize = 4 << 20;
/// Messages go out up to this size.
pub const MOST_OUT: usize = 8 << 20;

/// Why a service could not be opened.
pub type OpenError = Box<dyn std::error::Error + Send + Sync>;

/// How much a server takes on.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Calls worked on at once over all connections; more are refused at once with OVERLOADED.
    pub calls: usize,
    /// Streams on one connection.
    pub streams: u32,
    /// Longest time to the head of an answer, whatever deadline the caller sets.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { calls: 1024, streams: 200, time: Duration::from_secs(60) }
    }
}

/// Adds health and reflection to routes.
pub async fn with_health_and_reflection(routes: Routes) -> Result<Routes, tonic_reflection::server::Error> {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("", tonic_health::ServingStatus::Serving).await;
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    Ok(routes.add_service(health).add_service(reflection().build_v1()?).add_service(reflection().build_v1alpha()?))
}

/// Binds first, so that an address in use is told before anything starts.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {address}: {error}")))
}

/// Serves until `stop`, then lets calls finish.
pub async fn grpc(
    listener: TcpListener,
    routes: Routes,
    limits: Limits,
    stop: CancellationToken,
) -> Result<(), tonic::transport::Error> {
    let incoming = TcpListenerStream::new(listener);
    let incoming = tokio_stream::StreamExt::map(incoming, |socket| {
        socket.inspect(|socket| {
            // Small answers must not wait for more (Nagle); where it cannot be set the connection still works.
            let _ = socket.set_nodelay(true);
        })
    });
    // tonic passes None for what is not set here, and so removes hyper's own limits on streams and resets.
    Server::builder()
        .max_concurrent_streams(limits.streams)
        .http2_max_local_error_reset_streams(Some(256))
        .http2_max_pending_accept_reset_streams(Some(20))
        .http2_max_header_list_size(8 << 10)
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .initial_stream_window_size(256 << 10)
        .initial_connection_window_size(1 << 20)
        .timeout(limits.time)
        .layer(Guard::new(limits.calls))
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, async move { stop.cancelled().await })
        .await
}

/// Sheds load, traces and counts each call.
#[derive(Clone)]
pub struct Guard {
    permits: Arc<Semaphore>,
}

impl Guard {
    pub fn new(calls: usize) -> Guard {
        Guard { permits: Arc::new(Semaphore::new(calls)) }
    }
}

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, permits: self.permits.clone() }
    }
}

#[derive(Clone)]
pub struct Guarded<S> {
    inner: S,
    permits: Arc<Semaphore>,
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
        let Ok(permit) = self.permits.clone().try_acquire_owned() else {
            return Box::pin(async { Ok(overloaded()) });
        };
        let span = telemetry::incoming(request.uri().path(), request.headers());
        if span.is_disabled() {
            let answer = self.inner.call(request);
            return Box::pin(async move {
                let answer = answer.await;
                drop(permit);
                answer
            });
        }
        let (path, start) = (request.uri().path().to_owned(), Instant::now());
        let answer = span.in_scope(|| self.inner.call(request));
        let counted = async move {
            let answer = answer.await;
            drop(permit);
            // A refusal stands in the head; success is known only at the end of the trailers.
            let status = answer.as_ref().ok().and_then(|a| a.headers().get("grpc-status")?.to_str().ok()?.parse().ok());
            telemetry::count_call(&path, start.elapsed().as_secs_f64(), status.unwrap_or(0));
            answer
        };
        Box::pin(counted.instrument(span))
    }
}

fn overloaded() -> Response<Body> {
    let (zh, en) = ("系统繁忙，请稍后重试", "too many calls at once; try again in a moment");
    tonic::Status::from(Refusal::new(Kind::Exhausted, "OVERLOADED", zh, en)).into_http()
}

/// Ends at SIGTERM or Ctrl-C.
pub async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
            let _ = interrupt.await;
            return;
        };
        tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}
