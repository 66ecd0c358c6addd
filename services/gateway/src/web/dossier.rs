//! One case for staff: its facts, and each of its clocks explained day by day. Who may see it, intake decides; nothing that
//! is personal stands on the page.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use kit::{caller::Caller, clock::Moment, form::Form, id::Division, peer::Peer, refusal::Refusal, status::reason};
use proto::{
    directory::v1::{Deadline, DeadlineState},
    intake::v1::{
        Case, CaseClock, CaseState, Clock, ExplainDeadlineRequest, GetCaseRequest, Signal,
        case_service_client::CaseServiceClient,
    },
};
use tonic::Status;

use super::{
    Pages,
    account::call,
    board::shanghai_minute,
    chart::{WIDTH, round},
    fault, html,
    query::Asked,
    shell::{self, Shell},
    sign,
    step::{Crumb, above},
    words::{self, Both, Lang},
};
use crate::{
    ask,
    books::Labels,
    domain::{
        day::Period,
        fact,
        label::Kind,
        scope::{Scope, Selection},
    },
};

/// Intake's cases, asked for in the name of who looks.
pub struct Dossiers(CaseServiceClient<Peer>);

impl Dossiers {
    pub fn new(intake: Peer) -> Dossiers {
        Dossiers(CaseServiceClient::new(intake))
    }

    async fn get(&self, name: String, caller: Caller) -> Result<Case, Status> {
        Ok(self.0.clone().get_case(call(GetCaseRequest { name }, caller)).await?.into_inner())
    }

    /// None where the clock has not begun.
    async fn explain(&self, name: &str, clock: CaseClock, caller: Caller) -> Result<Option<Deadline>, Status> {
        let request = ExplainDeadlineRequest { name: name.to_owned(), clock: clock.into() };
        match self.0.clone().explain_deadline(call(request, caller)).await {
            Ok(deadline) => Ok(Some(deadline.into_inner())),
            Err(status) if reason(&status) == "CLOCK_NOT_STARTED" => Ok(None),
            Err(status) => Err(status),
        }
    }
}

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    number: String,
    item: String,
    state: Both,
    /// What happened when.
    facts: Vec<(Both, String)>,
    clocks: Vec<Explained>,
}

struct Explained {
    id: &'static str,
    name: Both,
    /// In a sentence, and how it shows.
    stands: Both,
    class: &'static str,
    days: Vec<DayOf>,
    notices: Vec<String>,
    width: f64,
}

struct DayOf {
    date: String,
    /// Which day of the term; empty where it does not count.
    counted: String,
    reason: Both,
    article: String,
    x: f64,
    class: &'static str,
}

/// GET /cases/{number}
pub(super) async fn show(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let account = match pages.0.accounts.who(&headers).await {
        Ok(account) => account,
        Err(status) => return fault::failed(&uri, &status),
    };
    let read = || {
        let lang = Asked::read(&uri)?.lang()?;
        let (division, number) = numbered(uri.path())?;
        Ok::<_, Refusal>((lang, division, number))
    };
    let (lang, division, number) = match read() {
        Ok(read) => read,
        Err(refusal) => return fault::refused(&uri, &refusal),
    };
    let Some(account) = account else { return sign::first(&uri, lang) };
    let name = division.child("cases", &number);
    let got = async {
        let dossiers = &pages.0.portal.dossiers;
        let case = dossiers.get(name.clone(), account.caller.clone()).await?;
        let mut clocks = Vec::new();
        for clock in clocks_of(&case) {
            let deadline = dossiers.explain(&name, clock.kind, account.caller.clone()).await?;
            clocks.extend(deadline.map(|deadline| (clock, deadline)));
        }
        let labels = pages.0.books.labels(division).await.map_err(Status::from)?;
        Ok::<_, Status>(html(&CasePage::new(&case, &clocks, division, &labels, lang)))
    };
    match got.await {
        Ok(page) => ([(header::CACHE_CONTROL, "no-store")], page).into_response(),
        Err(status) => fault::failed(&uri, &status),
    }
}

/// Division and number of an address: a number begins with its division.
fn numbered(path: &str) -> Result<(Division, String), Refusal> {
    let number = path.rsplit('/').next().unwrap_or_default();
    let mut form = Form::new();
    let plain = number.len() <= 40 && number.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let division = number.get(..6).and_then(|code| code.parse().ok()).filter(|_| plain);
    form.require(division.is_some(), "number", "不是办件编号", "is no case number");
    ask::read(form, division).map(|division| (division, number.to_owned()))
}

struct Of {
    kind: CaseClock,
    name: (&'static str, &'static str),
    id: &'static str,
    clock: Clock,
}

fn clocks_of(case: &Case) -> Vec<Of> {
    let of = |kind, name, id, clock: &Option<Clock>| clock.clone().map(|clock| Of { kind, name, id, clock });
    [
        of(CaseClock::Intake, ("受理时限", "Acceptance (art. 32)"), "intake", &case.intake_clock),
        of(CaseClock::Promised, ("承诺时限", "Promised limit"), "promised", &case.promised_clock),
        of(CaseClock::Legal, ("法定时限", "Legal limit"), "legal", &case.legal_clock),
        of(CaseClock::Issue, ("送达时限", "Handing out (art. 44)"), "issue", &case.issue_clock),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl CasePage {
    fn new(case: &Case, clocks: &[(Of, Deadline)], division: Division, labels: &Labels, lang: Lang) -> CasePage {
        let code =
            |name: &str| name.rsplit('/').next().unwrap_or_default().split('@').next().unwrap_or_default().to_owned();
        let (unit, item) = (code(&case.unit), code(&case.item));
        let received = case.received_at.as_ref().and_then(Moment::from_timestamp);
        let year = received.map(|at| calendar::shanghai_date(at.0).year()).unwrap_or_default();
        let crumbs = Period::year(year).map(|period| {
            let selection = Selection { unit: unit.clone(), item: item.clone(), window: String::new() };
            above(&Scope { division, period, selection }, labels, lang)
        });
        let mut crumbs = crumbs.unwrap_or_default();
        crumbs.push(Crumb { name: lang.only(&case.number, ""), href: String::new() });
        let at = |at: &Option<prost_types::Timestamp>| {
            at.as_ref().and_then(Moment::from_timestamp).map(shanghai_minute).unwrap_or_default()
        };
        let label = |kind, code: &str| lang.label(&labels.of(kind, code), code).first;
        let decision = case.decision.clone().unwrap_or_default();
        let facts = [
            ("部门", "Unit", label(Kind::Unit, &unit)),
            ("收件窗口", "Receiving window", label(Kind::Window, &code(&case.received_window))),
            ("收件", "Received", at(&case.received_at)),
            ("受理", "Accepted", case.accepted_on.clone()),
            ("决定", "Decided", at(&decision.decided_at)),
            ("出件", "Issued", at(&case.issuance.clone().unwrap_or_default().issued_at)),
            ("结束", "Ended", at(&case.ending.clone().unwrap_or_default().ended_at)),
        ];
        let facts = facts.into_iter().filter(|(.., what)| !what.is_empty());
        CasePage {
            shell: Shell {
                lang,
                title: case.number.clone(),
                other: shell::case(&case.number, lang.other()),
                live: false,
            },
            crumbs,
            number: case.number.clone(),
            item: case.item_title_zh.clone(),
            state: state(case.state()).map_or_else(|| lang.both("—", ""), |state| lang.words(words::state(state))),
            facts: facts.map(|(zh, en, what)| (lang.both(zh, en), what)).collect(),
            clocks: clocks.iter().map(|(of, deadline)| explained(of, deadline, lang)).collect(),
        }
    }
}

fn explained(of: &Of, deadline: &Deadline, lang: Lang) -> Explained {
    let left = deadline.remaining;
    let stands = match deadline.state() {
        DeadlineState::Due => lang.both(
            &format!("自{}起算，{}（当日24时）到期", of.clock.from, deadline.due_on),
            &format!("counted from {}, due at the end of {}", of.clock.from, deadline.due_on),
        ),
        DeadlineState::Stopped => lang.both(
            &format!("自{}起中止，恢复后还有{left}个工作日", deadline.known_through),
            &format!("stopped on {}, {left} working days to go", deadline.known_through),
        ),
        _ => lang.both(
            &format!("放假安排公布至{}，此后还有{left}个工作日", deadline.known_through),
            &format!("notices reach to {}, {left} working days to go from there", deadline.known_through),
        ),
    };
    let wide = round(f64::from(WIDTH) / deadline.days.len().max(1) as f64);
    let day = |(i, day): (usize, &proto::directory::v1::DeadlineDay)| DayOf {
        date: day.date.clone(),
        counted: if day.counted > 0 { day.counted.to_string() } else { String::new() },
        reason: lang.both(&day.reason_zh, &day.reason_en),
        article: day.article.clone(),
        x: round(wide * i as f64),
        class: if day.counted > 0 { "counts" } else { "rests" },
    };
    Explained {
        id: of.id,
        name: lang.both(of.name.0, of.name.1),
        stands,
        class: match of.clock.signal() {
            Signal::Red => "bad",
            Signal::Yellow => "soon",
            _ => "good",
        },
        days: deadline.days.iter().enumerate().map(day).collect(),
        notices: deadline.notices.iter().map(|notice| notice.document.clone()).collect(),
        width: (wide - 1.0).max(0.5),
    }
}

fn state(state: CaseState) -> Option<fact::State> {
    fact::State::ALL.into_iter().find(|known| *known as i32 == state as i32)
}
