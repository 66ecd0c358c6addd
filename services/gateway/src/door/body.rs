//! The body of an answer that comes over a channel. Where the line is lost in the middle it ends as a call ends: with
//! trailers that say UNAVAILABLE. Left alone, the caller would see a broken stream, which reads as INTERNAL.

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
    lost: bool,
}

impl Mended {
    pub fn new(name: &'static str, body: tonic::body::Body) -> Mended {
        Mended { name, body, lost: false }
    }
}

impl Body for Mended {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.lost {
            return Poll::Ready(None);
        }
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Err(error)) => {
                self.lost = true;
                let mut trailers = HeaderMap::with_capacity(3);
                // Our own statuses always fit into headers.
                dead(self.name, &error).add_header(&mut trailers)?;
                Some(Ok(Frame::trailers(trailers)))
            }
            whole => whole,
        };
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.lost || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
