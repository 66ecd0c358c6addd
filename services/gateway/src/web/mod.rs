//! The pages: rendered here, whole without scripts, in Chinese and English, with nothing fetched from elsewhere.

pub mod account;
mod board;
mod cases;
mod chart;
pub mod circular;
mod circulars;
mod disclosure;
mod dossier;
mod duties;
mod export;
mod fault;
mod feed;
mod flow;
mod json;
mod pictures;
pub mod portal;
mod query;
mod roster;
mod screen;
mod shelf;
mod shell;
mod sign;
mod step;
mod trend;
mod words;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use kit::{
    form::Form,
    id::Division,
    keys::Keys,
    refusal::{Kind, Refusal},
};

use self::{query::Asked, step::Step};
use crate::{
    ask::{self, CasesToken},
    books::{Board, Books},
    domain::{label::Kind as Labelled, scope::Selection},
};

/// Cases on a page of the list behind a figure.
const PAGE: u64 = 100;
/// What a page without any case is of.
const NOWHERE: Division = Division::NATIONAL;

#[derive(Clone)]
struct Pages(Arc<Inner>);

struct Inner {
    books: Books,
    keys: Keys,
    accounts: account::Accounts,
    circulars: circular::Circulars,
    portal: portal::Portal,
    shelf: shelf::Shelf,
}

/// The pages over these books, for everybody and those who have signed in.
pub fn pages(
    books: Books,
    keys: Keys,
    accounts: account::Accounts,
    circulars: circular::Circulars,
    portal: portal::Portal,
) -> Router {
    let shelf = shelf::Shelf::default();
    portal::routes()
        .route("/board", get(show_board))
        .route("/board/units/{unit}", get(show_board))
        .route("/board/items/{item}", get(show_board))
        .route("/board/export.csv", get(export::show_board))
        .route("/board/export.xlsx", get(export::show_board))
        .route("/board/disclosure", get(disclosure::show))
        .route("/board/disclosure.json", get(disclosure::show_json))
        .route("/cases/{number}", get(dossier::show))
        .route("/figures/cases", get(show_cases))
        .route("/figures/cases.csv", get(export::show_cases))
        .route("/figures/cases.xlsx", get(export::show_cases))
        .route("/figures.json", get(show_json))
        .route("/screen", get(screen::show))
        .route("/screen.json", get(screen::show_json))
        .route("/roster", get(roster::show))
        .route("/roster/duties", get(duties::show))
        .route("/roster/{division}/{whose}/{file}", get(feed::show))
        .route("/circulars", get(circulars::show))
        .route("/circulars/{month}", get(circular::show))
        .route("/circulars/{month}/duties", get(duties::show_named))
        .route("/sign-in", get(sign::show).post(sign::sign_in))
        .route("/sign-out", post(sign::sign_out))
        .route("/healthz", get(show_health))
        .route("/style.css", get(|| asset("text/css; charset=utf-8", include_str!("../../assets/style.css"))))
        .route("/portal.css", get(|| asset("text/css; charset=utf-8", include_str!("../../assets/portal.css"))))
        .route("/portal.js", get(|| asset("text/javascript; charset=utf-8", include_str!("../../assets/portal.js"))))
        .route("/screen.css", get(|| asset("text/css; charset=utf-8", include_str!("../../assets/screen.css"))))
        .route("/screen.js", get(|| asset("text/javascript; charset=utf-8", include_str!("../../assets/screen.js"))))
        .route("/live.js", get(|| asset("text/javascript; charset=utf-8", include_str!("../../assets/live.js"))))
        .fallback(fault::not_found)
        .layer(middleware::map_response(secure))
        .with_state(Pages(Arc::new(Inner { books, keys, accounts, circulars, portal, shelf })))
}

async fn show_board(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let (step, board) = pages.board(&uri).await?;
        Ok(html(&board::BoardPage::new(&board, &step)))
    };
    match shown.await {
        Ok(page) => unless_seen(&headers, page),
        Err(refusal) => fault::refused(&uri, &refusal),
    }
}

async fn show_json(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let (_, board) = pages.board(&uri).await?;
        serde_json::to_string(&json::Sheet::new(&board)).map_err(Refusal::internal)
    };
    match shown.await {
        Ok(json) => unless_seen(&headers, Page { kind: "application/json", text: json }),
        Err(refusal) => fault::refused(&uri, &refusal),
    }
}

async fn show_cases(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let Inner { books, keys, accounts, .. } = &*pages.0;
    let account = match accounts.who(&headers).await {
        Ok(account) => account,
        Err(status) => return fault::failed(&uri, &status),
    };
    let shown = async {
        let asked = Asked::read(&uri)?;
        let mut form = Form::new();
        let (lang, figure, scope) = (form.take(asked.lang()), form.take(asked.figure()), form.take(asked.scope()));
        let ((lang, figure), scope) = ask::read(form, lang.zip(figure).zip(scope))?;
        let Some(account) = account else { return Ok(sign::first(&uri, lang)) };
        of_division(&account, scope.division)?;
        let token = CasesToken::new(keys, &scope, figure);
        let after = token.after(asked.page_token()?)?;
        let further = after.is_some();
        let cases = books.cases(scope.clone(), figure, after, PAGE).await?;
        let labels = books.labels(scope.division).await?;
        let next = cases.cases.last().filter(|_| cases.more).map(|last| token.next(&last.number));
        let asked = cases::Asked { scope: &scope, figure, lang, further, next };
        let page = html(&cases::CasesPage::new(asked, &cases, &labels, books.today()));
        Ok(([(header::CACHE_CONTROL, "no-store")], page).into_response())
    };
    shown.await.unwrap_or_else(|refusal| fault::refused(&uri, &refusal))
}

/// Lists of cases are for who works in the division.
fn of_division(account: &account::Account, division: Division) -> Result<(), Refusal> {
    if account.caller.is_person() && account.caller.division() == Some(division) {
        return Ok(());
    }
    let (zh, en) = ("只能查看本行政区划的办件清单", "lists of cases are for staff of the division");
    Err(Refusal::new(Kind::Denied, "NOT_YOUR_DIVISION", zh, en))
}

async fn show_health(State(pages): State<Pages>) -> Response {
    match pages.0.books.first_division().await {
        Ok(_) => "ok\n".into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "store unavailable\n").into_response(),
    }
}

impl Pages {
    /// The board asked for; by default of the first division that has cases, and of this year.
    async fn board(&self, uri: &Uri) -> Result<(Step, Arc<Board>), Refusal> {
        let Inner { books, shelf, .. } = &*self.0;
        let asked = Asked::read(uri)?;
        let mut form = Form::new();
        let (lang, span) = (form.take(asked.lang()), form.take(asked.span(books.today())));
        let (division, selection) = (form.take(asked.division()), form.take(selected(uri.path(), &asked)));
        let ((lang, span), (division, selection)) = ask::read(form, lang.zip(span).zip(division.zip(selection)))?;
        let division = match division {
            Some(division) => division,
            None => books.first_division().await?.unwrap_or(NOWHERE),
        };
        let Selection { unit, item, .. } = selection;
        // An item has one unit.
        let unit = if item.is_empty() { unit } else { String::new() };
        let step = Step { division, span, unit, item, lang };
        let scope =
            step.scope().ok_or_else(|| Refusal::field(span.kind(), "没有这一期间", "there is no such period"))?;
        let board = shelf.board(books, scope).await?;
        for (kind, code, rows) in
            [(Labelled::Unit, &step.unit, &board.units), (Labelled::Item, &step.item, &board.items)]
        {
            let label = board.labels.of(kind, code);
            if !code.is_empty() && rows.is_empty() && label.zh.is_empty() && label.en.is_empty() {
                return Err(Refusal::not_found("PLACE_NOT_FOUND", "没有此部门或事项", "there is no such unit or item"));
            }
        }
        Ok((step, board))
    }
}

/// The unit or item that a board's path names; for files and programs, what the query does.
fn selected(path: &str, asked: &Asked) -> Result<Selection, Refusal> {
    let named = |kind: &str| path.strip_prefix(kind).map(str::to_owned).unwrap_or_default();
    match path {
        "/board" => Ok(Selection::default()),
        _ if path.starts_with("/board/units/") || path.starts_with("/board/items/") => {
            let (unit, item) = (named("/board/units/"), named("/board/items/"));
            ask::selection("", Selection { unit, item, window: String::new() })
        }
        _ => asked.selection(),
    }
}

/// A text and what kind it is of.
struct Page {
    kind: &'static str,
    text: String,
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, self.kind)], self.text).into_response()
    }
}

/// A page as an answer; one that cannot be rendered is a fault of ours.
fn html(page: &impl Template) -> Page {
    let text = page.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a page could not be rendered");
        "页面无法显示 / the page cannot be shown".to_owned()
    });
    Page { kind: "text/html; charset=utf-8", text }
}

/// The page, or 304 where the caller has just this one.
fn unless_seen(headers: &HeaderMap, page: Page) -> Response {
    let mut hasher = DefaultHasher::new();
    page.text.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let seen = headers.get(header::IF_NONE_MATCH).is_some_and(|seen| seen.as_bytes() == tag.as_bytes());
    let tag = [(header::ETAG, tag)];
    if seen { (StatusCode::NOT_MODIFIED, tag).into_response() } else { (tag, page).into_response() }
}

async fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=300")], text).into_response()
}

/// What every answer carries: nothing but this origin's own style and script, framed by nobody, sniffed by nobody.
async fn secure(mut answer: Response) -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; \
        connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ] {
        // A file brings a stricter policy along.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    answer
}
