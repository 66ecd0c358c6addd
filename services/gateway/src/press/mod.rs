//! The press: states figures for good. The gateway's own count, signed heads that cover it, a second count from the journals'
//! entries that must agree; then it is an entry of the gateway's journal like any other change.

mod bundle;
mod recount;

use std::sync::Arc;

use kit::{
    actor::RequestKey,
    refusal::{Kind, Refusal},
    store::{Desk, Event, Key, Noun, Writer},
};
use prost::Message;
use proto::journal::v1::{FigureStatement, LogPosition};
use tokio::sync::Semaphore;
use tonic::Status;

pub use self::bundle::Pieces;
use crate::{
    books::Books,
    cosign::Cosign,
    domain::statement::{Position, Question, Statement},
    logs::Logs,
};

/// How often a statement is numbered anew where another replica was faster.
const TRIES: usize = 5;

/// Publishes, recounts, exports.
pub struct Press {
    pub books: Books,
    pub logs: Logs,
    pub cosign: Cosign,
    writer: Writer,
    /// Counting twice reads a whole journal: one at a time.
    turn: Semaphore,
    exports: Arc<Semaphore>,
}

/// What was stated beside what the second count says.
pub struct Recounted {
    pub stated: FigureStatement,
    pub recounted: FigureStatement,
    pub agrees: bool,
    /// So many were read.
    pub entries: i64,
}

impl Press {
    pub fn new(books: Books, logs: Logs, cosign: Cosign, writer: Writer) -> Press {
        Press { books, logs, cosign, writer, turn: Semaphore::new(1), exports: Arc::new(Semaphore::new(1)) }
    }

    /// States a figure as of now. With a request that was answered before, answers with the statement as it now stands.
    pub async fn publish(&self, question: Question, by: String, key: RequestKey) -> Result<Arc<Statement>, Status> {
        let _turn = self.turn.acquire().await.map_err(Refusal::internal)?;
        let counted = self.books.tally(question.clone()).await?;
        let (service, seq) = (question.definition.service.to_owned(), counted.seq);
        if seq == 0 {
            return Err(nothing_yet(&service).into());
        }
        let checkpoint = self.cosign.cosigned(&service, question.division, seq).await?;
        let positions = vec![Position { service, seq, checkpoint }];
        let statement = Statement::new(&question, counted.as_of, counted.count, positions);
        self.must_agree(told(&statement)).await?;
        Ok(self.write(&question, statement, &by, key).await?)
    }

    /// Counts again what was stated.
    pub async fn recount(&self, statement: &Statement) -> Result<Recounted, Status> {
        let _turn = self.turn.try_acquire().map_err(|_| busy("RECOUNT_BUSY"))?;
        if statement.meaning().is_none() {
            return Err(no_definition().into());
        }
        self.again(told(statement)).await
    }

    /// Counts twice what was not stated.
    pub async fn count_twice(&self, question: Question) -> Result<Recounted, Status> {
        let _turn = self.turn.try_acquire().map_err(|_| busy("RECOUNT_BUSY"))?;
        let counted = self.books.tally(question.clone()).await?;
        let service = question.definition.service.to_owned();
        let positions = vec![Position { service, seq: counted.seq, checkpoint: String::new() }];
        self.again(told(&Statement::new(&question, counted.as_of, counted.count, positions))).await
    }

    async fn again(&self, stated: FigureStatement) -> Result<Recounted, Status> {
        let (recounted, entries) = recount::count(&self.logs, &stated).await?;
        let agrees = verify::recount::differences(&stated, &recounted).is_empty();
        Ok(Recounted { stated, recounted, agrees, entries })
    }

    async fn must_agree(&self, stated: FigureStatement) -> Result<(), Status> {
        let Recounted { stated, recounted, agrees, .. } = self.again(stated).await?;
        if agrees {
            return Ok(());
        }
        tracing::error!(?stated, ?recounted, "the second count differs: nothing is published");
        let fields = verify::recount::differences(&stated, &recounted).join(", ");
        let zh = format!("两次独立统计结果不一致（{fields}），未公布，请检查数据库");
        let en = format!("two independent counts differ in {fields}; nothing was published, look into the database");
        Err(Refusal::new(Kind::DataLoss, "RECOUNT_DIFFERS", zh, en).into())
    }

    /// Numbers the statement in its series and tells the one before of its successor.
    async fn write(
        &self,
        question: &Question,
        statement: Statement,
        by: &str,
        key: RequestKey,
    ) -> Result<Arc<Statement>, Refusal> {
        let mut tries = 0;
        loop {
            let before = self.books.newest(question.clone()).await?;
            let next = statement.clone().numbered(before.as_ref().map_or(1, |before| before.number + 1));
            let before = before.map(|before| before.id);
            let ids = before.iter().chain([&next.id]);
            let keys = ids.map(|id| Key::of::<Statement>(question.division, id.as_str())).collect();
            let by = by.to_owned();
            let decide = move |desk: &mut Desk<'_>| put(desk, next.clone(), before.as_deref(), &by);
            tries += 1;
            match self.writer.change::<Statement>(question.division, keys, Some(key), decide).await {
                Err(refusal) if refusal.kind() == Kind::Aborted && tries < TRIES => {}
                written => return written,
            }
        }
    }
}

fn put(desk: &mut Desk<'_>, mut next: Statement, before: Option<&str>, by: &str) -> Result<Arc<str>, Refusal> {
    if desk.get::<Statement>(&next.id).is_some() {
        let (zh, en) = ("同一指标刚刚由他人公布，请重试", "the same figure was published just now; try again");
        return Err(Refusal::new(Kind::Aborted, "FIGURE_OVERTAKEN", zh, en));
    }
    if let Some(before) = before {
        let absent = || Refusal::internal(format!("statement {before} is gone"));
        let before = desk.take::<Statement>(before, absent)?;
        desk.put(Statement { superseded_by: next.id.clone(), ..before });
    }
    next.publish(by, desk.now());
    let (id, payload) = (next.id.clone(), told(&next).encode_to_vec().into());
    let noun = format!("{}/{id}", Statement::KIND);
    next.seq = desk.record(Event { name: "figure.published", noun, actor: by.to_owned(), payload });
    desk.put(next);
    Ok(id.into())
}

/// As the contract says it: what the journal's entry holds.
pub fn told(statement: &Statement) -> FigureStatement {
    let Statement { version, period, count, .. } = statement;
    let position = |position: &Position| LogPosition {
        service: position.service.clone(),
        seq: position.seq,
        checkpoint: position.checkpoint.clone(),
    };
    FigureStatement {
        definition: statement.definition.clone(),
        version: *version,
        division: statement.division.to_string(),
        first: period.first.to_string(),
        last: period.last.to_string(),
        unit: statement.unit.clone(),
        as_of: statement.as_of.to_string(),
        numerator: count.numerator,
        denominator: count.denominator,
        stated: statement.stated(),
        positions: statement.positions.iter().map(position).collect(),
        set_digest: count.set_digest.clone(),
        late_entries: count.late_entries,
    }
}

pub fn no_definition() -> Refusal {
    Refusal::not_found("DEFINITION_NOT_FOUND", "没有此指标定义", "there is no such definition")
}

/// Of an empty journal there is no head, and so nothing by which a figure could be proved.
fn nothing_yet(service: &str) -> Refusal {
    let zh = format!("{service} 尚无任何记录，没有可公布的数据");
    Refusal::state("JOURNAL_EMPTY", zh, format!("{service} has no entries yet: there is nothing to state"))
}

fn busy(reason: &'static str) -> Refusal {
    let (zh, en) = ("同类操作正在进行，请稍后再试", "another one is running; try again in a moment");
    Refusal::new(Kind::Exhausted, reason, zh, en).again_in(std::time::Duration::from_secs(5))
}
