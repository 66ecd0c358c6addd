//! AttachmentService: files streamed in and out.

use std::sync::Arc;

use kit::{
    actor::RequestKey,
    files::{Incoming, MOST_BYTES, Sending, no_header, unwritable},
    form::{Form, is_file_name},
    refusal::{Kind, Refusal},
};
use proto::intake::v1::{
    self as pb, attachment_service_server::AttachmentService, download_attachment_response::Part as Sent,
    upload_attachment_request::Part,
};
use tonic::{Request, Response, Status, Streaming};

use super::{case::find, render};
use crate::{
    domain::{
        attachment::{Attachment, MEDIA_TYPES},
        case::Case,
    },
    office::{Office, Target},
};

/// The files' face to the world.
pub struct Attachments(pub Arc<Office>);

#[tonic::async_trait]
impl AttachmentService for Attachments {
    async fn upload_attachment(
        &self,
        request: Request<Streaming<pb::UploadAttachmentRequest>>,
    ) -> Result<Response<pb::Attachment>, Status> {
        let mut parts = request.into_inner();
        let Some(Part::Header(header)) = parts.message().await?.and_then(|message| message.part) else {
            return Err(no_header().into());
        };
        let key = RequestKey::of("UploadAttachment", &header, &header.request_id)?;
        check(&header)?;
        find(&self.0, "parent", &header.parent).await?;
        let (target, clerk) = Target::read(&header.parent, "", "clerk", &header.clerk)?;

        let chunk = |message: pb::UploadAttachmentRequest| match message.part {
            Some(Part::Chunk(chunk)) => Some(chunk),
            _ => None,
        };
        let incoming = self.0.files.receive(&mut parts, chunk).await?;
        verify(&header, &incoming)?;
        let sha256 = incoming.sha256();
        let attachment = Attachment {
            sha256: sha256.clone(),
            file_name: header.file_name.trim().to_owned(),
            media_type: header.media_type,
            size: header.size_bytes,
            material: header.material,
            uploaded_at: self.0.clock.now().0,
        };
        let (division, number) = (target.division, target.number.clone());
        let material = attachment.material.clone();
        // A file that the case would not take is not kept. The refusal is still the step's: a request that was answered
        // before is answered again, whatever has become of the case.
        let kept = find(&self.0, "parent", &header.parent).await?;
        let refused = self.try_on(&kept.case, &attachment, &clerk).await.err();
        match refused {
            None => drop(self.0.files.keep(incoming).await.map_err(unwritable)?),
            Some(_) => drop(incoming),
        }
        let step = self.0.step(target, key, None, move |case, hall, now| match &refused {
            None => case.attach(attachment.clone(), &clerk, hall, now),
            Some(refusal) => Err(refusal.clone()),
        });
        let kept = step.await?;
        let attachment = kept
            .case
            .attachments
            .iter()
            .find(|attachment| attachment.sha256 == sha256 && attachment.material == material);
        let attachment = attachment.ok_or_else(|| Refusal::internal("an attached file is not in its case"))?;
        Ok(Response::new(render::attachment(division, &number, attachment)))
    }

    type DownloadAttachmentStream = Sending<pb::DownloadAttachmentResponse>;

    async fn download_attachment(
        &self,
        request: Request<pb::DownloadAttachmentRequest>,
    ) -> Result<Response<Self::DownloadAttachmentStream>, Status> {
        let name = request.into_inner().name;
        let malformed = || {
            Refusal::field("name", "名称格式有误", "must be divisions/{division}/cases/{number}/attachments/{sha256}")
        };
        let (case, sha256) = name.rsplit_once("/attachments/").ok_or_else(malformed)?;
        let kept = find(&self.0, "name", case).await?;
        let absent = || Refusal::not_found("ATTACHMENT_NOT_FOUND", "没有此附件", "the case has no such attachment");
        // Only a file that the case names is ever read: what stands in a request is never a path.
        let attachment = kept.case.attachments.iter().find(|a| a.sha256 == sha256).ok_or_else(absent)?.clone();
        let head = render::attachment(kept.case.division, &kept.case.number, &attachment);
        let head = sent(Sent::Attachment(head));
        let sending = self.0.files.send(&attachment.sha256, head, |chunk| sent(Sent::Chunk(chunk)), corrupt);
        Ok(Response::new(sending.await?))
    }
}

impl Attachments {
    /// Whether the case takes a file, as it stands now.
    async fn try_on(&self, case: &Case, attachment: &Attachment, clerk: &str) -> Result<(), Refusal> {
        let (hall, now) = (self.0.hall_for(case).await?, self.0.clock.now());
        let mut case = case.clone();
        while case.wake(&hall, now)?.is_some() {}
        case.attach(attachment.clone(), clerk, &hall, now).map(drop)
    }
}

fn sent(part: Sent) -> pb::DownloadAttachmentResponse {
    pb::DownloadAttachmentResponse { part: Some(part) }
}

fn check(header: &pb::UploadHeader) -> Result<(), Refusal> {
    let mut form = Form::new();
    form.text("file_name", &header.file_name, 1..=200);
    form.require(is_file_name(header.file_name.trim()), "file_name", "文件名不得含路径", "a bare file name, no path");
    form.require(header.sha256.len() == 32, "sha256", "应为32字节", "must have 32 bytes");
    form.number("size_bytes", header.size_bytes, 1..=MOST_BYTES as i64);
    form.text("material", &header.material, 0..=20);
    form.finish()?;
    if !MEDIA_TYPES.contains(&header.media_type.as_str()) {
        return Err(wrong_type());
    }
    Ok(())
}

/// The bytes are those announced.
fn verify(header: &pb::UploadHeader, incoming: &Incoming) -> Result<(), Refusal> {
    incoming.verify(header.size_bytes, &header.sha256)?;
    if incoming.media_type() != Some(header.media_type.as_str()) {
        return Err(wrong_type());
    }
    Ok(())
}

fn wrong_type() -> Refusal {
    let (zh, en) =
        ("文件类型不受支持或与内容不符", "not of an allowed type, or the bytes are not of the type declared");
    Refusal::new(Kind::Invalid, "FILE_TYPE", zh, en).at("media_type")
}

fn corrupt() -> Refusal {
    let (zh, en) = ("附件已损坏", "the stored bytes no longer have their checksum");
    Refusal::new(Kind::DataLoss, "ATTACHMENT_CORRUPT", zh, en)
}
