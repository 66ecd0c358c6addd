//! What time brings: deemed acceptance, lapse, yellow, red; and the counting anew when a notice changes the calendar.
//!
//! Every wake is exact after any downtime: a case says itself when it wakes and what happens then, with that moment as
//! its date, and no command is decided on a case before what was due has been done.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, future, stream};
use kit::{
    actor::SYSTEM,
    clock::Moment,
    id::Division,
    refusal::Refusal,
    store::{Desk, Key},
};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::{Notify, watch};

use crate::{
    domain::{case::Case, hall::Hall},
    office::{Office, catch_up, record},
    store::case::{Column, Entity, Kept},
};

/// How long a sweep sleeps at most: another replica may have written what wakes earlier.
const LONGEST: Duration = Duration::from_secs(1);
/// Cases in one pass, and changes in flight.
const PASS: u64 = 500;
const IN_FLIGHT: usize = 128;

/// Sweeps for as long as the program runs, and says through `acted` up to when.
pub async fn run(office: Arc<Office>, acted: watch::Sender<i64>, learned: Arc<Notify>) {
    let mut calendar = String::new();
    loop {
        let now = office.clock.now();
        let done = async {
            office.keep_up().await?;
            let hall = office.hall();
            if hall.calendar.version() != calendar && recount(&office, hall.calendar.version()).await? {
                calendar = hall.calendar.version().to_owned();
            }
            wake_all(&office, now).await
        };
        match done.await {
            Ok(()) => {
                acted.send_replace(now.0);
            }
            Err(error) => {
                tracing::error!(%error, "sweep failed, going on");
                tokio::time::sleep(LONGEST).await;
            }
        }
        let next = next_wake(&office).await.unwrap_or(None);
        let until = next.map(|at| Moment(std::cmp::max(at, now.0 + 1)));
        // A simulated clock that has moved meanwhile is seen at once; a real one at the next wake.
        let until = if office.clock.is_simulated() { Some(Moment(now.0 + 1)) } else { until };
        tokio::select! {
            () = office.clock.wait(until, LONGEST) => {}
            () = learned.notified() => {}
        }
    }
}

/// Wakes every case that is due by `now`, earliest first.
async fn wake_all(office: &Arc<Office>, now: Moment) -> Result<(), DbErr> {
    loop {
        let due = Entity::find()
            .filter(Column::Open.eq(true))
            .filter(Column::WakesAt.lte(now.0))
            .order_by_asc(Column::WakesAt)
            .limit(PASS)
            .select_only()
            .columns([Column::Division, Column::Id])
            .into_tuple::<(String, String)>()
            .all(office.store.read())
            .await?;
        if due.is_empty() {
            return Ok(());
        }
        let found = due.len();
        // Kept even where nothing was due after all, so that it is not found due again.
        let failed =
            change_all(office, due, now, |desk, case, hall, now| catch_up(desk, case, hall, now).map(drop)).await;
        if failed == found {
            return Err(DbErr::Custom(format!("{failed} cases that are due could not be changed")));
        }
    }
}

/// Counts all open cases anew that were counted with another calendar; false where one could not be.
async fn recount(office: &Arc<Office>, version: &str) -> Result<bool, DbErr> {
    let mut failed = 0;
    let mut after = (String::new(), String::new());
    loop {
        let page = Entity::find()
            .filter(Column::Open.eq(true))
            .filter(Column::Calendar.ne(version))
            .filter(
                Column::Division
                    .gt(after.0.clone())
                    .or(Column::Division.eq(after.0.clone()).and(Column::Id.gt(after.1.clone()))),
            )
            .order_by_asc(Column::Division)
            .order_by_asc(Column::Id)
            .limit(PASS)
            .select_only()
            .columns([Column::Division, Column::Id])
            .into_tuple::<(String, String)>()
            .all(office.store.read())
            .await?;
        let Some(last) = page.last() else { return Ok(failed == 0) };
        after = last.clone();
        // Kept even where no day changed, so that it is not found again.
        failed += change_all(office, page, office.clock.now(), |desk, case, hall, now| {
            if let Some(happened) = case.recount(hall, now) {
                record(desk, case, happened, SYSTEM);
            }
            Ok(())
        })
        .await;
    }
}

type Act = fn(&mut Desk<'_>, &mut Case, &Hall, Moment) -> Result<(), Refusal>;

/// Runs one decision on each of these cases, and says how many failed. One that fails holds up no other.
async fn change_all(office: &Arc<Office>, cases: Vec<(String, String)>, now: Moment, act: Act) -> usize {
    let changes = stream::iter(cases).map(|(division, number)| async move {
        let changed = change(office.clone(), division, number.clone(), now, act).await;
        changed.inspect_err(|refusal| tracing::error!(%refusal, number, "a case could not be swept")).is_err()
    });
    changes.buffer_unordered(IN_FLIGHT).filter(|failed| future::ready(*failed)).count().await
}

async fn change(office: Arc<Office>, division: String, number: String, now: Moment, act: Act) -> Result<(), Refusal> {
    let division: Division = division.parse().map_err(Refusal::internal)?;
    let keys = vec![Key::of::<Kept>(division, number.as_str())];
    let inner = office.clone();
    let decide = move |desk: &mut Desk<'_>| {
        let (mut case, hall) = (desk.take::<Kept>(&number, Case::not_found)?.case, inner.hall());
        act(desk, &mut case, &hall, now)?;
        desk.put(Kept::new(case, &hall));
        Ok(number.as_str().into())
    };
    office.writer.change::<Kept>(division, keys, None, decide).await.map(drop)
}

async fn next_wake(office: &Office) -> Result<Option<i64>, DbErr> {
    Entity::find()
        .filter(Column::Open.eq(true))
        .filter(Column::WakesAt.lt(i64::MAX))
        .order_by_asc(Column::WakesAt)
        .select_only()
        .column(Column::WakesAt)
        .into_tuple::<i64>()
        .one(office.store.read())
        .await
}
