//! Checkpoints and who signed them.

use sm2::dsa::{
    Signature as Sm2Signature, SigningKey, VerifyingKey,
    signature::{Signer as _, Verifier as _},
};
use tlog::{
    Hash,
    checkpoint::{Checkpoint, Untrusted},
    note::{Cosigner, Ed25519, Note, Signature, Signed, Signer, Verifier},
    proof::{Proof, Unproven},
    tree,
};

use crate::{flipped, leaves};

const ORIGIN: &str = "yizhan/410223/intake";
const AT: i64 = 1_772_000_000_123_456;

#[test]
fn a_note_of_go_s_checksum_database_verifies() {
    let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let note = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
                — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let verifier: Verifier = key.parse().expect("a key");
    let parsed = Note::parse(note).expect("a note");
    assert_eq!(verifier.verifies(&parsed), Some(Signed { time: None }));
    assert_eq!((parsed.to_string(), verifier.to_string()), (note.to_owned(), key.to_owned()));
}

#[test]
fn a_head_says_what_was_signed_and_when() {
    let (log, head) = (log(), Checkpoint::signed(ORIGIN, 7, tree::root(&leaves(7)), AT));
    let note = Note::parse(&Note::sign(head.to_string(), &[&log]).to_string()).expect("a note");
    let read = Checkpoint::open(&note, &log.verifier()).expect("a head");
    assert_eq!((read.signed_at(), &read), (Some(AT), &head));
}

#[test]
fn a_head_with_any_byte_changed_is_refused() {
    let log = log();
    let note = Note::sign(Checkpoint::signed(ORIGIN, 7, tree::root(&leaves(7)), AT).to_string(), &[&log]).to_string();
    let mut refused = 0;
    for at in 0..note.len() {
        for other in [b'0', b'A', b'\n', b' ', b'+'] {
            let mut bytes = note.clone().into_bytes();
            if std::mem::replace(&mut bytes[at], other) == other {
                continue;
            }
            let Ok(broken) = String::from_utf8(bytes) else { continue };
            let head = Note::parse(&broken).map(|note| Checkpoint::open(&note, &log.verifier()));
            assert!(!matches!(head, Ok(Ok(_))), "{broken}");
            refused += 1;
        }
    }
    assert!(refused > 1_000, "{refused}");
}

#[test]
fn a_head_is_not_taken_for_that_of_another_log_or_key() {
    let head = Checkpoint::signed("yizhan/410224/intake", 7, tree::root(&leaves(7)), AT);
    let note = Note::sign(head.to_string(), &[&log()]);
    assert_eq!(Checkpoint::open(&note, &log().verifier()), Err(Untrusted::OtherOrigin));
    let other = Ed25519::from_seed(ORIGIN, &[8; 32]).expect("a name");
    assert_eq!(Checkpoint::open(&note, &other.verifier()), Err(Untrusted::NotSigned));
    let poem = Note::sign("ed è subito sera.\n", &[&log()]);
    assert!(matches!(Checkpoint::open(&poem, &log().verifier()), Err(Untrusted::Malformed(_))));
}

#[test]
fn a_wrong_line_of_a_known_key_spoils_the_note_and_one_of_an_unknown_key_does_not() {
    let (log, text) = (log(), "a text\n");
    let good = log.sign(text);
    let wrong = Signature { bytes: flip_last(&good.bytes), ..good.clone() };
    let unknown = Signature { name: "somebody".to_owned(), ..wrong.clone() };
    let same_id = Signature { key_id: good.key_id ^ 1, ..wrong.clone() };
    let signed = |lines: &[&Signature]| {
        let note = Note { text: text.to_owned(), signatures: lines.iter().map(|line| (*line).clone()).collect() };
        log.verifier().verifies(&Note::parse(&note.to_string()).expect("a note")).is_some()
    };
    assert!(signed(&[&good]) && signed(&[&unknown, &good, &same_id]) && signed(&[&good, &good]));
    assert!(!signed(&[&wrong]) && !signed(&[&good, &wrong]) && !signed(&[&wrong, &good]) && !signed(&[&unknown]));
}

#[test]
fn a_witness_says_when_it_saw_a_head() {
    let (log, witness) = (log(), witness());
    let mut note = Note::sign(Checkpoint::signed(ORIGIN, 7, tree::root(&leaves(7)), AT).to_string(), &[&log]);
    note.signatures.push(witness.cosign(&note.text, 1_679_315_147));
    note.signatures.push(witness.cosign(&note.text, 1_679_315_148));
    let note = Note::parse(&note.to_string()).expect("a note");
    let key: Verifier = witness.verifier().to_string().parse().expect("a key");
    assert_eq!(key.verifies(&note), Some(Signed { time: Some(1_679_315_148) }));
    assert!(Checkpoint::open(&note, &log.verifier()).is_ok(), "the log's own line stands beside it");
}

#[test]
fn a_cosignature_is_refused_with_another_time_or_text_and_past_the_end_of_time() {
    let (witness, text) = (witness(), "a text\n");
    let refused = |text: &str, line: Signature| {
        let note = Note { text: text.to_owned(), signatures: vec![line] };
        witness.verifier().verifies(&note).is_none()
    };
    let good = witness.cosign(text, 1_679_315_147);
    assert!(!refused(text, good.clone()) && refused("another\n", good.clone()));
    for byte in 0..good.bytes.len() {
        let mut bytes = good.bytes.clone();
        bytes[byte] ^= 1;
        assert!(refused(text, Signature { bytes, ..good.clone() }), "{byte}");
    }
    for length in 0..good.bytes.len() {
        assert!(refused(text, Signature { bytes: good.bytes[..length].to_vec(), ..good.clone() }), "{length}");
    }
    assert!(!refused(text, witness.cosign(text, i64::MAX as u64)) && refused(text, witness.cosign(text, 1 << 63)));
}

#[test]
fn the_same_secret_as_log_and_as_witness_makes_two_keys() {
    let (log, witness) = (Ed25519::from_seed("w", &[9; 32]), Cosigner::from_seed("w", &[9; 32]));
    let (log, witness) = (log.expect("a name"), witness.expect("a name"));
    assert_ne!(log.verifier().key_id(), witness.verifier().key_id());
    let note = Note::sign("a text\n", &[&log]);
    assert_eq!(witness.verifier().verifies(&note), None);
}

#[test]
fn a_key_in_any_other_form_than_its_own_is_refused() {
    let key = log().verifier().to_string();
    assert_eq!(key.parse::<Verifier>().expect("a key"), log().verifier());
    let (name, rest) = key.split_once('+').expect("a name");
    let (id, bytes) = rest.split_once('+').expect("a hash");
    let weak = Verifier::new("w", 1, &[2; 31]);
    assert!(weak.is_err() && Verifier::new("w", 4, &[2; 33]).is_err() && Verifier::new("", 1, &[1; 32]).is_err());
    for broken in [
        format!("{name}+{id}"),
        format!("{name}+{}+{bytes}", id.to_uppercase()),
        format!("{name}+0{id}+{bytes}"),
        format!("{name}+{id}+{bytes}\n"),
        format!("{name}+{id}+{bytes}="),
        format!("x{name}+{id}+{bytes}"),
        format!("{name} +{id}+{bytes}"),
        format!("{name}+{id}+"),
        format!("+{id}+{bytes}"),
    ] {
        // The hash of this key has a letter in it, so that its upper case is another form.
        assert!(broken.parse::<Verifier>().is_err(), "{broken}");
    }
    assert!(Ed25519::from_seed("two words", &[0; 32]).is_none() && Ed25519::from_seed("a+b", &[0; 32]).is_none());
}

/// A second line as the law may want it one day: SM2 with SM3 (GB/T 32918.2, 32905).
struct Sm2 {
    key: SigningKey,
}

/// After 0xff, what tells it from every other type of key; then the point.
const SM2_TYPE: &[u8] = b"yizhan/sm2-sm3\n";
/// The signer's identity as GM/T 0009 has it where nothing else is agreed.
const SM2_ID: &str = "1234567812345678";

impl Sm2 {
    fn checks(key: &[u8], text: &str, signature: &[u8]) -> bool {
        let key = key.strip_prefix(SM2_TYPE).and_then(|point| VerifyingKey::from_sec1_bytes(SM2_ID, point).ok());
        let signature = Sm2Signature::from_slice(signature).ok();
        key.zip(signature).is_some_and(|(key, signature)| key.verify(text.as_bytes(), &signature).is_ok())
    }
}

impl Signer for Sm2 {
    fn name(&self) -> &str {
        ORIGIN
    }

    fn verifier(&self) -> Verifier {
        let key = [SM2_TYPE, &self.key.verifying_key().to_sec1_bytes()].concat();
        Verifier::new(ORIGIN, 0xff, &key).expect("a key")
    }

    fn sign(&self, text: &str) -> Signature {
        let signature: Sm2Signature = self.key.sign(text.as_bytes());
        Signature { name: ORIGIN.to_owned(), key_id: self.verifier().key_id(), bytes: signature.to_bytes().to_vec() }
    }
}

#[test]
fn a_second_line_of_sm2_stands_beside_the_first_and_each_verifies_alone() {
    let (log, second) = (log(), Sm2 { key: SigningKey::from_slice(SM2_ID, &[7; 32]).expect("a key") });
    let head = Checkpoint::signed(ORIGIN, 7, tree::root(&leaves(7)), AT);
    let mut note = Note::parse(&Note::sign(head.to_string(), &[&log, &second]).to_string()).expect("a note");
    let key: Verifier = second.verifier().to_string().parse().expect("a key");
    assert_eq!(Checkpoint::open(&note, &log.verifier()), Ok(head));
    assert_eq!(key.verifies_by(&note, Sm2::checks), Some(Signed { time: None }));
    assert_eq!(key.verifies(&note), None, "who cannot check it does not believe it");
    assert_eq!(log.verifier().verifies_by(&note, |_, _, _| true), None, "nobody else's check stands in for Ed25519");
    note.text.push_str("more\n");
    assert_eq!(key.verifies_by(&note, Sm2::checks), None);
}

#[test]
fn a_proof_is_checked_without_the_log() {
    let (log, leaves) = (log(), leaves(7));
    let (checkpoint, proof) = proof(&log, &leaves);
    let read = Proof::parse(&proof.to_string()).expect("a proof");
    assert_eq!(read, proof);
    assert_eq!(read.open(&leaves[4], &log.verifier()), Ok(checkpoint));
    for bit in 0..256 {
        assert_eq!(read.open(&flipped(&leaves[4], bit), &log.verifier()), Err(Unproven::NotIncluded));
    }
    assert_eq!(Proof { index: 5, ..read }.open(&leaves[4], &log.verifier()), Err(Unproven::NotIncluded));
    let text = proof.to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[..3], ["c2sp.org/tlog-proof@v1", "extra dGhlIGVudHJ5", "index 4"]);
    assert_eq!((lines[6], lines[7]), ("", ORIGIN));
}

#[test]
fn a_proof_in_any_other_form_is_refused() {
    let (_, proof) = proof(&log(), &leaves(7));
    let text = proof.to_string();
    let none = Proof { extra: Vec::new(), ..proof }.to_string();
    assert!(Proof::parse(&none).is_ok() && !none.contains("extra"));
    for broken in [
        text.replace("@v1", "@v2"),
        text.replace("extra dGhlIGVudHJ5", "extra "),
        text.replace("extra dGhlIGVudHJ5", "extra dGhlIGVudHJ5="),
        text.replace("extra dGhlIGVudHJ5\n", "index 4\n"),
        text.replace("index 4", "index 04"),
        text.replace("index 4", "index -4"),
        text.replace("index 4", "index +4"),
        text.replace("index 4", "index 9223372036854775808"),
        text.replace("index 4\n", "index 4\n\n"),
        text.replace('\n', "\r\n"),
        text.replace("\n\n— ", "\n— "),
        text.trim_end().to_owned(),
        format!("{text}\n"),
        text.replace(ORIGIN, ""),
        text.replace("index 4\n", &format!("index 4\n{}\n", tlog::text::encode(&[0; 31]))),
        text.replace("index 4\n", &format!("index 4\n{}", format!("{}\n", tlog::text::encode(&[0; 32])).repeat(64))),
    ] {
        assert!(Proof::parse(&broken).is_err(), "{broken}");
    }
}

fn log() -> Ed25519 {
    Ed25519::from_seed(ORIGIN, &[7; 32]).expect("a name")
}

fn witness() -> Cosigner {
    Cosigner::from_seed("witness.example/justice", &[9; 32]).expect("a name")
}

fn proof(log: &Ed25519, leaves: &[Hash]) -> (Checkpoint, Proof) {
    let size = leaves.len() as u64;
    let head = Checkpoint::signed(ORIGIN, size, tree::root(leaves), AT);
    let hashes = tree::inclusion(leaves, 4, size).expect("a proof");
    let checkpoint = Note::sign(head.to_string(), &[log]);
    (head, Proof { extra: b"the entry".to_vec(), index: 4, hashes, checkpoint })
}

fn flip_last(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.iter_mut().last().into_iter().for_each(|byte| *byte ^= 1);
    bytes
}
