//! Journals: every service keeps one under the same name, so the caller says whose is meant.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use axum::{extract::Request, response::Response};
use futures::future::Either;
use kit::refusal::{Kind, Refusal};
use tonic::Status;
use tower::Service;

use super::pass::Pass;

/// Passes JournalService on to the service that the metadata key names.
#[derive(Clone, Debug)]
pub struct Journals {
    pub directory: Pass,
    pub intake: Pass,
    pub roster: Pass,
    pub disclosure: Pass,
    pub gateway: Pass,
}

const SERVICE: &str = "yizhan-service";

impl Service<Request> for Journals {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<<Pass as Service<Request>>::Future, Ready<Result<Response, Infallible>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match request.headers().get(SERVICE).map(http::HeaderValue::as_bytes) {
            Some(b"directory") => Either::Left(self.directory.call(request)),
            Some(b"intake") => Either::Left(self.intake.call(request)),
            Some(b"roster") => Either::Left(self.roster.call(request)),
            Some(b"disclosure") => Either::Left(self.disclosure.call(request)),
            Some(b"gateway") => Either::Left(self.gateway.call(request)),
            _ => Either::Right(ready(Ok(unknown().into_http()))),
        }
    }
}

fn unknown() -> Status {
    let zh = format!("元数据 {SERVICE} 须为 directory、intake、roster、disclosure 或 gateway");
    let en = format!(
        "the metadata key {SERVICE} says whose journal is meant: directory, intake, roster, disclosure or gateway"
    );
    Refusal::new(Kind::Invalid, "SERVICE_UNKNOWN", zh, en).at(SERVICE).into()
}
