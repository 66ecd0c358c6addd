//! JournalService over real TCP.

use std::time::Duration;

use kit::{
    peer::Peer,
    serve,
    status::reason,
    store::{Event, Key, feed::Feed},
    testing,
};
use proto::journal::v1::{
    Entry, ListHeadsRequest, Position, ReadEntriesRequest, ReadEntriesResponse,
    journal_service_client::JournalServiceClient,
};
use sha2::{Digest, Sha256};
use tonic::{Code, Streaming, service::Routes};

use crate::{
    counter::{Counter, add},
    house::{House, county, houses},
};

pub fn routes(house: &House) -> Routes {
    Routes::new(Feed::new(&house.store, &house.clock, &house.writer))
}

async fn client(house: &House) -> JournalServiceClient<Peer> {
    JournalServiceClient::new(testing::serve(routes(house)).await)
}

fn after(positions: &[(&str, i64)], tail: bool) -> ReadEntriesRequest {
    let after = positions.iter().map(|(division, seq)| Position { division: (*division).to_owned(), seq: *seq });
    ReadEntriesRequest { after: after.collect(), division: String::new(), tail }
}

async fn rest(mut batches: Streaming<ReadEntriesResponse>) -> Vec<Entry> {
    let mut entries = Vec::new();
    while let Some(batch) = batches.message().await.expect("a batch") {
        assert!(batch.entries.len() <= 500);
        entries.extend(batch.entries);
    }
    entries
}

/// Changes whose entries carry so many bytes each.
async fn fill(house: &House, count: usize, bytes: usize) {
    let changes = (0..count).map(|_| {
        let keys = vec![Key::of::<Counter>(county(), "A")];
        house.writer.change::<Counter>(county(), keys, None, move |desk| {
            add(desk, "A", 1)?;
            let (noun, payload) = ("counters/A".to_owned(), vec![7; bytes].into());
            desk.record(Event { name: "counter.told", noun, actor: "tester".into(), payload });
            Ok("A".into())
        })
    });
    for change in futures::future::join_all(changes).await {
        change.expect("added");
    }
}

#[tokio::test]
async fn heads_and_entries_are_what_was_committed() {
    for house in houses().await {
        let mut client = client(&house).await;
        assert!(client.list_heads(ListHeadsRequest {}).await.expect("heads").into_inner().heads.is_empty());
        house.add(county(), "A", 1).await.expect("added");
        house.add("410224".parse().expect("six digits"), "B", 1).await.expect("added");
        house.add(county(), "A", 1).await.expect("added");

        let heads = client.list_heads(ListHeadsRequest {}).await.expect("heads").into_inner().heads;
        let position = |division: &str, seq| Position { division: division.into(), seq };
        assert_eq!(heads, [position("410223", 2), position("410224", 1)]);

        let entries = rest(client.read_entries(after(&[], false)).await.expect("a stream").into_inner()).await;
        let lines: Vec<_> =
            entries.iter().map(|entry| (entry.division.as_str(), entry.seq, entry.noun.as_str())).collect();
        let (a, b) = ("divisions/410223/counters/A", "divisions/410224/counters/B");
        assert_eq!(lines, [("410223", 1, a), ("410223", 2, a), ("410224", 1, b)]);
        let rows = house.entries().await;
        assert!(
            entries
                .iter()
                .zip(&rows)
                .all(|(entry, row)| entry.leaf_hash == row.leaf_hash && entry.payload == row.payload)
        );
        assert!(entries.iter().all(|entry| entry.occurred_at == Some(house.clock.now().timestamp())));

        let later =
            rest(client.read_entries(after(&[("410223", 1)], false)).await.expect("a stream").into_inner()).await;
        assert_eq!(
            later.iter().map(|entry| (entry.division.as_str(), entry.seq)).collect::<Vec<_>>(),
            [("410223", 2), ("410224", 1)]
        );
        let one = ReadEntriesRequest { division: "410224".into(), ..after(&[], false) };
        let one = rest(client.read_entries(one).await.expect("a stream").into_inner()).await;
        assert_eq!((one.len(), one[0].division.as_str()), (1, "410224"));
    }
}

#[tokio::test]
async fn who_stays_gets_what_comes() {
    for house in houses().await {
        let mut client = client(&house).await;
        let mut batches = client.read_entries(after(&[], true)).await.expect("a stream").into_inner();
        for seq in 1..=5 {
            house.add(county(), "A", 1).await.expect("added");
            let next = tokio::time::timeout(Duration::from_secs(3), batches.message()).await.expect("soon");
            let entries = next.expect("a batch").expect("more").entries;
            assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [seq]);
        }
    }
}

#[tokio::test]
async fn a_position_past_the_head_is_refused() {
    for house in houses().await {
        let mut client = client(&house).await;
        house.add(county(), "A", 1).await.expect("added");
        for ahead in [("410223", 2), ("410299", 1)] {
            let refused = client.read_entries(after(&[ahead], true)).await.expect_err("ahead");
            assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "POSITION_AHEAD"));
        }
        client.read_entries(after(&[("410223", 1), ("410299", 0)], false)).await.expect("just at the head");
    }
}

#[tokio::test]
async fn a_bad_position_is_refused_with_its_field() {
    for house in houses().await {
        let mut client = client(&house).await;
        let bad = [
            (after(&[("410223", 0), ("41022", 0)], true), "after[1]"),
            (after(&[("410223", -1)], true), "after[0]"),
            (after(&[("", 0)], true), "after[0]"),
            (after(&[("410223", 0), ("410223", 0)], true), "after[1]"),
            (ReadEntriesRequest { division: "county".into(), ..after(&[], true) }, "division"),
        ];
        for (request, field) in bad {
            let refused = client.read_entries(request).await.expect_err(field);
            assert_eq!(
                (refused.code(), reason(&refused).as_str()),
                (Code::InvalidArgument, "FIELD_INVALID"),
                "{field}"
            );
            let details = tonic_types::StatusExt::get_details_bad_request(&refused).expect("a field");
            assert_eq!(details.field_violations[0].field, field);
        }
    }
}

#[tokio::test]
async fn a_silent_feed_beats() {
    let beats = houses().await.into_iter().map(|house| async move {
        let mut batches = client(&house).await.read_entries(after(&[], true)).await.expect("a stream").into_inner();
        let beat = tokio::time::timeout(Duration::from_secs(8), batches.message()).await.expect("within eight seconds");
        let beat = beat.expect("a batch").expect("more");
        assert!(beat.entries.is_empty());
        assert_eq!(beat.sent_at, Some(house.clock.now().timestamp()));
    });
    futures::future::join_all(beats).await;
}

#[tokio::test]
async fn commits_elsewhere_do_not_hasten_the_heart() {
    for house in houses().await {
        let request = ReadEntriesRequest { division: "410299".into(), ..after(&[], true) };
        let mut batches = client(&house).await.read_entries(request).await.expect("a stream").into_inner();
        let start = std::time::Instant::now();
        for _ in 0..40 {
            house.add(county(), "A", 1).await.expect("added");
        }
        let early = tokio::time::timeout(Duration::from_millis(300), batches.message()).await;
        // On a busy machine the changes may take as long as the silence.
        assert!(early.is_err() || start.elapsed() > Duration::from_secs(4), "a heartbeat after {:?}", start.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_does_not_hold_up_the_writer() {
    for house in houses().await {
        let slow = client(&house).await.read_entries(after(&[], true)).await.expect("a stream").into_inner();
        // Far more than all windows and buffers on the way hold.
        let filled = tokio::time::timeout(Duration::from_secs(20), fill(&house, 800, 12_000));
        filled.await.expect("the writer goes on");
        let mut quick = client(&house).await;
        assert_eq!(
            rest(quick.read_entries(after(&[("410223", 1_500)], false)).await.expect("a stream").into_inner())
                .await
                .len(),
            100
        );

        let (mut slow, mut next) = (slow, 1);
        while next <= 1_600 {
            for entry in slow.message().await.expect("a batch").expect("more").entries {
                assert_eq!(entry.seq, next);
                next += 1;
            }
        }
    }
}

#[tokio::test]
async fn large_entries_come_in_messages_that_any_client_takes() {
    for house in houses().await {
        fill(&house, 200, 30_000).await;
        // Clients take 4 MiB unless they are told otherwise.
        let stream = client(&house).await.read_entries(after(&[], false)).await.expect("a stream").into_inner();
        let seqs: Vec<_> = rest(stream).await.into_iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, (1..=400).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_leaf_hash_can_be_checked_by_who_reads_the_feed() {
    for house in houses().await {
        // Without a request, all that the leaf covers stands in the entry.
        house.add(county(), "A", 1).await.expect("added");
        let stream = client(&house).await.read_entries(after(&[], false)).await.expect("a stream").into_inner();
        let entry = rest(stream).await.remove(0);
        let at = entry.occurred_at.expect("a time");
        let leaf = proto::journal::v1::Leaf {
            service: crate::house::SERVICE.into(),
            noun: entry.noun.strip_prefix("divisions/410223/").expect("a name of the division").into(),
            division: entry.division,
            seq: entry.seq,
            occurred_at_micros: at.seconds * 1_000_000 + i64::from(at.nanos / 1_000),
            actor: entry.actor,
            event: entry.event,
            payload: entry.payload.to_vec(),
            request_hash: vec![],
        };
        let bytes = [vec![0], prost::Message::encode_to_vec(&leaf)].concat();
        assert_eq!(entry.leaf_hash, Sha256::digest(bytes).to_vec());
    }
}

#[tokio::test]
async fn a_stop_ends_a_feed_at_once_and_its_follower_can_go_on_elsewhere() {
    for house in houses().await {
        house.add(county(), "A", 1).await.expect("added");
        let listener = serve::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
        let peer = Peer::connect(&format!("http://{}", listener.local_addr().expect("an address"))).expect("a URL");
        let stop = tokio_util::sync::CancellationToken::new();
        let server = tokio::spawn(serve::grpc(listener, routes(&house), serve::Limits::default(), stop.clone()));
        let request = after(&[], true);
        let mut batches = JournalServiceClient::new(peer).read_entries(request).await.expect("a stream").into_inner();
        let seen = batches.message().await.expect("a batch").expect("more").entries[0].seq;
        let start = std::time::Instant::now();
        stop.cancel();
        let ended = batches.message().await.expect_err("ended");
        assert_eq!((ended.code(), reason(&ended).as_str()), (Code::Unavailable, "STOPPING"));
        server.await.expect("ran").expect("served");
        assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
        let missed = house.add(county(), "A", 1).await;
        missed.expect("added");
        let stream = client(&house).await.read_entries(after(&[("410223", seen)], false)).await.expect("a stream");
        assert_eq!(rest(stream.into_inner()).await.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [2]);
    }
}

#[tokio::test]
async fn a_feed_whose_follower_has_gone_ends() {
    for house in houses().await {
        let listener = serve::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let stop = tokio_util::sync::CancellationToken::new();
        let server = tokio::spawn(serve::grpc(listener, routes(&house), serve::Limits::default(), stop.clone()));
        let peer = Peer::connect(&url).expect("a URL");
        let mut batches =
            JournalServiceClient::new(peer).read_entries(after(&[], true)).await.expect("a stream").into_inner();
        house.add(county(), "A", 1).await.expect("added");
        batches.message().await.expect("a batch").expect("more");
        drop(batches);
        stop.cancel();
        // Nothing holds the server any more.
        tokio::time::timeout(Duration::from_secs(5), server).await.expect("ended").expect("ran").expect("served");
    }
}
