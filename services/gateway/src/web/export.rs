//! The figures and the cases behind them as files for spreadsheets. A cell is a number or a text, and a text is never a
//! formula: XLSX says so of each cell, and in CSV, which cannot, what would begin one has an apostrophe before it.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, Uri, header},
    response::{IntoResponse, Response},
};
use kit::{
    form::Form,
    refusal::{Kind as Refused, Refusal},
};
use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::{
    Pages,
    board::{self, TABLE, open_case},
    fault,
    query::Asked,
    sign,
    step::{self, Step},
    words::{self, Lang, percent},
};
use crate::{
    ask,
    books::{Board, Row},
    domain::{
        figures::{Figure, Figures, Rate},
        label::{Kind, Label},
        scope::Scope,
    },
};

/// So many cases are in a file at most.
pub const MOST: i64 = 20_000;
/// So many are read at once, so that nobody waits for a file of somebody else.
const PAGE: u64 = 1_000;

#[derive(Clone, Debug)]
pub enum Cell {
    Text(String),
    Number(i64),
    /// A dash of nothing.
    Rate(Rate),
}

/// A title and rows; the first row names the columns.
pub struct Sheet {
    pub name: &'static str,
    pub rows: Vec<Vec<Cell>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Csv,
    Xlsx,
}

/// GET /board/export.xlsx and /board/export.csv
pub(super) async fn show_board(State(pages): State<Pages>, uri: Uri) -> Response {
    let written = async {
        let (step, board) = pages.board(&uri).await?;
        let sheets = sheets(&board, &step);
        let name = format!("{}-{}-{}", step.division, [step.unit, step.item].concat(), step.span).replace("--", "-");
        file(&uri, sheets, &name).await
    };
    written.await.unwrap_or_else(|refusal| fault::refused(&uri, &refusal))
}

/// GET /figures/cases.xlsx and /figures/cases.csv
pub(super) async fn show_cases(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let account = match pages.0.accounts.who(&headers).await {
        Ok(account) => account,
        Err(status) => return fault::failed(&uri, &status),
    };
    let written = async {
        let asked = Asked::read(&uri)?;
        let mut form = Form::new();
        let (lang, figure, scope) = (form.take(asked.lang()), form.take(asked.figure()), form.take(asked.scope()));
        let ((lang, figure), scope) = ask::read(form, lang.zip(figure).zip(scope))?;
        let Some(account) = account else { return Ok(sign::first(&uri, lang)) };
        super::of_division(&account, scope.division)?;
        let sheet = cases(&pages, &scope, figure, lang).await?;
        let name = format!("{}-{}-{}", scope.division, figure.code().to_lowercase(), scope.period.first);
        file(&uri, vec![sheet], &name).await
    };
    written.await.unwrap_or_else(|refusal| fault::refused(&uri, &refusal))
}

/// Some of them after the other, each of one snapshot.
async fn cases(pages: &Pages, scope: &Scope, figure: Figure, lang: Lang) -> Result<Sheet, Refusal> {
    let books = &pages.0.books;
    let (labels, today) = (books.labels(scope.division).await?, books.today());
    let heads = [
        ("办件编号", "Case number"),
        ("事项", "Item"),
        ("部门", "Unit"),
        ("状态", "State"),
        ("收件", "Received"),
        ("受理", "Accepted"),
        ("承诺到期", "Promised due"),
        ("法定到期", "Legal due"),
        ("办结", "Ended"),
    ];
    let mut rows = vec![heads.map(|(zh, en)| Cell::Text(lang.one(zh, en))).to_vec()];
    let (mut after, mut further) = (None, true);
    while further && rows.len() as i64 <= MOST {
        let some = books.cases(scope.clone(), figure, after, PAGE).await?;
        for case in &some.cases {
            let case = open_case(case, &labels, today, lang);
            let [promised, legal] = case.due.map(|due| due.day);
            let texts = [case.number, case.item.first, case.unit.first, case.state.first, case.received_on];
            let later = [case.accepted_on, promised, legal, case.ended_on];
            rows.push(texts.into_iter().chain(later).map(Cell::Text).collect());
        }
        after = some.cases.last().map(|case| case.number.clone());
        further = some.more && after.is_some();
    }
    rows.truncate(usize::try_from(MOST).unwrap_or(0) + 1);
    Ok(Sheet { name: "办件", rows })
}

/// What a board says: the whole, its parts, its months and weeks, and what the figures mean.
fn sheets(board: &Board, step: &Step) -> Vec<Sheet> {
    let lang = step.lang;
    let part = |name: &'static str, rows: &[Row]| {
        let rows = rows.iter().map(|row| line(&row.key, &row.label, &row.figures));
        Sheet { name, rows: [heads(lang)].into_iter().chain(rows).collect() }
    };
    let label = board.labels.of(Kind::Division, board.scope.division.as_str());
    let whole = line(board.scope.division.as_str(), &label, &board.total);
    let weeks = board.weeks.iter().map(|(monday, figures)| {
        line(&crate::domain::span::Span::week_of(*monday).to_string(), &Label::default(), figures)
    });
    let text = |texts: [String; 2]| texts.map(Cell::Text).to_vec();
    let mut about = vec![
        text([lang.one("期间", "Period"), step::period(board.scope.period)]),
        text([lang.one("数据截至", "As of"), board::shanghai_minute(board.stand.as_of)]),
        vec![Cell::Text(lang.one("受理日志第…条", "intake journal, entry")), Cell::Number(board.stand.intake_seq)],
    ];
    about.extend(Figure::ALL.into_iter().map(|figure| {
        let words = [words::figure(figure), words::meaning(figure)];
        text(words.map(|words| lang.one(words.zh, words.en)))
    }));
    vec![
        Sheet { name: "合计", rows: vec![heads(lang), whole] },
        part("各部门", &board.units),
        part("各事项", &board.items),
        part("各窗口", &board.windows),
        part("各月", &board.months),
        Sheet { name: "各周", rows: [heads(lang)].into_iter().chain(weeks).collect() },
        Sheet { name: "口径", rows: about },
    ]
}

fn heads(lang: Lang) -> Vec<Cell> {
    let figures = TABLE.map(|figure| lang.one(words::figure(figure).zh, words::figure(figure).en));
    let rates = [("办结率", "Completion"), ("承诺按时率", "On time, promised"), ("法定按时率", "On time, legal")];
    let rates = rates.map(|(zh, en)| lang.one(zh, en));
    let first = [("代码", "Code"), ("名称", "Name"), ("英文名称", "Name in English")].map(|(zh, en)| lang.one(zh, en));
    first.into_iter().chain(figures).chain(rates).map(Cell::Text).collect()
}

fn line(key: &str, label: &Label, figures: &Figures) -> Vec<Cell> {
    let texts = [key, &label.zh, &label.en].map(|text| Cell::Text(text.to_owned()));
    let numbers = TABLE.map(|figure| Cell::Number(figures.get(figure)));
    texts.into_iter().chain(numbers).chain(board::rates(figures).map(Cell::Rate)).collect()
}

/// In a thread of its own: a large file takes a moment.
async fn file(uri: &Uri, sheets: Vec<Sheet>, name: &str) -> Result<Response, Refusal> {
    let form = if uri.path().ends_with(".csv") { Written::Csv } else { Written::Xlsx };
    let written = tokio::task::spawn_blocking(move || match form {
        Written::Csv => csv(&sheets).map_err(Refusal::internal),
        Written::Xlsx => xlsx(&sheets).map_err(Refusal::internal),
    });
    let bytes = written.await.map_err(Refusal::internal)??;
    let (kind, ending) = match form {
        Written::Csv => ("text/csv; charset=utf-8", "csv"),
        Written::Xlsx => ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    };
    let named = HeaderValue::try_from(format!("attachment; filename=\"yizhan-{name}.{ending}\""));
    let named =
        named.map_err(|_| Refusal::new(Refused::Internal, "INTERNAL", "文件无法下载", "the file has no name"))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, named),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, bytes).into_response())
}

/// UTF-8 with a mark in front, by which Excel knows it; the sheets one below the other, each under its name.
pub fn csv(sheets: &[Sheet]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer("\u{feff}".as_bytes().to_vec());
    for sheet in sheets {
        if sheets.len() > 1 {
            writer.write_record([sheet.name])?;
        }
        for row in &sheet.rows {
            writer.write_record(row.iter().map(plain))?;
        }
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn plain(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => harmless(text),
        Cell::Number(n) => n.to_string(),
        Cell::Rate(rate) => percent(*rate),
    }
}

/// Text that no spreadsheet takes for a formula: an apostrophe before what would begin one, in its wide form too.
pub fn harmless(text: &str) -> String {
    const BEGINS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    let first = text.trim_start_matches([' ', '\u{3000}', '\u{feff}', '\u{a0}']);
    if text.starts_with(BEGINS) || first.starts_with(BEGINS) { format!("'{text}") } else { text.to_owned() }
}

pub fn xlsx(sheets: &[Sheet]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let (bold, number, rate) =
        (Format::new().set_bold(), Format::new().set_num_format("#,##0"), Format::new().set_num_format("0.00%"));
    for sheet in sheets {
        let page = book.add_worksheet().set_name(sheet.name)?.set_freeze_panes(1, 0)?;
        for (r, row) in (0..).zip(&sheet.rows) {
            for (c, cell) in (0..).zip(row) {
                match cell {
                    Cell::Text(text) if r == 0 => page.write_string_with_format(r, c, text, &bold)?,
                    Cell::Text(text) => page.write_string(r, c, text)?,
                    Cell::Number(n) => page.write_number_with_format(r, c, *n as f64, &number)?,
                    // Hundredths of a percent, truncated before, so that showing two digits rounds nothing up.
                    Cell::Rate(of) => match of.basis_points() {
                        Some(points) => page.write_number_with_format(r, c, f64::from(points) / 10_000.0, &rate)?,
                        None => page.write_string(r, c, "—")?,
                    },
                };
            }
        }
        page.autofit();
    }
    book.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use calamine::{Data, Reader, Xlsx};

    use super::*;

    const HOSTILE: [&str; 12] = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠x",
        " =cmd|' /C calc'!A0",
        "=HYPERLINK(\"http://evil.example\",\"户口\")",
    ];

    fn sheets() -> Vec<Sheet> {
        let texts = HOSTILE.iter().map(|text| vec![Cell::Text((*text).to_owned()), Cell::Number(-7)]);
        let rates = [(131_558, 131_565), (0, 0)].map(|(numerator, denominator)| Rate { numerator, denominator });
        vec![Sheet { name: "合计", rows: texts.chain([rates.map(Cell::Rate).to_vec()]).collect() }]
    }

    #[test]
    fn no_cell_of_a_csv_file_begins_a_formula() {
        let bytes = csv(&sheets()).expect("written");
        let text = String::from_utf8(bytes).expect("UTF-8");
        let text = text.strip_prefix('\u{feff}').expect("the mark that Excel knows it by");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let rows: Vec<_> = reader.records().map(|row| row.expect("a row")).collect();
        for (row, hostile) in rows.iter().zip(HOSTILE) {
            assert_eq!(row.get(0), Some(format!("'{hostile}").as_str()));
            // A number is no text.
            assert_eq!(row.get(1), Some("-7"));
        }
        assert_eq!(rows.last().expect("rates").iter().collect::<Vec<_>>(), ["99.99%", "—"]);
        assert_eq!(harmless("户口-迁移"), "户口-迁移");
    }

    #[test]
    fn another_reader_finds_texts_as_texts_and_numbers_as_numbers() {
        let bytes = xlsx(&sheets()).expect("written");
        let mut book: Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).expect("opens");
        let range = book.worksheet_range("合计").expect("the sheet");
        for (row, hostile) in range.rows().zip(HOSTILE) {
            assert_eq!(row[0], Data::String(hostile.to_owned()));
            assert_eq!(row[1], Data::Float(-7.0));
        }
        let rates = range.rows().next_back().expect("rates");
        assert_eq!(rates[..2], [Data::Float(0.9999), Data::String("—".into())]);
        assert!(book.worksheet_formula("合计").expect("formulas").is_empty());
    }
}
