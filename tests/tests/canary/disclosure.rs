//! For each method of disclosure a request that would be done as it stands, about a publication as far as it needs.

use base64::{Engine, prelude::BASE64_STANDARD};
use prost::Message;
use proto::disclosure::v1::{
    self as pb, column_service_client::ColumnServiceClient, file_service_client::FileServiceClient,
    publication_service_client::PublicationServiceClient,
};
use sha2::{Digest, Sha256};

use crate::{
    house::{centre::request_id, until},
    send::Hall,
    town::duty::MANAGERS,
};

const UNIT: &str = "012";

/// The messages of a request. `at` is the field where the canary will be.
pub async fn request(hall: &Hall, path: &str, at: &[u32]) -> Option<Vec<Vec<u8>>> {
    let method = path.strip_prefix("/yizhan.disclosure.v1.")?.rsplit('/').next()?;
    if method == "UploadFile" {
        let parts = upload(hall, draft(hall).await.name, at).into_iter();
        return Some(parts.map(|part| part.encode_to_vec()).collect());
    }
    let message = match site(hall, method, at) {
        Some(message) => Some(message),
        None => reading(hall, method).await,
    };
    let message = match message {
        Some(message) => Some(message),
        None => step(hall, method, at).await,
    };
    message.map(|message| vec![message])
}

fn site(hall: &Hall, method: &str, at: &[u32]) -> Option<Vec<u8>> {
    let (centre, request_id) = (&hall.centre, request_id());
    let manager = centre.of("people", MANAGERS[0]);
    Some(match method {
        "SetColumn" => {
            let review = pb::StandingReview {
                reviewer: centre.officer(UNIT),
                leader: centre.head(UNIT),
                document_number: "示公审〔2026〕1号".into(),
                ..Default::default()
            };
            let column = pb::Column {
                name: centre.of("columns", &format!("n{}", hall.next())),
                title_zh: "栏目".into(),
                title_en: "Column".into(),
                category: pb::Category::Other.into(),
                limit_days: 20,
                bar: 80,
                // Only where a canary sits in it.
                standing_review: at.starts_with(&[1, 9]).then_some(review),
                ..Default::default()
            };
            pb::SetColumnRequest { column: Some(column), manager, request_id }.encode_to_vec()
        }
        "SetRequirements" => {
            let element = pb::Element {
                code: "what".into(),
                title_zh: "内容".into(),
                title_en: "What".into(),
                ..Default::default()
            };
            let requirements = pb::Requirements {
                name: centre.of("requirements", &format!("n{}", hall.next())),
                title_zh: "要素".into(),
                title_en: "Elements".into(),
                elements: vec![element],
                basis: "示政发〔2026〕1号".into(),
                ..Default::default()
            };
            pb::SetRequirementsRequest { requirements: Some(requirements), manager, request_id }.encode_to_vec()
        }
        _ => return None,
    })
}

async fn draft(hall: &Hall) -> pb::Publication {
    draft_of(hall, hall.centre.content(UNIT)).await
}

async fn draft_of(hall: &Hall, content: pb::Content) -> pb::Publication {
    let request = pb::CreatePublicationRequest {
        parent: hall.centre.name(),
        content: Some(content),
        author: hall.centre.clerk(UNIT),
        request_id: request_id(),
    };
    publications(hall).create_publication(request).await.expect("created").into_inner()
}

/// It says less than it has to, so that a leader has to say why it goes out.
async fn checked(hall: &Hall) -> pb::Publication {
    let poor = pb::Content { summary: String::new(), body: String::new(), ..hall.centre.content(UNIT) };
    let request = checking(hall, draft_of(hall, poor).await.name);
    publications(hall).check_publication(request).await.expect("checked").into_inner()
}

async fn reviewed(hall: &Hall) -> pb::Publication {
    let request = reviewing(hall, checked(hall).await.name, &[]);
    publications(hall).review_publication(request).await.expect("reviewed").into_inner()
}

async fn approved(hall: &Hall) -> pb::Publication {
    let request = approving(hall, reviewed(hall).await.name);
    publications(hall).approve_publication(request).await.expect("approved").into_inner()
}

async fn public(hall: &Hall) -> pb::Publication {
    let request = publishing(hall, approved(hall).await.name);
    publications(hall).publish_publication(request).await.expect("published").into_inner()
}

fn checking(hall: &Hall, name: String) -> pb::CheckPublicationRequest {
    let (clerk, request_id) = (hall.centre.clerk(UNIT), request_id());
    pb::CheckPublicationRequest { name, clerk, request_id, ..Default::default() }
}

/// Disclosed; withheld or disclosed in part where the canary is in what is then said.
fn reviewing(hall: &Hall, name: String, at: &[u32]) -> pb::ReviewPublicationRequest {
    let omission =
        pb::Omission {
            what: "联系人".into(), ground: pb::Ground::Privacy.into(), reason: "涉及个人隐私".into()
        };
    let (disposal, ground, reason, omissions) = match at {
        [5] => (pb::Disposal::Withhold, pb::Ground::Process, "过程性信息".to_owned(), Vec::new()),
        [6, ..] => (pb::Disposal::Partial, pb::Ground::Unspecified, String::new(), vec![omission]),
        _ => (pb::Disposal::Disclose, pb::Ground::Unspecified, String::new(), Vec::new()),
    };
    let (disposal, ground) = (disposal.into(), ground.into());
    let (reviewer, request_id) = (hall.centre.officer(UNIT), request_id());
    pb::ReviewPublicationRequest {
        name,
        reviewer,
        disposal,
        ground,
        reason,
        omissions,
        request_id,
        ..Default::default()
    }
}

fn approving(hall: &Hall, name: String) -> pb::ApprovePublicationRequest {
    let (leader, below_bar_reason) = (hall.centre.head(UNIT), "紧急停水，先行公开".into());
    pb::ApprovePublicationRequest { name, leader, below_bar_reason, request_id: request_id(), ..Default::default() }
}

fn publishing(hall: &Hall, name: String) -> pb::PublishPublicationRequest {
    let (clerk, request_id) = (hall.centre.clerk(UNIT), request_id());
    pb::PublishPublicationRequest { name, clerk, request_id, ..Default::default() }
}

/// A text of its own, with a name that tells nothing.
fn upload(hall: &Hall, parent: String, at: &[u32]) -> Vec<pb::UploadFileRequest> {
    use pb::upload_file_request::Part;
    let file = format!("停水安排 {}\n", request_id()).into_bytes();
    // Only a picture is described.
    let (file, file_name, media_type) = match at {
        [1, 7] => (BASE64_STANDARD.decode(PICTURE).expect("base64"), "安排.png", "image/png"),
        _ => (file, "安排.txt", "text/plain"),
    };
    let header = pb::UploadFileHeader {
        parent,
        file_name: file_name.into(),
        media_type: media_type.into(),
        sha256: Sha256::digest(&file).to_vec(),
        size_bytes: file.len() as i64,
        title: "停水安排".into(),
        alternative: if at == [1, 7] { "停水范围示意图".into() } else { String::new() },
        clerk: hall.centre.clerk(UNIT),
        request_id: request_id(),
    };
    [Part::Header(header), Part::Chunk(file)].map(|part| pb::UploadFileRequest { part: Some(part) }).into()
}

/// One grey point, PNG.
const PICTURE: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";

async fn filed(hall: &Hall) -> String {
    let parts = futures::stream::iter(upload(hall, draft(hall).await.name, &[]));
    let mut files = FileServiceClient::new(hall.town.ring.clone());
    files.upload_file(parts).await.expect("uploaded").into_inner().name
}

async fn step(hall: &Hall, method: &str, at: &[u32]) -> Option<Vec<u8>> {
    let (centre, request_id) = (&hall.centre, request_id());
    let (clerk, reason) = (centre.clerk(UNIT), "更新停水时间".to_owned());
    Some(match method {
        "CreatePublication" => {
            let (parent, content) = (centre.name(), Some(centre.content(UNIT)));
            pb::CreatePublicationRequest { parent, content, author: clerk, request_id }.encode_to_vec()
        }
        "UpdatePublication" => {
            let pb::Publication { name, etag, .. } = draft(hall).await;
            let content = Some(centre.content(UNIT));
            pb::UpdatePublicationRequest { name, content, author: clerk, etag, request_id }.encode_to_vec()
        }
        "CheckPublication" => checking(hall, draft(hall).await.name).encode_to_vec(),
        "ReviewPublication" => reviewing(hall, checked(hall).await.name, at).encode_to_vec(),
        "ApprovePublication" => approving(hall, reviewed(hall).await.name).encode_to_vec(),
        "PublishPublication" => publishing(hall, approved(hall).await.name).encode_to_vec(),
        "ReturnPublication" => {
            let name = checked(hall).await.name;
            pb::ReturnPublicationRequest { name, clerk, reason, request_id, ..Default::default() }.encode_to_vec()
        }
        "CorrectPublication" => {
            let (name, content) = (public(hall).await.name, Some(centre.content(UNIT)));
            pb::CorrectPublicationRequest { name, author: clerk, reason, content, request_id, ..Default::default() }
                .encode_to_vec()
        }
        "WithdrawPublication" => {
            let name = public(hall).await.name;
            pb::WithdrawPublicationRequest { name, clerk, reason, request_id, ..Default::default() }.encode_to_vec()
        }
        "RemoveFile" => {
            let name = filed(hall).await;
            pb::RemoveFileRequest { name, clerk, request_id, ..Default::default() }.encode_to_vec()
        }
        _ => return None,
    })
}

async fn reading(hall: &Hall, method: &str) -> Option<Vec<u8>> {
    let parent = hall.centre.name();
    let selection = Some(pb::Selection { column: "notices".into(), ..Default::default() });
    Some(match method {
        "ListColumns" => pb::ListColumnsRequest { parent, ..Default::default() }.encode_to_vec(),
        "ListRequirements" => pb::ListRequirementsRequest { parent }.encode_to_vec(),
        "GetPublication" => {
            pb::GetPublicationRequest { name: public(hall).await.name, ..Default::default() }.encode_to_vec()
        }
        "ListInbox" => {
            pb::ListInboxRequest { parent: hall.centre.of("units", UNIT), ..Default::default() }.encode_to_vec()
        }
        "ListPublished" => pb::ListPublishedRequest { parent, selection, ..Default::default() }.encode_to_vec(),
        "SearchPublished" => {
            pb::SearchPublishedRequest { parent, query: "停水".into(), selection, ..Default::default() }.encode_to_vec()
        }
        "DownloadFile" => {
            // Of a draft: that is for people of the division, and the public gets what is public.
            let name = filed(hall).await;
            let publication = name.split("/files/").next()?.to_owned();
            let mut publications = publications(hall);
            publications.check_publication(checking(hall, publication.clone())).await.expect("checked");
            publications.review_publication(reviewing(hall, publication.clone(), &[])).await.expect("reviewed");
            publications.approve_publication(approving(hall, publication.clone())).await.expect("approved");
            publications.publish_publication(publishing(hall, publication)).await.expect("published");
            pb::DownloadFileRequest { name }.encode_to_vec()
        }
        _ => return None,
    })
}

fn publications(hall: &Hall) -> PublicationServiceClient<kit::keyring::Keyring> {
    PublicationServiceClient::new(hall.town.ring.clone())
}

/// Waits until disclosure knows whom it needs: it learns of people a moment after the directory.
pub async fn is_ready(hall: &Hall) {
    let last = hall.centre.of("people", MANAGERS[0]);
    until("disclosure knows the centre's people", || async {
        let column = pb::Column {
            name: hall.centre.of("columns", "first"),
            title_zh: "首个栏目".into(),
            title_en: "First column".into(),
            category: pb::Category::Other.into(),
            limit_days: 20,
            ..Default::default()
        };
        let request = pb::SetColumnRequest { column: Some(column), manager: last.clone(), request_id: request_id() };
        let set = ColumnServiceClient::new(hall.town.ring.clone()).set_column(request).await;
        match set {
            Ok(_) => Some(()),
            Err(status) if matches!(status.code(), tonic::Code::NotFound | tonic::Code::Unavailable) => None,
            Err(status) => panic!("refused: {status:?}"),
        }
    })
    .await;
}
