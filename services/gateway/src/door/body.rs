//! The body of an answer that comes over a channel. Where the line is lost in the middle it ends as a call ends: with
//! trailers, and they say UNAVAILABLE. Left alone, the caller would see a broken stream, which reads as INTERNAL, or
//! one that ends without a status.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tonic::Status;

use super::pass::dead;

pub struct Mended {
    name: &'static str,
    body: tonic::body::Body,
    /// Trailers were sent, the service's or ours.
    whole: bool,
}

impl Mended {
    pub fn new(name: &'static str, body: tonic::body::Body) -> Mended {
        Mended { name, body, whole: false }
    }
}

impl Body for Mended {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.whole {
            return Poll::Ready(None);
        }
        let lost = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => {
                self.whole = frame.is_trailers();
                return Poll::Ready(Some(Ok(frame)));
            }
            Some(Err(error)) => error,
            // A stream that was reset with CANCEL ends so.
            None => Status::unavailable("the answer ended without a status"),
        };
        self.whole = true;
        let mut trailers = HeaderMap::with_capacity(3);
        // Our own statuses always fit into headers.
        dead(self.name, &lost).add_header(&mut trailers)?;
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.whole
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
