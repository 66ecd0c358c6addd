//! The calendar in force: the notices of the table, kept in memory.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use calendar::Calendar;
use kit::{
    id::Division,
    refusal::Refusal,
    store::{Noun, Store, journal::head},
};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};

use crate::domain::notice::Notice;

/// Another replica may import a notice: its journal is asked at most so often.
const CHECK: Duration = Duration::from_secs(1);

pub struct InForce {
    store: Store,
    current: ArcSwap<Current>,
    checked: Mutex<Instant>,
}

struct Current {
    calendar: Calendar,
    /// The national journal's head that it was read at.
    head: i64,
}

impl InForce {
    pub async fn open(store: &Store) -> Result<InForce, DbErr> {
        let current = ArcSwap::from_pointee(read(store).await?);
        Ok(InForce { store: store.clone(), current, checked: Mutex::new(Instant::now()) })
    }

    /// The calendar in force.
    pub async fn current(&self) -> Result<Calendar, Refusal> {
        if self.is_time_to_check() {
            let head = head(self.store.read()).await.map_err(unavailable)?;
            if head != self.current.load().head {
                self.reload().await?;
            }
        }
        Ok(self.current.load().calendar.clone())
    }

    /// Reads the notices again, after an import.
    pub async fn reload(&self) -> Result<(), Refusal> {
        let read = Arc::new(read(&self.store).await.map_err(unavailable)?);
        // Of two readings at once the later may finish first.
        self.current.rcu(|current| if current.head > read.head { current.clone() } else { read.clone() });
        Ok(())
    }

    fn is_time_to_check(&self) -> bool {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let due = checked.elapsed() >= CHECK;
        if due {
            *checked = Instant::now();
        }
        due
    }
}

/// The notices and the head of one state of the database.
async fn read(store: &Store) -> Result<Current, DbErr> {
    let snapshot = store.snapshot().await?;
    let head = head(&snapshot).await?;
    let rows = <Notice as Noun>::Entity::find().all(&snapshot).await?;
    snapshot.rollback().await?;
    let mut calendar = Calendar::empty();
    for row in rows {
        let notice = Notice::from_row(row).map_err(|corrupt| DbErr::Custom(corrupt.to_string()))?;
        calendar = calendar.with(notice.text).map_err(|error| DbErr::Custom(error.to_string()))?;
    }
    Ok(Current { calendar, head })
}

async fn head(db: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let head = head::Entity::find_by_id(Division::NATIONAL.as_str().to_owned()).one(db).await?;
    Ok(head.map_or(0, |head| head.seq))
}

fn unavailable(error: DbErr) -> Refusal {
    tracing::error!(%error, "the notices could not be read");
    Refusal::unavailable()
}
