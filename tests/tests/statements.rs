//! Figures that are stated for good: counted by hand beside, superseded, given away and checked by an outsider; and what
//! happens to them where somebody has been at the databases.

mod house;

use std::{collections::BTreeMap, io::Cursor};

use futures::future::join_all;
use house::{
    about_now,
    centre::{Centre, UNITS, request_id},
    program::{Program, Settings},
    steps, until,
};
use kit::{clock::Clock, config::Config, keyring::Keyring, status::reason, testing::databases};
use proto::{
    gateway::v1::{self as pb, figure_service_client::FigureServiceClient},
    intake::v1::{self as intake, case_service_client::CaseServiceClient},
};
use sea_orm::{ConnectionTrait, Database};
use tonic::Status;
use verify::{check::check, heads::Trust};

const SERVICES: [&str; 5] = ["directory", "intake", "roster", "disclosure", "gateway"];

/// A centre at work, and the figures of it.
struct Place {
    program: Program,
    config: Config,
    door: Keyring,
    centre: Centre,
}

impl Place {
    async fn open(database: &kit::testing::TestDatabase) -> Place {
        let config = database.config(&SERVICES).await;
        let mut settings = Settings::all(&config.data);
        for (service, url) in &config.databases {
            settings = settings.with(&format!("YIZHAN_DATABASES__{}", service.to_uppercase()), url);
        }
        let program = settings.start().await;
        let door = program.channel();
        let centre = Centre::open(door.clone(), "410223").await;
        Place { program, config, door, centre }
    }

    fn figures(&self) -> FigureServiceClient<Keyring> {
        FigureServiceClient::new(self.door.clone())
    }

    async fn receive(&self, unit: &str, change: impl FnOnce(&mut intake::ReceiveCaseRequest)) -> String {
        let mut request = self.centre.receipt(unit);
        change(&mut request);
        CaseServiceClient::new(self.door.clone()).receive_case(request).await.expect("received").into_inner().name
    }

    /// One received, one withdrawn, one late, one ended, and one accepted in each unit; gives an accepted one's name.
    async fn work(&self) -> String {
        self.receive(UNITS[0], |_| {}).await;
        let name = self.receive(UNITS[0], |_| {}).await;
        let (clerk, reason) = (self.centre.clerk(UNITS[0]), "不办了".to_owned());
        let withdraw =
            intake::WithdrawCaseRequest { name, clerk, reason, request_id: request_id(), ..Default::default() };
        CaseServiceClient::new(self.door.clone()).withdraw_case(withdraw).await.expect("withdrawn");
        let an_hour_ago = kit::clock::Moment(Clock::real().now().0 - 3_600_000_000).timestamp();
        let late = |request: &mut intake::ReceiveCaseRequest| {
            (request.accept_now, request.received_at) = (true, Some(an_hour_ago));
        };
        self.receive(UNITS[0], late).await;
        steps::whole_case(&self.door, &self.centre).await;
        self.receive(UNITS[1], |request| request.accept_now = true).await;
        self.receive(UNITS[0], |request| request.accept_now = true).await
    }

    /// Waits until the gateway has followed so many receptions.
    async fn has_counted(&self, received: i64) {
        until("the gateway has counted them", || async {
            let twice = self.figures().recount_figure(self.question("received", "")).await.ok()?.into_inner();
            (twice.stated?.numerator == received).then_some(())
        })
        .await;
    }

    fn question(&self, definition: &str, unit: &str) -> pb::RecountFigureRequest {
        pb::RecountFigureRequest {
            name: self.centre.name(),
            definition: definition.into(),
            period: Some(about_now()),
            unit: unit.into(),
        }
    }

    fn publication(&self, definition: &str, unit: &str) -> pb::PublishFigureRequest {
        pb::PublishFigureRequest {
            parent: self.centre.name(),
            definition: definition.into(),
            period: Some(about_now()),
            unit: unit.into(),
            request_id: request_id(),
        }
    }

    async fn publish(&self, definition: &str, unit: &str) -> Result<pb::PublishedFigure, Status> {
        Ok(self.figures().publish_figure(self.publication(definition, unit)).await?.into_inner())
    }

    async fn get(&self, name: &str) -> Result<pb::PublishedFigure, Status> {
        let request = pb::GetPublishedFigureRequest { name: name.into() };
        Ok(self.figures().get_published_figure(request).await?.into_inner())
    }

    /// Everything that was stated, the newest first, page by page.
    async fn list(&self, definition: &str, page_size: i32) -> Vec<pb::PublishedFigure> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let (parent, definition) = (self.centre.name(), definition.to_owned());
            let request = pb::ListPublishedFiguresRequest { parent, page_size, page_token, definition };
            let page = self.figures().list_published_figures(request).await.expect("a page").into_inner();
            assert!(page.figures.len() <= page_size as usize);
            all.extend(page.figures);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }

    async fn export(&self, services: &[&str]) -> Result<Vec<u8>, Status> {
        let services = services.iter().map(|service| (*service).to_owned()).collect();
        let request = pb::ExportBundleRequest { parent: self.centre.name(), services };
        let mut pieces = self.figures().export_bundle(request).await?.into_inner();
        let mut bundle = Vec::new();
        while let Some(piece) = pieces.message().await? {
            bundle.extend(piece.data);
        }
        Ok(bundle)
    }

    /// As the database's own superuser.
    async fn alter(&self, service: &str, statement: &str) {
        let db = Database::connect(self.config.database(service)).await.expect("connected");
        let done = db.execute_unprepared(statement).await.expect("rows can be changed by who may");
        assert_eq!(done.rows_affected(), 1, "{statement}");
        db.close().await.expect("closed");
    }
}

fn stated(figure: &pb::PublishedFigure) -> (&str, i64, i64) {
    let statement = figure.statement.as_ref().expect("a statement");
    (&statement.stated, statement.numerator, statement.denominator)
}

/// Of what [`Place::work`] does: six received, four of them accepted, one of those ended. What is public was formed months ago.
const BY_HAND: [(&str, &str, i64, i64); 21] = [
    ("received", "6", 6, 0),
    ("accepted", "4", 4, 0),
    ("completed", "1", 1, 0),
    ("completion-rate", "25.00%", 1, 4),
    ("on-time-rate-legal", "100.00%", 1, 1),
    ("on-time-rate-promised", "100.00%", 1, 1),
    ("open", "3", 3, 0),
    ("overdue-legal", "0", 0, 0),
    ("overdue-promised", "0", 0, 0),
    ("refused", "0", 0, 0),
    ("lapsed", "0", 0, 0),
    ("withdrawn", "1", 1, 0),
    ("instant-rate", "0.00%", 0, 4),
    ("deemed-accepted", "0", 0, 0),
    ("late-entered", "1", 1, 0),
    ("closed", "1", 1, 0),
    ("attendance-rate", "—", 0, 0),
    ("absent", "0", 0, 0),
    ("published", "1", 1, 0),
    ("published-on-time-rate", "0.00%", 0, 1),
    ("conformance-rate", "0.00%", 0, 1),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_is_what_a_hand_counts_and_an_outsider_counts_it_again() {
    for database in databases() {
        let place = Place::open(&database).await;
        let accepted = place.work().await;
        steps::published(&place.door, &place.centre).await;
        place.has_counted(6).await;
        until("the gateway has counted what is public", || async {
            let twice = place.figures().recount_figure(place.question("published", "")).await.ok()?.into_inner();
            (twice.stated?.numerator == 1).then_some(())
        })
        .await;

        let definitions = place.figures().list_definitions(pb::ListDefinitionsRequest {}).await.expect("definitions");
        let definitions = definitions.into_inner().definitions;
        let ids: Vec<_> = definitions.iter().map(|definition| definition.id.as_str()).collect();
        assert_eq!(ids, BY_HAND.map(|(id, ..)| id), "each of them is counted by hand here");
        for (id, text, numerator, denominator) in BY_HAND {
            if ["attendance-rate", "absent"].contains(&id) {
                let refused = place.publish(id, "").await.expect_err("there are no rosters here");
                assert_eq!(reason(&refused), "JOURNAL_EMPTY");
                continue;
            }
            let figure = place.publish(id, "").await.expect("published");
            assert_eq!(stated(&figure), (text, numerator, denominator), "{id}");
            let rate = (numerator * 10_000).checked_div(denominator).map(|points| points as i32);
            assert_eq!(figure.basis_points, rate, "{id}");
            assert_eq!(place.get(&figure.name).await.expect("it is there"), figure);
            let recount = pb::RecountFigureRequest { name: figure.name, ..Default::default() };
            let twice = place.figures().recount_figure(recount).await.expect("counted").into_inner();
            assert!(twice.agrees && twice.entries > 0, "{id}: {twice:?}");
        }
        let of_a_unit = place.publish("accepted", UNITS[1]).await.expect("published");
        assert_eq!(stated(&of_a_unit).1, 1);
        let of_nobody = place.publish("completion-rate", "999").await.expect("published");
        assert_eq!(stated(&of_nobody), ("—", 0, 0));

        let first = place.list("completion-rate", 1).await.pop().expect("the first of them");
        steps::finish(&place.door, &place.centre, &accepted).await;
        let second = until("the gateway has followed", || async {
            let figure = place.publish("completion-rate", "").await.expect("published");
            (stated(&figure).1 == 2).then_some(figure)
        })
        .await;
        assert_eq!(stated(&second), ("50.00%", 2, 4));
        let first = place.get(&first.name).await.expect("it stays");
        assert_eq!(stated(&first), ("25.00%", 1, 4), "what was stated stays as it was");
        assert!(!first.superseded_by.is_empty() && second.superseded_by.is_empty());

        let bundle = place.export(&["intake", "roster", "disclosure", "gateway"]).await.expect("exported");
        let report = check(Cursor::new(&bundle), &Trust::default()).expect("it can be read");
        assert!(report.finding.is_none(), "{:?}", report.finding);
        let counted = report.figures.iter().filter(|figure| figure.counted.is_some()).count();
        assert!(counted >= BY_HAND.len() - 2, "{counted} were counted again");
        for part in 1..64 {
            let mut bundle = bundle.clone();
            let at = part * bundle.len() / 64;
            bundle[at] ^= 0x10;
            let is_wrong = check(Cursor::new(&bundle), &Trust::default()).is_ok_and(|report| report.finding.is_none());
            assert!(!is_wrong, "a byte at {at} of {} is another one, and nobody says so", bundle.len());
        }
        assert!(place.program.stop().await.success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_one_effect_and_publishers_at_once_stand_in_one_row() {
    for database in databases() {
        let place = Place::open(&database).await;
        let mut figures = place.figures();
        let request = place.publication("open", "");
        let once = figures.publish_figure(request.clone()).await.expect("published").into_inner();
        let again = figures.publish_figure(request.clone()).await.expect("published before").into_inner();
        assert_eq!(once, again);
        let other = pb::PublishFigureRequest { definition: "closed".into(), ..request.clone() };
        assert_eq!(reason(&figures.publish_figure(other).await.expect_err("another request")), "REQUEST_ID_REUSED");

        let published = join_all((0..6).map(|_| place.publish("open", ""))).await;
        assert!(published.iter().all(Result::is_ok), "{published:?}");
        let row = place.list("open", 2).await;
        assert_eq!(row.len(), 7);
        assert_eq!(row[0].superseded_by, "");
        assert!(row.windows(2).all(|two| two[1].superseded_by == two[0].name), "{row:?}");

        let wrong: BTreeMap<&str, pb::PublishFigureRequest> = BTreeMap::from([
            ("FIELD_INVALID", pb::PublishFigureRequest { period: None, ..request.clone() }),
            ("DEFINITION_NOT_FOUND", pb::PublishFigureRequest { definition: "beauty".into(), ..request.clone() }),
        ]);
        for (why, request) in wrong {
            assert_eq!(reason(&figures.publish_figure(request).await.expect_err("refused")), why);
        }
        let period = Some(pb::Period { first: "2026-02-01".into(), last: "2026-01-01".into() });
        for wrong in [
            pb::PublishFigureRequest { period, ..request.clone() },
            pb::PublishFigureRequest { unit: "张三".into(), ..request.clone() },
            pb::PublishFigureRequest { parent: "410223".into(), ..request.clone() },
            pb::PublishFigureRequest { request_id: "once".into(), ..request.clone() },
        ] {
            let refused = figures.publish_figure(wrong.clone()).await.expect_err("refused");
            assert_eq!(reason(&refused), "FIELD_INVALID", "{wrong:?}");
        }
        let none = format!("{}/figures/open-2016-01-01-2016-12-31-1", place.centre.name());
        assert_eq!(reason(&place.get(&none).await.expect_err("there is none")), "FIGURE_NOT_FOUND");
        assert!(place.program.stop().await.success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_at_a_time_is_given_everything_and_who_stops_reading_holds_up_nobody() {
    let place = Place::open(&kit::testing::TestDatabase::sqlite()).await;
    place.work().await;
    place.has_counted(6).await;
    let request = pb::ExportBundleRequest { parent: place.centre.name(), services: Vec::new() };
    let held = place.figures().export_bundle(request).await.expect("it begins").into_inner();
    if let Err(refused) = place.export(&["intake"]).await {
        assert_eq!(reason(&refused), "BUNDLE_BUSY", "{refused:?}");
    }
    drop(held);
    until("who has gone is in nobody's way", || async { place.export(&["intake"]).await.ok() }).await;
    let refused = place.export(&["nobody"]).await.expect_err("there is no such journal");
    assert_eq!(reason(&refused), "FIELD_INVALID");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_somebody_was_at_the_databases_nothing_is_published() {
    for database in databases() {
        let place = Place::open(&database).await;
        place.work().await;
        place.has_counted(6).await;
        place.publish("completion-rate", "").await.expect("all is well");

        // An open case is made to vanish from the gateway's figures.
        let vanish =
            "DELETE FROM case_facts WHERE number = (SELECT max(number) FROM case_facts WHERE ended_on IS NULL)";
        place.alter("gateway", vanish).await;
        let refused = place.publish("completion-rate", "").await.expect_err("the two counts differ");
        assert_eq!(reason(&refused), "RECOUNT_DIFFERS", "{refused:?}");
        let recount = place.figures().recount_figure(place.question("completion-rate", "")).await.expect("counted");
        assert!(!recount.into_inner().agrees);
        assert_eq!(place.list("", 50).await.len(), 1, "nothing was published");

        // The last entry of the journal, which no head covers yet, is made to say something else.
        place.receive(UNITS[0], |_| {}).await;
        let another = "UPDATE journal SET actor = 'somebody else' WHERE seq = (SELECT max(seq) FROM journal)";
        place.alter("intake", another).await;
        let refused = until("the gateway has followed", || async {
            let refused = place.publish("received", "").await.err()?;
            (reason(&refused) == "LOG_CORRUPT").then_some(refused)
        })
        .await;
        assert_eq!(refused.code(), tonic::Code::DataLoss);
        assert_eq!(place.list("", 50).await.len(), 1, "nothing was published");
        // Who works there goes on.
        place.receive(UNITS[0], |_| {}).await;
    }
}
