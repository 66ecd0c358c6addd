//! Serves the journal to those who follow it.

use std::{collections::HashMap, pin::Pin, time::Duration};

use futures::Stream;
use proto::journal::v1::{
    self as pb,
    journal_service_server::{JournalService, JournalServiceServer},
};
use sea_orm::{ConnAcquireErr, DbErr};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{engine::Store, journal, writer::Writer};
use crate::{clock::Clock, id::Division, refusal::Refusal};

/// Entries in a message.
const BATCH: u64 = 500;
/// Bytes of payload in a message, unless one entry alone has more: clients take 4 MiB where they are not told otherwise.
const BYTES: usize = 1 << 20;
/// How long the feed waits for a commit of this process before it looks for one of another.
const POLL: Duration = Duration::from_millis(200);
/// How long entries gather after a message: a follower's transaction costs much the same for one entry as for fifty,
/// and of several facts about one case only the last need be kept.
const GATHER: Duration = Duration::from_millis(50);
/// How long it stays silent at most.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long a message may wait for a follower that does not read.
const PATIENCE: Duration = Duration::from_secs(60);

/// JournalService over one store.
pub struct Feed {
    store: Store,
    clock: Clock,
    commits: watch::Receiver<u64>,
}

impl Feed {
    pub fn new(store: &Store, clock: &Clock, writer: &Writer) -> JournalServiceServer<Feed> {
        JournalServiceServer::new(Feed { store: store.clone(), clock: clock.clone(), commits: writer.commits() })
    }
}

#[tonic::async_trait]
impl JournalService for Feed {
    async fn list_heads(&self, _: Request<pb::ListHeadsRequest>) -> Result<Response<pb::ListHeadsResponse>, Status> {
        let heads = journal::heads(self.store.read()).await.map_err(unavailable)?;
        let heads = heads.into_iter().map(|head| pb::Position { division: head.division, seq: head.seq }).collect();
        Ok(Response::new(pb::ListHeadsResponse { heads }))
    }

    type ReadEntriesStream = Pin<Box<dyn Stream<Item = Result<pb::ReadEntriesResponse, Status>> + Send>>;

    async fn read_entries(
        &self,
        request: Request<pb::ReadEntriesRequest>,
    ) -> Result<Response<Self::ReadEntriesStream>, Status> {
        let request = request.into_inner();
        if !request.division.is_empty() && request.division.parse::<Division>().is_err() {
            return Err(Refusal::field("division", "行政区划为六位数字", "a division of six digits, or none").into());
        }
        let mut positions = HashMap::with_capacity(request.after.len());
        for (i, after) in request.after.into_iter().enumerate() {
            let fits = after.division.parse::<Division>().is_ok() && after.seq >= 0;
            if !fits || positions.insert(after.division, after.seq).is_some() {
                let en = "a division of six digits, once, and a seq from 0";
                return Err(Refusal::field(format!("after[{i}]"), "位置无效或重复", en).into());
            }
        }
        let heads = journal::heads(self.store.read()).await.map_err(unavailable)?;
        let heads: HashMap<_, _> = heads.into_iter().map(|head| (head.division, head.seq)).collect();
        let ahead = |(division, seq): &(&String, &i64)| heads.get(*division).copied().unwrap_or(0) < **seq;
        if let Some((division, seq)) = positions.iter().find(ahead) {
            let en = format!("position {seq} of {division} is past the head: this is not the journal it was read from");
            return Err(Refusal::state("POSITION_AHEAD", format!("位置 {seq} 超出日志末尾"), en).into());
        }
        let (send, receive) = mpsc::channel(4);
        let tail = Tail {
            store: self.store.clone(),
            clock: self.clock.clone(),
            commits: self.commits.clone(),
            positions,
            send,
        };
        tokio::spawn(tail.run(request.division, request.tail));
        Ok(Response::new(Box::pin(ReceiverStream::new(receive))))
    }
}

struct Tail {
    store: Store,
    clock: Clock,
    commits: watch::Receiver<u64>,
    positions: HashMap<String, i64>,
    send: mpsc::Sender<Result<pb::ReadEntriesResponse, Status>>,
}

impl Tail {
    async fn run(mut self, division: String, stay: bool) {
        let mut sent = Instant::now();
        loop {
            self.commits.mark_unchanged();
            match self.send_new(&division).await {
                Ok(true) => {
                    sent = Instant::now();
                    if stay {
                        tokio::time::sleep(GATHER).await;
                    }
                }
                Ok(false) if !stay => return,
                Ok(false) => {
                    if sent.elapsed() >= HEARTBEAT {
                        sent = Instant::now();
                        if self.deliver(Vec::new()).await.is_err() {
                            return;
                        }
                    }
                    if self.send.is_closed() {
                        return;
                    }
                    if let Ok(Err(_)) = tokio::time::timeout(POLL, self.commits.changed()).await {
                        // The writer has ended, and so would the waiting.
                        tokio::time::sleep(POLL).await;
                    }
                }
                Err(Some(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))) => {
                    // The program is ending: nothing comes any more, and that is no fault.
                    return self.send.closed().await;
                }
                Err(Some(error)) => {
                    let _ = self.send.send(Err(unavailable(error))).await;
                    return;
                }
                Err(None) => return,
            }
        }
    }

    /// Sends a batch for each division that has moved; false where none has. Err(None): the follower has gone.
    async fn send_new(&mut self, division: &str) -> Result<bool, Option<DbErr>> {
        let mut sent = false;
        for head in journal::heads(self.store.read()).await? {
            if !division.is_empty() && head.division != division {
                continue;
            }
            let after = self.positions.get(&head.division).copied().unwrap_or(0);
            if after >= head.seq {
                continue;
            }
            let mut entries = self.store.recent.after(&head.division, after, BATCH as usize);
            if entries.is_empty() {
                let rows = journal::entries(self.store.read(), &head.division, after, BATCH).await?;
                entries = rows.into_iter().map(Into::into).collect();
            }
            sent |= !entries.is_empty();
            self.send_all(entries).await?;
        }
        Ok(sent)
    }

    /// Sends entries of one division in messages that any client takes.
    async fn send_all(&mut self, mut entries: Vec<pb::Entry>) -> Result<(), Option<DbErr>> {
        while let Some(last) = entries.last() {
            self.positions.insert(last.division.clone(), last.seq);
            let mut bytes = 0;
            let fits = entries.iter().take_while(|entry| {
                bytes += entry.payload.len();
                bytes <= BYTES
            });
            let rest = entries.split_off(fits.count().max(1));
            self.deliver(entries).await.map_err(|()| None)?;
            entries = rest;
        }
        Ok(())
    }

    async fn deliver(&self, entries: Vec<pb::Entry>) -> Result<(), ()> {
        let message = pb::ReadEntriesResponse { entries, sent_at: Some(self.clock.now().timestamp()) };
        self.send.send_timeout(Ok(message), PATIENCE).await.map_err(|_| ())
    }
}

fn unavailable(error: DbErr) -> Status {
    tracing::error!(%error, "the journal could not be read");
    Refusal::unavailable().into()
}
