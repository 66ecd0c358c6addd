//! Looks at a head, and asks a witness about it: what is asked of whom, and what is kept of the answer.

use std::time::{Duration, Instant};

use kit::id::Division;
use proto::journal::v1::TreeHead;
use sea_orm::DbErr;
use tlog::{Hash, checkpoint::Checkpoint, note::Note};
use tonic::Status;

use super::{
    Cosign,
    look::{self, Head, Look},
    rest::Rest,
    witness::{Answer, Witness},
};
use crate::store::cosigned::{self, said, seen};

impl Cosign {
    /// Holds a head against the last one that was seen, and keeps it where it extends that one.
    pub(super) async fn look(&self, service: &str, division: Division, head: &TreeHead) -> Result<(), DbErr> {
        let lane = self.lane("", service, division);
        let _turn = lane.lock().await;
        let before = cosigned::head(self.0.store.read(), division, service).await?;
        if before.as_ref().is_some_and(|before| !before.alarm.is_empty()) {
            return Ok(());
        }
        let kept = match self.judge(service, division, head, before.as_ref()).await {
            Ok(Judged::Seen) => return Ok(()),
            Ok(Judged::Later(size)) => seen::Model {
                division: String::from(division),
                service: service.to_owned(),
                size,
                seen_at: self.0.clock.now().0,
                key: head.verifier_key.clone(),
                note: head.note.clone(),
                alarm: String::new(),
            },
            Ok(Judged::Wrong(what)) => {
                tracing::error!(service, %division, what, "ALARM: this log is not what it was");
                let alarm = format!("{what}\n\n{}\n{}", head.verifier_key, head.note);
                let first = || seen::Model {
                    division: String::from(division),
                    service: service.to_owned(),
                    size: 0,
                    seen_at: self.0.clock.now().0,
                    key: String::new(),
                    note: String::new(),
                    alarm: String::new(),
                };
                seen::Model { alarm, ..before.unwrap_or_else(first) }
            }
            Err(error) => {
                tracing::warn!(%error, service, %division, "a head could not be held against the one before");
                return Ok(());
            }
        };
        let tx = self.0.store.begin().await?;
        cosigned::see(&tx, kept).await?;
        tx.commit().await
    }

    async fn judge(
        &self,
        service: &str,
        division: Division,
        head: &TreeHead,
        before: Option<&seen::Model>,
    ) -> Result<Judged, Status> {
        let origin = format!("yizhan/{division}/{service}");
        let first = before.map(|before| before.key.as_str());
        let now = match Head::open(&origin, &head.note, &head.verifier_key, first) {
            Ok(now) => now.says,
            Err(what) => return Ok(Judged::Wrong(what)),
        };
        let later = || i64::try_from(now.size).map(Judged::Later).map_err(|_| Status::internal("too large"));
        let before = before.and_then(|before| Note::parse(&before.note).ok());
        let Some(before) = before.and_then(|note| Checkpoint::parse(&note.text).ok()) else {
            tracing::info!(
                log = origin,
                key = head.verifier_key,
                "this log's key is seen for the first time, and trusted"
            );
            return later();
        };
        match look::look(&before, &now) {
            Look::Seen => Ok(Judged::Seen),
            Look::Wrong(what) => Ok(Judged::Wrong(what)),
            Look::Later => {
                let proof = self.0.logs.consistency(service, division, before.size, now.size).await?;
                match look::extends(&before, &now, &proof) {
                    Ok(()) => later(),
                    Err(what) => Ok(Judged::Wrong(what)),
                }
            }
        }
    }

    /// Has a witness cosign a head, unless it has, and keeps what it says. By a schedule, only where it does not rest.
    pub(super) async fn ask(
        &self,
        witness: &Witness,
        service: &str,
        division: Division,
        head: &TreeHead,
        every: Option<Duration>,
    ) -> Result<(), DbErr> {
        let lane = self.lane(witness.name(), service, division);
        let mut rest = lane.lock().await;
        if every.is_some() && rest.lasts(Instant::now()) {
            return Ok(());
        }
        let said = cosigned::said(self.0.store.read(), division).await?;
        let before = said.into_iter().find(|row| row.service == service && row.witness == witness.name());
        let nothing = || said::Model {
            division: String::from(division),
            service: service.to_owned(),
            witness: witness.name().to_owned(),
            size: 0,
            cosigned_at: 0,
            line: String::new(),
            alarmed: false,
            error: String::new(),
        };
        let before = before.unwrap_or_else(nothing);
        let has_cosigned = Note::parse(&head.note).is_ok_and(|note| witness.time(&note, &before.line).is_some());
        if has_cosigned && !before.alarmed {
            return Ok(());
        }
        let old = u64::try_from(before.size).unwrap_or_default();
        let said = self.talk(witness, service, division, head.clone(), old).await;
        match (&said, every) {
            (Ok(_), _) => *rest = Rest::default(),
            (Err(_), Some(every)) => rest.lengthen(Instant::now(), every),
            (Err(_), None) => {}
        }
        let now = match said {
            Ok(Said::Cosigned { size, seconds, line }) => {
                let cosigned_at = i64::try_from(seconds).unwrap_or_default().saturating_mul(1_000_000);
                said::Model { size, cosigned_at, line, alarmed: false, error: String::new(), ..before.clone() }
            }
            Ok(Said::Alarmed(what)) => {
                tracing::error!(service, %division, witness = witness.name(), what, "ALARM: a witness refuses this log");
                said::Model { alarmed: true, error: what, ..before.clone() }
            }
            // What it said before, it still says.
            Err(error) => {
                tracing::warn!(service, %division, witness = witness.name(), error, "a witness has not cosigned");
                let error = if before.alarmed { before.error.clone() } else { error };
                said::Model { error, ..before.clone() }
            }
        };
        if now == before {
            return Ok(());
        }
        let tx = self.0.store.begin().await?;
        cosigned::hear(&tx, now).await?;
        tx.commit().await
    }

    async fn talk(
        &self,
        witness: &Witness,
        service: &str,
        division: Division,
        mut head: TreeHead,
        old: u64,
    ) -> Result<Said, String> {
        let mut old = old.min(size(&head));
        let mut told = None;
        loop {
            let note = Note::parse(&head.note).map_err(|malformed| malformed.to_string())?;
            let proof = self.proof(service, division, old, size(&head)).await.map_err(|error| error.to_string())?;
            match witness.ask(old, &proof, &note).await? {
                Answer::Cosigned(line, seconds) => return Ok(Said::Cosigned { size: head.size, seconds, line }),
                Answer::Alarmed(what) => return Ok(Said::Alarmed(what)),
                Answer::NotProven(what) => {
                    let shown = self.show_past(witness, service, division, (old, &head), (proof, &note)).await;
                    return Ok(Said::Alarmed(shown.unwrap_or(what)));
                }
                // Once more from there, and no oftener.
                Answer::Stale(size) if told.replace(size).is_some() => {
                    return Err(format!("it has cosigned {size} entries, and says so again"));
                }
                Answer::Stale(seen) if seen > size(&head) => {
                    // Another gateway may have shown it a later head.
                    let newest = self.0.logs.head(service, division).await.map_err(|error| error.to_string())?;
                    head = newest.unwrap_or(head);
                    if seen > size(&head) {
                        let (from, to) = (seen, head.size);
                        return Ok(Said::Alarmed(format!(
                            "日志由{from}条变短为{to}条 · it shrank from {from} entries to {to}"
                        )));
                    }
                    old = seen;
                }
                Answer::Stale(seen) => old = seen,
            }
        }
    }

    /// Where the size that a witness saw is a power of two, a proof from there does not say what the root of that was. Put in
    /// front of the proof it is never accepted, but shows the witness the fork.
    async fn show_past(
        &self,
        witness: &Witness,
        service: &str,
        division: Division,
        (old, head): (u64, &TreeHead),
        (mut proof, note): (Vec<Hash>, &Note),
    ) -> Option<String> {
        let place = look::place_of_past(old, size(head))?;
        let path = self.0.logs.inclusion(service, division, old, size(head)).await.ok()?;
        proof.insert(0, *path.get(place)?);
        match witness.ask(old, &proof, note).await {
            Ok(Answer::Alarmed(what)) => Some(what),
            _ => None,
        }
    }

    async fn proof(&self, service: &str, division: Division, from: u64, to: u64) -> Result<Vec<Hash>, Status> {
        if from == 0 || from == to {
            return Ok(Vec::new());
        }
        self.0.logs.consistency(service, division, from, to).await
    }
}

enum Judged {
    Seen,
    /// Extends what was seen, to so many entries.
    Later(i64),
    Wrong(String),
}

enum Said {
    Cosigned { size: i64, seconds: u64, line: String },
    Alarmed(String),
}

fn size(head: &TreeHead) -> u64 {
    u64::try_from(head.size).unwrap_or_default()
}
