//! `yizhan figures`, `export` and `verify` with a server that answers: a figure is stated, counted again, given away and checked.

use std::{fs, path::Path};

use serde_json::Value;

use crate::hall::{Hall, Said, run};

impl Hall {
    /// What the operator is told of figures.
    fn figures(&self, args: &[&str]) -> Said {
        self.server.run(&[&["figures", "--division", "410223"], args].concat())
    }
}

/// `cargo test` over the workspace builds it beside the program.
fn verify(args: &[&str]) -> Said {
    let beside = Path::new(env!("CARGO_BIN_EXE_yizhan")).with_file_name("yizhan-verify");
    assert!(beside.is_file(), "first: cargo build --workspace --bin yizhan-verify");
    run(&[&["verify"], args].concat())
}

#[test]
fn a_figure_is_stated_counted_again_given_away_and_checked() {
    let hall = Hall::open();
    let numbers: Vec<_> = (0..3).map(|_| hall.receive()["number"].as_str().expect("a number").to_owned()).collect();
    hall.window(&["accept", &numbers[0]]).ok();
    hall.window(&["accept", &numbers[1]]).ok();
    hall.window(&["withdraw", &numbers[0], "--reason", "不办了"]).ok();

    let definitions = hall.figures(&["definitions"]).ok().out;
    assert!(definitions.contains("completion-rate v1  办结率 · Completion rate"), "{definitions}");
    let year = ["--year", "2016"];
    let stated = hall.figures(&[&["publish", "completion-rate"], &year[..]].concat()).ok().out;
    assert!(stated.contains("50.00%  (1/2)"), "{stated}");
    let later = hall.figures(&[&["publish", "received", "--unit", "014", "--json"], &year[..]].concat()).ok().json();
    assert_eq!(later["statement"]["stated"], "3");
    let listed = hall.figures(&["list", "--json"]).ok().lines();
    assert_eq!(listed.len(), 2);
    let id = listed[1]["name"].as_str().expect("a name").rsplit('/').next().expect("an id");
    assert!(hall.figures(&["show", id]).ok().out.contains("办结率"));
    assert!(hall.figures(&["recount", id]).ok().out.starts_with("一致 · they agree"));
    let twice = [&["recount", "--definition", "withdrawn"], &year[..]].concat();
    assert!(hall.figures(&twice).ok().out.contains("结果 · stated"));
    let refused = hall.figures(&[&["publish", "no-such-thing"], &year[..]].concat());
    assert!(refused.code == 1 && refused.err.contains("[DEFINITION_NOT_FOUND]"), "{refused:?}");
    assert!(hall.figures(&["publish", "received"]).err.contains("--year"));

    let bundle = hall.folder.path("bundle.yizhan");
    let services = "intake,roster,disclosure,gateway";
    let export = ["export", "--division", "410223", "--services", services, &bundle];
    assert!(hall.server.run(&export).ok().out.contains("yizhan verify"));
    assert!(!Path::new(&format!("{bundle}.part")).exists());
    let told: Value = verify(&[&bundle, "--json"]).ok().json();
    assert_eq!(told["right"], true, "{told}");
    assert_eq!(told["figures"].as_array().map(Vec::len), Some(2));
    assert_eq!(told["years"][0]["total"]["completion-rate"]["stated"], "50.00%");

    let receipt = hall.folder.path("receipt.txt");
    hall.window(&["receipt", &numbers[2], "--text", &receipt]).ok();
    let said = verify(&[&receipt, "--bundle", &bundle]);
    assert!(said.code == 0 && said.out.contains(&numbers[2]), "{said:?}");

    let mut bytes = fs::read(&bundle).expect("the bundle");
    let name = numbers[1].as_bytes();
    let at = bytes.windows(name.len()).rposition(|part| part == name).expect("the number is in it");
    bytes[at + name.len() - 3] ^= 1;
    fs::write(&bundle, bytes).expect("written");
    let said = verify(&[&bundle]);
    assert!(said.code == 1 && said.out.starts_with("否 · no\n  intake 第"), "{said:?}");
    assert_eq!(verify(&["/no/such/file"]).code, 2);
}

#[test]
fn a_bundle_that_breaks_off_leaves_no_file() {
    let hall = Hall::open();
    let bundle = hall.folder.path("bundle.yizhan");
    let said = hall.server.run(&["export", "--division", "41022x", &bundle]);
    assert!(said.code == 1 && said.err.contains("[FIELD_INVALID]"), "{said:?}");
    assert!(!Path::new(&bundle).exists() && !Path::new(&format!("{bundle}.part")).exists());
}
