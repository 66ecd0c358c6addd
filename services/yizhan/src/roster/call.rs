//! Asks the server: each command is one call.

use proto::roster::v1::{
    self as pb, attendance_service_client::AttendanceServiceClient, circular_service_client::CircularServiceClient,
    roster_service_client::RosterServiceClient, staffing_service_client::StaffingServiceClient,
};
use tonic::{Response, Status};
use uuid::Uuid;

use super::{
    Answer,
    ask::{Attendance, Circular, Duties, Exchange, Leave, Plan, Rules, Staff, Task, Wish},
    rules,
};
use crate::{
    peer::Link,
    window::{At, Line},
};

/// A page of duties.
const PAGE: i32 = 1_000;

/// What a command needs: the line, who asks, and the server as they have it.
struct Desk<'a> {
    line: &'a Line,
    at: &'a At,
    link: Link,
}

pub async fn call(line: &Line, task: Task, at: &At) -> anyhow::Result<Answer> {
    // What the public may see needs no name.
    let person = at.clerk().ok();
    let link = line.ask(line.link(person.as_deref())).await?;
    let desk = Desk { line, at, link };
    match task {
        Task::Rules(task) => desk.rules(task).await,
        Task::Leave(task) => desk.leave(task).await,
        Task::Staff(task) => desk.staff(task).await,
        Task::Circular(task) => desk.circular(task).await,
        Task::Plan(task) => desk.plan(task).await,
        Task::Duties(task) => desk.duties(task).await,
        Task::Wish(task) => desk.wish(task).await,
        Task::Exchange(task) => desk.exchange(task).await,
        Task::Attendance(task) => desk.attendance(task).await,
    }
}

fn request_id() -> String {
    Uuid::new_v4().to_string()
}

impl Desk<'_> {
    async fn ask<T>(&self, asked: impl Future<Output = Result<Response<T>, Status>>) -> anyhow::Result<T> {
        Ok(self.line.ask(asked).await?.into_inner())
    }

    fn rosters(&self) -> RosterServiceClient<Link> {
        RosterServiceClient::new(self.link.clone())
    }

    async fn rules(&self, task: Rules) -> anyhow::Result<Answer> {
        let parent = self.at.parent()?;
        let mut rosters = self.rosters();
        let rules = match task {
            Rules::Show { day } => {
                let request = pb::GetDutyRulesRequest { name: format!("{parent}/dutyRules"), day };
                self.ask(rosters.get_duty_rules(request)).await?
            }
            Rules::Set { file, .. } => {
                let request = pb::SetDutyRulesRequest {
                    parent,
                    rules: Some(rules::read(&file.unwrap_or_default(), self.at)?),
                    manager: self.at.clerk()?,
                    etag: String::new(),
                    request_id: request_id(),
                };
                self.ask(rosters.set_duty_rules(request)).await?
            }
        };
        Ok(Answer::Rules(Box::new(rules)))
    }

    async fn leave(&self, task: Leave) -> anyhow::Result<Answer> {
        let (at, mut rosters) = (self.at, self.rosters());
        let leaves = match task {
            Leave::Add { person, kind, first, last, half, document } => {
                let leave = pb::Leave {
                    person: at.name("people", &person)?,
                    kind: kind.wire(),
                    last_day: last.unwrap_or_else(|| first.clone()),
                    first_day: first,
                    half: half.map_or(0, |half| half.wire()),
                    document,
                    ..Default::default()
                };
                let (parent, by, leave) = (at.parent()?, at.clerk()?, Some(leave));
                let request = pb::CreateLeaveRequest { parent, leave, by, request_id: request_id() };
                vec![self.ask(rosters.create_leave(request)).await?]
            }
            Leave::Cancel { leave } => {
                let (name, by) = (at.name("leaves", &leave)?, at.clerk()?);
                let request = pb::CancelLeaveRequest { name, by, request_id: request_id() };
                vec![self.ask(rosters.cancel_leave(request)).await?]
            }
            Leave::List { month } => {
                let request = pb::ListLeavesRequest { parent: at.parent()?, month };
                self.ask(rosters.list_leaves(request)).await?.leaves
            }
        };
        Ok(Answer::Leaves(leaves))
    }

    async fn plan(&self, task: Plan) -> anyhow::Result<Answer> {
        let (at, mut rosters) = (self.at, self.rosters());
        let plan = match task {
            Plan::Show { month, conflicts } => {
                let request = pb::GetPlanRequest { name: at.name("plans", &month)? };
                return Ok(Answer::Month(self.ask(rosters.get_plan(request)).await?, conflicts));
            }
            Plan::Draft { month, from } => {
                let (parent, manager, etag) = (at.parent()?, at.clerk()?, String::new());
                let request = pb::DraftPlanRequest { parent, month, from, manager, etag, request_id: request_id() };
                self.ask(rosters.draft_plan(request)).await?
            }
            Plan::Adjust { month, moves } => {
                let step = |(duty, person): (String, String)| {
                    let person = if person.is_empty() { person } else { at.name("people", &person)? };
                    Ok(pb::Move { duty, person })
                };
                let moves = moves.into_iter().map(step).collect::<anyhow::Result<_>>()?;
                let (name, manager, etag) = (at.name("plans", &month)?, at.clerk()?, String::new());
                let request = pb::AdjustPlanRequest { name, moves, manager, etag, request_id: request_id() };
                self.ask(rosters.adjust_plan(request)).await?
            }
            Plan::Publish { month } => {
                let (name, manager, etag) = (at.name("plans", &month)?, at.clerk()?, String::new());
                let request = pb::PublishPlanRequest { name, manager, etag, request_id: request_id() };
                self.ask(rosters.publish_plan(request)).await?
            }
        };
        Ok(Answer::Plan(plan))
    }

    async fn duties(&self, task: Duties) -> anyhow::Result<Answer> {
        let Duties { first, last, unit, person, post } = task;
        let mut request = pb::ListDutiesRequest {
            parent: self.at.parent()?,
            first_day: first,
            last_day: last,
            unit,
            person,
            post,
            page_size: PAGE,
            page_token: String::new(),
        };
        let (mut rosters, mut duties) = (self.rosters(), Vec::new());
        loop {
            let page = self.ask(rosters.list_duties(request.clone())).await?;
            duties.extend(page.duties);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return Ok(Answer::Duties(duties));
            }
        }
    }

    /// Asks for an exchange.
    async fn wish(&self, task: Wish) -> anyhow::Result<Answer> {
        let at = self.at;
        let wish = |kind: pb::ExchangeKind, duty: &str, reason| {
            let duty = at.name("duties", duty)?;
            anyhow::Ok(pb::Exchange { kind: kind.into(), duty, reason, ..Default::default() })
        };
        let exchange = match task {
            Wish::Swap { duty, other, reason } => {
                let other_duty = at.name("duties", &other)?;
                pb::Exchange { other_duty, ..wish(pb::ExchangeKind::Swap, &duty, reason)? }
            }
            Wish::Substitute { duty, person, reason } => {
                let substitute = at.name("people", &person)?;
                pb::Exchange { substitute, ..wish(pb::ExchangeKind::Substitute, &duty, reason)? }
            }
            Wish::Excuse { duty, document, reason } => {
                pb::Exchange { document, ..wish(pb::ExchangeKind::Excuse, &duty, reason)? }
            }
        };
        let (parent, exchange, by) = (at.parent()?, Some(exchange), at.clerk()?);
        let request = pb::RequestExchangeRequest { parent, exchange, by, request_id: request_id() };
        Ok(Answer::Exchanges(vec![self.ask(self.rosters().request_exchange(request)).await?]))
    }

    async fn exchange(&self, task: Exchange) -> anyhow::Result<Answer> {
        let (at, mut rosters) = (self.at, self.rosters());
        let exchanges = match task {
            Exchange::Answer { exchange, accept, refuse: _, why } => {
                let (name, by) = (at.name("exchanges", &exchange)?, at.clerk()?);
                let request = pb::AnswerExchangeRequest { name, accept, answer: why, by, request_id: request_id() };
                vec![self.ask(rosters.answer_exchange(request)).await?]
            }
            Exchange::Undo { exchange } => {
                let (name, by) = (at.name("exchanges", &exchange)?, at.clerk()?);
                let request = pb::UndoExchangeRequest { name, by, request_id: request_id() };
                vec![self.ask(rosters.undo_exchange(request)).await?]
            }
            Exchange::Exchanges { month } => {
                let request = pb::ListExchangesRequest { parent: at.parent()?, month };
                self.ask(rosters.list_exchanges(request)).await?.exchanges
            }
        };
        Ok(Answer::Exchanges(exchanges))
    }

    async fn attendance(&self, task: Attendance) -> anyhow::Result<Answer> {
        let (at, mut attendances) = (self.at, AttendanceServiceClient::new(self.link.clone()));
        let duty = match task {
            Attendance::On { duty } => {
                let (name, person, window) = (at.name("duties", &duty)?, at.clerk()?, at.window()?);
                let request = pb::SignInDutyRequest { name, person, window, request_id: request_id() };
                self.ask(attendances.sign_in_duty(request)).await?
            }
            Attendance::Off { duty } => {
                let (name, person, window) = (at.name("duties", &duty)?, at.clerk()?, at.window()?);
                let request = pb::SignOutDutyRequest { name, person, window, request_id: request_id() };
                self.ask(attendances.sign_out_duty(request)).await?
            }
            Attendance::Log(log) => {
                let (name, person, etag) = (at.name("duties", &log.duty)?, at.clerk()?, String::new());
                let log = Some(pb::DutyLog {
                    enquiries: log.enquiries,
                    problems: log.problems,
                    resolutions: log.resolutions,
                    handover: log.handover,
                });
                let request = pb::WriteDutyLogRequest { name, person, log, etag, request_id: request_id() };
                self.ask(attendances.write_duty_log(request)).await?
            }
            Attendance::Correct { duty, mark, reason } => {
                let request = pb::CorrectAttendanceRequest {
                    name: at.name("duties", &duty)?,
                    state: mark.mark.wire(),
                    late: mark.late,
                    early: mark.early,
                    reason,
                    by: at.clerk()?,
                    etag: String::new(),
                    request_id: request_id(),
                };
                self.ask(attendances.correct_attendance(request)).await?
            }
        };
        Ok(Answer::Duties(vec![duty]))
    }

    async fn staff(&self, task: Staff) -> anyhow::Result<Answer> {
        let (at, mut staffings) = (self.at, StaffingServiceClient::new(self.link.clone()));
        match task {
            Staff::Set { window, a, b, from } => {
                let staffing = pb::Staffing {
                    effective_on: from,
                    clerk_a: at.name("people", &a)?,
                    clerk_b: b.map(|b| at.name("people", &b)).transpose()?.unwrap_or_default(),
                    ..Default::default()
                };
                let request = pb::SetStaffingRequest {
                    parent: at.parent()?,
                    window: at.name("windows", &window)?,
                    staffing: Some(staffing),
                    by: at.clerk()?,
                    etag: String::new(),
                    request_id: request_id(),
                };
                Ok(Answer::Staffing(self.ask(staffings.set_staffing(request)).await?))
            }
            Staff::List { day } => {
                let request = pb::ListStaffingsRequest { parent: at.parent()?, day };
                Ok(Answer::Windows(self.ask(staffings.list_staffings(request)).await?.windows))
            }
        }
    }

    async fn circular(&self, task: Circular) -> anyhow::Result<Answer> {
        let (at, mut circulars) = (self.at, CircularServiceClient::new(self.link.clone()));
        let named = |month: &str| at.name("circulars", month);
        let etag = String::new();
        let circular = match task {
            Circular::Draft { month } => {
                let (parent, manager) = (at.parent()?, at.clerk()?);
                let request = pb::DraftCircularRequest { parent, month, manager, request_id: request_id() };
                self.ask(circulars.draft_circular(request)).await?
            }
            Circular::Send { month } => {
                let (name, manager) = (named(&month)?, at.clerk()?);
                let request = pb::SendCircularRequest { name, manager, etag, request_id: request_id() };
                self.ask(circulars.send_circular(request)).await?
            }
            Circular::Contest { month, duty, reason } => {
                let (name, by) = (named(&month)?, at.clerk()?);
                let request = pb::ContestCircularRequest { name, duty, reason, by, request_id: request_id() };
                self.ask(circulars.contest_circular(request)).await?
            }
            Circular::Answer { month, number, why, mark, late, early } => {
                let request = pb::AnswerContestRequest {
                    name: named(&month)?,
                    number,
                    answer: why,
                    corrected: mark.map(|mark| pb::Mark { state: mark.wire(), late, early }),
                    manager: at.clerk()?,
                    request_id: request_id(),
                };
                self.ask(circulars.answer_contest(request)).await?
            }
            Circular::Issue { month } => {
                let (name, manager) = (named(&month)?, at.clerk()?);
                let request = pb::IssueCircularRequest { name, manager, etag, request_id: request_id() };
                self.ask(circulars.issue_circular(request)).await?
            }
            Circular::Correct { month, reason } => {
                let (name, manager) = (named(&month)?, at.clerk()?);
                let request = pb::CorrectCircularRequest { name, reason, manager, etag, request_id: request_id() };
                self.ask(circulars.correct_circular(request)).await?
            }
            Circular::Show { month } => {
                let request = pb::GetCircularRequest { name: named(&month)? };
                self.ask(circulars.get_circular(request)).await?
            }
            Circular::List { year } => {
                let request = pb::ListCircularsRequest { parent: at.parent()?, year };
                return Ok(Answer::Circulars(self.ask(circulars.list_circulars(request)).await?.circulars));
            }
            Circular::Download { month, out } => {
                let request = pb::RenderCircularRequest { name: named(&month)? };
                return Ok(Answer::Document(self.ask(circulars.render_circular(request)).await?, out));
            }
        };
        Ok(Answer::Circulars(vec![circular]))
    }
}
