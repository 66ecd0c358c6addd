//! What is only read: a case, lists, the inbox, the applicant's view, a due date explained; and the spool itself.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use proto::intake::v1::{self as pb, case_service_client::CaseServiceClient};
use tonic::Status;
use uuid::Uuid;

use super::{
    KEPT, REFUSED,
    ask::{At, Look, Missing},
    json,
    line::Line,
    receipt, show,
};
use crate::peer::Link;

/// A page holds at most so many.
const PAGE: usize = 200;

pub async fn run(line: &Line, look: &Look, at: &At) -> anyhow::Result<ExitCode> {
    let asked = question(look, at)?;
    line.deliver_first().await?;
    // What the public may see needs no name.
    let person = at.clerk().ok();
    let answered = async {
        let mut client = CaseServiceClient::new(line.link(person.as_deref()).await?);
        answer(&mut client, asked).await
    };
    match line.ask(answered).await {
        Ok(answer) => {
            answer.tell(line.tell.json)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(status) => {
            line.tell.unanswered(&line.server, &status)?;
            Ok(ExitCode::from(REFUSED))
        }
    }
}

enum Question {
    Get(pb::GetCaseRequest),
    List(pb::ListCasesRequest, usize),
    Inbox(pb::ListInboxRequest, usize),
    Track(pb::TrackCaseRequest),
    Explain(pb::ExplainDeadlineRequest),
    Receipt(pb::GetCaseReceiptRequest, Option<PathBuf>),
}

enum Answer {
    Case(Box<pb::Case>),
    Cases(Vec<pb::Case>),
    Inbox(Vec<pb::InboxEntry>),
    Tracked(Box<pb::TrackCaseResponse>),
    Deadline(proto::directory::v1::Deadline),
    Receipt(Box<proto::journal::v1::Receipt>, Option<PathBuf>),
}

fn question(look: &Look, at: &At) -> Result<Question, Missing> {
    Ok(match look {
        Look::List { filter, order, most } => {
            let (filter, order_by) = (filter.clone(), order.clone());
            let request = pb::ListCasesRequest { parent: at.parent()?, filter, order_by, ..Default::default() };
            Question::List(request, *most)
        }
        Look::Inbox { unit, most } => {
            Question::Inbox(pb::ListInboxRequest { parent: at.name("units", unit)?, ..Default::default() }, *most)
        }
        Look::Track { number, query_code } => {
            Question::Track(pb::TrackCaseRequest { number: number.clone(), query_code: query_code.clone() })
        }
        Look::Explain { number, clock } => {
            Question::Explain(pb::ExplainDeadlineRequest { name: at.name("cases", number)?, clock: clock.wire() })
        }
        Look::Receipt { number, text } => {
            Question::Receipt(pb::GetCaseReceiptRequest { name: at.name("cases", number)? }, text.clone())
        }
        Look::Get { number } => Question::Get(pb::GetCaseRequest { name: at.name("cases", number)? }),
    })
}

async fn answer(client: &mut CaseServiceClient<Link>, question: Question) -> Result<Answer, Status> {
    Ok(match question {
        Question::Get(request) => Answer::Case(Box::new(client.get_case(request).await?.into_inner())),
        Question::Track(request) => Answer::Tracked(Box::new(client.track_case(request).await?.into_inner())),
        Question::Explain(request) => Answer::Deadline(client.explain_deadline(request).await?.into_inner()),
        Question::Receipt(request, text) => {
            Answer::Receipt(Box::new(client.get_case_receipt(request).await?.into_inner()), text)
        }
        Question::List(mut request, most) => {
            let mut cases = Vec::new();
            loop {
                request.page_size = (most - cases.len()).min(PAGE) as i32;
                let page = client.list_cases(request.clone()).await?.into_inner();
                cases.extend(page.cases);
                request.page_token = page.next_page_token;
                if request.page_token.is_empty() || cases.len() >= most {
                    break Answer::Cases(cases);
                }
            }
        }
        Question::Inbox(mut request, most) => {
            let mut entries = Vec::new();
            loop {
                request.page_size = (most - entries.len()).min(PAGE) as i32;
                let page = client.list_inbox(request.clone()).await?.into_inner();
                entries.extend(page.entries);
                request.page_token = page.next_page_token;
                if request.page_token.is_empty() || entries.len() >= most {
                    break Answer::Inbox(entries);
                }
            }
        }
    })
}

impl Answer {
    fn tell(&self, as_json: bool) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        let told = match self {
            Answer::Case(case) if as_json => writeln!(out, "{}", json::case(case)),
            Answer::Case(case) => show::case(&mut out, case),
            Answer::Cases(cases) if as_json => cases.iter().try_for_each(|case| writeln!(out, "{}", json::case(case))),
            Answer::Cases(cases) if cases.is_empty() => writeln!(out, "没有符合条件的办件 · no such cases"),
            Answer::Cases(cases) => cases.iter().try_for_each(|case| show::row(&mut out, case)),
            Answer::Inbox(entries) if as_json => {
                entries.iter().try_for_each(|entry| writeln!(out, "{}", json::to_do(entry)))
            }
            Answer::Inbox(entries) if entries.is_empty() => writeln!(out, "没有待办 · nothing to do"),
            Answer::Inbox(entries) => entries.iter().try_for_each(|entry| show::to_do(&mut out, entry)),
            Answer::Tracked(track) if as_json => writeln!(out, "{}", json::tracked(track)),
            Answer::Tracked(track) => show::tracked(&mut out, track),
            Answer::Deadline(deadline) if as_json => writeln!(out, "{}", json::deadline(deadline)),
            Answer::Deadline(deadline) => show::deadline(&mut out, deadline),
            Answer::Receipt(receipt, _) if as_json => writeln!(out, "{}", json::receipt(receipt)),
            Answer::Receipt(receipt, _) => receipt::show(&mut out, receipt),
        };
        match self {
            Answer::Receipt(receipt, Some(file)) => {
                told.map_err(Into::into).and_then(|()| receipt::write(file, receipt))
            }
            _ => Ok(told?),
        }
    }
}

/// Sends what is kept, and says what became of it.
pub async fn deliver(line: &Line, moved: bool) -> anyhow::Result<ExitCode> {
    let sent = line.deliver(&line.spool()?, None, moved).await?;
    let (done, refused, left, elsewhere) = (sent.done, sent.refused, sent.left, sent.elsewhere);
    if !line.tell.json {
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "已补发 {done} 件，退回 {refused} 件，仍存 {left} 件 · delivered {done}, refused {refused}, kept {left}"
        )?;
        if elsewhere > 0 {
            writeln!(out, "另有 {elsewhere} 件发往其他地址，服务已迁至此处时用 --moved")?;
            writeln!(out, "{elsewhere} more for another address; where the server has moved here, add --moved")?;
        }
        if let Some(why) = &sent.cut {
            writeln!(out, "{}: {}", line.server, why.message())?;
        }
    }
    Ok(match (left + elsewhere, refused) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::from(REFUSED),
        _ => ExitCode::from(KEPT),
    })
}

/// Shows the spool, or deletes what was refused.
pub fn spool(line: &Line, forget: Option<Uuid>) -> anyhow::Result<ExitCode> {
    let spool = line.spool()?;
    let mut out = io::stdout().lock();
    if let Some(request_id) = forget {
        let forgotten = spool.forget(request_id)?;
        let (told, code) = if forgotten {
            ("已删除 · deleted", ExitCode::SUCCESS)
        } else {
            ("refused/ 中没有此请求 · no such request in refused/", ExitCode::from(REFUSED))
        };
        writeln!(out, "{told}: {request_id}")?;
        return Ok(code);
    }
    let shown = spool.kept()?.map(|(name, kept)| (name, kept, "待发 · kept"));
    let shown = shown.chain(spool.refused()?.map(|(name, kept)| (name, kept, "退回 · refused")));
    let mut count = 0;
    for (name, kept, what) in shown {
        count += 1;
        match kept {
            Ok(kept) if line.tell.json => writeln!(out, "{}", json::kept(&kept, None))?,
            Ok(kept) => {
                writeln!(out, "{what}  {}  {}  {}  → {}", kept.request_id, kept.kept_at, kept.about, kept.server)?;
                if let Some(why) = kept.refused {
                    writeln!(out, "    {} [{}] · {}", why.zh, why.reason, why.en)?;
                }
            }
            Err(error) => line.tell.unreadable(&name, &error)?,
        }
    }
    if count == 0 && !line.tell.json {
        writeln!(out, "没有存放的请求 · nothing is kept")?;
    }
    Ok(ExitCode::SUCCESS)
}
