//! A unit's inbox: what to do next, nearest due first.

use proto::intake::v1::{self as pb, NextAction, Signal, SuspensionCause};
use tonic::Status;

use crate::hall::*;

async fn page(hall: &Hall, unit: &str, size: i32, token: &str) -> Result<pb::ListInboxResponse, Status> {
    let request = pb::ListInboxRequest { parent: name("units", unit), page_size: size, page_token: token.into() };
    hall.cases().list_inbox(request).await.map(|answer| answer.into_inner())
}

fn number(entry: &pb::InboxEntry) -> &str {
    &entry.case.as_ref().expect("a case").number
}

#[tokio::test]
async fn the_nearest_due_comes_first_and_says_what_to_do() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let stopped = hall.window("A01").accepts(FOOD).await;
        hall.suspend(&stopped, SuspensionCause::Hearing, "").await.expect("suspended");
        let joint = hall.window("A01").accepts(BUILDING).await;
        let asked = hall.window("A01").receives(FOOD).await;
        hall.ask(&asked, &["M2"]).await.expect("asked");
        let accepted = hall.window("A01").accepts(FOOD).await;
        let received = hall.window("A01").receives(FOOD).await;
        let done = hall.window("A01").accepts(FOOD).await;
        let done = hall.grant(&done).await.expect("granted");
        hall.window("B01").issues(&done).await.expect("issued");
        let gone = hall.window("A01").receives(FOOD).await;
        hall.withdraw(&gone).await.expect("withdrawn");
        hall.window("A02").receives(ROAD).await;
        hall.pass_to("2026-06-02T09:00").await;
        let decided = hall.window("A01").accepts(FOOD).await;
        hall.grant(&decided).await.expect("granted");

        let expected = [
            (&received, NextAction::DecideIntake, "2026-06-08"),
            (&accepted, NextAction::Decide, "2026-06-15"),
            (&decided, NextAction::Issue, "2026-06-16"),
            (&asked, NextAction::AwaitSupplement, "2026-06-23"),
            (&joint, NextAction::Decide, "2026-07-14"),
            (&stopped, NextAction::Resume, ""),
        ];
        let seen = page(&hall, UNIT, 0, "").await.expect("the inbox");
        let seen: Vec<_> =
            seen.entries.iter().map(|entry| (number(entry), entry.action(), entry.due_on.as_str())).collect();
        let expected = expected.map(|(case, action, due_on)| (case.number.as_str(), action, due_on));
        assert_eq!(seen, expected);

        // Page by page it is the same list.
        let (mut token, mut paged) = (String::new(), Vec::new());
        loop {
            let two = page(&hall, UNIT, 2, &token).await.expect("a page");
            assert!(two.entries.len() <= 2);
            paged.extend(two.entries.iter().map(|entry| number(entry).to_owned()));
            token = two.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(paged, expected.map(|(number, ..)| number));

        hall.pass_to("2026-06-08T09:00").await;
        let first = page(&hall, UNIT, 1, "").await.expect("the inbox").entries.remove(0);
        assert_eq!((number(&first), first.signal()), (received.number.as_str(), Signal::Yellow));
    })
    .await;
}

#[tokio::test]
async fn an_inbox_is_of_one_unit_that_there_is() {
    let hall = Hall::open("2026-06-01T09:00").await;
    for _ in 0..3 {
        hall.window("A01").receives(FOOD).await;
    }
    assert!(page(&hall, OTHER_UNIT, 0, "").await.expect("empty").entries.is_empty());
    assert_eq!(refused(page(&hall, "999", 0, "").await), "UNIT_NOT_FOUND");
    assert_eq!(refused(page(&hall, UNIT, -1, "").await), "FIELD_INVALID");
    let token = page(&hall, UNIT, 1, "").await.expect("a page").next_page_token;
    assert!(!token.is_empty());
    assert_eq!(refused(page(&hall, OTHER_UNIT, 1, &token).await), "PAGE_TOKEN_INVALID");
}
