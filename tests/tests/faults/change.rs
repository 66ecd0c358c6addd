//! A changing request, kept whole so that it can be sent again as it was.

use kit::keyring::Keyring;
use proto::{
    directory::v1::{self as directory, directory_service_client::DirectoryServiceClient},
    disclosure::v1::{
        self as disclosure, file_service_client::FileServiceClient,
        publication_service_client::PublicationServiceClient,
    },
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
    Draft(Box<disclosure::CreatePublicationRequest>),
    Rewrite(Box<disclosure::UpdatePublicationRequest>),
    File(Box<Upload>),
    Check(disclosure::CheckPublicationRequest),
    Review(disclosure::ReviewPublicationRequest),
    Approve(disclosure::ApprovePublicationRequest),
    Publish(disclosure::PublishPublicationRequest),
    Return(disclosure::ReturnPublicationRequest),
    Correct(Box<disclosure::CorrectPublicationRequest>),
    TakeDown(disclosure::WithdrawPublicationRequest),
}

/// A file on its way to a draft.
#[derive(Clone)]
pub struct Upload {
    pub header: disclosure::UploadFileHeader,
    pub file: Vec<u8>,
    pub request_id: String,
    /// How the publication stands with it: the answer tells of the file alone.
    pub stands: i32,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}, {} bytes", self.header, self.file.len())
    }
}

/// How a publication stands, as one number: by its standing and its draft.
pub fn standing(standing: disclosure::Standing, draft: disclosure::DraftState) -> i32 {
    standing as i32 * 10 + draft as i32
}

/// What a change was answered with.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Resource name.
    pub noun: String,
    /// Of a case: its state, as in the contract. Of a publication: [`standing`].
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
            Change::Draft($request) => $what,
            Change::Rewrite($request) => $what,
            Change::File($request) => $what,
            Change::Check($request) => $what,
            Change::Review($request) => $what,
            Change::Approve($request) => $what,
            Change::Publish($request) => $what,
            Change::Return($request) => $what,
            Change::Correct($request) => $what,
            Change::TakeDown($request) => $what,
        }
    };
}

impl Change {
    pub fn request_id(&self) -> Uuid {
        each!(self, request => request.request_id.parse().expect("a UUID"))
    }

    /// Whose journal tells of it.
    pub fn service(&self) -> &'static str {
        match self {
            Change::UpdateUnit(_) => "directory",
            _ if self.event().starts_with("publication.") => "disclosure",
            _ => "intake",
        }
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
            Change::Draft(_) | Change::Correct(_) => "publication.drafted",
            Change::Rewrite(_) => "publication.updated",
            Change::File(_) => "publication.filed",
            Change::Check(_) => "publication.checked",
            Change::Review(request) if request.disposal() == disclosure::Disposal::Withhold => "publication.withheld",
            Change::Review(_) => "publication.reviewed",
            Change::Approve(_) => "publication.approved",
            Change::Publish(_) => "publication.published",
            Change::Return(_) => "publication.returned",
            Change::TakeDown(_) => "publication.withdrawn",
        }
    }

    pub async fn send(&self, channel: &Keyring) -> Result<Answer, Status> {
        if let Change::UpdateUnit(request) = self {
            let unit =
                DirectoryServiceClient::new(channel.clone()).update_unit((**request).clone()).await?.into_inner();
            return Ok(Answer { noun: unit.name, state: unit.state, etag: unit.etag });
        }
        if self.service() == "disclosure" {
            return self.send_publication(channel).await;
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
            _ => unreachable!("sent above"),
        };
        let case = answer?.into_inner();
        Ok(Answer { noun: case.name, state: case.state, etag: case.etag })
    }

    async fn send_publication(&self, channel: &Keyring) -> Result<Answer, Status> {
        let mut publications = PublicationServiceClient::new(channel.clone());
        let answer = match self.clone() {
            Change::Draft(request) => publications.create_publication(*request).await,
            Change::Rewrite(request) => publications.update_publication(*request).await,
            Change::Check(request) => publications.check_publication(request).await,
            Change::Review(request) => publications.review_publication(request).await,
            Change::Approve(request) => publications.approve_publication(request).await,
            Change::Publish(request) => publications.publish_publication(request).await,
            Change::Return(request) => publications.return_publication(request).await,
            Change::Correct(request) => publications.correct_publication(*request).await,
            Change::TakeDown(request) => publications.withdraw_publication(request).await,
            Change::File(upload) => return upload.send(channel).await,
            _ => unreachable!("of another service"),
        };
        let publication = answer?.into_inner();
        let draft = publication.draft.as_ref().map_or(disclosure::DraftState::Unspecified, |draft| draft.state());
        let state = standing(publication.standing(), draft);
        Ok(Answer { noun: publication.name, state, etag: publication.etag })
    }
}

impl Upload {
    async fn send(&self, channel: &Keyring) -> Result<Answer, Status> {
        use disclosure::upload_file_request::Part;
        let chunks = self.file.chunks(64 << 10).map(|chunk| Part::Chunk(chunk.to_vec()));
        let parts: Vec<_> = [Part::Header(self.header.clone())].into_iter().chain(chunks).collect();
        let parts = parts.into_iter().map(|part| disclosure::UploadFileRequest { part: Some(part) });
        let file =
            FileServiceClient::new(channel.clone()).upload_file(futures::stream::iter(parts)).await?.into_inner();
        let noun = file.name.split("/files/").next().unwrap_or_default().to_owned();
        Ok(Answer { noun, state: self.stands, etag: String::new() })
    }

    /// Where its bytes can be had again.
    pub fn name(&self) -> String {
        let sha256: String = self.header.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}/files/{sha256}", self.header.parent)
    }
}
