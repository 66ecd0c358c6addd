//! `yizhan serve`, `clock` and `health`.

use std::{net::TcpListener, thread, time::Duration};

use crate::{
    hall::{Folder, Hall, RECEIVE, Said, Server, import, run, window},
    proxy::Proxy,
};

const ANY: &str = "127.0.0.1:0";

fn serve(folder: &Folder, more: &[&str]) -> Result<Server, Said> {
    let data = folder.path("data");
    Server::start(&[&["--data", &data, "--listen", ANY, "--web", ANY], more].concat())
}

/// What a program said that did not start.
#[track_caller]
fn refused(started: Result<Server, Said>) -> String {
    let said = started.err().expect("refused");
    assert_eq!(said.code, 1, "{said:?}");
    said.err
}

#[test]
fn a_folder_that_has_served_real_time_is_not_trained_on() {
    let folder = Folder::new();
    serve(&folder, &[]).expect("real").stop();
    let said = refused(serve(&folder, &["--simulate", "2016-03-08T09:00"]));
    assert!(said.contains("has served real time") && said.contains(&folder.path("data")), "{said}");
    serve(&folder, &[]).expect("real again").stop();
}

#[test]
fn a_folder_of_training_is_not_served_in_real_time() {
    let folder = Folder::new();
    serve(&folder, &["--simulate", "2016-03-08T09:00"]).expect("training").stop();
    let said = refused(serve(&folder, &[]));
    assert!(said.contains("training data") && said.contains("--simulate"), "{said}");
}

#[test]
fn a_folder_with_databases_of_unknown_time_is_not_trained_on() {
    let folder = Folder::new();
    serve(&folder, &["--simulate", "2016-03-08T09:00"]).expect("training").stop();
    std::fs::remove_file(folder.0.join("data/clock")).expect("the marker");
    assert!(refused(serve(&folder, &["--simulate", "2016-03-08T09:00"])).contains("has served real time"));
}

#[test]
fn training_goes_on_from_the_latest_time_that_was_lived() {
    let folder = Folder::new();
    let first = serve(&folder, &["--simulate", "2016-03-08T09:00"]).expect("training");
    first.run(&["clock", "advance", "2016-03-20T10:00"]).ok();
    // Killed, not stopped: the time was written down before it came.
    drop(first);
    let again = serve(&folder, &["--simulate", "2016-03-08T09:00"]).expect("training");
    assert!(again.run(&["clock"]).ok().out.starts_with("2016-03-20T10:00:00+08:00"));
    again.stop();
    let later = serve(&folder, &["--simulate", "2016-04-01T08:00"]).expect("training");
    assert!(later.run(&["clock"]).ok().out.starts_with("2016-04-01T08:00:00+08:00"));
}

#[test]
fn the_clock_goes_forward_only_and_a_real_one_not_at_all() {
    let folder = Folder::new();
    let training = serve(&folder, &["--simulate", "2016-03-08T09:00"]).expect("training");
    let advance = |server: &Server, to: &str| server.run(&["clock", "advance", to]);
    assert_eq!(advance(&training, "2016-03-08T08:59").code, 1);
    assert_eq!(advance(&training, "2026-04-08T09:00").code, 1, "more than ten years");
    assert_eq!(advance(&training, "2016-03-08T09:00").code, 0);
    assert_eq!(advance(&training, "the day after").code, 2);

    let folder = Folder::new();
    let real = serve(&folder, &[]).expect("real");
    let said = advance(&real, "2100-01-01T00:00");
    assert!(said.code == 1 && said.err.contains("[CLOCK_IS_REAL]"), "{said:?}");
}

#[test]
fn what_falls_due_is_done_when_the_clock_is_advanced() {
    let hall = Hall::open();
    let case = hall.receive();
    let number = case["number"].as_str().expect("a number");
    hall.server.run(&["clock", "advance", "2016-03-16T00:00"]).ok();
    let case = hall.window(&["get", number, "--json"]).ok().json();
    // Silence for five working days is acceptance from the day of receipt (行政许可法 art. 32).
    assert_eq!((&case["accepted_on"], &case["deemed_accepted"]), (&"2016-03-08".into(), &true.into()));
}

#[test]
fn two_programs_never_serve_one_data_folder() {
    let folder = Folder::new();
    let first = serve(&folder, &[]).expect("the first");
    let said = refused(serve(&folder, &[]));
    assert!(said.contains("another program serves the data folder"), "{said}");
    first.stop();
    serve(&folder, &[]).expect("the first has gone").stop();
}

#[test]
fn an_address_in_use_is_told_before_a_database_is_made() {
    let (folder, taken) = (Folder::new(), TcpListener::bind(ANY).expect("a free port"));
    let address = taken.local_addr().expect("bound").to_string();
    for setting in ["--listen", "--web"] {
        let data = folder.path("data");
        let other = if setting == "--web" { "--listen" } else { "--web" };
        let said = refused(Server::start(&["--data", &data, setting, &address, other, ANY]));
        assert!(said.contains(&address) && said.contains(setting), "{said}");
    }
    assert!(!folder.0.join("data/intake.db").exists());
}

#[test]
fn a_setting_that_is_wrong_is_named() {
    let folder = Folder::new();
    for (text, name) in
        [("lisen = \"127.0.0.1:4100\"", "lisen"), ("listen = \"somewhere\"", "listen"), ("calls = \"many\"", "calls")]
    {
        let config = folder.write("yizhan.toml", text);
        let said = refused(serve(&folder, &["--config", &config]));
        assert!(said.contains(name), "{name}: {said}");
    }
    let none = folder.path("none.toml");
    assert!(refused(serve(&folder, &["--config", &none])).contains("none.toml"));
    let config = folder.write("yizhan.toml", "[databases]\nintake = \"postgres://127.0.0.1/real\"");
    let said = refused(serve(&folder, &["--config", &config, "--simulate", "2016-03-08T09:00"]));
    assert!(said.contains("`databases`"), "{said}");
    let file = folder.write("file", "");
    let said = refused(Server::start(&["--data", &format!("{file}/data"), "--listen", ANY, "--web", ANY]));
    assert!(said.contains("cannot be written") && said.contains("--data"), "{said}");
}

#[test]
fn a_role_without_its_peer_says_which_setting_is_missing() {
    let folder = Folder::new();
    assert!(refused(serve(&folder, &["intake"])).contains("peers.directory"));
    let config = folder.write("yizhan.toml", "[peers]\ndirectory = \"https://127.0.0.1:1\"");
    let said = refused(serve(&folder, &["gateway", "--config", &config]));
    assert!(said.contains("peers.intake") && said.contains("YIZHAN_PEERS__INTAKE"), "{said}");
    let config = folder.write("yizhan.toml", "[peers]\ndirectory = \"127.0.0.1:1\"");
    assert!(refused(serve(&folder, &["roster", "--config", &config])).contains("peers.directory"));
    let said = serve(&folder, &["intake", "--simulate", "2016-03-08T09:00"]).err().expect("refused");
    assert_eq!(said.code, 2, "training mode is for all roles together");
}

#[test]
fn five_programs_do_as_one_does() {
    let folder = Folder::new();
    let serve = |role: &str, peers: &[(&str, &Server)]| {
        let urls: String = peers.iter().map(|(name, server)| format!("{name} = \"{}\"\n", server.url())).collect();
        let pki = folder.path("data/pki");
        let config = folder.write(&format!("{role}.toml"), format!("[tls]\nfolder = \"{pki}\"\n[peers]\n{urls}"));
        let data = folder.path(role);
        let args = [role, "--config", &config, "--data", &data, "--listen", ANY, "--web", ANY];
        let mut server = Server::start(&args).unwrap_or_else(|said| panic!("{said:?}"));
        // Where its commands find their credential.
        server.data = folder.path("data");
        server
    };
    let directory = serve("directory", &[]);
    let roster = serve("roster", &[("directory", &directory)]);
    let intake = serve("intake", &[("directory", &directory), ("roster", &roster)]);
    let behind = [("directory", &directory), ("intake", &intake), ("roster", &roster)];
    let disclosure = serve("disclosure", &behind);
    let gateway = serve("gateway", &[&behind[..], &[("disclosure", &disclosure)]].concat());
    let url = gateway.url();
    import(&gateway).ok();
    gateway.sign_in(&["U014-08"]);
    let at = ["--window", "B10", "--clerk", "U014-08"];
    let case = window(&url, &folder, &[&at, RECEIVE].concat()).ok().json()["case"].clone();
    assert_eq!(case["state"], "RECEIVED");
    let asked = gateway.run(&["roster", "--division", "410223", "rules", "show"]);
    assert!(asked.err.contains("[RULES_NOT_FOUND]"), "{asked:?}");
    gateway.run(&["publish", "--division", "410223", "list"]).ok();
    for server in [&directory, &intake, &roster, &disclosure, &gateway] {
        server.run(&["health"]).ok();
    }
}

#[test]
fn sigterm_lets_a_call_finish() {
    let hall = Hall::open();
    let number = hall.receive()["number"].as_str().expect("a number").to_owned();
    let proxy = Proxy::to(&hall.server.grpc);
    // The server has the call and a part of the file when it is told to stop.
    proxy.hold_after(64 << 10);
    let file = hall.folder.write("map.pdf", [b"%PDF-1.4\n".as_slice(), &[b' '; 200 << 10], b"\n%%EOF"].concat());
    let attach = thread::spawn({
        let (url, spool, data) = (proxy.url.clone(), hall.folder.path("spool-2"), hall.folder.path("data"));
        move || {
            run(&[
                "window",
                "--server",
                &url,
                "--data",
                &data,
                "--division",
                "410223",
                "--clerk",
                "U014-08",
                "--spool",
                &spool,
                "--json",
                "attach",
                &number,
                &file,
            ])
        }
    });
    proxy.wait_until_held();
    hall.server.terminate();
    thread::sleep(Duration::from_secs(1));
    proxy.hold_after(0);
    let said = attach.join().expect("joined").ok();
    assert_eq!(said.json()["attachment"]["file_name"], "map.pdf");
    let Hall { server, folder: _folder } = hall;
    let (code, _) = server.ended();
    assert_eq!(code, Some(0));
}

#[test]
fn sigterm_waits_for_nobody_longer_than_it_says() {
    let hall = Hall::open();
    let number = hall.receive()["number"].as_str().expect("a number").to_owned();
    let proxy = Proxy::to(&hall.server.grpc);
    proxy.hold_after(64 << 10);
    let file = hall.folder.write("map.pdf", [b"%PDF-1.4\n".as_slice(), &[b' '; 200 << 10], b"\n%%EOF"].concat());
    let url = proxy.url.clone();
    let (spool, data) = (hall.folder.path("spool-2"), hall.folder.path("data"));
    let attach = thread::spawn(move || {
        run(&[
            "window",
            "--server",
            &url,
            "--data",
            &data,
            "--division",
            "410223",
            "--clerk",
            "U014-08",
            "--spool",
            &spool,
            "--timeout",
            "30",
            "attach",
            &number,
            &file,
        ])
    });
    proxy.wait_until_held();
    hall.server.terminate();
    let Hall { server, folder: _folder } = hall;
    let (code, took) = server.ended();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(15), "{took:?}");
    proxy.hold_after(0);
    assert_eq!(attach.join().expect("joined").code, 3, "the file is kept");
}

#[test]
fn health_tells_a_server_that_serves_from_one_that_does_not() {
    let folder = Folder::new();
    let server = serve(&folder, &[]).expect("real");
    let (url, data) = (server.url(), server.data.clone());
    server.run(&["health"]).ok();
    server.stop();
    assert_eq!(run(&["health", "--server", &url, "--data", &data]).code, 1);
}

#[test]
fn what_was_answered_outlives_the_program_on_both_engines() {
    for database in kit::testing::databases() {
        let config = tokio::runtime::Runtime::new().expect("a runtime").block_on(database.config(&[
            "directory",
            "intake",
            "gateway",
        ]));
        let folder = Folder::new();
        let databases: String = config.databases.iter().map(|(name, url)| format!("{name} = \"{url}\"\n")).collect();
        let config = folder.write("yizhan.toml", format!("[databases]\n{databases}"));
        let at = ["--window", "B10", "--clerk", "U014-08"];
        let first = serve(&folder, &["--config", &config]).expect("serves");
        import(&first).ok();
        first.sign_in(&["U014-08"]);
        let case = window(&first.url(), &folder, &[&at, RECEIVE].concat()).ok().json()["case"].clone();
        let number = case["number"].as_str().expect("a number");
        window(&first.url(), &folder, &[at.as_slice(), &["accept", number]].concat()).ok();
        // Killed.
        drop(first);
        let again = serve(&folder, &["--config", &config]).expect("serves again");
        let case = window(&again.url(), &folder, &["--clerk", "U014-08", "get", number, "--json"]).ok().json();
        assert_eq!(case["state"], "ACCEPTED", "{}", database.engine());
        let next = window(&again.url(), &folder, &[&at, RECEIVE].concat()).ok().json()["case"]["number"].to_string();
        assert!(next.contains("-000002-"), "{next}");
        again.stop();
    }
}
