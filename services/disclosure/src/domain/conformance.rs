//! How far a text says what its column requires: element by element, and plainly what it does not say.

use std::{collections::HashSet, sync::LazyLock};

use serde::{Deserialize, Serialize};

use super::{
    content::Content,
    site::{Element, List},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conformance {
    pub said: u32,
    pub required: u32,
    /// Of the column, when it was checked, percent.
    pub bar: u32,
    /// Which list, and its version; 0 for the list that comes with the suite.
    pub list: String,
    pub version: u32,
    pub findings: Vec<Finding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    Missing,
    TooShort,
    Evasive,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Code of the element, and what it is called.
    pub element: String,
    pub title_zh: String,
    pub title_en: String,
    pub problem: Problem,
}

impl Conformance {
    pub fn of(content: &Content, list: &List, bar: u32) -> Conformance {
        let finding = |element: &Element| {
            Some(Finding {
                problem: problem(content, element)?,
                element: element.code.clone(),
                title_zh: element.title_zh.clone(),
                title_en: element.title_en.clone(),
            })
        };
        let findings: Vec<_> = list.elements.iter().filter_map(finding).collect();
        let required = list.elements.len() as u32;
        Conformance {
            said: required - findings.len() as u32,
            required,
            bar,
            list: list.code.clone(),
            version: list.version,
            findings,
        }
    }

    /// Said of required, percent, truncated.
    pub fn score(&self) -> u32 {
        (self.said * 100).checked_div(self.required).unwrap_or(100)
    }
}

/// What is wrong with how a content says an element, if anything is.
fn problem(content: &Content, element: &Element) -> Option<Problem> {
    let section = || content.sections.iter().find(|section| section.element == element.code);
    let text = match element.code.as_str() {
        // No content is without them.
        "formed-on" | "unit" => return None,
        "file" => return content.files.iter().all(|file| file.is_picture()).then_some(Problem::Missing),
        "picture" => return (!content.files.iter().any(|file| file.is_picture())).then_some(Problem::Missing),
        "title" => &content.title,
        "summary" => &content.summary,
        "body" => &content.body,
        "document-number" => &content.document_number,
        _ => section().map_or("", |section| &section.text),
    };
    let plain = plain(text);
    if plain.is_empty() {
        return Some(Problem::Missing);
    }
    if is_evasive(&plain, !content.files.is_empty()) {
        return Some(Problem::Evasive);
    }
    (plain.chars().count() < element.least as usize).then_some(Problem::TooShort)
}

/// Phrases that say where or that it is regulated, and not what (避重就轻).
#[derive(Deserialize)]
struct Evasions {
    /// A text of these and of fillers says nothing.
    phrases: HashSet<String>,
    /// Neither do these, where there is no file that they could mean.
    attached: HashSet<String>,
    /// Evasive as the whole text alone: with more they may be an answer.
    alone: HashSet<String>,
    /// What may stand around them.
    fillers: HashSet<String>,
}

// A test proves that it can be read.
static EVASIONS: LazyLock<Evasions> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/evasive.json")).unwrap_or_else(|_| Evasions {
        phrases: HashSet::new(),
        attached: HashSet::new(),
        alone: HashSet::new(),
        fillers: HashSet::new(),
    })
});

/// No phrase has more characters than this.
const LONGEST: usize = 16;

/// Whether a plain text is nothing but phrases that dodge. One that merely has such a phrase in it is not.
fn is_evasive(plain: &str, has_files: bool) -> bool {
    let known = &*EVASIONS;
    if known.alone.contains(plain) {
        return true;
    }
    let ends: Vec<usize> = plain.char_indices().map(|(at, _)| at).chain([plain.len()]).collect();
    // Whether the text up to each character is made of fillers (Some(false)) or has a dodge among them (Some(true)).
    let mut made: Vec<Option<bool>> = vec![None; ends.len()];
    made[0] = Some(false);
    for end in 1..ends.len() {
        for start in end.saturating_sub(LONGEST)..end {
            let Some(dodges) = made[start] else { continue };
            let piece = &plain[ends[start]..ends[end]];
            let dodge = known.phrases.contains(piece) || !has_files && known.attached.contains(piece);
            let filler = known.fillers.contains(piece) || piece.bytes().all(|b| b.is_ascii_digit());
            if dodge || filler {
                made[end] = made[end].max(Some(dodges || dodge));
            }
        }
    }
    made.last().copied().flatten() == Some(true)
}

/// A text without markup, punctuation and blanks, in half-width lower case.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // The target of a link is no text.
    while let Some(at) = rest.find("](") {
        let (before, link) = rest.split_at(at);
        out.push_str(before);
        rest = link.find(')').map_or("", |end| &link[end + 1..]);
    }
    out.push_str(rest);
    let half = |c: char| match c {
        '！'..='～' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        c => c,
    };
    out.chars().map(half).filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::{File, Section};

    fn content() -> Content {
        Content {
            unit: "012".into(),
            column: "notices".into(),
            title: "关于春节期间办事大厅开放时间的通知".into(),
            summary: String::new(),
            formed_on: "2016-02-01".parse().expect("a date"),
            document_number: String::new(),
            sections: Vec::new(),
            body: String::new(),
            subjects: Vec::new(),
            files: Vec::new(),
        }
    }

    fn file(width: u32) -> File {
        File {
            sha256: "00".into(),
            file_name: "a".into(),
            media_type: String::new(),
            size: 1,
            title: "附件".into(),
            alternative: String::new(),
            width,
            height: width,
            unread: false,
        }
    }

    fn element(code: &str, least: u32) -> Element {
        Element { code: code.into(), title_zh: code.into(), title_en: code.into(), least }
    }

    fn says(text: &str, files: Vec<File>) -> Option<Problem> {
        let section = Section { element: "procedure".into(), heading: String::new(), text: text.into() };
        problem(&Content { sections: vec![section], files, ..content() }, &element("procedure", 2))
    }

    #[test]
    fn what_only_dodges_is_evasive_however_it_is_dressed() {
        serde_json::from_str::<Evasions>(include_str!("../../data/evasive.json")).expect("reads");
        for text in [
            "按有关规定办理",
            "按照国家有关规定办理。",
            "**依法办理**",
            "　依 法 依 规 办 理　",
            "视情况而定",
            "根据实际情况确定",
            "详见附件",
            "见附件。",
            "[详见附件](http://example.com/a.pdf)",
            "具体另行通知",
            "待定",
            "无",
            "略",
            "暂无",
            "- 1．按规定执行\n- 2．另行通知",
            "请咨询窗口",
            "请到窗口咨询",
            "按规定收费",
            "ＴＢＤ",
            "以实际为准",
            "/无/",
        ] {
            assert_eq!(says(text, Vec::new()), Some(Problem::Evasive), "{text}");
        }
    }

    #[test]
    fn an_answer_is_none_though_such_a_phrase_stands_in_it() {
        for text in [
            "申请人提交材料，窗口受理后5个工作日内依法办理，并在3个工作日内送达。",
            "不收费",
            "无数量限制",
            "无犯罪记录证明",
            "依法登记的营业执照",
            "《中华人民共和国行政许可法》第十二条",
            "按《河南省定价目录》收费，每证10元",
            "尉氏县人民路1号，咨询电话0371-27991234",
            "具体日期另行通知，最迟不晚于2016年3月1日",
            "略阳县户籍居民",
        ] {
            assert_eq!(says(text, Vec::new()), None, "{text}");
        }
        assert_eq!(says("详见附件", vec![file(0)]), None, "there is one");
    }

    #[test]
    fn what_is_empty_is_missing_and_a_word_is_too_short() {
        for text in ["", "  ", "——", "![](flow.png)", "***"] {
            assert_eq!(says(text, Vec::new()), Some(Problem::Missing), "{text}");
        }
        assert_eq!(says("申", Vec::new()), Some(Problem::TooShort));
    }

    #[test]
    fn a_field_is_judged_as_a_section_is_and_a_score_is_truncated() {
        let elements = ["title", "summary", "formed-on", "unit", "body", "document-number", "file", "picture", "x"];
        let list = List {
            code: "test".into(),
            title_zh: String::new(),
            title_en: String::new(),
            version: 3,
            effective_on: None,
            basis: String::new(),
            elements: elements.map(|code| element(code, 2)).to_vec(),
        };
        let found = Conformance::of(&content(), &list, 80);
        let missing: Vec<_> = found.findings.iter().map(|finding| finding.element.as_str()).collect();
        assert_eq!(missing, ["summary", "body", "document-number", "file", "picture", "x"]);
        assert_eq!((found.said, found.required, found.score(), found.version), (3, 9, 33, 3));
        let with = Content { files: vec![file(0), file(9)], body: "正文如下".into(), ..content() };
        assert_eq!(Conformance::of(&with, &list, 80).said, 6);
    }
}
