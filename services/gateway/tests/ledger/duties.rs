//! Duties made by hand, and an office of the roster that knows two circulars.

use axum::{Router, extract::Request, response::Response, routing::any};
use http_body_util::BodyExt;
use kit::{caller::Caller, peer::Peer, refusal::Refusal, testing::moment};
use prost::Message;
use proto::roster::v1::{
    Absence, Circular, CircularState, CircularVersion, Contest, Duty, DutyState, GetCircularRequest, Half,
    ListCircularsRequest, ListCircularsResponse, Measure, RenderCircularResponse, UnitAttendance,
};
use tonic::{Status, service::Routes};

use super::{PARENT, desk};

/// A duty at the hall, planned: of unit and person by the number of the person.
pub fn duty(day: &str, half: Half, person: &str) -> Duty {
    let (code, first, last) = if half == Half::Morning { ("AM", "08:30", "12:00") } else { ("PM", "14:30", "17:30") };
    let at = |time: &str| Some(moment(&format!("{day}T{time}")).timestamp());
    Duty {
        name: format!("{PARENT}/duties/{}-{code}-HALL-1", day.replace('-', "")),
        day: day.into(),
        half: half.into(),
        post: "HALL".into(),
        seat: 1,
        post_title_zh: "大厅值班".into(),
        post_title_en: "Hall".into(),
        starts_at: at(first),
        ends_at: at(last),
        unit: person.split('-').next().unwrap_or_default().into(),
        person: format!("{PARENT}/people/{person}"),
        display_name: format!("某{person}"),
        planned_person: format!("{PARENT}/people/{person}"),
        state: DutyState::Planned.into(),
        window: format!("{PARENT}/windows/D01"),
        ..Default::default()
    }
}

pub fn served(duty: Duty) -> Duty {
    Duty { state: DutyState::Served.into(), signed_in_at: duty.starts_at, signed_out_at: duty.ends_at, ..duty }
}

pub fn absent(duty: Duty) -> Duty {
    Duty { state: DutyState::Absent.into(), ..duty }
}

pub fn excused(duty: Duty) -> Duty {
    Duty { state: DutyState::Excused.into(), ..duty }
}

/// March's, issued, is everybody's; April's, sent, is the division's own.
pub fn office() -> Peer {
    let mut routes = Routes::default();
    let router = routes.axum_router_mut();
    *router = std::mem::replace(router, Router::new())
        .route("/yizhan.roster.v1.CircularService/{method}", any(async |request| answer(request).await));
    Peer::in_process(routes)
}

async fn answer(request: Request) -> Response {
    let caller = request.extensions().get::<Caller>().cloned().expect("a caller is always told");
    let path = request.uri().path().to_owned();
    assert!(request.headers().contains_key("grpc-timeout"));
    let bytes = request.into_body().collect().await.expect("a whole body").to_bytes().slice(5..);
    let seen = [march(), april()].into_iter().filter(|it| it.state() == CircularState::Issued || caller.is_person());
    let method = path.rsplit('/').next().expect("a method");
    if method == "ListCirculars" {
        let year = ListCircularsRequest::decode(bytes).expect("decodes").year;
        let circulars = seen.filter(|_| year == 2016).collect();
        return desk::reply(&ListCircularsResponse { circulars });
    }
    // RenderCircular asks in the same words.
    let name = GetCircularRequest::decode(bytes).expect("decodes").name;
    let Some(circular) = seen.into_iter().find(|it| it.name == name) else {
        let refusal = Refusal::not_found("CIRCULAR_NOT_FOUND", "没有此通报", "there is no such circular");
        return Status::from(refusal).into_http();
    };
    if method == "GetCircular" {
        return desk::reply(&circular);
    }
    let media_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document".into();
    let file_name = format!("{}.docx", circular.number);
    desk::reply(&RenderCircularResponse { file_name, media_type, content: b"PK\x03\x04".to_vec() })
}

fn march() -> Circular {
    let attended = vec!["20160301-AM-HALL-1".to_owned(), "20160301-PM-HALL-1".to_owned()];
    let unit = UnitAttendance {
        unit: "005".into(),
        unit_title_zh: "县公安局<b>".into(),
        required: 3,
        attended: 2,
        late: 1,
        absent: 1,
        rate_basis_points: Some(6_666),
        late_duties: attended[..1].to_vec(),
        attended_duties: attended,
        absent_duties: vec!["20160302-AM-HALL-1".into()],
        ..Default::default()
    };
    let total = UnitAttendance { required: 3, attended: 2, late: 1, absent: 1, ..Default::default() };
    let missed = Absence {
        person: format!("{PARENT}/people/005-02"),
        display_name: "某<i>人</i>".into(),
        unit: "005".into(),
        duties: vec!["20160302-AM-HALL-1".into()],
        in_year: 2,
        measure: Measure::Circulate.into(),
    };
    let contest = Contest {
        number: 1,
        duty: "20160302-AM-HALL-1".into(),
        unit: "005".into(),
        reason: "当日参加常务会议".into(),
        ..Default::default()
    };
    let before = CircularVersion {
        version: 1,
        total: Some(UnitAttendance { absent: 9, ..total.clone() }),
        ..Default::default()
    };
    Circular {
        name: format!("{PARENT}/circulars/2016-03"),
        state: CircularState::Issued.into(),
        number: "尉政务通〔2016〕3号".into(),
        version: 2,
        units: vec![unit],
        total: Some(total),
        absences: vec![missed],
        contests: vec![contest],
        issued_at: Some(moment("2016-04-08T10:00").timestamp()),
        before: vec![before],
        correction: "更正考勤".into(),
        ..Default::default()
    }
}

fn april() -> Circular {
    Circular {
        name: format!("{PARENT}/circulars/2016-04"),
        state: CircularState::Sent.into(),
        total: Some(UnitAttendance::default()),
        ..Default::default()
    }
}
