//! The body of an answer that may have to end before it is whole: by the caller's deadline, or because the server stops.
//! It ends as a call ends, with trailers that say why.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, Sleep, sleep_until},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::{Status, body::Body};

use super::time::late;
use crate::refusal::{Kind, Refusal};

pub(super) struct Answer {
    /// None when trailers were sent, the service's or ours.
    body: Option<Body>,
    stop: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    deadline: Option<Instant>,
    /// Begun when the body first has to be waited for.
    sleep: Option<Pin<Box<Sleep>>>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Answer {
    pub(super) fn new(
        body: Body,
        stop: Option<CancellationToken>,
        deadline: Option<Instant>,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Answer {
        let stop = stop.map(|stop| Box::pin(stop.cancelled_owned()));
        Answer { body: Some(body), stop, deadline, sleep: None, permit }
    }

    /// Lets go of the service's stream, which learns so that nobody reads it, and of its place.
    fn end(&mut self) {
        self.body = None;
        self.permit = None;
    }

    /// Ends it with a refusal, unless it has ended.
    fn cut(&mut self, refusal: Refusal) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.body.is_none() {
            return Poll::Ready(None);
        }
        self.end();
        let mut trailers = HeaderMap::with_capacity(3);
        Status::from(refusal).add_header(&mut trailers)?;
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_stopped(&mut self, cx: &mut Context<'_>) -> bool {
        self.stop.as_mut().is_some_and(|stop| stop.as_mut().poll(cx).is_ready())
    }

    /// Asked while the body has to be waited for.
    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = self.deadline else { return false };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        sleep.as_mut().poll(cx).is_ready()
    }
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let refusal = if self.is_stopped(cx) {
            stopping()
        } else {
            let Some(body) = &mut self.body else { return Poll::Ready(None) };
            match Pin::new(body).poll_frame(cx) {
                Poll::Ready(frame) => {
                    if frame.as_ref().is_none_or(|frame| frame.as_ref().is_ok_and(Frame::is_trailers)) {
                        self.end();
                    } else if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                        // A stream that always has something to say is waited for no more than one that has not.
                        return self.cut(late());
                    }
                    return Poll::Ready(frame);
                }
                Poll::Pending if self.is_late(cx) => late(),
                Poll::Pending => return Poll::Pending,
            }
        };
        self.cut(refusal)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }
}

fn stopping() -> Refusal {
    let (zh, en) = ("服务正在停止，请稍后重新连接", "the server is stopping; come again in a moment and go on");
    Refusal::new(Kind::Unavailable, "STOPPING", zh, en).again_in(Duration::from_secs(1))
}
