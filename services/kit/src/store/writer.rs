//! One writer per database, committing in groups.
//!
//! The writer takes whatever has queued, never waits on purpose, and answers only after the commit. It runs in a task
//! of its own, so a caller who hangs up cuts nothing in half.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use futures::FutureExt;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, QueryFilter, RuntimeErr};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    desk::Desk,
    engine::Store,
    journal::{self, entry},
    noun::{AnyNoun, Key, Noun, Table},
};
use crate::{
    actor::RequestKey,
    clock::Clock,
    id::Division,
    keys::Keys,
    refusal::{Kind, Refusal},
    telemetry,
};

/// At most so many changes in a commit.
const MOST: usize = 256;
/// A batch that meets a passing database error is tried again so often.
const TRIES: u32 = 5;

/// A decision: a pure function of the nouns on the desk. It may be run again where a commit has to be tried again.
/// It answers with the id of the noun that the caller asked about.
type Decision = Box<dyn Fn(&mut Desk<'_>) -> Result<Arc<str>, Refusal> + Send + Sync>;
type Answer = Result<AnyNoun, Refusal>;

struct Job {
    division: Division,
    table: &'static dyn Table,
    keys: Vec<Key>,
    request: Option<RequestKey>,
    decide: Decision,
    answer: Option<oneshot::Sender<Answer>>,
}

/// Changes nouns.
#[derive(Clone)]
pub struct Writer {
    keys: Keys,
    jobs: mpsc::Sender<Job>,
    commits: watch::Receiver<u64>,
}

impl Writer {
    /// Starts the writer of a database. Must be called within a runtime.
    pub fn open(store: &Store, clock: &Clock, keys: &Keys) -> Writer {
        let (jobs, queue) = mpsc::channel(4096);
        let (committed, commits) = watch::channel(0);
        let written = write(store.clone(), clock.clone(), queue, committed);
        // A thread of its own: a commit has ten steps, and each would wait behind whatever the workers have to do. Where
        // there is none to be had, the workers do it.
        match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(own) => drop(std::thread::spawn(move || own.block_on(written))),
            Err(_) => drop(tokio::spawn(written)),
        }
        Writer { keys: keys.clone(), jobs, commits }
    }

    /// Runs a decision on the nouns named and answers with one of them as it stands after the commit.
    ///
    /// With a request that was answered before, answers with that noun as it now stands and changes nothing.
    pub async fn change<N: Noun>(
        &self,
        division: Division,
        keys: Vec<Key>,
        request: Option<RequestKey>,
        decide: impl Fn(&mut Desk<'_>) -> Result<Arc<str>, Refusal> + Send + Sync + 'static,
    ) -> Result<Arc<N>, Refusal> {
        let (answer, answered) = oneshot::channel();
        let table = Key::of::<N>(division, "").table;
        // Keyed, since the journal keeps it: a plain digest would let guesses at an applicant's data be tested.
        let request = request.map(|request| RequestKey { hash: self.keys.mac("request", &[&request.hash]), ..request });
        let job = Job { division, table, keys, request, decide: Box::new(decide), answer: Some(answer) };
        self.jobs.send(job).await.map_err(|_| Refusal::unavailable())?;
        let noun = answered.await.map_err(|_| Refusal::unavailable())??;
        noun.downcast().map_err(|_| Refusal::internal("a decision answered with a noun of another kind"))
    }

    /// Moves on with every commit.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.commits.clone()
    }
}

async fn write(store: Store, clock: Clock, mut queue: mpsc::Receiver<Job>, committed: watch::Sender<u64>) {
    let mut jobs = Vec::with_capacity(MOST);
    while queue.recv_many(&mut jobs, MOST).await > 0 {
        commit_all(&store, &clock, &mut jobs).await;
        committed.send_modify(|count| *count += 1);
    }
}

/// Commits a batch, trying again while the error is a passing one; a batch that cannot be committed as a whole is
/// committed job by job, so that one bad change harms no other.
async fn commit_all(store: &Store, clock: &Clock, jobs: &mut Vec<Job>) {
    match commit_or_retry(store, clock, jobs).await {
        Ok(answers) => answer(jobs.drain(..), answers),
        Err(error) if jobs.len() == 1 || is_passing(&error) => {
            tracing::error!(%error, changes = jobs.len(), "commit failed");
            let refusals = jobs.iter().map(|_| Err(Refusal::unavailable())).collect();
            answer(jobs.drain(..), refusals);
        }
        Err(error) => {
            tracing::warn!(%error, changes = jobs.len(), "commit failed, trying each change alone");
            for job in jobs.drain(..) {
                let one = [job];
                let answers = commit_or_retry(store, clock, &one).await.unwrap_or_else(|error| {
                    tracing::error!(%error, "commit failed");
                    vec![Err(Refusal::unavailable())]
                });
                answer(one.into_iter(), answers);
            }
        }
    }
}

fn answer(jobs: impl Iterator<Item = Job>, answers: Vec<Answer>) {
    for (mut job, answer) in jobs.zip(answers) {
        if let Some(asked) = job.answer.take() {
            // A caller who has hung up is not an error: the change stands, and the same request_id will tell.
            let _ = asked.send(answer);
        }
    }
}

async fn commit_or_retry(store: &Store, clock: &Clock, jobs: &[Job]) -> Result<Vec<Answer>, DbErr> {
    let mut pause = Duration::from_millis(5);
    for _ in 1..TRIES {
        match commit_or_panic(store, clock, jobs).await {
            Err(error) if is_passing(&error) => {
                tracing::warn!(%error, "commit tried again");
                tokio::time::sleep(pause + pause.mul_f64(rand::random())).await;
                pause *= 4;
            }
            done => return done,
        }
    }
    commit_or_panic(store, clock, jobs).await
}

/// A panic where a noun turns into a row or back is an error like another, and not the end of the writer.
async fn commit_or_panic(store: &Store, clock: &Clock, jobs: &[Job]) -> Result<Vec<Answer>, DbErr> {
    let committed = AssertUnwindSafe(commit(store, clock, jobs)).catch_unwind();
    committed.await.unwrap_or_else(|_| Err(DbErr::Custom("a commit panicked".into())))
}

/// begin · lock heads · load nouns · decide · save · append · move heads · commit
async fn commit(store: &Store, clock: &Clock, jobs: &[Job]) -> Result<Vec<Answer>, DbErr> {
    let mut divisions: Vec<_> = jobs.iter().map(|job| job.division).collect();
    divisions.sort_unstable();
    divisions.dedup();

    let tx = store.begin().await?;
    let mut heads = journal::lock_heads(&tx, &divisions).await?;
    heads.iter().for_each(|(division, seq)| store.nouns.meet(*division, *seq));
    let mut requests = remembered(&tx, jobs).await?;
    let mut loaded = load(store, &tx, &divisions, jobs, &requests).await?;
    let mut answers = Vec::with_capacity(jobs.len());
    let mut entries: Vec<entry::Model> = Vec::with_capacity(jobs.len());
    let mut changed: HashMap<Key, AnyNoun> = HashMap::with_capacity(jobs.len() * 2);
    // A table that numbers its rows itself numbers them as they were decided.
    let mut order: Vec<Key> = Vec::with_capacity(jobs.len() * 2);

    for job in jobs {
        if let Some(request) = &job.request
            && let Some(first) = requests.get(&(job.division, *request.id.as_bytes()))
        {
            answers.push(replay(job, request, first, &loaded));
            continue;
        }
        let Some((_, head)) = heads.iter_mut().find(|(division, _)| *division == job.division) else {
            return Err(DbErr::Custom("a head was not locked".into()));
        };
        let now = clock.now();
        let mut desk = Desk::new(job.division, now, *head, &loaded);
        let decided = catch_unwind(AssertUnwindSafe(|| (job.decide)(&mut desk)))
            .unwrap_or_else(|_| Err(Refusal::internal("a decision panicked")));
        let id = match decided {
            Ok(id) => id,
            Err(refusal) => {
                answers.push(Err(refusal));
                continue;
            }
        };
        let Desk { changed: nouns, events, .. } = desk;
        let key = Key { table: job.table, division: job.division, id: id.clone() };
        let put = nouns.iter().find(|(put, _)| *put == key).map(|(_, noun)| noun);
        let Some(answer) = put.or_else(|| loaded.get(&key)?.as_ref()).cloned() else {
            answers.push(Err(Refusal::internal(format!("a decision answered with {key:?}, which is not there"))));
            continue;
        };
        // Its head is not locked.
        if let Some((foreign, _)) = nouns.iter().find(|(put, _)| put.division != job.division) {
            answers.push(Err(Refusal::internal(format!("a decision of {} put {foreign:?}", job.division))));
            continue;
        }
        for (key, noun) in nouns {
            loaded.insert(key.clone(), Some(noun.clone()));
            if changed.insert(key.clone(), noun).is_none() {
                order.push(key);
            }
        }
        let last = events.len().saturating_sub(1);
        for (i, event) in events.into_iter().enumerate() {
            *head += 1;
            // The last entry is what the request asked for; before it may stand what fell due on the way.
            let request = job.request.as_ref().filter(|_| i == last);
            let mut entry = entry::Model {
                division: job.division.as_str().to_owned(),
                seq: *head,
                occurred_at: now.0,
                actor: event.actor,
                noun: event.noun,
                event: event.name.to_owned(),
                payload: event.payload.into(),
                request_id: request.map(|request| request.id.as_bytes().to_vec()),
                request_hash: request.map(|request| request.hash.to_vec()),
                leaf_hash: Vec::new(),
            };
            entry.leaf_hash = journal::leaf_hash(store.service, &entry).to_vec();
            if let Some(request) = request {
                let first = First { hash: request.hash.to_vec(), id: id.clone() };
                requests.insert((job.division, *request.id.as_bytes()), first);
            }
            entries.push(entry);
        }
        answers.push(Ok(answer));
    }

    if entries.is_empty() && changed.is_empty() {
        tx.rollback().await?;
        return Ok(answers);
    }
    #[cfg(feature = "planted")]
    super::planted::spoil(&mut changed, &mut entries, &mut heads);
    save(&tx, &changed, &order).await?;
    for some in entries.chunks(512) {
        let rows = some.iter().cloned().map(|entry| {
            // Primary keys are Set only in a model made whole by reset_all.
            let row: entry::ActiveModel = entry.into_active_model();
            sea_orm::ActiveModelTrait::reset_all(row)
        });
        entry::Entity::insert_many(rows).exec_without_returning(&tx).await?;
    }
    journal::move_heads(&tx, &heads).await?;
    #[cfg(feature = "planted")]
    let Some(tx) = super::planted::answer_first(tx) else { return Ok(answers) };
    tx.commit().await?;
    // Before anybody is answered: who has been told of a change also reads it.
    store.nouns.put(changed, &heads);
    store.recent.put(entries);
    telemetry::count_commit(store.service, answers.iter().filter(|answer| answer.is_ok()).count() as u64);
    Ok(answers)
}

/// What the journal knows of a request: its digest, and the id of the noun it was answered with.
struct First {
    hash: Vec<u8>,
    id: Arc<str>,
}

type Requests = HashMap<(Division, [u8; 16]), First>;

/// The requests of this batch that were answered before.
async fn remembered(tx: &DatabaseTransaction, jobs: &[Job]) -> Result<Requests, DbErr> {
    let ids: Vec<_> = jobs.iter().filter_map(|job| Some(job.request?.id.as_bytes().to_vec())).collect();
    if ids.is_empty() {
        return Ok(Requests::new());
    }
    let rows = entry::Entity::find()
        // Not by division too: SQLite would then walk the division's whole journal. Another division's entry with the
        // same id is harmless, since requests are looked up with theirs.
        .filter(entry::Column::RequestId.is_in(ids))
        .all(tx)
        .await?;
    let first = |row: entry::Model| {
        let id = row.request_id?.try_into().ok()?;
        let noun = row.noun.rsplit_once('/').map_or(row.noun.as_str(), |(_, noun)| noun).into();
        Some(((row.division.parse().ok()?, id), First { hash: row.request_hash.unwrap_or_default(), id: noun }))
    };
    Ok(rows.into_iter().filter_map(first).collect())
}

/// The nouns that the batch names, and those that its repeated requests were answered with: one query for each table,
/// for what is not kept in memory.
async fn load(
    store: &Store,
    tx: &DatabaseTransaction,
    divisions: &[Division],
    jobs: &[Job],
    requests: &Requests,
) -> Result<HashMap<Key, Option<AnyNoun>>, DbErr> {
    let mut nouns: HashMap<Key, Option<AnyNoun>> = HashMap::with_capacity(jobs.len() * 2);
    let mut tables: Vec<(&'static dyn Table, Vec<Arc<str>>)> = Vec::new();
    let repeated = jobs.iter().filter_map(|job| {
        let first = requests.get(&(job.division, *job.request?.id.as_bytes()))?;
        Some(Key { table: job.table, division: job.division, id: first.id.clone() })
    });
    for key in jobs.iter().flat_map(|job| job.keys.iter().cloned()).chain(repeated) {
        if nouns.contains_key(&key) {
            continue;
        }
        if let Some(noun) = store.nouns.get(&key) {
            nouns.insert(key, Some(noun));
            continue;
        }
        match tables.iter_mut().find(|(table, _)| table.kind() == key.kind()) {
            Some((_, ids)) => ids.push(key.id.clone()),
            None => tables.push((key.table, vec![key.id.clone()])),
        }
        nouns.insert(key, None);
    }
    for (table, ids) in tables {
        for some in ids.chunks(512) {
            let found = table.load(tx, divisions, some.to_vec()).await?;
            nouns.extend(found.into_iter().map(|(key, noun)| (key, Some(noun))));
        }
    }
    Ok(nouns)
}

async fn save(tx: &DatabaseTransaction, changed: &HashMap<Key, AnyNoun>, order: &[Key]) -> Result<(), DbErr> {
    let mut tables: Vec<(&'static dyn Table, Vec<AnyNoun>)> = Vec::new();
    for (key, noun) in order.iter().filter_map(|key| Some((key, changed.get(key)?))) {
        match tables.iter_mut().find(|(table, _)| table.kind() == key.kind()) {
            Some((_, nouns)) => nouns.push(noun.clone()),
            None => tables.push((key.table, vec![noun.clone()])),
        }
    }
    for (table, nouns) in tables {
        table.save(tx, nouns).await?;
    }
    Ok(())
}

/// The same id with the same request: the noun as it now stands. With another request: refused.
fn replay(job: &Job, request: &RequestKey, first: &First, loaded: &HashMap<Key, Option<AnyNoun>>) -> Answer {
    if first.hash != request.hash {
        let (zh, en) = ("此请求编号已用于另一请求", "this request_id came with another request before; use a new one");
        return Err(Refusal::new(Kind::Invalid, "REQUEST_ID_REUSED", zh, en).at("request_id"));
    }
    let key = Key { table: job.table, division: job.division, id: first.id.clone() };
    match loaded.get(&key) {
        Some(Some(noun)) => Ok(noun.clone()),
        _ => Err(Refusal::internal(format!("a repeated request names {key:?}, which is not there"))),
    }
}

/// Errors that another try may mend: serialization failure, deadlock, a lock not given in time, a lost connection, a
/// commit whose outcome is unknown (the journal's request ids tell on the next try).
fn is_passing(error: &DbErr) -> bool {
    let runtime = match error {
        DbErr::ConnectionAcquire(_) => return true,
        DbErr::Conn(runtime) | DbErr::Exec(runtime) | DbErr::Query(runtime) => runtime,
        _ => return false,
    };
    let RuntimeErr::SqlxError(error) = runtime else { return false };
    match &**error {
        sea_orm::sqlx::Error::Database(database) => matches!(
            database.code().as_deref(),
            // PostgreSQL: serialization_failure, deadlock_detected, lock_not_available, admin_shutdown,
            // crash_shutdown, cannot_connect_now, in_failed_sql_transaction, idle_in_transaction_session_timeout,
            // too_many_connections. SQLite: BUSY and BUSY_SNAPSHOT.
            Some("40001" | "40P01" | "55P03" | "57P01" | "57P02" | "57P03" | "25P02" | "25P03" | "53300" | "5" | "517")
        ),
        sea_orm::sqlx::Error::Io(_) | sea_orm::sqlx::Error::PoolTimedOut | sea_orm::sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}
