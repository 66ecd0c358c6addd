//! The clock of training mode.

use std::time::Duration;

use gateway::rpc::clock::Clocks;
use kit::{
    clock::{Clock, Moment},
    peer::Peer,
    status::reason,
    testing::{self, moment},
};
use proto::clock::v1::{
    AdvanceClockRequest, GetClockRequest, clock_service_client::ClockServiceClient,
    clock_service_server::ClockServiceServer,
};
use tonic::{Code, Status, service::Routes};

async fn clocks(clock: &Clock) -> ClockServiceClient<Peer> {
    ClockServiceClient::new(testing::serve(Routes::new(ClockServiceServer::new(Clocks(clock.clone())))).await)
}

fn to(moment: Moment) -> AdvanceClockRequest {
    AdvanceClockRequest { to: Some(moment.timestamp()) }
}

fn refused(answer: Result<impl std::fmt::Debug, Status>) -> (Code, String) {
    let status = answer.expect_err("refused");
    (status.code(), reason(&status))
}

#[tokio::test]
async fn a_simulated_clock_goes_forward_when_all_has_been_done_that_falls_due() {
    let clock = testing::clock("2016-02-29T09:00");
    let mut client = clocks(&clock).await;
    let now = client.get_clock(GetClockRequest {}).await.expect("a clock").into_inner();
    assert_eq!((now.shanghai.as_str(), now.simulated), ("2016-02-29T09:00:00+08:00", true));

    let acted = clock.actor();
    let tomorrow = moment("2016-03-01T09:00");
    let mut waiting = client.clone();
    let mut answer = tokio::spawn(async move { waiting.advance_clock(to(tomorrow)).await });
    tokio::time::timeout(Duration::from_millis(200), &mut answer).await.expect_err("somebody has yet to act");
    assert_eq!(clock.now(), tomorrow);
    acted.send_replace(tomorrow.0);
    let now = answer.await.expect("no panic").expect("moved").into_inner();
    assert_eq!(now.shanghai, "2016-03-01T09:00:00+08:00");

    acted.send_replace(i64::MAX);
    let forward = (Code::InvalidArgument, "CLOCK_GOES_FORWARD".to_owned());
    assert_eq!(refused(client.advance_clock(to(moment("2016-03-01T08:59"))).await), forward);
    assert_eq!(refused(client.advance_clock(to(moment("2026-03-01T09:01"))).await), forward);
    assert_eq!(clock.now(), tomorrow);
    client.advance_clock(to(tomorrow)).await.expect("the present is not the past");
    client.advance_clock(to(moment("2026-03-01T09:00"))).await.expect("ten years");
}

#[tokio::test]
async fn a_malformed_time_is_refused_by_its_field() {
    let mut client = clocks(&testing::clock("2016-01-04T09:00")).await;
    let at = |seconds, nanos| AdvanceClockRequest { to: Some(prost_types::Timestamp { seconds, nanos }) };
    for request in [AdvanceClockRequest { to: None }, at(i64::MAX, 0), at(0, -1), at(0, 1_000_000_000)] {
        assert_eq!(refused(client.advance_clock(request).await), (Code::InvalidArgument, "FIELD_INVALID".to_owned()));
    }
}

#[tokio::test]
async fn the_machines_clock_is_not_moved() {
    let mut client = clocks(&Clock::real()).await;
    assert!(!client.get_clock(GetClockRequest {}).await.expect("a clock").into_inner().simulated);
    let answer = client.advance_clock(to(moment("2999-01-01T00:00"))).await;
    assert_eq!(refused(answer), (Code::FailedPrecondition, "CLOCK_IS_REAL".to_owned()));
}
