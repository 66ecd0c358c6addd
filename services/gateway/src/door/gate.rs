//! The gate: every call, of the gateway's own services and of those behind it, comes through here first. It learns who
//! calls, counts how often, and sees that the call has an end.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::{
    body::Body,
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
};
use http::{Extensions, header::AUTHORIZATION};
use kit::{caller::Caller, clock::wall, refusal::Refusal, telemetry, tls::Presented};
use proto::rule::{self, Rule};
use tonic::{Status, service::Routes, transport::server::TcpConnectInfo};

use super::{
    deadline,
    identify::{Identify, Pass},
    rate::Rate,
    watched::{Watch, Watched},
};

/// Callers need no deadline to get or renew what they are known by.
const CREDENTIALS: &str = "/yizhan.directory.v1.CredentialService/";

/// What every call comes through.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    identify: Arc<Identify>,
    rate: Arc<Rate>,
    /// The second in which a call was last told of that came too often.
    told: AtomicI64,
}

impl Gate {
    pub fn new(identify: Arc<Identify>, rate: Arc<Rate>) -> Gate {
        Gate(Arc::new(Inner { identify, rate, told: AtomicI64::default() }))
    }

    /// Puts the gate around routes.
    pub fn around(self, routes: Routes) -> Routes {
        let gate = from_fn(move |request, next| pass(self.0.clone(), request, next));
        Routes::from(routes.into_axum_router().layer(gate))
    }
}

async fn pass(gate: Arc<Inner>, mut request: Request, next: Next) -> Response {
    let rule = rule::of(request.uri().path());
    let pass = match gate.admit(&mut request, rule).await {
        Ok(pass) => pass,
        Err(refusal) => return Status::from(refusal).into_http(),
    };
    // What only a newer service knows may be a stream.
    if rule.is_some_and(|rule| !rule.streams) || pass.is_blank() {
        return next.run(request).await;
    }
    let from = Origin::of(request.extensions());
    let mut watch = Watch::new(gate.identify.clone(), pass);
    tokio::select! {
        biased;
        answer = next.run(request) => answer.map(|body| Body::new(Watched::new(body, watch))),
        refusal = &mut watch => {
            gate.tell(rule, &from, &refusal);
            Status::from(refusal).into_http()
        }
    }
}

/// Where a call comes from, for the log.
struct Origin {
    /// Whose certificate came with it; empty for none.
    holder: String,
    address: Option<IpAddr>,
}

impl Origin {
    fn of(extensions: &Extensions) -> Origin {
        let holder = Presented::of(extensions).and_then(Presented::name).unwrap_or_default();
        Origin { holder: holder.to_owned(), address: address(extensions) }
    }
}

impl Inner {
    async fn admit(&self, request: &mut Request, rule: Option<&Rule>) -> Result<Pass, Refusal> {
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
            let required = rule.is_some_and(|rule| !rule.streams) && !path.starts_with(CREDENTIALS);
            deadline::demand(request.headers(), required)?;
            Ok(pass)
        });
        let pass = checked.inspect_err(|refusal| self.tell(rule, &Origin::of(request.extensions()), refusal))?;
        // Tokens go no further than this door.
        request.headers_mut().remove(AUTHORIZATION);
        if let Some(caller) = &pass.caller {
            request.extensions_mut().insert(caller.clone());
        }
        Ok(pass)
    }

    /// Logged and counted, with whose certificate came and from where; of what comes too often one line a second is enough.
    fn tell(&self, rule: Option<&Rule>, from: &Origin, refusal: &Refusal) {
        // The method as the contract calls it: what a stranger makes up is not logged.
        let (rpc, reason) = (rule.map_or("unknown", |rule| rule.path), refusal.reason());
        telemetry::count_refused(rpc, reason);
        let now = wall().0 / 1_000_000;
        if reason != "RATE_LIMITED" || self.told.swap(now, Ordering::Relaxed) != now {
            let address = from.address.map(tracing::field::display);
            tracing::warn!(rpc, holder = from.holder, address, reason, "refused");
        }
    }
}

/// Where the connection comes from.
pub fn address(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr).map(|address| address.ip())
}
