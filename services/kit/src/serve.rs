//! Serves gRPC with what every service must have: health, reflection (v1 and v1alpha), limits, a graceful end.

mod answer;
mod behind;
mod guard;
mod listen;
mod places;
mod rewound;
mod time;

use std::{io, net::SocketAddr, time::Duration};

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tower::Layer;

use crate::tls::Server;
pub use behind::behind;
use guard::Guard;
pub use guard::stays;
use listen::Speech;
pub use time::{late, timeout};

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
    /// Streams of one sort that stay until their reader goes, over all connections; more are refused with
    /// TOO_MANY_STREAMS. Followers of the journal and watchers are two sorts: neither takes the other's places.
    pub streams: usize,
    /// Calls and streams that one connection carries; what is more waits in silence. Far above the others, since all
    /// calls of a gateway come over one.
    pub per_connection: u32,
    /// The same over TLS, of a connection that is of no service of the suite.
    pub per_caller: u32,
    /// Connections in all; more push out idle ones of nobody in particular, or are refused.
    pub connections: usize,
    /// Connections that have not yet shown who they are.
    pub handshakes: usize,
    /// How long a connection may be without a call.
    pub idle: Duration,
    /// How old a connection grows, about: then its client is told to come again.
    pub age: Duration,
    /// Longest silence: from the last piece of a request to the head of its answer, whatever deadline the caller sets.
    pub time: Duration,
}

impl Limits {
    /// Limits with so many calls at once.
    pub fn of(calls: usize) -> Limits {
        let streams = 512;
        let all = u32::try_from(calls.saturating_add(4 * streams)).unwrap_or(u32::MAX);
        Limits {
            calls,
            streams,
            per_connection: all,
            per_caller: 100,
            connections: 2048,
            handshakes: 128,
            idle: Duration::from_secs(300),
            age: Duration::from_secs(2 * 3_600),
            time: Duration::from_secs(60),
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::of(1024)
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

/// Serves in the clear until `stop`, then lets calls finish; streams that stay end at once. Dropped, it cuts them off.
/// For what is reached from this machine alone, and tests.
pub async fn grpc(listener: TcpListener, routes: Routes, limits: Limits, stop: CancellationToken) -> io::Result<()> {
    serve_grpc(listener, routes, limits, None, stop).await;
    Ok(())
}

/// The same over TLS. Each request's extensions say whose certificate it came with ([`crate::tls::Presented`]).
pub async fn secure_grpc(
    listener: TcpListener,
    routes: Routes,
    limits: Limits,
    tls: Server,
    stop: CancellationToken,
) -> io::Result<()> {
    serve_grpc(listener, routes, limits, Some(tls.grpc()), stop).await;
    Ok(())
}

async fn serve_grpc(
    listener: TcpListener,
    routes: Routes,
    limits: Limits,
    tls: Option<TlsAcceptor>,
    stop: CancellationToken,
) {
    let service = Guard::new(limits, stop.clone()).layer(routes.prepare());
    listen::listen(listener, service, limits, (Speech::Grpc, tls), stop).await;
}

/// Serves pages until `stop`, then lets requests finish; over TLS where it is given.
pub async fn web(
    listener: TcpListener,
    router: axum::Router,
    limits: Limits,
    tls: Option<Server>,
    stop: CancellationToken,
) -> io::Result<()> {
    let tls = tls.map(|tls| tls.web());
    listen::listen(listener, router, limits, (Speech::Web, tls), stop).await;
    Ok(())
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
