//! What other programs follow: feeds of what is new (Atom, RFC 4287), a map of the site, and what robots may do.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Uri, header, uri::Authority},
    response::Response,
};
use kit::clock::Moment;
use proto::disclosure::v1::{Selection, Summary};

use super::{
    super::{Page, Pages},
    Trouble, Visit, answer, columns, line,
    sources::{Titles, id},
    way::{Tab, Way},
};

/// Entries of a feed.
const NEWEST: i32 = 50;
/// Publications on the map at most, the newest; the older ones are found through the columns.
const MAPPED: usize = 1_000;

#[derive(Template)]
#[template(path = "portal/feed.xml")]
struct Feed {
    lang: &'static str,
    id: String,
    title: String,
    updated: String,
    own: String,
    page: String,
    entries: Vec<Entry>,
}

struct Entry {
    id: String,
    title: String,
    summary: String,
    author: String,
    column: String,
    category: String,
    published: String,
    href: String,
}

#[derive(Template)]
#[template(path = "portal/sitemap.xml")]
struct Sitemap {
    /// Address, and when it changed last.
    pages: Vec<(String, String)>,
}

/// Scheme and host of these pages as who asks knows them.
fn origin(pages: &Pages, uri: &Uri, headers: &HeaderMap) -> String {
    let named = uri.authority().map(Authority::as_str);
    let named = named.or_else(|| headers.get(header::HOST)?.to_str().ok());
    let host = named.and_then(|host| host.parse::<Authority>().ok());
    let host = host.map_or_else(
        || "localhost".to_owned(),
        |host| host.port_u16().map_or_else(|| host.host().to_owned(), |port| format!("{}:{port}", host.host())),
    );
    let proxied = headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
    format!("{}://{host}", if pages.0.portal.secure || proxied { "https" } else { "http" })
}

/// GET /feed.atom
pub async fn atom(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    answer(&uri, &headers, newest(&pages, &uri, &headers, "").await)
}

/// What is new in a column, or in all of them where none is named.
pub async fn newest(pages: &Pages, uri: &Uri, headers: &HeaderMap, column: &str) -> Result<Page, Trouble> {
    let Visit { way, titles, .. } = Visit::begin(pages, uri, Tab::Columns).await?;
    if !column.is_empty() && titles.column(column).is_none() {
        return Err(columns::not_found().into());
    }
    let selection = Selection { column: column.to_owned(), ..Selection::default() };
    let listed = pages.0.portal.sources.published(way.division, selection, NEWEST, "").await?.publications;
    let origin = origin(pages, uri, headers);
    let of = if column.is_empty() { String::new() } else { line::column(column, &titles, way.lang).first };
    let page = if column.is_empty() { way.to("/") } else { way.to(&format!("/columns/{column}")) };
    let own = if column.is_empty() { way.to("/feed.atom") } else { way.to(&format!("/columns/{column}.atom")) };
    let entries: Vec<_> = listed.iter().map(|it| entry(it, &titles, &way, &origin)).collect();
    let updated = entries.iter().map(|entry| entry.published.clone()).max();
    let feed = Feed {
        lang: way.lang.code(),
        id: format!("urn:x-yizhan:{}:{}", way.division, if column.is_empty() { "all" } else { column }),
        title: plain([way.county.first.as_str(), way.one("政务公开", "open government"), &of].join(" ").trim()),
        updated: updated.unwrap_or_else(|| "1970-01-01T08:00:00+08:00".to_owned()),
        own: format!("{origin}{own}"),
        page: format!("{origin}{page}"),
        entries,
    };
    Ok(xml(&feed, "application/atom+xml; charset=utf-8"))
}

fn entry(of: &Summary, titles: &Titles, way: &Way, origin: &str) -> Entry {
    let at = of.published_at.as_ref().and_then(Moment::from_timestamp).unwrap_or(Moment(0));
    Entry {
        id: format!("urn:x-yizhan:{}", of.index_number),
        title: plain(&of.title),
        summary: plain(&of.summary),
        author: plain(&line::unit(&of.unit, titles, way.lang).first),
        category: plain(&line::column(&of.column, titles, way.lang).first),
        column: of.column.clone(),
        published: at.shanghai(),
        href: format!("{origin}{}", way.to(&format!("/publications/{}", id(&of.name)))),
    }
}

/// GET /sitemap.xml
pub async fn sitemap(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let Visit { way, titles, .. } = Visit::begin(&pages, &uri, Tab::Home).await?;
        let origin = origin(&pages, &uri, &headers);
        let here = |path: &str, changed: String| (format!("{origin}{}", way.to(path)), changed);
        let parts = ["/", "/columns", "/guides", "/windows", "/track"];
        let mut all: Vec<_> = parts.into_iter().map(|path| here(path, String::new())).collect();
        all.extend(
            columns::in_use(&titles).map(|column| here(&format!("/columns/{}", id(&column.name)), String::new())),
        );
        let (parts, mut token) = (all.len(), String::new());
        while all.len() < parts + MAPPED {
            let sources = &pages.0.portal.sources;
            let listed = sources.published(way.division, Selection::default(), 200, &token).await?;
            let lines = listed.publications.iter();
            all.extend(lines.map(|it| here(&format!("/publications/{}", id(&it.name)), line::day(&it.published_at))));
            token = listed.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        Ok(xml(&Sitemap { pages: all }, "application/xml; charset=utf-8"))
    };
    answer(&uri, &headers, shown.await)
}

/// GET /robots.txt
pub async fn robots(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Page {
    let origin = origin(&pages, &uri, &headers);
    let closed = ["/sign-in", "/sign-out", "/track", "/search", "/figures/", "/roster/duties"];
    let closed: String = closed.into_iter().map(|path| format!("Disallow: {path}\n")).collect();
    Page { kind: "text/plain; charset=utf-8", text: format!("User-agent: *\n{closed}Sitemap: {origin}/sitemap.xml\n") }
}

fn xml(of: &impl Template, kind: &'static str) -> Page {
    Page { kind, ..super::html(of) }
}

/// Without what a document of XML cannot hold.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c }).collect()
}
