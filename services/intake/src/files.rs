//! Files by content: each kept once under its SHA-256 in a local folder. The folder stands behind three calls, so that
//! another store can take its place.

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use kit::id::hex;
use sha2::{Digest, Sha256};
use tokio::{fs, io::AsyncWriteExt};
use uuid::Uuid;

/// A folder of files.
#[derive(Clone, Debug)]
pub struct Files(PathBuf);

impl Files {
    pub fn open(folder: &Path) -> io::Result<Files> {
        let incoming = folder.join("incoming");
        std::fs::create_dir_all(&incoming)?;
        clear(&incoming)?;
        Ok(Files(folder.to_owned()))
    }

    /// Starts a file that is not kept until it is finished.
    pub async fn start(&self) -> io::Result<Incoming> {
        let path = self.0.join("incoming").join(Uuid::new_v4().to_string());
        let file = fs::File::create_new(&path).await?;
        Ok(Incoming { file, path, digest: Sha256::new(), size: 0, head: Vec::with_capacity(HEAD), kept: false })
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
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
