//! How a database is opened on each engine.

use std::{task::Poll, time::Duration};

use kit::{
    store::Store,
    testing::{TestDatabase, databases},
};
use sea_orm::{ConnectionTrait, EntityTrait, Statement};

use crate::{
    counter::{Migrator, row},
    house::{SERVICE, county, houses, on_postgres, open},
};

async fn ask(db: &impl ConnectionTrait, sql: &str) -> String {
    let row =
        db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.expect(sql).expect("a row");
    row.try_get_by_index::<String>(0)
        .or_else(|_| row.try_get_by_index::<i64>(0).map(|n| n.to_string()))
        .expect("a value")
}

#[tokio::test]
async fn sqlite_keeps_a_log_ahead_and_flushes_it_at_every_commit() {
    let database = TestDatabase::sqlite();
    let store = open(&database, SERVICE).await;
    let tx = store.begin().await.expect("begun");
    assert_eq!(ask(&tx, "PRAGMA journal_mode").await, "wal");
    // 2 is FULL: NORMAL may lose the last commits when the power fails.
    assert_eq!(ask(&tx, "PRAGMA synchronous").await, "2");
    assert_eq!(ask(&tx, "PRAGMA foreign_keys").await, "1");
    tx.rollback().await.expect("rolled back");
}

#[tokio::test]
async fn sqlite_is_new_enough() {
    let database = TestDatabase::sqlite();
    let store = open(&database, SERVICE).await;
    let version = ask(store.read(), "SELECT sqlite_version()").await;
    let numbers: Vec<u32> = version.split('.').map(|number| number.parse().expect("a number")).collect();
    // Older ones could lose a commit when the log was reset.
    assert!(numbers >= vec![3, 51, 3], "{version}");
}

#[tokio::test]
async fn who_reads_sqlite_cannot_write() {
    let database = TestDatabase::sqlite();
    let store = open(&database, SERVICE).await;
    // Every connection of the pool.
    let writes = (0..20).map(|_| store.read().execute_unprepared("DELETE FROM counters"));
    for write in futures::future::join_all(writes).await {
        let error = write.expect_err("read only").to_string();
        assert!(error.contains("readonly"), "{error}");
    }
    let snapshot = store.snapshot().await.expect("begun");
    snapshot.execute_unprepared("DELETE FROM counters").await.expect_err("read only");
}

#[tokio::test]
async fn a_snapshot_cannot_write_and_shows_one_state() {
    for house in houses().await {
        house.add(county(), "A", 1).await.expect("added");
        let snapshot = house.store.snapshot().await.expect("begun");
        assert_eq!(row::Entity::find().all(&snapshot).await.expect("counters").len(), 1);
        house.add(county(), "B", 1).await.expect("added");
        assert_eq!(row::Entity::find().all(&snapshot).await.expect("counters").len(), 1);
        snapshot.rollback().await.expect("rolled back");
        assert_eq!(house.counters().await.len(), 2);

        let snapshot = house.store.snapshot().await.expect("begun");
        snapshot.execute_unprepared("DELETE FROM counters").await.expect_err("read only");
        drop(snapshot);
        assert_eq!(house.counters().await.len(), 2);
    }
}

/// On PostgreSQL: a SQLite file has one program.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_may_open_a_new_database_at_once() {
    let Some(database) = databases().into_iter().find(|database| database.engine() == "postgres") else { return };
    let (one, two, three) = tokio::join!(open(&database, SERVICE), open(&database, SERVICE), open(&database, SERVICE));
    for store in [one, two, three] {
        assert_eq!(ask(store.read(), "SELECT COUNT(*) FROM journal").await, "0");
    }
}

#[tokio::test]
async fn what_cannot_be_opened_is_told() {
    let Err(error) = Store::open::<Migrator>(SERVICE, "sqlite:///nowhere/at/all.db?mode=rwc").await else {
        panic!("opened")
    };
    assert!(!error.to_string().is_empty());
    assert!(Store::open::<Migrator>(SERVICE, "mysql://localhost/x").await.is_err());
}

/// A `BEGIN` whose caller hangs up leaves a pooled connection inside a transaction (sqlx 0.9.0, issue 4385), and what is
/// read through it afterwards is old.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_who_hangs_up_leaves_no_transaction_behind() {
    let Some(house) = on_postgres().await else { return };
    let other = open(&house.database, SERVICE).await;
    let mut snapshot = None;
    for polls in (0..60).cycle().take(600) {
        // Hangs up somewhere on the way.
        let mut begin = Box::pin(house.store.snapshot());
        for _ in 0..polls {
            if let Poll::Ready(begun) = futures::poll!(&mut begin) {
                snapshot = begun.ok();
                break;
            }
            tokio::time::sleep(Duration::from_micros(20)).await;
        }
        drop((begin, snapshot.take()));
        let idle = "SELECT COUNT(*) FROM pg_stat_activity \
                    WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        let ended = async {
            while ask(other.read(), idle).await != "0" {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        // PostgreSQL itself would end it after ten seconds.
        tokio::time::timeout(Duration::from_secs(5), ended).await.expect("no transaction is left behind");
    }
}
