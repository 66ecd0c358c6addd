//! What a check has found out.

use proto::journal::v1::{FigureStatement, Manifest};

use crate::{wrong::Wrong, year::Years};

/// What was checked, and the first thing that is wrong, if anything.
#[derive(Debug, Default)]
pub struct Report {
    pub manifest: Manifest,
    /// In the order of the file.
    pub logs: Vec<Log>,
    pub figures: Vec<Figure>,
    pub years: Years,
    /// Entries whose time does not lie between the heads around them: the first [`MOST_LISTED`].
    pub untimely: Vec<Untimely>,
    pub untimely_total: u64,
    /// Cases that say of themselves that they were entered late.
    pub late_cases: u64,
    /// Witnesses were asked for and none named, so those counted that the file names.
    pub is_hollow: bool,
    pub finding: Option<Finding>,
}

/// So many untimely entries are listed; all are counted.
pub const MOST_LISTED: usize = 100;

/// One service's journal.
#[derive(Debug, Default)]
pub struct Log {
    pub service: String,
    pub entries: u64,
    pub heads: usize,
    /// By which keys, as name+hash+base64: more than one where the log has changed its key.
    pub keys: Vec<String>,
    /// All of them were given by hand.
    pub is_trusted: bool,
    /// So many entries enough witnesses have cosigned.
    pub cosigned: u64,
    /// Name of each witness, and the largest size it cosigned.
    pub witnesses: Vec<(String, u64)>,
}

/// A statement and its second count; none where its journal is not in the file.
#[derive(Debug)]
pub struct Figure {
    pub stated: FigureStatement,
    pub counted: Option<FigureStatement>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Untimely {
    pub service: String,
    pub seq: u64,
    pub noun: String,
    /// Microseconds since 1970.
    pub occurred_at: i64,
    /// Earlier than the head before it was signed; else later than the head after it.
    pub is_backdated: bool,
}

/// The first thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Empty where it is the file.
    pub service: String,
    /// Of the entry; 0 where it is none.
    pub seq: u64,
    /// For example `cases/410223-012-20160308-000017-X`, or a figure.
    pub noun: String,
    pub wrong: Wrong,
}

impl Finding {
    pub fn entry(service: &str, seq: u64, noun: &str, wrong: Wrong) -> Finding {
        Finding { service: service.to_owned(), seq, noun: noun.to_owned(), wrong }
    }

    pub fn file(wrong: Wrong) -> Finding {
        Finding::entry("", 0, "", wrong)
    }
}

impl Report {
    pub fn is_right(&self) -> bool {
        self.finding.is_none()
    }

    /// All keys were given by hand.
    pub fn is_trusted(&self) -> bool {
        self.logs.iter().all(|log| log.is_trusted)
    }
}

/// A name out of the file, which must not be able to write lines of its own.
pub fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '·' } else { c }).collect()
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Finding { service, seq, noun, wrong } = self;
        if !service.is_empty() {
            write!(f, "{} ", plain(service))?;
        }
        if *seq > 0 {
            write!(f, "第 {seq} 条 entry {seq} ")?;
        }
        if !noun.is_empty() {
            write!(f, "({}) ", plain(noun))?;
        }
        write!(f, "{wrong}")
    }
}
