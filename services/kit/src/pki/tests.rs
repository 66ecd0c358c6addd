use super::*;

struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Folder {
        Folder(std::env::temp_dir().join(format!("yizhan-test-{}", Uuid::new_v4())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn all_who_make_the_authority_at_the_same_moment_have_the_same_and_its_files_are_for_the_owner_alone() {
    for _ in 0..5 {
        let (folder, start) = (Folder::new(), std::sync::Barrier::new(4));
        let pems = std::thread::scope(|scope| {
            let open = || {
                start.wait();
                Authority::open(&folder.0).expect("opened").pem
            };
            let opening: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
            opening.into_iter().map(|one| one.join().expect("joined")).collect::<Vec<_>>()
        });
        assert!(pems.iter().all(|pem| *pem == pems[0]));
        assert_eq!(fs::read_dir(&folder.0).expect("a folder").count(), 2);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
            assert_eq!(mode(&folder.0), 0o700);
            assert_eq!(mode(&folder.0.join("ca.key")), 0o600);
        }
    }
}

#[test]
fn a_certificate_says_the_name_it_was_given_and_nothing_of_the_request() {
    let folder = Folder::new();
    let authority = Authority::open(&folder.0).expect("opened");
    let key = new_key().expect("a key");
    let mut params = CertificateParams::new(vec!["gateway.example".to_owned()]).expect("params");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.subject_alt_names.push(SanType::URI("spiffe://yizhan/operators/first".try_into().expect("text")));
    let request = params.serialize_request(&key).expect("a request").pem().expect("PEM");
    let issued = authority.sign(&request, "divisions/410223/terminals/T1", CLIENT_LIFE).expect("signed");
    let der = first_der(&issued.chain_pem).expect("a certificate");
    assert_eq!(name_of(&der).as_deref(), Some("divisions/410223/terminals/T1"));
    assert_eq!(fingerprint(&der), issued.fingerprint);
    let (_, certificate) = X509Certificate::from_der(&der).expect("a certificate");
    assert!(!certificate.is_ca() && hosts(&certificate).expect("names").is_empty());
    assert!(authority.has_signed(&certificate) && has_key(&der, &key));
    assert_eq!(certificate.validity().not_after.timestamp(), issued.expires_at.0 / 1_000_000);
    // Two at once are two.
    let again = authority.sign(&request, "divisions/410223/terminals/T1", CLIENT_LIFE).expect("signed");
    assert_ne!(again.fingerprint, issued.fingerprint);
}

#[test]
fn a_request_that_is_not_signed_with_its_own_key_is_refused() {
    let folder = Folder::new();
    let authority = Authority::open(&folder.0).expect("opened");
    let (_, good) = signing_request().expect("a request");
    authority.sign(&good, "operators/a", CLIENT_LIFE).expect("signed");
    let mut der = parse_x509_pem(good.as_bytes()).expect("PEM").1.contents;
    let last = der.len() - 1;
    der[last] ^= 1;
    let text = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, &der);
    let forged = format!("-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n");
    let certificate = authority.certificate_pem().to_owned();
    for bad in [forged, certificate, String::new(), "x".repeat(1 << 20)] {
        let refused = authority.sign(&bad, "operators/a", CLIENT_LIFE).expect_err("refused");
        assert_eq!(refused.reason(), "FIELD_INVALID");
        assert_eq!(refused.faults()[0].field, "signing_request_pem");
    }
}

#[test]
fn two_names_or_a_strange_one_are_none() {
    let key = new_key().expect("a key");
    let named = |uris: &[&str]| {
        let mut params = CertificateParams::default();
        let uri = |uri: &&str| SanType::URI((*uri).try_into().expect("text"));
        params.subject_alt_names = uris.iter().map(uri).collect();
        name_of(params.self_signed(&key).expect("signed").der())
    };
    assert_eq!(named(&["spiffe://yizhan/services/gateway"]).as_deref(), Some("services/gateway"));
    assert_eq!(named(&["spiffe://yizhan/services/gateway", "spiffe://yizhan/operators/first"]), None);
    assert_eq!(named(&["spiffe://yizhan/services/gateway", "https://example.org"]), None);
    assert_eq!(named(&["spiffe://other/services/gateway"]), None);
    assert_eq!(named(&["spiffe://yizhan/"]), None);
    assert_eq!(named(&["spiffe://yizhan/a b"]), None);
    assert_eq!(named(&[]), None);
    assert_eq!(name_of(b"nothing"), None);
}

#[test]
fn an_identity_is_kept_and_made_anew_when_it_grows_old_or_says_too_little() {
    let folder = Folder::new();
    let authority = Authority::open(&folder.0).expect("opened");
    let stem = folder.0.join("gateway");
    let open = |hosts: &[&str], valid| {
        let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
        Identity::open_or_issue(&stem, &authority, "services/gateway", &hosts, valid).expect("opened")
    };
    // Five minutes of its life lie before it was made.
    let old = open(&["localhost"], Duration::from_secs(100));
    assert!(old.is_old());
    let new = open(&["localhost"], SERVICE_LIFE);
    assert_ne!(old.chain_pem, new.chain_pem);
    assert_eq!(old.key_pem, new.key_pem);
    assert_eq!(open(&["localhost"], SERVICE_LIFE).chain_pem, new.chain_pem);
    let wider = open(&["localhost", "10.0.0.1", "::1"], SERVICE_LIFE);
    assert_ne!(wider.chain_pem, new.chain_pem);
    assert_eq!(open(&["10.0.0.1", "::1"], SERVICE_LIFE).chain_pem, wider.chain_pem);
    assert_eq!(wider.name().as_deref(), Some("services/gateway"));
    assert_eq!(Identity::open(&stem).expect("read").chain_pem, wider.chain_pem);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(folder.0.join("gateway.key")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
