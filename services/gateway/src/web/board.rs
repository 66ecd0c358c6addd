//! The dashboard: the figures of a division, a unit or an item in a year, a month or a week, as numbers, pictures and tables.

use askama::Template;

use super::{
    chart::{HEIGHT, Room, WIDTH},
    flow::{Age, Hours, Stage},
    pictures::{StateGroup, Times, UnitBar},
    shell::{self, Shell},
    step::{Crumb, Step},
    trend::{Trend, Weeks},
    words::{self, Both, Lang, Number, number, percent},
};
use crate::{
    books::{Board, Row},
    domain::{
        day::{Day, Period},
        fact::Listed,
        figures::{Clock, Figure, Figures, Rate},
        label::Kind,
        scope::{Scope, Selection},
        span::Span,
    },
};

#[derive(Template)]
#[template(path = "board.html")]
pub struct BoardPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    name: Both,
    span: Span,
    /// First and last day, where the span is no year.
    period: String,
    /// Years to go to; or the spans before and after.
    years: Vec<(String, String)>,
    divisions: Vec<(Both, String)>,
    tiles: Vec<Tile>,
    trend: Trend,
    weeks: Option<Weeks>,
    funnel: Vec<Stage>,
    hours: Option<Hours>,
    ages: Vec<Age>,
    states: Vec<StateGroup>,
    handling: Times,
    units: Vec<UnitBar>,
    tables: Vec<Table>,
    open: Vec<OpenCase>,
    open_total: Number,
    meanings: Vec<(Both, Both)>,
    stand: String,
    intake_seq: String,
    directory_seq: String,
    json: String,
    csv: String,
    xlsx: String,
    disclosure: String,
    screen: String,
}

/// A headline number.
struct Tile {
    name: Both,
    /// Which cases it is about.
    cohort: Both,
    value: Number,
    /// What the number is made of.
    note: String,
    class: &'static str,
}

/// Figures by unit, item or window.
struct Table {
    title: Both,
    id: &'static str,
    rows: Vec<TableRow>,
}

struct TableRow {
    code: String,
    name: Both,
    /// The next step down, where there is one.
    href: String,
    /// Received, accepted, completed, open, overdue (promised), overdue (legal).
    numbers: [Number; 6],
    /// Completion, on time (promised), on time (legal).
    rates: [String; 3],
    p50: String,
    p90: String,
}

pub struct OpenCase {
    pub number: String,
    /// The page of the case.
    pub href: String,
    pub item: Both,
    pub unit: Both,
    pub state: Both,
    pub received_on: String,
    pub accepted_on: String,
    pub ended_on: String,
    /// Promised, legal.
    pub due: [Due; 2],
}

/// A due day, and whether it has passed.
pub struct Due {
    pub day: String,
    pub late: bool,
}

/// As many open cases as the page shows.
pub const OPEN: u64 = 10;

pub const TABLE: [Figure; 6] = [
    Figure::Received,
    Figure::Accepted,
    Figure::Completed,
    Figure::Open,
    Figure::OverduePromised,
    Figure::OverdueLegal,
];

impl BoardPage {
    pub fn new(board: &Board, step: &Step) -> BoardPage {
        let (view, lang) = (View { board, step }, step.lang);
        let name = view.name();
        let title = match lang {
            Lang::Zh => format!("{} {} 办件数据 · 一站", name.first, step.span),
            Lang::En => format!("{} {} figures · Yizhan", name.first, step.span),
        };
        let (division, year, stand) = (step.division, step.span.year(), board.stand);
        let (ages, hours, trend) = (view.ages(), view.hours(), view.trend());
        BoardPage {
            shell: Shell { lang, title, other: step.other().address(), live: true },
            crumbs: step.crumbs(board),
            name,
            span: step.span,
            period: super::step::period(board.scope.period),
            years: view.beside(),
            divisions: view.divisions(year),
            tiles: view.tiles(),
            trend,
            weeks: view.weeks(),
            funnel: view.funnel(),
            hours,
            ages,
            states: view.states(),
            handling: view.handling(),
            units: if board.units.len() > 1 { view.unit_bars() } else { Vec::new() },
            tables: view.tables(),
            open: board.open.cases.iter().map(|case| open_case(case, &board.labels, board.today, lang)).collect(),
            open_total: view.all(Figure::Open),
            meanings: Figure::ALL
                .into_iter()
                .map(|figure| (lang.words(words::figure(figure)), lang.words(words::meaning(figure))))
                .collect(),
            stand: shanghai_minute(stand.as_of),
            intake_seq: number(stand.intake_seq),
            directory_seq: number(stand.directory_seq),
            json: step.export("json").replacen("/board/export.json", "/figures.json", 1),
            csv: step.export("csv"),
            xlsx: step.export("xlsx"),
            disclosure: shell::disclosure(division, year, &step.unit, "", lang),
            screen: shell::screen(division, lang),
        }
    }
}

/// To the minute: a page is not read more finely.
pub fn shanghai_minute(at: kit::clock::Moment) -> String {
    at.shanghai().chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

/// A case as lists show it.
pub fn open_case(case: &Listed, labels: &crate::books::Labels, today: Day, lang: Lang) -> OpenCase {
    let day = |day: Option<Day>| day.map_or_else(|| "—".to_owned(), |day| day.to_string());
    let due = |due: Option<Day>| Due { day: day(due), late: case.waiting && due.is_some_and(|due| due < today) };
    OpenCase {
        number: case.number.clone(),
        href: shell::case(&case.number, lang),
        item: lang.label(&labels.of(Kind::Item, &case.place.item), &case.place.item),
        unit: lang.label(&labels.of(Kind::Unit, &case.place.unit), &case.place.unit),
        state: lang.words(words::state(case.state)),
        received_on: case.received_on.to_string(),
        accepted_on: day(case.accepted_on),
        ended_on: day(case.ended_on),
        due: [case.promised_due_on, case.legal_due_on].map(due),
    }
}

pub struct View<'a> {
    pub board: &'a Board,
    pub step: &'a Step,
}

impl View<'_> {
    pub fn lang(&self) -> Lang {
        self.step.lang
    }

    /// What the board is of.
    fn name(&self) -> Both {
        let Step { division, unit, item, .. } = self.step;
        let (kind, code) = match (unit.as_str(), item.as_str()) {
            ("", "") => (Kind::Division, division.as_str()),
            (unit, "") => (Kind::Unit, unit),
            (_, item) => (Kind::Item, item),
        };
        self.lang().label(&self.board.labels.of(kind, code), code)
    }

    /// Of a year the other years; of a month or a week those before and after.
    fn beside(&self) -> Vec<(String, String)> {
        let link = |span: Span| (span.to_string(), self.step.at(span).address());
        let Period { first, last } = self.board.scope.period;
        let around = [Day(first.0 - 1), Day(last.0 + 1)];
        match self.step.span {
            Span::Month(..) => around.map(|day| link(Span::Month(day.date().year(), day.date().month()))).into(),
            Span::Week(..) => around.map(|day| link(Span::week_of(day))).into(),
            Span::Year(year) => {
                let Some((first, last)) = self.board.span else { return Vec::new() };
                let (first, last) = (first.date().year(), last.date().year().max(self.board.today.date().year()));
                (first.max(last - 9)..=last).filter(|other| *other != year).map(|year| link(Span::Year(year))).collect()
            }
        }
    }

    fn divisions(&self, year: i16) -> Vec<(Both, String)> {
        let others = self.board.divisions.iter().filter(|(division, _)| *division != self.board.scope.division);
        let lang = self.lang();
        others.map(|(code, label)| (lang.label(label, code.as_str()), shell::board(*code, year, lang))).collect()
    }

    /// A number of a part of the scope, leading to its cases.
    pub fn count(&self, figures: &Figures, figure: Figure, part: &Scope) -> Number {
        let n = figures.get(figure);
        let href = if n == 0 { String::new() } else { shell::cases(part, figure, self.lang()) };
        Number { text: number(n), href }
    }

    pub fn all(&self, figure: Figure) -> Number {
        self.count(&self.board.total, figure, &self.board.scope)
    }

    fn tiles(&self) -> Vec<Tile> {
        let (total, lang) = (&self.board.total, self.lang());
        let say = |figure| format!("{} {}", lang.words(words::figure(figure)).first, number(total.get(figure)));
        let tile = |figure: Figure, note: &[Figure]| Tile {
            name: lang.words(words::figure(figure)),
            cohort: lang.words(words::cohort(figure)).alone(),
            value: self.all(figure),
            note: note.iter().map(|figure| say(*figure)).collect::<Vec<_>>().join(" · "),
            class: "",
        };
        let rate = |zh: &str, en: &str, figure: Figure, rate: Rate| Tile {
            name: lang.both(zh, en),
            cohort: lang.words(words::cohort(figure)).alone(),
            value: Number { href: self.all(figure).href, text: percent(rate) },
            note: format!("{} / {}", number(rate.numerator), number(rate.denominator)),
            class: "rate",
        };
        let late = |figure: Figure, note: &[Figure]| Tile {
            class: if total.get(figure) > 0 { "late" } else { "" },
            ..tile(figure, note)
        };
        let on_time = |clock| total.on_time_rate(clock);
        vec![
            tile(Figure::Received, &[Figure::Refused, Figure::LateEntered]),
            tile(Figure::Accepted, &[Figure::Instant, Figure::DeemedAccepted]),
            tile(Figure::Completed, &[Figure::Granted, Figure::Denied]),
            rate("办结率", "Completion rate", Figure::Completed, total.completion_rate()),
            tile(Figure::EndedInPeriod, &[]),
            rate("承诺时限按时率", "On time (promised)", Figure::OnTimePromised, on_time(Clock::Promised)),
            rate("法定时限按时率", "On time (legal)", Figure::OnTimeLegal, on_time(Clock::Legal)),
            tile(Figure::Open, &[Figure::Suspended, Figure::Extended]),
            late(Figure::OverduePromised, &[]),
            late(Figure::OverdueLegal, &[]),
        ]
    }

    /// Of a division its units, of a unit its items, of an item its windows.
    fn tables(&self) -> Vec<Table> {
        let (zh, en, id, kind, rows) = match (self.step.unit.as_str(), self.step.item.as_str()) {
            ("", "") => ("各部门", "By unit", "by-unit", Kind::Unit, &self.board.units),
            (_, "") => ("各事项", "By item", "by-item", Kind::Item, &self.board.items),
            _ => ("各收件窗口", "By receiving window", "by-window", Kind::Window, &self.board.windows),
        };
        let rows: Vec<_> = rows.iter().map(|row| self.row(row, kind)).collect();
        let table = Table { title: self.lang().both(zh, en), id, rows };
        if table.rows.is_empty() { Vec::new() } else { vec![table] }
    }

    fn row(&self, row: &Row, kind: Kind) -> TableRow {
        let part = self.part(kind, &row.key);
        let figures = &row.figures;
        TableRow {
            code: row.key.clone(),
            name: self.lang().label(&row.label, &row.key),
            href: match kind {
                Kind::Unit => self.step.unit(&row.key).address(),
                Kind::Item => self.step.item(&row.key).address(),
                _ => String::new(),
            },
            numbers: TABLE.map(|figure| self.count(figures, figure, &part)),
            rates: rates(figures).map(percent),
            p50: days(figures, 50),
            p90: days(figures, 90),
        }
    }

    fn part(&self, kind: Kind, code: &str) -> Scope {
        let mut selection = Selection { ..self.board.scope.selection.clone() };
        match kind {
            Kind::Item => selection.item = code.to_owned(),
            Kind::Window => selection.window = code.to_owned(),
            _ => selection.unit = code.to_owned(),
        }
        Scope { selection, ..self.board.scope.clone() }
    }
}

/// Completion, on time (promised), on time (legal).
pub fn rates(figures: &Figures) -> [Rate; 3] {
    [figures.completion_rate(), figures.on_time_rate(Clock::Promised), figures.on_time_rate(Clock::Legal)]
}

/// A percentile of handling times; a dash of nothing.
fn days(figures: &Figures, percent: i64) -> String {
    if figures.handling.cases() > 0 { figures.handling.percentile(percent).to_string() } else { "—".to_owned() }
}
