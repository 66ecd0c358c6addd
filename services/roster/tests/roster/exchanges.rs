//! Swaps, substitutes, excuses.

use kit::testing::request_id;
use proto::roster::v1::{self as pb, ExchangeKind, ExchangeState};
use tonic::{Response, Status};

use crate::hall::*;

impl Hall {
    async fn asks(&self, exchange: pb::Exchange, by: &str) -> Result<pb::Exchange, Status> {
        let request = pb::RequestExchangeRequest {
            parent: parent(),
            exchange: Some(exchange),
            by: people(by),
            request_id: request_id(),
        };
        self.rosters().request_exchange(request).await.map(Response::into_inner)
    }

    async fn answers(&self, exchange: &pb::Exchange, accept: bool, by: &str) -> Result<pb::Exchange, Status> {
        let request = pb::AnswerExchangeRequest {
            name: exchange.name.clone(),
            accept,
            answer: if accept { String::new() } else { "不同意".into() },
            by: people(by),
            request_id: request_id(),
        };
        self.rosters().answer_exchange(request).await.map(Response::into_inner)
    }

    async fn undoes(&self, exchange: &pb::Exchange, by: &str) -> Result<pb::Exchange, Status> {
        let request = pb::UndoExchangeRequest { name: exchange.name.clone(), by: people(by), request_id: request_id() };
        self.rosters().undo_exchange(request).await.map(Response::into_inner)
    }
}

fn swap(one: &str, other: &str) -> pb::Exchange {
    pb::Exchange {
        kind: ExchangeKind::Swap.into(),
        duty: name("duties", one),
        other_duty: name("duties", other),
        ..Default::default()
    }
}

fn substitute(duty: &str, who: &str) -> pb::Exchange {
    pb::Exchange {
        kind: ExchangeKind::Substitute.into(),
        duty: name("duties", duty),
        substitute: people(who),
        ..Default::default()
    }
}

/// The first duty of a unit from a day on, and who serves it.
fn first_of(plan: &pb::Plan, unit: &str, from: &str) -> (String, String) {
    let of = |at: &&pb::Assignment| at.unit == unit && at.day.as_str() >= from;
    let at = plan.assignments.iter().find(of).expect("a duty");
    (at.duty.clone(), at.person.clone())
}

#[tokio::test]
async fn a_swap_is_asked_for_accepted_by_the_other_and_undone() {
    Hall::on_each_engine("2016-02-22T09:00", async |hall| {
        let plan = hall.plans("2016-03").await;
        let (one, a) = first_of(&plan, "005", "2016-03-07");
        let (other, b) = first_of(&plan, "012", "2016-03-10");
        let asked = hall.asks(swap(&one, &other), &a).await.expect("asked for");
        assert_eq!(asked.state(), ExchangeState::Requested);
        assert_eq!(refused(hall.answers(&asked, true, &a).await), "NOT_YOURS_TO_ANSWER", "who asked");
        assert_eq!(refused(hall.answers(&asked, true, "012-CLERK").await), "NOT_YOURS_TO_ANSWER");
        let accepted = hall.answers(&asked, true, &b).await.expect("accepted");
        assert_eq!(accepted.state(), ExchangeState::Accepted);
        let (first, second) = (hall.duty(&one).await, hall.duty(&other).await);
        assert_eq!((first.person, first.unit), (people(&b), "012".to_owned()), "the turn goes with the person");
        assert_eq!((second.person, second.planned_person), (people(&a), people(&b)));
        assert_eq!(refused(hall.answers(&asked, true, &b).await), "EXCHANGE_STATE");
        let undone = hall.undoes(&asked, &a).await.expect("undone");
        assert_eq!(undone.state(), ExchangeState::Undone);
        assert_eq!(hall.duty(&one).await.person, people(&a));
        assert_eq!(hall.duty(&other).await.person, people(&b));
        let events = hall.events().await;
        assert_eq!(events.iter().filter(|event| *event == "duty.exchanged").count(), 4);
    })
    .await;
}

#[tokio::test]
async fn a_chain_of_swaps_is_undone_from_its_end_only() {
    let hall = Hall::open("2016-02-22T09:00").await;
    let plan = hall.plans("2016-03").await;
    let (one, a) = first_of(&plan, "005", "2016-03-07");
    let (other, b) = first_of(&plan, "012", "2016-03-09");
    let (third, c) = first_of(&plan, "021", "2016-03-11");
    let first = hall.asks(swap(&one, &other), &a).await.expect("asked");
    hall.answers(&first, true, &b).await.expect("accepted");
    // A now has the second duty, and swaps it on.
    let second = hall.asks(swap(&other, &third), &a).await.expect("asked");
    hall.answers(&second, true, &c).await.expect("accepted");
    assert_eq!(refused(hall.undoes(&first, MANAGER).await), "EXCHANGED_SINCE");
    hall.undoes(&second, MANAGER).await.expect("the last one");
    // The duty has been given back, but its version is another: what was is not certain to be.
    assert_eq!(hall.duty(&other).await.person, people(&a));
}

#[tokio::test]
async fn a_unit_sends_two_substitutes_a_month_of_its_own_leadership() {
    let hall = Hall::open("2016-02-22T09:00").await;
    let plan = hall.plans("2016-03").await;
    let of: Vec<_> = plan.assignments.iter().filter(|at| at.unit == "005" && at.day.as_str() >= "2016-03-07").collect();
    let another = |at: &pb::Assignment| {
        let others = (1..=4).map(|number| leader("005", number));
        let is_free = |who: &String| {
            *who != at.person
                && !plan.assignments.iter().any(|b| b.person == *who && b.day == at.day && b.half == at.half)
        };
        others.into_iter().find(is_free).expect("somebody")
    };
    let stranger = substitute(&of[0].duty, &leader("012", 2));
    assert_eq!(refused(hall.asks(stranger, &of[0].person).await), "PERSON_UNIT");
    let staff = substitute(&of[0].duty, "005-CLERK");
    assert_eq!(refused(hall.asks(staff, &of[0].person).await), "RANK_NOT_ELIGIBLE");
    for at in &of[..2] {
        let asked = hall.asks(substitute(&at.duty, &another(at)), "005-CLERK").await.expect("the unit asks");
        assert_eq!(refused(hall.answers(&asked, true, &at.person).await), "NOT_YOURS_TO_ANSWER");
        hall.answers(&asked, true, MANAGER).await.expect("approved");
        assert!(hall.duty(&at.duty).await.substituted);
    }
    let third = hall.asks(substitute(&of[2].duty, &another(of[2])), "005-CLERK").await;
    assert_eq!(refused(third), "SUBSTITUTIONS_USED_UP");
}

#[tokio::test]
async fn nobody_takes_a_duty_that_they_cannot_serve_or_that_has_begun() {
    let hall = Hall::open("2016-02-22T09:00").await;
    hall.sets_rules(pb::DutyRules {
        effective_on: String::new(),
        posts: vec![pb::Post { seats: 2, ..rules().posts[0].clone() }],
        ..rules()
    })
    .await
    .expect("two seats");
    let plan = hall.plans("2016-03").await;
    let (one, a) = first_of(&plan, "005", "2016-03-07");
    let at = plan.assignments.iter().find(|at| at.duty == one).expect("the duty");
    let with = plan.assignments.iter().find(|b| b.day == at.day && b.half == at.half && b.duty != one);
    let with = with.expect("the other seat");
    let free = (1..=4).map(|n| leader("005", n)).find(|who| *who != a && *who != with.person).expect("somebody");
    if with.unit == "005" {
        assert_eq!(refused(hall.asks(substitute(&one, &with.person), &a).await), "TWO_PLACES");
    }
    hall.goes_on_leave(&free, &at.day, &at.day).await.expect("recorded");
    assert_eq!(refused(hall.asks(substitute(&one, &free), &a).await), "ON_LEAVE");
    hall.pass_to(&format!("{}T{}", at.day, if at.half() == pb::Half::Morning { "08:30" } else { "14:30" })).await;
    let third = (1..=4).map(|n| leader("005", n)).find(|who| *who != a && *who != with.person && *who != free);
    let late = hall.asks(substitute(&one, &third.expect("somebody")), &a).await;
    assert_eq!(refused(late), "DUTY_BEGUN");
}

#[tokio::test]
async fn an_excuse_needs_a_document_and_a_manager_and_is_not_required_afterwards() {
    let hall = Hall::open("2016-02-22T09:00").await;
    let plan = hall.plans("2016-03").await;
    let (one, a) = first_of(&plan, "005", "2016-03-07");
    let excuse = |document: &str| pb::Exchange {
        kind: ExchangeKind::Excuse.into(),
        duty: name("duties", &one),
        document: document.into(),
        ..Default::default()
    };
    assert_eq!(refused(hall.asks(excuse(""), &a).await), "FIELD_INVALID");
    let asked = hall.asks(excuse("尉政办〔2016〕12号"), &a).await.expect("asked");
    let refusal = hall.answers(&asked, false, MANAGER).await.expect("refused");
    assert_eq!(refusal.state(), ExchangeState::Refused);
    let asked = hall.asks(excuse("尉政办〔2016〕13号"), &a).await.expect("asked again");
    hall.answers(&asked, true, MANAGER).await.expect("accepted");
    assert_eq!(hall.duty(&one).await.state(), pb::DutyState::Excused);
    let listed = hall
        .rosters()
        .list_exchanges(pb::ListExchangesRequest { parent: parent(), month: "2016-03".into() })
        .await
        .expect("listed")
        .into_inner();
    assert_eq!(listed.exchanges.len(), 2);
    hall.undoes(&asked, MANAGER).await.expect("undone");
    assert_eq!(hall.duty(&one).await.state(), pb::DutyState::Planned);
}
