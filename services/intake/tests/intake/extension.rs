//! The one extension of art. 42.

use proto::intake::v1::{self as pb, Signal};

use crate::hall::*;

#[tokio::test]
async fn the_limit_is_extended_once_by_the_head_of_the_unit_or_the_deputy() {
    // Handbook §1.4, example B.
    Hall::on_each_engine("2026-02-12T09:00", async |hall| {
        let case = hall.window("A01").accepts(FOOD).await;
        for other in [officer(UNIT), head(OTHER_UNIT), GOVERNMENT_HEAD.into(), CENTRE_CLERK.into()] {
            assert_eq!(refused(hall.extend(&case, &other).await), "APPROVER_RANK", "{other}");
        }
        let case = hall.extend(&case, &deputy(UNIT)).await.expect("extended");
        assert_eq!(case.legal_clock.as_ref().expect("runs").due_on, "2026-04-01");
        assert_eq!(case.promised_clock.as_ref().expect("runs").due_on, "2026-03-18");
        let extension = case.extension.as_ref().expect("extended");
        assert_eq!((extension.days, extension.approver.as_str()), (10, name("people", &deputy(UNIT)).as_str()));
        assert_eq!(refused(hall.extend(&case, &head(UNIT)).await), "EXTENDED_ALREADY");

        let other = hall.window("A01").accepts(FOOD).await;
        assert!(hall.extend(&other, &head(UNIT)).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn a_joint_item_is_extended_by_the_government_s_head() {
    let hall = Hall::open("2026-02-12T09:00").await;
    let case = hall.window("A01").accepts(BUILDING).await;
    assert_eq!(case.legal_clock.as_ref().expect("runs").due_on, "2026-04-23");
    assert_eq!(refused(hall.extend(&case, &head(UNIT)).await), "APPROVER_RANK");
    let case = hall.extend(&case, GOVERNMENT_HEAD).await.expect("extended");
    assert_eq!(case.legal_clock.expect("runs").due_on, "2026-05-18");
}

#[tokio::test]
async fn an_extension_comes_before_the_legal_limit_has_passed() {
    let hall = Hall::open("2026-02-12T09:00").await;
    let received = hall.window("A01").receives(FOOD).await;
    assert_eq!(refused(hall.extend(&received, &head(UNIT)).await), "CASE_STATE");
    let late = hall.window("A01").accepts(FOOD).await;
    let last_day = hall.window("A01").accepts(FOOD).await;

    hall.pass_to("2026-03-18T23:59:59").await;
    assert_eq!(hall.case(&last_day).await.promised_clock.expect("runs").signal(), Signal::Red);
    let last_day = hall.extend(&last_day, &head(UNIT)).await.expect("extended on the last day");
    assert_eq!(last_day.legal_clock.as_ref().expect("runs").signal(), Signal::Green);
    // The promise was broken a fortnight ago, and an extension is approved on or before the due date.
    let promised = last_day.promised_clock.as_ref().expect("ran");
    assert_eq!((promised.due_on.as_str(), promised.signal()), ("2026-03-04", Signal::Red));

    hall.pass_to("2026-03-19T00:00").await;
    assert_eq!(refused(hall.extend(&late, &head(UNIT)).await), "EXTENSION_TOO_LATE");
    // The prolonged clocks turn at their new moments.
    hall.pass_to("2026-04-02T00:00").await;
    let last_day = hall.case(&last_day).await;
    assert_eq!(last_day.legal_clock.expect("runs").signal(), Signal::Red);
}

#[tokio::test]
async fn an_item_may_allow_no_extension() {
    let hall = Hall::open("2026-02-12T09:00").await;
    hall.revises_item(FOOD, pb::ItemText { extension_days: 0, ..food_text() }, "").await.expect("revised");
    let case = hall.window("A01").accepts(FOOD).await;
    assert_eq!(refused(hall.extend(&case, &head(UNIT)).await), "EXTENSION_TOO_LATE");
}
