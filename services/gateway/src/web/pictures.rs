//! The pictures of the dashboard: what is drawn, and where.

use super::{
    board::View,
    chart::{Bar, Room, Scale, Tick, WIDTH, round},
    words::{self, Both, Lang, hundredths, number, percent},
};
use crate::{
    books::Row,
    domain::{
        fact::State,
        figures::{Figure, Figures},
    },
};

/// How cases of one kind share out among the states.
pub struct StateGroup {
    pub title: Both,
    pub id: &'static str,
    pub shares: Vec<Share>,
}

pub struct Share {
    pub name: Both,
    pub class: &'static str,
    pub n: String,
    pub x: f64,
    pub width: f64,
    pub title: String,
}

/// How many cases took how many days.
pub struct Times {
    pub ticks: Vec<Tick>,
    pub names: Vec<Tick>,
    pub bars: Vec<Bar>,
    /// Where, what, and at which height it is written.
    pub ranks: Vec<(f64, f64, String)>,
    pub cases: String,
    pub mean: String,
    pub max: i32,
    pub percentiles: [i32; 3],
}

/// So many units have a bar; the table has all.
const BARS: usize = 12;

pub struct UnitBar {
    pub name: Both,
    /// Of 1,000.
    pub done: f64,
    pub open: f64,
    pub title: String,
    pub how: String,
    pub href: String,
    pub rate: String,
}

impl View<'_> {
    pub fn states(&self) -> Vec<StateGroup> {
        let group = |zh: &str, en: &str, id, n: fn(&Figures, State) -> i64| {
            let shares = self.shares(n);
            (!shares.is_empty()).then(|| StateGroup { title: self.lang().both(zh, en), id, shares })
        };
        let accepted =
            group("期内受理的办件", "Of the cases accepted in the period", "states-accepted", Figures::in_state);
        let unaccepted = group(
            "期内收件而未受理的",
            "Received in the period and not accepted",
            "states-unaccepted",
            Figures::unaccepted_in_state,
        );
        accepted.into_iter().chain(unaccepted).collect()
    }

    fn shares(&self, n: fn(&Figures, State) -> i64) -> Vec<Share> {
        let there: Vec<(State, i64)> =
            State::ALL.into_iter().map(|state| (state, n(&self.board.total, state))).filter(|(_, n)| *n > 0).collect();
        let all: i64 = there.iter().map(|(_, n)| n).sum();
        // Seven of a hundred thousand would not be seen, so nothing is narrower than this part of the whole.
        let parts = there.iter().map(|(_, n)| (*n as f64 / all.max(1) as f64).max(0.008));
        let whole: f64 = parts.clone().sum();
        let mut x = 0.0;
        let share = |((state, n), part): (&(State, i64), f64)| {
            let name = self.lang().words(words::state(*state));
            let width = f64::from(WIDTH) * part / whole;
            let title = format!("{}: {}", name.first, number(*n));
            let share =
                Share { name, class: state_class(*state), n: number(*n), x: round(x), width: round(width), title };
            x += width;
            share
        };
        there.iter().zip(parts).map(share).collect()
    }

    pub fn handling(&self) -> Times {
        let handling = &self.board.total.handling;
        let percentiles = [50, 90, 99].map(|percent| handling.percentile(percent));
        let room = Room::PLOT;
        // What took longer than three times the ninetieth percentile stands together in the last bar.
        let last = handling.max().min((percentiles[1] * 3).max(12));
        let mut cases = vec![0; usize::try_from(last + 1).unwrap_or(1)];
        for (days, n) in handling.iter() {
            cases[usize::try_from(days.clamp(0, last)).unwrap_or(0)] += n;
        }
        let scale = Scale::over(room, cases.iter().copied().max().unwrap_or(0));
        let slot = room.width / cases.len() as f64;
        let at = |days: i32| room.left + slot * (f64::from(days.min(last)) + 0.5);
        let upto =
            |days: i32| if days == last && handling.max() > last { format!("≥{days}") } else { days.to_string() };
        let bars = (0..).zip(&cases).map(|(days, n)| {
            let text = upto(days);
            let title = self.lang().one(
                &format!("{text} 个工作日: {} 件", number(*n)),
                &format!("{text} working days: {} cases", number(*n)),
            );
            scale.bar(at(days) - slot * 0.4, slot * 0.8, *n, title)
        });
        let every = (last / 8).max(1);
        let names =
            (0..=last).filter(|days| days % every == 0).map(|days| Tick { at: round(at(days)), text: upto(days) });
        let mut ranks = Vec::new();
        if handling.cases() > 0 {
            for (i, (rank, days)) in
                [(50, percentiles[0]), (90, percentiles[1]), (99, percentiles[2])].into_iter().enumerate()
            {
                ranks.push((round(at(days)), room.top + 12.0 + 26.0 * i as f64, format!("P{rank} {days}")));
            }
        }
        Times {
            ticks: scale.ticks(number),
            names: names.collect(),
            bars: bars.collect(),
            ranks,
            cases: number(handling.cases()),
            mean: hundredths(handling.mean_hundredths()),
            max: handling.max(),
            percentiles,
        }
    }

    pub fn unit_bars(&self) -> Vec<UnitBar> {
        let mut units: Vec<&Row> = self.board.units.iter().collect();
        units.sort_by_key(|row| std::cmp::Reverse(row.figures.get(Figure::Accepted)));
        units.truncate(BARS);
        let most = units.first().map_or(0, |row| row.figures.get(Figure::Accepted)).max(1);
        let bar = |row: &Row| {
            let (accepted, completed) = (row.figures.get(Figure::Accepted), row.figures.get(Figure::Completed));
            let of = |n: i64| if n > 0 { (1_000.0 * n as f64 / most as f64).max(2.0) } else { 0.0 };
            let name = self.lang().label(&row.label, &row.key);
            UnitBar {
                done: round(of(completed)),
                open: round(of(accepted - completed)),
                title: format!("{}: {} / {}", name.first, number(completed), number(accepted)),
                how: format!("{} / {}", number(completed), number(accepted)),
                href: self.step.unit(&row.key).address(),
                rate: percent(row.figures.completion_rate()),
                name,
            }
        };
        units.into_iter().map(bar).collect()
    }
}

pub fn month_name(month: i8, lang: Lang) -> String {
    const ENGLISH: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let index = usize::try_from(month - 1).unwrap_or_default();
    lang.one(&format!("{month}月"), ENGLISH.get(index).copied().unwrap_or_default())
}

fn state_class(state: State) -> &'static str {
    match state {
        State::Received => "received",
        State::SupplementPending => "pending",
        State::Accepted => "review",
        State::Suspended => "suspended",
        State::Granted => "granted",
        State::Denied => "denied",
        State::Issued => "issued",
        State::Refused => "refused",
        State::Lapsed => "lapsed",
        State::Withdrawn => "withdrawn",
        State::Terminated => "terminated",
    }
}
