//! Tables (CSV, UTF-8, with a heading line) of units, windows and people.

use csv::{ReaderBuilder, StringRecord, Trim};
use proto::directory::v1 as pb;

use super::{Source, fault::Faults};

/// The rows of a table, each with its line.
#[derive(Clone, Debug, Default)]
pub struct Table<T> {
    pub file: String,
    pub rows: Vec<(usize, T)>,
}

impl<T: Clone> Table<T> {
    pub fn values(&self) -> Vec<T> {
        self.rows.iter().map(|(_, row)| row.clone()).collect()
    }
}

pub fn units(source: &Source<'_>, parent: &str, faults: &mut Faults) -> Table<pb::Unit> {
    let columns = Columns {
        required: &["code", "name_zh", "kind"],
        optional: &[
            "name_en",
            "short_zh",
            "uscc",
            "phone",
            "supervision_phone",
            "address",
            "reconsideration_body",
            "court",
        ],
    };
    read(source, &columns, faults, |row| pb::Unit {
        name: format!("{parent}/units/{}", row.text("code")),
        display_name_zh: row.text("name_zh"),
        display_name_en: row.text("name_en"),
        short_name_zh: row.text("short_zh"),
        kind: row.word("kind", "UNIT_KIND_", &["AUTHORITY", "EMPOWERED", "ENTRUSTED", "OTHER"], |name| {
            pb::UnitKind::from_str_name(name).map(Into::into)
        }),
        uscc: row.text("uscc"),
        phone: row.text("phone"),
        supervision_phone: row.text("supervision_phone"),
        address: row.text("address"),
        reconsideration_body: row.text("reconsideration_body"),
        court: row.text("court"),
        ..Default::default()
    })
}

pub fn windows(source: &Source<'_>, parent: &str, faults: &mut Faults) -> Table<pb::Window> {
    let columns =
        Columns { required: &["code", "name_zh", "accepts", "issues"], optional: &["name_en", "unit", "floor"] };
    read(source, &columns, faults, |row| pb::Window {
        name: format!("{parent}/windows/{}", row.text("code")),
        display_name_zh: row.text("name_zh"),
        display_name_en: row.text("name_en"),
        unit: row.reference("unit", parent, "units"),
        accepts: row.flag("accepts"),
        issues: row.flag("issues"),
        floor: row.text("floor"),
        ..Default::default()
    })
}

pub fn people(source: &Source<'_>, parent: &str, faults: &mut Faults) -> Table<pb::Person> {
    let columns = Columns { required: &["code", "name", "rank"], optional: &["unit", "title", "window", "phone"] };
    let ranks = ["HEAD", "DEPUTY", "PARTY_MEMBER", "STAFF", "GOVERNMENT_HEAD"];
    read(source, &columns, faults, |row| pb::Person {
        name: format!("{parent}/people/{}", row.text("code")),
        display_name: row.text("name"),
        unit: row.reference("unit", parent, "units"),
        rank: row.word("rank", "RANK_", &ranks, |name| pb::Rank::from_str_name(name).map(Into::into)),
        title: row.text("title"),
        window: row.reference("window", parent, "windows"),
        phone: row.text("phone"),
        ..Default::default()
    })
}

/// The column that a field of the contract comes from.
pub fn column(field: &str) -> &str {
    match field {
        "name" => "code",
        "display_name" => "name",
        "display_name_zh" => "name_zh",
        "display_name_en" => "name_en",
        "short_name_zh" => "short_zh",
        other => other,
    }
}

struct Columns {
    required: &'static [&'static str],
    optional: &'static [&'static str],
}

struct Row<'a> {
    file: &'a str,
    line: usize,
    headings: &'a [String],
    cells: &'a StringRecord,
    faults: &'a mut Faults,
}

impl Row<'_> {
    fn cell(&self, column: &str) -> &str {
        let at = self.headings.iter().position(|heading| heading == column);
        at.and_then(|at| self.cells.get(at)).unwrap_or_default()
    }

    fn text(&self, column: &str) -> String {
        self.cell(column).to_owned()
    }

    /// The name of a unit or window; empty where the cell is.
    fn reference(&self, column: &str, parent: &str, collection: &str) -> String {
        let code = self.cell(column);
        if code.is_empty() { String::new() } else { format!("{parent}/{collection}/{code}") }
    }

    fn flag(&mut self, column: &str) -> bool {
        let flag = match self.cell(column) {
            "true" | "是" => Some(true),
            "false" | "否" => Some(false),
            _ => None,
        };
        flag.unwrap_or_else(|| {
            self.fault(column, "应为 true 或 false", "must be true or false");
            false
        })
    }

    fn word(&mut self, column: &str, prefix: &str, words: &[&str], read: impl Fn(&str) -> Option<i32>) -> i32 {
        let word = self.text(column);
        let known = if words.contains(&word.as_str()) { read(&format!("{prefix}{word}")) } else { None };
        known.unwrap_or_else(|| {
            let words = words.join(", ");
            self.fault(
                column,
                &format!("应为 {words} 之一，现为“{word}”"),
                &format!("must be one of {words}, is \"{word}\""),
            );
            0
        })
    }

    fn fault(&mut self, column: &str, zh: &str, en: &str) {
        self.faults.add(self.file, self.line, column, zh, en);
    }
}

fn read<T>(source: &Source<'_>, columns: &Columns, faults: &mut Faults, make: impl Fn(&mut Row<'_>) -> T) -> Table<T> {
    let mut table = Table { file: source.file.to_owned(), rows: Vec::new() };
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(source.text);
    let mut reader = ReaderBuilder::new().flexible(true).trim(Trim::All).from_reader(text.as_bytes());
    let Ok(headings) = reader.headers() else { return table };
    let headings: Vec<String> = headings.iter().map(str::to_owned).collect();
    if !check(source.file, &headings, columns, faults) {
        return table;
    }
    for record in reader.records() {
        let cells = match record {
            Ok(cells) => cells,
            Err(error) => {
                let line = error.position().map_or(0, |at| line(text, at));
                faults.add(source.file, line, "", "无法读取", error.to_string());
                continue;
            }
        };
        let line = cells.position().map_or(0, |at| line(text, at));
        if cells.len() != headings.len() {
            let (wanted, found) = (headings.len(), cells.len());
            let (zh, en) = (format!("应有{wanted}列，现有{found}列"), format!("must have {wanted} cells, has {found}"));
            faults.add(source.file, line, "", zh, en);
            continue;
        }
        let row = &mut Row { file: source.file, line, headings: &headings, cells: &cells, faults };
        if row.cell("code").is_empty() {
            row.fault("code", "必填", "required");
        }
        table.rows.push((line, make(row)));
    }
    table
}

/// The line where a record begins; its position is before the empty lines that were passed over.
fn line(text: &str, at: &csv::Position) -> usize {
    let rest = text.as_bytes().get(at.byte() as usize..).unwrap_or_default();
    let empty = rest.iter().take_while(|b| matches!(b, b'\r' | b'\n')).filter(|b| **b == b'\n').count();
    at.line() as usize + empty
}

/// Whether the headings are those of the table; where they are not, its rows say nothing.
fn check(file: &str, headings: &[String], columns: &Columns, faults: &mut Faults) -> bool {
    let before = faults.count();
    for column in columns.required.iter().filter(|column| !headings.iter().any(|heading| heading == *column)) {
        faults.add(file, 1, column, "缺少此列", "the column is missing");
    }
    for (at, heading) in headings.iter().enumerate() {
        if !columns.required.iter().chain(columns.optional).any(|column| column == heading) {
            let known = [columns.required, columns.optional].concat().join(", ");
            let (zh, en) = (format!("没有此列，可用：{known}"), format!("there is no such column; there are {known}"));
            faults.add(file, 1, heading, zh, en);
        } else if headings[..at].contains(heading) {
            faults.add(file, 1, heading, "此列重复", "the column stands twice");
        }
    }
    faults.count() == before
}
