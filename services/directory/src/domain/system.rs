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
