use std::io::Cursor;

use proptest::prelude::*;
use proto::journal::v1::{FigureStatement, Leaf, TreeHead, bundle_part::Part};
use tlog::{
    leaf_hash,
    note::{Note, Signer},
    tree::Edge,
};
use verify::{
    bundle::{Unreadable, Writer},
    check::check,
    heads::Trust,
    report::Finding,
};

use crate::{bytes, checked, made, parts_one, trust};

/// Does something to the entry of intake with this number.
fn with_entry(seq: i64, change: impl Fn(&mut Leaf)) -> Vec<Part> {
    let mut parts = parts_one();
    let entry = parts.iter_mut().find_map(|part| match part {
        Part::Entry(entry) if entry.seq == seq => Some(entry),
        _ => None,
    });
    change(entry.expect("the entry"));
    parts
}

fn place(parts: &[Part], seq: i64) -> usize {
    parts.iter().position(|part| matches!(part, Part::Entry(entry) if entry.seq == seq)).expect("the entry")
}

fn found(parts: &[Part]) -> Finding {
    checked(parts).finding.expect("a finding")
}

fn is_named(parts: &[Part], seq: u64) {
    let finding = found(parts);
    assert_eq!((finding.service.as_str(), finding.seq), ("intake", seq), "{finding}");
}

fn without_hashes(parts: Vec<Part>) -> Vec<Part> {
    parts.into_iter().filter(|part| !matches!(part, Part::Hashes(_))).collect()
}

#[test]
fn an_entry_that_was_edited_is_named_whatever_of_it() {
    let changes: [fn(&mut Leaf); 7] = [
        |entry| entry.occurred_at_micros += 1,
        |entry| entry.actor.push('1'),
        |entry| entry.noun.push('1'),
        |entry| entry.event.push('x'),
        |entry| entry.request_hash[0] ^= 1,
        |entry| entry.payload.clear(),
        |entry| entry.division = "410224".into(),
    ];
    for change in changes {
        for seq in [1, 2, 99, 100, 101, 777, 1200] {
            is_named(&with_entry(seq, change), seq as u64);
        }
    }
}

#[test]
fn facts_that_were_changed_are_named_with_their_case() {
    use prost::Message;
    use proto::intake::v1::CaseFacts;
    let mut number = String::new();
    let parts = with_entry(640, |entry| {
        let facts = CaseFacts::decode(&*entry.payload).expect("facts");
        entry.payload = CaseFacts { legal_due_on: facts.legal_due_on + 1, ..facts }.encode_to_vec();
    });
    if let Part::Entry(entry) = &parts[place(&parts, 640)] {
        number.clone_from(&entry.noun);
    }
    let finding = found(&parts);
    assert_eq!((finding.seq, finding.noun), (640, number));
}

#[test]
fn without_kept_hashes_the_entries_between_two_heads_are_named() {
    let parts = without_hashes(with_entry(640, |entry| entry.actor.push('1')));
    let finding = found(&parts);
    assert_eq!(finding.seq, 601);
    assert!(finding.wrong.en.contains("601 to 700"), "{finding}");
}

#[test]
fn who_changes_the_kept_hash_too_gains_nothing() {
    let mut parts = with_entry(640, |entry| entry.actor.push('1'));
    let at = place(&parts, 640);
    let Part::Entry(entry) = &parts[at] else { unreachable!() };
    let hash = leaf_hash(&prost::Message::encode_to_vec(entry));
    for part in &mut parts {
        if let Part::Hashes(hashes) = part
            && (hashes.first_seq..hashes.first_seq + (hashes.hashes.len() / 32) as i64).contains(&640)
            && hashes.service == "intake"
        {
            let at = (640 - hashes.first_seq) as usize * 32;
            hashes.hashes[at..at + 32].copy_from_slice(&hash);
        }
    }
    let finding = found(&parts);
    assert!((601..=640).contains(&finding.seq), "{finding}");
}

#[test]
fn a_kept_hash_that_was_changed_is_told_apart_from_an_entry() {
    let mut parts = parts_one();
    let Some(Part::Hashes(hashes)) = parts.get_mut(1) else { panic!("hashes come first") };
    hashes.hashes[32 * 41] ^= 1;
    let finding = found(&parts);
    assert_eq!(finding.seq, 42);
    assert!(finding.wrong.en.contains("leaf hash"), "{finding}");
}

#[test]
fn an_entry_that_was_dropped_is_named() {
    for seq in [1, 55, 1199, 1200] {
        let mut parts = parts_one();
        parts.remove(place(&parts, seq));
        is_named(&parts, seq as u64);
    }
}

#[test]
fn an_entry_that_was_dropped_with_all_after_it_renumbered_is_named() {
    let mut parts = parts_one();
    parts.remove(place(&parts, 300));
    for part in &mut parts {
        if let Part::Entry(entry) = part
            && entry.service == "intake"
            && entry.seq > 300
        {
            entry.seq -= 1;
        }
    }
    is_named(&parts, 300);
}

#[test]
fn entries_that_changed_places_are_named() {
    let mut parts = parts_one();
    let (one, other) = (place(&parts, 410), place(&parts, 450));
    parts.swap(one, other);
    is_named(&parts, 410);
    // With their numbers, too.
    for (at, seq) in [(one, 410), (other, 450)] {
        if let Part::Entry(entry) = &mut parts[at] {
            entry.seq = seq;
        }
    }
    is_named(&parts, 410);
}

#[test]
fn an_entry_that_was_put_in_is_named() {
    let mut parts = parts_one();
    let at = place(&parts, 123);
    let one = parts[at].clone();
    parts.insert(at + 1, one);
    is_named(&parts, 124);
    for part in &mut parts[at + 1..] {
        if let Part::Entry(entry) = part
            && entry.service == "intake"
        {
            entry.seq += 1;
        }
    }
    is_named(&parts, 124);
}

#[test]
fn a_log_that_was_cut_is_named_where_it_ends() {
    let parts = parts_one();
    // With its heads left.
    let cut: Vec<_> = parts
        .iter()
        .filter(|part| !matches!(part, Part::Entry(entry) if entry.service == "intake" && entry.seq > 900))
        .filter(|part| !matches!(part, Part::Hashes(hashes) if hashes.service == "intake" && hashes.first_seq > 900))
        .cloned()
        .collect();
    is_named(&cut, 901);
    // At any byte.
    let whole = bytes(&parts);
    let entry = bytes(&parts[..place(&parts, 500)]).len();
    for end in [entry + 1, entry + 40] {
        let report = check(Cursor::new(&whole[..end]), &trust()).expect("a bundle");
        let finding = report.finding.expect("a finding");
        assert_eq!((finding.service.as_str(), finding.seq), ("intake", 500), "{finding}");
    }
    for end in (entry..whole.len()).step_by(whole.len() / 97) {
        let report = check(Cursor::new(&whole[..end]), &trust()).expect("a bundle");
        assert!(!report.is_right(), "cut at {end} of {}", whole.len());
    }
}

#[test]
fn entries_that_no_head_covers_are_not_believed() {
    let mut parts = parts_one();
    parts.retain(|part| !matches!(part, Part::Head(head) if head.origin.ends_with("intake") && head.size > 1000));
    parts.retain(|part| !matches!(part, Part::Figure(_)));
    is_named(&parts, 1001);
}

fn with_heads(change: impl Fn(&mut TreeHead)) -> Vec<Part> {
    let mut parts = parts_one();
    for part in &mut parts {
        if let Part::Head(head) = part
            && head.origin.ends_with("intake")
            && head.size == 600
        {
            change(head);
        }
    }
    parts
}

#[test]
fn a_false_head_is_found() {
    let other = |entries: usize| {
        let mut edge = Edge::new();
        (0..entries).for_each(|n| edge.push(leaf_hash(&n.to_be_bytes())));
        edge
    };
    let changes: [&dyn Fn(&mut TreeHead); 6] = [
        &|head| head.root_hash[0] ^= 1,
        &|head| head.size = 599,
        &|head| head.note = head.note.replace("\n600\n", "\n599\n"),
        &|head| head.note.clear(),
        &|head| head.signed_at = None,
        &|head| head.origin = "yizhan/410223/roster".into(),
    ];
    for change in changes {
        let finding = found(&with_heads(change));
        assert!(finding.noun.starts_with("head "), "{finding}");
    }
    // Signed by the log's own key, and of other entries: then it is the entries that are not what was signed.
    let signed = with_heads(|head| *head = made::head("intake", &other(600), 1_470_000_000_000_000, &[]));
    assert_eq!(found(&signed).seq, 501);
}

#[test]
fn a_fork_is_found() {
    let mut parts = parts_one();
    let mut edge = Edge::new();
    (0..1200_u64).for_each(|n| edge.push(leaf_hash(&n.to_be_bytes())));
    let fork = made::head("intake", &edge, 1_480_000_000_000_000, &crate::witnesses());
    for part in &mut parts {
        if let Part::Figure(figure) = part
            && figure.definition == "open"
        {
            figure.positions[0].checkpoint = fork.note.clone();
        }
    }
    let finding = found(&parts);
    assert!(finding.wrong.en.contains("forked"), "{finding}");
}

#[test]
fn a_false_signature_and_another_s_key_are_found() {
    let parts = parts_one();
    let mut trust = trust();
    let seed = [5; 32];
    trust.keys[0] = tlog::note::Ed25519::from_seed("yizhan/410223/intake", &seed).expect("a key").verifier();
    let report = check(Cursor::new(bytes(&parts)), &trust).expect("a bundle");
    assert!(report.finding.expect("a finding").wrong.en.contains("signature"));
    // Without a key of the log by hand, keys for others do not help.
    trust.keys.remove(0);
    let report = check(Cursor::new(bytes(&parts)), &trust).expect("a bundle");
    assert!(report.finding.expect("a finding").wrong.en.contains("no key"));
    // A line that names the right key, with other bytes.
    let finding = found(&with_heads(|head| {
        let mut note = Note::parse(&head.note).expect("a note");
        note.signatures[0].bytes[3] ^= 1;
        head.note = note.to_string();
    }));
    assert!(finding.wrong.en.contains("signature"), "{finding}");
}

#[test]
fn a_cosignature_that_is_missing_or_false_is_found() {
    let change = |change: &dyn Fn(&mut Note)| {
        let mut parts = parts_one();
        for part in &mut parts {
            if let Part::Figure(FigureStatement { positions, .. }) = part {
                let mut note = Note::parse(&positions[0].checkpoint).expect("a note");
                change(&mut note);
                positions[0].checkpoint = note.to_string();
            }
        }
        parts
    };
    let missing = change(&|note| note.signatures.truncate(2));
    assert!(found(&missing).wrong.en.contains("1 cosignatures where 2"), "{}", found(&missing));
    let one = Trust { quorum: Some(1), ..trust() };
    assert!(check(Cursor::new(bytes(&missing)), &one).expect("a bundle").is_right());
    let false_one = change(&|note| *note.signatures[2].bytes.last_mut().expect("bytes") ^= 1);
    assert!(found(&false_one).wrong.en.contains("cosignature"), "{}", found(&false_one));
}

#[test]
fn a_statement_that_was_changed_by_one_is_found() {
    let changes: [fn(&mut FigureStatement); 9] = [
        |figure| figure.numerator += 1,
        |figure| figure.numerator -= 1,
        |figure| figure.denominator += 1,
        |figure| figure.set_digest[31] ^= 1,
        |figure| figure.late_entries += 1,
        |figure| figure.stated = "100.00%".into(),
        |figure| figure.last = "2016-03-31".into(),
        |figure| figure.unit = "004".into(),
        |figure| figure.version += 1,
    ];
    for change in changes {
        let mut parts = parts_one();
        let figure = parts.iter_mut().find_map(|part| match part {
            Part::Figure(figure) if figure.definition == "completion-rate" => Some(figure),
            _ => None,
        });
        change(figure.expect("a figure"));
        let finding = found(&parts);
        assert!(finding.noun.starts_with("figures/completion-rate"), "{finding}");
    }
}

#[test]
fn a_figure_of_a_journal_that_is_not_in_the_file_is_not_counted_and_told() {
    let mut parts = parts_one();
    parts.retain(|part| match part {
        Part::Entry(entry) => entry.service != "roster",
        Part::Hashes(hashes) => hashes.service != "roster",
        Part::Head(head) => !head.origin.ends_with("roster"),
        _ => true,
    });
    if let Some(Part::Manifest(manifest)) = parts.first_mut() {
        manifest.services.retain(|service| service != "roster");
    }
    let report = checked(&parts);
    assert_eq!(report.finding, None);
    assert_eq!(report.figures.iter().filter(|figure| figure.counted.is_none()).count(), 4);
}

#[test]
fn parts_out_of_order_are_refused() {
    let parts = parts_one();
    let figure = parts.iter().position(|part| matches!(part, Part::Figure(_))).expect("a figure");
    let orders = [
        [&parts[..1], &parts[figure..figure + 1], &parts[1..]].concat(),
        [&parts[..], &parts[..1]].concat(),
        [&parts[..], &parts[1..3]].concat(),
    ];
    for order in orders {
        assert!(!checked(&order).is_right());
    }
    assert!(matches!(check(Cursor::new(bytes(&parts[1..])), &trust()), Err(Unreadable::Torn { .. })));
    assert!(matches!(check(Cursor::new(b""), &trust()), Err(Unreadable::Torn { .. })));
}

#[test]
fn what_no_hash_covers_does_not_ride_along() {
    let whole = bytes(&parts_one());
    // A field 31 that nobody knows, in a part of its own.
    let mut with = whole.clone();
    with.extend([3, 0xf8, 0x01, 0x01]);
    assert!(!check(Cursor::new(with), &trust()).expect("a bundle").is_right());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = check(Cursor::new(bytes), &trust());
    }

    #[test]
    fn no_change_of_a_byte_passes(at in any::<prop::sample::Index>(), flip in 1_u8..) {
        let (mut whole, signed) = small();
        let at = at.index(whole.len());
        whole[at] ^= flip;
        let trust = Trust { witnesses: Vec::new(), ..trust() };
        let is_found = check(Cursor::new(&whole), &trust).map_or(true, |report| !report.is_right());
        // The manifest says nothing that is believed; and another question may have the same answer.
        prop_assert!(is_found || !signed.contains(&at), "byte {}", at);
    }
}

/// A small bundle, so that a byte of it is soon met; and what of it is signed.
fn small() -> (Vec<u8>, std::ops::Range<usize>) {
    static SMALL: std::sync::OnceLock<(Vec<u8>, std::ops::Range<usize>)> = std::sync::OnceLock::new();
    let made = || {
        // Without witnesses: a line of nobody known is passed over.
        let witnesses = [];
        let mut out = Writer::new(Vec::new(), made::manifest(&["intake"], &witnesses)).expect("a Vec");
        let begin = out.get_mut().len();
        let entries: Vec<_> = made::History::new("intake", 30, 1).take(30).collect();
        let head = made::log(&mut out, entries.iter().cloned(), 10, &witnesses).expect("a Vec");
        let end = out.get_mut().len();
        let rate = verify::definition::find("completion-rate").expect("a definition");
        let figure = crate::model::count(&entries, made::statement(rate, &head, ""));
        out.part(Part::Figure(figure)).expect("a Vec");
        (out.finish().expect("a Vec"), begin..end)
    };
    SMALL.get_or_init(made).clone()
}

#[test]
fn a_statement_that_was_never_published_so_is_found() {
    use prost::Message;
    let witnesses = crate::witnesses();
    let mut out = Writer::new(Vec::new(), made::manifest(&["intake", "gateway"], &witnesses)).expect("a Vec");
    let entries: Vec<_> = made::History::new("intake", 30, 1).take(30).collect();
    let head = made::log(&mut out, entries.iter().cloned(), 10, &witnesses).expect("a Vec");
    let rate = verify::definition::find("completion-rate").expect("a definition");
    let figure = crate::model::count(&entries, made::statement(rate, &head, ""));
    let told = Leaf {
        service: "gateway".into(),
        division: made::DIVISION.into(),
        seq: 1,
        event: "figure.published".into(),
        payload: figure.encode_to_vec(),
        ..entries[0].clone()
    };
    made::log(&mut out, std::iter::once(told), 10, &witnesses).expect("a Vec");
    out.part(Part::Figure(figure.clone())).expect("a Vec");
    let mut parts = crate::read(&out.finish().expect("a Vec"));
    let mut trust = trust();
    trust.keys.push(made::signer("gateway").verifier());
    let finding = |parts: &[Part]| check(Cursor::new(bytes(parts)), &trust).expect("a bundle").finding;
    assert_eq!(finding(&parts), None);
    // Another question with the same answer.
    let other = FigureStatement { as_of: "2016-12-21".into(), ..figure };
    *parts.last_mut().expect("a part") = Part::Figure(other);
    assert!(finding(&parts).expect("a finding").wrong.en.contains("never published so"));
}
