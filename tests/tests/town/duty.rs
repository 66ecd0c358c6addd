//! What the roster needs of a centre: people of its own, leaders who take turns, a window where duty is signed.

use kit::keyring::Keyring;
use proto::directory::v1::{
    ImportDirectoryRequest, Person, Rank, Window, directory_service_client::DirectoryServiceClient,
};

use crate::house::centre::{Centre, UNITS, request_id};

/// People of the centre itself: one drafts, the other issues.
pub const MANAGERS: [&str; 2] = ["M1", "M2"];
/// The window of the posts.
pub const DESK: &str = "D01";

/// With the heads that are there, three leaders in each unit.
pub async fn furnish(ring: &Keyring, centre: &Centre) {
    let person = |code: &str, unit: &str, rank: Rank| Person {
        name: centre.of("people", code),
        display_name: "某某".into(),
        unit: if unit.is_empty() { String::new() } else { centre.of("units", unit) },
        rank: rank.into(),
        ..Default::default()
    };
    let leaders = UNITS.iter().flat_map(|unit| {
        [person(&format!("D{unit}"), unit, Rank::Deputy), person(&format!("P{unit}"), unit, Rank::PartyMember)]
    });
    let managers = MANAGERS.iter().map(|code| person(code, "", Rank::Staff));
    let desk = Window {
        name: centre.of("windows", DESK),
        display_name_zh: "值班台".into(),
        accepts: true,
        ..Default::default()
    };
    let import = ImportDirectoryRequest {
        parent: centre.name(),
        windows: vec![desk],
        people: managers.chain(leaders).collect(),
        request_id: request_id(),
        ..Default::default()
    };
    DirectoryServiceClient::new(ring.clone()).import_directory(import).await.expect("imported");
}
