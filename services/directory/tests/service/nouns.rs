//! The life of each noun.

use kit::testing::request_id;
use proto::directory::v1 as pb;
use tonic::Code;

use crate::hall::{COUNTY, counties, division, halls, person, refused, unit, window};

const ACTIVE: i32 = pb::State::Active as i32;
const INACTIVE: i32 = pb::State::Inactive as i32;

#[tokio::test]
async fn a_division_lives_from_creation_to_deactivation() {
    for hall in halls().await {
        let mut directory = hall.directory();
        let create = pb::CreateDivisionRequest { division: Some(division()), request_id: request_id() };
        let created = directory.create_division(create.clone()).await.expect("created").into_inner();
        assert_eq!(created, pb::Division { state: ACTIVE, etag: "1".into(), ..division() });

        let again = directory.create_division(pb::CreateDivisionRequest { request_id: request_id(), ..create }).await;
        assert_eq!(refused(again), (Code::AlreadyExists, "DIVISION_EXISTS".into()));

        let renamed = pb::Division { display_name_zh: "尉氏".into(), etag: "1".into(), ..division() };
        let update = pb::UpdateDivisionRequest { division: Some(renamed.clone()), request_id: request_id() };
        let updated = directory.update_division(update.clone()).await.expect("updated").into_inner();
        assert_eq!(updated, pb::Division { state: ACTIVE, etag: "2".into(), ..renamed });

        let end = pb::DeactivateDivisionRequest { name: COUNTY.into(), etag: "2".into(), request_id: request_id() };
        let ended = directory.deactivate_division(end.clone()).await.expect("deactivated").into_inner();
        assert_eq!(ended, pb::Division { state: INACTIVE, etag: "3".into(), ..updated });
        let read =
            directory.get_division(pb::GetDivisionRequest { name: COUNTY.into() }).await.expect("read").into_inner();
        assert_eq!(read, ended);

        let inactive = (Code::FailedPrecondition, "DIVISION_INACTIVE".to_owned());
        let end = pb::DeactivateDivisionRequest { request_id: request_id(), ..end };
        assert_eq!(refused(directory.deactivate_division(end).await), inactive);
        let update = pb::UpdateDivisionRequest { request_id: request_id(), ..update };
        assert_eq!(refused(directory.update_division(update).await), inactive);
    }
}

#[tokio::test]
async fn a_unit_lives_from_creation_to_deactivation() {
    for hall in counties().await {
        let mut directory = hall.directory();
        let create = pb::CreateUnitRequest { unit: Some(unit("012")), request_id: request_id() };
        let created = directory.create_unit(create.clone()).await.expect("created").into_inner();
        assert_eq!(created, pb::Unit { state: ACTIVE, etag: "1".into(), ..unit("012") });

        let again = directory.create_unit(pb::CreateUnitRequest { request_id: request_id(), ..create }).await;
        assert_eq!(refused(again), (Code::AlreadyExists, "UNIT_EXISTS".into()));

        let moved = pb::Unit { address: "尉氏县建设路".into(), uscc: String::new(), ..unit("012") };
        let update = pb::UpdateUnitRequest { unit: Some(moved.clone()), request_id: request_id() };
        let updated = directory.update_unit(update.clone()).await.expect("updated").into_inner();
        assert_eq!(updated, pb::Unit { state: ACTIVE, etag: "2".into(), ..moved });

        let end =
            pb::DeactivateUnitRequest { name: updated.name.clone(), etag: String::new(), request_id: request_id() };
        let ended = directory.deactivate_unit(end.clone()).await.expect("deactivated").into_inner();
        assert_eq!(ended, pb::Unit { state: INACTIVE, etag: "3".into(), ..updated });
        let read =
            directory.get_unit(pb::GetUnitRequest { name: ended.name.clone() }).await.expect("read").into_inner();
        assert_eq!(read, ended);

        let inactive = (Code::FailedPrecondition, "UNIT_INACTIVE".to_owned());
        let end = pb::DeactivateUnitRequest { request_id: request_id(), ..end };
        assert_eq!(refused(directory.deactivate_unit(end).await), inactive);
        let update = pb::UpdateUnitRequest { request_id: request_id(), ..update };
        assert_eq!(refused(directory.update_unit(update).await), inactive);
        let create = pb::CreateUnitRequest { unit: Some(unit("012")), request_id: request_id() };
        assert_eq!(refused(directory.create_unit(create).await).1, "UNIT_EXISTS", "a code is never given twice");
    }
}

#[tokio::test]
async fn a_window_lives_from_creation_to_deactivation() {
    for hall in counties().await {
        let mut directory = hall.directory();
        let create = pb::CreateWindowRequest { window: Some(window("C-01")), request_id: request_id() };
        let created = directory.create_window(create.clone()).await.expect("created").into_inner();
        assert_eq!(created, pb::Window { state: ACTIVE, etag: "1".into(), ..window("C-01") });

        let again = directory.create_window(pb::CreateWindowRequest { request_id: request_id(), ..create }).await;
        assert_eq!(refused(again), (Code::AlreadyExists, "WINDOW_EXISTS".into()));

        let moved =
            pb::Window { accepts: false, issues: true, unit: String::new(), floor: "2".into(), ..window("C-01") };
        let update = pb::UpdateWindowRequest { window: Some(moved.clone()), request_id: request_id() };
        let updated = directory.update_window(update.clone()).await.expect("updated").into_inner();
        assert_eq!(updated, pb::Window { state: ACTIVE, etag: "2".into(), ..moved });

        let end =
            pb::DeactivateWindowRequest { name: updated.name.clone(), etag: "2".into(), request_id: request_id() };
        let ended = directory.deactivate_window(end.clone()).await.expect("deactivated").into_inner();
        assert_eq!(ended, pb::Window { state: INACTIVE, etag: "3".into(), ..updated });
        let read =
            directory.get_window(pb::GetWindowRequest { name: ended.name.clone() }).await.expect("read").into_inner();
        assert_eq!(read, ended);

        let inactive = (Code::FailedPrecondition, "WINDOW_INACTIVE".to_owned());
        let end = pb::DeactivateWindowRequest { request_id: request_id(), etag: String::new(), ..end };
        assert_eq!(refused(directory.deactivate_window(end).await), inactive);
        let update = pb::UpdateWindowRequest { request_id: request_id(), ..update };
        assert_eq!(refused(directory.update_window(update).await), inactive);
    }
}

#[tokio::test]
async fn a_person_lives_from_creation_to_deactivation() {
    for hall in counties().await {
        let mut directory = hall.directory();
        let create = pb::CreatePersonRequest { person: Some(person("U001-01")), request_id: request_id() };
        let created = directory.create_person(create.clone()).await.expect("created").into_inner();
        assert_eq!(created, pb::Person { state: ACTIVE, etag: "1".into(), ..person("U001-01") });

        let again = directory.create_person(pb::CreatePersonRequest { request_id: request_id(), ..create }).await;
        assert_eq!(refused(again), (Code::AlreadyExists, "PERSON_EXISTS".into()));

        let promoted = pb::Person {
            rank: pb::Rank::GovernmentHead.into(),
            unit: String::new(),
            window: String::new(),
            title: "副县长".into(),
            ..person("U001-01")
        };
        let update = pb::UpdatePersonRequest { person: Some(promoted.clone()), request_id: request_id() };
        let updated = directory.update_person(update.clone()).await.expect("updated").into_inner();
        assert_eq!(updated, pb::Person { state: ACTIVE, etag: "2".into(), ..promoted });

        let end =
            pb::DeactivatePersonRequest { name: updated.name.clone(), etag: "2".into(), request_id: request_id() };
        let ended = directory.deactivate_person(end.clone()).await.expect("deactivated").into_inner();
        assert_eq!(ended, pb::Person { state: INACTIVE, etag: "3".into(), ..updated });
        let read =
            directory.get_person(pb::GetPersonRequest { name: ended.name.clone() }).await.expect("read").into_inner();
        assert_eq!(read, ended);

        let inactive = (Code::FailedPrecondition, "PERSON_INACTIVE".to_owned());
        let end = pb::DeactivatePersonRequest { request_id: request_id(), ..end };
        assert_eq!(refused(directory.deactivate_person(end).await), inactive);
        let update = pb::UpdatePersonRequest { request_id: request_id(), ..update };
        assert_eq!(refused(directory.update_person(update).await), inactive);
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    for hall in halls().await {
        let mut directory = hall.directory();
        let get = directory.get_division(pb::GetDivisionRequest { name: COUNTY.into() }).await;
        assert_eq!(refused(get), (Code::NotFound, "DIVISION_NOT_FOUND".into()));
        let get = directory.get_unit(pb::GetUnitRequest { name: unit("001").name }).await;
        assert_eq!(refused(get), (Code::NotFound, "UNIT_NOT_FOUND".into()));
        let get = directory.get_window(pb::GetWindowRequest { name: window("A01").name }).await;
        assert_eq!(refused(get), (Code::NotFound, "WINDOW_NOT_FOUND".into()));
        let get = directory.get_person(pb::GetPersonRequest { name: person("P1").name }).await;
        assert_eq!(refused(get), (Code::NotFound, "PERSON_NOT_FOUND".into()));

        let update = pb::UpdateUnitRequest { unit: Some(unit("001")), request_id: request_id() };
        assert_eq!(refused(directory.update_unit(update).await), (Code::NotFound, "UNIT_NOT_FOUND".into()));
        let end =
            pb::DeactivatePersonRequest { name: person("P1").name, request_id: request_id(), ..Default::default() };
        assert_eq!(refused(directory.deactivate_person(end).await), (Code::NotFound, "PERSON_NOT_FOUND".into()));
        assert!(hall.events().await.is_empty(), "a refusal leaves no trace");
    }
}

#[tokio::test]
async fn a_stale_etag_is_aborted() {
    for hall in counties().await {
        let mut directory = hall.directory();
        let stale = (Code::Aborted, "ETAG_STALE".to_owned());
        let update = |etag: &str, address: &str| pb::UpdateUnitRequest {
            unit: Some(pb::Unit { etag: etag.into(), address: address.into(), ..unit("001") }),
            request_id: request_id(),
        };
        directory.update_unit(update("1", "甲路")).await.expect("the etag that was read");
        assert_eq!(refused(directory.update_unit(update("1", "乙路")).await), stale);
        assert_eq!(refused(directory.update_unit(update("3", "乙路")).await), stale);
        assert_eq!(refused(directory.update_unit(update("02", "乙路")).await), stale);
        assert_eq!(refused(directory.update_unit(update("\u{202e}", "乙路")).await), stale);
        let end = |etag: &str| pb::DeactivateUnitRequest {
            name: unit("001").name,
            etag: etag.into(),
            request_id: request_id(),
        };
        assert_eq!(refused(directory.deactivate_unit(end("1")).await), stale);
        directory.deactivate_unit(end("2")).await.expect("the etag that stands");
    }
}
