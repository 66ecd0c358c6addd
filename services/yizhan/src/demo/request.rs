//! The requests of a case: what each step of its script asks of CaseService. They follow from the seed, so that a rerun
//! repeats them with the same request ids.

use kit::keyring::Keyring;
use proto::intake::v1::{self as pb, case_service_client::CaseServiceClient};
use tonic::Status;

use super::{
    applicant::{applicant, recipient},
    county::{Counter, County, DIVISION, Item, Material},
    days::Tick,
    dice::Dice,
    open,
    script::{Act, Path, Script},
};

/// Purposes of the dice, each beside the number of the case.
const WHO: u64 = 1 << 42;
const BROUGHT: u64 = 1 << 43;
const MISSING: u64 = 1 << 44;
const REQUEST: u64 = 1 << 45;

/// No case has this number: the mandates' requests are told apart from those of cases by it.
const MANDATES: u32 = u32::MAX;

/// One request, ready to be sent.
pub enum Call {
    Receive(Box<pb::ReceiveCaseRequest>),
    AskSupplement(pb::RequestSupplementRequest),
    Supplement(pb::SupplementCaseRequest),
    Accept(pb::AcceptCaseRequest),
    Refuse(pb::RefuseCaseRequest),
    Suspend(pb::SuspendCaseRequest),
    Resume(pb::ResumeCaseRequest),
    Extend(pb::ExtendCaseRequest),
    Decide(pb::DecideCaseRequest),
    Issue(pb::IssueCaseRequest),
    Withdraw(pb::WithdrawCaseRequest),
    Terminate(pb::TerminateCaseRequest),
}

impl Call {
    pub async fn send(self, client: &mut CaseServiceClient<Keyring>) -> Result<pb::Case, Status> {
        let answer = match self {
            Call::Receive(request) => client.receive_case(*request).await,
            Call::AskSupplement(request) => client.request_supplement(request).await,
            Call::Supplement(request) => client.supplement_case(request).await,
            Call::Accept(request) => client.accept_case(request).await,
            Call::Refuse(request) => client.refuse_case(request).await,
            Call::Suspend(request) => client.suspend_case(request).await,
            Call::Resume(request) => client.resume_case(request).await,
            Call::Extend(request) => client.extend_case(request).await,
            Call::Decide(request) => client.decide_case(request).await,
            Call::Issue(request) => client.issue_case(request).await,
            Call::Withdraw(request) => client.withdraw_case(request).await,
            Call::Terminate(request) => client.terminate_case(request).await,
        };
        answer.map(tonic::Response::into_inner)
    }
}

/// Who deals with a case, the same from its receipt to its issue.
struct Hands<'a> {
    received: &'a Counter,
    officer: &'a String,
    approver: &'a String,
    issued: &'a Counter,
    applicant: pb::Applicant,
}

fn hands<'a>(county: &'a County, script: &Script, item: &'a Item, seed: u64) -> Hands<'a> {
    let mut dice = Dice::new(seed, WHO + u64::from(script.case));
    Hands {
        received: dice.pick(&item.accepting),
        officer: dice.pick(&item.officers),
        approver: dice.pick(&item.approvers),
        issued: dice.pick(&item.issuing),
        applicant: applicant(&item.subjects, &county.names, &mut dice),
    }
}

/// The request of a script's step. `name` is the case's, empty where it is only being received.
pub fn call(county: &County, script: &Script, step: u8, name: &str, seed: u64) -> Option<Call> {
    let act = script.step(step)?.act;
    let item = &county.items[usize::from(script.item)];
    let hands = hands(county, script, item, seed);
    let (name, etag, request_id) =
        (name.to_owned(), String::new(), request_id(seed, script.step(step)?.tick, script.case, step));
    let clerk = || hands.received.clerk.clone();
    let officer = || hands.officer.clone();
    let number = |sort: &str| format!("尉{sort}〔2016〕{}-{:06}号", item.unit, script.case);
    Some(match act {
        Act::Receive | Act::ReceiveAccepted | Act::OnTheSpot => Call::Receive(Box::new(pb::ReceiveCaseRequest {
            parent: DIVISION.to_owned(),
            item: item.name.clone(),
            window: hands.received.window.clone(),
            clerk: clerk(),
            materials: brought(item, script, seed),
            fixed_on_spot: if script.fixed { vec![corrected(script.case)] } else { Vec::new() },
            accept_now: act == Act::ReceiveAccepted,
            on_the_spot: (act == Act::OnTheSpot).then(|| pb::OnTheSpot { document_number: number("许") }),
            applicant: Some(hands.applicant),
            request_id,
            received_at: None,
        })),
        Act::AskSupplement => {
            let demand = |material: &Material| pb::SupplementDemand {
                material: material.code.clone(),
                what: format!("未提交{}", material.name),
                met: false,
            };
            let demands = missing(item, script, seed).iter().map(|material| demand(material)).collect();
            Call::AskSupplement(pb::RequestSupplementRequest { name, clerk: clerk(), demands, etag, request_id })
        }
        Act::Supplement => {
            let materials = missing(item, script, seed).iter().map(|material| ticked(material)).collect();
            let window = hands.received.window.clone();
            Call::Supplement(pb::SupplementCaseRequest { name, window, clerk: clerk(), materials, etag, request_id })
        }
        Act::Accept => Call::Accept(pb::AcceptCaseRequest { name, clerk: clerk(), etag, request_id }),
        Act::RefuseNotRequired => {
            let reason = "申请事项依法不需要取得行政许可".to_owned();
            let (kind, competent_agency) = (pb::RefusalKind::NotRequired.into(), String::new());
            Call::Refuse(pb::RefuseCaseRequest {
                name,
                clerk: clerk(),
                kind,
                reason,
                competent_agency,
                etag,
                request_id,
            })
        }
        Act::RefuseNotCompetent => {
            let reason = "申请事项依法不属于本机关职权范围".to_owned();
            let (kind, competent_agency) = (pb::RefusalKind::NotCompetent.into(), "开封市相应主管部门".to_owned());
            Call::Refuse(pb::RefuseCaseRequest {
                name,
                clerk: clerk(),
                kind,
                reason,
                competent_agency,
                etag,
                request_id,
            })
        }
        Act::Suspend => {
            let (cause, needed_days) = stop(item, script);
            let (notice_number, first_day) = (number("停"), String::new());
            let cause = cause.into();
            Call::Suspend(pb::SuspendCaseRequest {
                name,
                officer: officer(),
                cause,
                notice_number,
                needed_days,
                first_day,
                etag,
                request_id,
            })
        }
        Act::Resume => {
            Call::Resume(pb::ResumeCaseRequest { name, officer: officer(), last_day: String::new(), etag, request_id })
        }
        Act::Extend => {
            let reason = "情况复杂，承诺期限内不能作出决定，需进一步核查".to_owned();
            Call::Extend(pb::ExtendCaseRequest { name, approver: hands.approver.clone(), reason, etag, request_id })
        }
        Act::Grant => {
            let (reasons, document_number) = (String::new(), number("许"));
            Call::Decide(pb::DecideCaseRequest {
                name,
                officer: officer(),
                grant: true,
                reasons,
                document_number,
                etag,
                request_id,
            })
        }
        Act::Deny => {
            let (reasons, document_number) = ("经审查，申请不符合法定条件和标准".to_owned(), number("不许"));
            Call::Decide(pb::DecideCaseRequest {
                name,
                officer: officer(),
                grant: false,
                reasons,
                document_number,
                etag,
                request_id,
            })
        }
        Act::Issue => {
            let (window, clerk) = (hands.issued.window.clone(), hands.issued.clerk.clone());
            let recipient = Some(recipient(&hands.applicant));
            Call::Issue(pb::IssueCaseRequest { name, window, clerk, recipient, etag, request_id })
        }
        Act::Withdraw => {
            let reason = "申请人书面撤回申请".to_owned();
            Call::Withdraw(pb::WithdrawCaseRequest { name, clerk: clerk(), reason, etag, request_id })
        }
        Act::Terminate => {
            let reason = "申请人依法终止或者丧失民事行为能力，审查无法继续".to_owned();
            Call::Terminate(pb::TerminateCaseRequest { name, officer: officer(), reason, etag, request_id })
        }
    })
}

/// The mandates of the instant items, given before the year begins: a leader of the unit names the first of its officers.
pub fn mandates(county: &County, seed: u64) -> impl Iterator<Item = pb::MandateItemRequest> {
    let instant = county.items.iter().zip(0..).filter(|(item, _)| item.instant);
    instant.filter_map(move |(item, place)| {
        Some(pb::MandateItemRequest {
            name: item.name.clone(),
            leader: item.approvers.first()?.clone(),
            officer: item.officers.first()?.clone(),
            document_number: format!("尉授〔2016〕{}-{:02}号", item.unit, place + 1),
            etag: String::new(),
            request_id: self::request_id(seed, Tick::default(), MANDATES, place),
        })
    })
}

/// What is handed in on receipt: all that is required, some of the rest, and not what a supplement will bring.
fn brought(item: &Item, script: &Script, seed: u64) -> Vec<pb::TickedMaterial> {
    let mut dice = Dice::new(seed, BROUGHT + u64::from(script.case));
    let missing = missing(item, script, seed);
    let left_out = |material: &Material| missing.iter().any(|missing| missing.code == material.code);
    let handed =
        item.materials.iter().filter(|material| (material.required || dice.percent(30)) && !left_out(material));
    handed.map(ticked).collect()
}

/// What is left out first on the way of a supplement: one or two required materials, the last ones of the list.
fn missing<'a>(item: &'a Item, script: &Script, seed: u64) -> Vec<&'a Material> {
    if script.path != Path::Supplement {
        return Vec::new();
    }
    let several = Dice::new(seed, MISSING + u64::from(script.case)).percent(25);
    let required = item.materials.iter().rev().filter(|material| material.required);
    required.take(if several { 2 } else { 1 }).collect()
}

fn ticked(material: &Material) -> pb::TickedMaterial {
    pb::TickedMaterial { code: material.code.clone(), originals: material.originals, copies: material.copies }
}

/// What was put right at the counter (行政许可法 art. 32).
fn corrected(case: u32) -> String {
    let faults = ["申请表日期填写有误，当场更正并签名", "复印件未签注“与原件一致”，当场补签", "联系电话漏填，当场补填"];
    faults[case as usize % faults.len()].to_owned()
}

/// Why the clock stops, and for how many working days the written notice says so.
fn stop(item: &Item, script: &Script) -> (pb::SuspensionCause, i32) {
    if let Path::Open(place) = script.path
        && let Some((cause, days)) = open::stop(place)
    {
        return (cause, days.into());
    }
    let cause = item.causes.get(script.case as usize % item.causes.len().max(1)).copied().unwrap_or_default();
    let days = script
        .tick_of(Act::Suspend)
        .zip(script.tick_of(Act::Resume))
        .map_or(1, |(first, last)| last.day - first.day + 1);
    (cause, days.into())
}

/// A UUID (version 8) that follows from the seed, the case and the step. It begins with the hour, as one of version 7 does
/// with the time: what comes together lies together in the journal's index of requests.
fn request_id(seed: u64, Tick { day, slot }: Tick, case: u32, step: u8) -> String {
    let mut dice = Dice::new(seed, REQUEST + (u64::from(case) << 8) + u64::from(step));
    let mut bytes = (u128::from(dice.roll()) << 64 | u128::from(dice.roll())).to_be_bytes();
    bytes[..2].copy_from_slice(&[day, slot]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::demo::plan::plan;

    #[test]
    fn every_step_has_a_request_and_each_its_own_id() {
        let county = County::read().expect("a county");
        let plan = plan(&county, 2_000, 2016).expect("a plan");
        let mut ids = HashSet::new();
        for script in &plan.scripts {
            for (step, due) in (0..).zip(script.steps()) {
                assert!(call(&county, script, step, "divisions/410223/cases/1", 2016).is_some(), "{script:?}");
                let id = || request_id(2016, due.tick, script.case, step);
                assert!(ids.insert(id()));
                assert_eq!(id(), id());
            }
        }
    }

    #[test]
    fn the_officer_who_decides_is_not_the_clerk_who_received() {
        let county = County::read().expect("a county");
        for item in &county.items {
            assert!(item.accepting.iter().all(|counter| !item.officers.contains(&counter.clerk)), "{}", item.code);
            assert!(
                item.accepting.iter().all(|counter| item.issuing.iter().all(|other| other.window != counter.window))
            );
        }
    }

    #[test]
    fn a_supplement_brings_what_was_left_out() {
        let county = County::read().expect("a county");
        let plan = plan(&county, 2_000, 2016).expect("a plan");
        for script in plan.scripts.iter().filter(|script| script.path == Path::Supplement) {
            let item = &county.items[usize::from(script.item)];
            let (missing, brought) = (missing(item, script, 2016), brought(item, script, 2016));
            assert!(
                !missing.is_empty()
                    && missing.iter().all(|missing| brought.iter().all(|brought| brought.code != missing.code))
            );
        }
    }
}
