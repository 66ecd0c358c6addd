//! Many nouns at once: all or none.

use kit::testing::request_id;
use proto::directory::v1 as pb;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::hall::{COUNTY, Hall, counties, division, halls, person, places, sheet, unit, window};

fn counts(created: i32, updated: i32, unchanged: i32) -> pb::ImportDirectoryResponse {
    pb::ImportDirectoryResponse { created, updated, unchanged }
}

async fn import(hall: &Hall, request: pb::ImportDirectoryRequest) -> Result<pb::ImportDirectoryResponse, Status> {
    hall.directory().import_directory(request).await.map(tonic::Response::into_inner)
}

/// Checks the reason and the places of a refused import, and that it left no trace.
async fn refused(hall: &Hall, request: pb::ImportDirectoryRequest, reason: &str, fields: &[&str]) {
    let before = hall.events().await;
    for validate_only in [true, false] {
        let status =
            import(hall, pb::ImportDirectoryRequest { validate_only, ..request.clone() }).await.expect_err(reason);
        assert_eq!(kit::status::reason(&status), reason);
        assert_eq!(places(&status), fields);
        assert_ne!(status.code(), Code::Internal);
    }
    assert_eq!(hall.events().await, before);
}

fn whole() -> pb::ImportDirectoryRequest {
    pb::ImportDirectoryRequest {
        division: Some(division()),
        units: vec![unit("001"), unit("002")],
        windows: vec![window("A01"), pb::Window { accepts: false, issues: true, ..window("B01") }],
        people: vec![person("U001-01"), person("U001-02")],
        ..sheet()
    }
}

#[tokio::test]
async fn a_county_is_imported_whole_and_rows_may_name_rows() {
    for hall in halls().await {
        let request = whole();
        assert_eq!(
            import(&hall, pb::ImportDirectoryRequest { validate_only: true, ..request.clone() }).await.expect("valid"),
            counts(7, 0, 0)
        );
        assert!(hall.events().await.is_empty(), "checked only");
        assert_eq!(import(&hall, request).await.expect("imported"), counts(7, 0, 0));
        let read = hall
            .directory()
            .get_person(pb::GetPersonRequest { name: person("U001-02").name })
            .await
            .expect("read")
            .into_inner();
        assert_eq!(read, pb::Person { state: pb::State::Active.into(), etag: "1".into(), ..person("U001-02") });
    }
}

#[tokio::test]
async fn what_is_unchanged_is_counted_and_makes_no_entry() {
    for hall in halls().await {
        import(&hall, whole()).await.expect("imported");
        let before = hall.events().await.len();
        let mut request = whole();
        request.people[1].title = "政委".into();
        request.units.push(unit("003"));
        assert_eq!(import(&hall, request).await.expect("imported"), counts(1, 1, 6));
        assert_eq!(hall.events().await[before..], ["unit.created", "person.updated", "directory.imported"]);
    }
}

#[tokio::test]
async fn a_repeated_import_is_answered_with_the_first_counts() {
    for hall in halls().await {
        let request = whole();
        import(&hall, request.clone()).await.expect("imported");
        let before = hall.events().await;
        assert_eq!(import(&hall, request.clone()).await.expect("answered again"), counts(7, 0, 0));
        assert_eq!(hall.events().await, before);
        let other = pb::ImportDirectoryRequest { people: vec![], ..request };
        let status = import(&hall, other).await.expect_err("another request");
        assert_eq!(kit::status::reason(&status), "REQUEST_ID_REUSED");
    }
}

#[tokio::test]
async fn every_fault_of_every_row_is_named_and_nothing_is_imported() {
    for hall in halls().await {
        let mut request = whole();
        request.units[1].uscc = "11410223005380613H".into();
        request.units.push(unit("001"));
        request.windows[0].issues = true;
        request.windows.push(pb::Window { unit: format!("{COUNTY}/units/999"), ..window("C01") });
        request.people[0].rank = 0;
        request.people[1].window = format!("{COUNTY}/windows/Z99");
        request.people.push(pb::Person {
            name: "divisions/410224/people/P1".into(),
            unit: String::new(),
            window: String::new(),
            ..person("P1")
        });
        let fields = [
            "units[1].uscc",
            "units[2].name",
            "windows[0].issues",
            "people[0].rank",
            "people[2].name",
            "windows[2].unit",
            "people[1].window",
        ];
        refused(&hall, request, "FIELD_INVALID", &fields).await;
        let get = hall.directory().get_division(pb::GetDivisionRequest { name: COUNTY.into() }).await;
        assert_eq!(get.expect_err("nothing").code(), Code::NotFound);
    }
}

#[tokio::test]
async fn one_bad_row_among_a_thousand_is_found() {
    for hall in halls().await {
        let mut request = whole();
        request.people = (0..1_000).map(|i| person(&format!("P{i}"))).collect();
        request.people[777].unit = format!("{COUNTY}/units/998");
        request.people[888].unit = format!("{COUNTY}/units/999");
        refused(&hall, request, "UNIT_NOT_FOUND", &["people[777].unit", "people[888].unit"]).await;
    }
}

#[tokio::test]
async fn a_missing_division_unit_or_window_is_told_by_its_reason() {
    for hall in halls().await {
        refused(&hall, pb::ImportDirectoryRequest { division: None, ..whole() }, "DIVISION_NOT_FOUND", &["parent"])
            .await;
        let mut request = whole();
        request.windows.clear();
        request.people.truncate(1);
        refused(&hall, request, "WINDOW_NOT_FOUND", &["people[0].window"]).await;
    }
}

#[tokio::test]
async fn a_deactivated_noun_is_not_revived_and_not_named_anew() {
    for hall in counties().await {
        let end = pb::DeactivateUnitRequest { name: unit("002").name, request_id: request_id(), ..Default::default() };
        hall.directory().deactivate_unit(end).await.expect("deactivated");
        let request = pb::ImportDirectoryRequest { units: vec![unit("002")], ..sheet() };
        refused(&hall, request, "UNIT_INACTIVE", &["units[0].name"]).await;
        let named = pb::Window { unit: unit("002").name, ..window("C01") };
        let request = pb::ImportDirectoryRequest { windows: vec![named], ..sheet() };
        refused(&hall, request, "UNIT_INACTIVE", &["windows[0].unit"]).await;
    }
}

#[tokio::test]
async fn a_stale_row_is_refused() {
    for hall in counties().await {
        let row = |etag: &str, phone: &str| pb::Unit { etag: etag.into(), phone: phone.into(), ..unit("001") };
        let request = pb::ImportDirectoryRequest { units: vec![row("1", "1")], ..sheet() };
        assert_eq!(import(&hall, request).await.expect("the version that stands"), counts(0, 1, 0));
        let request = pb::ImportDirectoryRequest { units: vec![unit("002"), row("1", "2")], ..sheet() };
        refused(&hall, request, "ETAG_STALE", &["units[1].name"]).await;
    }
}

#[tokio::test]
async fn two_thousand_rows_are_taken_and_one_more_is_not() {
    for hall in counties().await {
        let people: Vec<_> = (0..2_001).map(|i| person(&format!("P{i}"))).collect();
        let request = pb::ImportDirectoryRequest { people: people.clone(), ..sheet() };
        refused(&hall, request, "FIELD_INVALID", &["people"]).await;
        let request =
            pb::ImportDirectoryRequest { units: vec![unit("001")], people: people[..2_000].to_vec(), ..sheet() };
        refused(&hall, request, "FIELD_INVALID", &["people"]).await;
        let request = pb::ImportDirectoryRequest { people: people[..2_000].to_vec(), ..sheet() };
        assert_eq!(import(&hall, request).await.expect("imported"), counts(2_000, 0, 0));
        let seqs: Vec<_> = hall.journal("410223").await.into_iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, (1..=2_007).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn faults_without_number_are_told_as_far_as_an_answer_carries() {
    for hall in counties().await {
        let nobody = |_| pb::Person {
            display_name: "张".repeat(51),
            unit: "x".repeat(300),
            window: "y".into(),
            rank: 9,
            ..person("p")
        };
        let request = pb::ImportDirectoryRequest { people: (0..2_000).map(nobody).collect(), ..sheet() };
        let status = import(&hall, request).await.expect_err("ten thousand faults");
        assert_eq!((status.code(), kit::status::reason(&status).as_str()), (Code::InvalidArgument, "FIELD_INVALID"));
        let places = places(&status);
        assert!((20..100).contains(&places.len()), "{}", places.len());
        assert_eq!(places[0], "people[0].name");
        assert_eq!(status.get_details_error_info().expect("the reason").metadata["faults"], "100");
        assert!((status.details().len() + status.message().len()) * 4 / 3 < 8 << 10, "gRPC's own libraries take 8 KiB");
    }
}

#[tokio::test]
async fn a_bad_import_is_refused_with_its_field() {
    for hall in counties().await {
        let other = pb::Division { name: "divisions/410224".into(), ..division() };
        let cases = [
            (pb::ImportDirectoryRequest { parent: String::new(), ..sheet() }, "parent"),
            (pb::ImportDirectoryRequest { parent: "divisions/41022".into(), ..sheet() }, "parent"),
            (pb::ImportDirectoryRequest { parent: format!("{COUNTY}/units/001"), ..sheet() }, "parent"),
            (pb::ImportDirectoryRequest { request_id: "x".into(), ..sheet() }, "request_id"),
            (pb::ImportDirectoryRequest { request_id: String::new(), ..whole() }, "request_id"),
            (pb::ImportDirectoryRequest { division: Some(other), ..sheet() }, "division.name"),
            (
                pb::ImportDirectoryRequest {
                    division: Some(pb::Division { name: String::new(), ..division() }),
                    ..sheet()
                },
                "division.name",
            ),
            (
                pb::ImportDirectoryRequest { units: vec![pb::Unit { kind: 0, ..unit("007") }], ..sheet() },
                "units[0].kind",
            ),
            (pb::ImportDirectoryRequest { units: vec![unit("01")], ..sheet() }, "units[0].name"),
            (pb::ImportDirectoryRequest { windows: vec![window("a01")], ..sheet() }, "windows[0].name"),
            (pb::ImportDirectoryRequest { windows: vec![window("A01"), window("A01")], ..sheet() }, "windows[1].name"),
            (
                pb::ImportDirectoryRequest {
                    people: vec![pb::Person { phone: "\u{0}".into(), ..person("P") }],
                    ..sheet()
                },
                "people[0].phone",
            ),
        ];
        for (request, field) in cases {
            refused(&hall, request, "FIELD_INVALID", &[field]).await;
        }
        let national = pb::ImportDirectoryRequest { parent: "divisions/000000".into(), ..sheet() };
        let status = import(&hall, national).await.expect_err("national");
        assert_eq!(status.code(), Code::NotFound, "there is no such division, and there cannot be");
    }
}
