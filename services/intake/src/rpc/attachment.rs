//! AttachmentService: files streamed in and out.

use std::{pin::Pin, sync::Arc};

use futures::Stream;
use kit::{
    actor::RequestKey,
    form::Form,
    id::hex,
    refusal::{Kind, Refusal},
};
use proto::intake::v1::{self as pb, attachment_service_server::AttachmentService};
use sha2::{Digest, Sha256};
use tokio::{io::AsyncReadExt, sync::mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::{case::find, render};
use crate::{
    domain::{
        attachment::{Attachment, MEDIA_TYPES, MOST_BYTES, is_file_name},
        case::Case,
    },
    files::Incoming,
    office::{Office, Target},
};

/// The files' face to the world.
pub struct Attachments(pub Arc<Office>);

const CHUNK: usize = 64 << 10;

#[tonic::async_trait]
impl AttachmentService for Attachments {
    async fn upload_attachment(
        &self,
        request: Request<Streaming<pb::UploadAttachmentRequest>>,
    ) -> Result<Response<pb::Attachment>, Status> {
        let mut parts = request.into_inner();
        let header = match parts.message().await?.and_then(|message| message.part) {
            Some(pb::upload_attachment_request::Part::Header(header)) => header,
            _ => {
                return Err(
                    Refusal::field("header", "第一条消息须为文件头", "the first message must be the header").into()
                );
            }
        };
        let key = RequestKey::of("UploadAttachment", &header, &header.request_id)?;
        check(&header)?;
        find(&self.0, "parent", &header.parent).await?;
        let (target, clerk) = Target::read(&header.parent, "", "clerk", &header.clerk)?;

        let mut incoming = self.0.files.start().await.map_err(unwritable)?;
        while let Some(message) = parts.message().await? {
            let Some(pb::upload_attachment_request::Part::Chunk(chunk)) = message.part else {
                return Err(Refusal::field("chunk", "文件头之后须为数据块", "chunks follow the header").into());
            };
            if chunk.len() > CHUNK {
                return Err(Refusal::field("chunk", "数据块不得超过64KiB", "at most 64 KiB").into());
            }
            if incoming.size + chunk.len() > MOST_BYTES {
                let (zh, en) = ("文件不得超过20MiB", "a file has at most 20 MiB");
                return Err(Refusal::new(Kind::Exhausted, "FILE_TOO_LARGE", zh, en).into());
            }
            incoming.write(&chunk).await.map_err(unwritable)?;
        }
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

    type DownloadAttachmentStream = Pin<Box<dyn Stream<Item = Result<pb::DownloadAttachmentResponse, Status>> + Send>>;

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
        let file = self.0.files.read(&attachment.sha256).await.map_err(unwritable)?.ok_or_else(corrupt)?;
        let head = render::attachment(kept.case.division, &kept.case.number, &attachment);
        let (send, receive) = mpsc::channel(4);
        tokio::spawn(async move {
            let first = pb::download_attachment_response::Part::Attachment(head);
            if send.send(Ok(pb::DownloadAttachmentResponse { part: Some(first) })).await.is_ok()
                && let Err(refusal) = pour(file, &attachment, &send).await
            {
                let _ = send.send(Err(refusal.into())).await;
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receive))))
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

/// Sends the bytes, and says at the end if they were not the ones that were handed in.
async fn pour(
    mut file: tokio::fs::File,
    attachment: &Attachment,
    send: &mpsc::Sender<Result<pb::DownloadAttachmentResponse, Status>>,
) -> Result<(), Refusal> {
    let mut digest = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk).await.map_err(|_| corrupt())?;
        if read == 0 {
            break;
        }
        digest.update(&chunk[..read]);
        let part = pb::download_attachment_response::Part::Chunk(chunk[..read].to_vec());
        if send.send(Ok(pb::DownloadAttachmentResponse { part: Some(part) })).await.is_err() {
            return Ok(());
        }
    }
    if hex(&digest.finalize()) == attachment.sha256 { Ok(()) } else { Err(corrupt()) }
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
    if incoming.size as i64 != header.size_bytes || incoming.sha256() != hex(&header.sha256) {
        let (zh, en) = ("文件内容与校验值不符", "the bytes do not have the announced size and SHA-256");
        return Err(Refusal::new(Kind::Invalid, "CHECKSUM_MISMATCH", zh, en).at("sha256"));
    }
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

fn unwritable(error: std::io::Error) -> Refusal {
    tracing::error!(%error, "attachments folder");
    Refusal::unavailable()
}

fn corrupt() -> Refusal {
    let (zh, en) = ("附件已损坏", "the stored bytes no longer have their checksum");
    Refusal::new(Kind::DataLoss, "ATTACHMENT_CORRUPT", zh, en)
}
