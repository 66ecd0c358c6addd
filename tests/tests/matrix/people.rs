//! With what that is not good any more, or never was, somebody calls; and what becomes of whom.

use std::time::Duration;

use http::HeaderValue;
use kit::{
    clock::wall,
    keys::Keys,
    token::{Claims, Cnf, Signer},
};
use proto::{
    directory::v1::{RevokeCredentialRequest, credential_service_client::CredentialServiceClient},
    identity::v1::Role,
    intake::v1::{ListCasesRequest, case_service_client::CaseServiceClient},
};
use sea_orm::{ConnectionTrait, Database, Statement};

use crate::{
    house::{
        centre::{Centre, request_id},
        until,
    },
    town::{DIVISIONS, Town, Who, line::Line},
};

/// A credential that is not good, and what it is answered with.
pub struct Bad {
    pub label: &'static str,
    pub reason: &'static str,
    pub line: Line,
    pub as_who: Who,
}

impl Town {
    /// A token of each role that comes with one, in every state but a good one.
    pub async fn bad_credentials(&self) -> Vec<Bad> {
        let mut bad = Vec::new();
        for who in self.callers().await {
            let is_one_of_its_role = who.role == Role::System || who.unit == Some("012");
            if who.line.bearer.is_some() && who.division == Some(DIVISIONS[0]) && is_one_of_its_role {
                bad.extend(self.spoilt(who).await);
            }
        }
        bad
    }

    async fn spoilt(&self, as_who: Who) -> Vec<Bad> {
        let Line { channel, bearer } = as_who.line.clone();
        let bearer = bearer.expect("a token");
        let token = bearer.to_str().expect("text").trim_start_matches("Bearer ").to_owned();
        let (good, kid) = read(&token);
        let real = self.signer(&kid).await;
        let (forger, forged_der, _) = Signer::generate().expect("a key");
        let same_kid = Signer::new(kid.clone(), &forged_der).expect("a key");
        let with = |change: &dyn Fn(&mut Claims)| {
            let mut claims = good.clone();
            change(&mut claims);
            real.sign(&claims)
        };
        let now = wall().0 / 1_000_000;
        let other = self.connect(None);
        let (head, rest) = token.split_once('.').expect("a JWT");
        let none = format!("{}.{}", base64_url(br#"{"alg":"none","typ":"JWT"}"#), rest);
        let cases = [
            (
                "expired",
                "TOKEN_EXPIRED",
                with(&|c| (c.nbf, c.iat, c.exp) = (now - 900, now - 900, now - 600)),
                &channel,
            ),
            ("not yet valid", "TOKEN_NOT_YET", with(&|c| (c.nbf, c.exp) = (now + 300, now + 600)), &channel),
            ("for another audience", "TOKEN_INVALID", with(&|c| c.aud = "elsewhere".into()), &channel),
            ("of another issuer", "TOKEN_INVALID", with(&|c| c.iss = "elsewhere".into()), &channel),
            ("without a signature", "TOKEN_INVALID", none, &channel),
            ("signed with HS256", "TOKEN_INVALID", self.hs256(&good, &kid).await, &channel),
            ("signed with an unknown key", "TOKEN_INVALID", forger.sign(&good), &channel),
            ("signed with another key under the known id", "TOKEN_INVALID", same_kid.sign(&good), &channel),
            ("cut short", "TOKEN_INVALID", format!("{head}.{}", &rest[..rest.len() / 2]), &channel),
            ("no token at all", "TOKEN_INVALID", "nonsense".into(), &channel),
            ("bound to another certificate", "TOKEN_NOT_YOURS", with(&|c| c.cnf = Some(Cnf::of(&[7; 32]))), &channel),
            ("stolen, and without the certificate", "TOKEN_NOT_YOURS", token.clone(), &other),
        ];
        cases
            .into_iter()
            .map(|(label, reason, token, channel)| Bad {
                label,
                reason,
                line: Line { channel: channel.clone(), bearer: HeaderValue::try_from(format!("Bearer {token}")).ok() },
                as_who: as_who.clone(),
            })
            .collect()
    }

    /// Revokes a person, a terminal and a system, and waits until each is refused.
    pub async fn revoke_each_and_wait(&self) {
        let at = format!("divisions/{}", DIVISIONS[1]);
        let mut callers = self.callers().await;
        callers.retain(|who| who.division == Some(DIVISIONS[1]) && who.role != Role::Public);
        let mut credentials = CredentialServiceClient::new(self.ring.clone());
        let list = proto::directory::v1::ListCredentialsRequest { parent: at.clone(), ..Default::default() };
        let all = credentials.list_credentials(list).await.expect("listed").into_inner().credentials;
        let terminal = all.iter().find(|one| one.name.contains("/terminals/")).expect("a terminal").name.clone();
        for (name, label) in [
            (format!("{at}/people/C012"), "a clerk of 012"),
            (format!("{at}/systems/S1"), "another system"),
            (terminal, "a terminal"),
        ] {
            let who = callers.iter().find(|who| who.label == label).expect("a caller");
            let revoke = RevokeCredentialRequest { name, reason: "丢失".into(), request_id: request_id() };
            credentials.revoke_credential(revoke).await.expect("revoked");
            let began = std::time::Instant::now();
            until("it is refused", || async {
                let seen = who.line.refusal("/yizhan.directory.v1.DirectoryService/ListPeople", &[]).await;
                (seen.as_deref() == Some("CREDENTIAL_REVOKED")).then_some(())
            })
            .await;
            assert!(began.elapsed() < Duration::from_secs(5), "{label}: {:?}", began.elapsed());
        }
    }

    /// Receives a case in each unit where there is none yet, and gives the units of those that a person is shown, or the
    /// operator.
    pub async fn received_and_listed(&self, person: Option<&str>) -> Vec<String> {
        let at = format!("divisions/{}", DIVISIONS[0]);
        let list = |bearer: Option<HeaderValue>| {
            let mut request = tonic::Request::new(ListCasesRequest { parent: at.clone(), ..Default::default() });
            request.set_timeout(Duration::from_secs(20));
            if let Some(bearer) = bearer {
                let bearer = bearer.to_str().expect("text").parse().expect("metadata");
                request.metadata_mut().insert("authorization", bearer);
            }
            request
        };
        let (channel, bearer) = match person {
            Some(code) => self.ring.signed(&format!("{at}/people/{code}"), "").await.expect("signs in"),
            None => {
                let mut cases = CaseServiceClient::new(self.ring.clone());
                let centre = Centre { code: DIVISIONS[0].to_owned() };
                for unit in crate::house::centre::UNITS {
                    cases.receive_case(centre.receipt(unit)).await.expect("received");
                }
                let shown = cases.list_cases(list(None)).await.expect("listed").into_inner();
                return shown.cases.into_iter().map(|case| case.unit).collect();
            }
        };
        let shown = CaseServiceClient::new(channel).list_cases(list(Some(bearer))).await.expect("listed").into_inner();
        shown.cases.into_iter().map(|case| case.unit).collect()
    }

    /// The program's own signing key, as only who has its database and its key file can have it.
    async fn signer(&self, kid: &str) -> Signer {
        let keys = Keys::open(&self.data.join("master.key")).expect("the key file");
        let database = Database::connect(&self.database).await.expect("the database");
        let ask = Statement::from_string(database.get_database_backend(), "SELECT body FROM signing_rings");
        let row = database.query_one_raw(ask).await.expect("answered").expect("a ring");
        let body: String = row.try_get_by_index(0).expect("JSON");
        let ring: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        let key = ring["keys"].as_array().expect("keys").iter().find(|key| key["id"] == kid).expect("the key");
        let sealed: Vec<u8> = serde_json::from_value(key["sealed"].clone()).expect("bytes");
        Signer::new(kid, &keys.cipher("signing").open(&sealed, kid).expect("opens")).expect("signs")
    }

    /// Signed with the public key as if it were a shared secret.
    async fn hs256(&self, claims: &Claims, kid: &str) -> String {
        let list = proto::directory::v1::ListSigningKeysRequest {};
        let keys = CredentialServiceClient::new(self.ring.clone()).list_signing_keys(list).await.expect("listed");
        let key = keys.into_inner().keys.into_iter().find(|key| key.id == kid).expect("the key");
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        header.kid = Some(kid.to_owned());
        jsonwebtoken::encode(&header, claims, &jsonwebtoken::EncodingKey::from_secret(&key.public_key)).expect("signs")
    }
}

/// What a token says, and the id of its key, unverified.
fn read(token: &str) -> (Claims, String) {
    let kid = jsonwebtoken::decode_header(token).expect("a JWT").kid.expect("a kid");
    let claims = jsonwebtoken::dangerous::insecure_decode::<Claims>(token).expect("claims").claims;
    (claims, kid)
}

fn base64_url(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
