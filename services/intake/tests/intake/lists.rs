//! ListCases: filters, orders, and pages without loss or repeat.

use std::{cmp::Reverse, collections::HashSet};

use futures::future::join_all;
use proto::intake::v1::{self as pb, CaseState};
use tonic::Status;

use crate::hall::*;

fn query(filter: &str, order_by: &str) -> pb::ListCasesRequest {
    pb::ListCasesRequest {
        parent: format!("divisions/{DIVISION}"),
        page_size: 37,
        page_token: String::new(),
        filter: filter.into(),
        order_by: order_by.into(),
    }
}

async fn page(hall: &Hall, query: &pb::ListCasesRequest, token: &str) -> Result<pb::ListCasesResponse, Status> {
    let request = pb::ListCasesRequest { page_token: token.into(), ..query.clone() };
    hall.cases().list_cases(request).await.map(|answer| answer.into_inner())
}

/// All pages, one after the other.
async fn list(hall: &Hall, filter: &str, order_by: &str) -> Result<Vec<pb::Case>, Status> {
    let (query, mut token, mut all) = (query(filter, order_by), String::new(), Vec::new());
    loop {
        let answer = page(hall, &query, &token).await?;
        assert!(answer.cases.len() <= 37);
        all.extend(answer.cases);
        token = answer.next_page_token;
        if token.is_empty() {
            return Ok(all);
        }
    }
}

/// The numbers, in the list's order.
async fn numbers(hall: &Hall, filter: &str) -> Vec<String> {
    list(hall, filter, "").await.expect(filter).into_iter().map(|case| case.number).collect()
}

#[tokio::test]
async fn five_hundred_cases_are_paged_in_each_order_without_loss_or_repeat() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        // Many are received in the same moment, so that the number has to decide.
        for hour in 9..14 {
            hall.pass_to(&format!("2026-06-0{}T{hour:02}:00", hour - 7)).await;
            let receipts = (0..100).map(|i| match i % 4 {
                0 => receipt("A02", ROAD),
                1 => pb::ReceiveCaseRequest { accept_now: true, ..receipt("A01", BUILDING) },
                2 => on_the_spot(),
                _ => receipt("A01", FOOD),
            });
            let received = join_all(receipts.map(|receipt| hall.receive(receipt))).await;
            let received: Vec<_> = received.into_iter().map(|case| case.expect("received")).collect();
            // What is over has no due day any more.
            let window = hall.window("B01");
            let granted = received.iter().filter(|case| case.state() == CaseState::Granted);
            join_all(granted.map(async |case| window.issues(case).await.expect("issued"))).await;
        }
        let received_at = |case: &pb::Case| case.received_at.as_ref().map(|at| (at.seconds, at.nanos));
        let due_on = |case: &pb::Case| {
            let clock = case
                .intake_clock
                .as_ref()
                .or(case.promised_clock.as_ref())
                .filter(|_| case.state() != CaseState::Issued);
            clock.map_or_else(|| "9999".to_owned(), |clock| clock.due_on.clone())
        };
        let by_number = list(&hall, "", "").await.expect("listed");
        assert_eq!(by_number.iter().map(|case| &case.number).collect::<HashSet<_>>().len(), 500);
        for (order_by, descending) in [
            ("number", false),
            ("received_at", false),
            ("due_on", false),
            ("number desc", true),
            ("received_at desc", true),
            ("due_on desc", true),
        ] {
            let mut expected = by_number.clone();
            match order_by.split(' ').next() {
                Some("received_at") => expected.sort_by_key(|case| (received_at(case), case.number.clone())),
                Some("due_on") => expected.sort_by_key(|case| (due_on(case), case.number.clone())),
                _ => expected.sort_by_key(|case| case.number.clone()),
            }
            if descending {
                expected.reverse();
            }
            let listed = list(&hall, "", order_by).await.expect(order_by);
            let numbers = |cases: &[pb::Case]| cases.iter().map(|case| case.number.clone()).collect::<Vec<_>>();
            assert_eq!(numbers(&listed), numbers(&expected), "{order_by}");
        }

        // What comes while somebody pages is not told twice.
        let (newest_first, mut seen, mut token) = (query("", "received_at desc"), Vec::new(), String::new());
        loop {
            let answer = page(&hall, &newest_first, &token).await.expect("a page");
            seen.extend(answer.cases.into_iter().map(|case| Reverse(case.number)));
            hall.window("A01").receives(FOOD).await;
            token = answer.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!((seen.len(), seen.iter().collect::<HashSet<_>>().len()), (500, 500));
    })
    .await;
}

#[tokio::test]
async fn each_filter_finds_its_cases() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let received = hall.window("A01").receives(FOOD).await.number;
        let accepted = hall.window("A01").accepts(FOOD).await.number;
        let road = hall.window("A02").accepts(ROAD).await.number;
        hall.pass_to("2026-06-04T09:00").await;
        let joint = hall.window("A01").accepts(BUILDING).await.number;
        let gone = hall.window("A01").receives(FOOD).await;
        let gone = hall.withdraw(&gone).await.expect("withdrawn").number;
        // On the 8th what was received on the 1st turns yellow.
        hall.pass_to("2026-06-08T09:00").await;

        let all = |numbers: &[&String]| {
            let mut numbers: Vec<String> = numbers.iter().map(|number| (*number).clone()).collect();
            numbers.sort();
            numbers
        };
        let building = format!("item = \"{BUILDING}\"");
        let named = format!("unit = \"{}\"", name("units", OTHER_UNIT));
        let finds: [(&str, Vec<String>); 20] = [
            ("", all(&[&received, &accepted, &road, &joint, &gone])),
            ("state = RECEIVED", all(&[&received])),
            ("state = CASE_STATE_ACCEPTED", all(&[&accepted, &road, &joint])),
            ("state != ACCEPTED", all(&[&received, &gone])),
            ("unit = \"005\"", all(&[&road])),
            (&named, all(&[&road])),
            ("unit != 005", all(&[&received, &accepted, &joint, &gone])),
            (&building, all(&[&joint])),
            ("window = A02", all(&[&road])),
            ("open = true", all(&[&received, &accepted, &road, &joint])),
            ("open = false", all(&[&gone])),
            ("signal = YELLOW", all(&[&received])),
            ("signal != YELLOW", all(&[&accepted, &road, &joint, &gone])),
            ("received_on = 2026-06-04", all(&[&joint, &gone])),
            ("received_on >= \"2026-06-02\" AND state = ACCEPTED", all(&[&joint])),
            ("received_on < 2026-06-04 AND unit = 012 AND open = true", all(&[&received, &accepted])),
            ("due_on = 2026-06-08", all(&[&received])),
            ("due_on <= 2026-06-15", all(&[&received, &accepted, &road])),
            // What has no due date any more is neither before nor after.
            ("due_on > 2026-06-08", all(&[&accepted, &road, &joint])),
            ("due_on != 2026-06-08", all(&[&accepted, &road, &joint])),
        ];
        for (filter, expected) in finds {
            assert_eq!(numbers(&hall, filter).await, expected, "{filter}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_filter_or_an_order_that_is_none_is_refused() {
    let hall = Hall::open("2026-06-01T09:00").await;
    for filter in [
        "state",
        "state = SLEEPING",
        "state = UNSPECIFIED",
        "state > ACCEPTED",
        "open = maybe",
        "signal = BLUE",
        "due_on = soon",
        "received_on >= 2026-02-30",
        "applicant = 李小明",
        "unit = 012 OR unit = 005",
        "unit = \"divisions/410224/units/012\"",
        "unit = \"divisions/other/units/012\"",
        "unit = \"divisions/410223/windows/012\"",
        "unit != units/012",
        "unit = \"\u{202e}\"",
        "item = \"divisions/410224/items/food-licence\"",
        "item = \"divisions/410223/items/food-licence@1\"",
        "item = food-licence@1",
        "window = \"divisions/410224/windows/A01\"",
        "unit = \"012",
        "unit = '1'; DROP TABLE cases",
        "version = 1",
        "body = x",
        &"unit = 012 AND ".repeat(30),
        &format!("unit = {}", "0".repeat(1_000)),
    ] {
        let status = list(&hall, filter, "").await.expect_err(filter);
        assert_eq!(
            (kit::status::reason(&status).as_str(), fields(&status)),
            ("FIELD_INVALID", vec!["filter".to_owned()]),
            "{filter}"
        );
    }
    for order_by in ["name", "number up", "number desc desc", "due_on,number", "id; DROP TABLE cases"] {
        let status = list(&hall, "", order_by).await.expect_err(order_by);
        assert_eq!(fields(&status), ["order_by"], "{order_by}");
    }
}

#[tokio::test]
async fn a_case_that_cannot_be_read_is_left_out_and_hides_no_other() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let mut cases = Vec::new();
        for _ in 0..5 {
            cases.push(hall.window("A01").receives(FOOD).await.number);
        }
        // One within a page, and one at its end, where the next page begins.
        for number in [&cases[1], &cases[2]] {
            hall.rewrites(&format!("UPDATE cases SET body = 'x' || body WHERE id = '{number}'")).await;
        }
        let left = [&cases[0], &cases[3], &cases[4]];
        assert_eq!(numbers(&hall, "").await.iter().collect::<Vec<_>>(), left);
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let request = pb::ListInboxRequest { parent: name("units", UNIT), page_size: 3, page_token: token };
            let inbox = hall.cases().list_inbox(request).await.expect("listed").into_inner();
            seen.extend(inbox.entries.into_iter().map(|entry| entry.case.expect("a case").number));
            token = inbox.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(seen.iter().collect::<Vec<_>>(), left);
    })
    .await;
}

#[tokio::test]
async fn a_page_token_continues_its_own_query_only() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        for _ in 0..3 {
            hall.window("A01").receives(FOOD).await;
        }
        let mine = pb::ListCasesRequest { page_size: 1, ..query("open = true", "due_on") };
        let token = page(&hall, &mine, "").await.expect("a page").next_page_token;
        // The size of a page may change on the way.
        let rest = page(&hall, &pb::ListCasesRequest { page_size: 5, ..mine.clone() }, &token).await.expect("the rest");
        assert_eq!((rest.cases.len(), rest.next_page_token.as_str()), (2, ""));
        let elsewhere = pb::ListCasesRequest { parent: "divisions/410224".into(), ..mine.clone() };
        for other in [
            query("open = false", "due_on"),
            query("open = true", "number"),
            query("open = true", "due_on desc"),
            elsewhere,
        ] {
            assert_eq!(refused(page(&hall, &other, &token).await), "PAGE_TOKEN_INVALID");
        }
        let mut forged = token.clone().into_bytes();
        forged[3] ^= 1;
        let forged = String::from_utf8_lossy(&forged).into_owned();
        for wrong in [forged.as_str(), "x", "行政", &"A".repeat(5_000)] {
            assert_eq!(refused(page(&hall, &mine, wrong).await), "PAGE_TOKEN_INVALID");
        }
        let inbox = pb::ListInboxRequest { parent: name("units", UNIT), page_size: 1, page_token: token };
        assert_eq!(refused(hall.cases().list_inbox(inbox).await), "PAGE_TOKEN_INVALID");
    })
    .await;
}
