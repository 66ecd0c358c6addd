//! Point reads that arrive together are answered by one query, as changes that arrive together are committed by one
//! flush. Nobody waits on purpose: while a query runs, the next one gathers. What the writer's cache keeps is answered
//! without one.

use std::{collections::HashMap, sync::Arc};

use sea_orm::{DbErr, EntityTrait, ExprTrait, QueryFilter, sea_query::Expr};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::{
    engine::Store,
    journal,
    noun::{Key, Noun},
};
use crate::{id::Division, refusal::Refusal};

type Answer<N> = oneshot::Sender<Result<Option<Arc<N>>, Refusal>>;

struct Question<N> {
    key: Key,
    answer: Answer<N>,
}

/// Reads nouns of one kind by name.
pub struct Reader<N> {
    store: Store,
    questions: mpsc::Sender<Question<N>>,
}

impl<N> Clone for Reader<N> {
    fn clone(&self) -> Self {
        Reader { store: self.store.clone(), questions: self.questions.clone() }
    }
}

/// At most so many names in a query.
const MOST: usize = 128;
/// At most so many queries at once.
const QUERIES: usize = 2;

impl<N: Noun> Reader<N> {
    /// Must be called within a runtime.
    pub fn open(store: &Store) -> Reader<N> {
        let (questions, asked) = mpsc::channel(4096);
        tokio::spawn(answer_all::<N>(store.clone(), asked));
        Reader { store: store.clone(), questions }
    }

    /// The noun as last committed, if there is one.
    pub async fn get(&self, division: Division, id: &str) -> Result<Option<Arc<N>>, Refusal> {
        let key = Key::of::<N>(division, id);
        // Nobody else writes a SQLite file.
        if !self.store.is_postgres()
            && let Some(noun) = self.store.nouns.get(&key)
        {
            return Ok(noun.downcast().ok());
        }
        let (answer, answered) = oneshot::channel();
        self.questions.send(Question { key, answer }).await.map_err(|_| Refusal::unavailable())?;
        answered.await.map_err(|_| Refusal::unavailable())?
    }
}

async fn answer_all<N: Noun>(store: Store, mut asked: mpsc::Receiver<Question<N>>) {
    let slots = Arc::new(Semaphore::new(QUERIES));
    let mut questions = Vec::with_capacity(MOST);
    loop {
        // First a free slot, then the questions: what arrives while all slots are busy gathers into one query.
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        if asked.recv_many(&mut questions, MOST).await == 0 {
            return;
        }
        let (store, some) = (store.clone(), std::mem::take(&mut questions));
        tokio::spawn(async move {
            answer(&store, some).await;
            drop(slot);
        });
    }
}

async fn answer<N: Noun>(store: &Store, mut questions: Vec<Question<N>>) {
    if let Err(error) = answer_or_fail(store, &mut questions).await {
        tracing::error!(%error, kind = N::KIND, "read failed");
        for question in questions {
            let _ = question.answer.send(Err(Refusal::unavailable()));
        }
    }
}

/// Takes away the questions that it has answered.
async fn answer_or_fail<N: Noun>(store: &Store, questions: &mut Vec<Question<N>>) -> Result<(), DbErr> {
    if store.is_postgres() {
        answer_from_memory(store, questions).await?;
    }
    let mut divisions: Vec<_> = questions.iter().map(|question| question.key.division).collect();
    divisions.sort_unstable();
    divisions.dedup();
    if divisions.is_empty() {
        return Ok(());
    }
    let heads: HashMap<_, _> = divisions.iter().map(|division| (*division, store.nouns.head(*division))).collect();
    let rows = N::Entity::find()
        .filter(Expr::col("division").is_in(divisions.iter().map(Division::as_str)))
        .filter(Expr::col("id").is_in(questions.iter().map(|question| &*question.key.id)))
        .all(store.read())
        .await?;
    let mut nouns = HashMap::with_capacity(rows.len());
    let mut corrupt = false;
    for row in rows {
        match N::from_row(row) {
            Ok(noun) => drop(nouns.insert(Key::of::<N>(noun.division(), noun.id()), Arc::new(noun))),
            Err(error) => {
                tracing::error!(%error, "read failed");
                corrupt = true;
            }
        }
    }
    let alone = questions.len() == 1;
    for question in questions.drain(..) {
        let found = nouns.get(&question.key).cloned();
        match found {
            // Whose row it is that does not read back, each question tells when it is asked alone.
            None if corrupt && !alone => Box::pin(answer(store, vec![question])).await,
            None if corrupt => drop(question.answer.send(Err(Refusal::unavailable()))),
            found => {
                if let (Some(noun), Some(head)) = (&found, heads.get(&question.key.division)) {
                    store.nouns.offer(question.key, noun.clone(), *head);
                }
                drop(question.answer.send(Ok(found)));
            }
        }
    }
    Ok(())
}

/// Where other replicas may write: answers with what is kept of the divisions whose journal ends where it ended then.
async fn answer_from_memory<N: Noun>(store: &Store, questions: &mut Vec<Question<N>>) -> Result<(), DbErr> {
    let kept = |question: &Question<N>| store.nouns.get(&question.key);
    if !questions.iter().any(|question| kept(question).is_some()) {
        return Ok(());
    }
    let heads: HashMap<_, _> =
        journal::heads(store.read()).await?.into_iter().map(|head| (head.division, head.seq)).collect();
    let mut others = Vec::with_capacity(questions.len());
    for question in questions.drain(..) {
        let division = question.key.division;
        let now = heads.get(division.as_str()).is_some_and(|seq| store.nouns.head(division).is_at(*seq));
        // Only then the noun: what the head out-dates in between is not found any more.
        let noun = if now { kept(&question) } else { None };
        match noun.and_then(|noun| noun.downcast().ok()) {
            Some(noun) => drop(question.answer.send(Ok(Some(noun)))),
            None => others.push(question),
        }
    }
    *questions = others;
    Ok(())
}
