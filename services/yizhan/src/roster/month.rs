//! A month's plan as a table: a row for each half-day, a column for each post.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use calendar::Date;
use jiff::civil::Weekday;
use proto::roster::v1 as pb;
use unicode_width::UnicodeWidthStr;

use super::show::{self, half, plan_state};
use crate::{columns::left, name::last};

pub fn table(out: &mut impl Write, plan: &pb::Plan, conflicts: bool) -> io::Result<()> {
    let (zh, en) = plan_state(plan.state());
    writeln!(
        out,
        "{} 值班表 · duty plan  {zh} · {en}  规则第{1}版 · rules {1}\n",
        last(&plan.name),
        plan.rules_revision
    )?;
    let (posts, rows) = (posts(plan), rows(plan));
    let cell = |row: &BTreeMap<&str, String>, post: &str| row.get(post).cloned().unwrap_or_default();
    let column = |post: &&str| rows.values().map(|row| cell(row, post).width()).max().unwrap_or(0).max(post.len()) + 2;
    let columns: Vec<usize> = posts.iter().map(column).collect();
    let line = |cells: Vec<String>| -> String {
        cells.iter().zip(&columns).map(|(cell, columns)| left(cell, *columns)).collect()
    };
    let heads = line(posts.iter().map(|post| (*post).to_owned()).collect());
    writeln!(out, "{}{}{}", left("日期 day", 17), left("时段 half", 11), heads.trim_end())?;
    let mut before = "";
    for ((day, of), row) in &rows {
        let shown = if *day == before { String::new() } else { format!("{day} {}", weekday(day)) };
        let (zh, en) = half(pb::Half::try_from(*of).unwrap_or_default());
        let cells = line(posts.iter().map(|post| cell(row, post)).collect());
        writeln!(out, "{}{}{}", left(&shown, 17), left(&format!("{zh} {en}"), 11), cells.trim_end())?;
        before = day;
    }
    match plan.conflicts.len() {
        0 => Ok(()),
        _ if conflicts => {
            writeln!(out)?;
            show::conflicts(out, plan)
        }
        some => writeln!(out, "\n冲突 {some} 处，加 --conflicts 查看 · {some} conflicts, shown by --conflicts"),
    }
}

/// The posts, in the order of the plan.
fn posts(plan: &pb::Plan) -> Vec<&str> {
    let mut posts: Vec<&str> = Vec::new();
    for at in &plan.assignments {
        if !posts.contains(&at.post.as_str()) {
            posts.push(&at.post);
        }
    }
    posts
}

/// Who sits where, by day and half, and there by post.
fn rows(plan: &pb::Plan) -> BTreeMap<(&str, i32), BTreeMap<&str, String>> {
    let mut rows = BTreeMap::<_, BTreeMap<&str, String>>::new();
    for at in &plan.assignments {
        let who = match at.person.as_str() {
            "" => "（暂缺）".to_owned(),
            _ => format!("{}（{}）", at.display_name, at.unit),
        };
        let cell = rows.entry((at.day.as_str(), at.half)).or_default().entry(at.post.as_str()).or_default();
        if !cell.is_empty() {
            cell.push('、');
        }
        cell.push_str(&who);
    }
    rows
}

fn weekday(day: &str) -> &'static str {
    match day.parse().map(Date::weekday) {
        Ok(Weekday::Monday) => "周一",
        Ok(Weekday::Tuesday) => "周二",
        Ok(Weekday::Wednesday) => "周三",
        Ok(Weekday::Thursday) => "周四",
        Ok(Weekday::Friday) => "周五",
        Ok(Weekday::Saturday) => "周六",
        Ok(Weekday::Sunday) => "周日",
        Err(_) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_a_table_whose_columns_stand_in_line() {
        let at = |half: pb::Half, post: &str, name: &str| pb::Assignment {
            day: "2016-03-08".into(),
            half: half.into(),
            post: post.into(),
            unit: "005".into(),
            person: if name.is_empty() { String::new() } else { "P".into() },
            display_name: name.into(),
            ..Default::default()
        };
        let assignments = vec![
            at(pb::Half::Morning, "HALL", "张三"),
            at(pb::Half::Morning, "HALL", ""),
            at(pb::Half::Morning, "LEAD", "李某某"),
            at(pb::Half::Afternoon, "LEAD", "王五"),
        ];
        let conflicts = vec![pb::Conflict { reason: "UNFILLED".into(), hard: true, ..Default::default() }];
        let plan = pb::Plan { name: "divisions/1/plans/2016-03".into(), assignments, conflicts, ..Default::default() };
        let said = |conflicts| {
            let mut out = Vec::new();
            table(&mut out, &plan, conflicts).expect("written");
            String::from_utf8(out).expect("text")
        };
        let text = said(false);
        let lines: Vec<_> = text.lines().skip(2).take(3).collect();
        assert!(lines[1].contains("2016-03-08 周二  上午 AM") && lines[1].contains("张三（005）、（暂缺）"), "{text}");
        let place = |line: &str, of: &str| line.find(of).map(|at| line[..at].width());
        assert_eq!(place(lines[0], "LEAD"), place(lines[1], "李某某"), "{text}");
        assert_eq!(place(lines[0], "LEAD"), place(lines[2], "王五"), "{text}");
        assert!(!text.contains("UNFILLED") && said(true).contains("UNFILLED"));
    }
}
