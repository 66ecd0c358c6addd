//! How the duty went.

use std::io::{Cursor, Read};

use kit::testing::request_id;
use proto::roster::v1::{self as pb, CircularState, DutyState, Measure};
use tonic::{Response, Status};

use crate::hall::*;

impl Hall {
    async fn drafts_circular(&self, month: &str) -> Result<pb::Circular, Status> {
        let request = pb::DraftCircularRequest {
            parent: parent(),
            month: month.into(),
            manager: people(MANAGER),
            request_id: request_id(),
        };
        self.circulars().draft_circular(request).await.map(Response::into_inner)
    }

    async fn sends(&self, month: &str) -> Result<pb::Circular, Status> {
        let request = pb::SendCircularRequest {
            name: name("circulars", month),
            manager: people(MANAGER),
            etag: String::new(),
            request_id: request_id(),
        };
        self.circulars().send_circular(request).await.map(Response::into_inner)
    }

    async fn contests(&self, month: &str, duty: &str, by: &str) -> Result<pb::Circular, Status> {
        let request = pb::ContestCircularRequest {
            name: name("circulars", month),
            duty: duty.into(),
            reason: "当日参加县政府常务会议".into(),
            by: people(by),
            request_id: request_id(),
        };
        self.circulars().contest_circular(request).await.map(Response::into_inner)
    }

    async fn issues(&self, month: &str, by: &str) -> Result<pb::Circular, Status> {
        let request = pb::IssueCircularRequest {
            name: name("circulars", month),
            manager: people(by),
            etag: String::new(),
            request_id: request_id(),
        };
        self.circulars().issue_circular(request).await.map(Response::into_inner)
    }
}

/// A March in which everybody serves but for two mornings.
async fn march(hall: &Hall) -> pb::Plan {
    let plan = hall.plans("2016-03").await;
    for at in &plan.assignments {
        let (first, last) = if at.half() == pb::Half::Morning { ("08:30", "12:00") } else { ("14:30", "17:30") };
        hall.pass_to(&format!("{}T{first}", at.day)).await;
        if !["20160308-AM-HALL-1", "20160310-AM-HALL-1"].contains(&at.duty.as_str()) {
            hall.signs_in(&at.duty, &at.person, DESK).await.expect("in");
            hall.pass_to(&format!("{}T{last}", at.day)).await;
            hall.signs_out(&at.duty, &at.person).await.expect("out");
        }
    }
    plan
}

#[tokio::test]
async fn a_circular_counts_the_attendance_is_contested_issued_and_corrected() {
    Hall::on_each_engine("2016-02-22T09:00", async |hall| {
        let plan = march(&hall).await;
        hall.pass_to("2016-04-01T09:00").await;
        let circular = hall.drafts_circular("2016-03").await.expect("drafted");
        let total = circular.total.as_ref().expect("a total");
        assert_eq!((total.required, total.attended, total.absent), (46, 44, 2));
        assert_eq!(total.rate_basis_points, Some(9_565), "95.652… truncated");
        let named: usize = circular.units.iter().map(|unit| unit.attended_duties.len()).sum();
        assert_eq!(named, 44, "every number is that of its duties");
        assert!(circular.absences.iter().all(|absence| absence.measure() != Measure::Unspecified));

        assert_eq!(refused(hall.issues("2016-03", OTHER_MANAGER).await), "CIRCULAR_STATE");
        let sent = hall.sends("2016-03").await.expect("sent");
        assert_eq!((sent.state(), sent.contest_until.as_str()), (CircularState::Sent, "2016-04-06"), "the 4th is off");
        let missed = plan.assignments.iter().find(|at| at.duty == "20160308-AM-HALL-1").expect("missed");
        let stranger = UNITS.iter().find(|(unit, _)| *unit != missed.unit).expect("another unit").0;
        let by_other = hall.contests("2016-03", &missed.duty, &leader(stranger, 1)).await;
        assert_eq!(refused(by_other), "PERSON_UNIT");
        let contested = hall.contests("2016-03", &missed.duty, &leader(&missed.unit, 1)).await.expect("contested");
        assert_eq!(contested.contests.len(), 1);
        assert_eq!(refused(hall.issues("2016-03", OTHER_MANAGER).await), "CONTEST_OPEN");
        let answer = pb::AnswerContestRequest {
            name: circular.name.clone(),
            number: 1,
            answer: "经核实属实，改为准假".into(),
            corrected: Some(pb::Mark { state: DutyState::Excused.into(), ..Default::default() }),
            manager: people(OTHER_MANAGER),
            request_id: request_id(),
        };
        let answered = hall.circulars().answer_contest(answer).await.expect("answered").into_inner();
        let total = answered.total.as_ref().expect("a total");
        assert_eq!((total.required, total.absent, total.excused), (45, 1, 1));
        assert_eq!(hall.duty(&missed.duty).await.state(), DutyState::Excused);
        assert_eq!(refused(hall.issues("2016-03", OTHER_MANAGER).await), "CONTEST_OPEN", "the days are not over");

        hall.pass_to("2016-04-07T09:00").await;
        let late = hall.contests("2016-03", "20160310-AM-HALL-1", &leader("005", 1)).await;
        assert!(["CONTEST_TOO_LATE", "PERSON_UNIT"].contains(&refused(late).as_str()));
        assert_eq!(refused(hall.issues("2016-03", MANAGER).await), "DRAFTER_ISSUES");
        let issued = hall.issues("2016-03", OTHER_MANAGER).await.expect("issued");
        assert_eq!((issued.state(), issued.number.as_str()), (CircularState::Issued, "尉政务通〔2016〕1号"));
        assert_eq!(refused(hall.drafts_circular("2016-03").await), "CIRCULAR_STATE");

        let correct = pb::CorrectCircularRequest {
            name: circular.name.clone(),
            reason: "更正考勤".into(),
            manager: people(MANAGER),
            etag: String::new(),
            request_id: request_id(),
        };
        let nothing = hall.circulars().correct_circular(correct.clone()).await;
        assert_eq!(refused(nothing), "NOTHING_CORRECTED");
        let mark = pb::CorrectAttendanceRequest {
            name: name("duties", "20160310-AM-HALL-1"),
            state: DutyState::Served.into(),
            late: true,
            early: false,
            reason: "监控录像证实到岗".into(),
            by: people(OTHER_MANAGER),
            etag: String::new(),
            request_id: request_id(),
        };
        hall.attendances().correct_attendance(mark).await.expect("corrected");
        let again = pb::CorrectCircularRequest { request_id: request_id(), ..correct };
        let corrected = hall.circulars().correct_circular(again).await.expect("counted anew").into_inner();
        assert_eq!(
            (corrected.version, corrected.before.len(), corrected.number.as_str()),
            (2, 1, "尉政务通〔2016〕1号")
        );
        assert_eq!(corrected.before[0].total.as_ref().expect("before").absent, 1);
        assert_eq!(corrected.total.as_ref().expect("now").absent, 0);
        assert_eq!(hall.events().await.last().map(String::as_str), Some("circular.corrected"));
    })
    .await;
}

#[tokio::test]
async fn a_month_that_is_not_over_or_has_no_plan_has_no_circular() {
    let hall = Hall::open("2016-02-22T09:00").await;
    assert_eq!(refused(hall.drafts_circular("2016-03").await), "PLAN_NOT_FOUND");
    hall.drafts("2016-03", "").await.expect("drafted");
    assert_eq!(refused(hall.drafts_circular("2016-03").await), "PLAN_NOT_FOUND", "not published");
    hall.publishes("2016-03").await.expect("published");
    hall.pass_to("2016-03-31T15:29").await;
    assert_eq!(refused(hall.drafts_circular("2016-03").await), "MONTH_NOT_OVER");
}

#[tokio::test]
async fn the_third_absence_of_a_year_is_talked_about() {
    let hall = Hall::open("2016-02-22T09:00").await;
    let plan = hall.plans("2016-03").await;
    hall.pass_to("2016-04-01T09:00").await;
    let circular = hall.drafts_circular("2016-03").await.expect("drafted");
    let absent = |who: &str| circular.absences.iter().find(|absence| absence.person == people(who)).expect("absent");
    let times = plan.assignments.iter().filter(|at| at.person == leader("021", 1)).count();
    let only = absent(&leader("021", 1));
    assert_eq!((only.in_year as usize, only.measure()), (times, Measure::Interview));
    assert_eq!(only.duties.len(), times);
}

#[tokio::test]
async fn a_circular_is_rendered_as_a_document_with_its_numbers() {
    let hall = Hall::open("2016-02-22T09:00").await;
    hall.plans("2016-03").await;
    hall.pass_to("2016-04-01T09:00").await;
    hall.drafts_circular("2016-03").await.expect("drafted");
    hall.sends("2016-03").await.expect("sent");
    hall.pass_to("2016-04-07T09:00").await;
    hall.issues("2016-03", OTHER_MANAGER).await.expect("issued");
    let request = pb::RenderCircularRequest { name: name("circulars", "2016-03") };
    let file = hall.circulars().render_circular(request).await.expect("rendered").into_inner();
    assert_eq!(file.file_name, "尉政务通〔2016〕1号.docx");
    let mut archive = zip::ZipArchive::new(Cursor::new(file.content)).expect("an archive");
    let mut text = String::new();
    archive.by_name("word/document.xml").expect("a document").read_to_string(&mut text).expect("text");
    for part in ["尉政务通〔2016〕1号", "关于2016年3月领导班子成员值班情况的通报", "应值班46次", "005局", "予以约谈"]
    {
        assert!(text.contains(part), "{part}");
    }
}
