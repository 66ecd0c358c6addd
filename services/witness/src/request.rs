//! What a witness is asked: a head, and the proof that it extends the one before.
//!
//! ```text
//! old 20852014
//! PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
//!
//! yizhan/410223/intake
//! 20852163
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — yizhan/410223/intake Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeO…
//! ```

use tlog::{Hash, Malformed, checkpoint::Checkpoint, note::Note, text};

/// A request has so many bytes at most: 63 hashes, and a note with many more signatures than one.
pub const MOST_BYTES: usize = 64 << 10;
/// A proof has so many hashes at most (c2sp.org/tlog-witness).
const MOST_HASHES: usize = 63;

/// Asks to cosign a head.
#[derive(Clone, Debug)]
pub struct Request {
    /// Size of the last head that the witness has cosigned; 0 for none.
    pub old: u64,
    /// From that size to the head's.
    pub proof: Vec<Hash>,
    /// As it came; nothing of it is verified yet.
    pub note: Note,
    /// What the note says.
    pub head: Checkpoint,
}

impl Request {
    pub fn read(body: &[u8]) -> Result<Request, Malformed> {
        let body = str::from_utf8(body).map_err(|_| Malformed("not UTF-8"))?;
        let (lines, note) = body.split_once("\n\n").ok_or(Malformed("no blank line before the checkpoint"))?;
        let mut lines = lines.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old = text::number(old.ok_or(Malformed("the first line is `old` and a size"))?)?;
        let proof: Vec<_> = lines.take(MOST_HASHES + 1).map(text::hash).collect::<Result<_, _>>()?;
        if proof.len() > MOST_HASHES {
            return Err(Malformed("a proof of more than 63 hashes"));
        }
        let note = Note::parse(note)?;
        let head = Checkpoint::parse(&note.text)?;
        Ok(Request { old, proof, note, head })
    }

    /// The text of a request.
    pub fn write(old: u64, proof: &[Hash], note: &str) -> String {
        let proof: String = proof.iter().map(|hash| format!("{}\n", text::encode(hash))).collect();
        format!("old {old}\n{proof}\n{note}")
    }
}
