//! CaseService: each step of a case's life, and the reading of it.

use std::{pin::Pin, sync::Arc};

use futures::Stream;
use kit::{
    actor::RequestKey,
    caller::Caller,
    form::{Form, choice},
    id,
    refusal::Refusal,
};
use proto::{
    directory::v1::{Deadline, DeadlineDay, DeadlineState, NoticeReference},
    intake::v1::{self as pb, case_service_server::CaseService},
    journal::v1::Receipt,
};
use tonic::{Request, Response, Status};

use super::{inbox, item::cause, list, party, receipt, receive::receive, render, watch};
use crate::{
    domain::{
        case::{Case, Demand, End, State, Ticked},
        number,
    },
    office::{Office, Target},
    store::case::Kept,
};

/// The cases' face to the world.
pub struct Cases(pub Arc<Office>);

type Answer<T> = Result<Response<T>, Status>;

/// The unit of a person who has one: lists show them its cases and no other's, as single cases do.
fn own_unit<T>(request: &Request<T>) -> Option<String> {
    let caller = Caller::of_call(request);
    caller.unit().filter(|_| caller.is_person()).map(str::to_owned)
}

#[tonic::async_trait]
impl CaseService for Cases {
    async fn receive_case(&self, request: Request<pb::ReceiveCaseRequest>) -> Answer<pb::Case> {
        let kept = receive(&self.0, request.into_inner()).await?;
        let mut case = render::case(&kept.case);
        case.query_code = render::query_code(&self.0.keys, &kept.case);
        Ok(Response::new(case))
    }

    async fn request_supplement(&self, request: Request<pb::RequestSupplementRequest>) -> Answer<pb::Case> {
        let request = request.into_inner();
        let key = RequestKey::of("RequestSupplement", &request, &request.request_id)?;
        let (target, clerk) = Target::read(&request.name, &request.etag, "clerk", &request.clerk)?;
        let demands = demands(&request.demands)?;
        let step = self
            .0
            .step(target, key, None, move |case, hall, now| case.ask_supplement(&clerk, demands.clone(), hall, now));
        answer(step.await)
    }

    async fn supplement_case(&self, request: Request<pb::SupplementCaseRequest>) -> Answer<pb::Case> {
        let request = request.into_inner();
        let key = RequestKey::of("SupplementCase", &request, &request.request_id)?;
        let (target, clerk) = Target::read(&request.name, &request.etag, "clerk", &request.clerk)?;
        let window = id::child_of("window", &request.window, "windows", target.division)?.to_owned();
        let mut form = Form::new();
        let materials = ticked(&request.materials, &mut form);
        form.require(!materials.is_empty(), "materials", "必填", "required");
        form.finish()?;
        let step = self.0.step(target, key, None, move |case, hall, now| {
            case.take_supplement(&window, &clerk, materials.clone(), hall, now)
        });
        answer(step.await)
    }

    async fn accept_case(&self, request: Request<pb::AcceptCaseRequest>) -> Answer<pb::Case> {
        let request = request.into_inner();
        let key = RequestKey::of("AcceptCase", &request, &request.request_id)?;
        let (target, clerk) = Target::read(&request.name, &request.etag, "clerk", &request.clerk)?;
        answer(self.0.step(target, key, None, move |case, hall, now| case.accept(&clerk, hall, now)).await)
    }

    async fn refuse_case(&self, request: Request<pb::RefuseCaseRequest>) -> Answer<pb::Case> {
        let request = request.into_inner();
        let key = RequestKey::of("RefuseCase", &request, &request.request_id)?;
        let (target, clerk) = Target::read(&request.name, &request.etag, "clerk", &request.clerk)?;
        let kind = match choice::<pb::RefusalKind>("kind", request.kind)? {
            pb::RefusalKind::NotCompetent => End::NotCompetent,
            _ => End::NotRequired,
        };
        let mut form = Form::new();
        let reason = form.text("reason", &request.reason, 1..=2_000);
        // A refusal for want of competence names the agency that is competent (art. 32(2)).
        let least = usize::from(kind == End::NotCompetent);
        let agency = form.text("competent_agency", &request.competent_agency, least..=200);
        form.finish()?;
        let step = self.0.step(target, key, None, move |case, hall, now| {
            case.refuse(&clerk, kind, reason.clone(), agency.clone(), hall, now)
        });
        answer(step.await)
    }

    async fn suspend_case(&self, request: Request<pb::SuspendCaseRequest>) -> Answer<pb::Case> {
        let request = request.into_inner();
        let key = RequestKey::of("SuspendCase", &request, &request.request_id)?;
        let (target, officer) = Target::read(&request.name, &request.etag, "officer", &request.officer)?;
        let cause = cause("cause", request.cause)?;
        let mut form = Form::new();
        let notice = form.text("notice_number", &request.notice_number, 1..=100);
        let needed = form.number("needed_days", request.needed_days.into(), 1..=250) as u16;
        let first = form.date("first_day", &request.first_day);
        form.finish()?;
        let step = self.0.step(target, key, None, move |case, hall, now| {
            case.suspend(&officer, cause, notice.clone(), needed, first, hall, now)
        });
        answer(step.await)
    }

    async fn resume_case(&self, request: Request<pb::ResumeCaseRequest>) -> Answer<pb::Case> {
        let request = request.into_inner();
        let key = RequestKey::of("ResumeCase", &request, &request.request_id)?;
        let (target, officer) = Target::read(&request.name, &request.etag, "officer", &request.officer)?;
        let mut form = Form::new();
        let last = form.date("last_day", &request.last_day);
        form.finish()?;
        answer(self.0.step(target, key, None, move |case, hall, now| case.resume(&officer, last, hall, now)).await)
    }

    async fn extend_case(&self, request: Request<pb::ExtendCaseRequest>) -> Answer<pb::Case> {
        let request = request.into_inner();
        let key = RequestKey::of("ExtendCase", &request, &request.request_id)?;
        let (target, approver) = Target::read(&request.name, &request.etag, "approver", &request.approver)?;
        let reason = text("reason", &request.reason, 1, 1_000)?;
        let step =
            self.0.step(target, key, None, move |case, hall, now| case.extend(&approver, reason.clone(), hall, now));
        answer(step.await)
    }

    async fn decide_case(&self, request: Request<pb::DecideCaseRequest>) -> Answer<pb::Case> {
        let request = request.into_inner();
        let key = RequestKey::of("DecideCase", &request, &request.request_id)?;
        let (target, officer) = Target::read(&request.name, &request.etag, "officer", &request.officer)?;
        let grant = request.grant;
        let mut form = Form::new();
        let reasons = form.text("reasons", &request.reasons, usize::from(!grant)..=2_000);
        let document = form.text("document_number", &request.document_number, 0..=100);
        form.finish()?;
        let step = self.0.step(target, key, None, move |case, hall, now| {
            case.decide(grant, &officer, reasons.clone(), document.clone(), hall, now)
        });
        answer(step.await)
    }

    async fn issue_case(&self, request: Request<pb::IssueCaseRequest>) -> Answer<pb::Case> {
        let request = request.into_inner();
        let key = RequestKey::of("IssueCase", &request, &request.request_id)?;
        let (target, clerk) = Target::read(&request.name, &request.etag, "clerk", &request.clerk)?;
        let window = id::child_of("window", &request.window, "windows", target.division)?.to_owned();
        let mut form = Form::new();
        let recipient = party::recipient("recipient", request.recipient, &mut form);
        form.finish()?;
        let Some(recipient) = recipient else { return Err(Refusal::field("recipient", "必填", "required").into()) };
        let kept = party::Kept::new(&recipient);
        let sealed = kept.seal(&self.0.cipher, target.division, format!("{}.recipient", target.number));
        let step = self.0.step(target, key, Some(sealed), move |case, hall, now| {
            case.issue(&window, &clerk, kept.masked.clone(), hall, now)
        });
        answer(step.await)
    }

    async fn withdraw_case(&self, request: Request<pb::WithdrawCaseRequest>) -> Answer<pb::Case> {
        let request = request.into_inner();
        let key = RequestKey::of("WithdrawCase", &request, &request.request_id)?;
        let (target, clerk) = Target::read(&request.name, &request.etag, "clerk", &request.clerk)?;
        let reason = text("reason", &request.reason, 0, 2_000)?;
        answer(
            self.0
                .step(target, key, None, move |case, hall, now| case.withdraw(&clerk, reason.clone(), hall, now))
                .await,
        )
    }

    async fn terminate_case(&self, request: Request<pb::TerminateCaseRequest>) -> Answer<pb::Case> {
        let request = request.into_inner();
        let key = RequestKey::of("TerminateCase", &request, &request.request_id)?;
        let (target, officer) = Target::read(&request.name, &request.etag, "officer", &request.officer)?;
        let reason = text("reason", &request.reason, 1, 2_000)?;
        let step =
            self.0.step(target, key, None, move |case, hall, now| case.terminate(&officer, reason.clone(), hall, now));
        answer(step.await)
    }

    async fn get_case(&self, request: Request<pb::GetCaseRequest>) -> Answer<pb::Case> {
        let kept = find(&self.0, "name", &request.into_inner().name).await?;
        Ok(Response::new(render::case(&kept.case)))
    }

    async fn list_cases(&self, request: Request<pb::ListCasesRequest>) -> Answer<pb::ListCasesResponse> {
        let own = own_unit(&request);
        Ok(Response::new(list::list(&self.0, own, request.into_inner()).await?))
    }

    type WatchCasesStream = Pin<Box<dyn Stream<Item = Result<pb::WatchCasesResponse, Status>> + Send>>;

    async fn watch_cases(&self, request: Request<pb::WatchCasesRequest>) -> Answer<Self::WatchCasesStream> {
        let own = own_unit(&request);
        Ok(Response::new(watch::watch(&self.0, own, request.into_inner()).await?))
    }

    async fn explain_deadline(&self, request: Request<pb::ExplainDeadlineRequest>) -> Answer<Deadline> {
        let request = request.into_inner();
        let which = choice::<pb::CaseClock>("clock", request.clock)?;
        let kept = find(&self.0, "name", &request.name).await?;
        Ok(Response::new(explain(&self.0, &kept.case, which)?))
    }

    async fn get_case_receipt(&self, request: Request<pb::GetCaseReceiptRequest>) -> Answer<Receipt> {
        let kept = find(&self.0, "name", &request.into_inner().name).await?;
        let receipt = receipt::of(&self.0, &kept.case).await?;
        Ok(Response::new(receipt.ok_or_else(receipt::missing)?))
    }

    async fn track_case(&self, request: Request<pb::TrackCaseRequest>) -> Answer<pb::TrackCaseResponse> {
        Ok(Response::new(track(&self.0, request.into_inner()).await?))
    }

    async fn list_inbox(&self, request: Request<pb::ListInboxRequest>) -> Answer<pb::ListInboxResponse> {
        Ok(Response::new(inbox::inbox(&self.0, request.into_inner()).await?))
    }
}

fn answer(step: Result<Arc<Kept>, Refusal>) -> Answer<pb::Case> {
    Ok(Response::new(render::case(&step?.case)))
}

/// The case that a name means.
pub async fn find(office: &Office, field: &str, name: &str) -> Result<Arc<Kept>, Refusal> {
    let (division, number) = id::child(field, name, "cases")?;
    office.cases.get(division, number).await?.ok_or_else(Case::not_found)
}

fn demands(demands: &[pb::SupplementDemand]) -> Result<Vec<Demand>, Refusal> {
    let mut form = Form::new();
    form.require((1..=60).contains(&demands.len()), "demands", "须列明1至60项", "must list 1 to 60");
    let demands = demands.iter().take(60).enumerate().map(|(i, demand)| Demand {
        material: form.text(&format!("demands[{i}].material"), &demand.material, 1..=20),
        what: form.text(&format!("demands[{i}].what"), &demand.what, 1..=500),
        met: false,
    });
    let demands: Vec<_> = demands.collect();
    let mut codes: Vec<_> = demands.iter().map(|demand| &demand.material).collect();
    codes.sort_unstable();
    codes.dedup();
    form.require(codes.len() == demands.len(), "demands", "同一材料不得重复列出", "a material stands twice");
    form.finish()?;
    Ok(demands)
}

pub(super) fn ticked(materials: &[pb::TickedMaterial], form: &mut Form) -> Vec<Ticked> {
    if materials.len() > 60 {
        form.fault("materials", "最多60项", "at most 60");
        return Vec::new();
    }
    let mut all: Vec<Ticked> = Vec::with_capacity(materials.len());
    for (i, material) in materials.iter().enumerate() {
        let code = form.text(&format!("materials[{i}].code"), &material.code, 1..=20);
        form.number(&format!("materials[{i}].originals"), material.originals.into(), 0..=1_000);
        form.number(&format!("materials[{i}].copies"), material.copies.into(), 0..=1_000);
        if all.iter().any(|ticked| ticked.code == code) {
            form.fault(&format!("materials[{i}].code"), "材料重复", "stands twice");
        }
        all.push(Ticked { code, originals: material.originals, copies: material.copies });
    }
    all
}

fn text(field: &str, text: &str, least: usize, most: usize) -> Result<String, Refusal> {
    let mut form = Form::new();
    let text = form.text(field, text, least..=most);
    form.finish()?;
    Ok(text)
}

fn explain(office: &Office, case: &Case, which: pb::CaseClock) -> Result<Deadline, Refusal> {
    let clock = match which {
        pb::CaseClock::Intake => &case.intake,
        pb::CaseClock::Promised => &case.promised,
        pb::CaseClock::Issue => &case.issue,
        pb::CaseClock::Legal | pb::CaseClock::Unspecified => &case.legal,
    };
    let Some(clock) = clock else {
        let (zh, en) = ("该时限未在计算", "the clock has not started or does not run any more");
        return Err(Refusal::state("CLOCK_NOT_STARTED", zh, en));
    };
    let decision = matches!(which, pb::CaseClock::Legal | pb::CaseClock::Promised);
    let (stops, extension) = if decision {
        (case.suspensions(), case.extension.as_ref().map(|extension| extension.days))
    } else {
        (Vec::new(), None)
    };
    let explanation = office.hall().calendar.explain(&clock.term(&stops, extension));
    let (state, due_on, known_through, remaining) = match explanation.due {
        calendar::Due::On(day) => (DeadlineState::Due, day.to_string(), String::new(), 0),
        calendar::Due::Provisional { known_through, remaining } => {
            (DeadlineState::Provisional, String::new(), known_through.to_string(), remaining)
        }
        calendar::Due::Stopped { since, remaining } => {
            (DeadlineState::Stopped, String::new(), since.to_string(), remaining)
        }
    };
    let days = explanation.days.into_iter().map(|day| DeadlineDay {
        date: day.date.to_string(),
        counted: day.counted.and_then(|n| i32::try_from(n).ok()).unwrap_or(0),
        reason_zh: day.reason.text_zh().to_owned(),
        reason_en: day.reason.text_en().to_owned(),
        article: day.reason.article().to_owned(),
    });
    let notices = explanation.notices.into_iter().map(|notice| NoticeReference {
        year: notice.year.into(),
        version: i32::try_from(notice.version).unwrap_or(i32::MAX),
        document: notice.document,
    });
    Ok(Deadline {
        state: state.into(),
        due_on,
        known_through,
        remaining: i32::try_from(remaining).unwrap_or(i32::MAX),
        days: days.collect(),
        notices: notices.collect(),
        computed_at: Some(office.clock.now().timestamp()),
    })
}

async fn track(office: &Office, request: pb::TrackCaseRequest) -> Result<pb::TrackCaseResponse, Refusal> {
    // One answer for an unknown number and a wrong code: whoever guesses learns nothing.
    let number = number::read(&request.number).ok_or_else(Case::not_found)?;
    let division = number[..6].parse().map_err(|_| Case::not_found())?;
    let kept = office.cases.get(division, &number).await?.ok_or_else(Case::not_found)?;
    let case = &kept.case;
    let code = request.query_code.trim().to_ascii_uppercase();
    let same = |right: String| {
        right.len() == code.len() && right.bytes().zip(code.bytes()).fold(0, |d, (a, b)| d | (a ^ b)) == 0
    };
    if !same(render::query_code(&office.keys, case)) {
        return Err(Case::not_found());
    }
    let on = |at: Option<i64>| at.map(|at| calendar::shanghai_date(at).to_string()).unwrap_or_default();
    let (next_zh, next_en) = match case.state {
        State::SupplementPending => ("请按补正告知书补齐材料", "bring what the supplement notice lists"),
        State::Granted | State::Denied => {
            ("请携带身份证件到出件窗口领取", "collect the result at an issuing window with your identity document")
        }
        _ => ("", ""),
    };
    Ok(pb::TrackCaseResponse {
        number: case.number.clone(),
        item_title_zh: case.title.clone(),
        state: i32::from(crate::store::case::state_code(case.state)),
        state_zh: case.state.zh().to_owned(),
        state_en: case.state.en().to_owned(),
        received_on: on(Some(case.received_at)),
        accepted_on: case.accepted_on.map(|day| day.to_string()).unwrap_or_default(),
        due_on: case.promised.as_ref().and_then(|clock| clock.due_on()).map(|day| day.to_string()).unwrap_or_default(),
        decided_on: on(case.decision.as_ref().map(|decision| decision.at)),
        issued_on: on(case.issuance.as_ref().map(|issuance| issuance.at)),
        next_zh: next_zh.to_owned(),
        next_en: next_en.to_owned(),
        receipt: receipt::of(office, case).await?,
    })
}
