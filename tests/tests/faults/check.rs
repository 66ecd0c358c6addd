//! The laws that must hold whatever happened, and the checker that holds history and databases against them. It shares
//! no code with what it checks but the contract.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    time::Instant,
};

use prost::Message;
use proto::{disclosure::v1::PublicationFacts, intake::v1::CaseFacts, journal::v1::Leaf};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    change::standing,
    dump::{Dump, Entry},
    history::{Expected, Outcome, Told},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    /// What was answered is there.
    Kept,
    /// What was refused, or never asked for, is not there.
    NoGhost,
    /// What was asked for is there once, however often it was said.
    Once,
    /// A change that was answered before another one was asked for stands before it.
    InOrder,
    /// A journal counts 1, 2, 3 … up to its head.
    Gapless,
    /// Every leaf hash is that of its leaf.
    Sealed,
    /// Case numbers count 1, 2, 3 … in their unit and day, index numbers in their unit and year; none is given out twice.
    Numbered,
    /// A case stands as its last entry, its answer and its reading say.
    Stands,
    /// Who follows a journal has seen what is there, and nothing else.
    Followed,
    /// The figures are those of the cases.
    Counted,
    /// An answer is one that the case's life allows.
    Answered,
}

/// A law that was broken, and how.
#[derive(Clone, Debug)]
pub struct Fault(pub Law, pub String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.0, self.1)
    }
}

/// The answers themselves.
pub fn answers(history: &[&Told]) -> Vec<Fault> {
    let wrong = history.iter().filter(|told| !told.expected.allows(&told.outcome));
    wrong.map(|told| Fault(Law::Answered, format!("{} of {:?}: {:?}", told.id, told.change, told.outcome))).collect()
}

/// What a service's journal must hold of what was told.
pub fn history(history: &[&Told], dump: &Dump) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut by_request: HashMap<Uuid, Vec<&Entry>> = HashMap::with_capacity(dump.entries.len());
    for entry in &dump.entries {
        if let Some(id) = entry.request_id {
            by_request.entry(id).or_default().push(entry);
        }
    }
    let mine: Vec<_> = history.iter().filter(|told| told.change.service() == dump.service).collect();
    for told in &mine {
        let there = by_request.get(&told.id).map_or(&[][..], Vec::as_slice);
        let what = || format!("{} ({}): {:?}, {} entries", told.id, told.change.event(), told.outcome, there.len());
        match (told.must_be_there(), there) {
            (Some(true), []) => faults.push(Fault(Law::Kept, what())),
            (Some(false), [_, ..]) => faults.push(Fault(Law::NoGhost, what())),
            (_, [_, _, ..]) => faults.push(Fault(Law::Once, what())),
            (_, [entry]) => faults.extend(same(told, entry)),
            (_, []) => {}
        }
    }
    // Everything of a case or a publication was asked for by a client; what sets up the centre is of neither.
    let told: BTreeSet<Uuid> = mine.iter().map(|told| told.id).collect();
    let of_clients = |entry: &&Entry| ["cases/", "publications/"].iter().any(|of| entry.noun.starts_with(of));
    for entry in
        dump.entries.iter().filter(of_clients).filter(|entry| entry.request_id.is_some_and(|id| !told.contains(&id)))
    {
        faults.push(Fault(
            Law::NoGhost,
            format!("nobody asked for {} of {} (seq {})", entry.event, entry.noun, entry.seq),
        ));
    }
    faults.extend(order(&mine, &by_request));
    faults
}

/// The entry says what the answer said.
fn same(told: &Told, entry: &Entry) -> Option<Fault> {
    let noun = format!("divisions/{}/{}", entry.division, entry.noun);
    let state = match told.expected {
        Expected::Done(state) | Expected::Either(state, _) => state,
        Expected::Refused(_) => return Some(Fault(Law::NoGhost, format!("{}: {:?}", told.id, told.change))),
    };
    let named = !matches!(&told.outcome, Outcome::Done(answer) if answer.noun != noun);
    let right = entry.event == told.change.event() && entry.division == told.division && named;
    let stated = match entry.noun.split('/').next() {
        Some("cases") => CaseFacts::decode(&*entry.payload).is_ok_and(|facts| facts.state == state),
        Some("publications") => PublicationFacts::decode(&*entry.payload)
            .is_ok_and(|facts| standing(facts.standing(), facts.draft()) == state),
        _ => true,
    };
    (!right || !stated).then(|| {
        let what =
            format!("{}: {:?} was answered {:?}, but is {} of {noun}", told.id, told.change, told.outcome, entry.event);
        Fault(Law::Stands, what)
    })
}

/// Along the journal, nobody who was answered stands behind one who asked later.
fn order(history: &[&&Told], by_request: &HashMap<Uuid, Vec<&Entry>>) -> Vec<Fault> {
    let mut lines: BTreeMap<&str, Vec<(i64, &Told)>> = BTreeMap::new();
    for told in history {
        if let Some([entry]) = by_request.get(&told.id).map(Vec::as_slice) {
            lines.entry(&told.division).or_default().push((entry.seq, told));
        }
    }
    let mut faults = Vec::new();
    for line in lines.values_mut() {
        line.sort_unstable_by_key(|(seq, _)| *seq);
        let mut latest: Option<(Instant, i64)> = None;
        for (seq, told) in line {
            if let Some((called, before)) = latest
                && told.returned < called
            {
                let what = format!("seq {before} was asked for after seq {seq} had been answered ({})", told.id);
                faults.push(Fault(Law::InOrder, what));
            }
            latest = latest.max(Some((told.called, *seq)));
        }
    }
    faults
}

/// A journal in itself: gapless, sealed, headed.
pub fn journal(dump: &Dump) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut last: BTreeMap<&str, i64> = BTreeMap::new();
    for entry in &dump.entries {
        let before = last.insert(&entry.division, entry.seq).unwrap_or(0);
        if entry.seq != before + 1 {
            faults.push(Fault(
                Law::Gapless,
                format!("{} {}: {} after {before}", dump.service, entry.division, entry.seq),
            ));
        }
        if entry.leaf_hash != leaf_hash(dump.service, entry) {
            faults.push(Fault(Law::Sealed, format!("{} {}: leaf {}", dump.service, entry.division, entry.seq)));
        }
    }
    for ((division, size), root) in &dump.tree_heads {
        // What was signed before a kill is still the beginning of what is there.
        let of = dump.entries.iter().filter(|entry| entry.division == *division && entry.seq <= *size);
        let leaves: Vec<_> = of.map(|entry| entry.leaf_hash.as_slice()).collect();
        if leaves.len() as i64 != *size || tree_hash(&leaves) != *root {
            faults.push(Fault(Law::Sealed, format!("{} {division}: the head of {size}", dump.service)));
        }
    }
    let heads: BTreeMap<&str, i64> = dump.heads.iter().map(|(division, seq)| (division.as_str(), *seq)).collect();
    // A division whose every change was refused has a head at 0.
    let heads_that_moved: BTreeMap<&str, i64> = heads.into_iter().filter(|(_, seq)| *seq != 0).collect();
    if heads_that_moved != last {
        faults.push(Fault(
            Law::Gapless,
            format!("{}: heads {heads_that_moved:?}, journals end at {last:?}", dump.service),
        ));
    }
    faults
}

fn leaf_hash(service: &str, entry: &Entry) -> Vec<u8> {
    let leaf = Leaf {
        service: service.to_owned(),
        division: entry.division.clone(),
        seq: entry.seq,
        occurred_at_micros: entry.occurred_at,
        actor: entry.actor.clone(),
        noun: entry.noun.clone(),
        event: entry.event.clone(),
        payload: entry.payload.clone(),
        request_hash: entry.request_id.map(|id| request(id, &entry.request_hash)).unwrap_or_default(),
    };
    Sha256::new().chain_update([0]).chain_update(leaf.encode_to_vec()).finalize().to_vec()
}

/// The root over these leaf hashes, of which there is one at least, as RFC 6962 defines it (2.1).
fn tree_hash(leaves: &[&[u8]]) -> Vec<u8> {
    if let [leaf] = leaves {
        return leaf.to_vec();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    Sha256::new().chain_update([1]).chain_update(tree_hash(left)).chain_update(tree_hash(right)).finalize().to_vec()
}

/// What the leaf says of a request: id and digest, each behind its length.
fn request(id: Uuid, hash: &[u8]) -> Vec<u8> {
    let length = |part: &[u8]| (part.len() as u64).to_be_bytes();
    let (id, hash) = ([&length(id.as_bytes())[..], id.as_bytes()].concat(), [&length(hash)[..], hash].concat());
    Sha256::new().chain_update(id).chain_update(hash).finalize().to_vec()
}

/// Cases against their journal and their numbers.
pub fn cases(dump: &Dump) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut told: BTreeMap<(String, String), (i16, u32)> = BTreeMap::new();
    for entry in &dump.entries {
        let Some(number) = entry.noun.strip_prefix("cases/") else { continue };
        let Ok(facts) = CaseFacts::decode(&*entry.payload) else {
            faults.push(Fault(Law::Stands, format!("{} seq {}: no facts", entry.division, entry.seq)));
            continue;
        };
        let (state, receipts) = told.entry((entry.division.clone(), number.to_owned())).or_default();
        *state = i16::try_from(facts.state).unwrap_or_default();
        *receipts += u32::from(["case.received", "case.granted_at_once"].contains(&entry.event.as_str()));
        if facts.number != number {
            faults.push(Fault(Law::Stands, format!("{number}: its facts are of {}", facts.number)));
        }
    }
    for ((division, number), (state, receipts)) in &told {
        if *receipts != 1 {
            faults.push(Fault(Law::Numbered, format!("{number} was given out {receipts} times")));
        }
        let row = dump.cases.get(&(division.clone(), number.clone()));
        if row != Some(state) {
            faults.push(Fault(Law::Stands, format!("{number}: state {state} by its journal, {row:?} in its row")));
        }
    }
    for key in dump.cases.keys().filter(|key| !told.contains_key(key)) {
        faults.push(Fault(Law::NoGhost, format!("{}: a case that no entry tells of", key.1)));
    }
    faults.extend(numbers(dump));
    faults
}

/// Publications against their journal, their rows and their numbers.
pub fn publications(dump: &Dump) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut last: BTreeMap<(String, String), PublicationFacts> = BTreeMap::new();
    for entry in &dump.entries {
        let Some(id) = entry.noun.strip_prefix("publications/") else { continue };
        match PublicationFacts::decode(&*entry.payload) {
            Ok(facts) if facts.id == id => drop(last.insert((entry.division.clone(), id.to_owned()), facts)),
            _ => faults.push(Fault(Law::Stands, format!("{} seq {}: not its facts", entry.division, entry.seq))),
        }
    }
    let mut scopes: BTreeMap<(String, String), Vec<i64>> = BTreeMap::new();
    for ((division, id), facts) in &last {
        let row = dump.publications.get(&(division.clone(), id.clone()));
        let is_open = facts.draft != 0;
        let told = (is_open, facts.edition);
        if row != Some(&told) {
            faults.push(Fault(Law::Stands, format!("{id}: {told:?} by its journal, {row:?} in its row")));
        }
        let shown = dump.shown.get(&(division.clone(), id.clone())).copied().unwrap_or_default();
        if shown != (facts.standing() == proto::disclosure::v1::Standing::Public) {
            faults.push(Fault(Law::Stands, format!("{id}: {:?}, and in the lists: {shown}", facts.standing())));
        }
        let (scope, number) = id.rsplit_once('-').unwrap_or_default();
        scopes.entry((division.clone(), scope.to_owned())).or_default().push(number.parse().unwrap_or(-1));
    }
    for key in dump.publications.keys().filter(|key| !last.contains_key(key)) {
        faults.push(Fault(Law::NoGhost, format!("{}: a publication that no entry tells of", key.1)));
    }
    for (scope, mut counts) in scopes {
        counts.sort_unstable();
        if !counts.iter().copied().eq(1..=counts.len() as i64) {
            faults.push(Fault(Law::Numbered, format!("{scope:?}: publications are numbered {counts:?}")));
        }
    }
    faults
}

/// {division}-{unit}-{YYYYMMDD}-{six digits}-{check}
fn numbers(dump: &Dump) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut scopes: BTreeMap<(String, String), Vec<i64>> = BTreeMap::new();
    for (division, number) in dump.cases.keys() {
        let parts: Vec<&str> = number.split('-').collect();
        let &[of, unit, day, count, check] = &parts[..] else {
            faults.push(Fault(Law::Numbered, format!("{number} has no such form")));
            continue;
        };
        let digits = [of, unit, day, count].concat();
        let formed = of == division && unit.len() == 3 && day.len() == 8 && count.len() == 6;
        if !formed || check_character(&digits) != check.chars().next() || check.len() != 1 {
            faults.push(Fault(Law::Numbered, format!("{number} is malformed, or its check character wrong")));
        }
        scopes.entry((division.clone(), format!("{unit}-{day}"))).or_default().push(count.parse().unwrap_or(-1));
    }
    for (scope, mut counts) in scopes {
        counts.sort_unstable();
        let last = counts.len() as i64;
        if !counts.iter().copied().eq(1..=last) {
            faults.push(Fault(Law::Numbered, format!("{scope:?}: {last} cases, numbered {counts:?}")));
        }
        if dump.counters.get(&scope) != Some(&last) {
            let counter = dump.counters.get(&scope);
            faults.push(Fault(Law::Numbered, format!("{scope:?}: {last} cases, the counter says {counter:?}")));
        }
    }
    faults
}

/// ISO 7064 MOD 11-2, the other way round than the service counts it: the weights are powers of two from the right.
fn check_character(digits: &str) -> Option<char> {
    let mut sum = 0;
    for (i, digit) in digits.chars().rev().enumerate() {
        sum += digit.to_digit(10)? * (1 << ((i + 1) % 10)) % 11;
    }
    "0123456789X".chars().nth(((12 - sum % 11) % 11) as usize)
}

/// Every follower has come to the head of what it follows, and not beyond.
pub fn positions([directory, intake, disclosure, gateway]: &[Dump; 4]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let follows = [
        (intake, directory),
        (disclosure, directory),
        (disclosure, intake),
        (gateway, directory),
        (gateway, intake),
        (gateway, disclosure),
    ];
    for (follower, source) in follows {
        for (division, head) in source.heads.iter().filter(|(_, head)| **head != 0) {
            let at = follower.positions.get(&(source.service.to_owned(), division.clone()));
            if at != Some(head) {
                let (by, of) = (follower.service, source.service);
                faults
                    .push(Fault(Law::Followed, format!("{by} is at {at:?} of {of} {division}, whose head is {head}")));
            }
        }
    }
    faults
}
