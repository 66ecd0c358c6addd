//! Receipts as intake makes them: of an entry that no head covers yet, and of one that is proved.

use kit::testing::moment;
use prost::Message;
use proto::{
    intake::v1::CaseFacts,
    journal::v1::{Leaf, Receipt, TreeHead},
};
use tlog::{
    checkpoint::Checkpoint,
    note::{Ed25519, Note, Signer, Verifier},
    proof::Proof,
    tree,
};

const ORIGIN: &str = "yizhan/410223/intake";
/// Entries of the log, and the one that is meant.
const SIZE: u64 = 7;
const SEQ: i64 = 5;

fn key() -> Ed25519 {
    Ed25519::from_seed(ORIGIN, &[7; 32]).expect("a key")
}

pub fn verifier() -> Verifier {
    key().verifier()
}

pub fn fresh(number: &str) -> Receipt {
    let facts = CaseFacts {
        number: number.into(),
        unit: "012".into(),
        received_at: moment("2016-03-01T09:30:15").0,
        late_entry: true,
        ..CaseFacts::default()
    };
    let leaf = Leaf {
        service: "intake".into(),
        division: "410223".into(),
        seq: SEQ,
        event: "case.received".into(),
        payload: facts.encode_to_vec(),
        ..Leaf::default()
    };
    let leaf = leaf.encode_to_vec();
    Receipt { origin: ORIGIN.into(), seq: SEQ, leaf_hash: tlog::leaf_hash(&leaf).to_vec(), leaf, ..Receipt::default() }
}

struct Leaves(Vec<tlog::Hash>);

impl tree::Nodes for Leaves {
    fn node(&self, level: u8, index: u64) -> Option<tlog::Hash> {
        let (width, index) = (1 << level, index as usize);
        Some(tree::root(self.0.get(index * width..(index + 1) * width)?))
    }
}

pub fn proved(number: &str) -> Receipt {
    let mut receipt = fresh(number);
    let mut leaves: Vec<_> = (0..SIZE).map(|n| tlog::leaf_hash(&n.to_be_bytes())).collect();
    let index = SEQ as u64 - 1;
    leaves[index as usize] = tlog::leaf_hash(&receipt.leaf);
    let root = tree::root(&leaves);
    let hashes = tree::inclusion(&Leaves(leaves), index, SIZE).expect("a path");
    let at = moment("2016-03-01T09:31");
    let note = Note::sign(Checkpoint::signed(ORIGIN, SIZE, root, at.0).to_string(), &[&key()]);
    receipt.head = Some(TreeHead {
        origin: ORIGIN.into(),
        size: SIZE as i64,
        root_hash: root.to_vec(),
        signed_at: Some(at.timestamp()),
        note: note.to_string(),
        verifier_key: verifier().to_string(),
    });
    receipt.hashes = hashes.iter().map(|hash| hash.to_vec()).collect();
    receipt.text = Proof { extra: receipt.leaf.clone(), index, hashes, checkpoint: note }.to_string();
    receipt
}
