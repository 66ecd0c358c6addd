//! The way in over HTTP, as c2sp.org/tlog-witness says.
//!
//! In the clear, for nothing here is secret: who asks is known by the log's signature, who answers by the witness's. Whoever
//! comes in between can do no more than be silent.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use kit::{clock::wall, serve::Limits};

use crate::{Answer, Witness, request::MOST_BYTES};

/// A request is all here by then.
const PATIENCE: Duration = Duration::from_secs(10);
/// Content type of the size that a witness has cosigned.
pub const SIZE: &str = "text/x.tlog.size";
const TEXT: &str = "text/plain; charset=utf-8";

/// Some dozens of logs come once a minute.
pub fn limits() -> Limits {
    Limits { connections: 256, handshakes: 64, ..Limits::of(64) }
}

pub fn routes(witness: Arc<Witness>) -> Router {
    Router::new()
        .route("/", get(about))
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/alarms", get(alarms))
        .route("/healthz", get(health))
        .with_state(witness)
}

async fn add_checkpoint(State(witness): State<Arc<Witness>>, body: Body) -> Response {
    let body = match tokio::time::timeout(PATIENCE, to_bytes(body, MOST_BYTES)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return text(StatusCode::PAYLOAD_TOO_LARGE, "不超过64 KiB · at most 64 KiB\n"),
        Err(_) => return text(StatusCode::REQUEST_TIMEOUT, "太慢 · too slow\n"),
    };
    blocking(move || answer(witness.add_checkpoint(&body, wall()))).await
}

fn answer(answer: Answer) -> Response {
    match answer {
        Answer::Cosigned(line) => text(StatusCode::OK, line),
        Answer::Malformed(what) => text(StatusCode::BAD_REQUEST, format!("请求格式有误 · {what}\n")),
        Answer::Backwards => {
            text(StatusCode::BAD_REQUEST, "old大于树的大小 · the old size is above that of the checkpoint\n")
        }
        Answer::NotSigned => {
            text(StatusCode::FORBIDDEN, "没有可信密钥的有效签名 · not signed by a key that is trusted\n")
        }
        Answer::UnknownLog => text(StatusCode::NOT_FOUND, "不认识此日志 · this log is not known\n"),
        Answer::Stale(size) => (StatusCode::CONFLICT, [(CONTENT_TYPE, SIZE)], format!("{size}\n")).into_response(),
        Answer::Alarmed(what) => text(StatusCode::CONFLICT, format!("警报 · alarm: {what}\n")),
        Answer::NotProven => text(
            StatusCode::UNPROCESSABLE_ENTITY,
            "一致性证明不成立 · the proof does not lead from the last checkpoint to this one\n",
        ),
        Answer::Unkept(_) => {
            text(StatusCode::INTERNAL_SERVER_ERROR, "未能保存，未签署 · could not be kept, nor cosigned\n")
        }
    }
}

/// Who this is, and what it has seen.
async fn about(State(witness): State<Arc<Witness>>) -> Response {
    blocking(move || {
        let mut lines = format!("{}\n", witness.key());
        for origin in witness.origins() {
            let kept = witness.folder().head(origin);
            let size = kept.map(|kept| kept.map_or(0, |kept| kept.head.size).to_string());
            lines.push_str(&format!("{origin} {}\n", size.unwrap_or_else(|_| "?".to_owned())));
        }
        text(StatusCode::OK, lines)
    })
    .await
}

async fn alarms(State(witness): State<Arc<Witness>>) -> Response {
    blocking(move || match witness.folder().alarms() {
        Ok(alarms) if alarms.is_empty() => text(StatusCode::OK, "没有警报 · no alarms\n"),
        Ok(alarms) => {
            let lines = alarms.iter().map(|alarm| format!("{} {}\n{}\n", alarm.at, alarm.origin, alarm.what));
            text(StatusCode::OK, lines.collect::<String>())
        }
        Err(error) => {
            tracing::error!(%error, "alarms cannot be read");
            text(StatusCode::INTERNAL_SERVER_ERROR, "无法读取 · cannot be read\n")
        }
    })
    .await
}

async fn health(State(witness): State<Arc<Witness>>) -> Response {
    blocking(move || match witness.folder().is_well() {
        true => text(StatusCode::OK, "ok\n"),
        false => text(StatusCode::SERVICE_UNAVAILABLE, "the folder cannot be read\n"),
    })
    .await
}

/// Off the threads that serve, since it waits for the disk. Goes to its end even when the caller has gone.
async fn blocking(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a request has failed");
        text(StatusCode::INTERNAL_SERVER_ERROR, "内部错误 · internal fault\n")
    })
}

fn text(status: StatusCode, text: impl Into<String>) -> Response {
    (status, [(CONTENT_TYPE, TEXT)], text.into()).into_response()
}
