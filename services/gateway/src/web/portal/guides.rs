//! The guides of what can be applied for, by whom they are for and by unit.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};
use kit::refusal::Refusal;
use proto::{directory::v1::State as Stands, disclosure::v1::Selection};

use super::{
    super::{
        Pages,
        shell::Shell,
        words::{Both, Lang},
    },
    PAGE, Visit, answer,
    columns::further,
    contract, is_json,
    line::{self, Line},
    sources::{Titles, id},
    terms,
    way::{Tab, Way},
};

/// The column that guides are published in.
const GUIDES: &str = "guides";

#[derive(Template)]
#[template(path = "portal/guides.html")]
struct GuidesPage {
    shell: Shell,
    way: Way,
    subjects: Vec<Choice>,
    units: Vec<Choice>,
    /// What was chosen.
    chosen: Vec<Both>,
    lines: Vec<Line>,
    first: String,
    next: String,
}

struct Choice {
    name: Both,
    href: String,
    chosen: bool,
}

/// GET /guides and /guides.json
pub async fn show(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let Visit { asked, way, titles } = Visit::begin(&pages, &uri, Tab::Guides).await?;
        let (unit, subject, token) = (asked.unit()?, asked.get("subject")?, asked.page_token()?);
        known(subject)?;
        let column = GUIDES.to_owned();
        let selection = Selection { column, unit: unit.clone(), subject: subject.to_owned(), ..Selection::default() };
        let listed = pages.0.portal.sources.published(way.division, selection, PAGE, token).await?;
        if is_json(&uri) {
            return Ok(contract::json("yizhan.disclosure.v1.ListPublishedResponse", &listed)?);
        }
        let chosen = [("unit", unit.as_str()), ("subject", subject)];
        Ok(super::html(&GuidesPage {
            shell: way.shell(way.one("办事指南", "Guides"), "/guides", &chosen),
            subjects: subjects(subject, &unit, &way),
            units: units(subject, &unit, &titles, &way),
            chosen: names(subject, &unit, &titles, way.lang),
            lines: Line::all(&listed.publications, &[], &titles, &way),
            first: if token.is_empty() { String::new() } else { way.with("/guides", &chosen) },
            next: further(&way, "/guides", &chosen, &listed.next_page_token),
            way,
        }))
    };
    answer(&uri, &headers, shown.await)
}

fn known(subject: &str) -> Result<(), Refusal> {
    if subject.is_empty() || terms::SUBJECTS.iter().any(|(code, _)| *code == subject) {
        return Ok(());
    }
    Err(Refusal::field("subject", "须为已知服务对象", "must be one of the known subjects"))
}

fn names(subject: &str, unit: &str, titles: &Titles, lang: Lang) -> Vec<Both> {
    let subject = terms::SUBJECTS.into_iter().find(|(code, _)| *code == subject);
    let subject = subject.map(|(_, name)| lang.words(name).alone());
    subject.into_iter().chain((!unit.is_empty()).then(|| line::unit(unit, titles, lang))).collect()
}

fn subjects(subject: &str, unit: &str, way: &Way) -> Vec<Choice> {
    let all = [("", way.lang.only("全部对象", "Everybody"))];
    let known = terms::SUBJECTS.into_iter().map(|(code, name)| (code, way.lang.words(name).alone()));
    let choices = all.into_iter().chain(known).map(|(code, name)| Choice {
        name,
        href: way.with("/guides", &[("unit", unit), ("subject", code)]),
        chosen: code == subject,
    });
    choices.collect()
}

fn units(subject: &str, unit: &str, titles: &Titles, way: &Way) -> Vec<Choice> {
    let all = [("", way.lang.only("全部部门", "All units"))];
    let active = titles.units.iter().filter(|unit| unit.state() == Stands::Active);
    let known = active.map(|unit| (id(&unit.name), way.lang.only(&unit.display_name_zh, &unit.display_name_en)));
    let choices = all.into_iter().chain(known).map(|(code, name)| Choice {
        name,
        href: way.with("/guides", &[("unit", code), ("subject", subject)]),
        chosen: code == unit,
    });
    choices.collect()
}
