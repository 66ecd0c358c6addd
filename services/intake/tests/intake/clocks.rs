//! What time brings: acceptance by silence, yellow and red, exact to the moment and after any downtime.

use proto::intake::v1::{self as pb, CaseState, RefusalKind, Signal};

use crate::hall::*;

/// Both lights: by law, and as promised.
async fn lights(hall: &Hall, case: &pb::Case) -> (Signal, Signal) {
    let case = hall.case(case).await;
    (case.legal_clock.expect("runs").signal(), case.promised_clock.expect("runs").signal())
}

#[tokio::test]
async fn silence_for_five_working_days_is_acceptance_from_the_day_of_receipt() {
    Hall::on_each_engine("2026-02-09T09:00", async |hall| {
        let case = hall.window("A01").receives(FOOD).await;
        hall.pass_to("2026-02-14T23:59:59.999999").await;
        assert_eq!(hall.case(&case).await.state(), CaseState::Received);

        // Saturday the 14th is worked, and was the last day.
        hall.pass_to("2026-02-15T00:00").await;
        let case = hall.case(&case).await;
        assert_eq!(
            (case.state(), case.deemed_accepted, case.accepted_on.as_str()),
            (CaseState::Accepted, true, "2026-02-09")
        );
        let legal = case.legal_clock.as_ref().expect("runs");
        assert_eq!((legal.from.as_str(), legal.due_on.as_str()), ("2026-02-09", "2026-03-13"));
        assert!(case.intake_clock.is_none());

        let history = hall.history(&case).await;
        let events: Vec<_> = history.iter().map(|(event, _)| event.as_str()).collect();
        assert_eq!(events, ["case.received", "case.yellow", "case.deemed_accepted"]);
        let (_, facts) = history.last().expect("accepted");
        assert!(facts.deemed_accepted);
        assert_eq!(facts.accepted_at, kit::testing::moment("2026-02-15T00:00").0);
        assert_eq!(facts.accepted_on, facts.received_on);
        hall.grant(&case).await.expect("it is a case like any other");
    })
    .await;
}

#[tokio::test]
async fn a_command_after_the_deadline_finds_the_case_accepted_whether_it_was_swept_or_not() {
    Hall::on_each_engine("2026-02-09T09:00", async |hall| {
        let mut cases = Vec::new();
        for _ in 0..20 {
            cases.push(hall.window("A01").receives(FOOD).await);
        }
        hall.strikes("2026-02-15T00:00");
        let steps = cases.iter().enumerate().map(async |(i, case)| match i % 2 {
            0 => hall.refuse(case, RefusalKind::NotRequired, "").await,
            _ => hall.grant(case).await,
        });
        for (i, step) in futures::future::join_all(steps).await.into_iter().enumerate() {
            match i % 2 {
                0 => assert_eq!(refused(step), "CASE_STATE"),
                _ => assert_eq!(step.expect("granted").accepted_on, "2026-02-09"),
            }
        }
        hall.clock.settled(hall.clock.now()).await;
        for case in &cases {
            let events = hall.events(case).await;
            assert_eq!(events.iter().filter(|event| *event == "case.deemed_accepted").count(), 1, "{events:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn each_clock_turns_yellow_and_red_at_its_moment_and_once() {
    Hall::on_each_engine("2026-02-12T09:00", async |hall| {
        use Signal::{Green, Red, Yellow};
        let case = hall.window("A01").accepts(FOOD).await;
        // Promised: 10 days, the last is 4 March. By law: 20 days, the last is 18 March.
        let steps = [
            ("2026-03-01T23:59:59.999999", (Green, Green)),
            ("2026-03-02T00:00", (Green, Yellow)),
            ("2026-03-04T23:59:59.999999", (Green, Yellow)),
            ("2026-03-05T00:00", (Green, Red)),
            ("2026-03-15T23:59:59.999999", (Green, Red)),
            ("2026-03-16T00:00", (Yellow, Red)),
            ("2026-03-18T23:59:59.999999", (Yellow, Red)),
            ("2026-03-19T00:00", (Red, Red)),
            ("2026-11-19T00:00", (Red, Red)),
        ];
        for (at, expected) in steps {
            hall.pass_to(at).await;
            assert_eq!(lights(&hall, &case).await, expected, "{at}");
        }
        assert_eq!(
            hall.events(&case).await,
            ["case.received", "case.accepted", "case.yellow", "case.red", "case.yellow", "case.red"]
        );
        let decision = hall.grant(&case).await.expect("late, but granted").decision.expect("decided");
        assert!(!decision.on_time_legal && !decision.on_time_promised);
    })
    .await;
}

#[tokio::test]
async fn a_short_limit_turns_yellow_on_its_last_day_only() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let text = pb::ItemText { legal_limit_days: 5, promised_limit_days: 1, ..food_text() };
    hall.revises_item(FOOD, text, "").await.expect("revised");
    let case = hall.window("A01").accepts(FOOD).await;
    let steps = [
        ("2026-06-01T23:59:59", (Signal::Green, Signal::Green)),
        ("2026-06-02T00:00", (Signal::Green, Signal::Yellow)),
        ("2026-06-03T00:00", (Signal::Green, Signal::Red)),
        ("2026-06-07T23:59:59", (Signal::Green, Signal::Red)),
        ("2026-06-08T00:00", (Signal::Yellow, Signal::Red)),
        ("2026-06-09T00:00", (Signal::Red, Signal::Red)),
    ];
    for (at, expected) in steps {
        hall.pass_to(at).await;
        assert_eq!(lights(&hall, &case).await, expected, "{at}");
    }
}

#[tokio::test]
async fn weeks_of_downtime_change_nothing_of_what_time_brings() {
    /// The lives of four cases, without what is random.
    async fn lives(hall: &Hall, cases: &[pb::Case]) -> Vec<Vec<(String, pb::CaseFacts)>> {
        let mut lives = Vec::new();
        for case in cases {
            let mut life = hall.history(case).await;
            life.iter_mut().for_each(|(_, facts)| facts.applicant_commitment.clear());
            lives.push(life);
        }
        lives
    }
    async fn begin(hall: &Hall) -> Vec<pb::Case> {
        let silent = hall.window("A01").receives(FOOD).await;
        let accepted = hall.window("A01").accepts(FOOD).await;
        let asked = hall.window("A01").receives(FOOD).await;
        hall.ask(&asked, &["M2"]).await.expect("asked");
        let decided = hall.window("A01").accepts(FOOD).await;
        hall.grant(&decided).await.expect("granted");
        vec![silent, accepted, asked, decided]
    }
    let awake = Hall::open("2026-02-09T09:00").await;
    let cases = begin(&awake).await;
    for day in 10..=28 {
        awake.pass_to(&format!("2026-02-{day}T00:00")).await;
    }
    for day in 1..=31 {
        awake.pass_to(&format!("2026-03-{day:02}T00:00")).await;
    }
    let expected = lives(&awake, &cases).await;
    let events: Vec<Vec<&str>> =
        expected.iter().map(|life| life.iter().map(|(event, _)| event.as_str()).collect()).collect();
    let late = ["case.yellow", "case.red", "case.yellow", "case.red"];
    assert_eq!(events[0], [["case.received", "case.yellow", "case.deemed_accepted"].as_slice(), &late].concat());
    assert_eq!(events[1], [["case.received", "case.accepted"].as_slice(), &late].concat());
    assert_eq!(events[2], ["case.received", "case.supplement_asked", "case.lapsed"]);
    assert_eq!(events[3], ["case.received", "case.accepted", "case.decided", "case.yellow", "case.red"]);

    Hall::on_each_engine("2026-02-09T09:00", async |hall| {
        let cases = begin(&hall).await;
        let hall = hall.sleeps_until("2026-03-31T00:00").await;
        assert_eq!(lives(&hall, &cases).await, expected);
        let head = hall.journal().await.len();
        let hall = hall.sleeps_until("2026-04-20T00:00").await;
        assert_eq!(hall.journal().await.len(), head, "and nothing comes twice");
    })
    .await;
}

#[tokio::test]
async fn what_was_decided_in_time_stays_green_however_long_it_waits_to_be_collected() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        // Promised in ten days, and to be handed out within ten of the decision: both clocks end on one day.
        let case = hall.window("A01").accepts(FOOD).await;
        let case = hall.grant(&case).await.expect("granted");
        hall.pass_to("2026-08-03T00:00").await;
        let case = hall.case(&case).await;
        assert_eq!(case.issue_clock.as_ref().expect("runs").signal(), Signal::Red);
        assert_eq!(lights(&hall, &case).await, (Signal::Green, Signal::Green));
        let (_, facts) = hall.history(&case).await.pop().expect("red");
        assert_eq!((facts.legal_signal(), facts.promised_signal()), (Signal::Green, Signal::Green));
    })
    .await;
}

#[tokio::test]
async fn an_instant_item_that_is_not_done_at_once_is_late_the_next_day() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").accepts(COPY).await;
    assert_eq!(case.promised_clock.as_ref().expect("runs").due_on, "2026-06-01");
    assert_eq!(lights(&hall, &case).await, (Signal::Green, Signal::Green));
    hall.pass_to("2026-06-02T00:00").await;
    assert_eq!(lights(&hall, &case).await, (Signal::Green, Signal::Red));
    assert_eq!(hall.events(&case).await, ["case.received", "case.accepted", "case.red"], "and was never yellow");
}

#[tokio::test]
async fn a_case_that_cannot_be_read_holds_up_neither_another_nor_the_clock() {
    Hall::on_each_engine("2026-02-09T09:00", async |mut hall| {
        let spoilt = hall.window("A01").receives(FOOD).await;
        let case = hall.window("A01").receives(FOOD).await;
        hall.closes().await;
        hall.rewrites(&format!("UPDATE cases SET body = 'x' || body WHERE id = '{}'", spoilt.number)).await;

        let settles = std::time::Duration::from_secs(30);
        let opened = tokio::time::timeout(settles, hall.sleeps_until("2026-02-15T00:00")).await;
        let hall = opened.expect("the clock settles though a case could not be woken");
        let now = hall.case(&case).await;
        assert_eq!((now.state(), now.accepted_on.as_str()), (CaseState::Accepted, "2026-02-09"));
        // It is tried again with every sweep, and goes on holding up nothing.
        let passes = tokio::time::timeout(settles, hall.pass_to("2026-03-02T00:00")).await;
        passes.expect("the clock settles again");
        assert_eq!(lights(&hall, &case).await.1, Signal::Red);
        hall.grant(&case).await.expect("goes on");

        // Mended, it is woken by the next sweep, with the days it should have had.
        let sql = format!("UPDATE cases SET body = replace(body, 'x{{', '{{') WHERE id = '{}'", spoilt.number);
        hall.rewrites(&sql).await;
        let get = pb::GetCaseRequest { name: spoilt.name.clone() };
        until(async || {
            let case = hall.cases().get_case(get.clone()).await.map(|case| case.into_inner());
            case.is_ok_and(|case| case.accepted_on == "2026-02-09")
        })
        .await;
    })
    .await;
}
