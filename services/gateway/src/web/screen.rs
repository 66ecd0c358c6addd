//! The big screen of the hall: what happens today. It keeps itself current and says when it does not.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};
use kit::{form::Form, refusal::Refusal};
use serde::Serialize;

use super::{
    NOWHERE, Page, Pages,
    board::shanghai_minute,
    fault, html,
    query::Asked,
    shell::{self, Shell},
    unless_seen,
    words::{Both, Lang, number, percent},
};
use crate::{
    ask,
    books::{Board, Today},
    domain::{
        day::Period,
        duty::{Duty, State as Stands},
        figures::{Clock, Figure},
        label::Kind,
        scope::{Scope, Selection},
    },
};

/// So many windows have room.
const WINDOWS: usize = 18;
/// So many on duty have room.
const DUTIES: usize = 4;

#[derive(Template)]
#[template(path = "screen.html")]
struct ScreenPage {
    shell: Shell,
    division: Both,
    screen: Screen,
    /// Where the script asks.
    json: String,
    back: String,
}

/// What changes; the script writes it where it stands, by these names.
#[derive(Serialize)]
struct Screen {
    day: String,
    minute: String,
    entry: String,
    received: String,
    accepted: String,
    ended: String,
    waiting: String,
    overdue_promised: String,
    overdue_legal: String,
    year_accepted: String,
    year_completion: String,
    year_promised: String,
    year_legal: String,
    windows: Vec<Busy>,
    hours: Vec<Hour>,
    duties: Vec<OnDuty>,
}

#[derive(Serialize)]
struct Busy {
    code: String,
    name: String,
    n: String,
    /// Of 100.
    width: i64,
}

#[derive(Serialize)]
struct Hour {
    hour: i32,
    n: i64,
    /// Of 100.
    height: i64,
}

#[derive(Serialize)]
struct OnDuty {
    post: String,
    name: String,
    unit: String,
    present: bool,
}

/// GET /screen
pub(super) async fn show(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let (lang, today, board) = pages.today(&uri).await?;
        let division = today.division;
        let name = lang.label(&today.labels.of(Kind::Division, division.as_str()), division.as_str());
        let address = shell::screen(division, lang);
        Ok(html(&ScreenPage {
            shell: Shell {
                lang,
                title: format!("{} · {}", name.first, lang.one("行政服务中心", "Administrative service centre")),
                other: shell::screen(division, lang.other()),
                live: false,
            },
            division: name,
            screen: Screen::new(&today, &board, lang),
            json: address.replacen("/screen?", "/screen.json?", 1),
            back: shell::board(division, today.day.date().year(), lang),
        }))
    };
    match shown.await {
        Ok(page) => unless_seen(&headers, page),
        Err(refusal) => fault::refused(&uri, &refusal),
    }
}

/// GET /screen.json
pub(super) async fn show_json(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let (lang, today, board) = pages.today(&uri).await?;
        serde_json::to_string(&Screen::new(&today, &board, lang)).map_err(Refusal::internal)
    };
    match shown.await {
        Ok(text) => unless_seen(&headers, Page { kind: "application/json", text }),
        Err(refusal) => fault::refused(&uri, &refusal),
    }
}

impl Pages {
    async fn today(&self, uri: &Uri) -> Result<(Lang, Today, Arc<Board>), Refusal> {
        let asked = Asked::read(uri)?;
        let books = &self.0.books;
        let mut form = Form::new();
        let (lang, division) = (form.take(asked.lang()), form.take(asked.division()));
        let (lang, division) = ask::read(form, lang.zip(division))?;
        let division = match division {
            Some(division) => division,
            None => books.first_division().await?.unwrap_or(NOWHERE),
        };
        let today = books.happening(division).await?;
        let period = Period::year(today.day.date().year()).ok_or_else(|| Refusal::internal("a year that is none"))?;
        let scope = Scope { division, period, selection: Selection::default() };
        Ok((lang, today, self.0.shelf.board(books, scope).await?))
    }
}

impl Screen {
    fn new(today: &Today, board: &Board, lang: Lang) -> Screen {
        let n = |figure| number(today.figures.get(figure));
        let [promised, legal] = today.overdue;
        let year = &board.total;
        // To the minute, so that nothing is sent where nothing moves.
        let minute = shanghai_minute(today.now);
        Screen {
            day: today.day.to_string(),
            minute: minute.get(11..).unwrap_or_default().to_owned(),
            entry: number(today.stand.intake_seq),
            received: n(Figure::Received),
            accepted: n(Figure::Accepted),
            ended: n(Figure::EndedInPeriod),
            waiting: number(today.waiting),
            overdue_promised: number(promised),
            overdue_legal: number(legal),
            year_accepted: number(year.get(Figure::Accepted)),
            year_completion: percent(year.completion_rate()),
            year_promised: percent(year.on_time_rate(Clock::Promised)),
            year_legal: percent(year.on_time_rate(Clock::Legal)),
            windows: windows(today, lang),
            hours: hours(today),
            duties: on_duty(today, lang),
        }
    }
}

/// The busiest first.
fn windows(today: &Today, lang: Lang) -> Vec<Busy> {
    let mut all: Vec<_> =
        today.windows.iter().map(|row| (row, row.figures.get(Figure::Received))).filter(|(_, n)| *n > 0).collect();
    all.sort_by_key(|(row, n)| (std::cmp::Reverse(*n), row.key.clone()));
    let most = all.first().map_or(1, |(_, n)| *n).max(1);
    let busy = |(row, n): (&crate::books::Row, i64)| Busy {
        code: row.key.clone(),
        name: if row.label.zh.is_empty() { String::new() } else { lang.one(&row.label.zh, &row.label.en) },
        n: number(n),
        width: n * 100 / most,
    };
    all.into_iter().take(WINDOWS).map(busy).collect()
}

/// From eight to six, and beyond where something came in.
fn hours(today: &Today) -> Vec<Hour> {
    let first = today.hours.keys().next().copied().unwrap_or(8).min(8);
    let last = today.hours.keys().next_back().copied().unwrap_or(18).max(18);
    let most = today.hours.values().copied().max().unwrap_or(1).max(1);
    let n = |hour: i32| today.hours.get(&hour).copied().unwrap_or(0);
    (first..=last).map(|hour| Hour { hour, n: n(hour), height: n(hour) * 100 / most }).collect()
}

/// Who is on duty in this half of the day, or else in the next: the roster is public.
fn on_duty(today: &Today, lang: Lang) -> Vec<OnDuty> {
    let of =
        |duty: &&Duty| today.now <= duty.ends_at && !duty.person.is_empty() && duty.standing.state != Stands::Excused;
    let half = today.duties.iter().find(of).map(|duty| duty.afternoon);
    let now = today.duties.iter().filter(of).filter(|duty| Some(duty.afternoon) == half).take(DUTIES);
    now.map(|duty| OnDuty {
        post: lang.one(&duty.post_zh, &duty.post_en),
        name: duty.name.clone(),
        unit: lang.label(&today.labels.of(Kind::Unit, &duty.unit), &duty.unit).first,
        present: duty.standing.state == Stands::OnDuty,
    })
    .collect()
}
