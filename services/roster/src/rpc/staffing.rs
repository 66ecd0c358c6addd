//! StaffingService: who staffs the windows.

use std::sync::Arc;

use calendar::shanghai_date;
use kit::{
    actor::RequestKey,
    form::{Form, must_match},
    id::{self},
    refusal::Refusal,
    store::{Desk, Key},
};
use proto::roster::v1::{self as pb, staffing_service_server::StaffingService};
use tonic::{Request, Response, Status};

use super::{finish, name_of, person};
use crate::{
    domain::{
        slot::month_of,
        staffing::{Day, Pair, Staffing},
    },
    office::{Office, record},
};

/// The staffings' face to the world.
pub struct Staffings(pub Arc<Office>);

#[tonic::async_trait]
impl StaffingService for Staffings {
    async fn set_staffing(&self, request: Request<pb::SetStaffingRequest>) -> Result<Response<pb::Staffing>, Status> {
        Ok(Response::new(set(&self.0, request.into_inner()).await?))
    }

    async fn list_staffings(
        &self,
        request: Request<pb::ListStaffingsRequest>,
    ) -> Result<Response<pb::ListStaffingsResponse>, Status> {
        Ok(Response::new(list(&self.0, request.into_inner()).await?))
    }
}

async fn set(office: &Office, request: pb::SetStaffingRequest) -> Result<pb::Staffing, Refusal> {
    let key = RequestKey::of("SetStaffing", &request, &request.request_id)?;
    let division = id::division("parent", &request.parent)?;
    let (mirror, today) = (office.mirror(), shanghai_date(office.clock.now().0));
    let mut form = Form::new();
    let by = person(&mut form, "by", &request.by, division);
    let window = form.take(id::child_of("window", &request.window, "windows", division)).map(str::to_owned);
    form.require(request.staffing.is_some(), "staffing", "必填", "required");
    let asked = request.staffing.unwrap_or_default();
    let a = person(&mut form, "staffing.clerk_a", &asked.clerk_a, division);
    let b = match asked.clerk_b.as_str() {
        "" => Some(String::new()),
        name => person(&mut form, "staffing.clerk_b", name, division),
    };
    form.require(asked.clerk_a != asked.clerk_b, "staffing.clerk_b", "A、B岗不能是同一人", "must be another than A");
    let effective_on = form.date("staffing.effective_on", &asked.effective_on).unwrap_or(today);
    let (((by, window), a), b) = finish(form, by.zip(window).zip(a).zip(b))?;
    let (etag, actor) = (request.etag, request.by);
    let keys = vec![Key::of::<Staffing>(division, window.as_str())];
    let decide = move |desk: &mut Desk<'_>| {
        let there = desk.get::<Staffing>(&window);
        let version = there.as_ref().map_or(0, |there| there.version);
        must_match(&etag, version)?;
        let pair = Pair { effective_on, a: a.clone(), b: b.clone() };
        let staffing = Staffing::set(there.as_deref(), division, &window, pair, &by, today, &mirror)?;
        record(desk, "staffing.set", format!("staffings/{window}"), &actor, &show(&staffing));
        desk.put(staffing);
        Ok(window.as_str().into())
    };
    let staffing = office.writer.change::<Staffing>(division, keys, Some(key), decide).await?;
    office.restaffed.notify_one();
    Ok(show(&staffing))
}

async fn list(office: &Office, request: pb::ListStaffingsRequest) -> Result<pb::ListStaffingsResponse, Refusal> {
    let division = id::division("parent", &request.parent)?;
    let mut form = Form::new();
    let day = form.date("day", &request.day).unwrap_or_else(|| shanghai_date(office.clock.now().0));
    form.finish()?;
    let month = office.month(division, &month_of(day)).await?;
    let required = office.wants_staffed_windows(division, day).await?;
    let mirror = office.mirror();
    let of = |staffing: &Staffing| Some((staffing.on(day, &month, required, &mirror)?, staffing.window.clone()));
    let staffings = office.staffings(Some(division)).await?;
    let windows = staffings.iter().filter_map(of).map(|(day, window)| render(&window, &day)).collect();
    Ok(pb::ListStaffingsResponse { windows })
}

fn show(staffing: &Staffing) -> pb::Staffing {
    let people = |code: &str| name_of(staffing.division, code);
    let newest = staffing.pairs.last();
    pb::Staffing {
        name: staffing.division.child("staffings", &staffing.window),
        effective_on: newest.map(|pair| pair.effective_on.to_string()).unwrap_or_default(),
        clerk_a: newest.map(|pair| people(&pair.a)).unwrap_or_default(),
        clerk_b: newest.map(|pair| people(&pair.b)).unwrap_or_default(),
        etag: staffing.version.to_string(),
    }
}

fn render(window: &str, day: &Day) -> pb::WindowDay {
    pb::WindowDay {
        window: window.to_owned(),
        day: day.day.to_string(),
        morning: day.morning.clone(),
        afternoon: day.afternoon.clone(),
        why_zh: day.why_zh.clone(),
        why_en: day.why_en.clone(),
        required: day.required,
    }
}

/// What the journal says of a window's day: not why somebody is away.
pub fn tell(window: &str, day: &Day) -> pb::WindowDay {
    pb::WindowDay { why_zh: String::new(), why_en: String::new(), ..render(window, day) }
}
