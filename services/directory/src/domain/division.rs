//! An administrative division (行政区划): the tenant of everything else.

use serde::{Deserialize, Serialize};

use super::kept::{Kept, Names};

pub type Division = Kept<Facts>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub name_zh: String,
    pub name_en: String,
}

impl super::kept::Facts for Facts {
    const NAMES: Names = Names {
        collection: "divisions",
        zh: "行政区划",
        en: "division",
        created: "division.created",
        updated: "division.updated",
        deactivated: "division.deactivated",
        absent: "DIVISION_NOT_FOUND",
        exists: "DIVISION_EXISTS",
        inactive: "DIVISION_INACTIVE",
    };
}
