//! Point reads that arrive together are answered by one query, as changes that arrive together are committed by one
//! flush. Nobody waits on purpose: while a query runs, the next one gathers.

use std::{collections::HashMap, sync::Arc};

use sea_orm::{EntityTrait, ExprTrait, QueryFilter, sea_query::Expr};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::{engine::Store, noun::Noun};
use crate::{id::Division, refusal::Refusal};

type Answer<N> = oneshot::Sender<Result<Option<Arc<N>>, Refusal>>;

struct Question<N> {
    division: Division,
    id: String,
    answer: Answer<N>,
}

/// Reads nouns of one kind by name.
pub struct Reader<N>(mpsc::Sender<Question<N>>);

impl<N> Clone for Reader<N> {
    fn clone(&self) -> Self {
        Reader(self.0.clone())
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
        Reader(questions)
    }

    /// The noun as last committed, if there is one.
    pub async fn get(&self, division: Division, id: &str) -> Result<Option<Arc<N>>, Refusal> {
        let (answer, answered) = oneshot::channel();
        let question = Question { division, id: id.to_owned(), answer };
        self.0.send(question).await.map_err(|_| Refusal::unavailable())?;
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

async fn answer<N: Noun>(store: &Store, questions: Vec<Question<N>>) {
    let mut divisions: Vec<_> = questions.iter().map(|q| q.division).collect();
    divisions.sort_unstable();
    divisions.dedup();
    let rows = N::Entity::find()
        .filter(Expr::col("division").is_in(divisions.iter().map(Division::as_str)))
        .filter(Expr::col("id").is_in(questions.iter().map(|q| q.id.as_str())))
        .all(store.read())
        .await;
    match rows {
        Ok(rows) => {
            let mut nouns = HashMap::with_capacity(rows.len());
            let mut corrupt = false;
            for row in rows {
                match N::from_row(row) {
                    Ok(noun) => drop(nouns.insert((noun.division(), noun.id().to_owned()), Arc::new(noun))),
                    Err(error) => {
                        tracing::error!(%error, "read failed");
                        corrupt = true;
                    }
                }
            }
            let alone = questions.len() == 1;
            for question in questions {
                match nouns.get(&(question.division, question.id.clone())) {
                    // Whose row it is that does not read back, each question tells when it is asked alone.
                    None if corrupt && !alone => Box::pin(answer(store, vec![question])).await,
                    None if corrupt => drop(question.answer.send(Err(Refusal::unavailable()))),
                    found => drop(question.answer.send(Ok(found.cloned()))),
                }
            }
        }
        Err(error) => {
            tracing::error!(%error, kind = N::KIND, "read failed");
            for question in questions {
                let _ = question.answer.send(Err(Refusal::unavailable()));
            }
        }
    }
}
