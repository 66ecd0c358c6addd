//! The same numbers for programs that read JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    books::{Board, Row},
    domain::figures::{Clock, Figure, Figures, Rate},
};

#[derive(Serialize)]
pub struct Sheet<'a> {
    division: &'a str,
    first: String,
    last: String,
    /// Shanghai's civil time, RFC 3339.
    as_of: String,
    intake_seq: i64,
    directory_seq: i64,
    total: Group<'a>,
    by_unit: Vec<Group<'a>>,
    by_item: Vec<Group<'a>>,
    by_month: Vec<Group<'a>>,
}

#[derive(Serialize)]
struct Group<'a> {
    key: &'a str,
    label_zh: &'a str,
    label_en: &'a str,
    /// By the figure's name in lower case.
    figures: BTreeMap<String, i64>,
    completion_rate: Part,
    on_time_legal_rate: Part,
    on_time_promised_rate: Part,
    handling_time: Times,
}

#[derive(Serialize)]
pub struct Part {
    numerator: i64,
    denominator: i64,
    /// Hundredths of a percent, truncated; null of nothing.
    basis_points: Option<i32>,
}

/// Working days of the promised cases decided in the period.
#[derive(Serialize)]
struct Times {
    cases: i64,
    mean_hundredths: i64,
    p50_days: i32,
    p90_days: i32,
    p99_days: i32,
    max_days: i32,
}

impl<'a> Sheet<'a> {
    pub fn new(board: &'a Board) -> Sheet<'a> {
        let rows = |rows: &'a [Row]| {
            rows.iter().map(|row| group(&row.key, &row.label.zh, &row.label.en, &row.figures)).collect()
        };
        Sheet {
            division: board.scope.division.as_str(),
            first: board.scope.period.first.to_string(),
            last: board.scope.period.last.to_string(),
            as_of: board.stand.as_of.shanghai(),
            intake_seq: board.stand.intake_seq,
            directory_seq: board.stand.directory_seq,
            total: group("", "", "", &board.total),
            by_unit: rows(&board.units),
            by_item: rows(&board.items),
            by_month: rows(&board.months),
        }
    }
}

fn group<'a>(key: &'a str, label_zh: &'a str, label_en: &'a str, figures: &Figures) -> Group<'a> {
    let handling = &figures.handling;
    Group {
        key,
        label_zh,
        label_en,
        figures: Figure::ALL.into_iter().map(|figure| (figure.code().to_lowercase(), figures.get(figure))).collect(),
        completion_rate: figures.completion_rate().into(),
        on_time_legal_rate: figures.on_time_rate(Clock::Legal).into(),
        on_time_promised_rate: figures.on_time_rate(Clock::Promised).into(),
        handling_time: Times {
            cases: handling.cases(),
            mean_hundredths: handling.mean_hundredths(),
            p50_days: handling.percentile(50),
            p90_days: handling.percentile(90),
            p99_days: handling.percentile(99),
            max_days: handling.max(),
        },
    }
}

impl From<Rate> for Part {
    fn from(rate: Rate) -> Part {
        Part { numerator: rate.numerator, denominator: rate.denominator, basis_points: rate.basis_points() }
    }
}
