//! The third count, as simple as can be and as slow: for each number the last entry about it, then a condition per definition.

use std::collections::BTreeMap;

use prost::Message;
use proto::{
    disclosure::v1::PublicationFacts,
    intake::v1::{CaseFacts, CaseState, Handling},
    journal::v1::{FigureStatement, Leaf},
    roster::v1::{Duty, DutyState},
};
use sha2::{Digest, Sha256};

/// Member of the denominator, counted in the numerator, entered late.
type Verdict = (bool, bool, bool);

/// The statement with its numbers.
pub fn count(entries: &[Leaf], asked: FigureStatement) -> FigureStatement {
    let day = |text: &str| verify::day::parse(text).expect("a day");
    let (first, last, as_of) = (day(&asked.first), day(&asked.last), day(&asked.as_of));
    let position = asked.positions[0].seq;
    let entries: Vec<&Leaf> = entries.iter().filter(|entry| entry.seq <= position).collect();
    let all: BTreeMap<String, (String, Verdict)> = match asked.positions[0].service.as_str() {
        "intake" => last_of(&entries, |facts: &CaseFacts| facts.number.clone())
            .into_iter()
            .map(|(number, facts)| (number, (facts.unit.clone(), case(&asked.definition, &facts, first, last, as_of))))
            .collect(),
        "roster" => last_of(&entries, |duty: &Duty| duty.name.rsplit('/').next().expect("an id").to_owned())
            .into_iter()
            .map(|(id, duty)| {
                let within = (first..=last).contains(&day(&duty.day));
                (id, (duty.unit.clone(), self::duty(&asked.definition, duty.state(), within)))
            })
            .collect(),
        _ => publications(&entries, &asked.definition, first, last, as_of),
    };
    let (mut numerator, mut denominator, mut late_entries, mut set) = (0, 0, 0, String::new());
    for (number, (unit, (is_member, counts, late))) in all {
        if is_member && (asked.unit.is_empty() || asked.unit == unit) {
            numerator += i64::from(counts);
            denominator += 1;
            late_entries += i64::from(late);
            set += &format!("{number} {}\n", u8::from(counts));
        }
    }
    let is_rate = asked.definition.contains("-rate");
    let stated = match (is_rate, denominator) {
        (false, _) => numerator.to_string(),
        (true, 0) => "—".to_owned(),
        (true, _) => {
            let points = numerator * 10_000 / denominator;
            format!("{}.{:02}%", points / 100, points % 100)
        }
    };
    let set_digest = Sha256::digest(set).to_vec();
    let denominator = if is_rate { denominator } else { 0 };
    FigureStatement { numerator, denominator, stated, set_digest, late_entries, ..asked }
}

fn last_of<M: Message + Default>(entries: &[&Leaf], number: impl Fn(&M) -> String) -> BTreeMap<String, M> {
    let all = entries.iter().map(|entry| M::decode(&*entry.payload).expect("facts"));
    all.map(|facts| (number(&facts), facts)).collect()
}

fn case(definition: &str, facts: &CaseFacts, first: i32, last: i32, as_of: i32) -> Verdict {
    let within = |day: i32| day > 0 && (first..=last).contains(&day);
    let (received, accepted) = (within(facts.received_on), within(facts.accepted_on));
    let settled_on = if facts.decided_on > 0 { facts.decided_on } else { facts.ended_on };
    let on_time = |due: i32| settled_on > 0 && (due == 0 || settled_on <= due);
    let overdue = |due: i32| settled_on == 0 && due > 0 && due < as_of;
    let rate = |due: i32| (accepted && (settled_on > 0 || overdue(due)), on_time(due));
    let of = |is: bool| (is, is);
    let at_the_door = |state: CaseState| of(received && facts.accepted_on == 0 && facts.state() == state);
    let (member, counts) = match definition {
        "received" => of(received),
        "accepted" => of(accepted),
        "completed" => of(accepted && facts.ended_on > 0),
        "completion-rate" => (accepted, facts.ended_on > 0),
        "on-time-rate-legal" => rate(facts.legal_due_on),
        "on-time-rate-promised" => rate(facts.promised_due_on),
        "open" => of(accepted && facts.ended_on == 0),
        "overdue-legal" => of(accepted && overdue(facts.legal_due_on)),
        "overdue-promised" => of(accepted && overdue(facts.promised_due_on)),
        "refused" => at_the_door(CaseState::Refused),
        "lapsed" => at_the_door(CaseState::Lapsed),
        "withdrawn" => of(received && facts.state() == CaseState::Withdrawn),
        "instant-rate" => (accepted, facts.handling() == Handling::Instant),
        "deemed-accepted" => of(accepted && facts.deemed_accepted),
        "late-entered" => of(received && facts.late_entry),
        "closed" => of(facts.accepted_on > 0 && within(facts.ended_on)),
        other => panic!("{other} is counted by nobody"),
    };
    (member, counts, facts.late_entry)
}

fn duty(definition: &str, state: DutyState, within: bool) -> Verdict {
    let required = within && [DutyState::Served, DutyState::Absent].contains(&state);
    match definition {
        "attendance-rate" => (required, state == DutyState::Served, false),
        "absent" => (within && state == DutyState::Absent, true, false),
        other => panic!("{other} is counted by nobody"),
    }
}

fn publications(
    entries: &[&Leaf],
    definition: &str,
    first: i32,
    last: i32,
    as_of: i32,
) -> BTreeMap<String, (String, Verdict)> {
    let mut all = BTreeMap::new();
    let facts = |entry: &Leaf| PublicationFacts::decode(&*entry.payload).expect("facts");
    for told in entries.iter().filter(|entry| entry.event == "publication.published").map(|entry| facts(entry)) {
        let within = (first..=last).contains(&told.published_on);
        let verdict = match definition {
            "published" => (within && told.edition == 1, true, false),
            "published-on-time-rate" => (within, told.on_time, false),
            _ => (within, told.score == 100, false),
        };
        all.insert(format!("{}/{}", told.id, told.edition), (told.unit.clone(), verdict));
    }
    for (id, told) in last_of(entries, |told: &PublicationFacts| told.id.clone()) {
        let due = told.draft_due_on;
        let waits = definition == "published-on-time-rate" && told.draft != 0 && due > 0 && due < as_of && due <= last;
        all.insert(format!("{id}/draft"), (told.unit.clone(), (waits, false, false)));
    }
    all
}
