//! Names, identity numbers, telephones and addresses go in at every text of every call, by who may call and by who may
//! not, in headers, in paths and as malformed bytes. None may come out in a log, a trace, a figure, an error, a panic,
//! nor, but for what is made to be published, in a journal or a row.
//!
//! Generated from the compiled contract: a new field is in it by itself. Each canary has a number, so that one that is
//! found tells where it went in.

mod canary;
mod collector;
mod contract;
mod disclosure;
mod duty;
mod figure;
#[path = "../house/mod.rs"]
mod house;
mod pages;
mod published;
mod rows;
mod send;
#[path = "../town/mod.rs"]
mod town;
mod valid;

use std::collections::BTreeSet;

use collector::Collector;
use kit::testing::{TestDatabase, databases};
use send::{Hall, Sent};

/// What is logged of our own crates when somebody looks for a fault.
const LOG: &str = "info,kit=trace,mirror=trace,directory=trace,intake=trace,roster=trace,disclosure=trace,gateway=trace,yizhan=trace,\
                   sqlx=warn,h2=warn";

/// What is refused however good the rest of the request: the canary takes the place of the secret or of a division's six
/// digits, or what would be taken away is needed (its etag is stale).
const NEVER_DONE: [&str; 10] = [
    "/ChangePassword",
    "/ExchangeAssertion",
    "/ReadEntries",
    "/RefreshTokens",
    "/SignIn",
    "/DeactivateDivision",
    "/DeactivatePerson",
    "/DeactivateUnit",
    "/DeactivateWindow",
    "/RetireItem",
];

/// What needs another day than today: a circular is issued when the days to contest it are over. Training mode, which is
/// SQLite's alone, has days as it needs them; by the real clock these are refused with everything of them looked at.
const IN_TRAINING: [&str; 3] = ["/AdvanceClock", "/CorrectCircular", "/IssueCircular"];
const TRAINING_BEGINS: &str = "2026-03-10T09:00";

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_sings_where_nobody_may_hear_it() {
    for (json, database) in databases().iter().enumerate() {
        listen(database, json == 0).await;
    }
}

async fn listen(database: &TestDatabase, json: bool) {
    let collector = Collector::open().await;
    let json = json.to_string();
    let settings = [("YIZHAN_LOG", LOG), ("YIZHAN_LOG_JSON", &json), ("YIZHAN_OTLP", &collector.endpoint)];
    let simulate = (database.engine() == "sqlite").then_some(TRAINING_BEGINS);
    let hall = Hall::open(database, simulate, &settings).await;
    let sent = hall.send_everything().await;
    let pages = pages::all(&hall.town).await;
    let logged = hall.stop().await;
    let exported = collector.exported();

    let mut leaks = BTreeSet::new();
    for (number, one) in sent.iter().enumerate() {
        let heard = canary::found(&one.answered);
        // An answer may be late for one canary and tell of another.
        leaks.extend(
            heard.into_iter().map(|n| format!("{} is told in the error of {}", name(&sent, n), name(&sent, number))),
        );
    }
    leaks.extend(canary::found(&logged).into_iter().map(|n| format!("{} is logged", name(&sent, n))));
    leaks.extend(canary::found(&exported).into_iter().map(|n| format!("{} is traced or counted", name(&sent, n))));
    let mut published = BTreeSet::new();
    for (place, text) in rows::all(database).await {
        for n in canary::found(&text) {
            match sent.get(n).filter(|one| one.let_in && published::may_lie(&one.field, &place)) {
                Some(one) => drop(published.insert(one.field.clone())),
                None => drop(leaks.insert(format!("{} lies in {place}", name(&sent, n)))),
            }
        }
    }
    for (address, text) in &pages {
        let shown = |n: &usize| !sent.get(*n).is_some_and(|one| one.let_in && published::may_be_shown(&one.field));
        let told = canary::found(text).into_iter().filter(shown);
        leaks.extend(told.map(|n| format!("{} is shown at {address}", name(&sent, n))));
    }
    let said = String::from_utf8_lossy(&logged);
    assert!(!said.contains("panicked"), "{said}");
    assert!(leaks.is_empty(), "{} leaks\n{}", leaks.len(), leaks.into_iter().collect::<Vec<_>>().join("\n"));
    heard_enough(database.engine(), &sent, &published, &said, &exported);
}

/// Whether a method, or a field of its request, can only be reached on another day, and here it is always today.
fn is_out_of_reach(engine: &str, path_or_field: &str) -> bool {
    let is_its = |method: &&str| path_or_field.contains(method.trim_start_matches('/'));
    engine != "sqlite" && IN_TRAINING.iter().any(is_its)
}

/// That nothing was found is worth something only where it was looked for in the right places.
fn heard_enough(engine: &str, sent: &[Sent], published: &BTreeSet<String>, said: &str, exported: &[u8]) {
    let internal: Vec<_> = sent.iter().filter(|one| one.code == Some(tonic::Code::Internal)).map(Sent::name).collect();
    assert!(internal.is_empty(), "answered with INTERNAL:\n{}", internal.join("\n"));
    let done = || sent.iter().filter(|one| one.code.is_none());
    let methods: BTreeSet<_> = done().map(|one| one.method).collect();
    let undone: Vec<_> =
        proto::rule::all().iter().map(|rule| rule.path).filter(|path| !methods.contains(path)).collect();
    let expected = |path: &str| NEVER_DONE.iter().any(|end| path.ends_with(end)) || is_out_of_reach(engine, path);
    let unexpected: Vec<_> = undone.iter().filter(|path| !expected(path)).collect();
    assert!(unexpected.is_empty(), "never done: valid.rs needs a request for {unexpected:?}");
    let done: BTreeSet<_> = done().map(|one| one.field.as_str()).collect();
    for personal in ["Applicant.display_name", "Applicant.document_number", "Applicant.phone", "Applicant.address"] {
        assert!(done.contains(&*format!("yizhan.intake.v1.{personal}")), "no {personal} was ever taken in");
    }
    for personal in ["Recipient.display_name", "Recipient.document_number"] {
        assert!(done.contains(&*format!("yizhan.intake.v1.{personal}")), "no {personal} was ever taken in");
    }
    let silent: Vec<_> =
        published::all().filter(|field| !published.contains(*field) && !is_out_of_reach(engine, field)).collect();
    assert!(silent.is_empty(), "declared as published, and not found anywhere: {silent:?}");
    let spans = String::from_utf8_lossy(exported);
    for told in ["yizhan.intake.v1.CaseService/ReceiveCase", "rpc.server.call.duration", "yizhan.sealed.otherwise"] {
        assert!(spans.contains(told), "{told} was not exported");
    }
    assert!(said.contains("refused"), "nothing was logged");
    house::say(&format!(
        "canaries on {engine}: {} sent, {} fields published, {} bytes of log, {} bytes exported",
        sent.len(),
        published.len(),
        said.len(),
        exported.len()
    ));
}

fn name(sent: &[Sent], number: usize) -> String {
    sent.get(number).map_or_else(|| format!("canary {number}"), Sent::name)
}
