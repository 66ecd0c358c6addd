//! Whoever checks must be able to read what checks: the program is small, and nothing in it can talk to a database.

use std::process::Command;

#[test]
fn the_program_stands_on_no_database_no_server_and_no_kit() {
    let cargo = Command::new(env!("CARGO"))
        .args(["tree", "-p", "verify", "-e", "normal", "--prefix", "none", "--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo");
    let tree = String::from_utf8_lossy(&cargo.stdout).into_owned();
    assert!(cargo.status.success() && tree.contains("ed25519-dalek"), "{}", String::from_utf8_lossy(&cargo.stderr));
    let names: std::collections::BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    let never = [
        "sqlx",
        "sqlx-core",
        "sqlx-sqlite",
        "sqlx-postgres",
        "sea-orm",
        "sea-query",
        "libsqlite3-sys",
        "tokio",
        "tonic",
        "hyper",
        "axum",
        "rustls",
        "kit",
        "reqwest",
    ];
    let there: Vec<_> = never.iter().filter(|name| names.contains(*name)).collect();
    assert!(there.is_empty(), "{there:?} in the program that checks");
    assert!(names.len() < 100, "{} crates: {names:?}", names.len());
}
