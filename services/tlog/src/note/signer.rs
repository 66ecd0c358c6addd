use ed25519_dalek::{Signer as _, SigningKey};

use super::{
    Signature, Verifier,
    verifier::{COSIGNATURE, ED25519, cosigned},
};

/// Who signs notes. Other types of keys come in here: one whose type is 0xff and a longer identifier (say, SM2 with SM3) adds
/// a second line, which those pass over who do not know the key.
pub trait Signer: Send + Sync {
    /// Of the key, as in [`Signature::name`].
    fn name(&self) -> &str;
    fn verifier(&self) -> Verifier;
    /// Of a text with the line feed at its end.
    fn sign(&self, text: &str) -> Signature;
}

/// A key of type 0x01: Ed25519 (RFC 8032) over the text.
pub struct Ed25519 {
    key: SigningKey,
    verifier: Verifier,
}

impl Ed25519 {
    /// From the 32 secret bytes of RFC 8032. None where a key cannot have the name.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Option<Self> {
        let key = SigningKey::from_bytes(seed);
        let verifier = Verifier::new(name, ED25519, key.verifying_key().as_bytes()).ok()?;
        Some(Self { key, verifier })
    }
}

impl Signer for Ed25519 {
    fn name(&self) -> &str {
        self.verifier.name()
    }

    fn verifier(&self) -> Verifier {
        self.verifier.clone()
    }

    fn sign(&self, text: &str) -> Signature {
        self.verifier.line(self.key.sign(text.as_bytes()).to_bytes().to_vec())
    }
}

/// A witness's key, type 0x04: a time, and Ed25519 over that time and the text of a checkpoint (c2sp.org/tlog-cosignature,
/// cosignature/v1). It needs a key of its own, for what it signs does not contain its name.
pub struct Cosigner {
    key: SigningKey,
    verifier: Verifier,
}

impl Cosigner {
    /// From the 32 secret bytes of RFC 8032. None where a key cannot have the name.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Option<Self> {
        let key = SigningKey::from_bytes(seed);
        let verifier = Verifier::new(name, COSIGNATURE, key.verifying_key().as_bytes()).ok()?;
        Some(Self { key, verifier })
    }

    pub fn name(&self) -> &str {
        self.verifier.name()
    }

    pub fn verifier(&self) -> Verifier {
        self.verifier.clone()
    }

    /// States that at this time (seconds since 1970, at most 2^63 − 1) this was the largest consistent head it had seen.
    pub fn cosign(&self, text: &str, unix_seconds: u64) -> Signature {
        let signature = self.key.sign(cosigned(unix_seconds, text).as_bytes()).to_bytes();
        self.verifier.line([&unix_seconds.to_be_bytes()[..], &signature].concat())
    }
}
