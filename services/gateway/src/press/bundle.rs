//! Everything that a division's figures can be counted again from, as one file that goes out while it is written.

use std::{mem, time::Duration};

use futures::{StreamExt, stream, stream::BoxStream};
use kit::{clock, clock::Moment, id::Division, refusal::Refusal};
use proto::{
    gateway::v1::ExportBundleResponse,
    journal::v1::{Entry, Leaf, Manifest, TreeHead, bundle_part::Part},
};
use tokio::sync::mpsc::{Sender, channel};
use tonic::{Code, Status};
use verify::bundle::Writer;

use super::{Press, busy, told};
use crate::{books::Books, cosign::Cosign, logs::Logs};

/// Bytes of a piece.
const PIECE: usize = 64 << 10;
/// So many pieces wait for who reads them.
const WAITING: usize = 4;
/// Who does not read for so long is left.
const PATIENCE: Duration = Duration::from_secs(30);

pub type Pieces = BoxStream<'static, Result<ExportBundleResponse, Status>>;

impl Press {
    /// The file, piece by piece.
    pub async fn export(&self, division: Division, services: Vec<String>) -> Result<Pieces, Status> {
        let turn = self.exports.clone().try_acquire_owned().map_err(|_| busy("BUNDLE_BUSY"))?;
        let (pieces, receiver) = channel(WAITING);
        let (books, logs, cosign) = (self.books.clone(), self.logs.clone(), self.cosign.clone());
        let export = Export { books, logs, cosign, division, pieces: pieces.clone() };
        tokio::spawn(async move {
            let _turn = turn;
            if let Err(Stop::Failed(status)) = export.write(services).await {
                let _ = pieces.send_timeout(Err(status), PATIENCE).await;
            }
        });
        let next =
            |mut receiver: tokio::sync::mpsc::Receiver<_>| async { receiver.recv().await.map(|it| (it, receiver)) };
        Ok(stream::unfold(receiver, next).boxed())
    }
}

struct Export {
    books: Books,
    logs: Logs,
    cosign: Cosign,
    division: Division,
    pieces: Sender<Result<ExportBundleResponse, Status>>,
}

/// Why a file ends early.
enum Stop {
    Failed(Status),
    /// Nobody reads it.
    Left,
}

impl<E: Into<Status>> From<E> for Stop {
    fn from(error: E) -> Stop {
        Stop::Failed(error.into())
    }
}

type Out = Writer<Vec<u8>>;

impl Export {
    async fn write(self, services: Vec<String>) -> Result<(), Stop> {
        let mut newest = Vec::new();
        for service in services {
            match self.logs.sign(&service, self.division).await {
                Ok(head) => newest.push((service, head)),
                // A division need not have every journal.
                Err(status) if status.code() == Code::NotFound => {}
                Err(status) => return Err(status.into()),
            }
        }
        let manifest = Manifest {
            division: self.division.to_string(),
            services: newest.iter().map(|(service, _)| service.clone()).collect(),
            made_at: Some(clock::wall().timestamp()),
            verifier_keys: newest.iter().map(|(_, head)| head.verifier_key.clone()).collect(),
            witness_keys: self.cosign.keys(),
            ..Manifest::default()
        };
        let mut out = Writer::new(Vec::new(), manifest).map_err(Refusal::internal)?;
        for (service, head) in &newest {
            self.entries(&mut out, service, head.size).await?;
            self.heads(&mut out, service, head.size).await?;
        }
        for statement in self.books.all_statements(self.division).await? {
            let covers = |(service, head): &(String, TreeHead)| {
                statement.positions.iter().any(|it| it.service == *service && it.seq <= head.size)
            };
            // Where the gateway's own journal is in the file, it tells of every statement that is.
            let own = newest.iter().find(|(service, _)| service == crate::NAME);
            let is_told = own.is_none_or(|(_, head)| statement.seq <= head.size);
            if is_told && newest.iter().filter(|it| covers(it)).count() == statement.positions.len() {
                out.part(Part::Figure(told(&statement))).map_err(Refusal::internal)?;
            }
        }
        let rest = out.finish().map_err(Refusal::internal)?;
        self.send(&rest).await
    }

    async fn entries(&self, out: &mut Out, service: &str, last: i64) -> Result<(), Stop> {
        let mut batches = self.logs.entries(service, self.division, 0).await?;
        let mut read = 0;
        while read < last
            && let Some(batch) = batches.message().await?
        {
            for entry in batch.entries.into_iter().take_while(|entry| entry.seq <= last) {
                read = entry.seq;
                let hash = entry.leaf_hash.as_slice().try_into();
                let hash = hash.map_err(|_| Refusal::internal("an entry without a leaf hash"))?;
                out.entry(leaf(service, entry), &hash).map_err(Refusal::internal)?;
            }
            let written = mem::take(out.get_mut());
            self.send(&written).await?;
        }
        Ok(())
    }

    async fn heads(&self, out: &mut Out, service: &str, last: i64) -> Result<(), Stop> {
        let mut token = String::new();
        loop {
            let (heads, next) = self.logs.heads(service, self.division, token).await?;
            for mut head in heads.into_iter().filter(|head| head.size <= last) {
                head.note = self.cosign.with_cosignatures(service, self.division, &head.note).await?;
                out.part(Part::Head(head)).map_err(Refusal::internal)?;
            }
            let written = mem::take(out.get_mut());
            self.send(&written).await?;
            if next.is_empty() {
                return Ok(());
            }
            token = next;
        }
    }

    async fn send(&self, bytes: &[u8]) -> Result<(), Stop> {
        for piece in bytes.chunks(PIECE) {
            let piece = ExportBundleResponse { data: piece.to_vec() };
            self.pieces.send_timeout(Ok(piece), PATIENCE).await.map_err(|_| Stop::Left)?;
        }
        Ok(())
    }
}

/// What an entry's leaf hash covers.
fn leaf(service: &str, entry: Entry) -> Leaf {
    let division = format!("divisions/{}/", entry.division);
    let at = entry.occurred_at.as_ref().and_then(Moment::from_timestamp);
    Leaf {
        service: service.to_owned(),
        seq: entry.seq,
        occurred_at_micros: at.map_or(0, |at| at.0),
        actor: entry.actor,
        noun: entry.noun.strip_prefix(&division).unwrap_or(&entry.noun).to_owned(),
        event: entry.event,
        payload: entry.payload.to_vec(),
        request_hash: entry.request_hash.to_vec(),
        division: entry.division,
    }
}
