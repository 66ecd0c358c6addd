//! The test of the test: bugs planted into the program, each of which the checker must find.
//!
//! They are compiled in with kit's feature `planted` only, and act only where `YIZHAN_PLANT` names one. See
//! services/kit/src/store/planted.rs for what each does.

use std::{env, fs, path::PathBuf, sync::OnceLock};

use super::{
    check::Law,
    kill,
    rounds::{Plan, Report},
};
use crate::house::{program, say};

/// Each with a law that it breaks.
const PLANTS: [(&str, Law); 5] = [
    ("ack-before-commit", Law::Kept),
    ("forget-request", Law::Kept),
    ("reuse-number", Law::Numbered),
    ("skip-seq", Law::Gapless),
    ("position-before-effect", Law::Counted),
];

/// The program with the bugs in it, kept beside the one without.
fn spoilt() -> PathBuf {
    static SPOILT: OnceLock<PathBuf> = OnceLock::new();
    SPOILT
        .get_or_init(|| {
            if let Some(program) = env::var_os("YIZHAN_PLANTED_PROGRAM") {
                return PathBuf::from(program);
            }
            let built = program::build(&["--features", "kit/planted"]);
            let kept = built.with_file_name(format!("yizhan-planted{}", env::consts::EXE_SUFFIX));
            fs::copy(&built, &kept).expect("the program can be copied");
            // What lies in the usual place is the program as it is.
            program::build(&[]);
            kept
        })
        .clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "builds the program with bugs: bash .ci/planted"]
async fn every_planted_bug_is_caught() {
    let mut missed = Vec::new();
    for (plant, law) in PLANTS {
        for database in kit::testing::databases() {
            let environment = vec![("YIZHAN_PLANT".to_owned(), plant.to_owned())];
            let plan = Plan { program: spoilt(), environment, kills: 6, seed: 17, law: Some(law) };
            say(&format!("planted: {plant}"));
            let Report { faults, kills, .. } = kill(&database, &plan).await;
            match faults.iter().find(|fault| fault.0 == law) {
                Some(fault) => say(&format!("caught after {kills} kills: {fault}")),
                None => {
                    let engine = database.engine();
                    missed
                        .push(format!("{plant} breaks {law:?} on {engine}, but this was found: {:?}", faults.first()));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
