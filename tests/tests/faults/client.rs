//! One of many callers at once: takes cases in, works on them, makes mistakes, hangs up, says everything twice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use kit::keyring::Keyring;
use proto::{
    directory::v1 as directory,
    intake::v1::{self as pb, CaseState as State, case_service_client::CaseServiceClient},
};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use super::{
    change::{Answer, Change},
    history::{Expected, Outcome, Told},
    press::Paper,
};
use crate::house::centre::{Centre, UNITS, recipient, ticked};

/// Reasons of a step that the case's state forbids.
const STATE: &[&str] = &["CASE_STATE"];
/// Cases in one client's hands.
const HANDS: usize = 4;

/// A case that a client works on. Nobody else touches it.
#[derive(Clone, Debug)]
struct Held {
    name: String,
    unit: &'static str,
    state: State,
    etag: String,
    supplemented: bool,
    extended: bool,
    stops: u32,
}

/// What a client does all the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trade {
    Cases,
    Directory,
    Publications,
}

pub struct Client {
    pub(super) dice: StdRng,
    pub(super) centre: Centre,
    trade: Trade,
    cases: Vec<Held>,
    pub(super) papers: Vec<Paper>,
    /// How many changes all clients were answered.
    answered: Arc<AtomicUsize>,
    pub history: Vec<Told>,
    /// What was read and cannot be: a case older than its last answer.
    pub stale: Vec<String>,
}

impl Client {
    pub fn new(centre: &Centre, seed: u64, trade: Trade, answered: &Arc<AtomicUsize>) -> Client {
        let (dice, centre, answered) = (StdRng::seed_from_u64(seed), centre.clone(), answered.clone());
        let (cases, papers, history, stale) = Default::default();
        Client { dice, centre, trade, cases, papers, answered, history, stale }
    }

    /// Works until the line breaks or `until` has come.
    pub async fn work(mut self, channel: Keyring, until: Option<Instant>) -> Client {
        while until.is_none_or(|until| Instant::now() < until) {
            let from = self.history.len();
            match self.trade {
                Trade::Cases => self.step(&channel).await,
                Trade::Publications => self.publish(&channel).await,
                Trade::Directory => {
                    let change = self.update_unit();
                    self.say(&channel, change, Expected::Done(directory::State::Active.into())).await;
                }
            }
            if self.history[from..].iter().any(Told::is_unknown) {
                break;
            }
        }
        self
    }

    /// Says again what nobody answered, as it was; gives how much that was.
    pub async fn say_again(&mut self, channel: &Keyring) -> usize {
        let unknown: Vec<usize> = (0..self.history.len()).filter(|i| self.history[*i].is_unknown()).collect();
        for i in &unknown {
            let outcome = Outcome::of(self.history[*i].change.send(channel).await);
            let told = &mut self.history[*i];
            told.before.get_or_insert(std::mem::replace(&mut told.outcome, outcome));
            told.returned = Instant::now();
            self.learn(*i);
        }
        unknown.len()
    }

    async fn step(&mut self, channel: &Keyring) {
        if self.cases.is_empty() || self.cases.len() < HANDS && self.dice.random_bool(0.3) {
            return self.receive(channel).await;
        }
        let at = self.dice.random_range(0..self.cases.len());
        if self.dice.random_bool(0.08) {
            let (change, expected) = self.mistake(at);
            return self.say(channel, change, expected).await;
        }
        if self.cases[at].state == State::Accepted && self.dice.random_bool(0.1) {
            return self.race(channel, at).await;
        }
        let (change, state) = self.next(at);
        self.say(channel, change, Expected::Done(state.into())).await;
        if self.dice.random_bool(0.2) {
            self.look(channel, at).await;
        }
    }

    /// Sends a change once, twice at the same time, or hangs up on it and sends it again.
    pub(super) async fn say(&mut self, channel: &Keyring, change: Change, expected: Expected) {
        let called = Instant::now();
        let outcome = match self.dice.random_range(0..20) {
            0 => {
                let (first, second) = tokio::join!(change.send(channel), change.send(channel));
                match (Outcome::of(first), Outcome::of(second)) {
                    (Outcome::Unknown(_), other) | (other, Outcome::Unknown(_)) => other,
                    (first, second) if first == second => first,
                    (first, second) => {
                        self.stale.push(format!("the same request was answered {first:?} and {second:?}"));
                        first
                    }
                }
            }
            1 => {
                let patience = Duration::from_micros(self.dice.random_range(0..4_000));
                match tokio::time::timeout(patience, change.send(channel)).await {
                    Ok(answer) => Outcome::of(answer),
                    Err(_) => Outcome::of(change.send(channel).await),
                }
            }
            _ => Outcome::of(change.send(channel).await),
        };
        self.note(change, expected, outcome, called);
    }

    fn note(&mut self, change: Change, expected: Expected, outcome: Outcome, called: Instant) {
        let (id, division) = (change.request_id(), self.centre.code.clone());
        self.history.push(Told {
            id,
            change,
            division,
            expected,
            outcome,
            before: None,
            called,
            returned: Instant::now(),
        });
        self.learn(self.history.len() - 1);
    }

    /// Takes over what an answer says of the case.
    fn learn(&mut self, i: usize) {
        let Told { change, outcome: Outcome::Done(Answer { noun, state, etag }), .. } = &self.history[i] else {
            return;
        };
        self.answered.fetch_add(1, Ordering::Relaxed);
        if change.service() == "disclosure" {
            let created_by = if let Change::Draft(request) = change { Some(request.author.clone()) } else { None };
            let (noun, state, etag) = (noun.clone(), *state, etag.clone());
            return self.learn_paper(&noun, state, &etag, created_by.as_deref());
        }
        let state = State::try_from(*state).unwrap_or_default();
        if let Change::Receive(request) = change {
            let unit =
                UNITS.into_iter().find(|unit| request.clerk == self.centre.clerk(unit)).expect("one of the units");
            let (name, etag) = (noun.clone(), etag.clone());
            self.cases.push(Held { name, unit, state, etag, supplemented: false, extended: false, stops: 0 });
        } else if let Some(case) = self.cases.iter_mut().find(|case| case.name == *noun) {
            (case.state, case.etag) = (state, etag.clone());
            match change {
                Change::AskSupplement(_) => case.supplemented = true,
                Change::Extend(_) => case.extended = true,
                Change::Suspend(_) => case.stops += 1,
                _ => {}
            }
        }
        let over = [State::Issued, State::Refused, State::Withdrawn, State::Terminated];
        self.cases.retain(|case| !over.contains(&case.state));
    }

    async fn receive(&mut self, channel: &Keyring) {
        let unit = *UNITS.choose(&mut self.dice).expect("two units");
        let mut request = self.centre.receipt(unit);
        request.request_id = self.request_id();
        let mut state = State::Received;
        match self.dice.random_range(0..10) {
            0 => {
                request.item = self.centre.instant_item(unit);
                request.on_the_spot = Some(pb::OnTheSpot { document_number: "示证1号".to_owned() });
                state = State::Granted;
            }
            1..=3 => {
                request.accept_now = true;
                state = State::Accepted;
            }
            _ => {}
        }
        self.say(channel, Change::Receive(Box::new(request)), Expected::Done(state.into())).await;
    }

    /// A step that the case's state allows, and the state after it.
    fn next(&mut self, at: usize) -> (Change, State) {
        let case = self.cases[at].clone();
        let (name, clerk, officer) = (case.name.clone(), self.centre.clerk(case.unit), self.centre.officer(case.unit));
        let etag = if self.dice.random_bool(0.5) { case.etag.clone() } else { String::new() };
        let (request_id, lot) = (self.request_id(), self.dice.random_range(0..100));
        match case.state {
            State::Received if lot < 10 && !case.supplemented => {
                let demands =
                    vec![pb::SupplementDemand { material: "M2".into(), what: "未提交".into(), met: false }];
                let request = pb::RequestSupplementRequest { name, clerk, demands, etag, request_id };
                (Change::AskSupplement(request), State::SupplementPending)
            }
            State::Received if lot < 15 => {
                let (kind, reason) = (pb::RefusalKind::NotRequired.into(), "依法不需要取得许可".to_owned());
                let request = pb::RefuseCaseRequest {
                    name,
                    clerk,
                    kind,
                    reason,
                    competent_agency: String::new(),
                    etag,
                    request_id,
                };
                (Change::Refuse(request), State::Refused)
            }
            State::Received if lot < 22 => (self.withdraw(&case), State::Withdrawn),
            State::Received => {
                (Change::Accept(pb::AcceptCaseRequest { name, clerk, etag, request_id }), State::Accepted)
            }
            State::SupplementPending => {
                let (window, materials) = (self.centre.accepting(), vec![ticked("M2")]);
                let request = pb::SupplementCaseRequest { name, window, clerk, materials, etag, request_id };
                (Change::Supplement(request), State::Received)
            }
            State::Accepted if lot < 12 && case.stops < 3 => {
                let cause = pb::SuspensionCause::Inspection.into();
                let request = pb::SuspendCaseRequest {
                    name,
                    officer,
                    cause,
                    etag,
                    request_id,
                    notice_number: "示检1号".to_owned(),
                    needed_days: 3,
                    first_day: String::new(),
                };
                (Change::Suspend(request), State::Suspended)
            }
            State::Accepted if lot < 24 && !case.extended => {
                let (approver, reason) = (self.centre.head(case.unit), "情况复杂".to_owned());
                (Change::Extend(pb::ExtendCaseRequest { name, approver, reason, etag, request_id }), State::Accepted)
            }
            State::Accepted if lot < 29 => {
                let reason = "申请人已注销".to_owned();
                (
                    Change::Terminate(pb::TerminateCaseRequest { name, officer, reason, etag, request_id }),
                    State::Terminated,
                )
            }
            State::Accepted => {
                let grant = lot < 85;
                (self.decide(&case, grant, etag), if grant { State::Granted } else { State::Denied })
            }
            State::Suspended => {
                let last_day = String::new();
                (Change::Resume(pb::ResumeCaseRequest { name, officer, last_day, etag, request_id }), State::Accepted)
            }
            _ => {
                let (window, recipient) = (self.centre.issuing(), Some(recipient()));
                (
                    Change::Issue(pb::IssueCaseRequest { name, window, clerk, recipient, etag, request_id }),
                    State::Issued,
                )
            }
        }
    }

    fn decide(&mut self, case: &Held, grant: bool, etag: String) -> Change {
        Change::Decide(pb::DecideCaseRequest {
            name: case.name.clone(),
            officer: self.centre.officer(case.unit),
            grant,
            reasons: if grant { String::new() } else { "不符合法定条件".to_owned() },
            document_number: "示许1号".to_owned(),
            etag,
            request_id: self.request_id(),
        })
    }

    fn withdraw(&mut self, case: &Held) -> Change {
        let (name, clerk, request_id) = (case.name.clone(), self.centre.clerk(case.unit), self.request_id());
        Change::Withdraw(pb::WithdrawCaseRequest {
            name,
            clerk,
            reason: "申请人撤回".into(),
            etag: String::new(),
            request_id,
        })
    }

    /// A decision and a withdrawal at the same time: exactly one of them comes about.
    async fn race(&mut self, channel: &Keyring, at: usize) {
        let case = self.cases[at].clone();
        let (decide, withdraw) = (self.decide(&case, true, String::new()), self.withdraw(&case));
        let called = Instant::now();
        let (first, second) = tokio::join!(decide.send(channel), withdraw.send(channel));
        let (first, second) = (Outcome::of(first), Outcome::of(second));
        let done = |outcome: &Outcome| matches!(outcome, Outcome::Done(_));
        let known = |outcome: &Outcome| !matches!(outcome, Outcome::Unknown(_));
        if known(&first) && known(&second) && done(&first) == done(&second) {
            self.stale.push(format!("{} was decided and withdrawn: {first:?}, {second:?}", case.name));
        }
        self.note(decide, Expected::Either(State::Granted.into(), STATE), first, called);
        self.note(withdraw, Expected::Either(State::Withdrawn.into(), STATE), second, called);
    }

    /// What must be refused, and why.
    fn mistake(&mut self, at: usize) -> (Change, Expected) {
        let case = self.cases[at].clone();
        let (name, clerk, request_id) = (case.name.clone(), self.centre.clerk(case.unit), self.request_id());
        match self.dice.random_range(0..3) {
            0 => {
                let (window, recipient) = (self.centre.accepting(), Some(recipient()));
                let etag = String::new();
                let request = pb::IssueCaseRequest { name, window, clerk, recipient, etag, request_id };
                (
                    Change::Issue(request),
                    Expected::Refused(&["CASE_STATE", "WINDOWS_NOT_APART", "WINDOW_DOES_NOT_ISSUE"]),
                )
            }
            1 => {
                let request = pb::AcceptCaseRequest { name, clerk, etag: "\"0\"".to_owned(), request_id };
                (Change::Accept(request), Expected::Refused(&["ETAG_STALE"]))
            }
            _ => {
                let mut request = self.centre.receipt(case.unit);
                request.request_id = request_id;
                request.clerk = self.centre.of("people", "NOBODY");
                (Change::Receive(Box::new(request)), Expected::Refused(&["PERSON_NOT_FOUND"]))
            }
        }
    }

    fn update_unit(&mut self) -> Change {
        let code = UNITS.choose(&mut self.dice).expect("two units");
        let mut unit = self.centre.unit(code);
        unit.phone = format!("0371-{:08}", self.dice.random_range(0..100_000_000));
        let request_id = self.request_id();
        Change::UpdateUnit(Box::new(directory::UpdateUnitRequest { unit: Some(unit), request_id }))
    }

    /// A caller reads its own writes.
    async fn look(&mut self, channel: &Keyring, at: usize) {
        let Some(case) = self.cases.get(at).cloned() else { return };
        // A broken line tells nothing here; the next change will note it.
        let request = pb::GetCaseRequest { name: case.name.clone() };
        match CaseServiceClient::new(channel.clone()).get_case(request).await {
            Ok(seen) => {
                let seen = seen.into_inner();
                if seen.etag != case.etag || seen.state() != case.state {
                    self.stale.push(format!(
                        "{} was answered {:?}, then read as {:?}",
                        case.name,
                        case.state,
                        seen.state()
                    ));
                }
            }
            Err(status) if status.code() == tonic::Code::NotFound => {
                self.stale.push(format!("{} was answered {:?}, then not found", case.name, case.state));
            }
            Err(_) => {}
        }
    }

    pub(super) fn request_id(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.dice.random()).into_uuid().to_string()
    }
}
