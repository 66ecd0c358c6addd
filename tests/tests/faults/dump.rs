//! What stands in a service's database, read by SQL and not by the code that wrote it.

use std::{collections::BTreeMap, fs, path::Path};

use kit::config::Config;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbErr, QueryResult, Statement};
use uuid::Uuid;

#[derive(Debug, Default)]
pub struct Dump {
    pub service: &'static str,
    /// By division and number.
    pub entries: Vec<Entry>,
    pub heads: BTreeMap<String, i64>,
    /// Roots of the signed heads, by division and size.
    pub tree_heads: BTreeMap<(String, i64), Vec<u8>>,
    /// Of other services' journals, by source and division.
    pub positions: BTreeMap<(String, String), i64>,
    /// Of intake: state by division and number.
    pub cases: BTreeMap<(String, String), i16>,
    /// Of intake: the last number by division and scope.
    pub counters: BTreeMap<(String, String), i64>,
    /// Of disclosure: whether something is being drafted, and how many editions there are, by division and id.
    pub publications: BTreeMap<(String, String), (bool, i32)>,
    /// Of disclosure: whether lists show it.
    pub shown: BTreeMap<(String, String), bool>,
}

/// One line of the journal.
#[derive(Debug)]
pub struct Entry {
    pub division: String,
    pub seq: i64,
    pub occurred_at: i64,
    pub actor: String,
    pub noun: String,
    pub event: String,
    pub payload: Vec<u8>,
    pub request_id: Option<Uuid>,
    pub request_hash: Vec<u8>,
    pub leaf_hash: Vec<u8>,
}

/// Reads the databases of a program that was killed or stopped. SQLite's are copied first: who opens them folds the
/// write-ahead log in, and that is left to the program.
pub async fn read(config: &Config) -> Result<[Dump; 4], DbErr> {
    let copy = config.data.join("copy");
    let _ = fs::remove_dir_all(&copy);
    fs::create_dir_all(&copy).map_err(|error| DbErr::Custom(error.to_string()))?;
    let mut dumps = Vec::new();
    for service in ["directory", "intake", "disclosure", "gateway"] {
        dumps.push(of_service(config, service, &copy).await?);
    }
    fs::remove_dir_all(&copy).map_err(|error| DbErr::Custom(error.to_string()))?;
    dumps.try_into().map_err(|_| DbErr::Custom("four services".into()))
}

async fn of_service(config: &Config, service: &'static str, copy: &Path) -> Result<Dump, DbErr> {
    let url = match config.databases.get(service) {
        Some(url) => url.clone(),
        // Killed before it was made.
        None if !config.data.join(format!("{service}.db")).is_file() => return Ok(Dump { service, ..Dump::default() }),
        None => {
            for end in ["db", "db-wal"] {
                let file = format!("{service}.{end}");
                if config.data.join(&file).is_file() {
                    let copied = fs::copy(config.data.join(&file), copy.join(&file));
                    copied.map_err(|error| DbErr::Custom(format!("{file}: {error}")))?;
                }
            }
            format!("sqlite://{}?mode=rw", copy.join(format!("{service}.db")).display())
        }
    };
    let db = Database::connect(url).await?;
    let dump = read_all(&db, service).await;
    db.close().await?;
    dump
}

async fn read_all(db: &DatabaseConnection, service: &'static str) -> Result<Dump, DbErr> {
    let columns = "division, seq, occurred_at, actor, noun, event, payload, request_id, request_hash, leaf_hash";
    // The gateway changes no nouns, so it has no use for its own journal.
    let entries = rows(db, &format!("SELECT {columns} FROM journal ORDER BY division, seq"), entry).await?;
    let heads = rows(db, "SELECT division, seq FROM journal_heads", |row| {
        Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
    });
    let positions = rows(db, "SELECT source, division, seq FROM positions", |row| {
        Ok(((row.try_get_by_index(0)?, row.try_get_by_index(1)?), row.try_get_by_index(2)?))
    });
    let (heads, positions) = (heads.await?, positions.await?);
    let tree_heads = rows(db, "SELECT division, size, root FROM tree_heads", |row| {
        Ok(((row.try_get_by_index(0)?, row.try_get_by_index(1)?), row.try_get_by_index(2)?))
    });
    let tree_heads = tree_heads.await?.into_iter().collect();
    let (mut cases, mut counters) = (Vec::new(), Vec::new());
    if service == "intake" {
        let key = |row: &QueryResult| Ok::<_, DbErr>((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
        cases =
            rows(db, "SELECT division, id, state FROM cases", |row| Ok((key(row)?, row.try_get_by_index(2)?))).await?;
        counters = rows(db, "SELECT division, id, last FROM counters", |row| Ok((key(row)?, row.try_get_by_index(2)?)))
            .await?;
    }
    let (mut publications, mut shown) = (Vec::new(), Vec::new());
    if service == "disclosure" {
        let key = |row: &QueryResult| Ok::<_, DbErr>((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
        publications = rows(db, "SELECT division, id, open, body FROM publications", |row| {
            let body: serde_json::Value = serde_json::from_str(&row.try_get_by_index::<String>(3)?)
                .map_err(|error| DbErr::Custom(error.to_string()))?;
            let editions = body["editions"].as_array().map_or(-1, |editions| editions.len() as i32);
            Ok((key(row)?, (row.try_get_by_index(2)?, editions)))
        })
        .await?;
        shown =
            rows(db, "SELECT division, id, public FROM shown", |row| Ok((key(row)?, row.try_get_by_index(2)?))).await?;
    }
    Ok(Dump {
        service,
        publications: publications.into_iter().collect(),
        shown: shown.into_iter().collect(),
        entries,
        heads: heads.into_iter().collect(),
        tree_heads,
        positions: positions.into_iter().collect(),
        cases: cases.into_iter().collect(),
        counters: counters.into_iter().collect(),
    })
}

async fn rows<T>(
    db: &DatabaseConnection,
    sql: &str,
    read: impl Fn(&QueryResult) -> Result<T, DbErr>,
) -> Result<Vec<T>, DbErr> {
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    rows.iter().map(read).collect()
}

fn entry(row: &QueryResult) -> Result<Entry, DbErr> {
    let request_id: Option<Vec<u8>> = row.try_get("", "request_id")?;
    let request_id = request_id.map(|bytes| Uuid::from_slice(&bytes)).transpose();
    Ok(Entry {
        division: row.try_get("", "division")?,
        seq: row.try_get("", "seq")?,
        occurred_at: row.try_get("", "occurred_at")?,
        actor: row.try_get("", "actor")?,
        noun: row.try_get("", "noun")?,
        event: row.try_get("", "event")?,
        payload: row.try_get("", "payload")?,
        request_id: request_id.map_err(|error| DbErr::Custom(error.to_string()))?,
        request_hash: row.try_get::<Option<Vec<u8>>>("", "request_hash")?.unwrap_or_default(),
        leaf_hash: row.try_get("", "leaf_hash")?,
    })
}
