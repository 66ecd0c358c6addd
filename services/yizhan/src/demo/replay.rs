//! Plays the plan against the gateway: the clock moves from hour to hour, and in each hour is done what is due.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Instant,
};

use anyhow::Context;
use calendar::{Date, start_of_day};
use futures::{TryStreamExt, stream::FuturesUnordered};
use kit::{clock::Moment, keyring::Keyring};
use proto::{
    clock::v1::{AdvanceClockRequest, clock_service_client::ClockServiceClient},
    intake::v1::{case_service_client::CaseServiceClient, catalogue_service_client::CatalogueServiceClient},
};
use tonic::Status;

use super::{
    county::County,
    days::Tick,
    duty::Duties,
    plan::Plan,
    progress::Progress,
    publish::Publications,
    request,
    script::{Act, Script},
};
use crate::trouble;

/// Requests in flight.
const IN_FLIGHT: usize = 128;

/// Something to do: a step of a script.
struct Task {
    tick: Tick,
    order: Order,
    step: u8,
    script: u32,
}

/// What waits for what within an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    /// A special case is received by this unit: one after another, so that its number repeats.
    Special(u8),
    /// A later step, which makes no number.
    Step,
    /// A plain case is received by this unit: after its special ones.
    Plain(u8),
}

/// How the replay went.
pub struct Pace {
    pub changes: u64,
    pub seconds: f64,
}

pub struct Replay {
    county: County,
    plan: Plan,
    seed: u64,
    cases: CaseServiceClient<Keyring>,
    catalogue: CatalogueServiceClient<Keyring>,
    clock: ClockServiceClient<Keyring>,
    duties: Duties,
    publications: Publications,
}

/// The names of cases that are not at their end, by their place in the plan.
type Names = HashMap<u32, Arc<str>>;
type Received = Vec<(u32, Arc<str>)>;

impl Replay {
    pub fn open(county: County, plan: Plan, seed: u64, ring: &Keyring) -> anyhow::Result<Replay> {
        let duties = Duties::new(&county, &plan.days, seed, ring);
        let publications = Publications::new(&county, &plan, seed, ring)?;
        let (cases, catalogue) = (CaseServiceClient::new(ring.clone()), CatalogueServiceClient::new(ring.clone()));
        let clock = ClockServiceClient::new(ring.clone());
        Ok(Replay { county, plan, seed, cases, catalogue, clock, duties, publications })
    }

    /// Plays the year through its last evening.
    pub async fn run(mut self, progress: Progress) -> anyhow::Result<Pace> {
        self.mandate().await?;
        let agenda = self.agenda();
        progress.expect(agenda.len() as u64);
        let start = Instant::now();
        self.publications.open().await?;
        self.duties.open().await?;
        let (mut names, mut publishing) = (Names::new(), 0);
        for due in agenda.chunk_by(|one, next| one.tick == next.tick) {
            let tick = due[0].tick;
            progress.date(self.plan.days.date(tick.day));
            self.pass_to(self.plan.days.moment(tick)).await?;
            let published = self.publications.begin(tick);
            let received = self.perform_all(due, &names, &progress).await?;
            names.extend(received);
            // A case is forgotten with its last step.
            for task in due.iter().filter(|task| self.script(task).step(task.step + 1).is_none()) {
                names.remove(&task.script);
            }
            publishing += published.await??;
        }
        let last = Tick { day: self.plan.days.count() - 1, slot: self.plan.days.slots() };
        publishing += self.publications.begin(last).await??;
        self.pass_to(Moment(start_of_day(Date::new(2016, 12, 31)?) + EVENING)).await?;
        self.duties.close().await?;
        progress.finish();
        Ok(Pace {
            changes: agenda.len() as u64 + self.duties.changes + publishing,
            seconds: start.elapsed().as_secs_f64(),
        })
    }

    /// Lets the instant items be granted at the window.
    async fn mandate(&mut self) -> anyhow::Result<()> {
        for request in request::mandates(&self.county, self.seed) {
            let name = request.name.clone();
            self.catalogue.mandate_item(request).await.map_err(|status| {
                let zh = format!("{name} 的授权被拒绝：{}", kit::status::localized(&status));
                trouble(zh, format!("the mandate of {name}: {}", status.message()))
            })?;
        }
        Ok(())
    }

    /// Comes to a moment, with what the duty has to do on the way and at it.
    async fn pass_to(&mut self, moment: Moment) -> anyhow::Result<()> {
        while let Some(at) = self.duties.next_before(moment) {
            self.advance(at).await?;
            self.duties.perform(at).await?;
        }
        self.advance(moment).await?;
        self.duties.perform(moment).await
    }

    /// All steps of the year in the order of their time.
    fn agenda(&self) -> Vec<Task> {
        let mut agenda = Vec::with_capacity(self.plan.scripts.len() * 2);
        for (place, script) in self.plan.scripts.iter().enumerate() {
            for (number, step) in (0..).zip(script.steps()) {
                let item = &self.county.items[usize::from(script.item)];
                let unit = item.unit.parse().unwrap_or(0);
                let order = match number {
                    0 if script.path.is_plain() => Order::Plain(unit),
                    0 => Order::Special(unit),
                    _ => Order::Step,
                };
                agenda.push(Task { tick: step.tick, order, step: number, script: place as u32 });
            }
        }
        agenda.sort_unstable_by_key(|task| (task.tick, task.order, task.script));
        agenda
    }

    /// Sends what is due in one hour, at most so much at a time. Answers with the names of the new cases.
    async fn perform_all(&self, due: &[Task], names: &Names, progress: &Progress) -> anyhow::Result<Received> {
        let (mut ready, mut waiting) = (VecDeque::new(), HashMap::<u8, Vec<&[Task]>>::new());
        for row in due.chunk_by(|one, next| one.order == next.order && matches!(one.order, Order::Special(_))) {
            if let Order::Special(unit) = row[0].order {
                waiting.insert(unit, Vec::new());
            }
            match row[0].order {
                Order::Plain(unit) if let Some(behind) = waiting.get_mut(&unit) => behind.push(row),
                _ => ready.push_back(row),
            }
        }
        let (mut received, mut flying) = (Received::new(), FuturesUnordered::new());
        loop {
            while flying.len() < IN_FLIGHT
                && let Some(row) = ready.pop_front()
            {
                flying.push(self.in_order(row, names, progress));
            }
            let Some((done, order)) = flying.try_next().await? else { return Ok(received) };
            received.extend(done);
            if let Order::Special(unit) = order {
                ready.extend(waiting.remove(&unit).unwrap_or_default());
            }
        }
    }

    async fn in_order(&self, row: &[Task], names: &Names, progress: &Progress) -> anyhow::Result<(Received, Order)> {
        let mut received = Received::new();
        for task in row {
            received.extend(self.perform(task, names, progress).await?);
        }
        Ok((received, row[0].order))
    }

    /// Sends one request. Answers with the case's name where later steps will need it.
    async fn perform(
        &self,
        task: &Task,
        names: &Names,
        progress: &Progress,
    ) -> anyhow::Result<Option<(u32, Arc<str>)>> {
        let script = self.script(task);
        let name = if task.step == 0 { "" } else { names.get(&task.script).context("a step before the receipt")? };
        let call =
            request::call(&self.county, script, task.step, name, self.seed).context("a step without a request")?;
        let mut client = self.cases.clone();
        let case = call.send(&mut client).await.map_err(|status| self.refused(task, name, &status))?;
        progress.done();
        let goes_on = task.step == 0 && script.step(1).is_some();
        Ok(goes_on.then(|| (task.script, case.name.into())))
    }

    fn script(&self, task: &Task) -> &Script {
        &self.plan.scripts[task.script as usize]
    }

    /// Moves the clock, and waits for what fell due on the way. A folder that was replayed before is ahead already.
    async fn advance(&mut self, to: Moment) -> anyhow::Result<()> {
        match self.clock.advance_clock(AdvanceClockRequest { to: Some(to.timestamp()) }).await {
            Ok(_) => Ok(()),
            Err(status) if kit::status::reason(&status) == "CLOCK_GOES_FORWARD" => Ok(()),
            Err(status) => {
                let zh = format!("时钟不能推进到 {}：{}", to.shanghai(), kit::status::localized(&status));
                Err(trouble(zh, format!("the clock cannot be moved to {}: {}", to.shanghai(), status.message())))
            }
        }
    }

    /// Names the request and its script; the demo expects no refusal at all.
    fn refused(&self, task: &Task, name: &str, status: &Status) -> anyhow::Error {
        let script = self.script(task);
        let (item, act) = (&self.county.items[usize::from(script.item)], script.step(task.step).map(|step| step.act));
        let (reason, at) = (kit::status::reason(status), self.plan.days.moment(task.tick).shanghai());
        let act = act.unwrap_or(Act::Receive);
        trouble(
            format!(
                "第{}号剧本（{}，{:?}）在 {at} 的 {act:?} 被拒绝：{}",
                script.case,
                item.title,
                script.path,
                kit::status::localized(status)
            ),
            format!(
                "script {} ({}, {:?}), {act:?} of {name:?} at {at}: {:?} {reason} {}",
                script.case,
                item.code,
                script.path,
                status.code(),
                status.message()
            ),
        )
    }
}

/// 20:00
const EVENING: i64 = 20 * 3_600_000_000;
