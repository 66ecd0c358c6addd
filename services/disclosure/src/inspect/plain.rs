//! Plain text and CSV: UTF-8 without control characters, and no cell that a spreadsheet would run.

use kit::refusal::Refusal;

use super::{CSV, Seen, Until, must_be_unmarked, unreadable, unsafe_file};

pub fn look(media_type: &str, bytes: &[u8], until: Until) -> Result<Seen, Refusal> {
    let text = str::from_utf8(bytes).map_err(|_| {
        unsafe_file("文本须为UTF-8编码；请另存为UTF-8后再上传", "the text is not UTF-8; save it as UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(unsafe_file("文本含有控制字符", "the text has control characters"));
    }
    must_be_unmarked(text)?;
    if media_type == CSV {
        cells(text, until)?;
    }
    Ok(Seen::default())
}

fn cells(text: &str, until: Until) -> Result<(), Refusal> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row).map_err(|_| unreadable())? {
        until.check()?;
        if row.iter().any(is_formula) {
            let at = row.position().map_or(0, |at| at.line());
            return Err(unsafe_file(
                &format!("第{at}行有以=、+、-或@开头的公式；表格软件会执行它，请改为数值或文字"),
                &format!("line {at} has a formula, which spreadsheets run; write its value instead"),
            ));
        }
        must_be_unmarked(&row.iter().collect::<Vec<_>>().join("\n"))?;
    }
    Ok(())
}

/// What a spreadsheet takes for a formula: `=…`, `@…`, and after a sign whatever names a function. Numbers, telephone
/// numbers and dashes may begin with a sign.
fn is_formula(cell: &str) -> bool {
    let cell = cell.trim();
    match cell.chars().next() {
        Some('=' | '@' | '＝' | '＠') => cell.chars().count() > 1,
        Some('+' | '-' | '＋' | '－') => {
            cell.parse::<f64>().is_err()
                && cell.contains(|c: char| c.is_ascii_alphabetic() || matches!(c, '!' | '|' | '='))
        }
        _ => false,
    }
}

/// HTML, SVG, XML and scripts, by how they begin.
pub fn is_markup(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(4_096)]).to_lowercase();
    let head = head.trim_start_matches('\u{feff}').trim_start();
    let begins = ["<!", "<?", "<html", "<svg", "<script", "<head", "<body", "#!"];
    let has = ["<!doctype", "<html", "<svg", "<script", "<iframe"];
    begins.iter().any(|mark| head.starts_with(mark)) || has.iter().any(|mark| head.contains(mark))
}
