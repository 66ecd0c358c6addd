//! A window of the hall (窗口).

use serde::{Deserialize, Serialize};

use super::{
    kept::{Kept, Names},
    reference::Reference,
};

pub type Window = Kept<Facts>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub name_zh: String,
    pub name_en: String,
    /// None for a window of the centre itself.
    pub unit: Option<String>,
    pub work: Work,
    pub floor: String,
}

/// What is done at a window. One accepts, another issues (一个窗口受理、一个窗口出件): never both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Work {
    Accepts,
    Issues,
    /// For example enquiries.
    Neither,
}

impl Work {
    /// None for both.
    pub fn of(accepts: bool, issues: bool) -> Option<Work> {
        match (accepts, issues) {
            (true, true) => None,
            (true, false) => Some(Work::Accepts),
            (false, true) => Some(Work::Issues),
            (false, false) => Some(Work::Neither),
        }
    }
}

/// 1 to 12 of A-Z, 0-9 and hyphen.
pub fn is_code(code: &str) -> bool {
    (1..=12).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
}

impl super::kept::Facts for Facts {
    const NAMES: Names = Names {
        collection: "windows",
        zh: "窗口",
        en: "window",
        created: "window.created",
        updated: "window.updated",
        deactivated: "window.deactivated",
        absent: "WINDOW_NOT_FOUND",
        exists: "WINDOW_EXISTS",
        inactive: "WINDOW_INACTIVE",
    };

    fn references(&self) -> Vec<Reference> {
        self.unit.iter().cloned().map(Reference::Unit).collect()
    }
}
