//! What was handed in while the line was cut: its clocks run from then, and not from when it is delivered.

use kit::clock::Moment;
use prost::Message;
use proto::{
    clock::v1::{GetClockRequest, clock_service_client::ClockServiceClient},
    intake::v1 as pb,
};
use tonic::Status;

use super::change::RECEIVE;
use crate::{peer::Link, spool::Kept};

/// The request as it is delivered now. An application says when it was handed in: so long ago as this machine has kept it,
/// by the server's clock, since a terminal's own may be wrong. To the service it is the same request.
pub async fn dated(kept: &Kept, link: Link, now: Moment) -> Result<Vec<u8>, Status> {
    let (true, Some(kept_at)) = (kept.rpc == RECEIVE, kept_at(kept)) else { return Ok(kept.request.clone()) };
    let mut request =
        pb::ReceiveCaseRequest::decode(&*kept.request).map_err(|error| Status::unknown(error.to_string()))?;
    if request.received_at.is_none() {
        let there = ClockServiceClient::new(link).get_clock(GetClockRequest {}).await?.into_inner().now;
        let there = there.as_ref().and_then(Moment::from_timestamp);
        request.received_at = there.map(|there| Moment(there.0.saturating_sub(age(kept_at, now))).timestamp());
    }
    Ok(request.encode_to_vec())
}

/// A machine's clock that was put back has kept nothing since tomorrow.
fn age(kept_at: Moment, now: Moment) -> i64 {
    now.0.saturating_sub(kept_at.0).max(0)
}

fn kept_at(kept: &Kept) -> Option<Moment> {
    kept.kept_at.parse::<jiff::Timestamp>().ok().map(|at| Moment(at.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_it_was_kept_is_read_back() {
        let at = Moment(1_457_398_800_123_456);
        let kept = Kept {
            request_id: uuid::Uuid::nil(),
            rpc: RECEIVE.to_owned(),
            server: String::new(),
            about: String::new(),
            kept_at: at.shanghai(),
            request: Vec::new(),
            content: Vec::new(),
            refused: None,
        };
        assert_eq!(kept_at(&kept), Some(at));
        assert_eq!((age(at, Moment(at.0 + 7)), age(at, Moment(at.0 - 7))), (7, 0));
    }
}
