//! The clocks stop for a cause of art. 45 and with a written notice only.

use proto::{
    directory::v1::DeadlineState,
    intake::v1::{self as pb, CaseState, Signal, SuspensionCause as Cause},
};

use crate::hall::*;

const CAUSES: [Cause; 8] = [
    Cause::Hearing,
    Cause::Tender,
    Cause::Auction,
    Cause::Inspection,
    Cause::Testing,
    Cause::Quarantine,
    Cause::Appraisal,
    Cause::ExpertReview,
];

#[tokio::test]
async fn each_legal_cause_stops_the_clocks_of_an_item_that_lists_it_and_of_no_other() {
    let hall = Hall::open("2026-06-01T09:00").await;
    for (i, cause) in CAUSES.into_iter().enumerate() {
        let text = pb::ItemText { special_procedures: vec![cause.into()], ..food_text() };
        let code = format!("only-cause-{i}");
        let item = pb::Item { name: name("items", &code), text: Some(text), ..Default::default() };
        hall.creates_item(item).await.expect("created");
        let case = hall.window("A01").accepts(&code).await;
        for other in CAUSES.into_iter().filter(|other| *other != cause) {
            assert_eq!(refused(hall.suspend(&case, other, "").await), "CAUSE_NOT_OF_ITEM", "{other:?}");
        }
        let case = hall.suspend(&case, cause, "").await.expect("suspended");
        assert_eq!((case.state(), case.suspensions[0].cause()), (CaseState::Suspended, cause));
    }
}

#[tokio::test]
async fn the_days_of_a_suspension_do_not_count() {
    // Handbook §1.4, example E.
    Hall::on_each_engine("2026-04-20T09:00", async |hall| {
        let case = hall.window("A01").accepts(FOOD).await;
        assert_eq!(case.legal_clock.as_ref().expect("runs").due_on, "2026-05-20");

        hall.pass_to("2026-04-30T09:00").await;
        let case = hall.suspend(&case, Cause::ExpertReview, "2026-04-27").await.expect("suspended, from some days ago");
        let legal = case.legal_clock.as_ref().expect("stands");
        // Four days have counted.
        assert_eq!((legal.state(), legal.due_on.as_str(), legal.remaining), (DeadlineState::Stopped, "", 16));
        assert_eq!(case.promised_clock.as_ref().expect("stands").remaining, 6);
        assert_eq!(refused(hall.grant(&case).await), "CASE_STATE");
        assert_eq!(refused(hall.suspend(&case, Cause::Hearing, "").await), "CASE_STATE");

        hall.pass_to("2026-05-12T09:00").await;
        let case = hall.resume(&case, "2026-05-08").await.expect("resumed");
        assert_eq!(case.state(), CaseState::Accepted);
        assert_eq!(case.legal_clock.as_ref().expect("runs").due_on, "2026-05-29");
        let stop = &case.suspensions[0];
        assert_eq!((stop.first_day.as_str(), stop.last_day.as_str()), ("2026-04-27", "2026-05-08"));
        assert_eq!(refused(hall.resume(&case, "").await), "CASE_STATE");

        hall.pass_to("2026-05-29T23:00").await;
        let case = hall.grant(&case).await.expect("granted");
        assert!(case.decision.as_ref().expect("decided").on_time_legal);
        let (_, facts) = hall.history(&case).await.pop().expect("decided");
        assert_eq!((facts.handling_days, facts.suspensions), (20, 1));
    })
    .await;
}

#[tokio::test]
async fn suspensions_that_overlap_are_counted_once() {
    let hall = Hall::open("2026-04-20T09:00").await;
    let case = hall.window("A01").accepts(FOOD).await;
    hall.pass_to("2026-05-12T09:00").await;
    hall.suspend(&case, Cause::ExpertReview, "2026-04-27").await.expect("suspended");
    hall.resume(&case, "2026-05-08").await.expect("resumed");
    hall.suspend(&case, Cause::Hearing, "2026-04-30").await.expect("suspended, within the first");
    let case = hall.resume(&case, "2026-05-11").await.expect("resumed");
    // Two working days more than example E: Saturday 9 May, which is worked, and Monday the 11th.
    assert_eq!(case.legal_clock.as_ref().expect("runs").due_on, "2026-06-02");
    assert_eq!(case.suspensions.len(), 2);
    hall.pass_to("2026-06-02T09:00").await;
    hall.grant(&case).await.expect("granted");
    let (_, facts) = hall.history(&case).await.pop().expect("decided");
    assert_eq!((facts.handling_days, facts.suspensions), (20, 2));
}

#[tokio::test]
async fn a_stopped_clock_shows_no_light_however_long() {
    Hall::on_each_engine("2026-04-20T09:00", async |hall| {
        let case = hall.window("A01").accepts(FOOD).await;
        let case = hall.suspend(&case, Cause::Hearing, "").await.expect("suspended");
        let before = hall.events(&case).await;
        let hall = hall.sleeps_until("2026-09-01T09:00").await;
        assert_eq!(hall.events(&case).await, before);
        let case = hall.resume(&case, "").await.expect("resumed");
        let legal = case.legal_clock.expect("runs");
        // All twenty days are still there. Sunday 20 September is worked, the 25th is off.
        assert_eq!((legal.due_on.as_str(), legal.signal()), ("2026-09-29", Signal::Green));
    })
    .await;
}

#[tokio::test]
async fn a_suspension_begins_after_acceptance_and_neither_long_ago_nor_tomorrow() {
    let hall = Hall::open("2026-04-20T09:00").await;
    let case = hall.window("A01").accepts(FOOD).await;
    let first_day = async |day: &str| {
        let status = hall.suspend(&case, Cause::Hearing, day).await.expect_err(day);
        assert_eq!(fields(&status), ["first_day"], "{day}");
    };
    first_day("2026-04-19").await;
    first_day("2026-04-21").await;
    hall.pass_to("2026-06-08T09:00").await;
    first_day("2026-05-08").await;
    let case = hall.suspend(&case, Cause::Hearing, "2026-05-09").await.expect("thirty days back");
    for day in ["2026-05-08", "2026-06-09"] {
        let status = hall.resume(&case, day).await.expect_err(day);
        assert_eq!(fields(&status), ["last_day"], "{day}");
    }
    hall.resume(&case, "2026-05-09").await.expect("one day");
    let received = hall.window("A01").receives(FOOD).await;
    assert_eq!(refused(hall.suspend(&received, Cause::Hearing, "").await), "CASE_STATE");
}

#[tokio::test]
async fn what_was_late_before_a_suspension_was_told_stays_late() {
    Hall::on_each_engine("2026-04-20T09:00", async |hall| {
        let case = hall.window("A01").accepts(FOOD).await;
        // Promised until 7 May, by law until 20 May.
        hall.pass_to("2026-05-08T09:00").await;
        let case = hall.suspend(&case, Cause::Hearing, "2026-04-27").await.expect("suspended, from before the promise");
        let (legal, promised) =
            (case.legal_clock.as_ref().expect("stands"), case.promised_clock.as_ref().expect("ran"));
        assert_eq!((legal.state(), legal.signal()), (DeadlineState::Stopped, Signal::Green), "had not run out");
        assert_eq!((promised.due_on.as_str(), promised.signal()), ("2026-05-07", Signal::Red));
        hall.pass_to("2026-05-12T09:00").await;
        let case = hall.resume(&case, "2026-05-11").await.expect("resumed");
        let promised = case.promised_clock.as_ref().expect("ran");
        assert_eq!((promised.due_on.as_str(), promised.signal()), ("2026-05-07", Signal::Red));
        assert_eq!(case.legal_clock.as_ref().expect("runs").due_on, "2026-06-02");
        let explain = pb::ExplainDeadlineRequest { name: case.name.clone(), clock: pb::CaseClock::Promised.into() };
        let explained = hall.cases().explain_deadline(explain).await.expect("explained").into_inner();
        assert_eq!(explained.due_on, "2026-05-07");

        hall.pass_to("2026-06-08T09:00").await;
        let case = hall.suspend(&case, Cause::ExpertReview, "2026-05-29").await.expect("suspended, too late");
        assert_eq!(case.legal_clock.as_ref().expect("ran").signal(), Signal::Red);
        let case = hall.resume(&case, "").await.expect("resumed");
        let legal = case.legal_clock.as_ref().expect("ran");
        assert_eq!((legal.due_on.as_str(), legal.signal()), ("2026-06-02", Signal::Red));
        let decision = hall.grant(&case).await.expect("granted").decision.expect("decided");
        assert!(!decision.on_time_legal && !decision.on_time_promised);
        // Late once for each clock, whatever came after.
        let events = hall.events(&case).await;
        assert_eq!(events.iter().filter(|event| *event == "case.red").count(), 2, "{events:?}");
    })
    .await;
}

#[tokio::test]
async fn lights_that_a_step_turns_have_their_entries_before_its_own() {
    Hall::on_each_engine("2026-04-20T09:00", async |hall| {
        let case = hall.window("A01").accepts(FOOD).await;
        let case = hall.suspend(&case, Cause::Hearing, "").await.expect("suspended");
        hall.pass_to("2026-07-01T09:00").await;
        hall.resume(&case, "2026-04-20").await.expect("resumed, and told late");
        let history = hall.history(&case).await;
        let told: Vec<_> = history.iter().map(|(event, _)| event.as_str()).collect();
        let lights = ["case.yellow", "case.red", "case.yellow", "case.red"];
        let before = ["case.received", "case.accepted", "case.suspended"];
        assert_eq!(told, [&before[..], &lights[..], &["case.resumed"]].concat());
        let signals: Vec<_> =
            history[3..].iter().map(|(_, facts)| (facts.legal_signal(), facts.promised_signal())).collect();
        use Signal::{Green, Red, Yellow};
        assert_eq!(signals, [(Green, Yellow), (Green, Red), (Yellow, Red), (Red, Red), (Red, Red)]);
        let entries = hall.journal().await;
        let last: Vec<_> = entries.iter().rev().take(2).map(|entry| entry.actor.clone()).collect();
        assert_eq!(last, [name("people", &officer(UNIT)), "system".to_owned()]);
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_goes_on_when_its_day_has_passed_is_red_at_once() {
    let hall = Hall::open("2026-04-20T09:00").await;
    let case = hall.window("A01").accepts(FOOD).await;
    hall.pass_to("2026-05-08T09:00").await;
    let case = hall.suspend(&case, Cause::Hearing, "").await.expect("suspended");
    hall.pass_to("2026-07-01T09:00").await;
    let case = hall.resume(&case, "2026-05-08").await.expect("resumed, and told late");
    assert_eq!(case.legal_clock.as_ref().expect("runs").signal(), Signal::Red);
    assert!(!hall.grant(&case).await.expect("granted").decision.expect("decided").on_time_legal);
}
