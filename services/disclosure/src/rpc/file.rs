//! FileService: files and pictures of publications, streamed in and out.

use std::sync::Arc;

use kit::{
    actor::RequestKey,
    caller::Caller,
    files::{Incoming, MOST_BYTES, Sending, no_header, unwritable},
    form::{Form, is_file_name},
    id,
    refusal::{Kind, Refusal},
};
use proto::disclosure::v1::{
    self as pb, download_file_response::Part as Sent, file_service_server::FileService, upload_file_request::Part,
};
use tonic::{Request, Response, Status, Streaming};

use super::{
    is_inside, line,
    publication::{Publications, Target, file_of},
    render,
};
use crate::{
    domain::{
        content::{File, unmarked},
        publication::{Publication, Scene, Standing},
    },
    inspect::{self, MEDIA_TYPES, Seen, is_picture},
    office::Office,
};

/// The files' face to the world.
pub struct Files(pub Arc<Office>);

#[tonic::async_trait]
impl FileService for Files {
    async fn upload_file(
        &self,
        request: Request<Streaming<pb::UploadFileRequest>>,
    ) -> Result<Response<pb::File>, Status> {
        let mut parts = request.into_inner();
        let Some(Part::Header(header)) = parts.message().await?.and_then(|message| message.part) else {
            return Err(no_header().into());
        };
        let key = RequestKey::of("UploadFile", &header, &header.request_id)?;
        let (target, clerk) = Target::of("parent", &header.parent, "clerk", &header.clerk)?;
        let file = announced(&header)?;
        let publication = self.find(&target).await?;

        let chunk = |message: pb::UploadFileRequest| match message.part {
            Some(Part::Chunk(chunk)) => Some(chunk),
            _ => None,
        };
        let mut incoming = self.0.files.receive(&mut parts, chunk).await?;
        incoming.verify(header.size_bytes, &header.sha256)?;
        let bytes = incoming.bytes().await.map_err(unwritable)?;
        let seen = inspect::inspect(file.media_type.clone(), bytes).await?;
        let (incoming, file) = self.as_kept(incoming, file, seen).await?;
        // A file that the draft would not take is not kept. The refusal is still the change's: a request that was answered
        // before is answered again, whatever has become of the draft.
        let refused = self.try_on(&target, &file, &clerk).await.err();
        match refused {
            None => drop(self.0.files.keep(incoming).await.map_err(unwritable)?),
            Some(_) => drop(incoming),
        }
        let answer = render::file(&publication, &file);
        let attach = move |publication: &mut Publication, scene: &Scene<'_>| match &refused {
            None => publication.attach(file.clone(), &clerk, scene),
            Some(refusal) => Err(refusal.clone()),
        };
        Publications(self.0.clone()).change(target, key, attach).await?;
        Ok(Response::new(answer))
    }

    type DownloadFileStream = Sending<pb::DownloadFileResponse>;

    async fn download_file(
        &self,
        request: Request<pb::DownloadFileRequest>,
    ) -> Result<Response<Self::DownloadFileStream>, Status> {
        let name = &request.get_ref().name;
        let (parent, sha256) = file_of("name", name)?;
        let (division, id) = id::child("name", parent, "publications")?;
        let publication = self.0.publications.get(division, id).await?.ok_or_else(absent)?;
        let inside = is_inside(&Caller::of_call(&request), division);
        // Only a file that the publication names is ever read: what stands in a request is never a path.
        let file = shown(&publication, inside).find(|file| file.sha256 == sha256).ok_or_else(absent)?;
        let head = sent(Sent::File(render::file(&publication, file)));
        let sending = self.0.files.send(&file.sha256, head, |chunk| sent(Sent::Chunk(chunk)), corrupt);
        Ok(Response::new(sending.await?))
    }
}

impl Files {
    async fn find(&self, target: &Target) -> Result<Arc<Publication>, Refusal> {
        self.0.publications.get(target.division, &target.id).await?.ok_or_else(Publication::not_found)
    }

    /// Whether the draft takes a file, as it stands now.
    async fn try_on(&self, target: &Target, file: &File, clerk: &str) -> Result<(), Refusal> {
        let mut publication = Arc::unwrap_or_clone(self.find(target).await?);
        let (site, mirror, now) = (self.0.site(target.division).await?, self.0.mirror(), self.0.clock.now());
        publication.attach(file.clone(), clerk, &Scene { site: &site, mirror: &mirror, now }).map(drop)
    }

    /// A picture is kept as it was written anew, and everything else as it came.
    async fn as_kept(&self, incoming: Incoming, file: File, seen: Seen) -> Result<(Incoming, File), Refusal> {
        let Some(picture) = seen.picture else { return Ok((incoming, File { unread: seen.unread, ..file })) };
        let mut anew = self.0.files.start().await.map_err(unwritable)?;
        anew.write(&picture.bytes).await.map_err(unwritable)?;
        let (sha256, size) = (anew.sha256(), anew.size as i64);
        Ok((anew, File { sha256, size, width: picture.width, height: picture.height, ..file }))
    }
}

/// The files that somebody may see, of the newest text first.
fn shown(publication: &Publication, inside: bool) -> impl Iterator<Item = &File> {
    let draft = publication.draft.iter().filter(move |_| inside).flat_map(|draft| &draft.content.files);
    let is_public = publication.standing == Standing::Public;
    let editions = publication.editions.iter().rev().filter(move |_| inside || is_public);
    draft.chain(editions.flat_map(|edition| &edition.files))
}

/// The file as its header announces it.
fn announced(header: &pb::UploadFileHeader) -> Result<File, Refusal> {
    let mut form = Form::new();
    let file_name = line(&mut form, "file_name", &header.file_name, 1..=200);
    form.require(is_file_name(&file_name), "file_name", "文件名不得含路径", "a bare file name, no path");
    form.require(header.sha256.len() == 32, "sha256", "应为32字节", "must have 32 bytes");
    form.number("size_bytes", header.size_bytes, 1..=MOST_BYTES as i64);
    let title = line(&mut form, "title", &header.title, 1..=200);
    let (least, most) = if is_picture(&header.media_type) { (4, 500) } else { (0, 0) };
    let alternative = line(&mut form, "alternative", &header.alternative, least..=most);
    let stem = file_name.rsplit_once('.').map_or(file_name.as_str(), |(stem, _)| stem);
    let describes = alternative.is_empty() || alternative != file_name && alternative != stem;
    form.require(
        describes,
        "alternative",
        "须说明图片内容，而非文件名",
        "says what the picture shows, not its file's name",
    );
    form.finish()?;
    let said = [("file_name", &file_name), ("title", &title), ("alternative", &alternative)];
    unmarked(said.map(|(field, text)| (field.to_owned(), text.as_str())))?;
    if !MEDIA_TYPES.contains(&header.media_type.as_str()) {
        return Err(inspect::wrong_type(Some(&header.media_type)));
    }
    Ok(File {
        sha256: id::hex(&header.sha256),
        file_name,
        media_type: header.media_type.clone(),
        size: header.size_bytes,
        title,
        alternative,
        width: 0,
        height: 0,
        unread: false,
    })
}

fn sent(part: Sent) -> pb::DownloadFileResponse {
    pb::DownloadFileResponse { part: Some(part) }
}

fn absent() -> Refusal {
    Refusal::not_found("FILE_NOT_FOUND", "没有此附件", "there is no such file")
}

fn corrupt() -> Refusal {
    Refusal::new(Kind::DataLoss, "FILE_CORRUPT", "附件已损坏", "the stored bytes no longer have their checksum")
}
