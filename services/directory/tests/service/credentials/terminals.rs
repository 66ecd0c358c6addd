use kit::{caller::Caller, clock::wall, testing::request_id};
use proto::directory::v1 as pb;
use tonic::Code;

use super::{Door, by, doors, operator, refusal, signing_request, told};
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
    let request = pb::EnrolTerminalRequest {
        name: T1.into(),
        enrolment_code: code.into(),
        signing_request_pem: signing_request(),
    };
    told(door.credentials().enrol_terminal(by(&Caller::public(), request)).await)
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
        assert_eq!(enrol(&door, &made.enrolment_code).await, Err(wrong()), "a code is used once");
    }
}

#[tokio::test]
async fn the_same_request_is_told_the_same_code_while_it_is_good_and_nothing_of_it_after() {
    for door in doors().await {
        let request = create();
        let first = make(&door, request.clone()).await.expect("made");
        assert_eq!(make(&door, request.clone()).await.expect("repeated"), first);
        assert_eq!(make(&door, create()).await, Err(refusal(Code::AlreadyExists, "TERMINAL_EXISTS")));
        enrol(&door, &first.enrolment_code).await.expect("enrolled");
        let again = make(&door, request).await.expect("repeated");
        assert_eq!((again.enrolment_code.as_str(), again.code_expires_at), ("", None));
        assert!(again.terminal.expect("a terminal").enrolled);
    }
}

#[tokio::test]
async fn after_five_wrong_codes_the_right_one_is_refused_also_by_the_program_started_again() {
    for door in doors().await {
        let code = make(&door, create()).await.expect("made").enrolment_code;
        for _ in 0..5 {
            assert_eq!(enrol(&door, "wrong").await, Err(wrong()));
        }
        let door = door.reopened().await;
        assert_eq!(enrol(&door, &code).await, Err(refusal(Code::ResourceExhausted, "TOO_MANY_ATTEMPTS")));
        assert_eq!(door.events().await.iter().filter(|event| *event == "credential.missed").count(), 5);
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
        assert_eq!(make(&door, create()).await, Err(refusal(Code::AlreadyExists, "TERMINAL_EXISTS")), "for good");
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
