//! What a witness keeps: its key, the last head of each log, and alarms. Text files, one for each log, so that somebody can
//! read them and carry them away; each is written beside its place, put on disk and then moved there, so that it is whole
//! whenever the program is killed. A database would do no more for some dozens of small texts.
//!
//! ```text
//! key                              the secret; 0600
//! heads/yizhan%2F410223%2Fintake    the last head that was cosigned
//! alarms/yizhan%2F410223%2Fintake   why nothing of the log is cosigned any more, with the evidence
//! ```

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use kit::clock::Moment;
use rand::RngCore;
use tlog::{
    checkpoint::Checkpoint,
    note::{Cosigner, Note},
    text,
};

use crate::{OpenError, request::Request};

const KEY: &str = "key";
const HEADS: &str = "heads";
const ALARMS: &str = "alarms";
/// A name in a file system has 255 bytes at most.
const LONGEST: usize = 240;

/// A witness's folder.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// The operating system lets go of it when the program ends, however it ends. None for who only reads.
    _lock: Option<File>,
}

/// The last head of a log.
pub struct Kept {
    pub note: Note,
    pub head: Checkpoint,
}

/// A log that is not what it was.
pub struct Alarm {
    pub origin: String,
    /// When it was found out, Shanghai time.
    pub at: String,
    pub what: String,
}

impl Folder {
    /// Claims the folder, and makes it where there is none.
    pub fn claim(path: &Path) -> Result<Folder, OpenError> {
        make_private(path)?;
        let lock = File::options().create(true).truncate(false).write(true).open(path.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => OpenError::InUse,
            TryLockError::Error(error) => error.into(),
        })?;
        for name in [HEADS, ALARMS] {
            make_private(&path.join(name))?;
        }
        sync(path)?;
        Ok(Folder { path: path.to_owned(), _lock: Some(lock) })
    }

    /// To look at it only, while another program may serve it.
    pub fn look(path: &Path) -> Folder {
        Folder { path: path.to_owned(), _lock: None }
    }

    /// The witness's key; made where there is none and it is named.
    pub fn key(&self, name: Option<&str>) -> Result<Cosigner, OpenError> {
        let malformed = |what| OpenError::Malformed(self.path.join(KEY).display().to_string(), tlog::Malformed(what));
        if let Some(line) = read(&self.path.join(KEY))? {
            let (kept, seed) =
                line.trim_end().split_once(' ').ok_or_else(|| malformed("a key is a name and a secret"))?;
            let seed = text::hash(seed).map_err(|_| malformed("a secret has 32 bytes"))?;
            if name.is_some_and(|name| name != kept) {
                return Err(OpenError::OtherName(kept.to_owned()));
            }
            return Cosigner::from_seed(kept, &seed).ok_or_else(|| malformed("a name"));
        }
        let name = name.ok_or(OpenError::NoKey)?;
        let mut seed = [0; 32];
        rand::rng().fill_bytes(&mut seed);
        let cosigner = Cosigner::from_seed(name, &seed);
        let cosigner = cosigner.ok_or_else(|| {
            OpenError::Malformed(name.to_owned(), tlog::Malformed("a name is without spaces and plus signs"))
        })?;
        replace(&self.path, KEY, &format!("{name} {}\n", text::encode(&seed)))?;
        Ok(cosigner)
    }

    /// The last head of a log that was cosigned.
    pub fn head(&self, origin: &str) -> io::Result<Option<Kept>> {
        let path = self.path.join(HEADS).join(file_name(origin));
        let spoilt = |error| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()));
        let Some(text) = read(&path)? else { return Ok(None) };
        let note = Note::parse(&text).map_err(spoilt)?;
        let head = Checkpoint::parse(&note.text).map_err(spoilt)?;
        if head.origin != origin {
            return Err(spoilt(tlog::Malformed("the head of another log")));
        }
        Ok(Some(Kept { note, head }))
    }

    /// Puts a head in the place of the last one; on disk when this returns.
    pub fn keep(&self, origin: &str, note: &Note) -> io::Result<()> {
        replace(&self.path.join(HEADS), &file_name(origin), &note.to_string())
    }

    /// Writes down that a log is not what it was, with the evidence: anybody who has the log's key can check it.
    pub fn raise(&self, origin: &str, what: &str, kept: &str, asked: &Request, now: Moment) -> io::Result<()> {
        let evidence = Request::write(asked.old, &asked.proof, &asked.note.to_string());
        let text = format!(
            "{}\n{what}\n\n此前签署 · signed before\n\n{kept}\n此次提交 · handed in now\n\n{evidence}",
            now.shanghai()
        );
        replace(&self.path.join(ALARMS), &file_name(origin), &text)
    }

    /// Why nothing of a log is cosigned any more.
    pub fn alarm(&self, origin: &str) -> io::Result<Option<Alarm>> {
        let Some(text) = read(&self.path.join(ALARMS).join(file_name(origin)))? else { return Ok(None) };
        let mut lines = text.lines();
        let [at, what] = [lines.next(), lines.next()].map(|line| line.unwrap_or_default().to_owned());
        Ok(Some(Alarm { origin: origin.to_owned(), at, what }))
    }

    /// Every alarm, of logs too that are no longer looked at.
    pub fn alarms(&self) -> io::Result<Vec<Alarm>> {
        let mut alarms = Vec::new();
        for file in fs::read_dir(self.path.join(ALARMS))? {
            let name = file?.file_name();
            let origin = name.to_str().filter(|name| !name.ends_with(DRAFT)).and_then(origin);
            alarms.extend(origin.and_then(|origin| self.alarm(&origin).transpose()).transpose()?);
        }
        alarms.sort_by(|one, other| one.origin.cmp(&other.origin));
        Ok(alarms)
    }

    /// Whether what is kept can be read.
    pub fn is_well(&self) -> bool {
        [HEADS, ALARMS].iter().all(|name| fs::read_dir(self.path.join(name)).is_ok())
    }
}

/// Whether a log's origin fits into the name of a file.
pub fn is_short(origin: &str) -> bool {
    file_name(origin).len() <= LONGEST
}

/// An origin as the name of a file: what is no small letter, digit, `-` or `_` as `%2F`. So no file system takes two for one.
fn file_name(origin: &str) -> String {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
    origin.bytes().map(|b| if plain(b) { (b as char).to_string() } else { format!("%{b:02X}") }).collect()
}

fn origin(file_name: &str) -> Option<String> {
    let mut parts = file_name.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (byte, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(byte, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
    }
}

fn make_private(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// No origin's file ends so.
const DRAFT: &str = ".tmp";

/// Writes a file whole or not at all, readable by its owner only, and on disk when this returns.
fn replace(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    let draft = folder.join(format!("{name}{DRAFT}"));
    let mut options = File::options();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, folder.join(name))?;
    sync(folder)
}

/// Puts a folder's list of files on disk; only Unix can open one to do so.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_origin_is_found_again_in_the_name_of_its_file(text in ".{0,60}") {
            let name = file_name(&text);
            prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_%".contains(&b)));
            prop_assert_eq!(origin(&name), Some(text));
        }
    }
}
