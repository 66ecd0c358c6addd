//! A request that comes again (AIP-155).

use futures::future::join_all;
use kit::actor::RequestKey;
use uuid::Uuid;

use crate::house::{House, add_through, county, houses, request, settle};

async fn add(house: &House, by: i64, request: RequestKey) -> Result<i64, &'static str> {
    let added = add_through(&house.writer, county(), "A", by, Some(request)).await;
    added.map(|counter| counter.value).map_err(|refusal| refusal.reason())
}

#[tokio::test]
async fn the_same_request_again_is_answered_and_changes_nothing() {
    for house in houses().await {
        let first = request(1);
        assert_eq!(add(&house, 5, first).await, Ok(5));
        assert_eq!(add(&house, 5, first).await, Ok(5));
        // It is answered with the noun as it now stands.
        assert_eq!(add(&house, 2, request(2)).await, Ok(7));
        assert_eq!(add(&house, 5, first).await, Ok(7));
        assert_eq!((house.counters().await[0].value, house.entries().await.len()), (7, 2));
        house.is_gapless().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_request_twice_in_one_batch_changes_once() {
    for house in houses().await {
        let gate = house.close_gate().await;
        let (first, other) = (request(1), request(2));
        let changed = RequestKey { hash: [9; 32], ..first };
        let calls = [(5, first), (5, first), (2, other), (5, first), (6, changed)]
            .map(|(by, request)| add(&house, by, request));
        let (answers, ()) = tokio::join!(join_all(calls), async {
            settle().await;
            gate.open();
        });
        assert_eq!(answers, [Ok(5), Ok(5), Ok(7), Ok(7), Err("REQUEST_ID_REUSED")]);
        assert_eq!((house.counters().await[0].value, house.entries().await.len()), (7, 2));
        house.is_gapless().await;
    }
}

#[tokio::test]
async fn a_request_is_remembered_across_a_restart() {
    for house in houses().await {
        let first = request(1);
        assert_eq!(add(&house, 5, first).await, Ok(5));
        let house = house.reopen().await;
        assert_eq!(add(&house, 5, first).await, Ok(5));
        assert_eq!(add(&house, 5, RequestKey { hash: [9; 32], ..first }).await, Err("REQUEST_ID_REUSED"));
        assert_eq!((house.counters().await[0].value, house.entries().await.len()), (5, 1));
    }
}

#[tokio::test]
async fn another_request_under_the_same_id_is_refused_with_its_field() {
    for house in houses().await {
        let first = request(1);
        assert_eq!(add(&house, 5, first).await, Ok(5));
        let other = RequestKey { hash: [9; 32], ..first };
        let refusal = add_through(&house.writer, county(), "A", 6, Some(other)).await.expect_err("refused");
        assert_eq!((refusal.reason(), refusal.faults()[0].field.as_str()), ("REQUEST_ID_REUSED", "request_id"));
        // Even where it asks for another noun.
        let elsewhere = add_through(&house.writer, county(), "B", 6, Some(other)).await.expect_err("refused");
        assert_eq!(elsewhere.reason(), "REQUEST_ID_REUSED");
        assert_eq!((house.counters().await.len(), house.entries().await.len()), (1, 1));
    }
}

#[tokio::test]
async fn a_request_id_is_unique_within_its_division_only() {
    for house in houses().await {
        let first = request(1);
        assert_eq!(add(&house, 5, first).await, Ok(5));
        let elsewhere = "410224".parse().expect("six digits");
        let other = add_through(&house.writer, elsewhere, "A", 6, Some(RequestKey { hash: [9; 32], ..first })).await;
        assert_eq!(other.expect("another division's").value, 6);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_not_remembered() {
    for house in houses().await {
        let first = request(1);
        assert_eq!(add(&house, 0, first).await, Err("NOTHING_TO_ADD"));
        assert_eq!(add(&house, 5, first).await, Ok(5));

        // Nor within a batch.
        let gate = house.close_gate().await;
        let second = request(2);
        let calls = [0, 5].map(|by| add(&house, by, second));
        let (answers, ()) = tokio::join!(join_all(calls), async {
            settle().await;
            gate.open();
        });
        assert_eq!(answers, [Err("NOTHING_TO_ADD"), Ok(10)]);
        house.is_gapless().await;
    }
}

#[test]
fn a_request_is_told_apart_by_what_it_asks_and_of_which_rpc() {
    let id = Uuid::new_v4().to_string();
    let asks = |rpc: &str, seq| {
        let request = proto::journal::v1::Position { division: "410223".into(), seq };
        RequestKey::of(rpc, &request, &id).expect("a request")
    };
    assert_eq!(asks("A", 1), asks("A", 1));
    assert_ne!(asks("A", 1).hash, asks("A", 2).hash);
    assert_ne!(asks("A", 1).hash, asks("B", 1).hash);
    for bad in ["", "1", "00000000-0000-0000-0000-000000000000", "not-a-uuid"] {
        let refusal = RequestKey::of("A", &proto::journal::v1::Position::default(), bad).expect_err(bad);
        assert_eq!((refusal.reason(), refusal.faults()[0].field.as_str()), ("FIELD_INVALID", "request_id"));
    }
}
