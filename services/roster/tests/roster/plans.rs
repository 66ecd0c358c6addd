//! Drafting, adjusting, publishing.

use std::collections::{BTreeMap, HashSet};

use kit::testing::request_id;
use proto::roster::v1::{self as pb, PlanState};

use crate::hall::*;

fn loads(plan: &pb::Plan) -> BTreeMap<&str, usize> {
    let mut loads = BTreeMap::new();
    for at in &plan.assignments {
        *loads.entry(at.person.as_str()).or_default() += 1;
    }
    loads
}

#[tokio::test]
async fn a_month_is_drafted_whole_and_fair_and_published() {
    Hall::on_each_engine("2016-02-22T09:00", async |hall| {
        let plan = hall.drafts("2016-03", "").await.expect("drafted");
        assert_eq!((plan.state(), plan.assignments.len()), (PlanState::Draft, 46), "23 working days");
        assert!(plan.assignments.iter().all(|at| !at.person.is_empty()));
        assert!(plan.conflicts.is_empty(), "{:?}", plan.conflicts);
        let loads = loads(&plan);
        for (unit, many) in UNITS {
            let of: Vec<_> = (1..=many).map(|number| loads[leader(unit, number).as_str()]).collect();
            assert!(of.iter().max().expect("one") - of.iter().min().expect("one") <= 1, "{unit}: {of:?}");
        }
        // Nobody but the centre sees a draft, and everybody what is published.
        let published = hall.publishes("2016-03").await.expect("published");
        assert_eq!(published.state(), PlanState::Published);
        let duty = hall.duty(&plan.assignments[0].duty).await;
        assert_eq!(duty.person, people(&plan.assignments[0].person));
        let events = hall.events().await;
        assert_eq!(events.iter().filter(|event| *event == "duty.published").count(), 46);
        assert_eq!(events.last().map(String::as_str), Some("plan.published"));
        assert_eq!(refused(hall.publishes("2016-03").await), "PLAN_STATE");
        let moved = hall.adjusts("2016-03", &[(&plan.assignments[0].duty, &leader("005", 1))]).await;
        assert_eq!(refused(moved), "PLAN_STATE");
    })
    .await;
}

#[tokio::test]
async fn only_working_days_are_planned_make_up_days_among_them() {
    let hall = Hall::open("2016-01-18T09:00").await;
    let plan = hall.drafts("2016-02", "").await.expect("drafted");
    let days: HashSet<&str> = plan.assignments.iter().map(|at| at.day.as_str()).collect();
    assert_eq!(days.len(), 18, "a month with the Spring Festival");
    assert!(days.contains("2016-02-06") && days.contains("2016-02-14"), "Saturday and Sunday are worked");
    assert!(!days.contains("2016-02-08"));
    assert!(plan.conflicts.iter().all(|conflict| !conflict.hard), "{:?}", plan.conflicts);
}

#[tokio::test]
async fn a_year_without_a_notice_is_not_guessed() {
    let hall = Hall::open("2026-12-01T09:00").await;
    assert_eq!(refused(hall.drafts("2027-01", "").await), "YEAR_NOT_PUBLISHED");
}

#[tokio::test]
async fn a_plan_is_published_three_working_days_ahead() {
    let hall = Hall::open("2016-03-01T09:00").await;
    // The third working day after the 1st is the 4th.
    hall.drafts("2016-03", "2016-03-03").await.expect("drafted");
    assert_eq!(refused(hall.publishes("2016-03").await), "NOTICE_TOO_SHORT");
    let plan = hall.drafts("2016-03", "").await.expect("drafted");
    assert_eq!(plan.assignments[0].day, "2016-03-04");
    hall.publishes("2016-03").await.expect("in time");
}

#[tokio::test]
async fn whoever_is_away_is_not_planned_and_what_cannot_be_filled_is_told_with_its_reasons() {
    Hall::on_each_engine("2016-02-22T09:00", async |hall| {
        for (unit, many) in UNITS {
            for number in 1..=many {
                hall.goes_on_leave(&leader(unit, number), "2016-03-08", "2016-03-08").await.expect("recorded");
            }
        }
        // Overlapping leave is one absence.
        hall.goes_on_leave(&leader("005", 1), "2016-03-01", "2016-03-15").await.expect("recorded");
        hall.goes_on_leave(&leader("005", 1), "2016-03-10", "2016-03-20").await.expect("recorded");
        let plan = hall.drafts("2016-03", "").await.expect("drafted");
        let of = |who: String| plan.assignments.iter().filter(move |at| at.person == who);
        assert!(of(leader("005", 1)).all(|at| at.day.as_str() > "2016-03-20"));
        let empty: Vec<_> = of(String::new()).map(|at| at.duty.as_str()).collect();
        assert_eq!(empty, ["20160308-AM-HALL-1", "20160308-PM-HALL-1"]);
        let told = plan.conflicts.iter().find(|conflict| conflict.reason == "UNFILLED").expect("told");
        assert!(
            told.hard && told.zh.contains("公务（豫政办函〔2016〕5号）") && told.zh.contains("张012-L2"),
            "{}",
            told.zh
        );
        assert_eq!(refused(hall.publishes("2016-03").await), "PLAN_CONFLICTS");
        // The journal does not say why anybody is away.
        for entry in hall.journal().await {
            let payload = String::from_utf8_lossy(&entry.payload).into_owned();
            assert!(!payload.contains("豫政办函"), "{}", entry.event);
        }
    })
    .await;
}

#[tokio::test]
async fn conflicts_made_by_hand_are_named_and_keep_a_plan_from_being_published() {
    let hall = Hall::open("2016-02-22T09:00").await;
    hall.sets_rules(pb::DutyRules {
        effective_on: String::new(),
        posts: vec![pb::Post { seats: 2, ..rules().posts[0].clone() }],
        ..rules()
    })
    .await
    .expect("two seats");
    let plan = hall.drafts("2016-03", "").await.expect("drafted");
    hall.goes_on_leave(&leader("012", 3), "2016-03-02", "2016-03-02").await.expect("recorded");
    let who = leader("005", 2);
    let adjusted = hall
        .adjusts(
            "2016-03",
            &[
                ("20160301-AM-HALL-1", &who),
                ("20160301-AM-HALL-2", &who),
                ("20160302-PM-HALL-1", &leader("012", 3)),
                ("20160303-AM-HALL-1", "012-CLERK"),
                ("20160304-AM-HALL-1", ""),
            ],
        )
        .await
        .expect("adjusted");
    let hard: HashSet<&str> =
        adjusted.conflicts.iter().filter(|conflict| conflict.hard).map(|conflict| conflict.reason.as_str()).collect();
    assert_eq!(hard, HashSet::from(["TWO_PLACES", "ON_LEAVE", "RANK_NOT_ELIGIBLE", "UNFILLED"]));
    assert_eq!(refused(hall.publishes("2016-03").await), "PLAN_CONFLICTS");
    assert_eq!(refused(hall.adjusts("2016-03", &[("20160306-AM-HALL-1", &who)]).await), "DUTY_NOT_FOUND", "a Sunday");
    let back = hall.drafts("2016-03", "").await.expect("drafted anew");
    assert!(back.conflicts.iter().all(|conflict| !conflict.hard), "{:?}", back.conflicts);
    assert!(plan.assignments.len() == back.assignments.len());
}

#[tokio::test]
async fn what_is_left_is_drafted_anew_with_the_fewest_moves_and_the_rest_stays() {
    Hall::on_each_engine("2016-02-22T09:00", async |hall| {
        let plan = hall.plans("2016-03").await;
        hall.pass_to("2016-03-10T09:00").await;
        let gone = leader("012", 2);
        hall.goes_on_leave(&gone, "2016-03-16", "2016-03-31").await.expect("recorded");
        let had = plan.assignments.iter().filter(|at| at.person == gone && at.day.as_str() >= "2016-03-16").count();
        let redrafted = hall.drafts("2016-03", "2016-03-16").await.expect("drafted anew");
        assert_eq!(redrafted.state(), PlanState::Revised);
        let changed: Vec<_> =
            plan.assignments.iter().zip(&redrafted.assignments).filter(|(old, new)| old.person != new.person).collect();
        assert!(changed.iter().all(|(old, _)| old.day.as_str() >= "2016-03-16"));
        assert!(changed.len() >= had && redrafted.moves as usize == changed.len(), "{} of {had}", changed.len());
        assert!(changed.len() <= had + 4, "few others move: {} of {had}", changed.len());
        // What was published stands until this is.
        let (old, new) = changed[0];
        assert_eq!(hall.duty(&old.duty).await.person, people(&old.person));
        hall.publishes("2016-03").await.expect("published");
        assert_eq!(hall.duty(&old.duty).await.person, people(&new.person));
    })
    .await;
}

#[tokio::test]
async fn somebody_who_leaves_mid_month_has_no_duty_afterwards() {
    let hall = Hall::open("2016-02-22T09:00").await;
    let leave = pb::Leave {
        person: people(&leader("005", 3)),
        kind: pb::LeaveKind::Departure.into(),
        first_day: "2016-03-15".into(),
        last_day: "2016-08-31".into(),
        document: "尉组〔2016〕7号".into(),
        ..Default::default()
    };
    let request =
        pb::CreateLeaveRequest { parent: parent(), leave: Some(leave), by: people(MANAGER), request_id: request_id() };
    hall.rosters().create_leave(request).await.expect("recorded");
    let plan = hall.plans("2016-03").await;
    let last = plan.assignments.iter().filter(|at| at.person == leader("005", 3)).map(|at| at.day.as_str()).max();
    assert!(last.expect("some before") < "2016-03-15");
    // Whom the directory no longer has is named on a plan that has them, and gone from the next.
    hall.deactivates(&leader("012", 1)).await;
    let get = async || {
        let request = pb::GetPlanRequest { name: name("plans", "2016-03") };
        hall.rosters().get_plan(request).await.expect("the plan").into_inner()
    };
    let _ = get().await;
    until(async || {
        let plan = hall.drafts("2016-04", "").await.expect("drafted");
        plan.assignments.iter().all(|at| at.person != leader("012", 1))
    })
    .await;
}

#[tokio::test]
async fn of_two_managers_at_once_the_second_is_told_that_the_plan_has_changed() {
    let hall = Hall::open("2016-02-22T09:00").await;
    let plan = hall.drafts("2016-03", "").await.expect("drafted");
    let adjust = |who: &str| pb::AdjustPlanRequest {
        name: plan.name.clone(),
        moves: vec![pb::Move { duty: plan.assignments[0].duty.clone(), person: people(who) }],
        manager: people(MANAGER),
        etag: plan.etag.clone(),
        request_id: request_id(),
    };
    let (one, other) = (adjust(&leader("005", 1)), adjust(&leader("005", 2)));
    let (mut first, mut second) = (hall.rosters(), hall.rosters());
    let (first, second) = tokio::join!(first.adjust_plan(one), second.adjust_plan(other));
    let mut answers = [first.is_ok(), second.is_ok()];
    answers.sort_unstable();
    assert_eq!(answers, [false, true]);
}

#[tokio::test]
async fn a_repeated_request_is_answered_again_and_changes_nothing() {
    let hall = Hall::open("2016-02-22T09:00").await;
    let request = pb::DraftPlanRequest {
        parent: parent(),
        month: "2016-03".into(),
        manager: people(MANAGER),
        request_id: request_id(),
        ..Default::default()
    };
    let first = hall.rosters().draft_plan(request.clone()).await.expect("drafted").into_inner();
    let events = hall.events().await.len();
    let again = hall.rosters().draft_plan(request).await.expect("answered again").into_inner();
    assert_eq!((first, events), (again, hall.events().await.len()));
}

#[tokio::test]
async fn published_duties_are_listed_by_day_unit_and_person_page_by_page() {
    let hall = Hall::open("2016-02-22T09:00").await;
    let plan = hall.plans("2016-03").await;
    let list = async |request: pb::ListDutiesRequest| {
        let (mut request, mut duties) = (request, Vec::new());
        loop {
            let page = hall.rosters().list_duties(request.clone()).await.expect("listed").into_inner();
            duties.extend(page.duties.into_iter().map(|duty| duty.name));
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return duties;
            }
        }
    };
    let month = pb::ListDutiesRequest {
        parent: parent(),
        first_day: "2016-03-01".into(),
        last_day: "2016-03-31".into(),
        page_size: 7,
        ..Default::default()
    };
    let all: Vec<_> = plan.assignments.iter().map(|at| name("duties", &at.duty)).collect();
    assert_eq!(list(month.clone()).await, all);
    let of = |fits: &dyn Fn(&pb::Assignment) -> bool| -> Vec<_> {
        plan.assignments.iter().filter(|at| fits(at)).map(|at| name("duties", &at.duty)).collect()
    };
    let unit = pb::ListDutiesRequest { unit: "012".into(), ..month.clone() };
    assert_eq!(list(unit).await, of(&|at| at.unit == "012"));
    let who = pb::ListDutiesRequest { person: leader("005", 1), ..month.clone() };
    assert_eq!(list(who).await, of(&|at| at.person == leader("005", 1)));
    let day = pb::ListDutiesRequest { first_day: "2016-03-08".into(), last_day: "2016-03-08".into(), ..month };
    assert_eq!(list(day).await.len(), 2);
}
