use kit::{
    caller::{Caller, Role},
    clock::wall,
    testing::request_id,
    token::Signer,
};
use proto::{directory::v1 as pb, identity::v1 as identity};
use tonic::Code;

use super::{Door, PASSWORD, PERSON, by, caller, doors, operator, refusal, signing_request, terminal, told};
use crate::hall::{COUNTY, places};

/// Two people, a system and two terminals, one of them enrolled.
async fn fill(door: &Door) {
    door.set(PERSON, PASSWORD).await;
    door.set("divisions/410223/people/U001-02", PASSWORD).await;
    let (_, _, key) = Signer::generate().expect("a key");
    let request = pb::CreateSystemRequest {
        parent: COUNTY.into(),
        system_id: "PROVINCE".into(),
        display_name: "省平台".into(),
        signing_request_pem: signing_request(),
        assertion_key: key.to_vec(),
        request_id: request_id(),
    };
    door.credentials().create_system(by(&operator(), request)).await.expect("made");
    for code in ["T1", "T2"] {
        let request = pb::CreateTerminalRequest {
            parent: COUNTY.into(),
            terminal_id: code.into(),
            window: format!("{COUNTY}/windows/A01"),
            request_id: request_id(),
        };
        let made = door.credentials().create_terminal(by(&operator(), request)).await.expect("made").into_inner();
        if code == "T1" {
            let request = pb::EnrolTerminalRequest {
                name: format!("{COUNTY}/terminals/T1"),
                enrolment_code: made.enrolment_code,
                signing_request_pem: signing_request(),
            };
            door.credentials().enrol_terminal(by(&Caller::public(), request)).await.expect("enrolled");
        }
    }
}

async fn list(door: &Door, parent: &str, size: i32, token: &str) -> Result<(Vec<String>, String), (Code, String)> {
    let request = pb::ListCredentialsRequest { parent: parent.into(), page_size: size, page_token: token.into() };
    let page = told(door.credentials().list_credentials(by(&operator(), request)).await)?;
    Ok((page.credentials.into_iter().map(|credential| credential.name).collect(), page.next_page_token))
}

#[tokio::test]
async fn credentials_are_listed_by_name_in_pages_of_any_size() {
    for door in doors().await {
        fill(&door).await;
        let names = ["people/U001-01", "people/U001-02", "systems/PROVINCE", "terminals/T1", "terminals/T2"];
        let names = names.map(|name| format!("{COUNTY}/{name}"));
        assert_eq!(list(&door, COUNTY, 0, "").await, Ok((names.to_vec(), String::new())));
        for size in 1..=5 {
            let (mut all, mut token) = (Vec::new(), String::new());
            loop {
                let (page, next) = list(&door, COUNTY, size, &token).await.expect("a page");
                assert!(page.len() <= size as usize);
                all.extend(page);
                if next.is_empty() {
                    break;
                }
                token = next;
            }
            assert_eq!(all, names, "in pages of {size}");
        }
        let (_, token) = list(&door, COUNTY, 1, "").await.expect("a page");
        let other = list(&door, "divisions/410224", 1, &token).await;
        assert_eq!(other, Err(refusal(Code::InvalidArgument, "PAGE_TOKEN_INVALID")));
        assert_eq!(list(&door, COUNTY, -1, "").await, Err(refusal(Code::InvalidArgument, "FIELD_INVALID")));
        assert_eq!(list(&door, "county", 1, "").await, Err(refusal(Code::InvalidArgument, "FIELD_INVALID")));
    }
}

#[tokio::test]
async fn a_certificate_is_renewed_for_its_own_name_until_its_credential_is_revoked() {
    for door in doors().await {
        fill(&door).await;
        let province = caller(identity::Caller {
            role: Role::System.into(),
            name: format!("{COUNTY}/systems/PROVINCE"),
            division: "410223".into(),
            ..Default::default()
        });
        for (caller, days) in [(terminal("T1", "A01", 1), 90), (province, 365), (operator(), 365)] {
            let renew = pb::RenewCertificateRequest { signing_request_pem: signing_request() };
            let certificate = door.credentials().renew_certificate(by(&caller, renew.clone())).await;
            let certificate = certificate.expect("renewed").into_inner();
            assert_eq!(certificate.name, caller.name());
            let left = (certificate.expires_at.expect("a time").seconds - wall().0 / 1_000_000) / 86_400;
            assert!((days - 1..=days).contains(&left), "{left}");

            let revoked = door.revoke(caller.name()).await;
            assert!(revoked.revoked && revoked.valid_after.is_some(), "{}", caller.name());
            let again = door.credentials().renew_certificate(by(&caller, renew)).await;
            assert_eq!(told(again), Err(refusal(Code::Unauthenticated, "CREDENTIAL_REVOKED")), "{}", caller.name());
        }
        let unknown = terminal("T9", "A01", 1);
        let renew = pb::RenewCertificateRequest { signing_request_pem: signing_request() };
        let answer = door.credentials().renew_certificate(by(&unknown, renew)).await;
        assert_eq!(told(answer), Err(refusal(Code::NotFound, "CREDENTIAL_NOT_FOUND")));
    }
}

#[tokio::test]
async fn a_revocation_is_told_to_followers_once_with_its_noun() {
    for door in doors().await {
        fill(&door).await;
        let before = door.journal("410223").await.len();
        let name = format!("{COUNTY}/terminals/T1");
        let request =
            pb::RevokeCredentialRequest { name: name.clone(), reason: "丢失".into(), request_id: request_id() };
        let revoke = async |request: &pb::RevokeCredentialRequest| {
            told(door.credentials().revoke_credential(by(&operator(), request.clone())).await)
        };
        let revoked = revoke(&request).await.expect("revoked");
        assert_eq!(revoke(&request).await.as_ref(), Ok(&revoked), "repeated");
        let other = pb::RevokeCredentialRequest { request_id: request_id(), ..request.clone() };
        assert_eq!(revoke(&other).await.as_ref(), Ok(&revoked), "revoked before");
        let entries = door.journal("410223").await.split_off(before);
        let lines: Vec<_> = entries.iter().map(|entry| (entry.event.as_str(), entry.noun.as_str())).collect();
        assert_eq!(lines, [("credential.revoked", name.as_str())]);
        assert_eq!(entries[0].actor, "operators/first");
        assert_eq!(door.last("credential.revoked").await, revoked);

        let own =
            pb::RevokeCredentialRequest { name: "operators/first".into(), request_id: request_id(), ..request.clone() };
        assert_eq!(revoke(&own).await, Err((Code::FailedPrecondition, "OWN_CREDENTIAL".to_owned())));
        door.revoke("operators/second").await;
        let operators = list(&door, "divisions/000000", 0, "").await.expect("a page").0;
        assert_eq!(operators, ["operators/second"]);
        let last = door.journal("000000").await.pop().expect("an entry");
        assert_eq!(
            (last.event.as_str(), last.noun.as_str()),
            ("credential.revoked", "divisions/000000/operators/second")
        );
    }
}

#[tokio::test]
async fn what_is_revoked_is_named_and_there() {
    for door in doors().await {
        let revoke = |name: &str| pb::RevokeCredentialRequest {
            name: name.into(),
            reason: "lost".into(),
            request_id: request_id(),
        };
        for name in ["people/U001-01", "systems/X", "terminals/X"].map(|name| format!("{COUNTY}/{name}")) {
            let answer = door.credentials().revoke_credential(by(&operator(), revoke(&name))).await;
            assert_eq!(told(answer), Err(refusal(Code::NotFound, "CREDENTIAL_NOT_FOUND")), "{name}");
        }
        for name in ["", "operators/", "operators/a/b", "services/intake", "divisions/410223/windows/A01", COUNTY] {
            let status = door.credentials().revoke_credential(by(&operator(), revoke(name))).await.expect_err(name);
            assert_eq!(places(&status), ["name"], "{name}");
        }
        let empty = pb::RevokeCredentialRequest::default();
        let status = door.credentials().revoke_credential(by(&operator(), empty)).await.expect_err("empty");
        assert_eq!(places(&status), ["request_id", "name", "reason"]);
    }
}

#[tokio::test]
async fn who_is_not_an_operator_changes_no_credential() {
    for door in doors().await {
        for by_whom in [Caller::public(), terminal("T1", "A01", 1)] {
            let request = pb::SetPasswordRequest::default();
            let answer = door.credentials().set_password(by(&by_whom, request)).await.expect_err("refused");
            assert!(matches!(answer.code(), Code::Unauthenticated | Code::PermissionDenied), "{answer:?}");
        }
    }
}
