//! What time brings: deemed acceptance, lapse, yellow, red; and the counting anew when a notice changes the calendar.
//!
//! Every wake is exact after any downtime: a case says itself when it wakes and what happens then, with that moment as
//! its date, and no command is decided on a case before what was due has been done.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use kit::{
    actor::SYSTEM,
    clock::Moment,
    id::Division,
    refusal::Refusal,
    store::{Desk, Key},
};
use sea_orm::{ColumnTrait, DbErr, ExprTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::{Notify, watch};

use crate::{
    domain::case::Case,
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
            let hall = office.hall();
            if hall.calendar.version() != calendar {
                recount(&office, hall.calendar.version()).await?;
                calendar = hall.calendar.version().to_owned();
            }
            wake_all(&office, now).await
        };
        match done.await {
            Ok(()) => {
                acted.send_replace(now.0);
            }
            Err(error) => tracing::error!(%error, "sweep failed, going on"),
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
        let refused = change_all(office, due, now, |desk, case, office, now| {
            let hall = office.hall();
            catch_up(desk, case, &hall, now)?;
            // Kept even where nothing was due after all, so that it is not found due again.
            Ok(true)
        });
        refused.await.map_err(|refusal| DbErr::Custom(refusal.to_string()))?;
    }
}

/// Counts all open cases anew that were counted with another calendar.
async fn recount(office: &Arc<Office>, version: &str) -> Result<(), DbErr> {
    let mut after = (String::new(), String::new());
    loop {
        let page = Entity::find()
            .filter(Column::Open.eq(true))
            .filter(Column::Calendar.ne(version))
            .filter(
                Column::Division.gt(after.0.clone()).or(Column::Division.eq(after.0.clone()).and(Column::Id.gt(after.1.clone()))),
            )
            .order_by_asc(Column::Division)
            .order_by_asc(Column::Id)
            .limit(PASS)
            .select_only()
            .columns([Column::Division, Column::Id])
            .into_tuple::<(String, String)>()
            .all(office.store.read())
            .await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.clone();
        let now = office.clock.now();
        let recounted = change_all(office, page, now, |desk, case, office, now| {
            let hall = office.hall();
            let happened = case.recount(&hall, now);
            if let Some(happened) = happened {
                record(desk, case, happened, SYSTEM);
            }
            Ok(happened.is_some())
        });
        recounted.await.map_err(|refusal| DbErr::Custom(refusal.to_string()))?;
    }
}

type Act = fn(&mut Desk<'_>, &mut Case, &Office, Moment) -> Result<bool, Refusal>;

/// Runs one decision on each of these cases; a decision that does nothing changes nothing.
async fn change_all(office: &Arc<Office>, cases: Vec<(String, String)>, now: Moment, act: Act) -> Result<(), Refusal> {
    let mut changes = stream::iter(cases)
        .map(|(division, number)| change(office.clone(), division, number, now, act))
        .buffer_unordered(IN_FLIGHT);
    while let Some(changed) = changes.next().await {
        changed?;
    }
    Ok(())
}

async fn change(office: Arc<Office>, division: String, number: String, now: Moment, act: Act) -> Result<(), Refusal> {
    let division: Division = division.parse().map_err(Refusal::internal)?;
    let keys = vec![Key::of::<Kept>(division, number.as_str())];
    let inner = office.clone();
    let decide = move |desk: &mut Desk<'_>| {
        let mut case = desk.take::<Kept>(&number, Case::not_found)?.case;
        if act(desk, &mut case, &inner, now)? {
            let hall = inner.hall();
            desk.put(Kept::new(case, &hall));
        }
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
