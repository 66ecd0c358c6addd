//! A bare unary echo on the same stack: tonic, prost, one message of bytes; nothing else.

use std::{
    convert::Infallible,
    future::Future,
    io::{BufRead, BufReader, Write},
    pin::Pin,
    process::{Child, Command, Stdio},
    task::{Context, Poll},
};

use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Request, Response, Status,
    body::Body,
    server::{Grpc, NamedService, UnaryService},
    transport::Server,
};
use tonic_prost::ProstCodec;

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

/// Serves on a free port and says which.
pub async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout().lock(), "{}", listener.local_addr()?)?;
    let incoming = tokio_stream::StreamExt::map(TcpListenerStream::new(listener), |socket| {
        socket.inspect(|socket| {
            let _ = socket.set_nodelay(true);
        })
    });
    Ok(Server::builder().add_service(Service).serve_with_incoming(incoming).await?)
}

/// The echo in a process of its own.
pub struct Echo {
    child: Child,
    pub url: String,
}

impl Echo {
    pub fn start() -> Result<Echo, Box<dyn std::error::Error>> {
        let mut child = Command::new(std::env::current_exe()?).arg("--echo").stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        let out = child.stdout.take().ok_or("no output")?;
        BufReader::new(out).read_line(&mut address)?;
        Ok(Echo { child, url: format!("http://{}", address.trim()) })
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
