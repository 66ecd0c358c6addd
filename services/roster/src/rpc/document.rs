//! A circular as a document to be printed and signed (Office Open XML).

use std::io::Cursor;

use calendar::shanghai_date;
use docx_rs::{AlignmentType, Docx, Paragraph, Run, RunFonts, Table, TableCell, TableRow};
use kit::refusal::Refusal;
use proto::roster::v1 as pb;

use crate::domain::circular::{Circular, Measure, State, Tally};

const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// Half-points: the sizes of official documents (GB/T 9704-2012: title 小标宋二号, text 仿宋三号), a table in 五号.
const TITLE: usize = 44;
const TEXT: usize = 32;
const SMALL: usize = 21;

pub fn render(circular: &Circular) -> Result<pb::RenderCircularResponse, Refusal> {
    let month = format!("{}年{}月", &circular.month[..4], circular.month[5..].trim_start_matches('0'));
    let title = format!("关于{month}领导班子成员值班情况的通报");
    let number = match circular.state {
        State::Issued => circular.number.clone(),
        State::Sent => "（征求意见稿）".to_owned(),
        State::Draft => "（草稿）".to_owned(),
    };
    let mut document = Docx::new()
        .default_fonts(RunFonts::new().ascii("Times New Roman").east_asia("仿宋"))
        .add_paragraph(line(&number, TEXT).align(AlignmentType::Center))
        .add_paragraph(headline(&title))
        .add_paragraph(line("各单位：", TEXT))
        .add_paragraph(line(&format!("　　{}", summary(circular, &month)), TEXT))
        .add_table(table(circular));
    if !circular.count.absences.is_empty() {
        document = document.add_paragraph(line("　　缺勤情况：", TEXT));
    }
    for absence in &circular.count.absences {
        let measure = match absence.measure() {
            Measure::Remind => "予以提醒",
            Measure::Circulate => "予以通报",
            Measure::Interview => "予以约谈",
        };
        let (name, times) = (&absence.person.name, absence.duties.len());
        let text = format!("　　{name}：本月缺勤{times}次，本年累计{}次，{measure}。", absence.in_year);
        document = document.add_paragraph(line(&text, TEXT));
    }
    if !circular.correction.is_empty() {
        let text = format!("　　本通报为第{}版，更正说明：{}", circular.edition(), circular.correction);
        document = document.add_paragraph(line(&text, TEXT));
    }
    if circular.state == State::Issued {
        let day = shanghai_date(circular.issued_at);
        let day = format!("{}年{}月{}日", day.year(), day.month(), day.day());
        document = document.add_paragraph(line(&day, TEXT).align(AlignmentType::Right));
    }
    let mut content = Cursor::new(Vec::new());
    document.build().pack(&mut content).map_err(Refusal::internal)?;
    let file_name = if circular.number.is_empty() {
        format!("通报{}.docx", circular.month)
    } else {
        format!("{}.docx", circular.number)
    };
    Ok(pb::RenderCircularResponse { file_name, media_type: MEDIA_TYPE.to_owned(), content: content.into_inner() })
}

fn summary(circular: &Circular, month: &str) -> String {
    let total = circular.count.total();
    format!(
        "{month}应值班{}次，实到{}次，出勤率{}；其中替班{}次，迟到{}次，早退{}次；缺勤{}次，准假{}次。现通报如下。",
        total.required(),
        total.attended.len(),
        rate(&total),
        total.substituted.len(),
        total.late.len(),
        total.early.len(),
        total.absent.len(),
        total.excused.len(),
    )
}

fn table(circular: &Circular) -> Table {
    let heads = ["单位", "应值班", "实到", "替班", "迟到", "早退", "缺勤", "准假", "出勤率"];
    let row = |cells: &[String]| {
        TableRow::new(cells.iter().map(|text| TableCell::new().add_paragraph(line(text, SMALL))).collect())
    };
    let mut rows = vec![row(&heads.map(str::to_owned))];
    for (_, title, tally) in &circular.count.units {
        let numbers = [
            tally.required(),
            tally.attended.len(),
            tally.substituted.len(),
            tally.late.len(),
            tally.early.len(),
            tally.absent.len(),
            tally.excused.len(),
        ];
        let mut cells = vec![title.clone()];
        cells.extend(numbers.iter().map(usize::to_string));
        cells.push(rate(tally));
        rows.push(row(&cells));
    }
    Table::new(rows).width(9_000, docx_rs::WidthType::Dxa)
}

/// As 99.99%; a dash where nothing was required.
fn rate(tally: &Tally) -> String {
    tally.rate().map_or_else(|| "—".to_owned(), |points| format!("{}.{:02}%", points / 100, points % 100))
}

fn headline(text: &str) -> Paragraph {
    let fonts = RunFonts::new().ascii("Times New Roman").east_asia("方正小标宋简体");
    Paragraph::new().add_run(Run::new().add_text(text).size(TITLE).fonts(fonts)).align(AlignmentType::Center)
}

fn line(text: &str, size: usize) -> Paragraph {
    let fonts = RunFonts::new().ascii("Times New Roman").east_asia("仿宋");
    Paragraph::new().add_run(Run::new().add_text(text).size(size).fonts(fonts))
}
