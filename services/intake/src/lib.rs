//! Intake: the catalogue of items and the cases.
//!
//! A request is parsed and rendered in [`rpc`], decided by the nouns of [`domain`], kept by [`store`]. The directory's
//! journal is followed in [`follow`], what time brings is done by [`sweep`], what older keys have sealed is sealed anew by
//! [`sealing`], files lie in [`files`]. [`office`] is what all of them work with. [`open`] puts them together.

pub mod domain;
pub mod follow;
pub mod office;
pub mod rpc;
pub mod sealing;
pub mod store;
pub mod sweep;

use std::sync::Arc;

use follow::roster::FollowRoster;
use kit::{
    admit,
    clock::Clock,
    config::Config,
    files::Files,
    keys::Keys,
    peer::Peer,
    serve::{MOST_IN, MOST_OUT, OpenError},
    store::{Log, Store, Writer, feed::Feed, follow},
};
use mirror::FollowDirectory;
use office::Office;
use proto::intake::v1::{
    attachment_service_server::AttachmentServiceServer, case_service_server::CaseServiceServer,
    catalogue_service_server::CatalogueServiceServer,
};
use tokio::sync::Notify;
use tonic::service::Routes;

/// Opens the service on its database; `directory` and `roster` are whom it follows.
pub async fn open(config: &Config, clock: &Clock, directory: Peer, roster: Peer) -> Result<Routes, OpenError> {
    let store = Store::open::<migrations::intake::Migrator>("intake", &config.database("intake")).await?;
    config.opened.add(&store);
    let keys = Keys::open(&config.key_file())?.sealing(config.cipher);
    let writer = Writer::open(&store, clock, &keys);
    let log = Log::open(config, &store, clock, &keys);
    let files = Files::open(&config.data.join("attachments"))?;
    let office = Office::open(store.clone(), writer.clone(), clock.clone(), keys, files).await?;
    let learned = Arc::new(Notify::new());
    let (learning, telling) = (office.clone(), learned.clone());
    let learns = move || {
        let (office, learned) = (learning.clone(), telling.clone());
        async move {
            office.refresh().await?;
            // The hall may have another calendar.
            learned.notify_one();
            Ok(())
        }
    };
    follow(&store, "directory", directory.acting("intake"), FollowDirectory(learns));
    follow(&store, "roster", roster.acting("intake"), FollowRoster(office.clone()));
    config.opened.spawn(sweep::run(office.clone(), clock.actor(), learned));
    config.opened.spawn(sealing::run(office.clone()));

    let cases = CaseServiceServer::new(rpc::case::Cases(office.clone()));
    let catalogue = CatalogueServiceServer::new(rpc::item::Catalogue(office.clone()));
    let attachments = AttachmentServiceServer::new(rpc::attachment::Attachments(office));
    let routes = Routes::new(cases.max_decoding_message_size(MOST_IN).max_encoding_message_size(MOST_OUT))
        .add_service(catalogue.max_decoding_message_size(MOST_IN).max_encoding_message_size(MOST_OUT))
        .add_service(attachments.max_decoding_message_size(MOST_IN).max_encoding_message_size(MOST_OUT))
        .add_service(Feed::new(&store, clock, &writer))
        .add_service(log.service());
    Ok(admit::guard(routes, rpc::place))
}
