//! Asks others over HTTP: for the keys of another issuer, for cosignatures. Small documents, one connection each.

use std::{env, fs, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
    version::TLS13,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// For all of it.
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST: usize = 256 << 10;
/// Where systems keep the authorities that they trust, unless SSL_CERT_FILE says where.
const TRUSTED: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// What was answered.
pub struct Answer {
    pub status: StatusCode,
    /// Its content type; empty where there is none.
    pub kind: String,
    pub body: Bytes,
}

/// What is at an address: `https:`, or on this machine `http:`.
pub async fn get(address: &str) -> Result<Bytes, Error> {
    let uri: Uri = address.parse()?;
    if uri.scheme_str() != Some("https") && !uri.host().is_some_and(is_here) {
        return Err(format!("{address} is not https").into());
    }
    let request = Request::builder().header(header::ACCEPT, "application/json");
    let answer = within(address, &uri, request.body(Full::default())?).await?;
    if answer.status != StatusCode::OK {
        return Err(format!("{uri} answers {}", answer.status).into());
    }
    Ok(answer.body)
}

/// Hands something in at an address, `https:` or `http:`: for what is public and signed.
pub async fn post(address: &str, body: String) -> Result<Answer, Error> {
    let request = Request::builder().method(Method::POST).header(header::CONTENT_TYPE, "text/plain; charset=utf-8");
    within(address, &address.parse()?, request.body(Full::from(body))?).await
}

async fn within(address: &str, uri: &Uri, request: Request<Full<Bytes>>) -> Result<Answer, Error> {
    timeout(PATIENCE, send(address, uri, request)).await.map_err(|_| format!("{address} does not answer"))?
}

async fn send(address: &str, uri: &Uri, request: Request<Full<Bytes>>) -> Result<Answer, Error> {
    let host = uri.host().ok_or("an address without a host")?.trim_matches(['[', ']']).to_owned();
    let tls = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(format!("{address} is neither https nor http").into()),
    };
    let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
    let socket = TcpStream::connect((host.as_str(), port)).await?;
    if !tls {
        return ask(socket, uri, request).await;
    }
    let name = ServerName::try_from(host)?;
    ask(TlsConnector::from(Arc::new(trusting()?)).connect(name, socket).await?, uri, request).await
}

fn is_here(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

async fn ask(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    uri: &Uri,
    mut request: Request<Full<Bytes>>,
) -> Result<Answer, Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let authority = uri.authority().ok_or("an address without a host")?;
    *request.uri_mut() = uri.path_and_query().map_or("/", |path| path.as_str()).parse()?;
    request.headers_mut().insert(header::HOST, authority.as_str().parse()?);
    let answer = sender.send_request(request).await?;
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let (status, kind) = (answer.status(), kind.unwrap_or_default().to_owned());
    let body = Limited::new(answer.into_body(), LONGEST).collect().await?.to_bytes();
    Ok(Answer { status, kind, body })
}

fn trusting() -> Result<ClientConfig, Error> {
    let named = env::var_os("SSL_CERT_FILE").map(Into::into);
    let known = TRUSTED.iter().map(std::path::PathBuf::from);
    let file = named.into_iter().chain(known).find(|file| file.exists());
    let pem = fs::read(file.ok_or("this system trusts nobody: set SSL_CERT_FILE")?)?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    Ok(builder.with_protocol_versions(&[&TLS13])?.with_root_certificates(roots).with_no_client_auth())
}
