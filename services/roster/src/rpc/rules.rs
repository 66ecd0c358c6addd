//! Rules of duty on the wire.

use std::{collections::HashSet, sync::Arc};

use calendar::{Date, shanghai_date};
use kit::{
    actor::RequestKey,
    form::{Form, must_match},
    id::{self, Division},
    refusal::Refusal,
    store::{Desk, Key},
};
use mirror::{Mirror, Rank};
use proto::{directory::v1 as directory, roster::v1 as pb};

use super::{finish, half, half_of, person};
use crate::{
    domain::{
        people,
        rules::{Book, Hours, Post, Revision, Rules},
        slot::Half,
    },
    office::{Office, record},
};

pub async fn set(office: &Office, request: pb::SetDutyRulesRequest) -> Result<pb::DutyRules, Refusal> {
    let key = RequestKey::of("SetDutyRules", &request, &request.request_id)?;
    let division = id::division("parent", &request.parent)?;
    let (mirror, today) = (office.mirror(), shanghai_date(office.clock.now().0));
    let mut form = Form::new();
    let manager = person(&mut form, "manager", &request.manager, division);
    let effective = form.date("rules.effective_on", request.rules.as_ref().map_or("", |rules| &rules.effective_on));
    form.require(request.rules.is_some(), "rules", "必填", "required");
    let rules = request.rules.and_then(|rules| read(&mut form, rules, division, &mirror));
    let (manager, rules) = finish(form, manager.zip(rules))?;
    let (effective, etag, actor) = (effective.unwrap_or(today), request.etag, request.manager);
    let decide = move |desk: &mut Desk<'_>| {
        people::manager(&mirror, division, &manager)?;
        let there = desk.get::<Book>(Book::ID);
        let version = there.as_ref().map_or(0, |there| there.version);
        must_match(&etag, version)?;
        let book = Book::set(there.as_deref(), division, rules.clone(), effective, today)?;
        if let Some(newest) = book.revisions.last() {
            record(desk, "rules.set", format!("dutyRules/{}", Book::ID), &actor, &show(&book, newest));
        }
        desk.put(book);
        Ok(Arc::from(Book::ID))
    };
    let keys = vec![Key::of::<Book>(division, Book::ID)];
    let book = office.writer.change::<Book>(division, keys, Some(key), decide).await?;
    office.restaffed.notify_one();
    let newest = book.revisions.last().ok_or_else(Book::not_found)?;
    Ok(show(&book, newest))
}

pub async fn get(office: &Office, request: pb::GetDutyRulesRequest) -> Result<pb::DutyRules, Refusal> {
    let malformed = || {
        Refusal::field("name", "名称格式应为 divisions/{division}/dutyRules", "must be divisions/{division}/dutyRules")
    };
    let parent = request.name.strip_suffix("/dutyRules").ok_or_else(malformed)?;
    let division = id::division("name", parent)?;
    let mut form = Form::new();
    let day = form.date("day", &request.day).unwrap_or_else(|| shanghai_date(office.clock.now().0));
    form.finish()?;
    let book = office.book(division).await?;
    Ok(show(&book, book.on(day)?))
}

fn read(form: &mut Form, rules: pb::DutyRules, division: Division, mirror: &Mirror) -> Option<Rules> {
    let posts = posts(form, rules.posts, division, mirror);
    let morning = hours(form, "rules.morning", rules.morning.as_ref());
    let afternoon = hours(form, "rules.afternoon", rules.afternoon.as_ref());
    if let (Some(morning), Some(afternoon)) = (morning, afternoon) {
        form.require(
            morning.last <= afternoon.first,
            "rules.afternoon.first",
            "下午须在上午之后",
            "the afternoon comes after the morning",
        );
    }
    let ranks = ranks(form, &rules.eligible_ranks);
    let mut units = Vec::new();
    for (i, name) in rules.units.iter().enumerate() {
        let field = format!("rules.units[{i}]");
        let unit = id::child_of(&field, name, "units", division).and_then(|code| {
            mirror.unit(division, code).map(|_| code.to_owned()).map_err(|refusal| refusal.at(&field))
        });
        units.extend(form.take(unit));
    }
    let mut number = |field: &str, value: i32, most: i64, least: i64| {
        form.number(&format!("rules.{field}"), value.into(), least..=most) as u16
    };
    let read = Rules {
        posts,
        morning: morning?,
        afternoon: afternoon?,
        ranks,
        units,
        unit_half_days: number("unit_half_days_per_week", rules.unit_half_days_per_week, 10, 0),
        head_half_days: number("head_half_days_per_month", rules.head_half_days_per_month, 10, 0),
        fairness: number("fairness", rules.fairness, 10, 1),
        notice_days: number("notice_days", rules.notice_days, 20, 0),
        late_minutes: number("late_minutes", rules.late_minutes, 120, 0),
        early_minutes: number("early_minutes", rules.early_minutes, 120, 0),
        absent_minutes: number("absent_minutes", rules.absent_minutes, 120, i64::from(rules.late_minutes.max(0)) + 1),
        substitutions: number("substitutions_per_month", rules.substitutions_per_month, 10, 0),
        contest_days: number("contest_days", rules.contest_days, 20, 0),
        prefix: form.text("rules.document_prefix", &rules.document_prefix, 1..=20),
        publishes_circulars: rules.publishes_circulars,
        staffed_windows_only: rules.staffed_windows_only,
    };
    Some(read)
}

fn posts(form: &mut Form, posts: Vec<pb::Post>, division: Division, mirror: &Mirror) -> Vec<Post> {
    form.require((1..=20).contains(&posts.len()), "rules.posts", "岗位应为1至20个", "must be 1 to 20 posts");
    let mut codes = HashSet::new();
    let mut read = Vec::new();
    for (i, post) in posts.into_iter().take(20).enumerate() {
        let field = |name: &str| format!("rules.posts[{i}].{name}");
        let code = form.text(&field("code"), &post.code, 1..=10);
        let fits = code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        form.require(fits, &field("code"), "应为大写字母或数字", "must be of A-Z, 0-9");
        form.require(codes.insert(code.clone()), &field("code"), "岗位代码重复", "stands twice");
        let window = id::child_of(&field("window"), &post.window, "windows", division).and_then(|code| {
            mirror.window(division, code).map(|_| code.to_owned()).map_err(|refusal| refusal.at(&field("window")))
        });
        let mut halves: Vec<Half> =
            post.halves.iter().filter_map(|value| half_of(form, &field("halves"), *value)).collect();
        halves.sort_unstable();
        halves.dedup();
        read.push(Post {
            code,
            title_zh: form.text(&field("title_zh"), &post.title_zh, 1..=50),
            title_en: form.text(&field("title_en"), &post.title_en, 0..=50),
            window: form.take(window).unwrap_or_default(),
            seats: form.number(&field("seats"), post.seats.into(), 1..=20) as u16,
            halves: if halves.is_empty() { Half::BOTH.to_vec() } else { halves },
        });
    }
    read
}

fn hours(form: &mut Form, field: &str, hours: Option<&pb::Hours>) -> Option<Hours> {
    let minutes = |text: &str| {
        let (hours, minutes) = text.split_once(':')?;
        let two = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
        (text.split(':').all(two) && hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
    };
    let read = hours.and_then(|hours| Some(Hours { first: minutes(&hours.first)?, last: minutes(&hours.last)? }));
    let read = read.filter(|hours| hours.first < hours.last);
    form.require(read.is_some(), field, "应为HH:MM，且先后有序", "must be HH:MM, the first before the last");
    read
}

fn ranks(form: &mut Form, values: &[i32]) -> Vec<Rank> {
    if values.is_empty() {
        return vec![Rank::Head, Rank::Deputy, Rank::PartyMember];
    }
    let mut ranks = Vec::new();
    for value in values {
        match directory::Rank::try_from(*value) {
            Ok(directory::Rank::Head) => ranks.push(Rank::Head),
            Ok(directory::Rank::Deputy) => ranks.push(Rank::Deputy),
            Ok(directory::Rank::PartyMember) => ranks.push(Rank::PartyMember),
            // Ordinary staff is no leadership (handbook §7), and the county's leaders have no unit.
            _ => form.fault(
                "rules.eligible_ranks",
                "只能是正职、副职、党组成员",
                "must be of HEAD, DEPUTY and PARTY_MEMBER",
            ),
        }
    }
    ranks
}

fn show(book: &Book, revision: &Revision) -> pb::DutyRules {
    let Revision { number, effective_on, rules } = revision;
    let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let hours = |hours: Hours| Some(pb::Hours { first: clock(hours.first), last: clock(hours.last) });
    let post = |post: &Post| pb::Post {
        code: post.code.clone(),
        title_zh: post.title_zh.clone(),
        title_en: post.title_en.clone(),
        window: book.division.child("windows", &post.window),
        seats: post.seats.into(),
        halves: post.halves.iter().map(|of| half(*of).into()).collect(),
    };
    let rank = |rank: &Rank| match rank {
        Rank::Head => directory::Rank::Head,
        Rank::Deputy => directory::Rank::Deputy,
        Rank::PartyMember => directory::Rank::PartyMember,
        Rank::Staff => directory::Rank::Staff,
        Rank::GovernmentHead => directory::Rank::GovernmentHead,
    };
    pb::DutyRules {
        name: format!("{}/dutyRules", book.division.name()),
        revision: *number,
        effective_on: Date::to_string(effective_on),
        posts: rules.posts.iter().map(post).collect(),
        morning: hours(rules.morning),
        afternoon: hours(rules.afternoon),
        eligible_ranks: rules.ranks.iter().map(|of| rank(of).into()).collect(),
        units: rules.units.iter().map(|unit| book.division.child("units", unit)).collect(),
        unit_half_days_per_week: rules.unit_half_days.into(),
        head_half_days_per_month: rules.head_half_days.into(),
        fairness: rules.fairness.into(),
        notice_days: rules.notice_days.into(),
        late_minutes: rules.late_minutes.into(),
        early_minutes: rules.early_minutes.into(),
        absent_minutes: rules.absent_minutes.into(),
        substitutions_per_month: rules.substitutions.into(),
        contest_days: rules.contest_days.into(),
        document_prefix: rules.prefix.clone(),
        publishes_circulars: rules.publishes_circulars,
        staffed_windows_only: rules.staffed_windows_only,
        etag: book.version.to_string(),
    }
}
