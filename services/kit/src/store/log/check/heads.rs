//! The signed heads: each as its key has signed it, and none missing between two.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use tlog::note::Verifier;

use super::{
    super::{
        head::{self, Head},
        table,
    },
    Report,
};

pub(super) struct Heads {
    /// Those that are signed, by size.
    signed: BTreeMap<u64, Head>,
    /// The largest size that any row tells, signed or not.
    told: u64,
}

impl Heads {
    pub(super) async fn read(
        db: &impl ConnectionTrait,
        division: &str,
        key: &Verifier,
        report: &mut Report,
    ) -> Result<Heads, DbErr> {
        let of = table::head::Entity::find().filter(table::head::Column::Division.eq(division));
        let rows = table::stored(db, of).await?;
        report.heads = rows.len() as u64;
        let (mut signed, mut told) = (BTreeMap::new(), BTreeSet::from([0]));
        for row in rows {
            let head = row.as_ref().and_then(|row| head::open(row, key));
            let size = row.as_ref().map_or(0, |row| row.size);
            told.extend(u64::try_from(size));
            if !row.is_some_and(|row| head.as_ref().is_some_and(|head| head.is_told_by(&row))) {
                let en = format!("the head of size {size} is not as it was signed");
                report.head("HEAD_CHANGED", format!("大小为 {size} 的日志头与签署时不符"), en);
            }
            // What its note says is true whatever the columns beside it say.
            if let Some(head) = head {
                told.insert(head.size);
                signed.insert(head.size, head);
            }
        }
        for head in signed.values().filter(|head| !told.contains(&head.after)) {
            let (size, after) = (head.size, head.after);
            let en = format!("the head of size {after} is missing, which that of size {size} names");
            report.head("HEAD_MISSING", format!("缺少大小为 {after} 的日志头（其后一个为 {size}）"), en);
        }
        Ok(Heads { signed, told: told.last().copied().unwrap_or_default() })
    }

    /// How many entries the newest of the signed ones covers.
    pub(super) fn covered(&self) -> u64 {
        self.signed.last_key_value().map_or(0, |(size, _)| *size)
    }

    pub(super) fn told(&self) -> u64 {
        self.told
    }

    pub(super) fn of_size(&self, size: u64) -> Option<&Head> {
        self.signed.get(&size)
    }

    /// The times of the last head before an entry and of the first that covers it.
    pub(super) fn around(&self, seq: u64) -> (Option<i64>, Option<i64>) {
        let before = self.signed.range(..seq).next_back().map(|(_, head)| head.at);
        (before, self.signed.range(seq..).next().map(|(_, head)| head.at))
    }
}
