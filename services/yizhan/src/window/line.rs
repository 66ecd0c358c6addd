//! The line to the server, and what happens while it is cut.
//!
//! A change is kept on disk before the first attempt, and whatever is kept is sent first and in order. An answer, yes or
//! no, takes it out of the spool; anything else leaves it there under its `request_id`, to be sent again: the server then
//! answers as the first time and changes nothing twice. What is sent later says when it was handed in.

use std::{io, path::PathBuf, process::ExitCode, time::Duration};

use bytes::{Buf, Bytes};
use http::uri::PathAndQuery;
use kit::{clock::Clock, peer::Peer};
use prost::Message;
use proto::{
    intake::v1::{
        self as pb, attachment_service_client::AttachmentServiceClient, case_service_client::CaseServiceClient,
    },
    journal::v1::Receipt,
    rule,
};
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};
use tonic_types::StatusExt;

use super::{
    KEPT, REFUSED,
    ask::At,
    change::{Change, RECEIVE, UPLOAD},
    late,
    show::Tell,
};
use crate::{
    peer::Link,
    sign_in::{self, SignedIn},
    spool::{Kept, Name, Refused, Spool},
    trouble,
};

/// What a server says of itself and not of the request: it is to come again.
const LATER: [&str; 3] = ["OVERLOADED", "RATE_LIMITED", "NOT_READY"];
/// Attachments go in pieces of 64 KiB.
const CHUNK: usize = 64 << 10;

pub struct Line {
    pub server: String,
    peer: Peer,
    signed: SignedIn,
    pub spool: PathBuf,
    pub tell: Tell,
    patience: Duration,
    clock: Clock,
}

/// What a changing request is answered with.
pub enum Answer {
    /// An application was taken in; with its receipt, if that could be had in time.
    Received(Box<pb::Case>, Option<Box<Receipt>>),
    Case(Box<pb::Case>),
    Attachment(pb::Attachment),
}

/// How an attempt ended.
enum Outcome {
    Done(Answer),
    /// The server has said no: nothing was changed.
    Refused(Status),
    /// Nobody knows whether it was done.
    Cut(Status),
}

/// What is left after sending what was kept.
#[derive(Default)]
pub struct Delivery {
    pub done: usize,
    pub refused: usize,
    pub left: usize,
    /// Kept for another address.
    pub elsewhere: usize,
    /// Why the rest was not sent.
    pub cut: Option<Status>,
    /// How the caller's own request ended; None where it was kept.
    own: Option<ExitCode>,
}

impl Line {
    pub fn open(at: &At) -> anyhow::Result<Line> {
        Ok(Line {
            server: at.to.server.trim_end_matches('/').to_owned(),
            peer: at.to.terminal()?,
            signed: SignedIn::at(&at.to.folder()),
            spool: at.spool.clone().or_else(usual_spool).ok_or_else(|| {
                trouble("请用 --spool 指定断网时的存放目录", "name a folder for what cannot be sent by --spool")
            })?,
            tell: Tell { json: at.json },
            patience: Duration::from_secs(at.timeout),
            clock: Clock::real(),
        })
    }

    /// Keeps a change, sends what was kept before, and then it.
    pub async fn change(&self, change: Change) -> anyhow::Result<ExitCode> {
        let spool = self.spool()?;
        let kept = Kept {
            request_id: change.request_id,
            rpc: change.rpc,
            server: self.server.clone(),
            about: change.about,
            kept_at: self.clock.now().shanghai(),
            request: change.request,
            content: change.content,
            refused: None,
        };
        let own = spool.keep(&kept).map_err(|error| self.unusable(&error))?;
        let delivery = self.deliver(&spool, Some(&own), false).await?;
        match (delivery.own, delivery.cut) {
            (Some(code), _) => Ok(code),
            (None, cut) => {
                let status = cut.unwrap_or_else(|| Status::unavailable(""));
                self.tell.kept(&self.server, &kept, &status)?;
                Ok(ExitCode::from(KEPT))
            }
        }
    }

    /// Sends what was kept before something is read; where the line is still cut, the reading will say so.
    pub async fn deliver_first(&self) -> anyhow::Result<()> {
        if !Spool::is_empty(&self.spool) {
            self.deliver(&self.spool()?, None, false).await?;
        }
        Ok(())
    }

    /// Sends what is kept, in order, until the line is cut.
    pub async fn deliver(&self, spool: &Spool, own: Option<&Name>, moved: bool) -> anyhow::Result<Delivery> {
        let mut delivery = Delivery::default();
        for (name, kept) in spool.kept()? {
            let is_own = own == Some(&name);
            let kept = match kept {
                Ok(kept) if kept.server == self.server || moved => kept,
                Ok(_) => {
                    delivery.elsewhere += 1;
                    continue;
                }
                Err(error) => {
                    spool.set_aside_unread(&name)?;
                    self.tell.unreadable(&name, &error)?;
                    delivery.refused += 1;
                    continue;
                }
            };
            if delivery.cut.is_some() {
                delivery.left += 1;
                continue;
            }
            // Told before it is taken out: whoever is cut off in between is told twice, but never not at all.
            match self.send(&kept, is_own).await {
                Outcome::Done(answer) => {
                    self.tell.done(&kept, &answer, is_own)?;
                    spool.remove(&name)?;
                    delivery.done += 1;
                    if is_own {
                        delivery.own = Some(ExitCode::SUCCESS);
                    }
                }
                Outcome::Refused(status) if is_own => {
                    self.tell.refused(&kept, &status, true)?;
                    // Whoever asked has just been told; there is nothing to keep.
                    spool.remove(&name)?;
                    delivery.own = Some(ExitCode::from(REFUSED));
                }
                // Whoever did it has to sign in again; then it is sent.
                Outcome::Refused(status) if status.code() == Code::Unauthenticated => {
                    self.tell.unsigned(&kept, actor(&kept).as_deref().unwrap_or_default(), &status)?;
                    delivery.left += 1;
                }
                Outcome::Refused(status) => {
                    self.tell.refused(&kept, &status, false)?;
                    let why = Refused {
                        at: self.clock.now().shanghai(),
                        reason: kit::status::reason(&status),
                        zh: kit::status::localized(&status),
                        en: status.message().to_owned(),
                    };
                    spool.set_aside(&name, kept, why)?;
                    delivery.refused += 1;
                }
                Outcome::Cut(status) => {
                    delivery.left += 1;
                    delivery.cut = Some(status);
                }
            }
        }
        Ok(delivery)
    }

    /// Waits for an answer, and not longer than one has patience.
    pub async fn ask<T>(&self, asked: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        let late = || Status::deadline_exceeded(format!("no answer in {} s", self.patience.as_secs()));
        tokio::time::timeout(self.patience, asked).await.unwrap_or_else(|_| Err(late()))
    }

    /// The server, as a person has it who is signed in here; as the terminal, where nobody of that name is.
    pub async fn link(&self, person: Option<&str>) -> Result<Link, Status> {
        let bearer = match person {
            Some(person) => self.signed.bearer(person, &self.peer).await?,
            None => None,
        };
        Ok(Link::new(self.peer.clone(), bearer, self.patience))
    }

    /// The same for what was kept. In the terminal's own name it would be refused, and be set aside: it waits for its clerk.
    async fn link_for(&self, kept: &Kept) -> Result<Link, Status> {
        let Some(person) = actor(kept) else { return self.link(None).await };
        let bearer = self.signed.bearer(&person, &self.peer).await?.ok_or_else(|| sign_in::nobody(&person))?;
        Ok(Link::new(self.peer.clone(), Some(bearer), self.patience))
    }

    /// Opens the spool; waits while another program holds it.
    pub fn spool(&self) -> anyhow::Result<Spool> {
        Spool::open(&self.spool).map_err(|error| self.unusable(&error))
    }

    /// Sends it for the first time, or later.
    async fn send(&self, kept: &Kept, is_first: bool) -> Outcome {
        let sent = async {
            let link = self.link_for(kept).await?;
            if kept.rpc == UPLOAD {
                return self.upload(kept, link).await.map(Answer::Attachment);
            }
            let request = match is_first {
                true => kept.request.clone(),
                false => late::dated(kept, link.clone(), self.clock.now()).await?,
            };
            self.unary(kept, request, link).await.map(|case| Answer::Case(Box::new(case)))
        };
        match self.ask(sent).await {
            Ok(Answer::Case(case)) if kept.rpc == RECEIVE => {
                // It is done, whatever becomes of this question.
                let receipt = self.ask(self.receipt(kept, &case)).await.ok();
                Outcome::Done(Answer::Received(case, receipt.map(Box::new)))
            }
            Ok(answer) => Outcome::Done(answer),
            Err(status) if is_refusal(&status) => Outcome::Refused(status),
            Err(status) => Outcome::Cut(status),
        }
    }

    async fn receipt(&self, kept: &Kept, case: &pb::Case) -> Result<Receipt, Status> {
        let mut client = CaseServiceClient::new(self.link_for(kept).await?);
        Ok(client.get_case_receipt(pb::GetCaseReceiptRequest { name: case.name.clone() }).await?.into_inner())
    }

    async fn unary(&self, kept: &Kept, request: Vec<u8>, link: Link) -> Result<pb::Case, Status> {
        let path =
            PathAndQuery::try_from(format!("/{}", kept.rpc)).map_err(|error| Status::unknown(error.to_string()))?;
        let mut grpc = Grpc::new(link);
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let mut request = Request::new(Bytes::from(request));
        request.set_timeout(self.patience);
        Ok(grpc.unary(request, path, AsKept).await?.into_inner())
    }

    async fn upload(&self, kept: &Kept, link: Link) -> Result<pb::Attachment, Status> {
        use pb::upload_attachment_request::Part;
        let header = pb::UploadHeader::decode(kept.request.as_slice()).map_err(|e| Status::unknown(e.to_string()))?;
        let chunks: Vec<_> = kept.content.chunks(CHUNK).map(|chunk| Part::Chunk(chunk.to_vec())).collect();
        let parts = std::iter::once(Part::Header(header)).chain(chunks);
        let parts = tokio_stream::iter(parts.map(|part| pb::UploadAttachmentRequest { part: Some(part) }));
        let mut request = Request::new(parts);
        request.set_timeout(self.patience);
        let mut client = AttachmentServiceClient::new(link);
        Ok(client.upload_attachment(request).await?.into_inner())
    }

    fn unusable(&self, error: &io::Error) -> anyhow::Error {
        let shown = self.spool.display();
        trouble(
            format!("存放目录 {shown} 不可用，未发送：{error}"),
            format!("the spool {shown} cannot be used, so nothing was sent: {error}"),
        )
    }
}

/// Who did what is kept: the person that the rule of its method looks at.
fn actor(kept: &Kept) -> Option<String> {
    let path = rule::of(&format!("/{}", kept.rpc))?.actor;
    // What is kept of an upload is its header.
    let path = if kept.rpc == UPLOAD { path.get(1..)? } else { path };
    let person = rule::text(&kept.request, path).ok()?;
    Some(person.to_owned()).filter(|person| !person.is_empty())
}

/// Whether the service itself has said no. Everything else (a lost line, a proxy's page, a full server) says nothing of
/// what became of the request.
fn is_refusal(status: &Status) -> bool {
    let passing = [Code::Unavailable, Code::DeadlineExceeded, Code::Cancelled];
    let reason = status.get_details_error_info().filter(|info| info.domain == kit::status::DOMAIN);
    reason.is_some_and(|info| !LATER.contains(&info.reason.as_str()) && !passing.contains(&status.code()))
}

/// `$XDG_STATE_HOME/yizhan/spool`, or the same in the home folder.
fn usual_spool() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")))?;
    Some(state.join("yizhan/spool"))
}

/// Sends a request's bytes as they were kept, and reads a case.
struct AsKept;

impl Codec for AsKept {
    type Encode = Bytes;
    type Decode = pb::Case;
    type Encoder = AsKept;
    type Decoder = AsKept;

    fn encoder(&mut self) -> AsKept {
        AsKept
    }

    fn decoder(&mut self) -> AsKept {
        AsKept
    }
}

impl Encoder for AsKept {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, mut request: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        bytes::BufMut::put(buffer, request.copy_to_bytes(request.remaining()));
        Ok(())
    }
}

impl Decoder for AsKept {
    type Item = pb::Case;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<pb::Case>, Status> {
        pb::Case::decode(buffer).map(Some).map_err(|error| Status::unknown(error.to_string()))
    }
}
