//! Boards that were read a moment ago: a page that many look at, or one of them often, is counted once.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use kit::refusal::Refusal;
use tokio::sync::Mutex;

use super::board::OPEN;
use crate::{
    books::{Board, Books},
    domain::scope::Scope,
};

/// While figures move they are counted anew so often at most.
const FRESH: Duration = Duration::from_secs(1);
/// At most so many boards are kept.
const MOST: usize = 24;

/// The boards last read, newest last. Its lock lets one count at a time: pages never take the machine from windows.
#[derive(Default)]
pub struct Shelf(Mutex<Vec<(Instant, Arc<Board>)>>);

impl Shelf {
    /// The board as it stands, or as it stood a moment ago.
    pub async fn board(&self, books: &Books, scope: Scope) -> Result<Arc<Board>, Refusal> {
        let mut shelf = self.0.lock().await;
        let today = books.today();
        if let Some((read, board)) = shelf.iter().find(|(_, board)| board.scope == scope && board.today == today) {
            let stand = books.stand(scope.division).await?;
            let stands = (board.stand.intake_seq, board.stand.directory_seq) == (stand.intake_seq, stand.directory_seq);
            if stands || read.elapsed() < FRESH {
                return Ok(board.clone());
            }
        }
        let board = Arc::new(books.board(scope, OPEN).await?);
        shelf.retain(|(_, old)| old.scope != board.scope);
        if shelf.len() == MOST {
            shelf.remove(0);
        }
        shelf.push((Instant::now(), board.clone()));
        Ok(board)
    }
}
