//! Items (JSON, an array of objects), read and checked as far as that can be done here.

use std::collections::{HashMap, HashSet};

use proto::intake::v1 as pb;
use serde::Deserialize;

use super::{Source, fault::Faults, place};

/// The items of a file, each with where it begins in the text.
#[derive(Clone, Debug, Default)]
pub struct Items {
    pub file: String,
    pub text: String,
    pub items: Vec<(usize, pb::Item)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    code: String,
    name_zh: String,
    #[serde(default)]
    name_en: String,
    unit: String,
    kind: String,
    level: String,
    #[serde(default)]
    basic_code: String,
    #[serde(default)]
    implementation_code: String,
    #[serde(default)]
    legal_basis: Vec<String>,
    #[serde(default)]
    subjects: Vec<String>,
    handling: String,
    legal_limit_days: i32,
    promised_limit_days: i32,
    #[serde(default)]
    joint: bool,
    #[serde(default)]
    extension_days: i32,
    #[serde(default)]
    supplement_days: i32,
    #[serde(default)]
    conditions: Vec<String>,
    #[serde(default)]
    materials: Vec<Material>,
    #[serde(default)]
    steps: Vec<String>,
    #[serde(default)]
    fee_fen: i64,
    #[serde(default)]
    fee_basis: String,
    #[serde(default)]
    result_document: String,
    #[serde(default)]
    result_validity_days: i32,
    #[serde(default)]
    place: String,
    #[serde(default)]
    open_hours: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    supervision_phone: String,
    #[serde(default)]
    special_procedures: Vec<String>,
    #[serde(default)]
    faq: Vec<Faq>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Material {
    code: String,
    name: String,
    #[serde(default)]
    originals: i32,
    #[serde(default)]
    copies: i32,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    issuer: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Faq {
    q: String,
    a: String,
}

/// Reads every item; one that is wrong hides no fault of another.
pub fn items(source: &Source<'_>, parent: &str, faults: &mut Faults) -> Items {
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(source.text);
    let mut items = Items { file: source.file.to_owned(), text: text.to_owned(), items: Vec::new() };
    if let Err(error) = serde_json::from_str::<Vec<serde::de::IgnoredAny>>(text) {
        faults.add(source.file, error.line(), "", "不是JSON数组", error.to_string());
        return items;
    }
    let mut codes = HashMap::new();
    for (i, range) in place::elements(text).into_iter().enumerate() {
        let first = place::line(text, &format!("[{i}]"));
        let row: Row = match serde_json::from_str(&text[range]) {
            Ok(row) => row,
            Err(error) => {
                // serde_json counts lines from the element's own first line, and says them in its words, too.
                let said = error.to_string();
                let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said);
                faults.add(source.file, first + error.line().saturating_sub(1), "", "格式有误", said);
                continue;
            }
        };
        let mut check = Check { file: source.file, text, index: i, faults };
        if let Some(line) = codes.insert(row.code.clone(), first) {
            check.fault("code", format!("与第{line}行重复"), format!("stands twice, first in line {line}"));
        }
        let item = check.item(row, parent);
        items.items.push((i, item));
    }
    items
}

impl Items {
    /// The line of a field of the contract, `item.text.materials[2].code`, in the item at `index`; and its name here.
    pub fn place(&self, index: usize, field: &str) -> (usize, String) {
        let field = field.strip_prefix("item.").unwrap_or(field);
        let field = field.strip_prefix("text.").unwrap_or(field);
        let field = match field {
            "name" => "code".to_owned(),
            field => field.replace("title_zh", "name_zh").replace("title_en", "name_en").replace(".title", ".name"),
        };
        let field = field.replace(".question", ".q").replace(".answer", ".a");
        (place::line(&self.text, &format!("[{index}].{field}")), field)
    }
}

struct Check<'a> {
    file: &'a str,
    text: &'a str,
    index: usize,
    faults: &'a mut Faults,
}

impl Check<'_> {
    fn item(&mut self, row: Row, parent: &str) -> pb::Item {
        let is_code = |c: char| c.is_ascii_alphanumeric() || c == '-';
        self.require(
            (1..=40).contains(&row.code.len()) && row.code.chars().all(is_code),
            "code",
            "应为1至40位字母、数字或连字符",
            "must be 1 to 40 letters, digits or hyphens",
        );
        self.require(
            (1..=200).contains(&row.name_zh.trim().chars().count()),
            "name_zh",
            "应为1至200个字符",
            "must have 1 to 200 characters",
        );
        self.require(!row.unit.is_empty(), "unit", "必填", "required");
        self.require(
            (1..=250).contains(&row.legal_limit_days),
            "legal_limit_days",
            "应在1至250之间",
            "must be 1 to 250",
        );
        self.require(
            (0..=row.legal_limit_days.max(0)).contains(&row.promised_limit_days),
            "promised_limit_days",
            "应在0与法定时限之间",
            "must be 0 to the legal limit",
        );
        self.require(row.fee_fen >= 0, "fee_fen", "不能为负数", "must not be negative");
        self.require(
            row.fee_fen <= 0 || !row.fee_basis.trim().is_empty(),
            "fee_basis",
            "收费须有依据（行政许可法第五十八条）",
            "a fee needs its basis (行政许可法 art. 58)",
        );
        self.materials(&row.materials);

        let kind = row.kind.strip_prefix("ADMINISTRATIVE_").unwrap_or(&row.kind);
        let kind = self.word("kind", kind, pb::ItemKind::from_str_name(&format!("ITEM_KIND_{kind}")).map(Into::into));
        let level = pb::Level::from_str_name(&format!("LEVEL_{}", row.level)).map(Into::into);
        let handling = pb::Handling::from_str_name(&format!("HANDLING_{}", row.handling)).map(Into::into);
        let subject = |word: &str| pb::Subject::from_str_name(&format!("SUBJECT_{word}")).map(Into::into);
        let cause =
            |word: &str| pb::SuspensionCause::from_str_name(&format!("SUSPENSION_CAUSE_{word}")).map(Into::into);
        let material = |m: Material| pb::Material {
            code: m.code,
            title: trim(m.name),
            originals: m.originals,
            copies: m.copies,
            required: m.required,
            issuer: trim(m.issuer),
        };
        let text = pb::ItemText {
            title_zh: trim(row.name_zh),
            title_en: trim(row.name_en),
            kind,
            level: self.word("level", &row.level, level),
            basic_code: row.basic_code,
            implementation_code: row.implementation_code,
            legal_basis: trim_all(row.legal_basis),
            unit: format!("{parent}/units/{}", row.unit),
            subjects: self.words("subjects", &row.subjects, subject),
            handling: self.word("handling", &row.handling, handling),
            legal_limit_days: row.legal_limit_days,
            promised_limit_days: row.promised_limit_days,
            joint: row.joint,
            extension_days: row.extension_days,
            supplement_days: row.supplement_days,
            conditions: trim_all(row.conditions),
            materials: row.materials.into_iter().map(material).collect(),
            steps: trim_all(row.steps),
            fee_fen: row.fee_fen,
            fee_basis: trim(row.fee_basis),
            result_document: trim(row.result_document),
            result_validity_days: row.result_validity_days,
            place: trim(row.place),
            open_hours: trim(row.open_hours),
            phone: trim(row.phone),
            supervision_phone: trim(row.supervision_phone),
            special_procedures: self.words("special_procedures", &row.special_procedures, cause),
            faq: row.faq.into_iter().map(|faq| pb::Faq { question: trim(faq.q), answer: trim(faq.a) }).collect(),
        };
        pb::Item { name: format!("{parent}/items/{}", row.code), text: Some(text), ..Default::default() }
    }

    fn materials(&mut self, materials: &[Material]) {
        let mut codes = HashSet::new();
        for (i, material) in materials.iter().enumerate() {
            let at = |field: &str| format!("materials[{i}].{field}");
            self.require(codes.insert(&material.code), &at("code"), "材料代码重复", "stands twice");
            for (field, count) in [("originals", material.originals), ("copies", material.copies)] {
                self.require((0..=20).contains(&count), &at(field), "应在0至20之间", "must be 0 to 20");
            }
            let some = material.originals.saturating_add(material.copies) > 0;
            self.require(some, &at("originals"), "原件和复印件合计至少1份", "originals and copies together at least 1");
        }
    }

    fn word(&mut self, field: &str, word: &str, known: Option<i32>) -> i32 {
        match known {
            Some(value) if value != 0 => value,
            _ => {
                self.fault(
                    field,
                    format!("没有“{word}”这个取值"),
                    format!("\"{word}\" is not one of the known values"),
                );
                0
            }
        }
    }

    fn words(&mut self, field: &str, words: &[String], read: impl Fn(&str) -> Option<i32>) -> Vec<i32> {
        words.iter().enumerate().map(|(i, word)| self.word(&format!("{field}[{i}]"), word, read(word))).collect()
    }

    fn require(&mut self, holds: bool, field: &str, zh: &str, en: &str) {
        if !holds {
            self.fault(field, zh, en);
        }
    }

    fn fault(&mut self, field: &str, zh: impl Into<String>, en: impl Into<String>) {
        let line = place::line(self.text, &format!("[{}].{field}", self.index));
        self.faults.add(self.file, line, field, zh, en);
    }
}

/// The service trims texts; so they compare alike.
fn trim(text: String) -> String {
    text.trim().to_owned()
}

fn trim_all(texts: Vec<String>) -> Vec<String> {
    texts.into_iter().map(trim).collect()
}
