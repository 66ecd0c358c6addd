//! Staff who come with tokens of another issuer: what it signs is verified with the keys that it publishes, whatever their
//! sort and wherever they are.

mod town;

use std::{env, path::Path, process::Command};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kit::{
    pki::{Authority, Identity},
    status::reason,
    testing::{self, TestDatabase},
    tls,
};
use proto::intake::v1::{GetCaseRequest, case_service_client::CaseServiceClient};
use tonic::Code;
use town::{CLERK, Town, call, who};

/// An issuer of OpenID Connect on this machine.
mod fake {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use jsonwebtoken::{
        Algorithm, EncodingKey,
        jwk::{Jwk, KeyAlgorithm},
    };
    use kit::{
        serve::{self, Limits},
        tls::Server,
        token::Signer,
    };
    use std::sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    };
    use tokio_util::sync::CancellationToken;

    #[derive(Clone, Default)]
    pub struct Fake {
        keys: Arc<Mutex<Vec<serde_json::Value>>>,
        pub asked: Arc<AtomicUsize>,
        pub url: String,
    }

    impl Fake {
        pub async fn serve() -> Fake {
            Fake::open(None).await
        }

        /// Over TLS where it is given.
        pub async fn open(tls: Option<Server>) -> Fake {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let scheme = if tls.is_some() { "https" } else { "http" };
            let url = format!("{scheme}://{}/realm", listener.local_addr().expect("an address"));
            let fake = Fake { url: url.clone(), ..Fake::default() };
            let discovery = serde_json::json!({ "issuer": url, "jwks_uri": format!("{url}/keys") }).to_string();
            let published = fake.clone();
            let router = axum::Router::new()
                .route("/realm/.well-known/openid-configuration", axum::routing::get(|| async { discovery }))
                .route(
                    "/realm/keys",
                    axum::routing::get(move || async move {
                        published.asked.fetch_add(1, Ordering::SeqCst);
                        serde_json::json!({ "keys": *published.keys.lock().expect("a lock") }).to_string()
                    }),
                );
            tokio::spawn(serve::web(listener, router, Limits::default(), tls, CancellationToken::new()));
            fake
        }

        /// The last key that was published, as whoever reads it has it.
        pub fn published(&self) -> Vec<u8> {
            let keys = self.keys.lock().expect("a lock");
            let x = keys.last().and_then(|key| key["x"].as_str()).expect("a key");
            BASE64_URL_SAFE_NO_PAD.decode(x).expect("base64")
        }

        /// An RSA key of 2048 bits, and its id.
        pub fn rsa(&self) -> (EncodingKey, &'static str) {
            let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("a key");
            // What comes before it in PKCS #8 has 26 bytes.
            let key = EncodingKey::from_rsa_der(&pair.serialize_der()[26..]);
            let mut jwk = Jwk::from_encoding_key(&key, Algorithm::RS256).expect("a key of its sort");
            (jwk.common.key_id, jwk.common.key_algorithm) = (Some("rsa".into()), Some(KeyAlgorithm::RS256));
            self.keys.lock().expect("a lock").push(serde_json::to_value(jwk).expect("JSON"));
            (key, "rsa")
        }

        /// A key of P-256, and its id.
        pub fn curve(&self) -> (EncodingKey, &'static str) {
            let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
            // 4, x and y.
            let (x, y) = pair.public_key_raw()[1..].split_at(32);
            let [x, y] = [x, y].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
            let key = serde_json::json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": "curve", "x": x, "y": y });
            self.keys.lock().expect("a lock").push(key);
            (EncodingKey::from_ec_der(&pair.serialize_der()), "curve")
        }

        pub fn key(&self) -> Signer {
            let (signer, _, public) = Signer::generate().expect("a key");
            let x = BASE64_URL_SAFE_NO_PAD.encode(public);
            let key =
                serde_json::json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": signer.kid(), "x": x });
            self.keys.lock().expect("a lock").extend([serde_json::json!({ "kty": "strange" }), key]);
            signer
        }
    }
}

#[tokio::test]
async fn staff_may_come_with_tokens_of_another_issuer_and_are_who_the_directory_says() {
    let fake = fake::Fake::serve().await;
    let database = TestDatabase::sqlite();
    let url = fake.url.clone();
    let town = Town::with(&database, |config| {
        config.oidc.issuer = Some(url);
        config.oidc.audience = Some("yizhan-county".into());
    })
    .await;
    town.settle().await;
    let (curve, rsa, signer) = (fake.curve(), fake.rsa(), fake.key());
    let (now, channel) = (town.claims().iat, town.channel(None));
    let claims = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut claims = serde_json::json!({
            "iss": fake.url, "aud": "yizhan-county", "sub": "u-7", "sid": "o1", "iat": now, "exp": now + 600,
            "yizhan_person": "410223:U001-01", "caller": { "role": "OPERATOR" },
        });
        change(&mut claims);
        claims
    };
    let good = signer.sign(&claims(&|_| {}));
    assert_eq!(who(&channel, Some(&good)).await, "CLERK divisions/410223/people/U001-01 001 B02 o1");
    for (algorithm, (key, kid), told) in [
        (Algorithm::ES256, &curve, format!("CLERK {CLERK} 001 B02 o1")),
        (Algorithm::RS256, &rsa, format!("CLERK {CLERK} 001 B02 o1")),
        // The key's algorithm it has to be, and no other that would do with it.
        (Algorithm::RS384, &rsa, "TOKEN_INVALID".into()),
        (Algorithm::PS256, &rsa, "TOKEN_INVALID".into()),
    ] {
        let header = Header { kid: Some((*kid).into()), ..Header::new(algorithm) };
        let token = jsonwebtoken::encode(&header, &claims(&|_| {}), key).expect("signed");
        assert_eq!(who(&channel, Some(&token)).await, told, "{algorithm:?}");
        let (signed, signature) = token.rsplit_once('.').expect("a JWT");
        let other = if signature.starts_with('A') { "B" } else { "A" };
        assert_eq!(who(&channel, Some(&format!("{signed}.{other}{}", &signature[1..]))).await, "TOKEN_INVALID");
    }
    let stranger = kit::token::Signer::generate().expect("a key").0;
    for (token, expected) in [
        (signer.sign(&claims(&|it| it["aud"] = "other".into())), "TOKEN_INVALID"),
        (signer.sign(&claims(&|it| it["exp"] = (now - 10).into())), "TOKEN_EXPIRED"),
        (signer.sign(&claims(&|it| it["nbf"] = (now + 60).into())), "TOKEN_NOT_YET"),
        (signer.sign(&claims(&|it| it["yizhan_person"] = "410223:NOBODY".into())), "PERSON_UNKNOWN"),
        (signer.sign(&claims(&|it| it["yizhan_person"] = serde_json::Value::Null)), "PERSON_UNKNOWN"),
        (stranger.sign(&claims(&|_| {})), "TOKEN_INVALID"),
        // Neither may sign in the other's name.
        (town.signer.sign(&claims(&|_| {})), "TOKEN_INVALID"),
        (signer.sign(&town.claims()), "TOKEN_INVALID"),
    ] {
        assert_eq!(who(&channel, Some(&token)).await, expected);
    }
    // The algorithm is the published key's: not the public key taken for a secret, and not none.
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(signer.kid().to_owned());
    let secret = EncodingKey::from_secret(&fake.published());
    let forged = jsonwebtoken::encode(&header, &claims(&|_| {}), &secret).expect("signed");
    assert_eq!(who(&channel, Some(&forged)).await, "TOKEN_INVALID");
    let none = BASE64_URL_SAFE_NO_PAD.encode(format!("{{\"alg\":\"none\",\"kid\":\"{}\"}}", signer.kid()));
    let unsigned = format!("{none}.{}.", good.split('.').nth(1).expect("claims"));
    assert_eq!(who(&channel, Some(&unsigned)).await, "TOKEN_INVALID");
    // Keys nobody knows do not make it fetch again and again.
    assert_eq!(fake.asked.load(std::sync::atomic::Ordering::SeqCst), 1);
    // The directory goes before: who has left is out, and who leads now is a leader.
    town.directory.clerk(|person| person.rank = proto::directory::v1::Rank::Head.into());
    town.settle().await;
    let newer = signer.sign(&claims(&|it| it["jti"] = "2".into()));
    assert!(who(&channel, Some(&newer)).await.starts_with("LEADER"));
    town.directory.clerk(|person| person.state = proto::directory::v1::State::Inactive.into());
    town.settle().await;
    assert_eq!(who(&channel, Some(&newer)).await, "CREDENTIAL_REVOKED");
}

/// A gateway that trusts an issuer of HTTPS, whose certificate the authority of a folder has given, and a token of it.
async fn behind_https(database: &TestDatabase, folder: &Path) -> (Town, String) {
    let (authority, stem) = (Authority::open(folder).expect("an authority"), folder.join("issuer"));
    let hosts = ["127.0.0.1".to_owned()];
    Identity::open_or_issue(&stem, &authority, "services/issuer", &hosts, town::YEAR).expect("issued");
    let tls = tls::Server::open(&folder.join("ca.pem"), &stem).expect("TLS");
    let fake = fake::Fake::open(Some(tls)).await;
    let (key, kid) = fake.rsa();
    let url = fake.url.clone();
    let town = Town::with(database, |config| {
        config.oidc.issuer = Some(url);
        config.oidc.audience = Some("yizhan-county".into());
    })
    .await;
    town.settle().await;
    let now = town.claims().iat;
    let claims = serde_json::json!({
        "iss": fake.url, "aud": "yizhan-county", "sub": "u-7", "sid": "o1", "iat": now, "exp": now + 600,
        "yizhan_person": "410223:U001-01",
    });
    let header = Header { kid: Some(kid.into()), ..Header::new(Algorithm::RS256) };
    (town, jsonwebtoken::encode(&header, &claims, &key).expect("signed"))
}

/// Who it is that trusts the authority is said when a process begins, so this test is two: it begins itself again.
#[tokio::test]
async fn an_issuer_of_https_is_believed_by_the_authority_that_ssl_cert_file_names_and_by_no_other() {
    const FOLDER: &str = "YIZHAN_TEST_ISSUER";
    let database = TestDatabase::sqlite();
    if let Some(folder) = env::var_os(FOLDER) {
        let (town, token) = behind_https(&database, Path::new(&folder)).await;
        assert_eq!(who(&town.channel(None), Some(&token)).await, format!("CLERK {CLERK} 001 B02 o1"));
        return;
    }
    let folder = env::temp_dir().join(format!("yizhan-test-{}", testing::request_id()));
    let (town, token) = behind_https(&database, &folder).await;
    let mut cases = CaseServiceClient::new(town.channel(None));
    let status = cases.get_case(call(GetCaseRequest::default(), Some(&token))).await.expect_err("not trusted");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "ISSUER_UNAVAILABLE"));

    let name = "an_issuer_of_https_is_believed_by_the_authority_that_ssl_cert_file_names_and_by_no_other";
    let mut again = Command::new(env::current_exe().expect("this program"));
    again.args(["--exact", name]).env(FOLDER, &folder).env("SSL_CERT_FILE", folder.join("ca.pem"));
    let told = tokio::task::spawn_blocking(move || again.output()).await.expect("joined").expect("begun");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stdout));
    assert!(String::from_utf8_lossy(&told.stdout).contains("1 passed"));
    std::fs::remove_dir_all(folder).expect("removed");
}
