//! The one supplement notice (行政许可法 art. 32(4), 72(4)).

use proto::intake::v1::{self as pb, CaseState};

use crate::hall::*;

#[tokio::test]
async fn a_second_supplement_list_is_refused() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").receives(FOOD).await;
    let case = hall.ask(&case, &["M2"]).await.expect("asked");
    assert_eq!(case.state(), CaseState::SupplementPending);
    assert_eq!(refused(hall.ask(&case, &["M1"]).await), "SUPPLEMENT_ALREADY_ASKED");
    hall.bring(&case, &["M2"]).await.expect("brought");
    assert_eq!(refused(hall.ask(&case, &["M1"]).await), "SUPPLEMENT_ALREADY_ASKED", "nor after it was met");
    hall.accept(&case).await.expect("accepted");
}

#[tokio::test]
async fn what_is_asked_for_must_be_a_material_of_the_item_and_told_once() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").receives(FOOD).await;
    assert_eq!(refused(hall.ask(&case, &["M1", "M9"]).await), "MATERIAL_UNKNOWN");
    assert_eq!(refused(hall.ask(&case, &[]).await), "FIELD_INVALID");
    assert_eq!(refused(hall.ask(&case, &["M1", "M1"]).await), "FIELD_INVALID");
    hall.accept(&case).await.expect("accepted");
    assert_eq!(
        refused(hall.ask(&case, &["M1"]).await),
        "CASE_STATE",
        "chasing documents after acceptance stops nothing"
    );
}

#[tokio::test]
async fn a_partial_supplement_stays_pending_and_a_complete_one_starts_the_five_days_anew() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let bare = pb::ReceiveCaseRequest { materials: vec![], ..receipt("A01", FOOD) };
        let case = hall.receive(bare).await.expect("received");
        let case = hall.ask(&case, &["M1", "M2"]).await.expect("asked");
        assert!(case.intake_clock.is_none());

        hall.pass_to("2026-06-04T09:00").await;
        let case = hall.bring(&case, &["M1"]).await.expect("brought");
        assert_eq!(case.state(), CaseState::SupplementPending);
        let met: Vec<_> = case.supplement.as_ref().expect("asked").demands.iter().map(|demand| demand.met).collect();
        assert_eq!(met, [true, false]);
        assert_eq!(refused(hall.accept(&case).await), "CASE_STATE");
        assert_eq!(refused(hall.bring(&case, &["M3"]).await), "MATERIAL_NOT_ASKED");

        hall.pass_to("2026-06-05T09:00").await;
        let case = hall.bring(&case, &["M2"]).await.expect("brought");
        assert_eq!(case.state(), CaseState::Received);
        let clock = case.intake_clock.as_ref().expect("runs");
        assert_eq!((clock.from.as_str(), clock.due_on.as_str()), ("2026-06-05", "2026-06-12"));
        assert!(case.supplement.as_ref().expect("asked").supplemented_at.is_some());

        // Silence then counts from the day that everything was there.
        hall.pass_to("2026-06-13T00:00").await;
        let case = hall.case(&case).await;
        assert_eq!((case.deemed_accepted, case.accepted_on.as_str()), (true, "2026-06-05"));
    })
    .await;
}

#[tokio::test]
async fn what_was_not_handed_in_meets_no_demand() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").receives(FOOD).await;
    let case = hall.ask(&case, &["M2"]).await.expect("asked");
    let empty = pb::TickedMaterial { code: "M2".into(), originals: 0, copies: 0 };
    let request = pb::SupplementCaseRequest {
        name: case.name.clone(),
        window: case.received_window.clone(),
        clerk: case.received_by.clone(),
        materials: vec![empty],
        etag: String::new(),
        request_id: kit::testing::request_id(),
    };
    let case = hall.cases().supplement_case(request).await.expect("taken").into_inner();
    assert_eq!(case.state(), CaseState::SupplementPending);
}

#[tokio::test]
async fn an_application_that_is_not_supplemented_lapses_after_the_items_limit() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let case = hall.window("A01").receives(FOOD).await;
        let case = hall.ask(&case, &["M2"]).await.expect("asked");
        assert_eq!(case.supplement.as_ref().expect("asked").due_on, "2026-06-23");
        hall.pass_to("2026-06-23T23:59:59").await;
        assert_eq!(hall.case(&case).await.state(), CaseState::SupplementPending);
        hall.pass_to("2026-06-24T00:00").await;
        let case = hall.case(&case).await;
        let ending = case.ending.as_ref().expect("ended");
        assert_eq!((case.state(), ending.kind.as_str(), ending.by.as_str()), (CaseState::Lapsed, "LAPSED", "system"));
        assert_eq!(ending.ended_at.as_ref(), Some(&kit::testing::moment("2026-06-24T00:00").timestamp()));
        assert_eq!(hall.events(&case).await, ["case.received", "case.supplement_asked", "case.lapsed"]);
        assert_eq!(refused(hall.bring(&case, &["M2"]).await), "CASE_STATE");
    })
    .await;
}

#[tokio::test]
async fn an_item_without_a_supplement_limit_waits_for_ever() {
    let hall = Hall::open("2026-06-01T09:00").await;
    hall.revises_item(FOOD, pb::ItemText { supplement_days: 0, ..food_text() }, "").await.expect("revised");
    let case = hall.window("A01").receives(FOOD).await;
    let case = hall.ask(&case, &["M2"]).await.expect("asked");
    assert_eq!(case.supplement.as_ref().expect("asked").due_on, "");
    hall.pass_to("2026-12-31T09:00").await;
    assert_eq!(hall.bring(&case, &["M2"]).await.expect("brought").state(), CaseState::Received);
}
