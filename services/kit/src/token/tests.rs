use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_795_000_000;

fn at(seconds: i64) -> Moment {
    Moment(seconds * 1_000_000)
}

fn claims() -> Claims {
    Claims {
        iss: ISSUER.into(),
        aud: AUDIENCE.into(),
        sub: "divisions/410223/people/U012-03".into(),
        exp: NOW + LIFE,
        nbf: NOW,
        iat: NOW,
        jti: "1".into(),
        sid: "s".into(),
        caller: Told { role: "CLERK".into(), division: "410223".into(), unit: "012".into(), window: "A01".into() },
        cnf: None,
    }
}

/// A signer, its public key, and who verifies with it.
fn pair() -> (Signer, [u8; 32], Verifier) {
    let (signer, _, public) = Signer::generate().expect("a key");
    let verifier = Verifier::new();
    verifier.set_keys(vec![(signer.kid().to_owned(), public, None)]);
    (signer, public, verifier)
}

fn refused(verifier: &Verifier, token: &str) -> &'static str {
    verifier.verify(token, at(NOW)).expect_err(token).reason()
}

/// The claims as JSON, with one of them put another way or taken out.
fn with(field: &str, value: Value) -> Value {
    let mut all = serde_json::to_value(claims()).expect("JSON");
    let fields = all.as_object_mut().expect("an object");
    match value {
        Value::Null => drop(fields.remove(field)),
        value => drop(fields.insert(field.to_owned(), value)),
    }
    all
}

#[test]
fn a_valid_token_says_who_calls() {
    let (signer, _, verifier) = pair();
    let said = verifier.verify(&signer.sign(&claims()), at(NOW)).expect("valid");
    assert_eq!(said, claims());
    let caller = said.to_caller(None).expect("a caller");
    assert_eq!((caller.role(), caller.name()), (Role::Clerk, "divisions/410223/people/U012-03"));
    assert_eq!((caller.unit(), caller.window(), caller.session()), (Some("012"), Some("A01"), "s"));
}

#[test]
fn a_token_is_valid_for_its_time_and_five_seconds_around_it() {
    let (signer, _, verifier) = pair();
    let token = signer.sign(&claims());
    let reason = |seconds| verifier.verify(&token, at(seconds)).map(drop).map_err(|refusal| refusal.reason());
    assert_eq!(reason(NOW - LEEWAY - 1), Err("TOKEN_NOT_YET"));
    assert_eq!(reason(NOW - LEEWAY), Ok(()));
    assert_eq!(reason(NOW + LIFE + LEEWAY), Ok(()));
    assert_eq!(reason(NOW + LIFE + LEEWAY + 1), Err("TOKEN_EXPIRED"));
}

#[test]
fn a_token_of_another_issuer_or_for_another_audience_is_invalid() {
    let (signer, _, verifier) = pair();
    for (field, value) in [("iss", json!("another")), ("aud", json!("another")), ("aud", json!([])), ("iss", json!(1))]
    {
        assert_eq!(refused(&verifier, &signer.sign(&with(field, value))), "TOKEN_INVALID", "{field}");
    }
}

#[test]
fn a_token_without_a_claim_that_it_must_have_is_invalid() {
    let (signer, _, verifier) = pair();
    for field in ["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "sid", "caller"] {
        assert_eq!(refused(&verifier, &signer.sign(&with(field, Value::Null))), "TOKEN_INVALID", "{field}");
    }
    for field in ["sub", "jti"] {
        assert_eq!(refused(&verifier, &signer.sign(&with(field, json!("")))), "TOKEN_INVALID", "{field}");
    }
    for time in [json!(-1), json!("soon"), json!(1e300), json!(u64::MAX)] {
        assert_eq!(refused(&verifier, &signer.sign(&with("exp", time))), "TOKEN_INVALID");
    }
}

#[test]
fn a_token_of_another_algorithm_is_invalid_also_where_the_public_key_is_its_secret() {
    let (signer, public, verifier) = pair();
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let mut header = Header::new(algorithm);
        header.kid = Some(signer.kid().to_owned());
        let token = jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(&public)).expect("a token");
        assert_eq!(refused(&verifier, &token), "TOKEN_INVALID");
    }
    let signed = signer.sign(&claims());
    let (_, rest) = signed.split_once('.').expect("three parts");
    let (body, _) = rest.split_once('.').expect("three parts");
    for alg in ["none", "None", "ES256", "RS256", "Ed25519", ""] {
        let header = json!({"alg": alg, "kid": signer.kid()}).to_string();
        let header = BASE64_URL_SAFE_NO_PAD.encode(header);
        for token in [format!("{header}.{body}."), format!("{header}.{rest}"), format!("{header}.{body}")] {
            assert_eq!(refused(&verifier, &token), "TOKEN_INVALID", "{alg}");
        }
    }
}

#[test]
fn a_token_of_an_unknown_key_or_without_a_key_is_invalid() {
    let (signer, _, verifier) = pair();
    let (other, der, _) = Signer::generate().expect("a key");
    assert_eq!(refused(&verifier, &other.sign(&claims())), "TOKEN_INVALID");
    let liar = Signer::new(signer.kid(), &der).expect("a signer");
    assert_eq!(refused(&verifier, &liar.sign(&claims())), "TOKEN_INVALID");
    let unnamed = jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims(), &EncodingKey::from_ed_der(&der));
    assert_eq!(refused(&verifier, &unnamed.expect("a token")), "TOKEN_INVALID");
    assert_eq!(refused(&Verifier::new(), &signer.sign(&claims())), "TOKEN_INVALID");
}

#[test]
fn a_retired_key_verifies_until_its_end() {
    let (signer, public, verifier) = pair();
    let token = signer.sign(&claims());
    verifier.set_keys(vec![(signer.kid().to_owned(), public, Some(at(NOW)))]);
    assert!(verifier.verify(&token, at(NOW)).is_ok());
    assert_eq!(verifier.verify(&token, at(NOW + 1)).expect_err("retired").reason(), "TOKEN_INVALID");
}

#[test]
fn a_token_that_was_altered_anywhere_is_invalid_and_garbage_never_panics() {
    let (signer, _, verifier) = pair();
    let token = signer.sign(&claims());
    for i in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[i] = if bytes[i] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(bytes).expect("ASCII");
        assert_eq!(refused(&verifier, &altered), "TOKEN_INVALID", "altered at {i}");
        assert_eq!(refused(&verifier, &token[..i]), "TOKEN_INVALID", "cut at {i}");
    }
    let (long, deep) = ("A".repeat(10_000), BASE64_URL_SAFE_NO_PAD.encode("[".repeat(2_000)));
    let nested = format!("{deep}.{deep}.{deep}");
    for garbage in ["", ".", "..", "...", "a.b.c", "=.=.=", "\u{0}", "令牌.令牌.令牌", &long, &nested] {
        assert_eq!(refused(&verifier, garbage), "TOKEN_INVALID");
    }
}

#[test]
fn a_bound_token_is_of_no_use_by_another_certificate_or_by_none() {
    let bound = Claims { cnf: Some(Cnf::of(&[7; 32])), ..claims() };
    let (signer, _, verifier) = pair();
    let said = verifier.verify(&signer.sign(&bound), at(NOW)).expect("valid");
    assert_eq!(said.to_caller(Some([7; 32])).expect("its own").certificate(), Some(&[7; 32]));
    for thief in [Some([8; 32]), None] {
        assert_eq!(said.to_caller(thief).expect_err("stolen").reason(), "TOKEN_NOT_YOURS");
    }
}

#[test]
fn a_token_makes_nobody_more_than_a_person_or_a_system() {
    for role in ["OPERATOR", "SERVICE", "TERMINAL", "PUBLIC", "UNSPECIFIED", "clerk", ""] {
        let told = Claims { caller: Told { role: role.into(), ..claims().caller }, ..claims() };
        assert_eq!(told.to_caller(None).expect_err(role).reason(), "TOKEN_INVALID");
    }
    let nowhere = Claims { caller: Told { division: "4102".into(), ..claims().caller }, ..claims() };
    assert_eq!(nowhere.to_caller(None).expect_err("no division").reason(), "TOKEN_INVALID");
}

#[test]
fn an_assertion_is_of_its_system_for_us_and_for_at_most_five_minutes() {
    let (signer, public, _) = pair();
    let name = "divisions/410223/systems/PROVINCE";
    let right = Assertion {
        iss: name.into(),
        sub: name.into(),
        aud: AUDIENCE.into(),
        iat: NOW,
        exp: NOW + LIFE,
        nbf: None,
        jti: "1".into(),
    };
    let verify = |said: &Assertion, at: Moment| Assertion::verify(&signer.sign(said), name, &public, at);
    assert_eq!(verify(&right, at(NOW)), Some(right.clone()));
    let wrong = [
        Assertion { iss: "another".into(), ..right.clone() },
        Assertion { sub: "another".into(), ..right.clone() },
        Assertion { aud: "another".into(), ..right.clone() },
        Assertion { exp: NOW + LIFE + 1, ..right.clone() },
        Assertion { exp: NOW, ..right.clone() },
        Assertion { iat: NOW + 6, exp: NOW + 10, ..right.clone() },
        Assertion { nbf: Some(NOW + 6), ..right.clone() },
        Assertion { jti: String::new(), ..right.clone() },
        Assertion { jti: "j".repeat(129), ..right.clone() },
        Assertion { iat: i64::MIN, exp: i64::MAX, ..right.clone() },
    ];
    for said in wrong {
        assert_eq!(verify(&said, at(NOW)), None, "{said:?}");
    }
    assert_eq!(verify(&right, at(NOW + LIFE + LEEWAY + 1)), None);
    assert_eq!(verify(&right, at(NOW - LEEWAY - 1)), None);
    assert_eq!(Assertion::verify(&signer.sign(&right), name, &[1; 32], at(NOW)), None);
    assert_eq!(Assertion::verify("a.b.c", name, &public, at(NOW)), None);
}
