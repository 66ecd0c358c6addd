//! The search: words of Chinese texts, the same on both engines.

use disclosure::domain::shown::Shown;
use proto::disclosure::v1::{self as pb, Selection};

use crate::shelf::{Shelf, division, notice};

const NONE: [&str; 0] = [];

#[tokio::test(flavor = "multi_thread")]
async fn two_characters_are_found_also_inside_longer_words() {
    Shelf::on_each_engine(async |shelf| {
        shelf
            .shows_all([
                "行政许可证办理须知",
                "二月份值班表",
                "尉氏县人民政府公告",
                "城乡居民医保缴费",
                "商品和服务价格监测",
                "李小明等同志任职",
                "Ａ０１窗口ＣＯＶＩＤ－１９期间开放",
            ])
            .await;
        for (query, title) in [
            ("许可", "行政许可证办理须知"),
            ("许可证", "行政许可证办理须知"),
            ("值班", "二月份值班表"),
            ("值班表", "二月份值班表"),
            ("尉氏", "尉氏县人民政府公告"),
            ("政府 公告", "尉氏县人民政府公告"),
            ("医保", "城乡居民医保缴费"),
            ("服务", "商品和服务价格监测"),
            ("李小明", "李小明等同志任职"),
            ("a01", "Ａ０１窗口ＣＯＶＩＤ－１９期间开放"),
            ("Ｃｏｖｉｄ 窗口", "Ａ０１窗口ＣＯＶＩＤ－１９期间开放"),
            ("\u{3000}窗口开放的时间期间", ""),
            ("开放期间的窗口", "Ａ０１窗口ＣＯＶＩＤ－１９期间开放"),
        ] {
            let expected: Vec<_> = Some(title).filter(|title| !title.is_empty()).into_iter().collect();
            assert_eq!(shelf.finds(query).await, expected, "{query}");
        }
        assert_eq!(shelf.finds("和服").await, NONE);
        assert_eq!(shelf.finds("许可 值班").await, NONE);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn titles_come_first_and_the_newest_first_in_each_part_without_double_or_loss() {
    Shelf::on_each_engine(async |shelf| {
        for (id, title, text) in [
            ("1", "养老一", "无关"),
            ("2", "其他二", "关于**养老**"),
            ("3", "养老三", "养老"),
            ("4", "其他四", "无关"),
            ("5", "其他五", "养老"),
        ] {
            shelf.shows(notice(id, title, text)).await;
        }
        assert_eq!(shelf.finds("养老").await, ["养老三", "养老一", "其他五", "其他二"]);
        // Word by word: one in the title and one in the text is no title match.
        assert_eq!(shelf.finds("养老 无关").await, ["养老一"]);
        for size in 1..=5 {
            let mut request = asks("养老", size);
            let mut all = Vec::new();
            for round in 0.. {
                let (page, next) = shelf.searches(request.clone()).await.expect("searched");
                all.extend(page);
                // Published meanwhile: in both parts, and before where this reader is.
                let id = format!("x{size}{round}");
                shelf.shows(notice(&id, if round % 2 == 0 { "新养老" } else { "新的" }, "养老")).await;
                if next.is_empty() {
                    break;
                }
                request.page_token = next;
            }
            let old: Vec<_> = all.iter().filter(|title| !title.starts_with('新')).collect();
            assert_eq!(old, ["养老三", "养老一", "其他五", "其他二"], "pages of {size}");
            for id in (0..9).map(|round| format!("x{size}{round}")) {
                shelf.shows(Shown { public: false, ..notice(&id, "", "") }).await;
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_query_language_means_is_only_text() {
    Shelf::on_each_engine(async |shelf| {
        shelf.shows_all(["许可事项", "near or not 许可", "值班 and 许可"]).await;
        for (query, expected) in [
            ("\"许可", vec!["值班 and 许可", "near or not 许可", "许可事项"]),
            ("许可*", vec!["值班 and 许可", "near or not 许可", "许可事项"]),
            ("-许可", vec!["值班 and 许可", "near or not 许可", "许可事项"]),
            ("words:许可", vec![]),
            ("NEAR(许可)", vec!["near or not 许可"]),
            ("许可 OR", vec!["near or not 许可"]),
            ("值班 NOT 许可", vec![]),
            ("值班 AND 许可", vec!["值班 and 许可"]),
            ("'许可' & !'值班'", vec!["值班 and 许可"]),
            ("许可🎉", vec!["值班 and 许可", "near or not 许可", "许可事项"]),
            ("d:410223 许可", vec![]),
            ("=许可", vec!["值班 and 许可", "near or not 许可", "许可事项"]),
        ] {
            assert_eq!(shelf.finds(query).await, expected, "{query}");
        }
        let long: String = "许可事项".chars().cycle().take(100).collect();
        assert_eq!(shelf.finds(&long).await, ["许可事项"]);
        for query in ["", "  ", "。，、", "🎉🎉", "\"*\" -()", "许\u{0}可", &format!("{long}长")] {
            let refusal = shelf.searches(asks(query, 0)).await.expect_err(query);
            assert_eq!((refusal.reason(), &*refusal.faults()[0].field), ("FIELD_INVALID", "query"), "{query:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn particles_count_only_where_a_query_has_nothing_else() {
    Shelf::on_each_engine(async |shelf| {
        shelf.shows_all(["值班安排", "窗口的安排"]).await;
        assert_eq!(shelf.finds("值班的安排").await, ["值班安排"]);
        assert_eq!(shelf.finds("的").await, ["窗口的安排"]);
        let request = pb::SearchPublishedRequest { parent: "divisions/410223".into(), ..asks("值班的安排", 0) };
        let words = disclosure::rpc::portal::search(&shelf.office, request).await.expect("searched").words;
        assert_eq!(words, ["值班", "安排"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withdrawn_is_gone_and_what_is_corrected_is_found_by_its_new_words_alone() {
    Shelf::on_each_engine(async |shelf| {
        shelf.shows(notice("1", "养老补贴", "每月发放")).await;
        shelf.shows(notice("2", "养老机构", "定期检查")).await;
        shelf.hides("1").await;
        assert_eq!(shelf.finds("养老").await, ["养老机构"]);
        assert_eq!(shelf.finds("发放").await, NONE);
        shelf.shows(Shown { edition: 2, ..notice("2", "托幼机构", "随机抽查") }).await;
        for old in ["养老", "定期", "检查"] {
            assert_eq!(shelf.finds(old).await, NONE, "{old}");
        }
        for new in ["托幼", "机构", "抽查"] {
            assert_eq!(shelf.finds(new).await, ["托幼机构"], "{new}");
        }
        shelf.shows(notice("1", "养老补贴", "每季发放")).await;
        assert_eq!(shelf.finds("养老 每季").await, ["养老补贴"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_keeps_to_its_division_and_its_selection() {
    Shelf::on_each_engine(async |shelf| {
        shelf.shows(notice("a", "许可一", "")).await;
        shelf.shows(Shown { unit: "005-A".into(), ..notice("b", "许可二", "") }).await;
        shelf
            .shows(Shown { unit: "005-a".into(), column: "fees".into(), category: 8, ..notice("c", "许可三", "") })
            .await;
        shelf.shows(Shown { division: division("410224"), ..notice("a", "许可四", "") }).await;
        for (selection, expected) in [
            (Selection::default(), vec!["许可三", "许可二", "许可一"]),
            (Selection { unit: "005-A".into(), ..Default::default() }, vec!["许可二"]),
            (Selection { unit: "005-a".into(), ..Default::default() }, vec!["许可三"]),
            (Selection { column: "notices".into(), ..Default::default() }, vec!["许可二", "许可一"]),
            (Selection { category: 8, ..Default::default() }, vec!["许可三"]),
            (Selection { subject: "person".into(), unit: "012".into(), ..Default::default() }, vec!["许可一"]),
        ] {
            let request = pb::SearchPublishedRequest { selection: Some(selection.clone()), ..asks("许可", 0) };
            assert_eq!(shelf.searches(request).await.expect("searched").0, expected, "{selection:?}");
        }
        let month = Some(Selection { month: "2016-03".into(), ..Default::default() });
        let request = pb::SearchPublishedRequest { selection: month, ..asks("许可", 0) };
        assert_eq!(shelf.searches(request).await.expect_err("no month").reason(), "FIELD_INVALID");
        let (_, token) = shelf.searches(asks("许可", 1)).await.expect("searched");
        let elsewhere = pb::SearchPublishedRequest { page_token: token, ..asks("许可 一", 1) };
        assert_eq!(shelf.searches(elsewhere).await.expect_err("another search").reason(), "PAGE_TOKEN_INVALID");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn far_down_nothing_is_passed_over() {
    Shelf::on_each_engine(async |shelf| {
        // Rare, middling and frequent words over more rows than one part of a search looks at.
        let row = |i: usize| {
            let rare = if i.is_multiple_of(97) { "光伏" } else { "" };
            let middling = if i.is_multiple_of(9) { "消防" } else { "" };
            notice(&format!("{i:03}"), &format!("{i:03}"), &format!("安全 {rare} {middling}"))
        };
        shelf.shows_many((0..700).map(row).collect()).await;
        finds_all(&shelf).await;
        // As they would lie among two hundred thousand others.
        let apart = shelf.office.store.begin().await.expect("begun");
        let spread = "UPDATE shown SET place = 1000000 + place * 300";
        sea_orm::ConnectionTrait::execute_unprepared(&apart, spread).await.expect("spread");
        apart.commit().await.expect("committed");
        finds_all(&shelf).await;
    })
    .await;
}

async fn finds_all(shelf: &Shelf) {
    for (word, every) in [("光伏", 97), ("消防", 9), ("安全", 1)] {
        let expected: Vec<_> = (0..700).rev().filter(|i| i % every == 0).map(|i| format!("{i:03}")).collect();
        let (mut all, mut request) = (Vec::new(), asks(word, 50));
        loop {
            let (page, next) = shelf.searches(request.clone()).await.expect("searched");
            all.extend(page);
            if next.is_empty() {
                break;
            }
            request.page_token = next;
        }
        assert_eq!(all, expected, "{word}");
    }
}

fn asks(query: &str, page_size: i32) -> pb::SearchPublishedRequest {
    pb::SearchPublishedRequest { query: query.into(), page_size, ..Default::default() }
}
