//! CircularService: how the duty of a month went.

use std::sync::Arc;

use kit::{
    actor::RequestKey,
    caller::Caller,
    form::{Form, must_match},
    id::{self, Division},
    refusal::Refusal,
    store::{Desk, Key},
};
use proto::roster::v1::{self as pb, circular_service_server::CircularService};
use tonic::{Request, Response, Status};

use super::{attendance, attendance::mark, document, finish, is_inside, month, name_of, person, slot, time};
use crate::{
    domain::{
        attendance::Happened,
        circular::{Absence, Attendance, Circular, Contest, Count, Measure, Serial, State, Tally},
        duty::Duty,
        month::Month,
        rules::{Book, Rules},
        slot::Slot,
    },
    office::{self, Office, record, rules_of},
    store::duty::Kept,
};

/// The circulars' face to the world.
pub struct Circulars(pub Arc<Office>);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl CircularService for Circulars {
    async fn draft_circular(&self, request: Request<pb::DraftCircularRequest>) -> Answer<pb::Circular> {
        let request = request.into_inner();
        let key = RequestKey::of("DraftCircular", &request, &request.request_id)?;
        let division = id::division("parent", &request.parent)?;
        let mut form = Form::new();
        let code = month(&mut form, "month", &request.month);
        let manager = person(&mut form, "manager", &request.manager, division);
        let (code, manager) = finish(form, code.zip(manager))?;
        let target = Target { division, month: code, etag: String::new(), actor: request.manager };
        let now = self.0.clock.now();
        self.change(target, key, move |table| {
            let month = &table.month;
            let fresh = Circular::draft(table.there.as_ref(), month, &table.attendance(), &table.rules, &manager, now)?;
            table.there = Some(fresh);
            Ok("circular.drafted")
        })
        .await
    }

    async fn send_circular(&self, request: Request<pb::SendCircularRequest>) -> Answer<pb::Circular> {
        let request = request.into_inner();
        let key = RequestKey::of("SendCircular", &request, &request.request_id)?;
        let (target, manager) = Target::read(&request.name, &request.etag, "manager", &request.manager)?;
        let now = self.0.clock.now();
        self.change(target, key, move |table| {
            let (rules, mirror) = (table.rules.clone(), table.mirror.clone());
            table.circular()?.send(&manager, &rules, &mirror, now)
        })
        .await
    }

    async fn contest_circular(&self, request: Request<pb::ContestCircularRequest>) -> Answer<pb::Circular> {
        let request = request.into_inner();
        let key = RequestKey::of("ContestCircular", &request, &request.request_id)?;
        let (target, by) = Target::read(&request.name, "", "by", &request.by)?;
        let mut form = Form::new();
        let about = slot(&mut form, "duty", &request.duty);
        let reason = form.text("reason", &request.reason, 1..=500);
        let about = finish(form, about)?;
        let now = self.0.clock.now();
        self.change(target, key, move |table| {
            let (duty, mirror) = (table.duty(&about.id())?.clone(), table.mirror.clone());
            table.circular()?.contest(&duty, &by, reason.clone(), &mirror, now)
        })
        .await
    }

    async fn answer_contest(&self, request: Request<pb::AnswerContestRequest>) -> Answer<pb::Circular> {
        let request = request.into_inner();
        let key = RequestKey::of("AnswerContest", &request, &request.request_id)?;
        let (target, manager) = Target::read(&request.name, "", "manager", &request.manager)?;
        let mut form = Form::new();
        let number = form.number("number", request.number.into(), 1..=10_000) as u32;
        let answer = form.text("answer", &request.answer, 1..=500);
        let corrected = request.corrected.map(|to| mark(&mut form, "corrected.", to.state, to.late, to.early));
        form.finish()?;
        let (corrected, now) = (corrected.flatten(), self.0.clock.now());
        self.change(target, key, move |table| {
            let mirror = table.mirror.clone();
            crate::domain::people::manager(&mirror, table.month.division, &manager)?;
            let about = table.circular()?.contested(number)?.to_owned();
            if let Some(mark) = corrected {
                table.duty(&about)?.correct(mark, &manager, &answer, &mirror, now)?;
                table.corrected = Some(about);
            }
            table.answer(number, &manager, &answer)
        })
        .await
    }

    async fn issue_circular(&self, request: Request<pb::IssueCircularRequest>) -> Answer<pb::Circular> {
        let request = request.into_inner();
        let key = RequestKey::of("IssueCircular", &request, &request.request_id)?;
        let (target, manager) = Target::read(&request.name, &request.etag, "manager", &request.manager)?;
        let now = self.0.clock.now();
        self.change(target, key, move |table| {
            let (rules, mirror, mut serial) = (table.rules.clone(), table.mirror.clone(), table.serial.clone());
            let happened = table.circular()?.issue(&mut serial, &manager, &rules, &mirror, now)?;
            table.serial = serial;
            Ok(happened)
        })
        .await
    }

    async fn correct_circular(&self, request: Request<pb::CorrectCircularRequest>) -> Answer<pb::Circular> {
        let request = request.into_inner();
        let key = RequestKey::of("CorrectCircular", &request, &request.request_id)?;
        let (target, manager) = Target::read(&request.name, &request.etag, "manager", &request.manager)?;
        let mut form = Form::new();
        let reason = form.text("reason", &request.reason, 1..=500);
        form.finish()?;
        let now = self.0.clock.now();
        self.change(target, key, move |table| table.correct(&manager, &reason, now)).await
    }

    async fn get_circular(&self, request: Request<pb::GetCircularRequest>) -> Answer<pb::Circular> {
        let caller = Caller::of_call(&request);
        let circular = find(&self.0, &caller, &request.into_inner().name).await?;
        Ok(Response::new(show_to(&caller, &circular)))
    }

    async fn list_circulars(&self, request: Request<pb::ListCircularsRequest>) -> Answer<pb::ListCircularsResponse> {
        let caller = Caller::of_call(&request);
        let request = request.into_inner();
        let division = id::division("parent", &request.parent)?;
        let mut form = Form::new();
        let year = form.number("year", request.year.into(), 2000..=2100);
        form.finish()?;
        let mut circulars = Vec::new();
        for number in 1..=12 {
            let there = self.0.circulars.get(division, &format!("{year}-{number:02}")).await?;
            circulars.extend(there.filter(|there| may_see(&caller, there)).map(|there| show_to(&caller, &there)));
        }
        Ok(Response::new(pb::ListCircularsResponse { circulars }))
    }

    async fn render_circular(&self, request: Request<pb::RenderCircularRequest>) -> Answer<pb::RenderCircularResponse> {
        let caller = Caller::of_call(&request);
        let circular = find(&self.0, &caller, &request.into_inner().name).await?;
        Ok(Response::new(document::render(&circular)?))
    }
}

/// Which circular, as the caller saw it, and who acts.
struct Target {
    division: Division,
    month: String,
    etag: String,
    /// Resource name of a person.
    actor: String,
}

impl Target {
    fn read(name: &str, etag: &str, field: &str, actor: &str) -> Result<(Target, String), Refusal> {
        let (division, code) = id::child("name", name, "circulars")?;
        let person = id::child_of(field, actor, "people", division)?.to_owned();
        let target = Target { division, month: code.to_owned(), etag: etag.to_owned(), actor: actor.to_owned() };
        Ok((target, person))
    }
}

/// All that a decision on a circular looks at.
struct Table {
    there: Option<Circular>,
    month: Month,
    duties: Vec<Duty>,
    earlier: Vec<Circular>,
    serial: Serial,
    rules: Arc<Rules>,
    mirror: Arc<mirror::Mirror>,
    /// The duty whose mark a decision has corrected.
    corrected: Option<String>,
}

impl Table {
    fn circular(&mut self) -> Result<&mut Circular, Refusal> {
        self.there.as_mut().ok_or_else(Circular::not_found)
    }

    fn duty(&mut self, id: &str) -> Result<&mut Duty, Refusal> {
        self.duties.iter_mut().find(|duty| duty.slot.id() == id).ok_or_else(Duty::not_found)
    }

    fn attendance(&self) -> Attendance<'_> {
        Attendance { duties: &self.duties, earlier: &self.earlier, mirror: &self.mirror }
    }

    fn answer(&mut self, number: u32, by: &str, answer: &str) -> Result<Happened, Refusal> {
        let Table { there, duties, earlier, mirror, corrected, .. } = self;
        let attendance = Attendance { duties, earlier, mirror };
        let circular = there.as_mut().ok_or_else(Circular::not_found)?;
        circular.answer(number, by, answer.to_owned(), corrected.as_ref().map(|_| &attendance))
    }

    fn correct(&mut self, by: &str, reason: &str, now: kit::clock::Moment) -> Result<Happened, Refusal> {
        let Table { there, duties, earlier, mirror, .. } = self;
        let attendance = Attendance { duties, earlier, mirror };
        there.as_mut().ok_or_else(Circular::not_found)?.correct(by, reason.to_owned(), &attendance, now)
    }
}

impl Circulars {
    async fn change(
        &self,
        target: Target,
        key: RequestKey,
        decide: impl Fn(&mut Table) -> Result<Happened, Refusal> + Send + Sync + 'static,
    ) -> Answer<pb::Circular> {
        let Target { division, month: code, etag, actor } = target;
        let plan = self.0.month(division, &code).await?;
        let slots: Vec<Slot> = match &plan.plan {
            Some(plan) => plan.assignments.iter().map(|at| at.slot.clone()).collect(),
            None => return Err(crate::domain::plan::Plan::not_found().into()),
        };
        let (year, mirror) = (code.get(..4).unwrap_or_default().to_owned(), self.0.mirror());
        let earlier: Vec<String> =
            (1..=12).map(|number| format!("{year}-{number:02}")).take_while(|month| *month < code).collect();
        let own = [
            Key::of::<Circular>(division, code.as_str()),
            Key::of::<Month>(division, code.as_str()),
            Key::of::<Book>(division, Book::ID),
            Key::of::<Serial>(division, year.as_str()),
        ];
        let duties = slots.iter().map(|slot| Key::of::<Kept>(division, slot.id()));
        let before = earlier.iter().map(|month| Key::of::<Circular>(division, month.as_str()));
        let keys = own.into_iter().chain(duties).chain(before).collect();
        let decide = move |desk: &mut Desk<'_>| {
            let month = office::month_of(desk, &code);
            let rules = rules_of(desk, &month)?.rules;
            let there = desk.get::<Circular>(&code).map(Arc::unwrap_or_clone);
            if let Some(there) = &there {
                must_match(&etag, there.version)?;
            }
            let serial = desk
                .get::<Serial>(&year)
                .map_or_else(|| Serial { division, year: year.clone(), last: 0 }, Arc::unwrap_or_clone);
            // What was drafted and never published is no duty.
            let duties = slots.iter().filter_map(|slot| desk.get::<Kept>(&slot.id()).map(|kept| kept.duty.clone()));
            let earlier = earlier.iter().filter_map(|month| desk.get::<Circular>(month).map(Arc::unwrap_or_clone));
            let (duties, earlier, numbered) = (duties.collect(), earlier.collect(), serial.last);
            let mirror = mirror.clone();
            let mut table = Table { there, month, duties, earlier, serial, rules, mirror, corrected: None };
            let happened = decide(&mut table)?;
            if let Some(id) = table.corrected.take() {
                let duty = table.duty(&id)?.clone();
                record(desk, "duty.corrected", format!("duties/{id}"), &actor, &attendance::tell(&duty));
                desk.put(Kept::from(duty));
            }
            if table.serial.last != numbered {
                desk.put(table.serial.clone());
            }
            let circular = table.circular()?.clone();
            record(desk, happened, format!("circulars/{code}"), &actor, &tell(&circular));
            desk.put(circular);
            Ok(code.as_str().into())
        };
        let circular = self.0.writer.change::<Circular>(division, keys, Some(key), decide).await?;
        Ok(Response::new(show(&circular)))
    }
}

/// Drafts are the managers' affair; what was sent is the division's; what was issued is everybody's where it is published.
fn may_see(caller: &Caller, circular: &Circular) -> bool {
    match circular.state {
        State::Draft => is_inside(caller, circular.division) && caller.unit().is_none(),
        State::Sent => is_inside(caller, circular.division),
        State::Issued => circular.publishes || is_inside(caller, circular.division),
    }
}

async fn find(office: &Office, caller: &Caller, name: &str) -> Result<Arc<Circular>, Refusal> {
    let (division, code) = id::child("name", name, "circulars")?;
    let there = office.circulars.get(division, code).await?;
    there.filter(|there| may_see(caller, there)).ok_or_else(Circular::not_found)
}

/// What everybody may know, and the journal tells: the contests are between the units and the centre.
fn tell(circular: &Circular) -> pb::Circular {
    pb::Circular { contests: Vec::new(), ..show(circular) }
}

fn show_to(caller: &Caller, circular: &Circular) -> pb::Circular {
    if is_inside(caller, circular.division) { show(circular) } else { tell(circular) }
}

fn show(circular: &Circular) -> pb::Circular {
    let division = circular.division;
    let people = |code: &str| name_of(division, code);
    let state = match circular.state {
        State::Draft => pb::CircularState::Draft,
        State::Sent => pb::CircularState::Sent,
        State::Issued => pb::CircularState::Issued,
    };
    let contest = |contest: &Contest| pb::Contest {
        number: contest.number as i32,
        duty: contest.duty.clone(),
        unit: contest.unit.clone(),
        by: people(&contest.by),
        reason: contest.reason.clone(),
        contested_at: time(contest.at),
        answered_by: people(&contest.answered_by),
        answer: contest.answer.clone(),
        corrected: contest.corrected,
    };
    let before = circular.before.iter().map(|version| pb::CircularVersion {
        version: version.number as i32,
        units: units(&version.count),
        total: Some(numbers(&version.count.total())),
        absences: absences(division, &version.count),
        replaced_at: time(version.replaced_at),
    });
    pb::Circular {
        name: division.child("circulars", &circular.month),
        state: state.into(),
        number: circular.number.clone(),
        version: circular.edition() as i32,
        units: units(&circular.count),
        total: Some(numbers(&circular.count.total())),
        absences: absences(division, &circular.count),
        contests: circular.contests.iter().map(contest).collect(),
        drafted_by: people(&circular.drafted_by),
        drafted_at: time(circular.drafted_at),
        sent_at: time(circular.sent_at),
        contest_until: circular.contest_until.map(|day| day.to_string()).unwrap_or_default(),
        issued_by: people(&circular.issued_by),
        issued_at: time(circular.issued_at),
        publishes: circular.publishes,
        before: before.collect(),
        correction: circular.correction.clone(),
        etag: circular.version.to_string(),
    }
}

fn units(count: &Count) -> Vec<pb::UnitAttendance> {
    let unit = |(unit, title, tally): &(String, String, Tally)| pb::UnitAttendance {
        unit: unit.clone(),
        unit_title_zh: title.clone(),
        attended_duties: tally.attended.clone(),
        substituted_duties: tally.substituted.clone(),
        late_duties: tally.late.clone(),
        early_duties: tally.early.clone(),
        absent_duties: tally.absent.clone(),
        excused_duties: tally.excused.clone(),
        ..numbers(tally)
    };
    count.units.iter().map(unit).collect()
}

/// Of all units together no more is told: which duties they are is said by unit.
fn numbers(tally: &Tally) -> pb::UnitAttendance {
    pb::UnitAttendance {
        required: tally.required() as i32,
        attended: tally.attended.len() as i32,
        substituted: tally.substituted.len() as i32,
        late: tally.late.len() as i32,
        early: tally.early.len() as i32,
        absent: tally.absent.len() as i32,
        excused: tally.excused.len() as i32,
        rate_basis_points: tally.rate(),
        ..Default::default()
    }
}

fn absences(division: Division, count: &Count) -> Vec<pb::Absence> {
    let absence = |absence: &Absence| {
        let measure = match absence.measure() {
            Measure::Remind => pb::Measure::Remind,
            Measure::Circulate => pb::Measure::Circulate,
            Measure::Interview => pb::Measure::Interview,
        };
        pb::Absence {
            person: division.child("people", &absence.person.code),
            display_name: absence.person.name.clone(),
            unit: absence.unit.clone(),
            duties: absence.duties.clone(),
            in_year: absence.in_year as i32,
            measure: measure.into(),
        }
    };
    count.absences.iter().map(absence).collect()
}
