//! Certificates on the wire, and their renewal.

use std::time::Duration;

use kit::{
    caller::Caller,
    clock::wall,
    id::Division,
    pki::Issued,
    refusal::Refusal,
    store::{Desk, Key, Reader},
};
use proto::directory::v1 as pb;

use super::{
    credential::{Credentials, Held, Holder, known, put},
    system, terminal,
};
use crate::domain::credential::{CHANGED, absent, revoked};

pub fn show(name: &str, issued: Issued) -> pb::Certificate {
    let expires_at = Some(issued.expires_at.timestamp());
    pb::Certificate { name: name.to_owned(), chain_pem: issued.chain_pem, expires_at }
}

impl Credentials {
    /// Gives the caller another certificate of the caller's own name.
    pub(super) async fn renew(
        &self,
        caller: &Caller,
        r: &pb::RenewCertificateRequest,
    ) -> Result<pb::Certificate, Refusal> {
        let (name, pem) = (caller.name(), r.signing_request_pem.as_str());
        match Holder::of("name", name) {
            Ok(Holder::Terminal(division, code)) => {
                self.certify(&self.terminals, division, code, name, terminal::LIFE, pem).await
            }
            Ok(Holder::System(division, code)) => {
                self.certify(&self.systems, division, code, name, system::LIFE, pem).await
            }
            Ok(Holder::Operator(code)) => {
                self.certify(&self.operators, Division::NATIONAL, code, name, system::LIFE, pem).await
            }
            Ok(Holder::Person(..)) | Err(_) => Err(absent()),
        }
    }

    async fn certify<N: Held>(
        &self,
        held: &Reader<N>,
        division: Division,
        code: &str,
        name: &str,
        life: Duration,
        pem: &str,
    ) -> Result<pb::Certificate, Refusal> {
        let now = wall();
        let there = known(held.get(division, code).await?, code, now).ok_or_else(absent)?;
        if there.standing().revoked {
            return Err(revoked());
        }
        let issued = self.authority.sign(pem, name, life)?;
        let (id, actor, until) = (code.to_owned(), name.to_owned(), issued.expires_at);
        let decide = move |desk: &mut Desk<'_>| {
            let mut noun: N = known(desk.get(&id), &id, now).ok_or_else(absent)?;
            noun.certify(until)?;
            put(desk, CHANGED, &actor, noun)
        };
        self.writer.change::<N>(division, vec![Key::of::<N>(division, code)], None, decide).await?;
        Ok(show(name, issued))
    }
}
