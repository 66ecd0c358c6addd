//! The citizens' site: what is public, the guides, the windows, how a case stands, and its receipt. It shows what the public may see,
//! whoever looks, so that a page is the same for everybody.

mod columns;
mod contract;
mod feed;
mod files;
mod guides;
mod heads;
mod home;
mod line;
mod markdown;
mod publication;
mod qr;
mod receipt;
mod search;
mod sources;
mod terms;
mod track;
mod way;
mod windows;

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderMap, Uri},
    response::Response,
    routing::{get, post},
};
use kit::{id::Division, refusal::Refusal};
use tonic::Status;

use self::{
    sources::{Sources, Titles},
    way::{Tab, Way},
};
use super::{Page, Pages, dossier::Dossiers, fault, html, query::Asked, unless_seen};
use crate::{
    cosign::Cosign,
    door::{Peers, rate::Rate},
    views::Views,
};

/// Publications on a page of a list.
const PAGE: i32 = 20;

/// What the portal stands on.
pub struct Portal {
    sources: Sources,
    views: Views,
    rate: Arc<Rate>,
    /// Where heads are shown to witnesses.
    cosign: Option<Cosign>,
    /// The cases behind the figures, for staff.
    pub(super) dossiers: Dossiers,
    /// Whether the pages are reached over TLS, for addresses that are told to other programs.
    secure: bool,
}

impl Portal {
    pub fn new(peers: &Peers, views: Views, rate: Arc<Rate>, secure: bool) -> Portal {
        let dossiers = Dossiers::new(peers.intake.clone());
        Portal { sources: Sources::new(peers), views, rate, cosign: None, dossiers, secure }
    }

    /// With the heads of the journals.
    pub fn with_heads(self, cosign: Cosign) -> Portal {
        Portal { cosign: Some(cosign), ..self }
    }
}

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route("/", get(home::show))
        .route("/index.json", get(home::json))
        .route("/columns", get(columns::show_all))
        .route("/columns.json", get(columns::json))
        .route("/columns/{column}", get(columns::show))
        .route("/publications/{publication}", get(publication::show))
        .route("/publications/{publication}/editions/{edition}", get(publication::show))
        .route("/guides", get(guides::show))
        .route("/guides.json", get(guides::show))
        .route("/windows", get(windows::show))
        .route("/windows.json", get(windows::json))
        .route("/track", get(track::show).post(track::find))
        .route("/receipt", get(receipt::show).post(receipt::find))
        .route("/receipt.txt", post(receipt::file))
        .route("/heads", get(heads::show))
        .route("/heads/{file}", get(heads::note))
        .route("/search", get(search::show))
        .route("/search.json", get(search::show))
        .route("/files/{publication}/{sha256}/{file_name}", get(files::show))
        .route("/feed.atom", get(feed::atom))
        .route("/sitemap.xml", get(feed::sitemap))
        .route("/robots.txt", get(feed::robots))
}

/// Why there is no page.
enum Trouble {
    Refused(Refusal),
    Failed(Status),
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Trouble {
        Trouble::Refused(refusal)
    }
}

impl From<Status> for Trouble {
    fn from(status: Status) -> Trouble {
        Trouble::Failed(status)
    }
}

impl Trouble {
    fn page(&self, uri: &Uri) -> Response {
        match self {
            Trouble::Refused(refusal) => fault::refused(uri, refusal),
            Trouble::Failed(status) => fault::failed(uri, status),
        }
    }
}

/// The page, or what keeps it away.
fn answer(uri: &Uri, headers: &HeaderMap, page: Result<Page, Trouble>) -> Response {
    match page {
        Ok(page) => unless_seen(headers, page),
        Err(trouble) => trouble.page(uri),
    }
}

fn is_json(uri: &Uri) -> bool {
    uri.path().ends_with(".json")
}

/// Somebody who has come to a page of a division's site.
struct Visit {
    asked: Asked,
    way: Way,
    titles: Arc<Titles>,
}

impl Visit {
    async fn begin(pages: &Pages, uri: &Uri, tab: Tab) -> Result<Visit, Trouble> {
        let asked = Asked::read(uri)?;
        let mut form = kit::form::Form::new();
        let (lang, division) = (form.take(asked.lang()), form.take(asked.division()));
        let (lang, division) = crate::ask::read(form, lang.zip(division))?;
        let sources = &pages.0.portal.sources;
        let divisions = sources.divisions().await?;
        let first = divisions.iter().find(|it| it.is_active).map_or(Division::NATIONAL, |it| it.code);
        let division = division.unwrap_or(first);
        if division != first && !divisions.iter().any(|it| it.code == division) {
            let (zh, en) = ("没有此行政区划", "there is no such division");
            return Err(Refusal::not_found("DIVISION_NOT_FOUND", zh, en).into());
        }
        let titles = sources.titles(division).await?;
        Ok(Visit { asked, way: Way::new(lang, division, first, &divisions, tab), titles })
    }
}
