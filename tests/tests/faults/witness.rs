//! One who follows intake's journal from outside, through every kill, and remembers what it was shown.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kit::keyring::Keyring;
use proto::journal::v1::{Position, ReadEntriesRequest, journal_service_client::JournalServiceClient};
use tokio::sync::watch;

use super::{
    check::{Fault, Law},
    dump::Dump,
};

#[derive(Default)]
struct Shown {
    /// Leaf hashes by division, in the order of their numbers.
    leaves: BTreeMap<String, Vec<Vec<u8>>>,
    /// Entries that did not follow the one before.
    gaps: Vec<String>,
}

type Seen = Arc<Mutex<Shown>>;

pub struct Witness {
    seen: Seen,
    line: watch::Sender<Keyring>,
}

impl Witness {
    pub fn follow(line: Keyring) -> Witness {
        let (line, lines) = watch::channel(line);
        let seen = Seen::default();
        tokio::spawn(watch(seen.clone(), lines));
        Witness { seen, line }
    }

    /// The program answers here now.
    pub fn go_to(&self, line: Keyring) {
        self.line.send_replace(line);
    }

    /// What was shown is there.
    pub fn check(&self, dump: &Dump) -> Vec<Fault> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut faults: Vec<_> = seen.gaps.iter().map(|gap| Fault(Law::Followed, gap.clone())).collect();
        for (division, leaves) in &seen.leaves {
            let mut there = dump.entries.iter().filter(|entry| entry.division == *division);
            for (seq, leaf) in (1..).zip(leaves) {
                let same = there.next().is_some_and(|entry| entry.seq == seq && entry.leaf_hash == *leaf);
                if !same {
                    faults.push(Fault(
                        Law::Followed,
                        format!("entry {seq} of {division} was shown, and is there no more"),
                    ));
                    break;
                }
            }
        }
        faults
    }

    /// How many entries were shown.
    pub fn count(&self) -> usize {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).leaves.values().map(Vec::len).sum()
    }
}

async fn watch(seen: Seen, lines: watch::Receiver<Keyring>) {
    // Ends with the test's runtime.
    loop {
        let line = lines.borrow().clone();
        let after = {
            let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            let at = |(division, leaves): (&String, &Vec<_>)| Position {
                division: division.clone(),
                seq: leaves.len() as i64,
            };
            seen.leaves.iter().map(at).collect()
        };
        let mut request = tonic::Request::new(ReadEntriesRequest { after, division: String::new(), tail: true });
        // A tail has no end to wait for.
        request.set_timeout(Duration::from_secs(3_600));
        request.metadata_mut().insert("yizhan-service", "intake".parse().expect("a plain word"));
        if let Ok(batches) = JournalServiceClient::new(line).read_entries(request).await {
            let mut batches = batches.into_inner();
            while let Ok(Some(batch)) = batches.message().await {
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                for entry in batch.entries {
                    let leaves = seen.leaves.entry(entry.division.clone()).or_default();
                    let last = leaves.len() as i64;
                    if entry.seq == last + 1 {
                        leaves.push(entry.leaf_hash);
                    } else {
                        seen.gaps.push(format!("{} was shown after {last} of {}", entry.seq, entry.division));
                        return;
                    }
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
