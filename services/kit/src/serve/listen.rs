//! Takes connections in, and ends those that are silent, idle or old.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use rand::Rng;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{either::Either, sync::CancellationToken};
use tonic::{body::Body, transport::server::TcpConnectInfo};
use tower::Service;

use super::{
    Limits,
    places::{Call, Place, Places},
    rewound::Rewound,
};
use crate::{telemetry, tls::Presented};

/// How long a client may take for the TLS handshake, and again until it has begun to speak HTTP.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes that wait in one stream for a caller who does not read them.
const UNREAD: usize = 64 << 10;
/// How long the calls of a connection may go on when it is told to go for its age.
const GRACE: Duration = Duration::from_secs(600);
/// Longer than any certificate is good.
const ALWAYS: Duration = Duration::from_secs(86_400 * 3_650);
/// How long to wait when the system has no more files: to try again at once would use up a processor.
const PAUSE: Duration = Duration::from_millis(100);

/// What a listener speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speech {
    Grpc,
    Web,
}

/// Serves until `stop`, then lets calls finish. Dropped, it cuts them off.
pub(super) async fn listen<S, B>(
    listener: TcpListener,
    service: S,
    limits: Limits,
    (speech, tls): (Speech, Option<TlsAcceptor>),
    stop: CancellationToken,
) where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let places = Places::new(limits.handshakes, limits.connections);
    let listening = Arc::new(Listening { service, limits, speech, tls, stop: stop.clone() });
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, address)) => {
                let (place, cut) = places.enter(address.ip().to_canonical());
                telemetry::count_shed("crowded", cut + usize::from(place.is_none()));
                let Some(place) = place else { continue };
                tasks.spawn(listening.clone().serve(socket, address, place));
            }
            // Of the one connection, which was given up before it was taken in.
            Err(error) if is_of_one(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be taken in");
                tokio::select! { () = stop.cancelled() => break, () = sleep(PAUSE) => {} }
            }
        }
    }
    drop(listener);
    while tasks.join_next().await.is_some() {}
}

fn is_of_one(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

struct Listening<S> {
    service: S,
    limits: Limits,
    speech: Speech,
    tls: Option<TlsAcceptor>,
    stop: CancellationToken,
}

type Io = Rewound<Either<TcpStream, tokio_rustls::server::TlsStream<TcpStream>>>;

impl<S, B> Listening<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    async fn serve(self: Arc<Self>, socket: TcpStream, address: SocketAddr, place: Place) {
        let cut = place.cut();
        let greeted = tokio::select! {
            () = cut.cancelled() => return,
            () = self.stop.cancelled() => return,
            greeted = self.greet(socket, address) => greeted,
        };
        let (io, from) = match greeted {
            Ok(greeted) => greeted,
            Err(why) => return telemetry::count_shed(why, 1),
        };
        let known = from.presented.as_ref().is_some_and(|presented| presented.name().is_some());
        if place.settle(known) {
            self.drive(io, from, place, cut).await;
        }
    }

    /// TLS, and the first word of HTTP.
    async fn greet(&self, socket: TcpStream, address: SocketAddr) -> Result<(Io, From), &'static str> {
        // Small answers must not wait for more (Nagle); where it cannot be set the connection still works.
        let _ = socket.set_nodelay(true);
        let tcp = TcpConnectInfo { local_addr: socket.local_addr().ok(), remote_addr: Some(address) };
        let (io, presented) = match &self.tls {
            None => (Either::Left(socket), None),
            Some(tls) => {
                let shaken = timeout(PATIENCE, tls.accept(socket)).await.map_err(|_| "silent in the handshake")?;
                let io = shaken.map_err(|error| {
                    tracing::debug!(%error, %address, "a TLS handshake has failed");
                    "handshake failed"
                })?;
                let shown = io.get_ref().1.peer_certificates().and_then(|chain| chain.first()).cloned();
                (Either::Right(io), shown.map(Presented::new))
            }
        };
        let io = timeout(PATIENCE, Rewound::open(io)).await.map_err(|_| "silent after the handshake")?;
        let io = io.map_err(|_| "gone after the handshake")?;
        if self.speech == Speech::Grpc && !io.is_http2() {
            return Err("no HTTP/2");
        }
        Ok((io, From { tcp, presented }))
    }

    async fn drive(&self, io: Io, from: From, place: Place, cut: CancellationToken) {
        let limits = self.limits;
        // All calls of a gateway come over one connection, and it has seen to its callers.
        let is_service = from.presented.as_ref().is_some_and(|presented| presented.service().is_some());
        let trusted = is_service || self.tls.is_none();
        let born = Instant::now();
        // tonic's client loses a call that meets the end of its connection, so those within the suite do not end for age.
        let mut age = if is_service { ALWAYS } else { limits.age.mul_f64(rand::rng().random_range(0.9..1.1)) };
        if let Some(left) = from.presented.as_ref().and_then(Presented::left) {
            age = age.min(left);
        }
        let counter = place.counter();
        let calls = Calls { service: self.service.clone(), counter, from: Arc::new(from) };
        let mut http = auto::Builder::new(TokioExecutor::new());
        if self.speech == Speech::Grpc {
            http = http.http2_only();
        }
        http.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_headers(64).max_buf_size(64 << 10);
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(if trusted {
                limits.per_connection
            } else {
                limits.per_connection.min(limits.per_caller)
            })
            // What honest callers give up in masses (h2#856) must not end the connection that all of them share.
            .max_local_error_reset_streams(if is_service { 10_000 } else { 256 })
            .max_pending_accept_reset_streams(20)
            .max_header_list_size(8 << 10)
            .max_send_buf_size(UNREAD)
            .max_frame_size(16 << 10)
            .initial_stream_window_size(256 << 10)
            .initial_connection_window_size(1 << 20)
            .keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(10));
        let mut connection = pin!(http.serve_connection(TokioIo::new(io), calls));
        // Told to go, and until when its calls may go on.
        let (mut going, mut end) = (false, None);
        let mut look = born + age.min(limits.idle);
        loop {
            tokio::select! {
                // What goes wrong on a connection is its client's to see.
                _ = connection.as_mut() => return,
                () = cut.cancelled() => return,
                () = self.stop.cancelled(), if !going => {
                    going = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = sleep_until(end.unwrap_or(look)), if !going || end.is_some() => {
                    if end.is_some() {
                        return telemetry::count_shed("old", 1);
                    }
                    let idle = place.idle();
                    if born.elapsed() >= age {
                        (going, end) = (true, Some(Instant::now() + GRACE));
                        connection.as_mut().graceful_shutdown();
                    } else if idle >= limits.idle {
                        (going, end) = (true, Some(Instant::now() + PATIENCE));
                        connection.as_mut().graceful_shutdown();
                    } else {
                        look = (Instant::now() + (limits.idle - idle)).min(born + age);
                    }
                }
            }
        }
    }
}

/// From whom a connection is.
struct From {
    tcp: TcpConnectInfo,
    presented: Option<Presented>,
}

/// The service as one connection has it: each request says from whom it is, and counts as one until it is answered.
struct Calls<S, C> {
    service: S,
    counter: C,
    from: Arc<From>,
}

impl<S, C, B> hyper::service::Service<Request<Incoming>> for Calls<S, C>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    C: Fn() -> Call,
{
    type Response = Response<Counted<B>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Counted<B>>, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let call = (self.counter)();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(self.from.tcp.clone());
        if let Some(presented) = &self.from.presented {
            request.extensions_mut().insert(presented.clone());
        }
        let mut service = self.service.clone();
        // In the stream's own task, behind those of streams that were given up before it came.
        Box::pin(async move { Ok(service.call(request).await?.map(|body| Counted { body, _call: call })) })
    }
}

/// A body that is a call's until it is dropped.
struct Counted<B> {
    body: B,
    _call: Call,
}

impl<B: http_body::Body + Unpin> http_body::Body for Counted<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
