//! Prints `2016-01-01 off` or `… work` for every day of the built-in years: what `tests/oracle` reads.

use std::io::{self, BufWriter, Write};

use calendar::{Calendar, Date};
use jiff::Span;

fn main() -> io::Result<()> {
    let calendar = Calendar::builtin();
    let mut out = BufWriter::new(io::stdout().lock());
    for date in Date::constant(2016, 1, 1).series(Span::new().days(1)) {
        match calendar.is_workday(date) {
            Some(true) => writeln!(out, "{date} work")?,
            Some(false) => writeln!(out, "{date} off")?,
            None => break,
        }
    }
    out.flush()
}
