//! Requests that change something, made of what stands on the command line.

use std::{fs, path::Path};

use kit::clock::Moment;
use prost::Message;
use proto::intake::v1 as pb;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::ask::{At, Deed, Receive};
use crate::trouble;

/// Takes an application in.
pub const RECEIVE: &str = "yizhan.intake.v1.CaseService/ReceiveCase";
/// The files go in and out by this service; all else is the cases'.
pub const UPLOAD: &str = "yizhan.intake.v1.AttachmentService/UploadAttachment";
/// 20 MiB, as the service has it: more is not worth keeping.
const MOST: u64 = 20 << 20;

/// One request, ready to be kept and sent.
pub struct Change {
    pub request_id: Uuid,
    pub rpc: String,
    /// What it is, for people.
    pub about: String,
    pub request: Vec<u8>,
    /// The attachment's bytes.
    pub content: Vec<u8>,
}

/// The request that a deed makes, under an id of its own.
pub fn of(deed: &Deed, at: &At) -> anyhow::Result<Change> {
    let request_id = Uuid::new_v4();
    let id = request_id.to_string();
    let case = |number: &str| at.name("cases", number);
    let etag = String::new;
    let change = |method: &str, zh: &str, number: &str, request: Vec<u8>| Change {
        request_id,
        rpc: format!("yizhan.intake.v1.CaseService/{method}"),
        about: format!("{zh} {number}"),
        request,
        content: Vec::new(),
    };
    Ok(match deed {
        Deed::Receive(receive) => {
            let about = format!("{} {}", receive.item, receive.applicant);
            change("ReceiveCase", "收件", &about, self::receive(receive, at, id)?.encode_to_vec())
        }
        Deed::Accept { number } => {
            let request =
                pb::AcceptCaseRequest { name: case(number)?, clerk: at.clerk()?, etag: etag(), request_id: id };
            change("AcceptCase", "受理", number, request.encode_to_vec())
        }
        Deed::SupplementAsk { number, needs } => {
            let demand = |(material, what): &(String, String)| pb::SupplementDemand {
                material: material.clone(),
                what: what.clone(),
                met: false,
            };
            let request = pb::RequestSupplementRequest {
                name: case(number)?,
                clerk: at.clerk()?,
                demands: needs.iter().map(demand).collect(),
                etag: etag(),
                request_id: id,
            };
            change("RequestSupplement", "补正告知", number, request.encode_to_vec())
        }
        Deed::Supplement { number, materials } => {
            let request = pb::SupplementCaseRequest {
                name: case(number)?,
                window: at.window()?,
                clerk: at.clerk()?,
                materials: materials.clone(),
                etag: etag(),
                request_id: id,
            };
            change("SupplementCase", "补正", number, request.encode_to_vec())
        }
        Deed::Refuse { number, not_required, competent, reason } => {
            let kind = if *not_required { pb::RefusalKind::NotRequired } else { pb::RefusalKind::NotCompetent };
            let request = pb::RefuseCaseRequest {
                name: case(number)?,
                clerk: at.clerk()?,
                kind: kind.into(),
                reason: reason.clone(),
                competent_agency: competent.clone().unwrap_or_default(),
                etag: etag(),
                request_id: id,
            };
            change("RefuseCase", "不予受理", number, request.encode_to_vec())
        }
        Deed::Suspend { number, cause, notice, days, from, officer } => {
            let request = pb::SuspendCaseRequest {
                name: case(number)?,
                officer: at.person(officer.as_deref())?,
                cause: cause.wire(),
                notice_number: notice.clone(),
                needed_days: *days,
                first_day: from.clone(),
                etag: etag(),
                request_id: id,
            };
            change("SuspendCase", "期限中止", number, request.encode_to_vec())
        }
        Deed::Resume { number, last, officer } => {
            let request = pb::ResumeCaseRequest {
                name: case(number)?,
                officer: at.person(officer.as_deref())?,
                last_day: last.clone(),
                etag: etag(),
                request_id: id,
            };
            change("ResumeCase", "恢复计时", number, request.encode_to_vec())
        }
        Deed::Extend { number, approver, reason } => {
            let request = pb::ExtendCaseRequest {
                name: case(number)?,
                approver: at.person(Some(approver))?,
                reason: reason.clone(),
                etag: etag(),
                request_id: id,
            };
            change("ExtendCase", "延长期限", number, request.encode_to_vec())
        }
        Deed::Decide { number, grant, deny: _, reasons, document_number, officer } => {
            let request = pb::DecideCaseRequest {
                name: case(number)?,
                officer: at.person(officer.as_deref())?,
                grant: *grant,
                reasons: reasons.clone(),
                document_number: document_number.clone(),
                etag: etag(),
                request_id: id,
            };
            let zh = if *grant { "准予许可" } else { "不予许可" };
            change("DecideCase", zh, number, request.encode_to_vec())
        }
        Deed::Issue { number, to, id: document_number, document } => {
            let recipient = pb::Recipient {
                display_name: to.clone(),
                document: document.wire(),
                document_number: document_number.clone(),
            };
            let request = pb::IssueCaseRequest {
                name: case(number)?,
                window: at.window()?,
                clerk: at.clerk()?,
                recipient: Some(recipient),
                etag: etag(),
                request_id: id,
            };
            change("IssueCase", "出件", number, request.encode_to_vec())
        }
        Deed::Withdraw { number, reason } => {
            let (name, clerk, reason) = (case(number)?, at.clerk()?, reason.clone());
            let request = pb::WithdrawCaseRequest { name, clerk, reason, etag: etag(), request_id: id };
            change("WithdrawCase", "撤回", number, request.encode_to_vec())
        }
        Deed::Terminate { number, reason, officer } => {
            let (name, officer, reason) = (case(number)?, at.person(officer.as_deref())?, reason.clone());
            let request = pb::TerminateCaseRequest { name, officer, reason, etag: etag(), request_id: id };
            change("TerminateCase", "终止", number, request.encode_to_vec())
        }
        Deed::Attach { number, file, material, media_type } => {
            let content = content(file)?;
            let file_name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let header = pb::UploadHeader {
                parent: case(number)?,
                media_type: media_type.clone().unwrap_or_else(|| by_name(&file_name).to_owned()),
                sha256: Sha256::digest(&content).to_vec(),
                size_bytes: content.len() as i64,
                material: material.clone(),
                clerk: at.clerk()?,
                request_id: id,
                file_name: file_name.clone(),
            };
            let about = format!("附件 {number} {file_name}");
            Change { request_id, rpc: UPLOAD.to_owned(), about, request: header.encode_to_vec(), content }
        }
    })
}

fn receive(receive: &Receive, at: &At, request_id: String) -> anyhow::Result<pb::ReceiveCaseRequest> {
    let applicant = pb::Applicant {
        display_name: receive.applicant.clone(),
        document: receive.document.wire(),
        document_number: receive.id.clone(),
        phone: receive.phone.clone(),
        address: receive.address.clone(),
        agent_name: receive.agent.clone(),
        agent_document_number: receive.agent_id.clone(),
    };
    let on_the_spot = pb::OnTheSpot { document_number: receive.document_number.clone() };
    Ok(pb::ReceiveCaseRequest {
        parent: at.parent()?,
        item: at.name("items", &receive.item)?,
        window: at.window()?,
        clerk: at.clerk()?,
        applicant: Some(applicant),
        materials: receive.materials.clone(),
        fixed_on_spot: receive.fixed.clone(),
        accept_now: receive.accept,
        on_the_spot: receive.on_the_spot.then_some(on_the_spot),
        request_id,
        received_at: receive.received_at.map(Moment::timestamp),
    })
}

fn content(file: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = file.display();
    let read = || if fs::metadata(file)?.len() > MOST { Ok(None) } else { fs::read(file).map(Some) };
    match read() {
        Ok(Some(content)) => Ok(content),
        Ok(None) => Err(trouble(format!("{shown} 超过20 MiB"), format!("{shown} is larger than 20 MiB"))),
        Err(error) => Err(trouble(format!("{shown} 无法读取：{error}"), format!("{shown} cannot be read: {error}"))),
    }
}

/// The media type that a file's name says; the service looks at the bytes.
fn by_name(name: &str) -> &'static str {
    let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    match end.as_deref() {
        Some("pdf") => "application/pdf",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("tif" | "tiff") => "image/tiff",
        Some("docx") => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Some("zip") => "application/zip",
        _ => "application/octet-stream",
    }
}
