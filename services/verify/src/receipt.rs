//! What an applicant has taken home: a proof as a text file, or the line under the square code.

use std::io::BufRead;

use prost::Message;
use proto::{
    intake::v1::CaseFacts,
    journal::v1::{Leaf, bundle_part::Part},
};
use tlog::{Hash, leaf_hash, proof::Proof, text, tree::verify_inclusion};

use crate::{
    bundle::{Reader, Unreadable},
    heads::{Opened, Trust, origin},
    wrong::Wrong,
};

/// What every proof begins with.
const PROOF: &str = "c2sp.org/tlog-proof@v1\n";
/// `yizhan:1:{number}:{seq}:{leaf hash, base64url without padding}`
const LINE: &str = "yizhan:1:";

pub enum Receipt {
    /// With everything: the entry, the way to the root, the signed head.
    Proof(Box<Proof>),
    /// Says which entry it was, to be looked up in a bundle.
    Line { number: String, seq: i64, hash: Hash },
}

/// What a receipt shows of its case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    pub division: String,
    pub service: String,
    pub seq: i64,
    pub noun: String,
    /// Of the case, and of what it is about.
    pub number: String,
    pub item: String,
    pub unit: String,
    /// Microseconds since 1970: as stated, and as written down.
    pub received_at: i64,
    pub occurred_at: i64,
    pub is_late: bool,
    /// When the head was signed that covers it.
    pub signed_at: Option<i64>,
    /// By whose key, as name+hash+base64; and the witnesses who cosigned.
    pub key: String,
    pub witnesses: Vec<String>,
}

impl Receipt {
    /// Whether a file begins like a receipt.
    pub fn is_one(bytes: &[u8]) -> bool {
        [PROOF, LINE].iter().any(|start| bytes.starts_with(start.as_bytes()))
    }

    pub fn read(receipt: &str) -> Result<Receipt, Wrong> {
        if receipt.starts_with(PROOF) {
            let proof = Proof::parse(receipt).map_err(|error| Wrong::new(format!("回执无法解读：{error}"), error))?;
            return Ok(Receipt::Proof(Box::new(proof)));
        }
        line(receipt.trim_end()).ok_or_else(|| Wrong::new("不是回执", "this is no receipt"))
    }

    /// Checks it without the system: the signature of the head, the way there, and that the entry is what was hashed.
    pub fn check(&self, trust: &Trust) -> Result<Shown, Wrong> {
        let Receipt::Proof(proof) = self else {
            let zh = "此回执没有证明，须用 --bundle 指定数据包查对";
            return Err(Wrong::new(zh, "this receipt has no proof: look it up in a bundle with --bundle"));
        };
        let shown = shown(&proof.extra)?;
        let origin = origin(&shown.division, &shown.service);
        if shown.seq.checked_sub(1).and_then(|index| u64::try_from(index).ok()) != Some(proof.index) {
            return Err(Wrong::new("证明的不是此条", "the proof is of another entry"));
        }
        let Opened { checkpoint, key, cosigned } = trust.open(&proof.checkpoint.to_string(), &origin)?;
        let leaf = leaf_hash(&proof.extra);
        if !verify_inclusion(&leaf, proof.index, checkpoint.size, &proof.hashes, &checkpoint.root) {
            let en = "not proved: the hashes do not lead from the entry to the signed root";
            return Err(Wrong::new("证明不成立：由此条推不出已签署的树根", en));
        }
        let (n, needed) = (cosigned.len(), trust.needed());
        if n < needed {
            let zh = format!("见证签名不足：有 {n} 个，要求 {needed} 个");
            return Err(Wrong::new(zh, format!("{n} cosignatures where {needed} are needed")));
        }
        let witnesses = cosigned.into_iter().map(|witness| witness.name().to_owned()).collect();
        Ok(Shown { signed_at: checkpoint.signed_at(), key: key.to_string(), witnesses, ..shown })
    }

    /// Finds its entry in a bundle, which is to be checked for itself.
    pub fn find(&self, bundle: impl BufRead) -> Result<Result<Shown, Wrong>, Unreadable> {
        let (service, seq, hash, number) = match self {
            Receipt::Line { number, seq, hash } => ("intake".to_owned(), *seq, *hash, Some(number)),
            Receipt::Proof(proof) => match shown(&proof.extra) {
                Ok(shown) => (shown.service, shown.seq, leaf_hash(&proof.extra), None),
                Err(wrong) => return Ok(Err(wrong)),
            },
        };
        let mut reader = Reader::new(bundle);
        while let Some(part) = reader.next()? {
            let Part::Entry(entry) = part else { continue };
            if entry.service != service || entry.seq != seq {
                continue;
            }
            let bytes = entry.encode_to_vec();
            let shown = shown(&bytes);
            let is_same = leaf_hash(&bytes) == hash
                && number.is_none_or(|number| shown.as_ref().is_ok_and(|shown| shown.number == *number));
            let other = || Wrong::new("数据包中的这一条与回执不符", "the entry in the bundle is not the receipt's");
            return Ok(if is_same { shown } else { Err(other()) });
        }
        Ok(Err(Wrong::new("数据包中没有回执所说的这一条", "the receipt's entry is not in the bundle")))
    }
}

/// What an entry says, which must be in the one form of its kind.
fn shown(bytes: &[u8]) -> Result<Shown, Wrong> {
    let no_entry = || Wrong::new("回执中没有日志条目", "there is no entry in the receipt");
    let leaf = Leaf::decode(bytes).ok().filter(|leaf| leaf.encode_to_vec() == bytes).ok_or_else(no_entry)?;
    let case = if leaf.service == "intake" && leaf.event.starts_with("case.") {
        CaseFacts::decode(&*leaf.payload).map_err(|_| no_entry())?
    } else {
        CaseFacts::default()
    };
    Ok(Shown {
        division: leaf.division,
        service: leaf.service,
        seq: leaf.seq,
        noun: leaf.noun,
        occurred_at: leaf.occurred_at_micros,
        number: case.number,
        item: case.item,
        unit: case.unit,
        received_at: case.received_at,
        is_late: case.late_entry,
        ..Shown::default()
    })
}

fn line(receipt: &str) -> Option<Receipt> {
    let mut parts = receipt.strip_prefix(LINE)?.split(':');
    let (number, seq, hash) = (parts.next()?, parts.next()?, parts.next()?);
    // base64url only, or a line had two forms.
    if parts.next().is_some() || number.is_empty() || hash.contains(['+', '/', '=']) {
        return None;
    }
    let hash = text::hash(&(hash.replace('-', "+").replace('_', "/") + "=")).ok()?;
    let seq = i64::try_from(text::number(seq).ok()?).ok()?;
    Some(Receipt::Line { number: number.to_owned(), seq, hash })
}
