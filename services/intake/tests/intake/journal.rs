//! The journal of intake: gapless, readable, and each entry's hash is of what it says.

use kit::store::{Store, journal::entry};
use prost::Message;
use proto::{intake::v1 as pb, journal::v1::Leaf};
use sea_orm::{EntityTrait, QueryOrder};
use sha2::{Digest, Sha256};

use crate::hall::*;

#[tokio::test]
async fn the_journal_has_no_gap_and_every_entry_reads_as_what_its_event_promises() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        busy_day(&hall).await;
        let entries = hall.journal().await;
        assert!(entries.iter().map(|entry| entry.seq).eq(1..=entries.len() as i64));
        for entry in &entries {
            let (kind, _) = entry.event.split_once('.').expect("kind.what");
            match kind {
                "case" => {
                    let facts = pb::CaseFacts::decode(entry.payload.clone()).expect("CaseFacts");
                    assert_eq!(entry.noun, name("cases", &facts.number));
                    assert_eq!(facts.applicant_commitment.len(), 32);
                }
                "item" => {
                    let item = pb::Item::decode(entry.payload.clone()).expect("Item");
                    assert_eq!(entry.noun, item.name);
                }
                other => panic!("an event of {other}"),
            }
            let by_clock =
                matches!(entry.event.as_str(), "case.yellow" | "case.red" | "case.deemed_accepted" | "case.lapsed");
            if by_clock {
                assert_eq!(entry.actor, "system");
            } else if kind == "case" {
                assert!(entry.actor.starts_with("divisions/410223/people/"), "{}: {}", entry.event, entry.actor);
            }
        }
        let accepted = entries.iter().filter(|entry| entry.event == "case.deemed_accepted").count();
        assert_eq!(accepted, 1);
    })
    .await;
}

#[tokio::test]
async fn every_leaf_hash_is_of_its_entry() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        busy_day(&hall).await;
        let store = Store::open::<migrations::intake::Migrator>("intake", &hall.config.database("intake"))
            .await
            .expect("opens");
        let rows = entry::Entity::find().order_by_asc(entry::Column::Seq).all(store.read()).await.expect("the rows");
        let served = hall.journal().await;
        assert_eq!(rows.len(), served.len());
        for (row, served) in rows.into_iter().zip(served) {
            // As whoever reads the journal knows it.
            let leaf = Leaf {
                service: "intake".into(),
                division: served.division.clone(),
                seq: row.seq,
                occurred_at_micros: row.occurred_at,
                actor: row.actor,
                noun: row.noun,
                event: row.event,
                payload: row.payload,
                request_hash: served.request_hash.clone(),
            };
            let hash = Sha256::new().chain_update([0]).chain_update(leaf.encode_to_vec()).finalize().to_vec();
            assert_eq!((&row.leaf_hash, &served.leaf_hash), (&hash, &hash), "{}", row.seq);
        }
        store.close().await.expect("closes");
    })
    .await;
}

/// Something of everything.
async fn busy_day(hall: &Hall) {
    let case = hall.window("A01").accepts(FOOD).await;
    hall.suspend(&case, pb::SuspensionCause::Hearing, "").await.expect("suspended");
    hall.resume(&case, "").await.expect("resumed");
    hall.extend(&case, &head(UNIT)).await.expect("extended");
    hall.grant(&case).await.expect("granted");
    hall.window("B01").issues(&case).await.expect("issued");
    let asked = hall.window("A01").receives(FOOD).await;
    hall.ask(&asked, &["M1"]).await.expect("asked");
    hall.bring(&asked, &["M1"]).await.expect("brought");
    hall.withdraw(&asked).await.expect("withdrawn");
    hall.window("A02").receives(ROAD).await;
    hall.receive(on_the_spot()).await.expect("granted at once");
    hall.revises_item(FOOD, food_text(), "").await.expect("revised");
    hall.pass_to("2026-06-30T09:00").await;
}
