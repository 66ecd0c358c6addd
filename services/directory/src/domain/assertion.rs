//! An assertion that was used: kept for as long as it could be used again.

use kit::{
    id,
    refusal::{Kind, Refusal},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    pub division: id::Division,
    /// Digest of its system and its `jti`.
    pub id: String,
    /// Microseconds; nothing is asserted by it any more.
    pub outlived_at: i64,
}

/// PERMISSION_DENIED, whatever is wrong with it.
pub fn wrong() -> Refusal {
    let (zh, en) = (
        "声明无效：签名、签发者、受众、时间有误，或已使用",
        "the assertion's signature, issuer, audience or time is wrong, or it was used before",
    );
    Refusal::new(Kind::Denied, "ASSERTION_WRONG", zh, en)
}
