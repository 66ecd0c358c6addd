//! A server of two services at the test's pace: calls that last until they are let go, and files that trickle.

use std::{net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use futures::{Stream, StreamExt, stream};
use kit::{
    peer::Peer,
    refusal::Refusal,
    serve::{self, Limits},
};
use proto::intake::v1::{
    Attachment, DownloadAttachmentRequest, DownloadAttachmentResponse, UploadAttachmentRequest,
    attachment_service_client::AttachmentServiceClient,
    attachment_service_server::{AttachmentService, AttachmentServiceServer},
    download_attachment_response::Part,
};
use proto::journal::v1::{
    ListHeadsRequest, ListHeadsResponse, ReadEntriesRequest, ReadEntriesResponse,
    journal_service_client::JournalServiceClient,
    journal_service_server::{JournalService, JournalServiceServer},
};
use tokio::{
    sync::{Notify, Semaphore},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming, service::Routes};
use tonic_health::pb::health_client::HealthClient;

/// A service whose calls take as long as the test likes.
#[derive(Clone)]
pub(crate) struct Slow {
    pub(crate) begun: Arc<Semaphore>,
    pub(crate) end: Arc<Notify>,
    pub(crate) refusal: Refusal,
}

#[tonic::async_trait]
impl JournalService for Slow {
    async fn list_heads(&self, _: Request<ListHeadsRequest>) -> Result<Response<ListHeadsResponse>, Status> {
        self.begun.add_permits(1);
        self.end.notified().await;
        Ok(Response::new(ListHeadsResponse::default()))
    }

    type ReadEntriesStream = Pin<Box<dyn futures::Stream<Item = Result<ReadEntriesResponse, Status>> + Send>>;

    async fn read_entries(
        &self,
        asked: Request<ReadEntriesRequest>,
    ) -> Result<Response<Self::ReadEntriesStream>, Status> {
        if !asked.into_inner().tail {
            return Err(self.refusal.clone().into());
        }
        // One message, and then silence.
        let first = stream::once(async { Ok(ReadEntriesResponse::default()) });
        Ok(Response::new(Box::pin(first.chain(stream::pending()))))
    }
}

/// Files that come and go at the caller's pace.
struct Files;

#[tonic::async_trait]
impl AttachmentService for Files {
    async fn upload_attachment(
        &self,
        request: Request<Streaming<UploadAttachmentRequest>>,
    ) -> Result<Response<Attachment>, Status> {
        let (mut parts, mut many) = (request.into_inner(), 0);
        while parts.message().await?.is_some() {
            many += 1;
        }
        Ok(Response::new(Attachment { size_bytes: many, ..Default::default() }))
    }

    type DownloadAttachmentStream = Pin<Box<dyn Stream<Item = Result<DownloadAttachmentResponse, Status>> + Send>>;

    /// `name` is how many milliseconds lie between the pieces; there are eight.
    async fn download_attachment(
        &self,
        request: Request<DownloadAttachmentRequest>,
    ) -> Result<Response<Self::DownloadAttachmentStream>, Status> {
        let pause = Duration::from_millis(request.into_inner().name.parse().expect("a number"));
        let piece = || DownloadAttachmentResponse { part: Some(Part::Chunk(vec![7; 512 << 10])) };
        let pieces = stream::iter(0..8).then(move |_| async move {
            tokio::time::sleep(pause).await;
            Ok(piece())
        });
        Ok(Response::new(Box::pin(pieces)))
    }
}

pub(crate) struct Server {
    pub(crate) slow: Slow,
    pub(crate) address: SocketAddr,
    pub(crate) peer: Peer,
    pub(crate) stop: CancellationToken,
    pub(crate) ended: JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub(crate) async fn start(limits: Limits) -> Server {
        Server::refusing(limits, Refusal::state("NEVER", "从不", "never")).await
    }

    pub(crate) async fn refusing(limits: Limits, refusal: Refusal) -> Server {
        let slow = Slow { begun: Arc::new(Semaphore::new(0)), end: Arc::default(), refusal };
        let listener = serve::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let files = AttachmentServiceServer::new(Files);
        let routes = Routes::new(JournalServiceServer::new(slow.clone())).add_service(files);
        let routes = serve::with_health_and_reflection(routes).await.expect("reflection");
        let stop = CancellationToken::new();
        let ended = tokio::spawn(serve::grpc(listener, routes, limits, stop.clone()));
        let peer = Peer::connect(&format!("http://{address}")).expect("a URL");
        Server { slow, address, peer, stop, ended }
    }

    pub(crate) fn client(&self) -> JournalServiceClient<Peer> {
        JournalServiceClient::new(self.peer.clone())
    }

    pub(crate) fn files(&self) -> AttachmentServiceClient<Peer> {
        AttachmentServiceClient::new(self.peer.clone())
    }

    pub(crate) fn health(&self) -> HealthClient<Peer> {
        HealthClient::new(self.peer.clone())
    }

    /// A stream that stays, and has said something.
    pub(crate) async fn tail(&self) -> Result<Streaming<ReadEntriesResponse>, Status> {
        let request = ReadEntriesRequest { tail: true, ..Default::default() };
        let mut entries = self.client().read_entries(request).await?.into_inner();
        entries.message().await?;
        Ok(entries)
    }

    /// A call that has begun and does not end.
    pub(crate) async fn begin(&self) -> JoinHandle<Result<Response<ListHeadsResponse>, Status>> {
        let mut client = self.client();
        let call = tokio::spawn(async move { client.list_heads(ListHeadsRequest {}).await });
        self.slow.begun.acquire().await.expect("begun").forget();
        call
    }
}
