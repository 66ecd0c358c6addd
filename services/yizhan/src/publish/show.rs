//! Answers for people: Chinese first, English beside.

use std::io::{self, Write};

use proto::disclosure::v1 as pb;

pub use crate::roster::show::each;
use crate::{columns::left, name::last, time};

pub fn publication(out: &mut impl Write, publication: &pb::Publication) -> io::Result<()> {
    line(out, "编号 · id", last(&publication.name))?;
    line(out, "索引号 · index", &publication.index_number)?;
    line(out, "状态 · standing", &pair(standing(publication.standing())))?;
    if !publication.source.is_empty() {
        line(out, "来源 · source", &publication.source)?;
    }
    if let Some(withdrawal) = &publication.withdrawal {
        let at = time(withdrawal.withdrawn_at.as_ref());
        line(out, "撤回 · withdrawn", &format!("{at}  {}", withdrawal.reason))?;
    }
    if let Some(review) = &publication.withheld {
        line(out, "不予公开 · withheld", &review.reason)?;
    }
    if let Some(draft) = &publication.draft {
        self::draft(out, draft)?;
    }
    if let Some(edition) = &publication.edition {
        self::edition(out, edition)?;
    }
    publication.before.iter().rev().try_for_each(|edition| self::edition(out, edition))
}

fn draft(out: &mut impl Write, draft: &pb::Draft) -> io::Result<()> {
    line(out, "草稿 · draft", &pair(state(draft.state())))?;
    line(out, "作者 · author", last(&draft.author))?;
    line(out, "期限 · due", &format!("{}  {}", or_none(&draft.due_on), pair(signal(draft.signal()))))?;
    if !draft.correction.is_empty() {
        line(out, "更正 · correction", &draft.correction)?;
    }
    if !draft.returned_reason.is_empty() {
        line(out, "退回 · returned", &format!("{}  {}", last(&draft.returned_by), draft.returned_reason))?;
    }
    if let Some(found) = &draft.conformance {
        conformance(out, found)?;
    }
    if let Some(review) = &draft.review {
        line(out, "审查 · review", &format!("{}  {}", pair(disposal(review.disposal())), last(&review.reviewer)))?;
    }
    draft.content.as_ref().map_or(Ok(()), |said| content(out, said))
}

fn edition(out: &mut impl Write, edition: &pb::Edition) -> io::Result<()> {
    let at = time(edition.published_at.as_ref());
    let timely = if edition.on_time { "按时 · on time" } else { "逾期 · late" };
    line(out, &format!("第{0}版 · edition {0}", edition.number), &format!("{at}  {timely}"))?;
    if !edition.correction.is_empty() {
        line(out, "更正 · correction", &edition.correction)?;
    }
    if !edition.below_bar_reason.is_empty() {
        line(out, "要素不全 · below the bar", &edition.below_bar_reason)?;
    }
    for omission in &edition.omissions {
        line(out, "未公开 · left out", &format!("{}：{}", omission.what, omission.reason))?;
    }
    if let Some(found) = &edition.conformance {
        conformance(out, found)?;
    }
    edition.content.as_ref().map_or(Ok(()), |said| content(out, said))
}

fn conformance(out: &mut impl Write, found: &pb::Conformance) -> io::Result<()> {
    let (said, required, bar) = (found.said, found.required, found.bar);
    line(out, "要素 · elements", &format!("{}%  {said}/{required}  合格线 · bar {bar}%", found.score))?;
    let told = |finding: &pb::Finding| {
        writeln!(out, "  {} · {} [{}]", finding.message_zh, finding.message_en, finding.element)
    };
    found.findings.iter().try_for_each(told)
}

fn content(out: &mut impl Write, content: &pb::Content) -> io::Result<()> {
    line(out, "标题 · title", &content.title)?;
    line(out, "单位、栏目 · unit, column", &format!("{}  {}", last(&content.unit), last(&content.column)))?;
    line(out, "生成 · formed", &content.formed_on)?;
    if !content.document_number.is_empty() {
        line(out, "文号 · number", &content.document_number)?;
    }
    line(out, "概述 · summary", &content.summary)?;
    for section in &content.sections {
        writeln!(out, "\n## {} {{#{}}}\n\n{}", section.heading, section.element, section.text)?;
    }
    if !content.body.is_empty() {
        writeln!(out, "\n{}", content.body)?;
    }
    content.files.iter().try_for_each(|there| file(out, there))
}

pub fn file(out: &mut impl Write, file: &pb::File) -> io::Result<()> {
    let unread = if file.unread { "  须人工查看 · to be looked at" } else { "" };
    writeln!(out, "  {}  {}  {} B  {}{unread}", last(&file.name), file.file_name, file.size_bytes, file.title)
}

pub fn entry(out: &mut impl Write, entry: &pb::InboxEntry) -> io::Result<()> {
    let Some(publication) = &entry.publication else { return Ok(()) };
    let content = publication.draft.as_ref().and_then(|draft| draft.content.as_ref());
    let title = content.map_or("", |content| content.title.as_str());
    let (due, action) = (or_none(&entry.due_on), pair(self::action(entry.action())));
    writeln!(out, "{}  {due}  {}  {action}  {title}", last(&publication.name), pair(signal(entry.signal())))
}

/// Each on its own line, and what was searched for.
pub fn list(out: &mut impl Write, found: &[pb::Summary], words: &[String]) -> io::Result<()> {
    if !words.is_empty() {
        line(out, "检索词 · words", &words.join(" "))?;
    }
    each(out, found, |out, summary| {
        let (at, unit, column) = (time(summary.published_at.as_ref()), &summary.unit, &summary.column);
        let corrected =
            if summary.edition > 1 { format!("  第{0}版 · edition {0}", summary.edition) } else { String::new() };
        writeln!(out, "{}  {at}  {unit}  {column}  {}{corrected}", last(&summary.name), summary.title)
    })
}

pub fn column(out: &mut impl Write, column: &pb::Column) -> io::Result<()> {
    let retired = if column.retired { "  已停用 · retired" } else { "" };
    let standing = match &column.standing_review {
        Some(review) => format!("  分类审查 · standing review {}", review.document_number),
        None => String::new(),
    };
    writeln!(
        out,
        "{}{}{} 期限{}工作日 · working days  合格线 · bar {}%{standing}{retired}",
        left(last(&column.name), 16),
        left(&column.title_zh, 16),
        left(&column.title_en, 28),
        column.limit_days,
        column.bar
    )
}

pub fn requirements(out: &mut impl Write, list: &pb::Requirements) -> io::Result<()> {
    let version = if list.version == 0 {
        "系统自带 · of the suite".to_owned()
    } else {
        format!("第{0}版 · version {0}", list.version)
    };
    writeln!(out, "{}  {}  {}  {version}\n  {}", last(&list.name), list.title_zh, list.title_en, list.basis)?;
    let told = |element: &pb::Element| {
        writeln!(out, "  {}{} · {}", left(&element.code, 18), element.title_zh, element.title_en)
    };
    list.elements.iter().try_for_each(told)
}

fn standing(standing: pb::Standing) -> (&'static str, &'static str) {
    match standing {
        pb::Standing::Unspecified => ("", ""),
        pb::Standing::Unpublished => ("未公开", "not public yet"),
        pb::Standing::Public => ("已公开", "public"),
        pb::Standing::Withdrawn => ("已撤回", "withdrawn"),
        pb::Standing::Withheld => ("不予公开", "withheld"),
    }
}

fn state(state: pb::DraftState) -> (&'static str, &'static str) {
    match state {
        pb::DraftState::Unspecified => ("", ""),
        pb::DraftState::Draft => ("起草", "draft"),
        pb::DraftState::Checked => ("已检查", "checked"),
        pb::DraftState::Reviewed => ("已审查", "reviewed"),
        pb::DraftState::Approved => ("已审批", "approved"),
    }
}

fn disposal(disposal: pb::Disposal) -> (&'static str, &'static str) {
    match disposal {
        pb::Disposal::Unspecified => ("", ""),
        pb::Disposal::Disclose => ("公开", "disclose"),
        pb::Disposal::Partial => ("部分公开", "disclose in part"),
        pb::Disposal::Withhold => ("不予公开", "withhold"),
    }
}

fn action(action: pb::NextAction) -> (&'static str, &'static str) {
    match action {
        pb::NextAction::Unspecified => ("", ""),
        pb::NextAction::Check => ("待检查", "to be checked"),
        pb::NextAction::Review => ("待审查", "to be reviewed"),
        pb::NextAction::Approve => ("待审批", "to be approved"),
        pb::NextAction::Publish => ("待公开", "to be published"),
    }
}

fn signal(signal: pb::Signal) -> (&'static str, &'static str) {
    match signal {
        pb::Signal::Unspecified => ("", ""),
        pb::Signal::Green => ("绿灯", "green"),
        pb::Signal::Yellow => ("黄灯", "yellow"),
        pb::Signal::Red => ("红灯", "red"),
    }
}

fn pair((zh, en): (&str, &str)) -> String {
    format!("{zh} · {en}")
}

fn or_none(day: &str) -> &str {
    if day.is_empty() { "待定 · provisional" } else { day }
}

fn line(out: &mut impl Write, what: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{}{text}", left(what, 28))
}
