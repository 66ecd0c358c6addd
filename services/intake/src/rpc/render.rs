//! Cases as messages. Personal data stands here only masked, as it stands in the case.

use calendar::{Date, Due};
use kit::{clock::Moment, id::Division, keys::Keys};
use proto::{directory::v1::DeadlineState, intake::v1 as pb};

use super::{item::cause_code, party::document_code};
use crate::{
    domain::{
        attachment::Attachment,
        case::{Case, End, Next},
        clocks::Clock,
    },
    store::case::{signal_code, state_code},
};

pub fn case(case: &Case) -> pb::Case {
    let division = case.division;
    let people = |code: &str| if code == kit::actor::SYSTEM { code.to_owned() } else { division.child("people", code) };
    let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    let at = |at: i64| Some(Moment(at).timestamp());
    let clock = |clock: &Option<Clock>| clock.as_ref().map(|clock| self::clock(clock, &case.calendar));
    pb::Case {
        name: division.child("cases", &case.number),
        number: case.number.clone(),
        state: i32::from(state_code(case.state)),
        item: format!("{}@{}", division.child("items", &case.item), case.revision),
        item_title_zh: case.title.clone(),
        unit: division.child("units", &case.unit),
        applicant: Some(pb::Applicant {
            display_name: case.applicant.name.clone(),
            document: document_code(case.applicant.document),
            document_number: case.applicant.number.clone(),
            phone: case.applicant.phone.clone(),
            address: case.applicant.address.clone(),
            agent_name: case.applicant.agent_name.clone(),
            agent_document_number: case.applicant.agent_number.clone(),
        }),
        query_code: String::new(),
        materials: case
            .materials
            .iter()
            .map(|m| pb::TickedMaterial { code: m.code.clone(), originals: m.originals, copies: m.copies })
            .collect(),
        fixed_on_spot: case.fixed_on_spot.clone(),
        received_window: division.child("windows", &case.window),
        received_by: people(&case.clerk),
        received_at: at(case.received_at),
        accepted_on: day(case.accepted_on),
        deemed_accepted: case.deemed,
        supplement: case.supplement.as_ref().map(|supplement| pb::SupplementNotice {
            demands: supplement
                .demands
                .iter()
                .map(|d| pb::SupplementDemand { material: d.material.clone(), what: d.what.clone(), met: d.met })
                .collect(),
            asked_at: at(supplement.asked_at),
            asked_by: people(&supplement.by),
            due_on: day(supplement.clock.as_ref().and_then(Clock::due_on)),
            supplemented_at: supplement.met_at.map(|met| Moment(met).timestamp()),
        }),
        suspensions: case
            .stops
            .iter()
            .map(|stop| pb::SuspensionPeriod {
                cause: cause_code(stop.cause),
                notice_number: stop.notice.clone(),
                needed_days: i32::from(stop.needed_days),
                first_day: stop.first.to_string(),
                last_day: day(stop.last),
                ordered_by: people(&stop.by),
            })
            .collect(),
        extension: case.extension.as_ref().map(|extension| pb::Extension {
            days: i32::from(extension.days),
            approver: people(&extension.approver),
            reason: extension.reason.clone(),
            approved_at: at(extension.at),
        }),
        intake_clock: clock(&case.intake),
        legal_clock: clock(&case.legal),
        promised_clock: clock(&case.promised),
        issue_clock: clock(&case.issue),
        decision: case.decision.as_ref().map(|decision| pb::Decision {
            granted: decision.granted,
            reasons: decision.reasons.clone(),
            remedies_zh: decision.remedies.clone(),
            officer: people(&decision.by),
            decided_at: at(decision.at),
            document_number: decision.document.clone(),
            on_time_legal: decision.in_time_legal,
            on_time_promised: decision.in_time_promised,
            mandate: decision.mandate.clone(),
        }),
        issuance: case.issuance.as_ref().map(|issuance| pb::Issuance {
            window: division.child("windows", &issuance.window),
            issued_by: people(&issuance.by),
            issued_at: at(issuance.at),
            recipient: Some(pb::Recipient {
                display_name: issuance.recipient.name.clone(),
                document: document_code(issuance.recipient.document),
                document_number: issuance.recipient.number.clone(),
            }),
        }),
        ending: case.ending.as_ref().map(|ending| pb::Ending {
            kind: end(ending.kind).to_owned(),
            reason: ending.reason.clone(),
            competent_agency: ending.agency.clone(),
            by: people(&ending.by),
            ended_at: at(ending.at),
        }),
        attachments: case.attachments.iter().map(|a| attachment(division, &case.number, a)).collect(),
        etag: case.version.to_string(),
        updated_at: at(case.updated_at),
        late_entry: case.late,
    }
}

pub fn attachment(division: Division, number: &str, attachment: &Attachment) -> pb::Attachment {
    pb::Attachment {
        name: format!("{}/attachments/{}", division.child("cases", number), attachment.sha256),
        file_name: attachment.file_name.clone(),
        media_type: attachment.media_type.clone(),
        size_bytes: attachment.size,
        material: attachment.material.clone(),
        uploaded_at: Some(Moment(attachment.uploaded_at).timestamp()),
    }
}

/// Eight characters that only the receipt tells: derived, so that they need no place to be kept and read from. Without
/// the letters that are mistaken for digits.
pub fn query_code(keys: &Keys, case: &Case) -> String {
    const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let mac = keys.mac("query code", &[case.division.as_str().as_bytes(), case.number.as_bytes()]);
    mac[..8].iter().map(|byte| ALPHABET[usize::from(byte % 32)] as char).collect()
}

pub fn next_code(next: Next) -> i32 {
    match next {
        Next::DecideIntake => pb::NextAction::DecideIntake,
        Next::AwaitSupplement => pb::NextAction::AwaitSupplement,
        Next::Decide => pb::NextAction::Decide,
        Next::Resume => pb::NextAction::Resume,
        Next::Issue => pb::NextAction::Issue,
    }
    .into()
}

fn clock(clock: &Clock, calendar: &str) -> pb::Clock {
    let (state, due_on, remaining) = match clock.due {
        Due::On(day) => (DeadlineState::Due, day.to_string(), 0),
        Due::Provisional { remaining, .. } => (DeadlineState::Provisional, String::new(), remaining),
        Due::Stopped { remaining, .. } => (DeadlineState::Stopped, String::new(), remaining),
    };
    pb::Clock {
        from: clock.from.to_string(),
        state: state.into(),
        due_on,
        signal: i32::from(signal_code(clock.signal)),
        remaining: i32::try_from(remaining).unwrap_or(i32::MAX),
        calendar_version: calendar.to_owned(),
    }
}

fn end(end: End) -> &'static str {
    match end {
        End::NotRequired => "NOT_REQUIRED",
        End::NotCompetent => "NOT_COMPETENT",
        End::Lapsed => "LAPSED",
        End::Withdrawn => "WITHDRAWN",
        End::Terminated => "TERMINATED",
    }
}
