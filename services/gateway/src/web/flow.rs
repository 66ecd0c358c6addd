//! Where cases have come to, how old the open ones are, and when they come in.

use std::collections::BTreeMap;

use calendar::Calendar;

use super::{
    board::View,
    chart::{WIDTH, round},
    words::{self, Both, Number, number},
};
use crate::domain::{
    fact::State,
    figures::Figure,
    label::Kind,
    scope::{Scope, Selection},
};

/// A step of the funnel, of the cohort that it is named with.
pub struct Stage {
    pub name: Both,
    pub cohort: Both,
    pub n: Number,
    /// Where its bar begins, and how wide it is.
    pub x: f64,
    pub width: f64,
    pub title: String,
    /// Who left here, or is still here: name and number.
    pub beside: Vec<(Both, Number)>,
}

/// Open cases of one age.
pub struct Age {
    pub name: Both,
    /// Within the promised due day, past it, and past the legal one: where each begins and how wide it is, of 1,000.
    pub parts: Vec<(&'static str, f64, f64)>,
    pub numbers: [String; 4],
    pub title: String,
}

/// Windows down, hours across.
pub struct Hours {
    pub height: f64,
    /// Where each hour is named.
    pub names: Vec<(f64, i32)>,
    /// By how much happens there: the way around all such cells.
    pub cells: Vec<(usize, String)>,
    pub rows: Vec<HoursOf>,
    /// The most of one cell.
    pub most: String,
}

pub struct HoursOf {
    pub name: String,
    pub y: f64,
    pub href: String,
    pub n: Vec<i64>,
    pub total: String,
}

/// Bands of working days since acceptance, by their last.
const BANDS: [u32; 5] = [5, 10, 20, 30, 60];
/// So many windows are shown each by itself.
const WINDOWS: usize = 15;
/// A cell at its widest.
const CELL: (f64, f64) = (38.0, 22.0);
const LEFT: f64 = 200.0;
const TOP: f64 = 24.0;

impl View<'_> {
    /// Received and what came of it at the door; then of the accepted ones, decided and issued.
    pub fn funnel(&self) -> Vec<Stage> {
        let total = &self.board.total;
        let lang = self.lang();
        let n = |figure| total.get(figure);
        let unaccepted: i64 = State::ALL.into_iter().map(|state| total.unaccepted_in_state(state)).sum();
        let most = n(Figure::Received).max(n(Figure::Accepted)).max(1);
        let plain = |n: i64| Number { text: number(n), href: String::new() };
        let stage = |zh: &str, en: &str, of: Figure, at: Number, n: i64, beside: Vec<(Both, Number)>| {
            let width = if n > 0 { (560.0 * n as f64 / most as f64).max(2.0) } else { 0.0 };
            Stage {
                name: lang.both(zh, en),
                cohort: lang.words(words::cohort(of)).alone(),
                title: format!("{}: {}", lang.one(zh, en), number(n)),
                n: at,
                x: round((f64::from(WIDTH) - width) / 2.0),
                width: round(width),
                beside: beside.into_iter().filter(|(_, n)| n.text != "0").collect(),
            }
        };
        let state = |state| lang.words(words::state(state)).alone();
        let left = |of: State| (state(of), plain(total.unaccepted_in_state(of)));
        let gone = |of: State| (state(of), plain(total.in_state(of)));
        let door = vec![
            (state(State::Refused), self.all(Figure::Refused)),
            (state(State::Lapsed), self.all(Figure::Lapsed)),
            left(State::Withdrawn),
            left(State::Terminated),
            left(State::Received),
            left(State::SupplementPending),
        ];
        let review = [State::Withdrawn, State::Terminated, State::Accepted, State::Suspended].map(gone).into();
        let out = [State::Granted, State::Denied].map(gone).into();
        let decided = n(Figure::Granted) + n(Figure::Denied);
        let (came, issued) = (n(Figure::Received) - unaccepted, total.in_state(State::Issued));
        vec![
            stage("收件", "Received", Figure::Received, self.all(Figure::Received), n(Figure::Received), door),
            stage("其中已受理", "of which accepted", Figure::Received, plain(came), came, Vec::new()),
            stage("受理", "Accepted", Figure::Accepted, self.all(Figure::Accepted), n(Figure::Accepted), review),
            stage("其中已决定", "of which decided", Figure::Accepted, plain(decided), decided, out),
            stage("其中已出件", "of which issued", Figure::Accepted, plain(issued), issued, Vec::new()),
        ]
    }

    /// The open cases of the cohort by the working days since their acceptance, those that are overdue apart.
    pub fn ages(&self) -> Vec<Age> {
        let calendar = Calendar::builtin();
        let mut bands: BTreeMap<usize, [i64; 3]> = BTreeMap::new();
        for (day, figures) in &self.board.days {
            let open = figures.get(Figure::Open);
            let [promised, legal] = [Figure::OverduePromised, Figure::OverdueLegal].map(|figure| figures.get(figure));
            if open > 0 {
                let age = calendar.workdays_between(day.date(), self.board.today.date());
                // What no calendar can tell comes last.
                let band = age.map_or(BANDS.len() + 1, |age| BANDS.iter().take_while(|last| age > **last).count());
                let late = promised.max(legal);
                for (sum, n) in bands.entry(band).or_default().iter_mut().zip([open - late, late - legal, legal]) {
                    *sum += n;
                }
            }
        }
        let most = bands.values().map(|parts| parts.iter().sum()).max().unwrap_or(0).max(1_i64);
        bands.into_iter().map(|(band, parts)| self.age(band, parts, most)).collect()
    }

    fn age(&self, band: usize, parts: [i64; 3], most: i64) -> Age {
        let from = if band == 0 { 0 } else { BANDS.get(band - 1).copied().unwrap_or_default() + 1 };
        let name = match BANDS.get(band) {
            Some(last) => self.lang().only(&format!("{from}–{last}个工作日"), &format!("{from}–{last} working days")),
            None if band == BANDS.len() => self.lang().only("60个工作日以上", "more than 60 working days"),
            None => self.lang().only("放假安排未公布，无法计算", "no holiday notice, cannot be said"),
        };
        let sum: i64 = parts.iter().sum();
        let mut x = 0.0;
        let bar = |(class, n): (&'static str, i64)| {
            let width = if n > 0 { (1_000.0 * n as f64 / most as f64).max(3.0) } else { 0.0 };
            x += width;
            (class, round(x - width), round(width))
        };
        Age {
            title: format!("{}: {}", name.first, number(sum)),
            name,
            parts: ["within", "promise", "law"]
                .into_iter()
                .zip(parts)
                .map(bar)
                .filter(|(.., width)| *width > 0.0)
                .collect(),
            numbers: [parts[0], parts[1], parts[2], sum].map(number),
        }
    }

    /// The busiest windows by hour, and all others in one row; none where no hour is known.
    pub fn hours(&self) -> Option<Hours> {
        let mut windows: BTreeMap<&str, BTreeMap<i32, i64>> = BTreeMap::new();
        for ((window, hour), n) in &self.board.hours {
            *windows.entry(window).or_default().entry(*hour).or_default() += n;
        }
        let hours: Vec<i32> = windows.values().flat_map(|of| of.keys().copied()).collect();
        let (first, last) = (*hours.iter().min()?, *hours.iter().max()?);
        let mut sorted: Vec<_> = windows.into_iter().collect();
        sorted.sort_by_key(|(_, of)| std::cmp::Reverse(of.values().sum::<i64>()));
        let others = sorted.split_off(sorted.len().min(WINDOWS));
        let mut rows: Vec<(String, String, Vec<i64>)> = Vec::new();
        let at = |of: &BTreeMap<i32, i64>| (first..=last).map(|hour| of.get(&hour).copied().unwrap_or(0)).collect();
        for (window, of) in sorted {
            let name = self.lang().label(&self.board.labels.of(Kind::Window, window), window).first;
            let name = if name == window { name } else { format!("{window} {name}") };
            let Scope { selection, .. } = &self.board.scope;
            let selection = Selection { window: window.to_owned(), ..selection.clone() };
            let part = Scope { selection, ..self.board.scope.clone() };
            rows.push((name, super::shell::cases(&part, Figure::Received, self.lang()), at(&of)));
        }
        if !others.is_empty() {
            let mut all = vec![0; usize::try_from(last - first + 1).unwrap_or(0)];
            for (_, of) in &others {
                let of: Vec<i64> = at(of);
                all.iter_mut().zip(of).for_each(|(sum, n)| *sum += n);
            }
            let name =
                self.lang().one(&format!("其余{}个窗口", others.len()), &format!("{} other windows", others.len()));
            rows.push((name, String::new(), all));
        }
        Some(drawn(rows, first, last))
    }
}

fn drawn(rows: Vec<(String, String, Vec<i64>)>, first: i32, last: i32) -> Hours {
    let most = rows.iter().flat_map(|(.., n)| n.iter().copied()).max().unwrap_or(0).max(1);
    let wide = CELL.0.min((f64::from(WIDTH) - LEFT) / f64::from(last - first + 1));
    let mut levels: BTreeMap<usize, String> = BTreeMap::new();
    for (row, (.., of)) in rows.iter().enumerate() {
        for (column, n) in of.iter().enumerate().filter(|(_, n)| **n > 0) {
            // Five levels, each a fifth of the most.
            let level = usize::try_from((n * 5 - 1) / most).unwrap_or(0).min(4);
            let (across, down) = (round(wide - 2.0), CELL.1 - 2.0);
            let (x, y) = (round(LEFT + wide * column as f64), TOP + CELL.1 * row as f64);
            *levels.entry(level).or_default() += &format!("M{x} {y}h{across}v{down}h-{across}z");
        }
    }
    let row = |(i, (name, href, n)): (usize, (String, String, Vec<i64>))| HoursOf {
        name,
        href,
        y: TOP + CELL.1 * i as f64 + 15.0,
        total: number(n.iter().sum()),
        n,
    };
    let height = TOP + CELL.1 * rows.len() as f64 + 4.0;
    Hours {
        height,
        names: (first..=last).map(|hour| (round(LEFT + wide * (f64::from(hour - first) + 0.5)), hour)).collect(),
        cells: levels.into_iter().collect(),
        rows: rows.into_iter().enumerate().map(row).collect(),
        most: number(most),
    }
}
