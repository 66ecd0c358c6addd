//! What could not be kept, with whoever might have served and why they could not, as data and as sentences.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Half, grid::Grid, label, roster::Roster};

/// The rule that could not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// What was fixed cannot stand: no such seat or person, the seat or the person is taken, or the person is away.
    Kept,
    /// A seat stays empty.
    Seat,
    /// A head serves too seldom.
    Head,
    /// A unit serves too seldom in the week from `date`.
    Week,
    /// A unit serves too seldom in the whole plan.
    Span,
    /// A person's duties are too far from their colleagues'.
    Person,
    /// A unit's duties are too far from the other units'.
    Unit,
    /// Somebody serves at `date` and `half` although on duty earlier that day or the day before.
    Rest,
}

/// What could not be kept. What a rule does not speak of is None.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall {
    pub rule: Rule,
    pub unit: Option<String>,
    pub person: Option<String>,
    pub date: Option<Date>,
    pub half: Option<Half>,
    pub post: Option<String>,
    /// The number that would have kept the rule, and the number that there is.
    pub wanted: usize,
    pub got: usize,
    /// Who might have served. Empty where nobody was hindered: then rules of more weight took the seats.
    pub excuses: Vec<Excuse>,
}

/// Why somebody could not serve from one half to another, both included; only halves of the plan count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excuse {
    pub unit: String,
    pub person: String,
    pub why: Why,
    pub from: (Date, Half),
    pub to: (Date, Half),
}

/// What hinders somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Away, for a reason of the caller's.
    Away(u32),
    /// On duty in another seat.
    OnDuty,
}

/// How the caller calls things, in the language of the sentence.
pub trait Names {
    fn unit(&self, code: &str) -> String;
    fn person(&self, code: &str) -> String;
    fn post(&self, code: &str) -> String;
    /// A reason, with its document: `公务（豫政办函〔2016〕5号）`.
    fn why(&self, why: u32) -> String;
}

/// All that is short in a roster, the most important first, then in the order of the plan.
pub(super) fn all(grid: &Grid, roster: &Roster) -> Vec<Shortfall> {
    let told = Told { grid, roster };
    let mut all: Vec<Shortfall> = told.kept().chain(told.seats()).collect();
    (0..grid.units.len()).for_each(|unit| told.unit(unit, &mut all));
    all.sort_by_key(|shortfall| shortfall.rule);
    all
}

/// A roster to be told of.
struct Told<'g> {
    grid: &'g Grid<'g>,
    roster: &'g Roster<'g>,
}

impl Told<'_> {
    fn kept(&self) -> impl Iterator<Item = Shortfall> {
        self.grid.dropped.iter().map(|dropped| {
            let duty = dropped.duty;
            let excuses =
                dropped.at.into_iter().flat_map(|(person, slot)| self.excuses(person, |at| at == slot)).collect();
            Shortfall {
                unit: dropped.at.map(|(person, _)| self.unit_of(person)),
                person: Some(duty.person.clone()),
                date: Some(duty.date),
                half: Some(duty.half),
                post: Some(duty.post.clone()),
                excuses,
                ..Shortfall::of(Rule::Kept, 1, 0)
            }
        })
    }

    fn seats(&self) -> impl Iterator<Item = Shortfall> {
        let open = (0..self.grid.slots.len()).filter(|slot| self.grid.slots[*slot].open);
        open.flat_map(move |slot| {
            let at = &self.grid.slots[slot];
            let empty = label::seats(self.grid, self.roster, slot).into_iter().zip(&at.seats);
            empty.filter(|(person, _)| person.is_none()).map(move |(_, (post, _))| Shortfall {
                date: Some(at.date),
                half: Some(at.half),
                post: Some(self.grid.month.posts[*post].code.clone()),
                excuses: self.nobody(slot),
                ..Shortfall::of(Rule::Seat, 1, 0)
            })
        })
    }

    /// Why nobody more serves in a slot.
    fn nobody(&self, slot: usize) -> Vec<Excuse> {
        let people = 0..self.grid.people.len();
        people
            .flat_map(|person| match self.grid.people[person].away[slot] {
                Some(why) => vec![self.excuse(person, Why::Away(why), slot, slot)],
                None => vec![self.excuse(person, Why::OnDuty, slot, slot)],
            })
            .collect()
    }

    fn unit(&self, unit: usize, all: &mut Vec<Shortfall>) {
        let (grid, roster, rules) = (self.grid, self.roster, self.grid.month.rules);
        let of = |rule, wanted, got, excuses| Shortfall {
            unit: Some(grid.month.units[unit].code.clone()),
            excuses,
            ..Shortfall::of(rule, wanted, got)
        };
        let of_person = |rule, person: usize, wanted, got, excuses| Shortfall {
            person: Some(grid.people[person].code.to_owned()),
            ..of(rule, wanted, got, excuses)
        };
        let people = &grid.units[unit];
        let load = |person: usize| roster.duties[person].len();
        for head in people.iter().copied().filter(|person| grid.people[*person].head) {
            if load(head) < rules.head as usize {
                let excuses = self.excuses(head, |_| true);
                all.push(of_person(Rule::Head, head, rules.head as usize, load(head), excuses));
            }
        }
        for (week, monday) in grid.weeks.iter().enumerate() {
            let got = roster.in_week(unit, week);
            if got < rules.weekly as usize {
                let excuses = self.unit_excuses(unit, |slot| grid.slots[slot].week == Some(week));
                all.push(Shortfall { date: Some(*monday), ..of(Rule::Week, rules.weekly as usize, got, excuses) });
            }
        }
        let got = roster.unit_duties(unit);
        if got < grid.span {
            all.push(of(Rule::Span, grid.span, got, self.unit_excuses(unit, |_| true)));
        }
        for (person, wanted) in roster.fairness(unit).into_iter().filter(|(person, wanted)| load(*person) != *wanted) {
            all.push(of_person(Rule::Person, person, wanted, load(person), self.unit_excuses(unit, |_| true)));
        }
        let wanted = got.clamp(grid.band.0, grid.band.1);
        if got != wanted {
            all.push(of(Rule::Unit, wanted, got, self.unit_excuses(unit, |_| true)));
        }
        for (person, (_, slot)) in people.iter().flat_map(|p| roster.clashes(*p).map(|clash| (*p, clash))) {
            let (date, half) = (Some(grid.slots[slot].date), Some(grid.slots[slot].half));
            all.push(Shortfall { date, half, ..of_person(Rule::Rest, person, 0, 1, Vec::new()) });
        }
    }

    fn unit_excuses(&self, unit: usize, within: impl Fn(usize) -> bool) -> Vec<Excuse> {
        self.grid.units[unit].iter().flat_map(|person| self.excuses(*person, &within)).collect()
    }

    /// Somebody's absences, those for one reason in successive halves as one.
    fn excuses(&self, person: usize, within: impl Fn(usize) -> bool) -> Vec<Excuse> {
        let mut runs: Vec<(Option<u32>, usize, usize)> = Vec::new();
        for slot in (0..self.grid.slots.len()).filter(|slot| within(*slot)) {
            let why = self.grid.people[person].away[slot];
            match runs.last_mut().filter(|run| run.0 == why) {
                Some(run) => run.2 = slot,
                None => runs.push((why, slot, slot)),
            }
        }
        let told = |(why, from, to): (Option<u32>, usize, usize)| Some(self.excuse(person, Why::Away(why?), from, to));
        runs.into_iter().filter_map(told).collect()
    }

    fn excuse(&self, person: usize, why: Why, from: usize, to: usize) -> Excuse {
        let at = |slot: usize| (self.grid.slots[slot].date, self.grid.slots[slot].half);
        let code = self.grid.people[person].code.to_owned();
        Excuse { unit: self.unit_of(person), person: code, why, from: at(from), to: at(to) }
    }

    fn unit_of(&self, person: usize) -> String {
        self.grid.month.units[self.grid.people[person].unit].code.clone()
    }
}

impl Shortfall {
    fn of(rule: Rule, wanted: usize, got: usize) -> Shortfall {
        let (unit, person, date, half, post) = (None, None, None, None, None);
        Shortfall { rule, unit, person, date, half, post, wanted, got, excuses: Vec::new() }
    }

    /// The sentence in Chinese.
    pub fn zh(&self, names: &impl Names) -> String {
        let [unit, person, post] = self.called(names);
        let when = self.date.map(|date| zh_half(date, self.half)).unwrap_or_default();
        let (wanted, got) = (self.wanted, self.got);
        let what = match self.rule {
            Rule::Kept => format!("{when} {post}已固定的{person}不能保留"),
            Rule::Seat => format!("{when} {post}无人可排"),
            Rule::Head => format!("{unit}主要负责人{person}应值班{wanted}次，只排{got}次"),
            Rule::Week => format!("{unit}{when}起的一周应值班{wanted}个半天，只排{got}个"),
            Rule::Span => format!("{unit}本期应值班{wanted}个半天，只排{got}个"),
            Rule::Person => format!("{unit}{person}宜值班{wanted}次，排了{got}次，与同单位人员不均衡"),
            Rule::Unit => format!("{unit}宜值班{wanted}个半天，排了{got}个，与其他单位不均衡"),
            Rule::Rest => format!("{unit}{person}{when}与前一次值班同日或相邻"),
        };
        let why = |excuse: &Excuse| {
            let who = names.person(&excuse.person);
            match excuse.why {
                Why::Away(why) if self.one_half() => format!("{who} {}", names.why(why)),
                Why::Away(why) => format!("{who} {} {}", zh_span(excuse), names.why(why)),
                Why::OnDuty => format!("{who} 已在岗"),
            }
        };
        let excuses = self.by_unit(names, why, "、");
        match excuses.is_empty() {
            true => what,
            false => format!("{what}：{}", excuses.join("；")),
        }
    }

    /// The sentence in English.
    pub fn en(&self, names: &impl Names) -> String {
        let [unit, person, post] = self.called(names);
        let when = self.date.map(|date| en_half(date, self.half)).unwrap_or_default();
        let (wanted, got) = (self.wanted, self.got);
        let what = match self.rule {
            Rule::Kept => format!("{when}, {post}: the fixed duty of {person} cannot stand"),
            Rule::Seat => format!("{when}, {post}: nobody to serve"),
            Rule::Head => format!("{unit}: its head {person} serves {got} of {wanted} times"),
            Rule::Week => format!("{unit}: {got} of {wanted} half-days in the week from {when}"),
            Rule::Span => format!("{unit}: {got} of {wanted} half-days in the whole plan"),
            Rule::Person => format!("{unit}: {person} serves {got} times, {wanted} would be even with colleagues"),
            Rule::Unit => format!("{unit}: {got} half-days, {wanted} would be even with other units"),
            Rule::Rest => format!("{unit}: {person} serves on {when}, the same day as before or the day after"),
        };
        let why = |excuse: &Excuse| {
            let who = names.person(&excuse.person);
            match excuse.why {
                Why::Away(why) if self.one_half() => format!("{who} {}", names.why(why)),
                Why::Away(why) => format!("{who} {} {}", en_span(excuse), names.why(why)),
                Why::OnDuty => format!("{who} on duty elsewhere"),
            }
        };
        let excuses = self.by_unit(names, why, ", ");
        match excuses.is_empty() {
            true => what,
            false => format!("{what}: {}", excuses.join("; ")),
        }
    }

    /// What it speaks of, by name: unit, person and post.
    fn called(&self, names: &impl Names) -> [String; 3] {
        let name = |code: &Option<String>, name: &dyn Fn(&str) -> String| code.as_deref().map(name).unwrap_or_default();
        [
            name(&self.unit, &|unit| names.unit(unit)),
            name(&self.person, &|person| names.person(person)),
            name(&self.post, &|post| names.post(post)),
        ]
    }

    /// Whether it speaks of a single half, so that an excuse need not say when.
    fn one_half(&self) -> bool {
        self.half.is_some()
    }

    fn by_unit(&self, names: &impl Names, why: impl Fn(&Excuse) -> String, comma: &str) -> Vec<String> {
        let mut units: BTreeMap<usize, (&str, Vec<String>)> = BTreeMap::new();
        for excuse in &self.excuses {
            let at = self.excuses.iter().position(|other| other.unit == excuse.unit).unwrap_or_default();
            units.entry(at).or_insert((&excuse.unit, Vec::new())).1.push(why(excuse));
        }
        units.into_values().map(|(unit, whys)| format!("{} {}", names.unit(unit), whys.join(comma))).collect()
    }
}

fn zh_half(date: Date, half: Option<Half>) -> String {
    let half = match half {
        Some(Half::Morning) => "上午",
        Some(Half::Afternoon) => "下午",
        None => "",
    };
    format!("{}月{}日{half}", date.month(), date.day())
}

fn zh_span(excuse: &Excuse) -> String {
    let half = |(date, half)| zh_half(date, Some(half));
    if excuse.from == excuse.to { half(excuse.from) } else { format!("{}至{}", half(excuse.from), half(excuse.to)) }
}

fn en_half(date: Date, half: Option<Half>) -> String {
    match half {
        Some(Half::Morning) => format!("{date} morning"),
        Some(Half::Afternoon) => format!("{date} afternoon"),
        None => date.to_string(),
    }
}

fn en_span(excuse: &Excuse) -> String {
    let half = |(date, half)| en_half(date, Some(half));
    if excuse.from == excuse.to { half(excuse.from) } else { format!("{} to {}", half(excuse.from), half(excuse.to)) }
}
