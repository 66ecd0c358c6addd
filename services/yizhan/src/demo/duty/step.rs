//! What is done, request by request.

use std::time::Duration;

use calendar::Date;
use futures::{TryStreamExt, stream::FuturesUnordered};
use proto::roster::v1::{self as pb, staffing_service_client::StaffingServiceClient};
use tonic::Code;

use super::{
    super::{
        county::{DIVISION, Person, resource},
        dice::Dice,
    },
    Duties, LEARNING,
    course::Course,
    desk::{Desk, answer},
    month::{Duty, Month, document},
    rules::{self, CHIEF, PLANNER, RECORDER},
};
use crate::peer::Link;

/// Purposes of the dice, beside the number of the month or of the duty.
const LEAVES: u64 = 1 << 47;
const LOG: u64 = 1 << 48;

/// People who are away in each month.
const AWAY: usize = 5;

/// What people ask at the desk and find wrong, now and then.
const TROUBLES: [(&str, &str); 4] = [
    ("大厅取号机缺纸", "已通知信息科更换"),
    ("群众反映排队时间较长", "协调增开窗口，十分钟内缓解"),
    ("一名群众材料不齐，往返两次", "与窗口核对一次性告知单，当场补齐"),
    ("二楼指示牌松动", "已报后勤维修"),
];

/// divisions/410223/people/{code}
fn people(code: &str) -> String {
    resource("people", code)
}

fn named(collection: &str, month: i8) -> String {
    resource(collection, &code(month))
}

/// `2016-03`
fn code(month: i8) -> String {
    format!("2016-{month:02}")
}

impl Duties {
    /// Names the clerks of the windows, as soon as the roster knows them.
    pub(super) async fn staff(&mut self) -> anyhow::Result<()> {
        let by = people(RECORDER);
        let client = self.desk.staffings(&by).await?;
        let mut setting = FuturesUnordered::new();
        for (window, staffing) in &self.staffings {
            let request = pb::SetStaffingRequest {
                parent: DIVISION.to_owned(),
                window: window.clone(),
                staffing: Some(staffing.clone()),
                by: by.clone(),
                etag: String::new(),
                request_id: self.desk.request_id("staff", window),
            };
            setting.push(set_staffing(client.clone(), request));
        }
        while setting.try_next().await?.is_some() {}
        self.changes += self.staffings.len() as u64;
        Ok(())
    }

    pub(super) async fn set_rules(&mut self) -> anyhow::Result<()> {
        let manager = people(CHIEF);
        let request = pb::SetDutyRulesRequest {
            parent: DIVISION.to_owned(),
            rules: Some(rules::rules()),
            manager: manager.clone(),
            etag: String::new(),
            request_id: self.desk.request_id("rules", ""),
        };
        self.changes += 1;
        answer("rules", DIVISION, self.desk.rosters(&manager).await?.set_duty_rules(request).await).map(drop)
    }

    /// Records who will be away, and has the month drafted beside what else goes on.
    pub(super) fn draft(&mut self, month: i8) {
        let days = self.workdays(month);
        // Of the first month only what is announced in time.
        let first = if month == 1 { rules::NOTICE - 1 } else { 0 };
        let leaves = leaves(self.seed, month, &days, &self.people);
        self.changes += leaves.len() as u64 + 1;
        let drafting = draft(self.desk.clone(), month, days[first], leaves);
        self.drafts.insert(month, tokio::spawn(drafting));
    }

    pub(super) async fn publish(&mut self, month: i8) -> anyhow::Result<()> {
        let Some(drafting) = self.drafts.remove(&month) else { return Ok(()) };
        let (leaves, manager, of) = (drafting.await??, people(PLANNER), code(month));
        let mut rosters = self.desk.rosters(&manager).await?;
        let (name, request_id) = (named("plans", month), self.desk.request_id("publish", &of));
        let request = pb::PublishPlanRequest { name, manager, etag: String::new(), request_id };
        answer("publication", &of, rosters.publish_plan(request).await)?;
        let first = Date::new(2016, month, 1)?;
        let request = pb::ListDutiesRequest {
            parent: DIVISION.to_owned(),
            first_day: first.to_string(),
            last_day: first.last_of_month().to_string(),
            page_size: 1_000,
            ..Default::default()
        };
        let published = answer("list", &of, rosters.list_duties(request).await)?.duties;
        let seed = self.seed;
        self.expect(month, Month::of(&published, leaves, |number| Course::draw(seed, month, number))?);
        self.changes += 1;
        Ok(())
    }

    /// Asks for what the course of a duty says, and has it answered.
    pub(super) async fn exchange(&mut self, month: i8, number: usize) -> anyhow::Result<()> {
        let Some(there) = self.months.get_mut(&month) else { return Ok(()) };
        let (Some(wish), duty) = (there.wish(number, &self.people), there.duties[number].clone()) else {
            return Ok(());
        };
        let (parent, id) = (DIVISION.to_owned(), duty.id());
        let request = pb::RequestExchangeRequest {
            parent,
            exchange: Some(wish.clone()),
            by: duty.person.clone(),
            request_id: self.desk.request_id("ask", id),
        };
        let asked = self.desk.rosters(&duty.person).await?.request_exchange(request).await;
        let asked = answer("exchange", id, asked)?;
        let accept = duty.course != Course::Kept;
        // A swap is accepted by the other person, all else by the centre.
        let by = there.person_of(&wish.other_duty).map_or_else(|| people(CHIEF), str::to_owned);
        let request = pb::AnswerExchangeRequest {
            name: asked.name,
            accept,
            answer: if accept { String::new() } else { "会议可改期，请本人到岗".to_owned() },
            by: by.clone(),
            request_id: self.desk.request_id("answer", id),
        };
        answer("answer", id, self.desk.rosters(&by).await?.answer_exchange(request).await)?;
        if accept {
            there.take(&wish);
        }
        self.changes += 2;
        Ok(())
    }

    /// Somebody comes, or goes and leaves the log. Answers with how many requests that were.
    pub(super) async fn sign(&self, act: &super::Act) -> anyhow::Result<u64> {
        let (month, number, comes) = match act {
            super::Act::SignIn(month, number) => (month, *number, true),
            super::Act::SignOut(month, number) => (month, *number, false),
            _ => return Ok(0),
        };
        let Some(duty) = self.months.get(month).and_then(|month| month.duties.get(number)) else { return Ok(0) };
        let mut attendances = self.desk.attendances(&duty.person).await?;
        let (name, person, window) = (duty.name.clone(), duty.person.clone(), resource("windows", rules::WINDOW));
        if comes {
            let request_id = self.desk.request_id("on", duty.id());
            let request = pb::SignInDutyRequest { name, person, window, request_id };
            return answer("on", duty.id(), attendances.sign_in_duty(request).await).map(|_| 1);
        }
        let request_id = self.desk.request_id("off", duty.id());
        let off = pb::SignOutDutyRequest { name: name.clone(), person: person.clone(), window, request_id };
        let (log, request_id) = (Some(log(self.seed, *month, number)), self.desk.request_id("log", duty.id()));
        let log = pb::WriteDutyLogRequest { name, person, log, etag: String::new(), request_id };
        let mut logs = attendances.clone();
        let (off, log) = tokio::join!(attendances.sign_out_duty(off), logs.write_duty_log(log));
        answer("off", duty.id(), off)?;
        answer("log", duty.id(), log).map(|_| 2)
    }

    pub(super) async fn draft_circular(&mut self, month: i8) -> anyhow::Result<()> {
        let (manager, of) = (people(PLANNER), code(month));
        let request = pb::DraftCircularRequest {
            parent: DIVISION.to_owned(),
            month: of.clone(),
            manager: manager.clone(),
            request_id: self.desk.request_id("draft circular", &of),
        };
        self.changes += 1;
        answer("circular", &of, self.desk.circulars(&manager).await?.draft_circular(request).await).map(drop)
    }

    /// Drafts the circular of a month that is over, and sends it to the units.
    pub(super) async fn circulate(&mut self, month: i8) -> anyhow::Result<()> {
        self.draft_circular(month).await?;
        let (manager, of) = (people(PLANNER), code(month));
        let request = pb::SendCircularRequest {
            name: named("circulars", month),
            manager: manager.clone(),
            etag: String::new(),
            request_id: self.desk.request_id("send", &of),
        };
        answer("sending", &of, self.desk.circulars(&manager).await?.send_circular(request).await)?;
        self.changes += 1;
        self.follow_up(month);
        Ok(())
    }

    pub(super) async fn contest(&mut self, month: i8, number: usize) -> anyhow::Result<()> {
        let Some(duty) = self.duty(month, number) else { return Ok(()) };
        let by = duty.person.clone();
        let request = pb::ContestCircularRequest {
            name: named("circulars", month),
            duty: duty.id().to_owned(),
            reason: "当日参加县委常委扩大会议，有签到册为证".to_owned(),
            by: by.clone(),
            request_id: self.desk.request_id("contest", duty.id()),
        };
        answer("contest", duty.id(), self.desk.circulars(&by).await?.contest_circular(request).await)?;
        self.changes += 1;
        Ok(())
    }

    /// Who has a reason is excused.
    pub(super) async fn answer(&mut self, month: i8, number: usize) -> anyhow::Result<()> {
        let Some(duty) = self.duty(month, number) else { return Ok(()) };
        let (manager, of, name) = (people(CHIEF), duty.id(), named("circulars", month));
        let mut circulars = self.desk.circulars(&manager).await?;
        let request = pb::GetCircularRequest { name: name.clone() };
        let circular = answer("circular", of, circulars.get_circular(request).await)?;
        let Some(contest) = circular.contests.iter().find(|contest| contest.duty == of) else { return Ok(()) };
        let is_right = duty.course == Course::Pardoned;
        let mark = pb::Mark { state: pb::DutyState::Excused.into(), ..Default::default() };
        let request = pb::AnswerContestRequest {
            name,
            number: contest.number,
            answer: if is_right {
                "经核实会议签到册，情况属实"
            } else {
                "未按规定事先请假，维持原考勤"
            }
            .to_owned(),
            corrected: is_right.then_some(mark),
            manager,
            request_id: self.desk.request_id("answer contest", of),
        };
        answer("contest", of, circulars.answer_contest(request).await)?;
        self.changes += 1;
        Ok(())
    }

    pub(super) async fn issue(&mut self, month: i8) -> anyhow::Result<()> {
        let (manager, of) = (people(CHIEF), code(month));
        let request = pb::IssueCircularRequest {
            name: named("circulars", month),
            manager: manager.clone(),
            etag: String::new(),
            request_id: self.desk.request_id("issue", &of),
        };
        self.changes += 1;
        answer("issue", &of, self.desk.circulars(&manager).await?.issue_circular(request).await).map(drop)
    }

    fn duty(&self, month: i8, number: usize) -> Option<Duty> {
        self.months.get(&month)?.duties.get(number).cloned()
    }
}

/// How long between two attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// What was imported becomes known in the order of the tables, the recorder last of all: who knows her knows the county.
async fn set_staffing(mut client: StaffingServiceClient<Link>, request: pb::SetStaffingRequest) -> anyhow::Result<()> {
    let mut waited = Duration::ZERO;
    loop {
        match client.set_staffing(request.clone()).await {
            Err(status) if status.code() == Code::NotFound && waited < LEARNING => {
                tokio::time::sleep(PAUSE).await;
                waited += PAUSE;
            }
            done => return answer("staffing", &request.window, done).map(drop),
        }
    }
}

async fn draft(desk: Desk, month: i8, from: Date, leaves: Vec<pb::Leave>) -> anyhow::Result<Vec<pb::Leave>> {
    let (by, of) = (people(RECORDER), code(month));
    let mut rosters = desk.rosters(&by).await?;
    for leave in &leaves {
        let of = format!("{} {}", leave.person, leave.first_day);
        let (parent, request_id) = (DIVISION.to_owned(), desk.request_id("leave", &of));
        let request = pb::CreateLeaveRequest { parent, leave: Some(leave.clone()), by: by.clone(), request_id };
        answer("leave", &of, rosters.create_leave(request).await)?;
    }
    let manager = people(PLANNER);
    let mut rosters = desk.rosters(&manager).await?;
    let request = pb::DraftPlanRequest {
        parent: DIVISION.to_owned(),
        month: of.clone(),
        from: from.to_string(),
        manager,
        etag: String::new(),
        request_id: desk.request_id("draft", &of),
    };
    answer("draft", &of, rosters.draft_plan(request).await)?;
    Ok(leaves)
}

/// Who is away in a month, each with a document.
fn leaves(seed: u64, month: i8, days: &[Date], people: &[Person]) -> Vec<pb::Leave> {
    let mut dice = Dice::new(seed, LEAVES + month as u64);
    let mut leaders: Vec<_> = people.iter().filter(|person| person.leads()).collect();
    dice.shuffle(&mut leaders);
    let leave = |(number, person): (usize, &&Person)| {
        let first = dice.below(days.len().saturating_sub(5).max(1));
        let last = (first + dice.below(5)).min(days.len() - 1);
        let kind = *dice.pick(&[pb::LeaveKind::Official, pb::LeaveKind::Annual, pb::LeaveKind::Sick]);
        pb::Leave {
            person: person.name(),
            kind: kind.into(),
            first_day: days[first].to_string(),
            last_day: days[last].to_string(),
            document: document(&days[first], number),
            ..Default::default()
        }
    };
    leaders.iter().take(AWAY).enumerate().map(leave).collect()
}

fn log(seed: u64, month: i8, number: usize) -> pb::DutyLog {
    let mut dice = Dice::new(seed, LOG + month as u64 * 1_000 + number as u64);
    let trouble = dice.percent(15).then(|| *dice.pick(&TROUBLES));
    let (problems, resolutions) = trouble.unwrap_or_default();
    pb::DutyLog {
        enquiries: dice.within(3..=28).into(),
        problems: problems.to_owned(),
        resolutions: resolutions.to_owned(),
        handover: if problems.is_empty() { "无".to_owned() } else { "请下一班跟进".to_owned() },
    }
}
