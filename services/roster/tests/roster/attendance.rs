//! Signing in and out, and what the clock decides.

use kit::testing::request_id;
use proto::roster::v1::{self as pb, DutyState};
use tonic::{Response, Status};

use crate::hall::*;

async fn published(hall: &Hall) -> (String, String) {
    let plan = hall.plans("2016-03").await;
    let at = plan.assignments.iter().find(|at| at.duty == "20160308-AM-HALL-1").expect("the morning of the 8th");
    (at.duty.clone(), at.person.clone())
}

impl Hall {
    async fn corrects(&self, duty: &str, state: DutyState, by: &str) -> Result<pb::Duty, Status> {
        let request = pb::CorrectAttendanceRequest {
            name: name("duties", duty),
            state: state.into(),
            late: false,
            early: false,
            reason: "终端故障，有值班日志为证".into(),
            by: people(by),
            etag: String::new(),
            request_id: request_id(),
        };
        self.attendances().correct_attendance(request).await.map(Response::into_inner)
    }
}

#[tokio::test]
async fn who_signs_in_and_out_in_time_has_served() {
    Hall::on_each_engine("2016-02-22T09:00", async |hall| {
        let (duty, who) = published(&hall).await;
        hall.pass_to("2016-03-08T07:29").await;
        assert_eq!(refused(hall.signs_in(&duty, &who, DESK).await), "TOO_EARLY");
        hall.pass_to("2016-03-08T08:45").await;
        assert_eq!(refused(hall.signs_in(&duty, &who, "A01").await), "NOT_AT_POST");
        assert_eq!(refused(hall.signs_in(&duty, "005-CLERK", DESK).await), "NOT_ON_DUTY");
        let here = hall.signs_in(&duty, &who, DESK).await.expect("in");
        assert_eq!((here.state(), here.late), (DutyState::OnDuty, false));
        assert_eq!(refused(hall.signs_in(&duty, &who, DESK).await), "DUTY_STATE");
        hall.pass_to("2016-03-08T11:45").await;
        let served = hall.signs_out(&duty, &who).await.expect("out");
        assert_eq!((served.state(), served.early), (DutyState::Served, false));
    })
    .await;
}

#[tokio::test]
async fn who_does_not_come_is_absent_exactly_an_hour_after_the_beginning_whatever_the_downtime() {
    Hall::on_each_engine("2016-02-22T09:00", async |hall| {
        let (duty, who) = published(&hall).await;
        hall.pass_to("2016-03-08T09:29").await;
        assert_eq!(hall.duty(&duty).await.state(), DutyState::Planned);
        hall.pass_to("2016-03-08T09:30").await;
        assert_eq!(hall.duty(&duty).await.state(), DutyState::Absent);
        assert_eq!(refused(hall.signs_in(&duty, &who, DESK).await), "DUTY_STATE");
        let hall = hall.sleeps_until("2016-03-09T20:00").await;
        assert_eq!(hall.duty("20160309-PM-HALL-1").await.state(), DutyState::Absent);
        assert_eq!(hall.duty("20160310-AM-HALL-1").await.state(), DutyState::Planned);
    })
    .await;
}

#[tokio::test]
async fn a_sign_in_that_comes_before_the_sweep_is_refused_like_one_that_comes_after_it() {
    let hall = Hall::open("2016-02-22T09:00").await;
    let (duty, who) = published(&hall).await;
    assert!(hall.clock.advance(kit::testing::moment("2016-03-08T09:31")));
    assert_eq!(refused(hall.signs_in(&duty, &who, DESK).await), "DUTY_STATE");
}

#[tokio::test]
async fn who_forgets_to_sign_out_has_left_early_and_another_person_corrects_it() {
    let hall = Hall::open("2016-02-22T09:00").await;
    let (duty, who) = published(&hall).await;
    hall.pass_to("2016-03-08T08:50").await;
    assert!(hall.signs_in(&duty, &who, DESK).await.expect("in").late);
    hall.pass_to("2016-03-08T13:00").await;
    let closed = hall.duty(&duty).await;
    assert_eq!((closed.state(), closed.early, closed.late), (DutyState::Served, true, true));
    assert_eq!(refused(hall.corrects(&duty, DutyState::Served, "005-CLERK").await), "NOT_MANAGER");
    let corrected = hall.corrects(&duty, DutyState::Served, MANAGER).await.expect("corrected");
    assert_eq!((corrected.early, corrected.late, corrected.corrections.len()), (false, false, 1));
    assert!(corrected.corrections[0].early_before && corrected.corrections[0].late_before);
    assert_eq!(refused(hall.corrects(&duty, DutyState::Served, MANAGER).await), "NOTHING_CORRECTED");
}

#[tokio::test]
async fn the_log_is_written_by_who_serves_until_the_next_day_ends() {
    let hall = Hall::open("2016-02-22T09:00").await;
    let (duty, who) = published(&hall).await;
    let write = async |by: &str| {
        let log = pb::DutyLog { enquiries: 12, problems: "排队较长".into(), ..Default::default() };
        let request = pb::WriteDutyLogRequest {
            name: name("duties", &duty),
            person: people(by),
            log: Some(log),
            etag: String::new(),
            request_id: request_id(),
        };
        hall.attendances().write_duty_log(request).await.map(Response::into_inner)
    };
    hall.pass_to("2016-03-08T08:30").await;
    assert_eq!(refused(write(&who).await), "DUTY_STATE", "not signed in");
    hall.signs_in(&duty, &who, DESK).await.expect("in");
    assert_eq!(write(&who).await.expect("written").log.expect("a log").enquiries, 12);
    assert_eq!(refused(write("005-CLERK").await), "NOT_ON_DUTY");
    hall.pass_to("2016-03-10T00:00").await;
    assert_eq!(refused(write(&who).await), "LOG_CLOSED");
}
