//! The leaf hash of an entry, recomputed from the stored row by code of its own: tags and lengths by hand, after the
//! contract's message Leaf.

use kit::store::journal::{entry, leaf_hash};
use sha2::{Digest, Sha256};

use crate::house::{SERVICE, add_through, county, houses, request};

#[tokio::test]
async fn the_leaf_hash_recomputes_from_the_stored_row() {
    for house in houses().await {
        house.add(county(), "A", 1).await.expect("added");
        add_through(&house.writer, county(), "A", 1, Some(request(7))).await.expect("added");
        let entries = house.entries().await;
        assert_eq!(entries.len(), 2);
        for entry in entries {
            assert_eq!(entry.leaf_hash, by_hand(SERVICE, &entry), "seq {}", entry.seq);
        }
    }
}

/// The hexadecimal sums were computed with Python's hashlib over bytes written out by hand.
#[test]
fn the_leaf_hash_of_known_entries_is_known() {
    let with_request = entry::Model {
        division: "410223".into(),
        seq: 300,
        occurred_at: 1_770_598_800_000_000,
        actor: "divisions/410223/people/U012-03".into(),
        noun: "cases/410223-012-20160308-000017-X".into(),
        event: "case.accepted".into(),
        payload: vec![0, 1, 2, 255],
        request_id: Some(vec![1; 16]),
        request_hash: Some((0..32).collect()),
        leaf_hash: vec![],
    };
    let of_the_clock = entry::Model {
        division: "000000".into(),
        seq: 1,
        occurred_at: -1,
        actor: "system".into(),
        noun: "notices/2016".into(),
        event: "notice.imported".into(),
        payload: vec![],
        request_id: None,
        request_hash: None,
        leaf_hash: vec![],
    };
    let hex = |hash: &[u8]| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(
        hex(&leaf_hash("intake", &with_request)),
        "279106c5ca3d3336e560564ee1bbedc70e46d0e738a56ff1712de747879538b2"
    );
    assert_eq!(
        hex(&leaf_hash("directory", &of_the_clock)),
        "5f0440658a3e21372e8b382568c26e3f0f09622f0c910163f605d7ccb5a81c08"
    );
    for (service, entry) in [("intake", &with_request), ("directory", &of_the_clock)] {
        assert_eq!(leaf_hash(service, entry).to_vec(), by_hand(service, entry));
    }
}

fn by_hand(service: &str, entry: &entry::Model) -> Vec<u8> {
    let mut bytes = vec![0];
    text(&mut bytes, 1, service.as_bytes());
    text(&mut bytes, 2, entry.division.as_bytes());
    number(&mut bytes, 3, entry.seq);
    number(&mut bytes, 4, entry.occurred_at);
    text(&mut bytes, 5, entry.actor.as_bytes());
    text(&mut bytes, 6, entry.noun.as_bytes());
    text(&mut bytes, 7, entry.event.as_bytes());
    text(&mut bytes, 8, &entry.payload);
    text(&mut bytes, 9, &asked(entry));
    Sha256::digest(bytes).to_vec()
}

/// Over id and digest of the request, each behind its length in eight bytes, which are all ones where there is none.
fn asked(entry: &entry::Model) -> Vec<u8> {
    let part = |part: &Option<Vec<u8>>| match part {
        Some(part) => [&(part.len() as u64).to_be_bytes()[..], part].concat(),
        None => vec![255; 8],
    };
    match (&entry.request_id, &entry.request_hash) {
        (None, None) => Vec::new(),
        (id, hash) => Sha256::digest([part(id), part(hash)].concat()).to_vec(),
    }
}

fn text(bytes: &mut Vec<u8>, field: u8, content: &[u8]) {
    if !content.is_empty() {
        bytes.push(field << 3 | 2);
        varint(bytes, content.len() as u64);
        bytes.extend_from_slice(content);
    }
}

fn number(bytes: &mut Vec<u8>, field: u8, value: i64) {
    if value != 0 {
        bytes.push(field << 3);
        varint(bytes, value as u64);
    }
}

fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
