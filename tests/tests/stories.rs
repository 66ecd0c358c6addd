//! Stories that cross services: each role a process of its own, as on several machines.

mod house;

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use house::{
    about_now,
    centre::{Centre, UNITS, request_id},
    program::{FOLDER, Program, Settings, free_address},
    steps::{published, whole_case},
    until,
};
use kit::keyring::Keyring;
use kit::testing::{TestDatabase, databases};
use proto::{
    directory::v1::{DeactivateUnitRequest, directory_service_client::DirectoryServiceClient},
    disclosure::v1::{self as disclosure, publication_service_client::PublicationServiceClient},
    gateway::v1::{
        DisclosureFigures, Figures, GetDisclosureFiguresRequest, GetFiguresRequest,
        metrics_service_client::MetricsServiceClient,
    },
    intake::v1::{self as pb, CaseState as State, case_service_client::CaseServiceClient},
    journal::v1::{ListHeadsRequest, journal_service_client::JournalServiceClient},
    roster::v1::{GetDutyRulesRequest, roster_service_client::RosterServiceClient},
};
use tonic::{Code, Status};

const DIVISION: &str = "410223";

#[tokio::test(flavor = "multi_thread")]
async fn five_programs_find_each_other_whatever_comes_first_and_whatever_falls() {
    let town = Town::new(TestDatabase::sqlite()).await;
    let gateway = town.start("gateway").await;
    gateway.serving().await;
    let door = gateway.channel();
    let nobody = get(&door, "divisions/410223/cases/none").await.expect_err("nobody is there yet");
    assert_unavailable(&nobody);

    let intake = town.start("intake").await;
    let _directory = town.start("directory").await;
    let centre = Centre::open(door.clone(), DIVISION).await;
    let name = whole_case(&door, &centre).await;
    let before = figures_at_the_head(&door, &centre).await;
    assert_eq!((before.received, before.completed, before.open), (1, 1, 0));

    intake.kill().await;
    let alone = get(&door, &name).await.expect_err("intake is dead");
    assert_unavailable(&alone);
    assert_eq!(figures(&door, &centre).await.0, before, "what was counted is told without intake");

    let _intake = town.start("intake").await;
    let case = until("the gateway finds intake again", || async { get(&door, &name).await.ok() }).await;
    assert_eq!(case.state(), State::Issued);
    whole_case(&door, &centre).await;
    let after = figures_at_the_head(&door, &centre).await;
    assert_eq!((after.received, after.completed, after.open), (2, 2, 0));

    let rules = || GetDutyRulesRequest { name: format!("{}/dutyRules", centre.name()), day: String::new() };
    let roster = RosterServiceClient::new(door.clone());
    assert_unavailable(&roster.clone().get_duty_rules(rules()).await.expect_err("the roster is not there yet"));
    let _roster = town.start("roster").await;
    let none = until("the gateway finds the roster", || async {
        let refused = roster.clone().get_duty_rules(rules()).await.expect_err("there are no rules");
        (refused.code() != Code::Unavailable).then_some(refused)
    })
    .await;
    assert_eq!(kit::status::reason(&none), "RULES_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_stays_so_whoever_falls_and_what_the_suite_knows_waits_in_the_inbox() {
    let town = Town::new(TestDatabase::sqlite()).await;
    let (_directory, intake) = (town.start("directory").await, town.start("intake").await);
    let gateway = town.start("gateway").await;
    let door = gateway.channel();
    let centre = Centre::open(door.clone(), DIVISION).await;
    let nobody = publication(&door, &centre.of("publications", "012-2026-00001")).await.expect_err("not there yet");
    assert_unavailable(&nobody);

    // The roster is never there, and nobody waits for it.
    let disclosure = town.start("disclosure").await;
    let name = published(&door, &centre).await;
    let counted = until("the gateway follows disclosure", || async {
        Some(disclosure_figures(&door, &centre).await).filter(|figures| figures.published == 1)
    })
    .await;
    assert_eq!((counted.corrected, counted.withdrawn, counted.conforming <= 1), (0, 0, true));
    // What intake knows of its items was made into drafts meanwhile.
    let (line, bearer) = door.signed(&centre.clerk(UNITS[0]), &centre.accepting()).await.expect("signs in");
    let guide = until("the guide to an item waits in its unit's inbox", || async {
        let parent = centre.of("units", UNITS[0]);
        let mut request = tonic::Request::new(disclosure::ListInboxRequest { parent, ..Default::default() });
        request.set_timeout(Duration::from_secs(5));
        request.metadata_mut().insert("authorization", bearer.to_str().ok()?.parse().ok()?);
        let inbox = PublicationServiceClient::new(line.clone()).list_inbox(request).await.expect("an inbox");
        let mut waiting = inbox.into_inner().entries.into_iter().filter_map(|entry| entry.publication);
        waiting.find(|publication| publication.source == format!("guide/{DIVISION}-{}-001", UNITS[0]))
    })
    .await;
    let draft = guide.draft.expect("a draft");
    assert_eq!((draft.author.as_str(), draft.content.expect("a text").title.contains("示例许可")), ("system", true));

    disclosure.kill().await;
    assert_unavailable(&publication(&door, &name).await.expect_err("disclosure is dead"));
    assert_eq!(disclosure_figures(&door, &centre).await, counted, "what was counted is told without it");
    intake.kill().await;
    let _disclosure = town.start("disclosure").await;
    let found = until("the gateway finds disclosure again", || async { publication(&door, &name).await.ok() }).await;
    assert_eq!(found.standing(), disclosure::Standing::Public);
    let search =
        disclosure::SearchPublishedRequest { parent: centre.name(), query: "停水".into(), ..Default::default() };
    let found = PublicationServiceClient::new(door.clone()).search_published(search).await.expect("searched");
    let names: Vec<_> = found.into_inner().publications.into_iter().map(|summary| summary.name).collect();
    assert_eq!(names, [name]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hall_goes_on_working_while_the_directory_is_away_and_learns_what_it_missed() {
    let town = Town::new(TestDatabase::sqlite()).await;
    let (directory, _intake) = (town.start("directory").await, town.start("intake").await);
    let gateway = town.start("gateway").await;
    let door = gateway.channel();
    let centre = Centre::open(door.clone(), DIVISION).await;
    whole_case(&door, &centre).await;

    directory.kill().await;
    whole_case(&door, &centre).await;

    let _directory = town.start("directory").await;
    let name = format!("divisions/{DIVISION}/units/{}", UNITS[0]);
    let unit = DeactivateUnitRequest { name, etag: String::new(), request_id: request_id() };
    until("the directory is back", || {
        let (mut directory, unit) = (DirectoryServiceClient::new(door.clone()), unit.clone());
        async move { directory.deactivate_unit(unit).await.ok() }
    })
    .await;
    let refusal = until("intake learns that the unit is closed", || {
        let (mut cases, receipt) = (CaseServiceClient::new(door.clone()), centre.receipt(UNITS[0]));
        async move { cases.receive_case(receipt).await.err() }
    })
    .await;
    assert_eq!(kit::status::reason(&refusal), "UNIT_INACTIVE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_lost_its_database_counts_everything_anew() {
    let town = Town::new(TestDatabase::sqlite()).await;
    let (_directory, _intake) = (town.start("directory").await, town.start("intake").await);
    let gateway = town.start("gateway").await;
    let centre = Centre::open(gateway.channel(), DIVISION).await;
    for _ in 0..3 {
        whole_case(&gateway.channel(), &centre).await;
    }
    let before = figures_at_the_head(&gateway.channel(), &centre).await;
    assert_eq!(before.completed, 3);

    assert!(gateway.stop().await.success());
    let lost = std::fs::read_dir(town.data("gateway")).expect("its folder");
    for file in lost.map(|entry| entry.expect("an entry").path()) {
        if file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("gateway.db")) {
            std::fs::remove_file(file).expect("a file of the database");
        }
    }
    let gateway = town.start("gateway").await;
    assert_eq!(figures_at_the_head(&gateway.channel(), &centre).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_intakes_on_one_database_give_out_numbers_without_a_gap() {
    // SQLite belongs to one process; that PostgreSQL was skipped is said by `databases`.
    for database in databases().into_iter().filter(|database| database.engine() == "postgres") {
        let town = Town::new(database).await;
        let _directory = town.start("directory").await;
        let _first = town.start("intake").await;
        let gateway = town.start("gateway").await;
        let centre = Centre::open(gateway.channel(), DIVISION).await;
        let mut second = town.settings("intake");
        second.listen = free_address();
        second.data = town.data("another");
        let second_address = second.listen;
        let _second = second.start().await;
        // Nobody calls intake but a service: the second one has a door of its own.
        let mut other = town.settings("gateway").with("YIZHAN_PEERS__INTAKE", format!("https://{second_address}"));
        other.listen = free_address();
        other.data = town.data("other door");
        let other = other.start().await;

        let receive = |line: Keyring, clerk: String, unit: &'static str| {
            let mut cases = CaseServiceClient::new(line);
            let receipt = pb::ReceiveCaseRequest { clerk, ..centre.receipt(unit) };
            async move { cases.receive_case(receipt).await.map(|case| case.into_inner().number) }
        };
        let lines = [gateway.channel(), other.channel()];
        let both = (0..200).map(|i| {
            let unit = UNITS[i / 2 % 2];
            // Each door's keyring sets passwords, so each has people of its own.
            let clerk = if i % 2 == 0 { centre.clerk(unit) } else { centre.officer(unit) };
            tokio::spawn(receive(lines[i % 2].clone(), clerk, unit))
        });
        let mut numbers = BTreeSet::new();
        for received in both.collect::<Vec<_>>() {
            numbers.insert(received.await.expect("no panic").expect("received"));
        }
        for unit in UNITS {
            let scope = format!("{DIVISION}-{unit}-");
            let counts = numbers.iter().filter(|number| number.starts_with(&scope)).map(|number| &number[20..26]);
            let all: Vec<_> = (1..=100).map(|n| format!("{n:06}")).collect();
            assert_eq!(counts.collect::<Vec<_>>(), all, "unit {unit}");
        }
        let figures = figures_at_the_head(&gateway.channel(), &centre).await;
        assert_eq!(figures.received, 200);
    }
}

/// Five data folders, five addresses.
struct Town {
    database: TestDatabase,
    config: kit::config::Config,
    addresses: [(&'static str, SocketAddr); 5],
}

impl Town {
    async fn new(database: TestDatabase) -> Town {
        let roles = ["directory", "intake", "roster", "disclosure", "gateway"];
        let config = database.config(&roles).await;
        Town { database, config, addresses: roles.map(|role| (role, free_address())) }
    }

    fn data(&self, role: &str) -> std::path::PathBuf {
        self.config.data.join(role)
    }

    fn settings(&self, role: &'static str) -> Settings {
        let address = |role: &str| self.addresses.iter().find(|(of, _)| *of == role).expect("a role").1;
        let mut settings = Settings::role(role, &self.data(role), address(role))
            // Replicas share a key, and who keeps no secrets needs none of its own.
            .with(FOLDER, self.config.pki().display().to_string())
            .with("YIZHAN_KEY_FILE", self.config.data.join("master.key").display().to_string());
        for peer in ["directory", "intake", "roster", "disclosure"].into_iter().filter(|peer| *peer != role) {
            settings =
                settings.with(&format!("YIZHAN_PEERS__{}", peer.to_uppercase()), format!("https://{}", address(peer)));
        }
        if self.database.engine() == "postgres" {
            settings = settings.with(&format!("YIZHAN_DATABASES__{}", role.to_uppercase()), self.config.database(role));
        }
        settings
    }

    async fn start(&self, role: &'static str) -> Program {
        self.settings(role).start().await
    }
}

fn assert_unavailable(status: &Status) {
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(!kit::status::reason(status).is_empty(), "without a reason: {status:?}");
}

async fn get(door: &Keyring, name: &str) -> Result<pb::Case, Status> {
    let request = pb::GetCaseRequest { name: name.to_owned() };
    Ok(CaseServiceClient::new(door.clone()).get_case(request).await?.into_inner())
}

async fn publication(door: &Keyring, name: &str) -> Result<disclosure::Publication, Status> {
    let request = disclosure::GetPublicationRequest { name: name.to_owned(), ..Default::default() };
    Ok(PublicationServiceClient::new(door.clone()).get_publication(request).await?.into_inner())
}

async fn disclosure_figures(door: &Keyring, centre: &Centre) -> DisclosureFigures {
    let period = Some(about_now());
    let request = GetDisclosureFiguresRequest { parent: centre.name(), period, ..Default::default() };
    let answer = MetricsServiceClient::new(door.clone()).get_disclosure_figures(request).await;
    answer.expect("figures").into_inner().total.unwrap_or_default()
}

/// The figures, and up to which entry of intake's journal they count.
async fn figures(door: &Keyring, centre: &Centre) -> (Figures, i64) {
    let period = Some(about_now());
    let request = GetFiguresRequest { parent: centre.name(), period, ..Default::default() };
    let answer = MetricsServiceClient::new(door.clone()).get_figures(request).await.expect("figures").into_inner();
    (answer.total.unwrap_or_default(), answer.intake_seq)
}

/// The figures once the gateway has followed to the head.
async fn figures_at_the_head(door: &Keyring, centre: &Centre) -> Figures {
    until("the gateway follows", || async {
        let mut request = tonic::Request::new(ListHeadsRequest {});
        request.metadata_mut().insert("yizhan-service", "intake".parse().expect("a plain word"));
        request.set_timeout(Duration::from_secs(5));
        let heads = JournalServiceClient::new(door.clone()).list_heads(request).await.ok()?.into_inner().heads;
        let head = heads.into_iter().find(|head| head.division == centre.code)?.seq;
        let (figures, seq) = figures(door, centre).await;
        (seq == head).then_some(figures)
    })
    .await
}
