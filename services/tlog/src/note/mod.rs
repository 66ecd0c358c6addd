//! Signed notes: a text, and under it lines of those who signed it (c2sp.org/signed-note).
//!
//! ```text
//! yizhan/410223/intake
//! 20852163
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — yizhan/410223/intake Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeO…
//! ```

mod signer;
mod verifier;

use std::{fmt, str::FromStr};

pub use signer::{Cosigner, Ed25519, Signer};
pub use verifier::{Signed, Verifier};

use crate::{Malformed, text};

/// More signature lines than these are not read. At least 16 must be.
pub const MOST_SIGNATURES: usize = 100;

/// A text and its signatures, none of them checked yet: believe the text only after [`Verifier::verifies`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// With the line feed at its end.
    pub text: String,
    /// At least one, in their order.
    pub signatures: Vec<Signature>,
}

/// A line under a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Of the key: not empty, without spaces and plus signs.
    pub name: String,
    /// Of the key: a short hash, which tells keys of the same name apart and protects from nothing.
    pub key_id: u32,
    /// What the key's type says, after the key's id.
    pub bytes: Vec<u8>,
}

impl Note {
    /// Signs a text of whole lines, without control characters.
    pub fn sign(text: impl Into<String>, signers: &[&dyn Signer]) -> Self {
        let text = text.into();
        let signatures = signers.iter().map(|signer| signer.sign(&text)).collect();
        Self { text, signatures }
    }

    pub fn parse(note: &str) -> Result<Self, Malformed> {
        text::whole(note)?;
        let blank = note.rfind("\n\n").ok_or(Malformed("no blank line before the signatures"))?;
        let (text, signatures) = (&note[..=blank], &note[blank + 2..]);
        let signatures = text::lines(signatures)?;
        let signatures: Vec<_> = signatures.take(MOST_SIGNATURES + 1).map(str::parse).collect::<Result<_, _>>()?;
        if signatures.len() > MOST_SIGNATURES {
            return Err(Malformed("too many signatures"));
        }
        Ok(Self { text: text.to_owned(), signatures })
    }
}

impl FromStr for Note {
    type Err = Malformed;

    fn from_str(note: &str) -> Result<Self, Malformed> {
        Self::parse(note)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl FromStr for Signature {
    type Err = Malformed;

    fn from_str(line: &str) -> Result<Self, Malformed> {
        let line = line.strip_prefix("— ").ok_or(Malformed("a signature line begins with a dash"))?;
        let (name, bytes) = line.split_once(' ').ok_or(Malformed("a signature line without a signature"))?;
        let bytes = text::decode(bytes)?;
        match bytes.split_first_chunk() {
            Some((key_id, bytes)) if is_name(name) && !bytes.is_empty() => {
                Ok(Self { name: name.to_owned(), key_id: u32::from_be_bytes(*key_id), bytes: bytes.to_vec() })
            }
            _ => Err(Malformed("a signature line")),
        }
    }
}

/// The line without its end.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id.to_be_bytes()[..], &self.bytes].concat();
        write!(f, "— {} {}", self.name, text::encode(&bytes))
    }
}

/// Whether a key can have this name.
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c == '+' || c < ' ')
}
