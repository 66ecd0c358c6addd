//! The duty of the units' leaders: learnt, counted, shown, told to calendars.

mod ledger;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use gateway::follow::roster::FollowRoster;
use http_body_util::BodyExt;
use kit::{
    status::reason,
    store::follower,
    testing::{self, TestDatabase},
};
use ledger::{
    Ledger, PARENT,
    duties::{absent, duty, excused, served},
};
use prost::Message;
use proto::{
    directory::v1::Window,
    gateway::v1::{DutyFigures, GetDutyFiguresRequest, GroupBy, Period},
    journal::v1::Entry,
    roster::v1::{Duty, DutyState, Half},
};
use tonic_types::StatusExt;
use tower::ServiceExt;

const NOW: &str = "2016-03-10T10:00";

/// Two weeks of March 2016, told on its tenth day, and a day of each neighbour.
fn duties() -> Vec<Duty> {
    use Half::{Afternoon, Morning};
    let substitute = |duty: Duty| Duty {
        substituted: true,
        person: format!("{PARENT}/people/005-09"),
        display_name: "替某".into(),
        ..duty
    };
    vec![
        served(duty("2016-02-29", Morning, "005-01")),
        served(duty("2016-03-01", Morning, "005-01")),
        Duty { late: true, ..served(duty("2016-03-01", Afternoon, "005-02")) },
        Duty { late: true, early: true, ..served(duty("2016-03-02", Morning, "005-01")) },
        absent(duty("2016-03-02", Afternoon, "005-02")),
        // Nobody came, and it was a substitute who did not.
        absent(substitute(duty("2016-03-03", Morning, "005-01"))),
        substitute(served(duty("2016-03-03", Afternoon, "005-01"))),
        excused(duty("2016-03-04", Morning, "012-01")),
        excused(duty("2016-03-04", Afternoon, "021-01")),
        served(duty("2016-03-07", Morning, "012-01")),
        // Has come late and is there still: nothing of it is counted yet.
        Duty { late: true, state: DutyState::OnDuty.into(), ..duty("2016-03-10", Morning, "012-01") },
        Duty { display_name: "<b>某</b>".into(), ..duty("2016-03-11", Morning, "012-02") },
        Duty {
            person: format!("{PARENT}/people/"),
            display_name: String::new(),
            ..duty("2016-03-14", Morning, "012-02")
        },
        duty("2016-05-03", Morning, "005-01"),
    ]
}

async fn ledger(database: TestDatabase) -> Ledger {
    let mut ledger = Ledger::open(database, NOW).await;
    ledger.division("尉氏县", "Weishi County").await;
    ledger.unit("005", "县公安局", "Public Security Bureau").await;
    ledger.unit("012", "县\"住建\"局<script>", "").await;
    let window =
        Window { name: format!("{PARENT}/windows/D01"), display_name_zh: "值班台".into(), ..Default::default() };
    ledger.directory(vec![("window.created", "windows/D01".into(), window.encode_to_vec())]).await;
    ledger.duties(duties()).await;
    ledger
}

fn period(first: &str, last: &str) -> Option<Period> {
    Some(Period { first: first.into(), last: last.into() })
}

/// Required, attended, substituted, late, early, absent, excused, and hundredths of a percent.
fn numbers(of: &DutyFigures) -> ([i64; 7], Option<i32>) {
    let numbers = [of.required, of.attended, of.substituted, of.late, of.early, of.absent, of.excused];
    (numbers, of.attendance_rate.as_ref().and_then(|rate| rate.basis_points))
}

#[tokio::test]
async fn attendance_is_what_was_counted_by_hand() {
    for database in testing::databases() {
        let ledger = ledger(database).await;
        let mut metrics = ledger.metrics().await;
        let mut ask = async |group: GroupBy, unit: &str| {
            let request = GetDutyFiguresRequest {
                parent: PARENT.into(),
                period: period("2016-03-01", "2016-03-31"),
                group_by: group.into(),
                unit: unit.into(),
            };
            metrics.get_duty_figures(request).await.expect("figures").into_inner()
        };
        let all = ask(GroupBy::Unspecified, "").await;
        assert_eq!((all.roster_seq, all.rows.len(), all.rows[0].key.as_str()), (14, 1, ""));
        assert_eq!(
            numbers(all.total.as_ref().expect("a total")),
            ([7, 5, 1, 2, 1, 2, 2], Some(7_142)),
            "5/7 truncated"
        );

        let units = ask(GroupBy::Unit, "").await.rows;
        assert_eq!(units.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["005", "012", "021"]);
        assert_eq!(units[0].label_zh, "县公安局");
        assert_eq!(numbers(&units[0]), ([6, 4, 1, 2, 1, 2, 0], Some(6_666)));
        assert_eq!(numbers(&units[1]), ([1, 1, 0, 0, 0, 0, 1], Some(10_000)));
        assert_eq!(numbers(&units[2]), ([0, 0, 0, 0, 0, 0, 1], None), "where nothing was required there is no rate");

        let days = ask(GroupBy::Day, "005").await.rows;
        let seen: Vec<_> = days.iter().map(|row| (row.key.as_str(), row.required, row.absent)).collect();
        assert_eq!(seen, [("2016-03-01", 2, 0), ("2016-03-02", 2, 1), ("2016-03-03", 2, 1)]);

        let year = GetDutyFiguresRequest {
            parent: PARENT.into(),
            period: period("2016-01-01", "2016-12-31"),
            group_by: GroupBy::Month.into(),
            ..Default::default()
        };
        let year = metrics.get_duty_figures(year).await.expect("figures").into_inner();
        let seen: Vec<_> = year.rows.iter().map(|row| (row.key.as_str(), row.required)).collect();
        assert_eq!(seen, [("2016-02", 1), ("2016-03", 7)], "a month of duties to come has no row");
    }
}

#[tokio::test]
async fn bad_questions_are_refused_with_each_field() {
    let ledger = ledger(TestDatabase::sqlite()).await;
    let request = GetDutyFiguresRequest {
        parent: "divisions/41".into(),
        period: period("2016-03-31", "2016-03-01"),
        group_by: GroupBy::Item.into(),
        unit: "5".into(),
    };
    let status = ledger.metrics().await.get_duty_figures(request).await.expect_err("refused");
    assert_eq!(reason(&status), "FIELD_INVALID");
    let fields = status.get_details_bad_request().expect("fields").field_violations;
    let fields: Vec<_> = fields.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["parent", "period.last", "group_by", "unit"]);
}

#[tokio::test]
async fn the_last_word_on_a_duty_stands_and_other_nouns_are_passed_over() {
    for database in testing::databases() {
        let mut ledger = Ledger::open(database, NOW).await;
        let planned = duty("2016-03-07", Half::Morning, "005-01");
        let twice = [planned.clone(), served(planned.clone())].map(|duty| duty.encode_to_vec());
        let [planned, served] = twice.map(|bytes| ("duty.told", "duties/20160307-AM-HALL-1".to_owned(), bytes));
        ledger.roster(vec![("circular.issued", "circulars/2016-03".into(), vec![0xff]), planned, served]).await;
        let seen = get(&ledger.pages(), "/roster?month=2016-03").await.text;
        assert!(seen.contains("到岗") && seen.matches("某005-01</a>").count() == 1);

        let nothing = Entry {
            division: "410223".into(),
            seq: 4,
            event: "duty.published".into(),
            payload: Duty::default().encode_to_vec().into(),
            ..Default::default()
        };
        let refused = follower::apply(&ledger.store, "roster", "410223", &[nothing], &FollowRoster).await;
        assert!(refused.expect_err("a duty of nothing").to_string().contains("entry 4"));
    }
}

#[tokio::test]
async fn a_month_shows_who_is_on_duty_and_how_it_went() {
    for database in testing::databases() {
        let ledger = ledger(database).await;
        let pages = ledger.pages();
        for address in ["/roster", "/roster?division=410223&month=2016-03"] {
            let seen = get(&pages, address).await;
            assert_eq!(seen.status, StatusCode::OK, "{address}");
            for part in
                ["2016年3月", "迟到", "早退", "缺勤", "准假", "替班", "到岗", "在岗", "空缺", "71.42%", "县公安局"]
            {
                assert!(seen.text.contains(part), "{address}: {part}");
            }
            // March has days in five weeks, of five days each, since nobody serves at the weekend.
            assert_eq!(seen.text.matches("<time datetime=\"2016-03-").count(), 23);
            for beside in ["month=2016-02", "month=2016-05"] {
                assert!(seen.text.contains(beside), "a month without duties is passed over: {beside}");
            }
            let late =
                "/roster/duties?division=410223&#38;first=2016-03-01&#38;last=2016-03-31&#38;unit=005&#38;mark=LATE";
            assert!(seen.text.contains(late));
        }
        let english = get(&pages, "/roster?month=2016-03&lang=en").await.text;
        for part in ["March 2016", "Absent", "Left early", "Public Security Bureau", "Excused"] {
            assert!(english.contains(part), "{part}");
        }
        let own = get(&pages, "/roster?month=2016-03&person=012-01").await.text;
        assert!(own.contains("/roster/410223/people/012-01.ics") && !own.contains("某005-01</a>"));
        let unit = get(&pages, "/roster?month=2016-03&unit=005").await.text;
        assert!(unit.contains("66.66%") && !unit.contains("某012-01</a>"));
    }
}

#[tokio::test]
async fn every_number_of_a_month_opens_so_many_duties() {
    for database in testing::databases() {
        let ledger = ledger(database).await;
        let pages = ledger.pages();
        for (mark, n) in [
            ("REQUIRED", 7),
            ("ATTENDED", 5),
            ("SUBSTITUTED", 1),
            ("LATE", 2),
            ("EARLY", 1),
            ("ABSENT", 2),
            ("EXCUSED", 2),
        ] {
            let address = format!("/roster/duties?division=410223&first=2016-03-01&last=2016-03-31&mark={mark}");
            let seen = get(&pages, &address).await;
            assert_eq!((seen.status, seen.text.matches("<th scope=\"row\"").count()), (StatusCode::OK, n), "{mark}");
        }
        let narrow = "/roster/duties?division=410223&first=2016-03-01&last=2016-03-31&unit=005&person=005-09&post=HALL";
        assert_eq!(get(&pages, narrow).await.text.matches("<th scope=\"row\"").count(), 2);
    }
}

#[tokio::test]
async fn a_long_list_of_duties_is_turned_page_by_page() {
    let mut ledger = Ledger::open(TestDatabase::sqlite(), NOW).await;
    let day = |n: i32| gateway::domain::day::Day(16_860 + n).to_string();
    ledger.duties((0..150).map(|n| duty(&day(n), Half::Morning, "005-01"))).await;
    let pages = ledger.pages();
    let list = "/roster/duties?division=410223&first=2016-01-01&last=2016-12-31";
    let first = get(&pages, list).await.text;
    assert_eq!(first.matches("<th scope=\"row\"").count(), 100);
    let next = first.split("page_token=").nth(1).and_then(|rest| rest.split('"').next()).expect("a token").to_owned();
    let second = get(&pages, &format!("{list}&page_token={next}")).await;
    assert_eq!(second.text.matches("<th scope=\"row\"").count(), 50);
    assert_eq!(get(&pages, &format!("{list}&unit=005&page_token={next}")).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_nonsense_is_told() {
    let ledger = ledger(TestDatabase::sqlite()).await;
    let pages = ledger.pages();
    for address in [
        "/roster?division=999999",
        "/roster?month=2016-04",
        "/roster?month=2016-03&person=NOBODY",
        "/roster?month=2016-03&unit=999",
        "/roster/duties?division=999999&first=2016-03-01&last=2016-03-31",
        "/roster/410223/people/NOBODY.ics",
        "/roster/410223/people/005-01",
        "/roster/410223/people/%3Cb%3E.ics",
        "/roster/410223/posts/NOWHERE.ics",
        "/roster/999999/people/005-01.ics",
        "/roster/410223/units/005.ics",
        "/circulars?division=999999",
        "/circulars/2016-05",
        "/circulars/2016-05.docx",
    ] {
        let seen = get(&pages, address).await;
        assert_eq!(seen.status, StatusCode::NOT_FOUND, "{address}");
        assert!(seen.text.contains("<html"), "{address}: a page");
    }
    for address in [
        "/roster?month=2016-13",
        "/roster?month=2016-3",
        "/roster?division=x",
        "/roster?person=%3Cb%3E",
        "/roster?unit=5",
        "/roster?lang=fr",
        "/roster/duties?division=410223",
        "/roster/duties?division=410223&first=2016-03-01&last=2016-03-31&mark=NONE",
        "/roster/duties?division=410223&first=2016-03-01&last=2016-03-31&post=hall",
        "/circulars?year=16",
        "/circulars/march",
        "/circulars/2016-03/duties",
    ] {
        let seen = get(&pages, address).await;
        assert_eq!(seen.status, StatusCode::BAD_REQUEST, "{address}");
        assert!(seen.text.contains("<html") && !seen.text.contains("<b>x"), "{address}: a page");
    }
    let empty = Ledger::open(TestDatabase::sqlite(), NOW).await;
    assert_eq!(get(&empty.pages(), "/roster").await.status, StatusCode::OK, "nothing was published yet");
}

#[tokio::test]
async fn hostile_names_are_shown_as_text() {
    let ledger = ledger(TestDatabase::sqlite()).await;
    let pages = ledger.pages();
    let list = "/roster/duties?division=410223&first=2016-03-01&last=2016-03-31";
    for address in ["/roster?month=2016-03", list, "/circulars/2016-03", "/roster?month=2016-03&lang=en"] {
        let text = get(&pages, address).await.text;
        for hostile in ["<b>某", "<script>", "<i>人", "局<b>"] {
            assert!(!text.contains(hostile), "{address}: {hostile}");
        }
    }
    assert!(get(&pages, "/roster?month=2016-03").await.text.contains("&#60;b&#62;某"));
}

#[tokio::test]
async fn a_circular_is_shown_as_far_as_the_viewer_may_see_it() {
    let ledger = ledger(TestDatabase::sqlite()).await;
    let pages = ledger.pages();
    let list = get(&pages, "/circulars?division=410223&year=2016").await.text;
    assert!(list.contains("尉政务通〔2016〕3号") && !list.contains("/circulars/2016-04?"));
    assert!(get(&pages, "/circulars?year=2015").await.text.contains("没有可以查看的通报"));
    assert_eq!(get(&pages, "/circulars/2016-04").await.status, StatusCode::NOT_FOUND);

    let page = get(&pages, "/circulars/2016-03?division=410223").await;
    assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
    for part in ["关于2016年3月", "应值班3次", "66.66%", "予以通报", "第2版", "第1版", "缺勤9次", "2016-04-08"]
    {
        assert!(page.text.contains(part), "{part}");
    }
    assert!(!page.text.contains("常务会议"), "what units object to is not for the public");

    for (mark, n) in [("ATTENDED", 2), ("REQUIRED", 3), ("LATE", 1), ("EARLY", 0)] {
        for unit in ["", "&unit=005"] {
            let address = format!("/circulars/2016-03/duties?division=410223{unit}&mark={mark}");
            let seen = get(&pages, &address).await.text;
            assert_eq!(seen.matches("<th scope=\"row\"").count(), n, "{address}");
        }
    }
    let file = get(&pages, "/circulars/2016-03.docx?division=410223").await;
    assert!(file.headers[header::CONTENT_TYPE].to_str().expect("text").contains("wordprocessingml"));
    let name = file.headers[header::CONTENT_DISPOSITION].to_str().expect("text");
    assert!(name.starts_with("attachment; filename*=UTF-8''%E5%B0%89") && name.ends_with(".docx"), "{name}");
}

#[tokio::test]
async fn a_calendar_tells_the_duties_of_a_person_or_a_post() {
    for database in testing::databases() {
        let mut ledger = ledger(database).await;
        // Too long ago.
        ledger.duties([served(duty("2015-11-30", Half::Morning, "012-01"))]).await;
        let pages = ledger.pages();
        let own = get(&pages, "/roster/410223/people/012-01.ics").await;
        assert_eq!(
            (own.status, &own.headers[header::CONTENT_TYPE]),
            (StatusCode::OK, &"text/calendar; charset=utf-8".parse().expect("a header"))
        );
        let whole = own.text.replace("\r\n ", "");
        for line in [
            "METHOD:PUBLISH",
            "X-WR-CALNAME:某012-01 值班",
            "UID:20160304-AM-HALL-1.410223@yizhan",
            "STATUS:CANCELLED",
            "SEQUENCE:10",
            "DTSTAMP:20160301T001000Z",
            "DTSTART:20160307T003000Z",
            "DTEND:20160307T040000Z",
            "SUMMARY:轮值（上午）：大厅值班",
            "SUMMARY:已准假，轮值（上午）：大厅值班",
            "LOCATION:尉氏县行政服务中心 值班台",
            "X-PUBLISHED-TTL:PT21600S",
        ] {
            assert!(whole.contains(&format!("{line}\r\n")), "{line} in {whole}");
        }
        assert_eq!(whole.matches("BEGIN:VEVENT").count(), 3);

        let seen =
            Request::get("/roster/410223/people/012-01.ics").header(header::IF_NONE_MATCH, &own.headers[header::ETAG]);
        assert_eq!(ask(&pages, seen).await.status, StatusCode::NOT_MODIFIED);
        let changed = duty("2016-03-07", Half::Morning, "005-01");
        ledger.duties([changed]).await;
        let after = get(&pages, "/roster/410223/people/012-01.ics").await;
        assert_ne!(after.headers[header::ETAG], own.headers[header::ETAG]);
        assert_eq!(after.text.matches("BEGIN:VEVENT").count(), 2, "whose duty went to another has it no more");

        let post = get(&pages, "/roster/410223/posts/HALL.ics").await.text.replace("\r\n ", "");
        assert_eq!(post.matches("BEGIN:VEVENT").count(), 14);
        assert!(
            post.contains("SUMMARY:轮值（上午）：某005-01（县公安局）") && post.contains("SUMMARY:轮值（上午）：待定")
        );
    }
}

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
    let bytes = body.collect().await.expect("a whole body").to_bytes();
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    Seen { status: parts.status, headers: parts.headers, text }
}
