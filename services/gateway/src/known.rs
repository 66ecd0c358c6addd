//! What is known of those who call, in memory: read by every call, renewed after every entry of the directory's journal.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use kit::{store::Store, token::Verifier};
use sea_orm::DbErr;
use tokio::sync::{Semaphore, watch};

use crate::{domain::caller::Standing, store};

/// How long a call may wait for what is not known yet: the directory signs with a new key at once, and the journal that
/// tells of it is a moment behind.
const MOMENT: Duration = Duration::from_secs(1);
/// So many may wait at once; whoever comes with nonsense is not to fill the house.
const WAITING: usize = 64;

#[derive(Clone)]
pub struct Known(Arc<Inner>);

struct Inner {
    store: Store,
    standing: ArcSwap<Standing>,
    verifier: Verifier,
    renewed: watch::Sender<()>,
    waiting: Semaphore,
    /// Whether something is missing that the directory has told before: who was revoked, it may be.
    behind: AtomicBool,
}

impl Known {
    /// As the database has it from before.
    pub async fn open(store: &Store) -> Result<Known, DbErr> {
        let known = Known(Arc::new(Inner {
            store: store.clone(),
            standing: ArcSwap::default(),
            verifier: Verifier::new(),
            renewed: watch::Sender::new(()),
            waiting: Semaphore::new(WAITING),
            behind: AtomicBool::new(false),
        }));
        known.renew().await?;
        Ok(known)
    }

    /// Reads it again. Not what this process has followed: a replica may have followed further.
    pub async fn renew(&self) -> Result<(), DbErr> {
        let standing = store::caller::standing(self.0.store.read()).await?;
        let keys = standing.keys.iter().map(|key| (key.id.clone(), key.public_key, key.valid_until));
        self.0.verifier.set_keys(keys.collect());
        self.0.standing.store(Arc::new(standing));
        self.0.renewed.send_replace(());
        Ok(())
    }

    pub fn standing(&self) -> arc_swap::Guard<Arc<Standing>> {
        self.0.standing.load()
    }

    pub fn verifier(&self) -> &Verifier {
        &self.0.verifier
    }

    /// Waits a moment until a key is known.
    pub async fn key(&self, id: &str) -> bool {
        self.in_a_moment(|| self.standing().knows_key(id)).await
    }

    /// Waits a moment until all is known that the directory has told before.
    pub async fn caught_up(&self) -> bool {
        self.in_a_moment(|| !self.is_behind()).await
    }

    pub fn is_behind(&self) -> bool {
        self.0.behind.load(Ordering::Acquire)
    }

    pub fn set_behind(&self, behind: bool) {
        self.0.behind.store(behind, Ordering::Release);
        self.0.renewed.send_replace(());
    }

    async fn in_a_moment(&self, holds: impl Fn() -> bool) -> bool {
        if holds() {
            return true;
        }
        let Ok(_place) = self.0.waiting.try_acquire() else { return false };
        let mut renewed = self.0.renewed.subscribe();
        let held = renewed.wait_for(|()| holds());
        tokio::time::timeout(MOMENT, held).await.is_ok()
    }
}
