//! A publication as lists show it, and the pages of a list.

use kit::clock::Moment;
use proto::disclosure::v1::Summary;

use super::{
    super::words::{Both, Lang},
    sources::{Titles, id},
    way::Way,
};

pub struct Line {
    pub href: String,
    /// Text, and whether it was searched for.
    pub title: Vec<(bool, String)>,
    pub summary: Vec<(bool, String)>,
    pub unit: Both,
    pub column: Both,
    pub column_href: String,
    pub day: String,
    /// It was corrected since.
    pub corrected: bool,
    pub files: i32,
}

impl Line {
    pub fn new(of: &Summary, words: &[String], titles: &Titles, way: &Way) -> Line {
        Line {
            href: way.to(&format!("/publications/{}", id(&of.name))),
            title: marked(&of.title, words),
            summary: marked(&of.summary, words),
            unit: unit(&of.unit, titles, way.lang),
            column: column(&of.column, titles, way.lang),
            column_href: way.to(&format!("/columns/{}", of.column)),
            day: day(&of.published_at),
            corrected: of.edition > 1,
            files: of.files,
        }
    }

    pub fn all(of: &[Summary], words: &[String], titles: &Titles, way: &Way) -> Vec<Line> {
        of.iter().map(|of| Line::new(of, words, titles, way)).collect()
    }
}

/// A unit's name, or its code.
pub fn unit(code: &str, titles: &Titles, lang: Lang) -> Both {
    titles.unit(code).map_or_else(|| lang.only(code, ""), |it| lang.only(&it.display_name_zh, &it.display_name_en))
}

pub fn column(code: &str, titles: &Titles, lang: Lang) -> Both {
    titles.column(code).map_or_else(|| lang.only(code, ""), |it| lang.only(&it.title_zh, &it.title_en))
}

/// The day of a moment in Shanghai.
pub fn day(at: &Option<prost_types::Timestamp>) -> String {
    minute(at).chars().take(10).collect()
}

pub fn minute(at: &Option<prost_types::Timestamp>) -> String {
    at.as_ref().and_then(Moment::from_timestamp).map(super::super::board::shanghai_minute).unwrap_or_default()
}

/// The text, cut where words begin and end that it was found by.
fn marked(text: &str, words: &[String]) -> Vec<(bool, String)> {
    let mut parts: Vec<(bool, String)> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let found = words.iter().filter_map(|word| starts(rest, word)).max();
        let length = found.unwrap_or(first.len_utf8());
        let (part, after) = rest.split_at(length);
        match parts.last_mut() {
            Some((is, last)) if *is == found.is_some() => last.push_str(part),
            _ => parts.push((found.is_some(), part.to_owned())),
        }
        rest = after;
    }
    parts
}

/// How many bytes of the text are the word, in whatever case.
fn starts(text: &str, word: &str) -> Option<usize> {
    let head = text.get(..word.len()).filter(|_| !word.is_empty())?;
    head.eq_ignore_ascii_case(word).then_some(word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_searched_for_is_marked_and_nothing_is_lost() {
        let words = ["许可".to_owned(), "许可证".to_owned(), "pdf".to_owned()];
        let parts = marked("食品经营许可证办理 PDF 说明", &words);
        let said: Vec<_> = parts.iter().filter(|(is, _)| *is).map(|(_, text)| text.as_str()).collect();
        assert_eq!(said, ["许可证", "PDF"]);
        assert_eq!(parts.iter().map(|(_, text)| text.as_str()).collect::<String>(), "食品经营许可证办理 PDF 说明");
        assert_eq!(marked("", &words), Vec::new());
        assert_eq!(marked("<b>", &[String::new()]), [(false, "<b>".to_owned())]);
    }
}
