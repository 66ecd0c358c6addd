//! A believable year of the leaders' duty, and an office that counts its circulars. All names of people are made up.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Router, extract::Request, response::Response, routing::any};
use calendar::{Calendar, Date};
use http_body_util::BodyExt;
use jiff::ToSpan;
use kit::{peer::Peer, testing::moment};
use prost::Message;
use proto::{
    journal::v1::Entry,
    roster::v1::{
        Circular, CircularState, Duty, DutyState, GetCircularRequest, Half, ListCircularsResponse, UnitAttendance,
    },
};
use tonic::{Status, service::Routes};

use super::{DIVISION, Random, desk, entry};

/// A unit's code and Chinese name.
pub type Unit = (String, String);

const SURNAMES: [&str; 20] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马",
    "罗",
];
const GIVEN: [&str; 12] =
    ["建国", "志强", "秀英", "海涛", "明", "卫东", "丽华", "玉兰", "俊杰", "晓燕", "国庆", "文博"];

/// Two posts on every working day of 2016, in turn by units and people; over until the middle of December.
pub fn year(units: &[Unit]) -> Vec<Duty> {
    let (calendar, mut random) = (Calendar::builtin(), Random(20_160_101));
    let first = Date::constant(2016, 1, 1);
    let workdays = first.series(1.day()).take(366).filter(|day| calendar.is_workday(*day) == Some(true));
    let posts = [("HALL", "大厅值班", "Hall", "D01"), ("ADVICE", "咨询投诉", "Advice and complaints", "D02")];
    let (mut duties, mut turn) = (Vec::new(), 0);
    for day in workdays {
        for (half, post) in [Half::Morning, Half::Afternoon].into_iter().flat_map(|half| posts.map(|post| (half, post)))
        {
            turn += 1;
            duties.push(duty(day, half, post, &units[turn * 7 % units.len()], turn, &mut random));
        }
    }
    duties
}

type Post = (&'static str, &'static str, &'static str, &'static str);

fn duty(day: Date, half: Half, post: Post, unit: &Unit, turn: usize, random: &mut Random) -> Duty {
    let (code, first, last) = if half == Half::Morning { ("AM", "08:30", "12:00") } else { ("PM", "14:30", "17:30") };
    let at = |time: &str| Some(moment(&format!("{day}T{time}")).timestamp());
    let who = |n: usize| format!("divisions/{DIVISION}/people/{}-0{}", unit.0, 1 + n % 4);
    let person = turn / 29 + turn;
    let mut duty = Duty {
        name: format!("divisions/{DIVISION}/duties/{}-{code}-{}-1", day.strftime("%Y%m%d"), post.0),
        day: day.to_string(),
        half: half.into(),
        post: post.0.into(),
        seat: 1,
        post_title_zh: post.1.into(),
        post_title_en: post.2.into(),
        window: format!("divisions/{DIVISION}/windows/{}", post.3),
        starts_at: at(first),
        ends_at: at(last),
        unit: unit.0.clone(),
        person: who(person),
        planned_person: who(person),
        display_name: name(&unit.0, person % 4),
        state: DutyState::Planned.into(),
        ..Default::default()
    };
    if day >= Date::constant(2016, 12, 16) {
        return duty;
    }
    duty.state = DutyState::Served.into();
    (duty.signed_in_at, duty.signed_out_at) = (at(first), at(last));
    match random.below(40) {
        0 => {
            let late = if half == Half::Morning { "08:55" } else { "14:52" };
            (duty.late, duty.signed_in_at) = (true, at(late));
        }
        1 => duty.early = true,
        2 => duty.state = DutyState::Excused.into(),
        3 if random.below(2) == 0 => duty.state = DutyState::Absent.into(),
        4 | 5 => {
            duty.substituted = true;
            (duty.person, duty.display_name) = (who(person + 1), name(&unit.0, (person + 1) % 4));
        }
        _ => {}
    }
    if duty.state() != DutyState::Served {
        (duty.signed_in_at, duty.signed_out_at) = (None, None);
    }
    duty
}

fn name(unit: &str, n: usize) -> String {
    let at = unit.parse::<usize>().unwrap_or_default() * 5 + n * 3;
    format!("{}{}", SURNAMES[at % SURNAMES.len()], GIVEN[(at / 2 + n) % GIVEN.len()])
}

pub fn entries(duties: &[Duty]) -> Vec<Entry> {
    let told = duties.iter().zip(1..).map(|(duty, seq)| Entry {
        seq,
        occurred_at: duty.starts_at,
        ..entry("duty.closed", duty.encode_to_vec())
    });
    told.collect()
}

/// Issues a circular for each month that is over, to whoever asks.
pub fn office(duties: &[Duty], units: &[Unit]) -> Peer {
    let circulars = Arc::new((1..=11).map(|month| circular(month, duties, units)).collect::<Vec<_>>());
    let mut routes = Routes::default();
    let router = routes.axum_router_mut();
    let answer = any(move |request| answer(circulars.clone(), request));
    *router = std::mem::replace(router, Router::new()).route("/yizhan.roster.v1.CircularService/{method}", answer);
    Peer::in_process(routes)
}

async fn answer(circulars: Arc<Vec<Circular>>, request: Request) -> Response {
    let list = request.uri().path().ends_with("/ListCirculars");
    let asked = request.into_body().collect().await.map(|body| body.to_bytes().slice(5..)).unwrap_or_default();
    if list {
        return desk::reply(&ListCircularsResponse { circulars: circulars.to_vec() });
    }
    let name = GetCircularRequest::decode(asked).unwrap_or_default().name;
    match circulars.iter().find(|circular| circular.name == name) {
        Some(circular) => desk::reply(circular),
        None => Status::not_found("没有此通报").into_http(),
    }
}

fn circular(month: u32, duties: &[Duty], units: &[Unit]) -> Circular {
    let of_month = format!("2016-{month:02}");
    let mut counted: BTreeMap<&str, UnitAttendance> = BTreeMap::new();
    for duty in duties.iter().filter(|duty| duty.day.starts_with(&of_month)) {
        let id = duty.name.rsplit('/').next().unwrap_or_default().to_owned();
        let title = units.iter().find(|(code, _)| *code == duty.unit).map(|(_, title)| title.clone());
        let of = counted.entry(&duty.unit).or_default();
        (of.unit, of.unit_title_zh) = (duty.unit.clone(), title.unwrap_or_default());
        match duty.state() {
            DutyState::Served => of.attended_duties.push(id.clone()),
            DutyState::Absent => of.absent_duties.push(id.clone()),
            _ => of.excused_duties.push(id.clone()),
        }
        for (is, ids) in [
            (duty.substituted, &mut of.substituted_duties),
            (duty.late, &mut of.late_duties),
            (duty.early, &mut of.early_duties),
        ] {
            ids.extend(is.then(|| id.clone()));
        }
    }
    let mut total = UnitAttendance::default();
    for of in counted.values_mut() {
        (of.attended, of.absent) = (of.attended_duties.len() as i32, of.absent_duties.len() as i32);
        (of.late, of.early) = (of.late_duties.len() as i32, of.early_duties.len() as i32);
        (of.substituted, of.excused) = (of.substituted_duties.len() as i32, of.excused_duties.len() as i32);
        of.required = of.attended + of.absent;
        for (all, n) in [
            (&mut total.required, of.required),
            (&mut total.attended, of.attended),
            (&mut total.absent, of.absent),
            (&mut total.late, of.late),
            (&mut total.early, of.early),
            (&mut total.substituted, of.substituted),
            (&mut total.excused, of.excused),
        ] {
            *all += n;
        }
    }
    Circular {
        name: format!("divisions/{DIVISION}/circulars/{of_month}"),
        state: CircularState::Issued.into(),
        number: format!("尉政务通〔2016〕{month}号"),
        version: 1,
        units: counted.into_values().collect(),
        total: Some(total),
        issued_at: Some(moment(&format!("2016-{:02}-08T10:00", month + 1)).timestamp()),
        ..Default::default()
    }
}
