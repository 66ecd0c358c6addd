//! Applications that are entered later than they were handed in: everything counts from the counter's time.

use kit::testing::{moment, request_id};
use proto::intake::v1::{self as pb, CaseState};

use crate::hall::*;

/// An application that was handed in at this time.
fn handed_in(at: &str, request: pb::ReceiveCaseRequest) -> pb::ReceiveCaseRequest {
    pb::ReceiveCaseRequest { received_at: Some(moment(at).timestamp()), ..request }
}

/// What a case is due by.
fn dues(case: &pb::Case) -> Vec<Option<String>> {
    let due = |clock: &Option<pb::Clock>| clock.as_ref().map(|clock| clock.due_on.clone());
    [&case.intake_clock, &case.legal_clock, &case.promised_clock, &case.issue_clock].map(due).to_vec()
}

#[tokio::test]
async fn what_is_typed_in_on_monday_for_friday_is_due_as_if_it_had_been_entered_on_friday() {
    Hall::on_each_engine("2026-06-05T16:30", async |hall| {
        let accepted = |item| pb::ReceiveCaseRequest { accept_now: true, ..receipt("A01", item) };
        let on_friday = [receipt("A01", FOOD), accepted(FOOD), on_the_spot()];
        let mut twins = Vec::new();
        for request in on_friday {
            let twin = hall.receive(request.clone()).await.expect("received");
            assert!(!twin.late_entry);
            twins.push((request, twin));
        }
        hall.pass_to("2026-06-08T09:00").await;
        for (request, twin) in twins {
            let again = pb::ReceiveCaseRequest { request_id: request_id(), ..request };
            let case = hall.receive(handed_in("2026-06-05T16:30", again)).await.expect("entered late");
            assert!(case.late_entry);
            assert_eq!((dues(&case), case.state()), (dues(&twin), twin.state()));
            assert_eq!((&case.received_at, &case.accepted_on), (&twin.received_at, &twin.accepted_on));
            assert_eq!(case.decision.map(|it| it.decided_at), twin.decision.as_ref().map(|it| it.decided_at));
            // The number is of the day on which it is given out, and it was changed when it was entered.
            assert!(twin.number.contains("-20260605-") && case.number.contains("-20260608-"), "{}", case.number);
            assert_eq!(case.updated_at, Some(moment("2026-06-08T09:00").timestamp()));
            for (event, facts) in hall.history(&pb::Case { name: case.name, ..pb::Case::default() }).await {
                assert!(facts.late_entry, "{event}");
                let (_, first) = hall.history(&twin).await.swap_remove(0);
                assert_eq!((facts.received_on, facts.received_at), (first.received_on, first.received_at), "{event}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn silence_counts_from_the_counter_s_time_and_leaves_the_unit_its_five_days() {
    Hall::on_each_engine("2026-06-05T09:00", async |hall| {
        hall.pass_to("2026-06-08T09:00").await;
        let case = hall.receive(handed_in("2026-06-05T16:30", receipt("A01", FOOD))).await.expect("entered late");
        assert_eq!(case.intake_clock.as_ref().expect("runs").due_on, "2026-06-12");
        hall.pass_to("2026-06-12T23:59:59.999999").await;
        assert_eq!(hall.case(&case).await.state(), CaseState::Received);
        hall.pass_to("2026-06-13T00:00").await;
        let case = hall.case(&case).await;
        assert_eq!((case.deemed_accepted, case.accepted_on.as_str()), (true, "2026-06-05"));
        assert!(case.late_entry);
    })
    .await;
}

#[tokio::test]
async fn what_time_had_brought_before_it_was_entered_is_done_at_once() {
    // Saturday the 14th of February is worked, so the five days end within a week.
    let hall = Hall::open("2026-02-09T08:00").await;
    hall.pass_to("2026-02-16T08:00").await;
    let case = hall.receive(handed_in("2026-02-09T09:00", receipt("A01", FOOD))).await.expect("entered late");
    until(async || hall.case(&case).await.deemed_accepted).await;
    assert_eq!(hall.case(&case).await.accepted_on, "2026-02-09");
    assert_eq!(hall.events(&case).await, ["case.received", "case.yellow", "case.deemed_accepted"]);
}

#[tokio::test]
async fn a_time_to_come_and_one_of_more_than_seven_days_ago_are_refused() {
    Hall::on_each_engine("2026-06-08T08:00", async |hall| {
        hall.pass_to("2026-06-15T09:00").await;
        let no_time = prost_types::Timestamp { seconds: i64::MAX, nanos: -1 };
        let wrong = ["2026-06-15T09:05:00.000001", "2026-06-08T08:59:59.999999", "1970-01-01T08:00"].map(moment);
        for at in wrong.map(kit::clock::Moment::timestamp).into_iter().chain([no_time]) {
            let request = pb::ReceiveCaseRequest { received_at: Some(at), ..receipt("A01", FOOD) };
            let status = hall.receive(request).await.expect_err("refused");
            assert_eq!(
                (kit::status::reason(&status).as_str(), fields(&status)),
                ("FIELD_INVALID", vec!["received_at".into()])
            );
        }
        // A clock that is a little ahead means now; five minutes are not late, a microsecond more is.
        for (at, received, is_late) in [
            ("2026-06-15T09:05", "2026-06-15T09:00", false),
            ("2026-06-15T08:55", "2026-06-15T08:55", false),
            ("2026-06-15T08:54:59.999999", "2026-06-15T08:54:59.999999", true),
        ] {
            let case = hall.receive(handed_in(at, receipt("A01", FOOD))).await.expect("received");
            assert_eq!((case.received_at, case.late_entry), (Some(moment(received).timestamp()), is_late), "{at}");
        }
        let week = hall.receive(handed_in("2026-06-08T09:00", receipt("A01", FOOD))).await.expect("seven days");
        assert!(week.late_entry);
    })
    .await;
}

#[tokio::test]
async fn a_repeat_that_says_when_is_the_same_request_for_ever() {
    Hall::on_each_engine("2026-06-05T16:30", async |hall| {
        let first = receipt("A01", FOOD);
        let case = hall.receive(first.clone()).await.expect("received");
        hall.pass_to("2026-06-29T09:00").await;
        for again in [first.clone(), handed_in("2026-06-05T16:30", first.clone()), handed_in("2026-06-28T16:30", first)]
        {
            let told = hall.receive(again).await.expect("said again");
            assert_eq!(
                (told.number, told.received_at, told.late_entry),
                (case.number.clone(), case.received_at, false)
            );
        }
        // Of twins on their way at once, one is entered.
        let twin = handed_in("2026-06-28T16:30", receipt("A01", FOOD));
        let twins = futures::future::join_all((0..20).map(|_| hall.receive(twin.clone()))).await;
        let mut numbers: Vec<_> = twins.into_iter().map(|twin| twin.expect("one of them").number).collect();
        numbers.dedup();
        assert_eq!(numbers.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_revision_and_the_mandate_of_that_time_are_what_counts() {
    Hall::on_each_engine("2026-06-05T16:30", async |hall| {
        hall.revises_item(FOOD, food_text(), "2026-06-08").await.expect("revised");
        hall.pass_to("2026-06-08T09:00").await;
        let late = hall.receive(handed_in("2026-06-05T16:30", receipt("A01", FOOD))).await.expect("entered late");
        assert!(late.item.ends_with("@1"), "{}", late.item);
        assert!(hall.window("A01").receives(FOOD).await.item.ends_with("@2"));
        // A mandate decides nothing that was handed in before it was given.
        hall.mandates(mandate(COPY)).await.expect("given anew");
        assert_eq!(refused(hall.receive(handed_in("2026-06-05T16:30", on_the_spot())).await), "MANDATE_MISSING");
    })
    .await;
}
