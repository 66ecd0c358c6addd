//! Exchanges on the wire.

use kit::{
    actor::RequestKey,
    form::{self, Form, choice},
    id::{self, Division},
    refusal::Refusal,
    store::{Desk, Key},
};
use proto::roster::v1 as pb;

use super::{attendance, duty, finish, month, name_of, person, suffix, time};
use crate::{
    domain::{
        duty::Duty,
        exchange::{Exchange, Kind, Scene, State, Wish},
        month::Month,
        rules::Book,
        slot::days_of,
    },
    office::{self, Office, record, rules_of},
    store::duty::Kept,
};

pub async fn request(office: &Office, request: pb::RequestExchangeRequest) -> Result<pb::Exchange, Refusal> {
    let key = RequestKey::of("RequestExchange", &request, &request.request_id)?;
    let division = id::division("parent", &request.parent)?;
    let mut form = Form::new();
    let request_id = form.take(form::request_id(&request.request_id));
    let by = person(&mut form, "by", &request.by, division);
    form.require(request.exchange.is_some(), "exchange", "必填", "required");
    let wish = request.exchange.and_then(|exchange| read(&mut form, exchange, division));
    let ((request_id, by), wish) = finish(form, request_id.zip(by).zip(wish))?;
    let id = format!("{}-{}", wish.duty.month(), suffix(request_id));
    let (wanted, asked) = (id.clone(), wish.clone());
    let decide = move |scene: &mut Scene<'_>| Exchange::request(scene, &wanted, asked.clone(), &by);
    change(office, division, wish, &id, "exchange.requested", &request.by, key, decide).await
}

pub async fn answer(office: &Office, request: pb::AnswerExchangeRequest) -> Result<pb::Exchange, Refusal> {
    let key = RequestKey::of("AnswerExchange", &request, &request.request_id)?;
    let (division, there) = find(office, &request.name).await?;
    let mut form = Form::new();
    let by = person(&mut form, "by", &request.by, division);
    let answer = form.text("answer", &request.answer, usize::from(!request.accept)..=500);
    let by = finish(form, by)?;
    let (accept, id) = (request.accept, there.id.clone());
    let event = if accept { "exchange.accepted" } else { "exchange.refused" };
    let decide = move |scene: &mut Scene<'_>| kept(scene.month, &id)?.answer(scene, accept, &by, answer.clone());
    change(office, division, there.wish, &there.id, event, &request.by, key, decide).await
}

pub async fn undo(office: &Office, request: pb::UndoExchangeRequest) -> Result<pb::Exchange, Refusal> {
    let key = RequestKey::of("UndoExchange", &request, &request.request_id)?;
    let (division, there) = find(office, &request.name).await?;
    let mut form = Form::new();
    let by = person(&mut form, "by", &request.by, division);
    let by = finish(form, by)?;
    let id = there.id.clone();
    let decide = move |scene: &mut Scene<'_>| kept(scene.month, &id)?.undo(scene, &by);
    change(office, division, there.wish, &there.id, "exchange.undone", &request.by, key, decide).await
}

pub async fn list(office: &Office, request: pb::ListExchangesRequest) -> Result<pb::ListExchangesResponse, Refusal> {
    let division = id::division("parent", &request.parent)?;
    let mut form = Form::new();
    let code = month(&mut form, "month", &request.month);
    let code = finish(form, code)?;
    let month = office.month(division, &code).await?;
    let mut exchanges: Vec<_> = month.exchanges.iter().map(|exchange| show(division, exchange)).collect();
    exchanges.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(pb::ListExchangesResponse { exchanges })
}

/// Decides on the month and the duties of a wish, and tells of those that changed.
#[allow(clippy::too_many_arguments)] // what is changed, and what is told of it
async fn change(
    office: &Office,
    division: Division,
    wish: Wish,
    id: &str,
    event: &'static str,
    actor: &str,
    key: RequestKey,
    decide: impl Fn(&mut Scene<'_>) -> Result<Exchange, Refusal> + Send + Sync + 'static,
) -> Result<pb::Exchange, Refusal> {
    let (mirror, now, actor) = (office.mirror(), office.clock.now(), actor.to_owned());
    let code = wish.duty.month();
    let duties = wish.slots().map(|slot| Key::of::<Kept>(division, slot.id()));
    let keys = [Key::of::<Month>(division, code.as_str()), Key::of::<Book>(division, Book::ID)];
    let keys = keys.into_iter().chain(duties).collect();
    let decide = move |desk: &mut Desk<'_>| {
        let mut month = office::month_of(desk, &code);
        let take =
            |slot: &crate::domain::slot::Slot| desk.take::<Kept>(&slot.id(), Duty::not_found).map(|kept| kept.duty);
        let mut duties = wish.slots().map(take).collect::<Result<Vec<_>, _>>()?;
        let before: Vec<_> = duties.iter().map(|duty| duty.version).collect();
        let rules = rules_of(desk, &month)?.rules;
        let mut scene = Scene { month: &mut month, duties: &mut duties, rules: &rules, mirror: &mirror, now };
        let exchange = decide(&mut scene)?;
        for (duty, _) in duties.into_iter().zip(before).filter(|(duty, before)| duty.version != *before) {
            record(desk, "duty.exchanged", format!("duties/{}", duty.slot), &actor, &attendance::tell(&duty));
            desk.put(Kept::from(duty));
        }
        record(desk, event, format!("months/{code}"), &actor, &tell(division, &exchange));
        desk.put(month);
        Ok(code.as_str().into())
    };
    let month = office.writer.change::<Month>(division, keys, Some(key), decide).await?;
    Ok(show(division, &kept(&month, id)?))
}

fn kept(month: &Month, id: &str) -> Result<Exchange, Refusal> {
    month.exchanges.iter().find(|exchange| exchange.id == id).cloned().ok_or_else(Exchange::not_found)
}

async fn find(office: &Office, name: &str) -> Result<(Division, Exchange), Refusal> {
    let (division, id) = id::child("name", name, "exchanges")?;
    let code = id.get(..7).filter(|month| days_of(month).is_some()).ok_or_else(Exchange::not_found)?;
    let month = office.month(division, code).await?;
    Ok((division, kept(&month, id)?))
}

fn read(form: &mut Form, exchange: pb::Exchange, division: Division) -> Option<Wish> {
    let at = |field: &str| format!("exchange.{field}");
    let kind = match form.take(choice::<pb::ExchangeKind>(&at("kind"), exchange.kind))? {
        pb::ExchangeKind::Unspecified => return None,
        pb::ExchangeKind::Swap => Kind::Swap,
        pb::ExchangeKind::Substitute => Kind::Substitute,
        pb::ExchangeKind::Excuse => Kind::Excuse,
    };
    let slot = duty(form, &at("duty"), &exchange.duty, division);
    let other = match kind {
        Kind::Swap => duty(form, &at("other_duty"), &exchange.other_duty, division),
        _ => None,
    };
    if let (Some(slot), Some(other)) = (&slot, &other) {
        form.require(slot != other, &at("other_duty"), "须为另一个值班", "must be another duty");
        form.require(
            slot.month() == other.month(),
            &at("other_duty"),
            "只能在同一个月内调班",
            "must be of the same month",
        );
    }
    let substitute = match kind {
        Kind::Substitute => person(form, &at("substitute"), &exchange.substitute, division),
        _ => Some(String::new()),
    };
    let document = form.text(&at("document"), &exchange.document, usize::from(kind == Kind::Excuse)..=100);
    let reason = form.text(&at("reason"), &exchange.reason, 0..=500);
    (kind != Kind::Swap || other.is_some()).then_some(())?;
    Some(Wish { kind, duty: slot?, other, substitute: substitute?, document, reason })
}

/// What the journal tells: why somebody cannot come, and what they are answered, is nobody's affair but the unit's.
fn tell(division: Division, exchange: &Exchange) -> pb::Exchange {
    let (document, reason, answer) = Default::default();
    pb::Exchange { document, reason, answer, ..show(division, exchange) }
}

fn show(division: Division, exchange: &Exchange) -> pb::Exchange {
    let people = |code: &str| name_of(division, code);
    let kind = match exchange.wish.kind {
        Kind::Swap => pb::ExchangeKind::Swap,
        Kind::Substitute => pb::ExchangeKind::Substitute,
        Kind::Excuse => pb::ExchangeKind::Excuse,
    };
    let state = match exchange.state {
        State::Requested => pb::ExchangeState::Requested,
        State::Accepted => pb::ExchangeState::Accepted,
        State::Refused => pb::ExchangeState::Refused,
        State::Withdrawn => pb::ExchangeState::Withdrawn,
        State::Undone => pb::ExchangeState::Undone,
    };
    let duty = |slot: &crate::domain::slot::Slot| division.child("duties", &slot.id());
    pb::Exchange {
        name: division.child("exchanges", &exchange.id),
        kind: kind.into(),
        duty: duty(&exchange.wish.duty),
        other_duty: exchange.wish.other.as_ref().map(duty).unwrap_or_default(),
        substitute: people(&exchange.wish.substitute),
        document: exchange.wish.document.clone(),
        reason: exchange.wish.reason.clone(),
        state: state.into(),
        requested_by: people(&exchange.requested_by),
        requested_at: time(exchange.requested_at),
        answered_by: people(&exchange.answered_by),
        answered_at: time(exchange.answered_at),
        answer: exchange.answer.clone(),
    }
}
