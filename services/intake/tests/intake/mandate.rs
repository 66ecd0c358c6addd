//! Mandates: an instant item is granted at the window by the standing decision of an officer who is not at it.

use proto::intake::v1::{self as pb, CaseState};

use crate::hall::*;

fn of(unit: &str, person: fn(&str) -> String) -> String {
    name("people", &person(unit))
}

#[tokio::test]
async fn an_instant_item_is_granted_while_the_applicant_waits_and_handed_out_at_another_window() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let case = hall.receive(on_the_spot()).await.expect("granted at once");
        assert_eq!((case.state(), case.etag.as_str()), (CaseState::Granted, "1"));
        assert!(!case.query_code.is_empty());
        let decision = case.decision.as_ref().expect("decided");
        assert!(decision.granted && decision.on_time_legal && decision.on_time_promised);
        assert_eq!(
            (decision.officer.as_str(), decision.mandate.as_str()),
            (&*of(UNIT, officer), "尉市监授〔2026〕1号")
        );
        assert_eq!((decision.document_number.as_str(), &case.issuance), ("尉档证〔2026〕1号", &None));
        assert_eq!(case.issue_clock.as_ref().expect("runs").due_on, "2026-06-15");

        assert_eq!(refused(hall.window("A01").issues(&case).await), "WINDOWS_NOT_APART");
        let case = hall.window("B01").issues(&case).await.expect("issued");
        assert_eq!(case.state(), CaseState::Issued);
        let history = hall.history(&case).await;
        let events: Vec<_> = history.iter().map(|(event, _)| event.as_str()).collect();
        assert_eq!(events, ["case.granted_at_once", "case.issued"]);
        let facts = &history[0].1;
        assert_eq!((facts.handling_days, facts.handling(), facts.issued_at), (0, pb::Handling::Instant, 0));
        assert_eq!((facts.received_at, facts.accepted_at), (facts.decided_at, facts.decided_at));
    })
    .await;
}

#[tokio::test]
async fn a_mandate_is_given_shown_and_taken_back() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let item = hall.mandates(taken_back(COPY)).await.expect("taken back");
        assert_eq!(item.mandate, None);
        assert_eq!(refused(hall.receive(on_the_spot()).await), "MANDATE_MISSING");
        let ordinary = hall.window("A01").accepts(COPY).await;

        let request = pb::MandateItemRequest { leader: of(UNIT, deputy), etag: item.etag, ..mandate(COPY) };
        let item = hall.mandates(request.clone()).await.expect("given by a deputy head");
        let given = item.mandate.clone().expect("a mandate");
        assert_eq!((&given.leader, &given.officer), (&of(UNIT, deputy), &of(UNIT, officer)));
        assert_eq!(given.document_number, "尉市监授〔2026〕1号");
        assert_eq!(given.given_at.expect("a moment").seconds, hall.clock.now().0 / 1_000_000);
        let entry = hall.journal().await.pop().expect("an entry");
        assert_eq!((entry.event.as_str(), &entry.noun, &entry.actor), ("item.mandated", &item.name, &of(UNIT, deputy)));
        let head = hall.journal().await.len();
        assert_eq!(hall.mandates(request).await.expect("said again"), item);
        assert_eq!(hall.journal().await.len(), head);

        // It is the item's, whatever its revision, and is there after a restart.
        hall.revises_item(COPY, item.text.expect("text"), "").await.expect("revised");
        let hall = hall.sleeps_until("2026-06-02T09:00").await;
        assert_eq!(hall.item(COPY).await.expect("there").mandate, Some(given));
        assert_eq!(hall.receive(on_the_spot()).await.expect("granted at once").state(), CaseState::Granted);

        // Who decides themself needs none.
        let decision = hall.grant(&ordinary).await.expect("granted").decision.expect("decided");
        assert_eq!(decision.mandate, "");
    })
    .await;
}

#[tokio::test]
async fn a_mandate_is_the_unit_s_leader_s_to_give_and_only_to_an_officer_of_the_unit() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let head_at = hall.journal().await.len();
    let by = |leader: String| pb::MandateItemRequest { leader, ..mandate(COPY) };
    let to = |officer: String| pb::MandateItemRequest { officer, ..mandate(COPY) };
    let stale = pb::MandateItemRequest { etag: "1".into(), ..mandate(COPY) };
    let back = pb::MandateItemRequest { leader: of(OTHER_UNIT, head), ..taken_back(COPY) };
    let wrong = [
        (by(of(OTHER_UNIT, head)), "PERSON_UNIT"),
        (by(name("people", GOVERNMENT_HEAD)), "PERSON_UNIT"),
        (by(of(UNIT, officer)), "APPROVER_RANK"),
        (by(name("people", "NOBODY")), "PERSON_NOT_FOUND"),
        (to(of(OTHER_UNIT, officer)), "PERSON_UNIT"),
        (to(name("people", CENTRE_CLERK)), "PERSON_UNIT"),
        (to(name("people", "NOBODY")), "PERSON_NOT_FOUND"),
        (back, "PERSON_UNIT"),
        (stale, "ETAG_STALE"),
        (mandate(FOOD), "ITEM_NOT_INSTANT"),
        (mandate("no-such"), "ITEM_NOT_FOUND"),
    ];
    for (request, reason) in wrong {
        assert_eq!(refused(hall.mandates(request.clone()).await), reason, "{request:?}");
    }
    assert_eq!(hall.journal().await.len(), head_at);
    hall.retires_item(COPY).await.expect("retired");
    assert_eq!(refused(hall.mandates(mandate(COPY)).await), "ITEM_RETIRED");
}

#[tokio::test]
async fn what_is_not_instant_or_not_whole_is_not_granted_at_once_and_leaves_no_trace() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let before = hall.journal().await.len();
    let ordinary = pb::ReceiveCaseRequest { on_the_spot: on_the_spot().on_the_spot, ..receipt("A01", FOOD) };
    assert_eq!(refused(hall.receive(ordinary).await), "ITEM_NOT_INSTANT");
    let bare = pb::ReceiveCaseRequest { materials: vec![], ..on_the_spot() };
    assert_eq!(refused(hall.receive(bare).await), "MATERIALS_MISSING");
    // Neither whose decision it is receives, nor who gave the mandate.
    for clerk in [officer, head] {
        let alone = pb::ReceiveCaseRequest { clerk: of(UNIT, clerk), ..on_the_spot() };
        assert_eq!(refused(hall.receive(alone).await), "DECIDER_RECEIVED");
    }
    assert_eq!(hall.journal().await.len(), before);
    // Not even a number was used up.
    assert!(hall.window("A01").receives(COPY).await.number.contains("-000001-"));
}

#[tokio::test]
async fn a_mandate_ends_with_its_officer() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        hall.receive(on_the_spot()).await.expect("granted at once");
        hall.dismisses(&officer(UNIT)).await;
        until(async || hall.receive(on_the_spot()).await.is_err()).await;
        assert_eq!(refused(hall.receive(on_the_spot()).await), "PERSON_INACTIVE");
        assert_eq!(refused(hall.mandates(mandate(COPY)).await), "PERSON_INACTIVE");
        let anew = pb::MandateItemRequest { officer: of(UNIT, deputy), ..mandate(COPY) };
        hall.mandates(anew).await.expect("given anew");
        let case = hall.receive(on_the_spot()).await.expect("granted at once");
        assert_eq!(case.decision.expect("decided").officer, of(UNIT, deputy));
    })
    .await;
}

#[tokio::test]
async fn a_mandate_does_not_outlast_what_it_was_given_for() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let text = hall.item(COPY).await.expect("there").text.expect("text");
    let moved = pb::ItemText { unit: name("units", OTHER_UNIT), ..text.clone() };
    hall.revises_item(COPY, moved, "").await.expect("revised");
    let there = pb::ReceiveCaseRequest { on_the_spot: on_the_spot().on_the_spot, ..receipt("A02", COPY) };
    assert_eq!(refused(hall.receive(there).await), "PERSON_UNIT", "the officer is not of the item's new unit");

    let promised = pb::ItemText { handling: pb::Handling::Promised.into(), promised_limit_days: 5, ..text };
    hall.revises_item(COPY, promised, "").await.expect("revised");
    assert_eq!(refused(hall.receive(on_the_spot()).await), "ITEM_NOT_INSTANT");
    hall.mandates(taken_back(COPY)).await.expect("what is of no use any more can be taken back");
}

#[tokio::test]
async fn a_mandate_that_is_taken_back_at_one_replica_is_of_no_use_at_another() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let beside = hall.beside().await;
        let receive = async || beside.cases().receive_case(on_the_spot()).await.map(|case| case.into_inner());
        // Nothing is waited for: the other has had no time to look.
        for _ in 0..5 {
            hall.mandates(taken_back(COPY)).await.expect("taken back");
            assert_eq!(refused(receive().await), "MANDATE_MISSING");
            hall.mandates(mandate(COPY)).await.expect("given");
            assert_eq!(receive().await.expect("granted at once").state(), CaseState::Granted);
        }
    })
    .await;
}
