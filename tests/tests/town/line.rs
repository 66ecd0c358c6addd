//! One call as bytes: whatever the method, it is sent as one message and looked at only for who was let in.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderValue, Request, header::AUTHORIZATION};
use http_body_util::{BodyExt, Full};
use prost::encoding::{WireType, encode_key, encode_varint};
use tonic::{Code, Status, body::Body, transport::Channel};
use tower::ServiceExt;

/// A connection and what is said over it of who calls.
#[derive(Clone)]
pub struct Line {
    pub channel: Channel,
    pub bearer: Option<HeaderValue>,
}

/// What the door, or the layer before a service, answers with. Everything else comes from behind it.
const AT_THE_DOOR: [&str; 12] = [
    "CREDENTIALS_REQUIRED",
    "ROLE_NOT_ALLOWED",
    "NOT_YOUR_WINDOW",
    "NOT_YOUR_UNIT",
    "NOT_YOUR_DIVISION",
    "ACTOR_NOT_YOU",
    "TOKEN_INVALID",
    "TOKEN_EXPIRED",
    "TOKEN_NOT_YET",
    "TOKEN_NOT_YOURS",
    "CREDENTIAL_REVOKED",
    "RATE_LIMITED",
];

impl Line {
    /// The reason why it was not let in; none where it was, whatever became of it then.
    pub async fn refusal(&self, path: &str, message: &[u8]) -> Option<String> {
        let status = self.status(path, message).await?;
        if status.code() == Code::Ok {
            return None;
        }
        let reason = kit::status::reason(&status);
        assert!(status.code() != Code::Internal, "{path} answers INTERNAL: {status:?}");
        assert!(status.code() != Code::Unimplemented, "{path} is served by nobody: {status:?}");
        let denied = matches!(status.code(), Code::Unauthenticated | Code::PermissionDenied | Code::ResourceExhausted);
        assert!(!denied || !reason.is_empty(), "{path} gives no reason: {status:?}");
        AT_THE_DOOR.contains(&reason.as_str()).then_some(reason)
    }

    /// None where an answer is being streamed.
    async fn status(&self, path: &str, message: &[u8]) -> Option<Status> {
        self.send(path, &[message], &[]).await
    }

    /// The same for a stream of messages, and with headers instead of the usual ones or besides them.
    pub async fn send(
        &self,
        path: &str,
        messages: &[impl AsRef<[u8]>],
        headers: &[(&'static str, HeaderValue)],
    ) -> Option<Status> {
        let mut frame = BytesMut::new();
        for message in messages.iter().map(AsRef::as_ref) {
            frame.put_u8(0);
            frame.put_u32(message.len() as u32);
            frame.put_slice(message);
        }
        let answer = self.answered(path, frame, headers).await;
        let (head, mut body) = answer.into_parts();
        if let Some(status) = Status::from_header_map(&head.headers) {
            return Some(status);
        }
        let trailers = async {
            let frame: http_body::Frame<Bytes> = body.frame().await?.ok()?;
            // Where an answer has begun, it was let in.
            frame.into_trailers().ok()
        };
        let trailers = tokio::time::timeout(Duration::from_millis(500), trailers).await.ok().flatten()?;
        Status::from_header_map(&trailers)
    }

    /// The door ends a connection on which very many calls were refused before they were read (serve/listen.rs). A client
    /// opens another, as this channel does, and what went out while the old one was ending goes out once more.
    async fn answered(
        &self,
        path: &str,
        frame: BytesMut,
        headers: &[(&'static str, HeaderValue)],
    ) -> http::Response<Body> {
        for pause in [20, 100, 500] {
            match self.channel.clone().oneshot(self.request(path, frame.clone(), headers)).await {
                Ok(answer) => return answer,
                Err(_) => tokio::time::sleep(Duration::from_millis(pause)).await,
            }
        }
        self.channel.clone().oneshot(self.request(path, frame, headers)).await.expect("another connection")
    }

    fn request(&self, path: &str, frame: BytesMut, headers: &[(&'static str, HeaderValue)]) -> Request<Body> {
        let mut request = Request::post(path)
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("grpc-timeout", "20S")
            .header("yizhan-service", "intake")
            .body(Body::new(Full::new(frame.freeze())))
            .expect("a request");
        if let Some(bearer) = &self.bearer {
            request.headers_mut().insert(AUTHORIZATION, bearer.clone());
        }
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.clone());
        }
        request
    }
}

/// A message with a text at a field, given by the numbers on the way there.
pub fn put(message: &mut Vec<u8>, path: &[u32], text: &str) {
    let Some((number, rest)) = path.split_first() else { return };
    let mut inner = Vec::new();
    if rest.is_empty() {
        inner.extend_from_slice(text.as_bytes());
    } else {
        put(&mut inner, rest, text);
    }
    encode_key(*number, WireType::LengthDelimited, message);
    encode_varint(inner.len() as u64, message);
    message.extend(inner);
}
