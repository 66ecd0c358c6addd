//! What the tests of services stand on: a fresh database of each engine, a clock that stands still, a server.
//!
//! ```ignore
//! #[tokio::test]
//! async fn a_unit_is_created_once() {
//!     for database in kit::testing::databases() {
//!         let config = database.config(&["directory"]).await;
//!         let routes = directory::open(&config, &kit::testing::clock("2026-02-09T09:00")).await.expect("opens");
//!         let mut units = DirectoryServiceClient::new(kit::testing::serve(routes).await);
//!     }
//! }
//! ```

use std::{cell::Cell, env, fs, io::Write, path::PathBuf, sync::Once, thread};

use axum::{extract::Request, middleware::Next, response::Response};
use jiff::{civil::DateTime, tz::Offset};
use proto::{identity::v1 as identity, rule};
use sea_orm::{ConnectionTrait, Database, DbErr};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tonic::{Status, service::Routes};
use uuid::Uuid;

use crate::{
    admit::{self, Place},
    caller::Caller,
    clock::{Clock, Moment},
    config::Config,
    peer::Peer,
    serve::{self, Limits},
};

/// Where the tests find a PostgreSQL that they may make databases in, for example
/// `postgres://postgres@127.0.0.1:5432/postgres`.
const POSTGRES: &str = "YIZHAN_TEST_POSTGRES";

/// A fresh place for a test's databases, on one engine. Dropped, it takes them away.
#[derive(Debug)]
pub struct TestDatabase {
    /// Keys and attachments, and on SQLite the databases.
    folder: PathBuf,
    /// The server, where it is PostgreSQL.
    server: Option<String>,
    /// The databases made there.
    made: Mutex<Vec<String>>,
}

/// One place on each engine: SQLite, and PostgreSQL where `YIZHAN_TEST_POSTGRES` is set.
pub fn databases() -> Vec<TestDatabase> {
    static SAID: Once = Once::new();
    let server = env::var(POSTGRES).ok().filter(|url| !url.is_empty());
    if server.is_none() {
        SAID.call_once(|| say(&format!("PostgreSQL skipped: {POSTGRES} is not set")));
    }
    [Some(None), server.map(Some)].into_iter().flatten().map(TestDatabase::new).collect()
}

impl TestDatabase {
    /// A place for SQLite alone.
    pub fn sqlite() -> TestDatabase {
        TestDatabase::new(None)
    }

    fn new(server: Option<String>) -> TestDatabase {
        let folder = env::temp_dir().join(format!("yizhan-test-{}", Uuid::new_v4().simple()));
        fs::create_dir_all(&folder).expect("a folder for the test");
        TestDatabase { folder, server, made: Mutex::default() }
    }

    /// `sqlite` or `postgres`.
    pub fn engine(&self) -> &'static str {
        if self.server.is_some() { "postgres" } else { "sqlite" }
    }

    /// A configuration with a database for each of these services; asked again, with the same databases, so that a
    /// service can be opened anew on what it left.
    pub async fn config(&self, services: &[&str]) -> Config {
        let mut config = Config { data: self.folder.clone(), ..Config::default() };
        let Some(server) = &self.server else { return config };
        for service in services {
            let tag = self.folder.file_name().and_then(|name| name.to_str()).and_then(|name| name.rsplit('-').next());
            let name = format!("yizhan_test_{}_{service}", tag.unwrap_or_default());
            // Held while the database is made: others who ask at the same time find it made.
            let mut made = self.made.lock().await;
            if !made.contains(&name) {
                create(server, &name).await.expect("a fresh PostgreSQL database");
                made.push(name.clone());
            }
            config.databases.insert((*service).to_owned(), with_database(server, &name));
        }
        config
    }
}

thread_local! {
    /// Whether this test has told where it failed.
    static TOLD: Cell<bool> = const { Cell::new(false) };
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // While a test fails, the places that its loop has not come to are dropped after the one it failed on.
        if thread::panicking() && !TOLD.replace(true) {
            say(&format!("{} failed on {}", thread::current().name().unwrap_or("a test"), self.engine()));
        }
        let made = std::mem::take(self.made.get_mut());
        if let Some(server) = self.server.take().filter(|_| !made.is_empty()) {
            // A runtime cannot be waited for from within itself, so this one has a thread of its own.
            let dropping = thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                runtime.block_on(remove(&server, &made))
            });
            if let Ok(Err(error)) = dropping.join() {
                say(&format!("a test database stays behind: {error}"));
            }
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A clock that stands at a civil time in Shanghai, for example `2026-02-09T09:00`.
pub fn clock(shanghai: &str) -> Clock {
    Clock::simulated(moment(shanghai))
}

/// A civil time in Shanghai as a moment.
pub fn moment(shanghai: &str) -> Moment {
    let civil: DateTime = shanghai.parse().expect("a civil time such as 2026-02-09T09:00");
    Moment(Offset::constant(8).to_timestamp(civil).expect("a time that exists").as_microsecond())
}

/// A request id that nobody used before.
pub fn request_id() -> String {
    Uuid::new_v4().to_string()
}

/// Serves routes on a free port of this machine as the program does, until the test's runtime ends; gives the way there.
/// Each call is let in ([`let_in`]).
pub async fn serve(routes: Routes) -> Peer {
    let routes = let_in(routes);
    let listener = serve::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    let routes = serve::with_health_and_reflection(routes).await.expect("reflection");
    tokio::spawn(serve::grpc(listener, routes, Limits::default(), CancellationToken::new()));
    Peer::connect(&format!("http://{address}")).expect("a URL")
}

/// The same routes, where each call comes from a caller whom the contract lets in: what the layers before a service prove
/// is tested with them.
pub fn let_in(routes: Routes) -> Routes {
    Routes::from(routes.into_axum_router().layer(axum::middleware::from_fn(from_whom_it_may)))
}

/// Makes a request one of somebody who fits its rule: with the first role that it names, of the division and at the
/// window that it is about, in the name of whom it says acts. Of the centre itself, and so of every unit.
async fn from_whom_it_may(request: Request, next: Next) -> Response {
    let Some(rule) = rule::of(request.uri().path()).filter(|rule| !rule.is_public()) else {
        return next.run(request).await;
    };
    let (mut parts, body) = request.into_parts();
    let (message, body) = match admit::first_message(body, rule.streams).await {
        Ok(read) => read,
        Err(refusal) => return Status::from(refusal).into_http(),
    };
    let text = |path| rule::text(&message, path).unwrap_or_default().to_owned();
    let (resource, window, actor) = (text(rule.resource), text(rule.window), text(rule.actor));
    let division = Place::of(&resource).division.or_else(|| Place::of(&window).division);
    let caller = Caller::from_message(identity::Caller {
        role: rule.grants[0].role.into(),
        name: if actor.is_empty() { "divisions/410223/people/TESTER".to_owned() } else { actor },
        division: division.map_or_else(|| "410223".to_owned(), |division| division.to_string()),
        // What is done at a window is done on one of its terminals.
        certificate: if window.is_empty() { Vec::new() } else { vec![0; 32] },
        window: window.rsplit('/').next().unwrap_or_default().to_owned(),
        ..Default::default()
    });
    parts.extensions.insert(caller.expect("a role, and six digits or none"));
    next.run(Request::from_parts(parts, body)).await
}

async fn create(server: &str, name: &str) -> Result<(), DbErr> {
    let admin = Database::connect(server).await?;
    // template0 is never connected to, so databases can be made from it at the same time.
    admin.execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE template0")).await?;
    admin.close().await
}

async fn remove(server: &str, names: &[String]) -> Result<(), DbErr> {
    let admin = Database::connect(server).await?;
    for name in names {
        admin.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
    }
    admin.close().await
}

/// The same server, another database.
fn with_database(server: &str, name: &str) -> String {
    let (url, options) = server.split_once('?').map_or((server, ""), |(url, options)| (url, options));
    let host = url.rsplit_once('/').map_or(url, |(host, _)| host);
    if options.is_empty() { format!("{host}/{name}") } else { format!("{host}/{name}?{options}") }
}

/// Past the capture of the test harness, so that it is seen of tests that pass, too.
fn say(what: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{what}");
}
