//! The one door: every call of another service passes through it, byte for byte.
//!
//! Which services there are is read from the contract's rules, so a new service of a package is let through by
//! itself. A call is routed on its path alone; nothing is decoded.
//!
//! Before that it comes through the [`gate`]: who calls ([`identify`]), how often ([`rate`]), until when (`deadline`).

mod body;
mod deadline;
pub mod gate;
pub mod identify;
pub mod issuer;
mod journal;
mod pass;
pub mod rate;
mod watched;

use std::time::Duration;

use axum::Router;
use journal::Journals;
use kit::{
    admit::{self, Place},
    peer::Peer,
};
use pass::Pass;
use proto::rule::{self, Rule};
use tonic::service::Routes;

/// How long a call may take whose caller sets no deadline. A stream may take as long as it likes; of requests, as long as
/// it moves ([`kit::serve::Limits::time`]).
const TIME: Duration = Duration::from_secs(60);

/// The services behind the door.
#[derive(Clone, Debug)]
pub struct Peers {
    pub directory: Peer,
    pub intake: Peer,
    pub roster: Peer,
    pub disclosure: Peer,
}

/// Adds routes to all services behind the door; `own` serves the gateway's journal. What is not known to the contract is
/// answered UNIMPLEMENTED.
pub fn open(mut routes: Routes, peers: Peers, own: Peer) -> Routes {
    let gateway = Pass::to(crate::NAME, own);
    let directory = Pass::to("directory", peers.directory);
    let intake = Pass::to("intake", peers.intake);
    let roster = Pass::to("roster", peers.roster);
    let disclosure = Pass::to("disclosure", peers.disclosure);
    // Rules stand by path, so the methods of a service stand together.
    for methods in rule::all().chunk_by(|one, next| service(one) == service(next)) {
        // The second part of `/yizhan.intake.v1.CaseService` is whose it is.
        routes = match service(&methods[0]).split('.').nth(1) {
            Some("directory") => add(routes, methods, |time| directory.clone().within(time)),
            Some("intake") => add(routes, methods, |time| intake.clone().within(time)),
            Some("disclosure") => add(routes, methods, |time| disclosure.clone().within(time)),
            Some("roster") => add(routes, methods, |time| roster.clone().within(time)),
            Some("journal") => {
                let journals = add(Routes::from(Router::new()), methods, |time| Journals {
                    directory: directory.clone().within(time),
                    intake: intake.clone().within(time),
                    roster: roster.clone().within(time),
                    disclosure: disclosure.clone().within(time),
                    gateway: gateway.clone().within(time),
                });
                // Who may ask at all comes before whose is meant.
                let journals = admit::guard(journals, Place::of).into_axum_router();
                Routes::from(routes.into_axum_router().merge(journals))
            }
            _ => routes,
        };
    }
    routes
}

/// `/yizhan.intake.v1.CaseService`
fn service(rule: &Rule) -> &'static str {
    rule.path.rsplit_once('/').map_or(rule.path, |(service, _)| service)
}

/// Adds a service: a route for each method that is known, since a path without parameters costs the least to match, and
/// one for what a newer service may have.
fn add<S>(mut routes: Routes, methods: &[Rule], pass: impl Fn(Option<Duration>) -> S) -> Routes
where
    S: tower::Service<axum::extract::Request, Response = axum::response::Response, Error = std::convert::Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let router = routes.axum_router_mut();
    let known = methods.iter().map(|rule| (rule.path.to_owned(), (!rule.streams).then_some(TIME)));
    let newer = format!("{}/{{*method}}", service(&methods[0]));
    for (path, time) in known.chain([(newer, None)]) {
        *router = std::mem::take(router).route_service(&path, pass(time));
    }
    routes
}
