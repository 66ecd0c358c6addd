use kit::{caller::Caller, testing::request_id};
use proto::{directory::v1 as pb, identity::v1 as identity};
use tonic::Code;
use tonic_types::StatusExt;

use super::{PASSWORD, PERSON, by, caller, doors, holder, operator, refusal, terminal, told};

const WRONG: &str = "PASSWORD_WRONG";

#[tokio::test]
async fn a_person_whose_password_was_set_signs_in_with_it_and_nobody_else_does() {
    for door in doors().await {
        let set = door.set(PERSON, PASSWORD).await;
        assert_eq!(
            (set.name.as_str(), set.kind(), set.enrolled, set.revoked),
            (PERSON, pb::CredentialKind::Person, true, false)
        );
        assert!(set.valid_after.is_some() && set.created_at.is_some());
        assert_eq!(door.last("credential.created").await, set);

        let public = Caller::public();
        door.sign_in(&public, PERSON, PASSWORD).await.expect("signed in");
        for (person, password) in [
            (PERSON, "correct horse battery "),
            ("divisions/410223/people/U001-02", PASSWORD),
            ("divisions/410223/people/NOBODY", PASSWORD),
            ("divisions/999999/people/U001-01", PASSWORD),
        ] {
            let answer = door.sign_in(&public, person, password).await;
            assert_eq!(answer.expect_err(person), refusal(Code::PermissionDenied, WRONG), "{person}");
        }
    }
}

#[tokio::test]
async fn after_five_wrong_passwords_the_right_one_is_refused_also_by_the_program_started_again() {
    for door in doors().await {
        door.set(PERSON, PASSWORD).await;
        let public = Caller::public();
        for _ in 0..4 {
            assert_eq!(door.sign_in(&public, PERSON, "wrong").await.expect_err("wrong").1, WRONG);
        }
        door.sign_in(&public, PERSON, PASSWORD).await.expect("a right one begins the count anew");
        for _ in 0..5 {
            assert_eq!(door.sign_in(&public, PERSON, "wrong").await.expect_err("wrong").1, WRONG);
        }
        let door = door.reopened().await;
        let request = pb::SignInRequest { person: PERSON.into(), password: PASSWORD.into() };
        let status = door.credentials().sign_in(by(&public, request)).await.expect_err("barred");
        assert_eq!(
            (status.code(), kit::status::reason(&status)),
            refusal(Code::ResourceExhausted, "TOO_MANY_ATTEMPTS")
        );
        let pause = status.get_details_retry_info().and_then(|info| info.retry_delay).expect("a pause");
        assert!((890..=900).contains(&pause.as_secs()), "{pause:?}");
        assert_eq!(door.events().await.iter().filter(|event| *event == "credential.missed").count(), 9);
        door.set(PERSON, PASSWORD).await;
        door.sign_in(&public, PERSON, PASSWORD).await.expect("an operator lets in again");
    }
}

#[tokio::test]
async fn who_guesses_from_outside_locks_nobody_out_of_a_window_and_the_other_way_round() {
    for door in doors().await {
        let (public, window) = (Caller::public(), terminal("T1", "A01", 1));
        let barred = refusal(Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
        for (guesser, other, nobody) in [(&public, &window, "NOBODY"), (&window, &public, "NO-ONE")] {
            door.set(PERSON, PASSWORD).await;
            // Who is not there is told no otherwise.
            for person in [PERSON, &format!("divisions/410223/people/{nobody}")] {
                for _ in 0..5 {
                    assert_eq!(door.sign_in(guesser, person, "wrong").await.expect_err("wrong").1, WRONG);
                }
                assert_eq!(door.sign_in(guesser, person, PASSWORD).await.expect_err("barred"), barred);
                assert_eq!(door.sign_in(other, person, "wrong").await.expect_err("wrong").1, WRONG);
            }
            let tokens = door.sign_in(other, PERSON, PASSWORD).await.expect("signed in");
            assert_eq!(door.sign_in(guesser, PERSON, PASSWORD).await.expect_err("barred still"), barred);
            let change =
                pb::ChangePasswordRequest { old_password: PASSWORD.into(), new_password: "a new battery".into() };
            told(door.credentials().change_password(by(&holder(&tokens), change)).await).expect("changed");
        }
        // A terminal of another division is anybody.
        door.set(PERSON, PASSWORD).await;
        let elsewhere = caller(identity::Caller {
            name: "divisions/410224/terminals/T1".into(),
            division: "410224".into(),
            ..window.to_message()
        });
        for _ in 0..5 {
            assert_eq!(door.sign_in(&elsewhere, PERSON, "wrong").await.expect_err("wrong").1, WRONG);
        }
        assert_eq!(door.sign_in(&public, PERSON, PASSWORD).await.expect_err("barred"), barred);
        door.sign_in(&window, PERSON, PASSWORD).await.expect("signed in");
    }
}

#[tokio::test]
async fn attempts_that_come_at_once_are_counted_like_others() {
    for door in doors().await {
        door.set(PERSON, PASSWORD).await;
        let public = Caller::public();
        let attempts = (0..12).map(|_| door.sign_in(&public, PERSON, "wrong"));
        let mut reasons: Vec<_> =
            futures::future::join_all(attempts).await.into_iter().map(|answer| answer.expect_err("wrong").1).collect();
        reasons.sort();
        assert_eq!(reasons.iter().filter(|reason| *reason == WRONG).count(), 5, "{reasons:?}");
        assert_eq!(reasons.iter().filter(|reason| *reason == "TOO_MANY_ATTEMPTS").count(), 7);
    }
}

#[tokio::test]
async fn a_person_who_is_unknown_is_answered_as_one_who_is_known() {
    for door in doors().await {
        let public = Caller::public();
        for _ in 0..5 {
            let answer = door.sign_in(&public, "divisions/410223/people/NOBODY", "wrong").await;
            assert_eq!(answer.expect_err("wrong"), refusal(Code::PermissionDenied, WRONG));
        }
        let answer = door.sign_in(&public, "divisions/410223/people/NOBODY", "wrong").await;
        assert_eq!(answer.expect_err("barred"), refusal(Code::ResourceExhausted, "TOO_MANY_ATTEMPTS"));
        assert!(door.events().await.is_empty(), "who is not there leaves no trace");
    }
}

#[tokio::test]
async fn a_password_that_breaks_a_rule_is_refused_with_its_field() {
    for door in doors().await {
        for password in ["short", "1234567890", "Password123", &"长".repeat(129)] {
            let request =
                pb::SetPasswordRequest { person: PERSON.into(), password: password.into(), request_id: request_id() };
            let status = door.credentials().set_password(by(&operator(), request)).await.expect_err(password);
            assert_eq!(kit::status::reason(&status), "FIELD_INVALID");
            assert_eq!(crate::hall::places(&status), ["password"]);
            assert!(!status.message().contains(password));
        }
        let empty = pb::SetPasswordRequest::default();
        let status = door.credentials().set_password(by(&operator(), empty)).await.expect_err("empty");
        assert_eq!(crate::hall::places(&status), ["request_id", "person", "password"]);
    }
}

#[tokio::test]
async fn a_password_is_set_for_whoever_is_there_and_active() {
    for door in doors().await {
        let set = |person: &str| pb::SetPasswordRequest {
            person: person.into(),
            password: PASSWORD.into(),
            request_id: request_id(),
        };
        let nobody = door.credentials().set_password(by(&operator(), set("divisions/410223/people/NOBODY"))).await;
        assert_eq!(told(nobody), Err(refusal(Code::NotFound, "PERSON_NOT_FOUND")));
        let end = pb::DeactivatePersonRequest { name: PERSON.into(), etag: String::new(), request_id: request_id() };
        door.directory().deactivate_person(by(&operator(), end)).await.expect("deactivated");
        let gone = door.credentials().set_password(by(&operator(), set(PERSON))).await;
        assert_eq!(told(gone), Err(refusal(Code::FailedPrecondition, "PERSON_INACTIVE")));
    }
}

#[tokio::test]
async fn a_request_that_is_repeated_sets_the_password_once_and_with_another_password_is_refused() {
    for door in doors().await {
        let request =
            pb::SetPasswordRequest { person: PERSON.into(), password: PASSWORD.into(), request_id: request_id() };
        let first = door.credentials().set_password(by(&operator(), request.clone())).await.expect("set").into_inner();
        let again =
            door.credentials().set_password(by(&operator(), request.clone())).await.expect("again").into_inner();
        assert_eq!(first, again);
        assert_eq!(door.events().await, ["credential.created"]);
        let other = pb::SetPasswordRequest { password: "another horse battery".into(), ..request };
        let refused = door.credentials().set_password(by(&operator(), other)).await;
        assert_eq!(told(refused), Err(refusal(Code::InvalidArgument, "REQUEST_ID_REUSED")));
    }
}

#[tokio::test]
async fn a_person_who_changes_the_password_stays_signed_in_and_the_other_sessions_end() {
    for door in doors().await {
        door.set(PERSON, PASSWORD).await;
        let public = Caller::public();
        let own = door.sign_in(&public, PERSON, PASSWORD).await.expect("signed in");
        let other = door.sign_in(&public, PERSON, PASSWORD).await.expect("signed in");
        let change =
            |old: &str, new: &str| pb::ChangePasswordRequest { old_password: old.into(), new_password: new.into() };
        let caller = holder(&own);
        let wrong = door.credentials().change_password(by(&caller, change("wrong", "a new horse battery"))).await;
        assert_eq!(told(wrong), Err(refusal(Code::PermissionDenied, WRONG)));
        let same = door.credentials().change_password(by(&caller, change(PASSWORD, PASSWORD))).await;
        assert_eq!(told(same), Err(refusal(Code::InvalidArgument, "FIELD_INVALID")));
        let changed = door.credentials().change_password(by(&caller, change(PASSWORD, "a new horse battery"))).await;
        let changed = changed.expect("changed").into_inner();
        assert_eq!(door.last("credential.changed").await, changed);
        assert_eq!(door.ended().await, [holder(&other).session()]);

        assert_eq!(door.refresh(&public, &other.refresh_token).await.expect_err("ended").1, "SESSION_ENDED");
        door.refresh(&public, &own.refresh_token).await.expect("goes on");
        assert_eq!(door.sign_in(&public, PERSON, PASSWORD).await.expect_err("the old one").1, WRONG);
        door.sign_in(&public, PERSON, "a new horse battery").await.expect("the new one");
    }
}

#[tokio::test]
async fn no_password_and_no_token_is_in_the_journal_or_the_database_of_this_machine() {
    for door in doors().await {
        door.set(PERSON, PASSWORD).await;
        let tokens = door.sign_in(&Caller::public(), PERSON, PASSWORD).await.expect("signed in");
        let secret = tokens.refresh_token.split('.').nth(3).expect("a secret").to_owned();
        let _ = door.sign_in(&Caller::public(), PERSON, "canary wrong password").await;
        for entry in door.journal("410223").await {
            let payload = String::from_utf8_lossy(&entry.payload).into_owned() + &entry.noun + &entry.actor;
            for canary in [PASSWORD, secret.as_str(), "canary", "argon2"] {
                assert!(!payload.contains(canary), "{} tells {canary}", entry.event);
            }
        }
        let config = door.database.config(&["directory"]).await;
        for file in std::fs::read_dir(&config.data).expect("a folder").flatten() {
            let bytes = std::fs::read(file.path()).unwrap_or_default();
            for canary in [PASSWORD, secret.as_str(), "canary"] {
                let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
                assert!(!found, "{} holds {canary}", file.path().display());
            }
        }
    }
}
