//! Columns, their lists and their standing review.

use kit::testing::request_id;
use proto::disclosure::v1 as pb;
use tonic::{Response, Status};

use crate::hall::*;

const DAY: &str = "2016-02-02T09:00";

async fn sets(hall: &Hall, column: pb::Column, who: &str) -> Result<pb::Column, Status> {
    let request = pb::SetColumnRequest { column: Some(column), manager: people(who), request_id: request_id() };
    hall.columns().set_column(request).await.map(Response::into_inner)
}

async fn requires(hall: &Hall, list: pb::Requirements) -> Result<pb::Requirements, Status> {
    let request =
        pb::SetRequirementsRequest { requirements: Some(list), manager: people(MANAGER), request_id: request_id() };
    hall.columns().set_requirements(request).await.map(Response::into_inner)
}

async fn listed(hall: &Hall, show_retired: bool) -> Vec<pb::Column> {
    let request = pb::ListColumnsRequest { parent: parent(), show_retired };
    hall.columns().list_columns(request).await.expect("columns").into_inner().columns
}

fn column(code: &str) -> pb::Column {
    pb::Column {
        name: name("columns", code),
        title_zh: "重点工作".into(),
        title_en: "Priorities".into(),
        category: pb::Category::Other.into(),
        limit_days: 10,
        rank: 5,
        bar: 50,
        ..Default::default()
    }
}

#[tokio::test]
async fn a_division_begins_with_the_suites_columns_and_sets_its_own() {
    Hall::on_each_engine(DAY, async |hall| {
        let before = listed(&hall, false).await;
        assert_eq!(before[0].name, name("columns", "guides"));
        assert_eq!((before[0].limit_days, before[0].bar, before[1].limit_days), (20, 100, 7));
        let set = sets(&hall, column("priorities"), MANAGER).await.expect("set");
        assert_eq!(set.etag, "1");
        let after = listed(&hall, false).await;
        assert_eq!((after[0].name.clone(), after.len()), (set.name.clone(), before.len() + 1));
        let stale = pb::Column { etag: "0".into(), ..set.clone() };
        assert_eq!(refused(sets(&hall, stale, MANAGER).await), "ETAG_STALE");
        sets(&hall, pb::Column { retired: true, ..set }, MANAGER).await.expect("retired");
        assert_eq!(listed(&hall, false).await.len(), before.len());
        assert_eq!(listed(&hall, true).await.len(), before.len() + 1);
        let content = pb::Content { column: name("columns", "priorities"), ..notice() };
        assert_eq!(refused(hall.drafts(content).await), "COLUMN_RETIRED");
        let content = pb::Content { column: name("columns", "none"), ..notice() };
        assert_eq!(refused(hall.drafts(content).await), "COLUMN_NOT_FOUND");
        assert_eq!(hall.events().await, ["site.columns", "site.columns"]);
    })
    .await;
}

#[tokio::test]
async fn only_people_of_the_centre_set_columns_and_their_fields_have_limits() {
    let hall = Hall::open(DAY).await;
    assert_eq!(refused(sets(&hall, column("x"), LEADER).await), "NOT_MANAGER");
    assert_eq!(refused(sets(&hall, column("x"), "NOBODY").await), "PERSON_NOT_FOUND");
    let unknown = pb::Column { requirements: "none".into(), ..column("x") };
    assert_eq!(refused(sets(&hall, unknown, MANAGER).await), "REQUIREMENTS_NOT_FOUND");
    for wrong in [
        pb::Column { name: name("columns", "X"), ..column("x") },
        pb::Column { title_zh: String::new(), ..column("x") },
        pb::Column { category: 16, ..column("x") },
        pb::Column { category: 0, ..column("x") },
        pb::Column { limit_days: 21, ..column("x") },
        pb::Column { limit_days: 0, ..column("x") },
        pb::Column { bar: 101, ..column("x") },
    ] {
        assert_eq!(refused(sets(&hall, wrong, MANAGER).await), "FIELD_INVALID");
    }
}

#[tokio::test]
async fn a_standing_review_is_given_by_two_people_one_of_them_a_leader() {
    let hall = Hall::open(DAY).await;
    let given = |reviewer: &str, leader: &str| {
        let review = pb::StandingReview {
            reviewer: people(reviewer),
            leader: people(leader),
            document_number: "尉政务〔2016〕3号".into(),
            given_at: None,
        };
        pb::Column { standing_review: Some(review), ..column("guides") }
    };
    assert_eq!(refused(sets(&hall, given(MANAGER, MANAGER), MANAGER).await), "FIELD_INVALID");
    assert_eq!(refused(sets(&hall, given(MANAGER, "CENTRE-2"), MANAGER).await), "APPROVER_RANK");
    assert_eq!(refused(sets(&hall, given("NOBODY", MAYOR), MANAGER).await), "PERSON_NOT_FOUND");
    let set = sets(&hall, given(MANAGER, MAYOR), MANAGER).await.expect("set");
    let review = set.standing_review.expect("a review");
    assert_eq!((review.reviewer, review.leader), (people(MANAGER), people(MAYOR)));
    assert!(review.given_at.is_some());
    let seen = listed(&hall, false).await.remove(0).standing_review.expect("a review");
    assert_eq!((seen.reviewer.as_str(), seen.document_number.as_str()), ("", "尉政务〔2016〕3号"));
}

#[tokio::test]
async fn a_list_is_in_force_from_its_day_and_a_draft_is_judged_by_the_one_of_its_check() {
    Hall::on_each_engine(DAY, async |hall| {
        let element = |code: &str| pb::Element {
            code: code.into(),
            title_zh: "要素".into(),
            title_en: "Element".into(),
            least: 0,
        };
        let list = |from: &str, codes: &[&str]| pb::Requirements {
            name: name("requirements", "notice"),
            title_zh: "通知公告".into(),
            title_en: "Notice".into(),
            effective_on: from.into(),
            elements: codes.iter().map(|code| element(code)).collect(),
            basis: "尉政办〔2016〕1号".into(),
            ..Default::default()
        };
        assert_eq!(refused(requires(&hall, list("2016-02-01", &["title"])).await), "FIELD_INVALID");
        assert_eq!(refused(requires(&hall, list("", &["title", "title"])).await), "FIELD_INVALID");
        assert_eq!(refused(requires(&hall, list("", &[])).await), "FIELD_INVALID");
        let set = requires(&hall, list("2016-02-10", &["title", "phone"])).await.expect("set");
        assert_eq!((set.version, set.effective_on.as_str(), set.elements[0].least), (1, "2016-02-10", 2));
        assert_eq!(refused(requires(&hall, list("2016-02-09", &["title"])).await), "FIELD_INVALID");
        let stale = pb::Requirements { etag: "0".into(), ..list("2016-03-01", &["title"]) };
        assert_eq!(refused(requires(&hall, stale).await), "ETAG_STALE");

        let there = hall.drafts(notice()).await.expect("drafted").name;
        let found = |there: pb::Publication| there.draft.expect("a draft").conformance.expect("scored");
        assert_eq!(found(hall.checks(&there).await.expect("checked")).version, 0);
        hall.returns(&there, "再查").await.expect("returned");
        hall.pass_to("2016-02-14T09:00").await;
        let now = found(hall.checks(&there).await.expect("checked"));
        assert_eq!((now.version, now.score, now.findings[0].element.as_str()), (1, 50, "phone"));
        let request = pb::ListRequirementsRequest { parent: parent() };
        let lists = hall.columns().list_requirements(request).await.expect("lists").into_inner().requirements;
        let notice = lists.iter().find(|list| list.name == name("requirements", "notice")).expect("there");
        assert_eq!((notice.version, lists.len()), (1, 20));
    })
    .await;
}
