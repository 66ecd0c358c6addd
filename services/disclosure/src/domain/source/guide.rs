//! The guide of an item (办事指南): what the window does, from the same revision.

use calendar::Date;
use serde::{Deserialize, Serialize};

use super::{
    Content, GUIDES, Made, Says, cut,
    markdown::{numbered, plain, table},
    section,
};

/// An item with its revisions, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guide {
    pub code: String,
    pub revisions: Vec<Revision>,
    pub retired: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    pub number: i32,
    pub effective_on: Date,
    pub text: Text,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    pub title: String,
    /// Code of the unit.
    pub unit: String,
    pub kind: String,
    pub implementation_code: String,
    pub basis: Vec<String>,
    /// Codes and names of 服务对象.
    pub subjects: Vec<(String, String)>,
    pub instant: bool,
    /// Working days.
    pub legal_limit: i32,
    pub promised_limit: i32,
    pub extension: i32,
    pub supplement: i32,
    pub conditions: Vec<String>,
    pub materials: Vec<Material>,
    pub steps: Vec<String>,
    pub fee_fen: i64,
    pub fee_basis: String,
    pub result: String,
    /// Days; 0 for no end.
    pub validity: i32,
    pub place: String,
    pub hours: String,
    pub phone: String,
    pub supervision_phone: String,
    /// What may stop the clock.
    pub procedures: Vec<String>,
    pub faq: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Material {
    pub title: String,
    pub originals: i32,
    pub copies: i32,
    pub required: bool,
    pub issuer: String,
}

impl Guide {
    /// The revision in force on a day, as the window has it: of two of one day the later one.
    pub fn on(&self, day: Date) -> Option<&Revision> {
        self.revisions.iter().rev().find(|revision| revision.effective_on <= day)
    }

    /// The next day on which another revision takes force.
    pub fn next_after(&self, day: Date) -> Option<Date> {
        if self.retired {
            return None;
        }
        self.revisions.iter().map(|revision| revision.effective_on).filter(|from| *from > day).min()
    }

    /// Learns a revision; what came before the one in force on its day is kept to say what changed.
    pub fn learn(&mut self, revision: Revision) {
        self.revisions.retain(|there| there.number != revision.number);
        self.revisions.push(revision);
        self.revisions.sort_by_key(|revision| revision.number);
    }

    /// What the public is to read on a day.
    pub fn says(&self, today: Date, unit: &str) -> Says {
        if self.retired {
            return Says::Gone("该事项已取消，不再受理新的申请。".to_owned());
        }
        let Some(revision) = self.on(today) else { return Says::Nothing };
        let pairs = self.revisions.windows(2);
        let changed = pairs.filter_map(|pair| match pair {
            [before, after] if after.number <= revision.number => Some((i64::from(after.number), after.change(before))),
            _ => None,
        });
        let mut changes: Vec<_> = changed.collect();
        changes.reverse();
        let made = Made { version: revision.number.into(), content: revision.content(unit), changes };
        Says::This(Box::new(made))
    }
}

impl Revision {
    /// What is different from the revision before it.
    fn change(&self, before: &Revision) -> String {
        let (new, old) = (&self.text, &before.text);
        let parts = [
            ("事项名称", new.title != old.title),
            ("设定依据", new.basis != old.basis),
            ("受理条件", new.conditions != old.conditions),
            ("申请材料", new.materials != old.materials),
            ("办理流程", new.steps != old.steps),
            ("办结时限", (new.legal_limit, new.promised_limit) != (old.legal_limit, old.promised_limit)),
            ("收费", (new.fee_fen, &new.fee_basis) != (old.fee_fen, &old.fee_basis)),
            ("办理地点和时间", (&new.place, &new.hours) != (&old.place, &old.hours)),
            ("咨询和监督电话", (&new.phone, &new.supervision_phone) != (&old.phone, &old.supervision_phone)),
            ("办理结果", (&new.result, new.validity) != (&old.result, old.validity)),
            ("常见问题", new.faq != old.faq),
        ];
        let changed: Vec<_> = parts.iter().filter(|(_, changed)| *changed).map(|(name, _)| *name).collect();
        let what = if changed.is_empty() { "其他内容".to_owned() } else { changed.join("、") };
        format!("事项清单第{}版自{}起施行，{what}有变化", self.number, self.effective_on)
    }

    fn content(&self, unit: &str) -> Content {
        let text = &self.text;
        let sections = vec![
            section("basis", numbered(&text.basis)),
            section("conditions", numbered(&text.conditions)),
            section("materials", text.materials()),
            section("procedure", numbered(&text.steps)),
            section("limit", text.limit()),
            section("fee", text.fee()),
            section("result", text.result()),
            section("place", plain(&text.place)),
            section("hours", plain(&text.hours)),
            section("phone", text.phones()),
        ];
        let limit = if text.instant { "即办".to_owned() } else { format!("{}个工作日", text.promised_limit) };
        Content {
            unit: text.unit.clone(),
            column: GUIDES.to_owned(),
            title: format!("{}办事指南", cut(text.title.clone(), 190)),
            summary: format!(
                "{unit}“{}”的受理条件、申请材料、办理流程、时限、收费和办理地点，承诺办结时限{limit}。",
                cut(text.title.clone(), 190)
            ),
            formed_on: self.effective_on,
            document_number: String::new(),
            sections,
            body: text.rest(unit),
            subjects: text.subjects.iter().map(|(code, _)| code.clone()).collect(),
            files: Vec::new(),
        }
    }
}

impl Text {
    fn materials(&self) -> String {
        if self.materials.is_empty() {
            return "申请人无需提交申请材料。".to_owned();
        }
        let count = |count: i32| if count == 0 { "不需要".to_owned() } else { format!("{count}份") };
        let row = |(number, material): (usize, &Material)| {
            let required = if material.required { "必备" } else { "视情形提交" };
            let issuer = if material.issuer.is_empty() { "申请人" } else { &material.issuer };
            [
                (number + 1).to_string(),
                material.title.clone(),
                count(material.originals),
                count(material.copies),
                required.to_owned(),
                issuer.to_owned(),
            ]
        };
        table(
            ["序号", "材料名称", "原件", "复印件", "是否必备", "出具机构"],
            self.materials.iter().enumerate().map(row),
        )
    }

    fn limit(&self) -> String {
        let promised = match (self.instant, self.promised_limit) {
            (true, _) => "即办件，材料齐全的当场办结".to_owned(),
            (false, 0) => "当日办结".to_owned(),
            (false, days) => format!("{days}个工作日"),
        };
        let mut lines = vec![
            format!("法定办结时限：{}个工作日（自受理之次日起计算）。", self.legal_limit),
            format!("承诺办结时限：{promised}。"),
        ];
        if self.supplement > 0 {
            lines.push(format!("材料需要补正的，一次告知，补正期限{}个工作日。", self.supplement));
        }
        if !self.procedures.is_empty() {
            lines.push(format!("依法需要{}的，所需时间不计入办结时限。", self.procedures.join("、")));
        }
        lines.join("\n\n")
    }

    fn fee(&self) -> String {
        if self.fee_fen == 0 {
            return "不收费，申请人不需要缴纳任何费用。".to_owned();
        }
        let yuan = format!("{}.{:02}", self.fee_fen / 100, self.fee_fen % 100);
        format!("收费标准：{yuan}元。\n\n收费依据：{}", plain(&self.fee_basis))
    }

    fn result(&self) -> String {
        let name = plain(&self.result);
        let validity = match self.validity {
            _ if name.is_empty() => return String::new(),
            0 => "长期有效".to_owned(),
            days => format!("有效期{days}天"),
        };
        format!("办理结果：{name}，{validity}。")
    }

    fn phones(&self) -> String {
        let known = |label: &str, phone: &str| (!phone.is_empty()).then(|| format!("{label}：{}", plain(phone)));
        let phones = [known("咨询电话", &self.phone), known("监督电话", &self.supervision_phone)];
        phones.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
    }

    /// What stands after the sections.
    fn rest(&self, unit: &str) -> String {
        let subjects: Vec<_> = self.subjects.iter().map(|(_, name)| name.as_str()).collect();
        let facts = [
            ("实施主体", unit.to_owned()),
            ("事项类型", self.kind.clone()),
            ("实施编码", self.implementation_code.clone()),
            ("服务对象", subjects.join("、")),
            ("办件类型", if self.instant { "即办件" } else { "承诺件" }.to_owned()),
        ];
        let told = facts.into_iter().filter(|(_, value)| !value.is_empty());
        let mut out =
            format!("## 基本信息\n\n{}", table(["项目", "内容"], told.map(|(name, value)| [name.to_owned(), value])));
        if !self.faq.is_empty() {
            out.push_str("\n## 常见问题\n");
            for (question, answer) in &self.faq {
                out.push_str(&format!("\n**{}**\n\n{}\n", plain(question), plain(answer)));
            }
        }
        out
    }
}
