//! Tokens: JWTs signed with Ed25519 (RFC 8037) and nothing else, bound to the client's certificate where there is one
//! (RFC 8705); and the assertions that other systems sign themselves (RFC 7523).
//!
//! Whatever is wrong with a token but its time has one answer, TOKEN_INVALID: who forges one learns nothing.

use std::{collections::HashMap, fmt, sync::Arc};

use arc_swap::ArcSwap;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, crypto::aws_lc};
use proto::identity::v1 as pb;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::{
    caller::{Caller, Role},
    clock::Moment,
    id::hex,
    refusal::{Kind, Refusal},
};

/// Who gives tokens, and for whom they are.
pub const ISSUER: &str = "yizhan";
pub const AUDIENCE: &str = "yizhan";
/// Seconds that an access token lives.
pub const LIFE: i64 = 300;
/// Seconds that clocks may differ.
pub const LEEWAY: i64 = 5;
/// No honest token is longer.
const LONGEST: usize = 4 << 10;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    /// The caller's name.
    pub sub: String,
    /// Seconds since 1970.
    pub exp: i64,
    pub nbf: i64,
    pub iat: i64,
    pub jti: String,
    /// The session.
    pub sid: String,
    pub caller: Told,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Cnf>,
}

/// Who the caller is, besides the name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// CLERK, LEADER or SYSTEM.
    pub role: String,
    pub division: String,
    #[serde(default)]
    pub unit: String,
    #[serde(default)]
    pub window: String,
}

/// The certificate that a token is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cnf {
    #[serde(rename = "x5t#S256")]
    pub x5t: String,
}

impl Cnf {
    /// By the SHA-256 of the certificate's DER.
    pub fn of(certificate: &[u8; 32]) -> Cnf {
        Cnf { x5t: BASE64_URL_SAFE_NO_PAD.encode(certificate) }
    }
}

impl Claims {
    /// The caller, who came by this certificate or by none. TOKEN_NOT_YOURS where the token is bound to another.
    pub fn to_caller(&self, certificate: Option<[u8; 32]>) -> Result<Caller, Refusal> {
        if let Some(cnf) = &self.cnf
            && certificate.as_ref().map(Cnf::of).as_ref() != Some(cnf)
        {
            let (zh, en) =
                ("令牌与客户端证书不符，请重新登录", "the token is bound to another certificate; sign in again");
            return Err(Refusal::new(Kind::Unauthenticated, "TOKEN_NOT_YOURS", zh, en));
        }
        // Whoever is anything else is it by certificate alone.
        let role = match self.caller.role.as_str() {
            "CLERK" => Role::Clerk,
            "LEADER" => Role::Leader,
            "SYSTEM" => Role::System,
            _ => return Err(invalid()),
        };
        let told = pb::Caller {
            role: role.into(),
            name: self.sub.clone(),
            division: self.caller.division.clone(),
            unit: self.caller.unit.clone(),
            window: self.caller.window.clone(),
            certificate: certificate.map(|hash| hash.to_vec()).unwrap_or_default(),
            session: self.sid.clone(),
        };
        Caller::from_message(told).ok_or_else(invalid)
    }
}

/// Signs with one key.
#[derive(Clone)]
pub struct Signer {
    header: Header,
    key: EncodingKey,
}

impl Signer {
    /// A key by its id and its PKCS #8 DER.
    pub fn new(kid: impl Into<String>, pkcs8_der: &[u8]) -> Result<Signer, Refusal> {
        choose_provider();
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(kid.into());
        let signer = Signer { header, key: EncodingKey::from_ed_der(pkcs8_der) };
        // A key that signs once signs always.
        jsonwebtoken::encode(&signer.header, &(), &signer.key).map_err(Refusal::internal)?;
        Ok(signer)
    }

    /// A new key: the signer, its PKCS #8 DER, and the public key. Its id is of the public key.
    pub fn generate() -> Result<(Signer, Vec<u8>, [u8; 32]), Refusal> {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).map_err(Refusal::internal)?;
        let public: [u8; 32] = pair.public_key_raw().try_into().map_err(Refusal::internal)?;
        let der = pair.serialize_der();
        let kid = hex(&Sha256::digest(public)[..8]);
        Ok((Signer::new(kid, &der)?, der, public))
    }

    pub fn kid(&self) -> &str {
        self.header.kid.as_deref().unwrap_or_default()
    }

    /// Signs claims, or an [`Assertion`].
    pub fn sign(&self, claims: &impl Serialize) -> String {
        // The key has signed before, and texts and numbers are always JSON.
        jsonwebtoken::encode(&self.header, claims, &self.key).unwrap_or_default()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.kid()).finish()
    }
}

struct Key {
    key: DecodingKey,
    valid_until: Option<Moment>,
}

/// Verifies with the keys of now; clones see the same keys.
#[derive(Clone)]
pub struct Verifier {
    keys: Arc<ArcSwap<HashMap<String, Key>>>,
    rules: Arc<Validation>,
}

impl Verifier {
    /// Knows no key yet.
    pub fn new() -> Verifier {
        choose_provider();
        let rules = Arc::new(rules(ISSUER, &["exp", "nbf", "iss", "aud", "sub"]));
        Verifier { keys: Arc::default(), rules }
    }

    /// The keys from now on: id, public key, and until when it verifies; without end for the one that signs.
    pub fn set_keys(&self, keys: Vec<(String, [u8; 32], Option<Moment>)>) {
        let key = |(kid, public, valid_until): (_, [u8; 32], _)| {
            (kid, Key { key: DecodingKey::from_ed_der(&public), valid_until })
        };
        self.keys.store(Arc::new(keys.into_iter().map(key).collect()));
    }

    /// What a token says, where everything about it is right. TOKEN_EXPIRED, TOKEN_NOT_YET, TOKEN_INVALID.
    pub fn verify(&self, token: &str, now: Moment) -> Result<Claims, Refusal> {
        let kid = kid(token).ok_or_else(invalid)?;
        let keys = self.keys.load();
        let key = keys.get(&kid).filter(|key| key.valid_until.is_none_or(|until| now <= until)).ok_or_else(invalid)?;
        let claims: Claims = open(token, &key.key, &self.rules).ok_or_else(invalid)?;
        if claims.sub.is_empty() || claims.jti.is_empty() {
            return Err(invalid());
        }
        let now = now.0.div_euclid(1_000_000);
        if now > claims.exp.saturating_add(LEEWAY) {
            let (zh, en) = ("登录令牌已过期，请续期或重新登录", "the token has expired; refresh it, or sign in again");
            return Err(Refusal::new(Kind::Unauthenticated, "TOKEN_EXPIRED", zh, en));
        }
        if now < claims.nbf.saturating_sub(LEEWAY) {
            let (zh, en) = ("登录令牌尚未生效", "the token is not valid yet");
            return Err(Refusal::new(Kind::Unauthenticated, "TOKEN_NOT_YET", zh, en));
        }
        Ok(claims)
    }
}

impl Default for Verifier {
    fn default() -> Verifier {
        Verifier::new()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys.load();
        f.debug_tuple("Verifier").field(&keys.keys().collect::<Vec<_>>()).finish()
    }
}

/// What another system says of itself, signed with its own key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assertion {
    /// The system's name, as `sub`.
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub iat: i64,
    pub exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// Used once.
    pub jti: String,
}

impl Assertion {
    /// What is asserted, where it is of this system, signed with its key, for us and for now. Whether its `jti` was used
    /// before is for the caller to see.
    pub fn verify(token: &str, name: &str, public_key: &[u8; 32], now: Moment) -> Option<Assertion> {
        choose_provider();
        let rules = rules(name, &["exp", "iss", "aud", "sub"]);
        let said: Assertion = open(token, &DecodingKey::from_ed_der(public_key), &rules)?;
        let now = now.0.div_euclid(1_000_000);
        let is_now = now <= said.exp.saturating_add(LEEWAY)
            && now >= said.iat.saturating_sub(LEEWAY)
            && said.nbf.is_none_or(|nbf| now >= nbf.saturating_sub(LEEWAY));
        let is_short = (1..=LIFE).contains(&said.exp.saturating_sub(said.iat));
        (is_now && is_short && said.sub == name && (1..=128).contains(&said.jti.len())).then_some(said)
    }
}

/// Exactly one algorithm. Times are looked at here and not by the library, which reads the machine's clock itself.
fn rules(issuer: &str, required: &[&str]) -> Validation {
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.set_required_spec_claims(required);
    rules.set_issuer(&[issuer]);
    rules.set_audience(&[AUDIENCE]);
    (rules.validate_exp, rules.validate_nbf) = (false, false);
    rules
}

/// The id of the key that a token says it is signed with. Nothing of it is to be believed yet.
fn kid(token: &str) -> Option<String> {
    if token.len() > LONGEST {
        return None;
    }
    let header = jsonwebtoken::decode_header(token).ok()?;
    header.kid.filter(|_| header.alg == Algorithm::EdDSA)
}

fn open<T: DeserializeOwned>(token: &str, key: &DecodingKey, rules: &Validation) -> Option<T> {
    if token.len() > LONGEST {
        return None;
    }
    jsonwebtoken::decode(token, key, rules).ok().map(|data| data.claims)
}

fn invalid() -> Refusal {
    let (zh, en) = ("登录令牌无效，请重新登录", "the token is not valid; sign in again");
    Refusal::new(Kind::Unauthenticated, "TOKEN_INVALID", zh, en)
}

/// Without a choice the library panics where the features of the whole build leave it two or none.
fn choose_provider() {
    // Whoever was first has chosen.
    let _ = aws_lc::DEFAULT_PROVIDER.install_default();
}

#[cfg(test)]
mod tests;
