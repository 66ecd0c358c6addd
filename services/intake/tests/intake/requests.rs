//! A request is done once, however often it is sent (AIP-155); and on the case that the caller has read (etag).

use futures::future::join_all;
use kit::testing::request_id;
use proto::intake::v1::{self as pb, CaseState};
use tonic::Code;

use crate::hall::*;

#[tokio::test]
async fn a_receipt_sent_again_answers_with_the_same_case_and_changes_nothing() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let request = receipt("A01", FOOD);
        let first = hall.receive(request.clone()).await.expect("received");
        let head = hall.journal().await.len();
        hall.pass_to("2026-06-03T09:00").await;
        assert_eq!(hall.receive(request.clone()).await.expect("again"), first, "its query code, too");
        assert_eq!(hall.journal().await.len(), head);

        // Later it answers with the case as it now stands.
        hall.accept(&first).await.expect("accepted");
        let again = hall.receive(request).await.expect("again");
        assert_eq!((&again.number, &again.query_code), (&first.number, &first.query_code));
        assert_eq!(again.state(), CaseState::Accepted);
    })
    .await;
}

#[tokio::test]
async fn twenty_of_one_request_at_once_are_one_case() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        for accept_now in [false, true] {
            let request = pb::ReceiveCaseRequest { accept_now, ..receipt("A01", FOOD) };
            let head = hall.journal().await.len();
            let answers = join_all((0..20).map(|_| hall.receive(request.clone()))).await;
            let cases: Vec<_> = answers.into_iter().map(|answer| answer.expect("received")).collect();
            assert!(cases.iter().all(|case| *case == cases[0]));
            assert_eq!(hall.journal().await.len(), head + 1 + usize::from(accept_now));
        }
    })
    .await;
}

#[tokio::test]
async fn every_step_said_twice_is_done_once() {
    /// Sends a request twice; it must answer the same, and be in the journal once.
    macro_rules! twice {
        ($hall:expr, $rpc:ident, $request:expr) => {{
            let request = $request;
            let head = $hall.journal().await.len();
            let first = $hall.cases().$rpc(request.clone()).await.expect("done").into_inner();
            let again = $hall.cases().$rpc(request).await.expect("again").into_inner();
            assert_eq!(first, again);
            assert_eq!($hall.journal().await.len(), head + 1, stringify!($rpc));
            first
        }};
    }
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let (name_of, id_of) = (name, request_id);
        let case = hall.window("A01").receives(FOOD).await;
        let (name, etag) = (case.name.clone(), String::new());
        let (clerk, officer, head) =
            (name_of("people", &clerk(UNIT)), name_of("people", &officer(UNIT)), name_of("people", &head(UNIT)));
        let demand = pb::SupplementDemand { material: "M2".into(), what: "缺少公章".into(), met: false };
        twice!(
            hall,
            request_supplement,
            pb::RequestSupplementRequest {
                name: name.clone(),
                clerk: clerk.clone(),
                demands: vec![demand],
                etag: etag.clone(),
                request_id: id_of(),
            }
        );
        twice!(
            hall,
            supplement_case,
            pb::SupplementCaseRequest {
                name: name.clone(),
                window: case.received_window.clone(),
                clerk: clerk.clone(),
                materials: vec![ticked("M2")],
                etag: etag.clone(),
                request_id: id_of(),
            }
        );
        twice!(
            hall,
            accept_case,
            pb::AcceptCaseRequest { name: name.clone(), clerk: clerk.clone(), etag: etag.clone(), request_id: id_of() }
        );
        twice!(
            hall,
            suspend_case,
            pb::SuspendCaseRequest {
                name: name.clone(),
                officer: officer.clone(),
                cause: pb::SuspensionCause::Hearing.into(),
                notice_number: "3".into(),
                needed_days: 5,
                first_day: String::new(),
                etag: etag.clone(),
                request_id: id_of(),
            }
        );
        twice!(
            hall,
            resume_case,
            pb::ResumeCaseRequest {
                name: name.clone(),
                officer: officer.clone(),
                last_day: String::new(),
                etag: etag.clone(),
                request_id: id_of(),
            }
        );
        twice!(
            hall,
            extend_case,
            pb::ExtendCaseRequest {
                name: name.clone(),
                approver: head,
                reason: "案情复杂".into(),
                etag: etag.clone(),
                request_id: id_of(),
            }
        );
        twice!(hall, decide_case, grant(&case));
        let issued = twice!(
            hall,
            issue_case,
            pb::IssueCaseRequest {
                name: name.clone(),
                window: name_of("windows", "B01"),
                clerk: clerk.clone(),
                recipient: Some(recipient()),
                etag: etag.clone(),
                request_id: id_of(),
            }
        );
        assert_eq!(issued.state(), CaseState::Issued);

        let other = hall.window("A01").receives(FOOD).await;
        twice!(
            hall,
            refuse_case,
            pb::RefuseCaseRequest {
                name: other.name,
                clerk: clerk.clone(),
                kind: pb::RefusalKind::NotRequired.into(),
                reason: "无需许可".into(),
                competent_agency: String::new(),
                etag: etag.clone(),
                request_id: id_of(),
            }
        );
        let other = hall.window("A01").receives(FOOD).await;
        twice!(
            hall,
            withdraw_case,
            pb::WithdrawCaseRequest {
                name: other.name,
                clerk,
                reason: String::new(),
                etag: etag.clone(),
                request_id: id_of(),
            }
        );
        let other = hall.window("A01").receives(FOOD).await;
        twice!(
            hall,
            terminate_case,
            pb::TerminateCaseRequest {
                name: other.name,
                officer,
                reason: "申请人死亡".into(),
                etag,
                request_id: id_of(),
            }
        );
    })
    .await;
}

#[tokio::test]
async fn a_request_id_stands_for_one_request() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let request = receipt("A01", FOOD);
        let case = hall.receive(request.clone()).await.expect("received");
        let other = pb::ReceiveCaseRequest { accept_now: true, ..request.clone() };
        let status = hall.receive(other).await.expect_err("another request");
        assert_eq!(
            (status.code(), kit::status::reason(&status).as_str()),
            (Code::InvalidArgument, "REQUEST_ID_REUSED")
        );
        assert_eq!(fields(&status), ["request_id"]);
        let step = pb::DecideCaseRequest { request_id: request.request_id.clone(), ..grant(&case) };
        assert_eq!(refused(hall.decide(step).await), "REQUEST_ID_REUSED");
        let item = pb::CreateItemRequest { item: Some(food()), request_id: request.request_id };
        assert_eq!(refused(hall.catalogue().create_item(item).await), "REQUEST_ID_REUSED");
    })
    .await;
}

#[tokio::test]
async fn a_refusal_is_not_remembered() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let case = hall.window("A01").receives(FOOD).await;
        let request = grant(&case);
        assert_eq!(refused(hall.decide(request.clone()).await), "CASE_STATE");
        hall.accept(&case).await.expect("accepted");
        assert_eq!(hall.decide(request).await.expect("the same request").state(), CaseState::Granted);
    })
    .await;
}

#[tokio::test]
async fn a_step_on_a_case_that_has_changed_since_it_was_read_is_aborted() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let read = hall.window("A01").accepts(FOOD).await;
        hall.extend(&read, &head(UNIT)).await.expect("extended by another");
        for etag in [read.etag.as_str(), "0", "rubbish", "99999999999999999999999"] {
            let status =
                hall.decide(pb::DecideCaseRequest { etag: etag.into(), ..grant(&read) }).await.expect_err(etag);
            assert_eq!((status.code(), kit::status::reason(&status).as_str()), (Code::Aborted, "ETAG_STALE"), "{etag}");
        }
        let now = hall.case(&read).await;
        // Who is of another unit cannot try which etag it is.
        for etag in [&read.etag, &now.etag] {
            let officer = name("people", &officer(OTHER_UNIT));
            let request = pb::DecideCaseRequest { etag: etag.clone(), officer, ..grant(&read) };
            assert_eq!(refused(hall.decide(request).await), "PERSON_UNIT");
        }
        assert!(hall.decide(pb::DecideCaseRequest { etag: now.etag, ..grant(&read) }).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn of_many_steps_on_one_reading_one_is_done() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let read = hall.window("A01").accepts(FOOD).await;
        let decide = |_| hall.decide(pb::DecideCaseRequest { etag: read.etag.clone(), ..grant(&read) });
        let answers = join_all((0..20).map(decide)).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        assert!(answers.into_iter().filter_map(Result::err).all(|status| status.code() == Code::Aborted));
        assert_eq!(hall.events(&read).await.last().map(String::as_str), Some("case.decided"));
    })
    .await;
}
