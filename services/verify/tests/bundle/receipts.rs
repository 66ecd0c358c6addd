use std::io::Cursor;

use prost::Message;
use proto::journal::v1::{Leaf, bundle_part::Part};
use tlog::{leaf_hash, note::Note, proof::Proof, tree};
use verify::{
    heads::Trust,
    receipt::{Receipt, Shown},
    wrong::Wrong,
};

use crate::{bytes, head_of, made, parts_one, trust};

/// The text that the applicant of an entry has.
fn text(seq: i64) -> (String, Leaf) {
    let parts = parts_one();
    let entries: Vec<_> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Entry(entry) if entry.service == "intake" => Some(entry.clone()),
            _ => None,
        })
        .collect();
    let hashes: Vec<_> = entries.iter().map(|entry| leaf_hash(&entry.encode_to_vec())).collect();
    let entry = entries[seq as usize - 1].clone();
    let proof = Proof {
        extra: entry.encode_to_vec(),
        index: seq as u64 - 1,
        hashes: tree::inclusion(&hashes[..], seq as u64 - 1, hashes.len() as u64).expect("a proof"),
        checkpoint: Note::parse(&head_of(&parts, "intake").note).expect("a note"),
    };
    (proof.to_string(), entry)
}

fn check(text: &str, trust: &Trust) -> Result<Shown, Wrong> {
    Receipt::read(text)?.check(trust)
}

#[test]
fn a_receipt_shows_its_case_without_the_system() {
    let (text, entry) = text(1);
    let shown = check(&text, &trust()).expect("a receipt");
    assert_eq!((shown.seq, format!("cases/{}", shown.number)), (1, entry.noun));
    assert_eq!((shown.witnesses.len(), shown.occurred_at), (2, entry.occurred_at_micros));
    assert!(shown.signed_at.is_some() && !shown.item.is_empty());
    assert_eq!(
        Receipt::read(&text)
            .expect("a receipt")
            .find(Cursor::new(bytes(&parts_one())))
            .expect("a bundle")
            .map(|found| found.number),
        Ok(shown.number)
    );
}

#[test]
fn a_receipt_that_was_changed_shows_nothing() {
    let (text, entry) = text(640);
    let other = Leaf { occurred_at_micros: entry.occurred_at_micros + 1, ..entry.clone() };
    let encode = |leaf: &Leaf| tlog::text::encode(&leaf.encode_to_vec());
    for changed in [
        text.replace(&encode(&entry), &encode(&other)),
        text.replace("index 639", "index 638"),
        text.replace("\n1200\n", "\n1201\n"),
        text.replace("extra ", "extra AA"),
        text.lines().filter(|line| !line.starts_with("extra")).map(|line| format!("{line}\n")).collect(),
        text.trim_end().to_owned(),
        String::new(),
    ] {
        assert_ne!(changed, text);
        assert!(check(&changed, &trust()).is_err(), "{changed}");
    }
    let nobody = Trust::default();
    assert!(check(&text, &nobody).expect_err("no key").en.contains("no key"));
    let stranger = Trust { witnesses: vec![made::witness("elsewhere/w").verifier()], ..trust() };
    assert!(check(&text, &stranger).expect_err("not cosigned").en.contains("0 cosignatures where 1"));
}

#[test]
fn the_line_under_the_square_code_is_looked_up_in_a_bundle() {
    let (_, entry) = text(1);
    let hash = tlog::text::encode(&leaf_hash(&entry.encode_to_vec()));
    let hash = hash.trim_end_matches('=').replace('+', "-").replace('/', "_");
    let number = entry.noun.trim_start_matches("cases/").to_owned();
    let line = format!("yizhan:1:{number}:1:{hash}\n");
    let bundle = bytes(&parts_one());
    let find =
        |line: &str| Receipt::read(line).and_then(|receipt| receipt.find(Cursor::new(&bundle)).expect("a bundle"));
    assert_eq!(find(&line).map(|shown| shown.number), Ok(number.clone()));
    assert!(check(&line, &trust()).expect_err("no proof").en.contains("--bundle"));
    for wrong in [
        line.replace(":1:4", ":1:5"),
        line.replace(&format!("{number}:1:"), &format!("{number}:2:")),
        line.replace(&format!("{number}:1:"), &format!("{number}:99999:")),
        line.replace(&format!("{number}:1:"), &format!("{number}:01:")),
        format!("{}=\n", line.trim_end()),
        format!("{}:more\n", line.trim_end()),
        "yizhan:1:".into(),
        "yizhan:2:a:1:b".into(),
    ] {
        assert!(find(&wrong).is_err(), "{wrong}");
    }
    assert!(Receipt::is_one(line.as_bytes()) && !Receipt::is_one(&bundle));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(yizhan:1:|c2sp.org/tlog-proof@v1\n)?[ -~\n]{0,200}") {
        let _ = Receipt::read(&text).map(|receipt| receipt.check(&trust()).is_ok());
    }
}
