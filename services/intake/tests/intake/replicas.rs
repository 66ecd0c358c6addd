//! Two of the service at once on one database: they number, decide and sweep as one.

use std::collections::BTreeSet;

use futures::future::join_all;
use proto::intake::v1 as pb;

use crate::hall::*;

#[tokio::test]
async fn two_replicas_number_as_one() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let beside = hall.beside().await;
        let receive = async |i: usize| {
            let mut cases = [hall.cases(), beside.cases()][i % 2].clone();
            cases.receive_case(receipt("A01", FOOD)).await.expect("received").into_inner().number
        };
        let numbers: BTreeSet<_> = join_all((0..100).map(receive)).await.into_iter().collect();
        let sequence = numbers.iter().map(|number| number.split('-').nth(3).expect("a sequence").to_owned());
        assert!(sequence.eq((1..=100).map(|n| format!("{n:06}"))), "{numbers:?}");
        assert!(hall.journal().await.iter().map(|entry| entry.seq).eq(1..=105));
    })
    .await;
}

#[tokio::test]
async fn one_request_to_two_replicas_at_once_is_done_once() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let beside = hall.beside().await;
        let request = receipt("A01", FOOD);
        let receive = async |i: usize| {
            let mut cases = [hall.cases(), beside.cases()][i % 2].clone();
            cases.receive_case(request.clone()).await.expect("received").into_inner()
        };
        let answers = join_all((0..20).map(receive)).await;
        assert!(answers.iter().all(|case| *case == answers[0]));
        assert_eq!(hall.events(&answers[0]).await, ["case.received"]);
    })
    .await;
}

#[tokio::test]
async fn what_time_brings_comes_once_though_two_replicas_sweep() {
    Hall::on_each_engine("2026-02-09T09:00", async |hall| {
        let beside = hall.beside().await;
        let cases = join_all((0..20).map(|_| hall.receive(receipt("A01", FOOD)))).await;
        hall.pass_to("2026-02-15T00:00").await;
        for case in cases {
            let case = case.expect("received");
            assert_eq!(hall.events(&case).await, ["case.received", "case.yellow", "case.deemed_accepted"]);
            let request = pb::GetCaseRequest { name: case.name };
            assert!(beside.cases().get_case(request).await.expect("seen by both").into_inner().deemed_accepted);
        }
    })
    .await;
}

#[tokio::test]
async fn an_item_that_one_replica_has_just_changed_is_the_same_at_the_other() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let beside = hall.beside().await;
        let receive = async |window: &str, item: &str| {
            beside.cases().receive_case(receipt(window, item)).await.map(|case| case.into_inner())
        };
        // Nothing is waited for: the other has had no time to look.
        hall.creates_item(pb::Item { name: name("items", "new-item"), ..food() }).await.expect("created");
        assert!(receive("A01", "new-item").await.expect("received").item.ends_with("new-item@1"));
        for revision in 2..12 {
            hall.revises_item(FOOD, food_text(), "").await.expect("revised");
            let case = receive("A01", FOOD).await.expect("received");
            assert_eq!(case.item, name("items", &format!("{FOOD}@{revision}")));
        }
        // The number is of the unit that the item is of now.
        let text = pb::ItemText { unit: name("units", OTHER_UNIT), ..food_text() };
        hall.revises_item(FOOD, text, "").await.expect("revised");
        let case = receive("A02", FOOD).await.expect("received");
        assert_eq!((id(&case.unit), case.number.split('-').nth(1)), (OTHER_UNIT, Some(OTHER_UNIT)));
        hall.retires_item(FOOD).await.expect("retired");
        assert_eq!(refused(receive("A02", FOOD).await), "ITEM_RETIRED");
    })
    .await;
}

#[tokio::test]
async fn a_case_goes_on_at_a_replica_that_has_not_seen_the_revision_it_was_received_under() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let beside = hall.beside().await;
        for _ in 0..10 {
            hall.revises_item(FOOD, food_text(), "").await.expect("revised");
            let case = hall.window("A01").receives(FOOD).await;
            let accept = pb::AcceptCaseRequest {
                name: case.name,
                clerk: case.received_by,
                etag: String::new(),
                request_id: kit::testing::request_id(),
            };
            beside.cases().accept_case(accept).await.expect("accepted at once");
        }
    })
    .await;
}

#[tokio::test]
async fn what_one_replica_changes_in_the_catalogue_the_other_knows_soon() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let beside = hall.beside().await;
        let receive =
            async |item: &str| beside.cases().receive_case(receipt("A01", item)).await.map(|case| case.into_inner());
        let new = pb::Item { name: name("items", "new-item"), ..food() };
        hall.creates_item(new).await.expect("created");
        until(async || receive("new-item").await.is_ok()).await;
        hall.revises_item(FOOD, food_text(), "").await.expect("revised");
        until(async || receive(FOOD).await.is_ok_and(|case| case.item.ends_with("@2"))).await;
        hall.retires_item(FOOD).await.expect("retired");
        until(async || receive(FOOD).await.is_err_and(|status| kit::status::reason(&status) == "ITEM_RETIRED")).await;
    })
    .await;
}
