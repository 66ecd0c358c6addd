//! One log on the second pass: its tree grown entry by entry, held against what was signed.

use std::collections::VecDeque;

use prost::Message;
use proto::{
    intake::v1::CaseFacts,
    journal::v1::{FigureStatement, Leaf, LeafHashes},
};
use tlog::{Hash, leaf_hash, tree::Edge};

use crate::{
    check::Stop,
    facts::Facts,
    heads::Heads,
    recount::Question,
    report::{Finding, MOST_LISTED, Report, Untimely},
    wrong::Wrong,
};

/// A time within this of the heads around it is nothing to tell of.
const SLACK: i64 = 5 * 60 * 1_000_000;

pub struct Growing {
    pub service: String,
    division: String,
    heads: Heads,
    edge: Edge,
    facts: Facts,
    /// By position; those before `answered` have theirs.
    questions: Vec<(usize, Question)>,
    answered: usize,
    counts: Vec<(usize, FigureStatement)>,
    /// Leaf hashes that were kept, of the entries that come next.
    kept: VecDeque<Hash>,
    /// Since a kept hash is not that of its entry: the tree of the kept ones, and the first such entry.
    other: Option<(Edge, u64, String)>,
    /// The last size at which the root was as signed; and what the entry after it is about.
    good: u64,
    after_good: String,
    /// What the entry before says, unless that is still to come.
    newest: i64,
    /// Of `heads.times`: the first that covers the next entry.
    head: usize,
}

/// What a whole log says.
pub struct Grown {
    pub facts: Facts,
    /// Answers to the figures asked for.
    pub counts: Vec<(usize, FigureStatement)>,
    /// When its newest head was signed, microseconds since 1970.
    pub as_of: i64,
}

impl Growing {
    pub fn new(service: &str, division: &str, heads: Heads, questions: &[(usize, Question)]) -> Growing {
        let of = |(_, question): &&(usize, Question)| question.definition.service == service;
        let mut questions: Vec<_> = questions.iter().filter(of).cloned().collect();
        questions.sort_by_key(|(_, question)| question.position);
        let mut growing = Growing {
            service: service.to_owned(),
            division: division.to_owned(),
            heads,
            edge: Edge::new(),
            facts: Facts::default(),
            questions,
            answered: 0,
            counts: Vec::new(),
            kept: VecDeque::new(),
            other: None,
            good: 0,
            after_good: String::new(),
            newest: i64::MIN,
            head: 0,
        };
        growing.answer();
        growing
    }

    /// The entry that comes next.
    pub fn next(&self) -> u64 {
        self.edge.size() + 1
    }

    /// Hashes of what comes next.
    pub fn hashes(&mut self, hashes: LeafHashes) -> Result<(), Stop> {
        if u64::try_from(hashes.first_seq) != Ok(self.next()) || !self.kept.is_empty() {
            let wrong = Wrong::new("叶哈希与条目不对应", "the leaf hashes are not those of the entries after them");
            return Err(self.found(self.next(), "", wrong));
        }
        let (hashes, _) = hashes.hashes.as_chunks::<32>();
        self.kept = hashes.iter().copied().collect();
        Ok(())
    }

    pub fn entry(&mut self, entry: &Leaf, report: &mut Report) -> Result<(), Stop> {
        let seq = self.next();
        if u64::try_from(entry.seq) != Ok(seq) {
            let told = entry.seq;
            let wrong = if told > entry_number(seq) {
                Wrong::new(format!("缺失：其后是第 {told} 条"), format!("missing: entry {told} follows"))
            } else {
                Wrong::new(format!("此处多出第 {told} 条"), format!("entry {told} is here instead, once too often"))
            };
            return Err(self.first(seq, &entry.noun, wrong));
        }
        if entry.division != self.division {
            let wrong = Wrong::new("属于另一个区划", "of another division");
            return Err(self.first(seq, &entry.noun, wrong));
        }
        self.leaf(entry);
        if self.good + 1 == seq {
            self.after_good.clone_from(&entry.noun);
        }
        self.times(entry, seq, report);
        let told = reception(entry).and_then(|()| self.facts.push(&self.service, &entry.event, &entry.payload));
        told.map_err(|wrong| self.first(seq, &entry.noun, wrong))?;
        self.root(seq)?;
        self.answer();
        Ok(())
    }

    /// The log has come to its end.
    pub fn finish(self) -> Result<Grown, Stop> {
        let (size, covered) = (self.edge.size(), self.heads.size());
        if covered > size {
            let wrong = Wrong::new(
                format!("缺失：签名的树头覆盖 {covered} 条，文件中只有 {size} 条"),
                format!("missing: a signed head covers {covered} entries, in the file are {size}"),
            );
            return Err(self.found(size + 1, "", wrong));
        }
        if covered < size {
            let wrong = Wrong::new("没有签名的树头覆盖此条", "no signed head covers this entry");
            return Err(self.found(covered + 1, &self.after_good, wrong));
        }
        if let Some((_, question)) = self.questions.get(self.answered) {
            let position = question.position;
            let wrong = Wrong::new(
                format!("缺失：指标统计到第 {position} 条"),
                format!("missing: a figure counts up to entry {position}"),
            );
            return Err(self.found(size + 1, "", wrong));
        }
        let as_of = self.heads.times.last().map_or(self.newest, |(_, at)| *at);
        Ok(Grown { facts: self.facts, counts: self.counts, as_of })
    }

    /// Grows the tree.
    fn leaf(&mut self, entry: &Leaf) {
        let (hash, seq) = (leaf_hash(&entry.encode_to_vec()), self.next());
        let kept = self.kept.pop_front().unwrap_or(hash);
        if self.other.is_none() && kept != hash {
            self.other = Some((self.edge.clone(), seq, entry.noun.clone()));
        }
        if let Some((other, ..)) = &mut self.other {
            other.push(kept);
        }
        self.edge.push(hash);
    }

    /// Compares the root, where one was signed for this size.
    fn root(&mut self, seq: u64) -> Result<(), Stop> {
        let Some(signed) = self.heads.roots.get(&seq) else { return Ok(()) };
        match &self.other {
            None if self.edge.root() == *signed => {
                self.good = seq;
                Ok(())
            }
            Some((_, first, noun)) if self.edge.root() == *signed => {
                let wrong = Wrong::new(
                    "条目与签名一致，但所存的叶哈希被改动",
                    "the entry is what was signed, but the leaf hash that was kept of it is not",
                );
                Err(self.found(*first, noun, wrong))
            }
            Some((other, first, noun)) if other.root() == *signed => Err(self.changed(*first, noun)),
            _ => {
                let (from, to) = (self.good + 1, seq);
                let wrong = Wrong::new(
                    format!("第 {from} 至 {to} 条中有条目与签名的树头不符"),
                    format!("of entries {from} to {to} one at least is not what was signed"),
                );
                Err(self.found(from, &self.after_good, wrong))
            }
        }
    }

    fn changed(&self, seq: u64, noun: &str) -> Stop {
        self.found(seq, noun, Wrong::new("内容与写入时不符", "it is not what was written and signed"))
    }

    /// Counts what is asked as of the last entry.
    fn answer(&mut self) {
        let read = entry_number(self.edge.size());
        while let Some((figure, question)) = self.questions.get(self.answered)
            && question.position <= read
        {
            self.counts.push((*figure, question.statement(&question.count(&self.facts))));
            self.answered += 1;
        }
    }

    /// Whether an entry says a time that lies between the heads around it, and not before what came before.
    fn times(&mut self, entry: &Leaf, seq: u64, report: &mut Report) {
        let (times, at) = (&self.heads.times, entry.occurred_at_micros);
        while times.get(self.head).is_some_and(|(size, _)| *size < seq) {
            self.head += 1;
        }
        let before = self.head.checked_sub(1).and_then(|head| times.get(head)).map_or(i64::MIN, |(_, at)| *at);
        let after = times.get(self.head).map_or(i64::MAX, |(_, at)| *at);
        let is_early = at < before.max(self.newest).saturating_sub(SLACK);
        let is_late = at > after.saturating_add(SLACK);
        if is_early || is_late {
            report.untimely_total += 1;
            if report.untimely.len() < MOST_LISTED {
                let (service, noun) = (self.service.clone(), entry.noun.clone());
                report.untimely.push(Untimely { service, seq, noun, occurred_at: at, is_backdated: is_early });
            }
        }
        if !is_late {
            self.newest = at;
        }
    }

    /// What is wrong before the next signed root; an earlier entry that is not as its kept hash says comes first.
    fn first(&self, seq: u64, noun: &str, wrong: Wrong) -> Stop {
        match &self.other {
            Some((_, first, noun)) if *first < seq => self.changed(*first, noun),
            _ => self.found(seq, noun, wrong),
        }
    }

    fn found(&self, seq: u64, noun: &str, wrong: Wrong) -> Stop {
        Finding::entry(&self.service, seq, noun, wrong).into()
    }
}

/// A size as the number of the last entry.
fn entry_number(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// What is entered late says so.
fn reception(entry: &Leaf) -> Result<(), Wrong> {
    if entry.service != "intake" || entry.event != "case.received" {
        return Ok(());
    }
    let Ok(case) = CaseFacts::decode(&*entry.payload) else { return Ok(()) };
    let is_late = case.received_at != 0 && entry.occurred_at_micros.saturating_sub(case.received_at) > SLACK;
    if is_late && !case.late_entry {
        return Err(Wrong::new("补录的办件没有注明", "entered late, and does not say so"));
    }
    Ok(())
}
