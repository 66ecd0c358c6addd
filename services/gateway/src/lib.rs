//! The gateway: the one door, the figures, the pages.
//!
//! Calls of other services pass through [`door`] unread. [`follow`] learns from the other services' journals what is to
//! be counted; [`domain`] says what each figure means, [`store`] counts, and [`books`] answers from one snapshot. [`rpc`]
//! serves MetricsService and ClockService, [`web`] the pages.

pub mod ask;
pub mod books;
pub mod domain;
pub mod door;
pub mod follow;
pub mod rpc;
pub mod store;
pub mod web;

use books::Books;
pub use door::Peers;
use kit::{
    clock::Clock,
    config::Config,
    keys::Keys,
    serve::{MOST_IN, MOST_OUT, OpenError},
    store::{Store, follow as following},
};
use proto::{
    clock::v1::clock_service_server::ClockServiceServer, gateway::v1::metrics_service_server::MetricsServiceServer,
};
use tonic::service::Routes;

/// The service's name.
pub const NAME: &str = "gateway";

/// What the gateway serves.
pub struct Open {
    /// gRPC.
    pub routes: Routes,
    /// The pages.
    pub web: axum::Router,
}

/// Opens the gateway on its database, in front of these services.
pub async fn open(config: &Config, clock: &Clock, peers: Peers) -> Result<Open, OpenError> {
    let store = Store::open::<migrations::gateway::Migrator>(NAME, &config.database(NAME)).await?;
    config.opened.add(&store);
    let keys = Keys::open(&config.key_file())?;
    following(&store, "directory", peers.directory.clone(), follow::directory::FollowDirectory);
    following(&store, "intake", peers.intake.clone(), follow::intake::FollowIntake);

    let books = Books::new(&store, clock);
    let metrics = MetricsServiceServer::new(rpc::figures::Metrics { books: books.clone(), keys: keys.clone() });
    let routes = door::open(peers)?
        .add_service(metrics.max_decoding_message_size(MOST_IN).max_encoding_message_size(MOST_OUT))
        .add_service(ClockServiceServer::new(rpc::clock::Clocks(clock.clone())));
    Ok(Open { routes, web: web::pages(books, keys) })
}
