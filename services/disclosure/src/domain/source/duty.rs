//! The roster and the circular of a month: the units' leaders on duty at the centre, and how it went. Leaders' names are
//! public by duty; why somebody was away, and who contested what, does not arrive here.

use std::collections::BTreeMap;

use calendar::Date;
use serde::{Deserialize, Serialize};

use super::{
    CIRCULARS, Content, DUTY, Made,
    markdown::{plain, table},
    section,
};

/// A month's plan as it was published last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// `2016-03`
    pub month: String,
    /// How often it was published.
    pub version: i64,
    pub published_on: Date,
    pub seats: Vec<Seat>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    pub day: Date,
    pub afternoon: bool,
    /// Code of the post.
    pub post: String,
    pub unit: String,
    pub name: String,
}

/// When and where duty is served, by the rules that were set last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// First and last minute of the morning and of the afternoon: `08:30`.
    pub morning: (String, String),
    pub afternoon: (String, String),
    pub posts: Vec<String>,
}

/// A month's circular as it was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circular {
    pub month: String,
    pub version: i64,
    /// 文号
    pub number: String,
    pub issued_on: Date,
    pub total: Tally,
    /// By unit, with what it is called.
    pub units: Vec<(String, Tally)>,
    pub absences: Vec<Absence>,
    /// Why this version is.
    pub correction: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub required: i32,
    pub attended: i32,
    pub substituted: i32,
    pub late: i32,
    pub early: i32,
    pub absent: i32,
    pub excused: i32,
    /// Hundredths of a percent.
    pub rate: Option<i32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    pub name: String,
    /// Code.
    pub unit: String,
    pub duties: usize,
    /// 提醒, 通报 or 约谈
    pub measure: String,
}

impl Roster {
    /// `title` names a unit by its code; `unit` is the one that answers for it.
    pub fn made(&self, unit: &str, rules: &Rules, title: impl Fn(&str) -> String) -> Made {
        let mut rows: BTreeMap<(Date, bool), Vec<String>> = BTreeMap::new();
        for seat in &self.seats {
            let told = format!("{}（{}）", seat.name, title(&seat.unit));
            rows.entry((seat.day, seat.afternoon)).or_default().push(told);
        }
        let half = |afternoon| if afternoon { "下午" } else { "上午" };
        let count = self.seats.len();
        let row = |((day, afternoon), people): ((Date, bool), Vec<String>)| {
            [day.to_string(), half(afternoon).to_owned(), people.join("、")]
        };
        let roster = table(["日期", "时段", "值班领导（单位）"], rows.into_iter().map(row));
        let month = said(&self.month);
        let content = Content {
            unit: unit.to_owned(),
            column: DUTY.to_owned(),
            title: format!("行政服务中心{month}领导值班表"),
            summary: format!("{month}各单位领导到行政服务中心值班的安排，共{count}班次。"),
            formed_on: self.published_on,
            document_number: String::new(),
            sections: vec![
                section("period", format!("{month}，按工作日上午、下午安排。")),
                section("hours", rules.hours()),
                section("place", rules.place()),
                section("roster", roster),
            ],
            body: "临时换班、替班以当日大厅公示为准。".to_owned(),
            subjects: Vec::new(),
            files: Vec::new(),
        };
        Made { version: self.version, content, changes: vec![(self.version, "值班安排有调整".to_owned())] }
    }
}

impl Rules {
    fn hours(&self) -> String {
        let told = [("上午", &self.morning), ("下午", &self.afternoon)];
        let told = told.into_iter().filter(|(_, (first, _))| !first.is_empty());
        told.map(|(half, (first, last))| format!("{half}{first}至{last}")).collect::<Vec<_>>().join("，")
    }

    fn place(&self) -> String {
        if self.posts.is_empty() {
            String::new()
        } else {
            format!("行政服务中心：{}", plain(&self.posts.join("、")))
        }
    }
}

impl Circular {
    pub fn made(&self, unit: &str, title: impl Fn(&str) -> String) -> Made {
        let month = said(&self.month);
        let total = &self.total;
        let rate = percent(total.rate);
        let figures = |name: &str, tally: &Tally| {
            let Tally { required, attended, substituted, late, early, absent, excused, rate } = *tally;
            let counts = [required, attended, substituted, late, early, absent, excused].map(|count| count.to_string());
            let [required, attended, substituted, late, early, absent, excused] = counts;
            [name.to_owned(), required, attended, substituted, late, early, absent, excused, percent(rate)]
        };
        let mut rows: Vec<_> = self.units.iter().map(|(name, tally)| figures(name, tally)).collect();
        rows.push(figures("合计", total));
        let head = ["单位", "应到", "实到", "替班", "迟到", "早退", "缺勤", "准假", "出勤率"];
        let attendance = table(head, rows);
        let absences = match self.absences.as_slice() {
            [] => "本月没有缺勤人员。".to_owned(),
            absences => {
                let row = |absence: &Absence| {
                    let duties = absence.duties.to_string();
                    [absence.name.clone(), title(&absence.unit), duties, absence.measure.clone()]
                };
                table(["姓名", "单位", "缺勤班次", "处理"], absences.iter().map(row))
            }
        };
        let summary = format!(
            "{month}应到{}班次，实到{}班次，缺勤{}班次，出勤率{rate}。",
            total.required, total.attended, total.absent
        );
        let content = Content {
            unit: unit.to_owned(),
            column: CIRCULARS.to_owned(),
            title: format!("关于{month}行政服务中心领导值班情况的通报"),
            formed_on: self.issued_on,
            document_number: self.number.clone(),
            sections: vec![
                section("period", format!("{month}。")),
                section("total", plain(&summary)),
                section("attendance", attendance),
                section("absences", absences),
            ],
            summary,
            body: String::new(),
            subjects: Vec::new(),
            files: Vec::new(),
        };
        let change = if self.correction.is_empty() { "通报已更正" } else { &self.correction };
        Made { version: self.version, content, changes: vec![(self.version, change.to_owned())] }
    }
}

fn percent(rate: Option<i32>) -> String {
    rate.map_or("—".to_owned(), |rate| format!("{}.{:02}%", rate / 100, rate % 100))
}

/// `2016年3月` of `2016-03`.
fn said(month: &str) -> String {
    match month.split_once('-') {
        Some((year, month)) => format!("{year}年{}月", month.trim_start_matches('0')),
        None => month.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circular_says_the_numbers_and_what_follows() {
        let total = Tally { required: 126, attended: 125, absent: 1, rate: Some(9_920), ..Tally::default() };
        let circular = Circular {
            month: "2016-03".into(),
            version: 1,
            number: "尉政务通〔2016〕3号".into(),
            issued_on: "2016-04-07".parse().expect("a date"),
            units: vec![("县发改委".into(), total)],
            total,
            absences: vec![Absence { name: "张三".into(), unit: "012".into(), duties: 1, measure: "提醒".into() }],
            correction: String::new(),
        };
        let made = circular.made("012", |_| "县发改委".into());
        assert_eq!(made.content.title, "关于2016年3月行政服务中心领导值班情况的通报");
        assert_eq!(made.content.document_number, "尉政务通〔2016〕3号");
        assert!(made.content.sections[2].text.contains("| 县发改委 | 126 | 125 | 0 | 0 | 0 | 1 | 0 | 99.20% |"));
        assert!(made.content.sections[3].text.contains("| 张三 | 县发改委 | 1 | 提醒 |"));
        let quiet = Circular { absences: Vec::new(), ..circular }.made("012", |_| String::new());
        assert_eq!(quiet.content.sections[3].text, "本月没有缺勤人员。");
    }
}
