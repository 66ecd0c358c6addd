//! Another service, wherever it runs: in this process or behind a channel. Nothing else knows which.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use tonic::{
    Status, TimeoutExpired,
    body::Body,
    service::Routes,
    transport::{Channel, Endpoint},
};
use tower::{Service, ServiceExt};

use crate::{caller::Caller, serve, telemetry, tls};

/// Bytes that may lie unread of one answer.
const STREAM_WINDOW: u32 = 128 << 10;
/// One connection carries all calls to a service, and a gateway's for all its callers: it has room for the unread answers
/// of more callers than are let in at once ([`crate::serve::Limits`]), so that one who does not read holds up no other.
const MOST_UNREAD: u32 = 4096;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A service to call. Every generated client takes one.
#[derive(Clone, Debug)]
pub struct Peer {
    way: Way,
    /// Who calls where a request does not say it.
    caller: Option<Caller>,
}

/// How a service is reached.
#[derive(Clone, Debug)]
pub enum Way {
    InProcess(Routes),
    Channel(Channel),
}

impl Peer {
    /// A service of this process.
    pub fn in_process(routes: Routes) -> Peer {
        Peer { way: Way::InProcess(routes.prepare()), caller: None }
    }

    /// The same, called by this service.
    pub fn acting(self, service: &str) -> Peer {
        Peer { caller: Some(Caller::service(service)), ..self }
    }

    pub fn way(&self) -> &Way {
        &self.way
    }

    /// A service at a URL. Connects when it is first called, and again whenever the line was lost, so services start in
    /// any order.
    pub fn connect(url: &str) -> Result<Peer, tonic::transport::Error> {
        Ok(Peer { way: Way::Channel(endpoint(url)?.connect_lazy()), caller: None })
    }

    /// The same over TLS, of a URL that begins with `https:`.
    pub fn secure(url: &str, tls: &tls::Client) -> Result<Peer, tonic::transport::Error> {
        // The connector speaks TLS, and tonic need not.
        let plain = url.strip_prefix("https:").map_or_else(|| url.to_owned(), |rest| format!("http:{rest}"));
        let endpoint = endpoint(&plain)?;
        let endpoint = match url.parse() {
            Ok(origin) => endpoint.origin(origin),
            Err(_) => endpoint,
        };
        Ok(Peer { way: Way::Channel(endpoint.connect_with_connector_lazy(tls.connector())), caller: None })
    }
}

fn endpoint(url: &str) -> Result<Endpoint, tonic::transport::Error> {
    Ok(Endpoint::from_shared(url.to_owned())?
        .connect_timeout(Duration::from_secs(3))
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(10))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(STREAM_WINDOW * MOST_UNREAD))
}

impl From<Channel> for Peer {
    fn from(channel: Channel) -> Peer {
        Peer { way: Way::Channel(channel), caller: None }
    }
}

impl Service<Request<Body>> for Peer {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match &mut self.way {
            Way::InProcess(_) => Poll::Ready(Ok(())),
            Way::Channel(channel) => channel.poll_ready(cx).map_err(Into::into),
        }
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        telemetry::inject(request.headers_mut());
        // What came from outside says nothing.
        Caller::take(request.headers_mut());
        if request.extensions().get::<Caller>().is_none()
            && let Some(caller) = &self.caller
        {
            request.extensions_mut().insert(caller.clone());
        }
        match &mut self.way {
            Way::InProcess(routes) => {
                let answer = routes.clone().oneshot(request);
                Box::pin(async move { answer.await.map_err(|never| match never {}) })
            }
            Way::Channel(channel) => {
                if let Some(caller) = request.extensions().get::<Caller>().cloned() {
                    caller.write(request.headers_mut());
                }
                let answer = channel.call(request);
                Box::pin(async move { answer.await.map_err(told) })
            }
        }
    }
}

/// tonic tells of a deadline that is over as of a call that was given up, and without a reason.
fn told(error: tonic::transport::Error) -> BoxError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(error) = cause {
        if error.is::<TimeoutExpired>() {
            return Box::new(Status::from(serve::late()));
        }
        cause = error.source();
    }
    Box::new(error)
}
