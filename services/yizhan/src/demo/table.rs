//! The year's table: what was replayed beside what was published. Every number comes from the API's answers.

use std::io::{self, Write};

use proto::{
    gateway::v1::{Figures, Rate},
    journal::v1::FigureStatement,
};
use serde_json::{Value, json};

use super::{
    county::{Open, Year},
    figures::{Answers, OpenCase},
    replay::Pace,
};
use crate::columns::{left, right};

/// What the year has to come to.
pub struct Target {
    accepted: i64,
    completed: i64,
    /// The published figures, or these scaled to a smaller year.
    published: bool,
}

impl Target {
    pub fn of(year: &Year, cases: u32) -> Target {
        let open = i64::from(year.accepted - year.completed);
        Target { accepted: cases.into(), completed: i64::from(cases) - open, published: cases == year.accepted }
    }

    /// Completed of accepted, in hundredths of a percent, truncated: 99.99% as published.
    fn rate(&self) -> i32 {
        (self.completed * 10_000 / self.accepted.max(1)) as i32
    }
}

pub struct Table<'a> {
    pub target: Target,
    pub answers: &'a Answers,
    /// The county's own notes on its open cases.
    pub notes: &'a [Open],
    pub pace: Pace,
    /// Most memory the program held, in bytes; None where the system does not tell.
    pub memory: Option<u64>,
    pub seed: u64,
}

/// A figure that has to be reached: its names, its value and what it has to be.
struct Line {
    zh: &'static str,
    en: &'static str,
    key: &'static str,
    target: i64,
    replayed: i64,
    show: fn(i64) -> String,
}

impl Table<'_> {
    fn lines(&self) -> [Line; 4] {
        let (target, total) = (&self.target, &self.answers.total);
        let rate = total.completion_rate.and_then(|rate| rate.basis_points).unwrap_or(-1);
        let line = |zh, en, key, target, replayed, show| Line { zh, en, key, target, replayed, show };
        [
            line("受理", "accepted", "accepted", target.accepted, total.accepted, count),
            line("办结", "completed", "completed", target.completed, total.completed, count),
            line("办结率", "completion rate", "completion_rate", target.rate().into(), rate.into(), percent),
            line("在办", "open", "open", target.accepted - target.completed, total.open, count),
        ]
    }

    /// The figures that are not what they have to be; empty where all agree.
    pub fn differences(&self) -> Vec<String> {
        let lines = self.lines();
        let wrong = lines.iter().filter(|line| line.target != line.replayed);
        let mut told: Vec<_> = wrong
            .map(|line| {
                format!(
                    "{} {}: {}，应为 expected {}",
                    line.zh,
                    line.en,
                    (line.show)(line.replayed),
                    (line.show)(line.target)
                )
            })
            .collect();
        if self.target.published {
            told.extend(self.answers.publications.differences());
        }
        let (stated, total) = (self.stated(), &self.answers.total);
        if (stated.numerator, stated.denominator) != (total.completed, total.accepted) {
            let (told_as, stands) =
                (fraction(stated.numerator, stated.denominator), fraction(total.completed, total.accepted));
            told.push(format!("公布的办结率 the stated completion rate: {told_as}，应为 expected {stands}"));
        }
        let (named, open) = (self.answers.open.len() as i64, self.answers.total.open);
        if named != open {
            told.push(format!("在办 open: 列出 {named} 件，应为 {open} · {named} cases are listed, expected {open}"));
        }
        told
    }

    /// For people.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let title = if self.target.published { "公布 published" } else { "应为 expected" };
        writeln!(out, "\n尉氏县行政服务中心 2016 年 · Weishi county administrative service centre, 2016\n")?;
        writeln!(out, "{}{}{}", left("", 30), right(title, 16), right("重演 replayed", 16))?;
        for line in self.lines() {
            let mark = if line.target == line.replayed { "✓" } else { "✗" };
            let (target, replayed) = ((line.show)(line.target), (line.show)(line.replayed));
            writeln!(
                out,
                "{}{}{} {mark}",
                left(&format!("{} {}", line.zh, line.en), 30),
                right(&target, 16),
                right(&replayed, 16)
            )?;
        }
        self.write_more(out)?;
        self.write_stated(out)?;
        self.answers.duty.write(out)?;
        self.answers.publications.write(out)?;
        self.write_months(out)?;
        self.write_open(out)?;
        let memory = self.memory.map_or("n/a".to_owned(), |bytes| format!("{} MiB", bytes >> 20));
        let (seconds, changes) = (self.pace.seconds, self.pace.changes);
        writeln!(
            out,
            "用时 took {seconds:.1} s · {} 次办理 changes · 每秒 {} a second · 内存峰值 peak memory {memory} · 种子 seed {}",
            count(changes as i64),
            count(rate(&self.pace) as i64),
            self.seed
        )
    }

    fn write_more(&self, out: &mut impl Write) -> io::Result<()> {
        let total = &self.answers.total;
        let share = |rate: &Option<Rate>| {
            rate.and_then(|rate| rate.basis_points).map_or("—".to_owned(), |points| percent(points.into()))
        };
        let mut pair = |zh: &str, en: &str, value: String| {
            writeln!(out, "{}{}", left(&format!("{zh} {en}"), 46), right(&value, 16))
        };
        pair("收件", "received", count(total.received))?;
        pair("即办", "instant", count(total.instant))?;
        pair("准予", "granted", count(total.granted))?;
        pair("不予许可", "denied", count(total.denied))?;
        pair("不受理、不予受理", "refused at the door", count(total.refused))?;
        pair("补正", "supplement asked for", count(total.supplemented))?;
        pair("逾期未补正", "lapsed", count(total.lapsed))?;
        pair("视为受理", "accepted by silence", count(total.deemed_accepted))?;
        pair("中止", "suspended", count(total.suspended))?;
        pair("延长", "extended", count(total.extended))?;
        pair("承诺时限内", "within the promised limit", count(total.on_time_promised))?;
        pair("承诺时限按时率", "rate", share(&total.on_time_promised_rate))?;
        pair("法定时限内", "within the legal limit", count(total.on_time_legal))?;
        pair("法定时限按时率", "rate", share(&total.on_time_legal_rate))?;
        pair("在办已超承诺时限", "open past the promised limit", count(total.overdue_promised))?;
        pair("在办已超法定时限", "open past the legal limit", count(total.overdue_legal))?;
        if let Some(time) = &total.handling_time {
            let mean = format!("{}.{:02}", time.mean_hundredths / 100, time.mean_hundredths % 100);
            pair("承诺件办理工作日 平均", "working days, mean", mean)?;
            let days = [time.p50_days, time.p90_days, time.p99_days, time.max_days].map(|days| days.to_string());
            pair("50% / 90% / 99% / 最长", "longest", days.join(" / "))?;
        }
        Ok(())
    }

    fn stated(&self) -> FigureStatement {
        self.answers.stated.statement.clone().unwrap_or_default()
    }

    fn write_stated(&self, out: &mut impl Write) -> io::Result<()> {
        let (stated, points) = (self.stated(), self.answers.stated.basis_points.map_or(-1, i64::from));
        let counted = fraction(stated.numerator, stated.denominator);
        writeln!(out, "\n公布的办结率 the completion rate, stated for good: {counted} = {}", percent(points))?;
        for position in &stated.positions {
            let (service, last) = (&position.service, count(position.seq));
            writeln!(out, "  {service} 日志第 1–{last} 条 entries 1–{last}，日志头已签名 under a signed head")?;
        }
        let digest: String = stated.set_digest.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(out, "  办件集合摘要 digest of the counted set {digest}\n  {}\n", self.answers.stated.name)
    }

    fn write_months(&self, out: &mut impl Write) -> io::Result<()> {
        let heads = ["收件 received", "受理 accepted", "办结 completed", "期内办结 ended in"];
        writeln!(out, "\n{}{}", left("月 month", 12), heads.map(|head| right(head, 20)).concat())?;
        for month in &self.answers.months {
            let cells = [month.received, month.accepted, month.completed, month.ended_in_period];
            writeln!(out, "{}{}", left(&month.key, 12), cells.map(|cell| right(&count(cell), 20)).concat())?;
        }
        Ok(())
    }

    fn write_open(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "\n12月31日在办 {} 件 · {0} open on 31 December", self.answers.open.len())?;
        for open in &self.answers.open {
            let ((zh, en), [legal, promised]) = (open.why(), open.clocks());
            let (state, case) = (open.case.state().as_str_name().trim_start_matches("CASE_STATE_"), &open.case);
            writeln!(out, "  {} {} · {} · {state}", case.number, case.item_title_zh, open.figure.received_on)?;
            if case.decision.is_some() {
                writeln!(out, "    {zh}。\n    {en}.")?;
            } else {
                writeln!(out, "    {zh}。承诺时限{}，法定时限{}。", promised.0, legal.0)?;
                writeln!(out, "    {en}. Promised limit {}, legal limit {}.", promised.1, legal.1)?;
            }
            if let Some(note) = self.note(open) {
                writeln!(
                    out,
                    "    县里备注（非系统数据）：{}\n    The county's note, not the system's: {}",
                    note.why_zh, note.why_en
                )?;
            }
        }
        writeln!(out)
    }

    fn note(&self, open: &OpenCase) -> Option<&Open> {
        let of_item = |note: &&Open| open.case.item.split('@').next().is_some_and(|item| item.ends_with(&note.item));
        self.notes.iter().filter(of_item).find(|note| note.received_on.to_string() == open.figure.received_on)
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let side = |value: fn(&Line) -> i64| {
            let pairs = self.lines().map(|line| (line.key.to_owned(), json!(value(&line))));
            Value::Object(pairs.into_iter().collect())
        };
        let open = self.answers.open.iter().map(|open| {
            let ((zh, en), [legal, promised], case) = (open.why(), open.clocks(), &open.case);
            let note = self.note(open).map(|note| json!({ "state": note.state, "zh": note.why_zh, "en": note.why_en }));
            json!({
                "number": case.number,
                "item": case.item,
                "item_title_zh": case.item_title_zh,
                "state": case.state().as_str_name().trim_start_matches("CASE_STATE_"),
                "received_on": open.figure.received_on,
                "why": { "zh": zh, "en": en },
                "legal_limit": legal.1,
                "promised_limit": promised.1,
                "county_note": note,
            })
        });
        json!({
            "seed": self.seed,
            "published": self.target.published,
            "agrees": self.differences().is_empty(),
            "differences": self.differences(),
            "expected": side(|line| line.target),
            "replayed": side(|line| line.replayed),
            "year": figures(&self.answers.total),
            "months": self.answers.months.iter().map(figures).collect::<Vec<_>>(),
            "stated": {
                "name": self.answers.stated.name,
                "numerator": self.stated().numerator,
                "denominator": self.stated().denominator,
                "basis_points": self.answers.stated.basis_points,
            },
            "duty": self.answers.duty.json(),
            "publications": self.answers.publications.json(),
            "open_cases": open.collect::<Vec<_>>(),
            "pace": {
                "seconds": self.pace.seconds,
                "changes": self.pace.changes,
                "changes_per_second": rate(&self.pace),
                "peak_memory_bytes": self.memory,
            },
        })
    }
}

fn figures(figures: &Figures) -> Value {
    let rate = |rate: &Option<Rate>| rate.and_then(|rate| rate.basis_points);
    let time = figures.handling_time.unwrap_or_default();
    json!({
        "key": figures.key,
        "received": figures.received,
        "accepted": figures.accepted,
        "completed": figures.completed,
        "ended_in_period": figures.ended_in_period,
        "open": figures.open,
        "overdue_legal": figures.overdue_legal,
        "overdue_promised": figures.overdue_promised,
        "on_time_legal": figures.on_time_legal,
        "on_time_promised": figures.on_time_promised,
        "refused": figures.refused,
        "lapsed": figures.lapsed,
        "deemed_accepted": figures.deemed_accepted,
        "supplemented": figures.supplemented,
        "suspended": figures.suspended,
        "extended": figures.extended,
        "granted": figures.granted,
        "denied": figures.denied,
        "instant": figures.instant,
        "completion_rate_basis_points": rate(&figures.completion_rate),
        "on_time_legal_basis_points": rate(&figures.on_time_legal_rate),
        "on_time_promised_basis_points": rate(&figures.on_time_promised_rate),
        "handling_days": {
            "cases": time.cases,
            "mean_hundredths": time.mean_hundredths,
            "p50": time.p50_days,
            "p90": time.p90_days,
            "p99": time.p99_days,
            "max": time.max_days,
        },
    })
}

/// Changes a second.
fn rate(pace: &Pace) -> u64 {
    (pace.changes as f64 / pace.seconds.max(0.001)) as u64
}

/// 131,565
fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::from(if number < 0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// 131,558 / 131,565
fn fraction(numerator: i64, denominator: i64) -> String {
    format!("{} / {}", count(numerator), count(denominator))
}

/// Hundredths of a percent as 99.99%.
fn percent(points: i64) -> String {
    if points < 0 { "—".to_owned() } else { format!("{}.{:02}%", points / 100, points % 100) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_published() {
        assert_eq!([count(0), count(999), count(1_000), count(131_565)], ["0", "999", "1,000", "131,565"]);
        assert_eq!([percent(9_999), percent(10_000), percent(5), percent(-1)], ["99.99%", "100.00%", "0.05%", "—"]);
    }

    #[test]
    fn a_figure_that_differs_is_told() {
        let year = super::super::county::County::read().expect("a county").year;
        let answers = Answers {
            total: Figures { accepted: 131_565, completed: 131_557, open: 8, ..Figures::default() },
            months: vec![],
            stated: Default::default(),
            open: vec![],
            duty: Default::default(),
            publications: Default::default(),
        };
        let table = Table {
            target: Target::of(&year, 131_565),
            answers: &answers,
            notes: &[],
            pace: Pace { changes: 0, seconds: 0.0 },
            memory: None,
            seed: 2016,
        };
        let told = table.differences();
        assert_eq!(told.len(), 7, "{told:?}");
        assert!(told[0].contains("131,557") && told[0].contains("131,558"), "{told:?}");
        assert_eq!(
            (table.json()["agrees"].as_bool(), table.json()["expected"]["completion_rate"].as_i64()),
            (Some(false), Some(9_999))
        );
    }
}
