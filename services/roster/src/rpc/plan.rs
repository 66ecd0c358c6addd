//! Plans, and the duties published of them, on the wire.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use calendar::{Date, shanghai_date};
use kit::{
    actor::RequestKey,
    caller::Caller,
    form::{Form, must_match},
    id::{self, Division},
    page,
    refusal::Refusal,
    store::{Desk, Key},
};
use mirror::Mirror;
use proto::roster::v1 as pb;

use super::{attendance, finish, half, is_inside, month, name_of, person, slot, time};
use crate::{
    domain::{
        check::{Conflict, check},
        drafting,
        duty::Duty,
        month::Month,
        people,
        plan::{Assignment, Plan, State, first_in_time},
        rules::Book,
        slot::{Slot, days_of},
    },
    office::{self, Office, record, rules_of, unreadable},
    store::duty::{self, Kept, Search},
};

/// So often a leave or another's change may come in between while a plan is drafted.
const TRIES: usize = 3;

pub async fn draft(office: &Office, request: pb::DraftPlanRequest) -> Result<pb::Plan, Refusal> {
    let key = RequestKey::of("DraftPlan", &request, &request.request_id)?;
    let division = id::division("parent", &request.parent)?;
    let mut form = Form::new();
    let code = month(&mut form, "month", &request.month);
    let from = form.date("from", &request.from);
    if let (Some(code), Some(from)) = (&code, from) {
        let within = days_of(code).is_some_and(|(first, last)| first <= from && from <= last);
        form.require(within, "from", "须在该月之内", "must be of that month");
    }
    let manager = person(&mut form, "manager", &request.manager, division);
    let (code, manager) = finish(form, code.zip(manager))?;
    for _ in 0..TRIES {
        let (mirror, now) = (office.mirror(), office.clock.now());
        people::manager(&mirror, division, &manager)?;
        let (book, there) = (office.book(division).await?, office.month(division, &code).await?);
        let (first, _) = days_of(&code).ok_or_else(|| Refusal::internal("a month without days"))?;
        let revision = book.on(first)?.clone();
        let from = from.unwrap_or_else(|| {
            let soonest = first_in_time(&mirror.calendar, shanghai_date(now.0), revision.rules.notice_days);
            soonest.map_or(first, |soonest| soonest.max(first))
        });
        let (version, problem, known) = (there.version, there.clone(), mirror.clone());
        let drafting = tokio::task::spawn_blocking(move || drafting::draft(&problem, &revision, from, &known));
        // Even what cannot be drafted goes on to the writer: it knows a request that was answered before.
        let drafted = drafting.await.map_err(Refusal::internal)?;
        let (etag, actor, manager, code) =
            (request.etag.clone(), request.manager.clone(), manager.clone(), code.clone());
        let moved = Arc::new(AtomicBool::new(false));
        let (has_moved, keys) = (moved.clone(), vec![Key::of::<Month>(division, code.as_str())]);
        let decide = move |desk: &mut Desk<'_>| {
            let mut month = office::month_of(desk, &code);
            must_match(&etag, month.version)?;
            // What it was drafted from: leaves, exchanges, what others adjusted.
            if month.version != version {
                has_moved.store(true, Ordering::Release);
                return Err(Refusal::stale());
            }
            Plan::draft(&mut month, drafted.clone()?, &manager, now);
            put(desk, month, "plan.drafted", &actor, &mirror)
        };
        let month = office.writer.change::<Month>(division, keys, Some(key), decide).await;
        match month {
            Err(_) if moved.load(Ordering::Acquire) => {}
            month => return render(office, &*month?).await,
        }
    }
    Err(Refusal::stale())
}

pub async fn adjust(office: &Office, request: pb::AdjustPlanRequest) -> Result<pb::Plan, Refusal> {
    let key = RequestKey::of("AdjustPlan", &request, &request.request_id)?;
    let (division, code) = named(&request.name)?;
    let mut form = Form::new();
    let manager = person(&mut form, "manager", &request.manager, division);
    form.require((1..=500).contains(&request.moves.len()), "moves", "应为1至500项", "must be 1 to 500");
    let mut moves = Vec::new();
    for (i, step) in request.moves.iter().take(500).enumerate() {
        let slot = slot(&mut form, &format!("moves[{i}].duty"), &step.duty);
        let who = match step.person.as_str() {
            "" => Some(String::new()),
            name => person(&mut form, &format!("moves[{i}].person"), name, division),
        };
        moves.extend(slot.zip(who));
    }
    let manager = finish(form, manager)?;
    let (mirror, now) = (office.mirror(), office.clock.now());
    let (etag, actor, keys) = (request.etag, request.manager, vec![Key::of::<Month>(division, code.as_str())]);
    let decide = move |desk: &mut Desk<'_>| {
        people::manager(&mirror, division, &manager)?;
        let mut month = office::month_of(desk, &code);
        must_match(&etag, month.version)?;
        Plan::adjust(&mut month, &moves, &mirror, now)?;
        put(desk, month, "plan.adjusted", &actor, &mirror)
    };
    render(office, &*office.writer.change::<Month>(division, keys, Some(key), decide).await?).await
}

pub async fn publish(office: &Office, request: pb::PublishPlanRequest) -> Result<pb::Plan, Refusal> {
    let key = RequestKey::of("PublishPlan", &request, &request.request_id)?;
    let (division, code) = named(&request.name)?;
    let mut form = Form::new();
    let manager = person(&mut form, "manager", &request.manager, division);
    let manager = finish(form, manager)?;
    let (mirror, now) = (office.mirror(), office.clock.now());
    let there = office.month(division, &code).await?;
    let slots: Vec<Slot> = there.plan.iter().flat_map(|plan| &plan.assignments).map(|at| at.slot.clone()).collect();
    let own = [Key::of::<Month>(division, code.as_str()), Key::of::<Book>(division, Book::ID)];
    let keys = own.into_iter().chain(slots.iter().map(|slot| Key::of::<Kept>(division, slot.id()))).collect();
    let (etag, actor, version) = (request.etag, request.manager, there.version);
    let decide = move |desk: &mut Desk<'_>| {
        people::manager(&mirror, division, &manager)?;
        let mut month = office::month_of(desk, &code);
        must_match(&etag, month.version)?;
        if month.version != version {
            return Err(Refusal::stale());
        }
        let rules = rules_of(desk, &month)?.rules;
        let changed = Plan::publish(&mut month, &rules, &manager, &mirror, now)?;
        for at in &changed {
            let id = at.slot.id();
            let there = desk.get::<Kept>(&id).map(|kept| kept.duty.clone());
            if let Some(duty) = Duty::publish(there.as_ref(), at, division, &rules, &mirror)? {
                record(desk, "duty.published", format!("duties/{id}"), &actor, &attendance::tell(&duty));
                desk.put(Kept::from(duty));
            }
        }
        put(desk, month, "plan.published", &actor, &mirror)
    };
    render(office, &*office.writer.change::<Month>(division, keys, Some(key), decide).await?).await
}

pub async fn get(office: &Office, caller: &Caller, request: pb::GetPlanRequest) -> Result<pb::Plan, Refusal> {
    let (division, code) = named(&request.name)?;
    let mut month = Month::clone(&*office.month(division, &code).await?);
    if is_inside(caller, division) {
        return render(office, &month).await;
    }
    // The public sees what is published, and nothing of a draft.
    let plan = month.plan.as_mut().filter(|plan| plan.state != State::Draft).ok_or_else(Plan::not_found)?;
    if plan.state == State::Revised {
        let days = days_of(&code).map(|(first, last)| (compact(first), compact(last)));
        let (first, last) = days.ok_or_else(Plan::not_found)?;
        let search = Search { first, last, ..Search::default() };
        let duties = duty::list(&office.store, division, &search, None, 10_000).await.map_err(unreadable)?;
        let published =
            duties.into_iter().map(|duty| Assignment { slot: duty.slot, unit: duty.unit, person: duty.person.code });
        (plan.state, plan.assignments) = (State::Published, published.collect());
    }
    plan.shortfalls.clear();
    Ok(show(&month, &office.mirror(), &[]))
}

pub async fn list(office: &Office, request: pb::ListDutiesRequest) -> Result<pb::ListDutiesResponse, Refusal> {
    let division = id::division("parent", &request.parent)?;
    let mut form = Form::new();
    for (field, text) in [("first_day", &request.first_day), ("last_day", &request.last_day)] {
        form.require(!text.is_empty(), field, "必填", "required");
    }
    let days = form.date("first_day", &request.first_day).zip(form.date("last_day", &request.last_day));
    if let Some((first, last)) = days {
        let length = first.until(last).map_or(i32::MAX, |span| span.get_days());
        form.require(
            (0..400).contains(&length),
            "last_day",
            "须不早于起始日，且不超过400天",
            "must be 0 to 399 days after the first",
        );
    }
    for (field, code) in [("unit", &request.unit), ("person", &request.person), ("post", &request.post)] {
        form.require(code.is_empty() || id::is_id(code), field, "代码格式有误", "must be a code");
    }
    let (first, last) = finish(form, days)?;
    let size = page::size(request.page_size, 100, 1_000)?;
    let scope = [
        "ListDuties",
        &request.parent,
        &request.first_day,
        &request.last_day,
        &request.unit,
        &request.person,
        &request.post,
    ];
    let after = page::after(&office.keys, &scope, &request.page_token)?;
    let search = Search {
        first: compact(first),
        last: compact(last),
        unit: request.unit.clone(),
        person: request.person.clone(),
        post: request.post.clone(),
    };
    let mut duties =
        duty::list(&office.store, division, &search, after.as_deref(), size + 1).await.map_err(unreadable)?;
    let more = duties.len() as u64 > size;
    duties.truncate(size as usize);
    let last = duties.last().filter(|_| more);
    let next = last.map(|last| page::token(&office.keys, &scope, &last.slot.id())).unwrap_or_default();
    Ok(pb::ListDutiesResponse { duties: duties.iter().map(attendance::tell).collect(), next_page_token: next })
}

/// `20160308`
fn compact(day: Date) -> String {
    day.strftime("%Y%m%d").to_string()
}

fn named(name: &str) -> Result<(Division, String), Refusal> {
    let (division, code) = id::child("name", name, "plans")?;
    days_of(code).map(|_| (division, code.to_owned())).ok_or_else(Plan::not_found)
}

fn put(
    desk: &mut Desk<'_>,
    month: Month,
    happened: &'static str,
    actor: &str,
    mirror: &Mirror,
) -> Result<Arc<str>, Refusal> {
    let code: Arc<str> = month.code.as_str().into();
    // What cannot be given is told with the reasons why people are away: not in the journal.
    let told = pb::Plan { conflicts: Vec::new(), ..show(&month, mirror, &[]) };
    record(desk, happened, format!("plans/{code}"), actor, &told);
    desk.put(month);
    Ok(code)
}

/// The plan with what is wrong with it as things stand.
async fn render(office: &Office, month: &Month) -> Result<pb::Plan, Refusal> {
    let plan = month.plan.as_ref().ok_or_else(Plan::not_found)?;
    let (book, mirror) = (office.book(month.division).await?, office.mirror());
    let conflicts = check(month, &book.revision(plan.rules)?.rules, &mirror);
    Ok(show(month, &mirror, &conflicts))
}

fn show(month: &Month, mirror: &Mirror, conflicts: &[Conflict]) -> pb::Plan {
    let (division, Some(plan)) = (month.division, &month.plan) else { return pb::Plan::default() };
    let people = |code: &str| name_of(division, code);
    let state = match plan.state {
        State::Draft => pb::PlanState::Draft,
        State::Published => pb::PlanState::Published,
        State::Revised => pb::PlanState::Revised,
    };
    let assignment = |at: &Assignment| pb::Assignment {
        duty: at.slot.id(),
        day: at.slot.day.to_string(),
        half: half(at.slot.half).into(),
        post: at.slot.post.clone(),
        seat: at.slot.seat.into(),
        unit: at.unit.clone(),
        person: at.person.clone(),
        display_name: if at.person.is_empty() { String::new() } else { mirror.name(division, &at.person).to_owned() },
    };
    pb::Plan {
        name: division.child("plans", &month.code),
        state: state.into(),
        rules_revision: plan.rules,
        assignments: plan.assignments.iter().map(assignment).collect(),
        conflicts: explained(plan, conflicts),
        moves: plan.moves as i32,
        drafted_by: people(&plan.drafted_by),
        drafted_at: time(plan.drafted_at),
        published_by: people(&plan.published_by),
        published_at: time(plan.published_at),
        calendar: plan.calendar.clone(),
        etag: month.version.to_string(),
    }
}

/// The conflicts, in the words of the draft where it knows why: who else could have come, and what hindered them.
fn explained(plan: &Plan, conflicts: &[Conflict]) -> Vec<pb::Conflict> {
    let whys: HashSet<&str> = plan.shortfalls.iter().map(|shortfall| shortfall.reason.as_str()).collect();
    // Who has gone away since is no matter of the draft.
    let later = |conflict: &&Conflict| conflict.reason == "ON_LEAVE" || !whys.contains(conflict.reason);
    let found = conflicts.iter().filter(later).map(|conflict| pb::Conflict {
        reason: conflict.reason.to_owned(),
        hard: conflict.hard,
        zh: conflict.zh.clone(),
        en: conflict.en.clone(),
        duties: conflict.slots.iter().map(Slot::id).collect(),
    });
    let drafted = plan.shortfalls.iter().map(|shortfall| {
        let of = conflicts.iter().filter(|conflict| conflict.reason == shortfall.reason);
        let unfilled = shortfall.reason == "UNFILLED";
        pb::Conflict {
            reason: shortfall.reason.clone(),
            hard: unfilled,
            zh: shortfall.zh.clone(),
            en: shortfall.en.clone(),
            duties: if unfilled {
                of.flat_map(|conflict| conflict.slots.iter().map(Slot::id)).collect()
            } else {
                Vec::new()
            },
        }
    });
    found.chain(drafted).collect()
}
