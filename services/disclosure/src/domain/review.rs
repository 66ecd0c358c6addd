//! The secrecy review (保密审查, 政府信息公开条例 art. 17): disclose, disclose in part, or withhold, and why.

use serde::{Deserialize, Serialize};

/// 处置
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposal {
    Disclose,
    Partial,
    Withhold,
}

/// Why something is not disclosed: art. 14 to 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    StateSecret,
    ForbiddenByLaw,
    SecurityAndStability,
    TradeSecret,
    Privacy,
    InternalAffairs,
    Process,
    EnforcementFile,
}

/// What a reviewer decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub disposal: Disposal,
    /// Of what is withheld.
    pub ground: Option<Ground>,
    pub reason: String,
    /// Of what is disclosed in part.
    pub omissions: Vec<Omission>,
    /// The reviewer has looked at the files that the program could not read.
    pub looked_at_files: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub disposal: Disposal,
    /// Code of the person.
    pub reviewer: String,
    pub at: i64,
    /// Of what is withheld.
    pub ground: Option<Ground>,
    pub reason: String,
    /// Of what is disclosed in part.
    pub omissions: Vec<Omission>,
    /// Of the standing review, where it was that.
    pub document_number: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Omission {
    pub what: String,
    pub ground: Ground,
    pub reason: String,
}
