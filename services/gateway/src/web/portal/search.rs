//! Searching what is public.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use kit::status::localized;
use proto::disclosure::v1::{SearchPublishedResponse, Selection};
use tonic::Code;

use super::{
    super::{Page, Pages, html, shell::Shell, unless_seen},
    Trouble, Visit,
    columns::further,
    contract, is_json,
    line::Line,
    way::{Tab, Way},
};
use crate::door::gate;

const SEARCH: &str = "/yizhan.disclosure.v1.PublicationService/SearchPublished";

#[derive(Template)]
#[template(path = "portal/search.html")]
pub struct SearchPage {
    shell: Shell,
    way: Way,
    query: String,
    /// What is wrong with the query; empty where nothing is.
    wrong: String,
    lines: Vec<Line>,
    first: String,
    next: String,
}

/// GET /search and /search.json
pub async fn show(
    State(pages): State<Pages>,
    uri: Uri,
    headers: HeaderMap,
    request: axum::extract::Request,
) -> Response {
    let from = gate::address(request.extensions());
    let shown = async {
        // A search costs more than a page: the public has its limit here as it has at the door.
        pages.0.portal.rate.check(SEARCH, None, from)?;
        find(&pages, &uri).await
    };
    match shown.await {
        Ok((StatusCode::OK, page)) => unless_seen(&headers, page),
        Ok((code, page)) => (code, page).into_response(),
        Err(trouble) => trouble.page(&uri),
    }
}

async fn find(pages: &Pages, uri: &Uri) -> Result<(StatusCode, Page), Trouble> {
    let visit = Visit::begin(pages, uri, Tab::Search).await?;
    let query = visit.asked.get("q")?.trim().to_owned();
    let token = visit.asked.page_token()?.to_owned();
    if query.is_empty() && !is_json(uri) {
        return Ok((StatusCode::OK, html(&SearchPage::new(visit, query, "", &SearchPublishedResponse::default()))));
    }
    let sources = &pages.0.portal.sources;
    let found = sources.found(visit.way.division, query.clone(), Selection::default(), &token).await;
    match found {
        Ok(found) if is_json(uri) => {
            Ok((StatusCode::OK, contract::json("yizhan.disclosure.v1.SearchPublishedResponse", &found)?))
        }
        Ok(found) => Ok((StatusCode::OK, html(&SearchPage::new(visit, query, &token, &found)))),
        // A query that cannot be searched for is told beside it.
        Err(status) if status.code() == Code::InvalidArgument && token.is_empty() && !is_json(uri) => {
            let wrong = visit.way.lang.one(&localized(&status), status.message());
            let page = SearchPage::new(visit, query, "", &SearchPublishedResponse::default());
            Ok((StatusCode::BAD_REQUEST, html(&SearchPage { wrong, ..page })))
        }
        Err(status) => Err(status.into()),
    }
}

impl SearchPage {
    fn new(visit: Visit, query: String, token: &str, found: &SearchPublishedResponse) -> SearchPage {
        let Visit { way, titles, .. } = visit;
        let asked = [("q", query.as_str())];
        SearchPage {
            shell: way.shell(if query.is_empty() { way.one("搜索", "Search") } else { &query }, "/search", &asked),
            wrong: String::new(),
            lines: Line::all(&found.publications, &found.words, &titles, &way),
            first: if token.is_empty() { String::new() } else { way.with("/search", &asked) },
            next: further(&way, "/search", &asked, &found.next_page_token),
            query,
            way,
        }
    }
}
