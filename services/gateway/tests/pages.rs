//! The pages, asked for as a browser does.

mod ledger;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use kit::testing::{self, TestDatabase};
use ledger::{Ledger, accepted, day, desk::PASSWORD, issued, received};
use prost::Message;
use proto::{
    directory::v1::{Credential, SessionEnd},
    intake::v1::{CaseFacts, CaseState},
};
use tower::ServiceExt;

struct Seen {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

async fn get(pages: &Router, address: &str) -> Seen {
    ask(pages, Request::get(address)).await
}

/// As somebody who has signed in.
async fn read(pages: &Router, address: &str, cookie: &str) -> Seen {
    ask(pages, Request::get(address).header(header::COOKIE, cookie)).await
}

async fn post(pages: &Router, address: &str, cookie: &str, form: &str) -> Seen {
    send(pages, Request::post(address).header(header::COOKIE, cookie), form).await
}

async fn send(pages: &Router, request: http::request::Builder, form: &str) -> Seen {
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    seen(pages, request.body(Body::from(form.to_owned())).expect("a request")).await
}

fn cookie(seen: &Seen) -> String {
    let cookie = seen.headers[header::SET_COOKIE].to_str().expect("text");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    cookie.split(';').next().expect("a pair").to_owned()
}

/// The cookie and the form's own secret of the page where one signs in.
async fn form(pages: &Router) -> (String, String) {
    let page = get(pages, "/sign-in").await;
    assert_eq!(page.status, StatusCode::OK);
    (cookie(&page), hidden(&page))
}

fn hidden(page: &Seen) -> String {
    let after = page.text.split("name=\"form\" value=\"").nth(1).expect("a form");
    after.split('"').next().expect("a value").to_owned()
}

fn filled(form: &str, division: &str, password: &str) -> String {
    let password = password.replace(' ', "+");
    format!(
        "form={form}&next=%2Ffigures%2Fcases%3Fa%3Db&lang=zh&division={division}&person=u001-01&password={password}"
    )
}

/// Signs in; gives the cookie.
async fn sign_in(pages: &Router, division: &str) -> String {
    let (cookie_, form) = form(pages).await;
    let signed = post(pages, "/sign-in", &cookie_, &filled(&form, division, PASSWORD)).await;
    assert_eq!(signed.status, StatusCode::SEE_OTHER, "{}", signed.text);
    assert_eq!(signed.headers[header::LOCATION], "/figures/cases?a=b");
    cookie(&signed)
}

async fn ask(pages: &Router, request: http::request::Builder) -> Seen {
    seen(pages, request.body(Body::empty()).expect("a request")).await
}

async fn seen(pages: &Router, request: Request<Body>) -> Seen {
    let answer = pages.clone().oneshot(request).await.expect("an answer");
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
        for address in ["/board", "/board?division=410223&year=2016&lang=zh", "/board?year=2016&utm=passed-over"] {
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
        let english = get(&pages, "/board?lang=en").await.text;
        assert!(english.contains("<html lang=\"en\">"));
        assert!(english.find("Completion rate").expect("English") < english.find("办结率").expect("Chinese"));
    }
}

#[tokio::test]
async fn a_page_of_nothing_is_a_page_too() {
    let ledger = Ledger::open(TestDatabase::sqlite(), "2026-01-05T09:00").await;
    let pages = ledger.pages();
    for address in
        ["/board", "/board?division=999999", "/board?year=1999&lang=en", "/board?year=0001", "/board?year=9999"]
    {
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
    let cookie = sign_in(&pages, "410223").await;
    let next = "/sign-in?next=/%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    for address in [
        "/board",
        "/board?lang=en",
        list,
        next,
        "/board?lang=%3Cscript%3E",
        "/figures/cases?figure=%3Cscript%3E",
        "/%3Cscript%3E",
    ] {
        let text = read(&pages, address, &cookie).await.text;
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
    assert!(get(&pages, "/board").await.text.contains("&#60;script&#62;alert(1)"));
}

#[tokio::test]
async fn every_answer_forbids_what_is_not_its_own() {
    let ledger = ledger(TestDatabase::sqlite()).await;
    let pages = ledger.pages();
    for address in [
        "/board",
        "/figures.json",
        "/healthz",
        "/style.css",
        "/live.js",
        "/nothing",
        "/board?year=x",
        "/figures/cases",
        "/sign-in",
    ] {
        let seen = get(&pages, address).await;
        let policy = seen.headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        for part in [
            "default-src 'none'",
            "style-src 'self'",
            "script-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{address}: {part}");
        }
        assert_eq!(seen.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(seen.headers[header::REFERRER_POLICY], "no-referrer");
    }
    // Nothing is fetched from elsewhere, and nothing needs what the policy forbids.
    for address in ["/board", "/style.css", "/live.js"] {
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
    let cookie = sign_in(&pages, "410223").await;
    let list =
        |rest: &str| format!("/figures/cases?figure=OPEN&division=410223&first=2016-01-01&last=2016-12-31{rest}");
    for (address, fields) in [
        ("/board?year=abcd".to_owned(), vec!["year"]),
        ("/board?year=0000&division=41&lang=fr".to_owned(), vec!["lang", "year", "division"]),
        ("/board?year=2016&year=2017".to_owned(), vec!["year"]),
        ("/board?year=%FF%FE".to_owned(), vec!["year"]),
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
        let seen = read(&pages, &address, &cookie).await;
        assert_eq!(seen.status, StatusCode::BAD_REQUEST, "{address}");
        for field in fields {
            assert!(seen.text.contains(&format!("<code>{field}</code>")), "{address}: {field}");
        }
    }
    let lost = get(&pages, "/no/such/page?lang=en").await;
    assert_eq!((lost.status, lost.text.contains("There is no such page")), (StatusCode::NOT_FOUND, true));
    assert_eq!(ask(&pages, Request::post("/board")).await.status, StatusCode::METHOD_NOT_ALLOWED);
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
        let cookie = sign_in(&pages, "410223").await;
        loop {
            let seen = read(&pages, &address, &cookie).await;
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
    let tag = get(&pages, "/board").await.headers[header::ETAG].clone();
    let again = ask(&pages, Request::get("/board").header(header::IF_NONE_MATCH, tag.clone())).await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    ledger.cases([received("n01", "2016-03-30")]).await;
    // What moves is counted anew once a second at most.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let moved = ask(&pages, Request::get("/board").header(header::IF_NONE_MATCH, tag)).await;
    assert_eq!(moved.status, StatusCode::OK);
    let head = ask(&pages, Request::head("/board")).await;
    assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""));
}

#[tokio::test]
async fn health_tells_whether_the_store_answers() {
    let ledger = Ledger::open(TestDatabase::sqlite(), "2016-03-31T10:00").await;
    let pages = ledger.pages();
    assert_eq!(get(&pages, "/healthz").await.status, StatusCode::OK);
    ledger.store.clone().close().await.expect("closed");
    for (address, status) in [("/healthz", 503), ("/board", 503), ("/figures.json", 503)] {
        assert_eq!(get(&pages, address).await.status, status, "{address}");
    }
}

const LIST: &str = "/figures/cases?figure=OPEN&division=410223&first=2016-01-01&last=2016-12-31";

#[tokio::test]
async fn the_cases_behind_a_figure_are_for_staff_of_the_division() {
    let ledger = ledger(TestDatabase::sqlite()).await;
    let pages = ledger.pages();
    let unknown = get(&pages, LIST).await;
    assert_eq!(unknown.status, StatusCode::SEE_OTHER);
    let to = unknown.headers[header::LOCATION].to_str().expect("text").to_owned();
    assert!(to.starts_with("/sign-in?lang=zh&next=") && !unknown.text.contains("a02"));
    // The page one is sent to knows the way back.
    assert!(get(&pages, &to).await.text.contains("name=\"next\" value=\"/figures/cases?figure=OPEN"));

    let own = read(&pages, LIST, &sign_in(&pages, "410223").await).await;
    assert!(own.status == StatusCode::OK && own.text.contains("a02"));
    assert_eq!(own.headers[header::CACHE_CONTROL], "no-store");
    let other = read(&pages, LIST, &sign_in(&pages, "410224").await).await;
    assert!(other.status == StatusCode::FORBIDDEN && !other.text.contains("a02"));
    for forged in
        ["yizhan=", "yizhan=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "yizhan=x; yizhan=y", "\"", "a;b;=;"]
    {
        assert_eq!(read(&pages, LIST, forged).await.status, StatusCode::SEE_OTHER, "{forged}");
    }
}

#[tokio::test]
async fn who_cannot_sign_in_is_told_why_and_the_password_is_nowhere() {
    let ledger = ledger(TestDatabase::sqlite()).await;
    let pages = ledger.pages();
    let (cookie, form) = form(&pages).await;
    for (division, password, status, says) in [
        ("410223", "wrong-horse", StatusCode::FORBIDDEN, "工号或密码有误"),
        ("41022", "wrong-horse", StatusCode::BAD_REQUEST, "division"),
        ("410223", "", StatusCode::BAD_REQUEST, "password"),
    ] {
        let seen = post(&pages, "/sign-in", &cookie, &filled(&form, division, password)).await;
        assert_eq!(seen.status, status);
        assert!(seen.text.contains(says) && seen.text.contains("role=\"alert\""));
        assert!(!seen.text.contains("wrong-horse") && seen.text.contains("value=\"U001-01\""));
    }
    let page = get(&pages, "/sign-in?lang=en").await.text;
    assert!(page.find("Staff sign-in").expect("English") < page.find("工作人员登录").expect("Chinese"));
    assert!(!page.contains("<script"));
}

#[tokio::test]
async fn a_form_of_another_site_is_not_taken() {
    let ledger = ledger(TestDatabase::sqlite()).await;
    let pages = ledger.pages();
    let (own, form) = form(&pages).await;
    let good = filled(&form, "410223", PASSWORD);
    // Without the cookie, without the secret, with somebody else's, or as the browser itself says.
    for (cookie, body) in [
        ("", good.clone()),
        (own.as_str(), filled("", "410223", PASSWORD)),
        (own.as_str(), filled("x", "410223", PASSWORD)),
    ] {
        let seen = post(&pages, "/sign-in", cookie, &body).await;
        assert_eq!((seen.status, seen.headers.contains_key(header::SET_COOKIE)), (StatusCode::FORBIDDEN, false));
    }
    let from = |site: &str, origin: &str| {
        let request =
            Request::post("/sign-in").header(header::COOKIE, &own).header(header::HOST, "centre.example:8443");
        request.header("sec-fetch-site", site).header(header::ORIGIN, origin)
    };
    for (site, origin) in [
        ("cross-site", "null"),
        ("cross-site", "https://centre.example:8443"),
        ("same-site", "https://other.example"),
        ("same-origin", "https://other.example"),
        ("same-origin", "https://centre.example"),
        ("same-origin", "https://centre.example:8443.other.example"),
        ("same-origin", "centre.example:8443"),
        ("same-origin", ""),
    ] {
        let seen = send(&pages, from(site, origin), &good).await;
        assert_eq!(seen.status, StatusCode::FORBIDDEN, "{site} {origin}");
        assert!(seen.text.contains("表单不是从本页面提交的") && !seen.headers.contains_key(header::SET_COOKIE));
    }
    for origin in ["null", "https://centre.example:8443"] {
        let seen = send(&pages, from("same-origin", origin), &good).await;
        assert_eq!(seen.status, StatusCode::SEE_OTHER, "{origin}: {}", seen.text);
    }
    assert_eq!(
        post(&pages, "/sign-in", &own, &format!("a={}", "x".repeat(20_000))).await.status,
        StatusCode::BAD_REQUEST
    );

    let session = sign_in(&pages, "410223").await;
    assert_eq!(post(&pages, "/sign-out", &session, "form=x").await.status, StatusCode::FORBIDDEN);
    let page = read(&pages, "/sign-in", &session).await;
    let foreign = Request::post("/sign-out").header(header::COOKIE, &session).header(header::HOST, "centre.example");
    let foreign = foreign.header(header::ORIGIN, "https://other.example");
    let seen = send(&pages, foreign, &format!("form={}", hidden(&page))).await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN);
    assert_eq!(ledger.desk.left(), 0);
}

#[tokio::test]
async fn signing_out_ends_the_session_here_and_at_the_directory() {
    let ledger = ledger(TestDatabase::sqlite()).await;
    let pages = ledger.pages();
    let session = sign_in(&pages, "410223").await;
    let page = read(&pages, "/sign-in", &session).await;
    assert!(page.text.contains("410223 · U001-01") && page.text.contains("/sign-out"));
    let out = post(&pages, "/sign-out", &session, &format!("form={}", hidden(&page))).await;
    assert_eq!((out.status, cookie(&out).as_str()), (StatusCode::SEE_OTHER, "yizhan="));
    assert_eq!(ledger.desk.left(), 1);
    assert_eq!(read(&pages, LIST, &session).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_token_that_runs_out_is_renewed_once_however_many_ask_at_the_same_moment() {
    let ledger = ledger(TestDatabase::sqlite()).await;
    let pages = ledger.pages();
    ledger.desk.shorten(280);
    let session = sign_in(&pages, "410223").await;
    ledger.desk.shorten(0);
    let all = futures::future::join_all((0..8).map(|_| read(&pages, LIST, &session))).await;
    assert!(all.iter().all(|seen| seen.status == StatusCode::OK));
    assert_eq!(ledger.desk.refreshed(), 1);
}

#[tokio::test]
async fn what_the_directory_takes_back_signs_out_of_the_pages_too() {
    for database in testing::databases() {
        let mut ledger = ledger(database).await;
        let pages = ledger.pages();
        let session = sign_in(&pages, "410223").await;
        assert_eq!(read(&pages, LIST, &session).await.status, StatusCode::OK);
        let end = SessionEnd { session: "session-1".into(), ended_at: Some(kit::clock::wall().timestamp()) };
        ledger.directory(vec![("session.ended", "sessions/session-1".into(), end.encode_to_vec())]).await;
        assert_eq!(read(&pages, LIST, &session).await.status, StatusCode::SEE_OTHER);
        let revoked =
            Credential { name: "divisions/410223/people/U001-01".into(), revoked: true, ..Default::default() };
        ledger.directory(vec![("credential.revoked", "people/U001-01".into(), revoked.encode_to_vec())]).await;
        assert_eq!(read(&pages, LIST, &sign_in(&pages, "410223").await).await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn passwords_cannot_be_tried_one_after_the_other() {
    let ledger = ledger(TestDatabase::sqlite()).await;
    let pages = ledger.pages_limited(1_000);
    let (cookie, form) = form(&pages).await;
    let mut seen = Vec::new();
    for _ in 0..40 {
        seen.push(post(&pages, "/sign-in", &cookie, &filled(&form, "410223", "guess")).await.status);
    }
    assert!(seen[..20].iter().all(|status| *status == StatusCode::FORBIDDEN));
    assert!(seen.contains(&StatusCode::TOO_MANY_REQUESTS));
}
