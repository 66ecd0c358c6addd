//! The entries one after the other, whatever the rows hold.

use std::collections::VecDeque;

use sea_orm::{ConnectionTrait, DbErr};

use super::Report;
use crate::store::journal::{self, entry};

const BATCH: u64 = 4_096;

/// An entry, or the number of a row that is none, where it has one.
pub(super) type Row = Result<entry::Model, Option<i64>>;

pub(super) struct Rows<'a, C> {
    db: &'a C,
    division: &'a str,
    /// Where to read on; none at the end.
    after: Option<i64>,
    read: VecDeque<Row>,
    count: u64,
}

impl<'a, C: ConnectionTrait> Rows<'a, C> {
    pub(super) fn new(db: &'a C, division: &'a str) -> Self {
        Self { db, division, after: Some(i64::MIN), read: VecDeque::new(), count: 0 }
    }

    /// Rows read so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The entry of a number, which comes next; what lies before it belongs nowhere.
    pub(super) async fn take(&mut self, seq: i64, report: &mut Report) -> Result<Option<Row>, DbErr> {
        while let Some(row) = self.next().await? {
            match row.as_ref().map_or_else(|seq| *seq, |row| Some(row.seq)) {
                Some(found) if found == seq => return Ok(Some(row)),
                Some(found) if found > seq => {
                    self.read.push_front(row);
                    return Ok(None);
                }
                found => report.added(found.unwrap_or_default()),
            }
        }
        Ok(None)
    }

    pub(super) async fn next(&mut self) -> Result<Option<Row>, DbErr> {
        if let Some(after) = self.after.filter(|_| self.read.is_empty()) {
            let rows = journal::stored(self.db, self.division, after, BATCH).await?;
            let last = rows.iter().rev().find_map(|row| row.as_ref().map_or_else(|seq| *seq, |row| Some(row.seq)));
            self.after = last.filter(|_| rows.len() as u64 == BATCH);
            self.count += rows.len() as u64;
            self.read = rows.into();
        }
        Ok(self.read.pop_front())
    }
}
