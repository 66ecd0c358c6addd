use kit::{
    caller::Caller,
    peer::Peer,
    testing::{clock, request_id},
};
use proto::directory::v1::{self as pb, credential_service_client::CredentialServiceClient};
use tonic::Code;

use super::{PASSWORD, PERSON, by, doors, holder, operator, refusal, told};

#[tokio::test]
async fn what_one_replica_has_done_another_knows_at_once() {
    for door in doors().await {
        // A SQLite file has one program.
        if door.database.engine() == "sqlite" {
            continue;
        }
        let config = door.database.config(&["directory"]).await;
        let routes = directory::open(&config, &clock("2026-02-09T09:00")).await.expect("another opens");
        let other = CredentialServiceClient::new(Peer::in_process(routes));
        let public = Caller::public();
        let sign_in = async |password: &str| {
            let request = pb::SignInRequest { person: PERSON.into(), password: password.into() };
            told(other.clone().sign_in(by(&public, request)).await)
        };
        let refresh = async |token: &str| {
            let request = pb::RefreshTokensRequest { refresh_token: token.into() };
            told(other.clone().refresh_tokens(by(&public, request)).await)
        };

        door.set(PERSON, PASSWORD).await;
        let first = door.sign_in(&public, PERSON, PASSWORD).await.expect("signed in");
        sign_in(PASSWORD).await.expect("signed in there");
        let second = refresh(&first.refresh_token).await.expect("renewed there");
        let ended = refusal(Code::Unauthenticated, "SESSION_ENDED");
        assert_eq!(door.refresh(&public, &first.refresh_token).await.expect_err("used there"), ended);
        assert_eq!(door.ended().await, [holder(&first).session()]);
        assert_eq!(refresh(&second.refresh_token).await.expect_err("ended here"), ended);

        let request = pb::RotateSigningKeyRequest { request_id: request_id() };
        let keys = door.credentials().rotate_signing_key(by(&operator(), request)).await.expect("rotated").into_inner();
        let request = by(&public, pb::ListSigningKeysRequest {});
        assert_eq!(other.clone().list_signing_keys(request).await.expect("listed").into_inner(), keys);

        for _ in 0..3 {
            door.sign_in(&public, PERSON, "wrong").await.expect_err("wrong");
        }
        for _ in 0..2 {
            sign_in("wrong").await.expect_err("wrong");
        }
        let barred = refusal(Code::ResourceExhausted, "TOO_MANY_ATTEMPTS");
        assert_eq!(door.sign_in(&public, PERSON, PASSWORD).await.expect_err("barred"), barred);
        assert_eq!(sign_in(PASSWORD).await.expect_err("barred"), barred);
        door.revoke(PERSON).await;
        assert_eq!(sign_in(PASSWORD).await.expect_err("barred"), barred);
    }
}
