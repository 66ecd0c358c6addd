//! Roster: who of the units' leadership is on duty at the centre, who staffs its windows, and how it went.
//!
//! A request is parsed and rendered in [`rpc`], decided by the nouns of [`domain`], kept by [`store`]. What time brings is
//! done by [`sweep`]; the directory is known by crate `mirror`. [`office`] is what all of them work with. [`open`] puts
//! them together.

pub mod domain;
pub mod office;
pub mod rpc;
pub mod store;
pub mod sweep;

use kit::{
    admit::{self, Place},
    clock::Clock,
    config::Config,
    keys::Keys,
    peer::Peer,
    serve::{MOST_IN, MOST_OUT, OpenError},
    store::{Log, Store, Writer, feed::Feed, follow},
};
use mirror::FollowDirectory;
use office::Office;
use proto::roster::v1::{
    attendance_service_server::AttendanceServiceServer, circular_service_server::CircularServiceServer,
    roster_service_server::RosterServiceServer, staffing_service_server::StaffingServiceServer,
};
use tonic::service::Routes;

/// The service's name.
pub const NAME: &str = "roster";

/// Opens the service on its database; `directory` is whom it follows.
pub async fn open(config: &Config, clock: &Clock, directory: Peer) -> Result<Routes, OpenError> {
    let store = Store::open::<migrations::roster::Migrator>(NAME, &config.database(NAME)).await?;
    config.opened.add(&store);
    let keys = Keys::open(&config.key_file())?;
    let writer = Writer::open(&store, clock, &keys);
    let log = Log::open(config, &store, clock, &keys);
    let office = Office::open(store.clone(), writer.clone(), clock.clone(), keys).await?;
    let learning = office.clone();
    let learned = move || {
        let office = learning.clone();
        async move { office.refresh().await }
    };
    follow(&store, "directory", directory.acting(NAME), FollowDirectory(learned));
    config.opened.spawn(sweep::run(office.clone(), clock.actor()));

    let roster = RosterServiceServer::new(rpc::roster::Rosters(office.clone()));
    let attendance = AttendanceServiceServer::new(rpc::attendance::Attendances(office.clone()));
    let staffing = StaffingServiceServer::new(rpc::staffing::Staffings(office.clone()));
    let circulars = CircularServiceServer::new(rpc::circular::Circulars(office));
    let routes = Routes::new(roster.max_decoding_message_size(MOST_IN).max_encoding_message_size(MOST_OUT))
        .add_service(attendance.max_decoding_message_size(MOST_IN).max_encoding_message_size(MOST_OUT))
        .add_service(staffing.max_decoding_message_size(MOST_IN).max_encoding_message_size(MOST_OUT))
        .add_service(circulars.max_decoding_message_size(MOST_IN).max_encoding_message_size(MOST_OUT))
        .add_service(Feed::new(&store, clock, &writer))
        .add_service(log.service());
    Ok(admit::guard(routes, Place::of))
}
