//! What the writer promises: all or nothing, one entry each, no gap, together.

use futures::future::join_all;
use kit::{
    id::Division,
    refusal::Refusal,
    store::{Event, Key},
};

use crate::{
    counter::{Counter, Ledger, add},
    house::{add_through, county, houses, settle},
};

#[tokio::test]
async fn a_change_is_saved_with_one_entry() {
    for house in houses().await {
        let counter = house.add(county(), "A", 3).await.expect("added");
        assert_eq!((counter.id.as_str(), counter.value), ("A", 3));

        let rows = house.counters().await;
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].id.as_str(), rows[0].value), ("A", 3));
        let entries = house.entries().await;
        assert_eq!(entries.len(), 1);
        let entry = &entries[0];
        assert_eq!((entry.division.as_str(), entry.seq), ("410223", 1));
        assert_eq!(
            (entry.noun.as_str(), entry.event.as_str(), entry.actor.as_str()),
            ("counters/A", "counter.added", "tester")
        );
        assert_eq!(entry.payload, 3i64.to_be_bytes());
        assert_eq!(entry.occurred_at, house.clock.now().0);
        assert_eq!((&entry.request_id, &entry.request_hash), (&None, &None));
        assert_eq!(house.heads().await, [("410223".to_owned(), 1)]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_decision_leaves_no_trace() {
    for house in houses().await {
        let refusal = house.add(county(), "A", 0).await.expect_err("nothing to add");
        assert_eq!(refusal.reason(), "NOTHING_TO_ADD");
        // Nor does one that had put and recorded before it refused.
        let half_done =
            house.writer.change::<Counter>(county(), vec![Key::of::<Counter>(county(), "A")], None, |desk| {
                add(desk, "A", 5)?;
                Err(Refusal::state("CHANGED_ITS_MIND", "改变主意", "changed its mind"))
            });
        assert_eq!(half_done.await.expect_err("refused").reason(), "CHANGED_ITS_MIND");
        assert!(
            house.counters().await.is_empty() && house.entries().await.is_empty() && house.heads().await.is_empty()
        );

        // Nor one that shares its commit with a change of another division.
        let gate = house.close_gate().await;
        let elsewhere: Division = "410224".parse().expect("six digits");
        let (done, refused) = tokio::join!(house.add(county(), "A", 1), async {
            let refused = house.add(elsewhere, "A", 0);
            settle().await;
            gate.open();
            refused.await
        });
        done.expect("added");
        refused.expect_err("nothing to add");
        assert_eq!(house.heads().await, [("410223".to_owned(), 1)]);
        house.is_gapless().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_changes_at_once_lose_nothing_and_are_numbered_without_a_gap() {
    for house in houses().await {
        let answers = join_all((0..500).map(|_| house.add(county(), "A", 1))).await;
        let mut values: Vec<_> = answers.into_iter().map(|answer| answer.expect("added").value).collect();
        values.sort_unstable();
        // Each was answered with the value that it made.
        assert_eq!(values, (1..=500).collect::<Vec<_>>());
        assert_eq!(house.counters().await[0].value, 500);
        assert_eq!(house.heads().await, [("410223".to_owned(), 500)]);
        house.is_gapless().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_that_arrive_together_share_a_commit() {
    for house in houses().await {
        let mut commits = house.writer.commits();
        let gate = house.close_gate().await;
        let before = *commits.borrow_and_update();
        let changes = (0..100).map(|i| {
            let (writer, id) = (house.writer.clone(), format!("{i}"));
            tokio::spawn(async move { add_through(&writer, county(), &id, 1, None).await })
        });
        let changes: Vec<_> = changes.collect();
        settle().await;
        gate.open();
        for change in changes {
            change.await.expect("runs").expect("added");
        }
        settle().await;
        // The one that stood at the gate, and all others.
        let more = *commits.borrow() - before;
        assert!((1..=2).contains(&more), "{more} commits on {}", house.database.engine());
        house.is_gapless().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_of_a_batch_see_those_before_them_and_a_refusal_between_harms_none() {
    for house in houses().await {
        let gate = house.close_gate().await;
        let answers = async {
            let changes = [1, 10, 0, 100].map(|by| house.add(county(), "A", by));
            let (answers, ()) = tokio::join!(join_all(changes), async {
                settle().await;
                gate.open();
            });
            answers
        };
        let answers: Vec<_> =
            answers.await.into_iter().map(|answer| answer.map(|counter| counter.value).ok()).collect();
        assert_eq!(answers, [Some(1), Some(11), None, Some(111)]);
        let payloads: Vec<_> = house.entries().await.into_iter().map(|entry| entry.payload).collect();
        assert_eq!(payloads, [1i64, 11, 111].map(|value| value.to_be_bytes().to_vec()));
        assert_eq!(house.counters().await[0].value, 111);
        house.is_gapless().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn divisions_of_one_batch_are_numbered_each_by_itself() {
    for house in houses().await {
        let division = |i: usize| -> Division { format!("41022{}", i % 7).parse().expect("six digits") };
        let gate = house.close_gate().await;
        let changes = (0..70).map(|i| house.add(division(i), "A", 1));
        let (answers, ()) = tokio::join!(join_all(changes), async {
            settle().await;
            gate.open();
        });
        assert!(answers.iter().all(Result::is_ok));
        let heads: Vec<_> = (0..7).map(|i| (division(i).to_string(), 10)).collect();
        assert_eq!(house.heads().await, heads);
        assert!(house.counters().await.iter().all(|counter| counter.value == 10));
        house.is_gapless().await;
    }
}

#[tokio::test]
async fn nouns_of_two_kinds_are_changed_together() {
    for house in houses().await {
        let keys = || vec![Key::of::<Counter>(county(), "A"), Key::of::<Ledger>(county(), "year")];
        for round in 1..=3 {
            let ledger = house.writer.change::<Ledger>(county(), keys(), None, |desk| {
                add(desk, "A", 2)?;
                let total = desk.get::<Counter>("A").map_or(0, |counter| counter.value);
                desk.put(Ledger { division: desk.division(), id: "year".into(), total });
                let noun = "ledgers/year".to_owned();
                desk.record(Event { name: "ledger.summed", noun, actor: "tester".into(), payload: Vec::new().into() });
                Ok("year".into())
            });
            assert_eq!(ledger.await.expect("summed").total, 2 * round);
        }
        assert_eq!(house.heads().await, [("410223".to_owned(), 6)]);
        house.is_gapless().await;
    }
}

#[tokio::test]
async fn several_events_of_a_decision_are_consecutive_and_the_last_carries_the_request() {
    for house in houses().await {
        let request = crate::house::request(1);
        house.add(county(), "B", 1).await.expect("added");
        let keys = vec![Key::of::<Counter>(county(), "A")];
        let thrice = house.writer.change::<Counter>(county(), keys, Some(request), |desk| {
            for by in 1..=3 {
                add(desk, "A", by)?;
            }
            Ok("A".into())
        });
        assert_eq!(thrice.await.expect("added").value, 6);
        let entries = house.entries().await;
        let values: Vec<_> =
            entries.iter().map(|entry| (entry.seq, entry.payload.clone(), entry.request_id.is_some())).collect();
        let value = |value: i64| value.to_be_bytes().to_vec();
        assert_eq!(values, [(1, value(1), false), (2, value(1), false), (3, value(3), false), (4, value(6), true)]);
        assert_eq!(entries[3].request_id.as_deref(), Some(request.id.as_bytes().as_slice()));
        // Keyed: the digest alone would let guesses at what was asked be tested.
        let keyed = kit::keys::Keys::from_bytes([7; 32]).mac("request", &[&request.hash]);
        assert_eq!(entries[3].request_hash.as_deref(), Some(keyed.as_slice()));
    }
}

#[tokio::test]
async fn a_fixed_column_stays_as_it_was_made() {
    for house in houses().await {
        house.add(county(), "A", 1).await.expect("added");
        let keys = vec![Key::of::<Counter>(county(), "A")];
        let renamed = house.writer.change::<Counter>(county(), keys, None, |desk| {
            let mut counter = desk.take::<Counter>("A", || Refusal::not_found("COUNTER_NOT_FOUND", "无", "none"))?;
            (counter.made, counter.value) = ("second".into(), 7);
            desk.put(counter);
            Ok("A".into())
        });
        renamed.await.expect("changed");
        let row = &house.counters().await[0];
        assert_eq!((row.made.as_str(), row.value), ("first", 7));
    }
}

#[tokio::test]
async fn a_caller_who_hangs_up_still_gets_the_change_done() {
    for house in houses().await {
        for _ in 0..20 {
            let mut change = Box::pin(house.add(county(), "A", 1));
            // Asked once, it has been sent; then nobody waits for it any more.
            let answer = futures::poll!(&mut change);
            assert!(answer.is_pending());
            drop(change);
        }
        // The queue is served in order.
        assert_eq!(house.add(county(), "A", 1).await.expect("added").value, 21);
        house.is_gapless().await;
    }
}

#[tokio::test]
async fn a_thousand_nouns_are_changed_by_one_decision() {
    for house in houses().await {
        let ids: Vec<_> = (0..1_200).map(|i| format!("{i:04}")).collect();
        for round in 1..=2 {
            let keys = ids.iter().map(|id| Key::of::<Counter>(county(), id.as_str())).collect();
            let all = ids.clone();
            let changed = house.writer.change::<Counter>(county(), keys, None, move |desk| {
                all.iter().try_for_each(|id| add(desk, id, 1).map(|_| ()))?;
                Ok("0000".into())
            });
            assert_eq!(changed.await.expect("added").value, round);
        }
        let counters = house.counters().await;
        assert!(counters.len() == 1_200 && counters.iter().all(|counter| counter.value == 2));
        house.is_gapless().await;
    }
}
