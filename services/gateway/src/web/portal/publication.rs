//! A publication: what it says, how it came to be public, and what it said before.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use kit::refusal::Refusal;
use proto::disclosure::v1::{Category, Content, Edition, File, Finding, Publication, Standing};

use super::{
    super::{
        Pages, html,
        shell::Shell,
        unless_seen,
        words::{Both, Lang, encode},
    },
    Trouble, Visit, contract, is_json, line,
    markdown::{self, Files},
    sources::{Titles, id},
    terms,
    way::{Tab, Way},
};

#[derive(Template)]
#[template(path = "portal/publication.html")]
pub struct PublicationPage {
    shell: Shell,
    way: Way,
    title: String,
    summary: String,
    index_number: String,
    category: Both,
    column: Both,
    column_href: String,
    unit: Both,
    document_number: String,
    formed_on: String,
    published_at: String,
    subjects: Vec<(Both, String)>,
    edition: i32,
    /// Why it replaced the one before.
    correction: String,
    /// It was replaced since; where what stands now is shown.
    present: String,
    sections: Vec<Section>,
    /// HTML that `markdown` has written.
    body: String,
    pictures: Vec<Attached>,
    files: Vec<Attached>,
    omissions: Vec<(String, Both, String)>,
    below_bar_reason: String,
    conformance: String,
    findings: Vec<Both>,
    before: Vec<Earlier>,
    json: String,
}

struct Section {
    title: Both,
    id: String,
    /// HTML that `markdown` has written.
    html: String,
}

struct Attached {
    title: String,
    href: String,
    kind: &'static str,
    size: String,
    alternative: String,
    width: i32,
    height: i32,
}

struct Earlier {
    number: i32,
    on: String,
    href: String,
    correction: String,
}

#[derive(Template)]
#[template(path = "portal/gone.html")]
struct GonePage {
    shell: Shell,
    way: Way,
    index_number: String,
    since: String,
    reason: String,
}

/// GET /publications/{publication}, /publications/{publication}/editions/{edition}, and the same with .json
pub async fn show(State(pages): State<Pages>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let Visit { way, titles, .. } = Visit::begin(&pages, &uri, Tab::Columns).await?;
        let (publication, edition) = named(uri.path()).ok_or_else(not_found)?;
        let name = way.division.child("publications", publication);
        let got = pages.0.portal.sources.publication(name, edition).await?;
        let withdrawn = got.standing() == Standing::Withdrawn;
        let page = match is_json(&uri) {
            true => contract::json("yizhan.disclosure.v1.Publication", &got)?,
            false if withdrawn => html(&GonePage::new(&got, way)),
            false => {
                let page = html(&PublicationPage::new(&got, edition, &titles, way.clone()).ok_or_else(not_found)?);
                // Whoever asks whether a page has changed is about to read it; who asks for its head alone is not.
                if method == Method::GET {
                    pages.0.portal.views.count(way.division, publication);
                }
                page
            }
        };
        Ok::<_, Trouble>((withdrawn, page))
    };
    match shown.await {
        Ok((true, page)) => (StatusCode::GONE, page).into_response(),
        Ok((false, page)) => unless_seen(&headers, page),
        Err(trouble) => trouble.page(&uri),
    }
}

/// The publication and, if it is not the present one, the edition that a path names.
fn named(path: &str) -> Option<(&str, i32)> {
    let path = path.strip_prefix("/publications/")?.trim_end_matches(".json");
    match path.split_once("/editions/") {
        None => Some((path, 0)),
        Some((publication, number)) => Some((publication, number.parse().ok().filter(|number| *number > 0)?)),
    }
}

fn not_found() -> Refusal {
    Refusal::not_found("PUBLICATION_NOT_FOUND", "没有此公开信息", "there is no such publication")
}

/// Where a file of a publication is fetched.
fn address(way: &Way, publication: &str, file: &File) -> String {
    way.to(&format!("/files/{publication}/{}/{}", id(&file.name), encode(&file.file_name)))
}

/// What is told of a publication besides what it says.
struct Shown<'a> {
    publication: &'a str,
    content: &'a Content,
    titles: &'a Titles,
    way: &'a Way,
}

impl Shown<'_> {
    fn html(&self, text: &str, level: usize, id: &str) -> String {
        let address = |file: &File| address(self.way, self.publication, file);
        markdown::html(text, level, id, &Files { files: &self.content.files, address: &address })
    }

    fn sections(&self, list: &str) -> Vec<Section> {
        let sections = self.content.sections.iter().zip(1..).map(|(section, n)| {
            let (zh, en) = self.titles.element(list, &section.element).cloned().unwrap_or_default();
            let title = match section.heading.as_str() {
                "" if zh.is_empty() && en.is_empty() => self.way.lang.only(&section.element, ""),
                "" => self.way.lang.only(&zh, &en),
                heading => self.way.lang.only(heading, ""),
            };
            let id = format!("s{n}");
            Section { title, html: self.html(&section.text, 3, &id), id }
        });
        sections.collect()
    }

    fn attached(&self, file: &File) -> Attached {
        let title = if file.title.is_empty() { &file.file_name } else { &file.title };
        Attached {
            title: title.clone(),
            href: address(self.way, self.publication, file),
            kind: terms::kind(&file.media_type),
            size: terms::size(file.size_bytes),
            alternative: file.alternative.clone(),
            width: file.width,
            height: file.height,
        }
    }

    fn subjects(&self) -> Vec<(Both, String)> {
        let known = terms::SUBJECTS.into_iter().filter(|(code, _)| self.content.subjects.iter().any(|it| it == code));
        let lang = self.way.lang;
        known.map(|(code, name)| (lang.words(name).alone(), self.way.with("/guides", &[("subject", code)]))).collect()
    }
}

impl PublicationPage {
    /// None where there is no such edition.
    pub fn new(of: &Publication, edition: i32, titles: &Titles, way: Way) -> Option<PublicationPage> {
        let present = of.edition.as_ref()?;
        let is_present = edition == 0 || edition == present.number;
        let shown = if is_present { present } else { of.before.iter().find(|earlier| earlier.number == edition)? };
        let (publication, content, lang) = (id(&of.name), shown.content.as_ref()?, way.lang);
        let column = id(&content.column);
        let category = titles.column(column).map_or(Category::Unspecified, |column| column.category());
        let conformance = shown.conformance.clone().unwrap_or_default();
        let told = Shown { publication, content, titles, way: &way };
        let (sections, body) = (told.sections(&conformance.requirements), told.html(&content.body, 2, "b"));
        let stands_in_text = |file: &&File| {
            let sha = id(&file.name);
            body.contains(sha) || sections.iter().any(|section| section.html.contains(sha))
        };
        let (pictures, files): (Vec<&File>, Vec<&File>) =
            content.files.iter().partition(|file| file.media_type.starts_with("image/"));
        let path = format!("/publications/{publication}");
        let here = if is_present { path.clone() } else { format!("{path}/editions/{edition}") };
        let earlier = of.before.iter().filter(|earlier| earlier.number != shown.number);
        Some(PublicationPage {
            shell: way.shell(&content.title, &here, &[]),
            title: content.title.clone(),
            summary: content.summary.clone(),
            index_number: of.index_number.clone(),
            category: lang.words(terms::category(category)).alone(),
            column: line::column(column, titles, lang),
            column_href: way.to(&format!("/columns/{column}")),
            unit: line::unit(id(&content.unit), titles, lang),
            document_number: content.document_number.clone(),
            formed_on: content.formed_on.clone(),
            published_at: line::minute(&shown.published_at),
            subjects: told.subjects(),
            edition: shown.number,
            correction: shown.correction.clone(),
            present: if is_present { String::new() } else { way.to(&path) },
            pictures: pictures.into_iter().filter(|it| !stands_in_text(it)).map(|it| told.attached(it)).collect(),
            files: files.into_iter().map(|it| told.attached(it)).collect(),
            omissions: omissions(shown, lang),
            below_bar_reason: shown.below_bar_reason.clone(),
            conformance: match conformance.required {
                0 => String::new(),
                required => format!("{} / {required}（{}%）", conformance.said, conformance.score),
            },
            findings: conformance.findings.iter().map(|it| finding(it, lang)).collect(),
            before: earlier.rev().map(|it| before(it, &path, &way)).collect(),
            json: way.to(&format!("{here}.json")),
            sections,
            body,
            way,
        })
    }
}

fn omissions(of: &Edition, lang: Lang) -> Vec<(String, Both, String)> {
    let told = of.omissions.iter();
    told.map(|it| (it.what.clone(), lang.words(terms::ground(it.ground())).alone(), it.reason.clone())).collect()
}

fn finding(of: &Finding, lang: Lang) -> Both {
    lang.only(&of.message_zh, &of.message_en)
}

fn before(of: &Edition, path: &str, way: &Way) -> Earlier {
    Earlier {
        number: of.number,
        on: line::day(&of.published_at),
        href: way.to(&format!("{path}/editions/{}", of.number)),
        correction: of.correction.clone(),
    }
}

impl GonePage {
    fn new(of: &Publication, way: Way) -> GonePage {
        let withdrawal = of.withdrawal.clone().unwrap_or_default();
        let path = format!("/publications/{}", id(&of.name));
        GonePage {
            shell: way.shell(way.one("信息已撤下", "Withdrawn"), &path, &[]),
            index_number: of.index_number.clone(),
            since: line::minute(&withdrawal.withdrawn_at),
            reason: withdrawal.reason,
            way,
        }
    }
}
