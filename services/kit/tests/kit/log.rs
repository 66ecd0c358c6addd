//! Signed heads, proofs, and what becomes of them when the database is not what it was.

use std::{io::Write, time::Duration};

use kit::{
    clock::Moment,
    config::Config,
    id::Division,
    keys::Keys,
    peer::Peer,
    status::reason,
    store::{
        Follow, Log, Writer,
        feed::Feed,
        follow,
        follower::FollowError,
        log::{SecondSigner, check},
    },
    testing,
};
use proto::journal::v1::{
    self as pb, Entry, GetConsistencyProofRequest, GetInclusionProofRequest, GetTreeHeadRequest, ListTreeHeadsRequest,
    SignTreeHeadRequest, TreeHead, log_service_client::LogServiceClient,
};
use sea_orm::DatabaseTransaction;
use tlog::{
    Hash,
    checkpoint::Checkpoint,
    note::{Ed25519, Note, Signer, Verifier},
    tree,
};
use tonic::{Code, Status, service::Routes};

use crate::{
    counter::add,
    house::{House, SERVICE, add_through, county, houses, on_postgres, open, request, settle},
};

fn keys() -> Keys {
    Keys::from_bytes([7; 32])
}

fn log(house: &House) -> Log {
    Log::new(&house.store, &house.clock, &keys())
}

async fn client(house: &House) -> LogServiceClient<Peer> {
    LogServiceClient::new(testing::serve(Routes::new(log(house).service())).await)
}

/// So many changes, many of them in a commit.
async fn fill(house: &House, count: usize) {
    let changes = (0..count).map(|i| house.add(county(), if i % 3 == 0 { "A" } else { "B" }, 1));
    for change in futures::future::join_all(changes).await {
        change.expect("added");
    }
}

async fn leaves(house: &House) -> Vec<Hash> {
    let entries = house.entries().await.into_iter().filter(|entry| entry.division == county().as_str());
    entries.map(|entry| entry.leaf_hash.try_into().expect("32 bytes")).collect()
}

/// What a head says, once its signature is verified by the key that it names.
fn opened(head: &TreeHead) -> Checkpoint {
    let key: Verifier = head.verifier_key.parse().expect("a key");
    let note = Note::parse(&head.note).expect("a note");
    let checkpoint = Checkpoint::open(&note, &key).expect("signed");
    assert_eq!((checkpoint.size as i64, checkpoint.root.to_vec()), (head.size, head.root_hash.clone()));
    assert_eq!(checkpoint.origin, head.origin);
    assert_eq!(checkpoint.signed_at().map(|at| Moment(at).timestamp()), head.signed_at);
    checkpoint
}

fn hashes(path: &[Vec<u8>]) -> Vec<Hash> {
    path.iter().map(|hash| hash.as_slice().try_into().expect("32 bytes")).collect()
}

fn refused(status: &Status) -> (Code, String) {
    (status.code(), reason(status))
}

async fn get(client: &mut LogServiceClient<Peer>) -> Result<TreeHead, Status> {
    Ok(client.get_tree_head(GetTreeHeadRequest { parent: county().name() }).await?.into_inner())
}

async fn sign(client: &mut LogServiceClient<Peer>) -> Result<TreeHead, Status> {
    Ok(client.sign_tree_head(SignTreeHeadRequest { parent: county().name() }).await?.into_inner())
}

async fn inclusion(client: &mut LogServiceClient<Peer>, seq: i64, size: i64) -> Result<pb::InclusionProof, Status> {
    let request = GetInclusionProofRequest { parent: county().name(), seq, size };
    Ok(client.get_inclusion_proof(request).await?.into_inner())
}

async fn consistency(client: &mut LogServiceClient<Peer>, from: i64, to: i64) -> Result<Vec<Hash>, Status> {
    let request = GetConsistencyProofRequest { parent: county().name(), from_size: from, to_size: to };
    Ok(hashes(&client.get_consistency_proof(request).await?.into_inner().hashes))
}

/// What a check finds: kind, first and last entry.
async fn found(house: &House) -> Vec<(&'static str, i64, i64)> {
    let report = log(house).check(county()).await.expect("checked");
    report.findings.into_iter().map(|finding| (finding.kind, finding.first, finding.last)).collect()
}

#[tokio::test]
async fn a_head_is_signed_when_asked_and_covers_what_is_there() {
    for house in houses().await {
        let mut client = client(&house).await;
        let nothing = get(&mut client).await.expect_err("no journal");
        assert_eq!(refused(&nothing), (Code::NotFound, "LOG_NOT_FOUND".into()));
        assert_eq!(reason(&sign(&mut client).await.expect_err("no journal")), "LOG_NOT_FOUND");
        house.add(county(), "A", 1).await.expect("added");
        let unsigned = get(&mut client).await.expect_err("not signed");
        assert_eq!(refused(&unsigned), (Code::FailedPrecondition, "HEAD_NOT_SIGNED".into()));
        assert_eq!(reason(&inclusion(&mut client, 1, 0).await.expect_err("not signed")), "SEQ_AHEAD");

        let first = sign(&mut client).await.expect("signed");
        assert_eq!((first.origin.as_str(), first.size), ("yizhan/410223/counting", 1));
        assert_eq!(opened(&first).root, tree::root(&leaves(&house).await));
        assert_eq!(sign(&mut client).await.expect("the same"), first);
        add_through(&house.writer, county(), "A", 1, Some(request(7))).await.expect("added");
        let second = sign(&mut client).await.expect("signed");
        assert_eq!(opened(&second).root, tree::root(&leaves(&house).await));
        assert_eq!(get(&mut client).await.expect("signed"), second);
        assert!(found(&house).await.is_empty());
    }
}

#[tokio::test]
async fn proofs_lead_from_every_entry_and_every_size_to_what_was_signed() {
    for house in houses().await {
        let mut client = client(&house).await;
        let mut roots = vec![(0, tlog::EMPTY)];
        for count in [3, 252, 1, 1, 343] {
            fill(&house, count).await;
            let head = opened(&sign(&mut client).await.expect("signed"));
            roots.push((head.size, head.root));
        }
        let leaves = leaves(&house).await;
        let newest = leaves.len() as u64;
        assert_eq!(roots.iter().map(|(size, _)| *size).collect::<Vec<_>>(), [0, 3, 255, 256, 257, 600]);
        for (from, from_root) in &roots {
            for (to, to_root) in roots.iter().filter(|(to, _)| to >= from && *to > 0) {
                let proof = consistency(&mut client, *from as i64, *to as i64).await.expect("a proof");
                assert!(tree::verify_consistency(*from, from_root, *to, to_root, &proof), "{from} to {to}");
            }
        }
        // At sizes that no head has, too.
        for size in [1, 2, 100, 256, 300, 512, 600] {
            let root = tree::root(&leaves[..size as usize]);
            for seq in (1..=size).filter(|seq| seq % 37 == 1 || *seq == size) {
                let proof = inclusion(&mut client, seq, size).await.expect("a proof");
                let (leaf, path) = (leaves[seq as usize - 1], hashes(&proof.hashes));
                assert_eq!((proof.leaf_hash.as_slice(), proof.size), (leaf.as_slice(), size));
                assert!(tree::verify_inclusion(&leaf, seq as u64 - 1, size as u64, &path, &root), "{seq} of {size}");
                assert_eq!(proof.head.is_some(), size as u64 == newest);
            }
        }
        assert_eq!(inclusion(&mut client, 1, 0).await.expect("a proof").size, 600);
        assert!(found(&house).await.is_empty());
    }
}

#[tokio::test]
async fn what_is_not_there_is_refused_with_its_field() {
    for house in houses().await {
        let mut client = client(&house).await;
        fill(&house, 5).await;
        sign(&mut client).await.expect("signed");
        fill(&house, 1).await;
        for (seq, size, why) in [
            (0, 0, "FIELD_INVALID"),
            (-1, 0, "FIELD_INVALID"),
            (1, -1, "FIELD_INVALID"),
            (4, 3, "FIELD_INVALID"),
            (6, 0, "SEQ_AHEAD"),
            (1, 6, "SEQ_AHEAD"),
            (i64::MAX, i64::MAX, "SEQ_AHEAD"),
        ] {
            assert_eq!(reason(&inclusion(&mut client, seq, size).await.expect_err("no proof")), why, "{seq} {size}");
        }
        for (from, to, why) in
            [(-1, 0, "FIELD_INVALID"), (4, 3, "FIELD_INVALID"), (1, 6, "SEQ_AHEAD"), (6, 0, "SEQ_AHEAD")]
        {
            assert_eq!(reason(&consistency(&mut client, from, to).await.expect_err("no proof")), why, "{from} {to}");
        }
        for parent in ["", "divisions/1", "410223"] {
            let wrong = client.get_tree_head(GetTreeHeadRequest { parent: parent.into() }).await.expect_err("no name");
            assert_eq!(refused(&wrong), (Code::InvalidArgument, "FIELD_INVALID".into()));
        }
        let elsewhere = ListTreeHeadsRequest { parent: "divisions/410299".into(), ..Default::default() };
        assert_eq!(reason(&client.list_tree_heads(elsewhere).await.expect_err("no journal")), "LOG_NOT_FOUND");
    }
}

#[tokio::test]
async fn heads_are_listed_by_size_in_pages_that_continue_their_own_list() {
    for house in houses().await {
        let mut client = client(&house).await;
        let mut signed = Vec::new();
        for _ in 0..5 {
            fill(&house, 2).await;
            signed.push(sign(&mut client).await.expect("signed"));
        }
        let all = ListTreeHeadsRequest { parent: county().name(), page_size: 2, ..Default::default() };
        let (mut request, mut seen) = (all.clone(), Vec::new());
        loop {
            let page = client.list_tree_heads(request.clone()).await.expect("a page").into_inner();
            assert!(page.heads.len() <= 2);
            seen.extend(page.heads);
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        assert_eq!(seen, signed);
        let carried = ListTreeHeadsRequest { after_size: 4, ..request };
        assert_eq!(reason(&client.list_tree_heads(carried).await.expect_err("carried")), "PAGE_TOKEN_INVALID");
        let later = ListTreeHeadsRequest { after_size: 6, page_size: 0, ..all };
        assert_eq!(client.list_tree_heads(later).await.expect("a page").into_inner().heads, signed[3..]);
    }
}

#[tokio::test]
async fn after_a_restart_the_next_head_goes_on_from_the_last() {
    for house in houses().await {
        fill(&house, 300).await;
        let before = opened(&log(&house).sign(county()).await.expect("signed"));
        let house = house.reopen().await;
        fill(&house, 300).await;
        let after = opened(&log(&house).sign(county()).await.expect("signed"));
        let proof = consistency(&mut client(&house).await, 300, 600).await.expect("a proof");
        assert!(tree::verify_consistency(300, &before.root, 600, &after.root, &proof));
        assert!(found(&house).await.is_empty());
    }
}

#[tokio::test]
async fn who_asks_at_the_same_time_shares_one_head_and_the_writer_goes_on() {
    for house in houses().await {
        fill(&house, 50).await;
        let log = log(&house);
        let asked = || futures::future::join_all((0..20).map(|_| log.sign(county())));
        let heads: Vec<_> = asked().await.into_iter().map(|head| head.expect("signed")).collect();
        assert!(heads.iter().all(|head| *head == heads[0] && head.size == 50), "{heads:?}");
        let (heads, ()) = tokio::join!(asked(), fill(&house, 200));
        assert!(heads.into_iter().all(|head| head.expect("signed").size >= 50));
        assert!(found(&house).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_that_sign_at_once_sign_one_tree() {
    let Some(house) = on_postgres().await else { return };
    let other = open(&house.database, SERVICE).await;
    let writer = Writer::open(&other, &house.clock, &keys());
    let logs = [log(&house), Log::new(&other, &house.clock, &keys())];
    let signing = logs.map(|log| {
        tokio::spawn(async move {
            let mut heads = Vec::new();
            for _ in 0..40 {
                if let Ok(head) = log.sign(county()).await {
                    heads.push(opened(&head));
                }
            }
            heads
        })
    });
    for _ in 0..60 {
        let (one, two) = tokio::join!(house.add(county(), "A", 1), add_through(&writer, county(), "B", 1, None));
        one.and(two).expect("added");
    }
    let mut heads = Vec::new();
    for signing in signing {
        heads.extend(signing.await.expect("signed"));
    }
    let leaves = leaves(&house).await;
    assert!(heads.len() > 40, "{}", heads.len());
    for head in heads {
        assert_eq!(head.root, tree::root(&leaves[..head.size as usize]), "{}", head.size);
    }
    assert!(found(&house).await.is_empty());
}

#[tokio::test]
async fn an_entry_that_was_changed_before_it_was_signed_stops_the_signing_and_nothing_else() {
    for house in houses().await {
        let (log, mut client) = (log(&house), client(&house).await);
        fill(&house, 10).await;
        let good = log.sign(county()).await.expect("signed");
        fill(&house, 10).await;
        house.execute("UPDATE journal SET actor = 'nobody' WHERE seq = 15").await;
        let refusal = log.sign(county()).await.expect_err("corrupt");
        assert_eq!(refusal.reason(), "LOG_CORRUPT");
        assert!(refusal.en().contains("entry 15"), "{refusal}");
        assert_eq!(refused(&sign(&mut client).await.expect_err("corrupt")), (Code::DataLoss, "LOG_CORRUPT".into()));
        house.add(county(), "A", 1).await.expect("intake goes on");
        assert_eq!(found(&house).await, [("ENTRY_CHANGED", 15, 15)]);
        house.execute("UPDATE journal SET actor = 'tester' WHERE seq = 15").await;
        assert_eq!(log.sign(county()).await.expect_err("not looked at yet").reason(), "LOG_CORRUPT");
        assert!(log.check(county()).await.expect("checked").findings.is_empty());
        let head = log.sign(county()).await.expect("signed again");
        let proof = consistency(&mut client, good.size, head.size).await.expect("a proof");
        let (old, new) = (opened(&good), opened(&head));
        assert!(tree::verify_consistency(old.size, &old.root, new.size, &new.root, &proof));
    }
}

#[tokio::test]
async fn no_proof_leaves_that_does_not_lead_to_what_was_signed() {
    let wrongs = [
        // Without its first hash, so that each stands in another's place.
        "UPDATE tiles SET hashes = substr(hashes, 33) WHERE level = 0 AND idx = 0",
        "DELETE FROM tiles WHERE level = 0 AND idx = 0",
        "UPDATE tree_heads SET root = (SELECT leaf_hash FROM journal WHERE seq = 1) WHERE size = 300",
        "UPDATE tree_heads SET note = (SELECT note FROM tree_heads WHERE size = 20) WHERE size = 300",
        "UPDATE tree_heads SET size = 299 WHERE size = 300",
    ];
    for house in houses().await {
        let (log, mut client) = (log(&house), client(&house).await);
        for count in [20, 280] {
            fill(&house, count).await;
            log.sign(county()).await.expect("signed");
        }
        for table in ["tiles", "tree_heads"] {
            house.execute(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
        }
        for wrong in wrongs {
            house.execute(wrong).await;
            for (seq, size) in [(1, 0), (2, 0), (1, 20), (20, 20), (7, 45)] {
                let refusal = inclusion(&mut client, seq, size).await.expect_err(wrong);
                assert_eq!(refused(&refusal), (Code::DataLoss, "LOG_CORRUPT".into()), "{wrong}: {seq} in {size}");
            }
            for (from, to) in [(19, 0), (20, 0), (7, 45), (45, 45)] {
                let refusal = consistency(&mut client, from, to).await.expect_err(wrong);
                assert_eq!(refused(&refusal), (Code::DataLoss, "LOG_CORRUPT".into()), "{wrong}: {from} to {to}");
            }
            assert_eq!(log.inclusion(county(), 1).await.expect_err(wrong).reason(), "LOG_CORRUPT");
            for table in ["tiles", "tree_heads"] {
                house.execute(&format!("DELETE FROM {table}")).await;
                house.execute(&format!("INSERT INTO {table} SELECT * FROM kept_{table}")).await;
            }
        }
        assert!(log.inclusion(county(), 1).await.expect("a proof").is_some());
        assert!(found(&house).await.is_empty());
    }
}

#[tokio::test]
async fn a_second_signer_s_line_stands_under_every_head_and_cannot_be_taken_away() {
    for house in houses().await {
        let seconds = |origin: &str| -> Box<dyn Signer> { Box::new(second(origin)) };
        let config = Config { head_interval: 0, second_signer: SecondSigner::new(seconds), ..Config::default() };
        let two = Log::open(&config, &house.store, &house.clock, &keys());
        fill(&house, 3).await;
        let first = log(&house).sign(county()).await.expect("signed by one");
        fill(&house, 3).await;
        let head = two.sign(county()).await.expect("signed by two");
        let note = Note::parse(&head.note).expect("a note");
        assert_eq!(note.signatures.len(), 2);
        assert!(second(&head.origin).verifier().verifies(&note).is_some());
        assert_eq!((opened(&first).size, opened(&head).size), (3, 6), "whoever knows the log's own key goes on");
        fill(&house, 3).await;
        log(&house).sign(county()).await.expect("and so does who has one signer again");
        assert!(found(&house).await.is_empty());

        let alone = Note { signatures: note.signatures[..1].to_vec(), ..note.clone() };
        let swapped = Note { signatures: note.signatures.iter().rev().cloned().collect(), ..note.clone() };
        let thrice = Note { signatures: [&note.signatures[..], &note.signatures[1..]].concat(), ..note };
        for wrong in [alone, swapped, thrice] {
            house.execute(&format!("UPDATE tree_heads SET note = '{wrong}' WHERE size = 6")).await;
            assert_eq!(found(&house).await, [("HEAD_CHANGED", 0, 0)], "{wrong}");
        }
    }
}

/// Signs as a second key would, of whatever type.
fn second(origin: &str) -> Ed25519 {
    Ed25519::from_seed(origin, &[9; 32]).expect("a key")
}

#[tokio::test]
async fn nothing_is_signed_on_a_tree_that_is_not_the_newest_heads() {
    let wrongs = [
        "UPDATE tiles SET hashes = (SELECT leaf_hash FROM journal WHERE seq = 1) WHERE level = 0",
        "DELETE FROM tiles",
        "UPDATE tree_heads SET root = (SELECT leaf_hash FROM journal WHERE seq = 1) WHERE size = 20",
        "UPDATE tree_heads SET note = (SELECT note FROM tree_heads WHERE size = 10) WHERE size = 20",
        "DELETE FROM tree_heads WHERE size = 20",
        "DELETE FROM journal WHERE seq = 25",
        "DELETE FROM journal WHERE seq > 15",
        "UPDATE journal_heads SET seq = 27",
        "UPDATE journal_heads SET seq = 33",
        "UPDATE journal_heads SET seq = 12",
    ];
    for house in houses().await {
        fill(&house, 10).await;
        log(&house).sign(county()).await.expect("signed");
        fill(&house, 10).await;
        log(&house).sign(county()).await.expect("signed");
        fill(&house, 10).await;
        for table in ["journal", "journal_heads", "tiles", "tree_heads"] {
            house.execute(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
        }
        for wrong in wrongs {
            house.execute(wrong).await;
            let refusal = log(&house).sign(county()).await.expect_err(wrong);
            assert_eq!(refusal.reason(), "LOG_CORRUPT", "{wrong}");
            assert!(!found(&house).await.is_empty(), "{wrong}");
            for table in ["journal", "journal_heads", "tiles", "tree_heads"] {
                house.execute(&format!("DELETE FROM {table}")).await;
                house.execute(&format!("INSERT INTO {table} SELECT * FROM kept_{table}")).await;
            }
        }
        assert_eq!(log(&house).sign(county()).await.expect("as it was").size, 30);
        assert!(found(&house).await.is_empty());
    }
}

#[tokio::test]
async fn an_entry_outside_the_times_of_its_heads_is_told() {
    for house in houses().await {
        let log = log(&house);
        let minutes = |minutes: i64| Moment(house.clock.now().0 + minutes * 60_000_000);
        fill(&house, 2).await;
        log.sign(county()).await.expect("signed");
        house.clock.advance(minutes(60));
        fill(&house, 2).await;
        log.sign(county()).await.expect("signed");
        assert!(found(&house).await.is_empty());
        // Written by a service whose clock was put back: everything else is in order.
        let early = kit::clock::Clock::simulated(minutes(-30));
        let writer = Writer::open(&house.store, &early, &keys());
        add_through(&writer, county(), "A", 1, None).await.expect("added");
        log.sign(county()).await.expect("signed");
        assert_eq!(found(&house).await, [("ENTRY_BACKDATED", 5, 5)]);
    }
}

#[tokio::test]
async fn a_service_signs_by_itself_what_has_come() {
    for house in houses().await {
        let config = Config { head_interval: 1, ..Config::default() };
        Log::open(&config, &house.store, &house.clock, &keys());
        fill(&house, 3).await;
        let elsewhere: Division = "410224".parse().expect("six digits");
        house.add(elsewhere, "A", 1).await.expect("added");
        let mut client = client(&house).await;
        crate::house::until("a head of each", async || {
            let mut sizes = Vec::new();
            for division in [county(), elsewhere] {
                let head = client.clone().get_tree_head(GetTreeHeadRequest { parent: division.name() }).await;
                sizes.push(head.map_or(0, |head| head.into_inner().size));
            }
            sizes == [3, 1]
        })
        .await;
        assert_eq!(get(&mut client).await.expect("signed").size, 3);
    }
}

/// Takes what comes.
struct Takes;

impl Follow for Takes {
    async fn apply(&self, _: &DatabaseTransaction, _: &[Entry]) -> Result<(), FollowError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_follower_refuses_an_entry_that_is_not_what_its_leaf_hash_says() {
    for house in houses().await {
        fill(&house, 3).await;
        let house = house.reopen().await;
        house.execute("UPDATE journal SET event = 'counter.taken' WHERE seq = 2").await;
        let feed = testing::serve(Routes::new(Feed::new(&house.store, &house.clock, &house.writer))).await;
        let follower = open(&house.database, "following").await;
        let progress = follow(&follower, SERVICE, feed, Takes);
        settle().await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(*progress.borrow(), 0);
        house.execute("UPDATE journal SET event = 'counter.added' WHERE seq = 2").await;
        let mut progress = progress;
        let all = tokio::time::timeout(Duration::from_secs(10), progress.wait_for(|count| *count == 3));
        all.await.expect("in time").expect("followed");
    }
}

/// `cargo test -p kit --test kit log::a_long_journal -- --ignored --nocapture`
#[tokio::test]
#[ignore = "for measuring"]
async fn a_long_journal_is_signed_and_checked_in_seconds() {
    let many: i64 = std::env::var("YIZHAN_ENTRIES").ok().and_then(|many| many.parse().ok()).unwrap_or(50_000);
    for house in houses().await {
        let gate = house.close_gate().await;
        let writer = house.writer.clone();
        gate.open();
        let keys_of = vec![kit::store::Key::of::<crate::counter::Counter>(county(), "A")];
        for _ in 0..many / 1_000 {
            let keys = keys_of.clone();
            let thousand = move |desk: &mut kit::store::Desk<'_>| {
                (0..999).try_for_each(|_| add(desk, "A", 1).map(drop))?;
                add(desk, "A", 1)
            };
            writer.change::<crate::counter::Counter>(county(), keys, None, thousand).await.expect("added");
        }
        let begun = std::time::Instant::now();
        log(&house).sign(county()).await.expect("signed");
        let signed = begun.elapsed();
        let tx = house.store.snapshot().await.expect("a snapshot");
        let key = log(&house).key(county()).expect("a key");
        let report = check(&tx, SERVICE, county(), &key).await.expect("checked");
        tx.rollback().await.expect("ended");
        assert!(report.findings.is_empty());
        let checked = begun.elapsed() - signed;
        let _ = writeln!(
            std::io::stderr().lock(),
            "{}: {} entries, signed in {signed:?}, checked in {checked:?}",
            house.database.engine(),
            report.entries
        );
    }
}
