//! Where one comes in: what can be found here, what is new, and how the year goes.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};
use kit::refusal::Refusal;
use proto::disclosure::v1::{ListPublishedResponse, Selection};

use super::{
    super::{
        Pages,
        shell::{self, Shell},
        words::{self, Both, number, percent},
    },
    Visit, answer,
    columns::{self, Entry},
    contract,
    line::Line,
    terms,
    way::{Tab, Way},
};
use crate::{
    books::Board,
    domain::{
        day::Period,
        figures::{Clock, Figure},
        scope::{Scope, Selection as Part},
    },
};

/// The newest publications that the page shows.
const NEWEST: i32 = 8;

#[derive(Template)]
#[template(path = "portal/home.html")]
pub struct HomePage {
    shell: Shell,
    way: Way,
    lines: Vec<Line>,
    columns: Vec<Entry>,
    /// Name and address.
    subjects: Vec<(Both, String)>,
    year: i16,
    figures: Vec<(Both, String)>,
    board: String,
    roster: String,
}

/// GET /
pub async fn show(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let visit = Visit::begin(&pages, &uri, Tab::Home).await?;
        let division = visit.way.division;
        // What one service does not tell now is left out.
        let (newest, board) = futures::join!(
            pages.0.portal.sources.published(division, Selection::default(), NEWEST, ""),
            this_year(&pages, &visit)
        );
        Ok(super::html(&HomePage::new(visit, &newest.unwrap_or_default(), board.ok().as_deref())))
    };
    answer(&uri, &headers, shown.await)
}

/// GET /index.json
pub async fn json(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let visit = Visit::begin(&pages, &uri, Tab::Home).await?;
        let token = visit.asked.page_token()?;
        let listed =
            pages.0.portal.sources.published(visit.way.division, Selection::default(), super::PAGE, token).await?;
        Ok(contract::json("yizhan.disclosure.v1.ListPublishedResponse", &listed)?)
    };
    answer(&uri, &headers, shown.await)
}

async fn this_year(pages: &Pages, visit: &Visit) -> Result<std::sync::Arc<Board>, Refusal> {
    let year = pages.0.books.today().date().year();
    let period = Period::year(year).ok_or_else(|| Refusal::internal("a year that is none"))?;
    let scope = Scope { division: visit.way.division, period, selection: Part::default() };
    pages.0.shelf.board(&pages.0.books, scope).await
}

impl HomePage {
    fn new(visit: Visit, newest: &ListPublishedResponse, board: Option<&Board>) -> HomePage {
        let Visit { way, titles, .. } = visit;
        let lang = way.lang;
        let year = board.map(|board| board.scope.period.first.date().year()).unwrap_or_default();
        let subjects = terms::SUBJECTS.into_iter();
        HomePage {
            shell: way.shell("", "/", &[]),
            lines: Line::all(&newest.publications, &[], &titles, &way),
            columns: columns::in_use(&titles).map(|column| columns::entry(column, &way)).collect(),
            subjects: subjects
                .map(|(code, name)| (lang.words(name).alone(), way.with("/guides", &[("subject", code)])))
                .collect(),
            figures: board.map(|board| figures(board, &way)).unwrap_or_default(),
            board: shell::board(way.division, year, lang),
            roster: format!("/roster?division={}&lang={}", way.division, lang.param()),
            year,
            way,
        }
    }
}

/// Of the cases of the year; nothing where there are none.
fn figures(board: &Board, way: &Way) -> Vec<(Both, String)> {
    let (total, lang) = (&board.total, way.lang);
    if total.get(Figure::Received) == 0 {
        return Vec::new();
    }
    let count = |figure| (lang.words(words::figure(figure)).alone(), number(total.get(figure)));
    let rate = |zh, en, rate| (lang.only(zh, en), percent(rate));
    vec![
        count(Figure::Received),
        count(Figure::Open),
        rate("办结率", "Completion rate", total.completion_rate()),
        rate("承诺时限内办结率", "On time as promised", total.on_time_rate(Clock::Promised)),
    ]
}
