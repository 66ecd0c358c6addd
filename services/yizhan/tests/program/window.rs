//! `yizhan window` with a server that answers.

use crate::hall::{Hall, RECEIVE, run};

#[test]
fn a_case_goes_from_the_window_to_the_applicant() {
    let hall = Hall::open();
    let case = hall.receive();
    let (number, code) = (case["number"].as_str().expect("a number"), case["query_code"].as_str().expect("a code"));
    assert_eq!(case["intake_clock"]["due_on"], "2016-03-15");

    let case = hall.window(&["accept", number, "--json"]).ok().json()["case"].clone();
    assert_eq!((&case["state"], &case["promised_clock"]["due_on"]), (&"ACCEPTED".into(), &"2016-03-22".into()));
    let inbox = hall.window(&["inbox", "--unit", "014", "--json"]).ok().json();
    assert_eq!((&inbox["action"], &inbox["case"]["number"]), (&"DECIDE".into(), &number.into()));

    let decide = ["decide", number, "--grant", "--officer", "U014-06", "--document-number", "尉卫公证〔2016〕1号"];
    hall.window(&decide).ok();
    let issued = hall.issuing(&["issue", number, "--to", "李某某", "--id", "41022319900101001X", "--json"]).ok();
    assert_eq!(issued.json()["case"]["state"], "ISSUED");

    let track = hall.window(&["track", number, code, "--json"]).ok().json();
    assert_eq!((&track["state"], &track["issued_on"]), (&"ISSUED".into(), &"2016-03-08".into()));
    let explained = hall.window(&["explain", number, "--clock", "promised", "--json"]).ok().json();
    assert_eq!(explained["due_on"], "2016-03-22");
    assert!(hall.window(&["spool"]).ok().out.contains("nothing is kept"));
}

#[test]
fn a_receipt_says_what_the_applicant_needs() {
    let hall = Hall::open();
    let said = hall.window(&RECEIVE[..RECEIVE.len() - 1]).ok();
    let number = hall.numbers().remove(0);
    for text in [
        "收件凭证",
        &number,
        "公共场所卫生许可",
        "m2  原件 1",
        "2016-03-15",
        "查询码",
        "校验值",
        "window receipt",
        "李××",
    ] {
        assert!(said.out.contains(text), "{text}: {}", said.out);
    }
    assert!(!said.out.contains("41022319900101001X"), "personal data are masked: {}", said.out);
}

#[test]
fn a_receipt_can_be_had_again_and_its_proof_once_a_head_is_signed() {
    let hall = Hall::open();
    let said = hall.window(RECEIVE).ok().json();
    let number = said["case"]["number"].as_str().expect("a number");
    let again = hall.window(&["receipt", number, "--json"]).ok().json();
    assert_eq!((&again["leaf_hash"], &again["seq"]), (&said["receipt"]["leaf_hash"], &said["receipt"]["seq"]));
    let file = hall.folder.path("receipt.txt");
    let early = hall.window(&["receipt", number, "--text", &file]);
    assert!(early.code == 1 && early.err.contains("no proof yet"), "{early:?}");
    let unknown = hall.window(&["receipt", "410223-014-20160308-000009-X", "--json"]);
    assert_eq!((unknown.code, &unknown.json()["reason"]), (1, &"CASE_NOT_FOUND".into()));
}

#[test]
fn what_is_typed_in_later_says_when_it_was_handed_in() {
    let hall = Hall::open();
    hall.server.run(&["clock", "advance", "2016-03-10T09:00"]).ok();
    let at = |at: &str| hall.window(&[RECEIVE, &["--received-at", at]].concat());
    let case = at("2016-03-08T16:30").ok().json()["case"].clone();
    assert_eq!((&case["late_entry"], &case["received_at"]), (&true.into(), &"2016-03-08T16:30:00+08:00".into()));
    assert_eq!(case["intake_clock"]["due_on"], "2016-03-15");
    let told = hall.window(&["get", case["number"].as_str().expect("a number")]).ok().out;
    assert!(told.contains("补录"), "{told}");
    assert_eq!(at("2016-02-28T16:30").json()["fields"][0]["field"], "received_at");
    assert_eq!(at("yesterday").code, 2);
}

#[test]
fn an_instant_item_is_granted_by_its_mandate_while_the_applicant_waits() {
    const ITEM: &str = "410223-001-001";
    let hall = Hall::open();
    hall.server.sign_in(&["U001-01", "U001-08", "U001-12"]);
    let at = |window: &str, clerk: &str, args: &[&str]| {
        let to = ["--window", window, "--clerk", clerk, "--json"];
        crate::hall::window(&hall.server.url(), &hall.folder, &[&to, args].concat())
    };
    let applicant = ["receive", "--item", ITEM, "--applicant", "李某某", "--id", "41022319900101001X"];
    let materials = ["--material", "m1", "--material", "m2=1+1", "--material", "m3=1+1", "--material", "m4=1+1"];
    let certificate = ["--on-the-spot", "--document-number", "证1号"];
    let receive = [&applicant[..], &materials, &certificate].concat();
    assert_eq!(at("A01", "U001-08", &receive).json()["reason"], "MANDATE_MISSING");

    let give = ["mandate", ITEM, "--leader", "U001-01", "--officer", "U001-06", "--document", "授1号"];
    let item = at("A01", "U001-08", &give).ok().json()["item"].clone();
    let people = "divisions/410223/people";
    assert_eq!(item["mandate"]["leader"], format!("{people}/U001-01"));
    let case = at("A01", "U001-08", &receive).ok().json()["case"].clone();
    assert_eq!((&case["state"], &case["decision"]["mandate"]), (&"GRANTED".into(), &"授1号".into()));
    assert_eq!(case["decision"]["officer"], format!("{people}/U001-06"));
    let number = case["number"].as_str().expect("a number");
    let told = crate::hall::window(&hall.server.url(), &hall.folder, &["--clerk", "U001-08", "get", number]).ok().out;
    assert!(told.contains("授权") && told.contains("授1号"), "{told}");
    let issue = ["issue", number, "--to", "李某某", "--id", "41022319900101001X"];
    assert_eq!(at("A05", "U001-12", &issue).ok().json()["case"]["state"], "ISSUED");

    let back = ["mandate", ITEM, "--leader", "U001-01", "--revoke"];
    assert!(at("A01", "U001-08", &back).ok().json()["item"]["mandate"].is_null());
    assert_eq!(at("A01", "U001-08", &["mandate", ITEM, "--leader", "U001-01"]).code, 2, "given, or taken back?");
    // Nobody is there to hear it: it is not kept for later.
    let unheard = crate::hall::window("https://127.0.0.1:1", &hall.folder, &back);
    assert_eq!(unheard.code, 1, "{unheard:?}");
    assert!(hall.window(&["spool"]).ok().out.contains("nothing is kept"));
}

#[test]
fn what_is_missing_is_asked_for_once_and_brought() {
    let hall = Hall::open();
    let case = hall.window(&[&RECEIVE[..7], &["--material", "m1", "--json"]].concat()).ok().json()["case"].clone();
    let number = case["number"].as_str().expect("a number");
    let ask = ["supplement-ask", number, "--need", "m2=身份证复印件", "--need", "m3=缺少平面图", "--json"];
    let case = hall.window(&ask).ok().json()["case"].clone();
    assert_eq!(case["state"], "SUPPLEMENT_PENDING");
    let again = hall.window(&ask);
    assert_eq!((again.code, &again.json()["outcome"]), (1, &"refused".into()));
    let case = hall.window(&["supplement", number, "--material", "m2=1+1", "--material", "m3", "--json"]).ok().json();
    assert_eq!(case["case"]["state"], "RECEIVED");
}

#[test]
fn a_refusal_names_the_reason_and_every_field_and_is_not_kept() {
    let hall = Hall::open();
    let wrong =
        ["receive", "--item", "410223-014-001", "--applicant", "李某某", "--id", "410223199001010019", "--phone", "x"];
    let said = hall.window(&[wrong.as_slice(), &["--json"]].concat());
    assert_eq!(said.code, 1);
    let told = said.json();
    assert_eq!((&told["outcome"], &told["reason"]), (&"refused".into(), &"FIELD_INVALID".into()));
    let fields: Vec<_> = told["fields"].as_array().expect("fields").iter().map(|f| f["field"].as_str()).collect();
    assert_eq!(fields, [Some("applicant.document_number"), Some("applicant.phone")]);
    let said = hall.window(&wrong);
    assert!(said.err.contains("[FIELD_INVALID]") && said.err.contains("居民身份证号码"), "{}", said.err);
    assert!(hall.window(&["spool"]).ok().out.contains("nothing is kept"));
    assert!(hall.numbers().is_empty());
}

#[test]
fn what_is_missing_on_the_command_line_is_a_matter_of_usage() {
    let nowhere = "https://127.0.0.1:1";
    let folder = crate::hall::Folder::new();
    let (spool, data) = (folder.path("spool"), folder.path("data"));
    kit::pki::Authority::open(&folder.0.join("data/pki")).expect("an authority");
    let to = |server| ["window", "--server", server, "--data", &data, "--spool", &spool];
    let window = |args: &[&str]| run(&[&to(nowhere), args].concat());
    let said = window(&["accept", "1"]);
    assert!(said.code == 2 && said.err.contains("--division"), "{said:?}");
    let said = window(&["--division", "410223", "accept", "1"]);
    assert!(said.code == 2 && said.err.contains("--clerk"), "{said:?}");
    for args in [
        ["supplement", "1", "--material", "m1=one"].as_slice(),
        &["supplement-ask", "1", "--need", "m1"],
        &["decide", "1"],
        &["decide", "1", "--grant", "--deny"],
        &["refuse", "1", "--reason", "x"],
        &["receive", "--item", "1", "--applicant", "a", "--id", "1", "--officer", "b"],
    ] {
        assert_eq!(window(args).code, 2, "{args:?}");
    }
    assert_eq!(run(&[to("nowhere").as_slice(), &["list"]].concat()).code, 2);
    assert!(!folder.0.join("spool").exists(), "nothing was kept");
}

#[test]
fn a_file_is_attached_and_a_wrong_one_refused() {
    let hall = Hall::open();
    let number = hall.receive()["number"].as_str().expect("a number").to_owned();
    let file = hall.folder.write("plan.pdf", "%PDF-1.4\n%%EOF");
    let said = hall.window(&["attach", &number, &file, "--material", "m3", "--json"]).ok().json();
    assert_eq!(
        (&said["attachment"]["media_type"], &said["attachment"]["size_bytes"]),
        (&"application/pdf".into(), &14.into())
    );
    let file = hall.folder.write("plan.png", "not a picture");
    let said = hall.window(&["attach", &number, &file, "--json"]);
    assert_eq!((said.code, &said.json()["reason"]), (1, &"FILE_TYPE".into()));
    assert_eq!(hall.window(&["attach", &number, "/nowhere.pdf"]).code, 1);
}
