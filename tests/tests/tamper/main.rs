//! As the database's own superuser: rows edited, deleted, inserted, reordered, cut off, replaced by another history and
//! dated back, with everything rewritten that is not signed. The check must find each of them and name the entry, or the two
//! heads that it lies between where everything down to the tiles was rewritten.
//!
//! `YIZHAN_TAMPERS` says how many, `YIZHAN_SEED` which. Each is done in a transaction that is rolled back after the check.

mod log;
mod tamper;

use std::{io::Write, time::Instant};

use kit::{store::log::check, testing::databases};
use log::Sealed;
use rand::{Rng, SeedableRng, rngs::StdRng};
use sea_orm::{Database, TransactionTrait};
use tamper::{KINDS, Must};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|number| number.parse().ok())
}

fn say(what: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_changed_in_the_database_is_found_and_named() {
    let many = number("YIZHAN_TAMPERS").unwrap_or(600);
    let seed = number("YIZHAN_SEED").unwrap_or_else(|| rand::rng().random_range(0..1_000_000));
    say(&format!("YIZHAN_SEED={seed}"));
    for database in databases() {
        let (begun, mut dice) = (Instant::now(), StdRng::seed_from_u64(seed));
        let sealed = Sealed::open(&database, &mut dice).await;
        let superuser = Database::connect(&sealed.url).await.expect("connected");
        for round in 0..many {
            let which = round as usize % KINDS.len();
            #[allow(clippy::disallowed_methods)] // nobody hangs up on a test
            let tx = superuser.begin().await.expect("begun");
            let (what, must) = KINDS[which](&tx, &sealed, &mut dice).await.expect("rows can be changed by who may");
            let report = check(&tx, log::SERVICE, sealed.division, &sealed.key).await.expect("checked");
            tx.rollback().await.expect("as it was");
            let told: Vec<_> = report.findings.iter().map(|it| (it.kind, it.first, it.last)).collect();
            assert!(must.is_told(&told), "{what}: {must:?}, but found {told:?} ({round} of {})", database.engine());
        }
        let report = check(&superuser, log::SERVICE, sealed.division, &sealed.key).await.expect("checked");
        assert_eq!((report.findings, report.entries), (vec![], sealed.entries.len() as u64), "nothing stays behind");
        superuser.close().await.expect("closed");
        say(&format!("{}: {many} found and named in {:?}", database.engine(), begun.elapsed()));
    }
}

#[test]
fn what_was_found_is_compared_with_what_was_done() {
    assert!(Must::Name(5).is_told(&[("ENTRY_CHANGED", 5, 5), ("ENTRY_CHANGED", 9, 9)]));
    assert!(
        !Must::Name(5).is_told(&[("ENTRY_CHANGED", 4, 4), ("ENTRY_CHANGED", 5, 5)]),
        "it is the first that is told"
    );
    assert!(!Must::Name(5).is_told(&[("TREE_CHANGED", 1, 50)]));
    assert!(Must::Within(1, 50).is_told(&[("TREE_CHANGED", 1, 50)]) && !Must::Within(51, 90).is_told(&[]));
    assert!(Must::Head.is_told(&[("HEAD_MISSING", 0, 0)]) && !Must::Head.is_told(&[("TREE_CHANGED", 1, 50)]));
}
