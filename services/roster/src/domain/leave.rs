//! Who is away, with the document that says so.

use calendar::Date;
use kit::refusal::Refusal;
use serde::{Deserialize, Serialize};

use super::slot::Half;

/// No leave is longer, in days.
pub const LONGEST: i32 = 180;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 公务
    Official,
    /// 公假
    Public,
    /// 病假
    Sick,
    /// 年休假
    Annual,
    /// 调离
    Departure,
}

impl Kind {
    pub fn zh(self) -> &'static str {
        match self {
            Kind::Official => "公务",
            Kind::Public => "公假",
            Kind::Sick => "病假",
            Kind::Annual => "年休假",
            Kind::Departure => "调离",
        }
    }

    pub fn en(self) -> &'static str {
        match self {
            Kind::Official => "on official business",
            Kind::Public => "on public leave",
            Kind::Sick => "on sick leave",
            Kind::Annual => "on annual leave",
            Kind::Departure => "no longer in office",
        }
    }
}

/// Kept in every month that it touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leave {
    /// `{month of its first day}-{end of the request that made it}`
    pub id: String,
    pub person: String,
    pub kind: Kind,
    pub first: Date,
    pub last: Date,
    /// Only this half of each day.
    pub half: Option<Half>,
    pub document: String,
    pub by: String,
    /// Microseconds, UTC.
    pub at: i64,
    pub cancelled: bool,
}

impl Leave {
    pub fn covers(&self, day: Date, half: Half) -> bool {
        !self.cancelled && self.first <= day && day <= self.last && self.half.is_none_or(|only| only == half)
    }

    pub fn cancel(&mut self) -> Result<(), Refusal> {
        if self.cancelled {
            return Err(Refusal::state("LEAVE_CANCELLED", "该请假已撤销", "the leave was taken back already"));
        }
        self.cancelled = true;
        Ok(())
    }

    pub fn not_found() -> Refusal {
        Refusal::not_found("LEAVE_NOT_FOUND", "没有此请假记录", "there is no such leave")
    }

    /// `公务（豫政办函〔2016〕5号）`
    pub fn zh(&self) -> String {
        format!("{}（{}）", self.kind.zh(), self.document)
    }

    pub fn en(&self) -> String {
        format!("{} ({})", self.kind.en(), self.document)
    }
}
