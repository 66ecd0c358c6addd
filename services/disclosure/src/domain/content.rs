//! What a publication says.

use calendar::Date;
use kit::refusal::{Fault, Kind, Refusal};
use serde::{Deserialize, Serialize};

use super::marking::marking;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Code of the responsible unit (公开责任单位).
    pub unit: String,
    /// Code of the column.
    pub column: String,
    pub title: String,
    /// 内容概述
    pub summary: String,
    /// 生成日期: when the information was formed or, in a correction, changed.
    pub formed_on: Date,
    /// 文号; may be empty.
    pub document_number: String,
    pub sections: Vec<Section>,
    /// Markdown, after the sections.
    pub body: String,
    /// Whom it is for: codes of 服务对象.
    pub subjects: Vec<String>,
    pub files: Vec<File>,
}

/// What is said of one required element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Code of the element.
    pub element: String,
    /// Empty for the element's own title.
    pub heading: String,
    /// Markdown.
    pub text: String,
}

/// A file or picture, kept under its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// In hex.
    pub sha256: String,
    pub file_name: String,
    pub media_type: String,
    pub size: i64,
    pub title: String,
    /// 替代文字; empty for what is no picture.
    pub alternative: String,
    /// Pixels; 0 for what is no picture.
    pub width: u32,
    pub height: u32,
    /// Its text could not be read by the program.
    pub unread: bool,
}

impl File {
    pub fn is_picture(&self) -> bool {
        self.width > 0
    }
}

impl Content {
    pub fn pictures(&self) -> usize {
        self.files.iter().filter(|file| file.is_picture()).count()
    }

    /// Refuses a text that carries a secrecy marking, naming every field that does.
    pub fn unmarked(&self) -> Result<(), Refusal> {
        let fields = [("title", &self.title), ("summary", &self.summary), ("document_number", &self.document_number)];
        let fields = fields.map(|(field, text)| (format!("content.{field}"), text.as_str()));
        let sections = self.sections.iter().enumerate().flat_map(|(i, section)| {
            let of = |field: &str| format!("content.sections[{i}].{field}");
            [(of("heading"), section.heading.as_str()), (of("text"), section.text.as_str())]
        });
        let body = [("content.body".to_owned(), self.body.as_str())];
        unmarked(fields.into_iter().chain(sections).chain(body))
    }
}

impl File {
    /// As [`Content::unmarked`], of what a file is called and said to show.
    pub fn unmarked(&self) -> Result<(), Refusal> {
        let fields = [("file_name", &self.file_name), ("title", &self.title), ("alternative", &self.alternative)];
        unmarked(fields.map(|(field, text)| (format!("header.{field}"), text.as_str())))
    }
}

/// Refuses texts that carry a secrecy marking, with the field and the marking of each.
pub fn unmarked<'a>(texts: impl IntoIterator<Item = (String, &'a str)>) -> Result<(), Refusal> {
    let fault = |(field, text): (String, &str)| {
        let found = marking(text)?;
        Some(Fault {
            field, zh: format!("含有密级标志“{found}”"), en: format!("carries the marking {found}")
        })
    };
    let faults: Vec<_> = texts.into_iter().filter_map(fault).collect();
    if faults.is_empty() { Ok(()) } else { Err(marked(faults)) }
}

/// SECRECY_MARKING: what carries a marking never enters the system.
pub fn marked(faults: Vec<Fault>) -> Refusal {
    let places: Vec<_> = faults.iter().take(5).map(|fault| fault.field.as_str()).collect();
    let (zh, en) = (
        format!("含有密级标志，涉密信息不得录入本系统：{}", places.join("、")),
        format!("carries a secrecy marking, which never enters this system: {}", places.join(", ")),
    );
    Refusal::new(Kind::Invalid, "SECRECY_MARKING", zh, en).with(faults)
}
