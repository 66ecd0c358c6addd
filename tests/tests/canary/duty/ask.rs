//! For each method of the roster a request that would be done as it stands.

use prost::Message;
use proto::roster::v1::{self as pb, attendance_service_client::AttendanceServiceClient};

use super::*;
use crate::send::Hall;

/// The message of a request of the roster's. `at` is the field where the canary will be.
pub async fn request(hall: &Hall, method: &str, at: &[u32]) -> Option<Vec<u8>> {
    let message = attendance(hall, method, at).or_else(|| plan(hall, method, at));
    match message.or_else(|| circular(hall, method)).or_else(|| reading(hall, method)) {
        None => step(hall, method).await,
        message => message,
    }
}

fn attendance(hall: &Hall, method: &str, at: &[u32]) -> Option<Vec<u8>> {
    let (duty, request_id) = (&hall.duty, request_id());
    Some(match method {
        "SignInDuty" => duty.signing(&duty.today[0]).encode_to_vec(),
        "SignOutDuty" => {
            let pb::SignInDutyRequest { name, person, window, .. } = duty.signing(&duty.today[1]);
            pb::SignOutDutyRequest { name, person, window, request_id }.encode_to_vec()
        }
        "WriteDutyLog" => {
            // What is written replaces what stood there, so each of the log's texts has a duty of its own.
            let seat = if let [3, text @ 2..=4] = at { *text as usize } else { 1 };
            let pb::SignInDutyRequest { name, person, .. } = duty.signing(&duty.today[seat]);
            let log = pb::DutyLog { enquiries: 3, problems: "排队较长".into(), ..Default::default() };
            pb::WriteDutyLogRequest { name, person, log: Some(log), request_id, ..Default::default() }.encode_to_vec()
        }
        "CorrectAttendance" => duty.correcting(duty.contested.next()).encode_to_vec(),
        _ => return None,
    })
}

fn plan(hall: &Hall, method: &str, at: &[u32]) -> Option<Vec<u8>> {
    let (duty, request_id) = (&hall.duty, request_id());
    Some(match method {
        "SetDutyRules" => duty.setting(duty.rules()).encode_to_vec(),
        "CreateLeave" => {
            let with_document = at == [2, 7];
            let who = if with_document { duty.away() } else { hall.centre.officer(UNITS[0]) };
            duty.leaving(who).encode_to_vec()
        }
        "DraftPlan" => duty.drafting("2040-12", "2040-12-28").encode_to_vec(),
        "AdjustPlan" => {
            let (name, manager) = (hall.centre.of("plans", ADJUSTED), duty.manager());
            let person = hall.centre.of("people", &duty.adjusted.person);
            let moves = vec![pb::Move { duty: duty.adjusted.duty.clone(), person }];
            pb::AdjustPlanRequest { name, moves, manager, request_id, ..Default::default() }.encode_to_vec()
        }
        "PublishPlan" => duty.publishing(UNPUBLISHED).encode_to_vec(),
        "RequestExchange" => {
            let mut request = duty.asking(&duty.ahead);
            // One asks for somebody who is away: why they are must not be told with the refusal.
            if let Some(exchange) = request.exchange.as_mut().filter(|_| at == [2, 4]) {
                (exchange.kind, exchange.substitute) = (pb::ExchangeKind::Substitute.into(), duty.away());
            }
            request.encode_to_vec()
        }
        "SetStaffing" => {
            let clerk_a = hall.centre.clerk(UNITS[0]);
            let staffing = Some(pb::Staffing { clerk_a, clerk_b: hall.centre.clerk(UNITS[1]), ..Default::default() });
            let (parent, window, by) = (hall.centre.name(), hall.centre.of("windows", DESK), duty.manager());
            pb::SetStaffingRequest { parent, window, staffing, by, request_id, ..Default::default() }.encode_to_vec()
        }
        _ => return None,
    })
}

fn circular(hall: &Hall, method: &str) -> Option<Vec<u8>> {
    let duty = &hall.duty;
    Some(match method {
        "DraftCircular" => duty.circular(UNDRAFTED).encode_to_vec(),
        "SendCircular" => duty.sending(UNSENT).encode_to_vec(),
        "ContestCircular" => duty.contesting(CONTESTED, duty.contested.next()).encode_to_vec(),
        "IssueCircular" => duty.issuing(UNISSUED).encode_to_vec(),
        _ => return None,
    })
}

/// What needs something of its own that waits for it.
async fn step(hall: &Hall, method: &str) -> Option<Vec<u8>> {
    let duty = &hall.duty;
    Some(match method {
        "CancelLeave" => {
            let (name, by, request_id) = (duty.leave().await, duty.manager(), request_id());
            pb::CancelLeaveRequest { name, by, request_id }.encode_to_vec()
        }
        "AnswerExchange" => duty.answering(duty.asked(&duty.ahead).await).encode_to_vec(),
        "UndoExchange" => {
            let (name, by, request_id) = (duty.asked(&duty.ahead).await, duty.manager(), request_id());
            pb::UndoExchangeRequest { name, by, request_id }.encode_to_vec()
        }
        "CorrectCircular" => {
            let mark = duty.correcting(duty.issued.next());
            AttendanceServiceClient::new(duty.ring.clone()).correct_attendance(mark).await.expect("corrected");
            let (name, manager) = (hall.centre.of("circulars", ISSUED), duty.manager());
            let (reason, request_id) = ("更正考勤".into(), request_id());
            pb::CorrectCircularRequest { name, reason, manager, request_id, ..Default::default() }.encode_to_vec()
        }
        "AnswerContest" => pb::AnswerContestRequest {
            name: hall.centre.of("circulars", ANSWERED),
            number: duty.contest(duty.answered.next()).await,
            answer: "维持原考勤".into(),
            manager: duty.manager(),
            request_id: request_id(),
            ..Default::default()
        }
        .encode_to_vec(),
        _ => return None,
    })
}

fn reading(hall: &Hall, method: &str) -> Option<Vec<u8>> {
    let (parent, month) = (hall.centre.name(), EMPTY.to_owned());
    Some(match method {
        "GetDutyRules" => {
            pb::GetDutyRulesRequest { name: format!("{parent}/dutyRules"), ..Default::default() }.encode_to_vec()
        }
        "GetPlan" => pb::GetPlanRequest { name: hall.centre.of("plans", AHEAD) }.encode_to_vec(),
        "GetDuty" => pb::GetDutyRequest { name: hall.centre.of("duties", &hall.duty.ahead.duty) }.encode_to_vec(),
        "GetCircular" => pb::GetCircularRequest { name: hall.centre.of("circulars", CONTESTED) }.encode_to_vec(),
        "RenderCircular" => pb::RenderCircularRequest { name: hall.centre.of("circulars", CONTESTED) }.encode_to_vec(),
        "ListCirculars" => pb::ListCircularsRequest { parent, year: FAR }.encode_to_vec(),
        "ListDuties" => pb::ListDutiesRequest {
            parent,
            first_day: "2040-06-01".into(),
            last_day: "2040-06-30".into(),
            ..Default::default()
        }
        .encode_to_vec(),
        "ListLeaves" => pb::ListLeavesRequest { parent, month }.encode_to_vec(),
        "ListExchanges" => pb::ListExchangesRequest { parent, month }.encode_to_vec(),
        "ListStaffings" => pb::ListStaffingsRequest { parent, ..Default::default() }.encode_to_vec(),
        _ => return None,
    })
}
