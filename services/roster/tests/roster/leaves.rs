//! Who is away.

use kit::testing::request_id;
use proto::roster::v1 as pb;

use crate::hall::*;

#[tokio::test]
async fn a_leave_over_several_months_is_in_each_and_taken_back_from_each() {
    Hall::on_each_engine("2016-02-22T09:00", async |hall| {
        let who = leader("005", 1);
        let leave = hall.goes_on_leave(&who, "2016-02-25", "2016-04-05").await.expect("recorded");
        let list = async |month: &str| {
            let request = pb::ListLeavesRequest { parent: parent(), month: month.into() };
            hall.rosters().list_leaves(request).await.expect("listed").into_inner().leaves
        };
        for month in ["2016-02", "2016-03", "2016-04"] {
            assert_eq!(list(month).await, std::slice::from_ref(&leave), "{month}");
        }
        assert!(list("2016-05").await.is_empty());
        let cancel =
            pb::CancelLeaveRequest { name: leave.name.clone(), by: people("005-CLERK"), request_id: request_id() };
        assert!(hall.rosters().cancel_leave(cancel).await.expect("taken back").into_inner().cancelled);
        for month in ["2016-02", "2016-03", "2016-04"] {
            assert!(list(month).await[0].cancelled, "{month}");
        }
        let again = pb::CancelLeaveRequest { name: leave.name, by: people(MANAGER), request_id: request_id() };
        assert_eq!(refused(hall.rosters().cancel_leave(again).await), "LEAVE_CANCELLED");
    })
    .await;
}

#[tokio::test]
async fn another_unit_records_nobody_s_leave() {
    let hall = Hall::open("2016-02-22T09:00").await;
    let leave = pb::Leave {
        person: people(&leader("005", 1)),
        kind: pb::LeaveKind::Sick.into(),
        first_day: "2016-03-01".into(),
        last_day: "2016-03-02".into(),
        document: "诊断证明".into(),
        ..Default::default()
    };
    let request = pb::CreateLeaveRequest {
        parent: parent(),
        leave: Some(leave),
        by: people("012-CLERK"),
        request_id: request_id(),
    };
    assert_eq!(refused(hall.rosters().create_leave(request).await), "PERSON_UNIT");
}
