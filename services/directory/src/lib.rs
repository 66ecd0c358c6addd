//! Who there is and where: divisions, units, windows, people; and the holiday notices that every clock counts by.
//!
//! A request is read whole and every fault of it named ([`rpc`]), decided on the nouns that it names ([`domain`]), and
//! committed with one entry in the division's journal for each noun changed ([`store`], on kit's one mechanism). Other
//! services follow that journal and check their references against it. The calendar is kept in memory and counted by the
//! `calendar` crate; the notices built into it are the first entries of the national journal.

use kit::{
    clock::Clock,
    config::Config,
    keys::Keys,
    serve::{MOST_IN, MOST_OUT, OpenError},
    store::{Store, Writer, feed::Feed},
};
use proto::directory::v1::{
    calendar_service_server::CalendarServiceServer, directory_service_server::DirectoryServiceServer,
};
use tonic::service::Routes;

mod domain;
mod rpc;
mod store;

const NAME: &str = "directory";

/// Opens the service on its database: DirectoryService, CalendarService and its JournalService.
pub async fn open(config: &Config, clock: &Clock) -> Result<Routes, OpenError> {
    let store = Store::open::<migrations::directory::Migrator>(NAME, &config.database(NAME)).await?;
    config.opened.add(&store);
    let keys = Keys::open(&config.key_file())?;
    let writer = Writer::open(&store, clock, &keys);

    let calendar = rpc::calendar::Calendars::open(&store, &writer, clock).await?;
    let directory = rpc::directory::Directory::open(&store, &writer, &keys);
    Ok(Routes::new(
        DirectoryServiceServer::new(directory).max_decoding_message_size(MOST_IN).max_encoding_message_size(MOST_OUT),
    )
    .add_service(
        CalendarServiceServer::new(calendar).max_decoding_message_size(MOST_IN).max_encoding_message_size(MOST_OUT),
    )
    .add_service(Feed::new(&store, clock, &writer)))
}
