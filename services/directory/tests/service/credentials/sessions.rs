use kit::{
    caller::{Caller, Role},
    clock::wall,
    testing::request_id,
    token::Cnf,
};
use proto::directory::v1 as pb;
use tonic::Code;

use super::{PASSWORD, PERSON, by, doors, holder, operator, refusal, terminal};
use crate::hall::COUNTY;

const CLERK: &str = "divisions/410223/people/U001-02";

fn ended() -> (Code, String) {
    refusal(Code::Unauthenticated, "SESSION_ENDED")
}

#[tokio::test]
async fn a_token_says_who_is_signed_in_by_what_the_directory_knows_of_the_person() {
    for door in doors().await {
        door.set(PERSON, PASSWORD).await;
        door.set(CLERK, PASSWORD).await;
        let tokens = door.sign_in(&Caller::public(), PERSON, PASSWORD).await.expect("signed in");
        let claims = door.claims(&tokens.access_token).await;
        assert_eq!((claims.sub.as_str(), claims.exp - claims.iat, claims.nbf), (PERSON, 300, claims.iat));
        assert!(claims.cnf.is_none(), "no certificate to be bound to");
        let caller = claims.to_caller(None).expect("a caller");
        assert_eq!(caller.to_message(), tokens.caller.clone().expect("a caller"));
        assert_eq!(caller.role(), Role::Leader);
        assert_eq!((caller.unit(), caller.window()), (Some("001"), Some("A01")));
        assert_eq!(tokens.access_expires_at.expect("a time").seconds, claims.exp);
        let left = tokens.session_expires_at.expect("a time").seconds - wall().0 / 1_000_000;
        assert!((43_190..=43_200).contains(&left), "{left}");

        let clerk = door.sign_in(&Caller::public(), CLERK, PASSWORD).await.expect("signed in");
        assert_eq!(holder(&clerk).role(), Role::Clerk);
    }
}

#[tokio::test]
async fn a_sign_in_on_a_terminal_is_at_its_window_and_bound_to_its_certificate() {
    for door in doors().await {
        door.set(PERSON, PASSWORD).await;
        let request = pb::CreateTerminalRequest {
            parent: COUNTY.into(),
            terminal_id: "T2".into(),
            window: format!("{COUNTY}/windows/A02"),
            request_id: request_id(),
        };
        door.credentials().create_terminal(by(&operator(), request)).await.expect("made");
        // The gateway may not have heard of its window yet.
        let at = terminal("T2", "", 7);
        let tokens = door.sign_in(&at, PERSON, PASSWORD).await.expect("signed in");
        let claims = door.claims(&tokens.access_token).await;
        assert_eq!(claims.cnf, Some(Cnf::of(&[7; 32])));
        assert_eq!(claims.caller.window, "A02");
        assert_eq!(claims.to_caller(Some([8; 32])).expect_err("stolen").reason(), "TOKEN_NOT_YOURS");

        for thief in [Caller::public(), terminal("T3", "A01", 8)] {
            assert_eq!(door.refresh(&thief, &tokens.refresh_token).await.expect_err("stolen"), ended());
        }
        let renewed = door.refresh(&at, &tokens.refresh_token).await.expect("its own");
        let again = door.claims(&renewed.access_token).await;
        assert_eq!((again.caller, again.cnf, again.sid), (claims.caller, claims.cnf, claims.sid));
    }
}

#[tokio::test]
async fn a_refresh_token_is_used_once_and_its_second_use_ends_the_session() {
    for door in doors().await {
        door.set(PERSON, PASSWORD).await;
        let public = Caller::public();
        let first = door.sign_in(&public, PERSON, PASSWORD).await.expect("signed in");
        let other = door.sign_in(&public, PERSON, PASSWORD).await.expect("signed in");
        let second = door.refresh(&public, &first.refresh_token).await.expect("renewed");
        assert_eq!(second.session_expires_at, first.session_expires_at);
        assert_eq!(holder(&second).session(), holder(&first).session());
        assert_ne!(second.access_token, first.access_token);

        assert_eq!(door.refresh(&public, &first.refresh_token).await.expect_err("used"), ended());
        assert_eq!(door.ended().await, [holder(&first).session()]);
        assert_eq!(door.refresh(&public, &second.refresh_token).await.expect_err("ended with it"), ended());
        door.refresh(&public, &other.refresh_token).await.expect("another session goes on");
        let begun = ["credential.created", "signin.begun", "signin.begun"];
        let then = ["signin.renewed", "session.ended", "signin.renewed"];
        assert_eq!(door.events().await, [begun, then].concat());
    }
}

#[tokio::test]
async fn a_refresh_token_that_was_made_up_or_altered_ends_nobody_s_session() {
    for door in doors().await {
        door.set(PERSON, PASSWORD).await;
        let public = Caller::public();
        let tokens = door.sign_in(&public, PERSON, PASSWORD).await.expect("signed in");
        let token = &tokens.refresh_token;
        for i in (0..token.len()).step_by(3) {
            let mut bytes = token.clone().into_bytes();
            bytes[i] = if bytes[i] == b'0' { b'1' } else { b'0' };
            let altered = String::from_utf8(bytes).expect("ASCII");
            assert_eq!(door.refresh(&public, &altered).await.expect_err("altered"), ended());
        }
        for garbage in ["", ".", "....", "410223.U001-01.s.x.y", &"a.".repeat(500), "令牌"] {
            assert_eq!(door.refresh(&public, garbage).await.expect_err(garbage), ended());
        }
        door.refresh(&public, token).await.expect("goes on");
    }
}

#[tokio::test]
async fn who_signs_out_has_no_session_any_more() {
    for door in doors().await {
        door.set(PERSON, PASSWORD).await;
        let public = Caller::public();
        let tokens = door.sign_in(&public, PERSON, PASSWORD).await.expect("signed in");
        for _ in 0..2 {
            door.credentials().sign_out(by(&holder(&tokens), pb::SignOutRequest {})).await.expect("signed out");
        }
        assert_eq!(door.ended().await, [holder(&tokens).session()]);
        assert_eq!(door.refresh(&public, &tokens.refresh_token).await.expect_err("ended"), ended());
    }
}

#[tokio::test]
async fn a_password_set_anew_or_taken_back_ends_every_session() {
    for door in doors().await {
        door.set(PERSON, PASSWORD).await;
        let public = Caller::public();
        let first = door.sign_in(&public, PERSON, PASSWORD).await.expect("signed in");
        let given = door.claims(&first.access_token).await.iat;
        let after = door.set(PERSON, "another horse battery").await.valid_after.expect("a time");
        assert!(given < after.seconds && after.nanos == 0, "the door refuses what was given before");
        assert_eq!(door.refresh(&public, &first.refresh_token).await.expect_err("ended"), ended());

        let second = door.sign_in(&public, PERSON, "another horse battery").await.expect("signed in");
        assert!(door.claims(&second.access_token).await.iat >= after.seconds, "and lets in what was given after");
        let revoked = door.revoke(PERSON).await;
        assert!(revoked.revoked && !revoked.enrolled);
        assert_eq!(door.last("credential.revoked").await, revoked);
        assert_eq!(door.refresh(&public, &second.refresh_token).await.expect_err("revoked"), ended());
        let barred = door.sign_in(&public, PERSON, "another horse battery").await;
        assert_eq!(barred.expect_err("revoked"), refusal(Code::PermissionDenied, "PASSWORD_WRONG"));
        assert!(!door.set(PERSON, PASSWORD).await.revoked);
        door.sign_in(&public, PERSON, PASSWORD).await.expect("set again");
    }
}

#[tokio::test]
async fn who_has_left_or_whose_division_has_closed_neither_signs_in_nor_renews() {
    for door in doors().await {
        for person in [PERSON, CLERK] {
            door.set(person, PASSWORD).await;
        }
        let public = Caller::public();
        let head = door.sign_in(&public, PERSON, PASSWORD).await.expect("signed in");
        let clerk = door.sign_in(&public, CLERK, PASSWORD).await.expect("signed in");
        let end = pb::DeactivatePersonRequest { name: PERSON.into(), etag: String::new(), request_id: request_id() };
        door.directory().deactivate_person(by(&operator(), end)).await.expect("deactivated");
        assert_eq!(door.refresh(&public, &head.refresh_token).await.expect_err("left"), ended());
        let gone = door.sign_in(&public, PERSON, PASSWORD).await;
        assert_eq!(gone.expect_err("left"), refusal(Code::PermissionDenied, "PASSWORD_WRONG"));

        let name = COUNTY.to_owned();
        let end = pb::DeactivateDivisionRequest { name, etag: String::new(), request_id: request_id() };
        door.directory().deactivate_division(by(&operator(), end)).await.expect("deactivated");
        assert_eq!(door.refresh(&public, &clerk.refresh_token).await.expect_err("closed"), ended());
        let gone = door.sign_in(&public, CLERK, PASSWORD).await;
        assert_eq!(gone.expect_err("closed"), refusal(Code::PermissionDenied, "PASSWORD_WRONG"));
    }
}

#[tokio::test]
async fn a_session_outlives_the_program() {
    for door in doors().await {
        door.set(PERSON, PASSWORD).await;
        let tokens = door.sign_in(&Caller::public(), PERSON, PASSWORD).await.expect("signed in");
        let door = door.reopened().await;
        door.claims(&tokens.access_token).await;
        door.refresh(&Caller::public(), &tokens.refresh_token).await.expect("renewed");
    }
}
