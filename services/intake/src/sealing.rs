//! Seals anew, once after each start, the personal data that an older key or another cipher has sealed.
//!
//! It goes through the writer like every change, a few at a time, so that no window waits for it. What is done is done:
//! a crash in the middle leaves the rest to the next start. What does not open is told and left as it is.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use kit::{
    id::Division,
    refusal::{Kind, Refusal},
    store::{Desk, Key},
    telemetry,
};
use sea_orm::DbErr;

use crate::{domain::applicant::Sealed, office::Office, rpc::party::seal_anew, store::personal};

/// Rows in one page, and changes in flight.
const PAGE: u64 = 256;
const IN_FLIGHT: usize = 16;
/// Between two pages, and before what the store did not take is tried again.
const BREATH: Duration = Duration::from_millis(20);
const PAUSE: Duration = Duration::from_secs(5);
/// So many that do not open are named in the log; the others are counted.
const NAMED: u64 = 20;

/// What became of some rows.
#[derive(Default)]
struct Count {
    done: u64,
    /// Altered, or their key is missing, or not to be read at all.
    shut: u64,
    /// The store did not take them.
    failed: u64,
}

/// Runs until everything that opens is sealed by the newest key and the configured cipher.
pub async fn run(office: Arc<Office>) {
    let mut done = 0;
    loop {
        match pass(&office, &mut done).await {
            Ok(Count { shut, failed: 0, .. }) => return tell(&office, done, shut),
            Ok(Count { failed, .. }) => tracing::warn!(failed, "personal data is sealed anew later"),
            Err(error) => tracing::warn!(%error, "personal data is sealed anew later"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn tell(office: &Office, done: u64, shut: u64) {
    let [_, key] = office.cipher.mark();
    if shut > 0 {
        tracing::error!(sealed_anew = done, shut, "personal data does not open: was a key taken away?");
    } else {
        tracing::info!(sealed_anew = done, key, "all personal data is sealed by the newest key");
    }
}

/// Once through all that are sealed otherwise.
async fn pass(office: &Office, done: &mut u64) -> Result<Count, DbErr> {
    let (db, mark, mut count) = (office.store.read(), office.cipher.mark(), Count::default());
    let all = personal::count_otherwise(db, mark).await?;
    telemetry::tell_sealed_otherwise("intake", all);
    if all > 0 {
        tracing::info!(rows = all, "personal data is being sealed anew");
    }
    let mut after = Default::default();
    loop {
        let page = personal::sealed_otherwise(db, mark, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(count) };
        after = last.clone();
        let changes = page.into_iter().map(|(division, id)| one(office, division, id));
        let mut changes = stream::iter(changes).buffer_unordered(IN_FLIGHT);
        while let Some((division, id, outcome)) = changes.next().await {
            match outcome {
                Ok(()) => (count.done, *done) = (count.done + 1, *done + 1),
                Err(refusal) if refusal.kind() == Kind::Unavailable => count.failed += 1,
                Err(refusal) => {
                    count.shut += 1;
                    if count.shut <= NAMED {
                        tracing::error!(division, id, %refusal, "personal data does not open, and is left as it is");
                    }
                }
            }
        }
        telemetry::tell_sealed_otherwise("intake", all.saturating_sub(count.done));
        tokio::time::sleep(BREATH).await;
    }
}

async fn one(office: &Office, division: String, id: String) -> (String, String, Result<(), Refusal>) {
    let outcome = match division.parse() {
        Ok(division) => change(office, division, id.as_str().into()).await,
        Err(what) => Err(Refusal::internal(what)),
    };
    (division, id, outcome)
}

async fn change(office: &Office, division: Division, id: Arc<str>) -> Result<(), Refusal> {
    let (cipher, keys) = (office.cipher.clone(), vec![Key::of::<Sealed>(division, id.clone())]);
    let decide = move |desk: &mut Desk<'_>| {
        let old = desk.take::<Sealed>(&id, Refusal::unavailable)?;
        // Somebody else may have been faster.
        if !cipher.is_current(&old.sealed) {
            desk.put(seal_anew(&old, &cipher).ok_or_else(shut)?);
        }
        Ok(id.clone())
    };
    office.writer.change::<Sealed>(division, keys, None, decide).await.map(drop)
}

fn shut() -> Refusal {
    Refusal::new(Kind::DataLoss, "SEALED_SHUT", "密文无法解开", "does not open")
}
