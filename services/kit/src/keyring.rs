//! A ring of credentials, for who acts as many: the demo's year, the tests, the load benchmark.
//!
//! It holds an operator's certificate and with it gives out what else is needed, all of it real: a password and a
//! sign-in for each person who acts, a terminal with a certificate of its own for each window. Each call goes out as the
//! caller whom its rule asks for, so who sends it need not think of that.

use std::{
    collections::HashMap,
    io,
    path::Path,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use http::{HeaderValue, Request, Response, header::AUTHORIZATION};
use proto::{
    directory::v1::{
        CreateTerminalRequest, EnrolTerminalRequest, RefreshTokensRequest, SetPasswordRequest, SignInRequest, Tokens,
        credential_service_client::CredentialServiceClient,
    },
    identity::v1::Role,
    rule,
};
use rcgen::{CertificateParams, KeyPair};
use tokio::sync::{Mutex, OnceCell};
use tonic::{
    Status,
    body::Body,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};
use tower::{Service, ServiceExt};
use uuid::Uuid;

use crate::{
    admit,
    clock::{Moment, wall},
    id,
};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

const TIMEOUT: &str = "grpc-timeout";
/// A token is renewed when it has so much left.
const SOON: Duration = Duration::from_secs(60);

/// One connection of the operator, and one of each terminal that is needed; clones share them.
#[derive(Clone)]
pub struct Keyring(Arc<Inner>);

struct Inner {
    endpoint: Endpoint,
    ca: Certificate,
    operator: Channel,
    terminals: Mutex<HashMap<String, Arc<OnceCell<Channel>>>>,
    /// By person and window.
    people: Mutex<HashMap<(String, String), Slot>>,
    /// One password for each person, so that signing in at a second window ends nobody's session.
    passwords: Mutex<HashMap<String, String>>,
}

/// Where a person's sign-in is kept; locked while it is made or renewed.
type Slot = Arc<Mutex<Option<Signed>>>;

/// A person who has signed in.
struct Signed {
    channel: Channel,
    bearer: HeaderValue,
    tokens: Tokens,
}

impl Keyring {
    /// For the server at `url`, with the authority's certificate and the operator's credential in a folder
    /// ([`crate::config::Config::pki`]). Connects when it is first needed.
    pub fn open(url: &str, folder: &Path) -> Result<Keyring, BoxError> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
        };
        let ca = Certificate::from_pem(read("ca.pem")?);
        let endpoint = Endpoint::from_shared(url.to_owned())?
            .tcp_nodelay(true)
            .connect_timeout(Duration::from_secs(5))
            .keep_alive_timeout(Duration::from_secs(10));
        let operator = connect(&endpoint, &ca, Identity::from_pem(read("operator.pem")?, read("operator.key")?))?;
        Ok(Keyring(Arc::new(Inner {
            endpoint,
            ca,
            operator,
            terminals: Mutex::default(),
            people: Mutex::default(),
            passwords: Mutex::default(),
        })))
    }

    /// The operator's own connection.
    pub fn operator(&self) -> Channel {
        self.0.operator.clone()
    }

    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, BoxError> {
        let Some(rule) = rule::of(request.uri().path()) else { return Ok(self.operator().oneshot(request).await?) };
        if rule.is_public() || rule.grants.iter().any(|grant| grant.role == Role::Operator) {
            return Ok(self.operator().oneshot(request).await?);
        }
        let (mut parts, body) = request.into_parts();
        let (message, body) = match admit::first_message(axum::body::Body::new(body), rule.streams).await {
            Ok(read) => read,
            Err(refusal) => return Ok(Status::from(refusal).into_http()),
        };
        let text = |path| rule::text(&message, path).unwrap_or_default();
        let person = Some(text(rule.actor)).filter(|name| id::child("", name, "people").is_ok());
        let window = Some(text(rule.window)).filter(|name| id::child("", name, "windows").is_ok()).unwrap_or_default();
        let channel = match person {
            Some(person) => match self.signed(person, window).await {
                Ok((channel, bearer)) => {
                    parts.headers.insert(AUTHORIZATION, bearer);
                    channel
                }
                Err(status) => return Ok(status.into_http()),
            },
            None => self.operator(),
        };
        Ok(channel.oneshot(Request::from_parts(parts, Body::new(body))).await?)
    }

    /// The connection and the token of a person, on the terminal of a window where one is named.
    pub async fn signed(&self, person: &str, window: &str) -> Result<(Channel, HeaderValue), Status> {
        let key = (person.to_owned(), window.to_owned());
        let slot = self.0.people.lock().await.entry(key).or_default().clone();
        let mut slot = slot.lock().await;
        if let Some(signed) = slot.as_ref().filter(|signed| !signed.ends_soon()) {
            return Ok((signed.channel.clone(), signed.bearer.clone()));
        }
        let renewed = match slot.take() {
            Some(signed) => signed.renew().await.ok(),
            None => None,
        };
        let signed = match renewed {
            Some(signed) => signed,
            None => self.sign_in(person, window).await?,
        };
        let signed = slot.insert(signed);
        Ok((signed.channel.clone(), signed.bearer.clone()))
    }

    async fn sign_in(&self, person: &str, window: &str) -> Result<Signed, Status> {
        let channel = if window.is_empty() { self.operator() } else { self.terminal(window).await? };
        let password = self.password(person).await?;
        let request = SignInRequest { person: person.to_owned(), password };
        let tokens = CredentialServiceClient::new(channel.clone()).sign_in(timed(request)).await?.into_inner();
        Signed::new(channel, tokens)
    }

    /// The person's password, set by the operator when it is first needed.
    pub async fn password(&self, person: &str) -> Result<String, Status> {
        let mut passwords = self.0.passwords.lock().await;
        if let Some(password) = passwords.get(person) {
            return Ok(password.clone());
        }
        let password = Uuid::new_v4().to_string();
        let request = SetPasswordRequest {
            person: person.to_owned(),
            password: password.clone(),
            request_id: Uuid::new_v4().to_string(),
        };
        CredentialServiceClient::new(self.operator()).set_password(timed(request)).await?;
        passwords.insert(person.to_owned(), password.clone());
        Ok(password)
    }

    /// The connection of a window's terminal, which is enrolled when it is first needed.
    pub async fn terminal(&self, window: &str) -> Result<Channel, Status> {
        let slot = self.0.terminals.lock().await.entry(window.to_owned()).or_default().clone();
        slot.get_or_try_init(|| self.enrol(window)).await.cloned()
    }

    async fn enrol(&self, window: &str) -> Result<Channel, Status> {
        let mut credentials = CredentialServiceClient::new(self.operator());
        let (division, _) = id::child("window", window, "windows")?;
        let create = CreateTerminalRequest {
            parent: division.name(),
            terminal_id: Uuid::new_v4().simple().to_string()[..20].to_uppercase(),
            window: window.to_owned(),
            request_id: Uuid::new_v4().to_string(),
        };
        let created = credentials.create_terminal(timed(create)).await?.into_inner();
        let unusable = |error: rcgen::Error| Status::internal(error.to_string());
        let key = KeyPair::generate().map_err(unusable)?;
        let signing = CertificateParams::default().serialize_request(&key).map_err(unusable)?;
        let enrol = EnrolTerminalRequest {
            name: created.terminal.unwrap_or_default().name,
            enrolment_code: created.enrolment_code,
            signing_request_pem: signing.pem().map_err(unusable)?,
        };
        let certificate = credentials.enrol_terminal(timed(enrol)).await?.into_inner();
        let identity = Identity::from_pem(certificate.chain_pem, key.serialize_pem());
        connect(&self.0.endpoint, &self.0.ca, identity).map_err(|error| Status::internal(error.to_string()))
    }
}

impl Signed {
    fn new(channel: Channel, tokens: Tokens) -> Result<Signed, Status> {
        let bearer = HeaderValue::try_from(format!("Bearer {}", tokens.access_token));
        let mut bearer = bearer.map_err(|_| Status::internal("a token that is no header"))?;
        bearer.set_sensitive(true);
        Ok(Signed { channel, bearer, tokens })
    }

    fn ends_soon(&self) -> bool {
        let ends = self.tokens.access_expires_at.as_ref().and_then(Moment::from_timestamp);
        ends.is_none_or(|ends| ends.0 - wall().0 < SOON.as_micros() as i64)
    }

    async fn renew(self) -> Result<Signed, Status> {
        let mut credentials = CredentialServiceClient::new(self.channel.clone());
        let request = RefreshTokensRequest { refresh_token: self.tokens.refresh_token };
        Signed::new(self.channel, credentials.refresh_tokens(timed(request)).await?.into_inner())
    }
}

fn connect(endpoint: &Endpoint, ca: &Certificate, identity: Identity) -> Result<Channel, tonic::transport::Error> {
    let tls = ClientTlsConfig::new().ca_certificate(ca.clone()).identity(identity);
    Ok(endpoint.clone().tls_config(tls)?.connect_lazy())
}

fn timed<T>(request: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(request);
    request.set_timeout(Duration::from_secs(30));
    request
}

impl Service<Request<Body>> for Keyring {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let is_unary = rule::of(request.uri().path()).is_none_or(|rule| !rule.streams);
        if is_unary && !request.headers().contains_key(TIMEOUT) {
            // The door demands a deadline of every call that is no stream.
            request.headers_mut().insert(TIMEOUT, HeaderValue::from_static("60S"));
        }
        let ring = self.clone();
        Box::pin(async move { ring.send(request).await })
    }
}
