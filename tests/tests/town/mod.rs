//! What the matrix and the canaries share: the program with two divisions in it, and one caller of each role and place.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod duty;
pub mod line;

use std::{collections::HashMap, time::Duration};

use http::HeaderValue;
use kit::{
    clock::wall,
    keyring::Keyring,
    pki::Authority,
    testing::TestDatabase,
    token::{Assertion, Signer},
};
use proto::{
    directory::v1::{
        CreateSystemRequest, ExchangeAssertionRequest, credential_service_client::CredentialServiceClient,
    },
    identity::v1::Role,
};
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use crate::house::{
    centre::{Centre, request_id},
    program::{Program, Settings},
};
use line::Line;

pub const DIVISIONS: [&str; 2] = ["410223", "410224"];

/// A caller whose credential is good.
#[derive(Clone)]
pub struct Who {
    pub label: &'static str,
    pub role: Role,
    pub name: String,
    pub division: Option<&'static str>,
    pub unit: Option<&'static str>,
    pub window: Option<&'static str>,
    pub line: Line,
}

impl Who {
    pub fn is_person(&self) -> bool {
        matches!(self.role, Role::Clerk | Role::Leader)
    }
}

/// The program with two divisions in it.
pub struct Town {
    pub program: Program,
    pub ring: Keyring,
    /// The directory's.
    pub database: String,
    pub data: std::path::PathBuf,
    systems: HashMap<&'static str, System>,
}

struct System {
    channel: Channel,
    assertions: KeyPair,
}

impl Town {
    pub async fn open(database: &TestDatabase) -> Town {
        Town::open_with(database, None, &[]).await
    }

    /// In training mode from a time on, or by the real clock; with settings of the environment.
    pub async fn open_with(
        database: &TestDatabase,
        simulate: Option<&'static str>,
        environment: &[(&str, &str)],
    ) -> Town {
        let config = database.config(&["directory", "intake", "roster", "disclosure", "gateway"]).await;
        let mut settings = Settings { simulate, ..Settings::all(&config.data) };
        for (service, url) in &config.databases {
            settings = settings.with(&format!("YIZHAN_DATABASES__{}", service.to_uppercase()), url);
        }
        for (name, value) in environment {
            settings = settings.with(name, *value);
        }
        let program = settings.start().await;
        let ring = program.channel();
        for code in DIVISIONS {
            duty::furnish(&ring, &Centre::open(ring.clone(), code).await).await;
        }
        let mut town = Town {
            program,
            ring,
            database: config.database("directory"),
            data: config.data.clone(),
            systems: HashMap::new(),
        };
        for code in DIVISIONS {
            let system = town.system(code).await;
            town.systems.insert(code, system);
        }
        town
    }

    /// One of each role, of each place.
    pub async fn callers(&self) -> Vec<Who> {
        let public = Who {
            label: "the public",
            role: Role::Public,
            name: String::new(),
            division: None,
            unit: None,
            window: None,
            line: Line { channel: self.connect(None), bearer: None },
        };
        let mut callers = vec![public.clone()];
        for division in DIVISIONS {
            let at = format!("divisions/{division}");
            for (label, role, code, unit) in [
                ("a clerk of 012", Role::Clerk, "C012", Some("012")),
                ("a clerk of 023", Role::Clerk, "C023", Some("023")),
                ("a head of 012", Role::Leader, "H012", Some("012")),
                ("a head of 023", Role::Leader, "H023", Some("023")),
                ("a manager of the centre", Role::Clerk, duty::MANAGERS[0], None),
            ] {
                let (name, window) = (format!("{at}/people/{code}"), format!("{at}/windows/A01"));
                let (channel, bearer) = self.ring.signed(&name, &window).await.expect("signs in");
                callers.push(Who {
                    label,
                    role,
                    name,
                    division: Some(division),
                    unit,
                    window: Some("A01"),
                    line: Line { channel, bearer: Some(bearer) },
                });
            }
            let terminal = self.ring.terminal(&format!("{at}/windows/A01")).await.expect("a terminal");
            callers.push(Who {
                label: "a terminal",
                role: Role::Terminal,
                division: Some(division),
                window: Some("A01"),
                line: Line { channel: terminal, bearer: None },
                ..public.clone()
            });
            let system = &self.systems[division];
            let line = self.sign_in(division, system).await;
            callers.push(Who {
                label: "another system",
                role: Role::System,
                name: format!("{at}/systems/S1"),
                division: Some(division),
                line: line.clone(),
                ..public.clone()
            });
            callers.push(Who {
                label: "another system's certificate alone",
                line: Line { bearer: None, ..line },
                ..public.clone()
            });
        }
        let operator = Line { channel: self.ring.operator(), bearer: None };
        callers.push(Who {
            label: "the operator",
            role: Role::Operator,
            name: "operators/first".into(),
            line: operator,
            ..public.clone()
        });
        let authority = Authority::open(&self.data.join("pki")).expect("the authority");
        let service = authority.issue("services/intake", &[], Duration::from_secs(3_600)).expect("a certificate");
        callers.push(Who {
            label: "a service",
            role: Role::Service,
            name: "services/intake".into(),
            line: Line { channel: self.connect(Some((service.chain_pem, service.key_pem))), bearer: None },
            ..public
        });
        callers
    }

    pub fn connect(&self, identity: Option<(String, String)>) -> Channel {
        let ca = std::fs::read(self.data.join("pki/ca.pem")).expect("the authority's certificate");
        let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca));
        if let Some((chain, key)) = identity {
            tls = tls.identity(Identity::from_pem(chain, key));
        }
        let url = format!("https://{}", self.program.grpc);
        Endpoint::from_shared(url).expect("a URL").tls_config(tls).expect("TLS").connect_lazy()
    }

    async fn system(&self, division: &str) -> System {
        let key = KeyPair::generate().expect("a key");
        let signing = CertificateParams::default().serialize_request(&key).expect("a request");
        let assertions = KeyPair::generate_for(&PKCS_ED25519).expect("a key");
        let create = CreateSystemRequest {
            parent: format!("divisions/{division}"),
            system_id: "S1".into(),
            display_name: "省平台".into(),
            signing_request_pem: signing.pem().expect("PEM"),
            assertion_key: assertions.public_key_raw().to_vec(),
            request_id: request_id(),
        };
        let created = CredentialServiceClient::new(self.ring.clone()).create_system(create).await.expect("created");
        let chain = created.into_inner().certificate.expect("a certificate").chain_pem;
        System { channel: self.connect(Some((chain, key.serialize_pem()))), assertions }
    }

    async fn sign_in(&self, division: &str, system: &System) -> Line {
        let name = format!("divisions/{division}/systems/S1");
        let now = wall().0 / 1_000_000;
        let assertion = Assertion {
            iss: name.clone(),
            sub: name,
            aud: kit::token::AUDIENCE.into(),
            iat: now,
            exp: now + 60,
            nbf: None,
            jti: request_id(),
        };
        let signer = Signer::new("own", &system.assertions.serialize_der()).expect("a key");
        let mut request = tonic::Request::new(ExchangeAssertionRequest { assertion: signer.sign(&assertion) });
        request.set_timeout(Duration::from_secs(20));
        let tokens = CredentialServiceClient::new(system.channel.clone()).exchange_assertion(request).await;
        let bearer = format!("Bearer {}", tokens.expect("exchanged").into_inner().access_token);
        Line { channel: system.channel.clone(), bearer: HeaderValue::try_from(bearer).ok() }
    }
}
