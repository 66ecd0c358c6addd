//! What is wrong with a file, and exactly where.

use std::fmt;

/// One fault: `people.csv:14: rank: …`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    pub file: String,
    /// From 1; 0 where it is not of one line.
    pub line: usize,
    /// The column of a table, the path within an object; empty where it is of the whole line.
    pub column: String,
    pub zh: String,
    pub en: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.column.is_empty() {
            write!(f, ": {}", self.column)?;
        }
        match (self.zh.as_str(), self.en.as_str()) {
            ("", en) => write!(f, ": {en}"),
            (zh, "") => write!(f, ": {zh}"),
            (zh, en) => write!(f, ": {zh} · {en}"),
        }
    }
}

/// All that is wrong, so that a person can mend all of it at once.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    known: Vec<Fault>,
    /// How many there are, where a server has not told all.
    all: usize,
}

impl Faults {
    pub fn add(&mut self, file: &str, line: usize, column: &str, zh: impl Into<String>, en: impl Into<String>) {
        let (file, column) = (file.to_owned(), column.to_owned());
        self.known.push(Fault { file, line, column, zh: zh.into(), en: en.into() });
    }

    /// The server says that there are so many.
    pub fn of(&mut self, all: usize) {
        self.all = all;
    }

    pub fn count(&self) -> usize {
        self.known.len()
    }

    /// Ok where nothing is wrong.
    pub fn none(self) -> anyhow::Result<()> {
        if self.known.is_empty() { Ok(()) } else { Err(self.into()) }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut faults: Vec<_> = self.known.iter().collect();
        faults.sort();
        let (told, all) = (faults.len(), self.all.max(faults.len()));
        write!(f, "发现 {all} 处错误，未导入任何内容 · {all} faults, nothing was loaded")?;
        if told < all {
            write!(f, "\n以下为前 {told} 处 · the first {told} of them")?;
        }
        faults.into_iter().try_for_each(|fault| write!(f, "\n{fault}"))
    }
}

impl std::error::Error for Faults {}
