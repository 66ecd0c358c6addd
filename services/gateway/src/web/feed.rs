//! Calendars to subscribe to: the duties of a person or of a post (RFC 5545).

use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};
use chrono::{DateTime, TimeDelta, Utc};
use icalendar::{Calendar, Component, Event, EventLike, EventStatus};
use kit::{clock::Moment, id::Division, refusal::Refusal};

use super::{Page, Pages, fault, unless_seen};
use crate::{
    ask,
    books::{
        Labels,
        duties::{Feed, Whose},
    },
    domain::{
        duty::{Duty, State as Stands},
        label::Kind,
    },
};

/// How often a subscriber looks again.
const AGAIN: TimeDelta = TimeDelta::hours(6);

/// GET /roster/{division}/people/{code}.ics and /roster/{division}/posts/{post}.ics
pub async fn show(State(pages): State<Pages>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = async {
        let (division, whose, code) = whose(uri.path()).ok_or_else(no_feed)?;
        let feed = pages.0.books.feed(division, whose, code).await?.ok_or_else(no_feed)?;
        Ok(Page { kind: "text/calendar; charset=utf-8", text: calendar(division, whose, &feed).to_string() })
    };
    match shown.await {
        Ok(page) => unless_seen(&headers, page),
        Err(refusal) => fault::refused(&uri, &refusal),
    }
}

fn no_feed() -> Refusal {
    Refusal::not_found(
        "ROSTER_NOT_FOUND",
        "没有此人或此岗位的值班安排",
        "nobody and no post of this name was ever on duty",
    )
}

fn whose(path: &str) -> Option<(Division, Whose, String)> {
    let mut parts = path.trim_start_matches("/roster/").split('/');
    let (division, whose, file) = (parts.next()?, parts.next()?, parts.next()?);
    let code = file.strip_suffix(".ics").filter(|code| !code.is_empty())?;
    let (whose, code) = match whose {
        "people" => (Whose::Person, ask::person(code).ok()?),
        "posts" => (Whose::Post, ask::post(code).ok()?),
        _ => return None,
    };
    Some((division.parse().ok()?, whose, code))
}

fn calendar(division: Division, whose: Whose, feed: &Feed) -> Calendar {
    let mut calendar = Calendar::empty();
    let head = [("VERSION", "2.0"), ("PRODID", "-//Yizhan//roster//ZH"), ("CALSCALE", "GREGORIAN")];
    for property in head.into_iter().chain([("METHOD", "PUBLISH")]) {
        calendar.append_property(property);
    }
    let name = match whose {
        Whose::Person => format!("{} 值班", feed.newest.name),
        Whose::Post => format!("{} 值班表", feed.newest.post_zh),
    };
    calendar.name(&plain(&name)).timezone("Asia/Shanghai").ttl(&AGAIN);
    calendar.extend(feed.duties.iter().map(|duty| event(division, whose, duty, &feed.labels)));
    calendar
}

fn event(division: Division, whose: Whose, duty: &Duty, labels: &Labels) -> Event {
    let unit = labels.of(Kind::Unit, &duty.unit).zh;
    let who = if duty.person.is_empty() { "待定".to_owned() } else { format!("{}（{unit}）", duty.name) };
    let half = if duty.afternoon { "下午" } else { "上午" };
    let excused = duty.standing.state == Stands::Excused;
    let (before, what) =
        (if excused { "已准假，" } else { "" }, if whose == Whose::Person { &duty.post_zh } else { &who });
    let substitute = if duty.standing.substituted { "\n替班 / substitute" } else { "" };
    let en = if duty.afternoon { "afternoon" } else { "morning" };
    let description =
        format!("岗位：{}\n值班人员：{who}{substitute}\nDuty at the centre, {en}: {}", duty.post_zh, duty.post_en);
    let [division_zh, window] = [(Kind::Division, division.as_str()), (Kind::Window, &duty.window)]
        .map(|(kind, code)| labels.of(kind, code).zh);
    let place = if window.is_empty() { &duty.post_zh } else { &window };
    let mut event = Event::new();
    event
        .uid(&format!("{}.{division}@yizhan", duty.id))
        // Entries are numbered upwards, so a later state of a duty has a higher number, whoever counts.
        .sequence(u32::try_from(duty.seq).unwrap_or(u32::MAX).min(i32::MAX.unsigned_abs()))
        .summary(&plain(&format!("{before}轮值（{half}）：{what}")))
        .location(&plain(&format!("{division_zh}行政服务中心 {place}")))
        .description(&description.split('\n').map(plain).collect::<Vec<_>>().join("\n"))
        .status(if excused { EventStatus::Cancelled } else { EventStatus::Confirmed });
    for (set, at) in [(Event::timestamp as Setting, duty.changed_at), (Event::last_modified, duty.changed_at)] {
        utc(at).map(|at| set(&mut event, at));
    }
    utc(duty.starts_at).map(|at| event.starts(at));
    utc(duty.ends_at).map(|at| event.ends(at));
    event
}

type Setting = fn(&mut Event, DateTime<Utc>) -> &mut Event;

fn utc(at: Moment) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(at.0)
}

/// Without control characters, which a line of a calendar cannot have.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
