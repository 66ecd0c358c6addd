//! What time brings: who has not come is absent, who has not signed out has left; and each day says anew who staffs the
//! windows.
//!
//! A duty says itself when it wakes, so time's work is exact after any downtime. One that cannot be changed is passed over,
//! and tried again with the next sweep.

use std::{sync::Arc, time::Duration};

use calendar::{Date, shanghai_date};
use futures::{StreamExt, stream};
use kit::{
    actor::SYSTEM,
    clock::{Clock, Moment},
    refusal::Refusal,
    store::{
        Desk, Key,
        wake::{due, next},
    },
};
use tokio::sync::watch;

use crate::{
    domain::{duty::Duty, slot::month_of, staffing::Staffing},
    office::{Office, record, unreadable},
    rpc::{attendance, staffing},
    store::duty::Kept,
};

/// How long a sweep sleeps at most: another replica may have written what wakes earlier.
const LONGEST: Duration = Duration::from_secs(1);
/// Duties in one page, and changes in flight.
const PAGE: u64 = 500;
const IN_FLIGHT: usize = 32;

/// Sweeps for as long as the program runs, and says through `acted` up to when.
pub async fn run(office: Arc<Office>, acted: watch::Sender<i64>) {
    let clock = office.clock.clone();
    // The day for which every window was told of, while nothing has changed since.
    let mut told = None;
    loop {
        let now = clock.now();
        let today = shanghai_date(now.0);
        let swept = async {
            wake_all(&office, now).await?;
            if told != Some(today) {
                tell_all(&office, today).await?;
            }
            Ok::<(), Refusal>(())
        };
        match swept.await {
            Ok(()) => {
                told = Some(today);
                acted.send_replace(now.0);
            }
            Err(error) => {
                tracing::error!(%error, "sweep failed, going on");
                tokio::time::sleep(LONGEST).await;
            }
        }
        if rest(&office, &clock, now).await {
            told = None;
        }
    }
}

/// Wakes every duty that is due, earliest first.
async fn wake_all(office: &Arc<Office>, now: Moment) -> Result<(), Refusal> {
    let mut after = None;
    loop {
        let page = due::<Kept>(&office.store, now.0, after.as_ref(), PAGE).await.map_err(unreadable)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.clone());
        stream::iter(page)
            .for_each_concurrent(IN_FLIGHT, async |(_, division, id)| {
                if let Err(refusal) = wake(office, &division, &id, now).await {
                    tracing::error!(%refusal, division, id, "a duty could not be swept, and is passed over");
                }
            })
            .await;
    }
}

async fn wake(office: &Office, division: &str, id: &str, now: Moment) -> Result<(), Refusal> {
    let division = division.parse().map_err(Refusal::internal)?;
    let code: Arc<str> = id.into();
    let key = Key::of::<Kept>(division, code.clone());
    let decide = move |desk: &mut Desk<'_>| {
        let mut duty = desk.take::<Kept>(&code, Duty::not_found)?.duty;
        if let Some(happened) = duty.wake(now) {
            record(desk, happened, format!("duties/{code}"), SYSTEM, &attendance::tell(&duty));
            desk.put(Kept::from(duty));
        }
        Ok(code.clone())
    };
    office.writer.change::<Kept>(division, vec![key], None, decide).await.map(drop)
}

/// Says of every window who staffs it today, where that has changed.
async fn tell_all(office: &Arc<Office>, today: Date) -> Result<(), Refusal> {
    for staffing in office.staffings(None).await? {
        let month = office.month(staffing.division, &month_of(today)).await?;
        let required = office.wants_staffed_windows(staffing.division, today).await?;
        let day = staffing.on(today, &month, required, &office.mirror());
        let Some(day) = day.filter(|day| staffing.clone().tell(day)) else { continue };
        let (window, key): (Arc<str>, _) =
            (staffing.window.as_str().into(), Key::of::<Staffing>(staffing.division, staffing.window.as_str()));
        let decide = move |desk: &mut Desk<'_>| {
            let mut staffing = desk.take::<Staffing>(&window, || Refusal::internal("a staffing went away"))?;
            if staffing.tell(&day) {
                let told = staffing::tell(&window, &day);
                record(desk, "staffing.day", format!("staffings/{window}"), SYSTEM, &told);
                desk.put(staffing);
            }
            Ok(window.clone())
        };
        office.writer.change::<Staffing>(staffing.division, vec![key], None, decide).await?;
    }
    Ok(())
}

/// Sleeps until something is due; true where who staffs the windows may have changed.
async fn rest(office: &Office, clock: &Clock, now: Moment) -> bool {
    let until = match clock.is_simulated() {
        // A simulated clock that has moved meanwhile is seen at once; a real one at the next wake.
        true => Some(Moment(now.0 + 1)),
        false => next::<Kept>(&office.store, now.0).await.unwrap_or(None).map(Moment),
    };
    tokio::select! {
        () = clock.wait(until, LONGEST) => false,
        () = office.restaffed.notified() => true,
    }
}
