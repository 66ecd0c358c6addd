//! A month's roster: who is on duty on which day, and how it went; printed, it is one sheet.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};
use kit::{form::Form, refusal::Refusal};

use super::{
    Pages,
    board::shanghai_minute,
    fault, html,
    query::Asked,
    shell::{self, Shell},
    unless_seen,
    words::{self, Both, Lang, Number, number, percent},
};
use crate::{
    ask,
    books::{Books, duties::Month},
    domain::{
        day::{Day, Period},
        duty::{Duty, Mark, Search, Tally},
        label::Kind,
    },
};

#[derive(Template)]
#[template(path = "roster.html")]
struct MonthPage {
    shell: Shell,
    division: Both,
    heading: String,
    /// The months before and after that have duties: name and address, or empty.
    before: (String, String),
    after: (String, String),
    /// What the form that chooses starts from.
    division_code: String,
    month: String,
    units: Vec<Choice>,
    people: Vec<Choice>,
    /// The form's own address without a choice; empty where nothing is chosen.
    whole: String,
    weekdays: Vec<String>,
    weeks: Vec<Vec<DayCell>>,
    /// The only post, if there is but one, and what was chosen.
    chosen: Vec<String>,
    /// Points of the print, so that it is one sheet.
    size: u16,
    rows: Vec<AttendanceRow>,
    /// Name and address.
    feeds: Vec<(String, String)>,
    circulars: String,
    dashboard: String,
    stand: String,
    roster_seq: String,
}

/// What a select offers.
struct Choice {
    code: String,
    name: String,
    chosen: bool,
}

/// A day of the calendar; without a number where it is of another month.
struct DayCell {
    number: String,
    day: String,
    weekday: String,
    halves: Vec<(String, Vec<Seat>)>,
}

struct Seat {
    /// Empty where there is but one post.
    post: String,
    name: String,
    href: String,
    unit: String,
    /// Class and text.
    marks: Vec<(&'static str, String)>,
}

struct AttendanceRow {
    name: Both,
    numbers: Vec<Number>,
    rate: String,
}

/// GET /roster
pub async fn show(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let asked = Asked::read(&uri)?;
        let mut form = Form::new();
        let (lang, division, month) = (form.take(asked.lang()), form.take(asked.division()), form.take(asked.month()));
        let choice = form.take(asked.unit()).zip(form.take(asked.person()));
        let (((lang, division), month), (unit, person)) = ask::read(form, lang.zip(division).zip(month).zip(choice))?;
        let books = &pages.0.books;
        let (division, near) = match books.duty_day(division).await? {
            Some(found) => found,
            // Nothing was published yet, and nothing in particular is asked for.
            None if division.is_none() && month.is_none() => (super::NOWHERE, books.today()),
            None => return Err(no_roster()),
        };
        let period = month.unwrap_or_else(|| around(near));
        let search = Search { unit, person, ..Search::all(division, period) };
        let found = books.month(search.clone()).await?;
        if !found.is_known || month.is_some() && found.duties.is_empty() {
            return Err(no_roster());
        }
        Ok(html(&MonthPage::new(&search, &found, lang)))
    };
    match shown.await {
        Ok(page) => unless_seen(&headers, page),
        Err(refusal) => fault::refused(&uri, &refusal),
    }
}

/// The division of a request, or the first one that has duties. Refused where it has none.
pub async fn division_of(books: &Books, asked: &Asked) -> Result<kit::id::Division, Refusal> {
    Ok(books.duty_day(asked.division()?).await?.ok_or_else(no_roster)?.0)
}

pub fn no_roster() -> Refusal {
    Refusal::not_found("ROSTER_NOT_FOUND", "没有这样的值班安排", "there is no such roster")
}

/// The month of a day.
fn around(day: Day) -> Period {
    let date = day.date();
    Period { first: Day::of(date.first_of_month()), last: Day::of(date.last_of_month()) }
}

impl MonthPage {
    fn new(search: &Search, found: &Month, lang: Lang) -> MonthPage {
        let Search { division, period, unit, person, .. } = search;
        let (division, period) = (*division, *period);
        let heading = month_name(period.first, lang);
        let label = found.labels.of(Kind::Division, division.as_str());
        let name = if found.duties.is_empty() { lang.both("", "") } else { lang.label(&label, division.as_str()) };
        let view = View { search, found, lang };
        let beside = |day: Option<Day>| {
            let link = |day| (month_name(day, lang), shell::roster(division, day, unit, person, lang));
            day.map(link).unwrap_or_default()
        };
        let (weekdays, weeks) = view.weeks();
        let (units, people) = (view.units(), view.people());
        let is_chosen = !unit.is_empty() || !person.is_empty();
        let chosen = units.iter().chain(&people).filter(|choice| choice.chosen).map(|choice| choice.name.clone());
        let stand = found.attendance.stand;
        MonthPage {
            shell: Shell {
                lang,
                title: format!("{} {} {heading}", name.first, lang.one("领导班子值班表", "Duty roster")),
                other: shell::roster(division, period.first, unit, person, lang.other()),
                live: false,
            },
            division: name,
            before: beside(found.before),
            after: beside(found.after),
            division_code: division.to_string(),
            month: period.first.month(),
            chosen: view.only_post().into_iter().chain(chosen).collect(),
            units,
            people,
            whole: if is_chosen { shell::roster(division, period.first, "", "", lang) } else { String::new() },
            size: print_size(&weeks, weekdays.len()),
            weekdays,
            weeks,
            rows: view.attendance(),
            feeds: view.feeds(),
            circulars: shell::circulars(division, period.first.date().year(), lang),
            dashboard: shell::board(division, period.first.date().year(), lang),
            stand: shanghai_minute(stand.as_of),
            roster_seq: number(stand.roster_seq),
            heading,
        }
    }
}

pub fn month_name(day: Day, lang: Lang) -> String {
    let date = day.date();
    match lang {
        Lang::Zh => format!("{}年{}月", date.year(), date.month()),
        Lang::En => date.strftime("%B %Y").to_string(),
    }
}

/// The marks of a duty, in one language.
pub fn marks(duty: &Duty, lang: Lang) -> Vec<(&'static str, String)> {
    words::standing(duty.standing).into_iter().map(|(said, class)| (class, lang.one(said.zh, said.en))).collect()
}

struct View<'a> {
    search: &'a Search,
    found: &'a Month,
    lang: Lang,
}

impl View<'_> {
    /// Days of the week that have duties or are working days as a rule, and the weeks of the month by them.
    fn weeks(&self) -> (Vec<String>, Vec<Vec<DayCell>>) {
        let offset = |day: Day| i32::from(day.date().weekday().to_monday_zero_offset());
        let Period { first, last } = self.search.period;
        let columns: Vec<i32> =
            (0..7).filter(|at| *at < 5 || self.found.duties.iter().any(|duty| offset(duty.day) == *at)).collect();
        let mut by_day: BTreeMap<i32, Vec<&Duty>> = BTreeMap::new();
        for duty in self.found.duties.iter().filter(|duty| self.is_chosen(duty)) {
            by_day.entry(duty.day.0).or_default().push(duty);
        }
        let mondays = (first.0 - offset(first)..=last.0).step_by(7);
        let week = |monday: i32| columns.iter().map(|at| self.cell(Day(monday + at), &by_day)).collect::<Vec<_>>();
        let weeks = mondays.map(week).filter(|days| days.iter().any(|day| !day.number.is_empty())).collect();
        (columns.into_iter().map(|at| weekday(Day(first.0 - offset(first) + at), self.lang)).collect(), weeks)
    }

    fn is_chosen(&self, duty: &Duty) -> bool {
        let is = |wanted: &String, code: &String| wanted.is_empty() || wanted == code;
        is(&self.search.unit, &duty.unit) && is(&self.search.person, &duty.person)
    }

    fn cell(&self, day: Day, by_day: &BTreeMap<i32, Vec<&Duty>>) -> DayCell {
        let Period { first, last } = self.search.period;
        let inside = (first..=last).contains(&day);
        let duties = by_day.get(&day.0).filter(|_| inside).map_or(&[][..], Vec::as_slice);
        let half = |afternoon: bool, zh: &str, en: &str| {
            let seats: Vec<_> =
                duties.iter().filter(|duty| duty.afternoon == afternoon).map(|duty| self.seat(duty)).collect();
            (!seats.is_empty()).then(|| (self.lang.one(zh, en), seats))
        };
        DayCell {
            number: if inside { day.date().day().to_string() } else { String::new() },
            day: day.to_string(),
            weekday: weekday(day, self.lang),
            halves: [half(false, "上午", "a.m."), half(true, "下午", "p.m.")].into_iter().flatten().collect(),
        }
    }

    fn seat(&self, duty: &Duty) -> Seat {
        let Search { division, period, .. } = self.search;
        let nobody = duty.person.is_empty();
        Seat {
            post: if self.only_post().is_some() { String::new() } else { self.lang.one(&duty.post_zh, &duty.post_en) },
            name: if nobody { self.lang.one("空缺", "Vacant") } else { duty.name.clone() },
            href: if nobody {
                String::new()
            } else {
                shell::roster(*division, period.first, "", &duty.person, self.lang)
            },
            unit: self.unit(&duty.unit),
            marks: marks(duty, self.lang),
        }
    }

    /// A unit's name without the division's, which stands above all of them.
    fn unit(&self, code: &str) -> String {
        let name = |kind, code: &str| self.lang.label(&self.found.labels.of(kind, code), code).first;
        let (whole, division) = (name(Kind::Unit, code), name(Kind::Division, self.search.division.as_str()));
        let short = whole.strip_prefix(&division).map(str::trim_start).filter(|short| !short.is_empty());
        short.map(str::to_owned).unwrap_or(whole)
    }

    fn only_post(&self) -> Option<String> {
        let first = self.found.duties.first()?;
        let only = self.found.duties.iter().all(|duty| duty.post == first.post);
        only.then(|| self.lang.one(&first.post_zh, &first.post_en))
    }

    fn units(&self) -> Vec<Choice> {
        let codes = self.found.duties.iter().map(|duty| (duty.unit.clone(), &duty.unit));
        choices(codes, &self.search.unit, |code| self.unit(code))
    }

    fn people(&self) -> Vec<Choice> {
        let people = self.found.duties.iter().filter(|duty| !duty.person.is_empty());
        choices(people.map(|duty| (duty.person.clone(), duty)), &self.search.person, |duty| {
            format!("{} {}", duty.name, self.unit(&duty.unit))
        })
    }

    fn attendance(&self) -> Vec<AttendanceRow> {
        let attendance = &self.found.attendance;
        let total = attendance.rows.len() > 1;
        let all =
            total.then(|| self.row(self.lang.both("合计", "In all"), &attendance.total, self.search.unit.clone()));
        let rows = attendance.rows.iter();
        rows.map(|row| self.row(self.lang.label(&row.label, &row.key), &row.tally, row.key.clone()))
            .chain(all)
            .collect()
    }

    fn row(&self, name: Both, tally: &Tally, unit: String) -> AttendanceRow {
        let count = |mark| {
            let n = tally.get(mark);
            let search = Search { unit: unit.clone(), mark: Some(mark), ..self.search.clone() };
            Number { text: number(n), href: if n == 0 { String::new() } else { shell::duties(&search, self.lang) } }
        };
        AttendanceRow { name, numbers: Mark::ALL.map(count).into(), rate: percent(tally.rate()) }
    }

    /// The calendars of the posts, and of the person who is looked at.
    fn feeds(&self) -> Vec<(String, String)> {
        let division = self.search.division;
        let mut posts: BTreeMap<&str, (String, String)> = BTreeMap::new();
        for duty in &self.found.duties {
            let title = self.lang.one(&duty.post_zh, &duty.post_en);
            posts.insert(&duty.post, (title, format!("/roster/{division}/posts/{}.ics", duty.post)));
        }
        let person = &self.search.person;
        let of = self.found.duties.iter().find(|duty| !person.is_empty() && duty.person == *person);
        let own = of.map(|duty| (duty.name.clone(), format!("/roster/{division}/people/{person}.ics")));
        own.into_iter().chain(posts.into_values()).collect()
    }
}

fn weekday(day: Day, lang: Lang) -> String {
    let at = usize::from(day.date().weekday().to_monday_zero_offset().unsigned_abs());
    let name = |names: [&str; 7]| names.get(at).copied().unwrap_or_default().to_owned();
    match lang {
        Lang::Zh => name(["周一", "周二", "周三", "周四", "周五", "周六", "周日"]),
        Lang::En => name(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
    }
}

/// Each code once, in order.
fn choices<T>(coded: impl Iterator<Item = (String, T)>, chosen: &str, name: impl Fn(T) -> String) -> Vec<Choice> {
    let by_code: BTreeMap<String, T> = coded.collect();
    by_code.into_iter().map(|(code, of)| Choice { chosen: code == chosen, name: name(of), code }).collect()
}

/// The largest print in which the weeks stand on one sheet of A4 lying on its side, in points.
fn print_size(weeks: &[Vec<DayCell>], columns: usize) -> u16 {
    // Millimetres within margins of 8: what is left of a column beside its lines, of the sheet below its head.
    let (width, height) = (281.0 / columns.max(1) as f64 - 3.0, 158.0);
    let fits = |points: &u16| {
        let em = f64::from(*points) * 0.353;
        let line = (width / em - 2.6).max(4.0);
        let tall = |cell: &DayCell| {
            let seats = cell.halves.iter().flat_map(|(_, seats)| seats);
            seats.map(|seat| (seat.ems() / line).ceil()).sum::<f64>() + 1.3
        };
        let weeks = weeks.iter().map(|days| days.iter().map(tall).fold(0.0, f64::max) * em * 1.26 + 1.6);
        weeks.sum::<f64>() <= height
    };
    (4..=11).rev().find(fits).unwrap_or(4)
}

impl Seat {
    /// How long it is written out, in widths of a Chinese character.
    fn ems(&self) -> f64 {
        let of = |text: &str| text.chars().map(|c| if c.is_ascii() { 0.54 } else { 1.0 }).sum::<f64>() + 0.3;
        let marks: f64 = self.marks.iter().map(|(_, text)| of(text) + 0.5).sum();
        // Quiet texts are a little smaller, as the style says.
        of(&self.name) + 0.95 * (of(&self.post) + of(&self.unit)) + 0.9 * marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weeks(seats: usize) -> Vec<Vec<DayCell>> {
        let seat = |_| Seat {
            post: "大厅值班".into(),
            name: "欧阳某某".into(),
            href: String::new(),
            unit: "人力资源和社会保障局".into(),
            marks: vec![("bad", "迟到".into()), ("plain", "替班".into())],
        };
        let half = || ("上午".to_owned(), (0..seats).map(seat).collect::<Vec<_>>());
        let [number, day, weekday] = ["1", "2016-03-01", "周二"].map(str::to_owned);
        let day = || DayCell {
            number: number.clone(),
            day: day.clone(),
            weekday: weekday.clone(),
            halves: vec![half(), half()],
        };
        (0..6).map(|_| (0..5).map(|_| day()).collect()).collect()
    }

    #[test]
    fn the_more_stands_on_a_sheet_the_smaller_it_is_printed() {
        let sizes = [0, 1, 2, 4].map(|seats| print_size(&weeks(seats), 5));
        assert!(sizes[0] == 11 && sizes.is_sorted_by(|a, b| a >= b) && (4..9).contains(&sizes[3]), "{sizes:?}");
        assert_eq!(print_size(&weeks(200), 5), 4, "and never smaller than can be printed");
    }
}
