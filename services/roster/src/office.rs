//! What every RPC of roster works with.

use std::sync::Arc;

use arc_swap::ArcSwap;
use calendar::Date;
use kit::{
    clock::Clock,
    id::Division,
    keys::Keys,
    refusal::Refusal,
    store::{Desk, Event, Reader, Store, Writer},
};
use mirror::Mirror;
use prost::Message;
use sea_orm::DbErr;
use tokio::sync::{Mutex, Notify};

use crate::{
    domain::{
        circular::Circular,
        month::Month,
        rules::{Book, Revision},
        staffing::Staffing,
    },
    store::duty::Kept,
};

/// Store, writer, clock and what is known of the directory.
pub struct Office {
    pub store: Store,
    pub writer: Writer,
    pub clock: Clock,
    pub keys: Keys,
    pub books: Reader<Book>,
    pub months: Reader<Month>,
    pub duties: Reader<Kept>,
    pub circulars: Reader<Circular>,
    /// Told when who staffs a window may have changed.
    pub restaffed: Notify,
    mirror: ArcSwap<Mirror>,
    /// One reading of the mirror at a time, so that an older one never replaces a newer one.
    reading: Mutex<()>,
}

impl Office {
    pub async fn open(store: Store, writer: Writer, clock: Clock, keys: Keys) -> Result<Arc<Office>, DbErr> {
        let mirror = ArcSwap::from_pointee(mirror::rows::read(store.read()).await?);
        Ok(Arc::new(Office {
            books: Reader::open(&store),
            months: Reader::open(&store),
            duties: Reader::open(&store),
            circulars: Reader::open(&store),
            restaffed: Notify::new(),
            reading: Mutex::new(()),
            store,
            writer,
            clock,
            keys,
            mirror,
        }))
    }

    pub fn mirror(&self) -> Arc<Mirror> {
        self.mirror.load_full()
    }

    /// Reads the mirror anew from the database.
    pub async fn refresh(&self) -> Result<(), DbErr> {
        let _one = self.reading.lock().await;
        self.mirror.store(Arc::new(mirror::rows::read(self.store.read()).await?));
        self.restaffed.notify_one();
        Ok(())
    }

    pub async fn book(&self, division: Division) -> Result<Arc<Book>, Refusal> {
        self.books.get(division, Book::ID).await?.ok_or_else(Book::not_found)
    }

    /// Whether no work is done at a window that nobody staffs; not where there are no rules.
    pub async fn wants_staffed_windows(&self, division: Division, day: Date) -> Result<bool, Refusal> {
        let book = self.books.get(division, Book::ID).await?;
        Ok(book.is_some_and(|book| book.on(day).is_ok_and(|on| on.rules.staffed_windows_only)))
    }

    /// A month as it stands; an empty one where nothing is known of it.
    pub async fn month(&self, division: Division, code: &str) -> Result<Arc<Month>, Refusal> {
        Ok(self.months.get(division, code).await?.unwrap_or_else(|| Arc::new(Month::new(division, code))))
    }

    /// Who staffs the windows: as committed.
    pub async fn staffings(&self, division: Option<Division>) -> Result<Vec<Staffing>, Refusal> {
        crate::store::staffing::all(&self.store, division).await.map_err(unreadable)
    }
}

/// The rules that a month's plan was drafted by, as they stand on the desk.
pub fn rules_of(desk: &Desk<'_>, month: &Month) -> Result<Revision, Refusal> {
    let book = desk.get::<Book>(Book::ID).ok_or_else(Book::not_found)?;
    let plan = month.plan.as_ref().ok_or_else(crate::domain::plan::Plan::not_found)?;
    book.revision(plan.rules).cloned()
}

/// The month on the desk; an empty one where nothing is known of it.
pub fn month_of(desk: &Desk<'_>, code: &str) -> Month {
    desk.get::<Month>(code).map_or_else(|| Month::new(desk.division(), code), Arc::unwrap_or_clone)
}

/// Writes what happened into the journal. `noun` is a collection and an id.
pub fn record(desk: &mut Desk<'_>, name: &'static str, noun: String, actor: &str, payload: &impl Message) {
    desk.record(Event { name, noun, actor: actor.to_owned(), payload: payload.encode_to_vec().into() });
}

/// The database did not answer.
pub fn unreadable(error: DbErr) -> Refusal {
    tracing::error!(%error, "the roster could not be read");
    Refusal::unavailable()
}
