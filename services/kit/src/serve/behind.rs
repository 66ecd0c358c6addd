//! Who calls a service that stands behind the gateway: whom the gateway, or another service, says. Nobody else is let in,
//! not even to what is public: the limits that keep guessing slow are the gateway's.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use axum::{extract::Request, response::Response};
use futures::future::{Either, Ready, ready};
use tonic::{Status, service::Routes};
use tower::{Layer, Service};

use crate::{
    caller::Caller,
    refusal::{Kind, Refusal},
    tls::Presented,
};

/// Puts the caller into each request's extensions: of a service of the suite, by its certificate, the one that it tells,
/// or else itself. Anybody else is refused.
pub fn behind(routes: Routes) -> Routes {
    Routes::from(routes.into_axum_router().layer(Behind))
}

#[derive(Clone)]
struct Behind;

impl<S> Layer<S> for Behind {
    type Service = Told<S>;

    fn layer(&self, inner: S) -> Told<S> {
        Told(inner)
    }
}

#[derive(Clone)]
struct Told<S>(S);

impl<S: Service<Request, Response = Response, Error = Infallible>> Service<Request> for Told<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, Ready<Result<Response, Infallible>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let told = Caller::take(request.headers_mut());
        request.extensions_mut().remove::<Caller>();
        let service = Presented::of(request.extensions()).and_then(Presented::service);
        let Some(service) = service.map(Caller::service) else {
            let (zh, en) =
                ("本服务只接受网关和其他服务的调用", "this service is called by the gateway and by services only");
            let refusal = Refusal::new(Kind::Unauthenticated, "SERVICES_ONLY", zh, en);
            return Either::Right(ready(Ok(Status::from(refusal).into_http())));
        };
        request.extensions_mut().insert(told.unwrap_or(service));
        Either::Left(self.0.call(request))
    }
}
