//! What every RPC of intake works with.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::ArcSwap;
use kit::{
    actor::{RequestKey, SYSTEM},
    clock::{Clock, Moment},
    files::Files,
    id::{self, Division},
    keys::{Cipher, Keys},
    refusal::Refusal,
    store::{Desk, Event, Key, Reader, Store, Writer, log::Log},
};
use prost::Message;
use sea_orm::DbErr;
use tokio::sync::Mutex;

use crate::{
    domain::{applicant::Sealed, case::Case, hall::Hall, life::Happened},
    rpc::{facts::facts, item::unreadable},
    store::{self, case::Kept, item::Versions},
};

/// Store, writer, clock and what is known of the centre.
pub struct Office {
    pub store: Store,
    pub writer: Writer,
    pub cases: Reader<Kept>,
    /// Reads proofs; what signs the heads is opened with the service.
    pub log: Log,
    pub clock: Clock,
    pub keys: Keys,
    pub cipher: Cipher,
    pub files: Files,
    hall: ArcSwap<Hall>,
    /// One reading of the hall at a time, so that an older one never replaces a newer one.
    reading: Mutex<()>,
    /// The items as [`Office::keep_up`] last saw them, those that cannot be read among them.
    seen: Mutex<Versions>,
}

impl Office {
    pub async fn open(
        store: Store,
        writer: Writer,
        clock: Clock,
        keys: Keys,
        files: Files,
    ) -> Result<Arc<Office>, DbErr> {
        let hall = ArcSwap::from_pointee(store::hall::read(store.read()).await?);
        let (cases, cipher) = (Reader::open(&store), keys.cipher("personal"));
        let log = Log::new(&store, &clock, &keys);
        let (reading, seen) = (Mutex::default(), Mutex::default());
        Ok(Arc::new(Office { store, writer, cases, log, clock, keys, cipher, files, hall, reading, seen }))
    }

    pub fn hall(&self) -> Arc<Hall> {
        self.hall.load_full()
    }

    /// Reads the hall anew from the database.
    pub async fn refresh(&self) -> Result<(), DbErr> {
        let _one = self.reading.lock().await;
        self.hall.store(Arc::new(store::hall::read(self.store.read()).await?));
        Ok(())
    }

    /// Reads the hall anew where the items are not those it was read with: another replica may have changed them, or a
    /// caller of this one hung up before the change was read.
    pub async fn keep_up(&self) -> Result<(), DbErr> {
        let versions = store::item::versions(self.store.read()).await?;
        let mut seen = self.seen.lock().await;
        if versions != *seen {
            self.refresh().await?;
            *seen = versions;
        }
        Ok(())
    }

    /// The hall that a case can be decided by: read anew where another replica received the case under a revision that
    /// this one has not seen.
    pub async fn hall_for(&self, case: &Case) -> Result<Arc<Hall>, Refusal> {
        if !self.hall().knows(case) {
            self.refresh().await.map_err(unreadable)?;
        }
        Ok(self.hall())
    }

    /// Changes one case by a decision, which puts it back and says what happened. Where the hall does not know the
    /// case's revision yet, it is read anew and the decision made again.
    pub async fn change(
        &self,
        division: Division,
        number: &str,
        request: Option<RequestKey>,
        decide: impl Fn(&mut Desk<'_>, Kept, &Hall) -> Result<(), Refusal> + Send + Sync + 'static,
    ) -> Result<Arc<Kept>, Refusal> {
        let (decide, number): (_, Arc<str>) = (Arc::new(decide), number.into());
        let mut read_anew = false;
        loop {
            let (hall, behind) = (self.hall(), Arc::new(AtomicBool::new(false)));
            let keys = vec![Key::of::<Kept>(division, number.clone())];
            let (decide, id, is_behind) = (decide.clone(), number.clone(), behind.clone());
            let decide = move |desk: &mut Desk<'_>| {
                let kept = desk.take::<Kept>(&id, Case::not_found)?;
                if !hall.knows(&kept.case) {
                    is_behind.store(true, Ordering::Release);
                    return Err(Refusal::unavailable());
                }
                decide(desk, kept, &hall)?;
                Ok(id.clone())
            };
            let changed = self.writer.change(division, keys, request, decide).await;
            if changed.is_ok() || !behind.load(Ordering::Acquire) {
                return changed;
            }
            if read_anew {
                tracing::error!(%number, "a case lives by a revision that its item has lost");
                return changed;
            }
            self.refresh().await.map_err(unreadable)?;
            read_anew = true;
        }
    }

    /// Runs one step of a case's life: first what time has brought, then the step. `sealed` is personal data to keep.
    pub async fn step(
        &self,
        target: Target,
        request: RequestKey,
        sealed: Option<Sealed>,
        decide: impl Fn(&mut Case, &Hall, Moment) -> Result<Happened, Refusal> + Send + Sync + 'static,
    ) -> Result<Arc<Kept>, Refusal> {
        let Target { division, number, etag, actor } = target;
        let now = self.clock.now();
        let decide = move |desk: &mut Desk<'_>, Kept { mut case, .. }: Kept, hall: &Hall| {
            let matches = case.must_match(&etag);
            catch_up(desk, &mut case, hall, now)?;
            let decided = decide(&mut case, hall, now);
            // Whose case it is not learns nothing of it, nor whether it has changed.
            if !decided.as_ref().is_err_and(is_of_caller) {
                matches?;
            }
            let happened = decided?;
            // The lights that this counting turned stand before the step's own entry, which carries the request.
            catch_up(desk, &mut case, hall, now)?;
            record(desk, &case, happened, &actor);
            if let Some(sealed) = &sealed {
                desk.put(sealed.clone());
            }
            desk.put(Kept::new(case, hall));
            Ok(())
        };
        self.change(division, &number, Some(request), decide).await
    }
}

/// Which case a step is for, as the caller saw it, and who acts.
pub struct Target {
    pub division: Division,
    pub number: String,
    pub etag: String,
    /// Resource name of a person.
    pub actor: String,
}

impl Target {
    /// Reads the names of a request; `actor` is the person's name and `field` where it stands.
    pub fn read(name: &str, etag: &str, field: &str, actor: &str) -> Result<(Target, String), Refusal> {
        let (division, number) = id::child("name", name, "cases")?;
        let person = id::child_of(field, actor, "people", division)?.to_owned();
        let target = Target { division, number: number.to_owned(), etag: etag.to_owned(), actor: actor.to_owned() };
        Ok((target, person))
    }
}

/// Whether it is refused because of who acts, or where, and not because of the case.
fn is_of_caller(refusal: &Refusal) -> bool {
    ["PERSON_", "WINDOW", "APPROVER_"].iter().any(|what| refusal.reason().starts_with(what))
}

/// Does what is due by now, each thing with its own entry.
pub fn catch_up(desk: &mut Desk<'_>, case: &mut Case, hall: &Hall, now: Moment) -> Result<bool, Refusal> {
    let mut woken = false;
    while let Some(happened) = case.wake(hall, now)? {
        record(desk, case, happened, SYSTEM);
        woken = true;
    }
    Ok(woken)
}

/// Writes what happened to a case into the journal, and answers with the entry's number.
pub fn record(desk: &mut Desk<'_>, case: &Case, happened: Happened, actor: &str) -> i64 {
    desk.record(Event {
        name: happened,
        noun: format!("cases/{}", case.number),
        actor: actor.to_owned(),
        payload: facts(case).encode_to_vec().into(),
    })
}
