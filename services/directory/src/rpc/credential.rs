//! CredentialService. The files of the nouns do what it is asked; here is what all credentials have in common.

use std::sync::Arc;

use kit::{
    actor::RequestKey,
    caller::Caller,
    clock::{Moment, wall},
    form::Form,
    id::{self, Division},
    keys::Keys,
    page,
    pki::Authority,
    refusal::Refusal,
    serve::OpenError,
    store::{Desk, Event, Key, Noun, Reader, Store, Writer},
};
use prost::Message;
use proto::directory::v1::{self as pb, credential_service_server::CredentialService};
use tonic::{Request, Response, Status};

use super::{called, finish, signing_key::Signing};
use crate::{
    domain::{
        credential::{REVOKED, Standing, absent},
        division,
        operator::{self, Operator},
        password::{self, Password},
        person::Person,
        system::{self, System},
        terminal::{self, Terminal},
    },
    hashing::Hashing,
    store::{assertion::prune, kept::page},
    tries::Tries,
};

pub struct Credentials {
    pub(super) store: Store,
    pub(super) writer: Writer,
    pub(super) keys: Keys,
    pub(super) authority: Authority,
    pub(super) hashing: Hashing,
    pub(super) tries: Tries,
    pub(super) signing: Signing,
    pub(super) terminals: Reader<Terminal>,
    pub(super) systems: Reader<System>,
    pub(super) operators: Reader<Operator>,
    pub(super) passwords: Reader<Password>,
    pub(super) people: Reader<Person>,
    pub(super) divisions: Reader<division::Division>,
}

/// A noun that is somebody's credential.
pub(super) trait Held: Noun {
    /// In names and in the journal.
    const COLLECTION: &'static str;

    fn standing(&self) -> &Standing;
    fn standing_mut(&mut self) -> &mut Standing;

    fn name(&self) -> String {
        self.division().child(Self::COLLECTION, self.id())
    }

    /// What is told of it; never its secret.
    fn show(&self) -> pb::Credential;

    /// False where it was revoked before.
    fn revoke(&mut self, because: &str, now: Moment) -> bool {
        self.standing_mut().revoke(because, now)
    }

    /// A certificate was given.
    fn certify(&mut self, until: Moment) -> Result<(), Refusal> {
        self.standing_mut().certify(until)
    }

    /// What is there where nothing is known.
    fn unknown(_code: &str, _now: Moment) -> Option<Self> {
        None
    }
}

/// The noun that was found, or what is there where nothing was.
pub(super) fn known<N: Held>(found: Option<Arc<N>>, code: &str, now: Moment) -> Option<N> {
    found.map(Arc::unwrap_or_clone).or_else(|| N::unknown(code, now))
}

/// What is told of every credential.
pub(super) fn show(noun: &impl Held, kind: pb::CredentialKind, enrolled: bool) -> pb::Credential {
    let Standing { created_at, revoked, valid_after, .. } = *noun.standing();
    pb::Credential {
        name: noun.name(),
        kind: kind.into(),
        enrolled,
        revoked,
        valid_after: valid_after.map(|at| Moment(at).timestamp()),
        created_at: Some(Moment(created_at).timestamp()),
        etag: noun.standing().etag(),
        ..Default::default()
    }
}

/// Puts a credential and records what happened to it.
pub(super) fn put<N: Held>(
    desk: &mut Desk<'_>,
    event: &'static str,
    actor: &str,
    noun: N,
) -> Result<Arc<str>, Refusal> {
    let id = Arc::from(noun.id());
    desk.record(Event {
        name: event,
        noun: format!("{}/{id}", N::COLLECTION),
        actor: actor.to_owned(),
        payload: noun.show().encode_to_vec().into(),
    });
    desk.put(noun);
    Ok(id)
}

impl Held for Operator {
    const COLLECTION: &'static str = operator::COLLECTION;

    fn standing(&self) -> &Standing {
        &self.standing
    }

    fn name(&self) -> String {
        format!("{}/{}", operator::COLLECTION, self.code)
    }

    fn show(&self) -> pb::Credential {
        show(self, pb::CredentialKind::Operator, true)
    }

    fn standing_mut(&mut self) -> &mut Standing {
        &mut self.standing
    }

    fn unknown(code: &str, now: Moment) -> Option<Operator> {
        Some(Operator { code: code.to_owned(), standing: Standing::new(now) })
    }
}

/// Whose credential a name says.
pub(super) enum Holder<'a> {
    Terminal(Division, &'a str),
    System(Division, &'a str),
    Person(Division, &'a str),
    Operator(&'a str),
}

impl<'a> Holder<'a> {
    pub(super) fn of(field: &str, name: &'a str) -> Result<Holder<'a>, Refusal> {
        if let Some(code) = name.strip_prefix("operators/").filter(|code| id::is_id(code)) {
            return Ok(Holder::Operator(code));
        }
        let child = |collection| id::child(field, name, collection);
        child(terminal::COLLECTION)
            .map(|(division, code)| Holder::Terminal(division, code))
            .or_else(|_| child(system::COLLECTION).map(|(division, code)| Holder::System(division, code)))
            .or_else(|_| child(password::COLLECTION).map(|(division, code)| Holder::Person(division, code)))
            .map_err(|_| {
                let forms = "divisions/{division}/{terminals|people|systems}/{code}, operators/{name}";
                Refusal::field(field, format!("名称格式应为 {forms}"), format!("must be a name of the form {forms}"))
            })
    }
}

impl Credentials {
    /// Makes the first signing key where there is none. Must be called within a runtime.
    pub async fn open(store: &Store, writer: &Writer, keys: &Keys, authority: Authority) -> Result<Self, OpenError> {
        tokio::spawn(prune(store.clone(), wall()));
        Ok(Credentials {
            store: store.clone(),
            writer: writer.clone(),
            keys: keys.clone(),
            authority,
            hashing: Hashing::new(),
            tries: Tries::new(),
            signing: Signing::open(store, writer, keys).await?,
            terminals: Reader::open(store),
            systems: Reader::open(store),
            operators: Reader::open(store),
            passwords: Reader::open(store),
            people: Reader::open(store),
            divisions: Reader::open(store),
        })
    }

    /// Answers. Guesses leave a trace: whose credential was tried, from where it is known, and never what was tried.
    async fn told<T>(
        &self,
        rpc: &'static str,
        who: &str,
        caller: &Caller,
        done: Result<T, Refusal>,
    ) -> Result<Response<T>, Status> {
        if let Err(refusal) = &done {
            let who = if self.is_somebody(who).await { who } else { "" };
            tracing::warn!(rpc, who, caller = caller.name(), reason = refusal.reason(), "refused");
        }
        Ok(Response::new(done?))
    }

    /// A name that is nobody's may be anything, typed into the wrong field, and is not put into the log.
    async fn is_somebody(&self, name: &str) -> bool {
        match Holder::of("", name) {
            Ok(Holder::Person(division, code)) => matches!(self.people.get(division, code).await, Ok(Some(_))),
            Ok(Holder::Terminal(division, code)) => matches!(self.terminals.get(division, code).await, Ok(Some(_))),
            _ => false,
        }
    }

    /// A page in the order of names.
    async fn list(&self, r: &pb::ListCredentialsRequest) -> Result<pb::ListCredentialsResponse, Refusal> {
        let division = id::division("parent", &r.parent)?;
        let size = page::size(r.page_size, 100, 1_000)?;
        let scope = ["ListCredentials", r.parent.as_str()];
        let after = page::after(&self.keys, &scope, &r.page_token)?;
        let after = after.as_deref().and_then(|last| last.split_once('/')).unwrap_or_default();
        let mut credentials: Vec<(String, pb::Credential)> = Vec::new();
        // One kind after the other, in the order of their names.
        self.add::<Operator>(division, after, size + 1, &mut credentials).await?;
        self.add::<Password>(division, after, size + 1, &mut credentials).await?;
        self.add::<System>(division, after, size + 1, &mut credentials).await?;
        self.add::<Terminal>(division, after, size + 1, &mut credentials).await?;
        let more = credentials.len() as u64 > size;
        credentials.truncate(size as usize);
        let last = credentials.last().filter(|_| more);
        let next_page_token = last.map_or_else(String::new, |(last, _)| page::token(&self.keys, &scope, last));
        let credentials = credentials.into_iter().map(|(_, credential)| credential).collect();
        Ok(pb::ListCredentialsResponse { credentials, next_page_token })
    }

    /// Those of one kind that come after a place, while there is room.
    async fn add<N: Held>(
        &self,
        division: Division,
        (collection, code): (&str, &str),
        most: u64,
        credentials: &mut Vec<(String, pb::Credential)>,
    ) -> Result<(), Refusal> {
        let left = most.saturating_sub(credentials.len() as u64);
        if left == 0 || N::COLLECTION < collection {
            return Ok(());
        }
        let after = (N::COLLECTION == collection).then(|| code.to_owned());
        let nouns = page::<N>(&self.store, Some(division), after, left).await?;
        credentials.extend(nouns.iter().map(|noun| (format!("{}/{}", N::COLLECTION, noun.id()), noun.show())));
        Ok(())
    }

    async fn revoke(&self, caller: &Caller, r: &pb::RevokeCredentialRequest) -> Result<pb::Credential, Refusal> {
        let mut form = Form::new();
        let request = form.take(RequestKey::of("RevokeCredential", r, &r.request_id));
        let holder = form.take(Holder::of("name", &r.name));
        let because = form.text("reason", &r.reason, 1..=200);
        let (request, holder) = finish(form, request.zip(holder))?;
        // Nobody could undo it, and with the last operator the installation would be lost.
        if r.name == caller.name() {
            let (zh, en) = ("不能吊销本人正在使用的凭证", "nobody takes back the credential that they come with");
            return Err(Refusal::state("OWN_CREDENTIAL", zh, en));
        }
        match holder {
            Holder::Terminal(division, code) => {
                self.take_back::<Terminal>(caller, division, code, request, because).await
            }
            Holder::System(division, code) => self.take_back::<System>(caller, division, code, request, because).await,
            Holder::Person(division, code) => {
                self.take_back::<Password>(caller, division, code, request, because).await
            }
            Holder::Operator(code) => {
                self.take_back::<Operator>(caller, Division::NATIONAL, code, request, because).await
            }
        }
    }

    async fn take_back<N: Held>(
        &self,
        caller: &Caller,
        division: Division,
        code: &str,
        request: RequestKey,
        because: String,
    ) -> Result<pb::Credential, Refusal> {
        let keys = vec![Key::of::<N>(division, code)];
        let (code, actor, now) = (code.to_owned(), caller.actor().to_owned(), wall());
        let decide = move |desk: &mut Desk<'_>| {
            let mut noun: N = known(desk.get(&code), &code, now).ok_or_else(absent)?;
            if noun.revoke(&because, now) { put(desk, REVOKED, &actor, noun) } else { Ok(code.as_str().into()) }
        };
        Ok(self.writer.change::<N>(division, keys, Some(request), decide).await?.show())
    }
}

#[tonic::async_trait]
impl CredentialService for Credentials {
    async fn create_terminal(
        &self,
        request: Request<pb::CreateTerminalRequest>,
    ) -> Result<Response<pb::CreateTerminalResponse>, Status> {
        let (caller, r) = called(request);
        Ok(Response::new(self.make_terminal(&caller, &r).await?))
    }

    async fn enrol_terminal(
        &self,
        request: Request<pb::EnrolTerminalRequest>,
    ) -> Result<Response<pb::Certificate>, Status> {
        let (caller, r) = called(request);
        let enrolled = self.enrol(&r).await;
        self.told("EnrolTerminal", &r.name, &caller, enrolled).await
    }

    async fn create_system(
        &self,
        request: Request<pb::CreateSystemRequest>,
    ) -> Result<Response<pb::CreateSystemResponse>, Status> {
        let (caller, r) = called(request);
        Ok(Response::new(self.make_system(&caller, &r).await?))
    }

    async fn renew_certificate(
        &self,
        request: Request<pb::RenewCertificateRequest>,
    ) -> Result<Response<pb::Certificate>, Status> {
        let (caller, r) = called(request);
        Ok(Response::new(self.renew(&caller, &r).await?))
    }

    async fn set_password(&self, request: Request<pb::SetPasswordRequest>) -> Result<Response<pb::Credential>, Status> {
        let (caller, r) = called(request);
        Ok(Response::new(self.set(&caller, r).await?))
    }

    async fn change_password(
        &self,
        request: Request<pb::ChangePasswordRequest>,
    ) -> Result<Response<pb::Credential>, Status> {
        let (caller, r) = called(request);
        let changed = self.change(&caller, r).await;
        self.told("ChangePassword", "", &caller, changed).await
    }

    async fn sign_in(&self, request: Request<pb::SignInRequest>) -> Result<Response<pb::Tokens>, Status> {
        let (caller, r) = called(request);
        let who = r.person.clone();
        let begun = self.begin(&caller, r).await;
        self.told("SignIn", &who, &caller, begun).await
    }

    async fn exchange_assertion(
        &self,
        request: Request<pb::ExchangeAssertionRequest>,
    ) -> Result<Response<pb::Tokens>, Status> {
        let (caller, r) = called(request);
        let exchanged = self.exchange(&caller, &r.assertion).await;
        self.told("ExchangeAssertion", "", &caller, exchanged).await
    }

    async fn refresh_tokens(&self, request: Request<pb::RefreshTokensRequest>) -> Result<Response<pb::Tokens>, Status> {
        let (caller, r) = called(request);
        let renewed = self.refresh(&caller, &r.refresh_token).await;
        self.told("RefreshTokens", "", &caller, renewed).await
    }

    async fn sign_out(&self, request: Request<pb::SignOutRequest>) -> Result<Response<pb::SignOutResponse>, Status> {
        self.end(&Caller::of_call(&request)).await?;
        Ok(Response::new(pb::SignOutResponse {}))
    }

    async fn list_credentials(
        &self,
        request: Request<pb::ListCredentialsRequest>,
    ) -> Result<Response<pb::ListCredentialsResponse>, Status> {
        Ok(Response::new(self.list(&request.into_inner()).await?))
    }

    async fn revoke_credential(
        &self,
        request: Request<pb::RevokeCredentialRequest>,
    ) -> Result<Response<pb::Credential>, Status> {
        let (caller, r) = called(request);
        Ok(Response::new(self.revoke(&caller, &r).await?))
    }

    async fn rotate_signing_key(
        &self,
        request: Request<pb::RotateSigningKeyRequest>,
    ) -> Result<Response<pb::ListSigningKeysResponse>, Status> {
        let (caller, r) = called(request);
        Ok(Response::new(self.signing.rotate(&caller, &r).await?))
    }

    async fn list_signing_keys(
        &self,
        _: Request<pb::ListSigningKeysRequest>,
    ) -> Result<Response<pb::ListSigningKeysResponse>, Status> {
        Ok(Response::new(self.signing.list().await?))
    }
}
