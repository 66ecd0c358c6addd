//! A year without a holiday notice: no date is guessed, and all of them are counted once it is published; and counted
//! anew when it is amended.

use proto::{
    directory::v1::DeadlineState,
    intake::v1::{self as pb, CaseState, Signal},
};

use crate::hall::*;

fn span(first: &str, last: &str) -> calendar::Span {
    calendar::Span { first: first.parse().expect("a date"), last: last.parse().expect("a date") }
}

/// New Year's Day and the Spring Festival as they might be.
fn notice_2027() -> calendar::Notice {
    calendar::Notice {
        year: 2027,
        version: 1,
        document: "国办发明电〔2026〕9号".into(),
        issued_on: None,
        off: vec![span("2027-01-01", "2027-01-03"), span("2027-02-05", "2027-02-11")],
        workdays: Vec::new(),
        source: String::new(),
    }
}

#[tokio::test]
async fn a_date_that_needs_an_unpublished_year_is_provisional_until_the_notice_is_imported() {
    Hall::on_each_engine("2026-12-21T09:00", async |hall| {
        let case = hall.window("A01").accepts(FOOD).await;
        let legal = case.legal_clock.as_ref().expect("runs");
        // Eight days of December count: 22 to 25 and 28 to 31.
        assert_eq!((legal.state(), legal.due_on.as_str(), legal.remaining), (DeadlineState::Provisional, "", 12));
        assert_eq!(legal.calendar_version, calendar::Calendar::builtin().version());

        hall.publishes(notice_2027(), &case).await;
        let case = hall.case(&case).await;
        let legal = case.legal_clock.as_ref().expect("runs");
        assert_eq!((legal.state(), legal.due_on.as_str()), (DeadlineState::Due, "2027-01-19"));
        assert_eq!(case.promised_clock.as_ref().expect("runs").due_on, "2027-01-05");
        assert_eq!(hall.events(&case).await, ["case.received", "case.accepted", "case.redated"]);

        hall.pass_to("2027-01-20T00:00").await;
        assert_eq!(hall.case(&case).await.legal_clock.expect("runs").signal(), Signal::Red);
    })
    .await;
}

#[tokio::test]
async fn silence_over_an_unpublished_new_year_is_acceptance_once_the_notice_tells_the_days() {
    Hall::on_each_engine("2026-12-30T09:00", async |hall| {
        let case = hall.window("A01").receives(FOOD).await;
        hall.pass_to("2027-01-20T09:00").await;
        assert_eq!(hall.case(&case).await.state(), CaseState::Received, "no day of 2027 is guessed");

        hall.publishes(notice_2027(), &case).await;
        until(async || hall.case(&case).await.state() == CaseState::Accepted).await;
        let case = hall.case(&case).await;
        assert_eq!((case.deemed_accepted, case.accepted_on.as_str()), (true, "2026-12-30"));
        let history = hall.history(&case).await;
        let (_, facts) = history.iter().find(|(event, _)| event == "case.deemed_accepted").expect("accepted");
        // 31 December, 4 to 7 January.
        assert_eq!(facts.accepted_at, kit::testing::moment("2027-01-08T00:00").0);
    })
    .await;
}

#[tokio::test]
async fn a_supplement_and_a_handing_out_over_new_year_are_redated_too_and_what_was_decided_is_not() {
    let hall = Hall::open("2026-12-21T09:00").await;
    let asked = hall.window("A01").receives(FOOD).await;
    let asked = hall.ask(&asked, &["M2"]).await.expect("asked");
    assert_eq!(asked.supplement.as_ref().expect("asked").due_on, "");
    let decided = hall.window("A01").accepts(FOOD).await;
    let decided = hall.grant(&decided).await.expect("granted");
    let issue = |case: &pb::Case| case.issue_clock.clone().expect("runs");
    assert_eq!(issue(&decided).state(), DeadlineState::Provisional);

    hall.publishes(notice_2027(), &decided).await;
    until(async || !hall.case(&asked).await.supplement.expect("asked").due_on.is_empty()).await;
    // Seven more days of January after eight of December, and two more.
    assert_eq!(hall.case(&asked).await.supplement.expect("asked").due_on, "2027-01-12");
    let now = hall.case(&decided).await;
    assert_eq!(issue(&now).due_on, "2027-01-05");
    assert_eq!(now.legal_clock.expect("ended").state(), DeadlineState::Provisional);
}

#[tokio::test]
async fn a_light_that_a_notice_turns_has_its_entry_and_a_red_one_may_turn_out_not_to_be() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let case = hall.window("A01").accepts(FOOD).await;
        hall.pass_to("2026-06-16T09:00").await;
        let before = hall.case(&case).await;
        assert_eq!(before.promised_clock.expect("ran").signal(), Signal::Red);
        // The 15th, when the promise ended, was no working day after all.
        let mut amended = calendar::Calendar::builtin().notice(2026).expect("built in").clone();
        amended.version += 1;
        amended.document = "国办发明电〔2026〕4号".into();
        amended.off.push(span("2026-06-15", "2026-06-15"));
        hall.publishes(amended.clone(), &case).await;
        until(async || hall.events(&case).await.last().is_some_and(|event| event == "case.redated")).await;
        let promised = hall.case(&case).await.promised_clock.expect("runs");
        assert_eq!((promised.due_on.as_str(), promised.signal()), ("2026-06-16", Signal::Yellow));
        // And then it was: the clock that the notice brings to its end turns red with an entry.
        amended.version += 1;
        amended.off.pop();
        hall.publishes(amended, &case).await;
        until(async || hall.case(&case).await.promised_clock.expect("ran").signal() == Signal::Red).await;
        let events = hall.events(&case).await;
        let expected =
            ["case.received", "case.accepted", "case.yellow", "case.red", "case.redated", "case.redated", "case.red"];
        assert_eq!(events, expected);
    })
    .await;
}

#[tokio::test]
async fn an_amended_notice_moves_the_days_of_open_cases_and_of_no_other() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let open = hall.window("A01").accepts(FOOD).await;
        let early = hall.window("A01").receives(COPY).await;
        let closed = hall.window("A01").accepts(FOOD).await;
        let closed = hall.withdraw(&closed).await.expect("withdrawn");
        let mut amended = calendar::Calendar::builtin().notice(2026).expect("built in").clone();
        amended.version += 1;
        amended.document = "国办发明电〔2026〕3号".into();
        amended.off.push(span("2026-06-22", "2026-06-23"));
        hall.publishes(amended, &open).await;

        let now = hall.case(&open).await;
        let clock = now.legal_clock.as_ref().expect("runs");
        assert_eq!(
            (clock.due_on.as_str(), now.promised_clock.as_ref().expect("runs").due_on.as_str()),
            ("2026-07-02", "2026-06-15")
        );
        assert!(clock.calendar_version.contains("2026.2"), "{}", clock.calendar_version);
        assert_eq!(hall.events(&open).await.last().map(String::as_str), Some("case.redated"));
        // The case whose days all lie before has the same dates, and an entry that says so.
        until(async || hall.case(&early).await.intake_clock.expect("runs").calendar_version == clock.calendar_version)
            .await;
        assert_eq!(
            hall.case(&early).await.intake_clock.expect("runs").due_on,
            early.intake_clock.as_ref().expect("runs").due_on
        );
        assert_eq!(hall.events(&early).await, ["case.received", "case.recounted"]);
        assert_eq!(hall.case(&closed).await, closed);
    })
    .await;
}
