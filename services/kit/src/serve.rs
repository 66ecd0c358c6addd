//! Serves gRPC with what every service must have: health, reflection (v1 and v1alpha), limits, a graceful end.

mod answer;
mod guard;
mod time;

use std::{io, net::SocketAddr, time::Duration};

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::{service::Routes, transport::Server};

use guard::Guard;
pub use guard::stays;
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
    /// Longest silence: from the last piece of a request to the head of its answer, whatever deadline the caller sets.
    pub time: Duration,
}

impl Limits {
    /// Limits with so many calls at once.
    pub fn of(calls: usize) -> Limits {
        let streams = 512;
        let all = u32::try_from(calls.saturating_add(4 * streams)).unwrap_or(u32::MAX);
        Limits { calls, streams, per_connection: all, time: Duration::from_secs(60) }
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

/// Serves until `stop`, then lets calls finish; streams that stay end at once.
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
        .max_concurrent_streams(limits.per_connection)
        .http2_max_local_error_reset_streams(Some(256))
        .http2_max_pending_accept_reset_streams(Some(20))
        .http2_max_header_list_size(8 << 10)
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .initial_stream_window_size(256 << 10)
        .initial_connection_window_size(1 << 20)
        .layer(Guard::new(limits, stop.clone()))
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, async move { stop.cancelled().await })
        .await
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
