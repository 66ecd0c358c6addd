//! A changing request, kept whole so that it can be sent again as it was.

use kit::keyring::Keyring;
use proto::{
    directory::v1::{self as directory, directory_service_client::DirectoryServiceClient},
    intake::v1::{self as pb, case_service_client::CaseServiceClient},
};
use tonic::Status;
use uuid::Uuid;

#[derive(Clone, Debug)]
pub enum Change {
    Receive(Box<pb::ReceiveCaseRequest>),
    AskSupplement(pb::RequestSupplementRequest),
    Supplement(pb::SupplementCaseRequest),
    Accept(pb::AcceptCaseRequest),
    Refuse(pb::RefuseCaseRequest),
    Suspend(pb::SuspendCaseRequest),
    Resume(pb::ResumeCaseRequest),
    Extend(pb::ExtendCaseRequest),
    Decide(pb::DecideCaseRequest),
    Issue(pb::IssueCaseRequest),
    Withdraw(pb::WithdrawCaseRequest),
    Terminate(pb::TerminateCaseRequest),
    UpdateUnit(Box<directory::UpdateUnitRequest>),
}

/// What a change was answered with.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Resource name.
    pub noun: String,
    /// Of a case: its state, as in the contract.
    pub state: i32,
    pub etag: String,
}

/// The same for every change.
macro_rules! each {
    ($change:expr, $request:ident => $what:expr) => {
        match $change {
            Change::Receive($request) => $what,
            Change::AskSupplement($request) => $what,
            Change::Supplement($request) => $what,
            Change::Accept($request) => $what,
            Change::Refuse($request) => $what,
            Change::Suspend($request) => $what,
            Change::Resume($request) => $what,
            Change::Extend($request) => $what,
            Change::Decide($request) => $what,
            Change::Issue($request) => $what,
            Change::Withdraw($request) => $what,
            Change::Terminate($request) => $what,
            Change::UpdateUnit($request) => $what,
        }
    };
}

impl Change {
    pub fn request_id(&self) -> Uuid {
        each!(self, request => request.request_id.parse().expect("a UUID"))
    }

    /// Whose journal tells of it.
    pub fn service(&self) -> &'static str {
        if matches!(self, Change::UpdateUnit(_)) { "directory" } else { "intake" }
    }

    /// The event by which the journal tells of it. A receipt may be told by another: accepted, or granted at once.
    pub fn event(&self) -> &'static str {
        match self {
            Change::Receive(request) if request.on_the_spot.is_some() => "case.granted_at_once",
            Change::Receive(request) if request.accept_now => "case.accepted",
            Change::Receive(_) => "case.received",
            Change::AskSupplement(_) => "case.supplement_asked",
            Change::Supplement(_) => "case.supplemented",
            Change::Accept(_) => "case.accepted",
            Change::Refuse(_) => "case.refused",
            Change::Suspend(_) => "case.suspended",
            Change::Resume(_) => "case.resumed",
            Change::Extend(_) => "case.extended",
            Change::Decide(_) => "case.decided",
            Change::Issue(_) => "case.issued",
            Change::Withdraw(_) => "case.withdrawn",
            Change::Terminate(_) => "case.terminated",
            Change::UpdateUnit(_) => "unit.updated",
        }
    }

    pub async fn send(&self, channel: &Keyring) -> Result<Answer, Status> {
        if let Change::UpdateUnit(request) = self {
            let unit =
                DirectoryServiceClient::new(channel.clone()).update_unit((**request).clone()).await?.into_inner();
            return Ok(Answer { noun: unit.name, state: unit.state, etag: unit.etag });
        }
        let mut cases = CaseServiceClient::new(channel.clone());
        let answer = match self.clone() {
            Change::Receive(request) => cases.receive_case(*request).await,
            Change::AskSupplement(request) => cases.request_supplement(request).await,
            Change::Supplement(request) => cases.supplement_case(request).await,
            Change::Accept(request) => cases.accept_case(request).await,
            Change::Refuse(request) => cases.refuse_case(request).await,
            Change::Suspend(request) => cases.suspend_case(request).await,
            Change::Resume(request) => cases.resume_case(request).await,
            Change::Extend(request) => cases.extend_case(request).await,
            Change::Decide(request) => cases.decide_case(request).await,
            Change::Issue(request) => cases.issue_case(request).await,
            Change::Withdraw(request) => cases.withdraw_case(request).await,
            Change::Terminate(request) => cases.terminate_case(request).await,
            Change::UpdateUnit(_) => unreachable!("sent above"),
        };
        let case = answer?.into_inner();
        Ok(Answer { noun: case.name, state: case.state, etag: case.etag })
    }
}
