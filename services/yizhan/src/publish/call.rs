//! Asks the server: each command is one call, or one that reads and one that changes.

use std::{fs, path::Path};

use proto::disclosure::v1::{
    self as pb, column_service_client::ColumnServiceClient, file_service_client::FileServiceClient,
    publication_service_client::PublicationServiceClient, upload_file_request::Part,
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tonic::{Response, Status};
use uuid::Uuid;

use super::{
    Answer,
    ask::{Column, File, Review, SetColumn, Task, Which},
    draft,
};
use crate::{
    peer::Link,
    roster::json,
    trouble,
    window::{At, Line},
};

/// Files go in pieces of 64 KiB.
const CHUNK: usize = 64 << 10;
/// Entries of an inbox.
const PAGE: i32 = 200;

/// What a command needs: the line, who asks, and the server as they have it.
struct Desk<'a> {
    line: &'a Line,
    at: &'a At,
    link: Link,
}

pub async fn call(line: &Line, task: Task, at: &At) -> anyhow::Result<Answer> {
    // What the public may see needs no name.
    let person = at.clerk().ok();
    let link = line.ask(line.link(person.as_deref())).await?;
    let desk = Desk { line, at, link };
    match task {
        Task::Inbox { unit } => desk.inbox(&unit).await,
        Task::Draft { file, .. } => desk.draft(&file.unwrap_or_default()).await,
        Task::Update { id, file } => desk.update(&id, &file).await,
        Task::Show { id, edition } => desk.show(&id, edition).await,
        Task::Check { id } => desk.check(&id).await,
        Task::Review(review) => desk.review(review).await,
        Task::Approve { id, reason } => desk.approve(&id, reason).await,
        Task::Publish { id } => desk.publish(&id).await,
        Task::Return { id, reason } => desk.send_back(&id, reason).await,
        Task::Correct { id, file, reason } => desk.correct(&id, file.as_deref(), reason).await,
        Task::Withdraw { id, reason } => desk.withdraw(&id, reason).await,
        Task::File(File::Add { id, path, title, alt }) => desk.add(&id, &path, title, alt).await,
        Task::File(File::Remove { id, sha256 }) => desk.remove(&id, &sha256).await,
        Task::List(which) => desk.list(which).await,
        Task::Search { query, which } => desk.search(query, which).await,
        Task::Columns { retired } => Ok(Answer::Columns(desk.columns(retired).await?)),
        Task::Column(Column::Set(set)) => desk.set_column(set).await,
        Task::Requirements { list, set } => desk.requirements(list, set.as_deref()).await,
    }
}

fn request_id() -> String {
    Uuid::new_v4().to_string()
}

impl Desk<'_> {
    async fn ask<T>(&self, asked: impl Future<Output = Result<Response<T>, Status>>) -> anyhow::Result<T> {
        Ok(self.line.ask(asked).await?.into_inner())
    }

    async fn told(
        &self,
        asked: impl Future<Output = Result<Response<pb::Publication>, Status>>,
    ) -> anyhow::Result<Answer> {
        Ok(Answer::Publication(Box::new(self.ask(asked).await?)))
    }

    fn publications(&self) -> PublicationServiceClient<Link> {
        PublicationServiceClient::new(self.link.clone())
    }

    fn named(&self, id: &str) -> anyhow::Result<String> {
        Ok(self.at.name("publications", id)?)
    }

    async fn inbox(&self, unit: &str) -> anyhow::Result<Answer> {
        let mut request =
            pb::ListInboxRequest { parent: self.at.name("units", unit)?, page_size: PAGE, page_token: String::new() };
        let mut entries = Vec::new();
        loop {
            let page = self.ask(self.publications().list_inbox(request.clone())).await?;
            entries.extend(page.entries);
            if page.next_page_token.is_empty() {
                return Ok(Answer::Inbox(entries));
            }
            request.page_token = page.next_page_token;
        }
    }

    async fn draft(&self, file: &Path) -> anyhow::Result<Answer> {
        let request = pb::CreatePublicationRequest {
            parent: self.at.parent()?,
            content: Some(draft::read(file, self.at)?),
            author: self.at.clerk()?,
            request_id: request_id(),
        };
        self.told(self.publications().create_publication(request)).await
    }

    /// On the version as it is now.
    async fn update(&self, id: &str, file: &Path) -> anyhow::Result<Answer> {
        let name = self.named(id)?;
        let read = pb::GetPublicationRequest { name: name.clone(), edition: 0 };
        let there = self.ask(self.publications().get_publication(read)).await?;
        let request = pb::UpdatePublicationRequest {
            name,
            content: Some(draft::read(file, self.at)?),
            author: self.at.clerk()?,
            etag: there.etag,
            request_id: request_id(),
        };
        self.told(self.publications().update_publication(request)).await
    }

    async fn show(&self, id: &str, edition: i32) -> anyhow::Result<Answer> {
        let request = pb::GetPublicationRequest { name: self.named(id)?, edition };
        self.told(self.publications().get_publication(request)).await
    }

    async fn check(&self, id: &str) -> anyhow::Result<Answer> {
        let (name, clerk) = (self.named(id)?, self.at.clerk()?);
        let request = pb::CheckPublicationRequest { name, clerk, etag: String::new(), request_id: request_id() };
        self.told(self.publications().check_publication(request)).await
    }

    async fn review(&self, review: Review) -> anyhow::Result<Answer> {
        let disposal = match (review.withhold, review.partial.is_empty()) {
            (Some(_), _) => pb::Disposal::Withhold,
            (None, false) => pb::Disposal::Partial,
            (None, true) => pb::Disposal::Disclose,
        };
        let omission = |(what, ground, reason): (String, super::ask::Ground, String)| pb::Omission {
            what,
            ground: ground.wire(),
            reason,
        };
        let request = pb::ReviewPublicationRequest {
            name: self.named(&review.id)?,
            reviewer: self.at.clerk()?,
            disposal: disposal.into(),
            ground: review.withhold.map_or(0, |ground| ground.wire()),
            reason: review.reason,
            omissions: review.partial.into_iter().map(omission).collect(),
            looked_at_files: review.looked_at_files,
            etag: String::new(),
            request_id: request_id(),
        };
        self.told(self.publications().review_publication(request)).await
    }

    async fn approve(&self, id: &str, below_bar_reason: String) -> anyhow::Result<Answer> {
        let (name, leader, etag) = (self.named(id)?, self.at.clerk()?, String::new());
        let request = pb::ApprovePublicationRequest { name, leader, below_bar_reason, etag, request_id: request_id() };
        self.told(self.publications().approve_publication(request)).await
    }

    async fn publish(&self, id: &str) -> anyhow::Result<Answer> {
        let (name, clerk) = (self.named(id)?, self.at.clerk()?);
        let request = pb::PublishPublicationRequest { name, clerk, etag: String::new(), request_id: request_id() };
        self.told(self.publications().publish_publication(request)).await
    }

    async fn send_back(&self, id: &str, reason: String) -> anyhow::Result<Answer> {
        let (name, clerk, etag) = (self.named(id)?, self.at.clerk()?, String::new());
        let request = pb::ReturnPublicationRequest { name, clerk, reason, etag, request_id: request_id() };
        self.told(self.publications().return_publication(request)).await
    }

    async fn correct(&self, id: &str, file: Option<&Path>, reason: String) -> anyhow::Result<Answer> {
        let request = pb::CorrectPublicationRequest {
            name: self.named(id)?,
            author: self.at.clerk()?,
            reason,
            content: file.map(|file| draft::read(file, self.at)).transpose()?,
            etag: String::new(),
            request_id: request_id(),
        };
        self.told(self.publications().correct_publication(request)).await
    }

    async fn withdraw(&self, id: &str, reason: String) -> anyhow::Result<Answer> {
        let (name, clerk, etag) = (self.named(id)?, self.at.clerk()?, String::new());
        let request = pb::WithdrawPublicationRequest { name, clerk, reason, etag, request_id: request_id() };
        self.told(self.publications().withdraw_publication(request)).await
    }

    async fn add(&self, id: &str, path: &Path, title: String, alternative: String) -> anyhow::Result<Answer> {
        let shown = path.display();
        let bytes = fs::read(path).map_err(|error| {
            trouble(format!("{shown} 无法读取：{error}"), format!("{shown} cannot be read: {error}"))
        })?;
        let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let header = pb::UploadFileHeader {
            parent: self.named(id)?,
            media_type: media_type(path).to_owned(),
            sha256: Sha256::digest(&bytes).to_vec(),
            size_bytes: bytes.len() as i64,
            title: if title.is_empty() { file_name.clone() } else { title },
            file_name,
            alternative,
            clerk: self.at.clerk()?,
            request_id: request_id(),
        };
        let chunks: Vec<_> = bytes.chunks(CHUNK).map(|chunk| Part::Chunk(chunk.to_vec())).collect();
        let parts = std::iter::once(Part::Header(header)).chain(chunks);
        let parts = tokio_stream::iter(parts.map(|part| pb::UploadFileRequest { part: Some(part) }));
        let mut files = FileServiceClient::new(self.link.clone());
        Ok(Answer::File(self.ask(files.upload_file(parts)).await?))
    }

    async fn remove(&self, id: &str, sha256: &str) -> anyhow::Result<Answer> {
        let (name, clerk) = (format!("{}/files/{sha256}", self.named(id)?), self.at.clerk()?);
        let request = pb::RemoveFileRequest { name, clerk, etag: String::new(), request_id: request_id() };
        self.told(self.publications().remove_file(request)).await
    }

    async fn list(&self, which: Which) -> anyhow::Result<Answer> {
        let (parent, page_size) = (self.at.parent()?, which.count);
        let selection = Some(which.selection());
        let request = pb::ListPublishedRequest { parent, selection, page_size, page_token: String::new() };
        let found = self.ask(self.publications().list_published(request)).await?;
        Ok(Answer::List(found.publications, Vec::new()))
    }

    async fn search(&self, query: String, which: Which) -> anyhow::Result<Answer> {
        let (parent, page_size) = (self.at.parent()?, which.count);
        let selection = Some(which.selection());
        let request = pb::SearchPublishedRequest { parent, query, selection, page_size, page_token: String::new() };
        let found = self.ask(self.publications().search_published(request)).await?;
        Ok(Answer::List(found.publications, found.words))
    }

    async fn columns(&self, show_retired: bool) -> anyhow::Result<Vec<pb::Column>> {
        let request = pb::ListColumnsRequest { parent: self.at.parent()?, show_retired };
        let mut columns = ColumnServiceClient::new(self.link.clone());
        Ok(self.ask(columns.list_columns(request)).await?.columns)
    }

    /// On the column as it is now, or a new one.
    async fn set_column(&self, set: SetColumn) -> anyhow::Result<Answer> {
        let name = self.at.name("columns", &set.code)?;
        let fresh = || pb::Column { name: name.clone(), limit_days: 20, bar: 80, ..Default::default() };
        let mut column = self.columns(true).await?.into_iter().find(|there| there.name == name).unwrap_or_else(fresh);
        let people = |code: &Option<String>| self.at.name("people", code.as_deref().unwrap_or_default());
        if let Some(document_number) = &set.standing_review {
            column.standing_review = Some(pb::StandingReview {
                reviewer: people(&set.reviewer)?,
                leader: people(&set.leader)?,
                document_number: document_number.clone(),
                given_at: None,
            });
        }
        if set.no_standing_review {
            column.standing_review = None;
        }
        column.title_zh = set.title.unwrap_or(column.title_zh);
        column.title_en = set.title_en.unwrap_or(column.title_en);
        column.category = set.category.unwrap_or(column.category);
        column.requirements = set.requirements.unwrap_or(column.requirements);
        column.limit_days = set.limit.unwrap_or(column.limit_days);
        column.rank = set.rank.unwrap_or(column.rank);
        column.bar = set.bar.unwrap_or(column.bar);
        column.retired = set.retired.unwrap_or(column.retired);
        let request =
            pb::SetColumnRequest { column: Some(column), manager: self.at.clerk()?, request_id: request_id() };
        let mut columns = ColumnServiceClient::new(self.link.clone());
        Ok(Answer::Columns(vec![self.ask(columns.set_column(request)).await?]))
    }

    async fn requirements(&self, list: Option<String>, set: Option<&Path>) -> anyhow::Result<Answer> {
        let mut columns = ColumnServiceClient::new(self.link.clone());
        if let Some(file) = set {
            let request = pb::SetRequirementsRequest {
                requirements: Some(read_requirements(file)?),
                manager: self.at.clerk()?,
                request_id: request_id(),
            };
            return Ok(Answer::Requirements(vec![self.ask(columns.set_requirements(request)).await?]));
        }
        let request = pb::ListRequirementsRequest { parent: self.at.parent()? };
        let mut lists = self.ask(columns.list_requirements(request)).await?.requirements;
        if let Some(list) = list {
            let name = self.at.name("requirements", &list)?;
            lists.retain(|there| there.name == name);
        }
        Ok(Answer::Requirements(lists))
    }
}

/// A list as `requirements --json` prints it; what the server gives besides is left out.
fn read_requirements(file: &Path) -> anyhow::Result<pb::Requirements> {
    let shown = file.display();
    let read = || -> anyhow::Result<pb::Requirements> {
        let value: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
        json::read("disclosure.v1.Requirements", value)
    };
    let list =
        read().map_err(|error| trouble(format!("{shown} 有误：{error}"), format!("{shown} is wrong: {error}")))?;
    Ok(pb::Requirements { version: 0, effective_on: String::new(), etag: String::new(), ..list })
}

/// As the ending of its name says; the server looks at the bytes.
fn media_type(path: &Path) -> &'static str {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "pdf" => "application/pdf",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "ofd" => "application/ofd",
        "txt" => "text/plain",
        "csv" => "text/csv",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        _ => "application/octet-stream",
    }
}
