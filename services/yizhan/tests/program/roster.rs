//! `yizhan roster` with a server that answers: a month of two units' leaders, from the rules to the circular.

use std::fs;

use serde_json::Value;

use crate::hall::{Hall, Said};

const MANAGERS: [&str; 2] = ["D01-1", "D01-2"];

impl Hall {
    /// What a person does from a desk of the centre.
    fn roster(&self, clerk: &str, args: &[&str]) -> Said {
        let spool = self.folder.path("spool");
        let at = ["roster", "--division", "410223", "--clerk", clerk, "--spool", &spool];
        self.server.run(&[&at, args].concat())
    }

    /// The last line of what they are told.
    fn told(&self, clerk: &str, args: &[&str]) -> Value {
        self.roster(clerk, &[args, &["--json"]].concat()).json()
    }

    /// The same on the terminal of the duty desk.
    fn at_desk(&self, clerk: &str, args: &[&str]) -> Value {
        let credential = self.folder.path("data/pki/d01.pem");
        self.told(clerk, &[args, &["--window", "D01", "--credential", &credential]].concat())
    }

    /// Makes the terminal of the duty desk, and signs people in on it.
    fn enrol_desk(&self, people: &[&str]) {
        let credential = self.folder.path("data/pki/d01.pem");
        let division = ["--division", "410223"];
        let create = ["admin", "enrol", "terminal", "D01-1", "--window", "D01"];
        let said = self.server.run(&[&create[..], &division].concat()).ok();
        let code = said.out.lines().find_map(|line| line.strip_prefix("启用码 · code  ")).expect("a code").to_owned();
        let enrol = ["terminal", "enrol", "D01-1", "--credential", &credential];
        self.server.run_with(&[&enrol[..], &division].concat(), &code).ok();
        self.server.sign_in_at(&["--credential", &credential], people);
    }

    fn passes_to(&self, at: &str) {
        self.server.run(&["clock", "advance", at]).ok();
    }
}

/// The sample for two units and one seat.
fn rules() -> String {
    let sample = include_str!("../../src/roster/sample.toml");
    let sample = sample.replace("units = []", "units = [\"014\", \"017\"]");
    let (rules, _) = sample.split_once("[[posts]]\ncode = \"HALL\"").expect("two posts");
    rules.replace("# effective_on", "effective_on")
}

#[test]
fn a_month_of_duty_goes_from_its_rules_to_its_circular() {
    let hall = Hall::open();
    hall.server.sign_in(&MANAGERS);
    let [chief, planner] = MANAGERS;
    let file = hall.folder.write("duty.toml", rules());
    assert!(hall.roster(chief, &["rules", "set", &file]).ok().out.contains("第1版"));
    let shown = hall.told(planner, &["rules", "show"]);
    assert_eq!((&shown["posts"][0]["code"], &shown["notice_days"]), (&"LEAD".into(), &3.into()));
    let file = hall.folder.write("duty.json", shown.to_string().replace("\"late_minutes\":15", "\"late_minutes\":10"));
    let said = hall.roster("U014-08", &["rules", "set", &file]);
    assert!(said.code == 1 && said.err.contains("[NOT_MANAGER]"), "{said:?}");

    // The first that can be published in time is the 11th.
    let leave =
        ["leave", "add", "U014-02", "--kind", "official", "--first", "2016-03-11", "--document", "尉政办〔2016〕5号"];
    hall.roster(planner, &leave).ok();
    assert!(hall.roster(planner, &["leave", "list", "2016-03"]).ok().out.contains("公务 · official"));
    let plan = hall.told(planner, &["draft", "2016-03"]);
    let assignments = plan["assignments"].as_array().expect("a plan").clone();
    assert_eq!((assignments.len(), &plan["state"]), (30, &"PLAN_STATE_DRAFT".into()));
    assert_eq!(assignments[0]["day"], "2016-03-11");
    let text = |n: usize, field: &str| assignments[n][field].as_str().expect("text").to_owned();
    let (first, second) = (text(0, "duty"), text(1, "duty"));
    let said = hall.roster(planner, &["adjust", "2016-03", &format!("{first}=U014-02")]).ok();
    assert!(said.out.contains("[ON_LEAVE]") && said.out.contains("尉政办〔2016〕5号"), "{}", said.out);
    let said = hall.roster(planner, &["publish", "2016-03"]);
    assert!(said.code == 1 && said.err.contains("[PLAN_CONFLICTS]"), "{said:?}");
    hall.roster(planner, &["draft", "2016-03"]).ok();
    assert!(hall.roster(planner, &["publish", "2016-03"]).ok().out.contains("已公布"));
    let table = hall.roster(planner, &["show", "2016-03", "--conflicts"]).ok().out;
    assert!(table.contains("2016-03-11 周五") && table.contains("LEAD"), "{table}");

    // Who was to serve first sends a substitute; the next one comes late, and nobody comes after that.
    let duties =
        hall.roster(planner, &["duties", "--first", "2016-03-11", "--last", "2016-03-31", "--json"]).ok().lines();
    let code = |n: usize| duties[n]["person"].as_str().expect("a name").rsplit('/').next().expect("a code").to_owned();
    let unit = duties[0]["unit"].as_str().expect("a unit");
    let busy = [code(0), code(1)];
    let substitute = (2..=4).map(|n| format!("U{unit}-0{n}")).find(|who| !busy.contains(who) && who != "U014-02");
    let substitute = substitute.expect("a colleague");
    hall.enrol_desk(&[&substitute, &busy[0], &busy[1]]);
    let asked = hall.at_desk(&busy[0], &["substitute", &first, &substitute, "--reason", "县里开会"]);
    let id = asked["name"].as_str().expect("a name").rsplit('/').next().expect("an id").to_owned();
    assert_eq!(asked["state"], "EXCHANGE_STATE_REQUESTED");
    assert_eq!(hall.told(chief, &["answer", &id, "--accept"])["state"], "EXCHANGE_STATE_ACCEPTED");
    assert!(hall.roster(chief, &["exchanges", "2016-03"]).ok().out.contains("替班 · substitute"));

    hall.passes_to("2016-03-11T08:25");
    assert_eq!(hall.at_desk(&busy[0], &["on", &first])["reason"], "NOT_ON_DUTY");
    assert_eq!(hall.at_desk(&substitute, &["on", &first])["state"], "DUTY_STATE_ON_DUTY");
    hall.passes_to("2016-03-11T12:00");
    let served = hall.at_desk(&substitute, &["off", &first]);
    assert_eq!((&served["state"], &served["substituted"]), (&"DUTY_STATE_SERVED".into(), &true.into()));
    let logged = hall.at_desk(&substitute, &["log", &first, "--enquiries", "12", "--handover", "无"]);
    assert_eq!(logged["log"]["enquiries"], 12);
    hall.passes_to("2016-03-11T14:50");
    assert_eq!(hall.at_desk(&busy[1], &["on", &second])["late"], true);
    hall.passes_to("2016-03-11T17:30");
    hall.at_desk(&busy[1], &["off", &second]);

    assert_eq!(hall.told(planner, &["circular", "draft", "2016-03"])["reason"], "MONTH_NOT_OVER");
    hall.passes_to("2016-04-01T09:00");
    let third = duties[2]["name"].as_str().expect("a name").rsplit('/').next().expect("an id").to_owned();
    let correct = ["correct", &third, "--mark", "excused", "--reason", "参加县委会议"];
    assert_eq!(hall.told(chief, &correct)["corrections"][0]["state_before"], "DUTY_STATE_ABSENT");

    let circular = hall.told(planner, &["circular", "draft", "2016-03"]);
    let total = |circular: &Value, field: &str| circular["total"][field].as_i64().expect("a number");
    let counts = ["required", "attended", "late", "substituted", "excused"].map(|field| total(&circular, field));
    assert_eq!(counts, [29, 2, 1, 1, 1]);
    hall.roster(planner, &["circular", "send", "2016-03"]).ok();
    assert_eq!(hall.told(planner, &["circular", "issue", "2016-03"])["reason"], "DRAFTER_ISSUES");
    hall.passes_to("2016-04-07T09:00");
    let issued = hall.told(chief, &["circular", "issue", "2016-03"]);
    assert_eq!(issued["number"], "尉政务通〔2016〕1号");
    let shown = hall.roster(planner, &["circular", "show", "2016-03"]).ok().out;
    assert!(shown.contains("已印发 · issued") && shown.contains("合计 · total"), "{shown}");
    let document = hall.folder.path("circular.docx");
    hall.roster(planner, &["circular", "download", "2016-03", "--out", &document]).ok();
    assert!(fs::read(&document).expect("written").starts_with(b"PK"));
}

#[test]
fn windows_are_staffed_by_a_and_by_b_where_a_is_away() {
    let hall = Hall::open();
    hall.server.sign_in(&["D01-3"]);
    let roster = |args: &[&str]| hall.told("D01-3", args);
    let set = roster(&["staff", "set", "B10", "--a", "U014-08", "--b", "U014-06"]);
    assert_eq!(set["clerk_b"], "divisions/410223/people/U014-06");
    assert_eq!(roster(&["staff", "list"])["morning"], "U014-08");
    let leave =
        ["leave", "add", "U014-08", "--kind", "sick", "--first", "2016-03-09", "--document", "病假条", "--half", "am"];
    hall.roster("D01-3", &leave).ok();
    let day = roster(&["staff", "list", "--day", "2016-03-09"]);
    assert_eq!((&day["morning"], &day["afternoon"]), (&"U014-06".into(), &"U014-08".into()));
}

#[test]
fn what_is_missing_or_wrong_is_told() {
    let hall = Hall::open();
    let said = hall.server.run(&["roster", "--division", "410223", "draft", "2016-03"]);
    assert!(said.code == 2 && said.err.contains("--clerk"), "{said:?}");
    assert!(hall.server.run(&["roster", "rules", "set", "--sample"]).ok().out.contains("[[posts]]"));
    let file = hall.folder.write("wrong.toml", "late_minuts = 5");
    let said = hall.roster("D01-1", &["rules", "set", &file]);
    assert!(said.code == 1 && said.err.contains("late_minuts") && said.err.contains("wrong.toml"), "{said:?}");
    let said = hall.roster("D01-1", &["draft", "2016-03"]);
    assert!(said.code == 1 && !said.err.is_empty(), "nobody has signed in: {said:?}");
}
