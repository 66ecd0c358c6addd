//! The columns of a division, and what is public in one of them: as a page, as JSON, as a feed.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};
use kit::refusal::Refusal;
use proto::disclosure::v1::{Category, Column, Selection};

use super::{
    super::{Page, Pages, shell::Shell, words::Both},
    PAGE, Trouble, Visit, answer, contract, feed, is_json,
    line::Line,
    sources::{Titles, id},
    terms,
    way::{Tab, Way},
};

#[derive(Template)]
#[template(path = "portal/columns.html")]
struct ColumnsPage {
    shell: Shell,
    way: Way,
    /// By category.
    groups: Vec<(Both, Vec<Entry>)>,
}

/// A column as the portal offers it.
pub struct Entry {
    pub name: Both,
    pub href: String,
    pub feed: String,
}

#[derive(Template)]
#[template(path = "portal/column.html")]
struct ColumnPage {
    shell: Shell,
    way: Way,
    name: Both,
    category: Both,
    limit_days: i32,
    retired: bool,
    lines: Vec<Line>,
    first: String,
    next: String,
    feed: String,
}

pub fn entry(column: &Column, way: &Way) -> Entry {
    let path = format!("/columns/{}", id(&column.name));
    Entry {
        name: way.lang.only(&column.title_zh, &column.title_en),
        feed: way.to(&format!("{path}.atom")),
        href: way.to(&path),
    }
}

/// The columns that new things come into, in their order.
pub fn in_use(titles: &Titles) -> impl Iterator<Item = &Column> {
    titles.columns.iter().filter(|column| !column.retired)
}

/// The same by category.
fn groups(titles: &Titles, way: &Way) -> Vec<(Both, Vec<Entry>)> {
    let mut groups: BTreeMap<i32, Vec<Entry>> = BTreeMap::new();
    for column in in_use(titles) {
        groups.entry(column.category).or_default().push(entry(column, way));
    }
    let name = |category| way.lang.words(terms::category(Category::try_from(category).unwrap_or_default())).alone();
    groups.into_iter().map(|(category, columns)| (name(category), columns)).collect()
}

/// GET /columns
pub async fn show_all(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let Visit { way, titles, .. } = Visit::begin(&pages, &uri, Tab::Columns).await?;
        let shell = way.shell(way.one("公开栏目", "Columns"), "/columns", &[]);
        Ok(super::html(&ColumnsPage { shell, groups: groups(&titles, &way), way }))
    };
    answer(&uri, &headers, shown.await)
}

/// GET /columns.json
pub async fn json(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let visit = Visit::begin(&pages, &uri, Tab::Columns).await?;
        let columns = pages.0.portal.sources.columns(visit.way.division).await?;
        Ok(contract::json("yizhan.disclosure.v1.ListColumnsResponse", &columns)?)
    };
    answer(&uri, &headers, shown.await)
}

/// GET /columns/{column}, the same with .json, and with .atom
pub async fn show(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches("/columns/");
    let shown = async {
        if let Some(code) = path.strip_suffix(".atom") {
            return feed::newest(&pages, &uri, &headers, code).await;
        }
        list(&pages, &uri, path.trim_end_matches(".json")).await
    };
    answer(&uri, &headers, shown.await)
}

pub fn not_found() -> Refusal {
    Refusal::not_found("COLUMN_NOT_FOUND", "没有此栏目", "there is no such column")
}

async fn list(pages: &Pages, uri: &Uri, code: &str) -> Result<Page, Trouble> {
    let Visit { asked, way, titles } = Visit::begin(pages, uri, Tab::Columns).await?;
    let sources = &pages.0.portal.sources;
    let column = match titles.column(code) {
        Some(column) => column,
        // Whether there is none, or nobody can say it now.
        None => return Err(sources.columns(way.division).await.map_or_else(Into::into, |_| not_found().into())),
    };
    let token = asked.page_token()?;
    let selection = Selection { column: code.to_owned(), ..Default::default() };
    let listed = sources.published(way.division, selection, PAGE, token).await?;
    if is_json(uri) {
        return Ok(contract::json("yizhan.disclosure.v1.ListPublishedResponse", &listed)?);
    }
    let path = format!("/columns/{code}");
    let name = way.lang.only(&column.title_zh, &column.title_en);
    Ok(super::html(&ColumnPage {
        shell: way.shell(&name.first, &path, &[]),
        category: way.lang.words(terms::category(column.category())).alone(),
        limit_days: column.limit_days,
        retired: column.retired,
        lines: Line::all(&listed.publications, &[], &titles, &way),
        first: if token.is_empty() { String::new() } else { way.to(&path) },
        next: further(&way, &path, &[], &listed.next_page_token),
        feed: way.to(&format!("{path}.atom")),
        name,
        way,
    }))
}

/// The address of a list's next page; empty on the last one.
pub fn further(way: &Way, path: &str, asked: &[(&str, &str)], token: &str) -> String {
    if token.is_empty() {
        return String::new();
    }
    way.with(path, &[asked, &[("page_token", token)]].concat())
}
