//! CalendarService: notices taken in, years shown, terms counted.

use calendar::{Calendar, Date, Due, Explanation, Limit, Suspension, Term, TermError};
use kit::{
    actor::{RequestKey, SYSTEM},
    caller::Caller,
    clock::{Clock, Moment},
    form::Form,
    id::Division,
    refusal::Refusal,
    serve::OpenError,
    store::{Desk, Event, Key, Store, Writer},
};
use prost::Message;
use proto::directory::v1::{self as pb, calendar_service_server::CalendarService};
use tonic::{Request, Response, Status};

use super::{
    called, finish,
    notice::{YEARS, read, show},
};
use crate::{
    domain::{
        notice::{COLLECTION, IMPORTED, Notice},
        problem,
    },
    store::calendar::InForce,
};

pub struct Calendars {
    writer: Writer,
    clock: Clock,
    in_force: InForce,
}

impl Calendars {
    /// Takes in the notices that come with the program where they are news, so that followers have all notices from the
    /// journal, and reads the table.
    pub async fn open(store: &Store, writer: &Writer, clock: &Clock) -> Result<Calendars, OpenError> {
        import_builtin(writer).await?;
        Ok(Calendars { writer: writer.clone(), clock: clock.clone(), in_force: InForce::open(store).await? })
    }

    async fn import(&self, by: &Caller, request: &pb::ImportNoticeRequest) -> Result<pb::Notice, Refusal> {
        let mut form = Form::new();
        let key = form.take(RequestKey::of("ImportNotice", request, &request.request_id));
        form.require(request.notice.is_some(), "notice", "必填", "required");
        let notice = request.notice.as_ref().map(|notice| read(&mut form, notice));
        let (key, offered) = finish(form, key.zip(notice))?;
        let (id, actor) = (offered.year.to_string(), by.actor().to_owned());
        let keys = vec![Key::of::<Notice>(Division::NATIONAL, id.as_str())];
        let decide = move |desk: &mut Desk<'_>| {
            let held = desk.get::<Notice>(&id);
            if let Some(newest) = Notice::import(held.as_deref(), offered.clone())? {
                put(desk, &actor, newest);
            }
            Ok(id.as_str().into())
        };
        let newest = self.writer.change::<Notice>(Division::NATIONAL, keys, Some(key), decide).await?;
        self.in_force.reload().await?;
        Ok(show(&newest.text))
    }

    async fn year(&self, year: i32) -> Result<pb::Year, Refusal> {
        let mut form = Form::new();
        let number = form.number("year", year.into(), YEARS) as i16;
        form.finish()?;
        let calendar = self.in_force.current().await?;
        let Some(notice) = calendar.notice(number) else {
            let (zh, en) = (format!("{year}年放假安排尚未公布"), format!("no holiday notice is published for {year}"));
            return Err(Refusal::not_found("YEAR_NOT_PUBLISHED", zh, en));
        };
        let first = Date::new(number, 1, 1).map_err(Refusal::internal)?;
        let dates =
            std::iter::successors(Some(first), |date| date.tomorrow().ok().filter(|next| next.year() == number));
        let days: Vec<_> = dates.map(|date| day(&calendar, date)).collect();
        let is_worked = |day: &&pb::YearDay| matches!(day.kind(), pb::DayKind::Workday | pb::DayKind::MakeUpWorkday);
        let workdays = days.iter().filter(is_worked).count() as i32;
        Ok(pb::Year { year, notice: Some(show(notice)), days, workdays })
    }
}

#[tonic::async_trait]
impl CalendarService for Calendars {
    async fn import_notice(&self, request: Request<pb::ImportNoticeRequest>) -> Result<Response<pb::Notice>, Status> {
        let (by, r) = called(request);
        Ok(Response::new(self.import(&by, &r).await?))
    }

    async fn get_year(&self, request: Request<pb::GetYearRequest>) -> Result<Response<pb::Year>, Status> {
        Ok(Response::new(self.year(request.into_inner().year).await?))
    }

    async fn compute_due_date(
        &self,
        request: Request<pb::ComputeDueDateRequest>,
    ) -> Result<Response<pb::Deadline>, Status> {
        let term = term(&request.into_inner())?;
        let calendar = self.in_force.current().await?;
        Ok(Response::new(deadline(calendar.explain(&term), self.clock.now())))
    }
}

async fn import_builtin(writer: &Writer) -> Result<(), Refusal> {
    let notices = calendar::builtin_notices();
    let keys = notices.iter().map(|notice| Key::of::<Notice>(Division::NATIONAL, notice.year.to_string())).collect();
    let decide = move |desk: &mut Desk<'_>| {
        let mut last = String::new();
        for notice in notices {
            last = notice.year.to_string();
            let held = desk.get::<Notice>(&last);
            if held.as_ref().is_none_or(|held| held.is_older_than(notice))
                && let Some(newest) = Notice::import(held.as_deref(), notice.clone())?
            {
                put(desk, SYSTEM, newest);
            }
        }
        Ok(last.into())
    };
    writer.change::<Notice>(Division::NATIONAL, keys, None, decide).await.map(drop)
}

fn put(desk: &mut Desk<'_>, actor: &str, notice: Notice) {
    desk.record(Event {
        name: IMPORTED,
        noun: format!("{COLLECTION}/{}", notice.id),
        actor: actor.to_owned(),
        payload: show(&notice.text).encode_to_vec().into(),
    });
    desk.put(notice);
}

fn day(calendar: &Calendar, date: Date) -> pb::YearDay {
    let kind = match calendar.kind(date) {
        calendar::DayKind::Workday => pb::DayKind::Workday,
        calendar::DayKind::MakeUpWorkday => pb::DayKind::MakeUpWorkday,
        calendar::DayKind::Weekend => pb::DayKind::Weekend,
        calendar::DayKind::Holiday => pb::DayKind::Holiday,
        calendar::DayKind::Unpublished => pb::DayKind::Unspecified,
    };
    pb::YearDay { date: date.to_string(), kind: kind.into() }
}

fn term(request: &pb::ComputeDueDateRequest) -> Result<Term, Refusal> {
    let mut form = Form::new();
    let day0 = date(&mut form, "day0", &request.day0);
    let days = form.number("limit_days", request.limit_days.into(), 1..=2_000) as u16;
    form.require(request.suspensions.len() <= 100, "suspensions", "最多100段", "at most 100");
    form.require(request.extensions.len() <= 10, "extensions", "最多10次", "at most 10");
    let mut suspensions = Vec::new();
    for (i, span) in request.suspensions.iter().take(100).enumerate() {
        let first = date(&mut form, &format!("suspensions[{i}].first"), &span.first);
        let last = (!span.last.is_empty()).then(|| date(&mut form, &format!("suspensions[{i}].last"), &span.last));
        suspensions.push(Suspension { first, last });
    }
    let mut extensions = Vec::new();
    for (i, days) in request.extensions.iter().take(10).enumerate() {
        extensions.push(form.number(&format!("extensions[{i}]"), (*days).into(), 1..=200) as u16);
    }
    form.finish()?;
    let limit = if request.calendar_days { Limit::CalendarDays(days) } else { Limit::WorkingDays(days) };
    let term = Term { day0, limit, suspensions, extensions };
    term.check().map_err(|TermError { field, problem }| {
        let field = if field == "limit" { "limit_days".to_owned() } else { field };
        problem::refuse(field, problem)
    })?;
    Ok(term)
}

fn deadline(explanation: Explanation, now: Moment) -> pb::Deadline {
    let (state, due_on, known_through, remaining) = match explanation.due {
        Due::On(date) => (pb::DeadlineState::Due, date.to_string(), String::new(), 0),
        Due::Provisional { known_through, remaining } => {
            (pb::DeadlineState::Provisional, String::new(), known_through.to_string(), remaining)
        }
        Due::Stopped { since, remaining } => (pb::DeadlineState::Stopped, String::new(), since.to_string(), remaining),
    };
    let day = |day: calendar::Day| pb::DeadlineDay {
        date: day.date.to_string(),
        counted: day.counted.unwrap_or(0) as i32,
        reason_zh: day.reason.text_zh().to_owned(),
        reason_en: day.reason.text_en().to_owned(),
        article: day.reason.article().to_owned(),
    };
    let notice = |notice: calendar::NoticeRef| pb::NoticeReference {
        year: notice.year.into(),
        version: i32::try_from(notice.version).unwrap_or(i32::MAX),
        document: notice.document,
    };
    pb::Deadline {
        state: state.into(),
        due_on,
        known_through,
        // A term has at most 2,000 days.
        remaining: remaining as i32,
        days: explanation.days.into_iter().map(day).collect(),
        notices: explanation.notices.into_iter().map(notice).collect(),
        computed_at: Some(now.timestamp()),
    }
}

/// Reads a date, YYYY-MM-DD and nothing else; what is returned of a fault is of no use.
pub fn date(form: &mut Form, field: &str, text: &str) -> Date {
    let is_shape = text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    let date = text.parse().ok().filter(|_| is_shape);
    form.require(
        date.is_some(),
        field,
        "须为存在的日期，写法为 YYYY-MM-DD",
        "must be a date that exists, as YYYY-MM-DD",
    );
    date.unwrap_or(Date::ZERO)
}
