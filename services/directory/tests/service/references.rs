//! How the nouns name each other.

use kit::testing::request_id;
use proto::directory::v1 as pb;
use tonic::Code;

use crate::hall::{COUNTY, Hall, counties, division, halls, person, places, refused, unit, window};

async fn deactivate_unit(hall: &Hall, code: &str) {
    let end = pb::DeactivateUnitRequest { name: unit(code).name, etag: String::new(), request_id: request_id() };
    hall.directory().deactivate_unit(end).await.expect("a unit may always be deactivated");
}

fn create_window(window: pb::Window) -> pb::CreateWindowRequest {
    pb::CreateWindowRequest { window: Some(window), request_id: request_id() }
}

fn create_person(person: pb::Person) -> pb::CreatePersonRequest {
    pb::CreatePersonRequest { person: Some(person), request_id: request_id() }
}

#[tokio::test]
async fn a_unit_is_created_in_a_division_that_is_there_and_active() {
    for hall in halls().await {
        let mut directory = hall.directory();
        let create = || pb::CreateUnitRequest { unit: Some(unit("001")), request_id: request_id() };
        let status = directory.create_unit(create()).await.expect_err("no division");
        assert_eq!((status.code(), kit::status::reason(&status)), (Code::NotFound, "DIVISION_NOT_FOUND".into()));
        assert_eq!(places(&status), ["unit.name"]);

        let found = pb::CreateDivisionRequest { division: Some(division()), request_id: request_id() };
        directory.create_division(found).await.expect("a division");
        directory.create_unit(create()).await.expect("a unit");

        let end = pb::DeactivateDivisionRequest { name: COUNTY.into(), request_id: request_id(), ..Default::default() };
        directory.deactivate_division(end).await.expect("deactivated");
        let create = pb::CreateUnitRequest { unit: Some(unit("002")), request_id: request_id() };
        assert_eq!(
            refused(directory.create_unit(create).await),
            (Code::FailedPrecondition, "DIVISION_INACTIVE".into())
        );
    }
}

#[tokio::test]
async fn a_window_names_a_unit_that_is_there_and_active() {
    for hall in counties().await {
        let mut directory = hall.directory();
        let of_unit = |code: &str, unit: &str| pb::Window { unit: format!("{COUNTY}/units/{unit}"), ..window(code) };
        let status = directory.create_window(create_window(of_unit("C01", "999"))).await.expect_err("no unit");
        assert_eq!((status.code(), kit::status::reason(&status)), (Code::NotFound, "UNIT_NOT_FOUND".into()));
        assert_eq!(places(&status), ["window.unit"]);

        deactivate_unit(&hall, "002").await;
        let create = directory.create_window(create_window(of_unit("C01", "002"))).await;
        assert_eq!(refused(create), (Code::FailedPrecondition, "UNIT_INACTIVE".into()));
        let update = pb::UpdateWindowRequest { window: Some(of_unit("A01", "002")), request_id: request_id() };
        assert_eq!(refused(directory.update_window(update).await), (Code::FailedPrecondition, "UNIT_INACTIVE".into()));
        directory
            .create_window(create_window(pb::Window { unit: String::new(), ..window("C01") }))
            .await
            .expect("the centre's own");
    }
}

#[tokio::test]
async fn a_person_names_a_unit_and_a_window_that_are_there_and_active() {
    for hall in counties().await {
        let mut directory = hall.directory();
        let nowhere = pb::Person { unit: format!("{COUNTY}/units/999"), ..person("P1") };
        let create = directory.create_person(create_person(nowhere)).await;
        assert_eq!(refused(create), (Code::NotFound, "UNIT_NOT_FOUND".into()));
        let nowhere = pb::Person { window: format!("{COUNTY}/windows/Z99"), ..person("P1") };
        let status = directory.create_person(create_person(nowhere)).await.expect_err("no window");
        assert_eq!((status.code(), kit::status::reason(&status)), (Code::NotFound, "WINDOW_NOT_FOUND".into()));
        assert_eq!(places(&status), ["person.window"]);

        let end =
            pb::DeactivateWindowRequest { name: window("A01").name, request_id: request_id(), ..Default::default() };
        directory.deactivate_window(end).await.expect("deactivated");
        let create = directory.create_person(create_person(person("P1"))).await;
        assert_eq!(refused(create), (Code::FailedPrecondition, "WINDOW_INACTIVE".into()));
        let standing = pb::Person { window: String::new(), ..person("P1") };
        directory.create_person(create_person(standing.clone())).await.expect("a person without a window");
        let update = pb::UpdatePersonRequest { person: Some(person("P1")), request_id: request_id() };
        assert_eq!(
            refused(directory.update_person(update).await),
            (Code::FailedPrecondition, "WINDOW_INACTIVE".into())
        );
    }
}

#[tokio::test]
async fn what_was_named_before_it_was_deactivated_may_be_named_on() {
    for hall in counties().await {
        let mut directory = hall.directory();
        deactivate_unit(&hall, "001").await;
        let upstairs = pb::Window { floor: "2".into(), ..window("A01") };
        let update = pb::UpdateWindowRequest { window: Some(upstairs), request_id: request_id() };
        let window = directory.update_window(update).await.expect("its windows stay, and can be mended").into_inner();
        assert_eq!((window.state(), window.floor.as_str()), (pb::State::Active, "2"));
    }
}

#[tokio::test]
async fn a_window_never_both_accepts_and_issues() {
    for hall in counties().await {
        let mut directory = hall.directory();
        let both = || pb::Window { accepts: true, issues: true, ..window("C01") };
        let status = directory.create_window(create_window(both())).await.expect_err("both");
        assert_eq!((status.code(), places(&status)), (Code::InvalidArgument, vec!["window.issues".to_owned()]));
        let update = pb::UpdateWindowRequest {
            window: Some(pb::Window { name: window("A01").name, ..both() }),
            request_id: request_id(),
        };
        assert_eq!(refused(directory.update_window(update).await), (Code::InvalidArgument, "FIELD_INVALID".into()));
    }
}
