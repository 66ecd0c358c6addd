//! Journals that never were, of any length, always the same from the same seed; and the bundle that is made of them.

#![allow(dead_code, clippy::unwrap_used, reason = "for tests and examples, each of which uses a part")]

use std::io::{self, Write};

use prost::Message;
use proto::{
    disclosure::v1::{DraftState, PublicationFacts},
    intake::v1::{CaseFacts, CaseState, Handling},
    journal::v1::{FigureStatement, Leaf, LogPosition, Manifest, TreeHead, bundle_part::Part},
    roster::v1::{Duty, DutyState},
};
use tlog::{
    checkpoint::Checkpoint,
    leaf_hash,
    note::{Cosigner, Ed25519, Note, Signer},
    tree::Edge,
};
use verify::{bundle::Writer, day, definition::Definition, recount::stated};

pub const DIVISION: &str = "410223";
/// 2016-01-04T01:00Z
const BEGIN: i64 = 1_451_869_200_000_000;
const MINUTE: i64 = 60_000_000;

/// Splitmix64.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// A service's journal, entry by entry.
pub struct History {
    service: &'static str,
    dice: Dice,
    /// Between two entries, on average.
    pace: i64,
    now: i64,
    seq: i64,
    cases: Vec<CaseFacts>,
    publications: Vec<PublicationFacts>,
}

impl History {
    /// Of a year, if it has so many entries.
    pub fn new(service: &'static str, entries: usize, seed: u64) -> History {
        let pace = 350 * 24 * 60 * MINUTE / (entries.max(1) as i64);
        let (cases, publications) = (Vec::new(), Vec::new());
        History { service, dice: Dice(seed), pace, now: BEGIN, seq: 0, cases, publications }
    }

    fn case(&mut self) -> (String, &'static str, Vec<u8>) {
        let today = day::at(self.now);
        if self.cases.len() < 40 || self.dice.one_in(4) {
            let late = self.dice.one_in(50);
            let received_at = if late { self.now - 90 * MINUTE } else { self.now };
            let unit = format!("{:03}", 1 + self.dice.below(12));
            let instant = self.dice.one_in(3);
            let case = CaseFacts {
                number: format!("{DIVISION}-{unit}-{:08}-X", self.seq),
                state: CaseState::Received.into(),
                unit,
                item: format!("XK{:03}", self.dice.below(60)),
                handling: if instant { Handling::Instant } else { Handling::Promised }.into(),
                received_at,
                received_on: day::at(received_at),
                applicant_commitment: vec![7; 32],
                late_entry: late,
                ..CaseFacts::default()
            };
            let told = (format!("cases/{}", case.number), "case.received", case.encode_to_vec());
            self.cases.push(case);
            return told;
        }
        let at = self.dice.below(self.cases.len() as u64) as usize;
        let event = live(&mut self.cases[at], today, &mut self.dice);
        let case = &self.cases[at];
        let told = (format!("cases/{}", case.number), event, case.encode_to_vec());
        if case.ended_on != 0 {
            self.cases.swap_remove(at);
        }
        told
    }

    fn duty(&mut self) -> (String, &'static str, Vec<u8>) {
        let states = [DutyState::Planned, DutyState::OnDuty, DutyState::Served, DutyState::Absent, DutyState::Excused];
        let id = format!("{:06}", self.dice.below(1 + self.seq as u64));
        let duty = Duty {
            name: format!("divisions/{DIVISION}/duties/{id}"),
            day: day::text(16_801 + (id.parse::<i32>().unwrap() % 366)),
            unit: format!("{:03}", 1 + id.parse::<u32>().unwrap() % 12),
            state: states[self.dice.below(5) as usize].into(),
            ..Duty::default()
        };
        (format!("duties/{id}"), "duty.changed", duty.encode_to_vec())
    }

    fn publication(&mut self) -> (String, &'static str, Vec<u8>) {
        let today = day::at(self.now);
        if self.publications.len() < 5 || self.dice.one_in(3) {
            let unit = format!("{:03}", 1 + self.dice.below(12));
            let id = format!("{unit}-2016-{:05}", self.seq);
            self.publications.push(PublicationFacts { id, unit, ..PublicationFacts::default() });
        }
        let at = self.dice.below(self.publications.len() as u64) as usize;
        let facts = &mut self.publications[at];
        let event = if facts.draft() == DraftState::Unspecified {
            facts.set_draft(DraftState::Draft);
            facts.draft_due_on = if self.dice.one_in(9) { 0 } else { today + self.dice.below(30) as i32 };
            "publication.drafted"
        } else {
            facts.edition += 1;
            facts.published_on = today;
            facts.on_time = !self.dice.one_in(4);
            facts.score = 90 + 5 * self.dice.below(3) as i32;
            (facts.draft, facts.draft_due_on) = (0, 0);
            "publication.published"
        };
        (format!("publications/{}", facts.id), event, facts.encode_to_vec())
    }
}

/// The next step of a case.
fn live(case: &mut CaseFacts, today: i32, dice: &mut Dice) -> &'static str {
    let (state, event) = match case.state() {
        CaseState::Received => match dice.below(12) {
            0 => (CaseState::Refused, "case.refused"),
            1 => (CaseState::Lapsed, "case.lapsed"),
            2 => (CaseState::Withdrawn, "case.withdrawn"),
            _ => (CaseState::Accepted, "case.accepted"),
        },
        CaseState::Accepted => match dice.below(12) {
            0 => (CaseState::Suspended, "case.suspended"),
            1 => (CaseState::Withdrawn, "case.withdrawn"),
            2 => (CaseState::Terminated, "case.terminated"),
            3 | 4 => (CaseState::Denied, "case.denied"),
            _ => (CaseState::Granted, "case.granted"),
        },
        CaseState::Suspended => (CaseState::Accepted, "case.resumed"),
        _ => (CaseState::Issued, "case.issued"),
    };
    match state {
        CaseState::Accepted => {
            if case.accepted_on == 0 {
                case.accepted_on = today;
                case.deemed_accepted = dice.one_in(20);
            }
            case.promised_due_on = today + dice.below(6) as i32;
            case.legal_due_on = case.promised_due_on + dice.below(9) as i32;
        }
        CaseState::Suspended => (case.legal_due_on, case.promised_due_on) = (0, 0),
        CaseState::Granted | CaseState::Denied => {
            case.decided_on = today;
            case.granted = state == CaseState::Granted;
        }
        _ => case.ended_on = today,
    }
    case.set_state(state);
    event
}

impl Iterator for History {
    type Item = Leaf;

    fn next(&mut self) -> Option<Leaf> {
        self.now += 1 + self.dice.below(2 * self.pace as u64) as i64;
        let (noun, event, payload) = match self.service {
            "intake" => self.case(),
            "roster" => self.duty(),
            _ => self.publication(),
        };
        self.seq += 1;
        Some(Leaf {
            service: self.service.into(),
            division: DIVISION.into(),
            seq: self.seq,
            occurred_at_micros: self.now,
            actor: format!("divisions/{DIVISION}/people/P{:04}", self.dice.below(300)),
            noun,
            event: event.into(),
            payload,
            request_hash: vec![9; 32],
        })
    }
}

/// A service's key.
pub fn signer(service: &str) -> Ed25519 {
    let seed = leaf_hash(service.as_bytes());
    Ed25519::from_seed(&format!("yizhan/{DIVISION}/{service}"), &seed).unwrap()
}

pub fn witness(name: &str) -> Cosigner {
    Cosigner::from_seed(name, &leaf_hash(name.as_bytes())).unwrap()
}

/// A tree as it stands, signed, and cosigned by these.
pub fn head(service: &str, edge: &Edge, at: i64, witnesses: &[Cosigner]) -> TreeHead {
    let signer = signer(service);
    let checkpoint = Checkpoint::signed(signer.name(), edge.size(), edge.root(), at);
    let mut note = Note::sign(checkpoint.to_string(), &[&signer]);
    let cosigned = witnesses.iter().map(|witness| witness.cosign(&note.text, (at / 1_000_000) as u64));
    let cosigned: Vec<_> = cosigned.collect();
    note.signatures.extend(cosigned);
    TreeHead {
        origin: signer.name().into(),
        size: edge.size() as i64,
        root_hash: edge.root().into(),
        signed_at: Some(prost_types::Timestamp { seconds: at / 1_000_000, nanos: (at % 1_000_000) as i32 * 1_000 }),
        note: note.to_string(),
        verifier_key: signer.verifier().to_string(),
    }
}

pub fn manifest(services: &[&str], witnesses: &[Cosigner]) -> Manifest {
    Manifest {
        division: DIVISION.into(),
        services: services.iter().map(|service| (*service).to_owned()).collect(),
        verifier_keys: services.iter().map(|service| signer(service).verifier().to_string()).collect(),
        witness_keys: witnesses.iter().map(|witness| witness.verifier().to_string()).collect(),
        ..Manifest::default()
    }
}

/// Writes a log with a head at every so many entries; tells its last head.
pub fn log<W: Write>(
    out: &mut Writer<W>,
    entries: impl Iterator<Item = Leaf>,
    every: u64,
    witnesses: &[Cosigner],
) -> io::Result<TreeHead> {
    let (mut edge, mut heads, mut last) = (Edge::new(), Vec::new(), (String::new(), BEGIN));
    for entry in entries {
        let hash = leaf_hash(&entry.encode_to_vec());
        last = (entry.service.clone(), entry.occurred_at_micros);
        out.entry(entry, &hash)?;
        edge.push(hash);
        if edge.size() % every == 0 {
            heads.push(head(&last.0, &edge, last.1 + 1, witnesses));
        }
    }
    if heads.last().is_none_or(|head| head.size as u64 != edge.size()) {
        heads.push(head(&last.0, &edge, last.1 + 1, witnesses));
    }
    let newest = heads.last().unwrap().clone();
    heads.into_iter().try_for_each(|head| out.part(Part::Head(head)))?;
    Ok(newest)
}

/// A statement of 2016 about one service's journal.
pub fn statement(definition: &Definition, head: &TreeHead, unit: &str) -> FigureStatement {
    let position = LogPosition { service: definition.service.into(), seq: head.size, checkpoint: head.note.clone() };
    FigureStatement {
        definition: definition.id.into(),
        version: definition.version,
        division: DIVISION.into(),
        first: "2016-01-01".into(),
        last: "2016-12-31".into(),
        unit: unit.into(),
        as_of: "2016-12-20".into(),
        stated: stated(0, 0, definition.is_rate()),
        positions: vec![position],
        ..FigureStatement::default()
    }
}
