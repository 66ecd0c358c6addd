//! A witness of transparency logs (c2sp.org/tlog-witness): it keeps the last head of each log it knows, cosigns a head only
//! where that extends what it saw, and otherwise keeps both as evidence and cosigns nothing of that log any more.
//!
//! What is asked ([`request`]) is judged by what is kept ([`judge`]), which is pure; [`folder`] keeps heads and alarms on disk,
//! [`Witness`] does one after the other, [`serve`] is the way in over HTTP.

pub mod folder;
pub mod judge;
pub mod request;
pub mod serve;

use std::{
    collections::BTreeMap,
    io,
    sync::{Mutex, PoisonError},
};

use folder::Folder;
use judge::{Fault, Verdict};
use kit::clock::Moment;
use request::Request;
use tlog::note::{Cosigner, Note, Verifier};

/// Type of a log's key (c2sp.org/signed-note).
const ED25519: u8 = 0x01;

/// Why a witness cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Of the file that is named.
    #[error("{0}: {1}")]
    Malformed(String, tlog::Malformed),
    #[error("this witness has no key yet: name it")]
    NoKey,
    #[error("this witness is called {0}")]
    OtherName(String),
    #[error("another program serves this folder")]
    InUse,
    #[error("the origin {0:?} is too long")]
    LongOrigin(String),
    /// It signs as a witness does, or by what is not verified here.
    #[error("{0} is no Ed25519 key of a log")]
    NoLogKey(String),
}

/// What somebody is answered who asks for a cosignature.
#[derive(Debug)]
pub enum Answer {
    /// The line, which ends.
    Cosigned(String),
    Malformed(tlog::Malformed),
    /// The old size is above that of the head.
    Backwards,
    UnknownLog,
    NotSigned,
    /// The proof is not from the last size that was cosigned, which is this.
    Stale(u64),
    /// The proof does not lead from what was seen to this head.
    NotProven,
    /// The log has shown that it is not what it was, now or before; what it did.
    Alarmed(String),
    /// Nothing was cosigned, since it could not be kept.
    Unkept(io::Error),
}

/// A witness at work.
pub struct Witness {
    cosigner: Cosigner,
    folder: Folder,
    /// By origin.
    logs: BTreeMap<String, Log>,
}

/// A log that is known.
struct Log {
    /// The keys that may sign its heads.
    keys: Vec<Verifier>,
    /// One request after the other: a head is judged by what is kept, and kept, without another coming in between.
    turn: Mutex<()>,
}

impl Log {
    /// Whether one of its keys has signed the note. Lines of keys that are not known are passed over; one of a known key that is
    /// wrong spoils the note, also where another's is right.
    fn has_signed(&self, note: &Note) -> bool {
        let names = |key: &&Verifier| note.signatures.iter().any(|line| key.is_named_by(line));
        let mut named = self.keys.iter().filter(names).peekable();
        named.peek().is_some() && named.all(|key| key.verifies(note).is_some())
    }
}

impl Witness {
    /// Opens a folder for these logs, each known by its keys, whose name is its origin: more than one while a log changes from
    /// one to the next. A folder without a key is given one where the witness is named.
    pub fn open(folder: Folder, name: Option<&str>, logs: Vec<Verifier>) -> Result<Witness, OpenError> {
        let cosigner = folder.key(name)?;
        let mut known: BTreeMap<String, Log> = BTreeMap::new();
        for key in logs {
            if !folder::is_short(key.name()) {
                return Err(OpenError::LongOrigin(key.name().to_owned()));
            }
            if key.bytes().first() != Some(&ED25519) {
                return Err(OpenError::NoLogKey(key.to_string()));
            }
            let log = known.entry(key.name().to_owned());
            log.or_insert_with(|| Log { keys: Vec::new(), turn: Mutex::default() }).keys.push(key);
        }
        // What cannot be read now could not be judged by later.
        known.keys().try_for_each(|origin| folder.head(origin).map(drop))?;
        Ok(Witness { cosigner, folder, logs: known })
    }

    /// By what its cosignatures are verified.
    pub fn key(&self) -> Verifier {
        self.cosigner.verifier()
    }

    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.logs.keys().map(String::as_str)
    }

    /// Cosigns a head, or says why not. Waits for the disk: what was answered is remembered however the program ends.
    pub fn add_checkpoint(&self, body: &[u8], now: Moment) -> Answer {
        let asked = match Request::read(body) {
            Ok(asked) => asked,
            Err(malformed) => return Answer::Malformed(malformed),
        };
        let Some(log) = self.logs.get(&asked.head.origin) else { return Answer::UnknownLog };
        if !log.has_signed(&asked.note) {
            return Answer::NotSigned;
        }
        if asked.old > asked.head.size {
            return Answer::Backwards;
        }
        let _turn = log.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.decide(&asked, now).unwrap_or_else(|error| {
            tracing::error!(%error, log = asked.head.origin, "nothing was cosigned: the folder fails");
            Answer::Unkept(error)
        })
    }

    fn decide(&self, asked: &Request, now: Moment) -> io::Result<Answer> {
        let origin = &asked.head.origin;
        if let Some(alarm) = self.folder.alarm(origin)? {
            return Ok(Answer::Alarmed(alarm.what));
        }
        let kept = self.folder.head(origin)?;
        Ok(match judge::judge(kept.as_ref().map(|kept| &kept.head), asked) {
            Verdict::Extends => {
                let seconds = u64::try_from(now.0.div_euclid(1_000_000)).unwrap_or_default();
                let line = format!("{}\n", self.cosigner.cosign(&asked.note.text, seconds));
                // The same again is kept already.
                if kept.is_none_or(|kept| kept.head.size < asked.head.size) {
                    self.folder.keep(origin, &asked.note)?;
                }
                Answer::Cosigned(line)
            }
            Verdict::Stale(size) => Answer::Stale(size),
            Verdict::NotProven => Answer::NotProven,
            Verdict::Fork(fault) => {
                let kept = kept.map(|kept| kept.note.to_string()).unwrap_or_default();
                self.raise(fault, &kept, asked, now)?
            }
        })
    }

    fn raise(&self, fault: Fault, kept: &str, asked: &Request, now: Moment) -> io::Result<Answer> {
        let origin = &asked.head.origin;
        self.folder.raise(origin, &fault.to_string(), kept, asked, now)?;
        tracing::error!(log = origin, %fault, "ALARM: this log is not what it was");
        Ok(Answer::Alarmed(fault.to_string()))
    }
}
