//! Heads that witnesses cosign: with a second signer, over a fork, where a witness is down, where nothing is signed by
//! schedule; and the gateway's own journal, as another follows it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, http::StatusCode, routing::post};
use gateway::{
    Peers,
    cosign::Cosign,
    domain::{
        day::Period,
        statement::{Count, Question, Statement},
    },
    logs::Logs,
};
use kit::{
    clock::Clock,
    config::Config,
    id::Division,
    keys::Keys,
    peer::Peer,
    status::reason,
    store::{
        Event, Follow, Key, Log, Noun, Store, Writer,
        feed::Feed,
        follow,
        follower::FollowError,
        journal::{entry, head, leaf_hash},
        log::SecondSigner,
    },
    testing::{TestDatabase, clock, databases},
};
use prost::Message;
use proto::journal::v1::{Entry, Leaf};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel};
use sm2::dsa::{
    Signature as Sm2Signature, SigningKey, VerifyingKey,
    signature::{Signer as _, Verifier as _},
};
use tlog::note::{Note, Signature, Signer, Verifier};
use tonic::service::Routes;
use verify::{definition, heads::Trust};
use witness::{Witness, folder::Folder};

const ORIGIN: &str = "yizhan/410223/intake";

fn county() -> Division {
    "410223".parse().expect("six digits")
}

fn keys() -> Keys {
    Keys::from_bytes([7; 32])
}

/// A service's journal of which only the entries' numbers matter, served as the service serves it.
struct Journal {
    store: Store,
    clock: Clock,
    log: Log,
    peer: Peer,
    _writer: Writer,
}

impl Journal {
    async fn open(database: &TestDatabase, second_signer: SecondSigner) -> Journal {
        let url = database.config(&["intake"]).await.database("intake");
        let store = Store::open::<migrations::intake::Migrator>("intake", &url).await.expect("the store opens");
        let clock = clock("2016-03-08T09:00");
        let config = Config { head_interval: 0, second_signer, ..Config::default() };
        let (log, writer) = (Log::open(&config, &store, &clock, &keys()), Writer::open(&store, &clock, &keys()));
        let routes = Routes::new(Feed::new(&store, &clock, &writer)).add_service(log.service());
        Journal { store, clock, log, peer: Peer::in_process(routes), _writer: writer }
    }

    /// Writes entries of a history up to a number.
    async fn write(&self, history: &str, from: i64, to: i64) {
        let tx = self.store.begin().await.expect("begun");
        for seq in from..=to {
            let mut row = entry::Model {
                division: county().to_string(),
                seq,
                occurred_at: self.clock.now().0,
                actor: "system".into(),
                noun: format!("cases/{seq}"),
                event: history.into(),
                payload: Vec::new(),
                request_id: None,
                request_hash: None,
                leaf_hash: Vec::new(),
            };
            row.leaf_hash = leaf_hash("intake", &row).to_vec();
            entry::Entity::insert(row.into_active_model().reset_all())
                .exec_without_returning(&tx)
                .await
                .expect("written");
        }
        let end = head::Model { division: county().to_string(), seq: to }.into_active_model().reset_all();
        let moved = if from == 1 {
            head::Entity::insert(end).exec_without_returning(&tx).await.map(drop)
        } else {
            head::Entity::update(end).exec(&tx).await.map(drop)
        };
        moved.expect("moved");
        tx.commit().await.expect("committed");
    }
}

/// A gateway's cosigning over a journal of intake's; nobody else has any.
async fn cosign(database: &TestDatabase, intake: &Journal, witnesses: Vec<String>) -> Cosign {
    let mut config = database.config(&["gateway"]).await;
    config.witnesses = witnesses;
    let store = Store::open::<migrations::gateway::Migrator>("gateway", &config.database("gateway")).await;
    let store = store.expect("the store opens");
    let writer = Writer::open(&store, &intake.clock, &keys());
    let none = Peer::in_process(Routes::new(Feed::new(&store, &intake.clock, &writer)));
    let [directory, roster, disclosure] = [&none, &none, &none].map(Peer::clone);
    let peers = Peers { directory, intake: intake.peer.clone(), roster, disclosure };
    Cosign::open(&config, &store, &intake.clock, Logs::new(&peers, &none)).expect("it opens")
}

/// Serves pages until the test's runtime ends.
async fn serve(routes: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}")
}

/// A witness of intake's log, what the gateway's setting of it is, and its key.
async fn witness(database: &TestDatabase, intake: &Journal) -> (Arc<Witness>, String, Verifier) {
    let folder = database.config(&[]).await.data.join("witness");
    let log = intake.log.key(county()).expect("a key");
    let witness = Witness::open(Folder::claim(&folder).expect("a folder"), Some("audit.example"), vec![log]);
    let witness = Arc::new(witness.expect("a witness"));
    let address = serve(witness::serve::routes(witness.clone())).await;
    (witness.clone(), format!("{address} {}", witness.key()), witness.key())
}

/// SM2 with SM3 (GB/T 32918.2, 32905), as somebody would plug it in.
struct Sm2 {
    name: String,
    key: SigningKey,
}

/// After 0xff, what tells it from every other type of key; then the point.
const SM2_TYPE: &[u8] = b"yizhan/sm2-sm3\n";
const SM2_ID: &str = "1234567812345678";

impl Sm2 {
    fn of(origin: &str) -> Sm2 {
        Sm2 { name: origin.to_owned(), key: SigningKey::from_slice(SM2_ID, &[7; 32]).expect("a key") }
    }

    fn checks(key: &[u8], text: &str, signature: &[u8]) -> bool {
        let key = key.strip_prefix(SM2_TYPE).and_then(|point| VerifyingKey::from_sec1_bytes(SM2_ID, point).ok());
        let signature = Sm2Signature::from_slice(signature).ok();
        key.zip(signature).is_some_and(|(key, signature)| key.verify(text.as_bytes(), &signature).is_ok())
    }
}

impl Signer for Sm2 {
    fn name(&self) -> &str {
        &self.name
    }

    fn verifier(&self) -> Verifier {
        let key = [SM2_TYPE, &self.key.verifying_key().to_sec1_bytes()].concat();
        Verifier::new(&self.name, 0xff, &key).expect("a key")
    }

    fn sign(&self, text: &str) -> Signature {
        let signature: Sm2Signature = self.key.sign(text.as_bytes());
        let key_id = self.verifier().key_id();
        Signature { name: self.name.clone(), key_id, bytes: signature.to_bytes().to_vec() }
    }
}

#[tokio::test]
async fn a_head_with_a_second_line_of_sm2_is_taken_by_gateway_witness_and_verify() {
    for database in databases() {
        let second = SecondSigner::new(|origin| -> Box<dyn Signer> { Box::new(Sm2::of(origin)) });
        let intake = Journal::open(&database, second).await;
        intake.write("case.received", 1, 5).await;
        let (witness, setting, key) = witness(&database, &intake).await;
        let cosign = cosign(&database, &intake, vec![setting]).await;
        let own = intake.log.key(county()).expect("a key");
        for (from, to) in [(6, 8), (9, 20)] {
            let told = cosign.cosigned("intake", county(), from - 1).await.expect("cosigned");
            let note = Note::parse(&told).expect("a note");
            assert_eq!(note.signatures.len(), 3, "{told}");
            assert!(Sm2::of(ORIGIN).verifier().verifies_by(&note, Sm2::checks).is_some(), "{told}");
            let trust = Trust { keys: vec![own.clone()], witnesses: vec![key.clone()], quorum: None };
            let opened = trust.open(&told, ORIGIN).expect("verified");
            assert_eq!((opened.checkpoint.size as i64, opened.cosigned.len()), (from - 1, 1));
            intake.write("case.received", from, to).await;
        }
        assert!(intake.log.check(county()).await.expect("checked").findings.is_empty());
        let heads = cosign.heads(county()).await.expect("heads").heads;
        assert!(heads.iter().all(|head| head.witnesses.iter().all(|it| !it.alarmed && it.error.is_empty())));
        assert!(witness.folder().alarms().expect("alarms").is_empty());
    }
}

#[tokio::test]
async fn where_nothing_is_signed_by_schedule_what_is_published_is_signed_shown_and_told() {
    for database in databases() {
        let intake = Journal::open(&database, SecondSigner::default()).await;
        intake.write("case.received", 1, 5).await;
        let (_, setting, _) = witness(&database, &intake).await;
        let cosign = cosign(&database, &intake, vec![setting]).await;
        assert!(cosign.heads(county()).await.expect("heads").heads.is_empty(), "nothing is signed yet");
        cosign.cosigned("intake", county(), 5).await.expect("cosigned");
        intake.write("case.received", 6, 9).await;
        let heads = cosign.heads(county()).await.expect("heads").heads;
        let sizes = |head: &proto::gateway::v1::CosignedHead| {
            (head.head.as_ref().map(|head| head.size), head.witnesses.iter().map(|it| it.size).collect::<Vec<_>>())
        };
        assert_eq!(heads.iter().map(sizes).collect::<Vec<_>>(), [(Some(5), vec![5])], "what was last shown");
    }
}

#[tokio::test]
async fn a_fork_at_a_power_of_two_is_refused_with_422_and_then_shown_to_the_witness() {
    for (database, other) in databases().into_iter().zip(databases()) {
        let intake = Journal::open(&database, SecondSigner::default()).await;
        intake.write("case.received", 1, 8).await;
        let (witness, setting, _) = witness(&database, &intake).await;
        let before = cosign(&database, &intake, vec![setting.clone()]).await;
        before.cosigned("intake", county(), 8).await.expect("cosigned");
        // The same key over another history: no root of eight is part of the proof from there.
        let fork = Journal::open(&other, SecondSigner::default()).await;
        fork.write("case.accepted", 1, 13).await;
        // A gateway that has seen nothing of the journal before it.
        let after = cosign(&other, &fork, vec![setting]).await;
        let refused = after.cosigned("intake", county(), 13).await.expect_err("a fork");
        assert_eq!(reason(&refused), "HEAD_REFUSED", "{refused:?}");
        let head = after.heads(county()).await.expect("heads").heads.remove(0);
        assert!(head.witnesses[0].alarmed, "{head:?}");
        let alarms = witness.folder().alarms().expect("alarms");
        assert_eq!(alarms.len(), 1);
        assert!(alarms[0].what.contains("the first 8 entries are not those"), "{}", alarms[0].what);
    }
}

#[tokio::test]
async fn a_witness_that_is_down_is_asked_ever_more_rarely_and_at_once_for_what_is_published() {
    let database = TestDatabase::sqlite();
    let intake = Journal::open(&database, SecondSigner::default()).await;
    intake.write("case.received", 1, 5).await;
    let (real, _, key) = witness(&database, &intake).await;
    let (asked, is_up) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let answer = {
        let (asked, is_up) = (asked.clone(), is_up.clone());
        move |body: axum::body::Bytes| async move {
            asked.fetch_add(1, Ordering::SeqCst);
            if !is_up.load(Ordering::SeqCst) {
                return (StatusCode::SERVICE_UNAVAILABLE, String::new());
            }
            match real.add_checkpoint(&body, kit::clock::wall()) {
                witness::Answer::Cosigned(line) => (StatusCode::OK, line),
                other => (StatusCode::BAD_REQUEST, format!("{other:?}")),
            }
        }
    };
    let address = serve(Router::new().route("/add-checkpoint", post(answer))).await;
    let cosign = cosign(&database, &intake, vec![format!("{address} {key}")]).await;
    intake.log.sign(county()).await.expect("signed");
    let every = Duration::from_millis(20);
    tokio::spawn(cosign.clone().run(every));
    tokio::time::sleep(every * 100).await;
    // Each rest is at least as long as all those before it together.
    let scheduled = asked.load(Ordering::SeqCst);
    assert!((2..=8).contains(&scheduled), "asked {scheduled} times in a hundred turns");

    let refused = cosign.cosigned("intake", county(), 5).await.expect_err("it is down");
    assert_eq!(reason(&refused), "HEAD_NOT_COSIGNED");
    assert!(asked.load(Ordering::SeqCst) > scheduled, "asked for what is published");
    is_up.store(true, Ordering::SeqCst);
    cosign.cosigned("intake", county(), 5).await.expect("it is up, and was asked at once");
    // And by schedule again.
    intake.write("case.received", 6, 9).await;
    intake.log.sign(county()).await.expect("signed");
    tokio::time::timeout(Duration::from_secs(10), async {
        while cosign.heads(county()).await.expect("heads").heads[0].witnesses[0].size < 9 {
            tokio::time::sleep(every).await;
        }
    })
    .await
    .expect("it has no more to wait for");
}

#[tokio::test]
async fn a_key_that_stands_under_two_names_is_refused() {
    let database = TestDatabase::sqlite();
    let mut config = database.config(&["gateway"]).await;
    let named = |name: &str, seed| tlog::note::Cosigner::from_seed(name, &[seed; 32]).expect("a key").verifier();
    let intake = Journal::open(&database, SecondSigner::default()).await;
    let store = Store::open::<migrations::gateway::Migrator>("gateway", &config.database("gateway")).await;
    let store = store.expect("the store opens");
    let [directory, roster, disclosure] = [&intake.peer, &intake.peer, &intake.peer].map(Peer::clone);
    let logs = Logs::new(&Peers { directory, intake: intake.peer.clone(), roster, disclosure }, &intake.peer);
    for (one, other, opens) in [
        (named("one", 1), named("two", 2), true),
        (named("one", 1), named("two", 1), false),
        (named("one", 1), named("one", 2), false),
    ] {
        config.witnesses = [one, other].map(|key| format!("http://127.0.0.1:1 {key}")).to_vec();
        assert_eq!(Cosign::open(&config, &store, &intake.clock, logs.clone()).is_ok(), opens);
    }
}

/// Takes what comes, and keeps it.
#[derive(Clone, Default)]
struct Takes(Arc<Mutex<Vec<Entry>>>);

impl Follow for Takes {
    async fn apply(&self, _: &DatabaseTransaction, entries: &[Entry]) -> Result<(), FollowError> {
        self.0.lock().expect("a lock").extend_from_slice(entries);
        Ok(())
    }
}

#[tokio::test]
async fn the_gateway_s_own_journal_is_followed_and_an_entry_that_was_changed_stops_who_follows() {
    for database in databases() {
        let config = database.config(&["gateway", "follower"]).await;
        let open = async |service: &'static str| {
            let store = Store::open::<migrations::gateway::Migrator>(service, &config.database(service)).await;
            store.expect("the store opens")
        };
        let (store, follower, clock) = (open("gateway").await, open("follower").await, clock("2016-03-08T09:00"));
        let writer = Writer::open(&store, &clock, &keys());
        for number in 1..=3 {
            publish(&writer, number).await;
        }
        let edit = async |event: &str| {
            let tx = store.begin().await.expect("begun");
            let edit = format!("UPDATE journal SET event = '{event}' WHERE seq = 3");
            tx.execute_unprepared(&edit).await.expect("edited");
            tx.commit().await.expect("committed");
        };
        edit("figure.withdrawn").await;
        let takes = Takes::default();
        // Another process: the one that wrote them has the newest entries in memory.
        let again = open("gateway").await;
        let peer = Peer::in_process(Routes::new(Feed::new(&again, &clock, &Writer::open(&again, &clock, &keys()))));
        let mut progress = follow(&follower, "gateway", peer, takes.clone());
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(*progress.borrow(), 0, "nothing of a message is taken with a false entry in it");
        edit("figure.published").await;
        let all = tokio::time::timeout(Duration::from_secs(20), progress.wait_for(|count| *count == 3));
        all.await.expect("in time").expect("followed");
        let taken = takes.0.lock().expect("a lock").clone();
        for (entry, seq) in taken.iter().zip(1..) {
            let at = entry.occurred_at.expect("a time");
            let leaf = Leaf {
                service: "gateway".into(),
                division: entry.division.clone(),
                seq,
                occurred_at_micros: at.seconds * 1_000_000 + i64::from(at.nanos) / 1_000,
                actor: entry.actor.clone(),
                noun: entry.noun.trim_start_matches("divisions/410223/").to_owned(),
                event: "figure.published".into(),
                payload: format!("statement {seq}").into_bytes(),
                ..Leaf::default()
            };
            assert_eq!(entry.leaf_hash, tlog::leaf_hash(&leaf.encode_to_vec()).to_vec(), "{entry:?}");
        }
        assert_eq!(taken.len(), 3);
    }
}

/// Writes a statement into the gateway's own journal.
async fn publish(writer: &Writer, number: i32) {
    let definition = definition::find("received").expect("a definition");
    let (division, period) = (county(), Period::year(2016).expect("a year"));
    let question = Question { division, definition, period, unit: String::new() };
    let statement = Statement::new(&question, period.first, Count::default(), Vec::new()).numbered(number);
    let keys = vec![Key::of::<Statement>(division, statement.id.as_str())];
    let written = writer.change::<Statement>(division, keys, None, move |desk| {
        let (mut next, id) = (statement.clone(), statement.id.clone());
        let (noun, payload) = (format!("{}/{id}", Statement::KIND), format!("statement {number}").into_bytes().into());
        next.publish("system", desk.now());
        next.seq = desk.record(Event { name: "figure.published", noun, actor: "system".into(), payload });
        desk.put(next);
        Ok(id.into())
    });
    written.await.expect("published");
}
