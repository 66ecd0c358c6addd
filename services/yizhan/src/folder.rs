//! The data folder: served by one program at a time, in real time or in training, never in both.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use kit::clock::{Clock, Moment};

use crate::trouble;

/// Says which time the folder is served in: `real` or `simulated`.
const MARKER: &str = "clock";
/// The latest time that a simulated folder has lived to.
const LIVED: &str = "simulated-now";

/// A data folder that this program, and no other, serves.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// The operating system lets go of it when the program ends, however it ends.
    _lock: File,
}

impl Folder {
    /// Claims the folder for a clock, and makes it where there is none. A simulated clock is moved on to the latest time
    /// that the folder has lived to: what is written there must not lie in the future.
    pub fn claim(path: &Path, clock: &Clock) -> anyhow::Result<Folder> {
        let shown = path.display();
        let unusable = |error: io::Error| {
            trouble(
                format!("数据目录 {shown} 不可写：{error}"),
                format!("the data folder {shown} cannot be written: {error}; name another by --data"),
            )
        };
        make_private(path).map_err(unusable)?;
        // One that was there already may be open to others: it holds digests of passwords, and files of applicants.
        #[cfg(unix)]
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).map_err(unusable)?;
        let lock =
            File::options().create(true).truncate(false).write(true).open(path.join("lock")).map_err(unusable)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => trouble(
                format!("数据目录 {shown} 正由另一个程序使用，请先停止它，或用 --data 指定其他目录"),
                format!("another program serves the data folder {shown}; stop it, or name another folder by --data"),
            ),
            TryLockError::Error(error) => unusable(error),
        })?;
        let folder = Folder { path: path.to_owned(), _lock: lock };
        folder.mark(clock)?;
        if clock.is_simulated() {
            if let Some(lived) = folder.lived_to()? {
                clock.advance(lived.max(clock.now()));
            }
            live_to(&folder.path, clock.now()).map_err(unusable)?;
            let path = folder.path.clone();
            clock.record(move |to| live_to(&path, to));
        }
        Ok(folder)
    }

    fn lived_to(&self) -> anyhow::Result<Option<Moment>> {
        let file = self.path.join(LIVED);
        let text = match fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        let lived: jiff::Timestamp = text.trim().parse().map_err(|_| {
            let shown = file.display();
            trouble(format!("{shown} 不是时间"), format!("{shown} holds no time; was it edited?"))
        })?;
        Ok(Some(Moment(lived.as_microsecond())))
    }

    /// Marks a fresh folder; refuses one that has lived by the other sort of clock.
    fn mark(&self, clock: &Clock) -> anyhow::Result<()> {
        let (file, shown) = (self.path.join(MARKER), self.path.display());
        let marked = match fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            text => Some(text?),
        };
        // The marker is written before the first database is: one without the other came from elsewhere, and is real.
        let marked = marked.or_else(|| self.has_databases().then(|| "real".to_owned()));
        match (marked.as_deref().map(str::trim), clock.is_simulated()) {
            (None, simulated) => Ok(replace(&self.path, MARKER, if simulated { "simulated" } else { "real" })?),
            (Some("real"), false) | (Some("simulated"), true) => Ok(()),
            (Some("real"), true) => Err(trouble(
                format!("数据目录 {shown} 已用于真实办件，不能用于培训；请用 --data 指定一个新目录"),
                format!("the data folder {shown} has served real time; to train, name a new folder by --data"),
            )),
            (Some("simulated"), false) => Err(trouble(
                format!("数据目录 {shown} 是培训数据；继续培训请加 --simulate，真实办件请用 --data 指定其他目录"),
                format!(
                    "the data folder {shown} holds training data; go on training with --simulate, \
                     or name another folder by --data"
                ),
            )),
            (Some(_), _) => {
                let shown = file.display();
                Err(trouble(format!("{shown} 内容无效"), format!("{shown} says neither `real` nor `simulated`")))
            }
        }
    }

    fn has_databases(&self) -> bool {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).any(|path| path.extension().is_some_and(|end| end == "db"))
    }
}

/// Writes down that the folder lives to `now`. It survives the program, however that ends; for a power failure training is
/// not slowed down.
fn live_to(folder: &Path, now: Moment) -> io::Result<()> {
    let draft = folder.join(format!("{LIVED}.tmp"));
    fs::write(&draft, now.shanghai())?;
    fs::rename(draft, folder.join(LIVED))
}

/// Makes a folder that only its owner may enter. One that exists is left as it is.
pub fn make_private(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Writes a small file whole or not at all, readable by its owner only, and on disk when this returns.
pub fn replace(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    let draft = folder.join(format!("{name}.tmp"));
    let mut options = File::options();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, folder.join(name))?;
    sync(folder)
}

/// Puts the folder's list of files on disk.
pub fn sync(folder: &Path) -> io::Result<()> {
    // Only Unix can open a folder to do so.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
