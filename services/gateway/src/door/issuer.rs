//! Another issuer of tokens for staff (OpenID Connect), where one is configured. It says who somebody is; what they may do
//! is the directory's to say.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    jwk::{JwkSet, KeyAlgorithm, PublicKeyUse},
};
use kit::{
    clock::wall,
    id::Division,
    refusal::{Kind, Refusal},
    token::{Claims, LEEWAY, Told},
};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::{domain::caller::Standing, fetch, known::Known};

/// A key that nobody knows makes the keys fetched anew so often at most.
const AGAIN: Duration = Duration::from_secs(60);
/// Keys that were withdrawn are good no longer than this.
const FRESH: Duration = Duration::from_secs(3_600);
/// No honest token is longer.
const LONGEST: usize = 16 << 10;

pub struct Issuer {
    /// As in `iss`.
    name: String,
    audience: String,
    /// The claim that names the person.
    person: String,
    keys: ArcSwap<Keys>,
    /// Whoever fetches; the others wait for what comes.
    fetching: Mutex<()>,
}

#[derive(Default)]
struct Keys {
    by_id: HashMap<String, Key>,
    fetched: Option<Instant>,
}

struct Key {
    algorithm: Algorithm,
    key: DecodingKey,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Issuer {
    pub fn new(name: &str, audience: &str, person: &str) -> Issuer {
        Issuer {
            name: name.to_owned(),
            audience: audience.to_owned(),
            person: person.to_owned(),
            keys: ArcSwap::default(),
            fetching: Mutex::default(),
        }
    }

    /// Whether a token says that it is of this issuer. Nothing of it is to be believed yet.
    pub fn issued(&self, token: &str) -> bool {
        let claims = || {
            let payload = token.split('.').nth(1).filter(|_| token.len() <= LONGEST)?;
            serde_json::from_slice::<Value>(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
        };
        claims().is_some_and(|claims| claims["iss"] == self.name.as_str())
    }

    /// What a token of this issuer means here.
    pub async fn verify(&self, token: &str, known: &Known) -> Result<Claims, Refusal> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| invalid())?;
        let kid = header.kid.ok_or_else(invalid)?;
        let keys = self.keys(&kid).await?;
        // The algorithm is the key's, never the token's to choose.
        let key = keys.by_id.get(&kid).filter(|key| key.algorithm == header.alg).ok_or_else(invalid)?;
        let mut rules = Validation::new(key.algorithm);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.set_issuer(&[&self.name]);
        rules.set_audience(&[&self.audience]);
        // Times are looked at below, by the one clock of the house.
        (rules.validate_exp, rules.validate_nbf) = (false, false);
        let claims = jsonwebtoken::decode::<Value>(token, &key.key, &rules).map_err(|_| invalid())?.claims;
        let time = |name: &str| claims[name].as_f64().map(|seconds| seconds as i64);
        let (now, exp) = (wall().0.div_euclid(1_000_000), time("exp").ok_or_else(invalid)?);
        let iat = time("iat").ok_or_else(invalid)?;
        if now > exp.saturating_add(LEEWAY) {
            let (zh, en) = ("登录令牌已过期，请续期或重新登录", "the token has expired; refresh it, or sign in again");
            return Err(Refusal::new(Kind::Unauthenticated, "TOKEN_EXPIRED", zh, en));
        }
        if now < time("nbf").unwrap_or(iat).saturating_sub(LEEWAY) {
            let (zh, en) = ("登录令牌尚未生效", "the token is not valid yet");
            return Err(Refusal::new(Kind::Unauthenticated, "TOKEN_NOT_YET", zh, en));
        }
        let person = claims[&self.person].as_str().and_then(person).ok_or_else(unknown)?;
        let caller = told(&person, &known.standing())?;
        let text = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
        Ok(Claims {
            iss: self.name.clone(),
            aud: self.audience.clone(),
            sub: person.name,
            exp,
            nbf: time("nbf").unwrap_or(iat),
            iat,
            jti: text("jti"),
            sid: text("sid"),
            caller,
            cnf: None,
        })
    }

    /// The keys, with this one if the issuer has it.
    async fn keys(&self, kid: &str) -> Result<Arc<Keys>, Refusal> {
        let serves = |keys: &Keys| match keys.fetched {
            None => false,
            Some(at) if at.elapsed() < AGAIN => true,
            Some(at) => at.elapsed() < FRESH && keys.by_id.contains_key(kid),
        };
        let keys = self.keys.load_full();
        if serves(&keys) {
            return Ok(keys);
        }
        let _fetching = self.fetching.lock().await;
        let keys = self.keys.load_full();
        if serves(&keys) {
            return Ok(keys);
        }
        let by_id = match self.fetch().await {
            Ok(by_id) => by_id,
            Err(error) => {
                tracing::warn!(%error, issuer = self.name, "the issuer's keys could not be fetched");
                if keys.by_id.contains_key(kid) {
                    // Good still, rather than that nobody can work while the issuer is away.
                    return Ok(keys);
                }
                let (zh, en) = (
                    "统一身份认证平台暂时无法访问，请稍后重试",
                    "the issuer of the token cannot be reached; try again",
                );
                let refusal = Refusal::new(Kind::Unavailable, "ISSUER_UNAVAILABLE", zh, en);
                return Err(refusal.again_in(Duration::from_secs(5)));
            }
        };
        let keys = Arc::new(Keys { by_id, fetched: Some(Instant::now()) });
        self.keys.store(keys.clone());
        Ok(keys)
    }

    async fn fetch(&self) -> Result<HashMap<String, Key>, fetch::Error> {
        let address = format!("{}/.well-known/openid-configuration", self.name.trim_end_matches('/'));
        let discovery: Discovery = serde_json::from_slice(&fetch::get(&address).await?)?;
        if discovery.issuer != self.name {
            return Err(format!("{address} is of {}", discovery.issuer).into());
        }
        let set: Value = serde_json::from_slice(&fetch::get(&discovery.jwks_uri).await?)?;
        // One by one: a key of a sort that is not known here makes the others none the worse.
        let each = set["keys"].as_array().cloned().unwrap_or_default();
        let sets = each
            .into_iter()
            .filter_map(|key| serde_json::from_value::<JwkSet>(serde_json::json!({ "keys": [key] })).ok());
        let keys = sets.flat_map(|set| set.keys).filter_map(|jwk| {
            let (algorithm, of_key) = match &jwk.algorithm {
                jsonwebtoken::jwk::AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
                jsonwebtoken::jwk::AlgorithmParameters::EllipticCurve(_) => (Algorithm::ES256, KeyAlgorithm::ES256),
                jsonwebtoken::jwk::AlgorithmParameters::OctetKeyPair(_) => (Algorithm::EdDSA, KeyAlgorithm::EdDSA),
                // A secret that is published is none.
                _ => return None,
            };
            let fits = jwk.common.key_algorithm.is_none_or(|named| named == of_key)
                && jwk.common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature);
            let key = DecodingKey::from_jwk(&jwk).ok().filter(|_| fits)?;
            Some((jwk.common.key_id?, Key { algorithm, key }))
        });
        Ok(keys.collect())
    }
}

struct Named {
    name: String,
    division: Division,
}

/// `divisions/410223/people/U012-03`, or `410223:U012-03`.
fn person(claim: &str) -> Option<Named> {
    let (division, code) = match claim.split('/').collect::<Vec<_>>()[..] {
        ["divisions", division, "people", code] => (division, code),
        _ => claim.split_once(':')?,
    };
    let division: Division = division.parse().ok()?;
    Some(Named { name: format!("divisions/{division}/people/{code}"), division })
}

/// What the directory says of a person.
fn told(named: &Named, standing: &Standing) -> Result<Told, Refusal> {
    let person = standing.people.get(&named.name).ok_or_else(unknown)?;
    Ok(Told {
        role: if person.leads { "LEADER" } else { "CLERK" }.to_owned(),
        division: named.division.to_string(),
        unit: person.unit.clone(),
        window: person.window.clone(),
    })
}

fn invalid() -> Refusal {
    let (zh, en) = ("登录令牌无效，请重新登录", "the token is not valid; sign in again");
    Refusal::new(Kind::Unauthenticated, "TOKEN_INVALID", zh, en)
}

fn unknown() -> Refusal {
    let (zh, en) = ("令牌所指人员不在名录中", "the directory does not know the person whom the token names");
    Refusal::new(Kind::Unauthenticated, "PERSON_UNKNOWN", zh, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_named_in_full_or_in_short() {
        for claim in ["divisions/410223/people/U012-03", "410223:U012-03"] {
            assert_eq!(person(claim).expect("a person").name, "divisions/410223/people/U012-03");
        }
        for claim in ["", "U012-03", "4102:U012-03", "divisions/410223/units/012", ":"] {
            assert!(person(claim).is_none(), "{claim}");
        }
    }
}
