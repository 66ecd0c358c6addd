//! `yizhan window` while the line is cut.

use std::{fs, thread};

use crate::{
    hall::{Folder, Hall, RECEIVE, Said, window},
    proxy::Proxy,
};

/// What a clerk does over a line.
fn over(url: &str, folder: &Folder, args: &[&str]) -> Said {
    window(url, folder, &[&["--window", "B10", "--clerk", "U014-08", "--timeout", "3"], args].concat())
}

/// A folder with a spool of its own and the credentials of a hall's.
fn beside(hall: &Folder) -> Folder {
    let folder = Folder::new();
    std::os::unix::fs::symlink(hall.path("data"), folder.path("data")).expect("linked");
    folder
}

fn kept(folder: &Folder) -> usize {
    let files = fs::read_dir(folder.0.join("spool")).expect("a spool");
    files.filter(|file| file.as_ref().expect("read").path().extension().is_some_and(|end| end == "json")).count()
}

#[test]
fn what_was_told_while_the_server_was_down_is_delivered_once() {
    let hall = Hall::open().restart(|url, folder| {
        let said = over(url, folder, RECEIVE);
        assert_eq!((said.code, &said.json()["outcome"]), (3, &"kept".into()));
        let said = over(url, folder, &RECEIVE[..RECEIVE.len() - 1]);
        assert!(said.code == 3 && said.err.contains("不会重复办理"), "{said:?}");
        assert_eq!(kept(folder), 2);
        assert_eq!(over(url, folder, &["deliver"]).code, 3);
        assert_eq!(over(url, folder, &["list"]).code, 1);
        assert_eq!(over(url, folder, &["spool", "--json"]).ok().lines().len(), 2);
    });
    // Any later command sends what was kept before it does its own.
    let said = hall.window(&["list", "--json"]).ok().lines();
    let outcomes: Vec<_> = said.iter().map(|line| line["outcome"].as_str()).collect();
    assert_eq!(outcomes, [Some("delivered"), Some("delivered"), None, None]);
    assert!(said[0]["case"]["query_code"].as_str().is_some_and(|code| !code.is_empty()), "the receipt is not lost");
    assert_eq!(kept(&hall.folder), 0);
    assert_eq!(hall.window(&["deliver"]).ok().code, 0);
    assert_eq!(hall.numbers().len(), 2);
}

#[test]
fn a_request_whose_answer_was_lost_takes_effect_once() {
    let hall = Hall::open();
    let proxy = Proxy::to(&hall.server.grpc);
    proxy.learn(|url| drop(over(url, &beside(&hall.folder), &["list"]).ok()));
    proxy.swallow(true);
    let said = over(&proxy.url, &hall.folder, RECEIVE);
    assert_eq!(said.code, 3, "{said:?}");
    // The server did it; only the window does not know.
    let url = hall.server.url();
    let there = over(&url, &beside(&hall.folder), &["list", "--json"]).ok().json()["number"].clone();
    proxy.swallow(false);
    let delivered = over(&proxy.url, &hall.folder, &["deliver", "--json"]).ok().json();
    assert_eq!((&delivered["outcome"], &delivered["case"]["number"]), (&"delivered".into(), &there));
    assert_eq!(hall.numbers(), [there.as_str().expect("a number")]);
}

#[test]
fn a_line_that_breaks_with_the_answer_is_a_cut_line() {
    let hall = Hall::open();
    let proxy = Proxy::to(&hall.server.grpc);
    proxy.learn(|url| drop(over(url, &beside(&hall.folder), &["list"]).ok()));
    proxy.cut(true);
    let said = over(&proxy.url, &hall.folder, RECEIVE);
    assert_eq!((said.code, kept(&hall.folder)), (3, 1), "{said:?}");
    proxy.cut(false);
    over(&proxy.url, &hall.folder, &["deliver"]).ok();
    assert_eq!(hall.numbers().len(), 1);
}

#[test]
fn a_window_that_is_killed_while_it_waits_has_kept_its_request() {
    let hall = Hall::open();
    let proxy = Proxy::to(&hall.server.grpc);
    proxy.learn(|url| drop(over(url, &beside(&hall.folder), &["list"]).ok()));
    proxy.swallow(true);
    let spool = hall.folder.path("spool");
    let at = [
        "window",
        "--server",
        &proxy.url,
        "--division",
        "410223",
        "--spool",
        &spool,
        "--data",
        &hall.server.data,
        "--window",
        "B10",
        "--clerk",
        "U014-08",
    ];
    let mut child = crate::hall::program(&[&at, RECEIVE].concat()).spawn().expect("the program runs");
    // Until the server has done it.
    while over(&hall.server.url(), &beside(&hall.folder), &["list", "--json"]).ok().out.is_empty() {}
    child.kill().expect("killed");
    child.wait().expect("ended");
    proxy.swallow(false);
    assert_eq!(over(&proxy.url, &hall.folder, &["deliver", "--json"]).ok().lines().len(), 1);
    assert_eq!(hall.numbers().len(), 1);
}

#[test]
fn order_is_kept_and_a_refusal_is_set_aside_with_its_reason() {
    let hall = Hall::open();
    let number = hall.receive()["number"].as_str().expect("a number").to_owned();
    let hall = hall.restart(|url, folder| {
        for args in [
            ["accept", &number].as_slice(),
            &["accept", &number],
            &["decide", &number, "--grant", "--officer", "U014-06", "--document-number", "1"],
        ] {
            assert_eq!(over(url, folder, args).code, 3);
        }
    });
    let said = hall.window(&["deliver", "--json"]);
    assert_eq!(said.code, 1, "one was refused");
    let outcomes: Vec<_> = said.lines().iter().map(|line| line["outcome"].to_string()).collect();
    assert_eq!(outcomes, ["\"delivered\"", "\"refused\"", "\"delivered\""]);
    assert_eq!(hall.window(&["get", &number, "--json"]).ok().json()["state"], "GRANTED");

    let aside = hall.window(&["spool", "--json"]).ok().json();
    assert_eq!(aside["refused"]["reason"], "CASE_STATE");
    let id = aside["request_id"].as_str().expect("an id");
    assert_eq!(hall.window(&["deliver"]).code, 0, "it is not sent again");
    hall.window(&["spool", "--forget", id]).ok();
    assert!(hall.window(&["spool"]).ok().out.contains("nothing is kept"));
}

#[test]
fn two_programs_on_one_spool_send_nothing_twice() {
    const MANY: usize = 12;
    let hall = Hall::open().restart(|url, folder| {
        for _ in 0..MANY {
            assert_eq!(over(url, folder, RECEIVE).code, 3);
        }
    });
    let delivered: usize = thread::scope(|scope| {
        let deliver = || hall.window(&["deliver", "--json"]).ok().out.lines().count();
        let running: Vec<_> = (0..3).map(|_| scope.spawn(deliver)).collect();
        running.into_iter().map(|running| running.join().expect("joined")).sum()
    });
    assert_eq!(delivered, MANY);
    assert_eq!(hall.numbers().len(), MANY);
}

#[test]
fn what_was_kept_for_one_server_does_not_go_to_another() {
    let hall = Hall::open();
    let folder = beside(&hall.folder);
    assert_eq!(over("https://127.0.0.1:1", &folder, RECEIVE).code, 3);
    let url = hall.server.url();
    assert_eq!(over(&url, &folder, &["deliver"]).code, 3);
    assert!(hall.numbers().is_empty());
    over(&url, &folder, &["deliver", "--moved"]).ok();
    assert_eq!(hall.numbers().len(), 1);
}

#[test]
fn a_file_is_kept_with_its_bytes() {
    let hall = Hall::open();
    let number = hall.receive()["number"].as_str().expect("a number").to_owned();
    let file = hall.folder.write("plan.pdf", "%PDF-1.4\n%%EOF");
    let hall = hall.restart(|url, folder| {
        assert_eq!(over(url, folder, &["attach", &number, &file]).code, 3);
        fs::remove_file(&file).expect("the file goes");
    });
    hall.window(&["deliver"]).ok();
    let case = hall.window(&["get", &number, "--json"]).ok().json();
    assert_eq!(case["attachments"][0]["file_name"], "plan.pdf");
}

#[test]
fn a_spool_that_cannot_be_written_sends_nothing() {
    let hall = Hall::open();
    let file = hall.folder.write("file", "");
    let spool = format!("{file}/spool");
    let url = hall.server.url();
    let said = crate::hall::run(
        &[
            &[
                "window",
                "--server",
                &url,
                "--division",
                "410223",
                "--spool",
                &spool,
                "--data",
                &hall.server.data,
                "--window",
                "B10",
                "--clerk",
                "U014-08",
            ],
            RECEIVE,
        ]
        .concat(),
    );
    assert!(said.code == 1 && said.err.contains("nothing was sent"), "{said:?}");
    assert!(hall.numbers().is_empty());
}

#[test]
fn what_waited_counts_from_when_it_was_handed_in() {
    let hall = Hall::open().restart(|url, folder| {
        assert_eq!(over(url, folder, RECEIVE).code, 3);
        assert_eq!(over(url, folder, RECEIVE).code, 3);
        // One of them has waited for twenty minutes, by this machine's clock.
        let spool = folder.0.join("spool");
        let mut files: Vec<_> = fs::read_dir(&spool).expect("a spool").map(|file| file.expect("read").path()).collect();
        files.sort();
        let file = files.iter().find(|file| file.extension().is_some_and(|end| end == "json")).expect("kept");
        let mut kept: serde_json::Value = serde_json::from_slice(&fs::read(file).expect("read")).expect("JSON");
        let earlier = kit::clock::Moment(kit::clock::wall().0 - 20 * 60 * 1_000_000).shanghai();
        kept["kept_at"] = earlier.into();
        fs::write(file, kept.to_string()).expect("written");
    });
    let said = hall.window(&["deliver", "--json"]).ok().lines();
    let late: Vec<_> = said.iter().map(|line| line["case"]["late_entry"].as_bool()).collect();
    assert_eq!(late, [Some(true), Some(false)]);
    // By the server's clock, which stands at nine on a day of training.
    assert!(said[0]["case"]["received_at"].as_str().is_some_and(|at| at.starts_with("2016-03-08T08:39")), "{said:?}");
    assert_eq!(said[0]["receipt"]["leaf_hash"].as_str().map(str::len), Some(64));
}
