//! The pages, asked for as a browser does.

mod ledger;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use kit::testing::{self, TestDatabase};
use ledger::{Ledger, accepted, day, issued, received};
use proto::intake::v1::{CaseFacts, CaseState};
use tower::ServiceExt;

struct Seen {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

async fn get(pages: &Router, address: &str) -> Seen {
    ask(pages, Request::get(address)).await
}

async fn ask(pages: &Router, request: http::request::Builder) -> Seen {
    let answer = pages.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer");
    let (parts, body) = answer.into_parts();
    let bytes = body.collect().await.expect("a whole page").to_bytes();
    Seen { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).expect("text") }
}

/// A county with hostile names, one case done, one open and overdue, one refused.
async fn ledger(database: TestDatabase) -> Ledger {
    let mut ledger = Ledger::open(database, "2016-03-31T10:00").await;
    ledger.division("尉氏县<script>alert(1)</script>", "Weishi \"County\" & 'more'").await;
    ledger.unit("001", "</title><img src=x onerror=alert(2)>", "Public Security").await;
    ledger.item("item-1", "户口\"><svg onload=alert(3)>", "<b>transfer</b>").await;
    let refused =
        CaseFacts { state: CaseState::Refused.into(), ended_on: day("2016-03-02"), ..received("c01", "2016-03-02") };
    ledger
        .cases([
            issued(accepted("a01", "2016-03-01", "2016-03-08", "2016-03-29"), "2016-03-04", 3, "2016-03-07"),
            accepted("a02", "2016-03-10", "2016-03-17", "2016-04-08"),
            refused,
        ])
        .await;
    ledger
}

#[tokio::test]
async fn the_dashboard_shows_the_year_of_the_first_division() {
    for database in testing::databases() {
        let ledger = ledger(database).await;
        let pages = ledger.pages();
        for address in ["/", "/?division=410223&year=2016&lang=zh", "/?year=2016&utm=passed-over"] {
            let seen = get(&pages, address).await;
            assert_eq!(seen.status, StatusCode::OK);
            assert_eq!(seen.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
            for part in
                ["<html lang=\"zh-CN\">", "50.00%", "a02", "role=\"img\"", "<caption>", "/live.js", "<noscript>"]
            {
                assert!(seen.text.contains(part), "{address}: {part}");
            }
            assert!(
                seen.text
                    .contains("figure=OPEN&#38;division=410223&#38;first=2016-01-01&#38;last=2016-12-31&#38;lang=zh")
            );
        }
        let english = get(&pages, "/?lang=en").await.text;
        assert!(english.contains("<html lang=\"en\">"));
        assert!(english.find("Completion rate").expect("English") < english.find("办结率").expect("Chinese"));
    }
}

#[tokio::test]
async fn a_page_of_nothing_is_a_page_too() {
    let ledger = Ledger::open(TestDatabase::sqlite(), "2026-01-05T09:00").await;
    let pages = ledger.pages();
    for address in ["/", "/?division=999999", "/?year=1999&lang=en", "/?year=0001", "/?year=9999"] {
        let seen = get(&pages, address).await;
        assert_eq!(seen.status, StatusCode::OK, "{address}");
        assert!(!seen.text.contains("NaN") && !seen.text.contains("inf"), "{address}");
    }
}

#[tokio::test]
async fn hostile_names_are_shown_as_text() {
    let ledger = ledger(TestDatabase::sqlite()).await;
    let pages = ledger.pages();
    let list = "/figures/cases?figure=OPEN&division=410223&first=2016-01-01&last=2016-12-31&unit=001&item=item-1";
    for address in
        ["/", "/?lang=en", list, "/?lang=%3Cscript%3E", "/figures/cases?figure=%3Cscript%3E", "/%3Cscript%3E"]
    {
        let text = get(&pages, address).await.text;
        for hostile in ["<script>alert", "<img", "<svg onload", "<b>transfer", "\"County\" &"] {
            assert!(!text.contains(hostile), "{address}: {hostile}");
        }
        // The page's own script is the only one.
        assert_eq!(
            text.matches("<script").count(),
            text.matches("<script src=\"/live.js\" defer>").count(),
            "{address}"
        );
    }
    assert!(get(&pages, "/").await.text.contains("&#60;script&#62;alert(1)"));
}

#[tokio::test]
async fn every_answer_forbids_what_is_not_its_own() {
    let ledger = ledger(TestDatabase::sqlite()).await;
    let pages = ledger.pages();
    for address in
        ["/", "/figures.json", "/healthz", "/style.css", "/live.js", "/nothing", "/?year=x", "/figures/cases"]
    {
        let seen = get(&pages, address).await;
        let policy = seen.headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        for part in [
            "default-src 'none'",
            "style-src 'self'",
            "script-src 'self'",
            "connect-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{address}: {part}");
        }
        assert_eq!(seen.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(seen.headers[header::REFERRER_POLICY], "no-referrer");
    }
    // Nothing is fetched from elsewhere, and nothing needs what the policy forbids.
    for address in ["/", "/style.css", "/live.js"] {
        let text = get(&pages, address).await.text;
        for forbidden in ["http://", "https://", "//cdn", " style=", " onclick=", "@import", "javascript:"] {
            assert!(!text.contains(forbidden), "{address}: {forbidden}");
        }
    }
}

#[tokio::test]
async fn a_bad_address_is_answered_with_a_page_that_names_what_is_wrong() {
    let ledger = ledger(TestDatabase::sqlite()).await;
    let pages = ledger.pages();
    let list =
        |rest: &str| format!("/figures/cases?figure=OPEN&division=410223&first=2016-01-01&last=2016-12-31{rest}");
    for (address, fields) in [
        ("/?year=abcd".to_owned(), vec!["year"]),
        ("/?year=0000&division=41&lang=fr".to_owned(), vec!["lang", "year", "division"]),
        ("/?year=2016&year=2017".to_owned(), vec!["year"]),
        ("/?year=%FF%FE".to_owned(), vec!["year"]),
        ("/figures.json?year=-001".to_owned(), vec!["year"]),
        ("/figures/cases".to_owned(), vec!["figure", "division", "first", "last"]),
        (list("&unit=1&window=a"), vec!["unit", "window"]),
        (list("&item=a%2Fb"), vec!["item"]),
        (list("&page_token=forged"), vec!["page_token"]),
        (
            "/figures/cases?figure=open&division=410223&first=2016-12-31&last=2016-01-01".to_owned(),
            vec!["figure", "last"],
        ),
    ] {
        let seen = get(&pages, &address).await;
        assert_eq!(seen.status, StatusCode::BAD_REQUEST, "{address}");
        for field in fields {
            assert!(seen.text.contains(&format!("<code>{field}</code>")), "{address}: {field}");
        }
    }
    let lost = get(&pages, "/no/such/page?lang=en").await;
    assert_eq!((lost.status, lost.text.contains("There is no such page")), (StatusCode::NOT_FOUND, true));
    assert_eq!(ask(&pages, Request::post("/")).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn every_number_leads_to_its_cases_page_by_page() {
    for database in testing::databases() {
        let mut ledger = ledger(database).await;
        ledger.cases((0..250).map(|i| accepted(&format!("n{i:03}"), "2016-03-15", "2016-03-22", "2016-04-12"))).await;
        let pages = ledger.pages();
        let mut address =
            "/figures/cases?figure=OPEN&division=410223&first=2016-01-01&last=2016-12-31&lang=en".to_owned();
        let mut sizes = Vec::new();
        loop {
            let seen = get(&pages, &address).await;
            assert_eq!(seen.status, StatusCode::OK);
            assert!(seen.text.contains(">251</dd>"));
            sizes.push(seen.text.matches("<th scope=\"row\"").count());
            let Some(next) = seen.text.split("<a href=\"").find(|part| part.contains("rel=\"next\"")) else { break };
            address = next.split('"').next().expect("an address").replace("&#38;", "&");
        }
        assert_eq!(sizes, [100, 100, 51]);
    }
}

#[tokio::test]
async fn the_same_numbers_are_there_as_json() {
    for database in testing::databases() {
        let ledger = ledger(database).await;
        let seen = get(&ledger.pages(), "/figures.json?year=2016").await;
        assert_eq!(seen.headers[header::CONTENT_TYPE], "application/json");
        let sheet: serde_json::Value = serde_json::from_str(&seen.text).expect("JSON");
        assert_eq!(sheet["division"], "410223");
        assert_eq!(sheet["intake_seq"], 4);
        assert_eq!(sheet["total"]["figures"]["received"], 3);
        assert_eq!(sheet["total"]["figures"]["overdue_promised"], 1);
        assert_eq!(sheet["total"]["completion_rate"]["basis_points"], 5_000);
        assert_eq!(sheet["by_unit"][0]["label_en"], "Public Security");
        assert_eq!(sheet["by_month"][0]["key"], "2016-03");
    }
}

#[tokio::test]
async fn a_page_that_has_not_changed_is_not_sent_again() {
    let mut ledger = ledger(TestDatabase::sqlite()).await;
    let pages = ledger.pages();
    let tag = get(&pages, "/").await.headers[header::ETAG].clone();
    let again = ask(&pages, Request::get("/").header(header::IF_NONE_MATCH, tag.clone())).await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    ledger.cases([received("n01", "2016-03-30")]).await;
    // What moves is counted anew once a second at most.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let moved = ask(&pages, Request::get("/").header(header::IF_NONE_MATCH, tag)).await;
    assert_eq!(moved.status, StatusCode::OK);
    let head = ask(&pages, Request::head("/")).await;
    assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""));
}

#[tokio::test]
async fn health_tells_whether_the_store_answers() {
    let ledger = Ledger::open(TestDatabase::sqlite(), "2016-03-31T10:00").await;
    let pages = ledger.pages();
    assert_eq!(get(&pages, "/healthz").await.status, StatusCode::OK);
    ledger.store.clone().close().await.expect("closed");
    for (address, status) in [("/healthz", 503), ("/", 503), ("/figures.json", 503)] {
        assert_eq!(get(&pages, address).await.status, status, "{address}");
    }
}
