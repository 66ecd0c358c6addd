//! The figures, on facts made by hand: every number, and the very cases behind it.

mod ledger;

use gateway::follow::intake::FollowIntake;
use kit::{peer::Peer, status::reason, store::follower, testing};
use ledger::{Ledger, PARENT, accepted, day, issued, received};
use proto::{
    gateway::v1::{
        self as pb, Figure, GetFiguresRequest, GroupBy, ListFigureCasesRequest, Period, Selection,
        metrics_service_client::MetricsServiceClient,
    },
    intake::v1::{CaseFacts, CaseState, Handling},
    journal::v1::Entry,
};
use tonic::Code;
use tonic_types::StatusExt;

type Metrics = MetricsServiceClient<Peer>;

const TODAY: &str = "2016-03-31T10:00";

fn march() -> Option<Period> {
    Some(Period { first: "2016-03-01".into(), last: "2016-03-31".into() })
}

/// Cases around March 2016, told on its last day; `a` and `b` are accepted in it, `c` never, `d` and `e` earlier.
fn cases() -> Vec<CaseFacts> {
    let ended =
        |case: CaseFacts, state: CaseState, on: &str| CaseFacts { state: state.into(), ended_on: day(on), ..case };
    vec![
        // On time by both clocks.
        issued(accepted("a01", "2016-03-01", "2016-03-08", "2016-03-29"), "2016-03-04", 3, "2016-03-07"),
        // Late by the promised clock, denied.
        CaseFacts {
            granted: false,
            supplement_asked: true,
            ..issued(accepted("a02", "2016-03-01", "2016-03-08", "2016-03-29"), "2016-03-10", 7, "2016-03-11")
        },
        // Late by both, decided and not yet handed out.
        CaseFacts {
            state: CaseState::Granted.into(),
            ended_on: 0,
            extended: true,
            ..issued(accepted("a03", "2016-03-02", "2016-03-05", "2016-03-09"), "2016-03-14", 8, "2016-03-14")
        },
        CaseFacts { suspensions: 1, ..accepted("a04", "2016-03-10", "2016-03-17", "2016-04-08") },
        CaseFacts { deemed_accepted: true, ..accepted("a05", "2016-03-04", "2016-03-11", "2016-03-20") },
        // The clock stands still: no due day, so nothing is overdue, nor late when it ends.
        CaseFacts {
            state: CaseState::Suspended.into(),
            suspensions: 2,
            legal_due_on: 0,
            promised_due_on: 0,
            ..accepted("a06", "2016-03-04", "2016-03-11", "2016-03-20")
        },
        CaseFacts {
            suspensions: 1,
            legal_due_on: 0,
            promised_due_on: 0,
            ..ended(accepted("a07", "2016-03-04", "2016-03-11", "2016-03-20"), CaseState::Withdrawn, "2016-03-20")
        },
        CaseFacts {
            handling: Handling::Instant.into(),
            unit: "002".into(),
            item: "item-2".into(),
            received_window: "A02".into(),
            ..issued(accepted("a08", "2016-03-08", "2016-03-09", "2016-04-06"), "2016-03-08", 0, "2016-03-08")
        },
        // Withdrawn after the promised day and before the legal one.
        ended(accepted("a09", "2016-03-10", "2016-03-20", "2016-04-01"), CaseState::Withdrawn, "2016-03-25"),
        // Due today is not overdue.
        accepted("a10", "2016-03-03", "2016-03-31", "2016-03-31"),
        // Received before the period, decided on the legal due day itself.
        CaseFacts {
            received_on: day("2016-02-26"),
            ..issued(accepted("b01", "2016-03-01", "2016-03-29", "2016-03-30"), "2016-03-30", 21, "2016-03-31")
        },
        ended(received("c01", "2016-03-03"), CaseState::Refused, "2016-03-03"),
        ended(received("c02", "2016-03-04"), CaseState::Lapsed, "2016-03-25"),
        received("c03", "2016-03-30"),
        ended(received("c04", "2016-03-05"), CaseState::Withdrawn, "2016-03-06"),
        CaseFacts { state: CaseState::SupplementPending.into(), ..received("c05", "2016-03-30") },
        issued(accepted("d01", "2016-02-10", "2016-03-08", "2016-03-15"), "2016-03-09", 18, "2016-03-10"),
        accepted("e01", "2016-02-02", "2016-02-15", "2016-03-01"),
    ]
}

async fn ledger(database: testing::TestDatabase) -> (Ledger, Metrics) {
    let mut ledger = Ledger::open(database, TODAY).await;
    ledger.cases(cases()).await;
    let metrics = ledger.metrics().await;
    (ledger, metrics)
}

async fn figures(metrics: &mut Metrics, group_by: GroupBy, selection: Selection) -> pb::GetFiguresResponse {
    let request = GetFiguresRequest {
        parent: PARENT.into(),
        period: march(),
        group_by: group_by.into(),
        selection: Some(selection),
    };
    metrics.get_figures(request).await.expect("figures").into_inner()
}

async fn listed(metrics: &mut Metrics, figure: Figure, selection: &Selection) -> (Vec<String>, i64) {
    let mut request = ListFigureCasesRequest {
        parent: PARENT.into(),
        period: march(),
        figure: figure.into(),
        selection: Some(selection.clone()),
        page_size: 3,
        ..Default::default()
    };
    let mut numbers = Vec::new();
    loop {
        let page = metrics.list_figure_cases(request.clone()).await.expect("a page").into_inner();
        assert!(page.cases.len() <= 3);
        numbers.extend(page.cases.into_iter().map(|case| case.name.rsplit('/').next().unwrap_or_default().to_owned()));
        if page.next_page_token.is_empty() {
            return (numbers, page.total);
        }
        request.page_token = page.next_page_token;
    }
}

fn count(row: &pb::Figures, figure: Figure) -> i64 {
    match figure {
        Figure::Unspecified => 0,
        Figure::Received => row.received,
        Figure::Accepted => row.accepted,
        Figure::Completed => row.completed,
        Figure::OnTimeLegal => row.on_time_legal,
        Figure::OnTimePromised => row.on_time_promised,
        Figure::Open => row.open,
        Figure::OverdueLegal => row.overdue_legal,
        Figure::OverduePromised => row.overdue_promised,
        Figure::Refused => row.refused,
        Figure::Lapsed => row.lapsed,
        Figure::DeemedAccepted => row.deemed_accepted,
        Figure::LateEntered => row.late_entered,
        Figure::Supplemented => row.supplemented,
        Figure::Suspended => row.suspended,
        Figure::Extended => row.extended,
        Figure::Granted => row.granted,
        Figure::Denied => row.denied,
        Figure::Instant => row.instant,
        Figure::EndedInPeriod => row.ended_in_period,
    }
}

const ALL: [Figure; 18] = [
    Figure::Received,
    Figure::Accepted,
    Figure::Completed,
    Figure::OnTimeLegal,
    Figure::OnTimePromised,
    Figure::Open,
    Figure::OverdueLegal,
    Figure::OverduePromised,
    Figure::Refused,
    Figure::Lapsed,
    Figure::DeemedAccepted,
    Figure::Supplemented,
    Figure::Suspended,
    Figure::Extended,
    Figure::Granted,
    Figure::Denied,
    Figure::Instant,
    Figure::EndedInPeriod,
];

#[tokio::test]
async fn every_figure_counts_the_cases_that_it_lists() {
    for database in testing::databases() {
        let (_ledger, mut metrics) = ledger(database).await;
        let total = figures(&mut metrics, GroupBy::Unspecified, Selection::default()).await.total.expect("a total");
        for figure in ALL {
            let cases: &[&str] = match figure {
                Figure::Unspecified => &[],
                Figure::Received => &[
                    "a01", "a02", "a03", "a04", "a05", "a06", "a07", "a08", "a09", "a10", "c01", "c02", "c03", "c04",
                    "c05",
                ],
                Figure::Accepted => &["a01", "a02", "a03", "a04", "a05", "a06", "a07", "a08", "a09", "a10", "b01"],
                Figure::Completed => &["a01", "a02", "a07", "a08", "a09", "b01"],
                Figure::OnTimeLegal => &["a01", "a02", "a07", "a08", "a09", "b01"],
                Figure::OnTimePromised => &["a01", "a07", "a08"],
                Figure::Open => &["a03", "a04", "a05", "a06", "a10"],
                Figure::OverdueLegal => &["a05"],
                Figure::OverduePromised => &["a04", "a05"],
                Figure::Refused => &["c01"],
                Figure::Lapsed => &["c02"],
                Figure::DeemedAccepted => &["a05"],
                Figure::Supplemented => &["a02"],
                Figure::Suspended => &["a04", "a06", "a07"],
                Figure::Extended => &["a03"],
                Figure::Granted => &["a01", "a03", "a08", "b01"],
                Figure::Denied => &["a02"],
                Figure::Instant => &["a08"],
                Figure::LateEntered => &[],
                Figure::EndedInPeriod => &["a01", "a02", "a07", "a08", "a09", "b01", "d01"],
            };
            assert_eq!(count(&total, figure), cases.len() as i64, "{figure:?}");
            assert_eq!(
                listed(&mut metrics, figure, &Selection::default()).await,
                (strings(cases), cases.len() as i64),
                "{figure:?}"
            );
        }
    }
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn rates_truncate_and_handling_times_are_of_promised_cases_decided_in_the_period() {
    for database in testing::databases() {
        let (_ledger, mut metrics) = ledger(database).await;
        let total = figures(&mut metrics, GroupBy::Unspecified, Selection::default()).await.total.expect("a total");
        let rate = |numerator, denominator, points| pb::Rate { numerator, denominator, basis_points: Some(points) };
        assert_eq!(total.completion_rate, Some(rate(6, 11, 5_454)));
        // Seven are decided or ended; one waits past its legal day, two past their promised one.
        assert_eq!(total.on_time_legal_rate, Some(rate(6, 8, 7_500)));
        assert_eq!(total.on_time_promised_rate, Some(rate(3, 9, 3_333)));
        let time = pb::HandlingTime {
            cases: 5,
            mean_hundredths: 1_140,
            p50_days: 8,
            p90_days: 21,
            p99_days: 21,
            max_days: 21,
        };
        assert_eq!(total.handling_time, Some(time));
    }
}

#[tokio::test]
async fn groups_are_labelled_and_together_they_are_the_total() {
    for database in testing::databases() {
        let (mut ledger, mut metrics) = ledger(database).await;
        ledger.unit("001", "县公安局", "Public Security").await;
        ledger.item("item-1", "户口迁移", "Registration transfer").await;
        for (group, keys) in [
            (GroupBy::Unspecified, vec![""]),
            (GroupBy::Unit, vec!["001", "002"]),
            (GroupBy::Item, vec!["item-1", "item-2"]),
            (GroupBy::Window, vec!["A01", "A02"]),
            (GroupBy::Month, vec!["2016-03"]),
        ] {
            let answer = figures(&mut metrics, group, Selection::default()).await;
            assert_eq!(answer.rows.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), keys);
            let total = answer.total.expect("a total");
            for figure in ALL {
                assert_eq!(
                    answer.rows.iter().map(|row| count(row, figure)).sum::<i64>(),
                    count(&total, figure),
                    "{group:?} {figure:?}"
                );
            }
            assert_eq!((answer.intake_seq, answer.directory_seq), (cases().len() as i64 + 1, 1));
        }
        let units = figures(&mut metrics, GroupBy::Unit, Selection::default()).await.rows;
        assert_eq!((units[0].label_zh.as_str(), units[0].label_en.as_str()), ("县公安局", "Public Security"));
        assert_eq!(units[1].label_zh, "");
        let items = figures(&mut metrics, GroupBy::Item, Selection::default()).await.rows;
        assert_eq!(items[0].label_zh, "户口迁移");

        let days = figures(&mut metrics, GroupBy::Day, Selection::default()).await.rows;
        let first = days.iter().find(|row| row.key == "2016-03-01").expect("the first of March");
        assert_eq!((first.received, first.accepted, first.completed, first.ended_in_period), (2, 3, 3, 0));
        let tenth = days.iter().find(|row| row.key == "2016-03-10").expect("the tenth of March");
        assert_eq!((tenth.accepted, tenth.ended_in_period, tenth.overdue_promised), (2, 1, 1));
    }
}

#[tokio::test]
async fn a_selection_leaves_only_its_cases() {
    for database in testing::databases() {
        let (_ledger, mut metrics) = ledger(database).await;
        for selection in [
            Selection { unit: "002".into(), ..Default::default() },
            Selection { item: "item-2".into(), ..Default::default() },
            Selection { unit: "002".into(), item: "item-2".into(), window: "A02".into() },
        ] {
            let answer = figures(&mut metrics, GroupBy::Unit, selection.clone()).await;
            assert_eq!(answer.rows.len(), 1);
            assert_eq!(answer.total.expect("a total").received, 1);
            assert_eq!(listed(&mut metrics, Figure::Instant, &selection).await, (strings(&["a08"]), 1));
        }
        let none = Selection { unit: "002".into(), window: "A01".into(), ..Default::default() };
        let answer = figures(&mut metrics, GroupBy::Unspecified, none).await;
        let total = answer.total.expect("a total");
        assert_eq!((answer.rows.len(), total.received), (1, 0));
        assert_eq!(total.completion_rate, Some(pb::Rate::default()));
        assert_eq!(total.on_time_legal_rate.expect("a rate").basis_points, None);
    }
}

#[tokio::test]
async fn a_case_moves_from_figure_to_figure_as_its_journal_goes_on() {
    for database in testing::databases() {
        let mut ledger = Ledger::open(database, TODAY).await;
        let mut metrics = ledger.metrics().await;
        let new = received("n01", "2016-03-01");
        let taken = accepted("n01", "2016-03-01", "2016-03-08", "2016-03-29");
        let done = issued(taken.clone(), "2016-03-04", 3, "2016-03-07");
        let stands = async |metrics: &mut Metrics| {
            let total = figures(metrics, GroupBy::Unspecified, Selection::default()).await.total.expect("a total");
            (total.received, total.accepted, total.open, total.overdue_promised, total.completed)
        };
        ledger.cases([new.clone()]).await;
        assert_eq!(stands(&mut metrics).await, (1, 0, 0, 0, 0));
        ledger.cases([taken.clone()]).await;
        assert_eq!(stands(&mut metrics).await, (1, 1, 1, 1, 0));
        // Of one batch the last word stands.
        ledger.cases([taken, done]).await;
        assert_eq!(stands(&mut metrics).await, (1, 1, 0, 0, 1));
        let request = ListFigureCasesRequest {
            parent: PARENT.into(),
            period: march(),
            figure: Figure::Completed.into(),
            ..Default::default()
        };
        let case = metrics.list_figure_cases(request).await.expect("a page").into_inner().cases.remove(0);
        let text = String::from;
        assert_eq!(
            case,
            pb::FigureCase {
                name: format!("{PARENT}/cases/n01"),
                unit: text("001"),
                item: text("item-1"),
                window: text("A01"),
                state: text("ISSUED"),
                received_on: text("2016-03-01"),
                accepted_on: text("2016-03-01"),
                decided_on: text("2016-03-04"),
                ended_on: text("2016-03-07"),
                legal_due_on: text("2016-03-29"),
                promised_due_on: text("2016-03-08"),
                seq: 4,
            }
        );
    }
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_or_leaves_a_gap_is_refused_and_leaves_no_trace() {
    for database in testing::databases() {
        let mut ledger = Ledger::open(database, TODAY).await;
        ledger.cases([received("n01", "2016-03-01")]).await;
        let entry = |seq, payload: &'static [u8]| Entry {
            division: ledger::DIVISION.into(),
            seq,
            event: "case.received".into(),
            payload: payload.into(),
            ..Default::default()
        };
        for bad in [entry(2, b"\xff\xff"), entry(2, b""), entry(3, b"")] {
            follower::apply(&ledger.store, "intake", ledger::DIVISION, &[bad], &FollowIntake)
                .await
                .expect_err("refused");
        }
        let mut metrics = ledger.metrics().await;
        let answer = figures(&mut metrics, GroupBy::Unspecified, Selection::default()).await;
        assert_eq!((answer.intake_seq, answer.total.expect("a total").received), (1, 1));
    }
}

#[tokio::test]
async fn bad_questions_are_refused_and_every_bad_field_is_named() {
    let (_ledger, mut metrics) = ledger(testing::TestDatabase::sqlite()).await;
    let period = |first: &str, last: &str| Some(Period { first: first.into(), last: last.into() });
    let selection = |unit: &str, item: &str, window: &str| {
        Some(Selection { unit: unit.into(), item: item.into(), window: window.into() })
    };
    let good = GetFiguresRequest { parent: PARENT.into(), period: march(), ..Default::default() };
    for (request, fields) in [
        (GetFiguresRequest { parent: "410223".into(), ..good.clone() }, vec!["parent"]),
        (GetFiguresRequest { period: None, ..good.clone() }, vec!["period.first", "period.last"]),
        (
            GetFiguresRequest { period: period("2016-02-30", "2016-3-1"), ..good.clone() },
            vec!["period.first", "period.last"],
        ),
        (GetFiguresRequest { period: period("2016-03-02", "2016-03-01"), ..good.clone() }, vec!["period.last"]),
        (GetFiguresRequest { period: period("2000-01-01", "2020-01-01"), ..good.clone() }, vec!["period.last"]),
        (GetFiguresRequest { group_by: 99, ..good.clone() }, vec!["group_by"]),
        (
            GetFiguresRequest { selection: selection("1", "a/b", "a01"), ..good.clone() },
            vec!["selection.unit", "selection.item", "selection.window"],
        ),
        (
            GetFiguresRequest {
                selection: selection("", &"x".repeat(41), "' OR 1=1"),
                parent: String::new(),
                ..good.clone()
            },
            vec!["parent", "selection.item", "selection.window"],
        ),
    ] {
        let status = metrics.get_figures(request.clone()).await.expect_err("refused");
        assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "FIELD_INVALID"), "{request:?}");
        let faults = status.get_details_bad_request().expect("faults").field_violations;
        assert_eq!(faults.iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>(), fields, "{request:?}");
    }
    let longest = GetFiguresRequest { period: period("2000-01-01", "2019-12-31"), ..good };
    metrics.get_figures(longest).await.expect("twenty years");

    let good = ListFigureCasesRequest {
        parent: PARENT.into(),
        period: march(),
        figure: Figure::Open.into(),
        page_size: 2,
        ..Default::default()
    };
    for (request, fields) in [
        (ListFigureCasesRequest { figure: 0, ..good.clone() }, vec!["figure"]),
        (
            ListFigureCasesRequest { figure: 77, page_size: -1, period: None, ..good.clone() },
            vec!["period.first", "period.last", "figure", "page_size"],
        ),
    ] {
        let status = metrics.list_figure_cases(request).await.expect_err("refused");
        assert_eq!(reason(&status), "FIELD_INVALID");
        let faults = status.get_details_bad_request().expect("faults").field_violations;
        assert_eq!(faults.iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>(), fields);
    }
    // A token goes on with its own list only.
    let token = metrics.list_figure_cases(good.clone()).await.expect("a page").into_inner().next_page_token;
    let other = [
        ListFigureCasesRequest { figure: Figure::Accepted.into(), ..good.clone() },
        ListFigureCasesRequest { parent: "divisions/410224".into(), ..good.clone() },
        ListFigureCasesRequest { period: period("2016-01-01", "2016-12-31"), ..good.clone() },
        ListFigureCasesRequest { selection: selection("001", "", ""), ..good.clone() },
    ];
    for request in other {
        let status = metrics.list_figure_cases(ListFigureCasesRequest { page_token: token.clone(), ..request }).await;
        assert_eq!(reason(&status.expect_err("refused")), "PAGE_TOKEN_INVALID");
    }
    let status = metrics.list_figure_cases(ListFigureCasesRequest { page_token: "forged".into(), ..good }).await;
    assert_eq!(reason(&status.expect_err("refused")), "PAGE_TOKEN_INVALID");
}
