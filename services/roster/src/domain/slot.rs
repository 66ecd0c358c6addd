//! When and where somebody is on duty: a seat of a post for half a working day.

use std::{fmt, str::FromStr};

use calendar::Date;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Half {
    #[serde(rename = "AM")]
    Morning,
    #[serde(rename = "PM")]
    Afternoon,
}

impl Half {
    pub const BOTH: [Half; 2] = [Half::Morning, Half::Afternoon];

    pub fn code(self) -> &'static str {
        match self {
            Half::Morning => "AM",
            Half::Afternoon => "PM",
        }
    }

    pub fn zh(self) -> &'static str {
        match self {
            Half::Morning => "上午",
            Half::Afternoon => "下午",
        }
    }

    pub fn en(self) -> &'static str {
        match self {
            Half::Morning => "morning",
            Half::Afternoon => "afternoon",
        }
    }
}

/// In the order of day, half, post and seat.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slot {
    pub day: Date,
    pub half: Half,
    pub post: String,
    /// From 1.
    pub seat: u16,
}

impl Slot {
    /// `20160308-AM-HALL-1`
    pub fn id(&self) -> String {
        self.to_string()
    }

    /// The month that it belongs to.
    pub fn month(&self) -> String {
        month_of(self.day)
    }

    /// Nobody can be in two of them that are at the same time.
    pub fn is_with(&self, other: &Slot) -> bool {
        self.day == other.day && self.half == other.half
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}-{}", self.day.strftime("%Y%m%d"), self.half.code(), self.post, self.seat)
    }
}

impl FromStr for Slot {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Slot, Self::Err> {
        let read = || {
            let mut parts = text.split('-');
            let (day, half, post, seat) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
            let day = Date::strptime("%Y%m%d", day).ok()?;
            let half = Half::BOTH.into_iter().find(|known| known.code() == half)?;
            let slot = Slot { day, half, post: post.to_owned(), seat: seat.parse().ok()? };
            // One slot has one id.
            (parts.next().is_none() && slot.id() == text && slot.seat > 0).then_some(slot)
        };
        read().ok_or("a duty is {YYYYMMDD}-{AM or PM}-{post}-{seat}")
    }
}

impl TryFrom<String> for Slot {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Slot, Self::Error> {
        text.parse()
    }
}

impl From<Slot> for String {
    fn from(slot: Slot) -> String {
        slot.id()
    }
}

/// `2016-03`
pub fn month_of(day: Date) -> String {
    day.strftime("%Y-%m").to_string()
}

/// The first and last day of `2016-03`.
pub fn days_of(month: &str) -> Option<(Date, Date)> {
    let first: Date = format!("{month}-01").parse().ok()?;
    (month.len() == 7 && (2000..=2100).contains(&first.year())).then(|| (first, first.last_of_month()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_as_it_was_written_and_nothing_else_is_one() {
        let slot: Slot = "20160308-AM-HALL-1".parse().expect("a slot");
        assert_eq!((slot.id().as_str(), slot.month().as_str()), ("20160308-AM-HALL-1", "2016-03"));
        for wrong in
            ["", "20160308-AM-HALL", "20160308-AM-HALL-0", "20160308-AM-HALL-01", "20160230-AM-HALL-1", "a-b-c-d"]
        {
            assert!(wrong.parse::<Slot>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_month_has_its_days() {
        let (first, last) = days_of("2016-02").expect("a month");
        assert_eq!((first.to_string(), last.to_string()), ("2016-02-01".into(), "2016-02-29".into()));
        assert!(["2016-2", "2016-13", "1999-12", "2016-02-01"].iter().all(|wrong| days_of(wrong).is_none()));
    }
}
