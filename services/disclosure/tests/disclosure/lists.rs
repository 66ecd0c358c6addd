//! What is public, newest first.

use disclosure::domain::shown::Shown;
use kit::testing::moment;
use proto::disclosure::v1::{self as pb, Selection};

use crate::shelf::{Shelf, division, notice};

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_newest_first_and_whole_over_its_pages_while_something_is_published() {
    Shelf::on_each_engine(async |shelf| {
        shelf.shows_all(["一", "二", "三", "四", "五"]).await;
        let (first, token) = shelf.lists(page(2, "")).await.expect("listed");
        assert_eq!(first, ["五", "四"]);
        shelf.shows(notice("012-2016-00009", "六", "")).await;
        let (second, token) = shelf.lists(page(2, &token)).await.expect("listed");
        assert_eq!(second, ["三", "二"]);
        let (third, token) = shelf.lists(page(2, &token)).await.expect("listed");
        assert_eq!((third, &*token), (vec!["一".to_owned()], ""));
        assert_eq!(shelf.selects(Selection::default()).await, ["六", "五", "四", "三", "二", "一"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_condition_leaves_what_fits_all_of_them() {
    Shelf::on_each_engine(async |shelf| {
        let base = |id: &str| notice(id, id, "");
        for shown in [
            base("a"),
            Shown { unit: "005".into(), ..base("b") },
            Shown { column: "fees".into(), category: 8, ..base("c") },
            Shown { subjects: vec!["enterprise".into(), "person".into()], ..base("d") },
            // Nearly April in Shanghai, March in UTC.
            Shown { published_at: moment("2016-04-01T00:30").0, ..base("e") },
            Shown { unit: "005".into(), column: "fees".into(), category: 8, subjects: Vec::new(), ..base("f") },
            Shown { division: division("410224"), ..base("g") },
        ] {
            shelf.shows(shown).await;
        }
        let unit = |unit: &str| Selection { unit: unit.into(), ..Default::default() };
        let subject = |subject: &str| Selection { subject: subject.into(), ..Default::default() };
        let month = |month: &str| Selection { month: month.into(), ..Default::default() };
        for (selection, expected) in [
            (Selection::default(), "fedcba"),
            (unit("005"), "fb"),
            (unit("006"), ""),
            (Selection { column: "fees".into(), ..Default::default() }, "fc"),
            (Selection { column: "fees".into(), ..unit("005") }, "f"),
            (Selection { category: 8, ..Default::default() }, "fc"),
            (Selection { category: 8, ..month("2016-04") }, ""),
            (month("2016-04"), "e"),
            (month("2016-03"), "fdcba"),
            (subject("enterprise"), "d"),
            (subject("person"), "edcba"),
            (Selection { month: "2016-03".into(), unit: "012".into(), ..subject("person") }, "dca"),
            (subject("organ"), ""),
        ] {
            assert_eq!(shelf.selects(selection.clone()).await.concat(), expected, "{selection:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withdrawn_is_in_no_list_and_a_correction_keeps_its_place() {
    Shelf::on_each_engine(async |shelf| {
        shelf.shows_all(["一", "二", "三"]).await;
        shelf.hides("012-2016-00001").await;
        assert_eq!(shelf.selects(Selection::default()).await, ["三", "一"]);
        let person = Selection { subject: "person".into(), ..Default::default() };
        assert_eq!(shelf.selects(person).await, ["三", "一"]);
        shelf.shows(Shown { edition: 2, ..notice("012-2016-00000", "一更正", "") }).await;
        assert_eq!(shelf.selects(Selection::default()).await, ["三", "一更正"]);
        shelf.shows(Shown { edition: 2, ..notice("012-2016-00001", "二更正", "") }).await;
        assert_eq!(shelf.selects(Selection::default()).await, ["三", "二更正", "一更正"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_condition_is_named_and_a_token_continues_its_own_list_only() {
    Shelf::on_each_engine(async |shelf| {
        shelf.shows_all(["一", "二", "三"]).await;
        for (selection, field) in [
            (Selection { month: "2016-13".into(), ..Default::default() }, "selection.month"),
            (Selection { month: "2016-3".into(), ..Default::default() }, "selection.month"),
            (Selection { month: "二〇一六".into(), ..Default::default() }, "selection.month"),
            (Selection { category: 16, ..Default::default() }, "selection.category"),
            (Selection { category: -1, ..Default::default() }, "selection.category"),
            (Selection { subject: "robots".into(), ..Default::default() }, "selection.subject"),
            (Selection { column: "a b".into(), ..Default::default() }, "selection.column"),
            (Selection { unit: "'--".into(), ..Default::default() }, "selection.unit"),
        ] {
            let request = pb::ListPublishedRequest { selection: Some(selection), ..Default::default() };
            let refusal = shelf.lists(request).await.expect_err(field);
            assert_eq!((refusal.reason(), &*refusal.faults()[0].field), ("FIELD_INVALID", field));
        }
        assert_eq!(shelf.lists(page(-1, "")).await.expect_err("negative").reason(), "FIELD_INVALID");
        let (_, token) = shelf.lists(page(2, "")).await.expect("listed");
        let unit = Some(Selection { unit: "012".into(), ..Default::default() });
        let elsewhere = pb::ListPublishedRequest { selection: unit, ..page(2, &token) };
        assert_eq!(shelf.lists(elsewhere).await.expect_err("another list").reason(), "PAGE_TOKEN_INVALID");
        assert_eq!(shelf.lists(page(2, "AAAA")).await.expect_err("forged").reason(), "PAGE_TOKEN_INVALID");
        assert_eq!(shelf.lists(page(5, &token)).await.expect("of another size").0, ["一"]);
    })
    .await;
}

fn page(page_size: i32, page_token: &str) -> pb::ListPublishedRequest {
    pb::ListPublishedRequest { page_size, page_token: page_token.into(), ..Default::default() }
}
