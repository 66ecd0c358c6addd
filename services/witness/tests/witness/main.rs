//! A witness over its folder: what it cosigns, what it refuses, and what it remembers.

mod http;

use std::{
    env, fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use kit::clock::Moment;
use rand::RngCore;
use tlog::{
    Hash,
    checkpoint::Checkpoint,
    leaf_hash,
    note::{Cosigner, Ed25519, Note, Signer, Verifier},
    tree::{Nodes, consistency, root},
};
use witness::{Answer, OpenError, Witness, folder::Folder, request::Request};

const LOG: &str = "yizhan/410223/intake";

struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Temporary {
        Temporary(env::temp_dir().join(format!("yizhan-witness-{:016x}", rand::rng().next_u64())))
    }

    fn open(&self) -> Witness {
        let folder = Folder::claim(&self.0).expect("a folder");
        Witness::open(folder, Some("audit.example"), vec![log().verifier()]).expect("a witness")
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn log() -> Ed25519 {
    Ed25519::from_seed(LOG, &[7; 32]).expect("a key")
}

/// Histories are the same up to their fifth entry.
fn leaves(history: u8, n: u64) -> Vec<Hash> {
    (0..n).map(|i| leaf_hash(&[if i < 4 { 0 } else { history }, i as u8])).collect()
}

struct Leaves(Vec<Hash>);

impl Nodes for Leaves {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        let (first, width) = (index << level, 1u64 << level);
        Some(root(self.0.get(first as usize..(first + width) as usize)?))
    }
}

fn note(key: &Ed25519, history: u8, size: u64) -> Note {
    let head = Checkpoint::signed(key.name(), size, root(&leaves(history, size)), size as i64);
    Note::sign(head.to_string(), &[key])
}

fn asks(old: u64, history: u8, size: u64) -> String {
    let proof = if old == 0 { Some(Vec::new()) } else { consistency(&Leaves(leaves(history, size)), old, size) };
    Request::write(old, &proof.unwrap_or_default(), &note(&log(), history, size).to_string())
}

fn add(witness: &Witness, body: &str) -> Answer {
    witness.add_checkpoint(body.as_bytes(), Moment(1_700_000_000_000_000))
}

#[test]
fn what_extends_is_cosigned_and_remembered_by_the_next_who_opens_the_folder() {
    let folder = Temporary::new();
    let key = {
        let witness = folder.open();
        let Answer::Cosigned(line) = add(&witness, &asks(0, 1, 5)) else { panic!("the first head") };
        let signed = Note { signatures: vec![line.trim_end().parse().expect("a line")], ..note(&log(), 1, 5) };
        assert_eq!(witness.key().verifies(&signed).expect("verifies").time, Some(1_700_000_000));
        assert!(matches!(Folder::claim(&folder.0), Err(OpenError::InUse)));
        witness.key()
    };
    let witness = folder.open();
    assert_eq!(witness.key(), key);
    assert!(matches!(add(&witness, &asks(0, 1, 9)), Answer::Stale(5)));
    assert!(matches!(add(&witness, &asks(5, 1, 9)), Answer::Cosigned(_)));
    assert!(matches!(add(&witness, &asks(9, 1, 9)), Answer::Cosigned(_)), "the same again");
}

#[test]
fn a_fork_is_refused_kept_as_evidence_and_nothing_of_that_log_is_cosigned_until_the_alarm_is_taken_away() {
    let folder = Temporary::new();
    {
        let witness = folder.open();
        assert!(matches!(add(&witness, &asks(0, 1, 6)), Answer::Cosigned(_)));
        assert!(matches!(add(&witness, &asks(6, 2, 9)), Answer::Alarmed(_)));
        assert!(matches!(add(&witness, &asks(6, 1, 9)), Answer::Alarmed(_)), "not even what extends");
    }
    let witness = folder.open();
    assert!(matches!(add(&witness, &asks(6, 1, 9)), Answer::Alarmed(_)));
    let alarms = witness.folder().alarms().expect("alarms");
    assert_eq!(alarms.iter().map(|alarm| alarm.origin.as_str()).collect::<Vec<_>>(), [LOG]);
    for file in fs::read_dir(folder.0.join("alarms")).expect("alarms") {
        let text = fs::read_to_string(file.as_ref().expect("a file").path()).expect("text");
        assert!(text.contains(&note(&log(), 1, 6).to_string()) && text.contains(&note(&log(), 2, 9).to_string()));
        fs::remove_file(file.expect("a file").path()).expect("removed");
    }
    assert!(matches!(add(&witness, &asks(6, 1, 9)), Answer::Cosigned(_)));
    assert!(matches!(add(&witness, &asks(9, 2, 9)), Answer::Alarmed(_)), "one size, two roots");
}

#[test]
fn a_smaller_head_that_was_signed_later_is_an_alarm_and_an_old_one_is_not() {
    let folder = Temporary::new();
    let witness = folder.open();
    assert!(matches!(add(&witness, &asks(0, 1, 9)), Answer::Cosigned(_)));
    assert!(matches!(add(&witness, &asks(5, 1, 5)), Answer::Stale(9)));
    let head = Checkpoint::signed(LOG, 5, root(&leaves(1, 5)), 100);
    let later = Request::write(5, &[], &Note::sign(head.to_string(), &[&log()]).to_string());
    assert!(matches!(add(&witness, &later), Answer::Alarmed(_)));
}

#[test]
fn what_is_wrong_is_refused_and_raises_no_alarm() {
    let folder = Temporary::new();
    let witness = folder.open();
    assert!(matches!(add(&witness, &asks(0, 1, 5)), Answer::Cosigned(_)));
    let good = asks(5, 1, 9);
    let forged = Ed25519::from_seed(LOG, &[8; 32]).expect("a key");
    let stranger = Ed25519::from_seed("elsewhere", &[7; 32]).expect("a key");
    let [forged, strange] = [forged, stranger].map(|key| Request::write(5, &[], &note(&key, 1, 9).to_string()));
    assert!(matches!(add(&witness, &forged), Answer::NotSigned));
    assert!(matches!(add(&witness, &strange), Answer::UnknownLog));
    assert!(matches!(add(&witness, &asks(9, 1, 5).replace("old 9", "old 7")), Answer::Backwards));
    let unproven = Request::write(5, &[[3; 32]; 3], &note(&log(), 1, 9).to_string());
    assert!(matches!(add(&witness, &unproven), Answer::NotProven));
    let wrong = [
        "",
        "old",
        "old 5",
        "old -5\n\nx\n",
        &good.replace("old 5", "old 05"),
        &good.replace("old 5", "5"),
        &good.replacen('\n', "\r\n", 1),
        &good[..good.len() - 1],
        &good.replace('—', "-"),
        &Request::write(5, &[[3; 32]; 64], &note(&log(), 1, 9).to_string()),
    ];
    for body in wrong {
        assert!(matches!(add(&witness, body), Answer::Malformed(_)), "{body:?}");
    }
    assert!(matches!(witness.add_checkpoint(&[0xff, 0xfe], Moment(0)), Answer::Malformed(_)));
    assert!(witness.folder().alarms().expect("alarms").is_empty());
    assert!(matches!(add(&witness, &good), Answer::Cosigned(_)));
}

#[test]
fn of_two_histories_that_come_at_once_one_is_cosigned() {
    for _ in 0..20 {
        let folder = Temporary::new();
        let witness = Arc::new(folder.open());
        let ways = [1, 2].map(|history| {
            let witness = witness.clone();
            thread::spawn(move || add(&witness, &asks(0, history, 9)))
        });
        let answers = ways.map(|way| way.join().expect("an answer"));
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Answer::Cosigned(_))).count(), 1, "{answers:?}");
    }
}

/// The size of the last head that the folder keeps, as somebody reads it who looks in from outside.
fn kept(folder: &Folder) -> u64 {
    folder.head(LOG).expect("whole").map_or(0, |kept| kept.head.size)
}

#[test]
fn of_heads_that_come_all_at_once_the_largest_cosigned_is_kept_and_none_ever_replaces_a_larger_one() {
    let folder = Temporary::new();
    let witness = Arc::new(folder.open());
    let ended = Arc::new(AtomicBool::new(false));
    let looking = thread::spawn({
        let (ended, folder) = (ended.clone(), Folder::look(&folder.0));
        move || {
            let mut seen = 0;
            while !ended.load(Ordering::SeqCst) {
                let now = kept(&folder);
                assert!(now >= seen, "{now} after {seen}");
                seen = now;
            }
        }
    });
    let asking = (0..8u64).map(|way| {
        let witness = witness.clone();
        thread::spawn(move || {
            // Each goes on from what it is told, to heads of its own.
            let (mut old, mut largest) = (0, 0);
            for size in (1..160).filter(|size| size % 8 == way) {
                match add(&witness, &asks(old.min(size), 1, size)) {
                    Answer::Cosigned(_) => (old, largest) = (size, size),
                    Answer::Stale(seen) => old = seen,
                    other => panic!("{other:?}"),
                }
            }
            largest
        })
    });
    let asking: Vec<_> = asking.collect();
    let largest = asking.into_iter().map(|asking| asking.join().expect("asked")).max();
    ended.store(true, Ordering::SeqCst);
    looking.join().expect("never smaller");
    assert_eq!(Some(kept(witness.folder())), largest);
    assert!(witness.folder().alarms().expect("alarms").is_empty());
}

#[test]
fn the_same_head_again_is_cosigned_anew_and_what_is_kept_stays() {
    let folder = Temporary::new();
    let witness = folder.open();
    assert!(matches!(add(&witness, &asks(0, 1, 9)), Answer::Cosigned(_)));
    let before = witness.folder().head(LOG).expect("whole").expect("kept").note;
    let later = Checkpoint::signed(LOG, 9, root(&leaves(1, 9)), 1_000);
    let later = Request::write(9, &[], &Note::sign(later.to_string(), &[&log()]).to_string());
    assert!(matches!(add(&witness, &later), Answer::Cosigned(_)));
    assert_eq!(witness.folder().head(LOG).expect("whole").expect("kept").note, before);
}

#[test]
fn a_log_that_changes_its_key_is_known_by_both_and_a_false_line_of_either_spoils_the_head() {
    let folder = Temporary::new();
    let next = Ed25519::from_seed(LOG, &[8; 32]).expect("a key");
    let keys = vec![log().verifier(), next.verifier()];
    let witness = Witness::open(Folder::claim(&folder.0).expect("a folder"), Some("audit.example"), keys);
    let witness = witness.expect("a witness");
    assert!(matches!(add(&witness, &asks(0, 1, 5)), Answer::Cosigned(_)));
    let proof = consistency(&Leaves(leaves(1, 9)), 5, 9).expect("a proof");
    let both = Note::sign(note(&log(), 1, 9).text, &[&log() as &dyn Signer, &next]);
    for line in 0..2 {
        let mut spoilt = both.clone();
        spoilt.signatures[line].bytes[9] ^= 1;
        assert!(matches!(add(&witness, &Request::write(5, &proof, &spoilt.to_string())), Answer::NotSigned));
    }
    assert!(matches!(add(&witness, &Request::write(5, &proof, &both.to_string())), Answer::Cosigned(_)));
    let alone = Request::write(9, &[], &note(&next, 1, 9).to_string());
    assert!(matches!(add(&witness, &alone), Answer::Cosigned(_)));
    assert_eq!(witness.origins().collect::<Vec<_>>(), [LOG]);
}

#[test]
fn a_key_that_is_no_log_s_is_refused() {
    let folder = Temporary::new();
    let other = Verifier::new(LOG, 0xff, b"sm2").expect("a key");
    for wrong in [Cosigner::from_seed(LOG, &[1; 32]).expect("a key").verifier(), other] {
        let claimed = Folder::claim(&folder.0).expect("a folder");
        assert!(matches!(Witness::open(claimed, Some("audit.example"), vec![wrong]), Err(OpenError::NoLogKey(_))));
    }
}

#[test]
fn a_key_is_made_once_and_keeps_its_name() {
    let folder = Temporary::new();
    let claimed = || Folder::claim(&folder.0).expect("a folder");
    assert!(matches!(claimed().key(None), Err(OpenError::NoKey)));
    let key: Verifier = claimed().key(Some("audit.example")).expect("a key").verifier();
    assert_eq!(claimed().key(None).expect("the key").verifier(), key);
    assert!(matches!(claimed().key(Some("other")), Err(OpenError::OtherName(_))));
}
