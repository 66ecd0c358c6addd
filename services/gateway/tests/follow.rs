//! Following real feeds, from the first entry, while they move, and again after a restart.

mod ledger;
#[allow(clippy::duplicate_mod)]
mod town;

use std::{sync::PoisonError, time::Duration};

use gateway::Peers;
use kit::{
    peer::Peer,
    testing::{self, TestDatabase},
};
use ledger::{PARENT, accepted, issued, received};
use prost::Message;
use proto::{
    directory::v1::Unit,
    gateway::v1::{
        GetFiguresRequest, GetFiguresResponse, GroupBy, Period, metrics_service_client::MetricsServiceClient,
    },
    intake::v1::CaseFacts,
};
use town::Told;

fn case(told: &Told, facts: CaseFacts) {
    told.tell("case.told", facts.encode_to_vec());
}

async fn open(database: &TestDatabase, directory: &Told, intake: &Told, roster: &Told) -> MetricsServiceClient<Peer> {
    let peers =
        Peers { directory: directory.peer(), intake: intake.peer(), roster: roster.peer(), disclosure: roster.peer() };
    let config = database.config(&["gateway"]).await;
    let open = gateway::open(&config, &testing::clock("2016-03-31T10:00"), peers).await.expect("opens");
    MetricsServiceClient::new(testing::serve(open.routes).await)
}

async fn figures_at(metrics: &mut MetricsServiceClient<Peer>, intake: i64, directory: i64) -> GetFiguresResponse {
    for _ in 0..500 {
        let request = GetFiguresRequest {
            parent: PARENT.into(),
            period: Some(Period { first: "2016-01-01".into(), last: "2016-12-31".into() }),
            group_by: GroupBy::Unit.into(),
            selection: None,
        };
        let mut request = tonic::Request::new(request);
        request.set_timeout(Duration::from_secs(10));
        let figures = metrics.get_figures(request).await.expect("figures").into_inner();
        if (figures.intake_seq, figures.directory_seq) == (intake, directory) {
            return figures;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the journals were not followed up to {intake} and {directory}");
}

#[tokio::test]
async fn journals_are_followed_to_their_end_and_on_after_a_restart() {
    for database in testing::databases() {
        let (directory, intake) = (Told::of("directory"), Told::of("intake"));
        let unit =
            Unit { name: format!("{PARENT}/units/001"), display_name_zh: "县公安局".into(), ..Default::default() };
        directory.tell("unit.created", unit.encode_to_vec());
        // What another version may tell is passed over.
        directory.tell("building.created", vec![0xff]);
        for i in 0..1_200 {
            case(&intake, received(&format!("n{i:04}"), "2016-03-01"));
        }
        let mut metrics = open(&database, &directory, &intake, &Told::of("roster")).await;
        let figures = figures_at(&mut metrics, 1_200, 2).await;
        assert_eq!(figures.total.expect("a total").received, 1_200);
        assert_eq!(figures.rows[0].label_zh, "县公安局");

        let taken = accepted("n0000", "2016-03-01", "2016-03-08", "2016-03-29");
        case(&intake, taken.clone());
        let total = figures_at(&mut metrics, 1_201, 2).await.total.expect("a total");
        assert_eq!((total.received, total.accepted, total.completed), (1_200, 1, 0));

        // A second gateway on the same database goes on where the first one stands, and counts nothing twice.
        let mut metrics = open(&database, &directory, &intake, &Told::of("roster")).await;
        case(&intake, issued(taken, "2016-03-04", 3, "2016-03-07"));
        let total = figures_at(&mut metrics, 1_202, 2).await.total.expect("a total");
        assert_eq!((total.received, total.accepted, total.completed), (1_200, 1, 1));
        let asked = intake.asked.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(asked.len() == 2 && asked[0] == 0 && asked[1] >= 1_201, "{asked:?}");
    }
}
