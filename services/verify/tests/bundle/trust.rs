//! Whose signatures count.

use std::io::Cursor;

use proto::journal::v1::bundle_part::Part;
use tlog::note::{Cosigner, Ed25519, Note, Signer, Verifier};
use verify::{check::check, heads::Trust, report::Report};

use crate::{bytes, head_of, made, parts_one, trust};

const INTAKE: &str = "yizhan/410223/intake";

/// Changes every note under which a log has signed.
fn with_notes(change: impl Fn(&str, &mut Note) -> Option<Verifier>) -> Vec<Part> {
    let mut parts = parts_one();
    let changed = |text: &mut String| {
        let mut note = Note::parse(text).expect("a note");
        let origin = note.text.lines().next().unwrap_or_default().to_owned();
        let key = change(&origin, &mut note);
        *text = note.to_string();
        key
    };
    for part in &mut parts {
        match part {
            Part::Head(head) => {
                head.verifier_key =
                    changed(&mut head.note).map_or_else(|| head.verifier_key.clone(), |key| key.to_string())
            }
            Part::Figure(figure) => {
                figure.positions.iter_mut().for_each(|position| drop(changed(&mut position.checkpoint)))
            }
            _ => {}
        }
    }
    parts
}

fn told(parts: &[Part], trust: &Trust) -> Report {
    check(Cursor::new(bytes(parts)), trust).expect("a bundle")
}

#[track_caller]
fn refused(parts: &[Part], trust: &Trust, why: &str) {
    let finding = told(parts, trust).finding.expect("a finding");
    assert!(finding.wrong.en.contains(why), "{finding}");
}

fn size(note: &Note) -> u64 {
    note.text.lines().nth(1).and_then(|size| size.parse().ok()).expect("a size")
}

/// The key that intake signs with later.
fn next() -> Ed25519 {
    Ed25519::from_seed(INTAKE, &[42; 32]).expect("a key")
}

#[test]
fn a_log_that_has_changed_its_key_is_known_by_both() {
    let parts = with_notes(|origin, note| {
        let is_later = origin == INTAKE && size(note) > 600;
        is_later.then(|| {
            note.signatures[0] = next().sign(&note.text);
            next().verifier()
        })
    });
    refused(&parts, &trust(), "signature");
    let later = Trust { keys: [trust().keys.split_off(1), vec![next().verifier()]].concat(), ..trust() };
    refused(&parts, &later, "signature");
    for keys in [[trust().keys, vec![next().verifier()]].concat(), [vec![next().verifier()], trust().keys].concat()] {
        let report = told(&parts, &Trust { keys, ..trust() });
        assert_eq!(report.finding, None);
        assert!(report.is_trusted());
        let of = |service: &str| report.logs.iter().find(|log| log.service == service).expect("the log").keys.clone();
        let told = [made::signer("intake").verifier(), next().verifier()].map(|key| key.to_string());
        assert_eq!((of("intake"), of("roster").len()), (told.to_vec(), 1));
    }
    // Nothing by hand: the bundle names the first key only.
    refused(&parts, &Trust::default(), "signature");
}

#[test]
fn a_false_line_of_one_of_a_log_s_keys_spoils_the_other_s() {
    let both = Trust { keys: [trust().keys, vec![next().verifier()]].concat(), ..trust() };
    let two = |flip: u8| {
        with_notes(move |origin, note| {
            let mut line = next().sign(&note.text);
            line.bytes[7] ^= flip;
            if origin == INTAKE {
                note.signatures.insert(0, line);
            }
            None
        })
    };
    assert_eq!(told(&two(0), &both).finding, None);
    refused(&two(1), &both, "signature");
    assert_eq!(told(&two(1), &trust()).finding, None, "to who does not know the key it is nothing");
}

#[test]
fn a_key_counts_as_one_witness_under_however_many_names() {
    let seed = tlog::leaf_hash(b"witness.example/a");
    let again = Cosigner::from_seed("other.example", &seed).expect("a key");
    let parts = with_notes(|_, note| {
        // What a witness signs does not say its name: whoever has the line has it under every name.
        note.signatures.truncate(2);
        note.signatures.push(again.cosign(&note.text, 1_480_000_000));
        None
    });
    let one = made::witness("witness.example/a").verifier();
    let witnesses = vec![one.clone(), again.verifier()];
    let by = |quorum| Trust { witnesses: witnesses.clone(), quorum, ..trust() };
    refused(&parts, &by(Some(2)), "1 cosignatures where 2");
    for enough in [by(Some(1)), by(None)] {
        let report = told(&parts, &enough);
        assert_eq!(report.finding, None);
        assert_eq!(report.logs[0].witnesses, [(one.name().to_owned(), 1200)]);
    }
    let own = made::signer("intake").verifier();
    refused(&parts, &Trust { witnesses: vec![own], quorum: Some(1), ..trust() }, "0 cosignatures where 1");
}

#[test]
fn a_number_of_witnesses_without_their_keys_is_told_to_prove_nothing() {
    let asks = |witnesses, quorum| told(&parts_one(), &Trust { witnesses, quorum, ..trust() });
    for (report, is_hollow) in [
        (asks(Vec::new(), Some(2)), true),
        (asks(Vec::new(), Some(0)), false),
        (asks(Vec::new(), None), false),
        (asks(trust().witnesses, Some(2)), false),
    ] {
        assert_eq!((report.finding, report.is_hollow), (None, is_hollow));
    }
    assert!(head_of(&parts_one(), "intake").note.contains("witness.example/a"));
}
