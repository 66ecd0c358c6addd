//! A request that is sent again.

use kit::{peer::Peer, testing::request_id};
use proto::directory::v1::{self as pb, directory_service_client::DirectoryServiceClient};
use tonic::Code;

use crate::{
    credentials::{by, operator},
    hall::{Hall, counties, refused, unit, window},
};

#[tokio::test]
async fn a_repeated_request_is_answered_again_and_changes_nothing() {
    for hall in counties().await {
        let mut directory = hall.directory();
        let create = pb::CreateUnitRequest { unit: Some(unit("012")), request_id: request_id() };
        let first = directory.create_unit(create.clone()).await.expect("created").into_inner();
        let again = directory.create_unit(create.clone()).await.expect("answered again").into_inner();
        assert_eq!(first, again);

        let update = pb::UpdateUnitRequest {
            unit: Some(pb::Unit { phone: "12345".into(), ..unit("012") }),
            request_id: request_id(),
        };
        let updated = directory.update_unit(update.clone()).await.expect("updated").into_inner();
        assert_eq!(directory.update_unit(update).await.expect("answered again").into_inner(), updated);
        let late = directory.create_unit(create).await.expect("as it now stands").into_inner();
        assert_eq!(late, updated);

        let end = pb::DeactivateUnitRequest { name: unit("012").name, request_id: request_id(), ..Default::default() };
        let ended = directory.deactivate_unit(end.clone()).await.expect("deactivated").into_inner();
        assert_eq!(directory.deactivate_unit(end).await.expect("answered again").into_inner(), ended);

        let events = hall.events().await;
        assert_eq!(events[events.len() - 3..], ["unit.created", "unit.updated", "unit.deactivated"]);
        assert_eq!(events.iter().filter(|event| *event == "unit.created").count(), 3);
    }
}

#[tokio::test]
async fn a_request_id_is_not_used_for_another_request() {
    for hall in counties().await {
        let mut directory = hall.directory();
        let create = pb::CreateUnitRequest { unit: Some(unit("012")), request_id: request_id() };
        directory.create_unit(create.clone()).await.expect("created");
        let reused = (Code::InvalidArgument, "REQUEST_ID_REUSED".to_owned());

        let other = pb::CreateUnitRequest { unit: Some(unit("013")), ..create.clone() };
        assert_eq!(refused(directory.create_unit(other).await), reused, "another unit");
        let other = pb::UpdateUnitRequest { unit: create.unit.clone(), request_id: create.request_id.clone() };
        assert_eq!(refused(directory.update_unit(other).await), reused, "another call with the same fields");
        let other = pb::CreateWindowRequest { window: Some(window("C01")), request_id: create.request_id };
        assert_eq!(refused(directory.create_window(other).await), reused, "another noun");
    }
}

#[tokio::test]
async fn a_refusal_is_not_remembered() {
    for hall in counties().await {
        let mut directory = hall.directory();
        let create = pb::CreateWindowRequest {
            window: Some(pb::Window { unit: unit("012").name, ..window("C01") }),
            request_id: request_id(),
        };
        assert_eq!(refused(directory.create_window(create.clone()).await).1, "UNIT_NOT_FOUND");
        let unit = pb::CreateUnitRequest { unit: Some(unit("012")), request_id: request_id() };
        directory.create_unit(unit).await.expect("created");
        directory.create_window(create).await.expect("the same request, now that the unit is there");
    }
}

#[tokio::test]
async fn requests_sent_at_the_same_time_are_done_once() {
    for hall in counties().await {
        let create = pb::CreateUnitRequest { unit: Some(unit("012")), request_id: request_id() };
        let calls = (0..32).map(|_| {
            let (mut directory, create) = (hall.directory(), create.clone());
            tokio::spawn(async move { directory.create_unit(create).await })
        });
        for call in calls.collect::<Vec<_>>() {
            let answer = call.await.expect("no panic").expect("every one is answered").into_inner();
            assert_eq!(answer.etag, "1");
        }
        assert_eq!(hall.events().await.iter().filter(|event| *event == "unit.created").count(), 3);
    }
}

#[tokio::test]
async fn a_repeated_request_is_known_after_a_restart() {
    for hall in counties().await {
        let create = pb::CreateUnitRequest { unit: Some(unit("012")), request_id: request_id() };
        let first = hall.directory().create_unit(create.clone()).await.expect("created").into_inner();
        let Hall { database, peer } = hall;
        drop(peer);
        let hall = Hall::open(database).await;
        assert_eq!(hall.directory().create_unit(create).await.expect("answered again").into_inner(), first);
    }
}

#[tokio::test]
async fn a_peer_in_the_same_process_is_answered_the_same() {
    for database in kit::testing::databases() {
        let config = database.config(&["directory"]).await;
        let routes = directory::open(&config, &kit::testing::clock("2026-02-09T09:00")).await.expect("opens");
        let mut directory = DirectoryServiceClient::new(Peer::in_process(routes));
        let create = pb::CreateDivisionRequest { division: Some(crate::hall::division()), request_id: request_id() };
        directory.create_division(by(&operator(), create.clone())).await.expect("created");
        let again = pb::CreateDivisionRequest { request_id: request_id(), ..create };
        assert_eq!(
            refused(directory.create_division(by(&operator(), again)).await),
            (Code::AlreadyExists, "DIVISION_EXISTS".into())
        );
    }
}

#[tokio::test]
async fn replicas_may_open_at_the_same_time() {
    for database in kit::testing::databases() {
        let config = database.config(&["directory"]).await;
        let clock = kit::testing::clock("2026-02-09T09:00");
        kit::keys::Keys::open(&config.key_file()).expect("the key that replicas share");
        let opening = (0..4).map(|_| {
            let (config, clock) = (config.clone(), clock.clone());
            tokio::spawn(
                async move { directory::open(&config, &clock).await.map(drop).map_err(|error| error.to_string()) },
            )
        });
        for opened in opening.collect::<Vec<_>>() {
            assert_eq!(opened.await.expect("no panic"), Ok(()));
        }
    }
}
