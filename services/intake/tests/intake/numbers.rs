//! Case numbers: gapless for each unit and day, with a check character.

use std::collections::BTreeSet;

use futures::future::join_all;

use crate::hall::*;

/// ISO 7064 MOD 11-2, as the standard writes it: the sum of all characters by powers of two is 1 modulo 11.
fn check_holds(number: &str) -> bool {
    let plain: Vec<u32> = number.chars().filter(|c| *c != '-').map(|c| c.to_digit(10).unwrap_or(10)).collect();
    let sum = plain.iter().rev().enumerate().fold(0, |sum, (i, value)| (sum + value * 2u32.pow(i as u32 % 10)) % 11);
    // 2^10 is 1 modulo 11, so powers go round after ten.
    plain.len() == 24 && sum == 1
}

#[tokio::test]
async fn two_hundred_receipts_at_once_are_numbered_without_gap_for_each_unit() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let receipts = (0..200).map(|i| if i % 2 == 0 { receipt("A01", FOOD) } else { receipt("A02", ROAD) });
        let cases = join_all(receipts.map(|receipt| hall.receive(receipt))).await;
        let numbers: BTreeSet<_> = cases.into_iter().map(|case| case.expect("received").number).collect();
        assert_eq!(numbers.len(), 200);
        for unit in [UNIT, OTHER_UNIT] {
            let prefix = format!("410223-{unit}-20260601-");
            let last: Vec<_> = numbers.iter().filter_map(|number| number.strip_prefix(&prefix)).collect();
            let expected = (1..=100).map(|n| format!("{n:06}"));
            assert!(last.iter().map(|rest| &rest[..6]).eq(expected), "{last:?}");
        }
        assert!(numbers.iter().all(|number| check_holds(number)), "{numbers:?}");

        hall.pass_to("2026-06-02T00:00").await;
        assert!(hall.window("A01").receives(FOOD).await.number.starts_with("410223-012-20260602-000001-"));
    })
    .await;
}

#[tokio::test]
async fn a_refused_receipt_uses_no_number_up_and_a_restart_goes_on_counting() {
    Hall::on_each_engine("2026-06-01T23:59:59", async |hall| {
        let first = hall.window("A01").receives(FOOD).await;
        assert_eq!(refused(hall.receive(receipt("B01", FOOD)).await), "WINDOW_DOES_NOT_ACCEPT");
        let hall = hall.sleeps_until("2026-06-01T23:59:59.5").await;
        let second = hall.window("A01").receives(COPY).await;
        assert!(first.number.contains("-20260601-000001-") && second.number.contains("-20260601-000002-"));
    })
    .await;
}
