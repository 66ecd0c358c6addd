//! The way from a county's number down to its cases, the files of it, and the big screen.

mod ledger;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use calamine::{Data, Reader, Xlsx};
use http_body_util::BodyExt;
use kit::testing::{self, TestDatabase, moment};
use ledger::{Ledger, accepted, issued, received};
use proto::intake::v1::CaseFacts;
use tower::ServiceExt;

const HOSTILE: &str = "=HYPERLINK(\"http://evil.example\")";

async fn get(pages: &Router, address: &str) -> (StatusCode, axum::http::HeaderMap, Vec<u8>) {
    let answer = pages.clone().oneshot(Request::get(address).body(Body::empty()).expect("a request")).await;
    let (parts, body) = answer.expect("an answer").into_parts();
    (parts.status, parts.headers, body.collect().await.expect("a whole body").to_bytes().to_vec())
}

async fn text(pages: &Router, address: &str) -> String {
    let (status, _, bytes) = get(pages, address).await;
    assert_eq!(status, StatusCode::OK, "{address}");
    String::from_utf8(bytes).expect("text")
}

/// At an hour of its day.
fn at(hour: &str, case: CaseFacts) -> CaseFacts {
    let day = gateway::domain::day::Day(case.received_on);
    CaseFacts { received_at: moment(&format!("{day}T{hour}")).0, ..case }
}

async fn ledger(database: TestDatabase) -> Ledger {
    let mut ledger = Ledger::open(database, "2016-03-31T10:00").await;
    ledger.division("尉氏县", "Weishi County").await;
    ledger.unit("001", HOSTILE, "Public Security").await;
    ledger.unit("002", "民政局", "").await;
    ledger.item("item-1", "户口迁移", "Transfer").await;
    let done = issued(accepted("a01", "2016-03-01", "2016-03-08", "2016-03-29"), "2016-03-04", 3, "2016-03-07");
    let other = CaseFacts {
        unit: "002".into(),
        item: "item-2".into(),
        ..accepted("b01", "2016-03-08", "2016-04-17", "2016-05-08")
    };
    let before = issued(accepted("y01", "2015-03-03", "2015-03-10", "2015-03-31"), "2015-03-04", 1, "2015-03-05");
    ledger
        .cases([
            at("09:15", done),
            at("09:59", accepted("a02", "2016-03-10", "2016-03-17", "2016-04-08")),
            at("15:00", other),
            before,
            at("08:30", received("c01", "2016-03-31")),
        ])
        .await;
    ledger
}

#[tokio::test]
async fn each_step_down_is_one_link_and_counts_the_same_cases() {
    for database in testing::databases() {
        let ledger = ledger(database).await;
        let pages = ledger.pages();
        let county = text(&pages, "/board?year=2016").await;
        let unit = "/board/units/001?division=410223&#38;year=2016&#38;lang=zh";
        assert!(county.contains(unit) && county.contains("受理于本期") && county.contains("办结于本期"));
        let page = text(&pages, &unit.replace("&#38;", "&")).await;
        let item = "/board/items/item-1?division=410223&#38;year=2016&#38;lang=zh";
        assert!(page.contains(item) && !page.contains("item-2") && page.contains("aria-current=\"page\""));
        let page = text(&pages, &item.replace("&#38;", "&")).await;
        let week = "/board/items/item-1?division=410223&#38;week=2016-W10&#38;lang=zh";
        assert!(page.contains(week) && page.contains(unit));
        let page = text(&pages, &week.replace("&#38;", "&")).await;
        assert!(page.contains("2016-03-07 – 2016-03-13") && page.contains("href=\"/cases/a02?lang=zh\""));
        assert!(
            page.contains(
                "figure=ACCEPTED&#38;division=410223&#38;first=2016-03-07&#38;last=2016-03-13&#38;item=item-1"
            )
        );
        let json: serde_json::Value =
            serde_json::from_str(&text(&pages, "/figures.json?week=2016-W10&item=item-1").await).expect("JSON");
        assert_eq!(json["total"]["figures"]["accepted"], 1);
        assert_eq!(get(&pages, "/board/units/999").await.0, StatusCode::NOT_FOUND);
        for address in ["/board/units/x", "/board?week=2016-W54", "/board?month=2016-13", "/board/items/a%2Fb"] {
            assert_eq!(get(&pages, address).await.0, StatusCode::BAD_REQUEST, "{address}");
        }
    }
}

#[tokio::test]
async fn hours_and_the_year_before_are_shown() {
    for database in testing::databases() {
        let ledger = ledger(database).await;
        let page = text(&ledger.pages(), "/board?year=2016&lang=en").await;
        // Two at nine, one at three, one at half past eight; of the year before no hour is known.
        assert!(page.contains("<th scope=\"col\">8</th>") && page.contains("<th scope=\"col\">15</th>"));
        assert!(page.contains("<td>1</td><td>2</td>"));
        assert!(page.contains("Mar received a year before: 1"));
    }
}

#[tokio::test]
async fn files_hold_texts_and_numbers_and_no_formula() {
    let ledger = ledger(TestDatabase::sqlite()).await;
    let pages = ledger.pages();
    let csv = text(&pages, "/board/export.csv?year=2016").await;
    assert!(csv.starts_with('\u{feff}') && csv.contains("\"'=HYPERLINK(\"\"http://evil.example\"\")\""));
    let (status, headers, bytes) = get(&pages, "/board/export.xlsx?year=2016&unit=001").await;
    assert_eq!(status, StatusCode::OK);
    assert!(headers[header::CONTENT_DISPOSITION].to_str().expect("text").contains("yizhan-410223-001-2016.xlsx"));
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).expect("opens");
    let units = book.worksheet_range("各部门").expect("units");
    assert_eq!(units.get((1, 1)), Some(&Data::String(HOSTILE.into())));
    assert_eq!(units.get((1, 4)), Some(&Data::Float(2.0)));
    assert!(book.worksheet_formula("各部门").expect("formulas").is_empty());
    // The cases behind a figure are for staff, as files too; and so is a case.
    for address in ["/figures/cases.csv", "/figures/cases.xlsx"] {
        let address = format!("{address}?figure=OPEN&division=410223&first=2016-01-01&last=2016-12-31");
        assert_eq!(get(&pages, &address).await.0, StatusCode::SEE_OTHER);
    }
    assert_eq!(get(&pages, "/cases/410223-001-20160310-000001-X").await.0, StatusCode::SEE_OTHER);
    assert_eq!(get(&pages, "/cases/x").await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_big_screen_says_what_happens_today_and_nothing_where_nothing_moves() {
    for database in testing::databases() {
        let ledger = ledger(database).await;
        let pages = ledger.pages();
        assert!(text(&pages, "/screen").await.contains("data-json=\"/screen.json?division=410223&#38;lang=zh\""));
        let (_, headers, bytes) = get(&pages, "/screen.json").await;
        let now: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(
            (&now["received"], &now["overdue_promised"], &now["waiting"]),
            (&"1".into(), &"1".into(), &"2".into())
        );
        assert_eq!(now["windows"][0]["code"], "A01");
        let again = Request::get("/screen.json").header(header::IF_NONE_MATCH, headers[header::ETAG].clone());
        let again = pages.clone().oneshot(again.body(Body::empty()).expect("a request")).await.expect("an answer");
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }
}
