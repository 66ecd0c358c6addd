//! Prints what one `due` costs: `cargo run --release -p calendar --example speed`.

use std::{
    hint::black_box,
    io::{self, Write},
    time::Instant,
};

use calendar::{Calendar, Date, Limit, Suspension, Term};
use jiff::Span;

const CALLS: usize = 5_000_000;

fn main() -> io::Result<()> {
    let calendar = Calendar::builtin();
    let plain = |day0| Term::new(day0, Limit::WorkingDays(20));
    let stopped = |day0: Date| {
        let stop = |from, days| Suspension {
            first: day0.saturating_add(Span::new().days(from)),
            last: Some(day0.saturating_add(Span::new().days(from + days))),
        };
        Term { suspensions: vec![stop(5, 9), stop(12, 6)], extensions: vec![10], ..plain(day0) }
    };
    measure("20 working days", &calendar, plain)?;
    measure("20 working days, two overlapping suspensions, extended by 10", &calendar, stopped)
}

fn measure(name: &str, calendar: &Calendar, term: impl Fn(Date) -> Term) -> io::Result<()> {
    let terms: Vec<Term> = Date::constant(2016, 1, 1).series(Span::new().days(1)).take(1_000).map(term).collect();
    let start = Instant::now();
    for term in terms.iter().cycle().take(CALLS) {
        black_box(calendar.due(black_box(term)));
    }
    let nanos = start.elapsed().as_nanos() / CALLS as u128;
    writeln!(io::stdout().lock(), "{nanos} ns a call: {name}")
}
