//! Whole ways through the centre, step by step.

use kit::keyring::Keyring;
use proto::{
    disclosure::v1::{self as disclosure, publication_service_client::PublicationServiceClient},
    intake::v1::{self as pb, CaseState as State, case_service_client::CaseServiceClient},
};

use super::{
    centre::{Centre, UNITS, recipient, request_id},
    until,
};

/// From the window to issuance; gives the case's name.
pub async fn whole_case(door: &Keyring, centre: &Centre) -> String {
    let receipt = pb::ReceiveCaseRequest { accept_now: true, ..centre.receipt(UNITS[0]) };
    let name = CaseServiceClient::new(door.clone()).receive_case(receipt).await.expect("received").into_inner().name;
    finish(door, centre, &name).await;
    name
}

/// An accepted case's decision and issuance.
pub async fn finish(door: &Keyring, centre: &Centre, name: &str) {
    let mut cases = CaseServiceClient::new(door.clone());
    let decide = pb::DecideCaseRequest {
        name: name.to_owned(),
        officer: centre.officer(UNITS[0]),
        grant: true,
        request_id: request_id(),
        ..Default::default()
    };
    cases.decide_case(decide).await.expect("decided");
    let issue = pb::IssueCaseRequest {
        name: name.to_owned(),
        window: centre.issuing(),
        clerk: centre.clerk(UNITS[0]),
        recipient: Some(recipient()),
        etag: String::new(),
        request_id: request_id(),
    };
    assert_eq!(cases.issue_case(issue).await.expect("issued").into_inner().state(), State::Issued);
}

/// From the first draft to the public; gives the publication's name.
pub async fn published(door: &Keyring, centre: &Centre) -> String {
    let (mut publications, unit) = (PublicationServiceClient::new(door.clone()), UNITS[0]);
    let create = disclosure::CreatePublicationRequest {
        parent: centre.name(),
        content: Some(centre.content(unit)),
        author: centre.clerk(unit),
        request_id: request_id(),
    };
    let name = until("disclosure knows the unit and its people", || {
        let (mut publications, create) = (publications.clone(), create.clone());
        async move { publications.create_publication(create).await.ok() }
    })
    .await
    .into_inner()
    .name;
    let clerk = centre.clerk(unit);
    let check = disclosure::CheckPublicationRequest {
        name: name.clone(),
        clerk: clerk.clone(),
        request_id: request_id(),
        ..Default::default()
    };
    publications.check_publication(check).await.expect("checked");
    let review = disclosure::ReviewPublicationRequest {
        name: name.clone(),
        reviewer: centre.officer(unit),
        disposal: disclosure::Disposal::Disclose.into(),
        request_id: request_id(),
        ..Default::default()
    };
    publications.review_publication(review).await.expect("reviewed");
    let approve = disclosure::ApprovePublicationRequest {
        name: name.clone(),
        leader: centre.head(unit),
        below_bar_reason: "先行公开".into(),
        request_id: request_id(),
        ..Default::default()
    };
    publications.approve_publication(approve).await.expect("approved");
    let publish = disclosure::PublishPublicationRequest {
        name: name.clone(),
        clerk,
        request_id: request_id(),
        ..Default::default()
    };
    let published = publications.publish_publication(publish).await.expect("published").into_inner();
    assert_eq!(published.standing(), disclosure::Standing::Public);
    name
}
