//! Who calls: what the gateway has proved, and the services behind it take from nobody else.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use prost::Message;
use proto::identity::v1 as pb;
pub use proto::identity::v1::Role;

use crate::{actor::SYSTEM, id::Division};

/// How a caller is told to a service in another process.
const HEADER: HeaderName = HeaderName::from_static("yizhan-caller-bin");

/// A caller whose identity is proved; in a request's extensions. A request without one is of the public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller(Arc<Inner>);

#[derive(Debug, PartialEq, Eq)]
struct Inner {
    role: Role,
    name: String,
    division: Option<Division>,
    unit: Option<String>,
    window: Option<String>,
    certificate: Option<[u8; 32]>,
    session: String,
}

impl Caller {
    /// None where what is told makes no sense: no role, a division that is none.
    pub fn from_message(told: pb::Caller) -> Option<Caller> {
        let role = Role::try_from(told.role).ok().filter(|role| *role != Role::Unspecified)?;
        let division = Some(told.division).filter(|code| !code.is_empty());
        let text = |text: String| Some(text).filter(|text| !text.is_empty());
        let certificate = if told.certificate.is_empty() { None } else { Some(told.certificate.try_into().ok()?) };
        Some(Caller(Arc::new(Inner {
            role,
            name: told.name,
            division: division.map(|code| code.parse()).transpose().ok()?,
            unit: text(told.unit),
            window: text(told.window),
            certificate,
            session: told.session,
        })))
    }

    pub fn to_message(&self) -> pb::Caller {
        let Inner { role, name, division, unit, window, certificate, session } = &*self.0;
        pb::Caller {
            role: (*role).into(),
            name: name.clone(),
            division: division.map(|division| division.to_string()).unwrap_or_default(),
            unit: unit.clone().unwrap_or_default(),
            window: window.clone().unwrap_or_default(),
            certificate: certificate.map(|hash| hash.to_vec()).unwrap_or_default(),
            session: session.clone(),
        }
    }

    /// A service of the suite.
    pub fn service(name: &str) -> Caller {
        let told = pb::Caller { role: Role::Service.into(), name: format!("services/{name}"), ..Default::default() };
        Caller::of(told)
    }

    /// For a message that says a role and, if any, a division of six digits; else the public.
    fn of(told: pb::Caller) -> Caller {
        Caller::from_message(told).unwrap_or_else(Caller::public)
    }

    /// Anybody.
    pub fn public() -> Caller {
        Caller(Arc::new(Inner {
            role: Role::Public,
            name: String::new(),
            division: None,
            unit: None,
            window: None,
            certificate: None,
            session: String::new(),
        }))
    }

    /// The caller of a request; the public where nobody has proved to be anybody.
    pub fn of_request<B>(request: &Request<B>) -> Caller {
        request.extensions().get().cloned().unwrap_or_else(Caller::public)
    }

    /// The same of a request that a handler has.
    pub fn of_call<T>(request: &tonic::Request<T>) -> Caller {
        request.extensions().get().cloned().unwrap_or_else(Caller::public)
    }

    pub fn role(&self) -> Role {
        self.0.role
    }

    /// Resource name; empty for the public.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Who did it, for the journal.
    pub fn actor(&self) -> &str {
        if self.name().is_empty() { SYSTEM } else { self.name() }
    }

    pub fn division(&self) -> Option<Division> {
        self.0.division
    }

    /// Code of the unit; none of who is of the centre itself.
    pub fn unit(&self) -> Option<&str> {
        self.0.unit.as_deref()
    }

    /// Code of the window.
    pub fn window(&self) -> Option<&str> {
        self.0.window.as_deref()
    }

    /// SHA-256 of the client's certificate.
    pub fn certificate(&self) -> Option<&[u8; 32]> {
        self.0.certificate.as_ref()
    }

    /// Empty where the caller came without a token.
    pub fn session(&self) -> &str {
        &self.0.session
    }

    /// A clerk or leader: somebody who can act by name.
    pub fn is_person(&self) -> bool {
        matches!(self.role(), Role::Clerk | Role::Leader)
    }

    /// Tells a service in another process who calls.
    pub fn write(&self, headers: &mut HeaderMap) {
        let text = BASE64_STANDARD_NO_PAD.encode(self.to_message().encode_to_vec());
        // Base64 is always a header.
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(HEADER, value);
        }
    }

    /// Takes out what the headers tell. Only of a peer that has proved to be of the suite is it to be believed.
    pub fn take(headers: &mut HeaderMap) -> Option<Caller> {
        let value = headers.remove(HEADER)?;
        let bytes = BASE64_STANDARD_NO_PAD.decode(value.as_bytes()).ok()?;
        Caller::from_message(pb::Caller::decode(bytes.as_slice()).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_read_back_as_it_was_told() {
        let told = pb::Caller {
            role: Role::Clerk.into(),
            name: "divisions/410223/people/P1".into(),
            division: "410223".into(),
            unit: "012".into(),
            window: "A01".into(),
            certificate: vec![7; 32],
            session: "s".into(),
        };
        let caller = Caller::from_message(told.clone()).expect("a caller");
        assert_eq!(caller.to_message(), told);
        let mut headers = HeaderMap::new();
        caller.write(&mut headers);
        assert_eq!(Caller::take(&mut headers), Some(caller));
        assert!(headers.is_empty());
    }

    #[test]
    fn a_caller_that_makes_no_sense_is_none() {
        let told = |division: &str, role: Role, certificate: Vec<u8>| pb::Caller {
            role: role.into(),
            division: division.into(),
            certificate,
            ..Default::default()
        };
        assert_eq!(Caller::from_message(told("4102", Role::Clerk, Vec::new())), None);
        assert_eq!(Caller::from_message(told("410223", Role::Unspecified, Vec::new())), None);
        assert_eq!(Caller::from_message(told("410223", Role::Clerk, vec![1])), None);
        let mut headers = HeaderMap::from_iter([(HEADER, HeaderValue::from_static("%%"))]);
        assert_eq!(Caller::take(&mut headers), None);
        assert!(headers.is_empty());
    }
}
