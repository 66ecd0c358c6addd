//! Statements for people: Chinese first, English beside.

use std::io::{self, Write};

use proto::{
    gateway::v1::{self as pb, Cohort},
    journal::v1::FigureStatement,
};

use crate::{
    columns::{left, right},
    name::last,
    time,
};

pub fn definitions(out: &mut impl Write, definitions: &[pb::Definition]) -> io::Result<()> {
    for definition in definitions {
        let pb::Definition { id, version, title_zh, title_en, .. } = definition;
        writeln!(out, "{id} v{version}  {title_zh} · {title_en}")?;
        line(out, "范围 · cohort", cohort(definition.cohort()))?;
        let (numerator, denominator) = if definition.denominator_zh.is_empty() {
            ("计数 · counted", None)
        } else {
            ("分子 · numerator", Some((&definition.denominator_zh, &definition.denominator_en)))
        };
        line(out, numerator, &format!("{}\n{:24}{}", definition.numerator_zh, "", definition.numerator_en))?;
        if let Some((zh, en)) = denominator {
            line(out, "分母 · denominator", &format!("{zh}\n{:24}{en}", ""))?;
        }
    }
    Ok(())
}

/// A line each.
pub fn list(out: &mut impl Write, figures: &[pb::PublishedFigure]) -> io::Result<()> {
    for figure in figures {
        let statement = figure.statement.clone().unwrap_or_default();
        let at = time(figure.published_at.as_ref());
        let later = if figure.superseded_by.is_empty() { "" } else { "  已被取代 superseded" };
        writeln!(out, "{at}  {}  {}{later}", right(&statement.stated, 10), last(&figure.name))?;
    }
    Ok(())
}

pub fn figure(out: &mut impl Write, figure: &pb::PublishedFigure) -> io::Result<()> {
    let statement = figure.statement.clone().unwrap_or_default();
    let definition = figure.definition.clone().unwrap_or_default();
    writeln!(out, "{}", last(&figure.name))?;
    line(out, "指标 · figure", &format!("{} · {}", definition.title_zh, definition.title_en))?;
    self::statement(out, &statement)?;
    let by = last(&figure.published_by);
    line(out, "公布 · published", &format!("{}  {by}", time(figure.published_at.as_ref())))?;
    if !figure.superseded_by.is_empty() {
        line(out, "已被取代 · superseded", last(&figure.superseded_by))?;
    }
    Ok(())
}

pub fn recount(out: &mut impl Write, answer: &pb::RecountFigureResponse) -> io::Result<()> {
    let agrees = if answer.agrees { "一致 · they agree" } else { "不一致 · they differ" };
    writeln!(out, "{agrees}（{} 条 entries）", answer.entries)?;
    for (title, counted) in [("所公布 · stated", &answer.stated), ("重新统计 · recounted", &answer.recounted)]
    {
        writeln!(out, "{title}")?;
        counted.as_ref().map_or(Ok(()), |counted| statement(out, counted))?;
    }
    Ok(())
}

fn statement(out: &mut impl Write, statement: &FigureStatement) -> io::Result<()> {
    let FigureStatement { first, last, unit, numerator, denominator, stated, as_of, late_entries, .. } = statement;
    let of = if *denominator == 0 { String::new() } else { format!("  ({numerator}/{denominator})") };
    line(out, "结果 · stated", &format!("{stated}{of}"))?;
    line(out, "期间 · period", &format!("{first}–{last}"))?;
    if !unit.is_empty() {
        line(out, "单位 · unit", unit)?;
    }
    line(out, "截至 · as of", as_of)?;
    if *late_entries > 0 {
        line(out, "其中补录 · late entries", &late_entries.to_string())?;
    }
    for position in &statement.positions {
        line(out, "日志 · journal", &format!("{} 至第 {seq} 条 to entry {seq}", position.service, seq = position.seq))?;
    }
    let digest: String = statement.set_digest.iter().map(|byte| format!("{byte:02x}")).collect();
    line(out, "计入对象摘要 · digest", &digest)
}

fn line(out: &mut impl Write, title: &str, value: &str) -> io::Result<()> {
    writeln!(out, "  {}{value}", left(title, 24))
}

fn cohort(cohort: Cohort) -> &'static str {
    match cohort {
        Cohort::Unspecified => "",
        Cohort::Received => "期内收件 · received in the period",
        Cohort::Accepted => "期内受理 · accepted in the period",
        Cohort::Closed => "期内办结 · ended in the period",
        Cohort::Duties => "期内班次 · duties of the period",
        Cohort::Published => "期内公开 · published in the period",
    }
}
