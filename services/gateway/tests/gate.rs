//! The gate: who calls is proved over real TLS, and whoever cannot prove it is told why.

mod town;

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use kit::{
    status::reason,
    testing::{self, TestDatabase},
    token::Claims,
};
use prost::Message;
use proto::{
    directory::v1 as pb,
    intake::v1::{GetCaseRequest, WatchCasesRequest, WatchCasesResponse, case_service_client::CaseServiceClient},
};
use tonic::{Code, Request, Status, Streaming, transport::Channel};
use town::{CLERK, DIVISION, TERMINAL, Town, ago, bound, call, who};

async fn watch(channel: &Channel, token: Option<&str>) -> Streaming<WatchCasesResponse> {
    let mut request = call(WatchCasesRequest::default(), token);
    request.metadata_mut().remove("grpc-timeout");
    let mut stream = CaseServiceClient::new(channel.clone()).watch_cases(request).await.expect("a stream").into_inner();
    assert_eq!(stream.message().await.expect("no fault").expect("a message").seq, 1);
    stream
}

async fn end(mut stream: Streaming<WatchCasesResponse>) -> Status {
    let ended = tokio::time::timeout(Duration::from_secs(5), stream.message());
    ended.await.expect("ends within five seconds").expect_err("ends with a refusal")
}

#[tokio::test]
async fn a_certificate_a_token_or_both_say_who_calls() {
    let database = TestDatabase::sqlite();
    let town = Town::open(&database).await;
    town.settle().await;
    let nobody = town.channel(None);
    assert_eq!(who(&nobody, None).await, "nobody");
    for (name, taken_for) in [
        ("operators/first", "OPERATOR operators/first - -  bound"),
        ("services/intake", "SERVICE services/intake - -  bound"),
        (TERMINAL, "TERMINAL divisions/410223/terminals/T1 - A01  bound"),
        // Not enrolled at any window that is known.
        ("divisions/410223/terminals/T9", "TERMINAL divisions/410223/terminals/T9 - -  bound"),
        ("divisions/410223/systems/PROVINCE", "PUBLIC divisions/410223/systems/PROVINCE - -  bound"),
        ("divisions/410223/people/U001-01", "CERTIFICATE_UNKNOWN"),
    ] {
        assert_eq!(who(&town.channel(Some(&town.identity(name))), None).await, taken_for);
    }
    let token = town.token();
    let clerk = "CLERK divisions/410223/people/U001-01 001 B02 s1";
    // Twice: a token that was verified is remembered.
    for _ in 0..2 {
        assert_eq!(who(&nobody, Some(&token)).await, clerk);
    }
    // At a terminal a person works at its window; at another division's at none.
    let terminal = town.identity(TERMINAL);
    let at_window = "CLERK divisions/410223/people/U001-01 001 A01 s1 bound";
    assert_eq!(who(&town.channel(Some(&terminal)), Some(&token)).await, at_window);
    let elsewhere = town.channel(Some(&town.identity("divisions/410224/terminals/T1")));
    assert_eq!(who(&elsewhere, Some(&token)).await, "CLERK divisions/410223/people/U001-01 001 - s1 bound");
}

#[tokio::test]
async fn a_bad_token_is_told_by_its_reason_even_where_anybody_may_call() {
    let database = TestDatabase::sqlite();
    let town = Town::open(&database).await;
    town.settle().await;
    let (nobody, now) = (town.channel(None), town.claims().iat);
    let sign = |change: &dyn Fn(&mut Claims)| {
        let mut claims = town.claims();
        change(&mut claims);
        town.signer.sign(&claims)
    };
    let terminal = town.identity(TERMINAL);
    let stranger = kit::token::Signer::generate().expect("a key").0;
    for (token, expected) in [
        (sign(&|claims| claims.exp = now - 10), "TOKEN_EXPIRED"),
        (sign(&|claims| claims.nbf = now + 60), "TOKEN_NOT_YET"),
        (sign(&|claims| claims.aud = "somebody".into()), "TOKEN_INVALID"),
        (sign(&|claims| claims.iss = "somebody".into()), "TOKEN_INVALID"),
        (sign(&|claims| claims.cnf = Some(bound(&terminal))), "TOKEN_NOT_YOURS"),
        (stranger.sign(&town.claims()), "TOKEN_INVALID"),
        ("nonsense".into(), "TOKEN_INVALID"),
        ("a.b.c".into(), "TOKEN_INVALID"),
    ] {
        assert_eq!(who(&nobody, Some(&token)).await, expected);
        // Anybody may track a case, but not with a token that is none.
        let request = call(proto::intake::v1::TrackCaseRequest::default(), Some(&token));
        let status = CaseServiceClient::new(nobody.clone()).track_case(request).await.expect_err("refused");
        assert_eq!((status.code(), reason(&status).as_str()), (Code::Unauthenticated, expected));
        assert!(!format!("{status:?}").contains(&token) || token.len() < 10);
    }
    let mut request = Request::new(GetCaseRequest::default());
    request.metadata_mut().insert("authorization", "Basic dTpw".parse().expect("metadata"));
    let status = CaseServiceClient::new(nobody).get_case(request).await.expect_err("refused");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unauthenticated, "TOKEN_INVALID"));
    // The very token of the terminal is good at that terminal, and stolen by another certificate it is not.
    let token = sign(&|claims| claims.cnf = Some(bound(&terminal)));
    assert!(who(&town.channel(Some(&terminal)), Some(&token)).await.starts_with("CLERK"));
    let thief = town.identity("divisions/410223/terminals/T2");
    assert_eq!(who(&town.channel(Some(&thief)), Some(&token)).await, "TOKEN_NOT_YOURS");
}

#[tokio::test]
async fn what_a_caller_says_of_itself_is_thrown_away() {
    let database = TestDatabase::sqlite();
    let town = Town::open(&database).await;
    let mut headers = http::HeaderMap::new();
    kit::caller::Caller::service("gateway").write(&mut headers);
    let told = headers.into_iter().next().expect("a header").1;
    for identity in [None, Some(town.identity("services/intake"))] {
        let mut request = call(GetCaseRequest::default(), None);
        let bytes = BASE64_STANDARD_NO_PAD.decode(told.as_bytes()).expect("base64");
        let value = tonic::metadata::MetadataValue::from_bytes(&bytes);
        request.metadata_mut().insert_bin("yizhan-caller-bin", value);
        let case = CaseServiceClient::new(town.channel(identity.as_ref())).get_case(request).await.expect("an answer");
        let expected = if identity.is_some() { "SERVICE services/intake - -  bound" } else { "nobody" };
        assert_eq!(case.into_inner().name, expected);
    }
}

#[tokio::test]
async fn whatever_is_taken_back_is_refused_everywhere_and_after_a_restart_too() {
    for database in testing::databases() {
        let mut town = Town::open(&database).await;
        town.settle().await;
        let nobody = town.channel(None);
        let terminal = town.identity(TERMINAL);
        let operator = town.identity("operators/first");
        let of = |session: &str| town.signer.sign(&Claims { sid: session.into(), ..town.claims() });
        let (ended, other) = (of("ended"), of("other"));
        let before = town.signer.sign(&Claims { iat: town.claims().iat - 60, sid: "old".into(), ..town.claims() });
        for token in [&ended, &other, &before] {
            assert!(who(&nobody, Some(token)).await.starts_with("CLERK"));
        }
        assert!(who(&town.channel(Some(&terminal)), None).await.starts_with("TERMINAL"));
        assert!(who(&town.channel(Some(&operator)), None).await.starts_with("OPERATOR"));

        town.end("ended");
        town.directory.credential(CLERK, |it| it.valid_after = Some(ago(30).timestamp()));
        for name in [TERMINAL, "operators/first"] {
            town.directory.credential(name, |it| it.revoked = true);
        }
        town.settle().await;
        // A new gateway on the same database, whose directory is away, knows as much.
        for restarted in [false, true] {
            if restarted {
                town.serve(kit::peer::Peer::in_process(tonic::service::Routes::default())).await;
            }
            let nobody = town.channel(None);
            assert_eq!(who(&nobody, Some(&ended)).await, "CREDENTIAL_REVOKED");
            assert_eq!(who(&nobody, Some(&before)).await, "CREDENTIAL_REVOKED");
            assert!(who(&nobody, Some(&other)).await.starts_with("CLERK"));
            assert_eq!(who(&town.channel(Some(&terminal)), None).await, "CREDENTIAL_REVOKED");
            assert_eq!(who(&town.channel(Some(&terminal)), Some(&other)).await, "CREDENTIAL_REVOKED");
            assert_eq!(who(&town.channel(Some(&operator)), None).await, "CREDENTIAL_REVOKED");
        }
        town.serve(town.directory.peer()).await;
        town.directory.clerk(|person| person.state = proto::directory::v1::State::Inactive.into());
        town.settle().await;
        assert_eq!(who(&town.channel(None), Some(&other)).await, "CREDENTIAL_REVOKED");
    }
}

#[tokio::test]
async fn in_a_new_database_nobody_is_let_in_who_may_have_been_revoked() {
    for database in testing::databases() {
        let first = TestDatabase::sqlite();
        let mut town = Town::open(&first).await;
        town.directory.credential("operators/gone", |_| {});
        town.directory.credential("operators/gone", |it| it.revoked = true);
        let told = town.directory.clone();
        // A database that knows nothing, and the journal is read out but for the entry that revokes.
        told.most.store(4, Ordering::SeqCst);
        let new = database.config(&["gateway"]).await.database("gateway");
        town.config.databases.insert("gateway".into(), new);
        let (gone, token) = (town.identity("operators/gone"), town.token());
        // At the second start some of it was heard, and that is not all.
        for _ in 0..2 {
            town.serve(told.peer()).await;
            assert_eq!(who(&town.channel(Some(&gone)), None).await, "NOT_READY");
            assert_eq!(who(&town.channel(None), Some(&token)).await, "NOT_READY");
            assert_eq!(who(&town.channel(Some(&town.identity(TERMINAL))), None).await, "NOT_READY");
            assert_eq!(who(&town.channel(None), None).await, "nobody");
            let service = town.identity("services/intake");
            assert!(who(&town.channel(Some(&service)), None).await.starts_with("SERVICE"));
        }
        let request = call(GetCaseRequest::default(), Some(&token));
        let status = CaseServiceClient::new(town.channel(None)).get_case(request).await.expect_err("not yet");
        let again = tonic_types::StatusExt::get_error_details(&status).retry_info().and_then(|info| info.retry_delay);
        assert!(status.code() == Code::Unavailable && again.is_some(), "{status:?}");

        told.most.store(0, Ordering::SeqCst);
        town.settle().await;
        assert_eq!(who(&town.channel(Some(&gone)), None).await, "CREDENTIAL_REVOKED");
        assert!(who(&town.channel(None), Some(&token)).await.starts_with("CLERK"));
        // From then on the database knows, whether the directory is there or not.
        town.serve(kit::peer::Peer::in_process(tonic::service::Routes::default())).await;
        assert_eq!(who(&town.channel(Some(&gone)), None).await, "CREDENTIAL_REVOKED");
        assert!(who(&town.channel(None), Some(&token)).await.starts_with("CLERK"));
    }
}

#[tokio::test]
async fn keys_are_rotated_without_a_pause() {
    let database = TestDatabase::sqlite();
    let town = Town::open(&database).await;
    town.settle().await;
    let old = town.token();
    // Signed with at once, while the journal that tells of the key is a moment behind.
    let (signer, _, public) = kit::token::Signer::generate().expect("a key");
    let (directory, id) = (town.directory.clone(), signer.kid().to_owned());
    let late = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let key = proto::directory::v1::SigningKey { id, public_key: public.to_vec(), ..Default::default() };
        directory.tell("key.made", prost::Message::encode_to_vec(&key));
    });
    let channel = town.channel(None);
    assert!(who(&channel, Some(&signer.sign(&town.claims()))).await.starts_with("CLERK"));
    assert!(who(&channel, Some(&old)).await.starts_with("CLERK"));
    late.await.expect("told");
}

#[tokio::test]
async fn an_open_stream_ends_when_its_caller_is_taken_back() {
    let database = TestDatabase::sqlite();
    let town = Town::open(&database).await;
    town.settle().await;
    let (nobody, terminal) = (town.channel(None), town.identity(TERMINAL));
    let of = |session: &str| town.signer.sign(&Claims { sid: session.into(), ..town.claims() });
    let (gone, stays) = (of("gone"), of("stays"));
    let ending = watch(&nobody, Some(&gone)).await;
    let mut staying = watch(&nobody, Some(&stays)).await;
    let revoked = watch(&town.channel(Some(&terminal)), None).await;
    town.end("gone");
    town.directory.credential(TERMINAL, |it| it.revoked = true);
    for stream in [ending, revoked] {
        let status = end(stream).await;
        assert_eq!((status.code(), reason(&status).as_str()), (Code::Unauthenticated, "CREDENTIAL_REVOKED"));
    }
    tokio::time::timeout(Duration::from_secs(1), staying.message()).await.expect_err("stays open");
}

#[tokio::test]
async fn an_open_stream_outlives_its_token_by_a_minute_unless_a_newer_one_comes() {
    let database = TestDatabase::sqlite();
    let town = Town::open(&database).await;
    town.settle().await;
    let nobody = town.channel(None);
    let now = town.claims().iat;
    // Expired as long ago as the leeway of clocks allows; nobody waits a minute here.
    let of = |session: &str, exp: i64| town.signer.sign(&Claims { sid: session.into(), exp, ..town.claims() });
    let mut open = watch(&nobody, Some(&of("s", now - 3))).await;
    tokio::time::timeout(Duration::from_secs(3), open.message()).await.expect_err("within the minute");
}

#[tokio::test]
async fn a_caller_who_comes_too_often_waits_and_the_others_do_not() {
    let database = TestDatabase::sqlite();
    let town = Town::with(&database, |config| config.rate = 2).await;
    town.settle().await;
    let operator = town.channel(Some(&town.identity("operators/first")));
    let mut operators = CaseServiceClient::new(operator);
    let mut refused = None;
    for _ in 0..40 {
        if let Err(status) = operators.get_case(call(GetCaseRequest::default(), None)).await {
            refused = Some(status);
        }
    }
    let status = refused.expect("refused at last");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "RATE_LIMITED"));
    let details = tonic_types::StatusExt::get_details_retry_info(&status).expect("when to come again");
    assert!(details.retry_delay.is_some_and(|delay| delay <= Duration::from_secs(1)));
    assert!(who(&town.channel(None), None).await.starts_with("nobody"));
}

#[tokio::test]
async fn a_call_has_a_deadline_and_a_stream_needs_none() {
    let database = TestDatabase::sqlite();
    let town = Town::open(&database).await;
    let channel = town.channel(None);
    let mut cases = CaseServiceClient::new(channel.clone());
    let status = cases.get_case(Request::new(GetCaseRequest::default())).await.expect_err("refused");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "DEADLINE_REQUIRED"));
    let mut request = Request::new(GetCaseRequest::default());
    request.set_timeout(Duration::from_millis(19));
    let begun = Instant::now();
    assert_eq!(cases.get_case(request).await.expect_err("refused").code(), Code::DeadlineExceeded);
    assert!(begun.elapsed() < Duration::from_secs(1));
    watch(&channel, None).await;
}

#[tokio::test]
async fn rank_unit_and_window_are_as_the_directory_says_now_whatever_a_token_says() {
    for database in testing::databases() {
        let mut town = Town::open(&database).await;
        town.settle().await;
        let token = town.token();
        let terminal = town.identity(TERMINAL);
        assert_eq!(who(&town.channel(None), Some(&token)).await, format!("CLERK {CLERK} 001 B02 s1"));
        town.directory.clerk(|person| {
            person.unit = format!("divisions/{DIVISION}/units/002");
            person.window = format!("divisions/{DIVISION}/windows/B03");
            person.rank = pb::Rank::Deputy.into();
        });
        town.settle().await;
        for restarted in [false, true] {
            if restarted {
                town.serve(kit::peer::Peer::in_process(tonic::service::Routes::default())).await;
            }
            let at_terminal = town.channel(Some(&terminal));
            assert_eq!(who(&town.channel(None), Some(&token)).await, format!("LEADER {CLERK} 002 B03 s1"));
            assert_eq!(who(&at_terminal, Some(&token)).await, format!("LEADER {CLERK} 002 A01 s1 bound"));
        }
        town.serve(town.directory.peer()).await;
        town.directory.clerk(|person| {
            person.unit.clear();
            person.window.clear();
        });
        town.settle().await;
        assert_eq!(who(&town.channel(None), Some(&token)).await, format!("CLERK {CLERK} - - s1"));
    }
}

#[tokio::test]
async fn an_open_stream_ends_when_its_caller_has_another_unit_and_is_opened_again_with_the_same_token() {
    let database = TestDatabase::sqlite();
    let town = Town::open(&database).await;
    town.settle().await;
    let (channel, token) = (town.channel(None), town.token());
    let open = watch(&channel, Some(&token)).await;
    // What is told of a person's name and telephone is none of it.
    town.directory.clerk(|person| person.phone = "0371-55500002".into());
    town.settle().await;
    let mut stays = watch(&channel, Some(&token)).await;
    tokio::time::timeout(Duration::from_secs(2), stays.message()).await.expect_err("stays open");
    town.directory.clerk(|person| person.unit = format!("divisions/{DIVISION}/units/002"));
    for stream in [open, stays] {
        let status = end(stream).await;
        assert_eq!((status.code(), reason(&status).as_str()), (Code::Unauthenticated, "CALLER_CHANGED"));
    }
    watch(&channel, Some(&token)).await;
}

#[tokio::test]
async fn a_terminal_that_was_made_anew_is_known_by_its_new_certificate_alone() {
    for database in testing::databases() {
        let mut town = Town::open(&database).await;
        town.settle().await;
        let before = town.identity(TERMINAL);
        assert_eq!(who(&town.channel(Some(&before)), None).await, format!("TERMINAL {TERMINAL} - A01  bound"));
        let open = watch(&town.channel(Some(&before)), None).await;
        town.directory.credential(TERMINAL, |it| {
            it.window = format!("divisions/{DIVISION}/windows/A02");
            it.valid_after = Some(ago(-1).timestamp());
        });
        town.settle().await;
        assert_eq!(reason(&end(open).await), "CREDENTIAL_REVOKED");
        tokio::time::sleep(Duration::from_secs(2)).await;
        let after = town.identity(TERMINAL);
        let token = town.token();
        for restarted in [false, true] {
            if restarted {
                town.serve(kit::peer::Peer::in_process(tonic::service::Routes::default())).await;
            }
            let (old, new) = (town.channel(Some(&before)), town.channel(Some(&after)));
            for token in [None, Some(token.as_str())] {
                assert_eq!(who(&old, token).await, "CREDENTIAL_REVOKED");
            }
            assert_eq!(who(&new, None).await, format!("TERMINAL {TERMINAL} - A02  bound"));
        }
    }
}

#[tokio::test]
async fn who_is_of_a_closed_division_is_out_and_a_terminal_goes_with_its_window() {
    for database in testing::databases() {
        let mut town = Town::open(&database).await;
        let [window, beside, closed] = ["410223/terminals/T1", "410223/terminals/T2", "410224/terminals/T1"]
            .map(|name| format!("divisions/{name}"));
        for name in [&beside, &closed] {
            town.directory.credential(name, |it| it.window = "divisions/410224/windows/B01".into());
        }
        town.settle().await;
        let identities =
            [&window, &beside, &closed, &"divisions/410224/systems/S".to_owned()].map(|name| town.identity(name));
        let operator = town.identity("operators/first");
        let clerk = town.token();
        let mut claims = Claims { sub: "divisions/410224/people/P".into(), sid: "far".into(), ..town.claims() };
        claims.caller.division = "410224".into();
        let far = town.signer.sign(&claims);
        for identity in &identities {
            assert!(!who(&town.channel(Some(identity)), None).await.contains("REVOKED"));
        }
        assert!(who(&town.channel(None), Some(&far)).await.starts_with("CLERK"));

        let state = pb::State::Inactive.into();
        let name = format!("divisions/{DIVISION}/windows/A01");
        town.directory.tell("window.deactivated", pb::Window { name, state, ..Default::default() }.encode_to_vec());
        let name = "divisions/410224".to_owned();
        town.directory.tell("division.deactivated", pb::Division { name, state, ..Default::default() }.encode_to_vec());
        town.settle().await;
        for restarted in [false, true] {
            if restarted {
                town.serve(kit::peer::Peer::in_process(tonic::service::Routes::default())).await;
            }
            for identity in [&identities[0], &identities[2], &identities[3]] {
                assert_eq!(who(&town.channel(Some(identity)), None).await, "CREDENTIAL_REVOKED");
            }
            assert_eq!(who(&town.channel(Some(&identities[0])), Some(&clerk)).await, "CREDENTIAL_REVOKED");
            for channel in [town.channel(None), town.channel(Some(&operator))] {
                assert_eq!(who(&channel, Some(&far)).await, "CREDENTIAL_REVOKED");
                assert!(who(&channel, Some(&clerk)).await.starts_with("CLERK"), "of an open division");
            }
            assert!(who(&town.channel(Some(&identities[1])), None).await.starts_with("TERMINAL"));
        }
    }
}
