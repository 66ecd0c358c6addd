//! Signed heads, and by whose keys.

use std::collections::{BTreeMap, BTreeSet};

use proto::journal::v1::{LogPosition, Manifest, TreeHead};
use tlog::{
    Hash,
    checkpoint::Checkpoint,
    note::{Note, Verifier},
};

use crate::wrong::Wrong;

/// Whose signatures count. What is not given by hand is taken from the bundle, which then proves only that it agrees with
/// itself.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Of logs, by their names: any of a log's keys may have signed a head, since it may have changed them.
    pub keys: Vec<Verifier>,
    pub witnesses: Vec<Verifier>,
    /// How many witnesses must have cosigned; without a number all that were given by hand.
    pub quorum: Option<usize>,
}

impl Trust {
    /// Completed by what a bundle says of itself.
    pub fn of(&self, manifest: &Manifest) -> Result<Trust, Wrong> {
        let or = |given: &[Verifier], told: &[String]| {
            let told = told.iter().map(|key| key.parse().map_err(|error| no_key(key, error)));
            if given.is_empty() { told.collect::<Result<Vec<Verifier>, _>>() } else { Ok(given.to_vec()) }
        };
        Ok(Trust {
            keys: or(&self.keys, &manifest.verifier_keys)?,
            witnesses: or(&self.witnesses, &manifest.witness_keys)?,
            quorum: Some(self.needed()),
        })
    }

    /// So many witnesses must have cosigned.
    pub fn needed(&self) -> usize {
        self.quorum.unwrap_or_else(|| distinct(self.witnesses.iter()).len())
    }

    /// A number of witnesses is asked for and none is named: those that a file names of itself would count, which whoever made
    /// the file may have made, too.
    pub fn is_hollow(&self) -> bool {
        self.witnesses.is_empty() && self.quorum.is_some_and(|quorum| quorum > 0)
    }

    /// The keys of a log by which signatures can be verified here; there is one at least.
    pub fn keys(&self, origin: &str) -> Result<Vec<&Verifier>, Wrong> {
        let keys: Vec<_> = self.keys.iter().filter(|key| key.name() == origin && key.verifies_here()).collect();
        let none = || Wrong::new(format!("没有日志 {origin} 的公钥"), format!("there is no key of the log {origin}"));
        if keys.is_empty() { Err(none()) } else { Ok(keys) }
    }

    /// The checkpoint of a note that one of a log's keys has signed, and who cosigned it.
    pub fn open(&self, note: &str, origin: &str) -> Result<Opened<'_>, Wrong> {
        let note = Note::parse(note).map_err(|error| Wrong::new(format!("树头无法解读：{error}"), error))?;
        let keys = self.keys(origin)?;
        let is_named = |key: &&&Verifier| note.signatures.iter().any(|line| key.is_named_by(line));
        let named: Vec<_> = keys.iter().filter(is_named).copied().collect();
        // One line that is false spoils the note, also where another key has signed it.
        let wrong = named.iter().find(|key| key.verifies(&note).is_none()).copied();
        let key = wrong.or(named.first().copied()).unwrap_or(keys[0]);
        let checkpoint = Checkpoint::open(&note, key)
            .map_err(|error| Wrong::new(format!("树头签名不符：{error}"), format!("the head's signature: {error}")))?;
        let mut cosigned = Vec::new();
        for witness in &self.witnesses {
            match witness.verifies(&note) {
                // A log's key states no time, and is no witness.
                Some(signed) => cosigned.extend(signed.time.map(|_| witness)),
                None if note.signatures.iter().any(|line| witness.is_named_by(line)) => {
                    let name = witness.name();
                    let en = format!("the cosignature of {name} is false");
                    return Err(Wrong::new(format!("见证人 {name} 的签名是假的"), en));
                }
                None => {}
            }
        }
        Ok(Opened { checkpoint, key, cosigned: distinct(cosigned.into_iter()) })
    }
}

/// A note that was verified.
pub struct Opened<'a> {
    pub checkpoint: Checkpoint,
    /// The log's, by which it was signed.
    pub key: &'a Verifier,
    /// The witnesses who cosigned it, each but once.
    pub cosigned: Vec<&'a Verifier>,
}

/// Without those whose key has come under another name: what a witness signs does not say its name, so that one could
/// count for many.
fn distinct<'a>(witnesses: impl Iterator<Item = &'a Verifier>) -> Vec<&'a Verifier> {
    let mut known = BTreeSet::new();
    witnesses.filter(|witness| known.insert(witness.bytes())).collect()
}

/// All that is signed of one log.
#[derive(Default)]
pub struct Heads {
    /// By size.
    pub roots: BTreeMap<u64, Hash>,
    /// When the log's own heads were signed, by size.
    pub times: Vec<(u64, i64)>,
    /// The size that enough witnesses have cosigned.
    pub cosigned: u64,
    /// By which keys of the log.
    pub keys: Vec<Verifier>,
    /// Of each witness, the largest size that it cosigned.
    pub witnesses: BTreeMap<String, u64>,
}

impl Heads {
    /// One of the log's heads, which come by size.
    pub fn head(&mut self, trust: &Trust, origin: &str, head: &TreeHead) -> Result<(), Wrong> {
        let Opened { checkpoint, key, .. } = self.signed(trust, origin, &head.note)?;
        let signed_at = checkpoint.signed_at();
        let told = head.signed_at.as_ref().and_then(|at| micros(at.seconds, at.nanos));
        let is_same = head.origin == origin
            && u64::try_from(head.size) == Ok(checkpoint.size)
            && head.root_hash == checkpoint.root
            && told == signed_at
            && head.verifier_key == key.to_string();
        if !is_same {
            return Err(Wrong::new("树头与其签名的内容不一致", "the head says something else than what was signed"));
        }
        if self.times.last().is_some_and(|(size, _)| *size >= checkpoint.size) {
            return Err(Wrong::new("树头没有按大小排列", "the heads are not ordered by size"));
        }
        self.times.push((checkpoint.size, signed_at.unwrap_or_default()));
        Ok(())
    }

    /// The head that covers a figure's position.
    pub fn covering(&mut self, trust: &Trust, origin: &str, position: &LogPosition) -> Result<(), Wrong> {
        let Opened { checkpoint, cosigned, .. } = self.signed(trust, origin, &position.checkpoint)?;
        let (cosigned, of) = (cosigned.len(), trust.needed());
        if !u64::try_from(position.seq).is_ok_and(|seq| seq <= checkpoint.size) {
            return Err(Wrong::new("树头不覆盖指标的位置", "the head does not cover the figure's position"));
        }
        if cosigned < of {
            let zh = format!("见证签名不足：有 {cosigned} 个，要求 {of} 个");
            return Err(Wrong::new(zh, format!("{cosigned} cosignatures where {of} are needed")));
        }
        Ok(())
    }

    /// Notes what a checkpoint says.
    fn signed<'a>(&mut self, trust: &'a Trust, origin: &str, note: &str) -> Result<Opened<'a>, Wrong> {
        let opened = trust.open(note, origin)?;
        let Opened { checkpoint, key, cosigned } = &opened;
        let size = checkpoint.size;
        if *self.roots.entry(size).or_insert(checkpoint.root) != checkpoint.root {
            let zh = format!("日志分叉：对同样的 {size} 条签了两个不同的根");
            return Err(Wrong::new(zh, format!("the log is forked: two roots were signed for {size} entries")));
        }
        if !self.keys.contains(key) {
            self.keys.push((*key).clone());
        }
        for witness in cosigned {
            let largest = self.witnesses.entry(witness.name().to_owned()).or_default();
            *largest = size.max(*largest);
        }
        if cosigned.len() >= trust.needed() {
            self.cosigned = self.cosigned.max(size);
        }
        Ok(opened)
    }

    /// The most entries that are covered.
    pub fn size(&self) -> u64 {
        self.roots.last_key_value().map_or(0, |(size, _)| *size)
    }
}

/// `yizhan/{division}/{service}`
pub fn origin(division: &str, service: &str) -> String {
    format!("yizhan/{division}/{service}")
}

fn micros(seconds: i64, nanos: i32) -> Option<i64> {
    // What is finer is signed by nobody.
    (nanos % 1_000 == 0).then(|| seconds.checked_mul(1_000_000)?.checked_add(i64::from(nanos) / 1_000))?
}

pub fn no_key(key: &str, error: impl std::fmt::Display) -> Wrong {
    Wrong::new(format!("公钥 {key:?} 有误"), format!("{key:?} is no key: {error}"))
}
