//! Fetches a small document over HTTP: the keys of another issuer.

use std::{env, fs, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
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

/// What is at an address: `https:`, or on this machine `http:`.
pub async fn get(address: &str) -> Result<Bytes, Error> {
    timeout(PATIENCE, get_all(address)).await.map_err(|_| format!("{address} does not answer"))?
}

async fn get_all(address: &str) -> Result<Bytes, Error> {
    let uri: Uri = address.parse()?;
    let host = uri.host().ok_or("an address without a host")?.trim_start_matches('[').trim_end_matches(']').to_owned();
    let tls = match uri.scheme_str() {
        Some("https") => true,
        Some("http") if is_here(&host) => false,
        _ => return Err(format!("{address} is not https").into()),
    };
    let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
    let socket = TcpStream::connect((host.as_str(), port)).await?;
    if !tls {
        return ask(socket, &uri).await;
    }
    let name = ServerName::try_from(host)?;
    ask(TlsConnector::from(Arc::new(trusting()?)).connect(name, socket).await?, &uri).await
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

async fn ask(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, uri: &Uri) -> Result<Bytes, Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let authority = uri.authority().ok_or("an address without a host")?;
    let request = Request::get(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(header::HOST, authority.as_str())
        .header(header::ACCEPT, "application/json")
        .body(Empty::<Bytes>::new())?;
    let answer = sender.send_request(request).await?;
    if answer.status() != StatusCode::OK {
        return Err(format!("{uri} answers {}", answer.status()).into());
    }
    Ok(Limited::new(answer.into_body(), LONGEST).collect().await?.to_bytes())
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
