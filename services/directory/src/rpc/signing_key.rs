//! The keys that tokens are signed with: made, sealed, rotated, published.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use kit::{
    actor::{RequestKey, SYSTEM},
    caller::Caller,
    clock::{Moment, wall},
    id::Division,
    keys::{Cipher, Keys},
    refusal::Refusal,
    store::{Desk, Event, Key, Reader, Store, Writer},
    telemetry,
    token::{Claims, Signer},
};
use prost::Message;
use proto::directory::v1 as pb;

use crate::domain::signing_key::{COLLECTION, MADE, Made, RETIRED, RING, ROTATED, Ring, SigningKey};

pub struct Signing {
    writer: Writer,
    rings: Reader<Ring>,
    cipher: Cipher,
    /// Unsealed: the one that signed last.
    signer: ArcSwapOption<Signer>,
}

impl Signing {
    /// Makes the first key where there is none; of replicas that begin at the same moment, one does.
    pub async fn open(store: &Store, writer: &Writer, keys: &Keys) -> Result<Signing, Refusal> {
        let signing = Signing {
            writer: writer.clone(),
            rings: Reader::open(store),
            cipher: keys.cipher("signing"),
            signer: ArcSwapOption::empty(),
        };
        if signing.rings.get(Division::NATIONAL, RING).await?.is_none() {
            let (made, now) = (signing.make()?, wall());
            let decide = move |desk: &mut Desk<'_>| {
                if desk.get::<Ring>(RING).is_none() {
                    let ring = Ring::first(made.clone(), now);
                    ring.keys.iter().for_each(|key| record(desk, MADE, SYSTEM, key));
                    desk.put(ring);
                }
                Ok(RING.into())
            };
            signing.change(None, decide).await?;
        }
        signing.seal_anew().await?;
        Ok(signing)
    }

    /// Seals anew what an older master key or another cipher has sealed. What does not open is told and left as it is.
    async fn seal_anew(&self) -> Result<(), Refusal> {
        let otherwise = |ring: &Ring| ring.keys.iter().filter(|key| !self.cipher.is_current(&key.sealed)).count();
        let before = otherwise(&*self.ring().await?);
        let mut shut = 0;
        if before > 0 {
            let cipher = self.cipher.clone();
            let decide = move |desk: &mut Desk<'_>| {
                let mut ring = desk.take::<Ring>(RING, absent)?;
                for key in ring.keys.iter_mut().filter(|key| !cipher.is_current(&key.sealed)) {
                    if let Some(sealed) = cipher.seal_anew(&key.sealed, &key.id) {
                        key.sealed = sealed;
                    }
                }
                desk.put(ring);
                Ok(RING.into())
            };
            shut = otherwise(&*self.change(None, decide).await?);
            tracing::info!(keys = before - shut.min(before), "signing keys were sealed anew");
        }
        if shut > 0 {
            tracing::error!(keys = shut, "signing keys do not open: was a master key taken away?");
        }
        telemetry::tell_sealed_otherwise("directory", shut as u64);
        Ok(())
    }

    /// Signs with the key of now, whoever has made it.
    pub async fn sign(&self, claims: &Claims) -> Result<String, Refusal> {
        let ring = self.ring().await?;
        let key = ring.current(wall()).ok_or_else(|| Refusal::internal("a ring without a key"))?;
        if let Some(signer) = self.signer.load().as_ref().filter(|signer| signer.kid() == key.id) {
            return Ok(signer.sign(claims));
        }
        let der = self.cipher.open(&key.sealed, &key.id);
        let der = der.ok_or_else(|| Refusal::internal(format!("the signing key {} does not open", key.id)))?;
        let signer = Arc::new(Signer::new(key.id.as_str(), &der)?);
        self.signer.store(Some(signer.clone()));
        Ok(signer.sign(claims))
    }

    pub async fn rotate(
        &self,
        caller: &Caller,
        r: &pb::RotateSigningKeyRequest,
    ) -> Result<pb::ListSigningKeysResponse, Refusal> {
        let request = RequestKey::of("RotateSigningKey", r, &r.request_id)?;
        let (made, actor, now) = (self.make()?, caller.actor().to_owned(), wall());
        let decide = move |desk: &mut Desk<'_>| {
            let mut ring = desk.take::<Ring>(RING, absent)?;
            ring.rotate(made.clone(), now).iter().for_each(|key| record(desk, RETIRED, &actor, key));
            ring.keys.iter().filter(|key| key.valid_until.is_none()).for_each(|key| record(desk, MADE, &actor, key));
            // The journal knows the request by what it was answered with.
            let (noun, actor) = (format!("rings/{RING}"), actor.clone());
            desk.record(Event { name: ROTATED, noun, actor, payload: Default::default() });
            desk.put(ring);
            Ok(RING.into())
        };
        Ok(show(&*self.change(Some(request), decide).await?))
    }

    pub async fn list(&self) -> Result<pb::ListSigningKeysResponse, Refusal> {
        Ok(show(&*self.ring().await?))
    }

    async fn ring(&self) -> Result<Arc<Ring>, Refusal> {
        let ring = self.rings.get(Division::NATIONAL, RING).await?;
        ring.ok_or_else(absent)
    }

    async fn change(
        &self,
        request: Option<RequestKey>,
        decide: impl Fn(&mut Desk<'_>) -> Result<Arc<str>, Refusal> + Send + Sync + 'static,
    ) -> Result<Arc<Ring>, Refusal> {
        let keys = vec![Key::of::<Ring>(Division::NATIONAL, RING)];
        self.writer.change::<Ring>(Division::NATIONAL, keys, request, decide).await
    }

    fn make(&self) -> Result<Made, Refusal> {
        let (signer, der, public_key) = Signer::generate()?;
        let id = signer.kid().to_owned();
        Ok(Made { sealed: self.cipher.seal(&der, &id), id, public_key })
    }
}

fn absent() -> Refusal {
    Refusal::internal("there is no ring of keys")
}

fn record(desk: &mut Desk<'_>, event: &'static str, actor: &str, key: &SigningKey) {
    desk.record(Event {
        name: event,
        noun: format!("{COLLECTION}/{}", key.id),
        actor: actor.to_owned(),
        payload: show_key(key).encode_to_vec().into(),
    });
}

fn show(ring: &Ring) -> pb::ListSigningKeysResponse {
    pb::ListSigningKeysResponse { keys: ring.live(wall()).map(show_key).collect() }
}

fn show_key(key: &SigningKey) -> pb::SigningKey {
    pb::SigningKey {
        id: key.id.clone(),
        public_key: key.public_key.to_vec(),
        valid_from: Some(Moment(key.valid_from).timestamp()),
        valid_until: key.valid_until.map(|at| Moment(at).timestamp()),
    }
}
