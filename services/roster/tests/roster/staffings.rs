//! Who staffs the windows.

use kit::testing::request_id;
use prost::Message;
use proto::roster::v1 as pb;
use tonic::{Response, Status};

use crate::hall::*;

impl Hall {
    async fn staffs(&self, window: &str, a: &str, b: &str) -> Result<pb::Staffing, Status> {
        let staffing = pb::Staffing {
            clerk_a: people(a),
            clerk_b: if b.is_empty() { String::new() } else { people(b) },
            ..Default::default()
        };
        let request = pb::SetStaffingRequest {
            parent: parent(),
            window: name("windows", window),
            staffing: Some(staffing),
            by: people(MANAGER),
            etag: String::new(),
            request_id: request_id(),
        };
        self.staffings().set_staffing(request).await.map(Response::into_inner)
    }

    async fn windows(&self, day: &str) -> Vec<pb::WindowDay> {
        let request = pb::ListStaffingsRequest { parent: parent(), day: day.into() };
        self.staffings().list_staffings(request).await.expect("listed").into_inner().windows
    }
}

#[tokio::test]
async fn b_stands_in_for_a_and_a_window_without_both_is_unstaffed_and_says_why() {
    Hall::on_each_engine("2016-03-01T09:00", async |hall| {
        hall.staffs("A01", "A-1", "A-2").await.expect("staffed");
        let of = async |day: &str| hall.windows(day).await.remove(0);
        assert_eq!(of("2016-03-01").await.morning, "A-1");
        hall.goes_on_leave("A-1", "2016-03-02", "2016-03-03").await.expect("away");
        assert_eq!(of("2016-03-02").await.morning, "A-2");
        hall.goes_on_leave("A-2", "2016-03-03", "2016-03-03").await.expect("away");
        let nobody = of("2016-03-03").await;
        assert_eq!((nobody.morning.as_str(), nobody.afternoon.as_str()), ("", ""));
        assert!(nobody.why_zh.contains("张A-1") && nobody.why_zh.contains("张A-2"), "{}", nobody.why_zh);
        // The journal tells each day that differs, and no reason.
        hall.pass_to("2016-03-02T00:00").await;
        hall.pass_to("2016-03-03T00:00").await;
        let told: Vec<_> = hall
            .journal()
            .await
            .into_iter()
            .filter(|entry| entry.event == "staffing.day")
            .map(|entry| pb::WindowDay::decode(entry.payload).expect("a day"))
            .map(|day| (day.day, day.morning, day.why_zh))
            .collect();
        let told: Vec<_> = told.iter().map(|(day, who, why)| (day.as_str(), who.as_str(), why.as_str())).collect();
        assert_eq!(told, [("2016-03-01", "A-1", ""), ("2016-03-02", "A-2", ""), ("2016-03-03", "", "")]);
    })
    .await;
}

#[tokio::test]
async fn one_person_is_not_both_and_a_window_must_be_there() {
    let hall = Hall::open("2016-03-01T09:00").await;
    assert_eq!(refused(hall.staffs("A01", "A-1", "A-1").await), "FIELD_INVALID");
    assert_eq!(refused(hall.staffs("Z99", "A-1", "").await), "WINDOW_NOT_FOUND");
    assert_eq!(refused(hall.staffs("A01", "NOBODY", "").await), "PERSON_NOT_FOUND");
}
