//! Reading a request: every field has a limit, every fault is named, and all faults are told at once.

use std::ops::RangeInclusive;

use jiff::civil::Date;
use uuid::Uuid;

use crate::refusal::{Fault, Refusal};

/// Collects the faults of one request.
#[derive(Debug, Default)]
pub struct Form {
    faults: Vec<Fault>,
}

impl Form {
    pub fn new() -> Form {
        Form::default()
    }

    /// Adds a fault.
    pub fn fault(&mut self, field: &str, zh: impl Into<String>, en: impl Into<String>) {
        // A request full of faults is answered with the first hundred.
        if self.faults.len() < 100 {
            self.faults.push(Fault { field: field.to_owned(), zh: zh.into(), en: en.into() });
        }
    }

    /// Adds a fault unless `holds`.
    pub fn require(&mut self, holds: bool, field: &str, zh: &str, en: &str) {
        if !holds {
            self.fault(field, zh, en);
        }
    }

    /// A text of so many characters, without control, direction or invisible characters (line breaks and tabs are allowed).
    pub fn text(&mut self, field: &str, text: &str, length: RangeInclusive<usize>) -> String {
        // Blanks alone are no text.
        let text = text.trim();
        let count =
            if text.len() <= *length.end() { text.len().min(text.chars().count()) } else { text.chars().count() };
        if !length.contains(&count) {
            let (least, most) = length.into_inner();
            self.fault(
                field,
                format!("长度应为{least}至{most}个字符，现为{count}个"),
                format!("must have {least} to {most} characters, has {count}"),
            );
            return String::new();
        }
        if text.chars().any(is_unfit) {
            self.fault(field, "含有不允许的控制字符或不可见字符", "has control, direction or invisible characters");
            return String::new();
        }
        text.to_owned()
    }

    /// Texts, so many of them, each of so many characters.
    pub fn texts(&mut self, field: &str, texts: &[String], many: usize, length: RangeInclusive<usize>) -> Vec<String> {
        if texts.len() > many {
            self.fault(field, format!("最多{many}条"), format!("at most {many} entries"));
            return Vec::new();
        }
        texts.iter().enumerate().map(|(i, text)| self.text(&format!("{field}[{i}]"), text, length.clone())).collect()
    }

    /// A number within bounds.
    pub fn number(&mut self, field: &str, number: i64, bounds: RangeInclusive<i64>) -> i64 {
        if !bounds.contains(&number) {
            let (least, most) = bounds.into_inner();
            self.fault(field, format!("应在{least}至{most}之间"), format!("must be {least} to {most}"));
            return least;
        }
        number
    }

    /// A day, YYYY-MM-DD; None where there is none.
    pub fn date(&mut self, field: &str, text: &str) -> Option<Date> {
        if text.is_empty() {
            return None;
        }
        // The plain form only: jiff would also take times and zones.
        let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let day = text.parse::<Date>().ok().filter(|day| plain && (1900..=2200).contains(&day.year()));
        if day.is_none() {
            self.fault(field, "日期格式应为YYYY-MM-DD", "must be a date YYYY-MM-DD of the years 1900 to 2200");
        }
        day
    }

    /// Takes a reading's result, keeping its faults.
    pub fn take<T>(&mut self, reading: Result<T, Refusal>) -> Option<T> {
        match reading {
            Ok(value) => Some(value),
            Err(refusal) if refusal.faults().is_empty() => {
                self.fault("", refusal.zh(), refusal.en());
                None
            }
            Err(refusal) => {
                self.faults.extend_from_slice(refusal.faults());
                None
            }
        }
    }

    /// Ok where nothing is wrong.
    pub fn finish(self) -> Result<(), Refusal> {
        if self.faults.is_empty() { Ok(()) } else { Err(Refusal::fields(self.faults)) }
    }

    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }
}

/// A request_id (AIP-155): required, a UUID.
pub fn request_id(text: &str) -> Result<Uuid, Refusal> {
    match Uuid::try_parse(text) {
        Ok(id) if !id.is_nil() => Ok(id),
        _ => Err(Refusal::field("request_id", "必填，须为UUID", "required, a UUID")),
    }
}

/// What was read of a request, or all that is wrong with it.
pub fn finish<T>(form: Form, read: Option<T>) -> Result<T, Refusal> {
    form.finish()?;
    read.ok_or_else(|| Refusal::internal("nothing was read and nothing was wrong"))
}

/// ETAG_STALE where a given etag is not that of the present version; none leaves it to whoever comes last.
pub fn must_match(etag: &str, version: i64) -> Result<(), Refusal> {
    if etag.is_empty() || etag.parse() == Ok(version) { Ok(()) } else { Err(Refusal::stale()) }
}

/// An enum field as its generated type, known and not UNSPECIFIED.
pub fn choice<T: TryFrom<i32>>(field: &str, value: i32) -> Result<T, Refusal> {
    if value != 0
        && let Ok(known) = T::try_from(value)
    {
        return Ok(known);
    }
    Err(Refusal::field(field, "必填，且须为已知取值", "required and of the known values"))
}

/// A bare file name: no path, nothing hidden, on one line.
pub fn is_file_name(name: &str) -> bool {
    let unfit = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':');
    (1..=200).contains(&name.chars().count()) && !name.starts_with('.') && !name.contains(unfit) && !name.contains("..")
}

/// NUL and other controls, and the characters that turn text around or are not seen (ways to disguise it). The joiners
/// U+200C and U+200D pass: some scripts are written with them.
fn is_unfit(c: char) -> bool {
    const DIRECTIONS: [RangeInclusive<char>; 4] =
        ['\u{61c}'..='\u{61c}', '\u{200e}'..='\u{200f}', '\u{202a}'..='\u{202e}', '\u{2066}'..='\u{2069}'];
    const UNSEEN: [RangeInclusive<char>; 4] =
        ['\u{200b}'..='\u{200b}', '\u{2028}'..='\u{2029}', '\u{2060}'..='\u{2064}', '\u{feff}'..='\u{feff}'];
    (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        || DIRECTIONS.iter().chain(&UNSEEN).any(|some| some.contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_told_at_once_with_its_field() {
        let mut form = Form::new();
        form.text("a", "", 1..=3);
        form.text("b", "四个字符", 1..=3);
        form.text("c", "x\u{0}", 1..=3);
        form.text("d", "x\u{202e}", 1..=3);
        form.number("e", 11, 0..=10);
        let refusal = form.finish().expect_err("five faults");
        let fields: Vec<_> = refusal.faults().iter().map(|f| f.field.as_str()).collect();
        assert_eq!(fields, ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn characters_that_are_not_seen_or_turn_text_around_are_refused_anywhere_in_a_text() {
        let unfit = "\u{61c}\u{200b}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2060}\u{2061}\u{2062}\u{2063}\
                     \u{2064}\u{2066}\u{2067}\u{2068}\u{2069}\u{feff}\u{2028}\u{2029}\u{7f}\u{85}";
        for c in unfit.chars() {
            for text in [format!("李{c}某"), format!("{c}李某"), format!("李某{c}")] {
                let mut form = Form::new();
                form.text("name", &text, 0..=9);
                // Blanks at the ends are taken away, and some of these are blanks.
                assert!(!form.is_clean() || c.is_whitespace() && !text.trim().contains(c), "{c:?} in {text:?}");
            }
        }
        for fit in ["两行\n文字\t。", "\u{645}\u{6cc}\u{200c}\u{62e}", "👩\u{200d}🔧", "Ａ　Ｂ"] {
            let mut form = Form::new();
            assert_eq!(form.text("name", fit, 0..=9), fit);
            assert!(form.is_clean(), "{fit:?}");
        }
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        let mut form = Form::new();
        assert_eq!(form.text("a", "行政许可", 1..=4), "行政许可");
        assert!(form.finish().is_ok());
    }
}
