//! A client that knows nothing of the contract: bytes to a path, bytes back.

use std::time::Duration;

use bytes::{Buf, BufMut};
use kit::peer::Peer;
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
};

struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Bytes;
    type Decoder = Bytes;

    fn encoder(&mut self) -> Bytes {
        Bytes
    }

    fn decoder(&mut self) -> Bytes {
        Bytes
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, bytes: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&bytes);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let all = buffer.remaining();
        Ok(Some(buffer.copy_to_bytes(all).to_vec()))
    }
}

/// Sends one message and answers with the first that comes back: none where the stream ends without, or is one that
/// stays open and silent.
pub async fn call(peer: Peer, rpc: &str, message: Vec<u8>) -> Result<Option<Vec<u8>>, Status> {
    let path = PathAndQuery::try_from(format!("/yizhan.intake.v1.{rpc}")).expect("a path");
    let mut client = Grpc::new(peer);
    client.ready().await.expect("ready");
    let mut answers = client.server_streaming(Request::new(message), path, Bytes).await?.into_inner();
    match tokio::time::timeout(
        Duration::from_millis(if rpc.contains("Watch") { 20 } else { 10_000 }),
        answers.message(),
    )
    .await
    {
        Ok(answer) => answer,
        Err(_) => Ok(None),
    }
}
