//! How far the replay is, on standard error: a bar on a terminal, a line a month elsewhere.

use std::{
    io::{self, IsTerminal, Write},
    sync::atomic::{AtomicI8, Ordering},
};

use calendar::Date;
use indicatif::{ProgressBar, ProgressStyle};

pub struct Progress {
    bar: ProgressBar,
    /// The month that was told last; none is told on a terminal.
    month: Option<AtomicI8>,
}

impl Progress {
    pub fn new() -> Progress {
        let terminal = io::stderr().is_terminal();
        let bar = if terminal { ProgressBar::new(0) } else { ProgressBar::hidden() };
        let style = "{msg} {wide_bar:.cyan/blue} {percent:>3}% {human_pos}/{human_len} {per_sec} {eta}";
        bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Progress { bar, month: (!terminal).then(AtomicI8::default) }
    }

    /// So many changes are to come.
    pub fn expect(&self, changes: u64) {
        self.bar.set_length(changes);
        self.bar.reset();
    }

    pub fn done(&self) {
        self.bar.inc(1);
    }

    /// The replay has come to this day.
    pub fn date(&self, date: Date) {
        let Some(month) = &self.month else { return self.bar.set_message(date.to_string()) };
        if month.swap(date.month(), Ordering::Relaxed) != date.month() {
            let (now, all) = (self.bar.position(), self.bar.length().unwrap_or(0));
            // Who has closed standard error does not want to know.
            let _ = writeln!(io::stderr().lock(), "{date} {now}/{all}");
        }
    }

    /// Says a line before the first date.
    pub fn say(&self, line: &str) {
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
