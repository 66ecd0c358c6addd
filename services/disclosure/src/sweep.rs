//! What time brings: lights that turn; and the counting anew when a notice changes the calendar.
//!
//! A publication says itself when it wakes, so time's work is exact after any downtime. One that cannot be changed is
//! passed over, and tried again with the next sweep.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use kit::{
    actor::SYSTEM,
    clock::{Clock, Moment},
    refusal::Refusal,
    store::{
        Desk,
        wake::{due, next},
    },
};
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use tokio::sync::watch;

use crate::{
    domain::publication::{Happened, Publication, Scene},
    office::{Office, keys, settle, site_of, unreadable},
    store::publication::{Column, Entity},
};

/// How long a sweep sleeps at most: another replica may have written what wakes earlier.
const LONGEST: Duration = Duration::from_secs(1);
/// Publications in one page, and changes in flight.
const PAGE: u64 = 500;
const IN_FLIGHT: usize = 32;

/// Sweeps for as long as the program runs, and says through `acted` up to when.
pub async fn run(office: Arc<Office>, acted: watch::Sender<i64>) {
    let clock = office.clock.clone();
    // Version of the calendar that every open draft was counted with.
    let mut counted = String::new();
    loop {
        let now = clock.now();
        let calendar = office.mirror().calendar.version().to_owned();
        let swept = async {
            if calendar != counted {
                recount_all(&office).await?;
            }
            wake_all(&office, now).await
        };
        match swept.await {
            Ok(()) => {
                counted = calendar;
                acted.send_replace(now.0);
            }
            Err(error) => {
                tracing::error!(%error, "sweep failed, going on");
                tokio::time::sleep(LONGEST).await;
            }
        }
        rest(&office, &clock, now).await;
    }
}

/// Turns every light that is due, earliest first.
async fn wake_all(office: &Arc<Office>, now: Moment) -> Result<(), Refusal> {
    let mut after = None;
    loop {
        let page = due::<Publication>(&office.store, now.0, after.as_ref(), PAGE).await.map_err(unreadable)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.clone());
        let due = page.into_iter().map(|(_, division, id)| (division, id)).collect();
        change_all(office, due, |publication, scene| publication.wake(scene.now)).await;
    }
}

/// Counts every open draft anew.
async fn recount_all(office: &Arc<Office>) -> Result<(), Refusal> {
    let mut after = (String::new(), String::new());
    loop {
        let page = open_after(office, &after).await.map_err(unreadable)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.clone();
        change_all(office, page, |publication, scene| publication.recount(scene)).await;
    }
}

/// A page of the publications that are being drafted: division and id.
async fn open_after(office: &Office, (division, id): &(String, String)) -> Result<Vec<(String, String)>, DbErr> {
    let of_division = Column::Division.eq(division.as_str()).and(Column::Id.gt(id.as_str()));
    Entity::find()
        .filter(Expr::col("open").eq(true))
        .filter(Column::Division.gt(division.as_str()).or(of_division))
        .order_by_asc(Column::Division)
        .order_by_asc(Column::Id)
        .limit(PAGE)
        .select_only()
        .columns([Column::Division, Column::Id])
        .into_tuple()
        .all(office.store.read())
        .await
}

type Act = fn(&mut Publication, &Scene<'_>) -> Option<Happened>;

async fn change_all(office: &Arc<Office>, publications: Vec<(String, String)>, act: Act) {
    stream::iter(publications)
        .for_each_concurrent(IN_FLIGHT, async |(division, id)| {
            if let Err(refusal) = change(office, &division, &id, act).await {
                tracing::error!(%refusal, division, id, "a publication could not be swept, and is passed over");
            }
        })
        .await;
}

/// Acts until nothing more happens.
async fn change(office: &Office, division: &str, id: &str, act: Act) -> Result<(), Refusal> {
    let division = division.parse().map_err(Refusal::internal)?;
    let (mirror, id): (_, Arc<str>) = (office.mirror(), id.into());
    let named = keys(division, &id);
    let decide = move |desk: &mut Desk<'_>| {
        let (site, now) = (site_of(desk), desk.now());
        let scene = Scene { site: &site, mirror: &mirror, now };
        let mut publication = desk.take::<Publication>(&id, Publication::not_found)?;
        while let Some(happened) = act(&mut publication, &scene) {
            settle(desk, &publication, happened, SYSTEM);
        }
        Ok(id.clone())
    };
    office.writer.change::<Publication>(division, named, None, decide).await.map(drop)
}

/// Sleeps until something is due, or learned.
async fn rest(office: &Office, clock: &Clock, now: Moment) {
    let until = match clock.is_simulated() {
        // A simulated clock that has moved meanwhile is seen at once; a real one at the next wake.
        true => Some(Moment(now.0 + 1)),
        false => next::<Publication>(&office.store, now.0).await.unwrap_or(None).map(Moment),
    };
    tokio::select! {
        () = clock.wait(until, LONGEST) => {}
        () = office.learned.notified() => {}
    }
}
