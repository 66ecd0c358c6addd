use std::sync::Arc;

use kit::{
    caller::Caller,
    clock::wall,
    testing::{databases, request_id},
};
use proto::directory::v1 as pb;

use super::{Door, PASSWORD, PERSON, by, doors, operator};

#[tokio::test]
async fn the_first_key_is_made_at_the_first_start_and_found_at_the_next() {
    for door in doors().await {
        let keys = door.keys().await;
        assert_eq!(keys.len(), 1);
        assert_eq!((keys[0].public_key.len(), keys[0].valid_until), (32, None));
        let made = door.journal("000000").await.into_iter().find(|entry| entry.event == "key.made").expect("an entry");
        assert_eq!(made.noun, format!("divisions/000000/keys/{}", keys[0].id));
        assert_eq!(door.reopened().await.keys().await, keys);
    }
}

#[tokio::test]
async fn replicas_that_begin_at_the_same_moment_have_one_key() {
    for database in databases() {
        // A SQLite file has one program.
        if database.engine() == "sqlite" {
            continue;
        }
        let config = Arc::new(database.config(&["directory"]).await);
        let opening = (0..4).map(|_| {
            let config = config.clone();
            tokio::spawn(async move {
                directory::open(&config, &kit::testing::clock("2026-02-09T09:00")).await.expect("opens")
            })
        });
        for routes in futures::future::join_all(opening).await {
            drop(routes.expect("joined"));
        }
        let door = Door::open(database).await;
        assert_eq!(door.keys().await.len(), 1);
        let made = door.journal("000000").await.into_iter().filter(|entry| entry.event == "key.made").count();
        assert_eq!(made, 1);
    }
}

#[tokio::test]
async fn a_rotation_leaves_no_token_unverified() {
    for door in doors().await {
        door.set(PERSON, PASSWORD).await;
        let before = door.sign_in(&Caller::public(), PERSON, PASSWORD).await.expect("signed in");
        let first = door.keys().await;
        let request = pb::RotateSigningKeyRequest { request_id: request_id() };
        let rotate = async || {
            let mut credentials = door.credentials();
            credentials.rotate_signing_key(by(&operator(), request.clone())).await.expect("rotated").into_inner().keys
        };
        let keys = rotate().await;
        assert_eq!(rotate().await, keys, "repeated");
        assert_eq!(keys.len(), 2);
        assert_eq!((keys[0].id.as_str(), keys[1].valid_until), (first[0].id.as_str(), None));
        let left = keys[0].valid_until.expect("an end").seconds - wall().0 / 1_000_000;
        assert!((590..=600).contains(&left), "{left}");
        assert_eq!(door.keys().await, keys);
        let events: Vec<_> = door.journal("000000").await.into_iter().map(|entry| entry.event).collect();
        assert!(events.ends_with(&["key.retired".into(), "key.made".into(), "ring.rotated".into()]), "{events:?}");

        door.claims(&before.access_token).await;
        let after = door.sign_in(&Caller::public(), PERSON, PASSWORD).await.expect("signed in");
        door.claims(&after.access_token).await;
    }
}
