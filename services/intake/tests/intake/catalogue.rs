//! The catalogue: items and their revisions.

use kit::testing::request_id;
use proto::intake::v1 as pb;
use tonic::Status;

use crate::hall::*;

fn item(code: &str, text: pb::ItemText) -> pb::Item {
    pb::Item { name: name("items", code), text: Some(text), ..Default::default() }
}

fn limit(item: &pb::Item) -> i32 {
    item.text.as_ref().expect("text").legal_limit_days
}

async fn list(
    hall: &Hall,
    size: i32,
    token: &str,
    unit: &str,
    show_retired: bool,
) -> Result<pb::ListItemsResponse, Status> {
    let parent = format!("divisions/{DIVISION}");
    let unit = if unit.is_empty() { String::new() } else { name("units", unit) };
    let request = pb::ListItemsRequest { parent, page_size: size, page_token: token.into(), unit, show_retired };
    hall.catalogue().list_items(request).await.map(|answer| answer.into_inner())
}

fn codes(list: &pb::ListItemsResponse) -> Vec<&str> {
    list.items.iter().map(|item| id(&item.name)).collect()
}

#[tokio::test]
async fn an_item_says_everything_that_it_was_created_with() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let text = pb::ItemText {
            basic_code: "000131001000".into(),
            implementation_code: "11410223005380613G400013100100001".into(),
            conditions: vec!["有固定经营场所".into()],
            steps: vec!["受理".into(), "审查".into(), "决定".into()],
            fee_fen: 12_345,
            fee_basis: "某法 第一条".into(),
            result_validity_days: 1_825,
            place: "一楼".into(),
            open_hours: "9:00-17:00".into(),
            phone: "0371-27970000".into(),
            supervision_phone: "12345".into(),
            faq: vec![pb::Faq { question: "多久？".into(), answer: "十个工作日".into() }],
            ..food_text()
        };
        let created = hall.creates_item(item("full", text.clone())).await.expect("created");
        assert_eq!((created.revision, created.effective_on.as_str(), created.etag.as_str()), (1, "2026-06-01", "1"));
        assert_eq!(created.text.as_ref(), Some(&text));
        assert_eq!(hall.item("full").await.expect("there"), created);
        assert_eq!(hall.item("full@1").await.expect("there"), created);
        let hall = hall.sleeps_until("2026-06-02T09:00").await;
        assert_eq!(hall.item("full").await.expect("there"), created);
    })
    .await;
}

#[tokio::test]
async fn an_item_is_created_once_and_for_a_unit_that_there_is() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        assert_eq!(refused(hall.creates_item(food()).await), "ITEM_EXISTS");
        let of_nobody = pb::ItemText { unit: name("units", "999"), ..food_text() };
        assert_eq!(refused(hall.creates_item(item("x", of_nobody)).await), "UNIT_NOT_FOUND");
        let request = pb::CreateItemRequest { item: Some(item("y", food_text())), request_id: request_id() };
        let first = hall.catalogue().create_item(request.clone()).await.expect("created").into_inner();
        assert_eq!(hall.catalogue().create_item(request).await.expect("the same").into_inner(), first);
        for id in ["no-such", "food-licence@2", "food-licence@0", "food-licence@x", "food-licence@"] {
            assert_eq!(refused(hall.item(id).await), "ITEM_NOT_FOUND", "{id}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_revision_takes_force_on_its_day_and_not_before() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let longer = |days| pb::ItemText { legal_limit_days: days, ..food_text() };
        let revised = hall.revises_item(FOOD, longer(30), "2026-06-10").await.expect("revised");
        assert_eq!((revised.revision, revised.effective_on.as_str()), (2, "2026-06-10"));
        assert_eq!(limit(&hall.item(FOOD).await.expect("there")), 20);
        assert_eq!(hall.window("A01").receives(FOOD).await.item, name("items", "food-licence@1"));

        let status = hall.revises_item(FOOD, longer(31), "2026-05-31").await.expect_err("yesterday");
        assert_eq!(fields(&status), ["item.effective_on"]);
        let status = hall.revises_item(FOOD, longer(31), "2026-06-09").await.expect_err("before the newest");
        assert_eq!(fields(&status), ["item.effective_on"]);

        hall.pass_to("2026-06-09T23:59:59").await;
        assert_eq!(limit(&hall.item(FOOD).await.expect("there")), 20);
        hall.pass_to("2026-06-10T00:00").await;
        assert_eq!(limit(&hall.item(FOOD).await.expect("there")), 30);
        let case = hall.window("A01").accepts(FOOD).await;
        assert_eq!(case.item, name("items", "food-licence@2"));
        assert_eq!(limit(&hall.item("food-licence@1").await.expect("kept")), 20);
    })
    .await;
}

#[tokio::test]
async fn an_item_that_is_not_yet_in_force_takes_no_cases() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let future = pb::Item { effective_on: "2026-06-08".into(), ..item("future", food_text()) };
    hall.creates_item(future).await.expect("created");
    assert_eq!(refused(hall.receive(receipt("A01", "future")).await), "ITEM_NOT_IN_FORCE");
    assert_eq!(hall.item("future").await.expect("shown as it will be").effective_on, "2026-06-08");
    hall.pass_to("2026-06-08T00:00").await;
    assert!(hall.receive(receipt("A01", "future")).await.is_ok());
}

#[tokio::test]
async fn a_retired_item_takes_no_new_cases_and_lets_the_old_ones_end() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let case = hall.window("A01").accepts(FOOD).await;
    assert!(hall.retires_item(FOOD).await.expect("retired").retired);
    assert_eq!(refused(hall.receive(receipt("A01", FOOD)).await), "ITEM_RETIRED");
    assert_eq!(refused(hall.retires_item(FOOD).await), "ITEM_RETIRED");
    assert_eq!(refused(hall.revises_item(FOOD, food_text(), "").await), "ITEM_RETIRED");
    assert_eq!(refused(hall.retires_item("no-such").await), "ITEM_NOT_FOUND");
    let case = hall.grant(&case).await.expect("granted");
    assert!(hall.window("B01").issues(&case).await.is_ok());
}

#[tokio::test]
async fn a_revision_of_what_has_changed_since_is_aborted() {
    let hall = Hall::open("2026-06-01T09:00").await;
    let read = hall.item(FOOD).await.expect("there");
    hall.revises_item(FOOD, food_text(), "").await.expect("revised by another");
    let revise = |etag: &str| pb::ReviseItemRequest {
        item: Some(pb::Item { etag: etag.into(), ..item(FOOD, food_text()) }),
        request_id: request_id(),
    };
    assert_eq!(refused(hall.catalogue().revise_item(revise(&read.etag)).await), "ETAG_STALE");
    assert_eq!(refused(hall.catalogue().revise_item(revise("x")).await), "ETAG_STALE");
    let retire = pb::RetireItemRequest { name: read.name, etag: read.etag, request_id: request_id() };
    assert_eq!(refused(hall.catalogue().retire_item(retire).await), "ETAG_STALE");
    assert_eq!(hall.catalogue().revise_item(revise("2")).await.expect("revised").into_inner().revision, 3);
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_missing_alone() {
    Hall::on_each_engine("2026-06-01T09:00", async |mut hall| {
        let case = hall.window("A01").accepts(FOOD).await;
        hall.closes().await;
        hall.rewrites(&format!("UPDATE items SET body = 'x' || body WHERE id = '{ROAD}'")).await;

        // Another day is come to, though the item is looked for in vain with every sweep.
        let hall = hall.sleeps_until("2026-06-02T09:00").await;
        hall.pass_to("2026-06-03T09:00").await;
        assert_eq!(refused(hall.item(ROAD).await), "ITEM_NOT_FOUND");
        assert_eq!(codes(&list(&hall, 0, "", "", false).await.expect("listed")), [BUILDING, COPY, FOOD]);
        let page = list(&hall, 3, "", "", false).await.expect("a page");
        assert_eq!(codes(&list(&hall, 3, &page.next_page_token, "", false).await.expect("the last")), [""; 0]);
        hall.grant(&case).await.expect("goes on");
        hall.window("A01").receives(FOOD).await;
        hall.revises_item(FOOD, food_text(), "").await.expect("revised");

        // Mended, it is there again.
        hall.rewrites(&format!("UPDATE items SET body = substr(body, 2), version = 2 WHERE id = '{ROAD}'")).await;
        until(async || hall.item(ROAD).await.is_ok()).await;
    })
    .await;
}

#[tokio::test]
async fn of_the_directory_what_cannot_be_read_is_missing_alone() {
    Hall::on_each_engine("2026-06-01T09:00", async |mut hall| {
        let case = hall.window("A01").accepts(FOOD).await;
        hall.closes().await;
        for id in ["A02", "005-HEAD"] {
            hall.rewrites(&format!("UPDATE known SET body = 'x' || body WHERE id = '{id}'")).await;
        }
        hall.rewrites("INSERT INTO known (kind, division, id, body) VALUES ('notice', '000000', '1.1', 'x')").await;
        hall.rewrites("INSERT INTO known (kind, division, id, body) VALUES ('unit', 'nowhere', '1', '{}')").await;
        let hall = hall.sleeps_until("2026-06-02T09:00").await;
        hall.grant(&case).await.expect("goes on");
        hall.window("A01").receives(FOOD).await;
        let elsewhere = receipt("A02", ROAD);
        assert_eq!(refused(hall.cases().receive_case(elsewhere).await), "WINDOW_NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn items_are_listed_by_code_in_pages() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        assert_eq!(codes(&list(&hall, 0, "", "", false).await.expect("listed")), [BUILDING, COPY, FOOD, ROAD]);
        assert_eq!(codes(&list(&hall, 0, "", OTHER_UNIT, false).await.expect("listed")), [ROAD]);
        hall.retires_item(COPY).await.expect("retired");
        assert_eq!(codes(&list(&hall, 0, "", "", false).await.expect("listed")), [BUILDING, FOOD, ROAD]);
        assert_eq!(codes(&list(&hall, 0, "", "", true).await.expect("listed")), [BUILDING, COPY, FOOD, ROAD]);

        let first = list(&hall, 2, "", "", true).await.expect("a page");
        assert_eq!(codes(&first), [BUILDING, COPY]);
        let token = &first.next_page_token;
        let second = list(&hall, 2, token, "", true).await.expect("a page");
        assert_eq!((codes(&second), second.next_page_token.as_str()), (vec![FOOD, ROAD], ""));
        assert_eq!(refused(list(&hall, 2, token, "", false).await), "PAGE_TOKEN_INVALID");
        assert_eq!(refused(list(&hall, 2, token, UNIT, true).await), "PAGE_TOKEN_INVALID");
        assert_eq!(refused(list(&hall, -1, "", "", true).await), "FIELD_INVALID");
    })
    .await;
}
