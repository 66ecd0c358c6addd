//! Has the journals' heads cosigned by witnesses, so that nobody, neither who runs the services nor who has their keys, can show
//! one history to some and another to others.
//!
//! Each head goes to every witness with the proof from the size that it saw last ([`witness`]); the gateway looks at it too
//! ([`look`]). What was seen and said is kept in tables. A witness that is down is asked ever more rarely ([`rest`]), and is
//! in nobody's way but of what is published, and of that only where too few others are up.

mod ask;
pub mod look;
mod rest;
pub mod witness;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{StreamExt, future::join_all, stream};
use kit::{
    clock::{Clock, Moment},
    config::Config,
    id::Division,
    refusal::{Kind, Refusal},
    serve::OpenError,
    store::Store,
};
use proto::{
    gateway::v1::{CosignedHead, ListCosignedHeadsResponse, WitnessState},
    journal::v1::TreeHead,
};
use rest::Rest;
use sea_orm::DbErr;
use tlog::{checkpoint::Checkpoint, note::Note};
use tokio::time::timeout;
use tonic::Status;
use witness::Witness;

use crate::{
    NAME,
    logs::Logs,
    store::{
        self,
        cosigned::{said, seen},
    },
};

/// Who publishes waits so long for witnesses.
const PATIENCE: Duration = Duration::from_secs(8);
/// So many journals are shown at once.
const AT_ONCE: usize = 4;

/// Shows heads, and knows what was said of them.
#[derive(Clone)]
pub struct Cosign(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    logs: Logs,
    witnesses: Vec<Witness>,
    quorum: usize,
    /// One at a time looks at a journal, and asks a witness about it.
    lanes: Mutex<HashMap<String, Arc<Lane>>>,
}

type Lane = tokio::sync::Mutex<Rest>;

impl Cosign {
    /// With the witnesses that are configured, each but once.
    pub fn open(config: &Config, store: &Store, clock: &Clock, logs: Logs) -> Result<Cosign, OpenError> {
        let read =
            |setting: &String| Witness::read(setting).map_err(|wrong| format!("witnesses: {setting:?}: {wrong}"));
        let witnesses: Vec<_> = config.witnesses.iter().map(read).collect::<Result<_, _>>()?;
        // What a witness signs does not say its name: one key under two would count for two.
        let is_same = |one: &Witness, it: &Witness| one.name() == it.name() || one.key.bytes() == it.key.bytes();
        let twice = |(i, it): (usize, &Witness)| witnesses[..i].iter().any(|other| is_same(other, it));
        if witnesses.iter().enumerate().any(twice) {
            return Err("witnesses: one name or key stands there twice".into());
        }
        let most = witnesses.len();
        let quorum = config.quorum.unwrap_or(most);
        if quorum > most || (quorum == 0 && most > 0) {
            return Err(format!("quorum: {quorum} of {most} witnesses").into());
        }
        let (store, clock, lanes) = (store.clone(), clock.clone(), Mutex::default());
        Ok(Cosign(Arc::new(Inner { store, clock, logs, witnesses, quorum, lanes })))
    }

    /// Shows the newest head of every journal, as often as they are signed.
    pub async fn run(self, interval: Duration) {
        loop {
            tokio::time::sleep(interval).await;
            let mut journals = Vec::new();
            for service in self.0.logs.services() {
                match self.0.logs.divisions(service).await {
                    Ok(divisions) => journals.extend(divisions.into_iter().map(|division| (service, division))),
                    Err(error) => tracing::warn!(%error, service, "its journals are shown to no witness for now"),
                }
            }
            let shown = stream::iter(journals).for_each_concurrent(AT_ONCE, |(service, division)| {
                let cosign = self.clone();
                async move { cosign.show_newest(service, division, interval).await }
            });
            shown.await;
        }
    }

    async fn show_newest(&self, service: &'static str, division: Division, every: Duration) {
        match self.0.logs.head(service, division).await {
            Ok(Some(head)) => {
                if let Err(error) = self.show(service, division, head, Some(every)).await {
                    tracing::warn!(%error, service, %division, "what was said of its head could not be kept");
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, service, %division, "its head is shown to no witness for now"),
        }
    }

    /// Looks at a head and shows it to every witness. Even one that is not what it should be: so they see the fork, too.
    /// By a schedule, those are left out who have not answered of late.
    async fn show(
        &self,
        service: &str,
        division: Division,
        head: TreeHead,
        every: Option<Duration>,
    ) -> Result<(), DbErr> {
        let looked = self.look(service, division, &head).await;
        let asked = join_all(self.0.witnesses.iter().map(|it| self.ask(it, service, division, &head, every))).await;
        looked.and(asked.into_iter().collect())
    }

    /// The head of a journal that covers so many entries, signed now, with the cosignatures of enough witnesses.
    pub async fn cosigned(&self, service: &str, division: Division, at_least: i64) -> Result<String, Status> {
        let head = self.0.logs.sign(service, division).await?;
        // In a task of its own: a caller who hangs up cuts no transaction in half.
        let (cosign, shown, of) = (self.clone(), head.clone(), service.to_owned());
        let showing = tokio::spawn(async move { cosign.show(&of, division, shown, None).await });
        match timeout(PATIENCE, showing).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => return Err(unavailable(error).into()),
            Ok(Err(fault)) => return Err(Refusal::internal(fault).into()),
            // Those who have answered may be enough.
            Err(_) => tracing::warn!(service, %division, "witnesses do not answer in time"),
        }
        let note = self.weigh(service, division, &head).await?;
        // Asked last: a journal that has become shorter was seen to be another one.
        if head.size < at_least {
            let en = format!("{service} {division}: head {} does not cover {at_least}", head.size);
            return Err(Refusal::internal(en).into());
        }
        Ok(note)
    }

    /// Whether enough witnesses have cosigned just this head, and none, nor the gateway, has seen another history.
    async fn weigh(&self, service: &str, division: Division, head: &TreeHead) -> Result<String, Refusal> {
        let Inner { store, witnesses, quorum, .. } = &*self.0;
        let seen = store::cosigned::head(store.read(), division, service).await.map_err(unavailable)?;
        if let Some(seen) = seen.filter(|seen| !seen.alarm.is_empty()) {
            return Err(refused(service, NAME, first_line(&seen.alarm)));
        }
        let said = store::cosigned::said(store.read(), division).await.map_err(unavailable)?;
        let said: Vec<_> = said.into_iter().filter(|row| row.service == service).collect();
        let known = |row: &&said::Model| witnesses.iter().any(|witness| witness.name() == row.witness);
        if let Some(row) = said.iter().filter(known).find(|row| row.alarmed) {
            return Err(refused(service, &row.witness, &row.error));
        }
        let note = self.with_lines(&head.note, &said);
        let lines = self.lines(&head.note, &said).len();
        if lines < *quorum {
            let zh = format!("{service} 日志的树头只有 {lines} 个见证签名，公布需要 {quorum} 个，请检查见证服务");
            let en = format!(
                "{lines} witnesses have cosigned the head of {service}, and {quorum} must; see whether they are up"
            );
            return Err(Refusal::state("HEAD_NOT_COSIGNED", zh, en));
        }
        Ok(note)
    }

    /// Of what witnesses said, the lines that verify over a head.
    fn lines<'a>(&self, note: &str, said: &'a [said::Model]) -> Vec<&'a str> {
        let Ok(note) = Note::parse(note) else { return Vec::new() };
        let verifies = |row: &&said::Model| {
            self.0.witnesses.iter().any(|it| it.name() == row.witness && it.time(&note, &row.line).is_some())
        };
        said.iter().filter(verifies).map(|row| row.line.as_str()).collect()
    }

    /// The keys of the witnesses, as the contract writes them.
    pub fn keys(&self) -> Vec<String> {
        self.0.witnesses.iter().map(|witness| witness.key.to_string()).collect()
    }

    /// A head's note with the cosignatures that it has.
    pub async fn with_cosignatures(&self, service: &str, division: Division, note: &str) -> Result<String, Refusal> {
        let said = store::cosigned::said(self.0.store.read(), division).await.map_err(unavailable)?;
        let said: Vec<_> = said.into_iter().filter(|row| row.service == service).collect();
        Ok(self.with_lines(note, &said))
    }

    fn with_lines(&self, note: &str, said: &[said::Model]) -> String {
        let lines = self.lines(note, said).into_iter().map(|line| format!("{line}\n"));
        note.to_owned() + &lines.collect::<String>()
    }

    /// The newest head of each journal of a division that was seen, and what each witness says of it.
    pub async fn heads(&self, division: Division) -> Result<ListCosignedHeadsResponse, Refusal> {
        let Inner { store, witnesses, quorum, .. } = &*self.0;
        let seen = store::cosigned::heads(store.read(), division).await.map_err(unavailable)?;
        let said = store::cosigned::said(store.read(), division).await.map_err(unavailable)?;
        let head = |seen: seen::Model| {
            let said: Vec<_> = said.iter().filter(|row| row.service == seen.service).cloned().collect();
            let states = witnesses.iter().map(|it| state(it.name(), said.iter().find(|row| row.witness == it.name())));
            // The gateway is a witness, too, and speaks only where something is wrong.
            let own = (!seen.alarm.is_empty()).then(|| WitnessState {
                name: NAME.to_owned(),
                size: seen.size,
                cosigned_at: None,
                alarmed: true,
                error: first_line(&seen.alarm).to_owned(),
            });
            CosignedHead {
                service: seen.service.clone(),
                head: render(&seen, self.with_lines(&seen.note, &said)),
                witnesses: states.chain(own).collect(),
            }
        };
        let heads = seen.into_iter().map(head).collect();
        Ok(ListCosignedHeadsResponse { heads, quorum: i32::try_from(*quorum).unwrap_or(i32::MAX) })
    }

    fn lane(&self, name: &str, service: &str, division: Division) -> Arc<Lane> {
        let mut lanes = self.0.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.entry(format!("{division} {service} {name}")).or_default().clone()
    }
}

fn state(name: &str, said: Option<&said::Model>) -> WitnessState {
    let name = name.to_owned();
    let Some(said) = said.cloned() else { return WitnessState { name, ..WitnessState::default() } };
    let cosigned_at = (said.size > 0).then(|| Moment(said.cosigned_at).timestamp());
    WitnessState { name, size: said.size, cosigned_at, alarmed: said.alarmed, error: said.error }
}

fn render(seen: &seen::Model, note: String) -> Option<TreeHead> {
    let says = Checkpoint::parse(&Note::parse(&seen.note).ok()?.text).ok()?;
    Some(TreeHead {
        origin: says.origin.clone(),
        size: seen.size,
        root_hash: says.root.to_vec(),
        signed_at: says.signed_at().map(|at| Moment(at).timestamp()),
        note,
        verifier_key: seen.key.clone(),
    })
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn refused(service: &str, by: &str, what: &str) -> Refusal {
    let zh = format!("{by} 认定 {service} 的日志与其此前所见不符，未公布：{what}");
    let en = format!("{by} says that the log of {service} is not what it saw before; nothing is published: {what}");
    Refusal::new(Kind::State, "HEAD_REFUSED", zh, en)
}

fn unavailable(error: DbErr) -> Refusal {
    tracing::error!(%error, "what witnesses say could not be read or kept");
    Refusal::unavailable()
}
