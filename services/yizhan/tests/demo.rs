//! `yizhan demo` as a person starts it: a small year from the first request to the table.

use std::process::{Command, Output};

use serde_json::Value;

fn demo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_yizhan")).arg("demo").args(arguments).output().expect("the program starts")
}

/// Replays a year to its end and reads the table.
fn year(arguments: &[&str]) -> Value {
    let ports = ["--exit", "--json", "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0"];
    let done = demo(&[arguments, &ports].concat());
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("JSON and nothing else")
}

#[test]
fn a_small_year_ends_with_all_but_seven_cases_complete() {
    let table = year(&["--cases", "1500"]);
    assert_eq!(table["agrees"], true, "{table:#}");
    let figure = |name: &str| table["replayed"][name].as_i64().expect("a number");
    let figures = [figure("accepted"), figure("completed"), figure("open"), figure("completion_rate")];
    assert_eq!(figures, [1_500, 1_493, 7, 9_953]);

    let year = |name: &str| table["year"][name].as_i64().expect("a number");
    for path in
        ["refused", "supplemented", "suspended", "extended", "denied", "deemed_accepted", "instant", "overdue_promised"]
    {
        assert!(year(path) > 0, "{path}: {table:#}");
    }
    assert_eq!(year("received"), year("accepted") + year("refused"));
    assert_eq!((year("lapsed"), year("overdue_legal")), (0, 0));
    assert!(year("on_time_promised") < year("on_time_legal") && year("on_time_legal") < year("accepted"), "{table:#}");

    let months = table["months"].as_array().expect("months");
    let sum = |name: &str| months.iter().map(|month| month[name].as_i64().expect("a number")).sum::<i64>();
    assert_eq!((months.len(), sum("accepted"), sum("received")), (12, 1_500, year("received")));

    check_duty(&table["duty"]);
    check_publications(&table["publications"]);

    let open = table["open_cases"].as_array().expect("cases");
    let mut states: Vec<_> = open.iter().map(|case| case["state"].as_str().expect("a state")).collect();
    states.sort_unstable();
    assert_eq!(states, ["ACCEPTED", "ACCEPTED", "ACCEPTED", "GRANTED", "SUSPENDED", "SUSPENDED", "SUSPENDED"]);
    assert!(open.iter().all(|case| !case["county_note"].is_null() && case["why"]["zh"] != ""), "{table:#}");
}

/// Three seats of two halves on each of 248 working days: from 6 January on, the first that can be published in time.
const SEATS: i64 = 3 * 2 * 248;

fn check_duty(duty: &Value) {
    let figure = |name: &str| duty[name].as_i64().expect("a number");
    let [required, attended, absent] = ["required", "attended", "absent"].map(figure);
    assert_eq!((attended + absent, required + figure("excused")), (required, SEATS), "{duty:#}");
    assert_eq!(figure("attendance_rate_basis_points"), attended * 10_000 / required);
    for mark in ["substituted", "late", "early", "absent", "excused"] {
        assert!((1..100).contains(&figure(mark)), "{mark}: {duty:#}");
    }
    assert_eq!((figure("circulars_issued"), figure("circulars_waiting")), (11, 1), "December's waits for January");
}

/// The guides, eleven circulars, twelve rosters, what the clerks write, and the lists of decisions.
fn check_publications(publications: &Value) {
    let figure = |name: &str| publications[name].as_i64().expect("a number");
    assert!(figure("published") > 60 + 11 + 12 + 40, "{publications:#}");
    assert_eq!((figure("pictures"), figure("overdue")), (8, 0), "{publications:#}");
    for rate in ["on_time_rate_basis_points", "conformance_rate_basis_points"] {
        assert!((9_000..10_000).contains(&figure(rate)), "{rate}: {publications:#}");
    }
}

#[test]
fn a_year_that_is_replayed_again_counts_nothing_twice() {
    let data = std::env::temp_dir().join(format!("yizhan-demo-test-{}", std::process::id()));
    let folder = data.to_str().expect("a path in UTF-8");
    let [first, again] = [(); 2].map(|()| year(&["--cases", "300", "--data", folder]));
    assert_eq!((&first["year"], &first["open_cases"]), (&again["year"], &again["open_cases"]));
    assert_eq!((&first["duty"], &first["publications"]), (&again["duty"], &again["publications"]));
    std::fs::remove_dir_all(&data).expect("the folder is ours");
}

#[test]
fn a_year_that_is_none_is_refused() {
    for arguments in [["--cases", "7"], ["--cases", "131566"], ["--seed", "x"]] {
        let done = demo(&arguments);
        assert!(!done.status.success() && done.stdout.is_empty(), "{arguments:?}");
    }
}
