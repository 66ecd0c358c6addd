//! What seals personal data and other secrets at rest, and how a sealed text says which cipher and key have done it.

use std::sync::Arc;

use aes_gcm::{
    Aes256Gcm, AesGcm, KeyInit,
    aead::{Aead, AeadCore, Payload, consts::U12},
};
use rand::RngCore;
use serde::Deserialize;
use sm4::Sm4;

use super::Keys;

/// Which cipher seals from now on. Whatever was sealed opens all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Scheme {
    #[default]
    Aes256Gcm = 1,
    /// GB/T 32907 in Galois/Counter Mode (RFC 8998).
    Sm4Gcm = 2,
}

impl Scheme {
    const ALL: [Scheme; 2] = [Scheme::Aes256Gcm, Scheme::Sm4Gcm];

    pub fn name(self) -> &'static str {
        match self {
            Scheme::Aes256Gcm => "aes-256-gcm",
            Scheme::Sm4Gcm => "sm4-gcm",
        }
    }

    /// With a key of its own, derived from a master key: no two ciphers share one.
    fn keyed(self, master: &[u8; 32], purpose: &str) -> Arc<dyn FieldCipher> {
        let key = super::mac(master, self.name(), &[purpose.as_bytes()]);
        match self {
            Scheme::Aes256Gcm => Arc::new(Aes256Gcm::new(&key.into())),
            Scheme::Sm4Gcm => {
                let [half, _] = halves(key);
                Arc::new(AesGcm::<Sm4, U12>::new(&half.into()))
            }
        }
    }
}

impl TryFrom<String> for Scheme {
    type Error = String;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let known = Scheme::ALL.into_iter().find(|scheme| scheme.name() == name);
        known.ok_or_else(|| format!("`cipher` is `aes-256-gcm` or `sm4-gcm`, and not `{name}`"))
    }
}

fn halves(key: [u8; 32]) -> [[u8; 16]; 2] {
    let mut halves = [[0; 16]; 2];
    halves.as_flattened_mut().copy_from_slice(&key);
    halves
}

/// A cipher with its key, that authenticates what it seals and what that belongs to. A further one is a line in [`Scheme`].
trait FieldCipher: Send + Sync {
    /// None for texts beyond 64 GiB.
    fn seal(&self, nonce: &[u8; 12], plain: &[u8], belongs_to: &[u8]) -> Option<Vec<u8>>;

    /// None where the text was altered, moved or sealed with another key.
    fn open(&self, nonce: &[u8; 12], sealed: &[u8], belongs_to: &[u8]) -> Option<Vec<u8>>;
}

impl<A: Aead + AeadCore<NonceSize = U12> + Send + Sync> FieldCipher for A {
    fn seal(&self, nonce: &[u8; 12], plain: &[u8], belongs_to: &[u8]) -> Option<Vec<u8>> {
        self.encrypt(nonce.into(), Payload { msg: plain, aad: belongs_to }).ok()
    }

    fn open(&self, nonce: &[u8; 12], sealed: &[u8], belongs_to: &[u8]) -> Option<Vec<u8>> {
        self.decrypt(nonce.into(), Payload { msg: sealed, aad: belongs_to }).ok()
    }
}

/// A sealed text begins with it: the cipher and the number of the key.
pub type Mark = [u8; 2];

/// Seals with the present cipher and the newest key, and opens what any of them has sealed: mark, random nonce, text. The
/// mark and what the text belongs to are authenticated too, so that a text moved to another row does not open.
#[derive(Clone)]
pub struct Cipher {
    mark: Mark,
    seals: Arc<dyn FieldCipher>,
    opens: Arc<[(Mark, Arc<dyn FieldCipher>)]>,
}

impl Cipher {
    pub(super) fn new(keys: &Keys, purpose: &str) -> Cipher {
        let marked = |scheme: Scheme, number: u8, key| ([scheme as u8, number], scheme.keyed(key, purpose));
        let (number, newest) = keys.newest();
        let (mark, seals) = marked(keys.scheme, number, newest);
        let all = keys.numbered().flat_map(|(number, key)| Scheme::ALL.map(|scheme| marked(scheme, number, key)));
        Cipher { mark, seals, opens: all.collect() }
    }

    /// What its texts begin with.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// Whether this is how a text would be sealed today.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        sealed.starts_with(&self.mark)
    }

    pub fn seal(&self, plain: &[u8], belongs_to: &str) -> Vec<u8> {
        let mut nonce = [0; 12];
        rand::rng().fill_bytes(&mut nonce);
        let sealed = self.seals.seal(&nonce, plain, &bound(self.mark, belongs_to)).unwrap_or_default();
        [self.mark.as_slice(), &nonce, &sealed].concat()
    }

    /// None where the text was altered or moved, or its key is not there.
    pub fn open(&self, sealed: &[u8], belongs_to: &str) -> Option<Vec<u8>> {
        let (mark, rest) = sealed.split_first_chunk()?;
        let (nonce, text) = rest.split_first_chunk()?;
        let (_, cipher) = self.opens.iter().find(|(other, _)| other == mark)?;
        cipher.open(nonce, text, &bound(*mark, belongs_to))
    }

    /// The same, sealed as it would be today; none where it does not open.
    pub fn seal_anew(&self, sealed: &[u8], belongs_to: &str) -> Option<Vec<u8>> {
        Some(self.seal(&self.open(sealed, belongs_to)?, belongs_to))
    }
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cipher({:?}, …)", self.mark)
    }
}

fn bound(mark: Mark, belongs_to: &str) -> Vec<u8> {
    [mark.as_slice(), belongs_to.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use sm4::cipher::BlockEncrypt;

    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        hex.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex"))
            .collect()
    }

    /// Key, nonce, associated data, plain text, sealed text with its tag.
    fn holds(cipher: impl Fn(&[u8]) -> Arc<dyn FieldCipher>, [key, nonce, with, plain, sealed]: [&str; 5]) {
        let cipher = cipher(&bytes(key));
        let nonce = bytes(nonce).try_into().expect("twelve bytes");
        let (with, plain, sealed) = (bytes(with), bytes(plain), bytes(sealed));
        assert_eq!(cipher.seal(&nonce, &plain, &with).expect("sealed"), sealed);
        assert_eq!(cipher.open(&nonce, &sealed, &with).expect("opened"), plain);
        for altered in [0, sealed.len() - 1] {
            let mut sealed = sealed.clone();
            sealed[altered] ^= 1;
            assert_eq!(cipher.open(&nonce, &sealed, &with), None);
        }
        assert_eq!(cipher.open(&nonce, &sealed, &with[1..]), None);
    }

    #[test]
    fn sm4_is_that_of_the_standard() {
        // GB/T 32907, example 1.
        let key = bytes("0123456789abcdeffedcba9876543210");
        let mut block = *sm4::cipher::Block::<Sm4>::from_slice(&key);
        Sm4::new_from_slice(&key).expect("a key").encrypt_block(&mut block);
        assert_eq!(block.as_slice(), bytes("681edf34d206965e86b3e94f536e4246"));
    }

    #[test]
    fn sm4_gcm_is_that_of_rfc_8998() {
        holds(
            |key| Arc::new(AesGcm::<Sm4, U12>::new_from_slice(key).expect("a key")),
            [
                "0123456789abcdeffedcba9876543210",
                "00001234567800000000abcd",
                "feedfacedeadbeeffeedfacedeadbeefabaddad2",
                "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd\
                 eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",
                "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735\
                 d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d\
                 83de3541e4c2b58177e065a9bf7b62ec",
            ],
        );
    }

    #[test]
    fn aes_256_gcm_is_that_of_nist() {
        // Test case 16 of the submission that SP 800-38D was made of.
        holds(
            |key| Arc::new(Aes256Gcm::new_from_slice(key).expect("a key")),
            [
                "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
                "cafebabefacedbaddecaf888",
                "feedfacedeadbeeffeedfacedeadbeefabaddad2",
                "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                 1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                 8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662\
                 76fc6ece0f4e1768cddf8853bb2d551b",
            ],
        );
    }

    #[test]
    fn what_is_sealed_opens_only_where_it_belongs() {
        for scheme in Scheme::ALL {
            let keys = |key| Keys::from_bytes([key; 32]).sealing(scheme);
            let cipher = keys(7).cipher("applicant");
            let sealed = cipher.seal("李某某".as_bytes(), "case 1");
            assert_eq!(sealed[..2], [scheme as u8, 1]);
            assert_eq!(cipher.open(&sealed, "case 1").as_deref(), Some("李某某".as_bytes()));
            assert_eq!(cipher.open(&sealed, "case 2"), None);
            assert_eq!(keys(8).cipher("applicant").open(&sealed, "case 1"), None);
            assert_eq!(keys(7).cipher("another purpose").open(&sealed, "case 1"), None);
            for at in 0..sealed.len() {
                let mut altered = sealed.clone();
                altered[at] ^= 3;
                assert_eq!(cipher.open(&altered, "case 1"), None, "byte {at}");
                assert_eq!(cipher.open(&sealed[..at], "case 1"), None, "{at} bytes");
            }
        }
    }

    #[test]
    fn a_text_of_either_cipher_opens_whatever_seals_now() {
        let [aes, sm4] = Scheme::ALL.map(|scheme| Keys::from_bytes([7; 32]).sealing(scheme).cipher("applicant"));
        let old = aes.seal(b"text", "case 1");
        assert!(aes.is_current(&old) && !sm4.is_current(&old));
        let new = sm4.seal_anew(&old, "case 1").expect("opens");
        assert!(sm4.is_current(&new));
        assert_eq!(aes.open(&new, "case 1").as_deref(), Some(b"text".as_slice()));
        assert_eq!(sm4.seal_anew(&old, "case 2"), None);
    }
}
