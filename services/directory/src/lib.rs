//! Who there is and where: divisions, units, windows, people; and the holiday notices that every clock counts by.
//!
//! A request is read whole and every fault of it named ([`rpc`]), decided on the nouns that it names ([`domain`]), and
//! committed with one entry in the division's journal for each noun changed ([`store`], on kit's one mechanism). Other
//! services follow that journal and check their references against it. The calendar is kept in memory and counted by the
//! `calendar` crate; the notices built into it are the first entries of the national journal.
//!
//! It also owns what callers are known by: terminals, passwords, other systems, and the keys that tokens are signed with.

use kit::{
    admit::{self, Place},
    clock::Clock,
    config::Config,
    keys::Keys,
    pki::Authority,
    serve::{MOST_IN, MOST_OUT, OpenError},
    store::{Log, Store, Writer, feed::Feed},
};
use proto::directory::v1::{
    calendar_service_server::CalendarServiceServer, credential_service_server::CredentialServiceServer,
    directory_service_server::DirectoryServiceServer,
};
use tonic::service::Routes;

mod domain;
mod hashing;
mod rpc;
mod store;
mod tries;

const NAME: &str = "directory";

/// Opens the service on its database: DirectoryService, CalendarService, CredentialService and its JournalService.
pub async fn open(config: &Config, clock: &Clock) -> Result<Routes, OpenError> {
    let store = Store::open::<migrations::directory::Migrator>(NAME, &config.database(NAME)).await?;
    config.opened.add(&store);
    let keys = Keys::open(&config.key_file())?.sealing(config.cipher);
    let writer = Writer::open(&store, clock, &keys);
    let log = Log::open(config, &store, clock, &keys);

    let calendar = rpc::calendar::Calendars::open(&store, &writer, clock).await?;
    let directory = rpc::directory::Directory::open(&store, &writer, &keys);
    // Made here where the program has not made it before.
    let authority = Authority::open(&config.pki())?;
    let credentials = rpc::credential::Credentials::open(&store, &writer, &keys, authority).await?;
    let directory = DirectoryServiceServer::new(directory);
    let calendar = CalendarServiceServer::new(calendar);
    let credentials = CredentialServiceServer::new(credentials);
    let routes = Routes::new(directory.max_decoding_message_size(MOST_IN).max_encoding_message_size(MOST_OUT))
        .add_service(calendar.max_decoding_message_size(MOST_IN).max_encoding_message_size(MOST_OUT))
        .add_service(credentials.max_decoding_message_size(MOST_IN).max_encoding_message_size(MOST_OUT))
        .add_service(Feed::new(&store, clock, &writer))
        .add_service(log.service());
    Ok(admit::guard(routes, Place::of))
}
