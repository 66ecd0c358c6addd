//! The dashboard: the figures of a division and year, as numbers, pictures and tables.

use askama::Template;

use super::{
    chart::{HEIGHT, Room, WIDTH},
    pictures::{Days, Months, StateGroup, Times, UnitBar},
    shell::{self, Shell},
    words::{self, Both, Lang, Number, number, percent},
};
use crate::{
    books::{Board, Row},
    domain::{
        day::Day,
        fact::Listed,
        figures::{Clock, Figure, Figures},
        label::Kind,
        scope::{Scope, Selection},
    },
};

#[derive(Template)]
#[template(path = "board.html")]
pub struct BoardPage {
    shell: Shell,
    division: Both,
    year: i16,
    /// Years to go to, the present one first.
    years: Vec<(i16, String)>,
    divisions: Vec<(Both, String)>,
    tiles: Vec<Tile>,
    months: Months,
    days: Days,
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
    disclosure: String,
}

/// A headline number.
struct Tile {
    name: Both,
    value: Number,
    /// What the number is made of.
    note: String,
    class: &'static str,
}

/// Figures by unit or by item.
struct Table {
    title: Both,
    id: &'static str,
    rows: Vec<TableRow>,
}

struct TableRow {
    code: String,
    name: Both,
    /// Received, accepted, completed, open, overdue (promised), overdue (legal).
    numbers: [Number; 6],
    /// Completion, on time (promised), on time (legal).
    rates: [String; 3],
    p50: String,
    p90: String,
}

pub struct OpenCase {
    pub number: String,
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
pub const OPEN: u64 = 20;

const TABLE: [Figure; 6] = [
    Figure::Received,
    Figure::Accepted,
    Figure::Completed,
    Figure::Open,
    Figure::OverduePromised,
    Figure::OverdueLegal,
];

impl BoardPage {
    pub fn new(board: &Board, year: i16, lang: Lang) -> BoardPage {
        let view = View { board, lang };
        let division = board.scope.division;
        let label = board.labels.of(Kind::Division, division.as_str());
        let name = lang.label(&label, division.as_str());
        let title = match lang {
            Lang::Zh => format!("{} {year}年办件数据 · 一站", name.first),
            Lang::En => format!("{} {year} figures · Yizhan", name.first),
        };
        let stand = board.stand;
        BoardPage {
            shell: Shell { lang, title, other: shell::board(division, year, lang.other()), live: true },
            division: name,
            year,
            years: view.years(year),
            divisions: view.divisions(year),
            tiles: view.tiles(),
            months: view.months(year),
            days: view.days(),
            states: view.states(),
            handling: view.handling(),
            units: view.unit_bars(),
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
            json: format!("/figures.json?division={division}&year={year}"),
            disclosure: shell::disclosure(division, year, "", "", lang),
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
    pub lang: Lang,
}

impl View<'_> {
    fn years(&self, year: i16) -> Vec<(i16, String)> {
        let Some((first, last)) = self.board.span else { return Vec::new() };
        let (first, last) = (first.date().year(), last.date().year().max(self.board.today.date().year()));
        let years = (first.max(last - 9)..=last).filter(|other| *other != year);
        years.map(|year| (year, shell::board(self.board.scope.division, year, self.lang))).collect()
    }

    fn divisions(&self, year: i16) -> Vec<(Both, String)> {
        let others = self.board.divisions.iter().filter(|(division, _)| *division != self.board.scope.division);
        others
            .map(|(code, label)| (self.lang.label(label, code.as_str()), shell::board(*code, year, self.lang)))
            .collect()
    }

    /// A number of a part of the scope, leading to its cases.
    pub fn count(&self, figures: &Figures, figure: Figure, part: &Scope) -> Number {
        let n = figures.get(figure);
        let href = if n == 0 { String::new() } else { shell::cases(part, figure, self.lang) };
        Number { text: number(n), href }
    }

    fn all(&self, figure: Figure) -> Number {
        self.count(&self.board.total, figure, &self.board.scope)
    }

    fn tiles(&self) -> Vec<Tile> {
        let total = &self.board.total;
        let of = |clock| {
            let rate = total.on_time_rate(clock);
            (percent(rate), format!("{} / {}", number(rate.numerator), number(rate.denominator)))
        };
        let tile = |figure: Figure, note: String| Tile {
            name: self.lang.words(words::figure(figure)),
            value: self.all(figure),
            note,
            class: "",
        };
        let rate = |zh: &str, en: &str, value: String, figure: Figure, note: String| Tile {
            name: self.lang.both(zh, en),
            value: Number { href: self.all(figure).href, text: value },
            note,
            class: "rate",
        };
        let say = |figure| format!("{} {}", self.lang.words(words::figure(figure)).first, number(total.get(figure)));
        let both = |a: Figure, b: Figure| format!("{} · {}", say(a), say(b));
        let completion = total.completion_rate();
        let (promised, of_promised) = of(Clock::Promised);
        let (legal, of_legal) = of(Clock::Legal);
        let overdue = total.get(Figure::OverduePromised);
        vec![
            tile(Figure::Received, both(Figure::Refused, Figure::Lapsed)),
            tile(Figure::Accepted, both(Figure::Instant, Figure::DeemedAccepted)),
            tile(Figure::Completed, both(Figure::Granted, Figure::Denied)),
            rate(
                "办结率",
                "Completion rate",
                percent(completion),
                Figure::Completed,
                format!("{} / {}", number(completion.numerator), number(completion.denominator)),
            ),
            rate("承诺时限按时率", "On time (promised)", promised, Figure::OnTimePromised, of_promised),
            rate("法定时限按时率", "On time (legal)", legal, Figure::OnTimeLegal, of_legal),
            tile(Figure::Open, both(Figure::Suspended, Figure::Extended)),
            Tile {
                class: if overdue > 0 { "late" } else { "" },
                ..tile(Figure::OverduePromised, say(Figure::OverdueLegal))
            },
        ]
    }

    fn tables(&self) -> Vec<Table> {
        let table = |zh: &str, en: &str, id, kind, rows: &[Row]| {
            let rows: Vec<_> = rows.iter().map(|row| self.row(row, kind)).collect();
            (!rows.is_empty()).then(|| Table { title: self.lang.both(zh, en), id, rows })
        };
        let units = table("各部门", "By unit", "by-unit", Kind::Unit, &self.board.units);
        let items = table("各事项", "By item", "by-item", Kind::Item, &self.board.items);
        units.into_iter().chain(items).collect()
    }

    fn row(&self, row: &Row, kind: Kind) -> TableRow {
        let part = self.part(kind, &row.key);
        let figures = &row.figures;
        let days = |percent| {
            if figures.handling.cases() > 0 {
                figures.handling.percentile(percent).to_string()
            } else {
                "—".to_owned()
            }
        };
        TableRow {
            code: row.key.clone(),
            name: self.lang.label(&row.label, &row.key),
            numbers: TABLE.map(|figure| self.count(figures, figure, &part)),
            rates: [
                figures.completion_rate(),
                figures.on_time_rate(Clock::Promised),
                figures.on_time_rate(Clock::Legal),
            ]
            .map(percent),
            p50: days(50),
            p90: days(90),
        }
    }

    pub fn part(&self, kind: Kind, code: &str) -> Scope {
        let mut selection = Selection::default();
        match kind {
            Kind::Item => selection.item = code.to_owned(),
            _ => selection.unit = code.to_owned(),
        }
        Scope { selection, ..self.board.scope.clone() }
    }
}
