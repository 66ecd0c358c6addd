//! Signing in and out: a page and two forms.

use askama::Template;
use axum::{
    body::Bytes,
    extract::{Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt, Limited};
use kit::{
    form::Form,
    id::Division,
    refusal::{Kind, Refusal},
    status::{localized, reason},
};
use tonic::{Code, Status};

use super::{
    Pages,
    account::{Account, is_from_here},
    fault, html,
    query::Asked,
    shell::{self, Shell},
    words::{Lang, encode},
};
use crate::door::gate;

/// Bytes of a form.
const LONGEST: usize = 16 << 10;

#[derive(Template)]
#[template(path = "sign.html")]
struct SignPage {
    shell: Shell,
    /// Who has signed in; empty where nobody has.
    name: String,
    division: String,
    person: String,
    form: String,
    next: String,
    /// Chinese and English; empty where nothing went wrong.
    wrong: (String, String),
}

/// What was filled in.
pub(super) struct Filled(Vec<(String, String)>);

impl Filled {
    pub(super) async fn read(body: axum::body::Body) -> Result<Filled, Refusal> {
        let wrong = || Refusal::field("?", "表单无法识别", "the form cannot be read");
        let bytes: Bytes = Limited::new(body, LONGEST).collect().await.map_err(|_| wrong())?.to_bytes();
        // A form is written as a query is.
        let text = std::str::from_utf8(&bytes).map_err(|_| wrong())?;
        let uri: Uri = format!("/?{text}").parse().map_err(|_| wrong())?;
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri).map_err(|_| wrong())?;
        Ok(Filled(pairs))
    }

    /// The address that a form's division and language stand for.
    pub(super) fn address(&self, uri: &Uri) -> Uri {
        let asked = ["division", "lang"].map(|name| format!("{name}={}", encode(self.get(name))));
        format!("{}?{}", uri.path(), asked.join("&")).parse().unwrap_or_else(|_| uri.clone())
    }

    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    fn take(&mut self, name: &str) -> String {
        self.0.iter_mut().find(|(key, _)| key == name).map(|(_, value)| std::mem::take(value)).unwrap_or_default()
    }
}

/// GET /sign-in
pub async fn show(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let lang = Asked::lang_or_default(&uri);
    let next = Asked::read(&uri).ok().and_then(|asked| asked.next().ok()).unwrap_or_default();
    match pages.0.accounts.who(&headers).await {
        Ok(Some(account)) => {
            let form = account.form.clone();
            let page = SignPage { name: title(&account), form, ..SignPage::new(lang, next) };
            ([(header::CACHE_CONTROL, "no-store")], html(&page)).into_response()
        }
        Ok(None) => ask(&pages, &headers, StatusCode::OK, SignPage::new(lang, next)),
        Err(status) => fault::failed(&uri, &status),
    }
}

/// POST /sign-in
pub async fn sign_in(State(pages): State<Pages>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (uri, headers, from) = (&parts.uri, &parts.headers, gate::address(&parts.extensions));
    let mut filled = match Filled::read(body).await {
        Ok(filled) => filled,
        Err(refusal) => return fault::refused(uri, &refusal),
    };
    let lang = if filled.get("lang") == "en" { Lang::En } else { Lang::Zh };
    let next = local(filled.get("next"));
    if !pages.0.accounts.is_own_form(uri, headers, filled.get("form")) {
        return fault::refused(uri, &foreign());
    }
    let (division, person) = (filled.take("division"), filled.take("person"));
    let (division, person) = (division.trim().to_owned(), person.trim().to_uppercase());
    let page = SignPage { division, person, ..SignPage::new(lang, next) };
    let mut form = Form::new();
    let is_division = page.division.parse::<Division>().is_ok();
    form.require(is_division, "division", "行政区划代码为6位数字", "a division has six digits");
    let is_code = (1..=20).contains(&page.person.len())
        && page.person.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-');
    form.require(is_code, "person", "工号为1至20位字母、数字或连字符", "a code has 1 to 20 of A-Z, 0-9 and hyphen");
    let password = filled.take("password");
    form.require(!password.is_empty(), "password", "必填", "required");
    let name = format!("divisions/{}/people/{}", page.division, page.person);
    let signed = match form.finish() {
        Ok(()) => pages.0.accounts.sign_in(name, password, from).await,
        Err(refusal) => Err(refusal.into()),
    };
    match signed {
        Ok(cookie) => see_other(&page.next, cookie),
        Err(status) => {
            let wrong = (localized(&status), status.message().to_owned());
            ask(&pages, headers, code(&status), SignPage { wrong, ..page })
        }
    }
}

/// POST /sign-out
pub async fn sign_out(State(pages): State<Pages>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (uri, headers) = (&parts.uri, &parts.headers);
    let filled = match Filled::read(body).await {
        Ok(filled) => filled,
        Err(refusal) => return fault::refused(uri, &refusal),
    };
    let lang = if filled.get("lang") == "en" { Lang::En } else { Lang::Zh };
    let accounts = &pages.0.accounts;
    let left = match accounts.who(headers).await {
        Ok(Some(account)) if account.form == filled.get("form") && is_from_here(uri, headers) => {
            accounts.sign_out(account).await
        }
        Ok(Some(_)) => return fault::refused(uri, &foreign()),
        Ok(None) => accounts.nobody(),
        Err(status) => Err(status),
    };
    match left {
        Ok(cookie) => see_other(&shell::sign_in(lang, ""), cookie),
        Err(status) => fault::failed(uri, &status),
    }
}

/// To where one signs in, and from there back.
pub fn first(uri: &Uri, lang: Lang) -> Response {
    let next = uri.path_and_query().map_or(shell::BOARD, |address| address.as_str());
    let to = HeaderValue::try_from(shell::sign_in(lang, next)).unwrap_or(HeaderValue::from_static("/sign-in"));
    let headers = [(header::LOCATION, to), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// The form, with the cookie that it has to come back with.
fn ask(pages: &Pages, headers: &HeaderMap, code: StatusCode, page: SignPage) -> Response {
    let (form, cookie) = match pages.0.accounts.form(headers) {
        Ok(form) => form,
        Err(status) => return fault::failed(&Uri::from_static("/sign-in"), &status),
    };
    let page = html(&SignPage { form, ..page });
    (code, [(header::SET_COOKIE, cookie), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], page)
        .into_response()
}

fn see_other(to: &str, cookie: HeaderValue) -> Response {
    let to = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static(shell::BOARD));
    let no_store = HeaderValue::from_static("no-store");
    let headers = [(header::LOCATION, to), (header::SET_COOKIE, cookie), (header::CACHE_CONTROL, no_store)];
    (StatusCode::SEE_OTHER, headers).into_response()
}

impl SignPage {
    fn new(lang: Lang, next: String) -> SignPage {
        let shell = Shell {
            lang,
            title: lang.one("工作人员登录 · 一站", "Staff sign-in · Yizhan"),
            other: shell::sign_in(lang.other(), &next),
            live: false,
        };
        let (name, division, person, form) = <(String, String, String, String)>::default();
        SignPage { shell, name, division, person, form, next, wrong: <(String, String)>::default() }
    }
}

/// As whom somebody has signed in.
fn title(account: &Account) -> String {
    let code = account.caller.name().rsplit('/').next().unwrap_or_default();
    let division = account.caller.division().map(|division| division.to_string()).unwrap_or_default();
    format!("{division} · {code}")
}

/// An address of these pages; instead of anything else the dashboard.
pub fn local(next: &str) -> String {
    let own =
        next.starts_with('/') && !next[1..].starts_with(['/', '\\']) && next.bytes().all(|b| b.is_ascii_graphic());
    if own { next.to_owned() } else { shell::BOARD.to_owned() }
}

fn foreign() -> Refusal {
    let zh = "表单不是从本页面提交的，请返回登录页面重试（须允许 Cookie）";
    let en = "the form does not come from this page; open it again (cookies have to be allowed)";
    Refusal::new(Kind::Denied, "FORM_NOT_OURS", zh, en)
}

fn code(status: &Status) -> StatusCode {
    match (status.code(), reason(status).as_str()) {
        (Code::InvalidArgument, _) => StatusCode::BAD_REQUEST,
        (Code::PermissionDenied | Code::Unauthenticated, _) => StatusCode::FORBIDDEN,
        (Code::ResourceExhausted, _) => StatusCode::TOO_MANY_REQUESTS,
        (_, "INTERNAL") => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_led_back_to_these_pages_and_nowhere_else() {
        for own in ["/", "/?lang=en", "/figures/cases?figure=OPEN&division=410223"] {
            assert_eq!(local(own), own);
        }
        for foreign in ["", "//evil.example", "/\\evil.example", "https://evil.example", "evil", "/a\r\nb", "/新"] {
            assert_eq!(local(foreign), "/board", "{foreign}");
        }
    }
}
