//! Secrets: one master key per service, and what is derived from it for each purpose.

use std::{fs, io, path::Path};

use aes_gcm::{
    Aes256Gcm, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use rand::RngCore;
use sha2::Sha256;

/// The master key. Never logged, never sent.
#[derive(Clone)]
pub struct Keys([u8; 32]);

impl Keys {
    /// Reads the key of a data folder, or makes one there, readable by the owner only.
    pub fn open(path: &Path) -> io::Result<Keys> {
        match fs::read(path) {
            Ok(bytes) => <[u8; 32]>::try_from(bytes.as_slice())
                .map(Keys)
                .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a key file has 32 bytes")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Keys::create(path),
            Err(error) => Err(error),
        }
    }

    fn create(path: &Path) -> io::Result<Keys> {
        use std::io::Write;
        let mut key = [0; 32];
        rand::rng().fill_bytes(&mut key);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.write_all(&key)?;
        file.sync_all()?;
        Ok(Keys(key))
    }

    /// A key for tests and trials.
    pub fn from_bytes(key: [u8; 32]) -> Keys {
        Keys(key)
    }

    /// HMAC-SHA-256 over a purpose and parts, each with its length so that no two lists of parts meet.
    pub fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        // HMAC takes a key of any length, so this cannot fail.
        let Ok(mut mac) = <Hmac<Sha256> as Mac>::new_from_slice(&self.0) else { return [0; 32] };
        for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The cipher for a purpose.
    pub fn cipher(&self, purpose: &str) -> Cipher {
        Cipher(Aes256Gcm::new(&self.mac("cipher", &[purpose.as_bytes()]).into()))
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// AES-256-GCM with a random nonce in front. What it belongs to is authenticated too, so that a ciphertext moved to
/// another row does not open.
#[derive(Clone)]
pub struct Cipher(Aes256Gcm);

impl Cipher {
    pub fn seal(&self, plain: &[u8], belongs_to: &str) -> Vec<u8> {
        let mut nonce = [0; 12];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload { msg: plain, aad: belongs_to.as_bytes() };
        // Fails only for texts beyond 64 GiB.
        let sealed = self.0.encrypt(Nonce::from_slice(&nonce), payload).unwrap_or_default();
        [nonce.as_slice(), &sealed].concat()
    }

    /// None where the text was altered, moved or sealed with another key.
    pub fn open(&self, sealed: &[u8], belongs_to: &str) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(12)?;
        self.0.decrypt(Nonce::from_slice(nonce), Payload { msg: text, aad: belongs_to.as_bytes() }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_only_where_it_belongs() {
        let cipher = Keys::from_bytes([7; 32]).cipher("applicant");
        let sealed = cipher.seal("李某某".as_bytes(), "case 1");
        assert_eq!(cipher.open(&sealed, "case 1").as_deref(), Some("李某某".as_bytes()));
        assert_eq!(cipher.open(&sealed, "case 2"), None);
        assert_eq!(Keys::from_bytes([8; 32]).cipher("applicant").open(&sealed, "case 1"), None);
        assert_eq!(cipher.open(&sealed[..5], "case 1"), None);
    }
}
