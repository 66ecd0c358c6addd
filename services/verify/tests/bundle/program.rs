use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use proto::journal::v1::bundle_part::Part;
use serde_json::Value;
use tlog::note::Signer;

use crate::{SERVICES, bytes, made, parts_one, witnesses};

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_yizhan-verify")).args(args).output().expect("the program")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_program_says_yes_and_by_whose_keys() {
    let file = folder("yes").join("bundle");
    fs::write(&file, bytes(&parts_one())).expect("a file");
    let file = file.to_str().expect("a path");
    let output = run(&[file]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.starts_with("是 · yes\n") && text.contains("只证明文件前后一致") && text.contains("办结率"), "{text}");
    let keys: Vec<_> = SERVICES.iter().map(|service| made::signer(service).verifier().to_string()).collect();
    let witness = witnesses()[0].verifier().to_string();
    let mut args = vec![file, "--witness", &witness, "--units"];
    keys.iter().for_each(|key| args.extend(["--key", key]));
    let output = run(&args);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("key given by hand") && !text.contains("只证明") && text.contains("Unit 003"), "{text}");
    args.push("--json");
    let told: Value = serde_json::from_slice(&run(&args).stdout).expect("JSON");
    assert_eq!((&told["right"], &told["trusted"]), (&Value::Bool(true), &Value::Bool(true)));
    assert_eq!(told["logs"].as_array().map(Vec::len), Some(3));
    assert!(told["years"][0]["total"]["completion-rate"]["numerator"].as_i64() > Some(0));
}

#[test]
fn the_program_says_that_witnesses_of_the_file_prove_nothing() {
    let file = folder("hollow").join("bundle");
    fs::write(&file, bytes(&parts_one())).expect("a file");
    let keys = folder("hollow").join("keys.txt");
    let lines = SERVICES.map(|service| format!("{}\n", made::signer(service).verifier()));
    fs::write(&keys, format!("# the centre's\n\n{}", lines.concat())).expect("keys");
    let [file, keys] = [&file, &keys].map(|path| path.to_str().expect("a path"));
    let hollow = [file, "--key", keys, "--quorum", "2"];
    let text = said(&run(&hollow));
    assert!(text.starts_with("是 · yes\n") && text.contains("对中心什么也证明不了"), "{text}");
    assert!(text.contains("prove nothing against the centre") && !text.contains("只证明"), "{text}");
    let told: Value = serde_json::from_slice(&run(&[&hollow[..], &["--json"]].concat()).stdout).expect("JSON");
    assert_eq!(told["witnesses_of_file"], true);
    let witnesses: Vec<_> = witnesses().iter().map(|witness| witness.verifier().to_string()).collect();
    let text = said(&run(&[&hollow[..], &["--witness", &witnesses[0], "--witness", &witnesses[1]]].concat()));
    assert!(text.starts_with("是 · yes\n") && !text.contains("什么也证明不了"), "{text}");
}

#[test]
fn the_program_says_no_and_names_the_entry() {
    let file = folder("no").join("bundle");
    let mut parts = parts_one();
    for part in &mut parts {
        if let Part::Entry(entry) = part
            && entry.seq == 321
            && entry.service == "roster"
        {
            entry.noun = "duties/\n是 · yes\u{1b}[2J".into();
        }
    }
    fs::write(&file, bytes(&parts)).expect("a file");
    let output = run(&[file.to_str().expect("a path")]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(text.starts_with("否 · no\n  roster 第 321 条") && !text.contains("\n是 · yes"), "{text}");
    assert!(!text.contains('\u{1b}'), "a name out of the file does not move the screen");
    let told: Value = serde_json::from_slice(&run(&[file.to_str().expect("a path"), "--json"]).stdout).expect("JSON");
    assert_eq!((&told["right"], &told["finding"]["seq"]), (&Value::Bool(false), &Value::from(321)));
}

#[test]
fn a_file_that_cannot_be_read_is_neither_yes_nor_no() {
    let folder = folder("neither");
    fs::write(folder.join("text"), "not a bundle").expect("a file");
    let path = |name: &str| folder.join(name).to_str().expect("a path").to_owned();
    for args in [
        vec![path("absent")],
        vec![path("text")],
        vec![folder.to_str().expect("a path").to_owned()],
        vec![path("text"), "--key".into(), "nonsense".into()],
        vec![],
        vec!["--no-such-option".into()],
    ] {
        let output = run(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{args:?}");
    }
}
