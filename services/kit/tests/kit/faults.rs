//! What the writer promises when something goes wrong.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use kit::{
    id::Division,
    keys::Keys,
    refusal::Refusal,
    store::{Event, Key, Writer},
};
use sea_orm::{ConnectionTrait, Database};

use crate::{
    counter::{CORRUPT, Counter, PANICS, POISON, add},
    house::{House, SERVICE, add_through, county, houses, on_postgres, open, request, settle},
};

/// Runs these together in one batch, in this order.
async fn together<T>(house: &House, calls: impl IntoIterator<Item: Future<Output = T>>) -> Vec<T> {
    let gate = house.close_gate().await;
    let (answers, ()) = tokio::join!(join_all(calls), async {
        settle().await;
        gate.open();
    });
    answers
}

type Change = std::pin::Pin<Box<dyn Future<Output = Result<Arc<Counter>, Refusal>> + Send>>;

/// A change of counter A by a decision of the test's own.
fn change(
    house: &House,
    decide: impl Fn(&mut kit::store::Desk<'_>) -> Result<Arc<str>, Refusal> + Send + Sync + 'static,
) -> Change {
    let writer = house.writer.clone();
    Box::pin(
        async move { writer.change::<Counter>(county(), vec![Key::of::<Counter>(county(), "A")], None, decide).await },
    )
}

fn values(answers: Vec<Result<Arc<Counter>, Refusal>>) -> Vec<Result<i64, &'static str>> {
    answers.into_iter().map(|answer| answer.map(|counter| counter.value).map_err(|refusal| refusal.reason())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_a_decision_answers_internal_and_harms_no_neighbour() {
    for house in houses().await {
        let panics = change(&house, |desk| {
            add(desk, "A", 1_000)?;
            panic!("a decision of this test panics on purpose")
        });
        let calls = [change(&house, |desk| add(desk, "A", 1)), panics, change(&house, |desk| add(desk, "A", 10))];
        assert_eq!(values(together(&house, calls).await), [Ok(1), Err("INTERNAL"), Ok(11)]);
        assert_eq!((house.counters().await[0].value, house.entries().await.len()), (11, 2));
        house.is_gapless().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_the_database_refuses_harms_no_neighbour() {
    for house in houses().await {
        let poison = |which: fn(&mut Counter)| {
            change(&house, move |desk| {
                add(desk, "A", 100)?;
                let mut counter =
                    desk.take::<Counter>("A", || Refusal::not_found("COUNTER_NOT_FOUND", "无", "none"))?;
                which(&mut counter);
                desk.put(counter);
                Ok("A".into())
            })
        };
        let against_a_check = poison(|counter| counter.value = POISON);
        let against_not_null = poison(|counter| counter.note = None);
        let good = |by| change(&house, move |desk| add(desk, "A", by));
        let calls = [good(1), against_a_check, good(10), against_not_null, good(100)];
        let unavailable = Err("STORE_UNAVAILABLE");
        assert_eq!(values(together(&house, calls).await), [Ok(1), unavailable, Ok(11), unavailable, Ok(111)]);
        assert_eq!((house.counters().await[0].value, house.entries().await.len()), (111, 3));
        house.is_gapless().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_outside_of_decisions_is_not_the_end_of_the_writer() {
    for house in houses().await {
        let calls = [house.add(county(), "A", 1), house.add(county(), "B", PANICS), house.add(county(), "A", 10)];
        assert_eq!(values(together(&house, calls).await), [Ok(1), Err("STORE_UNAVAILABLE"), Ok(11)]);
        assert_eq!(house.add(county(), "A", 100).await.expect("added").value, 111);
        assert_eq!((house.counters().await.len(), house.entries().await.len()), (1, 3));
        house.is_gapless().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_does_not_read_back_harms_only_who_asks_for_it() {
    for house in houses().await {
        house.add(county(), "A", 1).await.expect("added");
        house.add(county(), "B", 1).await.expect("added");
        house.execute(&format!("UPDATE counters SET value = {CORRUPT} WHERE id = 'B'")).await;
        // What was committed stays in memory: only who opens the database anew reads the row.
        let house = house.reopen().await;
        let calls = [house.add(county(), "A", 1), house.add(county(), "B", 1), house.add(county(), "C", 1)];
        assert_eq!(values(together(&house, calls).await), [Ok(2), Err("STORE_UNAVAILABLE"), Ok(1)]);
        assert_eq!(house.counters().await[1].value, CORRUPT);

        let read = join_all(["A", "B", "C", "D"].map(|id| house.reader.get(county(), id))).await;
        let read: Vec<_> = read
            .into_iter()
            .map(|read| read.map(|found| found.map(|counter| counter.value)).map_err(|r| r.reason()))
            .collect();
        assert_eq!(read, [Ok(Some(2)), Err("STORE_UNAVAILABLE"), Ok(Some(1)), Ok(None)]);
    }
}

#[tokio::test]
async fn a_decision_that_answers_with_what_is_not_there_leaves_no_trace() {
    for house in houses().await {
        let wrong = change(&house, |desk| {
            add(desk, "A", 1)?;
            Ok("elsewhere".into())
        });
        assert_eq!(wrong.await.expect_err("a fault of ours").reason(), "INTERNAL");
        assert!(house.counters().await.is_empty() && house.entries().await.is_empty());
    }
}

#[tokio::test]
async fn a_decision_that_puts_a_noun_of_another_division_leaves_no_trace() {
    for house in houses().await {
        let wrong = change(&house, |desk| {
            add(desk, "A", 1)?;
            let elsewhere: Division = "410224".parse().map_err(Refusal::internal)?;
            desk.put(Counter::new(elsewhere, "A"));
            let noun = "counters/A".to_owned();
            desk.record(Event { name: "counter.added", noun, actor: "tester".into(), payload: Vec::new().into() });
            Ok("A".into())
        });
        assert_eq!(wrong.await.expect_err("a fault of ours").reason(), "INTERNAL");
        assert!(house.counters().await.is_empty() && house.entries().await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writers_at_once_lose_nothing_and_leave_no_gap() {
    for house in houses().await {
        let store = open(&house.database, SERVICE).await;
        let other = Writer::open(&store, &house.clock, &Keys::from_bytes([7; 32]));
        let requests: Vec<_> = (0..200).map(|_| request(1)).collect();
        // Both get every request: whoever is first makes it, the other is answered with it.
        let calls = requests.iter().enumerate().flat_map(|(i, request)| {
            let division = if i % 4 == 0 { "410224".parse().expect("six digits") } else { county() };
            [&house.writer, &other].map(|writer| add_through(writer, division, "A", 1, Some(*request)))
        });
        for answer in join_all(calls).await {
            answer.expect("added");
        }
        // And they hand one counter back and forth.
        for round in 0..20 {
            let writer = if round % 2 == 0 { &house.writer } else { &other };
            let counter = add_through(writer, county(), "A", 1, None).await.expect("added");
            assert_eq!(counter.value, 151 + round);
        }
        let values: Vec<_> = house.counters().await.into_iter().map(|counter| counter.value).collect();
        assert_eq!(values, [170, 50]);
        assert_eq!(house.heads().await, [("410223".to_owned(), 170), ("410224".to_owned(), 50)]);
        house.is_gapless().await;
    }
}

/// A division's head is made by its first change, and goes again where that was refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writers_begin_a_division_at_once_beside_refusals() {
    for house in houses().await {
        let store = open(&house.database, SERVICE).await;
        let other = Writer::open(&store, &house.clock, &Keys::from_bytes([7; 32]));
        for round in 0..10 {
            let division: Division = format!("4103{round:02}").parse().expect("six digits");
            let calls = (0..8).map(|call| {
                let (writer, by) = (if call % 2 == 0 { &house.writer } else { &other }, i64::from(call % 4 < 2));
                async move {
                    // Shares its commit with the others, or none of it would be kept.
                    let anchor = add_through(writer, county(), "A", 1, None);
                    let first = add_through(writer, division, "A", by, None);
                    let (anchor, first) = tokio::join!(anchor, first);
                    anchor.expect("added");
                    assert_eq!(first.map_err(|refusal| refusal.reason()).err(), (by == 0).then_some("NOTHING_TO_ADD"));
                }
            });
            join_all(calls).await;
        }
        let heads = house.heads().await;
        assert_eq!(heads[0], ("410223".to_owned(), 80));
        assert!(heads.len() == 11 && heads[1..].iter().all(|(_, seq)| *seq == 4), "{heads:?}");
        house.is_gapless().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_cut_under_load_lose_and_double_nothing() {
    let Some(house) = on_postgres().await else { return };
    let url = house.database.config(&[SERVICE]).await.database(SERVICE);
    let ended = Arc::new(AtomicBool::new(false));
    let killer = tokio::spawn({
        let ended = ended.clone();
        async move {
            let admin = Database::connect(url).await.expect("connected");
            let mut killed = 0;
            while !ended.load(Ordering::Relaxed) && killed < 40 {
                tokio::time::sleep(Duration::from_millis(30)).await;
                let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                            WHERE datname = current_database() AND pid <> pg_backend_pid()";
                killed += admin.execute_unprepared(kill).await.expect("killed").rows_affected();
            }
            admin.close().await.expect("closed");
            killed
        }
    });
    let callers = (0..16).map(|caller| {
        let writer = house.writer.clone();
        tokio::spawn(async move {
            for _ in 0..40 {
                let request = request(1);
                // As a client does: the same request until it is answered.
                while let Err(refusal) = add_through(&writer, county(), &format!("{caller:02}"), 1, Some(request)).await
                {
                    assert_eq!(refusal.reason(), "STORE_UNAVAILABLE");
                }
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.expect("served");
    }
    ended.store(true, Ordering::Relaxed);
    let killed = killer.await.expect("ran");
    assert!(killed >= 5, "only {killed} connections were cut");
    settle().await;
    let counters = house.counters().await;
    assert!(counters.len() == 16 && counters.iter().all(|counter| counter.value == 40), "{counters:?}");
    assert_eq!(house.heads().await, [("410223".to_owned(), 16 * 40)]);
    house.is_gapless().await;
}

#[tokio::test]
async fn a_database_that_is_away_is_told_as_such_and_served_again_when_it_is_back() {
    let Some(house) = on_postgres().await else { return };
    house.add(county(), "A", 1).await.expect("added");
    // Renaming the table stands for a database that cannot do what it is asked.
    house.execute("ALTER TABLE journal_heads RENAME TO away").await;
    assert_eq!(house.add(county(), "A", 1).await.expect_err("away").reason(), "STORE_UNAVAILABLE");
    house.execute("ALTER TABLE away RENAME TO journal_heads").await;
    assert_eq!(house.add(county(), "A", 1).await.expect("added").value, 2);
    house.is_gapless().await;
}
