//! A database and its two pools: the writer's, and the readers', which cannot write.

use std::{fmt, sync::Arc, time::Duration};

use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
    sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous},
};
use sea_orm_migration::MigratorTrait;

use super::{cache::Cache, recent::Recent};

/// One service's database.
#[derive(Clone)]
pub struct Store {
    /// The service that owns it, for example `intake`.
    pub service: &'static str,
    write: DatabaseConnection,
    read: DatabaseConnection,
    pub(crate) nouns: Arc<Cache>,
    pub(crate) recent: Arc<Recent>,
}

impl Store {
    /// Opens `sqlite://…` or `postgres://…`, and brings its tables up to date.
    pub async fn open<M: MigratorTrait>(service: &'static str, url: &str) -> Result<Store, DbErr> {
        let write = Database::connect(options(url, true)).await?;
        refuse_old_sqlite(&write).await?;
        migrate::<M>(&write).await?;
        let read = Database::connect(options(url, false)).await?;
        Ok(Store { service, write, read, nouns: Arc::new(Cache::new()), recent: Arc::default() })
    }

    /// For reading; on SQLite these connections refuse to write.
    pub fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    pub fn is_postgres(&self) -> bool {
        self.write.get_database_backend() == DbBackend::Postgres
    }

    /// Begins a writing transaction. Call it from a task of its own only: a `BEGIN` whose caller hangs up would leave a
    /// pooled PostgreSQL connection inside a transaction (sqlx 0.9.0, issue 4385).
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        begin(&self.write).await
    }

    /// Begins a transaction that reads one state of several tables.
    pub async fn snapshot(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = if self.is_postgres() {
            TransactionOptions {
                isolation_level: Some(sea_orm::IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                sqlite_transaction_mode: None,
            }
        } else {
            TransactionOptions {
                isolation_level: None,
                access_mode: None,
                sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
            }
        };
        // In a task of its own: the caller may be a handler, and a `BEGIN` that is cut off poisons the connection.
        let read = self.read.clone();
        let begun = tokio::spawn(async move { read.begin_with_options(options).await });
        begun.await.unwrap_or_else(|fault| Err(DbErr::Custom(fault.to_string())))
    }

    /// Gives the connections back; SQLite folds its write-ahead log into the file.
    pub async fn close(self) -> Result<(), DbErr> {
        self.read.close().await?;
        self.write.close().await
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("service", &self.service).finish_non_exhaustive()
    }
}

/// Older ones could lose commits when the write-ahead log was begun anew (the WAL-reset bug, 3.7.0 to 3.51.2).
async fn refuse_old_sqlite(write: &DatabaseConnection) -> Result<(), DbErr> {
    const LEAST: [u32; 3] = [3, 51, 3];
    if write.get_database_backend() != DbBackend::Sqlite {
        return Ok(());
    }
    let ask = Statement::from_string(DbBackend::Sqlite, "SELECT sqlite_version()");
    let row = write.query_one_raw(ask).await?;
    let version: String = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
    let numbers: Vec<u32> = version.split('.').map_while(|number| number.parse().ok()).collect();
    if numbers.as_slice() < LEAST.as_slice() {
        return Err(DbErr::Custom(format!("SQLite {version} may lose commits; 3.51.3 or newer is needed")));
    }
    Ok(())
}

/// All or nothing, and one after the other where replicas open at the same time.
async fn migrate<M: MigratorTrait>(write: &DatabaseConnection) -> Result<(), DbErr> {
    let tx = begin(write).await?;
    if write.get_database_backend() == DbBackend::Postgres {
        // Any number that nobody else locks in a service's database.
        tx.execute_unprepared("SELECT pg_advisory_xact_lock(410223)").await?;
    }
    M::up(&tx, None).await?;
    tx.commit().await
}

async fn begin(write: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    // A deferred SQLite transaction that reads and then writes can fail at once in spite of busy_timeout.
    let is_sqlite = write.get_database_backend() == DbBackend::Sqlite;
    let immediate = is_sqlite.then_some(SqliteTransactionMode::Immediate);
    let options = TransactionOptions { isolation_level: None, access_mode: None, sqlite_transaction_mode: immediate };
    write.begin_with_options(options).await
}

fn options(url: &str, writes: bool) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    let sqlite = url.starts_with("sqlite:");
    options
        // SQLite has one writer; a pool of one is its lock.
        .max_connections(if sqlite && writes { 1 } else { 8 })
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(10))
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .test_before_acquire(!sqlite)
        .sqlx_logging(false);
    options.map_sqlx_sqlite_opts(move |sqlite| {
        sqlite
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // NORMAL may lose the last commits when the power fails.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .statement_cache_capacity(256)
            .pragma("query_only", if writes { "0" } else { "1" })
            .pragma("cache_size", if writes { "-32768" } else { "-2048" })
            .pragma("wal_autocheckpoint", "4000")
            // What a statement of many rows may have to take back is otherwise written to a file first.
            .pragma("temp_store", "MEMORY")
    });
    options.map_sqlx_postgres_opts(|postgres| {
        postgres
            .options([
                ("statement_timeout", "30s"),
                ("lock_timeout", "10s"),
                ("idle_in_transaction_session_timeout", "10s"),
            ])
            .statement_cache_capacity(256)
    });
    options
}
