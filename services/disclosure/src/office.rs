//! What every RPC of disclosure works with.

use std::sync::Arc;

use arc_swap::ArcSwap;
use kit::{
    clock::Clock,
    files::Files,
    id::Division,
    keys::Keys,
    refusal::Refusal,
    store::{Desk, Event, Key, Reader, Store, Writer},
};
use mirror::Mirror;
use prost::Message;
use sea_orm::DbErr;
use tokio::sync::{Mutex, Notify};

use crate::{
    domain::{
        publication::{Happened, Publication, Text},
        shown::Shown,
        site::Site,
    },
    rpc::render,
};

/// Store, writer, clock and what is known of the directory.
pub struct Office {
    pub store: Store,
    pub writer: Writer,
    pub clock: Clock,
    pub keys: Keys,
    pub files: Files,
    pub sites: Reader<Site>,
    pub publications: Reader<Publication>,
    pub texts: Reader<Text>,
    /// Told when something was learned of the directory.
    pub learned: Notify,
    /// Told when something has arrived that the suite publishes by itself.
    pub arrived: Notify,
    mirror: ArcSwap<Mirror>,
    /// One reading of the mirror at a time, so that an older one never replaces a newer one.
    reading: Mutex<()>,
}

impl Office {
    pub async fn open(
        store: Store,
        writer: Writer,
        clock: Clock,
        keys: Keys,
        files: Files,
    ) -> Result<Arc<Office>, DbErr> {
        let mirror = ArcSwap::from_pointee(mirror::rows::read(store.read()).await?);
        Ok(Arc::new(Office {
            sites: Reader::open(&store),
            publications: Reader::open(&store),
            texts: Reader::open(&store),
            learned: Notify::new(),
            arrived: Notify::new(),
            reading: Mutex::new(()),
            store,
            writer,
            clock,
            keys,
            files,
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
        self.learned.notify_one();
        Ok(())
    }

    /// The site of a division; the suite's own where it has set nothing.
    pub async fn site(&self, division: Division) -> Result<Arc<Site>, Refusal> {
        Ok(self.sites.get(division, Site::ID).await?.unwrap_or_else(|| Arc::new(Site::new(division))))
    }
}

/// The site on the desk; the suite's own where the division has set nothing.
pub fn site_of(desk: &Desk<'_>) -> Site {
    desk.get::<Site>(Site::ID).map_or_else(|| Site::new(desk.division()), Arc::unwrap_or_clone)
}

/// The nouns that every change of a publication looks at.
pub fn keys(division: Division, id: &str) -> Vec<Key> {
    let site = Key::of::<Site>(division, Site::ID);
    vec![Key::of::<Publication>(division, id), site, Key::of::<Shown>(division, id)]
}

/// Puts a publication as a decision left it, the text that it fixed and what the public finds of it, and tells the journal.
pub fn settle(desk: &mut Desk<'_>, publication: &Publication, happened: Happened, actor: &str) {
    let Happened { event, text } = happened;
    match (event, &text) {
        ("publication.published", Some(text)) => {
            if let Some(shown) = Shown::of(publication, &text.content) {
                desk.put(shown);
            }
        }
        ("publication.withdrawn", _) => {
            if let Some(shown) = desk.get::<Shown>(&publication.id) {
                desk.put(Shown { public: false, ..Arc::unwrap_or_clone(shown) });
            }
        }
        _ => {}
    }
    if let Some(text) = text {
        desk.put(text);
    }
    record(desk, event, format!("publications/{}", publication.id), actor, &render::facts(publication, &site_of(desk)));
    desk.put(publication.clone());
}

/// Writes what happened into the journal. `noun` is a collection and an id.
pub fn record(desk: &mut Desk<'_>, name: &'static str, noun: String, actor: &str, payload: &impl Message) {
    desk.record(Event { name, noun, actor: actor.to_owned(), payload: payload.encode_to_vec().into() });
}

/// The database did not answer.
pub fn unreadable(error: DbErr) -> Refusal {
    tracing::error!(%error, "disclosure could not be read");
    Refusal::unavailable()
}
