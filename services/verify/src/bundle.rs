//! The file that is handed out: parts, each with its length before it as a varint.
//!
//! There is one order: the manifest; of one service after the other the entries up to its newest head, before each run of them
//! their leaf hashes, then the heads by size; last the figures. And one form of each part, so that nothing rides along unseen. [`Reader`] refuses
//! everything else and keeps nothing: memory stays flat, however long the file.

use std::io::{self, BufRead, Seek, Write};

use prost::Message;
use proto::journal::v1::{BundlePart, Leaf, LeafHashes, Manifest, bundle_part::Part};
use tlog::Hash;

use crate::wrong::Wrong;

/// A longer part is not read.
pub const MOST_BYTES: usize = 8 << 20;
/// More hashes than this are not in one part.
pub const MOST_HASHES: usize = 4096;
/// So many entries are written after one part with their hashes.
const RUN: usize = 256;
/// A file of more heads or figures than this is none of ours: they are kept in memory.
pub const MOST_KEPT: usize = 1_000_000;
/// First bytes of parts that are an entry, or hashes: field 2 or 5, with a length.
const ENTRY: u8 = 2 << 3 | 2;
const HASHES: u8 = 5 << 3 | 2;
/// The only format there is.
pub const FORMAT: i32 = 1;

/// Writes parts in their order.
pub struct Writer<W: Write> {
    out: W,
    entries: Vec<Part>,
    hashes: LeafHashes,
}

impl<W: Write> Writer<W> {
    /// Begins with the manifest, whose format it sets.
    pub fn new(out: W, manifest: Manifest) -> io::Result<Writer<W>> {
        let mut writer = Writer { out, entries: Vec::with_capacity(RUN), hashes: LeafHashes::default() };
        writer.write(Part::Manifest(Manifest { format: FORMAT, ..manifest }))?;
        Ok(writer)
    }

    /// The next entry of a log, with the leaf hash that was kept of it.
    pub fn entry(&mut self, entry: Leaf, hash: &Hash) -> io::Result<()> {
        if self.entries.len() == RUN || self.hashes.service != entry.service {
            self.run()?;
            self.hashes = LeafHashes { service: entry.service.clone(), first_seq: entry.seq, hashes: Vec::new() };
        }
        self.hashes.hashes.extend(hash);
        self.entries.push(Part::Entry(entry));
        Ok(())
    }

    /// Any other part: a head, a figure.
    pub fn part(&mut self, part: Part) -> io::Result<()> {
        self.run()?;
        self.write(part)
    }

    /// Writes what is still held back.
    pub fn finish(mut self) -> io::Result<W> {
        self.run()?;
        self.out.flush()?;
        Ok(self.out)
    }

    /// What was written to, for whoever takes the bytes away as they come.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.out
    }

    fn run(&mut self) -> io::Result<()> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let hashes = std::mem::take(&mut self.hashes);
        self.write(Part::Hashes(hashes))?;
        let entries = std::mem::take(&mut self.entries);
        entries.into_iter().try_for_each(|entry| self.write(entry))
    }

    fn write(&mut self, part: Part) -> io::Result<()> {
        let bytes = BundlePart { part: Some(part) }.encode_length_delimited_to_vec();
        self.out.write_all(&bytes)
    }
}

/// Why a file cannot be read on.
#[derive(Debug)]
pub enum Unreadable {
    Io(io::Error),
    /// The file is not what it must be, at this byte.
    Torn {
        at: u64,
        wrong: Wrong,
    },
}

impl Unreadable {
    /// What to tell people.
    pub fn wrong(self) -> Wrong {
        match self {
            Unreadable::Io(error) => {
                Wrong::new(format!("文件读不出：{error}"), format!("the file cannot be read: {error}"))
            }
            Unreadable::Torn { at, wrong } => Wrong::new(
                format!("文件第 {at} 字节处：{}", wrong.zh),
                format!("at byte {at} of the file: {}", wrong.en),
            ),
        }
    }
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Unreadable {
        Unreadable::Io(error)
    }
}

/// How far the order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Start,
    Logs,
    Figures,
}

/// Reads parts and refuses what is out of order.
pub struct Reader<R> {
    input: R,
    /// Bytes read.
    at: u64,
    place: Place,
    buffer: Vec<u8>,
}

impl<R: BufRead> Reader<R> {
    pub fn new(input: R) -> Reader<R> {
        Reader { input, at: 0, place: Place::Start, buffer: Vec::new() }
    }

    /// The next part; none at the end of the file.
    #[allow(clippy::should_implement_trait, reason = "an iterator would give the error again and again")]
    pub fn next(&mut self) -> Result<Option<Part>, Unreadable> {
        let Some(length) = self.length()? else { return Ok(None) };
        self.part(length).map(Some)
    }

    fn part(&mut self, length: usize) -> Result<Part, Unreadable> {
        let at = self.at;
        self.buffer.resize(length, 0);
        self.input.read_exact(&mut self.buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => cut_off(at),
            _ => Unreadable::Io(error),
        })?;
        self.at += length as u64;
        let no_part = || torn(at, "无法解读", "this is no part of a bundle");
        let whole = BundlePart::decode(&*self.buffer).map_err(|_| no_part())?;
        // A field that nobody knows, or one told twice, would be covered by no hash.
        if whole.encode_to_vec() != self.buffer {
            return Err(torn(at, "不是规范编码", "this is not the one form of this part"));
        }
        let part = whole.part.ok_or_else(no_part)?;
        self.place = self.after(&part).map_err(|wrong| Unreadable::Torn { at, wrong })?;
        Ok(part)
    }

    /// Where the file is after this part, if it may come here.
    fn after(&self, part: &Part) -> Result<Place, Wrong> {
        match (self.place, part) {
            (Place::Start, Part::Manifest(Manifest { format: FORMAT, .. })) => Ok(Place::Logs),
            (Place::Start, Part::Manifest(Manifest { format, .. })) => {
                Err(Wrong::new(format!("不认识的格式 {format}"), format!("format {format} is not known")))
            }
            (Place::Logs, Part::Hashes(LeafHashes { hashes, .. }))
                if hashes.is_empty() || hashes.len() % 32 != 0 || hashes.len() > MOST_HASHES * 32 =>
            {
                Err(Wrong::new("叶哈希的长度不对", "these are no leaf hashes"))
            }
            (Place::Logs, Part::Entry(_) | Part::Hashes(_) | Part::Head(_)) => Ok(Place::Logs),
            (Place::Logs | Place::Figures, Part::Figure(_)) => Ok(Place::Figures),
            _ => Err(Wrong::new("各部分的次序不对", "the parts are out of order")),
        }
    }

    /// The length before a part.
    fn length(&mut self) -> Result<Option<usize>, Unreadable> {
        let (begin, mut length) = (self.at, 0_u64);
        for shift in (0..35).step_by(7) {
            let Some(byte) = self.input.fill_buf()?.first().copied() else {
                return if shift == 0 { Ok(None) } else { Err(cut_off(begin)) };
            };
            self.input.consume(1);
            self.at += 1;
            length |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                // A zero at the end would be a second form of the same length.
                let is_plain = shift == 0 || byte != 0;
                let length = usize::try_from(length).ok().filter(|length| is_plain && *length <= MOST_BYTES);
                return length.map(Some).ok_or_else(|| torn(begin, "长度有误", "this is no length of a part"));
            }
        }
        Err(torn(begin, "长度有误", "this is no length of a part"))
    }
}

impl<R: BufRead + Seek> Reader<R> {
    /// The next part that is neither an entry nor hashes: those are passed over without a look.
    pub fn next_but_entries(&mut self) -> Result<Option<Part>, Unreadable> {
        while let Some(length) = self.length()? {
            // A part begins with its field's number.
            let is_entry = matches!(self.input.fill_buf()?.first(), Some(&(ENTRY | HASHES)));
            if !is_entry || self.place != Place::Logs {
                return self.part(length).map(Some);
            }
            self.input.seek_relative(i64::try_from(length).unwrap_or_default())?;
            self.at += length as u64;
        }
        Ok(None)
    }
}

fn torn(at: u64, zh: &str, en: &str) -> Unreadable {
    Unreadable::Torn { at, wrong: Wrong::new(zh, en) }
}

fn cut_off(at: u64) -> Unreadable {
    torn(at, "文件被截断", "the file is cut off")
}
