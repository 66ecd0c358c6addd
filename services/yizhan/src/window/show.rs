//! Answers for people: Chinese first, English beside.

use std::io::{self, Write};

use kit::clock::Moment;
use proto::{
    directory::v1::{Deadline, DeadlineState},
    intake::v1 as pb,
    journal::v1::Receipt,
};
use tonic::Status;
use tonic_types::StatusExt;

use super::{json, line::Answer, receipt};
use crate::{columns::left, name::last, spool::Kept, time as minute, unreached};

/// Tells people, or machines.
#[derive(Clone, Copy)]
pub struct Tell {
    pub json: bool,
}

impl Tell {
    /// The server has done it: now, or at last.
    pub fn done(self, kept: &Kept, answer: &Answer, is_own: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            writeln!(out, "{}", json::done(kept, answer, is_own))?;
            return out.flush();
        }
        if !is_own {
            let (about, at) = (&kept.about, &kept.kept_at);
            writeln!(out, "已补发 · delivered: {about} ({at})")?;
        }
        match answer {
            // The answer to ReceiveCase alone carries the query code.
            Answer::Received(case, taken) => receipt(&mut out, case, taken.as_deref())?,
            Answer::Case(case) => self::case(&mut out, case)?,
            Answer::Attachment(file) => {
                let (name, size, media) = (&file.file_name, file.size_bytes, &file.media_type);
                writeln!(out, "已上传 · attached: {name}, {size} bytes, {media}\n  {}", file.name)?;
            }
        }
        out.flush()
    }

    /// The server has said no, to what is asked now or to what was kept before.
    pub fn refused(self, kept: &Kept, status: &Status, is_own: bool) -> io::Result<()> {
        if self.json {
            return writeln!(io::stdout().lock(), "{}", json::refused(Some(kept), status));
        }
        let mut err = io::stderr().lock();
        if !is_own {
            writeln!(err, "补发被退回，已移入 refused/ · refused when delivered, now in refused/: {}", kept.about)?;
            writeln!(err, "  request_id {}", kept.request_id)?;
        }
        refusal(&mut err, status)
    }

    /// Kept on, because whoever did it is not signed in any more.
    pub fn unsigned(self, kept: &Kept, person: &str, status: &Status) -> io::Result<()> {
        if self.json {
            return writeln!(io::stdout().lock(), "{}", json::kept(kept, Some(status)));
        }
        let mut err = io::stderr().lock();
        writeln!(err, "等待经办人登录后补发 · kept until its clerk signs in: {}", kept.about)?;
        writeln!(err, "  yizhan sign-in {person}")
    }

    /// A question that was refused, or could not be asked.
    pub fn unanswered(self, server: &str, status: &Status) -> io::Result<()> {
        if self.json {
            return writeln!(io::stdout().lock(), "{}", json::refused(None, status));
        }
        let mut err = io::stderr().lock();
        if kit::status::reason(status).is_empty() {
            let (zh, en) = unreached::why(status);
            return writeln!(err, "{server} 无法连接：{zh}\n{server} cannot be reached: {en}");
        }
        refusal(&mut err, status)
    }

    /// Kept, because the line is cut.
    pub fn kept(self, server: &str, kept: &Kept, why: &Status) -> io::Result<()> {
        if self.json {
            return writeln!(io::stdout().lock(), "{}", json::kept(kept, Some(why)));
        }
        let mut err = io::stderr().lock();
        let ((zh, en), about, id) = (unreached::why(why), &kept.about, kept.request_id);
        writeln!(err, "未得到 {server} 的答复（{zh}）。")?;
        writeln!(err, "已存入本机，恢复连接后自动补发，不会重复办理：{about}")?;
        writeln!(err, "no answer from {server} ({en})")?;
        writeln!(err, "kept here; it is sent once the line is back, and takes effect once")?;
        writeln!(err, "  request_id {id}")
    }

    pub fn unreadable(self, name: &str, error: &io::Error) -> io::Result<()> {
        writeln!(io::stderr().lock(), "{name} 无法读取 · cannot be read: {error}")
    }
}

/// What the applicant is given: 收件凭证, with the number and the code to track it by.
fn receipt(out: &mut impl Write, case: &pb::Case, taken: Option<&Receipt>) -> io::Result<()> {
    writeln!(out, "收件凭证 · RECEIPT")?;
    self::case(out, case)?;
    line(out, "查询码 · query code", &case.query_code)?;
    line(out, "查询进度 · to track it", &format!("yizhan window track {} {}", case.number, case.query_code))?;
    receipt::first(out, &case.number, taken)
}

/// One case.
pub fn case(out: &mut impl Write, case: &pb::Case) -> io::Result<()> {
    let (zh, en) = state(case.state());
    line(out, "办件编号 · number", &case.number)?;
    line(out, "状态 · state", &format!("{zh} · {en}"))?;
    line(out, "事项 · item", &format!("{} ({})", case.item_title_zh, last(&case.item)))?;
    if let Some(applicant) = &case.applicant {
        line(out, "申请人 · applicant", &format!("{} {}", applicant.display_name, applicant.document_number))?;
    }
    let (window, by) = (last(&case.received_window), last(&case.received_by));
    let late = if case.late_entry { " 补录 · entered late" } else { "" };
    line(out, "收件 · received", &format!("{} {window} {by}{late}", minute(case.received_at.as_ref())))?;
    for material in &case.materials {
        let (code, originals, copies) = (&material.code, material.originals, material.copies);
        line(out, "材料 · material", &format!("{code}  原件 {originals} · originals  复印件 {copies} · copies"))?;
    }
    for fixed in &case.fixed_on_spot {
        line(out, "当场更正 · corrected", fixed)?;
    }
    if let Some(notice) = &case.supplement {
        for demand in &notice.demands {
            let met = if demand.met { "已补 · in" } else { "待补 · missing" };
            line(out, "补正 · supplement", &format!("{}  {} ({met})", demand.material, demand.what))?;
        }
        line(out, "补正期限 · to be in by", &notice.due_on)?;
    }
    let deemed = if case.deemed_accepted { " 逾期未答复，视为受理 · by silence" } else { "" };
    line(out, "受理 · accepted", &format!("{}{deemed}", case.accepted_on))?;
    clock(out, "答复期限 · answer due", case.intake_clock.as_ref())?;
    clock(out, "法定期限 · legal limit", case.legal_clock.as_ref())?;
    clock(out, "承诺期限 · promised", case.promised_clock.as_ref())?;
    for period in &case.suspensions {
        let last = if period.last_day.is_empty() { "…" } else { &period.last_day };
        line(out, "中止 · suspended", &format!("{} – {last} {}", period.first_day, period.notice_number))?;
    }
    if let Some(extension) = &case.extension {
        let (days, reason) = (extension.days, &extension.reason);
        line(out, "延长 · extended", &format!("{days} 个工作日 · working days: {reason}"))?;
    }
    if let Some(decision) = &case.decision {
        let (at, officer) = (minute(decision.decided_at.as_ref()), last(&decision.officer));
        line(out, "决定 · decided", &format!("{at} {officer} {}", decision.document_number))?;
        line(out, "授权 · by mandate", &decision.mandate)?;
        line(out, "理由 · reasons", &decision.reasons)?;
        line(out, "救济途径 · remedies", &decision.remedies_zh)?;
    }
    clock(out, "送达期限 · hand out by", case.issue_clock.as_ref())?;
    if let Some(issuance) = &case.issuance {
        let to = issuance.recipient.as_ref().map_or("", |recipient| &recipient.display_name);
        let (at, window) = (minute(issuance.issued_at.as_ref()), last(&issuance.window));
        line(out, "出件 · issued", &format!("{at} {window} → {to}"))?;
    }
    if let Some(ending) = &case.ending {
        let (at, agency) = (minute(ending.ended_at.as_ref()), &ending.competent_agency);
        line(out, "结束 · ended", &format!("{at} {} {} {agency}", ending.kind, ending.reason))?;
    }
    for file in &case.attachments {
        line(out, "附件 · attachment", &format!("{}  {} bytes", file.file_name, file.size_bytes))?;
    }
    Ok(())
}

/// An item that was given a mandate, or had it taken back.
pub fn mandated(out: &mut impl Write, item: &pb::Item) -> io::Result<()> {
    let title = item.text.as_ref().map_or("", |text| &text.title_zh);
    line(out, "事项 · item", &format!("{title} ({})", last(&item.name)))?;
    let Some(mandate) = &item.mandate else {
        return line(out, "授权 · mandate", "已收回，不再当场办结 · taken back");
    };
    line(out, "授权 · mandate", &format!("{} {}", mandate.document_number, minute(mandate.given_at.as_ref())))?;
    line(out, "授权人 · given by", last(&mandate.leader))?;
    line(out, "审批人 · decides", last(&mandate.officer))
}

/// One case on one line.
pub fn row(out: &mut impl Write, case: &pb::Case) -> io::Result<()> {
    let (zh, en) = state(case.state());
    let due = case.promised_clock.as_ref().or(case.intake_clock.as_ref());
    let due = due.map(|clock| format!("{} {}", light(clock.signal()), due_on(clock))).unwrap_or_default();
    writeln!(out, "{}  {zh} · {en}  {due}  {}", case.number, case.item_title_zh)
}

pub fn to_do(out: &mut impl Write, entry: &pb::InboxEntry) -> io::Result<()> {
    let (zh, en) = match entry.action() {
        pb::NextAction::Unspecified => ("", ""),
        pb::NextAction::DecideIntake => ("受理、补正或不予受理", "accept, ask or refuse"),
        pb::NextAction::AwaitSupplement => ("等待补正", "await the supplement"),
        pb::NextAction::Decide => ("作出决定", "decide"),
        pb::NextAction::Resume => ("恢复计时", "resume"),
        pb::NextAction::Issue => ("出件", "issue"),
    };
    let due = if entry.due_on.is_empty() { "——————————" } else { &entry.due_on };
    let (number, title) = entry.case.as_ref().map_or(("", ""), |case| (&case.number, &case.item_title_zh));
    writeln!(out, "{} {due}  {number}  {zh} · {en}  {title}", light(entry.signal()))
}

pub fn tracked(out: &mut impl Write, track: &pb::TrackCaseResponse) -> io::Result<()> {
    let next = if track.next_zh.is_empty() { String::new() } else { format!("{} · {}", track.next_zh, track.next_en) };
    line(out, "办件编号 · number", &track.number)?;
    line(out, "事项 · item", &track.item_title_zh)?;
    line(out, "状态 · state", &format!("{} · {}", track.state_zh, track.state_en))?;
    line(out, "收件 · received", &track.received_on)?;
    line(out, "受理 · accepted", &track.accepted_on)?;
    line(out, "承诺办结 · due", &track.due_on)?;
    line(out, "决定 · decided", &track.decided_on)?;
    line(out, "出件 · issued", &track.issued_on)?;
    line(out, "下一步 · next", &next)?;
    track.receipt.as_ref().map_or(Ok(()), |receipt| receipt::show(out, receipt))
}

pub fn deadline(out: &mut impl Write, deadline: &Deadline) -> io::Result<()> {
    for day in &deadline.days {
        let counted = if day.counted > 0 { format!("{:>3}", day.counted) } else { "  –".to_owned() };
        writeln!(out, "{} {counted}  {} · {}  {}", day.date, day.reason_zh, day.reason_en, day.article)?;
    }
    for notice in &deadline.notices {
        writeln!(out, "依据 · by notice: {} ({}, {})", notice.document, notice.year, notice.version)?;
    }
    let (left, through) = (deadline.remaining, &deadline.known_through);
    match deadline.state() {
        DeadlineState::Due => writeln!(out, "{} 24:00 到期 · due", deadline.due_on),
        DeadlineState::Provisional => writeln!(
            out,
            "暂不能确定：放假安排只公布到 {through}，还需计 {left} 个工作日\n\
             provisional: notices reach to {through}, {left} working days are still to count"
        ),
        DeadlineState::Stopped => {
            writeln!(out, "{through} 起中止，还需计 {left} 个工作日 · stopped, {left} working days still to count")
        }
        DeadlineState::Unspecified => Ok(()),
    }
}

/// Why not, with every field and the reason that programs look at.
pub fn refusal(err: &mut impl Write, status: &Status) -> io::Result<()> {
    let reason = kit::status::reason(status);
    writeln!(err, "未办理：{} [{reason}]", kit::status::localized(status))?;
    writeln!(err, "not done: {}", status.message())?;
    let details = status.get_error_details();
    for fault in details.bad_request().iter().flat_map(|bad| &bad.field_violations) {
        writeln!(err, "  {}: {}", fault.field, fault.description)?;
    }
    Ok(())
}

/// Civil time in Shanghai, RFC 3339; empty where there is none.
pub fn time(at: Option<&prost_types::Timestamp>) -> String {
    at.and_then(Moment::from_timestamp).map(Moment::shanghai).unwrap_or_default()
}

fn clock(out: &mut impl Write, what: &str, clock: Option<&pb::Clock>) -> io::Result<()> {
    let text = clock.map(|clock| format!("{} {}", light(clock.signal()), due_on(clock)));
    line(out, what, &text.unwrap_or_default())
}

/// A line, unless there is nothing to say.
pub fn line(out: &mut impl Write, what: &str, text: &str) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}{text}", left(what, 26))
}

fn due_on(clock: &pb::Clock) -> String {
    let left = clock.remaining;
    match DeadlineState::try_from(clock.state) {
        Ok(DeadlineState::Provisional) => format!("暂定，还有{left}个工作日 · provisional, {left} working days left"),
        Ok(DeadlineState::Stopped) => format!("中止，还有{left}个工作日 · stopped, {left} working days left"),
        _ => clock.due_on.clone(),
    }
}

fn light(signal: pb::Signal) -> &'static str {
    match signal {
        pb::Signal::Unspecified => "○",
        pb::Signal::Green => "绿",
        pb::Signal::Yellow => "黄",
        pb::Signal::Red => "红",
    }
}

fn state(state: pb::CaseState) -> (&'static str, &'static str) {
    match state {
        pb::CaseState::Unspecified => ("未知", "unknown"),
        pb::CaseState::Received => ("已收件", "received"),
        pb::CaseState::SupplementPending => ("待补正", "supplement pending"),
        pb::CaseState::Accepted => ("已受理", "accepted"),
        pb::CaseState::Suspended => ("期限中止", "suspended"),
        pb::CaseState::Granted => ("准予许可", "granted"),
        pb::CaseState::Denied => ("不予许可", "denied"),
        pb::CaseState::Issued => ("已出件", "issued"),
        pb::CaseState::Refused => ("不予受理", "refused"),
        pb::CaseState::Lapsed => ("逾期未补正", "lapsed"),
        pb::CaseState::Withdrawn => ("申请人撤回", "withdrawn"),
        pb::CaseState::Terminated => ("终止", "terminated"),
    }
}
