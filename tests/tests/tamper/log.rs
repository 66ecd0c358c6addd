//! A log of some hundred entries with a head about every fifty, signed by the service's own code.

use kit::{
    clock::Moment,
    id::Division,
    keys::Keys,
    store::{
        Log, Store,
        journal::{entry, head, leaf_hash},
        log::table,
    },
    testing::{TestDatabase, clock},
};
use rand::{Rng, rngs::StdRng};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use tlog::note::Verifier;

pub const SERVICE: &str = "intake";
/// More than a tile holds.
const ENTRIES: i64 = 290;

pub struct Sealed {
    pub url: String,
    pub division: Division,
    pub key: Verifier,
    pub entries: Vec<entry::Model>,
    pub heads: Vec<table::head::Model>,
    _store: Store,
}

impl Sealed {
    pub async fn open(database: &TestDatabase, dice: &mut StdRng) -> Sealed {
        let url = database.config(&[SERVICE]).await.database(SERVICE);
        let store = Store::open::<migrations::intake::Migrator>(SERVICE, &url).await.expect("the store opens");
        let (clock, keys) = (clock("2026-02-09T09:00"), Keys::from_bytes([7; 32]));
        let (log, division) = (Log::new(&store, &clock, &keys), "410223".parse().expect("six digits"));
        let mut entries: Vec<entry::Model> = Vec::new();
        while (entries.len() as i64) < ENTRIES {
            let after = entries.len() as i64;
            let upto = (after + dice.random_range(40..60)).min(ENTRIES);
            let mut new = Vec::new();
            for seq in after + 1..=upto {
                clock.advance(Moment(clock.now().0 + dice.random_range(1..20_000_000)));
                new.push(entry(seq, clock.now().0, dice));
            }
            let rows = new.iter().cloned().map(|row| row.into_active_model().reset_all());
            let tx = store.begin().await.expect("begun");
            entry::Entity::insert_many(rows).exec_without_returning(&tx).await.expect("written");
            let end = head::Model { division: "410223".into(), seq: upto }.into_active_model().reset_all();
            if after == 0 {
                head::Entity::insert(end).exec_without_returning(&tx).await.expect("written");
            } else {
                head::Entity::update(end).exec(&tx).await.expect("written");
            }
            tx.commit().await.expect("committed");
            clock.advance(Moment(clock.now().0 + dice.random_range(1..20_000_000)));
            log.sign(division).await.expect("signed");
            entries.extend(new);
        }
        let heads = table::head::Entity::find().all(store.read()).await.expect("heads");
        Sealed { url, division, key: log.key(division).expect("a key"), entries, heads, _store: store }
    }

    /// The first entry after the head before an entry, and the size of the head that covers it.
    pub fn between(&self, seq: i64) -> (i64, i64) {
        let sizes = || self.heads.iter().map(|head| head.size);
        let before = sizes().filter(|size| *size < seq).max().unwrap_or(0);
        (before + 1, sizes().filter(|size| *size >= seq).min().expect("covered"))
    }

    /// The size of the newest head.
    pub fn size(&self) -> i64 {
        self.entries.len() as i64
    }
}

/// An entry as the service might have written it then.
pub fn entry(seq: i64, occurred_at: i64, dice: &mut StdRng) -> entry::Model {
    let some = |length: usize, dice: &mut StdRng| (0..length).map(|_| dice.random()).collect::<Vec<u8>>();
    let asked = dice.random_bool(0.8);
    let payload = dice.random_range(0..60);
    let mut entry = entry::Model {
        division: "410223".into(),
        seq,
        occurred_at,
        actor: if asked {
            format!("divisions/410223/people/U{:03}", dice.random_range(1..40))
        } else {
            "system".into()
        },
        noun: format!("cases/410223-012-20260209-{:06}-X", dice.random_range(0..1_000_000)),
        event: ["case.received", "case.accepted", "case.decided"][dice.random_range(0..3)].into(),
        payload: some(payload, dice),
        request_id: asked.then(|| some(16, dice)),
        request_hash: asked.then(|| some(32, dice)),
        leaf_hash: Vec::new(),
    };
    entry.leaf_hash = leaf_hash(SERVICE, &entry).to_vec();
    entry
}
