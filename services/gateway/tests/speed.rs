//! How long a year takes to learn and to count. Prints; asserts nothing about time.

mod ledger;

use std::{
    io::Write,
    time::{Duration, Instant},
};

use gateway::domain::{
    day::Period,
    scope::{Group, Scope, Selection},
};
use kit::testing;
use ledger::{Ledger, PARENT, day};
use proto::{
    gateway::v1::{self as pb},
    intake::v1::{CaseFacts, CaseState, Handling},
};

/// Cases of the year; the published number is 131,565. `YIZHAN_FACTS` asks for as many.
fn cases() -> usize {
    std::env::var("YIZHAN_FACTS").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_year_is_learnt_and_counted() {
    for database in testing::databases() {
        let engine = database.engine();
        let mut ledger = Ledger::open(database, "2016-12-31T18:00").await;
        let facts = year(cases());
        let (told, n) = (facts.len(), cases() as i64);
        let mut slowest = Duration::ZERO;
        let start = Instant::now();
        for some in facts.chunks(500) {
            let batch = Instant::now();
            ledger.cases(some.iter().cloned()).await;
            slowest = slowest.max(batch.elapsed());
        }
        let each = start.elapsed() / told.div_ceil(500) as u32;
        say(&format!("{engine}: {told} entries in {:?}, {each:?} for 500, slowest {slowest:?}", start.elapsed()));

        let scope = Scope {
            division: ledger::DIVISION.parse().expect("a division"),
            period: Period::year(2016).expect("a year"),
            selection: Selection::default(),
        };
        for group in [Group::Total, Group::Unit, Group::Item, Group::Window, Group::Day, Group::Month] {
            let mut best = Duration::MAX;
            for _ in 0..5 {
                let start = Instant::now();
                let account = ledger.books.account(scope.clone(), group).await.expect("counted");
                best = best.min(start.elapsed());
                assert_eq!(account.total.get(gateway::domain::figures::Figure::Accepted), n);
            }
            say(&format!("{engine}: figures of {n} cases by {group:?} in {best:?}"));
        }
        let start = Instant::now();
        ledger.books.board(scope, 20).await.expect("read");
        say(&format!("{engine}: a page's figures in {:?}", start.elapsed()));

        let mut metrics = ledger.metrics().await;
        for figure in [pb::Figure::Received, pb::Figure::Accepted, pb::Figure::Open, pb::Figure::OverduePromised] {
            let request = pb::ListFigureCasesRequest {
                parent: PARENT.into(),
                period: Some(pb::Period { first: "2016-01-01".into(), last: "2016-12-31".into() }),
                figure: figure.into(),
                ..Default::default()
            };
            let start = Instant::now();
            let list = metrics.list_figure_cases(request).await.expect("listed").into_inner();
            say(&format!(
                "{engine}: the first {} of {} cases {figure:?} in {:?}",
                list.cases.len(),
                list.total,
                start.elapsed()
            ));
        }
    }
}

/// A year of cases in the order in which they would be told: the entries of each case, as its days come.
fn year(n: usize) -> Vec<CaseFacts> {
    let first = day("2016-01-04");
    let mut told = Vec::new();
    for i in 0..n {
        // A heavy tail over 29 units with two items each, without a generator of random numbers.
        let spread = (i * 7_919) % 1_000;
        let unit = 1 + (spread * spread / 35_000) % 29;
        let on = first + (i * 360 / n) as i32;
        let instant = !i.is_multiple_of(5) && spread < 700;
        let handling = if instant { Handling::Instant } else { Handling::Promised };
        let case = CaseFacts {
            number: format!("410223-{unit:03}-2016{:04}-{i:06}-X", on - first),
            state: CaseState::Accepted.into(),
            unit: format!("{unit:03}"),
            item: format!("410223-{unit:03}-00{}", 1 + i % 2),
            handling: handling.into(),
            received_window: format!("A{:02}", unit + i % 2),
            received_on: on,
            accepted_on: on,
            legal_due_on: on + 28,
            promised_due_on: on + 10,
            handling_days: -1,
            supplement_asked: i.is_multiple_of(61),
            extended: i.is_multiple_of(997),
            ..Default::default()
        };
        let days = (i % 14) as i32;
        let decided = CaseFacts {
            state: CaseState::Granted.into(),
            decided_on: on + days,
            granted: true,
            handling_days: days,
            ..case.clone()
        };
        let issued = CaseFacts { state: CaseState::Issued.into(), ended_on: on + days + 1, ..decided.clone() };
        if instant {
            told.push((on, CaseFacts { decided_on: on, ended_on: on, handling_days: 0, ..issued }));
        } else {
            told.push((on, case));
            told.push((on + days, decided));
            told.push((on + days + 1, issued));
        }
    }
    told.sort_by_key(|(on, _)| *on);
    told.into_iter().map(|(_, facts)| facts).collect()
}

/// Past the capture of the test harness.
fn say(what: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{what}");
}
