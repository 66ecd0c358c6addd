//! Bad input names its field and changes nothing.

use kit::testing::request_id;
use proto::roster::v1 as pb;
use tonic::Code;
use tonic_types::StatusExt;

use crate::hall::*;

fn fields(status: &tonic::Status) -> Vec<String> {
    let wrong = status.get_details_bad_request().map(|wrong| wrong.field_violations).unwrap_or_default();
    wrong.into_iter().map(|wrong| wrong.field).collect()
}

#[tokio::test]
async fn each_wrong_rule_is_named_all_at_once() {
    let hall = Hall::open("2016-02-22T09:00").await;
    let before = hall.events().await.len();
    let wrong = pb::DutyRules {
        posts: vec![
            pb::Post { code: "hall".into(), seats: 0, window: "windows/D01".into(), ..rules().posts[0].clone() },
            pb::Post { title_zh: String::new(), halves: vec![9], ..rules().posts[0].clone() },
        ],
        morning: Some(pb::Hours { first: "12:00".into(), last: "8:30".into() }),
        units: vec![name("units", "999")],
        eligible_ranks: vec![4],
        unit_half_days_per_week: 11,
        fairness: 0,
        absent_minutes: 15,
        late_minutes: 15,
        document_prefix: String::new(),
        ..rules()
    };
    let status = hall.sets_rules(wrong).await.expect_err("wrong");
    assert_eq!(status.code(), Code::InvalidArgument);
    let fields = fields(&status);
    for field in [
        "rules.posts[0].code",
        "rules.posts[0].seats",
        "rules.posts[0].window",
        "rules.posts[1].title_zh",
        "rules.posts[1].halves",
        "rules.morning",
        "rules.units[0]",
        "rules.eligible_ranks",
    ] {
        assert!(fields.iter().any(|named| named == field), "{field} in {fields:?}");
    }
    assert_eq!(hall.events().await.len(), before);
}

#[tokio::test]
async fn only_people_of_the_centre_plan() {
    let hall = Hall::open("2016-02-22T09:00").await;
    let request = pb::DraftPlanRequest {
        parent: parent(),
        month: "2016-03".into(),
        manager: people(&leader("005", 1)),
        request_id: request_id(),
        ..Default::default()
    };
    assert_eq!(refused(hall.rosters().draft_plan(request.clone()).await), "NOT_MANAGER");
    for (wrong, field) in [
        (pb::DraftPlanRequest { month: "2016-3".into(), ..request.clone() }, "month"),
        (pb::DraftPlanRequest { from: "2016-04-01".into(), ..request.clone() }, "from"),
        (pb::DraftPlanRequest { manager: "people/x".into(), ..request.clone() }, "manager"),
        (pb::DraftPlanRequest { request_id: "x".into(), ..request.clone() }, "request_id"),
        (pb::DraftPlanRequest { parent: "divisions/x".into(), ..request }, "parent"),
    ] {
        let status = hall.rosters().draft_plan(wrong).await.expect_err(field);
        assert_eq!((status.code(), fields(&status)), (Code::InvalidArgument, vec![field.to_owned()]));
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let hall = Hall::open("2016-02-22T09:00").await;
    let get = pb::GetPlanRequest { name: name("plans", "2016-03") };
    assert_eq!(refused(hall.rosters().get_plan(get).await), "PLAN_NOT_FOUND");
    let duty = pb::GetDutyRequest { name: name("duties", "20160308-AM-HALL-1") };
    assert_eq!(refused(hall.attendances().get_duty(duty).await), "DUTY_NOT_FOUND");
    let circular = pb::GetCircularRequest { name: name("circulars", "2016-03") };
    assert_eq!(refused(hall.circulars().get_circular(circular).await), "CIRCULAR_NOT_FOUND");
    let early = pb::GetDutyRulesRequest { name: format!("{}/dutyRules", parent()), day: "2015-12-31".into() };
    assert_eq!(refused(hall.rosters().get_duty_rules(early).await), "RULES_NOT_FOUND");
    for name in ["2016-03-abc", "x", "2016-13-1"].map(|id| name("exchanges", id)) {
        let undo = pb::UndoExchangeRequest { name, by: people(MANAGER), request_id: request_id() };
        assert_eq!(refused(hall.rosters().undo_exchange(undo).await), "EXCHANGE_NOT_FOUND");
    }
}
