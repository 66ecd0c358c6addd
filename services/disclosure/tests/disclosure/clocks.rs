//! The clock of a draft: twenty working days, seven for decisions, and its lights.

use proto::{directory::v1 as dir, disclosure::v1 as pb};

use crate::hall::*;

#[tokio::test]
async fn over_the_national_holiday_a_light_turns_yellow_then_red_and_the_inbox_is_by_due_date() {
    Hall::on_each_engine("2016-09-12T09:00", async |hall| {
        let formed = |day: &str| pb::Content { formed_on: day.into(), ..notice() };
        let later = hall.drafts(formed("2016-09-12")).await.expect("drafted").name;
        let decisions = pb::Content { column: name("columns", "decisions"), ..formed("2016-09-12") };
        let sooner = hall.drafts(decisions).await.expect("drafted").name;
        let inbox = hall.inbox(UNIT).await;
        let listed: Vec<_> = inbox.iter().map(|entry| (entry.due_on.as_str(), entry.action())).collect();
        assert_eq!(listed, [("2016-09-22", pb::NextAction::Check), ("2016-10-14", pb::NextAction::Check)]);
        assert_eq!(inbox[0].publication.as_ref().expect("a publication").name, sooner);
        hall.pass_to("2016-10-11T23:59").await;
        assert_eq!(hall.looks_at(&later, 0).await.draft.expect("a draft").signal(), pb::Signal::Green);
        assert_eq!(hall.looks_at(&sooner, 0).await.draft.expect("a draft").signal(), pb::Signal::Red);
        hall.pass_to("2016-10-12T00:00").await;
        assert_eq!(hall.looks_at(&later, 0).await.draft.expect("a draft").signal(), pb::Signal::Yellow);
        // A light disturbs nobody who edits.
        let before = hall.looks_at(&later, 0).await;
        hall.pass_to("2016-10-15T00:00").await;
        let red = hall.updates(&before, formed("2016-09-12")).await.expect("updated").draft.expect("a draft");
        assert_eq!(red.signal(), pb::Signal::Red);
        let edition = hall.leads_to_the_public(&later).await.edition.expect("an edition");
        assert_eq!((edition.due_on.as_str(), edition.on_time), ("2016-10-14", false));
        let turns = hall.events().await.iter().filter(|event| *event == "publication.light").count();
        assert_eq!(turns, 4);
        assert!(hall.inbox("005").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn lights_are_exact_after_a_sleep_one_entry_for_each_turn() {
    let hall = Hall::open("2016-02-02T09:00").await;
    let name = hall.drafts(notice()).await.expect("drafted").name;
    let hall = hall.sleeps_until("2016-06-01T09:00").await;
    until(async || hall.events().await.len() == 3).await;
    assert_eq!(hall.looks_at(&name, 0).await.draft.expect("a draft").signal(), pb::Signal::Red);
}

#[tokio::test]
async fn where_no_notice_says_the_days_the_clock_is_provisional_until_one_comes() {
    let hall = Hall::open("2026-12-25T09:00").await;
    let content = pb::Content { formed_on: "2026-12-25".into(), ..notice() };
    let drafted = hall.drafts(content).await.expect("drafted");
    let draft = drafted.draft.expect("a draft");
    assert_eq!((draft.due_on.as_str(), draft.signal()), ("", pb::Signal::Green));
    let notice = dir::Notice {
        year: 2027,
        version: 1,
        document: "国办发明电〔2026〕9号".into(),
        issued_on: "2026-12-26".into(),
        source: "test".into(),
        ..Default::default()
    };
    hall.publishes_notice(notice).await;
    until(async || !hall.inbox(UNIT).await[0].due_on.is_empty()).await;
    assert_eq!(hall.inbox(UNIT).await[0].due_on, "2027-01-22");
}

#[tokio::test]
async fn an_inbox_goes_on_by_its_token() {
    let hall = Hall::open("2016-02-02T09:00").await;
    for _ in 0..5 {
        hall.drafts(notice()).await.expect("drafted");
    }
    let mut request = pb::ListInboxRequest { parent: name("units", UNIT), page_size: 2, ..Default::default() };
    let mut seen = Vec::new();
    loop {
        let page = hall.publications().list_inbox(request.clone()).await.expect("a page").into_inner();
        seen.extend(page.entries.into_iter().filter_map(|entry| Some(entry.publication?.index_number)));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(seen, (1..=5).map(|number| format!("410223-012-2016-0000{number}")).collect::<Vec<_>>());
    request.page_token = "x".into();
    assert_eq!(refused(hall.publications().list_inbox(request.clone()).await), "PAGE_TOKEN_INVALID");
    let unknown = pb::ListInboxRequest { parent: name("units", "099"), ..request };
    assert_eq!(refused(hall.publications().list_inbox(unknown).await), "UNIT_NOT_FOUND");
}
