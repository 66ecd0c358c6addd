//! What was published: learnt, counted against the plainest count, shown; and how often it was looked at.

mod ledger;

use std::collections::BTreeMap;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use gateway::{domain::day::Day, follow::disclosure::FollowDisclosure, views::Views};
use http_body_util::BodyExt;
use kit::{
    status::reason,
    store::follower,
    testing::{self, TestDatabase},
};
use ledger::{
    DIVISION, Ledger, PARENT,
    publications::{Group, Told, corrected, drafted, published, recount, told, withdrawn},
};
use prost::Message;
use proto::{
    disclosure::v1::{Column, PublicationFacts},
    gateway::v1::{
        DisclosureFigures, GetDisclosureFiguresRequest, GetDisclosureFiguresResponse, GroupBy, Period,
        metrics_service_client::MetricsServiceClient,
    },
    journal::v1::Entry,
};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use sea_orm::{EntityTrait, PaginatorTrait};
use tonic_types::StatusExt;
use tower::ServiceExt;

const TODAY: &str = "2016-03-31";
const NOW: &str = "2016-03-31T10:00";
const MARCH: [&str; 2] = ["2016-03-01", "2016-03-31"];

/// One of each kind around March.
fn few() -> Vec<Told> {
    let mut all = Vec::new();
    let mut tell = |event, facts: &PublicationFacts, at: &str| all.push(told(event, facts, at));
    // On time and whole, with pictures; corrected late and not whole; withdrawn.
    let a = published(&drafted("012-2016-00001", "guides", 5, "2016-03-10"), "2016-03-02", true, 100, 2);
    tell("publication.drafted", &drafted("012-2016-00001", "guides", 5, "2016-03-10"), "2016-03-01");
    tell("publication.published", &a, "2016-03-02");
    tell("publication.drafted", &corrected(&a, "2016-03-08"), "2016-03-07");
    let a2 = published(&corrected(&a, "2016-03-08"), "2016-03-09", false, 99, 5);
    tell("publication.published", &a2, "2016-03-09");
    tell("publication.withdrawn", &withdrawn(&a2), "2016-03-31");
    // Public before the period, corrected in it, and being corrected again, overdue.
    let b = published(&drafted("012-2016-00002", "notices", 15, ""), "2016-02-29", true, 80, 1);
    tell("publication.published", &b, "2016-02-29");
    let b2 = published(&b, "2016-03-01", true, 100, 0);
    tell("publication.published", &b2, "2016-03-01");
    tell("publication.drafted", &corrected(&b2, "2016-03-30"), "2016-03-10");
    // Due today is not overdue; nor is what no calendar can tell yet.
    tell("publication.drafted", &drafted("023-2016-00001", "notices", 15, "2016-03-31"), "2016-03-03");
    tell("publication.drafted", &drafted("023-2016-00002", "notices", 15, ""), "2016-03-03");
    // Overdue, and in a column of its own.
    tell("publication.drafted", &drafted("031-2016-00001", "budgets", 7, "2016-03-01"), "2016-02-01");
    // After the period.
    let c = published(&drafted("023-2016-00003", "guides", 5, "2016-05-01"), "2016-04-01", true, 100, 9);
    tell("publication.published", &c, "2016-04-01");
    // Withdrawn, public again, and withdrawn again.
    let d = published(&drafted("023-2016-00004", "plans", 3, "2016-05-01"), "2016-03-04", true, 66, 0);
    tell("publication.published", &d, "2016-03-04");
    tell("publication.withdrawn", &withdrawn(&d), "2016-03-05");
    let d2 = published(&withdrawn(&d), "2016-03-06", false, 67, 1);
    tell("publication.published", &d2, "2016-03-06");
    tell("publication.withdrawn", &withdrawn(&d2), "2016-03-07");
    all
}

/// Hundreds of lives by chance, within some months.
fn many(seed: u64) -> Vec<Told> {
    let mut dice = StdRng::seed_from_u64(seed);
    let day = |n: i32| Day(16_801 + n).to_string();
    let mut all = Vec::new();
    for n in 101..=500 {
        let unit = ["012", "023", "031"].choose(&mut dice).expect("a unit");
        let (column, category) =
            [("guides", 5), ("decisions", 5), ("notices", 15), ("plans", 3)].choose(&mut dice).expect("a column");
        let mut at = dice.random_range(0..90);
        let id = format!("{unit}-2016-{n:05}");
        let mut facts = drafted(&id, column, *category, &day(at + dice.random_range(1..30)));
        all.push((at, told("publication.drafted", &facts, &day(at))));
        for _ in 0..dice.random_range(0..5) {
            at += dice.random_range(0..15);
            let score = *[100, 100, 100, 99, 50, 0].choose(&mut dice).expect("a score");
            let was_public = facts.standing() == proto::disclosure::v1::Standing::Public;
            let (event, next) = match dice.random_range(0..4) {
                0 if was_public => ("publication.withdrawn", withdrawn(&facts)),
                1 => ("publication.drafted", corrected(&facts, &day(at + 10))),
                2 => ("publication.checked", facts.clone()),
                _ => {
                    let pictures = dice.random_range(0..3);
                    ("publication.published", published(&facts, &day(at), dice.random(), score, pictures))
                }
            };
            facts = next;
            all.push((at, told(event, &facts, &day(at))));
        }
    }
    // As they happened; each publication's own order stays.
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, told)| told).collect()
}

type Metrics = MetricsServiceClient<kit::peer::Peer>;

async fn ask(metrics: &mut Metrics, group: GroupBy, unit: &str, column: &str) -> GetDisclosureFiguresResponse {
    let request = GetDisclosureFiguresRequest {
        parent: PARENT.into(),
        period: Some(Period { first: MARCH[0].into(), last: MARCH[1].into() }),
        group_by: group.into(),
        unit: unit.into(),
        column: column.into(),
    };
    metrics.get_disclosure_figures(request).await.expect("figures").into_inner()
}

fn unlabelled(row: &DisclosureFigures) -> DisclosureFigures {
    DisclosureFigures { label_zh: String::new(), label_en: String::new(), ..row.clone() }
}

#[tokio::test]
async fn what_was_published_is_what_was_counted_by_hand() {
    for database in testing::databases() {
        let mut ledger = Ledger::open(database, NOW).await;
        ledger.unit("012", "县住建局", "Housing Bureau").await;
        ledger.publications(&few()).await;
        let mut metrics = ledger.metrics().await;
        let all = ask(&mut metrics, GroupBy::Unspecified, "", "").await;
        let total = all.total.expect("a total");
        assert_eq!((all.disclosure_seq, all.rows.len(), all.rows[0].key.as_str()), (16, 1, ""));
        let numbers = [
            total.published,
            total.corrected,
            total.withdrawn,
            total.on_time,
            total.overdue,
            total.conforming,
            total.pictures,
            total.views,
        ];
        assert_eq!(numbers, [2, 3, 3, 3, 2, 2, 2, 0]);
        assert_eq!(total.on_time_rate.expect("a rate").basis_points, Some(4_285), "3/7 truncated");
        assert_eq!(total.conformance_rate.expect("a rate").basis_points, Some(4_000));
        assert_eq!(total.mean_score, Some(86), "432/5 truncated");

        let units = ask(&mut metrics, GroupBy::Unit, "", "").await.rows;
        let seen: Vec<_> = units.iter().map(|row| (row.key.as_str(), row.label_zh.as_str(), row.overdue)).collect();
        assert_eq!(seen, [("012", "县住建局", 1), ("023", "", 0), ("031", "", 1)]);
        assert_eq!(units[2].mean_score, None, "of nothing there is no mean");

        let categories = ask(&mut metrics, GroupBy::Category, "", "").await.rows;
        let seen: Vec<_> = categories.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(seen, ["3", "5", "7", "15"], "as numbers");
        assert_eq!(categories[2].label_zh, "财政预算、决算");
        let columns = ask(&mut metrics, GroupBy::Column, "", "").await.rows;
        assert_eq!((columns[0].key.as_str(), columns[0].label_en.as_str()), ("budgets", "Column budgets"));
        let months = ask(&mut metrics, GroupBy::Month, "", "").await;
        assert_eq!((months.rows.len(), months.rows[0].overdue, months.total.expect("a total").overdue), (1, 0, 2));
    }
}

#[tokio::test]
async fn every_number_of_every_group_is_that_of_the_plainest_count() {
    for (seed, database) in testing::databases().into_iter().enumerate() {
        let mut ledger = Ledger::open(database, NOW).await;
        let lives = [few(), many(seed as u64)].concat();
        ledger.publications(&lives).await;
        let mut metrics = ledger.metrics().await;
        let groups: [(GroupBy, Group); 5] = [
            (GroupBy::Unspecified, |_, _| String::new()),
            (GroupBy::Unit, |facts, _| facts.unit.clone()),
            (GroupBy::Column, |facts, _| facts.column.clone()),
            (GroupBy::Category, |facts, _| facts.category.to_string()),
            (GroupBy::Month, |_, at| at[..7].to_owned()),
        ];
        for (unit, column) in [("", ""), ("012", ""), ("", "guides"), ("023", "notices")] {
            let chosen: Vec<Told> = lives
                .iter()
                .filter(|told| unit.is_empty() || told.facts.unit == unit)
                .filter(|told| column.is_empty() || told.facts.column == column)
                .cloned()
                .collect();
            for (group, key) in groups {
                let answer = ask(&mut metrics, group, unit, column).await;
                let seen: BTreeMap<String, DisclosureFigures> =
                    answer.rows.iter().map(|row| (row.key.clone(), unlabelled(row))).collect();
                assert_eq!(
                    seen,
                    recount(&chosen, MARCH, TODAY, key, group == GroupBy::Month),
                    "{group:?} {unit} {column}"
                );
                assert_eq!(
                    answer.total.as_ref(),
                    recount(&chosen, MARCH, TODAY, groups[0].1, false).get(""),
                    "{group:?} {unit} {column}"
                );
            }
        }
    }
}

#[tokio::test]
async fn what_columns_are_called_is_learnt_and_what_cannot_be_read_is_refused() {
    for database in testing::databases() {
        let mut ledger = Ledger::open(database, NOW).await;
        ledger.publications(&few()[..2]).await;
        let column = Column {
            name: format!("{PARENT}/columns/guides"),
            title_zh: "办事指南".into(),
            title_en: "Guides".into(),
            ..Default::default()
        };
        let others = vec![
            ("site.columns", "sites/site".to_owned(), column.encode_to_vec()),
            ("site.requirements", "sites/site".to_owned(), vec![0xff]),
        ];
        ledger.disclosure(others, &[TODAY, TODAY]).await;
        let mut metrics = ledger.metrics().await;
        let columns = ask(&mut metrics, GroupBy::Column, "", "").await.rows;
        assert_eq!((columns[0].label_zh.as_str(), columns[0].label_en.as_str()), ("办事指南", "Guides"));

        let public = published(&drafted("012-2016-00009", "guides", 5, ""), TODAY, true, 100, 0);
        for bad in [
            PublicationFacts { id: String::new(), ..public.clone() },
            PublicationFacts { edition: 0, ..public.clone() },
            PublicationFacts { published_on: 0, ..public.clone() },
        ] {
            let entry = Entry {
                division: DIVISION.into(),
                seq: 5,
                event: "publication.published".into(),
                payload: bad.encode_to_vec().into(),
                ..Default::default()
            };
            let refused = follower::apply(&ledger.store, "disclosure", DIVISION, &[entry], &FollowDisclosure).await;
            assert!(refused.expect_err("refused").to_string().contains("entry 5"));
        }
        assert_eq!(ask(&mut metrics, GroupBy::Column, "", "").await.disclosure_seq, 4);
    }
}

#[tokio::test]
async fn looks_add_up_whoever_counts_them_and_are_of_the_day_on_which_they_were() {
    for database in testing::databases() {
        let mut ledger = Ledger::open(database, NOW).await;
        ledger.publications(&few()).await;
        let division = DIVISION.parse().expect("a division");
        let (here, there) = (Views::new(&ledger.store, &ledger.clock), Views::new(&ledger.store, &ledger.clock));
        for _ in 0..3 {
            here.count(division, "012-2016-00001");
        }
        here.count(division, "023-2016-00004");
        here.flush().await;
        here.flush().await;
        there.count(division, "012-2016-00001");
        // Nobody has told of it yet: it counts from then on.
        there.count(division, "012-2016-99999");
        there.flush().await;
        let later = Views::new(&ledger.store, &testing::clock("2016-04-01T00:00"));
        later.count(division, "012-2016-00001");
        later.flush().await;

        let mut metrics = ledger.metrics().await;
        assert_eq!(ask(&mut metrics, GroupBy::Unspecified, "", "").await.total.expect("a total").views, 5);
        let columns = ask(&mut metrics, GroupBy::Column, "", "").await.rows;
        let seen: Vec<_> = columns.iter().filter(|row| row.views > 0).map(|row| (&*row.key, row.views)).collect();
        assert_eq!(seen, [("guides", 4), ("plans", 1)]);
        assert_eq!(ask(&mut metrics, GroupBy::Month, "012", "").await.rows[0].views, 4);

        ledger.publications(&[told("publication.drafted", &drafted("012-2016-99999", "guides", 5, ""), TODAY)]).await;
        assert_eq!(ask(&mut metrics, GroupBy::Unspecified, "", "").await.total.expect("a total").views, 6);
    }
}

#[tokio::test]
async fn a_look_is_added_once_whenever_it_is_added() {
    let mut ledger = Ledger::open(TestDatabase::sqlite(), NOW).await;
    let views = Views::new(&ledger.store, &ledger.clock);
    let counting = tokio::spawn(views.clone().run());
    let division = DIVISION.parse().expect("a division");
    let told_of = |n: i32| told("publication.drafted", &drafted(&format!("012-2016-{n:05}"), "guides", 5, ""), TODAY);
    ledger.publications(&(0..500).map(told_of).collect::<Vec<_>>()).await;
    for round in 0..40 {
        for n in 0..500 {
            views.count(division, &format!("012-2016-{n:05}"));
        }
        if round % 10 == 0 {
            views.flush().await;
        }
    }
    views.flush().await;
    counting.abort();
    let total = ask(&mut ledger.metrics().await, GroupBy::Unspecified, "", "").await.total.expect("a total");
    assert_eq!(total.views, 20_000);
}

#[tokio::test]
async fn what_there_is_no_room_for_is_not_counted_and_takes_no_memory() {
    let ledger = Ledger::open(TestDatabase::sqlite(), NOW).await;
    let views = Views::new(&ledger.store, &ledger.clock);
    for n in 0..30_000 {
        views.count(DIVISION.parse().expect("a division"), &format!("012-2016-{n:05}"));
    }
    views.flush().await;
    let rows = gateway::store::view::row::Entity::find().count(ledger.store.read()).await.expect("counted");
    assert_eq!(rows, 20_000);
}

#[tokio::test]
async fn bad_questions_are_refused_with_each_field() {
    let ledger = Ledger::open(TestDatabase::sqlite(), NOW).await;
    let request = GetDisclosureFiguresRequest {
        parent: "divisions/41".into(),
        period: Some(Period { first: "2016-03-31".into(), last: "2016-03-01".into() }),
        group_by: GroupBy::Window.into(),
        unit: "5".into(),
        column: "办事".into(),
    };
    let status = ledger.metrics().await.get_disclosure_figures(request).await.expect_err("refused");
    assert_eq!(reason(&status), "FIELD_INVALID");
    let fields = status.get_details_bad_request().expect("fields").field_violations;
    let fields: Vec<_> = fields.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["parent", "period.last", "group_by", "unit", "column"]);
    let empty = ask(&mut ledger.metrics().await, GroupBy::Unit, "", "").await;
    assert_eq!((empty.rows.len(), empty.total.expect("a total").mean_score), (0, None));
}

async fn get(pages: &Router, address: &str) -> (StatusCode, String) {
    let request = Request::get(address).body(Body::empty()).expect("a request");
    let answer = pages.clone().oneshot(request).await.expect("an answer");
    let status = answer.status();
    let bytes = answer.into_body().collect().await.expect("a whole body").to_bytes();
    (status, String::from_utf8(bytes.to_vec()).expect("text"))
}

#[tokio::test]
async fn a_page_shows_the_year_by_unit_column_category_and_month() {
    for database in testing::databases() {
        let mut ledger = Ledger::open(database, NOW).await;
        ledger.division("尉氏县", "Weishi County").await;
        ledger.unit("012", "县\"住建\"局<script>", "").await;
        ledger.publications(&few()).await;
        let pages = ledger.pages();
        let (status, text) = get(&pages, "/board/disclosure").await;
        assert_eq!(status, StatusCode::OK);
        for part in
            ["尉氏县", "2016", "及时率", "规范率", "栏目guides", "财政预算、决算", "2016-03", "各部门", "42.85%"]
        {
            assert!(text.contains(part), "{part}");
        }
        assert!(!text.contains("<script>") && text.contains("&#60;script&#62;"));
        let english = get(&pages, "/board/disclosure?division=410223&year=2016&lang=en").await.1;
        for part in ["Weishi County", "Budgets and accounts", "Conformance", "On time and conformance, by month"] {
            assert!(english.contains(part), "{part}");
        }
        let one = get(&pages, "/board/disclosure?unit=031&column=budgets").await.1;
        assert!(one.contains("全部部门和栏目") && !one.contains("栏目guides"));
        let (status, json) = get(&pages, "/board/disclosure.json?year=2016").await;
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(
            (status, &json["total"]["published"], &json["by_unit"][0]["key"]),
            (StatusCode::OK, &4.into(), &"012".into())
        );
        for wrong in ["?year=16", "?unit=x", "?column=A", "?division=4", "?lang=fr", "?unit=001&unit=002"] {
            assert_eq!(get(&pages, &format!("/board/disclosure{wrong}")).await.0, StatusCode::BAD_REQUEST, "{wrong}");
        }
        let (status, other) = get(&pages, "/board/disclosure?division=410224&year=1999").await;
        assert!(status == StatusCode::OK && other.contains("本年尚未公开信息"));
    }
    let empty = Ledger::open(TestDatabase::sqlite(), NOW).await;
    assert_eq!(get(&empty.pages(), "/board/disclosure").await.0, StatusCode::OK, "nothing was published yet");
}
