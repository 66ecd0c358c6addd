//! The very duties behind a number: of the figures, or of a circular.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use kit::{clock::Moment, form::Form, id::Division, page, refusal::Refusal};

use super::{
    PAGE, Pages,
    board::shanghai_minute,
    circular::{self, Found},
    fault, html,
    query::Asked,
    roster,
    shell::{self, Shell},
    words::{self, Both, Lang, number},
};
use crate::{
    ask,
    books::duties::Duties,
    domain::{
        duty::{Duty, Search},
        label::Kind,
    },
};

#[derive(Template)]
#[template(path = "duties.html")]
struct DutiesPage {
    shell: Shell,
    division: Both,
    heading: Both,
    period: String,
    /// What of the division: name and value.
    selected: Vec<(Both, Both)>,
    total: String,
    duties: Vec<Line>,
    /// The first page, where this is another.
    first: String,
    next: String,
    /// Where the number stands: name and address.
    back: (String, String),
    stand: String,
    roster_seq: String,
}

struct Line {
    day: String,
    half: String,
    post: Both,
    name: String,
    href: String,
    unit: Both,
    /// Who was to serve, where another does.
    planned: String,
    marks: Vec<(&'static str, String)>,
    signed_in: String,
    signed_out: String,
}

/// GET /roster/duties
pub async fn show(State(pages): State<Pages>, uri: Uri) -> Response {
    let shown = async {
        let asked = Asked::read(&uri)?;
        let mut form = Form::new();
        let (lang, search) = (form.take(asked.lang()), form.take(asked.search()));
        let (lang, search) = ask::read(form, lang.zip(search))?;
        pages.0.books.duty_day(Some(search.division)).await?.ok_or_else(roster::no_roster)?;
        let list = ask::duties_token(&search);
        let list: Vec<&str> = list.iter().map(String::as_str).collect();
        let after = page::after(&pages.0.keys, &list, asked.page_token()?)?;
        let further = after.is_some();
        let found = pages.0.books.duties(search.clone(), after, PAGE).await?;
        let last = found.duties.last().filter(|_| found.more);
        let token = last.map(|last| page::token(&pages.0.keys, &list, &last.id));
        Ok(DutiesPage::of_search(&search, &found, lang, further, token))
    };
    match shown.await {
        Ok(page) => html(&page).into_response(),
        Err(refusal) => fault::refused(&uri, &refusal),
    }
}

/// GET /circulars/{month}/duties: the duties that a circular counted, as they stand now.
pub async fn show_named(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let Found { circular, division, month, lang, .. } = match circular::find(&pages, &uri, &headers).await {
        Ok(found) => found,
        Err(refused) => return refused,
    };
    let shown = async {
        let asked = Asked::read(&uri)?;
        let mut form = Form::new();
        let (unit, mark) = (form.take(asked.unit()), form.take(asked.mark()));
        let (unit, mark) = ask::read(form, unit.zip(mark))?;
        let mark = mark.ok_or_else(|| Refusal::field("mark", "必填", "required"))?;
        let found = pages.0.books.named_duties(division, circular::named(&circular, &unit, mark)).await?;
        let back = (lang.one("通报", "Circular"), shell::circular(division, &month, lang));
        let search = Search { unit, mark: Some(mark), ..Search::all(division, ask::month(&month)?) };
        let other = circular::duties(division, &month, &search.unit, mark, lang.other());
        Ok(DutiesPage::new(&search, &found, lang, back, other))
    };
    match shown.await {
        Ok(page) => ([(header::CACHE_CONTROL, "no-store")], html(&page)).into_response(),
        Err(refusal) => fault::refused(&uri, &refusal),
    }
}

impl DutiesPage {
    fn of_search(search: &Search, found: &Duties, lang: Lang, further: bool, token: Option<String>) -> DutiesPage {
        let address = shell::duties(search, lang);
        let month = shell::roster(search.division, search.period.first, "", "", lang);
        let back = (lang.one("值班表", "Roster"), month);
        DutiesPage {
            first: if further { address.clone() } else { String::new() },
            next: token.map(|token| format!("{address}&page_token={token}")).unwrap_or_default(),
            ..DutiesPage::new(search, found, lang, back, shell::duties(search, lang.other()))
        }
    }

    fn new(search: &Search, found: &Duties, lang: Lang, back: (String, String), other: String) -> DutiesPage {
        let Search { division, period, unit, person, post, mark } = search;
        let label = lang.label(&found.labels.of(Kind::Division, division.as_str()), division.as_str());
        let heading = mark.map_or_else(|| lang.both("值班", "Duties"), |mark| lang.words(words::mark(mark)));
        let of =
            |code: &str, name: Option<Both>| (!code.is_empty()).then(|| name.unwrap_or_else(|| lang.both(code, "")));
        let (first, labels) = (found.duties.first(), &found.labels);
        let selected = [
            ("部门", "Unit", of(unit, Some(lang.label(&labels.of(Kind::Unit, unit), unit)))),
            ("人员", "Person", of(person, first.map(|duty| lang.both(&duty.name, "")))),
            ("岗位", "Post", of(post, first.map(|duty| lang.both(&duty.post_zh, &duty.post_en)))),
        ];
        let selected = selected.into_iter().filter_map(|(zh, en, value)| Some((lang.both(zh, en), value?)));
        DutiesPage {
            shell: Shell { lang, title: format!("{} · {}", heading.first, label.first), other, live: false },
            division: label,
            heading,
            period: format!("{} – {}", period.first, period.last),
            selected: selected.collect(),
            total: number(found.total),
            duties: found.duties.iter().map(|duty| line(duty, *division, found, lang)).collect(),
            first: String::new(),
            next: String::new(),
            back,
            stand: shanghai_minute(found.stand.as_of),
            roster_seq: number(found.stand.roster_seq),
        }
    }
}

fn line(duty: &Duty, division: Division, found: &Duties, lang: Lang) -> Line {
    let time = |at: Option<Moment>| at.map_or_else(|| "—".to_owned(), |at| shanghai_minute(at).split_off(11));
    let nobody = duty.person.is_empty();
    Line {
        day: duty.day.to_string(),
        half: if duty.afternoon { lang.one("下午", "Afternoon") } else { lang.one("上午", "Morning") },
        post: lang.both(&duty.post_zh, &duty.post_en),
        name: if nobody { lang.one("空缺", "Vacant") } else { duty.name.clone() },
        href: if nobody { String::new() } else { shell::roster(division, duty.day, "", &duty.person, lang) },
        unit: lang.label(&found.labels.of(Kind::Unit, &duty.unit), &duty.unit),
        planned: if duty.planned == duty.person { String::new() } else { duty.planned.clone() },
        marks: roster::marks(duty, lang),
        signed_in: time(duty.signed_in_at),
        signed_out: time(duty.signed_out_at),
    }
}
