//! Windows that nobody staffs.

use kit::testing::request_id;
use proto::roster::v1::{
    self as roster, roster_service_client::RosterServiceClient, staffing_service_client::StaffingServiceClient,
};

use crate::hall::*;

/// Rules that ask for staffed windows, or do not.
async fn asks(hall: &Hall, staffed_windows_only: bool) {
    let hours = |first: &str, last: &str| Some(roster::Hours { first: first.into(), last: last.into() });
    let post = roster::Post {
        code: "HALL".into(),
        title_zh: "大厅值班".into(),
        window: name("windows", "A01"),
        seats: 1,
        ..Default::default()
    };
    let rules = roster::DutyRules {
        posts: vec![post],
        morning: hours("08:30", "12:00"),
        afternoon: hours("14:30", "17:30"),
        fairness: 1,
        absent_minutes: 60,
        document_prefix: "尉政务通".into(),
        staffed_windows_only,
        ..Default::default()
    };
    let request = roster::SetDutyRulesRequest {
        parent: format!("divisions/{DIVISION}"),
        rules: Some(rules),
        manager: name("people", CENTRE_CLERK),
        etag: String::new(),
        request_id: request_id(),
    };
    let mut client = RosterServiceClient::new(hall.roster());
    until(async || client.clone().set_duty_rules(request.clone()).await.is_ok()).await;
    let staffing = roster::Staffing { clerk_a: name("people", &clerk(UNIT)), ..Default::default() };
    let request = roster::SetStaffingRequest {
        parent: format!("divisions/{DIVISION}"),
        window: name("windows", "A01"),
        staffing: Some(staffing),
        by: name("people", CENTRE_CLERK),
        etag: String::new(),
        request_id: request_id(),
    };
    StaffingServiceClient::new(hall.roster()).set_staffing(request).await.expect("staffed");
    let leave = roster::Leave {
        person: name("people", &clerk(UNIT)),
        kind: roster::LeaveKind::Annual.into(),
        first_day: "2026-06-02".into(),
        last_day: "2026-06-02".into(),
        half: roster::Half::Morning.into(),
        document: "年休假审批单".into(),
        ..Default::default()
    };
    let request = roster::CreateLeaveRequest {
        parent: format!("divisions/{DIVISION}"),
        leave: Some(leave),
        by: name("people", CENTRE_CLERK),
        request_id: request_id(),
    };
    client.create_leave(request).await.expect("recorded");
}

#[tokio::test]
async fn a_window_that_nobody_staffs_takes_no_work_where_the_division_asks_for_that() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        asks(&hall, true).await;
        let case = hall.window("A01").receives(FOOD).await;
        hall.pass_to("2026-06-02T09:00").await;
        until(async || {
            hall.receive(receipt("A01", FOOD)).await.is_err_and(|s| kit::status::reason(&s) == "WINDOW_UNSTAFFED")
        })
        .await;
        // Other windows go on, and so does what is done at none.
        hall.window("A02").receives(ROAD).await;
        hall.accept(&case).await.expect("accepted");
        hall.pass_to("2026-06-02T13:00").await;
        hall.window("A01").receives(FOOD).await;
    })
    .await;
}

#[tokio::test]
async fn a_window_that_nobody_staffs_goes_on_where_nobody_asks() {
    let hall = Hall::open("2026-06-01T09:00").await;
    asks(&hall, false).await;
    hall.pass_to("2026-06-02T09:00").await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    hall.window("A01").receives(FOOD).await;
}
