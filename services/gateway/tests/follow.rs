//! Following real feeds, from the first entry, while they move, and again after a restart.

mod ledger;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use gateway::Peers;
use kit::{
    peer::Peer,
    testing::{self, TestDatabase},
};
use ledger::{DIVISION, PARENT, accepted, issued, received};
use prost::Message;
use proto::{
    directory::v1::Unit,
    gateway::v1::{
        GetFiguresRequest, GetFiguresResponse, GroupBy, Period, metrics_service_client::MetricsServiceClient,
    },
    intake::v1::CaseFacts,
    journal::v1::{
        Entry, ListHeadsRequest, ListHeadsResponse, Position, ReadEntriesRequest, ReadEntriesResponse,
        journal_service_server::{JournalService, JournalServiceServer},
    },
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, service::Routes};

/// A journal that is told what to say, and remembers where it was asked to start.
#[derive(Clone, Default)]
struct Told {
    entries: Arc<Mutex<Vec<Entry>>>,
    asked: Arc<Mutex<Vec<i64>>>,
}

impl Told {
    fn tell(&self, event: &str, payload: Vec<u8>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let seq = entries.len() as i64 + 1;
        entries.push(Entry {
            division: DIVISION.into(),
            seq,
            event: event.into(),
            payload: payload.into(),
            ..Default::default()
        });
    }

    fn case(&self, facts: CaseFacts) {
        self.tell("case.told", facts.encode_to_vec());
    }

    fn after(&self, seq: i64) -> Vec<Entry> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().filter(|entry| entry.seq > seq).cloned().collect()
    }
}

#[tonic::async_trait]
impl JournalService for Told {
    async fn list_heads(&self, _: Request<ListHeadsRequest>) -> Result<Response<ListHeadsResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    type ReadEntriesStream = ReceiverStream<Result<ReadEntriesResponse, Status>>;

    async fn read_entries(
        &self,
        request: Request<ReadEntriesRequest>,
    ) -> Result<Response<Self::ReadEntriesStream>, Status> {
        let after: Vec<Position> = request.into_inner().after;
        let mut seen = after.iter().find(|after| after.division == DIVISION).map_or(0, |after| after.seq);
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
        let (send, receive) = mpsc::channel(4);
        let told = self.clone();
        tokio::spawn(async move {
            loop {
                let entries = told.after(seen);
                seen += entries.len() as i64;
                if send.send(Ok(ReadEntriesResponse { entries, sent_at: None })).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(receive)))
    }
}

async fn open(database: &TestDatabase, directory: &Told, intake: &Told) -> MetricsServiceClient<Peer> {
    let peer = |told: &Told| Peer::in_process(Routes::new(JournalServiceServer::new(told.clone())));
    let peers = Peers { directory: peer(directory), intake: peer(intake) };
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
        let (directory, intake) = (Told::default(), Told::default());
        let unit =
            Unit { name: format!("{PARENT}/units/001"), display_name_zh: "县公安局".into(), ..Default::default() };
        directory.tell("unit.created", unit.encode_to_vec());
        // Of people nothing is learnt: this is no person, and nobody looks.
        directory.tell("person.created", vec![0xff]);
        for i in 0..1_200 {
            intake.case(received(&format!("n{i:04}"), "2016-03-01"));
        }
        let mut metrics = open(&database, &directory, &intake).await;
        let figures = figures_at(&mut metrics, 1_200, 2).await;
        assert_eq!(figures.total.expect("a total").received, 1_200);
        assert_eq!(figures.rows[0].label_zh, "县公安局");

        let taken = accepted("n0000", "2016-03-01", "2016-03-08", "2016-03-29");
        intake.case(taken.clone());
        let total = figures_at(&mut metrics, 1_201, 2).await.total.expect("a total");
        assert_eq!((total.received, total.accepted, total.completed), (1_200, 1, 0));

        // A second gateway on the same database goes on where the first one stands, and counts nothing twice.
        let mut metrics = open(&database, &directory, &intake).await;
        intake.case(issued(taken, "2016-03-04", 3, "2016-03-07"));
        let total = figures_at(&mut metrics, 1_202, 2).await.total.expect("a total");
        assert_eq!((total.received, total.accepted, total.completed), (1_200, 1, 1));
        let asked = intake.asked.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(asked.len() == 2 && asked[0] == 0 && asked[1] >= 1_201, "{asked:?}");
    }
}
