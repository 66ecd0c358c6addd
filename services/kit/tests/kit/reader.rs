//! Point reads that arrive together.

use futures::future::join_all;
use kit::id::Division;

use crate::house::{county, houses};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_reads_at_once_are_answered_right_and_what_is_absent_with_none() {
    for house in houses().await {
        let elsewhere: Division = "410224".parse().expect("six digits");
        let changes = (0..50).flat_map(|i| [(county(), i), (elsewhere, i + 1_000)]);
        let adds = changes.map(|(division, i)| {
            let house = &house;
            async move { house.add(division, &format!("{}", i % 1_000), i + 1).await }
        });
        assert!(join_all(adds).await.iter().all(Result::is_ok));

        let asks = (0..1_000).map(|i| {
            let (house, division) = (&house, if i % 3 == 0 { elsewhere } else { county() });
            async move { (i, division, house.reader.get(division, &format!("{}", i % 70)).await.expect("answered")) }
        });
        for (i, division, found) in join_all(asks).await {
            let (id, extra) = (i % 70, if division == county() { 0 } else { 1_000 });
            let expected = (id < 50).then_some(id + 1 + extra);
            assert_eq!(found.as_ref().map(|counter| counter.value), expected, "{division} {id}");
            assert!(found.is_none_or(|counter| counter.division == division && counter.id == id.to_string()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_read_as_soon_as_it_is_answered() {
    for house in houses().await {
        let callers = (0..8).map(|caller| {
            let house = &house;
            async move {
                for value in 1..=25 {
                    let id = caller.to_string();
                    house.add(county(), &id, 1).await.expect("added");
                    let read = house.reader.get(county(), &id).await.expect("answered").expect("there");
                    assert_eq!(read.value, value);
                }
            }
        });
        join_all(callers).await;
    }
}

#[tokio::test]
async fn a_reader_who_hangs_up_harms_no_other() {
    for house in houses().await {
        house.add(county(), "A", 1).await.expect("added");
        // What is not in memory is asked of the database.
        let house = house.reopen().await;
        for _ in 0..50 {
            let mut asked = Box::pin(house.reader.get(county(), "A"));
            assert!(futures::poll!(&mut asked).is_pending());
        }
        assert_eq!(house.reader.get(county(), "A").await.expect("answered").expect("there").value, 1);
    }
}

#[tokio::test]
async fn what_another_replica_has_written_is_read_at_once() {
    let Some(house) = crate::house::on_postgres().await else { return };
    let store = crate::house::open(&house.database, crate::house::SERVICE).await;
    let other = kit::store::Writer::open(&store, &house.clock, &kit::keys::Keys::from_bytes([7; 32]));
    for round in 1..=20 {
        let writer = if round % 2 == 0 { &house.writer } else { &other };
        crate::house::add_through(writer, county(), "A", 1, None).await.expect("added");
        // Twice: asked of the database, and from memory where that is allowed.
        for _ in 0..2 {
            let read = house.reader.get(county(), "A").await.expect("answered").expect("there");
            assert_eq!(read.value, round);
        }
    }
}
