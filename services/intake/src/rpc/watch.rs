//! WatchCases: the journal's case entries as they come.

use std::{pin::Pin, sync::Arc, time::Duration};

use futures::Stream;
use kit::{
    clock::Moment,
    id::{self, Division},
    refusal::{Kind, Refusal},
    store::journal,
};
use prost::Message;
use proto::intake::v1 as pb;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::item::unreadable;
use crate::office::Office;

type Changes = Pin<Box<dyn Stream<Item = Result<pb::WatchCasesResponse, Status>> + Send>>;

/// `own`: only cases of this unit.
pub async fn watch(
    office: &Arc<Office>,
    own: Option<String>,
    request: pb::WatchCasesRequest,
) -> Result<Changes, Refusal> {
    let division = id::division("parent", &request.parent)?;
    let unit = match request.unit.as_str() {
        "" => None,
        name => Some(id::child_of("unit", name, "units", division)?.to_owned()),
    };
    if own.is_some() && unit.is_some() && own != unit {
        return Err(Refusal::new(Kind::Denied, "NOT_YOUR_UNIT", "不属于本单位", "this is not of your unit"));
    }
    let unit = own.or(unit);
    let heads = journal::heads(office.store.read()).await.map_err(unreadable)?;
    let head = heads.iter().find(|head| head.division == division.as_str()).map_or(0, |head| head.seq);
    let after = match request.after_seq {
        0 => head,
        after if (0..=head).contains(&after) => after,
        after if after > head => {
            return Err(Refusal::state("POSITION_AHEAD", "位置超出日志末尾", format!("the journal ends at {head}")));
        }
        _ => return Err(Refusal::field("after_seq", "不能为负数", "must not be negative")),
    };
    let (send, receive) = mpsc::channel(64);
    tokio::spawn(tail(office.clone(), division, unit, after, send));
    Ok(Box::pin(ReceiverStream::new(receive)))
}

async fn tail(
    office: Arc<Office>,
    division: Division,
    unit: Option<String>,
    mut after: i64,
    send: mpsc::Sender<Result<pb::WatchCasesResponse, Status>>,
) {
    let mut commits = office.writer.commits();
    while !send.is_closed() {
        commits.mark_unchanged();
        let entries = match journal::entries(office.store.read(), division.as_str(), after, 500).await {
            Ok(entries) => entries,
            // The reader has gone, as all have when the program ends and closes its database.
            Err(_) if send.is_closed() => return,
            Err(error) => {
                let _ = send.send(Err(unreadable(error).into())).await;
                return;
            }
        };
        if entries.is_empty() {
            // A commit of this process wakes at once; one of another replica is seen by looking.
            let _ = tokio::time::timeout(Duration::from_millis(200), commits.changed()).await;
            continue;
        }
        for entry in entries {
            after = entry.seq;
            if !entry.noun.starts_with("cases/") {
                continue;
            }
            let Ok(facts) = pb::CaseFacts::decode(entry.payload.as_slice()) else { continue };
            if unit.as_ref().is_some_and(|unit| *unit != facts.unit) {
                continue;
            }
            let change = pb::WatchCasesResponse {
                seq: entry.seq,
                event: entry.event,
                facts: Some(facts),
                occurred_at: Some(Moment(entry.occurred_at).timestamp()),
            };
            // A watcher who does not read for a minute is let go, and can come back with the last seq it saw.
            if send.send_timeout(Ok(change), Duration::from_secs(60)).await.is_err() {
                return;
            }
        }
    }
}
