//! Bad input: refused with its place, never INTERNAL, and without a trace.

use kit::testing::request_id;
use proto::directory::v1 as pb;
use tonic::{Code, Status};

use crate::hall::{COUNTY, Hall, counties, person, places, unit, window};

/// Checks a refusal as FIELD_INVALID at exactly these places.
fn check<T: std::fmt::Debug>(answer: Result<T, Status>, fields: &[&str], what: &str) {
    let status = answer.expect_err(what);
    assert_eq!(
        (status.code(), kit::status::reason(&status).as_str()),
        (Code::InvalidArgument, "FIELD_INVALID"),
        "{what}"
    );
    assert_eq!(places(&status), fields, "{what}");
}

async fn unchanged(hall: &Hall, events: &[String]) {
    assert_eq!(hall.events().await, events, "a refusal leaves no trace");
}

const BAD_TEXTS: [&str; 4] = ["\u{0}", "a\u{202e}b", "\u{feff}名", "\u{1b}[2J"];

fn bad_units() -> Vec<(pb::Unit, &'static str)> {
    let good = || unit("012");
    let named = |name: &str| pb::Unit { name: name.into(), ..good() };
    let mut bad = vec![
        (named(""), "unit.name"),
        (named("012"), "unit.name"),
        (named("units/012"), "unit.name"),
        (named("divisions/410223/windows/012"), "unit.name"),
        (named("divisions/41022/units/012"), "unit.name"),
        (named("divisions/4102x3/units/012"), "unit.name"),
        (named("divisions/410223/units/12"), "unit.name"),
        (named("divisions/410223/units/0123"), "unit.name"),
        (named("divisions/410223/units/01A"), "unit.name"),
        (named("divisions/410223/units/０１２"), "unit.name"),
        (named("divisions/410223/units/../units"), "unit.name"),
        (named("divisions/000000/units/012"), "unit.name"),
        (named(&format!("divisions/410223/units/{}", "0".repeat(10_000))), "unit.name"),
        (pb::Unit { display_name_zh: String::new(), ..good() }, "unit.display_name_zh"),
        (pb::Unit { display_name_zh: " \t\n".into(), ..good() }, "unit.display_name_zh"),
        (pb::Unit { display_name_zh: "局".repeat(101), ..good() }, "unit.display_name_zh"),
        (pb::Unit { display_name_en: "x".repeat(101), ..good() }, "unit.display_name_en"),
        (pb::Unit { short_name_zh: "局".repeat(101), ..good() }, "unit.short_name_zh"),
        (pb::Unit { kind: 0, ..good() }, "unit.kind"),
        (pb::Unit { kind: 4, ..good() }, "unit.kind"),
        (pb::Unit { kind: -1, ..good() }, "unit.kind"),
        (pb::Unit { uscc: "11410223005380613H".into(), ..good() }, "unit.uscc"),
        (pb::Unit { uscc: "11410223005380613g".into(), ..good() }, "unit.uscc"),
        (pb::Unit { uscc: "1141022300538061".into(), ..good() }, "unit.uscc"),
        (pb::Unit { uscc: "统一社会信用代码统一社会信用代码统一".into(), ..good() }, "unit.uscc"),
        (pb::Unit { phone: "1".repeat(41), ..good() }, "unit.phone"),
        (pb::Unit { supervision_phone: "1".repeat(41), ..good() }, "unit.supervision_phone"),
        (pb::Unit { address: "路".repeat(201), ..good() }, "unit.address"),
        (pb::Unit { reconsideration_body: "府".repeat(101), ..good() }, "unit.reconsideration_body"),
        (pb::Unit { court: "院".repeat(101), ..good() }, "unit.court"),
    ];
    bad.extend(BAD_TEXTS.map(|text| (pb::Unit { court: text.into(), ..good() }, "unit.court")));
    bad.extend(BAD_TEXTS.map(|text| (pb::Unit { display_name_zh: text.into(), ..good() }, "unit.display_name_zh")));
    bad
}

fn bad_windows() -> Vec<(pb::Window, &'static str)> {
    let good = || window("C01");
    let named = |name: &str| pb::Window { name: format!("{COUNTY}/windows/{name}"), ..good() };
    let mut bad = vec![
        (named(""), "window.name"),
        (named("c01"), "window.name"),
        (named("C.01"), "window.name"),
        (named("C@01"), "window.name"),
        (named("C 01"), "window.name"),
        (named("C0123456789AB"), "window.name"),
        (named("C01/people/1"), "window.name"),
        (pb::Window { name: "divisions/000000/windows/A01".into(), unit: String::new(), ..good() }, "window.name"),
        (pb::Window { display_name_zh: String::new(), ..good() }, "window.display_name_zh"),
        (pb::Window { display_name_zh: "窗".repeat(101), ..good() }, "window.display_name_zh"),
        (pb::Window { display_name_en: "w".repeat(101), ..good() }, "window.display_name_en"),
        (pb::Window { unit: "001".into(), ..good() }, "window.unit"),
        (pb::Window { unit: "divisions/410224/units/001".into(), ..good() }, "window.unit"),
        (pb::Window { unit: format!("{COUNTY}/windows/A01"), ..good() }, "window.unit"),
        (pb::Window { issues: true, ..good() }, "window.issues"),
        (pb::Window { floor: "1".repeat(21), ..good() }, "window.floor"),
    ];
    bad.extend(BAD_TEXTS.map(|text| (pb::Window { floor: text.into(), ..good() }, "window.floor")));
    bad
}

fn bad_people() -> Vec<(pb::Person, &'static str)> {
    let good = || person("P1");
    let named = |name: &str| pb::Person { name: format!("{COUNTY}/people/{name}"), ..good() };
    let mut bad = vec![
        (named(""), "person.name"),
        (named("p1"), "person.name"),
        (named("P_1"), "person.name"),
        (named("张三"), "person.name"),
        (named("P12345678901234567890"), "person.name"),
        (pb::Person { name: "people/P1".into(), ..good() }, "person.name"),
        (pb::Person { display_name: String::new(), ..good() }, "person.display_name"),
        (pb::Person { display_name: "张".repeat(51), ..good() }, "person.display_name"),
        (pb::Person { unit: "x".into(), ..good() }, "person.unit"),
        (pb::Person { unit: "divisions/410224/units/001".into(), ..good() }, "person.unit"),
        (pb::Person { rank: 0, ..good() }, "person.rank"),
        (pb::Person { rank: 6, ..good() }, "person.rank"),
        (pb::Person { rank: i32::MIN, ..good() }, "person.rank"),
        (pb::Person { title: "长".repeat(51), ..good() }, "person.title"),
        (pb::Person { window: "A01".into(), ..good() }, "person.window"),
        (pb::Person { window: "divisions/410224/windows/A01".into(), ..good() }, "person.window"),
        (pb::Person { phone: "1".repeat(41), ..good() }, "person.phone"),
    ];
    bad.extend(BAD_TEXTS.map(|text| (pb::Person { display_name: text.into(), ..good() }, "person.display_name")));
    bad
}

#[tokio::test]
async fn a_bad_unit_is_refused_with_its_field() {
    for hall in counties().await {
        let (mut directory, events) = (hall.directory(), hall.events().await);
        for (unit, field) in bad_units() {
            let what = format!("{unit:.300?}");
            let create = pb::CreateUnitRequest { unit: Some(unit.clone()), request_id: request_id() };
            check(directory.create_unit(create).await, &[field], &what);
            let update = pb::UpdateUnitRequest { unit: Some(unit), request_id: request_id() };
            check(directory.update_unit(update).await, &[field], &what);
        }
        check(directory.create_unit(pb::CreateUnitRequest::default()).await, &["request_id", "unit"], "nothing");
        check(directory.update_unit(pb::UpdateUnitRequest::default()).await, &["request_id", "unit"], "nothing");
        unchanged(&hall, &events).await;
    }
}

#[tokio::test]
async fn a_bad_window_is_refused_with_its_field() {
    for hall in counties().await {
        let (mut directory, events) = (hall.directory(), hall.events().await);
        for (window, field) in bad_windows() {
            let what = format!("{window:.300?}");
            let create = pb::CreateWindowRequest { window: Some(window.clone()), request_id: request_id() };
            check(directory.create_window(create).await, &[field], &what);
            let update = pb::UpdateWindowRequest { window: Some(window), request_id: request_id() };
            check(directory.update_window(update).await, &[field], &what);
        }
        check(directory.create_window(pb::CreateWindowRequest::default()).await, &["request_id", "window"], "nothing");
        unchanged(&hall, &events).await;
    }
}

#[tokio::test]
async fn a_bad_person_is_refused_with_its_field() {
    for hall in counties().await {
        let (mut directory, events) = (hall.directory(), hall.events().await);
        for (person, field) in bad_people() {
            let what = format!("{person:.300?}");
            let create = pb::CreatePersonRequest { person: Some(person.clone()), request_id: request_id() };
            check(directory.create_person(create).await, &[field], &what);
            let update = pb::UpdatePersonRequest { person: Some(person), request_id: request_id() };
            check(directory.update_person(update).await, &[field], &what);
        }
        check(directory.create_person(pb::CreatePersonRequest::default()).await, &["request_id", "person"], "nothing");
        unchanged(&hall, &events).await;
    }
}

#[tokio::test]
async fn a_bad_division_is_refused_with_its_field() {
    for hall in counties().await {
        let mut directory = hall.directory();
        let (zh, en) = ("兰考县".to_owned(), "Lankao County".to_owned());
        let good = pb::Division {
            name: "divisions/410225".into(),
            display_name_zh: zh,
            display_name_en: en,
            ..Default::default()
        };
        let mut bad: Vec<_> = [
            "",
            "410225",
            "divisions/",
            "divisions/41022",
            "divisions/4102255",
            "divisions/41022x",
            "division/410225",
            "divisions/410225/units/001",
            "divisions/ 410225",
            "divisions/000000",
            "divisions/４１０２２５",
        ]
        .into_iter()
        .map(|name| (pb::Division { name: name.into(), ..good.clone() }, "division.name"))
        .collect();
        bad.push((pb::Division { display_name_zh: "县".repeat(101), ..good.clone() }, "division.display_name_zh"));
        bad.push((pb::Division { display_name_zh: String::new(), ..good.clone() }, "division.display_name_zh"));
        bad.push((pb::Division { display_name_en: "x".repeat(101), ..good.clone() }, "division.display_name_en"));
        bad.extend(
            BAD_TEXTS.map(|text| {
                (pb::Division { display_name_en: text.into(), ..good.clone() }, "division.display_name_en")
            }),
        );
        for (division, field) in bad {
            let what = format!("{division:.300?}");
            let create = pb::CreateDivisionRequest { division: Some(division.clone()), request_id: request_id() };
            check(directory.create_division(create).await, &[field], &what);
            let update = pb::UpdateDivisionRequest { division: Some(division), request_id: request_id() };
            check(directory.update_division(update).await, &[field], &what);
        }
        check(
            directory.create_division(pb::CreateDivisionRequest::default()).await,
            &["request_id", "division"],
            "nothing",
        );
    }
}

#[tokio::test]
async fn every_fault_of_a_noun_is_told_at_once() {
    for hall in counties().await {
        let unit = pb::Unit {
            name: "x".into(),
            display_name_zh: String::new(),
            uscc: "1".into(),
            kind: 77,
            court: "院".repeat(101),
            ..unit("012")
        };
        let create = pb::CreateUnitRequest { unit: Some(unit), request_id: "1".into() };
        let status = hall.directory().create_unit(create).await.expect_err("five faults");
        assert_eq!(
            places(&status),
            ["request_id", "unit.name", "unit.kind", "unit.uscc", "unit.display_name_zh", "unit.court"]
        );
    }
}

#[tokio::test]
async fn a_bad_name_or_request_id_is_refused() {
    for hall in counties().await {
        let (mut directory, events) = (hall.directory(), hall.events().await);
        let long = "divisions/410223/units/".to_owned() + &"9".repeat(65);
        for name in [
            "",
            "x",
            "divisions/410223/units/",
            "divisions/410223/units/0/1",
            "divisions//units/001",
            "divisions/410223/units/'--",
            &long,
        ] {
            check(directory.get_unit(pb::GetUnitRequest { name: name.into() }).await, &["name"], name);
            let end = pb::DeactivateUnitRequest { name: name.into(), etag: String::new(), request_id: request_id() };
            check(directory.deactivate_unit(end).await, &["name"], name);
            check(directory.get_window(pb::GetWindowRequest { name: name.into() }).await, &["name"], name);
            check(directory.get_person(pb::GetPersonRequest { name: name.into() }).await, &["name"], name);
            check(directory.get_division(pb::GetDivisionRequest { name: name.into() }).await, &["name"], name);
            let list = pb::ListUnitsRequest { parent: name.into(), ..Default::default() };
            check(directory.list_units(list).await, &["parent"], name);
            let list = pb::ListPeopleRequest { parent: name.into(), ..Default::default() };
            check(directory.list_people(list).await, &["parent"], name);
        }
        for id in ["", "1", "00000000-0000-0000-0000-000000000000", "not-a-uuid-not-a-uuid-not-a-uuid-not", "\u{202e}"]
        {
            let create = pb::CreateUnitRequest { unit: Some(unit("012")), request_id: id.into() };
            check(directory.create_unit(create).await, &["request_id"], id);
            let end = pb::DeactivateUnitRequest { name: unit("001").name, etag: String::new(), request_id: id.into() };
            check(directory.deactivate_unit(end).await, &["request_id"], id);
        }
        unchanged(&hall, &events).await;
    }
}

/// GetUnitRequest whose name is bytes.
#[derive(Clone, PartialEq, prost::Message)]
struct Raw {
    #[prost(bytes = "vec", tag = "1")]
    name: Vec<u8>,
}

#[tokio::test]
async fn what_is_not_utf8_is_an_invalid_argument() {
    for hall in counties().await {
        let mut client = tonic::client::Grpc::new(hall.peer.clone());
        client.ready().await.map_err(|error| error.to_string()).expect("ready");
        let path = "/yizhan.directory.v1.DirectoryService/GetUnit".parse().expect("a path");
        let codec = proto::codec::Codec::<Raw, pb::Unit>::default();
        let request = tonic::Request::new(Raw { name: vec![b'd', 0xc0, 0xaf, 0xff] });
        let status = client.unary(request, path, codec).await.expect_err("bad UTF-8");
        assert_eq!(status.code(), Code::InvalidArgument);
    }
}
