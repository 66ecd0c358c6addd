use jiff::civil::{Weekday, date};

use super::*;

mod cases;
mod checker;
mod random;

use self::checker::check;

const BOTH: [Half; 2] = [Half::Morning, Half::Afternoon];
const LEAVE: u32 = 1;
const TRIP: u32 = 2;

/// Monday to Friday of these dates, both included.
fn weekdays(from: Date, to: Date) -> Vec<Date> {
    let off = |date: &Date| matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    from.series(jiff::Span::new().days(1)).take_while(|date| *date <= to).filter(|date| !off(date)).collect()
}

/// March 2016: 23 working days.
fn march() -> Vec<Date> {
    weekdays(date(2016, 3, 1), date(2016, 3, 31))
}

/// Units of so many leaders, the first of each its head, and a hall post of so many seats.
fn month(days: Vec<Date>, leaders: &[usize], seats: u32) -> Month {
    let person = |unit: usize, at: usize| Person { code: format!("P{unit:02}-{at}"), head: at == 0, away: vec![] };
    let unit = |(unit, leaders): (usize, &usize)| Unit {
        code: format!("U{unit:02}"),
        people: (0..*leaders).map(|at| person(unit, at)).collect(),
    };
    Month {
        days,
        posts: vec![Post { code: "hall".into(), seats, halves: BOTH.to_vec() }],
        units: leaders.iter().enumerate().map(unit).collect(),
        rules: Rules::default(),
        kept: vec![],
        before: None,
        from: None,
        limit: Duration::from_secs(60),
    }
}

fn duty(date: Date, half: Half, seat: u32, person: &str) -> Duty {
    Duty { date, half, post: "hall".into(), seat, person: person.into() }
}

impl Month {
    fn person(&mut self, code: &str) -> &mut Person {
        let mut people = self.units.iter_mut().flat_map(|unit| &mut unit.people);
        people.find(|person| person.code == code).expect("a person")
    }

    fn away(&mut self, code: &str, days: &[Date], why: u32) {
        let halves = days.iter().flat_map(|date| BOTH.map(|half| Away { date: *date, half, why }));
        self.person(code).away.extend(halves);
    }

    /// The draft, checked by brute force.
    fn checked(&self) -> Draft {
        let draft = self.draft();
        check(self, &draft);
        draft
    }

    /// The same month drafted again from a day on: what was served is kept.
    fn again(&self, draft: &Draft, from: Date) -> Month {
        let kept = draft.duties.iter().filter(|duty| duty.date < from).cloned().collect();
        Month { kept, before: Some(draft.duties.clone()), from: Some(from), ..self.clone() }
    }
}

impl Draft {
    fn load(&self, person: &str) -> usize {
        self.duties.iter().filter(|duty| duty.person == person).count()
    }

    fn rules(&self) -> Vec<Rule> {
        self.shortfalls.iter().map(|short| short.rule).collect()
    }
}

/// Calls everything by its code.
struct Codes;

impl Names for Codes {
    fn unit(&self, code: &str) -> String {
        code.replace("U00", "住建局").replace("U01", "税务局")
    }
    fn person(&self, code: &str) -> String {
        code.replace("P00-0", "张三").replace("P01-0", "李四")
    }
    fn post(&self, _: &str) -> String {
        "大厅值班岗".into()
    }
    fn why(&self, why: u32) -> String {
        if why == TRIP { "公务（豫政办函〔2016〕5号）".into() } else { "休假".into() }
    }
}
