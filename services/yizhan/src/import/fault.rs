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
pub struct Faults(Vec<Fault>);

impl Faults {
    pub fn add(&mut self, file: &str, line: usize, column: &str, zh: impl Into<String>, en: impl Into<String>) {
        let (file, column) = (file.to_owned(), column.to_owned());
        self.0.push(Fault { file, line, column, zh: zh.into(), en: en.into() });
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Ok where nothing is wrong.
    pub fn none(self) -> anyhow::Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(self.into()) }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut faults: Vec<_> = self.0.iter().collect();
        faults.sort();
        let count = faults.len();
        write!(f, "发现 {count} 处错误，未导入任何内容 · {count} faults, nothing was loaded")?;
        faults.into_iter().try_for_each(|fault| write!(f, "\n{fault}"))
    }
}

impl std::error::Error for Faults {}
