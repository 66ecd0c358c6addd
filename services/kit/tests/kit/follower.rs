//! Following another service's journal over real TCP, through the end of either process.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use kit::{
    id::Division,
    keys::Keys,
    peer::Peer,
    serve::{self, Limits},
    store::{
        Follow, Store, Writer,
        feed::Feed,
        follow,
        follower::{self, FollowError},
        journal::position,
    },
    testing::{clock, databases},
};
use proto::journal::v1::Entry;
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, Statement};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::{
    counter::Migrator,
    house::{NOW, SERVICE, county, houses, open, until},
};

const FOLLOWER: &str = "following";

/// Writes down every entry, with no protection of its own against doubles.
#[derive(Clone, Default)]
struct Notes {
    /// So many times, it fails after it has written.
    fails: Arc<AtomicU32>,
    /// Waits so long before it is done, in milliseconds.
    takes: Arc<AtomicU64>,
    told: Arc<AtomicU32>,
}

impl Follow for Notes {
    async fn apply(&self, tx: &DatabaseTransaction, entries: &[Entry]) -> Result<(), FollowError> {
        for entry in entries {
            let insert = format!("INSERT INTO seen (division, seq) VALUES ('{}', {})", entry.division, entry.seq);
            tx.execute_unprepared(&insert).await?;
        }
        tokio::time::sleep(Duration::from_millis(self.takes.load(Ordering::Relaxed))).await;
        if self.fails.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            return Err(FollowError::entry(&entries[0], "fails on purpose"));
        }
        Ok(())
    }

    async fn applied(&self) -> Result<(), FollowError> {
        self.told.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// What was written down, in that order.
async fn seen(store: &Store) -> Vec<(String, i64)> {
    let backend = store.read().get_database_backend();
    let all = Statement::from_string(backend, "SELECT division, seq FROM seen ORDER BY line");
    let rows = store.read().query_all_raw(all).await.expect("what was seen");
    rows.iter()
        .map(|row| (row.try_get_by_index(0).expect("a division"), row.try_get_by_index(1).expect("a seq")))
        .collect()
}

async fn positions(store: &Store) -> Vec<(String, String, i64)> {
    let rows = position::Entity::find().all(store.read()).await.expect("positions");
    rows.into_iter().map(|row| (row.source, row.division, row.seq)).collect()
}

/// Consecutive entries of the county as a feed sends them.
fn batch(seqs: impl IntoIterator<Item = i64>) -> Vec<Entry> {
    seqs.into_iter().map(|seq| Entry { division: county().to_string(), seq, ..Entry::default() }).collect()
}

async fn apply(store: &Store, entries: &[Entry], effect: &Notes) -> Result<(), FollowError> {
    follower::apply(store, SERVICE, county().as_str(), entries, effect).await.map(drop)
}

fn seqs(seen: Vec<(String, i64)>) -> Vec<i64> {
    seen.into_iter().map(|(_, seq)| seq).collect()
}

/// A process of its own that can be ended in the middle of anything: nothing of it runs on.
struct Process(Option<Runtime>);

impl Process {
    async fn start<T: Send + 'static>(main: impl Future<Output = T> + Send + 'static) -> (Process, T) {
        let started = tokio::task::spawn_blocking(|| {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
            let given = runtime.block_on(main);
            (Process(Some(runtime)), given)
        });
        started.await.expect("started")
    }
}

impl Process {
    fn end(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// The process of the service that is followed.
async fn source(database: String, port: u16) -> (Process, u16) {
    Process::start(async move {
        let store = Store::open::<Migrator>(SERVICE, &database).await.expect("opens");
        let clock = clock(NOW);
        let writer = Writer::open(&store, &clock, &Keys::from_bytes([7; 32]));
        let listener = loop {
            match serve::bind(SocketAddr::from(([127, 0, 0, 1], port))).await {
                Ok(listener) => break listener,
                // What was ended has not let go of it yet.
                Err(_) if port != 0 => tokio::time::sleep(Duration::from_millis(10)).await,
                Err(error) => panic!("{error}"),
            }
        };
        let port = listener.local_addr().expect("an address").port();
        let routes = Routes::new(Feed::new(&store, &clock, &writer));
        tokio::spawn(async move {
            let _writer = writer;
            serve::grpc(listener, routes, Limits::default(), CancellationToken::new()).await
        });
        port
    })
    .await
}

/// The process of a service that follows it.
async fn following(database: String, port: u16, effect: Notes) -> Process {
    let main = async move {
        let store = Store::open::<Migrator>(FOLLOWER, &database).await.expect("opens");
        let peer = Peer::connect(&format!("http://127.0.0.1:{port}")).expect("a URL");
        drop(follow(&store, SERVICE, peer, effect));
    };
    Process::start(main).await.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_arrive_in_order_and_once_through_restarts_of_either_side() {
    for house in houses().await {
        let config = house.database.config(&[SERVICE, FOLLOWER]).await;
        let (from, to) = (config.database(SERVICE), config.database(FOLLOWER));
        let copy = open(&house.database, FOLLOWER).await;
        let divisions: Vec<Division> =
            ["410223", "410224", "410225"].iter().map(|code| code.parse().expect("six digits")).collect();

        let (mut source_process, port) = source(from.clone(), 0).await;
        let mut follower_process = following(to.clone(), port, Notes::default()).await;
        for round in 0..6 {
            let adds = (0..150).map(|i| house.add(divisions[i % 3], "A", 1));
            let ended = async {
                tokio::time::sleep(Duration::from_millis(20 * round)).await;
                if round % 2 == 0 {
                    source_process.end();
                    source_process = source(from.clone(), port).await.0;
                } else {
                    follower_process.end();
                    follower_process = following(to.clone(), port, Notes::default()).await;
                }
            };
            let (added, ()) = tokio::join!(futures::future::join_all(adds), ended);
            assert!(added.iter().all(Result::is_ok));
        }
        until("everything has arrived", async || seen(&copy).await.len() >= 900).await;
        let seen = seen(&copy).await;
        for division in &divisions {
            let seqs: Vec<_> = seen.iter().filter(|(of, _)| of == division.as_str()).map(|(_, seq)| *seq).collect();
            assert_eq!(seqs, (1..=300).collect::<Vec<_>>(), "{division} on {}", house.database.engine());
        }
        let mut positions = positions(&copy).await;
        positions.sort();
        assert_eq!(
            positions,
            divisions.iter().map(|division| (SERVICE.into(), division.to_string(), 300)).collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn a_gap_is_refused_and_nothing_of_it_applied() {
    for database in databases() {
        let (store, effect) = (open(&database, FOLLOWER).await, Notes::default());
        apply(&store, &batch(1..=3), &effect).await.expect("applied");
        let forged = [
            batch(5..=6),
            batch([4, 6]),
            batch([4, 4]),
            batch([4, 5, 4]),
            batch([6, 4, 5]),
            vec![Entry { division: "410224".into(), seq: 4, ..Entry::default() }],
        ];
        for batch in forged {
            let error = apply(&store, &batch, &effect).await.expect_err("a gap");
            assert!(matches!(error, FollowError::Gap { position: 3, .. }), "{error}");
        }
        assert_eq!(seqs(seen(&store).await), [1, 2, 3]);
        assert_eq!(positions(&store).await, [(SERVICE.to_owned(), "410223".to_owned(), 3)]);
        // A division's first entry is 1.
        let first = Notes::default();
        let late = [Entry { division: "410225".into(), seq: 2, ..Entry::default() }];
        let error = follower::apply(&store, SERVICE, "410225", &late, &first).await.map(drop).expect_err("a gap");
        assert!(matches!(error, FollowError::Gap { position: 0, next: 2, .. }), "{error}");
        assert_eq!(seen(&store).await.len(), 3);
    }
}

#[tokio::test]
async fn what_was_applied_before_is_passed_over() {
    for database in databases() {
        let (store, effect) = (open(&database, FOLLOWER).await, Notes::default());
        apply(&store, &batch(1..=3), &effect).await.expect("applied");
        apply(&store, &batch(1..=3), &effect).await.expect("passed over");
        apply(&store, &batch(2..=5), &effect).await.expect("its end applied");
        apply(&store, &[], &effect).await.expect("nothing to do");
        assert_eq!(seqs(seen(&store).await), [1, 2, 3, 4, 5]);
        assert_eq!(positions(&store).await, [(SERVICE.to_owned(), "410223".to_owned(), 5)]);
    }
}

#[tokio::test]
async fn positions_of_two_sources_are_kept_apart() {
    for database in databases() {
        let (store, effect) = (open(&database, FOLLOWER).await, Notes::default());
        follower::apply(&store, "directory", "410223", &batch(1..=2), &effect).await.expect("applied");
        follower::apply(&store, "intake", "410223", &batch(1..=1), &effect).await.expect("applied");
        let mut positions = positions(&store).await;
        positions.sort();
        let position = |source: &str, seq| (source.to_owned(), "410223".to_owned(), seq);
        assert_eq!(positions, [position("directory", 2), position("intake", 1)]);
    }
}

#[tokio::test]
async fn an_effect_that_fails_is_rolled_back_with_its_position_and_tried_again() {
    for database in databases() {
        let (store, effect) = (open(&database, FOLLOWER).await, Notes::default());
        effect.fails.store(1, Ordering::Relaxed);
        apply(&store, &batch(1..=3), &effect).await.expect_err("fails on purpose");
        assert!(seen(&store).await.is_empty());
        assert!(positions(&store).await.iter().all(|(_, _, seq)| *seq == 0));
        apply(&store, &batch(1..=3), &effect).await.expect("applied");
        assert_eq!(seqs(seen(&store).await), [1, 2, 3]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_goes_on_after_failures() {
    for house in houses().await {
        let (copy, effect) = (open(&house.database, FOLLOWER).await, Notes::default());
        effect.fails.store(3, Ordering::Relaxed);
        // In process, as in the one program.
        let peer = Peer::in_process(crate::feed::routes(&house));
        let mut progress = follow(&copy, SERVICE, peer, effect.clone());
        for _ in 0..10 {
            house.add(county(), "A", 1).await.expect("added");
        }
        let done = progress.wait_for(|applied| *applied >= 10);
        tokio::time::timeout(Duration::from_secs(10), done).await.expect("in time").expect("follows");
        assert_eq!(seqs(seen(&copy).await), (1..=10).collect::<Vec<_>>());
        assert!(effect.told.load(Ordering::Relaxed) >= 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_of_a_follower_apply_a_batch_once_even_the_first() {
    for database in databases() {
        let (one, two) = (open(&database, FOLLOWER).await, open(&database, FOLLOWER).await);
        let effect = Notes::default();
        effect.takes.store(100, Ordering::Relaxed);
        for upto in [3, 6] {
            let (entries, again) = (batch(1..=upto), batch(1..=upto));
            let both = tokio::join!(apply(&one, &entries, &effect), apply(&two, &again, &effect));
            both.0.expect("applied or passed over");
            both.1.expect("applied or passed over");
            assert_eq!(seqs(seen(&one).await), (1..=upto).collect::<Vec<_>>(), "on {}", database.engine());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_of_a_follower_share_the_work() {
    for house in houses().await {
        let config = house.database.config(&[SERVICE, FOLLOWER]).await;
        let (process, port) = source(config.database(SERVICE), 0).await;
        let copy = open(&house.database, FOLLOWER).await;
        let one = following(config.database(FOLLOWER), port, Notes::default()).await;
        let two = following(config.database(FOLLOWER), port, Notes::default()).await;
        for _ in 0..10 {
            let added = futures::future::join_all((0..30).map(|_| house.add(county(), "A", 1))).await;
            assert!(added.iter().all(Result::is_ok));
        }
        until("everything has arrived", async || seen(&copy).await.len() >= 300).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(seqs(seen(&copy).await), (1..=300).collect::<Vec<_>>(), "on {}", house.database.engine());
        drop((one, two, process));
    }
}
