//! The journal as a transparency log: heads that are signed, proofs that lead to them, and the check of all of it.
//!
//! Each division's entries are the leaves of a Merkle tree (RFC 6962), kept as tiles (C2SP tlog-tiles). `seal` signs what has
//! come, `proof` reads proofs, [`check`] recomputes everything, `serve` is LogService. A head covers what was written before
//! its time and nothing that was written later, and names the head before it.
//!
//! What a head covers cannot be changed by who has the database but not the key without [`check`] finding it. Two things are
//! for those outside to find, who keep heads, receipts or positions: a database put back to an earlier state as a whole, and
//! entries cut off that no head covered yet.

pub mod check;
mod head;
mod proof;
mod seal;
mod serve;
pub mod table;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

pub use check::{Finding, Report, check};
use head::Signers;
use proto::journal::v1::{self as pb, log_service_server::LogServiceServer};
use sea_orm::EntityTrait;
use seal::{Corrupt, Stop};
use serve::Logs;
use tlog::{
    Hash,
    note::{Ed25519, Signer, Verifier},
};

use super::{engine::Store, journal};
use crate::{
    clock::{Clock, Moment},
    config::Config,
    id::Division,
    keys::Keys,
    refusal::{Kind, Refusal},
};
use proof::unavailable;

/// The log of one store.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    keys: Keys,
    second: SecondSigner,
    /// Of each division: one signs at a time, and nobody once something was found to be wrong.
    lanes: Mutex<HashMap<Division, Arc<Lane>>>,
    /// One checks at a time.
    checking: tokio::sync::Mutex<()>,
}

/// Who signs heads beside the log's own key: makes its signer for a log that it is told the origin of. Nobody by default.
#[derive(Clone, Default)]
pub struct SecondSigner(Option<Arc<MakeSigner>>);

type MakeSigner = dyn Fn(&str) -> Box<dyn Signer> + Send + Sync;

impl SecondSigner {
    pub fn new(signer: impl Fn(&str) -> Box<dyn Signer> + Send + Sync + 'static) -> SecondSigner {
        SecondSigner(Some(Arc::new(signer)))
    }
}

impl fmt::Debug for SecondSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecondSigner").field(&self.0.is_some()).finish()
    }
}

/// Leaf hash, path and head.
pub type Inclusion = (Hash, Vec<Hash>, pb::TreeHead);
type Lane = tokio::sync::Mutex<Option<Corrupt>>;

impl Log {
    pub fn new(store: &Store, clock: &Clock, keys: &Keys) -> Log {
        Log::signed_by_two(store, clock, keys, SecondSigner::default())
    }

    fn signed_by_two(store: &Store, clock: &Clock, keys: &Keys, second: SecondSigner) -> Log {
        let (store, clock, keys) = (store.clone(), clock.clone(), keys.clone());
        let (lanes, checking) = (Mutex::default(), tokio::sync::Mutex::default());
        Log(Arc::new(Inner { store, clock, keys, second, lanes, checking }))
    }

    /// The log of a service, which signs what has come as often as its settings say, by whom they say.
    pub fn open(config: &Config, store: &Store, clock: &Clock, keys: &Keys) -> Log {
        let log = Log::signed_by_two(store, clock, keys, config.second_signer.clone());
        if config.head_interval > 0 {
            config.opened.spawn(log.clone().run(Duration::from_secs(config.head_interval)));
        }
        log
    }

    /// LogService over it.
    pub fn service(&self) -> LogServiceServer<Logs> {
        LogServiceServer::new(Logs(self.clone()))
    }

    /// What a division's heads are verified by.
    pub fn key(&self, division: Division) -> Result<Verifier, Refusal> {
        Ok(self.signer(division)?.verifier())
    }

    /// That an entry is under the newest head: its leaf hash, the path and the head. None where no head covers it yet.
    pub async fn inclusion(&self, division: Division, seq: i64) -> Result<Option<Inclusion>, Refusal> {
        let db = self.0.store.read();
        let head = table::newest(db, division.as_str()).await.map_err(unavailable)?;
        let Some(head) = head.filter(|head| (1..=head.size).contains(&seq)) else { return Ok(None) };
        let key = self.key(division)?;
        let (leaf, path) = proof::inclusion(db, &key, &head, seq as u64, head.size as u64).await?;
        Ok(Some((leaf, path, render(&key, head))))
    }

    /// Signs what is there now, unless the newest head covers it already. Those who ask at the same time share one head.
    pub async fn sign(&self, division: Division) -> Result<pb::TreeHead, Refusal> {
        let log = self.clone();
        // In a task of its own: a caller who hangs up cuts no transaction in half.
        apart(async move { log.sign_here(division).await }).await
    }

    /// Recomputes the log of a division from what is stored. Where it is found to be as it was, heads are signed again.
    pub async fn check(&self, division: Division) -> Result<Report, Refusal> {
        let log = self.clone();
        apart(async move { log.check_here(division).await }).await
    }

    async fn sign_here(&self, division: Division) -> Result<pb::TreeHead, Refusal> {
        let Inner { store, clock, .. } = &*self.0;
        let head = journal::head::Entity::find_by_id(division.as_str()).one(store.read()).await.map_err(unavailable)?;
        let newest = || table::newest(store.read(), division.as_str());
        let seq = head.map_or(0, |head| head.seq);
        if seq == 0 && newest().await.map_err(unavailable)?.is_none() {
            return Err(not_found(division));
        }
        let lane = self.lane(division);
        let mut wrong = lane.lock().await;
        if let Some(wrong) = &*wrong {
            return Err(is_corrupt(division, wrong));
        }
        // Who has waited for another may find it signed.
        if let Some(head) = newest().await.map_err(unavailable)?.filter(|head| head.size == seq) {
            return Ok(render(&self.key(division)?, head));
        }
        let own = self.signer(division)?;
        let others = self.0.second.0.iter().map(|signer| signer(own.name())).collect();
        match seal::seal(store, clock, &Signers { own, others }, division).await {
            Ok(head) => Ok(render(&self.key(division)?, head)),
            Err(Stop::Store(error)) => Err(unavailable(error)),
            Err(Stop::Corrupt(corrupt)) => {
                let (service, seq, what) = (store.service, corrupt.seq, corrupt.what);
                tracing::error!(service, %division, seq, what, "the log is corrupt: no head is signed any more");
                let refusal = is_corrupt(division, &corrupt);
                *wrong = Some(corrupt);
                Err(refusal)
            }
        }
    }

    async fn check_here(&self, division: Division) -> Result<Report, Refusal> {
        let _one = self.0.checking.lock().await;
        let store = &self.0.store;
        let tx = store.snapshot().await.map_err(unavailable)?;
        let checked = check(&tx, store.service, division, &self.key(division)?).await;
        tx.rollback().await.map_err(unavailable)?;
        let report = checked.map_err(unavailable)?;
        if report.is_empty() {
            return Err(not_found(division));
        }
        for finding in &report.findings {
            let (service, kind, seq, what) = (store.service, finding.kind, finding.first, &finding.en);
            tracing::error!(service, %division, kind, seq, what, "the log is not what it was");
        }
        if report.findings.is_empty() {
            *self.lane(division).lock().await = None;
        }
        Ok(report)
    }

    async fn run(self, interval: Duration) {
        loop {
            tokio::time::sleep(interval).await;
            match journal::heads(self.0.store.read()).await {
                Ok(heads) => {
                    for division in heads.iter().filter_map(|head| head.division.parse().ok()) {
                        // Told where it was found.
                        let _ = self.sign(division).await;
                    }
                }
                Err(error) => tracing::warn!(%error, service = self.0.store.service, "no head is signed for now"),
            }
        }
    }

    fn lane(&self, division: Division) -> Arc<Lane> {
        self.0.lanes.lock().unwrap_or_else(PoisonError::into_inner).entry(division).or_default().clone()
    }

    /// All replicas have the same key, since they have the same master keys.
    fn signer(&self, division: Division) -> Result<Ed25519, Refusal> {
        let Inner { store, keys, .. } = &*self.0;
        Ed25519::from_seed(&head::origin(store.service, division), &keys.mac("tree-head", &[]))
            .ok_or_else(|| Refusal::internal("a log's name is no name of a key"))
    }
}

fn render(key: &Verifier, head: table::head::Model) -> pb::TreeHead {
    pb::TreeHead {
        origin: key.name().to_owned(),
        size: head.size,
        root_hash: head.root,
        signed_at: Some(Moment(head.signed_at).timestamp()),
        note: head.note,
        verifier_key: key.to_string(),
    }
}

async fn apart<T: Send + 'static>(
    work: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::spawn(work).await.unwrap_or_else(|fault| Err(Refusal::internal(fault)))
}

fn not_found(division: Division) -> Refusal {
    let en = format!("there is no journal of divisions/{division} here");
    Refusal::not_found("LOG_NOT_FOUND", format!("此处没有 {division} 的日志"), en)
}

fn is_corrupt(division: Division, corrupt: &Corrupt) -> Refusal {
    let Corrupt { seq, what } = corrupt;
    let zh = format!("{division} 的日志与写入时不符（第 {seq} 条），已停止签署，请核查日志（CheckLog）");
    let en = format!(
        "the log of {division} is not what it was: {what} (entry {seq}); nothing is signed until CheckLog is clean"
    );
    Refusal::new(Kind::DataLoss, "LOG_CORRUPT", zh, en)
}
