//! What a division published in a year: how much, how soon, how completely, and how often it was looked at.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};
use kit::{form::Form, refusal::Refusal};
use serde::Serialize;

use super::{
    NOWHERE, Page, Pages,
    board::shanghai_minute,
    chart::{Bar, HEIGHT, Room, Scale, Tick, WIDTH, round},
    fault, html,
    json::Part,
    pictures::month_name,
    query::Asked,
    shell::{self, Shell},
    unless_seen,
    words::{self, Both, Lang, number, percent},
};
use crate::{
    ask,
    books::publications::{Row, Sheet},
    domain::{
        day::Period,
        figures::Rate,
        label::Kind,
        publication::{Search, Tally},
    },
};

#[derive(Template)]
#[template(path = "disclosure.html")]
struct DisclosurePage {
    shell: Shell,
    division: Both,
    year: i16,
    /// The unit or column that is looked at alone, and where all are.
    chosen: Vec<Both>,
    whole: String,
    /// Years and other divisions to go to.
    years: Vec<(i16, String)>,
    divisions: Vec<(Both, String)>,
    tiles: Vec<Tile>,
    months: Months,
    units: Vec<UnitBar>,
    tables: Vec<Table>,
    meanings: Vec<(Both, Both)>,
    cases: String,
    stand: String,
    disclosure_seq: String,
    json: String,
}

struct Tile {
    name: Both,
    value: String,
    note: String,
    class: &'static str,
}

/// Two bars a month, and two lines over the months.
struct Months {
    names: Vec<Tick>,
    ticks: Vec<Tick>,
    published: Vec<Bar>,
    corrected: Vec<Bar>,
    percents: Vec<Tick>,
    /// Each with its points: where, and what is said there.
    on_time: Vec<(f64, f64, String)>,
    conforming: Vec<(f64, f64, String)>,
}

struct UnitBar {
    name: Both,
    /// Of 1,000.
    conforming: f64,
    other: f64,
    title: String,
    how: String,
    rate: String,
}

struct Table {
    title: Both,
    id: &'static str,
    /// Of what each row is.
    head: Both,
    rows: Vec<TableRow>,
}

struct TableRow {
    name: Both,
    href: String,
    numbers: Vec<String>,
}

/// GET /board/disclosure
pub async fn show(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let (lang, year, sheet) = pages.sheet(&Asked::read(&uri)?).await?;
        Ok(html(&DisclosurePage::new(&sheet, year, lang)))
    };
    match shown.await {
        Ok(page) => unless_seen(&headers, page),
        Err(refusal) => fault::refused(&uri, &refusal),
    }
}

/// GET /board/disclosure.json
pub async fn show_json(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let (.., sheet) = pages.sheet(&Asked::read(&uri)?).await?;
        serde_json::to_string(&Json::new(&sheet)).map_err(Refusal::internal)
    };
    match shown.await {
        Ok(text) => unless_seen(&headers, Page { kind: "application/json", text }),
        Err(refusal) => fault::refused(&uri, &refusal),
    }
}

impl Pages {
    /// Of the division and year asked for; by default of the first division that publishes, and of this year.
    async fn sheet(&self, asked: &Asked) -> Result<(Lang, i16, Sheet), Refusal> {
        let books = &self.0.books;
        let mut form = Form::new();
        let (lang, year) = (form.take(asked.lang()), form.take(asked.year(books.today())));
        let division = form.take(asked.division());
        let (unit, column) = (form.take(asked.unit()), form.take(asked.column()));
        let whole = lang.zip(year).zip(division).zip(unit.zip(column));
        let (((lang, year), division), (unit, column)) = ask::read(form, whole)?;
        let division = match division {
            Some(division) => division,
            None => books.first_publisher().await?.unwrap_or(NOWHERE),
        };
        let period = Period::year(year).ok_or_else(|| Refusal::field("year", "没有这一年", "there is no such year"))?;
        Ok((lang, year, books.sheet(Search { division, period, unit, column }).await?))
    }
}

impl DisclosurePage {
    fn new(sheet: &Sheet, year: i16, lang: Lang) -> DisclosurePage {
        let Search { division, unit, column, .. } = &sheet.search;
        let view = View { sheet, year, lang };
        let label = |kind, code: &str| lang.label(&sheet.labels.of(kind, code), code);
        let name = label(Kind::Division, division.as_str());
        let chosen = [(Kind::Unit, unit), (Kind::Column, column)];
        let chosen: Vec<_> =
            chosen.into_iter().filter(|(_, code)| !code.is_empty()).map(|(kind, code)| label(kind, code)).collect();
        let title = match lang {
            Lang::Zh => format!("{} {year}年政府信息公开数据 · 一站", name.first),
            Lang::En => format!("{} {year} disclosure figures · Yizhan", name.first),
        };
        let other = shell::disclosure(*division, year, unit, column, lang.other());
        DisclosurePage {
            shell: Shell { lang, title, other, live: false },
            division: name,
            year,
            whole: if chosen.is_empty() { String::new() } else { view.address("", "") },
            chosen,
            years: view.years(),
            divisions: view.divisions(),
            tiles: view.tiles(),
            months: view.months(),
            units: view.unit_bars(),
            tables: view.tables(),
            meanings: words::PUBLICITY.map(|(name, meaning)| (lang.words(name), lang.words(meaning))).into(),
            cases: shell::board(*division, year, lang),
            stand: shanghai_minute(sheet.stand.as_of),
            disclosure_seq: number(sheet.stand.disclosure_seq),
            json: view.address(unit, column).replacen("disclosure?", "disclosure.json?", 1),
        }
    }
}

struct View<'a> {
    sheet: &'a Sheet,
    year: i16,
    lang: Lang,
}

/// In the order of [`words::PUBLICITY`].
fn counts(tally: &Tally) -> [i64; 8] {
    let Tally { published, corrected, withdrawn, on_time, overdue, conforming, pictures, views, .. } = *tally;
    [published, corrected, withdrawn, on_time, overdue, conforming, pictures, views]
}

impl View<'_> {
    fn address(&self, unit: &str, column: &str) -> String {
        shell::disclosure(self.sheet.search.division, self.year, unit, column, self.lang)
    }

    fn years(&self) -> Vec<(i16, String)> {
        let Some((first, last)) = self.sheet.span else { return Vec::new() };
        let Search { division, unit, column, .. } = &self.sheet.search;
        let (first, last) = (first.date().year(), last.date().year());
        let years = (first.max(last - 9)..=last).filter(|other| *other != self.year);
        years.map(|year| (year, shell::disclosure(*division, year, unit, column, self.lang))).collect()
    }

    fn divisions(&self) -> Vec<(Both, String)> {
        let others = self.sheet.divisions.iter().filter(|(division, _)| *division != self.sheet.search.division);
        let link = |division| shell::disclosure(division, self.year, "", "", self.lang);
        others.map(|(code, label)| (self.lang.label(label, code.as_str()), link(*code))).collect()
    }

    fn tiles(&self) -> Vec<Tile> {
        let total = &self.sheet.total;
        let [published, corrected, withdrawn, _, overdue, _, pictures, views] =
            words::PUBLICITY.map(|(name, _)| self.lang.words(name));
        let tile = |name, n, class| Tile { name, value: number(n), note: String::new(), class };
        let rate = |zh: &str, en: &str, rate: Rate| Tile {
            name: self.lang.both(zh, en),
            value: percent(rate),
            note: format!("{} / {}", number(rate.numerator), number(rate.denominator)),
            class: "rate",
        };
        let mut conformance = rate("规范率", "Conformance", total.conformance_rate());
        if let Some(score) = total.mean_score() {
            conformance.note += &self.lang.one(&format!(" · 平均得分 {score}%"), &format!(" · mean score {score}%"));
        }
        vec![
            tile(published, total.published, ""),
            rate("及时率", "On time", total.on_time_rate()),
            conformance,
            tile(overdue, total.overdue, if total.overdue > 0 { "late" } else { "" }),
            tile(corrected, total.corrected, ""),
            tile(withdrawn, total.withdrawn, ""),
            tile(pictures, total.pictures, ""),
            tile(views, total.views, ""),
        ]
    }

    fn months(&self) -> Months {
        let tally = |month: i8| {
            let row = self.sheet.months.iter().find(|row| row.key == format!("{:04}-{month:02}", self.year));
            row.map(|row| row.tally).unwrap_or_default()
        };
        let tallies: Vec<(i8, Tally)> = (1..=12).map(|month| (month, tally(month))).collect();
        let most = tallies.iter().map(|(_, tally)| tally.published.max(tally.corrected)).max().unwrap_or(0);
        let room = Room::PLOT;
        let (scale, of_hundred) = (Scale::over(room, most), Scale::over(room, 100));
        let slot = room.width / 12.0;
        let x = |month: i8| room.left + slot * f64::from(month - 1);
        let bars = |at: f64, name: words::Words, n: fn(&Tally) -> i64| {
            let bar = |(month, tally): &(i8, Tally)| {
                let (name, n) = (self.lang.one(name.zh, name.en), n(tally));
                let title = format!("{} {name}: {}", month_name(*month, self.lang), number(n));
                scale.bar(x(*month) + slot * at, slot * 0.38, n, title)
            };
            tallies.iter().map(bar).collect()
        };
        let line = |rate: fn(&Tally) -> Rate| {
            let point = |(month, tally): &(i8, Tally)| {
                let rate = rate(tally);
                let points = i64::from(rate.basis_points()?);
                let title = format!("{}: {}", month_name(*month, self.lang), percent(rate));
                Some((round(x(*month) + slot / 2.0), of_hundred.y(points / 100), title))
            };
            tallies.iter().filter_map(point).collect()
        };
        let name = |month: i8| Tick { at: round(x(month) + slot / 2.0), text: month_name(month, self.lang) };
        let [(published, _), (corrected, _), ..] = words::PUBLICITY;
        Months {
            names: (1..=12).map(name).collect(),
            ticks: scale.ticks(number),
            published: bars(0.1, published, |tally| tally.published),
            corrected: bars(0.52, corrected, |tally| tally.corrected),
            percents: of_hundred.ticks(|n| format!("{n}%")),
            on_time: line(Tally::on_time_rate),
            conforming: line(Tally::conformance_rate),
        }
    }

    /// What each unit published, and how much of it said everything.
    fn unit_bars(&self) -> Vec<UnitBar> {
        let all = |tally: &Tally| tally.conformance_rate().denominator;
        let mut units: Vec<&Row> = self.sheet.units.iter().filter(|row| all(&row.tally) > 0).collect();
        units.sort_by_key(|row| std::cmp::Reverse(all(&row.tally)));
        let most = units.first().map_or(1, |row| all(&row.tally));
        let bar = |row: &Row| {
            let rate = row.tally.conformance_rate();
            let of = |n: i64| if n > 0 { (1_000.0 * n as f64 / most as f64).max(2.0) } else { 0.0 };
            let name = self.lang.label(&row.label, &row.key);
            let how = format!("{} / {}", number(rate.numerator), number(rate.denominator));
            UnitBar {
                conforming: round(of(rate.numerator)),
                other: round(of(rate.denominator - rate.numerator)),
                title: format!("{}: {how}", name.first),
                how,
                rate: percent(rate),
                name,
            }
        };
        units.into_iter().map(bar).collect()
    }

    fn tables(&self) -> Vec<Table> {
        let Search { unit, column, .. } = &self.sheet.search;
        let table = |zh: &str, en: &str, id, head: (&str, &str), rows: &[Row], href: &dyn Fn(&str) -> String| Table {
            title: self.lang.both(zh, en),
            id,
            head: self.lang.both(head.0, head.1),
            rows: rows.iter().map(|row| self.row(row, href(&row.key))).collect(),
        };
        let Sheet { units, columns, categories, months, .. } = self.sheet;
        let tables = [
            table("各部门", "By unit", "by-unit", ("部门", "Unit"), units, &|key| self.address(key, column)),
            table("各栏目", "By column", "by-column", ("栏目", "Column"), columns, &|key| self.address(unit, key)),
            table("各类别", "By category", "by-category", ("类别", "Category"), categories, &|_| String::new()),
            table("各月", "By month", "by-month", ("月份", "Month"), months, &|_| String::new()),
        ];
        tables.into_iter().filter(|table| !table.rows.is_empty()).collect()
    }

    fn row(&self, row: &Row, href: String) -> TableRow {
        let tally = &row.tally;
        let rates = [tally.on_time_rate(), tally.conformance_rate()].map(percent);
        TableRow {
            name: self.lang.label(&row.label, &row.key),
            href,
            numbers: counts(tally).map(number).into_iter().chain(rates).collect(),
        }
    }
}

/// The same numbers for programs.
#[derive(Serialize)]
struct Json<'a> {
    division: &'a str,
    first: String,
    last: String,
    unit: &'a str,
    column: &'a str,
    /// Shanghai's civil time, RFC 3339.
    as_of: String,
    disclosure_seq: i64,
    total: Group<'a>,
    by_unit: Vec<Group<'a>>,
    by_column: Vec<Group<'a>>,
    by_category: Vec<Group<'a>>,
    by_month: Vec<Group<'a>>,
}

#[derive(Serialize)]
struct Group<'a> {
    key: &'a str,
    label_zh: &'a str,
    label_en: &'a str,
    published: i64,
    corrected: i64,
    withdrawn: i64,
    on_time: i64,
    overdue: i64,
    conforming: i64,
    pictures: i64,
    views: i64,
    on_time_rate: Part,
    conformance_rate: Part,
    /// Percent, truncated; null of nothing.
    mean_score: Option<i32>,
}

impl<'a> Json<'a> {
    fn new(sheet: &'a Sheet) -> Json<'a> {
        let Search { division, period, unit, column } = &sheet.search;
        let rows = |rows: &'a [Row]| {
            rows.iter().map(|row| group(&row.key, &row.label.zh, &row.label.en, &row.tally)).collect()
        };
        Json {
            division: division.as_str(),
            first: period.first.to_string(),
            last: period.last.to_string(),
            unit,
            column,
            as_of: sheet.stand.as_of.shanghai(),
            disclosure_seq: sheet.stand.disclosure_seq,
            total: group("", "", "", &sheet.total),
            by_unit: rows(&sheet.units),
            by_column: rows(&sheet.columns),
            by_category: rows(&sheet.categories),
            by_month: rows(&sheet.months),
        }
    }
}

fn group<'a>(key: &'a str, label_zh: &'a str, label_en: &'a str, tally: &Tally) -> Group<'a> {
    let [published, corrected, withdrawn, on_time, overdue, conforming, pictures, views] = counts(tally);
    Group {
        key,
        label_zh,
        label_en,
        published,
        corrected,
        withdrawn,
        on_time,
        overdue,
        conforming,
        pictures,
        views,
        on_time_rate: tally.on_time_rate().into(),
        conformance_rate: tally.conformance_rate().into(),
        mean_score: tally.mean_score(),
    }
}
