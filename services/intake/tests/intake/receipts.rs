//! Receipts: what the applicant takes home tells of the reception and of nobody, and is proved once a head is signed.

use std::str::FromStr;

use prost::Message;
use proto::{
    intake::v1 as pb,
    journal::v1::{Leaf, Receipt, SignTreeHeadRequest, TreeHead, log_service_client::LogServiceClient},
};
use tlog::{note::Verifier, proof::Proof};

use crate::hall::*;

async fn receipt_of(hall: &Hall, case: &pb::Case) -> Receipt {
    let request = pb::GetCaseReceiptRequest { name: case.name.clone() };
    hall.cases().get_case_receipt(request).await.expect("a receipt").into_inner()
}

async fn tracked(hall: &Hall, case: &pb::Case) -> Receipt {
    let request = pb::TrackCaseRequest { number: case.number.clone(), query_code: case.query_code.clone() };
    hall.cases().track_case(request).await.expect("tracked").into_inner().receipt.expect("a receipt")
}

async fn sign(hall: &Hall) -> TreeHead {
    let request = SignTreeHeadRequest { parent: format!("divisions/{DIVISION}") };
    LogServiceClient::new(hall.peer()).sign_tree_head(request).await.expect("signed").into_inner()
}

#[tokio::test]
async fn a_receipt_is_the_journal_s_entry_of_the_reception_and_tells_of_nobody() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let accepted = pb::ReceiveCaseRequest { accept_now: true, ..receipt("A01", FOOD) };
        for (request, event) in [
            (receipt("A01", FOOD), "case.received"),
            (accepted, "case.received"),
            (on_the_spot(), "case.granted_at_once"),
        ] {
            let case = hall.receive(request).await.expect("received");
            hall.window("A01").receives(FOOD).await;
            let receipt = receipt_of(&hall, &case).await;
            let entry = hall.journal().await.swap_remove(receipt.seq as usize - 1);
            assert_eq!((&entry.noun, entry.event.as_str()), (&case.name, event));
            assert_eq!(receipt.leaf_hash, entry.leaf_hash);
            assert_eq!(tlog::leaf_hash(&receipt.leaf).to_vec(), receipt.leaf_hash);
            let leaf = Leaf::decode(&*receipt.leaf).expect("a leaf");
            assert_eq!((&leaf.division, leaf.seq, leaf.service.as_str()), (&entry.division, entry.seq, "intake"));
            assert_eq!(receipt.origin, format!("yizhan/{DIVISION}/intake"));
            assert!(
                receipt.text.is_empty() && receipt.hashes.is_empty() && receipt.head.is_none(),
                "no head covers it"
            );
            assert_eq!(tracked(&hall, &case).await, receipt);
            let told = String::from_utf8_lossy(&receipt.leaf).into_owned();
            assert!(!["李", "410223198812300024", "13812345678", "人民路"].iter().any(|canary| told.contains(canary)));
        }
    })
    .await;
}

#[tokio::test]
async fn of_many_receptions_in_one_commit_each_has_its_own_entry() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        // Some are refused on the way, and take no number.
        let wrong = pb::ReceiveCaseRequest { materials: vec![ticked("M9")], ..receipt("A01", FOOD) };
        let all = (0..60).map(|i| match i % 3 {
            0 => hall.receive(wrong.clone()),
            _ => hall.receive(pb::ReceiveCaseRequest { accept_now: true, ..receipt("A01", FOOD) }),
        });
        let cases: Vec<_> = futures::future::join_all(all).await.into_iter().filter_map(Result::ok).collect();
        assert_eq!(cases.len(), 40);
        for case in cases {
            let leaf = Leaf::decode(&*receipt_of(&hall, &case).await.leaf).expect("a leaf");
            let facts = pb::CaseFacts::decode(&*leaf.payload).expect("CaseFacts");
            assert_eq!((&facts.number, leaf.event.as_str()), (&case.number, "case.received"));
        }
    })
    .await;
}

#[tokio::test]
async fn once_a_head_is_signed_the_text_alone_proves_the_reception() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let case = hall.window("A01").receives(FOOD).await;
        for _ in 0..9 {
            hall.window("A01").accepts(FOOD).await;
        }
        let head = sign(&hall).await;
        let later = hall.window("A01").receives(FOOD).await;
        let receipt = receipt_of(&hall, &case).await;
        assert_eq!(receipt.head.as_ref(), Some(&head));
        assert_eq!(tracked(&hall, &case).await, receipt);
        assert!(receipt_of(&hall, &later).await.text.is_empty(), "no head covers it yet");

        let log = Verifier::from_str(&head.verifier_key).expect("a key");
        let proof = Proof::parse(&receipt.text).expect("a proof");
        let told = proof.open(&tlog::leaf_hash(&proof.extra), &log).expect("is proved");
        assert_eq!((told.size as i64, told.root.to_vec()), (head.size, head.root_hash));
        assert_eq!((proof.extra.as_slice(), proof.index as i64 + 1), (&*receipt.leaf, receipt.seq));
        // Another entry is not proved by it.
        let mut other = Leaf::decode(&*receipt.leaf).expect("a leaf");
        other.occurred_at_micros -= 1;
        assert!(proof.open(&tlog::leaf_hash(&other.encode_to_vec()), &log).is_err());

        // What happens to the case later changes nothing of it.
        hall.accept(&case).await.expect("accepted");
        assert_eq!(receipt_of(&hall, &case).await.leaf_hash, receipt.leaf_hash);
    })
    .await;
}

#[tokio::test]
async fn an_entry_that_was_changed_in_the_database_is_no_receipt() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").receives(FOOD).await;
    let seq = receipt_of(&hall, &case).await.seq;
    hall.rewrites(&format!("UPDATE journal SET occurred_at = occurred_at - 1 WHERE seq = {seq}")).await;
    let request = pb::GetCaseReceiptRequest { name: case.name.clone() };
    assert_eq!(refused(hall.cases().get_case_receipt(request).await), "LOG_CORRUPT");
}

#[tokio::test]
async fn a_case_without_its_entry_has_no_receipt_and_is_tracked_all_the_same() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").receives(FOOD).await;
    let hall = {
        let number = &case.number;
        let json = "json_remove(body, '$.entry')";
        hall.rewrites(&format!("UPDATE cases SET body = {json} WHERE id = '{number}'")).await;
        // What the service keeps in memory goes with it.
        hall.sleeps_until("2026-06-01T10:00").await
    };
    let request = pb::GetCaseReceiptRequest { name: case.name.clone() };
    assert_eq!(refused(hall.cases().get_case_receipt(request).await), "RECEIPT_NOT_KEPT");
    let request = pb::TrackCaseRequest { number: case.number.clone(), query_code: case.query_code.clone() };
    assert_eq!(hall.cases().track_case(request).await.expect("tracked").into_inner().receipt, None);
    let nobody = pb::GetCaseReceiptRequest { name: name("cases", "410223-012-20260601-000009-X") };
    assert_eq!(refused(hall.cases().get_case_receipt(nobody).await), "CASE_NOT_FOUND");
}
