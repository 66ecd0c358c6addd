//! What followers see.

use kit::testing::request_id;
use prost::Message;
use proto::directory::v1 as pb;

use crate::hall::{COUNTY, Hall, TESTER, counties, division, halls, person, sheet, unit, window};

#[tokio::test]
async fn every_change_is_one_entry_without_a_gap_and_its_payload_is_the_noun() {
    for hall in halls().await {
        let mut directory = hall.directory();
        let create = pb::CreateDivisionRequest { division: Some(division()), request_id: request_id() };
        let county = directory.create_division(create).await.expect("created").into_inner();
        let create = pb::CreateUnitRequest { unit: Some(unit("001")), request_id: request_id() };
        let created = directory.create_unit(create).await.expect("created").into_inner();
        let create = pb::CreateWindowRequest { window: Some(window("A01")), request_id: request_id() };
        let accepting = directory.create_window(create).await.expect("created").into_inner();
        let create = pb::CreatePersonRequest { person: Some(person("U001-01")), request_id: request_id() };
        let head = directory.create_person(create).await.expect("created").into_inner();
        let update = pb::UpdateUnitRequest {
            unit: Some(pb::Unit { phone: "1".into(), ..unit("001") }),
            request_id: request_id(),
        };
        let updated = directory.update_unit(update).await.expect("updated").into_inner();
        let end = pb::DeactivateUnitRequest { name: unit("001").name, request_id: request_id(), ..Default::default() };
        let ended = directory.deactivate_unit(end).await.expect("deactivated").into_inner();

        let entries = hall.journal("410223").await;
        let lines: Vec<_> =
            entries.iter().map(|entry| (entry.seq, entry.event.as_str(), entry.noun.as_str())).collect();
        let (unit, window, person) = (unit("001").name, window("A01").name, person("U001-01").name);
        assert_eq!(
            lines,
            [
                (1, "division.created", "divisions/410223/divisions/410223"),
                (2, "unit.created", unit.as_str()),
                (3, "window.created", &window),
                (4, "person.created", &person),
                (5, "unit.updated", &unit),
                (6, "unit.deactivated", &unit),
            ]
        );
        let payload = |i: usize| entries[i].payload.clone();
        assert_eq!(pb::Division::decode(payload(0)).expect("a division"), county);
        assert_eq!(pb::Unit::decode(payload(1)).expect("a unit"), created);
        assert_eq!(pb::Window::decode(payload(2)).expect("a window"), accepting);
        assert_eq!(pb::Person::decode(payload(3)).expect("a person"), head);
        assert_eq!(pb::Unit::decode(payload(4)).expect("a unit"), updated);
        assert_eq!(pb::Unit::decode(payload(5)).expect("a unit"), ended);
        let at = kit::testing::moment("2026-02-09T09:00").timestamp();
        assert!(
            entries
                .iter()
                .all(|entry| entry.occurred_at == Some(at) && entry.leaf_hash.len() == 32 && entry.actor == TESTER)
        );
    }
}

#[tokio::test]
async fn changes_made_at_the_same_time_are_numbered_without_a_gap() {
    for hall in counties().await {
        let calls: Vec<_> = (100..200)
            .map(|code| {
                let mut directory = hall.directory();
                let create = pb::CreateUnitRequest { unit: Some(unit(&code.to_string())), request_id: request_id() };
                tokio::spawn(async move { directory.create_unit(create).await })
            })
            .collect();
        for call in calls {
            call.await.expect("no panic").expect("created");
        }
        let seqs: Vec<_> = hall.journal("410223").await.into_iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, (1..=106).collect::<Vec<_>>(), "six of the county, and a hundred");
    }
}

#[tokio::test]
async fn the_built_in_notices_are_the_first_entries_of_the_national_journal_and_come_once() {
    for hall in halls().await {
        let entries = hall.journal("000000").await;
        let after: Vec<_> = entries.iter().skip(calendar::builtin_notices().len()).collect();
        assert_eq!(after.iter().map(|entry| entry.event.as_str()).collect::<Vec<_>>(), ["key.made"]);
        for (i, (entry, notice)) in entries.iter().zip(calendar::builtin_notices()).enumerate() {
            assert_eq!(
                (entry.seq, entry.event.as_str(), entry.actor.as_str()),
                (i as i64 + 1, "notice.imported", "system")
            );
            assert_eq!(entry.noun, format!("divisions/000000/notices/{}", notice.year));
            let payload = pb::Notice::decode(entry.payload.clone()).expect("a notice");
            assert_eq!((payload.year, payload.version), (notice.year.into(), notice.version as i32));
            assert_eq!(payload.off.len(), notice.off.len());
        }
        let Hall { database, peer } = hall;
        drop(peer);
        let again = Hall::open(database).await;
        assert_eq!(again.journal("000000").await, entries);
    }
}

#[tokio::test]
async fn an_import_records_what_changed_and_last_itself() {
    for hall in counties().await {
        let before = hall.journal("410223").await.len();
        let request = pb::ImportDirectoryRequest {
            units: vec![unit("001"), pb::Unit { phone: "1".into(), ..unit("002") }, unit("003")],
            people: vec![person("P1")],
            ..sheet()
        };
        hall.directory().import_directory(request.clone()).await.expect("imported");
        let entries = hall.journal("410223").await.split_off(before);
        let lines: Vec<_> = entries.iter().map(|entry| (entry.event.as_str(), entry.noun.clone())).collect();
        let import = format!("{COUNTY}/imports/{}", request.request_id);
        let expected = [
            ("unit.updated", unit("002").name),
            ("unit.created", unit("003").name),
            ("person.created", person("P1").name),
            ("directory.imported", import),
        ];
        assert_eq!(lines, expected);
        let counts = pb::ImportDirectoryResponse::decode(entries[3].payload.clone()).expect("the counts");
        assert_eq!(counts, pb::ImportDirectoryResponse { created: 2, updated: 1, unchanged: 1 });
    }
}
