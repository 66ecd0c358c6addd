//! Who calls, and the request that the journal remembers.

use prost::Message;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{form, refusal::Refusal};

/// Who acts: the resource name of a person, or `system` for what the clock does.
pub const SYSTEM: &str = "system";

/// What identifies a changing request for good (AIP-155): its id, and a digest that tells it from another request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestKey {
    pub id: Uuid,
    pub hash: [u8; 32],
}

impl RequestKey {
    /// Reads the id and digests the whole request together with what is asked (`rpc`).
    pub fn of(rpc: &str, request: &impl Message, request_id: &str) -> Result<RequestKey, Refusal> {
        let id = form::request_id(request_id)?;
        let mut digest = Sha256::new();
        digest.update(rpc.as_bytes());
        digest.update([0]);
        digest.update(request.encode_to_vec());
        Ok(RequestKey { id, hash: digest.finalize().into() })
    }
}
