use kit::{caller::Caller, clock::wall, testing::request_id};
use proto::directory::v1 as pb;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use tonic::Code;

use super::{Door, by, doors, operator, refusal, signing_request, terminal, told};
use crate::hall::{COUNTY, places};

const T1: &str = "divisions/410223/terminals/T1";

fn create() -> pb::CreateTerminalRequest {
    pb::CreateTerminalRequest {
        parent: COUNTY.into(),
        terminal_id: "T1".into(),
        window: format!("{COUNTY}/windows/A01"),
        request_id: request_id(),
    }
}

async fn make(door: &Door, request: pb::CreateTerminalRequest) -> Result<pb::CreateTerminalResponse, (Code, String)> {
    told(door.credentials().create_terminal(by(&operator(), request)).await)
}

async fn enrol(door: &Door, code: &str) -> Result<pb::Certificate, (Code, String)> {
    enrol_with(door, code, &signing_request()).await
}

/// With a key of the test's own.
async fn enrol_with(door: &Door, code: &str, signing_request: &str) -> Result<pb::Certificate, (Code, String)> {
    let request = pb::EnrolTerminalRequest {
        name: T1.into(),
        enrolment_code: code.into(),
        signing_request_pem: signing_request.into(),
    };
    told(door.credentials().enrol_terminal(by(&Caller::public(), request)).await)
}

async fn renew(door: &Door) -> Result<pb::Certificate, (Code, String)> {
    let request = pb::RenewCertificateRequest { signing_request_pem: signing_request() };
    told(door.credentials().renew_certificate(by(&terminal("T1", "A01", 1), request)).await)
}

fn wrong() -> (Code, String) {
    refusal(Code::PermissionDenied, "ENROLMENT_CODE_WRONG")
}

#[tokio::test]
async fn a_terminal_is_enrolled_once_with_its_code_and_has_a_certificate_for_ninety_days() {
    for door in doors().await {
        let made = make(&door, create()).await.expect("made");
        let terminal = made.terminal.expect("a terminal");
        assert_eq!((terminal.name.as_str(), terminal.kind()), (T1, pb::CredentialKind::Terminal));
        assert_eq!(terminal.window, format!("{COUNTY}/windows/A01"));
        assert!(!terminal.enrolled && !terminal.revoked);
        assert_eq!(door.last("credential.created").await, terminal);
        let left = made.code_expires_at.expect("a time").seconds - wall().0 / 1_000_000;
        assert!((3_590..=3_600).contains(&left), "{left}");

        assert_eq!(enrol(&door, "00000-00000-00000-00000-000000").await, Err(wrong()));
        let typed = made.enrolment_code.to_lowercase().replace('-', " ");
        let certificate = enrol(&door, &typed).await.expect("enrolled");
        assert_eq!(certificate.name, T1);
        assert_eq!(certificate.chain_pem.matches("BEGIN CERTIFICATE").count(), 2);
        let days = (certificate.expires_at.expect("a time").seconds - wall().0 / 1_000_000) / 86_400;
        assert!((89..=90).contains(&days), "{days}");
        assert!(door.last("credential.enrolled").await.enrolled);
        assert_eq!(enrol(&door, &made.enrolment_code).await, Err(wrong()), "a code is for one key");
    }
}

#[tokio::test]
async fn the_same_request_is_told_the_same_code_while_it_is_good_and_nothing_of_it_after() {
    for door in doors().await {
        let request = create();
        let first = make(&door, request.clone()).await.expect("made");
        assert_eq!(make(&door, request.clone()).await.expect("repeated"), first);
        enrol(&door, &first.enrolment_code).await.expect("enrolled");
        let again = make(&door, request).await.expect("repeated");
        assert_eq!((again.enrolment_code.as_str(), again.code_expires_at), ("", None));
        assert!(again.terminal.expect("a terminal").enrolled);
    }
}

#[tokio::test]
async fn wrong_codes_bar_no_terminal_from_its_own_and_leave_nothing_in_the_journal() {
    for door in doors().await {
        let code = make(&door, create()).await.expect("made").enrolment_code;
        for _ in 0..20 {
            assert_eq!(enrol(&door, "wrong").await, Err(wrong()));
        }
        enrol(&door, &code).await.expect("enrolled");
        assert_eq!(door.events().await, ["credential.created", "credential.enrolled"]);
    }
}

#[tokio::test]
async fn a_terminal_whose_answer_was_lost_asks_again_with_its_code_and_its_key() {
    for door in doors().await {
        let code = make(&door, create()).await.expect("made").enrolment_code;
        let own = signing_request();
        let first = enrol_with(&door, &code, &own).await.expect("enrolled");
        let door = door.reopened().await;
        let again = enrol_with(&door, &code, &own).await.expect("enrolled already");
        assert_eq!((again.name.as_str(), again.chain_pem == first.chain_pem), (T1, false));
        assert!(door.last("credential.changed").await.enrolled);
        assert_eq!(enrol(&door, &code).await, Err(wrong()), "another key");
        door.revoke(T1).await;
        assert_eq!(enrol_with(&door, &code, &own).await, Err(wrong()), "revoked");
    }
}

#[tokio::test]
async fn a_terminal_is_made_anew_unless_it_works_and_what_it_had_before_is_of_no_use() {
    for door in doors().await {
        let lost = make(&door, create()).await.expect("made").enrolment_code;
        // Another code, and another window, before the first one was used.
        let moved = pb::CreateTerminalRequest { window: format!("{COUNTY}/windows/A02"), ..create() };
        let made = make(&door, moved).await.expect("made anew");
        let told = made.terminal.expect("a terminal");
        assert_eq!((told.window.as_str(), told.enrolled), ("divisions/410223/windows/A02", false));
        assert_eq!(door.last("credential.changed").await, told);
        assert_eq!(enrol(&door, &lost).await, Err(wrong()), "the code of before");
        assert_eq!(
            renew(&door).await,
            Err(refusal(Code::Unauthenticated, "CREDENTIAL_REVOKED")),
            "a certificate of before"
        );
        enrol(&door, &made.enrolment_code).await.expect("enrolled");
        renew(&door).await.expect("its own certificate");

        assert_eq!(make(&door, create()).await, Err(refusal(Code::AlreadyExists, "TERMINAL_EXISTS")), "it works");
        let revoked = door.revoke(T1).await;
        assert_eq!(enrol(&door, &made.enrolment_code).await, Err(wrong()), "revoked");
        let made = make(&door, create()).await.expect("made anew");
        let told = made.terminal.expect("a terminal");
        assert!(!told.revoked && !told.enrolled);
        let [before, after] = [revoked.valid_after, told.valid_after].map(|at| at.expect("a time").seconds);
        assert!(before < after, "certificates of before are refused");
        // A certificate says its second, and is given in one that is late enough.
        let certificate = enrol(&door, &made.enrolment_code).await.expect("enrolled").chain_pem;
        let der = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate");
        assert!(kit::pki::given_at(&der).expect("a time").0 >= after * 1_000_000);
    }
}

#[tokio::test]
async fn a_code_is_not_used_up_by_a_request_that_cannot_be_signed() {
    for door in doors().await {
        let code = make(&door, create()).await.expect("made").enrolment_code;
        for pem in ["", "not PEM", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"] {
            let request = pb::EnrolTerminalRequest {
                name: T1.into(),
                enrolment_code: code.clone(),
                signing_request_pem: pem.into(),
            };
            let status = door.credentials().enrol_terminal(by(&Caller::public(), request)).await.expect_err(pem);
            assert_eq!((status.code(), places(&status)), (Code::InvalidArgument, vec!["signing_request_pem".into()]));
        }
        enrol(&door, &code).await.expect("enrolled");
    }
}

#[tokio::test]
async fn a_terminal_that_is_unknown_or_revoked_is_answered_as_a_wrong_code() {
    for door in doors().await {
        assert_eq!(enrol(&door, "wrong").await, Err(wrong()));
        let code = make(&door, create()).await.expect("made").enrolment_code;
        assert!(door.revoke(T1).await.revoked);
        assert_eq!(enrol(&door, &code).await, Err(wrong()));
    }
}

#[tokio::test]
async fn a_terminal_stands_at_a_window_that_is_there_and_active() {
    for door in doors().await {
        let absent = pb::CreateTerminalRequest { window: format!("{COUNTY}/windows/Z99"), ..create() };
        assert_eq!(make(&door, absent).await, Err(refusal(Code::NotFound, "WINDOW_NOT_FOUND")));
        let name = format!("{COUNTY}/windows/A01");
        let end = pb::DeactivateWindowRequest { name, etag: String::new(), request_id: request_id() };
        door.directory().deactivate_window(by(&operator(), end)).await.expect("deactivated");
        assert_eq!(make(&door, create()).await, Err(refusal(Code::FailedPrecondition, "WINDOW_INACTIVE")));

        let elsewhere = pb::CreateTerminalRequest { window: "divisions/410224/windows/A01".into(), ..create() };
        assert_eq!(make(&door, elsewhere).await, Err(refusal(Code::InvalidArgument, "FIELD_INVALID")));
        let wrong = pb::CreateTerminalRequest { terminal_id: "t 1".into(), ..Default::default() };
        let status = door.credentials().create_terminal(by(&operator(), wrong)).await.expect_err("wrong");
        assert_eq!(places(&status), ["request_id", "parent", "terminal_id", "window"]);
    }
}
