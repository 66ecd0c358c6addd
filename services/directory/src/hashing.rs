//! Passwords made into hashes that cost something: Argon2id with 19 MiB and two passes, never on the runtime's threads,
//! and few at once, so that many sign-ins leave the machine to others. Who comes by the public door waits apart, so that
//! a crowd there keeps nobody from signing in at a window.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier},
};
use kit::refusal::Refusal;
use tokio::sync::Semaphore;

use crate::domain::attempts::Way;

/// What is compared with where there is no hash: the answer then takes as long as with one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[derive(Clone)]
pub struct Hashing {
    known: Arc<Semaphore>,
    public: Arc<Semaphore>,
}

impl Hashing {
    pub fn new() -> Hashing {
        Hashing { known: Arc::new(Semaphore::new(2)), public: Arc::new(Semaphore::new(1)) }
    }

    /// The PHC string of a password.
    pub async fn hash(&self, password: String, salt: [u8; 16]) -> Result<String, Refusal> {
        work(self.known.clone(), move || {
            let hash = argon2()?.hash_password_with_salt(password.as_bytes(), &salt).map_err(Refusal::internal)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// The hash, where the password is the one; none where it is not, or where there is no hash.
    pub async fn verify(&self, way: Way, password: String, hash: Option<String>) -> Result<Option<String>, Refusal> {
        let places = match way {
            Way::Terminal => self.known.clone(),
            Way::Public => self.public.clone(),
        };
        work(places, move || {
            let against = hash.as_deref().unwrap_or(NOBODY);
            let right = argon2()?.verify_password(password.as_bytes(), against).is_ok();
            Ok(hash.filter(|_| right))
        })
        .await
    }
}

async fn work<T: Send + 'static>(
    places: Arc<Semaphore>,
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let permit = places.acquire_owned().await.map_err(Refusal::internal)?;
    // The permit goes along: who hangs up frees no place before the work is done.
    let working = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(permit);
        done
    });
    working.await.map_err(Refusal::internal)?
}

fn argon2() -> Result<Argon2<'static>, Refusal> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(Refusal::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_by_its_hash_and_another_is_not() {
        let hashing = Hashing::new();
        let hash = hashing.hash("correct horse".into(), [7; 16]).await.expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let verify = async |password: &str| {
            hashing.verify(Way::Public, password.into(), Some(hash.clone())).await.expect("verified")
        };
        assert_eq!(verify("correct horse").await.as_ref(), Some(&hash));
        assert_eq!(verify("correct horse ").await, None);
    }

    #[tokio::test]
    async fn a_crowd_at_the_public_door_is_not_in_the_way_of_a_window() {
        let hashing = Hashing::new();
        let _crowd = hashing.public.clone().acquire_owned().await.expect("the only place");
        let public = hashing.verify(Way::Public, "correct horse".into(), None);
        tokio::time::timeout(std::time::Duration::from_millis(50), public).await.expect_err("waits");
        assert_eq!(hashing.verify(Way::Terminal, "correct horse".into(), None).await.expect("verified"), None);
    }

    #[tokio::test]
    async fn where_there_is_no_hash_the_same_work_is_done_and_every_password_is_wrong() {
        assert_eq!(Hashing::new().verify(Way::Public, "correct horse".into(), None).await.expect("verified"), None);
        let parsed = argon2::password_hash::phc::PasswordHash::new(NOBODY).expect("a hash of the same cost");
        assert!(parsed.hash.is_some() && parsed.salt.is_some());
    }
}
