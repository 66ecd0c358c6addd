//! A database with a writer and a reader, as a service has them, and what the tests look at in it.

use std::{
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use kit::{
    actor::RequestKey,
    clock::Clock,
    id::Division,
    keys::Keys,
    refusal::Refusal,
    store::{
        Key, Reader, Store, Writer,
        journal::{entry, head},
    },
    testing::{TestDatabase, clock, databases},
};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};
use uuid::Uuid;

use crate::counter::{Counter, Migrator, add, row};

pub const SERVICE: &str = "counting";
pub const NOW: &str = "2026-02-09T09:00";

pub struct House {
    pub database: TestDatabase,
    pub clock: Clock,
    pub store: Store,
    pub writer: Writer,
    pub reader: Reader<Counter>,
}

/// A house on each engine.
pub async fn houses() -> Vec<House> {
    let mut houses = Vec::new();
    for database in databases() {
        houses.push(House::open(database).await);
    }
    houses
}

/// A house on PostgreSQL, where there is one.
pub async fn on_postgres() -> Option<House> {
    let database = databases().into_iter().find(|database| database.engine() == "postgres")?;
    Some(House::open(database).await)
}

impl House {
    pub async fn open(database: TestDatabase) -> House {
        let (store, clock) = (open(&database, SERVICE).await, clock(NOW));
        let (writer, reader) = (Writer::open(&store, &clock, &Keys::from_bytes([7; 32])), Reader::open(&store));
        House { database, clock, store, writer, reader }
    }

    /// Ends the service and opens it on what it left.
    pub async fn reopen(self) -> House {
        let House { database, clock, store, writer, reader } = self;
        drop((writer, reader));
        store.close().await.expect("closed");
        let store = open(&database, SERVICE).await;
        let (writer, reader) = (Writer::open(&store, &clock, &Keys::from_bytes([7; 32])), Reader::open(&store));
        House { database, clock, store, writer, reader }
    }

    /// Adds to a counter.
    pub async fn add(&self, division: Division, id: &str, by: i64) -> Result<Arc<Counter>, Refusal> {
        add_through(&self.writer, division, id, by, None).await
    }

    pub async fn entries(&self) -> Vec<entry::Model> {
        let all = entry::Entity::find().order_by_asc(entry::Column::Division).order_by_asc(entry::Column::Seq);
        all.all(self.store.read()).await.expect("entries")
    }

    pub async fn counters(&self) -> Vec<row::Model> {
        let all = row::Entity::find().order_by_asc(row::Column::Division).order_by_asc(row::Column::Id);
        all.all(self.store.read()).await.expect("counters")
    }

    pub async fn heads(&self) -> Vec<(String, i64)> {
        let all = head::Entity::find().order_by_asc(head::Column::Division).all(self.store.read()).await;
        all.expect("heads").into_iter().map(|head| (head.division, head.seq)).collect()
    }

    /// Every division's entries are numbered 1, 2, 3 … and its head is the last of them.
    pub async fn is_gapless(&self) {
        let entries = self.entries().await;
        for (division, head) in self.heads().await {
            let seqs: Vec<_> =
                entries.iter().filter(|entry| entry.division == division).map(|entry| entry.seq).collect();
            assert_eq!(seqs, (1..=head).collect::<Vec<_>>(), "{division} on {}", self.database.engine());
        }
        let headless = entries.iter().filter(|entry| entry.division.is_empty()).count();
        assert_eq!(headless, 0);
    }

    pub async fn execute(&self, sql: &str) {
        let tx = self.store.begin().await.expect("begun");
        tx.execute_unprepared(sql).await.expect(sql);
        tx.commit().await.expect("committed");
    }

    /// Stops the writer inside a decision until the gate is opened, so that what is asked meanwhile arrives together.
    pub async fn close_gate(&self) -> Gate {
        let gate = Gate::default();
        let (writer, shut) = (self.writer.clone(), gate.clone());
        tokio::spawn(async move {
            let wait = move |_: &mut kit::store::Desk<'_>| {
                shut.wait();
                Err(Refusal::state("GATE", "闸", "the gate"))
            };
            writer.change::<Counter>(Division::NATIONAL, vec![], None, wait).await
        });
        gate.reached().await;
        gate
    }
}

pub async fn open(database: &TestDatabase, service: &'static str) -> Store {
    let config = database.config(&[service]).await;
    Store::open::<Migrator>(service, &config.database(service)).await.expect("the store opens")
}

/// Adds to a counter through a writer, with a request that may have come before.
pub async fn add_through(
    writer: &Writer,
    division: Division,
    id: &str,
    by: i64,
    request: Option<RequestKey>,
) -> Result<Arc<Counter>, Refusal> {
    let (keys, id) = (vec![Key::of::<Counter>(division, id)], id.to_owned());
    writer.change::<Counter>(division, keys, request, move |desk| add(desk, &id, by)).await
}

pub fn county() -> Division {
    "410223".parse().expect("six digits")
}

/// A request nobody made before; its content is `what`.
pub fn request(what: u8) -> RequestKey {
    RequestKey { id: Uuid::new_v4(), hash: [what; 32] }
}

/// Lets everything that is ready run, so that what was sent has arrived.
pub async fn settle() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// Asks until something holds, for ten seconds.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    for _ in 0..500 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("still not so: {what}");
}

/// Holds the writer up from within a decision.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<(bool, bool)>, Condvar)>);

impl Gate {
    fn wait(&self) {
        let mut state = self.0.0.lock().expect("a gate");
        state.0 = true;
        while !state.1 {
            // A test that failed has gone; its gate stays shut no longer than this.
            let (next, timeout) = self.0.1.wait_timeout(state, Duration::from_secs(20)).expect("a gate");
            state = next;
            if timeout.timed_out() {
                return;
            }
        }
    }

    async fn reached(&self) {
        until("the writer is at the gate", async || self.0.0.lock().expect("a gate").0).await;
    }

    pub fn open(&self) {
        self.0.0.lock().expect("a gate").1 = true;
        self.0.1.notify_all();
    }
}
