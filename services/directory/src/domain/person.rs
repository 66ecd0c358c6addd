//! A person who works at the centre or leads a unit.

use serde::{Deserialize, Serialize};

use super::{
    kept::{Kept, Names},
    reference::Reference,
};

pub type Person = Kept<Facts>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub name: String,
    /// None for the government's leaders and the centre's own staff.
    pub unit: Option<String>,
    pub rank: Rank,
    pub title: String,
    /// Where the person usually sits.
    pub window: Option<String>,
    pub phone: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Rank {
    /// 正职
    Head,
    /// 副职
    Deputy,
    /// 党组成员
    PartyMember,
    /// 工作人员
    Staff,
    /// 政府负责人
    GovernmentHead,
}

impl Rank {
    /// Whether a person of this rank signs in as a leader.
    pub fn leads(self) -> bool {
        self != Rank::Staff
    }
}

/// 1 to 20 of A-Z, 0-9 and hyphen.
pub fn is_code(code: &str) -> bool {
    (1..=20).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
}

impl super::kept::Facts for Facts {
    const NAMES: Names = Names {
        collection: "people",
        zh: "人员",
        en: "person",
        created: "person.created",
        updated: "person.updated",
        deactivated: "person.deactivated",
        absent: "PERSON_NOT_FOUND",
        exists: "PERSON_EXISTS",
        inactive: "PERSON_INACTIVE",
    };

    fn references(&self) -> Vec<Reference> {
        let unit = self.unit.iter().cloned().map(Reference::Unit);
        unit.chain(self.window.iter().cloned().map(Reference::Window)).collect()
    }
}
