//! Secrets: the master keys of a service, and what is derived from them for each purpose.

mod cipher;

use std::{
    fs,
    io::{self, Read, Write},
    iter,
    path::{Path, PathBuf},
    sync::Arc,
};

use hmac::{Hmac, Mac};
use rand::RngCore;
use sha2::Sha256;
use uuid::Uuid;

pub use cipher::{Cipher, Mark, Scheme};

const LENGTH: usize = 32;
/// A sealed text has one byte for its key's number.
const MOST: usize = u8::MAX as usize;

/// The master keys. Never logged, never sent. What is derived for good (codes, commitments, digests) is of the first; the
/// last one seals, and whatever an earlier one has sealed opens.
#[derive(Clone)]
pub struct Keys {
    first: [u8; LENGTH],
    later: Arc<[[u8; LENGTH]]>,
    scheme: Scheme,
}

impl Keys {
    /// Reads the keys of a data folder, or makes one there, readable by the owner only.
    pub fn open(path: &Path) -> io::Result<Keys> {
        match fs::read(path) {
            Ok(bytes) => Keys::read(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Keys::create(path),
            Err(error) => Err(error),
        }
    }

    /// Adds a key to the file, and answers its number. It seals for whoever is started from then on.
    pub fn add(path: &Path) -> io::Result<u8> {
        // Where the name is a link, the file that it leads to.
        let path = &fs::canonicalize(path)?;
        loop {
            let mut held = fs::File::open(path)?;
            held.lock()?;
            let (mut known, mut keys) = (Vec::new(), fs::read(path)?);
            held.read_to_end(&mut known)?;
            if known != keys {
                // While this one waited for the lock, another has put a file in place of it.
                continue;
            }
            let number = Keys::read(&keys)?.newest().0;
            let number = number.checked_add(1).ok_or_else(|| invalid("a key file has 255 keys at most"))?;
            keys.extend(random());
            let draft = draft(path);
            let named = write(&draft, &keys)
                .and_then(|()| same_owner(&held.metadata()?, &draft))
                .and_then(|()| fs::rename(&draft, path));
            if let Err(error) = named {
                let _ = fs::remove_file(&draft);
                return Err(error);
            }
            sync_folder(path)?;
            return Ok(number);
        }
    }

    fn read(bytes: &[u8]) -> io::Result<Keys> {
        let (keys, rest) = bytes.as_chunks();
        match keys.split_first() {
            Some((first, later)) if rest.is_empty() && later.len() < MOST => {
                Ok(Keys { first: *first, later: later.into(), scheme: Scheme::default() })
            }
            _ => Err(invalid("a key file has 32 bytes for each of its keys, of which there are 1 to 255")),
        }
    }

    /// Several programs may make it at the same moment, and any of them may end in the middle: each writes a draft of
    /// its own, the first to give it the name has made the key, and all read what stands there.
    fn create(path: &Path) -> io::Result<Keys> {
        let draft = draft(path);
        let named = write(&draft, &random()).and_then(|()| match fs::hard_link(&draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            named => named,
        });
        // Left behind, it would be of no use to anybody and do no harm.
        let _ = fs::remove_file(draft);
        named?;
        sync_folder(path)?;
        Keys::read(&fs::read(path)?)
    }

    /// A key for tests and trials.
    pub fn from_bytes(key: [u8; LENGTH]) -> Keys {
        Keys { first: key, later: Arc::default(), scheme: Scheme::default() }
    }

    /// The same keys, sealing with a cipher of choice.
    pub fn sealing(self, scheme: Scheme) -> Keys {
        Keys { scheme, ..self }
    }

    /// HMAC-SHA-256 over a purpose and parts, each with its length so that no two lists of parts meet.
    pub fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.first, purpose, parts)
    }

    /// The cipher for a purpose.
    pub fn cipher(&self, purpose: &str) -> Cipher {
        Cipher::new(self, purpose)
    }

    /// All of them by their numbers, from 1 on.
    fn numbered(&self) -> impl Iterator<Item = (u8, &[u8; LENGTH])> {
        (1..=u8::MAX).zip(iter::once(&self.first).chain(self.later.iter()))
    }

    fn newest(&self) -> (u8, &[u8; LENGTH]) {
        self.numbered().last().unwrap_or((1, &self.first))
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

fn mac(key: &[u8; LENGTH], purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes a key of any length, so this cannot fail.
    let Ok(mut mac) = <Hmac<Sha256> as Mac>::new_from_slice(key) else { return [0; 32] };
    for part in iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn random() -> [u8; LENGTH] {
    let mut key = [0; LENGTH];
    rand::rng().fill_bytes(&mut key);
    key
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// A file beside the path that nobody else writes.
fn draft(path: &Path) -> PathBuf {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}.tmp", Uuid::new_v4().simple()));
    draft.into()
}

/// Writes keys into a new file, on disk when this returns.
fn write(draft: &Path, keys: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    file.write_all(keys)?;
    file.sync_all()
}

/// Who may read the old file reads the new one too, whoever writes it.
fn same_owner(old: &fs::Metadata, draft: &Path) -> io::Result<()> {
    own_as(old, draft)?;
    fs::set_permissions(draft, old.permissions())
}

/// Gives a file the owner and the group of another.
#[cfg(unix)]
pub(crate) fn own_as(old: &fs::Metadata, file: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, chown};
    let new = fs::metadata(file)?;
    if (old.uid(), old.gid()) == (new.uid(), new.gid()) {
        return Ok(());
    }
    chown(file, Some(old.uid()), Some(old.gid()))
}

#[cfg(not(unix))]
pub(crate) fn own_as(_: &fs::Metadata, _: &Path) -> io::Result<()> {
    Ok(())
}

/// A name in a folder is on disk when the folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
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
                    Keys::open(&path).expect("opened").first
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
        let made = Keys::open(&path).expect("made").first;
        assert_eq!(Keys::open(&path).expect("read").first, made);
        fs::write(&path, &made[..31]).expect("written");
        assert_eq!(Keys::open(&path).expect_err("short").kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_key_is_added_behind_the_others_and_all_of_them_open_what_they_sealed() {
        let folder = Folder::new();
        let path = folder.0.join("master.key");
        let first = Keys::open(&path).expect("made");
        let sealed = first.cipher("applicant").seal(b"text", "case 1");
        // All who add one at the same moment add one each.
        let numbers = std::thread::scope(|scope| {
            let adding: Vec<_> = (0..8).map(|_| scope.spawn(|| Keys::add(&path).expect("added"))).collect();
            adding.into_iter().map(|one| one.join().expect("joined")).collect::<std::collections::BTreeSet<_>>()
        });
        assert_eq!(numbers, (2..=9).collect());
        let keys = Keys::open(&path).expect("read");
        assert_eq!((keys.first, keys.later.len()), (first.first, 8));
        assert_eq!(keys.mac("code", &[b"x"]), first.mac("code", &[b"x"]));
        let cipher = keys.cipher("applicant");
        assert_eq!(cipher.mark(), [1, 9]);
        let anew = cipher.seal_anew(&sealed, "case 1").expect("opens");
        assert_eq!(cipher.open(&anew, "case 1").as_deref(), Some(b"text".as_slice()));
        assert_eq!(first.cipher("applicant").open(&anew, "case 1"), None, "its key is not there");
        assert_eq!(fs::read_dir(&folder.0).expect("a folder").count(), 1);
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).expect("a file").permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_keeps_its_mode_and_a_link_to_it_stays_one() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = Folder::new();
        let (path, link) = (folder.0.join("kept.key"), folder.0.join("master.key"));
        Keys::open(&path).expect("made");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
        symlink("kept.key", &link).expect("linked");
        assert_eq!(Keys::add(&link).expect("added"), 2);
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        let file = fs::metadata(&path).expect("there");
        assert_eq!((file.len(), file.permissions().mode() & 0o777), (2 * LENGTH as u64, 0o640));
        assert_eq!(fs::read_dir(&folder.0).expect("a folder").count(), 2);
    }

    #[test]
    fn there_are_255_keys_at_most_and_one_is_never_added_to_what_is_no_key_file() {
        let folder = Folder::new();
        let path = folder.0.join("master.key");
        assert_eq!(Keys::add(&path).expect_err("nothing there").kind(), io::ErrorKind::NotFound);
        for wrong in [0, 31, 33, 256 * LENGTH] {
            fs::write(&path, vec![1; wrong]).expect("written");
            assert_eq!(Keys::add(&path).expect_err("no key file").kind(), io::ErrorKind::InvalidData);
            assert_eq!(fs::read(&path).expect("a file").len(), wrong);
        }
        fs::write(&path, vec![1; 254 * LENGTH]).expect("written");
        assert_eq!(Keys::add(&path).expect("the last"), 255);
        assert_eq!(Keys::add(&path).expect_err("full").kind(), io::ErrorKind::InvalidData);
        assert_eq!(Keys::open(&path).expect("read").cipher("x").mark(), [1, 255]);
    }
}
