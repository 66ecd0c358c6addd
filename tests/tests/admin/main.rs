//! The operator's commands and a clerk's, by the built program against a running server.

mod cli;
mod help;
#[path = "../house/mod.rs"]
mod house;
mod wrong;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use cli::{DIVISION, Said, Town, secrets};
use kit::pki::{Authority, Identity};

const PASSWORD: &str = "correct horse battery";
const NEW: &str = "staple of another kind";

/// A terminal at A01 on which C012 is signed in: its credential, and the code that enrolled it.
fn desk(town: &Town, code: &str) -> (PathBuf, String) {
    let told = town.operator(&["enrol", "terminal", code, "--window", "a01"], "").ok().after("code");
    let credential = town.machine(code).join("terminal.a01.pem");
    town.at(&credential, &["terminal", "enrol", code], &format!("{told}\n")).ok();
    // As if the answer had been lost.
    fs::remove_file(&credential).expect("removed");
    town.at(&credential, &["terminal", "enrol", code], &format!("{told}\n")).ok();
    town.operator(&["enrol", "person", "C012"], &format!("{PASSWORD}\n")).ok();
    sign_in(town, &credential, PASSWORD).ok();
    (credential, told)
}

fn sign_in(town: &Town, credential: &Path, password: &str) -> Said {
    // A code may be typed in small letters.
    town.at(credential, &["sign-in", "c012"], &format!("{password}\n"))
}

fn receive(town: &Town, credential: &Path) -> Said {
    let item = format!("{DIVISION}-012-001");
    let args = ["window", "--window", "A01", "--clerk", "C012", "receive", "--item", &item, "--applicant", "张某某"];
    town.at(credential, &[&args[..], &["--id", "41022319900101001X", "--material", "M1"]].concat(), "")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_is_enrolled_worked_at_renewed_and_revoked_and_no_secret_is_told() {
    let town = Town::open().await;
    let (credential, code) = desk(&town, "t1");
    let folder = credential.parent().expect("a folder");
    let mut kept = secrets(folder);
    receive(&town, &credential).ok();

    let who = town.operator(&["who"], "").ok().out;
    let line = |name: &str| who.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}:\n{who}"));
    assert!(line("divisions/410223/terminals/T1").contains("有效 · good"));
    assert!(line("divisions/410223/terminals/T1").ends_with("window A01"));
    assert!(line("divisions/410223/people/C012").contains("有效 · good"));
    assert!(line("operators/first").contains("operator.pem"));
    assert!(who.contains("最新 · newest"));
    let listed = town.operator(&["who", "--json"], "").ok().json();
    let terminal = listed.iter().find(|one| one["credential"] == "divisions/410223/terminals/T1").expect("listed");
    assert_eq!((&terminal["kind"], &terminal["state"]), (&"TERMINAL".into(), &"GOOD".into()));

    // Who is signed in stays so.
    town.operator(&["rotate", "signing-key"], "").ok();
    receive(&town, &credential).ok();
    let keys = town.operator(&["who", "--json"], "").ok().json();
    assert_eq!(keys.iter().filter(|line| line["signing_key"].is_string()).count(), 2);

    let typed = format!("{PASSWORD}\n{NEW}\n");
    town.at(&credential, &["password", "C012"], "not the old one\nsomething else\n").refused("[PASSWORD_WRONG]");
    town.at(&credential, &["password", "C012"], &typed).ok();
    receive(&town, &credential).ok();
    sign_in(&town, &credential, PASSWORD).refused("[PASSWORD_WRONG]");
    sign_in(&town, &credential, NEW).ok();
    receive(&town, &credential).ok();
    kept.extend(secrets(folder));

    // The session ends with the certificate that it began with, and everybody says so.
    let session = folder.join("signed-in-410223-C012.json");
    let before = fs::read(&session).expect("a session");
    let renewed = town.at(&credential, &["terminal", "renew"], "").ok();
    assert!(renewed.out.contains("请重新登录") && renewed.out.contains("people/C012"), "{renewed:?}");
    assert!(!session.exists());
    receive(&town, &credential).refused("[SIGN_IN_FIRST]");
    fs::write(&session, before).expect("written");
    town.at(&credential, &["password", "C012"], &typed).refused("[SIGN_IN_AGAIN]");
    receive(&town, &credential).refused("[SIGN_IN_AGAIN]");
    sign_in(&town, &credential, NEW).ok();
    receive(&town, &credential).ok();
    kept.extend(secrets(folder));

    town.operator(&["revoke", "terminals/T1", "--reason", "设备遗失"], "").ok();
    let revoked = Instant::now();
    let refused = loop {
        let said = receive(&town, &credential);
        if said.code != 0 {
            break said;
        }
        assert!(revoked.elapsed() < Duration::from_secs(5), "still let in");
    };
    assert!(revoked.elapsed() < Duration::from_secs(5), "{:?}", revoked.elapsed());
    refused.refused("[CREDENTIAL_REVOKED]");
    kept.extend([PASSWORD, NEW, "not the old one"].map(str::to_owned));
    town.keeps(&kept, &[code]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_clerk_did_while_the_line_was_cut_waits_until_they_are_signed_in_again() {
    let town = Town::open().await;
    let (credential, _) = desk(&town, "T1");
    let nowhere = format!("https://{}", crate::house::program::free_address());
    let item = format!("{DIVISION}-012-001");
    let receive = ["window", "--window", "A01", "--clerk", "C012", "--server", &town.url(), "receive", "--item", &item];
    let receive = [&receive[..], &["--applicant", "张某某", "--id", "41022319900101001X", "--material", "M1"]].concat();
    let cut: Vec<&str> = receive.iter().map(|arg| if *arg == town.url() { nowhere.as_str() } else { arg }).collect();
    assert_eq!(town.at(&credential, &cut, "").code, 3);
    let folder = credential.parent().expect("a folder");
    fs::remove_file(folder.join("signed-in-410223-C012.json")).expect("nobody is signed in");

    let deliver = ["window", "deliver", "--moved", "--json"];
    let said = town.at(&credential, &deliver, "");
    assert!(said.code == 3 && said.out.contains("not signed in here"), "{said:?}");
    let refused = fs::read_dir(credential.with_extension("spool").join("refused")).into_iter().flatten();
    assert_eq!(refused.count(), 0, "nothing is set aside");
    sign_in(&town, &credential, PASSWORD).ok();
    let said = town.at(&credential, &deliver, "").ok();
    assert_eq!(said.json()[0]["outcome"], "delivered", "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_was_revoked_or_came_too_late_is_enrolled_anew_in_the_same_files_by_a_new_key() {
    let town = Town::open().await;
    let (credential, _) = desk(&town, "T1");
    let key = credential.with_extension("key");
    let first = fs::read(&key).expect("a key");
    town.at(&credential, &["terminal", "enrol", "T1"], "").refused("已存在且仍然有效");
    town.operator(&["revoke", "terminals/T1", "--reason", "设备遗失"], "").ok();
    let code = || town.operator(&["enrol", "terminal", "T1", "--window", "A01"], "").ok().after("code");
    let enrol = |code: &str| town.at(&credential, &["terminal", "enrol", "T1"], &format!("{code}\n"));
    let anew = code();
    crate::house::until("the gateway has heard of it", || async { (enrol(&anew).code == 0).then_some(()) }).await;
    let second = fs::read(&key).expect("a key");
    assert_ne!(first, second);
    assert_eq!(fs::read(credential.with_file_name("terminal.a01.old.key")).expect("the old one"), first);
    sign_in(&town, &credential, PASSWORD).ok();
    receive(&town, &credential).ok();

    let authority = Authority::open(&town.config.data.join("pki")).expect("the authority");
    let name = format!("divisions/{DIVISION}/terminals/T1");
    let expired = authority.issue(&name, &[], Duration::ZERO).expect("a credential");
    expired.save(&credential.with_extension("")).expect("written");
    town.operator(&["revoke", "terminals/T1", "--reason", "过期"], "").ok();
    enrol(&code()).ok();
    assert_ne!(fs::read_to_string(&key).expect("a key"), expired.key_pem);
    sign_in(&town, &credential, PASSWORD).ok();
    receive(&town, &credential).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sealed_before_the_field_key_was_changed_is_still_read_after_it() {
    let mut town = Town::open().await;
    let (credential, _) = desk(&town, "T1");
    let received = receive(&town, &credential).ok();
    let number = received.after("number");
    let get = ["window", "--clerk", "C012", "get", &number];
    let shown = town.at(&credential, &get, "").ok().out;

    let (file, key) =
        (town.config.data.join("master.key"), fs::read(town.config.data.join("master.key")).expect("a key"));
    let said = town.operator(&["rotate", "field-key"], "").ok();
    assert!(said.out.contains("已新增第"), "{said:?}");
    let longer = fs::read(&file).expect("a key");
    assert_ne!(longer, key);
    assert!(said.out.len() < 1_000 && said.out.lines().count() == 3, "{said:?}");
    town.restart().await;
    assert_eq!(town.at(&credential, &get, "").ok().out, shown);
    receive(&town, &credential).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_whose_operator_was_revoked_gets_another() {
    let mut town = Town::open().await;
    town.operator(&["enrol", "operator", "li"], "").ok();
    let li = town.config.data.join("pki/operator-li.pem");
    assert_eq!(Identity::open(&li.with_extension("")).expect("a credential").name().as_deref(), Some("operators/li"));
    town.at(&li, &["admin", "revoke", "operators/first", "--reason", "离任"], "").ok();
    let revoked = Instant::now();
    while town.operator(&["who"], "").code == 0 {
        assert!(revoked.elapsed() < Duration::from_secs(5), "still let in");
    }
    town.operator(&["who"], "").refused("[CREDENTIAL_REVOKED]");
    let who = town.at(&li, &["admin", "who", "--json"], "").ok().json();
    let state = |name: &str| who.iter().find(|one| one["credential"] == name).expect("listed")["state"].clone();
    assert_eq!((state("operators/first"), state("operators/li")), ("REVOKED".into(), "GOOD".into()));

    // Whoever can read the authority's key makes another; a name that was revoked is gone.
    town.operator(&["enrol", "operator", "wang"], "").ok();
    let wang = town.config.data.join("pki/operator-wang.pem");
    town.at(&wang, &["admin", "revoke", "operators/li", "--reason", "测试"], "").ok();
    fs::remove_file(&li).expect("removed");
    crate::house::until("the gateway has heard of it", || async {
        (town.operator(&["enrol", "operator", "li"], "").code == 1).then_some(())
    })
    .await;
    town.operator(&["enrol", "operator", "li"], "").refused("已被吊销");
    assert!(!li.exists());
    let pki = town.config.data.join("pki");
    town.keeps(&secrets(&pki), &[]);

    // What grows old there is renewed by itself.
    let authority = Authority::open(&pki).expect("the authority");
    let old = authority.issue("operators/zhao", &[], Duration::from_secs(60)).expect("a credential");
    old.save(&pki.join("operator-zhao")).expect("written");
    town.restart().await;
    let new = Identity::open(&pki.join("operator-zhao")).expect("a credential");
    assert!(old.is_old() && !new.is_old());
    assert_eq!(new.name().as_deref(), Some("operators/zhao"));
    town.at(&pki.join("operator-zhao.pem"), &["admin", "who"], "").ok();
}
