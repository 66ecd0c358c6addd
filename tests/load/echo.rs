//! A bare unary echo on the same stack: tonic, prost, one message of bytes; nothing else.

use std::{
    convert::Infallible,
    future::Future,
    io::{BufRead, BufReader, Write},
    pin::Pin,
    process::{Child, Command, Stdio},
    task::{Context, Poll},
    time::Duration,
};

use kit::pki::Authority;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Request, Response, Status,
    body::Body,
    server::{Grpc, NamedService, UnaryService},
    transport::{Identity, Server, ServerTlsConfig},
};
use tonic_prost::ProstCodec;

/// Ends what a server says of itself.
const END: &str = "ready";

pub const PATH: &str = "/yizhan.load.Echo/Say";

/// google.protobuf.BytesValue
pub type Said = Vec<u8>;

#[derive(Clone)]
struct Service;

impl NamedService for Service {
    const NAME: &'static str = "yizhan.load.Echo";
}

impl tower::Service<http::Request<Body>> for Service {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move { Ok(Grpc::new(ProstCodec::<Said, Said>::default()).unary(Say, request).await) })
    }
}

struct Say;

impl UnaryService<Said> for Say {
    type Response = Said;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Said>, Status>> + Send>>;

    fn call(&mut self, request: Request<Said>) -> Self::Future {
        Box::pin(async move { Ok(Response::new(request.into_inner())) })
    }
}

/// Serves on a free port, with TLS as the program does, and says which port and by what authority.
pub async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("yizhan-echo-{}", std::process::id()));
    let authority = Authority::open(&folder)?;
    let own = authority.issue("services/echo", &["127.0.0.1".to_owned()], Duration::from_secs(86_400))?;
    std::fs::remove_dir_all(&folder)?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", listener.local_addr()?)?;
    writeln!(out, "{}", authority.certificate_pem())?;
    writeln!(out, "{END}")?;
    drop(out);
    let incoming = tokio_stream::StreamExt::map(TcpListenerStream::new(listener), |socket| {
        socket.inspect(|socket| {
            let _ = socket.set_nodelay(true);
        })
    });
    let tls = ServerTlsConfig::new().identity(Identity::from_pem(own.chain_pem, own.key_pem));
    Ok(Server::builder().tls_config(tls)?.add_service(Service).serve_with_incoming(incoming).await?)
}

/// The echo in a process of its own.
pub struct Echo {
    child: Child,
    pub url: String,
    /// Of its authority, PEM.
    pub ca: String,
}

impl Echo {
    pub fn start() -> Result<Echo, Box<dyn std::error::Error>> {
        let mut child = Command::new(std::env::current_exe()?).arg("--echo").stdout(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let address = lines.next().ok_or("no address")??;
        let ca: Vec<String> = lines.map_while(Result::ok).take_while(|line| line != END).collect();
        Ok(Echo { child, url: format!("https://{address}"), ca: ca.join("\n") })
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
