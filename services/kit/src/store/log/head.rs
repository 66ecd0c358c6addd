//! Signed heads: how one is made, and what a row of them is worth.

use tlog::{
    Hash,
    checkpoint::Checkpoint,
    note::{Ed25519, Note, Signer, Verifier},
    text,
};

use super::table::head::Model;
use crate::{clock::Moment, id::Division};

/// The line of a checkpoint that names the head before it by its size, 0 for the first: so that none of them can be missing.
const AFTER: &str = "after ";

/// The line of a checkpoint that names another key which signs it too: so that no signature can be put under a head or taken
/// from it.
const ALSO: &str = "also ";

/// Who signs the heads of a division.
pub(super) struct Signers {
    /// The log's own key.
    pub(super) own: Ed25519,
    /// Beside it, each with a line of its own.
    pub(super) others: Vec<Box<dyn Signer>>,
}

/// What a head says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) size: u64,
    pub(super) root: Hash,
    /// Microseconds, UTC.
    pub(super) at: i64,
    /// Size of the head before it.
    pub(super) after: u64,
    /// Under it stand the lines of the keys that it names, in their order, and no others.
    is_whole: bool,
}

/// Names the log of a division, and its key.
pub(super) fn origin(service: &str, division: Division) -> String {
    format!("yizhan/{division}/{service}")
}

/// Signs the tree of a division.
pub(super) fn sign(signers: &Signers, division: Division, size: u64, root: Hash, at: Moment, after: u64) -> Model {
    let Signers { own, others } = signers;
    let mut checkpoint = Checkpoint::signed(own.name(), size, root, at.0);
    checkpoint.extensions.push(format!("{AFTER}{after}"));
    checkpoint.extensions.extend(others.iter().map(|other| format!("{ALSO}{}", other.verifier())));
    let all: Vec<_> = [own as &dyn Signer].into_iter().chain(others.iter().map(AsRef::as_ref)).collect();
    let note = Note::sign(checkpoint.to_string(), &all).to_string();
    Model { division: division.into(), size: size as i64, root: root.to_vec(), signed_at: at.0, note }
}

/// What the note of a row says, where the log's key has signed it.
pub(super) fn open(row: &Model, key: &Verifier) -> Option<Head> {
    let note = Note::parse(&row.note).ok()?;
    let checkpoint = Checkpoint::open(&note, key).ok()?;
    let told = |what| checkpoint.extensions.iter().filter_map(move |line| line.strip_prefix(what));
    let after = text::number(told(AFTER).next()?).ok()?;
    let others: Vec<Verifier> = told(ALSO).map(str::parse).collect::<Result<_, _>>().ok()?;
    let mut keys = [key].into_iter().chain(&others);
    let is_whole = note.signatures.len() == 1 + others.len()
        && note.signatures.iter().all(|line| keys.next().is_some_and(|key| key.is_named_by(line)));
    Some(Head { size: checkpoint.size, root: checkpoint.root, at: checkpoint.signed_at()?, after, is_whole })
}

impl Head {
    /// Whether the row says the same as its note, under which nobody has signed but who is named in it.
    pub(super) fn is_told_by(&self, row: &Model) -> bool {
        self.is_whole && row.size == self.size as i64 && row.root == self.root && row.signed_at == self.at
    }
}
