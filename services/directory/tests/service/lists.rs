//! Lists and their pages.

use kit::testing::request_id;
use proto::directory::v1 as pb;
use tonic::Code;

use crate::hall::{COUNTY, Hall, counties, division, halls, person, refused, sheet, unit, window};

const INVALID: (Code, &str) = (Code::InvalidArgument, "PAGE_TOKEN_INVALID");

async fn page(hall: &Hall, parent: &str, size: i32, token: &str) -> (Vec<String>, String) {
    let request = pb::ListUnitsRequest { parent: parent.into(), page_size: size, page_token: token.into() };
    let page = hall.directory().list_units(request).await.expect("a page").into_inner();
    (page.units.into_iter().map(|unit| unit.name).collect(), page.next_page_token)
}

#[tokio::test]
async fn pages_give_every_noun_once_in_the_order_of_codes() {
    for hall in counties().await {
        // Capitals, digits and hyphens, whose order PostgreSQL's locales would change.
        let codes = ["A01", "A-2", "A1", "B01", "B-01", "B001", "-", "Z"];
        let windows: Vec<_> = codes.iter().map(|code| window(code)).collect();
        let people: Vec<_> = codes.iter().map(|code| person(code)).collect();
        let units: Vec<_> = (0..25).rev().map(|i| unit(&format!("{:03}", i * 7))).collect();
        hall.directory()
            .import_directory(pb::ImportDirectoryRequest { units, windows, people, ..sheet() })
            .await
            .expect("imported");

        let (mut names, mut token, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let (some, next) = page(&hall, COUNTY, 10, &token).await;
            names.extend(some);
            pages += 1;
            token = next;
            if token.is_empty() {
                break;
            }
        }
        let mut expected: Vec<_> =
            (0..25).map(|i| i * 7).chain([1, 2]).map(|i| unit(&format!("{i:03}")).name).collect();
        expected.sort();
        assert_eq!((pages, names), (3, expected));

        let mut expected: Vec<_> = codes.iter().map(|code| window(code).name).collect();
        expected.sort();
        let request = pb::ListWindowsRequest { parent: COUNTY.into(), ..Default::default() };
        let windows = hall.directory().list_windows(request).await.expect("windows").into_inner().windows;
        assert_eq!(windows.into_iter().map(|window| window.name).collect::<Vec<_>>(), expected);
        let mut expected: Vec<_> = codes.iter().map(|code| person(code).name).collect();
        expected.sort();
        let request = pb::ListPeopleRequest { parent: COUNTY.into(), page_size: 8, ..Default::default() };
        let people = hall.directory().list_people(request).await.expect("people").into_inner();
        assert_eq!(people.people.into_iter().map(|person| person.name).collect::<Vec<_>>(), expected);
        assert_eq!(people.next_page_token, "", "a page that is just full is the last");
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_left_out_and_hides_no_other() {
    for hall in counties().await {
        let units = (3..=6).map(|i| unit(&format!("{i:03}"))).collect();
        hall.directory().import_directory(pb::ImportDirectoryRequest { units, ..sheet() }).await.expect("imported");
        let url = hall.database.config(&["directory"]).await.database("directory");
        let db = sea_orm::Database::connect(url).await.expect("the database");
        // One within a page, and the one that tells whether there is another.
        let spoil = "UPDATE units SET body = 'x' || body WHERE id IN ('002', '004')";
        sea_orm::ConnectionTrait::execute_unprepared(&db, spoil).await.expect("spoilt");
        let hall = Hall::open(hall.database).await;
        let (mut names, mut token) = page(&hall, COUNTY, 2, "").await;
        while !token.is_empty() {
            let (some, next) = page(&hall, COUNTY, 2, &token).await;
            names.extend(some);
            token = next;
        }
        assert_eq!(names, ["001", "003", "005", "006"].map(|code| unit(code).name));
    }
}

#[tokio::test]
async fn divisions_are_listed_by_code() {
    for hall in halls().await {
        for code in ["410224", "410223", "110101"] {
            let division = pb::Division { name: format!("divisions/{code}"), ..division() };
            let create = pb::CreateDivisionRequest { division: Some(division), request_id: request_id() };
            hall.directory().create_division(create).await.expect("created");
        }
        let list = |page_size, page_token: &str| pb::ListDivisionsRequest { page_size, page_token: page_token.into() };
        let first = hall.directory().list_divisions(list(2, "")).await.expect("a page").into_inner();
        let second =
            hall.directory().list_divisions(list(2, &first.next_page_token)).await.expect("a page").into_inner();
        let names: Vec<_> = first.divisions.into_iter().chain(second.divisions).map(|division| division.name).collect();
        assert_eq!(names, ["divisions/110101", "divisions/410223", "divisions/410224"]);
        assert_eq!(second.next_page_token, "");
    }
}

#[tokio::test]
async fn a_token_continues_its_own_list_only() {
    for hall in counties().await {
        let mut directory = hall.directory();
        let (_, token) = page(&hall, COUNTY, 1, "").await;
        assert!(!token.is_empty());
        let units = |parent: &str, token: &str| pb::ListUnitsRequest {
            parent: parent.into(),
            page_size: 1,
            page_token: token.into(),
        };
        let refusal = |(code, reason): (Code, String)| (code, if reason == INVALID.1 { INVALID.1 } else { "another" });

        let other = directory.list_units(units("divisions/410224", &token)).await;
        assert_eq!(refusal(refused(other)), INVALID, "another parent");
        let request = pb::ListWindowsRequest { parent: COUNTY.into(), page_size: 1, page_token: token.clone() };
        assert_eq!(refusal(refused(directory.list_windows(request).await)), INVALID, "another list");
        let request = pb::ListDivisionsRequest { page_size: 1, page_token: token.clone() };
        assert_eq!(refusal(refused(directory.list_divisions(request).await)), INVALID, "a list without a parent");

        let mut forged = token.clone().into_bytes();
        for i in 0..forged.len() {
            let was = forged[i];
            forged[i] = if was == b'A' { b'B' } else { b'A' };
            let text = String::from_utf8(forged.clone()).expect("ASCII");
            assert_eq!(refusal(refused(directory.list_units(units(COUNTY, &text)).await)), INVALID, "altered at {i}");
            forged[i] = was;
        }
        for token in ["x", "====", "../../etc/passwd", "MDAx", &"A".repeat(2_000), "\u{0}", "单位"] {
            assert_eq!(refusal(refused(directory.list_units(units(COUNTY, token)).await)), INVALID, "{token}");
        }
    }
}

#[tokio::test]
async fn sizes_are_kept_within_bounds() {
    for hall in counties().await {
        let units: Vec<_> = (0..150).map(|i| unit(&format!("{i:03}"))).collect();
        hall.directory().import_directory(pb::ImportDirectoryRequest { units, ..sheet() }).await.expect("imported");
        assert_eq!(page(&hall, COUNTY, 0, "").await.0.len(), 100);
        assert_eq!(page(&hall, COUNTY, i32::MAX, "").await.0.len(), 150);
        let request = pb::ListUnitsRequest { parent: COUNTY.into(), page_size: -1, page_token: String::new() };
        assert_eq!(
            refused(hall.directory().list_units(request).await),
            (Code::InvalidArgument, "FIELD_INVALID".into())
        );
        assert_eq!(page(&hall, "divisions/999999", 0, "").await, (vec![], String::new()), "a division without units");
    }
}
