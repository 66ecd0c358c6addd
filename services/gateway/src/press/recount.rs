//! Reads a journal from its first entry and counts by it: the second count.

use kit::refusal::{Kind, Refusal};
use proto::journal::v1::FigureStatement;
use tonic::Status;
use verify::recount::{Question, Recount};

use crate::logs::Logs;

/// What the entries up to a statement's position say to its question, and how many they are.
pub async fn count(logs: &Logs, stated: &FigureStatement) -> Result<(FigureStatement, i64), Status> {
    let question = Question::of(stated).map_err(wrong)?;
    let (service, position) = (question.definition.service, question.position);
    let division = stated.division.parse().map_err(Refusal::internal)?;
    let (mut recount, mut read) = (Recount::new(question), 0);
    let mut batches = logs.entries(service, division, 0).await?;
    while read < position
        && let Some(batch) = batches.message().await?
    {
        for entry in batch.entries.iter().take_while(|entry| entry.seq <= position) {
            recount.push(service, entry.seq, &entry.event, &entry.payload).map_err(wrong)?;
            read = entry.seq;
        }
    }
    Ok((recount.finish().map_err(wrong)?, read))
}

/// Entries that cannot be counted.
fn wrong(wrong: verify::wrong::Wrong) -> Refusal {
    tracing::error!(%wrong, "a journal cannot be counted");
    Refusal::new(Kind::DataLoss, "LOG_CORRUPT", wrong.zh, wrong.en)
}
