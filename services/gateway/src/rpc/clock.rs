//! The clock of training mode.

use jiff::ToSpan;
use kit::{
    clock::{Clock, Moment},
    refusal::{Kind, Refusal},
};
use proto::clock::v1::{self as pb, clock_service_server::ClockService};
use tonic::{Request, Response, Status};

/// ClockService over the program's clock.
pub struct Clocks(pub Clock);

#[tonic::async_trait]
impl ClockService for Clocks {
    async fn get_clock(&self, _: Request<pb::GetClockRequest>) -> Result<Response<pb::Clock>, Status> {
        Ok(Response::new(self.render()))
    }

    async fn advance_clock(&self, request: Request<pb::AdvanceClockRequest>) -> Result<Response<pb::Clock>, Status> {
        let to = request.into_inner().to.as_ref().and_then(Moment::from_timestamp).ok_or_else(|| {
            Refusal::field("to", "必填，须为公元1年至9999年之间的时间", "required, a time in the years 1 to 9999")
        })?;
        if !self.0.is_simulated() {
            let (zh, en) = ("仅培训模式可以拨动时钟", "only the clock of training mode can be moved");
            return Err(Refusal::state("CLOCK_IS_REAL", zh, en).into());
        }
        let now = self.0.now();
        let backwards = || {
            let (zh, en) =
                ("时钟只能向前拨动，每次不超过十年", "the clock goes forward only, at most ten years at a time");
            Refusal::new(Kind::Invalid, "CLOCK_GOES_FORWARD", zh, en).at("to")
        };
        if to < now || to > ten_years_after(now) {
            return Err(backwards().into());
        }
        if !self.0.advance(to) {
            // Somebody else has moved it further in the meantime, or its time could not be written down.
            return Err(if to < self.0.now() { backwards() } else { Refusal::unavailable() }.into());
        }
        self.0.settled(to).await;
        Ok(Response::new(self.render()))
    }
}

impl Clocks {
    fn render(&self) -> pb::Clock {
        let now = self.0.now();
        pb::Clock { now: Some(now.timestamp()), shanghai: now.shanghai(), simulated: self.0.is_simulated() }
    }
}

/// The same civil time in Shanghai ten years later; the 29th of February becomes the 28th.
fn ten_years_after(now: Moment) -> Moment {
    let date = calendar::shanghai_date(now.0);
    let time = now.0 - calendar::start_of_day(date);
    Moment(calendar::start_of_day(date.saturating_add(10.years())) + time)
}
