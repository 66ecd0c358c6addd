//! What an applicant can ask, and how a deadline explains itself.

use proto::{
    directory::v1::{Deadline, DeadlineState},
    intake::v1::{self as pb, CaseClock, CaseState, SuspensionCause},
};
use tonic::Status;

use crate::hall::*;

async fn track(hall: &Hall, number: &str, code: &str) -> Result<pb::TrackCaseResponse, Status> {
    let request = pb::TrackCaseRequest { number: number.into(), query_code: code.into() };
    hall.cases().track_case(request).await.map(|answer| answer.into_inner())
}

async fn explain(hall: &Hall, case: &pb::Case, clock: CaseClock) -> Result<Deadline, Status> {
    let request = pb::ExplainDeadlineRequest { name: case.name.clone(), clock: clock.into() };
    hall.cases().explain_deadline(request).await.map(|answer| answer.into_inner())
}

#[tokio::test]
async fn the_applicant_follows_the_case_by_number_and_query_code() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let case = hall.window("A01").accepts(FOOD).await;
        let (number, code) = (&case.number, &case.query_code);
        let seen = track(&hall, number, code).await.expect("tracked");
        assert_eq!(
            (seen.state(), seen.received_on.as_str(), seen.accepted_on.as_str()),
            (CaseState::Accepted, "2026-06-01", "2026-06-01")
        );
        assert_eq!(
            (seen.due_on.as_str(), seen.decided_on.as_str(), seen.state_zh.as_str()),
            ("2026-06-15", "", "已受理")
        );
        // As a person types it.
        let typed = format!(" {} ", number.replace('-', " ").to_lowercase());
        assert_eq!(track(&hall, &typed, &format!(" {} ", code.to_lowercase())).await.expect("tracked"), seen);

        hall.grant(&case).await.expect("granted");
        let seen = track(&hall, number, code).await.expect("tracked");
        assert_eq!((seen.decided_on.as_str(), seen.next_zh.is_empty()), ("2026-06-01", false));
        assert!(hall.case(&case).await.query_code.is_empty(), "the code stands on the receipt alone");
    })
    .await;
}

#[tokio::test]
async fn a_wrong_code_and_an_unknown_number_have_one_answer() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").receives(FOOD).await;
    let other = hall.window("A01").receives(FOOD).await;
    assert_ne!(case.query_code, other.query_code);
    let wrong = track(&hall, &case.number, &other.query_code).await.expect_err("another's code");
    assert_eq!(kit::status::reason(&wrong), "CASE_NOT_FOUND");
    let unknown = case.number.replace("-20260601-", "-20260608-");
    let mut last = unknown.clone();
    for check in "0123456789X".chars() {
        last.replace_range(last.len() - 1.., &check.to_string());
        for (number, code) in [
            (last.as_str(), case.query_code.as_str()),
            (case.number.as_str(), ""),
            (&unknown, ""),
            ("", ""),
            ("行政许可", "x"),
        ] {
            let answer = track(&hall, number, code).await.expect_err("nothing to see");
            assert_eq!(
                (answer.code(), answer.message(), answer.details()),
                (wrong.code(), wrong.message(), wrong.details())
            );
        }
    }
}

#[tokio::test]
async fn the_days_of_an_explanation_add_up() {
    Hall::on_each_engine("2026-04-20T09:00", async |hall| {
        let case = hall.window("A01").receives(FOOD).await;
        let adds_up = |deadline: &Deadline, limit: i32| {
            let counted: Vec<_> = deadline.days.iter().map(|day| day.counted).filter(|n| *n > 0).collect();
            assert_eq!(counted, (1..=limit).collect::<Vec<_>>());
            assert_eq!(deadline.days.last().expect("days").date, deadline.due_on);
            assert!(deadline.days.iter().all(|day| !day.reason_zh.is_empty() && !day.reason_en.is_empty()));
            assert!(deadline.days.windows(2).all(|two| two[0].date < two[1].date));
            assert_eq!(deadline.notices.iter().map(|notice| notice.year).collect::<Vec<_>>(), [2026]);
        };
        let intake = explain(&hall, &case, CaseClock::Intake).await.expect("explained");
        assert_eq!(intake.due_on, case.intake_clock.as_ref().expect("runs").due_on);
        adds_up(&intake, 5);
        for clock in [CaseClock::Legal, CaseClock::Promised, CaseClock::Issue] {
            assert_eq!(refused(explain(&hall, &case, clock).await), "CLOCK_NOT_STARTED");
        }

        hall.accept(&case).await.expect("accepted");
        hall.pass_to("2026-05-07T09:00").await;
        hall.suspend(&case, SuspensionCause::ExpertReview, "2026-04-27").await.expect("suspended");
        hall.pass_to("2026-05-08T09:00").await;
        let stopped = explain(&hall, &case, CaseClock::Legal).await.expect("explained");
        assert_eq!(
            (stopped.state(), stopped.remaining, stopped.known_through.as_str()),
            (DeadlineState::Stopped, 16, "2026-04-27")
        );
        hall.resume(&case, "2026-05-08").await.expect("resumed");
        let case = hall.extend(&case, &head(UNIT)).await.expect("extended");

        let legal = explain(&hall, &case, CaseClock::Legal).await.expect("explained");
        assert_eq!(legal.due_on, case.legal_clock.as_ref().expect("runs").due_on);
        adds_up(&legal, 30);
        let stopped =
            legal.days.iter().filter(|day| day.date.as_str() >= "2026-04-27" && day.date.as_str() <= "2026-05-08");
        assert!(stopped.clone().count() == 12 && stopped.clone().all(|day| day.counted == 0));
        adds_up(&explain(&hall, &case, CaseClock::Promised).await.expect("explained"), 20);
        assert_eq!(refused(explain(&hall, &case, CaseClock::Intake).await), "CLOCK_NOT_STARTED");

        let case = hall.grant(&case).await.expect("granted");
        let issue = explain(&hall, &case, CaseClock::Issue).await.expect("explained");
        assert_eq!(issue.due_on, case.issue_clock.expect("runs").due_on);
        adds_up(&issue, 10);
    })
    .await;
}

#[tokio::test]
async fn a_provisional_deadline_says_how_far_it_could_be_counted() {
    let hall = Hall::open("2026-12-21T09:00").await;
    let case = hall.window("A01").accepts(FOOD).await;
    let legal = explain(&hall, &case, CaseClock::Legal).await.expect("explained");
    assert_eq!((legal.state(), legal.due_on.as_str()), (DeadlineState::Provisional, ""));
    assert_eq!((legal.known_through.as_str(), legal.remaining), ("2026-12-31", 12));
    let counted = legal.days.iter().filter(|day| day.counted > 0).count();
    assert_eq!(counted, 8);
}
