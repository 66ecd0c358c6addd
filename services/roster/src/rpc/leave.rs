//! Leaves on the wire. One is kept in every month that it touches.

use calendar::Date;
use jiff::ToSpan;
use kit::{
    actor::RequestKey,
    caller::Caller,
    form::{self, Form, choice},
    id::{self, Division},
    refusal::Refusal,
    store::{Desk, Key},
};
use proto::roster::v1 as pb;

use super::{finish, half, half_of, month, person, suffix, time};
use crate::{
    domain::{
        leave::{Kind, LONGEST, Leave},
        month::Month,
        people,
        slot::{days_of, month_of},
    },
    office::{self, Office, record},
};

pub async fn create(office: &Office, request: pb::CreateLeaveRequest) -> Result<pb::Leave, Refusal> {
    let key = RequestKey::of("CreateLeave", &request, &request.request_id)?;
    let division = id::division("parent", &request.parent)?;
    let mut form = Form::new();
    let request_id = form.take(form::request_id(&request.request_id));
    let by = person(&mut form, "by", &request.by, division);
    form.require(request.leave.is_some(), "leave", "必填", "required");
    let asked = request.leave.unwrap_or_default();
    let who = person(&mut form, "leave.person", &asked.person, division);
    let kind = form.take(choice::<pb::LeaveKind>("leave.kind", asked.kind)).and_then(kind_of);
    let only = half_of(&mut form, "leave.half", asked.half);
    let document = form.text("leave.document", &asked.document, 1..=100);
    let days = days(&mut form, &asked.first_day, &asked.last_day);
    let read = request_id.zip(by).zip(who).zip(kind).zip(days);
    let ((((request_id, by), who), kind), (first, last)) = finish(form, read)?;

    let (mirror, now, actor) = (office.mirror(), office.clock.now(), request.by);
    let id = format!("{}-{}", month_of(first), suffix(request_id));
    let months = months(first, last);
    let keys = months.iter().map(|month| Key::of::<Month>(division, month.as_str())).collect();
    let (wanted, touched) = (id.clone(), months.clone());
    let decide = move |desk: &mut Desk<'_>| {
        let person = mirror.person(division, &who)?;
        people::of_unit(&mirror, division, &by, &person.unit)?;
        let leave = Leave {
            id: wanted.clone(),
            person: who.clone(),
            kind,
            first,
            last,
            half: only,
            document: document.clone(),
            by: by.clone(),
            at: now.0,
            cancelled: false,
        };
        for code in touched.iter().rev() {
            let mut month = office::month_of(desk, code);
            month.leaves.push(leave.clone());
            month.touch();
            desk.put(month);
        }
        tell(desk, "leave.created", &actor, &touched[0], division, &leave);
        Ok(touched[0].as_str().into())
    };
    let month = office.writer.change::<Month>(division, keys, Some(key), decide).await?;
    office.restaffed.notify_one();
    let leave = month.leaves.iter().find(|leave| leave.id == id).ok_or_else(Leave::not_found)?;
    Ok(show(division, leave))
}

pub async fn cancel(office: &Office, request: pb::CancelLeaveRequest) -> Result<pb::Leave, Refusal> {
    let key = RequestKey::of("CancelLeave", &request, &request.request_id)?;
    let (division, id) = id::child("name", &request.name, "leaves")?;
    let mut form = Form::new();
    let by = person(&mut form, "by", &request.by, division);
    let by = finish(form, by)?;
    let first = id.get(..7).filter(|month| days_of(month).is_some()).ok_or_else(Leave::not_found)?.to_owned();
    let there = office.month(division, &first).await?;
    let there = there.leaves.iter().find(|leave| leave.id == id).ok_or_else(Leave::not_found)?;
    let months = months(there.first, there.last);
    let keys = months.iter().map(|month| Key::of::<Month>(division, month.as_str())).collect();
    let (mirror, actor, wanted) = (office.mirror(), request.by, id.to_owned());
    let decide = move |desk: &mut Desk<'_>| {
        let mut cancelled = None;
        for code in &months {
            let mut month = office::month_of(desk, code);
            let leave = month.leaves.iter_mut().find(|leave| leave.id == wanted).ok_or_else(Leave::not_found)?;
            let unit = mirror.person(division, &leave.person).map(|person| person.unit.clone());
            people::of_unit(&mirror, division, &by, unit.as_deref().unwrap_or_default())?;
            leave.cancel()?;
            cancelled = Some(leave.clone());
            month.touch();
            desk.put(month);
        }
        let cancelled = cancelled.ok_or_else(Leave::not_found)?;
        tell(desk, "leave.cancelled", &actor, &months[0], division, &cancelled);
        Ok(months[0].as_str().into())
    };
    let month = office.writer.change::<Month>(division, keys, Some(key), decide).await?;
    office.restaffed.notify_one();
    let leave = month.leaves.iter().find(|leave| leave.id == id).ok_or_else(Leave::not_found)?;
    Ok(show(division, leave))
}

pub async fn list(
    office: &Office,
    caller: &Caller,
    request: pb::ListLeavesRequest,
) -> Result<pb::ListLeavesResponse, Refusal> {
    let division = id::division("parent", &request.parent)?;
    let mut form = Form::new();
    let code = month(&mut form, "month", &request.month);
    let code = finish(form, code)?;
    let (month, mirror) = (office.month(division, &code).await?, office.mirror());
    // Why somebody is away is the affair of their unit, and of those who plan.
    let own = caller.unit().filter(|_| caller.is_person());
    let shown = |leave: &&Leave| {
        own.is_none_or(|own| mirror.people.get(&(division, leave.person.clone())).is_some_and(|who| who.unit == own))
    };
    let mut leaves: Vec<_> = month.leaves.iter().filter(shown).map(|leave| show(division, leave)).collect();
    leaves.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(pb::ListLeavesResponse { leaves })
}

fn days(form: &mut Form, first: &str, last: &str) -> Option<(Date, Date)> {
    for (field, text) in [("leave.first_day", first), ("leave.last_day", last)] {
        form.require(!text.is_empty(), field, "必填", "required");
    }
    let (first, last) = form.date("leave.first_day", first).zip(form.date("leave.last_day", last))?;
    let length = first.until(last).map_or(i32::MAX, |span| span.get_days());
    form.require(
        (0..LONGEST).contains(&length),
        "leave.last_day",
        "须不早于起始日，且不超过180天",
        "must not be before the first day, nor 180 days or more after it",
    );
    Some((first, last))
}

/// The months that these days touch.
fn months(first: Date, last: Date) -> Vec<String> {
    first.first_of_month().series(1.month()).take_while(|month| *month <= last).map(month_of).collect()
}

fn kind_of(kind: pb::LeaveKind) -> Option<Kind> {
    Some(match kind {
        pb::LeaveKind::Unspecified => return None,
        pb::LeaveKind::Official => Kind::Official,
        pb::LeaveKind::Public => Kind::Public,
        pb::LeaveKind::Sick => Kind::Sick,
        pb::LeaveKind::Annual => Kind::Annual,
        pb::LeaveKind::Departure => Kind::Departure,
    })
}

/// The journal says that somebody is away, not why: that is nobody's affair but the unit's.
fn tell(desk: &mut Desk<'_>, happened: &'static str, actor: &str, month: &str, division: Division, leave: &Leave) {
    let told = pb::Leave { kind: 0, document: String::new(), ..show(division, leave) };
    record(desk, happened, format!("months/{month}"), actor, &told);
}

fn show(division: Division, leave: &Leave) -> pb::Leave {
    let kind = match leave.kind {
        Kind::Official => pb::LeaveKind::Official,
        Kind::Public => pb::LeaveKind::Public,
        Kind::Sick => pb::LeaveKind::Sick,
        Kind::Annual => pb::LeaveKind::Annual,
        Kind::Departure => pb::LeaveKind::Departure,
    };
    pb::Leave {
        name: division.child("leaves", &leave.id),
        person: division.child("people", &leave.person),
        kind: kind.into(),
        first_day: leave.first.to_string(),
        last_day: leave.last.to_string(),
        half: leave.half.map_or(0, |of| half(of).into()),
        document: leave.document.clone(),
        by: division.child("people", &leave.by),
        created_at: time(leave.at),
        cancelled: leave.cancelled,
    }
}
