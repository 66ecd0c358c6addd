//! AttendanceService: who came, and what the day brought.

use std::sync::Arc;

use kit::{
    actor::RequestKey,
    caller::Caller,
    form::{Form, must_match},
    id::{self, Division},
    refusal::Refusal,
    store::{Desk, Key},
};
use proto::roster::v1::{self as pb, attendance_service_server::AttendanceService};
use tonic::{Request, Response, Status};

use super::{finish, half, is_inside, person, time};
use crate::{
    domain::{
        attendance::{Happened, Place},
        duty::{Correction, Duty, Log, State},
    },
    office::{Office, record},
    store::duty::Kept,
};

/// The attendance's face to the world.
pub struct Attendances(pub Arc<Office>);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl AttendanceService for Attendances {
    async fn sign_in_duty(&self, request: Request<pb::SignInDutyRequest>) -> Answer<pb::Duty> {
        let on_terminal = Caller::of_call(&request).certificate().is_some();
        let request = request.into_inner();
        let key = RequestKey::of("SignInDuty", &request, &request.request_id)?;
        let (target, who, window) = target_at(&request.name, &request.person, &request.window)?;
        let now = self.0.clock.now();
        self.step(target, "", &request.person, key, move |duty| {
            duty.sign_in(&who, &Place { window: &window, on_terminal }, now)
        })
        .await
    }

    async fn sign_out_duty(&self, request: Request<pb::SignOutDutyRequest>) -> Answer<pb::Duty> {
        let on_terminal = Caller::of_call(&request).certificate().is_some();
        let request = request.into_inner();
        let key = RequestKey::of("SignOutDuty", &request, &request.request_id)?;
        let (target, who, window) = target_at(&request.name, &request.person, &request.window)?;
        let now = self.0.clock.now();
        self.step(target, "", &request.person, key, move |duty| {
            duty.sign_out(&who, &Place { window: &window, on_terminal }, now)
        })
        .await
    }

    async fn write_duty_log(&self, request: Request<pb::WriteDutyLogRequest>) -> Answer<pb::Duty> {
        let request = request.into_inner();
        let key = RequestKey::of("WriteDutyLog", &request, &request.request_id)?;
        let target = target(&request.name)?;
        let mut form = Form::new();
        let who = person(&mut form, "person", &request.person, target.0);
        form.require(request.log.is_some(), "log", "必填", "required");
        let log = request.log.unwrap_or_default();
        let log = Log {
            enquiries: form.number("log.enquiries", log.enquiries.into(), 0..=10_000) as u32,
            problems: form.text("log.problems", &log.problems, 0..=1_000),
            resolutions: form.text("log.resolutions", &log.resolutions, 0..=1_000),
            handover: form.text("log.handover", &log.handover, 0..=1_000),
        };
        let who = finish(form, who)?;
        let now = self.0.clock.now();
        let write = move |duty: &mut Duty| duty.write(&who, log.clone(), now);
        self.step(target, &request.etag, &request.person, key, write).await
    }

    async fn correct_attendance(&self, request: Request<pb::CorrectAttendanceRequest>) -> Answer<pb::Duty> {
        let request = request.into_inner();
        let key = RequestKey::of("CorrectAttendance", &request, &request.request_id)?;
        let target = target(&request.name)?;
        let mut form = Form::new();
        let by = person(&mut form, "by", &request.by, target.0);
        let mark = mark(&mut form, "", request.state, request.late, request.early);
        let reason = form.text("reason", &request.reason, 1..=500);
        let (by, mark) = finish(form, by.zip(mark))?;
        let (mirror, now) = (self.0.mirror(), self.0.clock.now());
        let correct = move |duty: &mut Duty| duty.correct(mark, &by, &reason, &mirror, now);
        self.step(target, &request.etag, &request.by, key, correct).await
    }

    async fn get_duty(&self, request: Request<pb::GetDutyRequest>) -> Answer<pb::Duty> {
        let caller = Caller::of_call(&request);
        let (division, id) = target(&request.into_inner().name)?;
        let kept = self.0.duties.get(division, &id).await?.ok_or_else(Duty::not_found)?;
        let is_inside = is_inside(&caller, division);
        Ok(Response::new(if is_inside { show(&kept.duty) } else { tell(&kept.duty) }))
    }
}

impl Attendances {
    /// Runs one step of a duty: first what time has brought, then the step.
    async fn step(
        &self,
        (division, id): (Division, String),
        etag: &str,
        actor: &str,
        key: RequestKey,
        decide: impl Fn(&mut Duty) -> Result<Happened, Refusal> + Send + Sync + 'static,
    ) -> Answer<pb::Duty> {
        let (etag, actor, now) = (etag.to_owned(), actor.to_owned(), self.0.clock.now());
        let keys = vec![Key::of::<Kept>(division, id.as_str())];
        let decide = move |desk: &mut Desk<'_>| {
            let mut duty = desk.take::<Kept>(&id, Duty::not_found)?.duty;
            must_match(&etag, duty.version)?;
            if let Some(happened) = duty.wake(now) {
                record(desk, happened, format!("duties/{id}"), kit::actor::SYSTEM, &tell(&duty));
            }
            let happened = decide(&mut duty)?;
            record(desk, happened, format!("duties/{id}"), &actor, &tell(&duty));
            desk.put(Kept::from(duty));
            Ok(id.as_str().into())
        };
        let kept = self.0.writer.change::<Kept>(division, keys, Some(key), decide).await?;
        Ok(Response::new(show(&kept.duty)))
    }
}

fn target(name: &str) -> Result<(Division, String), Refusal> {
    let (division, id) = id::child("name", name, "duties")?;
    Ok((division, id.to_owned()))
}

fn target_at(name: &str, who: &str, window: &str) -> Result<((Division, String), String, String), Refusal> {
    let target = target(name)?;
    let mut form = Form::new();
    let who = person(&mut form, "person", who, target.0);
    let window = form.take(id::child_of("window", window, "windows", target.0)).map(str::to_owned);
    let (who, window) = finish(form, who.zip(window))?;
    Ok((target, who, window))
}

/// A mark that a person gives: late and early go with SERVED only.
pub fn mark(form: &mut Form, at: &str, state: i32, late: bool, early: bool) -> Option<(State, bool, bool)> {
    let state = match pb::DutyState::try_from(state) {
        Ok(pb::DutyState::Served) => State::Served,
        Ok(pb::DutyState::Absent) => State::Absent,
        Ok(pb::DutyState::Excused) => State::Excused,
        _ => {
            let (zh, en) = ("应为已值班、缺勤或准假", "must be SERVED, ABSENT or EXCUSED");
            form.fault(&format!("{at}state"), zh, en);
            return None;
        }
    };
    let (zh, en) = ("只有已值班才有迟到早退", "only with SERVED");
    form.require(state == State::Served || !late, &format!("{at}late"), zh, en);
    form.require(state == State::Served || !early, &format!("{at}early"), zh, en);
    Some((state, late, early))
}

fn state(state: State) -> pb::DutyState {
    match state {
        State::Planned => pb::DutyState::Planned,
        State::OnDuty => pb::DutyState::OnDuty,
        State::Served => pb::DutyState::Served,
        State::Absent => pb::DutyState::Absent,
        State::Excused => pb::DutyState::Excused,
    }
}

/// What everybody may know, and the journal tells: neither what was written of people in the log, nor why a mark was
/// corrected.
pub fn tell(duty: &Duty) -> pb::Duty {
    let log = duty.log.as_ref().map(|log| pb::DutyLog { enquiries: log.enquiries as i32, ..Default::default() });
    let mut told = pb::Duty { log, ..show(duty) };
    told.corrections.iter_mut().for_each(|correction| correction.reason.clear());
    told
}

pub fn show(duty: &Duty) -> pb::Duty {
    let people = |code: &str| duty.division.child("people", code);
    let correction = |correction: &Correction| pb::Correction {
        by: people(&correction.by),
        corrected_at: time(correction.at),
        reason: correction.reason.clone(),
        state_before: state(correction.state).into(),
        late_before: correction.late,
        early_before: correction.early,
    };
    pb::Duty {
        name: duty.division.child("duties", &duty.slot.id()),
        day: duty.slot.day.to_string(),
        half: half(duty.slot.half).into(),
        post: duty.slot.post.clone(),
        seat: duty.slot.seat.into(),
        post_title_zh: duty.post_zh.clone(),
        post_title_en: duty.post_en.clone(),
        starts_at: time(duty.times.starts),
        ends_at: time(duty.times.ends),
        unit: duty.unit.clone(),
        person: people(&duty.person.code),
        display_name: duty.person.name.clone(),
        planned_person: people(&duty.planned.code),
        state: state(duty.state).into(),
        substituted: duty.substituted,
        signed_in_at: time(duty.signed_in),
        signed_out_at: time(duty.signed_out),
        late: duty.late,
        early: duty.early,
        log: duty.log.as_ref().map(|log| pb::DutyLog {
            enquiries: log.enquiries as i32,
            problems: log.problems.clone(),
            resolutions: log.resolutions.clone(),
            handover: log.handover.clone(),
        }),
        corrections: duty.corrections.iter().map(correction).collect(),
        etag: duty.version.to_string(),
        window: duty.division.child("windows", &duty.window),
    }
}
