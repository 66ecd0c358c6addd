//! Against an independent implementation: `tlog_tiles` and `signed_note`, which are ported from Go's checksum database.

use signed_note::{Note as TheirNote, StandardSigner, StandardVerifier, VerifierList};
use tlog::{
    EMPTY, Hash,
    checkpoint::Checkpoint,
    leaf_hash,
    note::{Ed25519, Note, Signer, Verifier},
    text,
    tile::Tiles,
    tree::{self, Edge, Nodes},
};
use tlog_tiles::{
    Checkpoint as TheirCheckpoint, Error, Hash as Their, HashReader, Tile, check_record, check_tree, prove_record,
    prove_tree, stored_hash_index, stored_hashes_for_record_hash, tree_hash,
};

/// Their way to keep a tree, read by us as well: what is compared is how proofs are made of nodes.
#[derive(Default)]
struct Log {
    leaves: Vec<Hash>,
    hashes: Vec<Their>,
    /// By size.
    roots: Vec<Hash>,
}

impl HashReader for Log {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Their>, Error> {
        Ok(indexes.iter().map(|index| self.hashes[*index as usize]).collect())
    }
}

impl Nodes for Log {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        self.hashes.get(stored_hash_index(level, index) as usize).map(|hash| hash.0)
    }
}

impl Log {
    fn of(size: u64) -> Self {
        let mut log = Self::default();
        (0..size).for_each(|n| log.push(leaf_hash(&n.to_le_bytes())));
        log
    }

    fn push(&mut self, leaf: Hash) {
        let new = stored_hashes_for_record_hash(self.leaves.len() as u64, Their(leaf), self).expect("hashes");
        self.hashes.extend(new);
        self.leaves.push(leaf);
        self.roots.push(tree_hash(self.leaves.len() as u64, self).expect("a root").0);
    }

    fn root(&self, size: u64) -> Hash {
        size.checked_sub(1).map_or(tlog_tiles::EMPTY_HASH.0, |at| self.roots[at as usize])
    }

    fn compare_inclusion(&self, index: u64, size: u64) {
        let theirs = prove_record(size, index, self).expect("a proof");
        let ours = tree::inclusion(self, index, size).expect("a proof");
        assert_eq!(ours, theirs.iter().map(|hash| hash.0).collect::<Vec<_>>(), "{index} of {size}");
        let (leaf, root) = (self.leaves[index as usize], self.root(size));
        assert!(tree::verify_inclusion(&leaf, index, size, &ours, &root), "{index} of {size}");
        check_record(&theirs, size, Their(root), index, Their(leaf)).expect("accepted");
    }

    fn compare_consistency(&self, from: u64, to: u64) {
        let theirs = prove_tree(to, from, self).expect("a proof");
        let ours = tree::consistency(self, from, to).expect("a proof");
        assert_eq!(ours, theirs.iter().map(|hash| hash.0).collect::<Vec<_>>(), "{from} to {to}");
        let (old, new) = (self.root(from), self.root(to));
        assert!(tree::verify_consistency(from, &old, to, &new, &ours), "{from} to {to}");
        check_tree(&theirs, to, Their(new), from, Their(old)).expect("accepted");
    }
}

#[test]
fn roots_are_the_same_for_every_size() {
    let log = Log::of(20_000);
    let mut edge = Edge::new();
    assert_eq!((edge.root(), log.root(0)), (EMPTY, EMPTY));
    for (size, leaf) in (1..).zip(&log.leaves) {
        edge.push(*leaf);
        assert_eq!(edge.root(), log.root(size), "{size}");
    }
}

#[test]
fn proofs_are_the_same_for_every_pair_of_sizes_to_600() {
    let log = Log::of(600);
    for size in 1..=600 {
        (0..size).for_each(|index| log.compare_inclusion(index, size));
        (1..=size).for_each(|from| log.compare_consistency(from, size));
    }
}

#[test]
fn proofs_are_the_same_for_random_sizes_to_100_000() {
    let log = Log::of(100_000);
    let mut random = Random(20_261_124);
    for _ in 0..5_000 {
        let size = 1 + random.below(100_000);
        log.compare_inclusion(random.below(size), size);
        log.compare_consistency(1 + random.below(size), size);
    }
}

#[test]
fn tiles_are_the_same_as_a_log_grows() {
    let mut random = Random(20_261_124);
    let (log, mut ours, mut size) = (Log::of(70_000), Tiles::new(), 0);
    while size < 70_000 {
        let grown = (size + 1 + random.below(9_000)).min(70_000);
        (size..grown).for_each(|index| ours.push(index, log.leaves[index as usize]).expect("the tiles of its edge"));
        for theirs in Tile::new_tiles(8, size, grown) {
            let id = tlog::tile::Id { level: theirs.level(), index: theirs.level_index() };
            let data = theirs.read_data(&log).expect("a tile");
            assert_eq!(ours.get(id).expect("a tile").as_flattened(), data, "{id:?} of {grown}");
            assert_eq!(id.width(grown), u64::from(theirs.width()));
        }
        size = grown;
    }
}

#[test]
fn each_reads_the_other_s_checkpoints_and_notes() {
    let mut random = Random(20_261_124);
    for round in 0..100 {
        let seed: [u8; 32] = std::array::from_fn(|_| random.below(256) as u8);
        let name = format!("yizhan/{}/intake", 110_000 + random.below(500_000));
        let ours = Ed25519::from_seed(&name, &seed).expect("a name");
        let key = ours.verifier();
        let secret = text::encode(&[&[1], &seed[..]].concat());
        let theirs = StandardSigner::new(&format!("PRIVATE+KEY+{name}+{:08x}+{secret}", key.key_id())).expect("a key");
        let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&key.to_string()).expect("a key"))]);

        let size = random.below(1 << 40) >> random.below(40);
        let head = Checkpoint::signed(&name, size, leaf_hash(&seed), 1_772_000_000_000_000 + round);
        let their_head = TheirCheckpoint::new(&name, size, Their(head.root), &format!("{}\n", head.extensions[0]));
        let body = their_head.expect("a checkpoint").to_bytes();
        assert_eq!(head.to_string().as_bytes(), body);
        let read = TheirCheckpoint::from_bytes(head.to_string().as_bytes()).expect("a checkpoint");
        assert_eq!((read.origin(), read.size(), read.hash().0), (&*name, size, head.root));

        let note = Note::sign(head.to_string(), &[&ours]).to_string();
        let (signed, _) = TheirNote::from_bytes(note.as_bytes()).expect("a note").verify(&known).expect("signed");
        assert_eq!(signed.len(), 1);
        let mut their_note = TheirNote::new(&body, &[]).expect("a note");
        their_note.add_sigs(&[&theirs]).expect("signed");
        let their_text = String::from_utf8(their_note.to_bytes()).expect("a text");
        assert_eq!(their_text, note, "Ed25519 leaves nothing to chance");
        let read = Note::parse(&their_text).expect("a note");
        assert_eq!(Checkpoint::open(&read, &key), Ok(head));
        assert_eq!(key.to_string().parse::<Verifier>(), Ok(key));
    }
}

/// xorshift64*: enough to choose sizes by.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % end
    }
}
