//! The very cases behind a figure.

use askama::Template;

use super::{
    board::{OpenCase, open_case, shanghai_minute},
    shell::{self, Shell},
    step::{self, Crumb},
    words::{self, Both, Lang, number},
};
use crate::{
    books::{Cases, Labels},
    domain::{
        day::Day,
        figures::Figure,
        label::{Kind, Label},
        scope::Scope,
    },
};

#[derive(Template)]
#[template(path = "cases.html")]
pub struct CasesPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    figure: Both,
    meaning: Both,
    cohort: Both,
    /// What of the division: name and value.
    selected: Vec<(Both, Both)>,
    period: String,
    total: String,
    cases: Vec<OpenCase>,
    /// The first page, where this is another.
    first: String,
    /// The next page, where there is one.
    next: String,
    xlsx: String,
    csv: String,
    most: String,
    stand: String,
    intake_seq: String,
}

/// What a page of cases is of.
pub struct Asked<'a> {
    pub scope: &'a Scope,
    pub figure: Figure,
    pub lang: Lang,
    /// Not the first page.
    pub further: bool,
    /// The token of the next page.
    pub next: Option<String>,
}

impl CasesPage {
    pub fn new(asked: Asked<'_>, cases: &Cases, labels: &Labels, today: Day) -> CasesPage {
        let Asked { scope, figure, lang, further, next } = asked;
        let division = lang.label(&labels.of(Kind::Division, scope.division.as_str()), scope.division.as_str());
        let name = lang.words(words::figure(figure));
        let address = shell::cases(scope, figure, lang);
        let mut crumbs = step::above(scope, labels, lang);
        crumbs.push(Crumb { name: name.clone().alone(), href: String::new() });
        let kinds = [
            ("部门", "Unit", Kind::Unit, &scope.selection.unit),
            ("事项", "Item", Kind::Item, &scope.selection.item),
            ("收件窗口", "Receiving window", Kind::Window, &scope.selection.window),
        ];
        let selected = kinds.into_iter().filter(|(.., code)| !code.is_empty()).map(|(zh, en, kind, code)| {
            let Label { zh: name_zh, en: name_en } = labels.of(kind, code);
            let name = if name_zh.is_empty() && name_en.is_empty() {
                lang.both(code, "")
            } else {
                lang.both(&format!("{name_zh} {code}"), &name_en)
            };
            (lang.both(zh, en), name)
        });
        CasesPage {
            selected: selected.collect(),
            shell: Shell {
                lang,
                title: format!("{} · {}", name.first, division.first),
                other: shell::cases(scope, figure, lang.other()),
                live: false,
            },
            figure: name,
            meaning: lang.words(words::meaning(figure)),
            cohort: lang.words(words::cohort(figure)).alone(),
            crumbs,
            period: step::period(scope.period),
            total: number(cases.total),
            cases: cases.cases.iter().map(|case| open_case(case, labels, today, lang)).collect(),
            first: if further { address.clone() } else { String::new() },
            next: next.map(|token| format!("{address}&page_token={token}")).unwrap_or_default(),
            xlsx: step::cases_export(scope, figure, lang, "xlsx"),
            csv: step::cases_export(scope, figure, lang, "csv"),
            most: number(super::export::MOST),
            stand: shanghai_minute(cases.stand.as_of),
            intake_seq: number(cases.stand.intake_seq),
        }
    }
}
