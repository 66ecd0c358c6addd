//! Checkpoints: a tree head as the text of a note (c2sp.org/tlog-checkpoint).

use std::{fmt, str::FromStr};

use crate::{
    Hash, Malformed,
    note::{Note, Verifier},
    text,
};

const SIGNED_AT: &str = "signed-at ";

/// How large a log is, and the root of its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log, for example `yizhan/410223/intake`; one line.
    pub origin: String,
    /// Number of entries, at most 2^63 − 1.
    pub size: u64,
    pub root: Hash,
    /// Lines that the log adds, none of them empty.
    pub extensions: Vec<String>,
}

/// Why a note is not the checkpoint of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("not signed by the log's key")]
    NotSigned,
    #[error("signed by the log's key and about another log")]
    OtherOrigin,
}

impl Checkpoint {
    /// A head, signed at a time in microseconds since 1970, which its extension line tells.
    pub fn signed(origin: impl Into<String>, size: u64, root: Hash, at: i64) -> Self {
        Self { origin: origin.into(), size, root, extensions: vec![format!("{SIGNED_AT}{at}")] }
    }

    pub fn parse(body: &str) -> Result<Self, Malformed> {
        let mut lines = text::lines(body)?;
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(Malformed("a checkpoint has three lines"));
        };
        let (origin, extensions) = (origin.to_owned(), lines.map(str::to_owned).collect::<Vec<_>>());
        if origin.is_empty() || extensions.iter().any(String::is_empty) {
            return Err(Malformed("an empty line in a checkpoint"));
        }
        Ok(Self { origin, size: text::number(size)?, root: text::hash(root)?, extensions })
    }

    /// The checkpoint in a note, where the key of a log has signed it and it is about that log: the key's name is the origin.
    pub fn open(note: &Note, log: &Verifier) -> Result<Self, Untrusted> {
        log.verifies(note).ok_or(Untrusted::NotSigned)?;
        let checkpoint = Self::parse(&note.text)?;
        if checkpoint.origin == log.name() { Ok(checkpoint) } else { Err(Untrusted::OtherOrigin) }
    }

    /// When it was signed by the log's own clock, in microseconds since 1970; none where its lines do not say it once.
    pub fn signed_at(&self) -> Option<i64> {
        let mut times = self.extensions.iter().filter_map(|line| line.strip_prefix(SIGNED_AT));
        let time = times.next().filter(|_| times.next().is_none())?;
        i64::try_from(text::number(time).ok()?).ok()
    }
}

impl FromStr for Checkpoint {
    type Err = Malformed;

    fn from_str(body: &str) -> Result<Self, Malformed> {
        Self::parse(body)
    }
}

/// The text to sign.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, text::encode(&self.root))?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
