//! TLS 1.3 at both ends, from the files of a folder: the authority's certificate, and one's own with its key.
//!
//! A server asks for the client's certificate and takes none that the installation's authority has not given; a client
//! trusts that authority and nobody else. A certificate that is renewed is used for the next connection.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use futures::future::BoxFuture;
use http::{Extensions, Uri};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, SignatureScheme,
    client::ResolvesClientCert,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier},
    sign::CertifiedKey,
    version::TLS13,
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, client::TlsStream};
use tower::Service;

use crate::{
    clock::{Moment, wall},
    pki,
};

/// Who is at the other end of a connection; in the extensions of each of its requests.
#[derive(Clone, Debug)]
pub struct Presented(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    certificate: CertificateDer<'static>,
    name: Option<String>,
    given_at: Option<Moment>,
    fingerprint: [u8; 32],
}

impl Presented {
    pub(crate) fn new(certificate: CertificateDer<'static>) -> Presented {
        let (name, fingerprint) = (pki::name_of(&certificate), pki::fingerprint(&certificate));
        let given_at = pki::given_at(&certificate);
        Presented(Arc::new(Inner { certificate, name, given_at, fingerprint }))
    }

    /// Of a request that came over TLS, with a certificate that the authority has given.
    pub fn of(extensions: &Extensions) -> Option<&Presented> {
        extensions.get()
    }

    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.0.certificate
    }

    /// Whose it is; none where the certificate does not say so by exactly one URI.
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// When it was given, to the second.
    pub fn given_at(&self) -> Option<Moment> {
        self.0.given_at
    }

    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.0.fingerprint
    }

    /// How long the certificate is good.
    pub(crate) fn left(&self) -> Option<Duration> {
        let end = pki::expires_at(&self.0.certificate)?;
        Some(Duration::from_micros(end.0.saturating_sub(wall().0).max(0).unsigned_abs()))
    }

    /// The service of the suite that it is, if it is one.
    pub fn service(&self) -> Option<&str> {
        self.name()?.strip_prefix("services/").filter(|name| !name.contains('/'))
    }
}

/// The certificate that the caller of a request has shown, if any.
pub fn peer_certificate(extensions: &Extensions) -> Option<CertificateDer<'static>> {
    Presented::of(extensions).map(|presented| presented.certificate().clone())
}

/// The end of a connection that listens.
#[derive(Clone, Debug)]
pub struct Server {
    own: Arc<Own>,
    grpc: Arc<ServerConfig>,
    web: Arc<ServerConfig>,
}

impl Server {
    /// With the authority's certificate in the file `ca`, and its own in `STEM.pem` with its key in `STEM.key`.
    pub fn open(ca: &Path, stem: &Path) -> io::Result<Server> {
        let (own, provider) = (Arc::new(Own::open(stem)?), provider());
        let roots = Arc::new(roots(&read(ca)?).map_err(|error| at(ca, error))?);
        let known = WebPkiClientVerifier::builder_with_provider(roots, provider.clone()).allow_unauthenticated();
        let known = known.build().map_err(io::Error::other)?;
        let config = |protocols: &[&[u8]]| {
            let versions = ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(&[&TLS13]);
            let versions = versions.map_err(io::Error::other)?.with_client_cert_verifier(known.clone());
            let mut config = versions.with_cert_resolver(own.clone());
            config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
            // A session that is taken up again would not look at the client's certificate again.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
            io::Result::Ok(Arc::new(config))
        };
        let (grpc, web) = (config(&[b"h2"])?, config(&[b"h2", b"http/1.1"])?);
        Ok(Server { own, grpc, web })
    }

    /// Reads its own certificate again; true where it is another. What cannot be read leaves the old one in use.
    pub fn reload(&self) -> io::Result<bool> {
        self.own.reload()
    }

    /// For gRPC: HTTP/2 alone.
    pub fn grpc(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.grpc.clone())
    }

    /// For pages.
    pub fn web(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.web.clone())
    }
}

/// The end of a connection that calls.
#[derive(Clone, Debug)]
pub struct Client {
    own: Option<Arc<Own>>,
    config: Arc<ClientConfig>,
}

impl Client {
    /// With the authority's certificate in the file `ca` and, if any, its own in `STEM.pem` with its key in `STEM.key`.
    pub fn open(ca: &Path, stem: Option<&Path>) -> io::Result<Client> {
        let own = stem.map(Own::open).transpose()?.map(Arc::new);
        Client::with(&read(ca)?, own).map_err(|error| at(ca, error))
    }

    /// The same of what is at hand.
    pub fn new(ca_pem: &str, identity: Option<&pki::Identity>) -> io::Result<Client> {
        let own = |identity: &pki::Identity| Own::new(&identity.chain_pem, &identity.key_pem, PathBuf::new());
        Client::with(ca_pem, identity.map(own).transpose()?.map(Arc::new))
    }

    fn with(ca_pem: &str, own: Option<Arc<Own>>) -> io::Result<Client> {
        let builder = ClientConfig::builder_with_provider(provider()).with_protocol_versions(&[&TLS13]);
        let builder = builder.map_err(io::Error::other)?.with_root_certificates(roots(ca_pem)?);
        let mut config = match &own {
            Some(own) => builder.with_client_cert_resolver(own.clone()),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Client { own, config: Arc::new(config) })
    }

    /// Reads its own certificate again; true where it is another.
    pub fn reload(&self) -> io::Result<bool> {
        self.own.as_ref().map_or(Ok(false), |own| own.reload())
    }

    /// For an endpoint of tonic whose URL begins with `http:`: what it connects by speaks TLS.
    pub fn connector(
        &self,
    ) -> impl Service<
        Uri,
        Response = TokioIo<TlsStream<TcpStream>>,
        Error = io::Error,
        Future = BoxFuture<'static, io::Result<TokioIo<TlsStream<TcpStream>>>>,
    > + Clone
    + Send
    + 'static {
        let connector = TlsConnector::from(self.config.clone());
        tower::service_fn(move |uri: Uri| -> BoxFuture<'static, _> {
            let connector = connector.clone();
            Box::pin(async move { connect(&connector, &uri).await.map(TokioIo::new) })
        })
    }

    /// Connects to `address` as to `host`.
    pub async fn handshake(&self, socket: TcpStream, host: &str) -> io::Result<TlsStream<TcpStream>> {
        TlsConnector::from(self.config.clone()).connect(server_name(host)?, socket).await
    }
}

async fn connect(connector: &TlsConnector, uri: &Uri) -> io::Result<TlsStream<TcpStream>> {
    let host = uri.host().ok_or_else(|| invalid("a URL without a host"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let socket = TcpStream::connect((host, uri.port_u16().unwrap_or(443))).await?;
    // Small calls must not wait for more (Nagle).
    socket.set_nodelay(true)?;
    connector.connect(server_name(host)?, socket).await
}

fn server_name(host: &str) -> io::Result<ServerName<'static>> {
    ServerName::try_from(host.to_owned()).map_err(|_| invalid(&format!("{host} is no name of a host")))
}

/// One's own certificate and key, as they were read last.
struct Own {
    stem: PathBuf,
    held: ArcSwap<CertifiedKey>,
}

impl Own {
    fn open(stem: &Path) -> io::Result<Own> {
        let identity = pki::Identity::open(stem)?;
        Own::new(&identity.chain_pem, &identity.key_pem, stem.to_owned()).map_err(|error| at(stem, error))
    }

    fn new(chain_pem: &str, key_pem: &str, stem: PathBuf) -> io::Result<Own> {
        Ok(Own { stem, held: ArcSwap::from_pointee(certified(chain_pem, key_pem)?) })
    }

    fn reload(&self) -> io::Result<bool> {
        if self.stem.as_os_str().is_empty() {
            return Ok(false);
        }
        let identity = pki::Identity::open(&self.stem)?;
        let read = certified(&identity.chain_pem, &identity.key_pem)?;
        if read.cert == self.held.load().cert {
            return Ok(false);
        }
        self.held.store(Arc::new(read));
        Ok(true)
    }
}

impl std::fmt::Debug for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Own({})", self.stem.display())
    }
}

impl ResolvesServerCert for Own {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.held.load_full())
    }
}

impl ResolvesClientCert for Own {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.held.load_full())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A chain with the key that it is of.
fn certified(chain_pem: &str, key_pem: &str) -> io::Result<CertifiedKey> {
    let chain = certificates(chain_pem)?;
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|error| invalid(&error.to_string()))?;
    CertifiedKey::from_der(chain, key, &provider()).map_err(|error| invalid(&error.to_string()))
}

fn roots(pem: &str) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate).map_err(|error| invalid(&error.to_string()))?;
    }
    Ok(roots)
}

fn certificates(pem: &str) -> io::Result<Vec<CertificateDer<'static>>> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let read = read.map_err(|error| invalid(&error.to_string()))?;
    if read.is_empty() { Err(invalid("no certificate in it")) } else { Ok(read) }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn read(path: &Path) -> io::Result<String> {
    fs::read_to_string(path).map_err(|error| at(path, error))
}

fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}
