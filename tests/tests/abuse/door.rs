//! The program whose door is tried, and the ways to it.

use std::{fs, io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use kit::testing::TestDatabase;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, ClientConnection, RootCertStore,
        crypto::aws_lc_rs::default_provider,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
        version::TLS13,
    },
};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use super::{
    house::program::{Program, Settings},
    line::{Ear, Stream},
    machine::Process,
    wire::PREFACE,
};

/// Where an installation keeps its own authority and the credential of its first operator, in its data folder.
const CREDENTIALS: &str = "pki";

/// A program of its own, on loopback.
pub struct Door {
    pub program: Program,
    pub way: Way,
    pub process: Process,
    /// Dropped, it takes the data away.
    _database: TestDatabase,
}

impl Door {
    pub async fn open() -> Door {
        let database = TestDatabase::sqlite();
        let data = database.config(&[]).await.data;
        // The door as it comes, with the limits that other tests do without.
        let rate = kit::config::Config::default().rate;
        let program = Settings::all(&data).with("YIZHAN_RATE", rate.to_string()).start().await;
        let way = Way::to(program.grpc, &data.join(CREDENTIALS));
        let process = Process::on(&data).expect("the program is a process");
        Door { program, way, process, _database: database }
    }
}

/// Where the door is, and how it is spoken to: TLS where the installation has an authority.
#[derive(Clone)]
pub struct Way {
    address: SocketAddr,
    tls: Option<Tls>,
}

#[derive(Clone)]
struct Tls {
    /// Of whoever shows no certificate.
    stranger: Arc<ClientConfig>,
    /// Of the operator.
    known: ClientTlsConfig,
}

impl Way {
    fn to(address: SocketAddr, credentials: &Path) -> Way {
        let read = |name| fs::read(credentials.join(name));
        let tls = read("ca.pem").ok().map(|authority| {
            let (chain, key) = (read("operator.pem"), read("operator.key"));
            let operator = Identity::from_pem(chain.expect("a certificate"), key.expect("its key"));
            let known = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&authority)).identity(operator);
            Tls { stranger: Arc::new(trusting(&authority)), known }
        });
        Way { address, tls }
    }

    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// A connection as an honest caller has it, made when it is first used. It comes with the operator's certificate:
    /// how often one may call is counted by who one is, and here all who are nobody have one address.
    pub fn channel(&self) -> Channel {
        let scheme = if self.is_tls() { "https" } else { "http" };
        let mut endpoint = Endpoint::from_shared(format!("{scheme}://{}", self.address)).expect("a URL");
        if let Some(tls) = &self.tls {
            endpoint = endpoint.tls_config(tls.known.clone()).expect("a TLS configuration");
        }
        endpoint.tcp_nodelay(true).connect_timeout(Duration::from_secs(5)).connect_lazy()
    }

    /// A socket and nothing said. Of who will not listen, little is kept by the system either.
    pub async fn socket(&self, ear: Ear) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        if ear == Ear::Deaf {
            socket.set_recv_buffer_size(4 << 10)?;
        }
        let stream = socket.connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// A connection over which HTTP/2 may be spoken.
    pub async fn connect(&self, ear: Ear) -> io::Result<Box<dyn Stream>> {
        let socket = self.socket(ear).await?;
        Ok(match &self.tls {
            Some(tls) => Box::new(TlsConnector::from(tls.stranger.clone()).connect(self.name(), socket).await?),
            None => Box::new(socket),
        })
    }

    /// The first words of any client, cut off in the middle.
    pub fn half_a_greeting(&self) -> Vec<u8> {
        let mut words = match &self.tls {
            Some(tls) => {
                let mut hello = Vec::new();
                let mut client = ClientConnection::new(tls.stranger.clone(), self.name()).expect("a client");
                client.write_tls(&mut hello).expect("memory takes everything");
                hello
            }
            None => PREFACE.to_vec(),
        };
        words.truncate(words.len() / 2);
        words
    }

    /// Whom the server's certificate has to name.
    fn name(&self) -> ServerName<'static> {
        self.address.ip().into()
    }
}

fn trusting(pem: &[u8]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.expect("a certificate")).expect("an authority");
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13])
        .expect("TLS 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}
