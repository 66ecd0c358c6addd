//! Who calls a service that stands behind the gateway: whom the gateway, or another service, says. Nobody else is let in,
//! not even to what is public: the limits that keep guessing slow are the gateway's.

use axum::{
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
};
use tonic::{Status, service::Routes};

use crate::{
    caller::Caller,
    refusal::{Kind, Refusal},
    tls::Presented,
};

/// Puts the caller into each request's extensions: of a service of the suite, by its certificate, the one that it tells,
/// or else itself. Anybody else is refused.
pub fn behind(routes: Routes) -> Routes {
    Routes::from(routes.into_axum_router().layer(from_fn(told)))
}

async fn told(mut request: Request, next: Next) -> Response {
    let told = Caller::take(request.headers_mut());
    request.extensions_mut().remove::<Caller>();
    let service = Presented::of(request.extensions()).and_then(Presented::service);
    let Some(service) = service.map(Caller::service) else {
        let (zh, en) =
            ("本服务只接受网关和其他服务的调用", "this service is called by the gateway and by services only");
        return Status::from(Refusal::new(Kind::Unauthenticated, "SERVICES_ONLY", zh, en)).into_http();
    };
    request.extensions_mut().insert(told.unwrap_or(service));
    next.run(request).await
}
