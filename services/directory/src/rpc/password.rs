//! Passwords on the wire: set by an operator, changed by their owner.

use kit::{
    actor::RequestKey,
    caller::{Caller, Role},
    clock::{Moment, wall},
    form::{self, Form},
    id::{self, Division},
    refusal::Refusal,
    store::{Desk, Key},
};
use proto::directory::v1 as pb;

use super::{
    credential::{Credentials, Held, put, show},
    finish,
    session::record_end,
};
use crate::domain::{
    attempts::Way,
    credential::{CHANGED, CREATED, MISSED, Standing},
    password::{COLLECTION, Password, check, wrong},
    person::{self, Person},
    reference::alive,
};

/// More bytes than any password may have.
const LONGEST: usize = 512;

impl Held for Password {
    const COLLECTION: &'static str = COLLECTION;

    fn standing(&self) -> &Standing {
        &self.standing
    }

    fn standing_mut(&mut self) -> &mut Standing {
        &mut self.standing
    }

    fn show(&self) -> pb::Credential {
        show(self, pb::CredentialKind::Person, !self.hash.is_empty())
    }

    fn revoke(&mut self, because: &str, now: Moment) -> bool {
        Password::revoke(self, because, now)
    }
}

impl Credentials {
    pub(super) async fn set(&self, caller: &Caller, mut r: pb::SetPasswordRequest) -> Result<pb::Credential, Refusal> {
        let mut form = Form::new();
        let request = form.take(form::request_id(&r.request_id));
        let named = form.take(id::child("person", &r.person, COLLECTION));
        form.take(check("password", &r.password, named.map_or("", |(_, code)| code)));
        let (request, (division, code)) = finish(form, request.zip(named))?;
        let code = code.to_owned();

        // The journal remembers requests by a digest, which must not be a cheaper way to guess than the hash is: it is
        // made over the hash, which is the same for the same request.
        let salt = self.keys.mac("salt", &[r.person.as_bytes(), request.as_bytes()]);
        let salt = std::array::from_fn(|i| salt[i]);
        r.password = self.hashing.hash(std::mem::take(&mut r.password), salt).await?;
        let request = RequestKey::of("SetPassword", &r, &r.request_id)?;
        let keys = vec![Key::of::<Person>(division, code.as_str()), Key::of::<Password>(division, code.as_str())];
        let (actor, hash, now) = (caller.actor().to_owned(), r.password, wall());
        let decide = move |desk: &mut Desk<'_>| {
            let state = desk.get::<Person>(&code).map(|person| person.state);
            alive::<person::Facts>(&code, state).map_err(|refusal| refusal.at("person"))?;
            let there = desk.get::<Password>(&code);
            let event = if there.is_some() { CHANGED } else { CREATED };
            let (password, ended) = Password::set(there.as_deref(), division, &code, &hash, now);
            ended.iter().for_each(|sid| record_end(desk, sid, &actor, now));
            put(desk, event, &actor, password)
        };
        Ok(self.writer.change::<Password>(division, keys, Some(request), decide).await?.show())
    }

    pub(super) async fn change(
        &self,
        caller: &Caller,
        r: pb::ChangePasswordRequest,
    ) -> Result<pb::Credential, Refusal> {
        let (division, code) = id::child("", caller.name(), COLLECTION).map_err(|_| wrong())?;
        let mut form = Form::new();
        check_shown(&mut form, "old_password", &r.old_password);
        form.take(check("new_password", &r.new_password, code));
        form.require(
            r.new_password != r.old_password,
            "new_password",
            "须与原密码不同",
            "must differ from the old one",
        );
        form.finish()?;

        let way = way(caller, division);
        let _turn = self.tries.turn(caller.name(), way).await;
        let shown = self.shown(way, caller.name(), division, code, r.old_password).await?;
        let Some(shown) = shown else { return Err(self.miss(way, caller.name(), division, code).await) };
        let hash = self.hashing.hash(r.new_password, rand::random()).await?;
        let keys = vec![Key::of::<Password>(division, code)];
        let (code, actor, own, now) = (code.to_owned(), caller.actor().to_owned(), caller.session().to_owned(), wall());
        let decide = move |desk: &mut Desk<'_>| {
            let mut password = desk.take::<Password>(&code, wrong)?;
            let ended = password.change(way, &shown, &hash, &own, now)?;
            ended.iter().for_each(|sid| record_end(desk, sid, &actor, now));
            put(desk, CHANGED, &actor, password)
        };
        Ok(self.writer.change::<Password>(division, keys, None, decide).await?.show())
    }

    /// The hash of the password that was shown, where it is the person's; none where it is wrong. Takes as long where
    /// there is no such person. Refused where there were too many attempts.
    pub(super) async fn shown(
        &self,
        way: Way,
        name: &str,
        division: Division,
        code: &str,
        password: String,
    ) -> Result<Option<String>, Refusal> {
        let there = self.passwords.get(division, code).await?;
        match &there {
            Some(there) => there.attempts.check(way, wall())?,
            None => self.tries.check(name, way, wall())?,
        }
        let hash = there.map(|there| there.hash.clone()).filter(|hash| !hash.is_empty());
        self.hashing.verify(way, password, hash).await
    }

    /// Counts a wrong attempt, in a change of its own: a refused decision leaves no trace. Gives the refusal.
    pub(super) async fn miss(&self, way: Way, name: &str, division: Division, code: &str) -> Refusal {
        let now = wall();
        let keys = vec![Key::of::<Password>(division, code)];
        match self.passwords.get(division, code).await {
            Err(refusal) => return refusal,
            Ok(None) => {
                self.tries.count(name, way, now);
                return wrong();
            }
            Ok(Some(_)) => {}
        }
        let (code, actor) = (code.to_owned(), name.to_owned());
        let decide = move |desk: &mut Desk<'_>| {
            let mut password = desk.take::<Password>(&code, wrong)?;
            password.attempts.check(way, now)?;
            password.attempts.count(way, now);
            put(desk, MISSED, &actor, password)
        };
        match self.writer.change::<Password>(division, keys, None, decide).await {
            Ok(_) => wrong(),
            Err(refusal) => refusal,
        }
    }
}

/// By what an attempt comes. Who has signed in, and by a certificate, is no stranger either.
pub(super) fn way(caller: &Caller, division: Division) -> Way {
    let is_held = caller.role() == Role::Terminal || caller.is_person() && caller.certificate().is_some();
    if is_held && caller.division() == Some(division) { Way::Terminal } else { Way::Public }
}

/// A password that is shown may be any, within reason.
pub(super) fn check_shown(form: &mut Form, field: &str, password: &str) {
    form.require(
        (1..=LONGEST).contains(&password.len()),
        field,
        "必填，且不超过512字节",
        "required, of at most 512 bytes",
    );
}
