//! The gateway: the one door, the figures, the pages.
//!
//! Calls of other services pass through [`door`] unread, once it is known who calls. [`follow`] learns from the other
//! services' journals what is to be counted and who is [`known`]; [`domain`] says what each figure means, [`store`] counts,
//! and [`books`] answers from one snapshot. What is looked at, [`views`] counts. What is stated for good, the [`press`] counts
//! twice, has [`cosign`]ed and writes into the gateway's own journal. [`rpc`] serves MetricsService, FigureService and ClockService, [`web`] the pages.

pub mod ask;
pub mod books;
pub mod cosign;
pub mod domain;
pub mod door;
mod fetch;
pub mod follow;
mod gauges;
pub mod known;
pub mod logs;
pub mod press;
pub mod rpc;
pub mod store;
pub mod views;
pub mod web;

use std::{sync::Arc, time::Duration};

use books::Books;
use cosign::Cosign;
pub use door::Peers;
use door::{gate::Gate, identify::Identify, issuer::Issuer, rate::Rate};
use gauges::Gauges;
use kit::{
    admit::{self, Place},
    clock::Clock,
    config::Config,
    keys::Keys,
    peer::Peer,
    serve::{MOST_IN, MOST_OUT, OpenError},
    store::{Log, Store, Writer, feed::Feed, follow as following},
};
use known::Known;
use logs::Logs;
use press::Press;
use proto::{
    clock::v1::clock_service_server::ClockServiceServer,
    gateway::v1::{figure_service_server::FigureServiceServer, metrics_service_server::MetricsServiceServer},
};
use tonic::service::Routes;
use views::Views;
use web::{account::Accounts, circular::Circulars, portal::Portal};

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
    let known = Known::open(&store).await?;
    let [directory, intake, roster, disclosure] =
        [&peers.directory, &peers.intake, &peers.roster, &peers.disclosure].map(|peer| peer.clone().acting(NAME));
    if !follow::head::was_reached(&store).await? {
        known.set_behind(true);
        config.opened.spawn(follow::head::reach(store.clone(), directory.clone(), known.clone()));
    }
    following(&store, "directory", directory, follow::directory::FollowDirectory(known.clone()));
    following(&store, "intake", intake, follow::intake::FollowIntake);
    following(&store, "roster", roster, follow::roster::FollowRoster);
    following(&store, "disclosure", disclosure, follow::disclosure::FollowDisclosure);
    let views = Views::new(&store, clock);
    config.opened.spawn(views.clone().run());
    let counted = views.clone();
    config.opened.at_last(async move { counted.flush().await });

    let books = Books::new(&store, clock);
    let writer = Writer::open(&store, clock, &keys);
    let log = Log::open(config, &store, clock, &keys);
    let journal = Routes::new(Feed::new(&store, clock, &writer)).add_service(log.service());
    let journal = Peer::in_process(admit::guard(journal, Place::of));
    let logs = Logs::new(&peers, &journal);
    let cosign = Cosign::open(config, &store, clock, logs.clone())?;
    if config.head_interval > 0 {
        config.opened.spawn(cosign.clone().run(Duration::from_secs(config.head_interval)));
    }
    if kit::telemetry::is_counted() {
        config.opened.spawn(Gauges::new(&books, &logs, &cosign).run());
    }
    let press = Arc::new(Press::new(books.clone(), logs, cosign.clone(), writer));
    let figures = FigureServiceServer::new(rpc::statement::Statements { press, keys: keys.clone() });
    let metrics = MetricsServiceServer::new(rpc::figures::Metrics { books: books.clone(), keys: keys.clone() });
    // Its own services first, then those behind it, and around all of them the gate.
    let own = Routes::new(metrics.max_decoding_message_size(MOST_IN).max_encoding_message_size(MOST_OUT))
        .add_service(figures.max_decoding_message_size(MOST_IN).max_encoding_message_size(MOST_OUT))
        .add_service(ClockServiceServer::new(rpc::clock::Clocks(clock.clone())));
    let (identify, rate) = (Arc::new(Identify::new(known, issuer(config))), Arc::new(Rate::of(config.rate)));
    config.opened.spawn(forget(rate.clone()));
    let secure = !config.web.ip().is_loopback();
    let accounts = Accounts::new(peers.directory.clone(), identify.clone(), rate.clone(), secure);
    let portal = Portal::new(&peers, views, rate.clone(), secure).with_heads(cosign);
    let own = admit::guard(own, Place::of);
    let circulars = Circulars::new(peers.roster.clone());
    let routes = Gate::new(identify, rate).around(door::open(own, peers, journal));
    Ok(Open { routes, web: web::pages(books, keys, accounts, circulars, portal) })
}

/// The other issuer of tokens, where one is configured.
fn issuer(config: &Config) -> Option<Issuer> {
    let oidc = &config.oidc;
    let (issuer, audience) = oidc.issuer.as_deref().zip(oidc.audience.as_deref())?;
    Some(Issuer::new(issuer, audience, &oidc.person_claim))
}

/// Forgets callers who have not come for a while.
async fn forget(rate: Arc<Rate>) {
    loop {
        tokio::time::sleep(Duration::from_secs(60)).await;
        rate.forget();
    }
}
