//! How receptions, acceptances and ends went on: by month or day as bars, by week as lines.

use super::{
    board::View,
    chart::{Bar, Room, Scale, Tick, round},
    pictures::month_name,
    words::{self, Number, number},
};
use crate::{
    books::Row,
    domain::{
        day::{Day, Period},
        figures::{Figure, Figures},
        scope::Scope,
        span::Span,
    },
};

/// What is drawn, each by its own day: of no cohort together.
pub const DRAWN: [Figure; 3] = [Figure::Received, Figure::Accepted, Figure::EndedInPeriod];
/// What stands in the table: the last is of the cases accepted in the slot.
const TOLD: [Figure; 4] = [Figure::Received, Figure::Accepted, Figure::EndedInPeriod, Figure::Open];

/// Three bars a month or a day.
pub struct Trend {
    pub ticks: Vec<Tick>,
    pub names: Vec<Tick>,
    /// Class and bars of each figure.
    pub series: Vec<(&'static str, Vec<Bar>)>,
    /// What was received in the same month of the year before: from, to, height.
    pub before: Vec<(f64, f64, f64, String)>,
    pub rows: Vec<Told>,
}

/// A row of its table.
pub struct Told {
    pub name: Number,
    pub numbers: [Number; TOLD.len()],
    pub before: String,
}

/// Three lines over the weeks.
pub struct Weeks {
    pub ticks: Vec<Tick>,
    pub names: Vec<Tick>,
    pub lines: Vec<(&'static str, String)>,
    /// Each week with its address, and its numbers.
    pub rows: Vec<(Number, [String; DRAWN.len()])>,
}

/// A month or a day.
struct Slot<'a> {
    name: String,
    short: String,
    href: String,
    figures: Option<&'a Figures>,
    before: Option<i64>,
    period: Period,
}

impl View<'_> {
    /// Of a year by month, of anything shorter by day.
    pub fn trend(&self) -> Trend {
        let slots = match self.step.span {
            Span::Year(year) => (1..=12).filter_map(|month| self.month(year, month)).collect(),
            _ => self.days(),
        };
        let n = |slot: &Slot, figure| slot.figures.map_or(0, |figures| figures.get(figure));
        let drawn = slots.iter().flat_map(|slot| DRAWN.map(|figure| n(slot, figure)).into_iter().chain(slot.before));
        let room = Room::PLOT;
        let scale = Scale::over(room, drawn.max().unwrap_or(0));
        let wide = room.width / slots.len().max(1) as f64;
        let x = |i: usize| room.left + wide * i as f64;
        let bar = |(i, slot): (usize, &Slot), at: usize| {
            let (figure, n) = (self.lang().words(words::figure(DRAWN[at])).first, n(slot, DRAWN[at]));
            let title = format!("{} {figure}: {}", slot.name, number(n));
            scale.bar(x(i) + wide * (0.08 + 0.28 * at as f64), wide * 0.26, n, title)
        };
        let classes = ["received", "accepted", "ended"].into_iter().enumerate();
        // Of a month's days every third has its name.
        let every = if slots.len() > 12 { 3 } else { 1 };
        let before = |(i, slot): (usize, &Slot)| {
            let n = slot.before?;
            let title =
                format!("{} {}: {}", slot.name, self.lang().one("上年收件", "received a year before"), number(n));
            Some((round(x(i) + wide * 0.02), round(x(i) + wide * 0.98), scale.y(n), title))
        };
        Trend {
            ticks: scale.ticks(number),
            names: (slots.iter().enumerate().step_by(every))
                .map(|(i, slot)| Tick { at: round(x(i) + wide / 2.0), text: slot.short.clone() })
                .collect(),
            series: classes
                .map(|(at, class)| (class, slots.iter().enumerate().map(|slot| bar(slot, at)).collect()))
                .collect(),
            before: slots.iter().enumerate().filter_map(before).collect(),
            rows: slots.iter().filter_map(|slot| self.told(slot)).collect(),
        }
    }

    fn told(&self, slot: &Slot) -> Option<Told> {
        let part = Scope { period: slot.period, ..self.board.scope.clone() };
        let figures = slot.figures?;
        Some(Told {
            name: Number { text: slot.name.clone(), href: slot.href.clone() },
            // A month leads to its own board first, and that to its cases.
            numbers: TOLD.map(|figure| match slot.href.is_empty() {
                true => self.count(figures, figure, &part),
                false => Number { text: number(figures.get(figure)), href: String::new() },
            }),
            before: slot.before.map(number).unwrap_or_default(),
        })
    }

    fn month(&self, year: i16, month: i8) -> Option<Slot<'_>> {
        let of = |rows: &'_ [Row], year: i16| rows.iter().position(|row| row.key == format!("{year:04}-{month:02}"));
        let before = of(&self.board.months_before, year - 1).map(|at| &self.board.months_before[at].figures);
        let (name, span) = (month_name(month, self.lang()), Span::Month(year, month));
        Some(Slot {
            short: name.clone(),
            name,
            href: self.step.at(span).address(),
            figures: of(&self.board.months, year).map(|at| &self.board.months[at].figures),
            before: before.map(|figures| figures.get(Figure::Received)),
            period: span.period()?,
        })
    }

    fn days(&self) -> Vec<Slot<'_>> {
        let Period { first, last } = self.board.scope.period;
        let slot = |day: i32| {
            let day = Day(day);
            Slot {
                name: day.to_string(),
                short: day.to_string().get(5..).unwrap_or_default().to_owned(),
                href: String::new(),
                figures: self.board.days.get(&day),
                before: None,
                period: Period { first: day, last: day },
            }
        };
        (first.0..=last.0).map(slot).collect()
    }

    /// The weeks of a year or a month; none of a week, and none where there is nothing.
    pub fn weeks(&self) -> Option<Weeks> {
        let weeks = &self.board.weeks;
        let (first, last) = (*weeks.keys().next()?, *weeks.keys().next_back()?);
        if matches!(self.step.span, Span::Week(..)) {
            return None;
        }
        let room = Room::PLOT;
        let most = weeks.values().flat_map(|figures| DRAWN.map(|figure| figures.get(figure))).max();
        let scale = Scale::over(room, most.unwrap_or(0));
        let wide = f64::from((last.0 - first.0).max(7));
        let x = |monday: Day| round(room.left + room.width * f64::from(monday.0 - first.0) / wide);
        let mondays: Vec<Day> = (first.0..=last.0).step_by(7).map(Day).collect();
        let n = |monday: &Day, figure| weeks.get(monday).map_or(0, |figures| figures.get(figure));
        let line = |figure: Figure| {
            let points = mondays.iter().map(|monday| format!("{},{}", x(*monday), scale.y(n(monday, figure))));
            points.collect::<Vec<_>>().join(" ")
        };
        let every = mondays.len().div_ceil(8).max(1);
        let row = |monday: &Day| {
            let span = Span::week_of(*monday);
            let name = Number { text: span.to_string(), href: self.step.at(span).address() };
            (name, DRAWN.map(|figure| number(n(monday, figure))))
        };
        Some(Weeks {
            ticks: scale.ticks(number),
            names: (mondays.iter().step_by(every))
                .map(|monday| Tick { at: x(*monday), text: Span::week_of(*monday).to_string().split_off(5) })
                .collect(),
            lines: ["received", "accepted", "ended"].into_iter().zip(DRAWN.map(line)).collect(),
            rows: mondays.iter().filter(|monday| weeks.contains_key(monday)).map(row).collect(),
        })
    }
}
