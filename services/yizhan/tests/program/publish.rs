//! `yizhan publish` with a server that answers: a notice from its file to the public, corrected and withdrawn.

use serde_json::Value;

use crate::hall::{Hall, Said};

const CLERK: &str = "U014-08";
const REVIEWER: &str = "U014-06";
const LEADER: &str = "U014-01";
const MANAGER: &str = "D01-1";

impl Hall {
    /// What a person does.
    fn publish(&self, clerk: &str, args: &[&str]) -> Said {
        let spool = self.folder.path("spool");
        let at = ["publish", "--division", "410223", "--clerk", clerk, "--spool", &spool];
        self.server.run(&[&at, args].concat())
    }

    /// The last line of what they are told.
    fn published(&self, clerk: &str, args: &[&str]) -> Value {
        self.publish(clerk, &[args, &["--json"]].concat()).ok().json()
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().expect("text")
}

#[test]
fn a_notice_goes_from_its_file_to_the_public_and_back() {
    let hall = Hall::open();
    hall.server.sign_in(&[CLERK, REVIEWER, LEADER, MANAGER]);
    let sample = hall.publish(CLERK, &["draft", "--sample"]).ok().out;
    let notice = sample.replace("unit: 012", "unit: 014");
    let file = hall.folder.write("notice.md", &notice);
    let drafted = hall.published(CLERK, &["draft", &file]);
    let id = text(&drafted, "name").rsplit('/').next().expect("an id").to_owned();
    assert_eq!(drafted["draft"]["content"]["sections"][0]["element"], "basis");
    let flow = hall.folder.write("说明.txt", "办理说明：先取号，再到窗口。");
    let added = hall.published(CLERK, &["file", "add", &id, &flow, "--title", "办理说明"]);
    assert_eq!((&added["title"], &added["media_type"]), (&"办理说明".into(), &"text/plain".into()));

    assert!(hall.publish(CLERK, &["check", &id]).ok().out.contains("要素 · elements"));
    let said = hall.publish(CLERK, &["review", &id, "--disclose"]);
    assert!(said.code == 1 && said.err.contains("[AUTHOR_REVIEWS]"), "{said:?}");
    assert_eq!(hall.publish(REVIEWER, &["review", &id]).code, 2, "a disposal has to be named");
    let inbox = hall.publish(LEADER, &["inbox", "014"]).ok().out;
    assert!(inbox.contains(&id) && inbox.contains("待审查 · to be reviewed"), "{inbox}");
    hall.publish(REVIEWER, &["return", &id, "--reason", "请核对电话"]).ok();
    let corrected = hall.folder.write("notice.md", notice.replace("0371-55500012", "0371-55500014"));
    hall.publish(CLERK, &["update", &id, &corrected]).ok();
    hall.publish(CLERK, &["check", &id]).ok();
    let partial = ["review", &id, "--partial", "值班人员手机号=privacy=涉及个人隐私"];
    hall.publish(REVIEWER, &partial).ok();
    hall.publish(LEADER, &["approve", &id]).ok();
    let public = hall.publish(CLERK, &["publish", &id]).ok().out;
    assert!(public.contains("已公开 · public") && public.contains("未公开 · left out"), "{public}");

    let found = hall.published(CLERK, &["search", "开放"]);
    assert!(text(&found, "name").ends_with(&id), "{found}");
    assert!(hall.publish(CLERK, &["list", "--column", "notices", "--unit", "014"]).ok().out.contains(&id));
    hall.publish(CLERK, &["correct", &id, "--reason", "时间有变化"]).ok();
    hall.publish(CLERK, &["file", "remove", &id, text(&added, "name").rsplit('/').next().expect("a digest")]).ok();
    for (who, step) in [(CLERK, vec!["check"]), (REVIEWER, vec!["review", "--disclose"])] {
        hall.publish(who, &[&step[..1], &[id.as_str()], &step[1..]].concat()).ok();
    }
    hall.publish(LEADER, &["approve", &id]).ok();
    let shown = hall.published(CLERK, &["publish", &id]);
    assert_eq!((&shown["edition"]["number"], &shown["edition"]["correction"]), (&2.into(), &"时间有变化".into()));
    assert!(hall.publish(CLERK, &["show", &id, "--edition", "1"]).ok().out.contains("第1版 · edition 1"));
    hall.publish(LEADER, &["withdraw", &id, "--reason", "活动已结束"]).ok();
    assert!(hall.publish(CLERK, &["list"]).ok().out.contains("没有符合条件的记录"));
}

#[test]
fn a_manager_sets_a_column_and_a_list_and_what_is_not_given_stays() {
    let hall = Hall::open();
    hall.server.sign_in(&[CLERK, MANAGER]);
    let review = ["--standing-review", "尉政公开〔2016〕1号", "--reviewer", "D01-2", "--leader", "G01"];
    let set = hall.publish(MANAGER, &[&["column", "set", "guides", "--bar", "90"], &review[..]].concat());
    assert!(set.ok().out.contains("分类审查 · standing review 尉政公开〔2016〕1号"));
    let set = hall.published(MANAGER, &["column", "set", "guides", "--no-standing-review"]);
    assert_eq!(
        (&set["bar"], &set["standing_review"], &set["title_zh"]),
        (&90.into(), &Value::Null, &"办事指南".into())
    );
    let said = hall.publish(CLERK, &["column", "set", "guides", "--bar", "10"]);
    assert!(said.code == 1 && said.err.contains("[NOT_MANAGER]"), "{said:?}");
    assert!(hall.publish(CLERK, &["columns"]).ok().out.contains("办事指南"));

    let mut list = hall.published(CLERK, &["requirements", "guide"]);
    list["elements"].as_array_mut().expect("elements").truncate(3);
    let file = hall.folder.write("guide.json", list.to_string());
    let set = hall.published(MANAGER, &["requirements", "--set", &file]);
    assert_eq!((&set["version"], set["elements"].as_array().map(Vec::len)), (&1.into(), Some(3)));
}
