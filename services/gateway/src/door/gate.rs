//! The gate: every call, of the gateway's own services and of those behind it, comes through here first. It learns who
//! calls, counts how often, and sees that the call has an end.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    task::{Context, Poll},
};

use axum::{body::Body, extract::Request, response::Response};
use futures::future::BoxFuture;
use http::{Extensions, header::AUTHORIZATION};
use kit::{caller::Caller, clock::wall, refusal::Refusal, tls::Presented};
use opentelemetry::{KeyValue, global, metrics::Counter};
use prost::{DecodeError, Message};
use prost_types::FileDescriptorSet;
use tonic::{Status, service::Routes, transport::server::TcpConnectInfo};
use tower::{Layer, Service, ServiceExt};

use super::{
    deadline,
    identify::{Identify, Pass},
    rate::Rate,
    watched::{Watch, Watched},
};

/// Callers need no deadline to get or renew what they are known by.
const CREDENTIALS: &str = "/yizhan.directory.v1.CredentialService/";

/// The layer.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    identify: Arc<Identify>,
    rate: Arc<Rate>,
    /// Whether a method of the contract streams, by path.
    methods: HashMap<String, bool>,
    refused: Counter<u64>,
    /// The second in which a call was last told of that came too often.
    told: AtomicI64,
}

impl Gate {
    pub fn new(identify: Arc<Identify>, rate: Arc<Rate>) -> Result<Gate, DecodeError> {
        let contract = FileDescriptorSet::decode(proto::DESCRIPTORS)?;
        let mut methods = HashMap::new();
        for file in &contract.file {
            for service in &file.service {
                for method in &service.method {
                    let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                    methods.insert(path, method.client_streaming() || method.server_streaming());
                }
            }
        }
        let refused = global::meter("yizhan")
            .u64_counter("yizhan.calls.refused")
            .with_description("Calls refused because of who called")
            .build();
        Ok(Gate(Arc::new(Inner { identify, rate, methods, refused, told: AtomicI64::default() })))
    }

    /// Puts the gate around routes.
    pub fn around(self, routes: Routes) -> Routes {
        Routes::from(routes.into_axum_router().layer(self))
    }
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated { inner, gate: self.0.clone() }
    }
}

#[derive(Clone)]
pub struct Gated<S> {
    inner: S,
    gate: Arc<Inner>,
}

impl<S> Service<Request> for Gated<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let (inner, gate) = (self.inner.clone(), self.gate.clone());
        Box::pin(async move {
            let streams = gate.methods.get(request.uri().path()).copied();
            let pass = match gate.admit(&mut request, streams).await {
                Ok(pass) => pass,
                Err(refusal) => return Ok(Status::from(refusal).into_http()),
            };
            // What only a newer service knows may be a stream.
            if streams == Some(false) || pass.is_blank() {
                return inner.oneshot(request).await;
            }
            let rpc = rpc(request.uri().path());
            let mut watch = Watch::new(gate.identify.clone(), pass);
            tokio::select! {
                biased;
                answer = inner.oneshot(request) => {
                    Ok(answer?.map(|body| Body::new(Watched::new(body, watch))))
                }
                refusal = &mut watch => {
                    gate.tell(rpc, &refusal);
                    Ok(Status::from(refusal).into_http())
                }
            }
        })
    }
}

impl Inner {
    async fn admit(&self, request: &mut Request, streams: Option<bool>) -> Result<Pass, Refusal> {
        // Who calls is said here and nowhere else.
        Caller::take(request.headers_mut());
        request.extensions_mut().remove::<Caller>();
        let path = request.uri().path();
        let address = address(request.extensions());
        let known = self.identify.identify(request.headers(), request.extensions()).await;
        let pass = known.or_else(|refusal| {
            // Whoever tries one token after the other is of the public, and comes as often as they may.
            self.rate.check(path, None, address).and(Err(refusal))
        });
        let checked = pass.and_then(|pass| {
            self.rate.check(path, pass.caller.as_ref(), address)?;
            let required = streams == Some(false) && !path.starts_with(CREDENTIALS);
            deadline::demand(request.headers(), required)?;
            Ok(pass)
        });
        let holder = Presented::of(request.extensions()).and_then(Presented::name).unwrap_or_default();
        let pass = checked.inspect_err(|refusal| self.tell_of(rpc(path), holder, address, refusal))?;
        // Tokens go no further than this door.
        request.headers_mut().remove(AUTHORIZATION);
        if let Some(caller) = &pass.caller {
            request.extensions_mut().insert(caller.clone());
        }
        Ok(pass)
    }

    fn tell(&self, rpc: &'static str, refusal: &Refusal) {
        self.tell_of(rpc, "", None, refusal);
    }

    /// Logged and counted, with whose certificate came and from where; of what comes too often one line a second is enough.
    fn tell_of(&self, rpc: &'static str, holder: &str, address: Option<IpAddr>, refusal: &Refusal) {
        let reason = refusal.reason();
        self.refused.add(1, &[KeyValue::new("rpc", rpc), KeyValue::new("reason", reason)]);
        let now = wall().0 / 1_000_000;
        if reason != "RATE_LIMITED" || self.told.swap(now, Ordering::Relaxed) != now {
            tracing::warn!(rpc, holder, address = address.map(tracing::field::display), reason, "refused");
        }
    }
}

/// The method as the contract calls it: what a stranger makes up is not logged.
fn rpc(path: &str) -> &'static str {
    proto::rule::of(path).map_or("unknown", |rule| rule.path)
}

/// Where the connection comes from.
pub fn address(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr).map(|address| address.ip())
}
