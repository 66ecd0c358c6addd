//! Other systems on the wire: made known, and given a token for what they have signed.

use std::time::Duration;

use kit::{
    actor::RequestKey,
    caller::Caller,
    clock::{Moment, wall},
    form::Form,
    id,
    refusal::Refusal,
    store::{Desk, Event, Key},
    token::{self, Told},
};
use proto::directory::v1 as pb;
use uuid::Uuid;

use super::{
    certificate,
    credential::{Credentials, Held, put, show},
    finish,
    terminal::check_code,
};
use crate::{
    domain::{
        assertion::{Assertion, wrong},
        credential::{CREATED, Standing},
        division::{self, Division},
        kept::State,
        reference::alive,
        session,
        system::{COLLECTION, Draft, System, is_small},
    },
    store::assertion::prune,
};

/// What a system's certificate lasts, and an operator's.
pub(super) const LIFE: Duration = Duration::from_secs(365 * 24 * 3_600);
/// Used assertions are taken away after so many, on average.
const PRUNE: u32 = 64;

impl Held for System {
    const COLLECTION: &'static str = COLLECTION;

    fn standing(&self) -> &Standing {
        &self.standing
    }

    fn standing_mut(&mut self) -> &mut Standing {
        &mut self.standing
    }

    fn show(&self) -> pb::Credential {
        let display_name = self.display_name.clone();
        pb::Credential { display_name, ..show(self, pb::CredentialKind::System, true) }
    }
}

impl Credentials {
    pub(super) async fn make_system(
        &self,
        caller: &Caller,
        r: &pb::CreateSystemRequest,
    ) -> Result<pb::CreateSystemResponse, Refusal> {
        let mut form = Form::new();
        let request = form.take(RequestKey::of("CreateSystem", r, &r.request_id));
        let division = form.take(id::division("parent", &r.parent));
        check_code(&mut form, "system_id", &r.system_id);
        let display_name = form.text("display_name", &r.display_name, 1..=100);
        let assertion_key: Option<[u8; 32]> = r.assertion_key.as_slice().try_into().ok();
        let assertion_key = assertion_key.filter(|key| !is_small(*key));
        form.require(
            assertion_key.is_some(),
            "assertion_key",
            "须为32字节的Ed25519公钥，且不得为小阶点",
            "must be the 32 bytes of an Ed25519 public key, and not of small order",
        );
        form.require(!r.signing_request_pem.is_empty(), "signing_request_pem", "必填", "required");
        let read = request.zip(division.zip(assertion_key));
        let (request, (division, assertion_key)) = finish(form, read)?;

        let name = division.child(COLLECTION, &r.system_id);
        let issued = self.authority.sign(&r.signing_request_pem, &name, LIFE)?;
        let draft = Draft { division, code: r.system_id.clone(), display_name, assertion_key };
        let keys =
            vec![Key::of::<Division>(division, division.as_str()), Key::of::<System>(division, r.system_id.as_str())];
        let (actor, until, now) = (caller.actor().to_owned(), issued.expires_at, wall());
        let decide = move |desk: &mut Desk<'_>| {
            let state = desk.get::<Division>(draft.division.as_str()).map(|division| division.state);
            alive::<division::Facts>(draft.division.as_str(), state).map_err(|refusal| refusal.at("parent"))?;
            let there = desk.get::<System>(&draft.code);
            put(desk, CREATED, &actor, System::create(draft.clone(), there.as_deref(), until, now)?)
        };
        let system = self.writer.change::<System>(division, keys, Some(request), decide).await?;
        // A repeat of the request has a certificate too, for the same key; but not of a system that was revoked since.
        let certificate = (!system.standing.revoked).then(|| certificate::show(&name, issued));
        Ok(pb::CreateSystemResponse { system: Some(system.show()), certificate })
    }

    /// A token for an assertion of the system by whose certificate the call came.
    pub(super) async fn exchange(&self, caller: &Caller, assertion: &str) -> Result<pb::Tokens, Refusal> {
        let (name, now) = (caller.name().to_owned(), wall());
        let certificate = *caller.certificate().ok_or_else(wrong)?;
        let (division, code) = id::child("", &name, COLLECTION).map_err(|_| wrong())?;
        let system = self.systems.get(division, code).await?.filter(|system| !system.standing.revoked);
        let system = system.ok_or_else(wrong)?;
        let said = token::Assertion::verify(assertion, &name, &system.assertion_key, now).ok_or_else(wrong)?;

        let digest = self.keys.mac("assertion", &[name.as_bytes(), said.jti.as_bytes()]);
        let id = id::hex(&digest);
        let outlived_at = said.exp.saturating_add(2 * token::LEEWAY).saturating_mul(1_000_000);
        let used = Assertion { division, id: id.clone(), outlived_at };
        let keys = vec![
            Key::of::<Division>(division, division.as_str()),
            Key::of::<System>(division, code),
            Key::of::<Assertion>(division, id),
        ];
        let (sid, code) = (Uuid::new_v4().simple().to_string(), code.to_owned());
        let (noun, actor) = (format!("{}/{sid}", session::COLLECTION), name.clone());
        let decide = move |desk: &mut Desk<'_>| {
            let is_active = desk.get::<Division>(division.as_str()).is_some_and(|there| there.state == State::Active);
            let is_good = desk.get::<System>(&code).is_some_and(|system| !system.standing.revoked);
            if !is_active || !is_good || desk.get::<Assertion>(&used.id).is_some() {
                return Err(wrong());
            }
            let (noun, actor) = (noun.clone(), actor.clone());
            desk.record(Event { name: session::BEGUN, noun, actor, payload: Default::default() });
            desk.put(used.clone());
            Ok(used.id.as_str().into())
        };
        self.writer.change::<Assertion>(division, keys, None, decide).await?;
        if rand::random_ratio(1, PRUNE) {
            tokio::spawn(prune(self.store.clone(), now));
        }
        let told = Told { role: "SYSTEM".into(), division: division.to_string(), ..Told::default() };
        self.access(told, name, &sid, system.standing.given_at(now), Some(certificate)).await
    }

    /// Ends a session that nothing is kept of.
    pub(super) async fn end_of_system(&self, name: &str, sid: &str, now: Moment) -> Result<(), Refusal> {
        let Ok((division, code)) = id::child("", name, COLLECTION) else { return Ok(()) };
        let keys = vec![Key::of::<System>(division, code)];
        let (code, sid, actor) = (code.to_owned(), sid.to_owned(), name.to_owned());
        let decide = move |desk: &mut Desk<'_>| {
            let system = desk.take::<System>(&code, wrong)?;
            super::session::record_end(desk, &sid, &actor, now);
            Ok(system.code.as_str().into())
        };
        self.writer.change::<System>(division, keys, None, decide).await.map(drop)
    }
}
