//! What a window was told while the line was cut: one file per request, on disk before the first attempt, under the one
//! `request_id` that makes a repeat harmless (AIP-155).
//!
//! ```text
//! 00000000000000000007-{request_id}.json    kept, in the order of its number
//! refused/…                                 what the server refused later, with the reason
//! lock                                      held by the one program that sends
//! ```
//!
//! A file goes only after the server has answered. It holds personal data: files are for their owner alone, in a folder for
//! its owner alone.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::folder;

const REFUSED: &str = "refused";

/// One request that is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kept {
    pub request_id: Uuid,
    /// `{service}/{method}` as on the wire.
    pub rpc: String,
    /// The server it is for.
    pub server: String,
    /// What it is, for people.
    pub about: String,
    /// When it was kept, civil time in Shanghai.
    pub kept_at: String,
    /// The request, encoded. What takes an application in is told later with the time since when it was kept, and is the
    /// same request all the same.
    #[serde(with = "as_base64")]
    pub request: Vec<u8>,
    /// The file that goes with an attachment's header.
    #[serde(with = "as_base64", default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<u8>,
    /// Why the server refused it; only in `refused/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refused {
    pub at: String,
    pub reason: String,
    pub zh: String,
    pub en: String,
}

/// The spool, held by this program alone.
pub struct Spool {
    folder: PathBuf,
    _lock: File,
}

/// The name of a request's file.
pub type Name = String;

impl Spool {
    /// Opens the spool, and makes it where there is none. Waits while another program is sending.
    pub fn open(folder: &Path) -> io::Result<Spool> {
        folder::make_private(folder)?;
        folder::make_private(&folder.join(REFUSED))?;
        let lock = File::options().create(true).truncate(false).write(true).open(folder.join("lock"))?;
        lock.lock()?;
        Ok(Spool { folder: folder.to_owned(), _lock: lock })
    }

    /// Whether nothing is kept; needs no lock.
    pub fn is_empty(folder: &Path) -> bool {
        names(folder).map_or(true, |names| names.is_empty())
    }

    /// Puts a request on disk, behind those that are there.
    pub fn keep(&self, kept: &Kept) -> io::Result<Name> {
        let last = names(&self.folder)?.pop();
        let number = last.and_then(|name| name.split_once('-')?.0.parse().ok()).map_or(1, |last: u64| last + 1);
        let name = format!("{number:020}-{}.json", kept.request_id);
        write(&self.folder, &name, kept)?;
        Ok(name)
    }

    /// What is kept, in order; a file that cannot be read with the error. Read one by one: attachments are large.
    pub fn kept(&self) -> io::Result<impl Iterator<Item = (Name, io::Result<Kept>)> + use<>> {
        list(self.folder.clone())
    }

    /// The server has answered.
    pub fn remove(&self, name: &Name) -> io::Result<()> {
        fs::remove_file(self.folder.join(name))?;
        folder::sync(&self.folder)
    }

    /// The server has refused: the request goes aside, with the reason.
    pub fn set_aside(&self, name: &Name, mut kept: Kept, why: Refused) -> io::Result<()> {
        kept.refused = Some(why);
        // Written before it is removed: between the two it is there twice, never not at all.
        write(&self.folder.join(REFUSED), name, &kept)?;
        self.remove(name)
    }

    /// A file that cannot be read goes aside as it is.
    pub fn set_aside_unread(&self, name: &Name) -> io::Result<()> {
        fs::rename(self.folder.join(name), self.folder.join(REFUSED).join(name))?;
        folder::sync(&self.folder)
    }

    /// What was set aside, in order.
    pub fn refused(&self) -> io::Result<impl Iterator<Item = (Name, io::Result<Kept>)> + use<>> {
        list(self.folder.join(REFUSED))
    }

    /// Deletes what was set aside; false where there is no such request.
    pub fn forget(&self, request_id: Uuid) -> io::Result<bool> {
        let folder = self.folder.join(REFUSED);
        let end = format!("-{request_id}.json");
        let Some(name) = names(&folder)?.into_iter().find(|name| name.ends_with(&end)) else { return Ok(false) };
        fs::remove_file(folder.join(name))?;
        Ok(true)
    }
}

fn names(folder: &Path) -> io::Result<Vec<Name>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = PathBuf::from(entry?.file_name());
        // What ends otherwise is a draft that was never kept, or the lock.
        if name.extension() == Some(OsStr::new("json")) {
            names.extend(name.into_os_string().into_string());
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn list(folder: PathBuf) -> io::Result<impl Iterator<Item = (Name, io::Result<Kept>)>> {
    let names = names(&folder)?.into_iter();
    Ok(names.map(move |name| {
        let kept = fs::read(folder.join(&name)).and_then(|text| Ok(serde_json::from_slice(&text)?));
        (name, kept)
    }))
}

fn write(folder: &Path, name: &str, kept: &Kept) -> io::Result<()> {
    folder::replace(folder, name, &serde_json::to_string_pretty(kept)?)
}

mod as_base64 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::{Engine, STANDARD};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spool() -> (PathBuf, Spool) {
        let folder = std::env::temp_dir().join(format!("yizhan-spool-{}", Uuid::new_v4()));
        let spool = Spool::open(&folder).expect("a folder that can be written");
        (folder, spool)
    }

    fn request(about: &str) -> Kept {
        Kept {
            request_id: Uuid::new_v4(),
            rpc: "s/M".into(),
            server: "http://127.0.0.1:1".into(),
            about: about.into(),
            kept_at: String::new(),
            request: vec![0, 159, 146, 150],
            content: Vec::new(),
            refused: None,
        }
    }

    #[test]
    fn requests_are_read_back_in_the_order_they_were_kept() {
        let (folder, spool) = spool();
        for i in 0..12 {
            spool.keep(&request(&i.to_string())).expect("kept");
        }
        let about: Vec<_> = spool.kept().expect("read").map(|(_, kept)| kept.expect("readable").about).collect();
        assert_eq!(about, (0..12).map(|i| i.to_string()).collect::<Vec<_>>());
        fs::remove_dir_all(folder).expect("removed");
    }

    #[cfg(unix)]
    #[test]
    fn files_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, spool) = spool();
        let name = spool.keep(&request("a")).expect("kept");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join(name)), 0o600);
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn what_was_refused_is_set_aside_with_its_reason_until_it_is_forgotten() {
        let (folder, spool) = spool();
        let kept = request("a");
        let name = spool.keep(&kept).expect("kept");
        let why = Refused { at: String::new(), reason: "CASE_STATE".into(), zh: String::new(), en: String::new() };
        spool.set_aside(&name, kept.clone(), why).expect("set aside");
        assert!(spool.kept().expect("read").next().is_none());
        let (_, first) = spool.refused().expect("read").next().expect("one");
        let first = first.expect("readable");
        assert_eq!(first.refused.as_ref().expect("why").reason, "CASE_STATE");
        assert!(spool.forget(kept.request_id).expect("forgotten"));
        assert!(!spool.forget(kept.request_id).expect("nothing there"));
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn a_torn_file_is_told_and_not_lost() {
        let (folder, spool) = spool();
        let name = spool.keep(&request("a")).expect("kept");
        fs::write(folder.join(&name), "{").expect("torn");
        spool.keep(&request("b")).expect("kept");
        let kept: Vec<_> = spool.kept().expect("read").map(|(_, kept)| kept.is_ok()).collect();
        assert_eq!(kept, [false, true]);
        spool.set_aside_unread(&name).expect("set aside");
        assert_eq!(spool.kept().expect("read").count(), 1);
        assert_eq!(spool.refused().expect("read").next().expect("one").0, name);
        fs::remove_dir_all(folder).expect("removed");
    }
}
