//! The pages: rendered here, whole without scripts, in Chinese and English, with nothing fetched from elsewhere.

pub mod account;
mod board;
mod cases;
mod chart;
pub mod circular;
mod circulars;
mod disclosure;
mod duties;
mod fault;
mod feed;
mod json;
mod pictures;
pub mod portal;
mod query;
mod roster;
mod shelf;
mod shell;
mod sign;
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

use self::{query::Asked, words::Lang};
use crate::{
    ask::{self, CasesToken},
    books::{Board, Books},
    domain::{
        day::Period,
        scope::{Scope, Selection},
    },
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
        .route("/board/disclosure", get(disclosure::show))
        .route("/board/disclosure.json", get(disclosure::show_json))
        .route("/figures/cases", get(show_cases))
        .route("/figures.json", get(show_json))
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
        .route("/live.js", get(|| asset("text/javascript; charset=utf-8", include_str!("../../assets/live.js"))))
        .fallback(fault::not_found)
        .layer(middleware::map_response(secure))
        .with_state(Pages(Arc::new(Inner { books, keys, accounts, circulars, portal, shelf })))
}

async fn show_board(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let (lang, year, board) = pages.board(&Asked::read(&uri)?).await?;
        Ok(html(&board::BoardPage::new(&board, year, lang)))
    };
    match shown.await {
        Ok(page) => unless_seen(&headers, page),
        Err(refusal) => fault::refused(&uri, &refusal),
    }
}

async fn show_json(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let (.., board) = pages.board(&Asked::read(&uri)?).await?;
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
        if !account.caller.is_person() || account.caller.division() != Some(scope.division) {
            let (zh, en) = ("只能查看本行政区划的办件清单", "lists of cases are for staff of the division");
            return Err(Refusal::new(Kind::Denied, "NOT_YOUR_DIVISION", zh, en));
        }
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

async fn show_health(State(pages): State<Pages>) -> Response {
    match pages.0.books.first_division().await {
        Ok(_) => "ok\n".into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "store unavailable\n").into_response(),
    }
}

impl Pages {
    /// The board of the division and year asked for; by default of the first division that has cases, and of this year.
    async fn board(&self, asked: &Asked) -> Result<(Lang, i16, Arc<Board>), Refusal> {
        let Inner { books, shelf, .. } = &*self.0;
        let mut form = Form::new();
        let (lang, year) = (form.take(asked.lang()), form.take(asked.year(books.today())));
        let division = form.take(asked.division());
        let ((lang, year), division) = ask::read(form, lang.zip(year).zip(division))?;
        let division = match division {
            Some(division) => division,
            None => books.first_division().await?.unwrap_or(NOWHERE),
        };
        let period = Period::year(year).ok_or_else(|| Refusal::field("year", "没有这一年", "there is no such year"))?;
        let scope = Scope { division, period, selection: Selection::default() };
        Ok((lang, year, shelf.board(books, scope).await?))
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
