//! Disclosure: what the division publishes, how it came to be published, and what was left out.
//!
//! A request is parsed and rendered in [`rpc`], decided by the nouns of [`domain`], kept by [`store`]. [`follow`] hears what
//! the suite itself has to publish, [`maker`] publishes it; what time brings is done by [`sweep`]. [`office`] is what all of them work with.
//! [`open`] puts them together.

pub mod domain;
pub mod follow;
pub mod inspect;
pub mod maker;
pub mod office;
pub mod rpc;
pub mod store;
pub mod sweep;

use std::time::Duration;

use follow::{intake::FollowIntake, roster::FollowRoster};
use kit::{
    admit::{self, Place},
    clock::Clock,
    config::Config,
    files::Files,
    keys::Keys,
    peer::Peer,
    serve::{MOST_IN, MOST_OUT, OpenError},
    store::{Log, Store, Writer, feed::Feed, follow as following},
};
use maker::Maker;
use mirror::FollowDirectory;
use office::Office;
use proto::disclosure::v1::{
    column_service_server::ColumnServiceServer, file_service_server::FileServiceServer,
    publication_service_server::PublicationServiceServer,
};
use tonic::service::Routes;

/// The service's name.
pub const NAME: &str = "disclosure";

/// Whom the service follows.
pub struct Peers {
    pub directory: Peer,
    pub intake: Peer,
    pub roster: Peer,
}

/// Opens the service on its database, behind these services.
pub async fn open(config: &Config, clock: &Clock, peers: Peers) -> Result<Routes, OpenError> {
    let store = Store::open::<migrations::disclosure::Migrator>(NAME, &config.database(NAME)).await?;
    config.opened.add(&store);
    let keys = Keys::open(&config.key_file())?;
    let writer = Writer::open(&store, clock, &keys);
    let log = Log::open(config, &store, clock, &keys);
    let files = Files::open(&config.data.join("files").join(NAME))?;
    let office = Office::open(store.clone(), writer.clone(), clock.clone(), keys, files).await?;
    let learning = office.clone();
    let learned = move || {
        let office = learning.clone();
        async move { office.refresh().await }
    };
    following(&store, "directory", peers.directory.acting(NAME), FollowDirectory(learned));
    following(&store, "intake", peers.intake.clone().acting(NAME), FollowIntake(office.clone()));
    following(&store, "roster", peers.roster.acting(NAME), FollowRoster(office.clone()));
    // Before the first search or publication has to wait for its dictionary.
    tokio::task::spawn_blocking(domain::words::warm);
    config.opened.spawn(tidy(store.clone()));
    config.opened.spawn(sweep::run(office.clone(), clock.actor()));
    config.opened.spawn(Maker::new(office.clone(), peers.intake).run(clock.actor()));

    let columns = ColumnServiceServer::new(rpc::column::Columns(office.clone()));
    let files = FileServiceServer::new(rpc::file::Files(office.clone()));
    let publications = PublicationServiceServer::new(rpc::publication::Publications(office));
    let routes = Routes::new(publications.max_decoding_message_size(MOST_IN).max_encoding_message_size(MOST_OUT))
        .add_service(columns.max_decoding_message_size(MOST_IN).max_encoding_message_size(MOST_OUT))
        .add_service(files.max_decoding_message_size(MOST_IN).max_encoding_message_size(MOST_OUT))
        .add_service(Feed::new(&store, clock, &writer))
        .add_service(log.service());
    Ok(admit::guard(routes, Place::of))
}

/// Keeps the search quick: once now, then once a day.
async fn tidy(store: Store) {
    let mut daily = tokio::time::interval(Duration::from_secs(86_400));
    loop {
        daily.tick().await;
        if let Err(error) = store::shown::tidy(&store).await {
            tracing::warn!(%error, "the search's index was not tidied");
        }
    }
}
