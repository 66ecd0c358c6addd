//! The decisions of a unit in a week (行政许可法 art. 40: the public may look them up), without who applied.

use calendar::Date;
use jiff::ToSpan;
use mirror::Unit;
use serde::{Deserialize, Serialize};

use super::{
    Content, DECISIONS, Made,
    markdown::{plain, table},
    section,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub unit: String,
    pub day: Date,
    pub number: String,
    /// Code of the item.
    pub item: String,
    pub granted: bool,
}

impl Decision {
    /// The Monday of its week.
    pub fn week(&self) -> Date {
        monday(self.day)
    }
}

pub fn monday(day: Date) -> Date {
    let since = i32::from(day.weekday().to_monday_zero_offset());
    day.checked_sub(since.days()).unwrap_or(day)
}

/// Decisions in one publication at most.
pub const MOST: usize = 300;

/// The source of a part of a week's decisions: the first has the name of all of them.
pub fn source(unit: &str, week: Date, part: usize) -> String {
    match part {
        0 => format!("decisions/{unit}/{week}"),
        part => format!("decisions/{unit}/{week}/{}", part + 1),
    }
}

/// A part of a week's decisions; `title` names an item by its code. None where there are none.
pub fn list(
    unit: &str,
    of_unit: &Unit,
    week: Date,
    part: usize,
    of: &[Decision],
    title: impl Fn(&str) -> String,
) -> Option<Made> {
    let unit_title = &of_unit.title;
    let formed_on = of.iter().map(|decision| decision.day).min()?;
    let last = of.iter().map(|decision| decision.day).max()?;
    let granted = of.iter().filter(|decision| decision.granted).count();
    let denied = of.len() - granted;
    let sunday = week.checked_add(6.days()).unwrap_or(last);
    let further = if part == 0 { String::new() } else { format!("（第{}部分）", part + 1) };
    let row = |(number, decision): (usize, &Decision)| {
        [
            (part * MOST + number + 1).to_string(),
            decision.number.clone(),
            title(&decision.item),
            if decision.granted { "准予" } else { "不予" }.to_owned(),
            decision.day.to_string(),
        ]
    };
    let rows = table(["序号", "办件编号", "事项", "决定", "决定日期"], of.iter().enumerate().map(row));
    let sections = vec![
        section("period", format!("{formed_on}至{last}作出的决定，每周公示一次。")),
        section("decisions", rows),
        section("remedies", remedies(of_unit)),
    ];
    let content = Content {
        unit: unit.to_owned(),
        column: DECISIONS.to_owned(),
        title: format!("{unit_title}行政许可等办理结果公示（{week}至{sunday}）{further}"),
        summary: format!(
            "{unit_title}{week}至{sunday}作出的行政许可等决定{}件，准予{granted}件，不予{denied}件。",
            of.len()
        ),
        formed_on,
        document_number: String::new(),
        sections,
        body: "公示内容不含申请人信息。查询本人办件进度，请使用办件编号和受理凭证上的查询码。".to_owned(),
        subjects: Vec::new(),
        files: Vec::new(),
    };
    let version = of.len() as i64;
    Some(Made { version, content, changes: vec![(version, format!("补充后共{version}件"))] })
}

/// As a decision itself names them (行政复议法, 行政诉讼法).
fn remedies(unit: &Unit) -> String {
    let named = |name: &str, else_: &str| if name.is_empty() { else_.to_owned() } else { plain(name) };
    format!(
        "对决定不服的，可以自知道决定之日起六十日内向{}申请行政复议，或者六个月内向{}提起行政诉讼。",
        named(&unit.reconsideration_body, "有管辖权的行政复议机关"),
        named(&unit.court, "有管辖权的人民法院")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    #[test]
    fn a_week_begins_on_monday_also_where_its_sunday_is_worked() {
        for day in ["2016-02-08", "2016-02-13", "2016-02-14"] {
            assert_eq!(monday(date(day)), date("2016-02-08"), "{day}");
        }
        assert_eq!(monday(date("2016-02-15")), date("2016-02-15"));
    }

    #[test]
    fn a_list_says_how_many_and_whose_they_are_not() {
        let decision = |number: &str, day: &str, granted| Decision {
            unit: "012".into(),
            day: date(day),
            number: number.into(),
            item: "i1".into(),
            granted,
        };
        let of = [decision("n1", "2016-02-09", true), decision("n2", "2016-02-14", false)];
        let unit = Unit {
            title: "县发改委".into(),
            reconsideration_body: "尉氏县人民政府".into(),
            court: String::new(),
            active: true,
        };
        let made = list("012", &unit, date("2016-02-08"), 0, &of, |_| "备案".into()).expect("a list");
        assert_eq!((made.version, made.content.formed_on), (2, date("2016-02-09")));
        let text = &made.content.sections[1].text;
        assert!(text.contains("| 2 | n2 | 备案 | 不予 | 2016-02-14 |"), "{text}");
        assert!(made.content.sections[2].text.contains("向尉氏县人民政府申请行政复议"));
        assert!(list("012", &unit, date("2016-02-08"), 0, &[], |_| String::new()).is_none());
    }
}
