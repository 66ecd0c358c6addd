//! Personal data is in the clear nowhere: not in a row, not in the journal, not in an answer, not in a refusal.

use std::fs;

use kit::store::{Store, journal::entry};
use proto::intake::v1 as pb;
use sea_orm::{ConnectionTrait, EntityTrait, Statement};
use sha2::{Digest, Sha256};

use crate::hall::*;

/// What must not be found anywhere: names, numbers, telephones and addresses that stand nowhere else.
const CANARIES: [&str; 9] = [
    "司徒金丝雀",
    "金丝雀",
    "19881230002", // of 410223198812300024, without what the mask shows
    "13987651234",
    "9876512",
    "人民路甲9号",
    "欧阳代理",
    "E77665544",
    "19700615123", // of the recipient's number
];

fn applicant() -> pb::Applicant {
    pb::Applicant {
        display_name: "司徒金丝雀".into(),
        document: pb::IdentityDocument::CitizenId.into(),
        document_number: "410223198812300024".into(),
        phone: "13987651234".into(),
        address: "尉氏县城关镇人民路甲9号".into(),
        agent_name: "欧阳代理".into(),
        agent_document_number: "E77665544".into(),
    }
}

fn recipient() -> pb::Recipient {
    pb::Recipient { display_name: "金丝雀".into(), ..crate::hall::recipient() }
}

/// A whole life of the canary, to the journal's last entry.
async fn live(hall: &Hall) -> Vec<String> {
    let mut answers = Vec::new();
    let mut say = |answer: &dyn std::fmt::Debug| answers.push(format!("{answer:?}"));
    let request = pb::ReceiveCaseRequest { applicant: Some(applicant()), accept_now: true, ..receipt("A01", FOOD) };
    let case = hall.receive(request.clone()).await.expect("received");
    say(&case);
    let at_once = pb::ReceiveCaseRequest { applicant: Some(applicant()), ..on_the_spot() };
    let at_once = hall.receive(at_once).await.expect("at once");
    say(&at_once);
    let issue = |case: &pb::Case| pb::IssueCaseRequest {
        name: case.name.clone(),
        window: name("windows", "B01"),
        clerk: name("people", &clerk(UNIT)),
        recipient: Some(recipient()),
        etag: String::new(),
        request_id: kit::testing::request_id(),
    };
    say(&hall.cases().issue_case(issue(&at_once)).await.expect("issued").into_inner());
    // Refusals, by the field and by the state.
    for wrong in [
        pb::Applicant { document_number: "410223198812300025".into(), phone: "13987651234x".into(), ..applicant() },
        pb::Applicant {
            address: "人民路甲9号".repeat(50), agent_document_number: "E77665544-".into(), ..applicant()
        },
        pb::Applicant { document: 99, ..applicant() },
        pb::Applicant { display_name: "司徒金丝雀\u{202e}".into(), ..applicant() },
    ] {
        say(&hall
            .receive(pb::ReceiveCaseRequest { applicant: Some(wrong), ..receipt("A01", FOOD) })
            .await
            .expect_err("wrong"));
    }
    say(&hall
        .receive(pb::ReceiveCaseRequest {
            window: name("windows", "B01"),
            request_id: kit::testing::request_id(),
            ..request.clone()
        })
        .await);
    say(&hall.receive(pb::ReceiveCaseRequest { accept_now: false, ..request }).await.expect_err("reused"));
    let case = hall.grant(&case).await.expect("granted");
    say(&hall.cases().issue_case(issue(&case)).await.expect("issued").into_inner());
    say(&hall.case(&case).await);
    let list = pb::ListCasesRequest { parent: format!("divisions/{DIVISION}"), ..Default::default() };
    say(&hall.cases().list_cases(list).await.expect("listed").into_inner());
    hall.receive(pb::ReceiveCaseRequest { applicant: Some(applicant()), ..receipt("A01", FOOD) }).await.expect("open");
    let inbox = pb::ListInboxRequest { parent: name("units", UNIT), ..Default::default() };
    say(&hall.cases().list_inbox(inbox).await.expect("listed").into_inner());
    answers
}

#[tokio::test]
async fn no_answer_and_no_refusal_tells_personal_data() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        for answer in live(&hall).await {
            for canary in CANARIES {
                assert!(!answer.contains(canary), "{canary} in {answer}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn no_byte_of_the_database_tells_personal_data() {
    let mut hall = Hall::open("2026-06-01T09:00").await;
    live(&hall).await;
    let files = ["intake.db", "intake.db-wal", "intake.db-shm"].map(|file| hall.config.data.join(file));
    let find = |when: &str| {
        let mut searched = Vec::new();
        for file in files.iter().filter(|file| file.exists()) {
            searched.extend(fs::read(file).expect("the file"));
        }
        let holds = |text: &str| searched.windows(text.len()).any(|window| window == text.as_bytes());
        for canary in CANARIES {
            assert!(!holds(canary), "{canary} {when}");
        }
        assert!(holds("410223-012-20260601-000001-") && holds("司××"), "what is not secret is there {when}");
    };
    find("while it is open");
    hall.closes().await;
    find("when it is closed");
}

#[tokio::test]
async fn no_row_and_no_journal_entry_tells_personal_data_and_what_is_sealed_is_there() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        live(&hall).await;
        let store = Store::open::<migrations::intake::Migrator>("intake", &hall.config.database("intake"))
            .await
            .expect("opens");
        let entries = entry::Entity::find().all(store.read()).await.expect("the journal");
        let in_journal = entries.iter().map(|entry| format!("{entry:?} {}", String::from_utf8_lossy(&entry.payload)));
        let text = |row: sea_orm::QueryResult| row.try_get_by_index::<String>(0).expect("text");
        let query = |sql: &str| Statement::from_string(store.read().get_database_backend(), sql);
        let bodies =
            store.read().query_all_raw(query("SELECT body FROM cases")).await.expect("the cases").into_iter().map(text);
        let mut rows = 0;
        for told in in_journal.chain(bodies) {
            rows += 1;
            for canary in CANARIES {
                assert!(!told.contains(canary), "{canary} in {told}");
            }
        }
        assert!(rows > 10);
        // Three applicants and two recipients, each sealed with a salt of its own.
        let sealed =
            store.read().query_all_raw(query("SELECT id FROM personal ORDER BY id")).await.expect("what is sealed");
        assert_eq!(
            sealed
                .into_iter()
                .map(text)
                .map(|id| id.rsplit('.').next().unwrap_or_default().to_owned())
                .collect::<Vec<_>>(),
            ["applicant", "recipient", "applicant", "recipient", "applicant"]
        );
        store.close().await.expect("closes");
    })
    .await;
}

#[tokio::test]
async fn the_commitment_in_the_journal_opens_with_the_salt_and_to_nobody_else() {
    Hall::on_each_engine("2026-06-01T09:00", async |hall| {
        let request = pb::ReceiveCaseRequest { applicant: Some(applicant()), ..receipt("A01", FOOD) };
        let case = hall.receive(request.clone()).await.expect("received");
        let twin = pb::ReceiveCaseRequest { request_id: kit::testing::request_id(), ..request };
        let twin = hall.receive(twin).await.expect("received");
        let (_, facts) = hall.history(&case).await.swap_remove(0);
        let (_, others) = hall.history(&twin).await.swap_remove(0);
        assert_ne!(facts.applicant_commitment, others.applicant_commitment, "each has a salt of its own");

        let store = Store::open::<migrations::intake::Migrator>("intake", &hall.config.database("intake"))
            .await
            .expect("opens");
        let kept = (DIVISION.to_owned(), format!("{}.applicant", case.number));
        let row = intake::store::personal::Entity::find_by_id(kept).one(store.read()).await.expect("reads");
        let row = row.expect("what is sealed");
        store.close().await.expect("closes");
        let keys = kit::keys::Keys::open(&hall.config.key_file()).expect("the keys").sealing(hall.config.cipher);
        let plain = keys.cipher("personal").open(&row.sealed, &format!("{}/{}", row.division, row.id)).expect("opens");
        let commits = |salt: &[u8], plain: &[u8]| {
            let digest = Sha256::new().chain_update(salt).chain_update(plain).finalize();
            facts.applicant_commitment == digest.to_vec()
        };
        assert!(commits(&row.salt, &plain));
        let changed = String::from_utf8(plain.clone()).expect("JSON").replace("司徒", "司马");
        assert!(!commits(&row.salt, changed.as_bytes()) && !commits(&[0; 32], &plain));
    })
    .await;
}
