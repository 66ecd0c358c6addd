//! TEMPORARY stub, deleted when the gateway crate compiles.
use kit::{clock::Clock, config::Config, peer::Peer, serve::OpenError};
use tonic::service::Routes;
pub struct Peers { pub directory: Peer, pub intake: Peer }
pub struct Open { pub routes: Routes, pub web: axum::Router }
pub async fn open(_: &Config, _: &Clock, peers: Peers) -> Result<Open, OpenError> {
    let router = axum::Router::new().fallback(move |request: axum::extract::Request| {
        let (mut directory, mut intake) = (peers.directory.clone(), peers.intake.clone());
        async move {
            use axum::response::IntoResponse;
            let request = request.map(tonic::body::Body::new);
            let peer = if request.uri().path().starts_with("/yizhan.directory") { &mut directory } else { &mut intake };
            match tower::Service::call(peer, request).await {
                Ok(answer) => answer.map(axum::body::Body::new).into_response(),
                Err(error) => tonic::Status::unavailable(error.to_string()).into_http::<axum::body::Body>().into_response(),
            }
        }
    });
    Ok(Open { routes: Routes::from(router), web: axum::Router::new() })
}
