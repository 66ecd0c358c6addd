//! The circulars of a year that the viewer may see.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use kit::{form::Form, id::Division, refusal::Refusal};
use proto::roster::v1::Circular;

use super::{
    Pages, circular, fault, html,
    query::Asked,
    roster,
    shell::{self, Shell},
    words::{Both, Lang},
};
use crate::{ask, domain::label::Kind};

#[derive(Template)]
#[template(path = "circulars.html")]
struct CircularsPage {
    shell: Shell,
    division: Both,
    year: i16,
    before: String,
    after: String,
    lines: Vec<Line>,
    back: String,
}

struct Line {
    month: String,
    href: String,
    number: Both,
    required: i32,
    attended: i32,
    absent: i32,
    rate: String,
    issued_on: String,
}

/// GET /circulars
pub async fn show(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let books = &pages.0.books;
    let read = async {
        let asked = Asked::read(&uri)?;
        let mut form = Form::new();
        let (lang, year) = (form.take(asked.lang()), form.take(asked.year(books.today())));
        let division = form.take(asked.division());
        let ((lang, year), _) = ask::read(form, lang.zip(year).zip(division))?;
        let division = roster::division_of(books, &asked).await?;
        let label = books.labels(division).await?.of(Kind::Division, division.as_str());
        Ok::<_, Refusal>((lang, year, division, lang.label(&label, division.as_str())))
    };
    let (lang, year, division, name) = match read.await {
        Ok(read) => read,
        Err(refusal) => return fault::refused(&uri, &refusal),
    };
    let told = async {
        let caller = circular::viewer(&pages, &headers).await?;
        pages.0.circulars.of_year(division, year, caller).await
    };
    let told = match told.await {
        Ok(told) => told,
        Err(status) => return fault::failed(&uri, &status),
    };
    let page = CircularsPage {
        shell: Shell {
            lang,
            title: format!("{} {year} {}", name.first, lang.one("值班情况通报", "Duty circulars")),
            other: shell::circulars(division, year, lang.other()),
            live: false,
        },
        division: name,
        year,
        before: shell::circulars(division, year - 1, lang),
        after: shell::circulars(division, year + 1, lang),
        lines: told.iter().map(|circular| line(circular, division, lang)).collect(),
        back: format!("/roster?division={division}&lang={}", lang.param()),
    };
    ([(header::CACHE_CONTROL, "no-store")], html(&page)).into_response()
}

fn line(told: &Circular, division: Division, lang: Lang) -> Line {
    let month = told.name.rsplit('/').next().unwrap_or_default();
    let total = told.total.clone().unwrap_or_default();
    Line {
        href: shell::circular(division, month, lang),
        month: month.to_owned(),
        number: circular::standing(told, lang),
        required: total.required,
        attended: total.attended,
        absent: total.absent,
        rate: circular::rate(&total),
        issued_on: circular::day(&told.issued_at),
    }
}
