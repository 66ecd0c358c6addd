//! A bundle that is right is found right, and whatever is done to it is found and named.

#[path = "../../examples/bundle/made.rs"]
mod made;
mod model;
mod program;
mod receipts;
mod tamper;
mod trust;

use std::io::Cursor;

use proto::journal::v1::{FigureStatement, Leaf, TreeHead, bundle_part::Part};
use tlog::note::Signer;
use verify::{
    bundle::{Reader, Writer},
    check::check,
    definition::ALL,
    heads::Trust,
    report::Report,
};

const SERVICES: [&str; 3] = ["intake", "roster", "disclosure"];
const ENTRIES: usize = 1200;

/// Two of them.
fn witnesses() -> Vec<tlog::note::Cosigner> {
    vec![made::witness("witness.example/a"), made::witness("witness.example/b")]
}

fn entries(service: &'static str, seed: u64) -> Vec<Leaf> {
    made::History::new(service, ENTRIES, seed).take(ENTRIES).collect()
}

/// The first of them, which most tests are about.
fn parts_one() -> Vec<Part> {
    static ONE: std::sync::OnceLock<Vec<Part>> = std::sync::OnceLock::new();
    ONE.get_or_init(|| parts(1)).clone()
}

/// A bundle of three logs with a statement of every definition, for all units and for one, as the naive count has them.
fn parts(seed: u64) -> Vec<Part> {
    let witnesses = witnesses();
    let mut out = Writer::new(Vec::new(), made::manifest(&SERVICES, &witnesses)).expect("a Vec");
    let mut figures = Vec::new();
    for service in SERVICES {
        let entries = entries(service, seed);
        let head = made::log(&mut out, entries.iter().cloned(), 100, &witnesses).expect("a Vec");
        for definition in ALL.iter().filter(|definition| definition.service == service) {
            for unit in ["", "003"] {
                figures.push(model::count(&entries, made::statement(definition, &head, unit)));
            }
        }
    }
    figures.into_iter().for_each(|figure| out.part(Part::Figure(figure)).expect("a Vec"));
    read(&out.finish().expect("a Vec"))
}

fn read(bytes: &[u8]) -> Vec<Part> {
    let mut reader = Reader::new(bytes);
    std::iter::from_fn(|| reader.next().expect("a bundle")).collect()
}

fn bytes(parts: &[Part]) -> Vec<u8> {
    use prost::Message;
    let whole =
        |part: &Part| proto::journal::v1::BundlePart { part: Some(part.clone()) }.encode_length_delimited_to_vec();
    parts.iter().flat_map(whole).collect()
}

/// Keys by hand.
fn trust() -> Trust {
    Trust {
        keys: SERVICES.iter().map(|service| made::signer(service).verifier()).collect(),
        witnesses: witnesses().iter().map(|witness| witness.verifier()).collect(),
        quorum: None,
    }
}

fn checked(parts: &[Part]) -> Report {
    check(Cursor::new(bytes(parts)), &trust()).expect("a bundle")
}

fn head_of(parts: &[Part], service: &str) -> TreeHead {
    let heads = parts.iter().rev().filter_map(|part| match part {
        Part::Head(head) if head.origin.ends_with(service) => Some(head.clone()),
        _ => None,
    });
    heads.into_iter().next().expect("a head")
}

#[test]
fn what_is_right_is_found_right_and_every_statement_counted_again() {
    for seed in 1..=4 {
        let report = checked(&parts(seed));
        assert_eq!(report.finding, None);
        assert!(report.is_trusted());
        assert_eq!(report.figures.len(), 2 * ALL.len());
        assert!(report.figures.iter().all(|figure| figure.counted.as_ref() == Some(&figure.stated)));
        assert_eq!(report.logs.iter().map(|log| (log.entries, log.cosigned)).collect::<Vec<_>>(), [(1200, 1200); 3]);
        assert_eq!(report.untimely, []);
        assert!(report.late_cases > 0);
    }
}

#[test]
fn every_figure_is_of_something() {
    let some = parts_one().into_iter().filter_map(|part| match part {
        Part::Figure(figure) => Some(figure),
        _ => None,
    });
    let empty: Vec<_> = some.filter(|figure| figure.unit.is_empty() && figure.numerator == 0).collect();
    assert_eq!(empty, Vec::<FigureStatement>::new());
}

#[test]
fn the_year_s_figures_are_those_that_a_statement_would_state() {
    let parts = parts(5);
    let report = checked(&parts);
    let year = &report.years[&2016];
    for (at, definition) in ALL.iter().enumerate() {
        let head = head_of(&parts, definition.service);
        let entries = entries(definition.service, 5);
        let signed = head.signed_at.expect("a time").seconds * 1_000_000;
        for (unit, counts) in [("", &year.total), ("003", &year.units["003"])] {
            let as_of = verify::day::text(verify::day::at(signed));
            let asked = FigureStatement { as_of, ..made::statement(definition, &head, unit) };
            let counted = model::count(&entries, asked);
            assert_eq!(counts[at], (counted.numerator, counted.denominator), "{} {unit}", definition.id);
        }
    }
}

#[test]
fn a_bundle_with_its_own_keys_is_consistent_and_says_no_more() {
    let report = check(Cursor::new(bytes(&parts_one())), &Trust::default()).expect("a bundle");
    assert!(report.is_right() && !report.is_trusted());
    assert_eq!(report.logs[0].witnesses.len(), 2, "the bundle's witnesses are told");
}

#[test]
fn without_kept_hashes_a_bundle_is_right_as_well() {
    let plain: Vec<_> = parts_one().into_iter().filter(|part| !matches!(part, Part::Hashes(_))).collect();
    assert_eq!(checked(&plain).finding, None);
}

#[test]
fn times_that_do_not_lie_between_their_heads_are_listed() {
    let witnesses = witnesses();
    let mut entries = entries("intake", 7);
    entries[500].occurred_at_micros -= 40 * 24 * 3_600_000_000;
    entries[700].occurred_at_micros += 40 * 24 * 3_600_000_000;
    let mut out = Writer::new(Vec::new(), made::manifest(&["intake"], &witnesses)).expect("a Vec");
    made::log(&mut out, entries.into_iter(), 100, &witnesses).expect("a Vec");
    let report = checked(&read(&out.finish().expect("a Vec")));
    assert_eq!(report.finding, None);
    let listed: Vec<_> = report.untimely.iter().map(|one| (one.seq, one.is_backdated)).collect();
    assert_eq!(listed, [(501, true), (701, false)]);
}

#[test]
fn what_is_entered_late_without_saying_so_is_named() {
    use prost::Message;
    let mut entries = entries("intake", 7);
    let late = entries.iter_mut().find(|entry| {
        entry.event == "case.received"
            && proto::intake::v1::CaseFacts::decode(&*entry.payload).expect("facts").late_entry
    });
    let late = late.expect("a late entry");
    let facts = proto::intake::v1::CaseFacts::decode(&*late.payload).expect("facts");
    late.payload = proto::intake::v1::CaseFacts { late_entry: false, ..facts }.encode_to_vec();
    let seq = late.seq as u64;
    let mut out = Writer::new(Vec::new(), made::manifest(&["intake"], &witnesses())).expect("a Vec");
    made::log(&mut out, entries.into_iter(), 100, &witnesses()).expect("a Vec");
    let finding = checked(&read(&out.finish().expect("a Vec"))).finding.expect("a finding");
    assert_eq!((finding.seq, finding.service.as_str()), (seq, "intake"));
}
