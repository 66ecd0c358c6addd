//! Columns on a screen, where a Chinese character takes two.

use unicode_width::UnicodeWidthStr;

/// The text from the left of so many columns.
pub fn left(text: &str, columns: usize) -> String {
    format!("{text}{}", blank(text, columns))
}

/// The text to the right of so many columns.
pub fn right(text: &str, columns: usize) -> String {
    format!("{}{text}", blank(text, columns))
}

/// What is missing to so many columns.
fn blank(text: &str, columns: usize) -> String {
    " ".repeat(columns.saturating_sub(text.width()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_character_takes_two_columns() {
        assert_eq!((left("受理", 6), right("受理", 6), left("ab", 1)), ("受理  ".into(), "  受理".into(), "ab".into()));
        assert_eq!(left("〔2016〕", 9), "〔2016〕 ");
    }
}
