use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use kit::{
    caller::{Caller, Role},
    clock::wall,
    testing::request_id,
    token::{Assertion, Cnf, Signer},
};
use proto::{directory::v1 as pb, identity::v1 as identity};
use tonic::Code;

use super::{Door, by, caller, doors, holder, operator, refusal, signing_request, told};
use crate::hall::{COUNTY, places};

const PROVINCE: &str = "divisions/410223/systems/PROVINCE";

fn create(assertion_key: &[u8]) -> pb::CreateSystemRequest {
    pb::CreateSystemRequest {
        parent: COUNTY.into(),
        system_id: "PROVINCE".into(),
        display_name: "省政务服务平台".into(),
        signing_request_pem: signing_request(),
        assertion_key: assertion_key.to_vec(),
        request_id: request_id(),
    }
}

async fn make(door: &Door, request: pb::CreateSystemRequest) -> Result<pb::CreateSystemResponse, (Code, String)> {
    told(door.credentials().create_system(by(&operator(), request)).await)
}

async fn exchange(door: &Door, caller: &Caller, assertion: String) -> Result<pb::Tokens, (Code, String)> {
    told(door.credentials().exchange_assertion(by(caller, pb::ExchangeAssertionRequest { assertion })).await)
}

/// A bare certificate, as the gateway tells of it.
fn system(name: &str) -> Caller {
    caller(identity::Caller {
        role: Role::Public.into(),
        name: name.into(),
        certificate: vec![9; 32],
        ..Default::default()
    })
}

fn assertion() -> Assertion {
    let now = wall().0 / 1_000_000;
    let (iss, sub, jti) = (PROVINCE.to_owned(), PROVINCE.to_owned(), request_id());
    Assertion { iss, sub, aud: "yizhan".into(), iat: now, exp: now + 60, nbf: None, jti }
}

fn wrong() -> (Code, String) {
    refusal(Code::PermissionDenied, "ASSERTION_WRONG")
}

#[tokio::test]
async fn a_system_has_a_certificate_for_a_year_and_a_token_for_each_assertion_that_it_has_signed() {
    for door in doors().await {
        let (signer, _, public_key) = Signer::generate().expect("a key");
        let request = create(&public_key);
        let made = make(&door, request.clone()).await.expect("made");
        let told = made.system.clone().expect("a system");
        assert_eq!(
            (told.name.as_str(), told.kind(), told.display_name.as_str()),
            (PROVINCE, pb::CredentialKind::System, "省政务服务平台")
        );
        assert_eq!(door.last("credential.created").await, told);
        let days = (made.certificate.expect("one").expires_at.expect("a time").seconds - wall().0 / 1_000_000) / 86_400;
        assert!((364..=365).contains(&days), "{days}");
        let again = make(&door, request).await.expect("repeated");
        assert_eq!(again.system, made.system);
        assert!(again.certificate.is_some());
        assert_eq!(make(&door, create(&public_key)).await, Err(refusal(Code::AlreadyExists, "SYSTEM_EXISTS")));

        let said = signer.sign(&assertion());
        let tokens = exchange(&door, &system(PROVINCE), said.clone()).await.expect("a token");
        assert_eq!(tokens.refresh_token, "");
        let claims = door.claims(&tokens.access_token).await;
        assert_eq!((claims.sub.as_str(), claims.cnf.clone()), (PROVINCE, Some(Cnf::of(&[9; 32]))));
        assert_eq!(holder(&tokens).role(), Role::System);
        assert_eq!(exchange(&door, &system(PROVINCE), said.clone()).await, Err(wrong()), "an assertion is used once");
        let door = door.reopened().await;
        assert_eq!(exchange(&door, &system(PROVINCE), said).await, Err(wrong()), "also by the program started again");

        door.credentials().sign_out(by(&holder(&tokens), pb::SignOutRequest {})).await.expect("signed out");
        assert_eq!(door.ended().await, [holder(&tokens).session()]);
    }
}

#[tokio::test]
async fn an_assertion_that_is_wrong_in_any_way_is_answered_alike() {
    for door in doors().await {
        let (signer, _, public_key) = Signer::generate().expect("a key");
        make(&door, create(&public_key)).await.expect("made");
        let (other, _, _) = Signer::generate().expect("a key");
        let past = Assertion { iat: assertion().iat - 100, exp: assertion().iat - 50, ..assertion() };
        let wrongs = [
            other.sign(&assertion()),
            signer.sign(&Assertion { iss: "another".into(), ..assertion() }),
            signer.sign(&Assertion { aud: "another".into(), ..assertion() }),
            signer.sign(&Assertion { exp: assertion().iat + 301, ..assertion() }),
            signer.sign(&past),
            String::new(),
            "a.b.c".into(),
        ];
        for said in wrongs {
            assert_eq!(exchange(&door, &system(PROVINCE), said).await, Err(wrong()));
        }
        let bare = Caller::public();
        for by in [bare, system("divisions/410223/systems/ANOTHER"), system("operators/first"), system("")] {
            assert_eq!(exchange(&door, &by, signer.sign(&assertion())).await, Err(wrong()), "{}", by.name());
        }
        door.revoke(PROVINCE).await;
        assert_eq!(exchange(&door, &system(PROVINCE), signer.sign(&assertion())).await, Err(wrong()), "revoked");
    }
}

#[tokio::test]
async fn of_two_uses_of_an_assertion_at_once_one_is_answered() {
    for door in doors().await {
        let (signer, _, public_key) = Signer::generate().expect("a key");
        make(&door, create(&public_key)).await.expect("made");
        let (said, by) = (signer.sign(&assertion()), system(PROVINCE));
        let answers = futures::future::join_all((0..8).map(|_| exchange(&door, &by, said.clone()))).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    }
}

/// What nobody has signed, and yet a key of small order verifies it: R is such a point, S is 0.
fn forged(claims: &Assertion, nothing: &[u8; 32]) -> String {
    let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let claims = serde_json::to_vec(claims).expect("JSON");
    format!("{}.{}.{}", part(br#"{"alg":"EdDSA"}"#), part(&claims), part(&[*nothing, [0; 32]].concat()))
}

#[tokio::test]
async fn a_key_under_which_anybody_could_sign_is_not_taken() {
    let point = |text: &str| -> [u8; 32] {
        std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hex"))
    };
    let one = "0100000000000000000000000000000000000000000000000000000000000000";
    let small = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        one,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    for key in small.map(point) {
        let mut tries = (0..500).map(|_| forged(&assertion(), &point(one)));
        assert!(tries.any(|said| Assertion::verify(&said, PROVINCE, &key, wall()).is_some()), "{key:x?}");
    }
    let unreduced =
        ["edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", &format!("ee{}", "ff".repeat(31))];
    for door in doors().await {
        for key in small.iter().copied().chain(unreduced).map(point) {
            let status = door.credentials().create_system(by(&operator(), create(&key))).await.expect_err("refused");
            assert_eq!(
                (kit::status::reason(&status), places(&status)),
                ("FIELD_INVALID".into(), vec!["assertion_key".into()])
            );
        }
        let (_, _, key) = Signer::generate().expect("a key");
        make(&door, create(&key)).await.expect("made");
    }
}

#[tokio::test]
async fn a_system_is_described_whole_or_refused_with_every_fault() {
    for door in doors().await {
        let empty = pb::CreateSystemRequest::default();
        let status = door.credentials().create_system(by(&operator(), empty)).await.expect_err("empty");
        let fields = ["request_id", "parent", "system_id", "display_name", "assertion_key", "signing_request_pem"];
        assert_eq!(places(&status), fields);
        let garbage = pb::CreateSystemRequest { signing_request_pem: "PEM".into(), ..create(&[1; 32]) };
        let status = door.credentials().create_system(by(&operator(), garbage)).await.expect_err("garbage");
        assert_eq!(places(&status), ["signing_request_pem"]);
        let nowhere = pb::CreateSystemRequest { parent: "divisions/999999".into(), ..create(&[1; 32]) };
        assert_eq!(make(&door, nowhere).await, Err(refusal(Code::NotFound, "DIVISION_NOT_FOUND")));
    }
}
