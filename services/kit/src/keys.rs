//! Secrets: one master key per service, and what is derived from it for each purpose.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use aes_gcm::{
    Aes256Gcm, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use rand::RngCore;
use sha2::Sha256;
use uuid::Uuid;

/// The master key. Never logged, never sent.
#[derive(Clone)]
pub struct Keys([u8; 32]);

impl Keys {
    /// Reads the key of a data folder, or makes one there, readable by the owner only.
    pub fn open(path: &Path) -> io::Result<Keys> {
        match fs::read(path) {
            Ok(bytes) => Keys::read(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Keys::create(path),
            Err(error) => Err(error),
        }
    }

    fn read(bytes: &[u8]) -> io::Result<Keys> {
        let key = bytes.try_into();
        key.map(Keys).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a key file has 32 bytes"))
    }

    /// Several programs may make it at the same moment, and any of them may end in the middle: each writes a draft of
    /// its own, the first to give it the name has made the key, and all read what stands there.
    fn create(path: &Path) -> io::Result<Keys> {
        let mut draft = path.as_os_str().to_owned();
        draft.push(format!(".{}.tmp", Uuid::new_v4().simple()));
        let draft = Path::new(&draft);
        let named = Keys::write(draft).and_then(|()| match fs::hard_link(draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            named => named,
        });
        // Left behind, it would be of no use to anybody and do no harm.
        let _ = fs::remove_file(draft);
        named?;
        #[cfg(unix)]
        if let Some(folder) = path.parent() {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            fs::File::open(folder)?.sync_all()?;
        }
        Keys::read(&fs::read(path)?)
    }

    /// Writes a new key, on disk when this returns.
    fn write(draft: &Path) -> io::Result<()> {
        let mut key = [0; 32];
        rand::rng().fill_bytes(&mut key);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(draft)?;
        file.write_all(&key)?;
        file.sync_all()
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

    /// A folder that goes when the test ends.
    struct Folder(std::path::PathBuf);

    impl Folder {
        fn new() -> Folder {
            let folder = std::env::temp_dir().join(format!("yizhan-test-{}", Uuid::new_v4()));
            fs::create_dir(&folder).expect("a folder");
            Folder(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn all_who_make_the_key_at_the_same_moment_have_the_same_and_leave_nothing_else() {
        for _ in 0..20 {
            let folder = Folder::new();
            let (path, start) = (folder.0.join("master.key"), std::sync::Barrier::new(8));
            let keys = std::thread::scope(|scope| {
                let open = || {
                    start.wait();
                    Keys::open(&path).expect("opened").0
                };
                let opening: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
                opening.into_iter().map(|one| one.join().expect("joined")).collect::<Vec<_>>()
            });
            assert!(keys.iter().all(|key| *key == keys[0]));
            assert_eq!(fs::read(&path).expect("a file"), keys[0]);
            assert_eq!(fs::read_dir(&folder.0).expect("a folder").count(), 1);
            #[cfg(unix)]
            {
                let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).expect("a file").permissions());
                assert_eq!(mode & 0o777, 0o600);
            }
        }
    }

    #[test]
    fn a_draft_that_a_crash_left_is_no_key_and_a_short_file_is_refused() {
        let folder = Folder::new();
        let path = folder.0.join("master.key");
        fs::write(folder.0.join("master.key.0.tmp"), [1; 7]).expect("written");
        let made = Keys::open(&path).expect("made").0;
        assert_eq!(Keys::open(&path).expect("read").0, made);
        fs::write(&path, &made[..31]).expect("written");
        assert_eq!(Keys::open(&path).expect_err("short").kind(), io::ErrorKind::InvalidData);
    }

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
