//! Deadlines. A call ends by the caller's own, and at the latest when the server has been silent for too long.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, sleep_until};
use tonic::{Status, body::Body};

use crate::refusal::{Kind, Refusal};

/// tonic ends a call by its deadline, too, but without a reason: ours comes a moment before.
const BEFORE: Duration = Duration::from_millis(2);

/// The caller's deadline, if one is set that can be read: `grpc-timeout`, at most eight digits and a unit: H, M, S, m, u
/// or n (gRPC over HTTP/2).
pub fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let (unit, digits) = headers.get("grpc-timeout")?.as_bytes().split_last()?;
    let fits = (1..=8).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    let number: u64 = std::str::from_utf8(digits).ok().filter(|_| fits)?.parse().ok()?;
    Some(match unit {
        b'H' => Duration::from_secs(number * 3_600),
        b'M' => Duration::from_secs(number * 60),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

/// When the caller's deadline is over; none where it is set so far off that no clock has it.
pub(super) fn deadline(headers: &HeaderMap) -> Option<Instant> {
    Instant::now().checked_add(timeout(headers)?.saturating_sub(BEFORE))
}

/// What is told of a call that was ended by time.
pub fn late() -> Refusal {
    let (zh, en) =
        ("未能在期限内完成，请用同一请求编号重试", "not done within the deadline; try again with the same request_id");
    Refusal::new(Kind::Late, "DEADLINE_EXCEEDED", zh, en)
}

/// When the caller was last heard. The server's limit runs anew with every piece of a request that comes in, so that a
/// long upload is not cut off while it moves, and one that has stopped is.
pub(super) struct Heard {
    start: Instant,
    /// Milliseconds from the start to the last piece.
    last: Arc<AtomicU64>,
}

impl Heard {
    /// Listens to a request as it is read.
    pub(super) fn listen(request: Request<Body>) -> (Request<Body>, Heard) {
        let (start, last) = (Instant::now(), Arc::<AtomicU64>::default());
        let heard = last.clone();
        (request.map(|body| Body::new(Listened { body, start, last })), Heard { start, last: heard })
    }

    /// Waits until nothing was heard for `limit`, or the caller's deadline is over.
    pub(super) async fn too_long(&self, limit: Duration, deadline: Option<Instant>) {
        loop {
            let last = self.last.load(Ordering::Relaxed);
            let silent = self.start + Duration::from_millis(last) + limit;
            sleep_until(deadline.map_or(silent, |deadline| deadline.min(silent))).await;
            let over = deadline.is_some_and(|deadline| deadline <= silent);
            if over || self.last.load(Ordering::Relaxed) == last {
                return;
            }
        }
    }
}

struct Listened {
    body: Body,
    start: Instant,
    last: Arc<AtomicU64>,
}

impl http_body::Body for Listened {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_ready() {
            self.last.store(self.start.elapsed().as_millis() as u64, Ordering::Relaxed);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
