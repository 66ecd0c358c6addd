//! The receipt of a case: what the journal says of its reception, without personal data, and the proof that it stands there.

use kit::{
    refusal::{Kind, Refusal},
    store::journal::{entries, leaf},
};
use prost::Message;
use proto::journal::v1::{Receipt, TreeHead};
use tlog::{Hash, note::Note, proof::Proof};

use super::item::unreadable;
use crate::{domain::case::Case, office::Office};

/// None where the case was received before its entry was kept.
pub async fn of(office: &Office, case: &Case) -> Result<Option<Receipt>, Refusal> {
    let (store, division, seq) = (&office.store, case.division, case.entry);
    if seq == 0 {
        return Ok(None);
    }
    let found = entries(store.read(), division.as_str(), seq - 1, 1).await.map_err(unreadable)?;
    let Some(entry) = found.into_iter().find(|entry| entry.seq == seq) else { return Err(corrupt(case)) };
    let leaf = leaf(store.service, &entry).encode_to_vec();
    let hash = tlog::leaf_hash(&leaf);
    // What is not as it was written is no receipt of it.
    if entry.leaf_hash != hash {
        return Err(corrupt(case));
    }
    let mut receipt = Receipt {
        origin: format!("yizhan/{division}/{}", store.service),
        seq,
        leaf_hash: hash.to_vec(),
        leaf,
        ..Receipt::default()
    };
    if let Some((kept, path, head)) = office.log.inclusion(division, seq).await? {
        if kept != hash {
            return Err(corrupt(case));
        }
        receipt.text = text(&receipt, &path, &head)?;
        receipt.hashes = path.iter().map(|hash| hash.to_vec()).collect();
        receipt.head = Some(head);
    }
    Ok(Some(receipt))
}

/// All of it as a file that is checked without the centre (c2sp.org/tlog-proof).
fn text(receipt: &Receipt, path: &[Hash], head: &TreeHead) -> Result<String, Refusal> {
    let checkpoint = Note::parse(&head.note).map_err(Refusal::internal)?;
    let index = receipt.seq.unsigned_abs() - 1;
    Ok(Proof { extra: receipt.leaf.clone(), index, hashes: path.to_vec(), checkpoint }.to_string())
}

pub fn missing() -> Refusal {
    let (zh, en) = ("该办件收件时尚未留存回执信息", "the case was received before receipts were kept");
    Refusal::state("RECEIPT_NOT_KEPT", zh, en)
}

fn corrupt(case: &Case) -> Refusal {
    let (number, seq) = (&case.number, case.entry);
    tracing::error!(%number, seq, "the journal's entry of a reception is not what was written");
    let (zh, en) = ("登记日志与写入时不符，无法出具回执", "the journal is not what was written: there is no receipt");
    Refusal::new(Kind::DataLoss, "LOG_CORRUPT", zh, en)
}
