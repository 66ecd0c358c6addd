//! Answers for machines: one JSON object a line, with the names of the contract.

use proto::{
    directory::v1::{Deadline, DeadlineState},
    intake::v1 as pb,
    journal::v1::Receipt,
};
use serde_json::{Value, json};
use tonic::Status;
use tonic_types::StatusExt;

use super::{line::Answer, show};
use crate::{spool::Kept, unreached};

pub fn done(kept: &Kept, answer: &Answer, is_own: bool) -> Value {
    let outcome = if is_own { "done" } else { "delivered" };
    match answer {
        Answer::Received(case, receipt) => json!({
            "outcome": outcome,
            "request_id": kept.request_id,
            "case": self::case(case),
            "receipt": receipt.as_deref().map(self::receipt),
        }),
        Answer::Case(case) => json!({ "outcome": outcome, "request_id": kept.request_id, "case": self::case(case) }),
        Answer::Attachment(attachment) => {
            json!({ "outcome": outcome, "request_id": kept.request_id, "attachment": self::attachment(attachment) })
        }
    }
}

/// A request that was refused; or a question, which may have been asked in vain.
pub fn refused(about: Option<&Kept>, status: &Status) -> Value {
    let ((zh, en), reason) = (unreached::why(status), kit::status::reason(status));
    let details = status.get_error_details();
    let faults = details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default();
    let faults: Vec<_> =
        faults.iter().map(|fault| json!({ "field": fault.field, "description": fault.description })).collect();
    json!({
        "outcome": if reason.is_empty() { "unreachable" } else { "refused" },
        "request_id": about.map(|kept| kept.request_id),
        "code": format!("{:?}", status.code()),
        "reason": reason,
        "message_zh": zh,
        "message_en": en,
        "fields": faults,
    })
}

pub fn kept(kept: &Kept, why: Option<&Status>) -> Value {
    json!({
        "outcome": "kept",
        "request_id": kept.request_id,
        "about": kept.about,
        "rpc": kept.rpc,
        "server": kept.server,
        "kept_at": kept.kept_at,
        "why": why.map(|status| unreached::why(status).1),
        "refused": kept.refused,
    })
}

pub fn case(case: &pb::Case) -> Value {
    let applicant = case.applicant.as_ref().map(|applicant| {
        json!({
            "display_name": applicant.display_name,
            "document": word(applicant.document().as_str_name(), "IDENTITY_DOCUMENT_"),
            "document_number": applicant.document_number,
            "phone": applicant.phone,
            "address": applicant.address,
            "agent_name": applicant.agent_name,
            "agent_document_number": applicant.agent_document_number,
        })
    });
    json!({
        "name": case.name,
        "number": case.number,
        "state": state(case.state()),
        "item": case.item,
        "item_title_zh": case.item_title_zh,
        "unit": case.unit,
        "applicant": applicant,
        "query_code": case.query_code,
        "materials": case.materials.iter().map(|m| json!({ "code": m.code, "originals": m.originals, "copies": m.copies }))
            .collect::<Vec<_>>(),
        "fixed_on_spot": case.fixed_on_spot,
        "received_window": case.received_window,
        "received_by": case.received_by,
        "received_at": show::time(case.received_at.as_ref()),
        "late_entry": case.late_entry,
        "accepted_on": case.accepted_on,
        "deemed_accepted": case.deemed_accepted,
        "supplement": case.supplement.as_ref().map(supplement),
        "suspensions": case.suspensions.iter().map(suspension).collect::<Vec<_>>(),
        "extension": case.extension.as_ref().map(|extension| json!({
            "days": extension.days,
            "approver": extension.approver,
            "reason": extension.reason,
            "approved_at": show::time(extension.approved_at.as_ref()),
        })),
        "intake_clock": case.intake_clock.as_ref().map(clock),
        "legal_clock": case.legal_clock.as_ref().map(clock),
        "promised_clock": case.promised_clock.as_ref().map(clock),
        "issue_clock": case.issue_clock.as_ref().map(clock),
        "decision": case.decision.as_ref().map(decision),
        "issuance": case.issuance.as_ref().map(issuance),
        "ending": case.ending.as_ref().map(|ending| json!({
            "kind": ending.kind,
            "reason": ending.reason,
            "competent_agency": ending.competent_agency,
            "by": ending.by,
            "ended_at": show::time(ending.ended_at.as_ref()),
        })),
        "attachments": case.attachments.iter().map(attachment).collect::<Vec<_>>(),
        "etag": case.etag,
        "updated_at": show::time(case.updated_at.as_ref()),
    })
}

pub fn mandated(item: &pb::Item) -> Value {
    let mandate = item.mandate.as_ref().map(|mandate| {
        json!({
            "officer": mandate.officer,
            "leader": mandate.leader,
            "document_number": mandate.document_number,
            "given_at": show::time(mandate.given_at.as_ref()),
        })
    });
    json!({ "outcome": "done", "item": { "name": item.name, "etag": item.etag, "mandate": mandate } })
}

pub fn receipt(receipt: &Receipt) -> Value {
    let head = receipt.head.as_ref().map(|head| json!({ "size": head.size, "note": head.note }));
    json!({
        "origin": receipt.origin,
        "seq": receipt.seq,
        "leaf_hash": super::receipt::hex(&receipt.leaf_hash),
        "head": head,
        "text": receipt.text,
    })
}

pub fn tracked(track: &pb::TrackCaseResponse) -> Value {
    json!({
        "number": track.number,
        "item_title_zh": track.item_title_zh,
        "state": state(track.state()),
        "state_zh": track.state_zh,
        "state_en": track.state_en,
        "received_on": track.received_on,
        "accepted_on": track.accepted_on,
        "due_on": track.due_on,
        "decided_on": track.decided_on,
        "issued_on": track.issued_on,
        "next_zh": track.next_zh,
        "next_en": track.next_en,
    })
}

pub fn to_do(entry: &pb::InboxEntry) -> Value {
    json!({
        "action": word(entry.action().as_str_name(), "NEXT_ACTION_"),
        "due_on": entry.due_on,
        "signal": word(entry.signal().as_str_name(), "SIGNAL_"),
        "case": entry.case.as_ref().map(case),
    })
}

pub fn deadline(deadline: &Deadline) -> Value {
    let day = |day: &proto::directory::v1::DeadlineDay| {
        json!({
            "date": day.date,
            "counted": day.counted,
            "reason_zh": day.reason_zh,
            "reason_en": day.reason_en,
            "article": day.article,
        })
    };
    let notice = |notice: &proto::directory::v1::NoticeReference| json!({ "year": notice.year, "version": notice.version, "document": notice.document });
    json!({
        "state": word(deadline.state().as_str_name(), "DEADLINE_STATE_"),
        "due_on": deadline.due_on,
        "known_through": deadline.known_through,
        "remaining": deadline.remaining,
        "days": deadline.days.iter().map(day).collect::<Vec<_>>(),
        "notices": deadline.notices.iter().map(notice).collect::<Vec<_>>(),
    })
}

fn attachment(attachment: &pb::Attachment) -> Value {
    json!({
        "name": attachment.name,
        "file_name": attachment.file_name,
        "media_type": attachment.media_type,
        "size_bytes": attachment.size_bytes,
        "material": attachment.material,
        "uploaded_at": show::time(attachment.uploaded_at.as_ref()),
    })
}

fn supplement(notice: &pb::SupplementNotice) -> Value {
    let demand = |d: &pb::SupplementDemand| json!({ "material": d.material, "what": d.what, "met": d.met });
    json!({
        "demands": notice.demands.iter().map(demand).collect::<Vec<_>>(),
        "asked_at": show::time(notice.asked_at.as_ref()),
        "asked_by": notice.asked_by,
        "due_on": notice.due_on,
        "supplemented_at": show::time(notice.supplemented_at.as_ref()),
    })
}

fn suspension(period: &pb::SuspensionPeriod) -> Value {
    json!({
        "cause": word(period.cause().as_str_name(), "SUSPENSION_CAUSE_"),
        "notice_number": period.notice_number,
        "needed_days": period.needed_days,
        "first_day": period.first_day,
        "last_day": period.last_day,
        "ordered_by": period.ordered_by,
    })
}

fn clock(clock: &pb::Clock) -> Value {
    let state = DeadlineState::try_from(clock.state).unwrap_or_default();
    json!({
        "from": clock.from,
        "state": word(state.as_str_name(), "DEADLINE_STATE_"),
        "due_on": clock.due_on,
        "signal": word(clock.signal().as_str_name(), "SIGNAL_"),
        "remaining": clock.remaining,
        "calendar_version": clock.calendar_version,
    })
}

fn decision(decision: &pb::Decision) -> Value {
    json!({
        "granted": decision.granted,
        "reasons": decision.reasons,
        "remedies_zh": decision.remedies_zh,
        "officer": decision.officer,
        "decided_at": show::time(decision.decided_at.as_ref()),
        "document_number": decision.document_number,
        "on_time_legal": decision.on_time_legal,
        "on_time_promised": decision.on_time_promised,
        "mandate": decision.mandate,
    })
}

fn issuance(issuance: &pb::Issuance) -> Value {
    json!({
        "window": issuance.window,
        "issued_by": issuance.issued_by,
        "issued_at": show::time(issuance.issued_at.as_ref()),
        "recipient": issuance.recipient.as_ref().map(|recipient| json!({
            "display_name": recipient.display_name,
            "document": word(recipient.document().as_str_name(), "IDENTITY_DOCUMENT_"),
            "document_number": recipient.document_number,
        })),
    })
}

fn state(state: pb::CaseState) -> &'static str {
    word(state.as_str_name(), "CASE_STATE_")
}

/// `ACCEPTED` of `CASE_STATE_ACCEPTED`.
fn word(name: &'static str, prefix: &str) -> &'static str {
    name.strip_prefix(prefix).unwrap_or(name)
}
