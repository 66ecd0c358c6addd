//! Round by round: load, kill -9, look at what is there, start again, say again what nobody answered.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures::future::join_all;
use kit::keyring::Keyring;
use kit::{config::Config, testing::TestDatabase};
use proto::journal::v1::{CheckLogRequest, log_service_client::LogServiceClient};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{
    check::{self, Fault, Law},
    client::{Client, Trade},
    dump, figures, files,
    history::{Outcome, Told},
    witness::Witness,
};
use crate::house::{
    centre::Centre,
    program::{Program, Settings},
};

/// Callers at once, and the connections they share.
const CLIENTS: usize = 32;
const LINES: usize = 4;
/// One in so many keeps the directory, and one of the others in so many publishes.
const KEEPERS: usize = 16;
const PUBLISHERS: usize = 3;
/// A kill counts where so many changes had been answered since the one before; so long is waited for them.
const LEAST: usize = 100;
const SLOWEST: Duration = Duration::from_secs(10);
/// Who keeps a journal here.
const SERVICES: [&str; 3] = ["directory", "intake", "disclosure"];
/// Divisions, so that journals grow beside each other.
const DIVISIONS: [&str; 2] = ["410223", "410224"];

pub struct Plan {
    pub program: PathBuf,
    pub environment: Vec<(String, String)>,
    /// Kills that count.
    pub kills: usize,
    /// Of every choice and every moment.
    pub seed: u64,
    /// Goes on until this law is broken; where none is named, until any is.
    pub law: Option<Law>,
}

#[derive(Debug, Default)]
pub struct Report {
    pub faults: Vec<Fault>,
    /// Kills that counted, and those before which too little had been answered.
    pub kills: usize,
    pub void: usize,
    pub answered: usize,
    /// Changes that nobody had answered when the program was killed, and those of them that had happened.
    pub unknown: usize,
    pub happened: usize,
    pub shown: usize,
    pub took: Duration,
}

/// Kills until the plan is fulfilled or a law is broken.
pub async fn run(database: &TestDatabase, plan: &Plan) -> Report {
    let began = Instant::now();
    let config = database.config(&["directory", "intake", "disclosure", "gateway"]).await;
    let mut settings = Settings { program: plan.program.clone(), ..Settings::all(&config.data) };
    settings.environment.clone_from(&plan.environment);
    // Heads are signed between the kills, and in the midst of them.
    settings = settings.with("YIZHAN_HEAD_INTERVAL", "1");
    for (service, url) in &config.databases {
        settings = settings.with(&format!("YIZHAN_DATABASES__{}", service.to_uppercase()), url);
    }
    let mut program = settings.start().await;
    let mut dice = StdRng::seed_from_u64(plan.seed);
    let mut centres = Vec::new();
    for code in DIVISIONS {
        centres.push(Centre::open(program.channel(), code).await);
    }
    let counter = Arc::new(AtomicUsize::new(0));
    let trade = |i: usize| match i {
        i if i.is_multiple_of(KEEPERS) => Trade::Directory,
        i if i.is_multiple_of(PUBLISHERS) => Trade::Publications,
        _ => Trade::Cases,
    };
    let client = |i: usize, seed| Client::new(&centres[i / KEEPERS % centres.len()], seed, trade(i), &counter);
    let mut clients: Vec<Client> = (0..CLIENTS).map(|i| client(i, dice.random())).collect();
    let witness = Witness::follow(program.channel());
    let mut report = Report::default();

    let broken = |faults: &[Fault]| faults.iter().any(|fault| plan.law.is_none_or(|law| fault.0 == law));
    while report.kills < plan.kills && !broken(&report.faults) {
        assert!(report.void <= plan.kills + 3, "too little is answered between the kills: {report:?}");
        say_again(&mut clients, &program).await;
        let (from, began) = (counter.load(Ordering::Relaxed), Instant::now());
        let load = tokio::spawn(work(clients, program.channel_each(), None));
        let enough = || counter.load(Ordering::Relaxed) - from >= LEAST;
        while !enough() && began.elapsed() < SLOWEST {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let enough = enough();
        tokio::time::sleep(Duration::from_micros(dice.random_range(0..700_000))).await;
        program.kill().await;
        clients = load.await.expect("clients do not panic");

        (report.kills, report.void) = (report.kills + usize::from(enough), report.void + usize::from(!enough));
        report.faults = look(&config, &clients, &mut report.unknown, &mut report.happened).await;
        if dice.random_bool(0.25) {
            // Killed again while it comes up.
            let coming = settings.spawn();
            tokio::time::sleep(Duration::from_millis(dice.random_range(0..200))).await;
            coming.kill().await;
        }
        program = settings.start().await;
        witness.go_to(program.channel());
    }
    if !broken(&report.faults) {
        say_again(&mut clients, &program).await;
        let end = Instant::now() + Duration::from_millis(300);
        clients = work(clients, program.channel_each(), Some(end)).await;
        report.faults = settle(&config, program, &centres, &mut clients, &witness).await;
    }
    report.answered = told(&clients).iter().filter(|told| matches!(told.outcome, Outcome::Done(_))).count();
    report.shown = witness.count();
    report.took = began.elapsed();
    report
}

trait Lines {
    fn channel_each(&self) -> Vec<Keyring>;
}

impl Lines for Program {
    /// The connections that the clients share.
    fn channel_each(&self) -> Vec<Keyring> {
        (0..LINES).map(|_| self.channel()).collect()
    }
}

async fn work(clients: Vec<Client>, lines: Vec<Keyring>, until: Option<Instant>) -> Vec<Client> {
    let working =
        clients.into_iter().zip(lines.into_iter().cycle()).map(|(client, line)| tokio::spawn(client.work(line, until)));
    join_all(working).await.into_iter().map(|client| client.expect("clients do not panic")).collect()
}

async fn say_again(clients: &mut [Client], program: &Program) {
    program.serving().await;
    let line = program.channel();
    join_all(clients.iter_mut().map(|client| client.say_again(&line))).await;
}

fn told(clients: &[Client]) -> Vec<&Told> {
    clients.iter().flat_map(|client| &client.history).collect()
}

/// What can be told while the program is dead: whatever was answered is there once, what was refused is not, what nobody
/// answered is there at most once.
async fn look(config: &Config, clients: &[Client], unknown: &mut usize, happened: &mut usize) -> Vec<Fault> {
    let [directory, intake, disclosure, _] = dump::read(config).await.expect("the databases can be read");
    let told = told(clients);
    let open: Vec<_> = told.iter().filter(|told| told.is_unknown()).map(|told| told.id).collect();
    let entries = directory.entries.iter().chain(&intake.entries).chain(&disclosure.entries);
    *happened += entries.filter(|entry| entry.request_id.is_some_and(|id| open.contains(&id))).count();
    *unknown += open.len();
    let mut faults = check::answers(&told);
    for dump in [&directory, &intake, &disclosure] {
        faults.extend(check::history(&told, dump));
        faults.extend(check::journal(dump));
    }
    faults.extend(check::cases(&intake));
    faults.extend(check::publications(&disclosure));
    faults.extend(clients.iter().flat_map(|client| client.stale.iter().map(|what| Fault(Law::Answered, what.clone()))));
    faults
}

/// Everything that must hold once nothing moves any more.
async fn settle(
    config: &Config,
    program: Program,
    centres: &[Centre],
    clients: &mut [Client],
    witness: &Witness,
) -> Vec<Fault> {
    say_again(clients, &program).await;
    let line = program.channel();
    let mut faults = Vec::new();
    let mut read = Vec::new();
    for centre in centres {
        let cases = figures::list(&line, centre).await.expect("cases can be listed");
        if follows(&line, centre).await {
            faults.extend(figures::check(&line, centre, &cases).await.expect("figures can be asked for"));
            faults.extend(figures::check_publications(&line, centre, &told(clients)).await);
            faults.extend(figures::recount(&line, centre).await.expect("figures can be counted again"));
        } else {
            faults.push(Fault(Law::Followed, format!("the gateway never comes to the head of {}", centre.code)));
        }
        read.extend(cases.into_iter().map(|case| ((centre.code.clone(), case.number), case.state)));
    }
    faults.extend(files::check(&line, &told(clients)).await);
    faults.extend(logs(&line, centres).await);
    // The witness has seen everything when it has seen the last entry.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let status = program.stop().await;
    assert!(status.success(), "the program ends cleanly: {status}");

    let (mut unknown, mut happened) = (0, 0);
    faults.extend(look(config, clients, &mut unknown, &mut happened).await);
    let dumps = dump::read(config).await.expect("the databases can be read");
    let intake = &dumps[1];
    faults.extend(check::positions(&dumps));
    faults.extend(witness.check(intake));
    if unknown != 0 {
        faults.push(Fault(Law::Answered, format!("{unknown} changes are not answered by a program that nobody kills")));
    }
    if witness.count() != intake.entries.len() {
        let what = format!("{} of {} entries were shown to who follows", witness.count(), intake.entries.len());
        faults.push(Fault(Law::Followed, what));
    }
    for (key, state) in &read {
        if intake.cases.get(key).map(|state| i32::from(*state)) != Some(*state) {
            faults.push(Fault(
                Law::Stands,
                format!("{key:?} is listed in state {state}, its row says {:?}", intake.cases.get(key)),
            ));
        }
    }
    if read.len() != intake.cases.len() {
        faults.push(Fault(Law::Stands, format!("{} cases are listed, {} are there", read.len(), intake.cases.len())));
    }
    faults
}

/// What the services find themselves when they recompute their logs.
async fn logs(line: &Keyring, centres: &[Centre]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (centre, service) in centres.iter().flat_map(|centre| SERVICES.map(|service| (centre, service))) {
        let mut request = tonic::Request::new(CheckLogRequest { parent: centre.name() });
        request.metadata_mut().insert("yizhan-service", service.parse().expect("a plain word"));
        match LogServiceClient::new(line.clone()).check_log(request).await {
            Ok(report) => faults.extend(report.into_inner().findings.into_iter().map(|finding| {
                let what = format!("{service} {}: {} {}", centre.code, finding.kind, finding.seq);
                Fault(Law::Sealed, what)
            })),
            Err(status) => faults.push(Fault(Law::Sealed, format!("{service} {}: {status}", centre.code))),
        }
    }
    faults
}

/// Waits for the gateway to come to the journals' heads.
async fn follows(line: &Keyring, centre: &Centre) -> bool {
    use proto::{
        gateway::v1::GroupBy,
        journal::v1::{ListHeadsRequest, journal_service_client::JournalServiceClient},
    };
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(20) {
        let mut heads = Vec::new();
        for service in ["intake", "directory", "disclosure"] {
            let mut request = tonic::Request::new(ListHeadsRequest {});
            request.metadata_mut().insert("yizhan-service", service.parse().expect("a plain word"));
            let answer = JournalServiceClient::new(line.clone()).list_heads(request).await.expect("heads");
            let head = answer.into_inner().heads.into_iter().find(|head| head.division == centre.code);
            heads.push(head.map_or(0, |head| head.seq));
        }
        let figures = figures::ask(line, centre, GroupBy::Unspecified).await.expect("figures can be asked for");
        let published = figures::publicity(line, centre).await.expect("figures can be asked for");
        if heads == [figures.intake_seq, figures.directory_seq, published.disclosure_seq] {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}
