//! A unit with approval functions (审批职能单位).

use serde::{Deserialize, Serialize};

use super::kept::{Kept, Names};

pub type Unit = Kept<Facts>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub name_zh: String,
    pub name_en: String,
    pub short_name_zh: String,
    pub kind: Kind,
    /// Unified social credit code (GB 32100), or empty.
    pub uscc: String,
    pub phone: String,
    pub supervision_phone: String,
    pub address: String,
    /// Where its refusals are reconsidered (行政复议法 art. 24, 27), and the court that hears them.
    pub reconsideration_body: String,
    pub court: String,
}

/// Nature of the implementing body (GB/T 39046-2020, 实施主体性质).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// 法定机关
    Authority,
    /// 授权组织
    Empowered,
    /// 受委托组织
    Entrusted,
    /// 其他
    Other,
}

/// Three digits.
pub fn is_code(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit())
}

impl super::kept::Facts for Facts {
    const NAMES: Names = Names {
        collection: "units",
        zh: "审批职能单位",
        en: "unit",
        created: "unit.created",
        updated: "unit.updated",
        deactivated: "unit.deactivated",
        absent: "UNIT_NOT_FOUND",
        exists: "UNIT_EXISTS",
        inactive: "UNIT_INACTIVE",
    };
}
