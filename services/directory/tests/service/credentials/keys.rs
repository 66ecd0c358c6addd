use std::sync::Arc;

use kit::{
    caller::Caller,
    clock::wall,
    keys::{Keys, Scheme},
    peer::Peer,
    testing::{databases, request_id},
};
use proto::directory::v1 as pb;
use sea_orm::{ConnectionTrait, Statement};

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

#[tokio::test]
async fn a_new_master_key_or_cipher_seals_the_signing_keys_anew_and_they_sign_on() {
    for mut door in doors().await {
        door.set(PERSON, PASSWORD).await;
        let mut config = door.database.config(&["directory"]).await;
        assert_eq!(Keys::add(&config.key_file()).expect("added"), 2);
        for (scheme, mark) in [(Scheme::Aes256Gcm, [1, 2]), (Scheme::Sm4Gcm, [2, 2]), (Scheme::Aes256Gcm, [1, 2])] {
            config.cipher = scheme;
            let keys = door.keys().await;
            let routes = directory::open(&config, &kit::testing::clock("2026-02-09T09:00")).await.expect("opens");
            door = Door { peer: Peer::in_process(routes), ..door };
            assert_eq!(door.sealed().await, [mark]);
            assert_eq!(door.keys().await, keys);
            let tokens = door.sign_in(&Caller::public(), PERSON, PASSWORD).await.expect("signed in");
            door.claims(&tokens.access_token).await;
        }
        let journal = door.journal("000000").await.into_iter().filter(|entry| entry.noun.contains("/keys/")).count();
        assert_eq!(journal, 1, "nobody else need know");
    }
}

#[tokio::test]
async fn signing_keys_whose_master_key_is_missing_are_left_as_they_are() {
    for door in doors().await {
        let (config, keys) = (door.database.config(&["directory"]).await, door.keys().await);
        std::fs::write(config.key_file(), [9; 32]).expect("another key");
        let door = door.reopened().await;
        assert_eq!((door.sealed().await, door.keys().await), (vec![[1, 1]], keys));
        Keys::add(&config.key_file()).expect("added");
        let door = door.reopened().await;
        assert_eq!(door.sealed().await, [[1, 1]]);
    }
}

impl Door {
    /// What the sealed keys begin with.
    async fn sealed(&self) -> Vec<[u8; 2]> {
        let url = self.database.config(&["directory"]).await.database("directory");
        let database = sea_orm::Database::connect(url).await.expect("the database");
        let ask = Statement::from_string(database.get_database_backend(), "SELECT body FROM signing_rings");
        let row = database.query_one_raw(ask).await.expect("answered").expect("a ring");
        let body: String = row.try_get_by_index(0).expect("JSON");
        let ring: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        let keys = ring["keys"].as_array().expect("keys").iter();
        let sealed = keys.map(|key| serde_json::from_value::<Vec<u8>>(key["sealed"].clone()).expect("bytes"));
        sealed.map(|sealed| *sealed.first_chunk().expect("a mark")).collect()
    }
}
