//! The life of a case, from the window that receives to the window that issues.

use kit::testing::request_id;
use proto::intake::v1::{self as pb, CaseState, RefusalKind, SuspensionCause};
use tonic::Code;

use crate::hall::*;

#[tokio::test]
async fn an_ordinary_case_goes_from_one_window_to_the_other() {
    Hall::on_each_engine("2026-02-12T09:00", async |hall| {
        let case = hall.window("A01").receives(FOOD).await;
        assert_eq!(case.state(), CaseState::Received);
        assert_eq!(case.intake_clock.as_ref().expect("runs").due_on, "2026-02-26");
        assert!(!case.query_code.is_empty());

        let case = hall.accept(&case).await.expect("accepted");
        assert_eq!((case.state(), case.accepted_on.as_str()), (CaseState::Accepted, "2026-02-12"));
        // Handbook §1.4, example B.
        assert_eq!(case.legal_clock.as_ref().expect("runs").due_on, "2026-03-18");
        assert_eq!(case.promised_clock.as_ref().expect("runs").due_on, "2026-03-04");

        hall.pass_to("2026-02-26T10:00").await;
        let case = hall.grant(&case).await.expect("granted");
        assert_eq!(case.state(), CaseState::Granted);
        let decision = case.decision.as_ref().expect("decided");
        assert!(decision.on_time_legal && decision.on_time_promised);
        assert_eq!(decision.remedies_zh, "");

        hall.pass_to("2026-02-27T10:00").await;
        let case = hall.window("B01").issues(&case).await.expect("issued");
        assert_eq!(case.state(), CaseState::Issued);
        assert_eq!(hall.case(&case).await, case);

        let history = hall.history(&case).await;
        let events: Vec<_> = history.iter().map(|(event, _)| event.as_str()).collect();
        assert_eq!(events, ["case.received", "case.accepted", "case.decided", "case.issued"]);
        let (_, facts) = history.last().expect("issued");
        // 13, 14, 24, 25 and 26 February.
        assert_eq!((facts.handling_days, facts.granted, facts.suspensions), (5, true, 0));
        assert_eq!((facts.received_window.as_str(), facts.issued_window.as_str()), ("A01", "B01"));
        assert_eq!((facts.legal_limit_days, facts.promised_limit_days), (20, 10));
        assert!(facts.received_at < facts.decided_at && facts.decided_at < facts.issued_at);
        assert_eq!(facts.ended_at, facts.issued_at);
    })
    .await;
}

#[tokio::test]
async fn a_case_keeps_the_revision_it_was_received_under() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let old = hall.window("A01").receives(FOOD).await;
        let mut shorter = food_text();
        (shorter.legal_limit_days, shorter.promised_limit_days) = (8, 4);
        shorter.materials.retain(|material| material.code == "M1");
        hall.revises_item(FOOD, shorter, "").await.expect("revised");
        let new = hall.window("A01").accepts_with(FOOD, &["M1"]).await;
        let old = hall.accept(&old).await.expect("accepted");

        assert_eq!(id(&old.item), format!("{FOOD}@1"));
        assert_eq!(old.legal_clock.expect("runs").due_on, "2026-06-30");
        assert_eq!(id(&new.item), format!("{FOOD}@2"));
        assert_eq!(new.legal_clock.expect("runs").due_on, "2026-06-11");
        assert_eq!(hall.item(id(&old.item)).await.expect("kept").text.expect("text").legal_limit_days, 20);
    })
    .await;
}

#[tokio::test]
async fn what_is_required_must_be_there_to_be_accepted() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let now = pb::ReceiveCaseRequest {
        accept_now: true,
        materials: vec![ticked("M1"), ticked("M3")],
        ..receipt("A01", FOOD)
    };
    assert_eq!(refused(hall.receive(now.clone()).await), "MATERIALS_MISSING");
    let none = pb::TickedMaterial { code: "M2".into(), originals: 0, copies: 0 };
    let empty = pb::ReceiveCaseRequest { materials: vec![ticked("M1"), none], ..now.clone() };
    assert_eq!(refused(hall.receive(empty).await), "MATERIALS_MISSING");
    let case = hall.receive(pb::ReceiveCaseRequest { accept_now: false, ..now }).await.expect("received");
    assert_eq!(refused(hall.accept(&case).await), "MATERIALS_MISSING");
    let unknown = pb::ReceiveCaseRequest { materials: vec![ticked("M9")], ..receipt("A01", FOOD) };
    assert_eq!(refused(hall.receive(unknown).await), "MATERIAL_UNKNOWN");
}

#[tokio::test]
async fn a_window_accepts_for_its_unit_and_a_clerk_works_for_it() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let by = |code: &str| name("people", code);
    assert_eq!(refused(hall.receive(receipt("A01", ROAD)).await), "WINDOW_UNIT");
    assert_eq!(refused(hall.receive(receipt("B01", FOOD)).await), "WINDOW_DOES_NOT_ACCEPT");
    assert_eq!(refused(hall.receive(receipt("Z99", FOOD)).await), "WINDOW_NOT_FOUND");
    let stranger = pb::ReceiveCaseRequest { clerk: by(&clerk(OTHER_UNIT)), ..receipt("A01", FOOD) };
    assert_eq!(refused(hall.receive(stranger).await), "PERSON_UNIT");
    let leader = pb::ReceiveCaseRequest { clerk: by(GOVERNMENT_HEAD), ..receipt("A01", FOOD) };
    assert_eq!(refused(hall.receive(leader).await), "PERSON_UNIT");
    let nobody = pb::ReceiveCaseRequest { clerk: by("NOBODY"), ..receipt("A01", FOOD) };
    assert_eq!(refused(hall.receive(nobody).await), "PERSON_NOT_FOUND");
    let centre = pb::ReceiveCaseRequest { clerk: by(CENTRE_CLERK), ..receipt("A01", FOOD) };
    assert!(hall.receive(centre).await.is_ok());
    assert!(hall.receive(receipt("A02", ROAD)).await.is_ok());
    assert_eq!(refused(hall.receive(receipt("A01", "no-such-item")).await), "ITEM_NOT_FOUND");
}

#[tokio::test]
async fn a_closed_window_and_a_person_who_has_left_do_nothing_more() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").accepts(FOOD).await;
    hall.dismisses(&officer(UNIT)).await;
    until(async || {
        let case = hall.window("A01").accepts(FOOD).await;
        hall.grant(&case).await.is_err_and(|status| kit::status::reason(&status) == "PERSON_INACTIVE")
    })
    .await;
    hall.closes_window("A01").await;
    until(async || {
        hall.receive(receipt("A01", FOOD)).await.is_err_and(|s| kit::status::reason(&s) == "WINDOW_INACTIVE")
    })
    .await;
    let by_head = pb::DecideCaseRequest { officer: name("people", &head(UNIT)), ..grant(&case) };
    assert!(hall.decide(by_head).await.is_ok());
}

#[tokio::test]
async fn a_unit_that_was_deactivated_takes_no_new_case_and_finishes_those_it_has() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let received = hall.window("A01").receives(FOOD).await;
        let accepted = hall.window("A01").accepts(FOOD).await;
        hall.dissolves(UNIT).await;
        until(async || hall.receive(receipt("A01", FOOD)).await.is_err()).await;
        let status = hall.receive(receipt("A01", FOOD)).await.expect_err("no new case");
        let refusal = (status.code(), kit::status::reason(&status));
        assert_eq!(refusal, (tonic::Code::FailedPrecondition, "UNIT_INACTIVE".to_owned()));
        assert_eq!(refused(hall.receive(on_the_spot()).await), "UNIT_INACTIVE");
        hall.window("A02").receives(ROAD).await;

        hall.accept(&received).await.expect("accepted");
        hall.grant(&accepted).await.expect("granted");
        hall.window("B01").issues(&accepted).await.expect("issued");
        hall.deny(&received, "不符合条件").await.expect("denied, with its remedies");
    })
    .await;
}

#[tokio::test]
async fn a_denial_has_reasons_and_tells_the_remedies() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let case = hall.window("A01").accepts(FOOD).await;
        let status = hall.deny(&case, "").await.expect_err("no reasons");
        assert_eq!((status.code(), fields(&status)), (Code::InvalidArgument, vec!["reasons".to_owned()]));
        let case = hall.deny(&case, "不符合食品安全标准").await.expect("denied");
        assert_eq!(case.state(), CaseState::Denied);
        let decision = case.decision.as_ref().expect("decided");
        assert!(!decision.granted);
        let line = &decision.remedies_zh;
        for part in ["六十日内", "尉氏县人民政府", "行政复议", "六个月内", "尉氏县人民法院", "行政诉讼"]
        {
            assert!(line.contains(part), "{line}");
        }
        let case = hall.window("C01").issues(&case).await.expect("the denial is handed out, too");
        assert_eq!(case.state(), CaseState::Issued);
        assert!(!hall.history(&case).await.last().expect("issued").1.granted);

        // The line is required even where the directory does not know the body and the court.
        let case = hall.window("A02").accepts(ROAD).await;
        let line = hall.deny(&case, "不符合规划").await.expect("denied").decision.expect("decided").remedies_zh;
        assert!(line.contains("有管辖权的行政复议机关") && line.contains("有管辖权的人民法院"), "{line}");
    })
    .await;
}

#[tokio::test]
async fn the_result_is_handed_out_at_an_issuing_window_and_never_where_it_was_received() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").accepts(FOOD).await;
    assert_eq!(refused(hall.window("B01").issues(&case).await), "CASE_STATE");
    let case = hall.grant(&case).await.expect("granted");
    assert_eq!(refused(hall.window("A01").issues(&case).await), "WINDOWS_NOT_APART");
    assert_eq!(refused(hall.window("A03").issues(&case).await), "WINDOW_DOES_NOT_ISSUE");
    assert_eq!(refused(hall.window("A02").issues(&case).await), "WINDOW_UNIT");
    let road = hall.window("A02").accepts(ROAD).await;
    let road = hall.grant(&road).await.expect("granted");
    assert_eq!(refused(hall.window("B01").issues(&road).await), "WINDOW_UNIT");
    assert!(hall.window("C01").issues(&road).await.is_ok(), "a window of the centre issues for every unit");
    let case = hall.window("B01").issues(&case).await.expect("issued");
    assert_eq!(refused(hall.window("B01").issues(&case).await), "CASE_STATE");
}

#[tokio::test]
async fn who_received_does_not_decide() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").accepts(FOOD).await;
    let by = |code: &str| pb::DecideCaseRequest { officer: name("people", code), ..grant(&case) };
    assert_eq!(refused(hall.decide(by(&clerk(UNIT))).await), "DECIDER_RECEIVED");
    assert_eq!(refused(hall.decide(by(&officer(OTHER_UNIT))).await), "PERSON_UNIT");
    assert_eq!(refused(hall.decide(by(CENTRE_CLERK)).await), "PERSON_UNIT");
    assert_eq!(refused(hall.decide(by("NOBODY")).await), "PERSON_NOT_FOUND");
    assert!(hall.decide(by(&officer(UNIT))).await.is_ok());
}

#[tokio::test]
async fn an_application_that_needs_no_licence_or_goes_elsewhere_is_refused() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").receives(FOOD).await;
    let status = hall.refuse(&case, RefusalKind::NotCompetent, "").await.expect_err("which agency?");
    assert_eq!(fields(&status), ["competent_agency"]);
    let case = hall.refuse(&case, RefusalKind::NotCompetent, "开封市市场监督管理局").await.expect("refused");
    let ending = case.ending.as_ref().expect("ended");
    assert_eq!((case.state(), ending.kind.as_str()), (CaseState::Refused, "NOT_COMPETENT"));
    assert_eq!(ending.competent_agency, "开封市市场监督管理局");
    assert!(case.intake_clock.is_none());

    let other = hall.window("A01").receives(FOOD).await;
    let other = hall.refuse(&other, RefusalKind::NotRequired, "").await.expect("refused");
    assert_eq!(other.ending.as_ref().expect("ended").kind, "NOT_REQUIRED");
    hall.pass_to("2026-07-01T00:00").await;
    assert_eq!(
        hall.events(&other).await,
        ["case.received", "case.refused"],
        "silence does not accept what was refused"
    );

    let accepted = hall.window("A01").accepts(FOOD).await;
    assert_eq!(refused(hall.refuse(&accepted, RefusalKind::NotRequired, "").await), "CASE_STATE");
}

#[tokio::test]
async fn the_applicant_withdraws_before_the_decision_only() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let received = hall.window("A01").receives(FOOD).await;
    let pending = hall.window("A01").receives(FOOD).await;
    hall.ask(&pending, &["M1"]).await.expect("asked");
    let accepted = hall.window("A01").accepts(FOOD).await;
    let suspended = hall.window("A01").accepts(FOOD).await;
    hall.suspend(&suspended, SuspensionCause::Hearing, "").await.expect("suspended");
    for case in [received, pending, accepted, suspended] {
        let case = hall.withdraw(&case).await.expect("withdrawn");
        assert_eq!((case.state(), case.ending.expect("ended").kind.as_str()), (CaseState::Withdrawn, "WITHDRAWN"));
    }
    let decided = hall.window("A01").accepts(FOOD).await;
    let decided = hall.grant(&decided).await.expect("granted");
    assert_eq!(refused(hall.withdraw(&decided).await), "CASE_STATE");
}

#[tokio::test]
async fn what_has_no_object_any_more_is_terminated_while_it_is_open() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").accepts(FOOD).await;
    let case = hall.grant(&case).await.expect("granted");
    let case = hall.terminate(&case).await.expect("terminated, though decided");
    assert_eq!(
        (case.state(), case.ending.as_ref().expect("ended").kind.as_str()),
        (CaseState::Terminated, "TERMINATED")
    );
    assert_eq!(hall.events(&case).await.last().map(String::as_str), Some("case.terminated"));
    assert_eq!(refused(hall.terminate(&case).await), "CASE_STATE");
}

#[tokio::test]
async fn a_case_that_has_ended_stays_as_it_is() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").receives(FOOD).await;
    let case = hall.withdraw(&case).await.expect("withdrawn");
    let (before, head) = (hall.case(&case).await, hall.journal().await.len());
    let steps = [
        hall.accept(&case).await,
        hall.ask(&case, &["M1"]).await,
        hall.bring(&case, &["M1"]).await,
        hall.refuse(&case, RefusalKind::NotRequired, "").await,
        hall.suspend(&case, SuspensionCause::Hearing, "").await,
        hall.resume(&case, "").await,
        hall.extend(&case, &head_of_unit()).await,
        hall.grant(&case).await,
        hall.window("B01").issues(&case).await,
        hall.withdraw(&case).await,
        hall.terminate(&case).await,
    ];
    for step in steps {
        assert_eq!(refused(step), "CASE_STATE");
    }
    hall.pass_to("2026-12-01T00:00").await;
    assert_eq!((hall.case(&case).await, hall.journal().await.len()), (before, head));
}

fn head_of_unit() -> String {
    head(UNIT)
}

#[tokio::test]
async fn who_may_not_act_for_the_unit_learns_nothing_of_where_the_case_stands() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let ended = hall.window("A01").receives(FOOD).await;
    let ended = hall.withdraw(&ended).await.expect("withdrawn");
    let asked = hall.window("A01").receives(FOOD).await;
    let asked = hall.ask(&asked, &["M1"]).await.expect("asked");
    let extended = hall.window("A01").accepts(FOOD).await;
    let extended = hall.extend(&extended, &head_of_unit()).await.expect("extended");
    for case in [ended, asked, extended] {
        // The other unit's people do as if it were theirs.
        let theirs = pb::Case {
            unit: name("units", OTHER_UNIT),
            received_by: name("people", &clerk(OTHER_UNIT)),
            received_window: case.received_window.clone(),
            ..case
        };
        let at_home = pb::Case { received_window: name("windows", "A02"), ..theirs.clone() };
        let steps = [
            (hall.accept(&theirs).await, "PERSON_UNIT"),
            (hall.ask(&theirs, &["M1"]).await, "PERSON_UNIT"),
            (hall.bring(&theirs, &["M1"]).await, "PERSON_UNIT"),
            (hall.bring(&at_home, &["M1"]).await, "WINDOW_UNIT"),
            (hall.refuse(&theirs, RefusalKind::NotRequired, "").await, "PERSON_UNIT"),
            (hall.suspend(&theirs, SuspensionCause::Hearing, "").await, "PERSON_UNIT"),
            (hall.resume(&theirs, "").await, "PERSON_UNIT"),
            (hall.extend(&theirs, &head(OTHER_UNIT)).await, "APPROVER_RANK"),
            (hall.grant(&theirs).await, "PERSON_UNIT"),
            (hall.window("C01").issues(&theirs).await, "PERSON_UNIT"),
            (hall.withdraw(&theirs).await, "PERSON_UNIT"),
            (hall.terminate(&theirs).await, "PERSON_UNIT"),
        ];
        for (step, reason) in steps {
            assert_eq!(refused(step), reason, "{:?}", theirs.state());
        }
    }
}

#[tokio::test]
async fn a_step_for_a_case_that_is_not_there_says_so() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = pb::Case {
        name: name("cases", "410223-012-20260601-000009-1"),
        unit: name("units", UNIT),
        ..Default::default()
    };
    assert_eq!(refused(hall.accept(&case).await), "CASE_NOT_FOUND");
    assert_eq!(refused(hall.grant(&case).await), "CASE_NOT_FOUND");
    let get = pb::GetCaseRequest { name: case.name.clone() };
    assert_eq!(refused(hall.cases().get_case(get).await), "CASE_NOT_FOUND");
    let elsewhere = pb::AcceptCaseRequest {
        name: "divisions/410224/cases/1".into(),
        clerk: "divisions/410224/people/X".into(),
        etag: String::new(),
        request_id: request_id(),
    };
    assert_eq!(refused(hall.cases().accept_case(elsewhere).await), "CASE_NOT_FOUND");
}
