//! Files by content: each kept once under its SHA-256 in a local folder. The folder stands behind three calls, so that
//! another store can take its place. Files come and go as streams: first a message of their own, then chunks.

use std::{
    io,
    path::{Path, PathBuf},
    pin::Pin,
    time::{Duration, SystemTime},
};

use futures::Stream;
use sha2::{Digest, Sha256};
use tokio::{
    fs,
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use uuid::Uuid;

use crate::{
    id::hex,
    refusal::{Kind, Refusal},
};

/// A file may have so many bytes, and a message of its stream so many of them.
pub const MOST_BYTES: usize = 20 << 20;
const CHUNK: usize = 64 << 10;

/// A folder of files.
#[derive(Clone, Debug)]
pub struct Files(PathBuf);

impl Files {
    pub fn open(folder: &Path) -> io::Result<Files> {
        let incoming = folder.join("incoming");
        make_private(&incoming)?;
        clear(&incoming)?;
        Ok(Files(folder.to_owned()))
    }

    /// Starts a file that is not kept until it is finished.
    pub async fn start(&self) -> io::Result<Incoming> {
        let path = self.0.join("incoming").join(Uuid::new_v4().to_string());
        let file = fs::File::create_new(&path).await?;
        Ok(Incoming { file, path, digest: Sha256::new(), size: 0, head: Vec::with_capacity(HEAD), kept: false })
    }

    /// Takes what a caller streams after the header of a file: `chunk` finds the bytes in a message. What breaks off
    /// leaves nothing.
    pub async fn receive<M>(
        &self,
        parts: &mut Streaming<M>,
        chunk: impl Fn(M) -> Option<Vec<u8>>,
    ) -> Result<Incoming, Status> {
        let mut incoming = self.start().await.map_err(unwritable)?;
        while let Some(message) = parts.message().await? {
            let chunk = chunk(message)
                .ok_or_else(|| Refusal::field("chunk", "文件头之后须为数据块", "chunks follow the header"))?;
            if chunk.len() > CHUNK {
                return Err(Refusal::field("chunk", "数据块不得超过64KiB", "at most 64 KiB").into());
            }
            if incoming.size + chunk.len() > MOST_BYTES {
                return Err(too_large().into());
            }
            incoming.write(&chunk).await.map_err(unwritable)?;
        }
        Ok(incoming)
    }

    /// Sends a file that stands under its digest: first `head`, then the bytes, and at the end `corrupt` where they were
    /// not the ones that were kept.
    pub async fn send<M: Send + 'static>(
        &self,
        sha256: &str,
        head: M,
        chunk: fn(Vec<u8>) -> M,
        corrupt: fn() -> Refusal,
    ) -> Result<Sending<M>, Refusal> {
        let file = self.read(sha256).await.map_err(unwritable)?.ok_or_else(corrupt)?;
        let (send, receive) = mpsc::channel(4);
        let sha256 = sha256.to_owned();
        tokio::spawn(async move {
            if send.send(Ok(head)).await.is_ok() && pour(file, &sha256, chunk, &send).await.is_err() {
                let _ = send.send(Err(corrupt().into())).await;
            }
        });
        Ok(Box::pin(ReceiverStream::new(receive)))
    }

    /// Opens a file for reading; None where there is none.
    pub async fn read(&self, sha256: &str) -> io::Result<Option<fs::File>> {
        match fs::File::open(self.path(sha256)).await {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps a finished file under its digest; one that is there already stays.
    pub async fn keep(&self, mut incoming: Incoming) -> io::Result<String> {
        // A write that failed in the background is told by flush, not by sync_all.
        incoming.file.flush().await?;
        incoming.file.sync_all().await?;
        let sha256 = incoming.sha256();
        let path = self.path(&sha256);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).await?;
            fs::rename(&incoming.path, &path).await?;
            // The name lasts only when the folder is written too.
            fs::File::open(folder).await?.sync_all().await?;
        }
        incoming.kept = true;
        Ok(sha256)
    }

    fn path(&self, sha256: &str) -> PathBuf {
        self.0.join(&sha256[..2.min(sha256.len())]).join(sha256)
    }
}

/// A file on its way to a caller.
pub type Sending<M> = Pin<Box<dyn Stream<Item = Result<M, Status>> + Send>>;

/// Sends the bytes. An error where they could not be read or are not those of the digest.
async fn pour<M>(
    mut file: fs::File,
    sha256: &str,
    part: fn(Vec<u8>) -> M,
    send: &mpsc::Sender<Result<M, Status>>,
) -> io::Result<()> {
    let mut digest = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk).await?;
        if read == 0 {
            break;
        }
        digest.update(&chunk[..read]);
        if send.send(Ok(part(chunk[..read].to_vec()))).await.is_err() {
            return Ok(());
        }
    }
    if hex(&digest.finalize()) == sha256 { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// Makes a folder for nobody but who runs the service; one that is there already stays as it is.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A file that nobody has written to for so long is not arriving any more. Younger ones may be another replica's.
const ABANDONED: Duration = Duration::from_secs(3_600);

/// Removes what a crash has left of files that were arriving.
fn clear(incoming: &Path) -> io::Result<()> {
    // The time of the folder itself, which may lie on another machine than its replicas.
    let probe = incoming.join(Uuid::new_v4().to_string());
    let now = std::fs::File::create_new(&probe)?.metadata()?.modified();
    std::fs::remove_file(&probe)?;
    let now = now?;
    for entry in std::fs::read_dir(incoming)? {
        let entry = entry?;
        match remove_abandoned(&entry, now) {
            // Another replica may be opening too.
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, file = %entry.path().display(), "an abandoned file could not be removed");
            }
            _ => {}
        }
    }
    Ok(())
}

fn remove_abandoned(entry: &std::fs::DirEntry, now: SystemTime) -> io::Result<()> {
    let file = entry.metadata()?;
    let age = now.duration_since(file.modified()?).unwrap_or_default();
    if file.is_file() && age > ABANDONED { std::fs::remove_file(entry.path()) } else { Ok(()) }
}

/// So many first bytes tell a file's type.
const HEAD: usize = 4_096;

/// A file that is arriving. Dropped unfinished, it leaves nothing.
pub struct Incoming {
    file: fs::File,
    path: PathBuf,
    digest: Sha256,
    pub size: usize,
    head: Vec<u8>,
    kept: bool,
}

impl Incoming {
    pub async fn write(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.size += chunk.len();
        self.digest.update(chunk);
        let room = HEAD - self.head.len();
        self.head.extend_from_slice(&chunk[..room.min(chunk.len())]);
        self.file.write_all(chunk).await
    }

    pub fn sha256(&self) -> String {
        hex(&self.digest.clone().finalize())
    }

    /// What the bytes are, by their signature.
    pub fn media_type(&self) -> Option<&'static str> {
        infer::get(&self.head).map(|kind| kind.mime_type())
    }

    /// Whether the bytes are those announced.
    pub fn verify(&self, size: i64, sha256: &[u8]) -> Result<(), Refusal> {
        if self.size as i64 == size && self.sha256() == hex(sha256) {
            return Ok(());
        }
        let (zh, en) = ("文件内容与校验值不符", "the bytes do not have the announced size and SHA-256");
        Err(Refusal::new(Kind::Invalid, "CHECKSUM_MISMATCH", zh, en).at("sha256"))
    }

    /// All that has arrived.
    pub async fn bytes(&mut self) -> io::Result<Vec<u8>> {
        self.file.flush().await?;
        fs::read(&self.path).await
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The first message of an upload is no header.
pub fn no_header() -> Refusal {
    Refusal::field("header", "第一条消息须为文件头", "the first message must be the header")
}

pub fn too_large() -> Refusal {
    Refusal::new(Kind::Exhausted, "FILE_TOO_LARGE", "文件不得超过20MiB", "a file has at most 20 MiB")
}

/// The folder does not take or give.
pub fn unwritable(error: io::Error) -> Refusal {
    tracing::error!(%error, "the folder of files");
    Refusal::unavailable()
}
