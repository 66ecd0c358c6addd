use std::{fmt, str::FromStr};

use ed25519_dalek::VerifyingKey;
use sha2::{Digest, Sha256};

use super::{Note, Signature, is_name};
use crate::{Malformed, text};

/// Ed25519 over the text.
pub(super) const ED25519: u8 = 0x01;
/// A time, and Ed25519 over time and text.
pub(super) const COSIGNATURE: u8 = 0x04;

/// A public key with its name, in text `name+hash+base64` (c2sp.org/signed-note, verifier keys).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    key_id: u32,
    /// Byte of the type, then the key.
    bytes: Vec<u8>,
    /// None of a type that is not verified here.
    key: Option<VerifyingKey>,
}

/// That a key has signed a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    /// A witness says when: seconds since 1970. The newest, where it did so more than once.
    pub time: Option<u64>,
}

impl Verifier {
    /// Of a type: 0x01 (Ed25519), 0x04 (cosignature/v1), or one that [`Verifier::verifies_by`] is for, as 0xff, whose key begins
    /// with the longer identifier.
    pub fn new(name: &str, kind: u8, key: &[u8]) -> Result<Self, Malformed> {
        if !is_name(name) {
            return Err(Malformed("a key's name is not empty and has no space and no plus sign"));
        }
        let bytes = [&[kind], key].concat();
        let key = matches!(kind, ED25519 | COSIGNATURE).then(|| ed25519(key)).transpose()?;
        Ok(Self { name: name.to_owned(), key_id: key_id(name, &bytes), bytes, key })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of SHA-256 over name, line feed, type and key.
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// Byte of the type, then the key.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether [`Verifier::verifies`] knows its type; else only [`Verifier::verifies_by`] can tell.
    pub fn verifies_here(&self) -> bool {
        self.key.is_some()
    }

    /// Whether a line says that this key made it; not whether that is true.
    pub fn is_named_by(&self, signature: &Signature) -> bool {
        signature.key_id == self.key_id && signature.name == self.name
    }

    /// Whether this key has signed the note. None where no line is this key's, and where one that names it is wrong: such a
    /// note is refused as a whole. Lines of other keys are passed over.
    pub fn verifies(&self, note: &Note) -> Option<Signed> {
        self.lines(note, |signature| self.verify(&note.text, signature))
    }

    /// The same for a type that is not verified here: `check` is given key (after the type's byte), text and signature.
    pub fn verifies_by(&self, note: &Note, check: impl Fn(&[u8], &str, &[u8]) -> bool) -> Option<Signed> {
        let key = self.bytes.get(1..).filter(|_| self.key.is_none())?;
        self.lines(note, |signature| check(key, &note.text, signature).then_some(Signed { time: None }))
    }

    fn lines(&self, note: &Note, verify: impl Fn(&[u8]) -> Option<Signed>) -> Option<Signed> {
        let mine = note.signatures.iter().filter(|signature| self.is_named_by(signature));
        let signed: Vec<_> = mine.map(|signature| verify(&signature.bytes)).collect::<Option<_>>()?;
        signed.into_iter().max_by_key(|signed| signed.time)
    }

    fn verify(&self, text: &str, signature: &[u8]) -> Option<Signed> {
        let key = self.key.as_ref()?;
        if self.bytes[0] == ED25519 {
            return is_signed(key, text, signature).then_some(Signed { time: None });
        }
        let (time, signature) = signature.split_first_chunk()?;
        let time = u64::from_be_bytes(*time);
        let is_time = i64::try_from(time).is_ok();
        (is_time && is_signed(key, &cosigned(time, text), signature)).then_some(Signed { time: Some(time) })
    }

    pub(super) fn line(&self, bytes: Vec<u8>) -> Signature {
        Signature { name: self.name.clone(), key_id: self.key_id, bytes }
    }
}

impl FromStr for Verifier {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(key_id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Malformed("a verifier key is name+hash+key"));
        };
        let bytes = text::decode(key)?;
        let (kind, key) = bytes.split_first().ok_or(Malformed("a verifier key without a key"))?;
        let verifier = Self::new(name, *kind, key)?;
        // No other way to count a key's id is known here.
        if format!("{:08x}", verifier.key_id) != key_id {
            return Err(Malformed("the hash in a verifier key is not that of its key"));
        }
        Ok(verifier)
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{:08x}+{}", self.name, self.key_id, text::encode(&self.bytes))
    }
}

/// What a witness signs.
pub(super) fn cosigned(unix_seconds: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {unix_seconds}\n{text}")
}

fn ed25519(key: &[u8]) -> Result<VerifyingKey, Malformed> {
    let key = key.try_into().map_err(|_| Malformed("an Ed25519 key has 32 bytes"))?;
    VerifyingKey::from_bytes(key).map_err(|_| Malformed("not an Ed25519 key"))
}

/// Strictly: refuses weak keys and second forms of a signature, which RFC 8032 leaves open.
fn is_signed(key: &VerifyingKey, text: &str, signature: &[u8]) -> bool {
    signature.try_into().is_ok_and(|signature| key.verify_strict(text.as_bytes(), &signature).is_ok())
}

fn key_id(name: &str, bytes: &[u8]) -> u32 {
    let digest = Sha256::new().chain_update(name).chain_update("\n").chain_update(bytes).finalize();
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}
