//! How a case stands, for who has its number and query code. Both come in a form, never in an address, and nothing of them
//! is kept; an answer is for this reader alone.

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use kit::{
    refusal::{Kind, Refusal},
    status::localized,
};
use proto::intake::v1::TrackCaseResponse;
use tonic::{Code, Status};

use super::{
    super::{Pages, account::is_from_here, html, shell::Shell, sign::Filled, words::Both},
    Trouble, Visit,
    way::{Tab, Way},
};
use crate::door::gate;

const TRACK: &str = "/yizhan.intake.v1.CaseService/TrackCase";

#[derive(Template)]
#[template(path = "portal/track.html")]
struct TrackPage {
    shell: Shell,
    way: Way,
    number: String,
    /// Empty where nothing went wrong.
    wrong: String,
    case: Option<Case>,
}

struct Case {
    number: String,
    item: String,
    state: Both,
    next: Both,
    /// What happened, and when; what is still to come last.
    days: Vec<(&'static str, String, bool)>,
}

/// GET /track
pub async fn show(State(pages): State<Pages>, uri: Uri) -> Response {
    match Visit::begin(&pages, &uri, Tab::Track).await {
        Ok(visit) => page(StatusCode::OK, &TrackPage::new(visit.way)),
        Err(trouble) => trouble.page(&uri),
    }
}

/// POST /track
pub async fn find(State(pages): State<Pages>, request: Request) -> Response {
    let uri = request.uri().clone();
    let asked = match Asked::read(&pages, request).await {
        Ok(asked) => asked,
        Err(trouble) => return trouble.page(&uri),
    };
    let Asked { visit, number, answer, .. } = asked;
    let told = TrackPage::new(visit.way);
    match answer {
        Ok(case) => page(StatusCode::OK, &TrackPage { case: Some(Case::new(case, &told.way)), number, ..told }),
        Err(status) => {
            let wrong = wrong(&told.way, &status);
            page(code_of(&status), &TrackPage { wrong, number, ..told })
        }
    }
}

/// A case asked for by a form with its number and query code, and the answer.
pub(super) struct Asked {
    pub visit: Visit,
    pub number: String,
    pub code: String,
    pub answer: Result<TrackCaseResponse, Status>,
}

impl Asked {
    pub(super) async fn read(pages: &Pages, request: Request) -> Result<Asked, Trouble> {
        let (parts, body) = request.into_parts();
        let (uri, from) = (&parts.uri, gate::address(&parts.extensions));
        if !is_from_here(uri, &parts.headers) {
            let (zh, en) = ("表单不是从本页面提交的", "the form does not come from this page");
            return Err(Trouble::from(Refusal::new(Kind::Denied, "FORM_NOT_OURS", zh, en)));
        }
        let filled = Filled::read(body).await?;
        let visit = Visit::begin(pages, &filled.address(uri), Tab::Track).await?;
        let (number, code) = (filled.get("number").trim().to_owned(), filled.get("code").trim().to_owned());
        // Whoever tries one code after the other is as slow here as at the door.
        let answer = match pages.0.portal.rate.check(TRACK, None, from) {
            Ok(()) => pages.0.portal.sources.track(number.clone(), code.clone()).await,
            Err(refusal) => Err(refusal.into()),
        };
        Ok(Asked { visit, number, code, answer })
    }
}

pub(super) fn wrong(way: &Way, status: &Status) -> String {
    way.lang.one(&localized(status), status.message())
}

/// A page for this reader alone.
pub(super) fn page(code: StatusCode, page: &impl Template) -> Response {
    (code, [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], html(page)).into_response()
}

pub(super) fn code_of(status: &Status) -> StatusCode {
    match status.code() {
        Code::InvalidArgument => StatusCode::BAD_REQUEST,
        Code::NotFound | Code::PermissionDenied => StatusCode::NOT_FOUND,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl TrackPage {
    fn new(way: Way) -> TrackPage {
        let shell = way.shell(way.one("办件查询", "Track a case"), "/track", &[]);
        TrackPage { shell, way, number: String::new(), wrong: String::new(), case: None }
    }
}

impl Case {
    fn new(of: TrackCaseResponse, way: &Way) -> Case {
        let days = [
            (way.one("收件", "Received"), of.received_on),
            (way.one("受理", "Accepted"), of.accepted_on),
            (way.one("作出决定", "Decided"), of.decided_on),
            (way.one("出件", "Issued"), of.issued_on),
        ];
        let mut days: Vec<_> =
            days.into_iter().filter(|(_, day)| !day.is_empty()).map(|(name, day)| (name, day, true)).collect();
        // Once it is decided, nobody waits for the due day any more.
        if !of.due_on.is_empty() && days.len() < 3 {
            days.push((way.one("承诺办结期限", "Promised by"), of.due_on, false));
        }
        Case {
            number: of.number,
            item: of.item_title_zh,
            state: way.lang.only(&of.state_zh, &of.state_en),
            next: way.lang.only(&of.next_zh, &of.next_en),
            days,
        }
    }
}
