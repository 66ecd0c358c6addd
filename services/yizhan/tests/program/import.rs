//! `yizhan import`.

use crate::hall::{Folder, Hall, Said, county};

fn import(hall: &Hall, args: &[&str]) -> Said {
    hall.server.run(&[&["import", "--division", "410223"], args].concat())
}

/// The faults: what stands below the heading, up to the words.
fn places(said: &Said) -> Vec<String> {
    assert_eq!(said.code, 1, "{said:?}");
    let place = |line: &str| {
        let parts: Vec<_> = line.splitn(4, ':').take(3).collect();
        let (path, rest) = parts.split_first().expect("a file");
        let name = path.rsplit_once('/').map_or(*path, |(_, name)| name);
        [&[name], rest].concat().join(":")
    };
    said.err.lines().skip(1).map(|line| place(line.split(" · ").next().unwrap_or(line))).collect()
}

/// A text of the county with one thing changed.
fn changed(file: &str, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(county(file)).expect("read");
    assert!(text.contains(from), "{file}: {from}");
    text.replacen(from, to, 1)
}

#[test]
fn a_repeated_import_repeats_nothing() {
    let hall = Hall::open();
    let [units, windows, people, items] = ["units.csv", "windows.csv", "people.csv", "items.json"].map(county);
    let args = ["--units", &units, "--windows", &windows, "--people", &people, "--items", &items];
    let said = import(&hall, &args).ok();
    assert!(said.out.contains("0 created, 0 updated, 307 unchanged"), "{}", said.out);
    assert!(said.out.contains("items: 0 created, 0 revised, 60 unchanged"), "{}", said.out);
}

#[test]
fn an_item_that_says_something_else_is_revised_once() {
    let hall = Hall::open();
    let items =
        hall.folder.write("items.json", changed("items.json", "\"普通护照签发\"", "\"普通护照签发（含换发）\""));
    assert!(import(&hall, &["--items", &items]).ok().out.contains("items: 0 created, 1 revised, 59 unchanged"));
    assert!(import(&hall, &["--items", &items]).ok().out.contains("items: 0 created, 0 revised, 60 unchanged"));
    // And back again: what was imported before an hour ago is no repeat now.
    assert!(import(&hall, &["--items", &county("items.json")]).ok().out.contains("1 revised"));
}

#[test]
fn faults_of_tables_are_told_with_line_and_column_and_nothing_is_loaded() {
    let (hall, folder) = (Hall::open(), Folder::new());
    let units = folder.write(
        "units.csv",
        "code,name_zh,kind\n901,一局,AUTHORITY\n,二局,AUTHORITY\n903,三局,MINISTRY\n904,四局\n905,\"五\n局\",EMPOWERED\n906,六局,OTHERS\n",
    );
    let windows = folder.write("windows.csv", "code,name_zh,accepts,issues,flor\nZ01,窗口,true,false,1\n");
    let people = folder.write("people.csv", "code,name,rank,unit\nP01,张某,STAFF,901\nP02,王某,CHIEF,901\n");
    let said = import(&hall, &["--units", &units, "--windows", &windows, "--people", &people]);
    assert_eq!(
        places(&said),
        [
            "people.csv:3: rank",
            "units.csv:3: code",
            "units.csv:4: kind",
            "units.csv:5: 应有3列，现有2列",
            "units.csv:8: kind",
            "windows.csv:1: flor",
        ]
    );
    let fine = folder.write("units.csv", "code,name_zh,kind\n901,一局,AUTHORITY\n");
    assert!(import(&hall, &["--units", &fine]).ok().out.contains("1 created"), "the good rows were not loaded before");
}

#[test]
fn faults_that_the_server_finds_are_told_in_the_lines_they_come_from() {
    let (hall, folder) = (Hall::open(), Folder::new());
    let units = folder.write(
        "units.csv",
        "code,name_zh,kind,uscc\n901,一局,AUTHORITY,\n90,二局,AUTHORITY,\n\n903,三局,AUTHORITY,11410223005380613X\n",
    );
    let windows = folder.write("windows.csv", "code,name_zh,unit,accepts,issues\nZ01,窗口,901,true,true\n");
    let people = folder.write("people.csv", "code,name,rank,unit,window\nP01,张某,STAFF,901,Z01\nP02,,STAFF,901,\n");
    let said = import(&hall, &["--units", &units, "--windows", &windows, "--people", &people]);
    let places = places(&said);
    for place in ["people.csv:3: name", "units.csv:3: code", "units.csv:5: uscc"] {
        assert!(places.iter().any(|told| told.starts_with(place)), "{place}: {places:?}");
    }
    assert!(places.iter().any(|told| told.starts_with("windows.csv:2")), "{places:?}");

    let people = folder.write("people.csv", "code,name,rank,unit\nP01,张某,STAFF,901\nP02,王某,STAFF,999\n");
    let said = import(&hall, &["--people", &people]);
    assert!(said.err.contains("people.csv:2: unit") && said.err.contains("people.csv:3: unit"), "{}", said.err);
}

#[test]
fn where_there_are_very_many_faults_their_number_is_told_and_the_first_of_them() {
    let (hall, folder) = (Hall::open(), Folder::new());
    let rows: String = (0..90).map(|i| format!("9{i:02},局,AUTHORITY,11410223005380613X\n")).collect();
    let units = folder.write("units.csv", format!("code,name_zh,kind,uscc\n{rows}"));
    let said = import(&hall, &["--units", &units]);
    assert!(said.code == 1 && said.err.contains("90 faults"), "{}", said.err);
    let told = said.err.lines().filter(|line| line.contains("units.csv:")).count();
    assert!(told >= 20 && said.err.contains(&format!("the first {told} of them")), "{}", said.err);
}

#[test]
fn faults_of_items_are_told_with_line_and_field() {
    let (hall, folder) = (Hall::open(), Folder::new());
    let items = folder.write(
        "items.json",
        r#"[
  {
    "code": "x-1", "name_zh": "甲", "unit": "014", "kind": "LICENCE", "level": "COUNTY", "handling": "SOON",
    "legal_limit_days": 20,
    "promised_limit_days": 30,
    "materials": [
      {"code": "m1", "name": "表", "originals": 1},
      {"code": "m1", "name": "表",
       "originals": 0}
    ]
  },
  {
    "code": "x-2", "name_zh": "乙", "unit": "014", "kind": "LICENCE", "level": "COUNTY", "handling": "PROMISED",
    "legal_limit_days": "twenty",
    "promised_limit_days": 10
  },
  {"code": "x-1", "name_zh": "丙", "unit": "999", "kind": "LICENCE", "level": "COUNTY", "handling": "PROMISED",
   "legal_limit_days": 20, "promised_limit_days": 10, "fee_fen": 500}
]"#,
    );
    let units = county("units.csv");
    let said = import(&hall, &["--units", &units, "--items", &items]);
    let mut told = places(&said);
    told.iter_mut().for_each(|place| place.truncate(place.rfind(": 格式有误").unwrap_or(place.len())));
    assert_eq!(
        told,
        [
            "items.json:3: handling",
            "items.json:5: promised_limit_days",
            "items.json:8: materials[1].code",
            "items.json:9: materials[1].originals",
            "items.json:14",
            "items.json:17: code",
            "items.json:17: fee_basis",
            "items.json:17: unit",
        ]
    );
}

#[test]
fn faults_of_items_that_the_server_finds_are_told_by_line() {
    let (hall, folder) = (Hall::open(), Folder::new());
    let long = "长".repeat(600);
    let text =
        changed("items.json", "\"在迁入地有合法稳定住所", &format!("\"{}在迁入地有合法稳定住所", long.repeat(2)));
    let at = 1 + text.lines().position(|line| line.contains(&long)).expect("there");
    let items = folder.write("items.json", text);
    let said = import(&hall, &["--items", &items]);
    assert!(said.code == 1 && said.err.contains(&format!("items.json:{at}: conditions[0]")), "{}", said.err);
}

#[test]
fn a_file_that_is_not_utf8_or_not_json_or_not_there_is_told() {
    let (hall, folder) = (Hall::open(), Folder::new());
    let gbk = folder.write("units.csv", b"code,name_zh,kind\n901,\xd2\xbb\xbe\xd6,AUTHORITY\n");
    let torn = folder.write("items.json", "[\n{\"code\": \n");
    let none = folder.path("people.csv");
    let said = import(&hall, &["--units", &gbk, "--people", &none]);
    let told = places(&said);
    assert!(told.iter().any(|place| place.starts_with("units.csv:2: 不是UTF-8")), "{told:?}");
    assert!(told.iter().any(|place| place.starts_with("people.csv: 无法读取")), "{told:?}");
    assert_eq!(places(&import(&hall, &["--items", &torn])), ["items.json:3: 不是JSON数组"]);
}

#[test]
fn a_check_changes_nothing() {
    let (hall, folder) = (Hall::open(), Folder::new());
    let units = folder.write("units.csv", "\u{feff}code,name_zh,kind\n901,一局,AUTHORITY\n");
    for _ in 0..2 {
        let said = import(&hall, &["--units", &units, "--check"]).ok();
        assert!(said.out.contains("nothing was changed") && said.out.contains("1 created"), "{}", said.out);
    }
    let none = hall.server.run(&["import", "--division", "999999", "--units", &units]);
    assert!(none.code == 1 && none.err.contains("--division"), "a division is made only by name: {}", none.err);
}
