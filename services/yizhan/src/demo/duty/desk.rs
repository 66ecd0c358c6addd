//! Calls of the duty desk: each as the person who acts, signed in on the terminal of the desk. Request ids follow from the
//! seed, so that a rerun repeats them.

use kit::{keyring::Keyring, peer::Peer};
use proto::roster::v1::{
    attendance_service_client::AttendanceServiceClient, circular_service_client::CircularServiceClient,
    roster_service_client::RosterServiceClient, staffing_service_client::StaffingServiceClient,
};
use sha2::{Digest, Sha256};
use tonic::{Response, Status};

use super::{super::county::resource, rules::WINDOW};
use crate::{
    peer::{Link, PATIENCE},
    trouble,
};

/// Whoever is at the desk.
#[derive(Clone)]
pub struct Desk {
    ring: Keyring,
    seed: u64,
}

impl Desk {
    pub fn new(ring: &Keyring, seed: u64) -> Desk {
        Desk { ring: ring.clone(), seed }
    }

    pub async fn rosters(&self, person: &str) -> anyhow::Result<RosterServiceClient<Link>> {
        Ok(RosterServiceClient::new(self.link(person).await?))
    }

    pub async fn attendances(&self, person: &str) -> anyhow::Result<AttendanceServiceClient<Link>> {
        Ok(AttendanceServiceClient::new(self.link(person).await?))
    }

    pub async fn staffings(&self, person: &str) -> anyhow::Result<StaffingServiceClient<Link>> {
        Ok(StaffingServiceClient::new(self.link(person).await?))
    }

    pub async fn circulars(&self, person: &str) -> anyhow::Result<CircularServiceClient<Link>> {
        Ok(CircularServiceClient::new(self.link(person).await?))
    }

    /// Signs somebody in before they are at the desk.
    pub async fn link(&self, person: &str) -> anyhow::Result<Link> {
        let signed = self.ring.signed(person, &resource("windows", WINDOW)).await;
        let (channel, bearer) = signed.map_err(|status| refused("sign-in", person, &status))?;
        Ok(Link::new(Peer::from(channel), Some(bearer), PATIENCE))
    }

    /// A UUID (version 8) for one thing that is done in the year.
    pub fn request_id(&self, what: &str, of: &str) -> String {
        request_id(self.seed, what, of)
    }
}

pub fn request_id(seed: u64, what: &str, of: &str) -> String {
    let digest = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(what).chain_update(of).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// The answer; the demo expects no refusal at all.
pub fn answer<T>(what: &str, of: &str, answer: Result<Response<T>, Status>) -> anyhow::Result<T> {
    answer.map(Response::into_inner).map_err(|status| refused(what, of, &status))
}

fn refused(what: &str, of: &str, status: &Status) -> anyhow::Error {
    let (zh, reason) = (kit::status::localized(status), kit::status::reason(status));
    trouble(
        format!("值班 {what}（{of}）被拒绝：{zh}"),
        format!("duty, {what} of {of}: {:?} {reason} {}", status.code(), status.message()),
    )
}
