//! What was stated, and what a statement counts.

use kit::{id::Division, refusal::Refusal};
use sea_orm::{ConnectionTrait, DbErr};

use super::{Books, stand};
use crate::{
    domain::{
        day::{Day, Period},
        statement::{Count, Question, Statement},
    },
    store::{self, statement},
};

/// The first count of a question, and what it rests on.
#[derive(Clone, Debug)]
pub struct Counted {
    pub count: Count,
    pub as_of: Day,
    /// The last entry that it counts, of the journal of the definition's service.
    pub seq: i64,
}

impl Books {
    /// Counts what is asked, and says up to where: both of one snapshot.
    pub async fn tally(&self, question: Question) -> Result<Counted, Refusal> {
        let as_of = self.today();
        self.read(move |tx, now| {
            Box::pin(async move {
                let count = store::tally::count(tx, &question, as_of).await?;
                let stand = stand(tx, question.division, now).await?;
                let seq = match question.definition.service {
                    "roster" => stand.roster_seq,
                    "disclosure" => stand.disclosure_seq,
                    _ => stand.intake_seq,
                };
                Ok(Counted { count, as_of, seq })
            })
        })
        .await
    }

    pub async fn statement(&self, division: Division, id: &str) -> Result<Statement, Refusal> {
        let id = id.to_owned();
        let found = self.read(move |tx, _| Box::pin(async move { statement::named(tx, division, &id).await })).await?;
        found.ok_or_else(|| Refusal::not_found("FIGURE_NOT_FOUND", "没有此公布数据", "there is no such statement"))
    }

    /// The newest statement of a series.
    pub async fn newest(&self, question: Question) -> Result<Option<Statement>, Refusal> {
        self.read(move |tx, _| Box::pin(async move { statement::newest(tx, &question).await })).await
    }

    /// The newest first, of a definition where it is not empty, before an entry of the journal; at most so many, and whether
    /// there are more.
    pub async fn statements(
        &self,
        division: Division,
        definition: String,
        before: Option<i64>,
        most: u64,
    ) -> Result<(Vec<Statement>, bool), Refusal> {
        let mut found = self
            .read(move |tx, _| {
                Box::pin(async move { statement::list(tx, division, &definition, before, most + 1).await })
            })
            .await?;
        let more = found.len() as u64 > most;
        found.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        Ok((found, more))
    }

    /// Everything that was stated of a division, in the order in which it was.
    pub async fn all_statements(&self, division: Division) -> Result<Vec<Statement>, Refusal> {
        self.read(move |tx, _| Box::pin(async move { statement::all(tx, division).await })).await
    }
}

/// What is published of a period, a unit or all: the newest statement of each definition. What is not among them is live.
pub async fn published(
    db: &impl ConnectionTrait,
    division: Division,
    period: Period,
    unit: &str,
) -> Result<Vec<Statement>, DbErr> {
    statement::standing(db, division, period, unit).await
}
