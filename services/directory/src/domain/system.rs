//! Another government system, by certificate and signed assertion; and an operator, by certificate alone.

use kit::{
    clock::Moment,
    id,
    refusal::{Kind, Refusal},
};
use serde::{Deserialize, Serialize};

use super::credential::Standing;

pub const COLLECTION: &str = "systems";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct System {
    pub division: id::Division,
    pub code: String,
    pub display_name: String,
    /// Ed25519 public key of its assertions.
    pub assertion_key: [u8; 32],
    pub standing: Standing,
}

/// What a request says of a system.
#[derive(Clone, Debug)]
pub struct Draft {
    pub division: id::Division,
    pub code: String,
    pub display_name: String,
    pub assertion_key: [u8; 32],
}

impl System {
    pub fn create(draft: Draft, there: Option<&System>, until: Moment, now: Moment) -> Result<System, Refusal> {
        let Draft { division, code, display_name, assertion_key } = draft;
        if there.is_some() {
            let (zh, en) = (format!("系统 {code} 已存在"), format!("there is a system {code} already"));
            return Err(Refusal::new(Kind::AlreadyExists, "SYSTEM_EXISTS", zh, en));
        }
        let standing = Standing { certified_until: Some(until.0), ..Standing::new(now) };
        Ok(System { division, code, display_name, assertion_key, standing })
    }
}

/// The points of small order, as the y of their encodings in hex. A signature by such a key can be made by anybody.
const SMALL: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    // 0 and 1 again, as numbers that are not reduced.
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

/// Whether an Ed25519 public key is one of small order: it says nothing of who has signed.
pub fn is_small(mut key: [u8; 32]) -> bool {
    // The sign of x.
    key[31] &= 0x7f;
    SMALL.contains(&id::hex(&key).as_str())
}
