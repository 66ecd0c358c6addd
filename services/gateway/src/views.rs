//! How often publications are looked at. Counted in memory, and added to the database every few seconds and at the end: a
//! page is not to wait for a disk, and a gateway that is killed forgets some looks.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kit::{clock::Clock, id::Division, store::Store};
use sea_orm::DbErr;
use tokio::sync::Notify;

use crate::{
    domain::{day::Day, look::Looked},
    store,
};

/// Between two additions.
const EVERY: Duration = Duration::from_secs(3);
/// So many different publications and days wait in memory at most; what is looked at besides is not counted.
const MOST: usize = 20_000;

#[derive(Clone)]
pub struct Views(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    looks: Mutex<BTreeMap<Looked, i64>>,
    /// Told when half of the room is taken.
    filling: Notify,
}

impl Views {
    pub fn new(store: &Store, clock: &Clock) -> Views {
        let (store, clock) = (store.clone(), clock.clone());
        Views(Arc::new(Inner { store, clock, looks: Mutex::default(), filling: Notify::new() }))
    }

    /// Somebody looks at a publication that there is.
    pub fn count(&self, division: Division, publication: &str) {
        let day = Day::at(self.0.clock.now().0);
        self.add([(Looked { division, day, publication: publication.to_owned() }, 1)]);
    }

    fn add(&self, more: impl IntoIterator<Item = (Looked, i64)>) {
        let mut looks = self.0.looks.lock().unwrap_or_else(PoisonError::into_inner);
        for (looked, n) in more {
            if looks.len() < MOST || looks.contains_key(&looked) {
                *looks.entry(looked).or_default() += n;
            }
        }
        if looks.len() > MOST / 2 {
            self.0.filling.notify_one();
        }
    }

    /// Adds to the database what was counted since; what it does not take is kept.
    pub async fn flush(&self) {
        let looks = mem::take(&mut *self.0.looks.lock().unwrap_or_else(PoisonError::into_inner));
        if looks.is_empty() {
            return;
        }
        if let Err(error) = self.write(looks.clone().into_iter().collect()).await {
            tracing::warn!(%error, "looks at publications could not be counted yet");
            self.add(looks);
        }
    }

    async fn write(&self, looks: Vec<(Looked, i64)>) -> Result<(), DbErr> {
        let tx = self.0.store.begin().await?;
        store::view::add(&tx, looks).await?;
        tx.commit().await
    }

    /// Keeps adding.
    pub async fn run(self) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                // Not more often than ten times a second, should the database not take it.
                () = self.0.filling.notified() => tokio::time::sleep(EVERY / 30).await,
            }
            self.flush().await;
        }
    }
}
