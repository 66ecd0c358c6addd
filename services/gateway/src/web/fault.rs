//! What a page says where there is nothing to show: a plain one, never a stack of internals.

use askama::Template;
use axum::{
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use kit::{
    refusal::{Kind, Refusal},
    status::localized,
};
use tonic::{Code, Status};

use super::{html, query::Asked, shell::Shell, words::Lang};

#[derive(Template)]
#[template(path = "fault.html")]
struct FaultPage {
    shell: Shell,
    zh: String,
    en: String,
    /// Field, Chinese, English.
    faults: Vec<(String, String, String)>,
}

/// The page for a refusal.
pub fn refused(uri: &Uri, refusal: &Refusal) -> Response {
    let status = match refusal.kind() {
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Denied | Kind::Unauthenticated => StatusCode::FORBIDDEN,
        Kind::Exhausted => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let faults =
        refusal.faults().iter().map(|fault| (fault.field.clone(), fault.zh.clone(), fault.en.clone())).collect();
    let (zh, en) = match refusal.kind() {
        Kind::Invalid => ("地址中的条件有误".to_owned(), "The address asks for something that cannot be".to_owned()),
        _ => (refusal.zh().to_owned(), refusal.en().to_owned()),
    };
    page(uri, status, zh, en, faults)
}

/// The page for what another service answers.
pub fn failed(uri: &Uri, status: &Status) -> Response {
    let code = match status.code() {
        Code::InvalidArgument => StatusCode::BAD_REQUEST,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::PermissionDenied | Code::Unauthenticated => StatusCode::FORBIDDEN,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    page(uri, code, localized(status), status.message().to_owned(), Vec::new())
}

/// 404
pub async fn not_found(uri: Uri) -> Response {
    page(&uri, StatusCode::NOT_FOUND, "没有这个页面".to_owned(), "There is no such page".to_owned(), Vec::new())
}

fn page(uri: &Uri, status: StatusCode, zh: String, en: String, faults: Vec<(String, String, String)>) -> Response {
    let lang = Asked::lang_or_default(uri);
    let title = lang.one(&zh, &en);
    let other = match lang.other() {
        Lang::Zh => "/".to_owned(),
        Lang::En => "/?lang=en".to_owned(),
    };
    let shell = Shell { lang, title, other, live: false };
    let mut answer = html(&FaultPage { shell, zh, en, faults }).into_response();
    *answer.status_mut() = status;
    answer
}
