//! For each method a request that would be done as it stands, so that a canary at one of its fields gets as far as that
//! field goes. A method that is not here is asked with what its rule looks at.

use prost::Message;
use proto::{
    directory::v1::{self as directory, credential_service_client::CredentialServiceClient},
    gateway::v1 as gateway,
    intake::v1::{
        self as pb, attachment_service_client::AttachmentServiceClient, case_service_client::CaseServiceClient,
    },
    journal::v1::{self as journal, log_service_client::LogServiceClient},
    rule::Rule,
};
use sha2::{Digest, Sha256};

use super::{contract::with, disclosure, duty, figure, send::Hall};
use crate::house::centre::{recipient, request_id, ticked};

/// An etag that nothing has ever had: what must not happen is not done, and everything else of the request is looked at.
const STALE: &str = "stale";
const UNIT: &str = "012";

/// The messages of a request. `at` is the field where the canary will be.
pub async fn request(hall: &Hall, rule: &Rule, at: &[u32]) -> Vec<Vec<u8>> {
    let method = rule.path.rsplit('/').next().unwrap_or_default();
    if let Some(messages) = disclosure::request(hall, rule.path, at).await {
        return messages;
    }
    if let Some(message) = step(hall, method).await {
        return vec![message];
    }
    if let Some(message) = duty::request(hall, method, at).await {
        return vec![message];
    }
    if method == "UploadAttachment" {
        return upload(hall).await;
    }
    if let Some(message) = log(hall, method).await {
        return vec![message];
    }
    if let Some(message) = figure::request(hall, method).await {
        return vec![message];
    }
    let message = directory_request(hall, method).or_else(|| credential(hall, method)).or_else(|| item(hall, method));
    let message = message.or_else(|| reading(hall, method));
    match (message, method) {
        (Some(message), _) => vec![message],
        (None, "ReceiveCase") => vec![receipt(hall, at.first() == Some(&9))],
        (None, "RevokeCredential") => vec![revocation(hall).await],
        (None, "EnrolTerminal") => vec![enrolment(hall).await],
        (None, "TrackCase") => vec![tracking(hall).await],
        (None, _) if rule.resource.is_empty() => vec![Vec::new()],
        (None, _) => vec![with(&[], rule.resource, hall.centre.name().as_bytes())],
    }
}

/// What LogService tells once a head is signed.
async fn log(hall: &Hall, method: &str) -> Option<Vec<u8>> {
    let parent = hall.centre.name();
    let message = match method {
        "GetTreeHead" => journal::GetTreeHeadRequest { parent: parent.clone() }.encode_to_vec(),
        "ListTreeHeads" => {
            journal::ListTreeHeadsRequest { parent: parent.clone(), ..Default::default() }.encode_to_vec()
        }
        "SignTreeHead" => journal::SignTreeHeadRequest { parent: parent.clone() }.encode_to_vec(),
        "GetInclusionProof" => {
            journal::GetInclusionProofRequest { parent: parent.clone(), seq: 1, size: 0 }.encode_to_vec()
        }
        "GetConsistencyProof" => {
            journal::GetConsistencyProofRequest { parent: parent.clone(), from_size: 1, to_size: 0 }.encode_to_vec()
        }
        "CheckLog" => journal::CheckLogRequest { parent: parent.clone() }.encode_to_vec(),
        _ => return None,
    };
    let mut sign = tonic::Request::new(journal::SignTreeHeadRequest { parent });
    sign.metadata_mut().insert("yizhan-service", "intake".parse().expect("a plain word"));
    LogServiceClient::new(hall.town.ring.clone()).sign_tree_head(sign).await.expect("signed");
    Some(message)
}

fn receipt(hall: &Hall, on_the_spot: bool) -> Vec<u8> {
    let mut request = hall.centre.receipt(UNIT);
    if on_the_spot {
        request.item = hall.centre.instant_item(UNIT);
        request.on_the_spot = Some(pb::OnTheSpot::default());
    }
    request.encode_to_vec()
}

/// A step of a case that is in the state for it.
async fn step(hall: &Hall, method: &str) -> Option<Vec<u8>> {
    let centre = &hall.centre;
    let (clerk, officer) = (centre.clerk(UNIT), centre.officer(UNIT));
    let (window, request_id) = (centre.accepting(), request_id());
    let reason = "依法".to_owned();
    Some(match method {
        "RequestSupplement" => {
            let name = case(hall, false).await;
            let demand = pb::SupplementDemand { material: "M1".into(), what: "缺少公章".into(), met: false };
            pb::RequestSupplementRequest { name, clerk, demands: vec![demand], request_id, ..Default::default() }
                .encode_to_vec()
        }
        "SupplementCase" => {
            let name = case(hall, false).await;
            let demand = pb::SupplementDemand { material: "M1".into(), what: "缺少公章".into(), met: false };
            let demands = vec![demand];
            let ask = pb::RequestSupplementRequest {
                name: name.clone(),
                clerk: clerk.clone(),
                demands,
                request_id: request_id.clone(),
                ..Default::default()
            };
            hall.cases().request_supplement(ask).await.expect("asked");
            let (materials, request_id) = (vec![ticked("M1")], crate::house::centre::request_id());
            pb::SupplementCaseRequest { name, window, clerk, materials, request_id, ..Default::default() }
                .encode_to_vec()
        }
        "AcceptCase" => {
            let name = case(hall, false).await;
            pb::AcceptCaseRequest { name, clerk, request_id, ..Default::default() }.encode_to_vec()
        }
        "RefuseCase" => {
            let (name, kind) = (case(hall, false).await, pb::RefusalKind::NotCompetent.into());
            let competent_agency = "示例县水利局".to_owned();
            pb::RefuseCaseRequest { name, clerk, kind, reason, competent_agency, request_id, ..Default::default() }
                .encode_to_vec()
        }
        "WithdrawCase" => {
            let name = case(hall, false).await;
            pb::WithdrawCaseRequest { name, clerk, reason, request_id, ..Default::default() }.encode_to_vec()
        }
        "SuspendCase" => suspension(case(hall, true).await, officer).encode_to_vec(),
        "ResumeCase" => {
            let name = case(hall, true).await;
            hall.cases().suspend_case(suspension(name.clone(), officer.clone())).await.expect("suspended");
            pb::ResumeCaseRequest { name, officer, request_id, ..Default::default() }.encode_to_vec()
        }
        "ExtendCase" => {
            let (name, approver) = (case(hall, true).await, centre.head(UNIT));
            pb::ExtendCaseRequest { name, approver, reason, request_id, ..Default::default() }.encode_to_vec()
        }
        "DecideCase" => decision(case(hall, true).await, officer).encode_to_vec(),
        "TerminateCase" => {
            let name = case(hall, true).await;
            pb::TerminateCaseRequest { name, officer, reason, request_id, ..Default::default() }.encode_to_vec()
        }
        "IssueCase" => {
            let (name, window) = (case(hall, true).await, centre.issuing());
            hall.cases().decide_case(decision(name.clone(), officer)).await.expect("decided");
            let recipient = Some(recipient());
            pb::IssueCaseRequest { name, window, clerk, recipient, request_id, ..Default::default() }.encode_to_vec()
        }
        "GetCase" => pb::GetCaseRequest { name: case(hall, false).await }.encode_to_vec(),
        "GetCaseReceipt" => pb::GetCaseReceiptRequest { name: case(hall, false).await }.encode_to_vec(),
        "ExplainDeadline" => {
            let clock = pb::CaseClock::Legal.into();
            pb::ExplainDeadlineRequest { name: case(hall, true).await, clock }.encode_to_vec()
        }
        "DownloadAttachment" => {
            let parts = upload(hall).await.into_iter();
            let parts: Vec<_> =
                parts.map(|part| pb::UploadAttachmentRequest::decode(&*part).expect("a part")).collect();
            let mut attachments = AttachmentServiceClient::new(hall.town.ring.clone());
            let kept = attachments.upload_attachment(futures::stream::iter(parts)).await.expect("uploaded");
            pb::DownloadAttachmentRequest { name: kept.into_inner().name }.encode_to_vec()
        }
        _ => return None,
    })
}

fn suspension(name: String, officer: String) -> pb::SuspendCaseRequest {
    pb::SuspendCaseRequest {
        name,
        officer,
        cause: pb::SuspensionCause::Inspection.into(),
        notice_number: "示中字1号".into(),
        needed_days: 3,
        request_id: request_id(),
        ..Default::default()
    }
}

fn decision(name: String, officer: String) -> pb::DecideCaseRequest {
    pb::DecideCaseRequest {
        name,
        officer,
        grant: true,
        document_number: "示证1号".into(),
        request_id: request_id(),
        ..Default::default()
    }
}

async fn case(hall: &Hall, accept_now: bool) -> String {
    let receipt = pb::ReceiveCaseRequest { accept_now, ..hall.centre.receipt(UNIT) };
    hall.cases().receive_case(receipt).await.expect("received").into_inner().name
}

async fn tracking(hall: &Hall) -> Vec<u8> {
    let case = hall.cases().receive_case(hall.centre.receipt(UNIT)).await.expect("received").into_inner();
    pb::TrackCaseRequest { number: case.number, query_code: case.query_code }.encode_to_vec()
}

async fn upload(hall: &Hall) -> Vec<Vec<u8>> {
    use pb::upload_attachment_request::Part;
    let file = format!("%PDF-1.4\n% {}\n", request_id()).into_bytes();
    let header = pb::UploadHeader {
        parent: case(hall, false).await,
        file_name: "材料.pdf".into(),
        media_type: "application/pdf".into(),
        sha256: Sha256::digest(&file).to_vec(),
        size_bytes: file.len() as i64,
        material: "M1".into(),
        clerk: hall.centre.clerk(UNIT),
        request_id: request_id(),
    };
    let part = |part| pb::UploadAttachmentRequest { part: Some(part) }.encode_to_vec();
    vec![part(Part::Header(header)), part(Part::Chunk(file))]
}

fn directory_request(hall: &Hall, method: &str) -> Option<Vec<u8>> {
    let (centre, request_id, etag) = (&hall.centre, request_id(), STALE.to_owned());
    let old = |collection: &str, code: &str| centre.of(collection, code);
    Some(match method {
        "CreateDivision" => {
            let division = division(format!("divisions/{:06}", 500_000 + hall.next()));
            directory::CreateDivisionRequest { division: Some(division), request_id }.encode_to_vec()
        }
        "UpdateDivision" => {
            let division = division("divisions/410224".into());
            directory::UpdateDivisionRequest { division: Some(division), request_id }.encode_to_vec()
        }
        "DeactivateDivision" => {
            directory::DeactivateDivisionRequest { name: "divisions/410224".into(), etag, request_id }.encode_to_vec()
        }
        "CreateUnit" => directory::CreateUnitRequest { unit: Some(new_unit(hall)), request_id }.encode_to_vec(),
        "UpdateUnit" => directory::UpdateUnitRequest { unit: Some(centre.unit("023")), request_id }.encode_to_vec(),
        "DeactivateUnit" => {
            directory::DeactivateUnitRequest { name: old("units", "023"), etag, request_id }.encode_to_vec()
        }
        "CreateWindow" => {
            let window = window(old("windows", &format!("N{}", hall.next())));
            directory::CreateWindowRequest { window: Some(window), request_id }.encode_to_vec()
        }
        "UpdateWindow" => {
            let window = window(old("windows", "Z01"));
            directory::UpdateWindowRequest { window: Some(window), request_id }.encode_to_vec()
        }
        "DeactivateWindow" => {
            directory::DeactivateWindowRequest { name: old("windows", "Z01"), etag, request_id }.encode_to_vec()
        }
        "CreatePerson" => {
            let person = person(hall, &format!("N{}", hall.next()));
            directory::CreatePersonRequest { person: Some(person), request_id }.encode_to_vec()
        }
        "UpdatePerson" => {
            directory::UpdatePersonRequest { person: Some(person(hall, "Z01")), request_id }.encode_to_vec()
        }
        "DeactivatePerson" => {
            directory::DeactivatePersonRequest { name: old("people", "Z01"), etag, request_id }.encode_to_vec()
        }
        "ImportDirectory" => everything_new(hall).encode_to_vec(),
        "ImportNotice" => {
            let notice = directory::Notice {
                year: 2100 + hall.next() as i32 % 100,
                version: 1 + hall.next() as i32,
                document: "示发〔2100〕1号".into(),
                off: vec![directory::DateSpan::default()],
                source: "https://example.org".into(),
                ..Default::default()
            };
            let day = format!("{}-01-01", notice.year);
            let off = vec![directory::DateSpan { first: day.clone(), last: day }];
            let notice = directory::Notice { off, ..notice };
            directory::ImportNoticeRequest { notice: Some(notice), request_id }.encode_to_vec()
        }
        _ => return None,
    })
}

/// What the hall needs besides its centre, and with new codes what an import brings.
pub fn everything_new(hall: &Hall) -> directory::ImportDirectoryRequest {
    directory::ImportDirectoryRequest {
        parent: hall.centre.name(),
        units: vec![new_unit(hall)],
        windows: vec![window(hall.centre.of("windows", &format!("N{}", hall.next())))],
        people: vec![person(hall, &format!("N{}", hall.next()))],
        request_id: request_id(),
        ..Default::default()
    }
}

fn division(name: String) -> directory::Division {
    directory::Division { name, display_name_zh: "示例县".into(), ..Default::default() }
}

fn new_unit(hall: &Hall) -> directory::Unit {
    hall.centre.unit(&format!("{:03}", 100 + hall.next_unit()))
}

pub fn window(name: String) -> directory::Window {
    directory::Window { name, display_name_zh: "窗口".into(), accepts: true, ..Default::default() }
}

pub fn person(hall: &Hall, code: &str) -> directory::Person {
    directory::Person {
        name: hall.centre.of("people", code),
        display_name: "某某".into(),
        unit: hall.centre.of("units", UNIT),
        rank: directory::Rank::Staff.into(),
        ..Default::default()
    }
}

fn credential(hall: &Hall, method: &str) -> Option<Vec<u8>> {
    let (centre, request_id) = (&hall.centre, request_id());
    let person = centre.of("people", "Z01");
    let signing_request_pem = hall.signing_request.clone();
    Some(match method {
        "CreateTerminal" => new_terminal(hall).encode_to_vec(),
        "CreateSystem" => directory::CreateSystemRequest {
            parent: centre.name(),
            system_id: format!("N{}", hall.next()),
            display_name: "省平台".into(),
            signing_request_pem,
            assertion_key: hall.assertion_key.clone(),
            request_id,
        }
        .encode_to_vec(),
        "RenewCertificate" => directory::RenewCertificateRequest { signing_request_pem }.encode_to_vec(),
        "SetPassword" => directory::SetPasswordRequest { person, password: "correct horse battery".into(), request_id }
            .encode_to_vec(),
        "SignIn" => directory::SignInRequest { person, password: "wrong horse battery".into() }.encode_to_vec(),
        _ => return None,
    })
}

fn new_terminal(hall: &Hall) -> directory::CreateTerminalRequest {
    directory::CreateTerminalRequest {
        parent: hall.centre.name(),
        terminal_id: format!("N{}", hall.next()),
        window: hall.centre.accepting(),
        request_id: request_id(),
    }
}

async fn revocation(hall: &Hall) -> Vec<u8> {
    let mut credentials = CredentialServiceClient::new(hall.town.ring.clone());
    let made = credentials.create_terminal(new_terminal(hall)).await.expect("created").into_inner();
    let name = made.terminal.expect("a terminal").name;
    directory::RevokeCredentialRequest { name, reason: "丢失".into(), request_id: request_id() }.encode_to_vec()
}

async fn enrolment(hall: &Hall) -> Vec<u8> {
    let mut credentials = CredentialServiceClient::new(hall.town.ring.clone());
    let made = credentials.create_terminal(new_terminal(hall)).await.expect("created").into_inner();
    let (name, signing_request_pem) = (made.terminal.expect("a terminal").name, hall.signing_request.clone());
    directory::EnrolTerminalRequest { name, enrolment_code: made.enrolment_code, signing_request_pem }.encode_to_vec()
}

fn item(hall: &Hall, method: &str) -> Option<Vec<u8>> {
    let (centre, request_id) = (&hall.centre, request_id());
    let named = |name| pb::Item { name, text: Some(guide(hall)), ..Default::default() };
    Some(match method {
        "CreateItem" => {
            let item = named(centre.of("items", &format!("410223-012-N{}", hall.next())));
            pb::CreateItemRequest { item: Some(item), request_id }.encode_to_vec()
        }
        "ReviseItem" => {
            let item = named(centre.promised_item("023"));
            pb::ReviseItemRequest { item: Some(item), request_id }.encode_to_vec()
        }
        "RetireItem" => {
            let (name, etag) = (centre.promised_item("023"), STALE.into());
            pb::RetireItemRequest { name, etag, request_id }.encode_to_vec()
        }
        "MandateItem" => pb::MandateItemRequest {
            name: centre.instant_item("012"),
            leader: centre.head("012"),
            officer: centre.officer("012"),
            document_number: "示授2号".into(),
            request_id,
            ..Default::default()
        }
        .encode_to_vec(),
        _ => return None,
    })
}

/// The guide to an item, with something in every list.
fn guide(hall: &Hall) -> pb::ItemText {
    let mut guide = hall.guide.clone();
    guide.faq = vec![pb::Faq { question: "几天".into(), answer: "六天".into() }];
    guide
}

/// Reads, where the whole request is not what its rule looks at.
fn reading(hall: &Hall, method: &str) -> Option<Vec<u8>> {
    let parent = hall.centre.name();
    let period = Some(gateway::Period { first: "2026-01-01".into(), last: "2026-12-31".into() });
    let selection = Some(gateway::Selection::default());
    Some(match method {
        "GetFigures" => {
            let group_by = gateway::GroupBy::Unit.into();
            gateway::GetFiguresRequest { parent, period, group_by, selection }.encode_to_vec()
        }
        "AdvanceClock" => hall.duty.advancing(1).encode_to_vec(),
        "GetDisclosureFigures" => {
            let group_by = gateway::GroupBy::Unit.into();
            gateway::GetDisclosureFiguresRequest { parent, period, group_by, ..Default::default() }.encode_to_vec()
        }
        "GetDutyFigures" => gateway::GetDutyFiguresRequest { parent, period, ..Default::default() }.encode_to_vec(),
        "ListFigureCases" => {
            let figure = gateway::Figure::Received.into();
            gateway::ListFigureCasesRequest { parent, period, figure, selection, ..Default::default() }.encode_to_vec()
        }
        "ListCases" => {
            pb::ListCasesRequest { parent, filter: "state = RECEIVED".into(), ..Default::default() }.encode_to_vec()
        }
        "ListInbox" => {
            let parent = hall.centre.of("units", UNIT);
            pb::ListInboxRequest { parent, ..Default::default() }.encode_to_vec()
        }
        "ListCredentials" => directory::ListCredentialsRequest { parent, ..Default::default() }.encode_to_vec(),
        "ListUnits" => directory::ListUnitsRequest { parent, ..Default::default() }.encode_to_vec(),
        "ListWindows" => directory::ListWindowsRequest { parent, ..Default::default() }.encode_to_vec(),
        "ListItems" => pb::ListItemsRequest { parent, ..Default::default() }.encode_to_vec(),
        "GetDivision" => directory::GetDivisionRequest { name: parent }.encode_to_vec(),
        "GetYear" => directory::GetYearRequest { year: 2026 }.encode_to_vec(),
        "RotateSigningKey" => directory::RotateSigningKeyRequest { request_id: request_id() }.encode_to_vec(),
        "ReadEntries" => {
            let division = hall.centre.code.clone();
            let after = vec![journal::Position { division: division.clone(), seq: 1 }];
            journal::ReadEntriesRequest { after, division, tail: false }.encode_to_vec()
        }
        "GetItem" => pb::GetItemRequest { name: hall.centre.promised_item(UNIT) }.encode_to_vec(),
        "GetUnit" => directory::GetUnitRequest { name: hall.centre.of("units", UNIT) }.encode_to_vec(),
        "GetWindow" => directory::GetWindowRequest { name: hall.centre.accepting() }.encode_to_vec(),
        "GetPerson" => directory::GetPersonRequest { name: hall.centre.clerk(UNIT) }.encode_to_vec(),
        "ComputeDueDate" => {
            let span = directory::DateSpan { first: "2026-06-03".into(), last: "2026-06-04".into() };
            let (day0, suspensions) = ("2026-06-01".into(), vec![span]);
            directory::ComputeDueDateRequest { day0, limit_days: 10, suspensions, ..Default::default() }.encode_to_vec()
        }
        _ => return None,
    })
}

impl Hall {
    pub fn cases(&self) -> CaseServiceClient<kit::keyring::Keyring> {
        CaseServiceClient::new(self.town.ring.clone())
    }
}
