//! What time brings: deemed acceptance, lapse, yellow, red; and the counting anew when a notice changes the calendar.
//!
//! Every wake is exact after any downtime: a case says itself when it wakes and what happens then, with that moment as
//! its date, and no command is decided on a case before what was due has been done. A case that cannot be changed is
//! passed over, and tried again with the next sweep: it holds up neither another nor the clock.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use kit::{
    actor::SYSTEM,
    clock::{Clock, Moment},
    refusal::Refusal,
    store::{
        Desk, Noun,
        wake::{due, next},
    },
};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::{Notify, watch};

use crate::{
    domain::hall::Hall,
    office::{Office, catch_up, record},
    store::case::{Column, Entity, Kept},
};

/// How long a sweep sleeps at most: another replica may have written what wakes earlier.
const LONGEST: Duration = Duration::from_secs(1);
/// Cases in one page, and changes in flight.
const PAGE: u64 = 500;
const IN_FLIGHT: usize = 128;

/// Sweeps for as long as the program runs, and says through `acted` up to when.
pub async fn run(office: Arc<Office>, acted: watch::Sender<i64>, learned: Arc<Notify>) {
    let clock = office.clock.clone();
    let mut sweep = Sweep { office, calendar: String::new(), troubled: HashSet::new() };
    loop {
        let now = clock.now();
        match sweep.once(now).await {
            Ok(()) => {
                acted.send_replace(now.0);
            }
            Err(error) => {
                tracing::error!(%error, "sweep failed, going on");
                tokio::time::sleep(LONGEST).await;
            }
        }
        sweep.rest(&clock, now, &learned).await;
    }
}

struct Sweep {
    office: Arc<Office>,
    /// Version of the calendar that every case was counted with.
    calendar: String,
    /// Cases that could not be changed, each told once: division and number.
    troubled: HashSet<(String, String)>,
}

impl Sweep {
    async fn once(&mut self, now: Moment) -> Result<(), DbErr> {
        self.office.keep_up().await?;
        let version = self.office.hall().calendar.version().to_owned();
        if version != self.calendar && self.recount(&version).await? == 0 {
            self.calendar = version;
        }
        // What a passing trouble of the store has left over is tried once more.
        if self.wake_all(now).await? > 0 {
            self.wake_all(now).await?;
        }
        Ok(())
    }

    /// Wakes every case that is due by `now`, earliest first, and says how many could not be.
    async fn wake_all(&mut self, now: Moment) -> Result<usize, DbErr> {
        let mut failed = 0;
        let mut after = None;
        loop {
            let page = due::<Kept>(&self.office.store, now.0, after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(failed) };
            after = Some(last.clone());
            let due = page.into_iter().map(|(_, division, number)| (division, number)).collect();
            failed += self.change_all(due, now, wake).await;
        }
    }

    /// Counts all open cases anew that were counted with another calendar, and says how many could not be.
    async fn recount(&mut self, version: &str) -> Result<usize, DbErr> {
        let mut failed = 0;
        let mut after = (String::new(), String::new());
        loop {
            let (division, number) = &after;
            let of_division = Column::Division.eq(division.as_str()).and(Column::Id.gt(number.as_str()));
            let page = Entity::find()
                .filter(Column::Open.eq(true))
                .filter(Column::Calendar.ne(version))
                .filter(Column::Division.gt(division.as_str()).or(of_division))
                .order_by_asc(Column::Division)
                .order_by_asc(Column::Id)
                .limit(PAGE)
                .select_only()
                .columns([Column::Division, Column::Id])
                .into_tuple::<(String, String)>()
                .all(self.office.store.read())
                .await?;
            let Some(last) = page.last() else { return Ok(failed) };
            after = last.clone();
            failed += self.change_all(page, self.office.clock.now(), recount).await;
        }
    }

    /// Runs one decision on each of these cases, and says how many failed. One that fails holds up no other.
    async fn change_all(&mut self, cases: Vec<(String, String)>, now: Moment, act: Act) -> usize {
        // A row that cannot be read would have its whole batch committed change by change: it is looked at alone first.
        let (doubtful, mut cases): (Vec<_>, Vec<_>) = cases.into_iter().partition(|case| self.troubled.contains(case));
        let mut failed = 0;
        for case in doubtful {
            if is_readable(&self.office, &case).await { cases.push(case) } else { failed += 1 }
        }
        let changes = stream::iter(cases).map(|case| {
            let office = self.office.clone();
            async move { (change(&office, &case, now, act).await, case) }
        });
        let changed: Vec<_> = changes.buffer_unordered(IN_FLIGHT).collect().await;
        for (changed, case) in changed {
            match changed {
                Ok(()) => drop(self.troubled.remove(&case)),
                Err(refusal) => {
                    failed += 1;
                    if !self.troubled.contains(&case) {
                        let (division, number) = &case;
                        tracing::error!(%refusal, division, number, "a case could not be swept, and is passed over");
                        self.troubled.insert(case);
                    }
                }
            }
        }
        failed
    }

    /// Sleeps until something is due, or learned.
    async fn rest(&self, clock: &Clock, now: Moment, learned: &Notify) {
        // A simulated clock that has moved meanwhile is seen at once; a real one at the next wake.
        let until = match clock.is_simulated() {
            true => Some(Moment(now.0 + 1)),
            // What was due by `now` and could not be woken waits for the next sweep.
            false => next::<Kept>(&self.office.store, now.0).await.unwrap_or(None).map(Moment),
        };
        tokio::select! {
            () = clock.wait(until, LONGEST) => {}
            () = learned.notified() => {}
        }
    }
}

type Act = fn(&mut Desk<'_>, Kept, &Hall, Moment) -> Result<(), Refusal>;

fn wake(desk: &mut Desk<'_>, Kept { mut case, wakes_at }: Kept, hall: &Hall, now: Moment) -> Result<(), Refusal> {
    if !catch_up(desk, &mut case, hall, now)? {
        if case.wakes_at(hall).unwrap_or(i64::MAX) == wakes_at {
            // Somebody else was faster.
            return Ok(());
        }
        // Found due by another calendar, and not due by this one: kept, so that it is not found again.
        let happened = case.recount(hall, now).unwrap_or("case.recounted");
        record(desk, &case, happened, SYSTEM);
    }
    desk.put(Kept::new(case, hall));
    Ok(())
}

fn recount(desk: &mut Desk<'_>, Kept { mut case, .. }: Kept, hall: &Hall, now: Moment) -> Result<(), Refusal> {
    let Some(happened) = case.recount(hall, now) else { return Ok(()) };
    record(desk, &case, happened, SYSTEM);
    // What has fallen due by the new dates, lights among it, has entries of its own.
    catch_up(desk, &mut case, hall, now)?;
    desk.put(Kept::new(case, hall));
    Ok(())
}

async fn change(office: &Office, case: &(String, String), now: Moment, act: Act) -> Result<(), Refusal> {
    let (division, number) = case;
    let division = division.parse().map_err(Refusal::internal)?;
    let decide = move |desk: &mut Desk<'_>, kept: Kept, hall: &Hall| act(desk, kept, hall, now);
    office.change(division, number, None, decide).await.map(drop)
}

/// Whether a case's row reads as a case. A store that does not answer says nothing against it.
async fn is_readable(office: &Office, (division, number): &(String, String)) -> bool {
    let row = Entity::find_by_id((division.clone(), number.clone())).one(office.store.read()).await;
    row.ok().flatten().is_none_or(|row| Kept::from_row(row).is_ok())
}
