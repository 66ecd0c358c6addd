//! The server at a URL, and by what one is known to it.

use std::{
    path::{Path, PathBuf},
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderValue, Request, Response, Uri, header::AUTHORIZATION, uri::Scheme};
pub use kit::peer::Peer;
use kit::tls;
use proto::directory::v1::{ListSigningKeysRequest, credential_service_client::CredentialServiceClient};
use tonic::{Status, body::Body};

use crate::{credential, trouble, unreached};

/// How long a call may take that nobody waits for at a counter.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Above the options that say where the server is.
pub const WHERE: &str = "服务器与凭证 · Server and credential";

/// Where the server is, and the credential to come with.
#[derive(clap::Args)]
pub struct To {
    /// 服务地址 · The server's URL
    #[arg(long, env = "YIZHAN_SERVER", default_value = "https://127.0.0.1:4100", global = true, help_heading = WHERE)]
    pub server: String,
    /// 凭证文件，旁边有 .key 和 ca.pem，默认用数据目录中的 · Certificate, with .key and ca.pem beside it, else of the data folder
    #[arg(long, env = "YIZHAN_CREDENTIAL", value_name = "FILE.pem", global = true, help_heading = WHERE)]
    pub credential: Option<PathBuf>,
    /// 数据目录 · Data folder of a server on this machine
    #[arg(long, env = "YIZHAN_DATA", default_value = "data", global = true, help_heading = WHERE)]
    pub data: PathBuf,
}

impl To {
    /// As the operator of the installation.
    pub fn operator(&self) -> anyhow::Result<Peer> {
        self.connect("operator")
    }

    /// As a terminal, or without a certificate where this is none.
    pub fn terminal(&self) -> anyhow::Result<Peer> {
        self.connect("terminal")
    }

    /// As nobody in particular.
    pub fn unknown(&self, folder: &Path) -> anyhow::Result<Peer> {
        connect("--server", &self.server, &credential::open(folder, None)?)
    }

    /// The credential's files, without `.pem` and `.key`.
    pub fn stem(&self, usual: &str) -> PathBuf {
        match &self.credential {
            Some(file) if file.extension().is_some_and(|end| end == "pem" || end == "key") => file.with_extension(""),
            Some(file) => file.clone(),
            None => self.pki().join(usual),
        }
    }

    /// Where the credential and the authority's certificate lie, and what is signed in.
    pub fn folder(&self) -> PathBuf {
        self.credential.as_deref().map_or_else(|| self.pki(), |file| folder_of(file).to_owned())
    }

    fn pki(&self) -> PathBuf {
        folder(&self.data)
    }

    fn connect(&self, usual: &str) -> anyhow::Result<Peer> {
        let stem = self.stem(usual);
        // What is named has to be there; what is usual may be missing.
        let named = self.credential.is_some() || stem.with_added_extension("pem").exists();
        let tls = credential::open(&self.folder(), named.then_some(stem.as_path()))?;
        connect("--server", &self.server, &tls)
    }
}

/// The folder that a file lies in.
pub fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Where the certificates of the server with this data folder lie.
pub fn folder(data: &Path) -> PathBuf {
    let folder = std::env::var_os("YIZHAN_TLS__FOLDER").filter(|folder| !folder.is_empty());
    folder.map_or_else(|| data.join("pki"), PathBuf::from)
}

/// The server at a URL that a setting names, or which setting is wrong. Connects when it is first asked.
pub fn connect(setting: &str, url: &str, tls: &tls::Client) -> anyhow::Result<Peer> {
    let is_url = |uri: &Uri| uri.scheme() == Some(&Scheme::HTTPS) && uri.authority().is_some();
    let peer = url.parse().ok().filter(is_url).and_then(|_| Peer::secure(url, tls).ok());
    peer.ok_or_else(|| {
        trouble(
            format!("{setting}：“{url}”不是网址，应为 https://主机:端口"),
            format!("{setting}: \"{url}\" is no URL; it reads https://HOST:PORT"),
        )
    })
}

/// Whether the server says of what one comes with that it was revoked. Where it does not answer, nobody knows.
pub async fn is_revoked(peer: Peer) -> bool {
    let asked = CredentialServiceClient::new(peer).list_signing_keys(timed(ListSigningKeysRequest {})).await;
    asked.is_err_and(|status| kit::status::reason(&status) == "CREDENTIAL_REVOKED")
}

/// With a deadline, which the door demands.
pub fn timed<T>(request: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(request);
    request.set_timeout(PATIENCE);
    request
}

/// The server as somebody who has signed in has it.
#[derive(Clone)]
pub struct Link {
    peer: Peer,
    bearer: Option<HeaderValue>,
    patience: HeaderValue,
}

impl Link {
    pub fn new(peer: Peer, bearer: Option<HeaderValue>, patience: Duration) -> Link {
        // At most eight digits (gRPC over HTTP/2).
        let patience = HeaderValue::from(patience.as_millis().min(99_999_999) as u64);
        let patience = HeaderValue::from_bytes(&[patience.as_bytes(), b"m"].concat());
        Link { peer, bearer, patience: patience.unwrap_or_else(|_| HeaderValue::from_static("10S")) }
    }
}

impl tonic::codegen::Service<Request<Body>> for Link {
    type Response = Response<Body>;
    type Error = <Peer as tonic::codegen::Service<Request<Body>>>::Error;
    type Future = <Peer as tonic::codegen::Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        tonic::codegen::Service::poll_ready(&mut self.peer, cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Some(bearer) = &self.bearer {
            request.headers_mut().insert(AUTHORIZATION, bearer.clone());
        }
        request.headers_mut().entry("grpc-timeout").or_insert_with(|| self.patience.clone());
        tonic::codegen::Service::call(&mut self.peer, request)
    }
}

/// What a server said instead of an answer, with the reason that programs look at; or why it said nothing.
pub fn refused(status: &Status) -> anyhow::Error {
    let ((zh, en), reason) = (unreached::why(status), kit::status::reason(status));
    if reason.is_empty() { trouble(zh, en) } else { trouble(format!("{zh} [{reason}]"), en) }
}
