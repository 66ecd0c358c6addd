//! WatchCases: what changes, as it changes.

use std::time::Duration;

use proto::intake::v1 as pb;
use tonic::{Status, Streaming};

use crate::hall::*;

type Changes = Streaming<pb::WatchCasesResponse>;

async fn watch(hall: &Hall, unit: &str, after_seq: i64) -> Result<Changes, Status> {
    let unit = if unit.is_empty() { String::new() } else { name("units", unit) };
    let request = pb::WatchCasesRequest { parent: format!("divisions/{DIVISION}"), unit, after_seq };
    hall.cases().watch_cases(request).await.map(|stream| stream.into_inner())
}

async fn next(changes: &mut Changes) -> pb::WatchCasesResponse {
    let next = tokio::time::timeout(Duration::from_secs(10), changes.message()).await;
    next.expect("in time").expect("goes on").expect("does not end")
}

/// The event and the case's number.
async fn told(changes: &mut Changes) -> (String, String) {
    let change = next(changes).await;
    (change.event, change.facts.expect("facts").number)
}

fn tell(event: &str, case: &pb::Case) -> (String, String) {
    (event.to_owned(), case.number.clone())
}

#[tokio::test]
async fn a_watcher_is_told_what_changes_from_now_on() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        hall.window("A01").receives(FOOD).await;
        let mut changes = watch(&hall, "", 0).await.expect("watches");
        let case = hall.window("A01").receives(FOOD).await;
        assert_eq!(told(&mut changes).await, tell("case.received", &case));
        hall.accept(&case).await.expect("accepted");
        assert_eq!(told(&mut changes).await, tell("case.accepted", &case));
        // Of what changes the catalogue a watcher of cases hears nothing.
        hall.revises_item(FOOD, food_text(), "").await.expect("revised");
        hall.pass_to("2026-06-15T00:00").await;
        let (mut events, mut seqs) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            let change = next(&mut changes).await;
            events.push(change.event);
            seqs.push(change.seq);
        }
        // The silent case's two, and both promises' yellow.
        events.sort();
        assert_eq!(events, ["case.deemed_accepted", "case.yellow", "case.yellow", "case.yellow"]);
        assert!(seqs.windows(2).all(|two| two[0] < two[1]));
    })
    .await;
}

#[tokio::test]
async fn a_watcher_who_was_away_goes_on_after_what_was_seen() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let mut changes = watch(&hall, "", 0).await.expect("watches");
        let case = hall.window("A01").receives(FOOD).await;
        let seen = next(&mut changes).await.seq;
        drop(changes);
        hall.accept(&case).await.expect("accepted");
        let other = hall.window("A02").receives(ROAD).await;
        hall.grant(&case).await.expect("granted");

        let mut all = watch(&hall, "", seen).await.expect("watches");
        assert_eq!(told(&mut all).await, tell("case.accepted", &case));
        assert_eq!(told(&mut all).await, tell("case.received", &other));
        assert_eq!(told(&mut all).await, tell("case.decided", &case));
        let mut unit = watch(&hall, OTHER_UNIT, seen).await.expect("watches");
        assert_eq!(told(&mut unit).await, tell("case.received", &other));
        hall.window("B01").issues(&case).await.expect("issued");
        hall.accept(&other).await.expect("accepted");
        assert_eq!(told(&mut unit).await, tell("case.accepted", &other));
        assert_eq!(told(&mut all).await, tell("case.issued", &case));
    })
    .await;
}

#[tokio::test]
async fn a_position_that_is_not_of_this_journal_is_refused() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let head = hall.journal().await.len() as i64;
    assert!(watch(&hall, "", head).await.is_ok());
    assert_eq!(refused(watch(&hall, "", head + 1).await.map(drop)), "POSITION_AHEAD");
    assert_eq!(refused(watch(&hall, "", -1).await.map(drop)), "FIELD_INVALID");
}
