//! Calls of the clerks and leaders: each as the person who acts. Request ids follow from the seed, so that a rerun repeats
//! them.

use std::time::Duration;

use futures::stream;
use kit::keyring::Keyring;
use proto::disclosure::v1::{
    self as pb, column_service_client::ColumnServiceClient, file_service_client::FileServiceClient,
    publication_service_client::PublicationServiceClient,
};
use sha2::{Digest, Sha256};
use tonic::{Code, Response, Status};

use super::{
    super::{
        county::{DIVISION, resource},
        duty,
    },
    picture,
    plan::{Course, Piece, Stage},
    text,
};
use crate::trouble;

/// Of the centre: who sets the columns, and who has judged what the suite makes itself.
const MANAGER: &str = "D01-1";
const REVIEWER: &str = "D01-2";
/// What the suite makes, and who has let it go: the county's head, or of the unit that answers for the centre.
const TRUSTED: [(&str, &str); 4] =
    [("guides", "G01"), ("decisions", "G01"), ("duty", "U012-01"), ("circulars", "U012-01")];

/// How long after the directory is loaded disclosure may know of it, and between two attempts.
const LEARNING: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

pub struct Desk {
    seed: u64,
    publications: PublicationServiceClient<Keyring>,
    columns: ColumnServiceClient<Keyring>,
    files: FileServiceClient<Keyring>,
}

impl Desk {
    pub fn new(ring: &Keyring, seed: u64) -> Desk {
        Desk {
            seed,
            publications: PublicationServiceClient::new(ring.clone()),
            columns: ColumnServiceClient::new(ring.clone()),
            files: FileServiceClient::new(ring.clone()),
        }
    }

    /// Gives the columns that the suite writes itself their standing reviews.
    pub async fn trust(&self) -> anyhow::Result<()> {
        let request = pb::ListColumnsRequest { parent: DIVISION.to_owned(), show_retired: false };
        let listed = answer("columns", "", self.columns.clone().list_columns(request).await)?;
        for (code, leader) in TRUSTED {
            let name = resource("columns", code);
            // A folder that was replayed before has it already.
            let untouched = |column: &&pb::Column| column.name == name && column.standing_review.is_none();
            let Some(column) = listed.columns.iter().find(untouched) else { continue };
            let review = pb::StandingReview {
                reviewer: resource("people", REVIEWER),
                leader: resource("people", leader),
                document_number: "尉政公开办〔2016〕1号".to_owned(),
                given_at: None,
            };
            let request = pb::SetColumnRequest {
                column: Some(pb::Column { standing_review: Some(review), ..column.clone() }),
                manager: resource("people", MANAGER),
                request_id: self.request_id("trust", code),
            };
            self.set_column(request).await?;
        }
        Ok(())
    }

    async fn set_column(&self, request: pb::SetColumnRequest) -> anyhow::Result<()> {
        let mut waited = Duration::ZERO;
        loop {
            match self.columns.clone().set_column(request.clone()).await {
                Err(status) if status.code() == Code::NotFound && waited < LEARNING => {
                    tokio::time::sleep(PAUSE).await;
                    waited += PAUSE;
                }
                done => return answer("column", "", done).map(drop),
            }
        }
    }

    /// Writes a piece, and has it checked. Answers with its name, and how many requests it took.
    pub async fn draft(&self, piece: &Piece) -> anyhow::Result<(String, u64)> {
        let of = piece.number.to_string();
        let request = pb::CreatePublicationRequest {
            parent: DIVISION.to_owned(),
            content: Some(text::content(piece, self.seed)),
            author: piece.unit.author.clone(),
            request_id: self.request_id("create", &of),
        };
        let name = answer("draft", &of, self.publications.clone().create_publication(request).await)?.name;
        if piece.picture {
            self.draw(piece, &name).await?;
        }
        self.check(piece, &name, "check").await?;
        if piece.course != Course::Returned {
            return Ok((name, 2 + u64::from(piece.picture)));
        }
        let request = pb::ReturnPublicationRequest {
            name: name.clone(),
            clerk: piece.unit.reviewer.clone(),
            reason: "请补充咨询电话并核对日期".to_owned(),
            etag: String::new(),
            request_id: self.request_id("return", &of),
        };
        answer("return", &of, self.publications.clone().return_publication(request).await)?;
        self.check(piece, &name, "check again").await?;
        Ok((name, 4 + u64::from(piece.picture)))
    }

    /// The next stage of what was drafted. Answers with how many requests it took.
    pub async fn lead_on(&self, piece: &Piece, stage: Stage, name: &str) -> anyhow::Result<u64> {
        let of = piece.number.to_string();
        match stage {
            Stage::Draft => Ok(0),
            Stage::Publish => {
                self.review(piece, name, "review").await?;
                if piece.course == Course::Withheld {
                    return Ok(1);
                }
                self.release(piece, name, "").await?;
                Ok(3)
            }
            Stage::Correct => {
                let (content, reason) = text::corrected(text::content(piece, self.seed), piece.later_on);
                let request = pb::CorrectPublicationRequest {
                    name: name.to_owned(),
                    author: piece.unit.author.clone(),
                    reason: reason.to_owned(),
                    content: Some(content),
                    etag: String::new(),
                    request_id: self.request_id("correct", &of),
                };
                answer("correction", &of, self.publications.clone().correct_publication(request).await)?;
                self.check(piece, name, "check correction").await?;
                self.review(piece, name, "review correction").await?;
                self.release(piece, name, " correction").await?;
                Ok(5)
            }
            Stage::Withdraw => {
                let request = pb::WithdrawPublicationRequest {
                    name: name.to_owned(),
                    clerk: piece.unit.author.clone(),
                    reason: "内容与新发布的信息重复，予以撤回".to_owned(),
                    etag: String::new(),
                    request_id: self.request_id("withdraw", &of),
                };
                answer("withdrawal", &of, self.publications.clone().withdraw_publication(request).await)?;
                Ok(1)
            }
        }
    }

    async fn check(&self, piece: &Piece, name: &str, what: &str) -> anyhow::Result<()> {
        let of = piece.number.to_string();
        let request = pb::CheckPublicationRequest {
            name: name.to_owned(),
            clerk: piece.unit.author.clone(),
            etag: String::new(),
            request_id: self.request_id(what, &of),
        };
        answer(what, &of, self.publications.clone().check_publication(request).await).map(drop)
    }

    async fn review(&self, piece: &Piece, name: &str, what: &str) -> anyhow::Result<()> {
        let of = piece.number.to_string();
        let request = pb::ReviewPublicationRequest {
            name: name.to_owned(),
            reviewer: piece.unit.reviewer.clone(),
            request_id: self.request_id(what, &of),
            ..verdict(piece.course)
        };
        answer(what, &of, self.publications.clone().review_publication(request).await).map(drop)
    }

    /// Approval by a leader of the unit, and publication.
    async fn release(&self, piece: &Piece, name: &str, which: &str) -> anyhow::Result<()> {
        let of = piece.number.to_string();
        let below = if piece.course == Course::Below {
            "其余内容待上级文件下发后补充，先行公开"
        } else {
            ""
        };
        let request = pb::ApprovePublicationRequest {
            name: name.to_owned(),
            leader: piece.unit.leader.clone(),
            below_bar_reason: below.to_owned(),
            etag: String::new(),
            request_id: self.request_id(&format!("approve{which}"), &of),
        };
        answer("approval", &of, self.publications.clone().approve_publication(request).await)?;
        let request = pb::PublishPublicationRequest {
            name: name.to_owned(),
            clerk: piece.unit.author.clone(),
            etag: String::new(),
            request_id: self.request_id(&format!("publish{which}"), &of),
        };
        answer("publication", &of, self.publications.clone().publish_publication(request).await).map(drop)
    }

    /// Adds the picture of the weeks before.
    async fn draw(&self, piece: &Piece, name: &str) -> anyhow::Result<()> {
        let of = piece.number.to_string();
        let bytes = picture::bars(&piece.weeks.iter().map(|(_, count)| *count).collect::<Vec<_>>())?;
        let header = pb::UploadFileHeader {
            parent: name.to_owned(),
            file_name: "weeks.png".to_owned(),
            media_type: "image/png".to_owned(),
            sha256: Sha256::digest(&bytes).to_vec(),
            size_bytes: bytes.len() as i64,
            title: "最近八周办结件数".to_owned(),
            alternative: text::alternative(piece),
            clerk: piece.unit.author.clone(),
            request_id: self.request_id("picture", &of),
        };
        let header = pb::upload_file_request::Part::Header(header);
        let chunks = bytes.chunks(64 << 10).map(|chunk| pb::upload_file_request::Part::Chunk(chunk.to_vec()));
        let parts: Vec<_> = [header].into_iter().chain(chunks).collect();
        let requests = parts.into_iter().map(|part| pb::UploadFileRequest { part: Some(part) });
        answer("picture", &of, self.files.clone().upload_file(stream::iter(requests)).await).map(drop)
    }

    fn request_id(&self, what: &str, of: &str) -> String {
        duty::request_id(self.seed, &format!("publication {what} "), of)
    }
}

/// What the reviewer says of a piece.
fn verdict(course: Course) -> pb::ReviewPublicationRequest {
    let request = pb::ReviewPublicationRequest { disposal: pb::Disposal::Disclose.into(), ..Default::default() };
    match course {
        Course::Partial => {
            let omission = pb::Omission {
                what: "个别当事人的姓名和联系方式".to_owned(),
                ground: pb::Ground::Privacy.into(),
                reason: "属于个人隐私，公开会对第三方合法权益造成损害".to_owned(),
            };
            pb::ReviewPublicationRequest {
                disposal: pb::Disposal::Partial.into(),
                omissions: vec![omission],
                ..request
            }
        }
        Course::Withheld => pb::ReviewPublicationRequest {
            disposal: pb::Disposal::Withhold.into(),
            ground: pb::Ground::Process.into(),
            reason: "属于讨论过程中的信息，尚未形成最终意见".to_owned(),
            ..request
        },
        _ => request,
    }
}

/// The answer; the demo expects no refusal at all.
fn answer<T>(what: &str, of: &str, answer: Result<Response<T>, Status>) -> anyhow::Result<T> {
    answer.map(Response::into_inner).map_err(|status| {
        let (zh, reason) = (kit::status::localized(&status), kit::status::reason(&status));
        trouble(
            format!("公开 {what}（第{of}篇）被拒绝：{zh}"),
            format!("disclosure, {what} of {of}: {:?} {reason} {}", status.code(), status.message()),
        )
    })
}
