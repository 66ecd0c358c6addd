//! A stream whose caller is looked at while it is open: what is taken back ends it.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::{Body, Bytes};
use http::HeaderMap;
use http_body::Frame;
use kit::refusal::Refusal;
use tokio::time::{Instant, Sleep, sleep};
use tonic::Status;

use super::identify::{Identify, Pass};

/// So often it is looked whether the caller may stay.
const LOOK: Duration = Duration::from_secs(1);

/// Looks from time to time.
pub struct Watch {
    identify: Arc<Identify>,
    pass: Pass,
    sleep: Pin<Box<Sleep>>,
}

impl Watch {
    pub fn new(identify: Arc<Identify>, pass: Pass) -> Watch {
        Watch { identify, pass, sleep: Box::pin(sleep(LOOK)) }
    }
}

/// Ready when the caller may stay no longer.
impl Future for Watch {
    type Output = Refusal;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Refusal> {
        loop {
            ready!(self.sleep.as_mut().poll(cx));
            if let Err(refusal) = self.identify.still(&self.pass) {
                return Poll::Ready(refusal);
            }
            self.sleep.as_mut().reset(Instant::now() + LOOK);
        }
    }
}

/// The body of such a stream.
pub struct Watched {
    body: Body,
    watch: Watch,
    over: bool,
}

impl Watched {
    pub fn new(body: Body, watch: Watch) -> Watched {
        Watched { body, watch, over: false }
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(refusal) = Pin::new(&mut self.watch).poll(cx) {
            self.over = true;
            // Let go of, so that the service learns that nobody reads.
            self.body = Body::empty();
            let mut trailers = HeaderMap::with_capacity(3);
            Status::from(refusal).add_header(&mut trailers).map_err(axum::Error::new)?;
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.over = frame.as_ref().is_none_or(|frame| frame.as_ref().is_ok_and(Frame::is_trailers));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.body.is_end_stream()
    }
}
