//! A proof to take home: that an entry was in a log, checked years later and without it (c2sp.org/tlog-proof).

use std::{fmt, str::FromStr};

use crate::{
    Hash, Malformed,
    checkpoint::{Checkpoint, Untrusted},
    note::{Note, Verifier},
    text, tree,
};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// No tree that can be counted has longer paths.
const MOST_HASHES: usize = 63;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What else is needed to compute the leaf, for example the entry itself; empty for nothing. Not covered by any signature:
    /// believe it only where its hash is the leaf's.
    pub extra: Vec<u8>,
    /// Of the leaf, from 0.
    pub index: u64,
    /// From the leaf's sibling up to the root's child.
    pub hashes: Vec<Hash>,
    /// The checkpoint with its signatures.
    pub checkpoint: Note,
}

/// Why a proof shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    #[error(transparent)]
    Checkpoint(#[from] Untrusted),
    #[error("the hashes do not lead from the entry to the signed root")]
    NotIncluded,
}

impl Proof {
    pub fn parse(proof: &str) -> Result<Self, Malformed> {
        text::whole(proof)?;
        let (head, checkpoint) = proof.split_once("\n\n").ok_or(Malformed("a proof without a checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(Malformed("not a proof"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra ")).map(|line| text::decode(&line["extra ".len()..]));
        let extra = extra.transpose()?;
        if extra.as_ref().is_some_and(Vec::is_empty) {
            return Err(Malformed("extra data that is not there"));
        }
        let index =
            lines.next().and_then(|line| line.strip_prefix("index ")).ok_or(Malformed("a proof without index"))?;
        let hashes: Vec<_> = lines.take(MOST_HASHES + 1).map(text::hash).collect::<Result<_, _>>()?;
        if hashes.len() > MOST_HASHES {
            return Err(Malformed("too many hashes"));
        }
        let (extra, index, checkpoint) = (extra.unwrap_or_default(), text::number(index)?, Note::parse(checkpoint)?);
        Checkpoint::parse(&checkpoint.text)?;
        Ok(Self { extra, index, hashes, checkpoint })
    }

    /// The checkpoint of the log that includes the leaf.
    pub fn open(&self, leaf: &Hash, log: &Verifier) -> Result<Checkpoint, Unproven> {
        let checkpoint = Checkpoint::open(&self.checkpoint, log)?;
        let is_in = tree::verify_inclusion(leaf, self.index, checkpoint.size, &self.hashes, &checkpoint.root);
        if is_in { Ok(checkpoint) } else { Err(Unproven::NotIncluded) }
    }
}

impl FromStr for Proof {
    type Err = Malformed;

    fn from_str(proof: &str) -> Result<Self, Malformed> {
        Self::parse(proof)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if !self.extra.is_empty() {
            writeln!(f, "extra {}", text::encode(&self.extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", text::encode(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
