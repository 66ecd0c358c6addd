//! The built program, run as a process of its own, killed or stopped like one.

use std::{
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::OnceLock,
};

use kit::keyring::Keyring;
use tokio::process::{Child, Command as AsyncCommand};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use super::{PATIENCE, until};

/// Names a program to be tested instead of the one that is built here.
const PROGRAM: &str = "YIZHAN_PROGRAM";

/// Names the folder of certificates where several programs share one.
pub const FOLDER: &str = "YIZHAN_TLS__FOLDER";

/// The program as these sources build it. Built only where the test's own build has not done so already.
pub fn built() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| env::var_os(PROGRAM).map_or_else(|| build(&[]), PathBuf::from)).clone()
}

/// Builds the program, with `more` arguments to cargo, in the folder and the profile of the running test.
pub fn build(more: &[&str]) -> PathBuf {
    let test = env::current_exe().expect("the path of this test");
    let folder = test.parent().and_then(Path::parent).expect("a test lies in target/PROFILE/deps");
    let program = folder.join(format!("yizhan{}", env::consts::EXE_SUFFIX));
    let Some(cargo) = env::var_os("CARGO") else {
        assert!(program.is_file(), "{} is not there: run this by `cargo test`, or set {PROGRAM}", program.display());
        return program;
    };
    let profile = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    // The whole workspace and an example: so dependencies are built with the same features as for `cargo test
    // --workspace`, and not a second time.
    let done = Command::new(cargo)
        .args(["build", "--quiet", "--workspace", "--bin", "yizhan", "--example", "days", "--profile"])
        .arg(if profile == "debug" { "dev" } else { profile })
        .args(more)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stdin(Stdio::null())
        .status();
    let built = done.is_ok_and(|status| status.success());
    assert!(built, "the program cannot be built: try `cargo build --bin yizhan`, or set {PROGRAM}");
    program
}

/// What a process is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    pub program: PathBuf,
    /// None for all in one process.
    pub role: Option<&'static str>,
    pub data: PathBuf,
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Training mode: its simulated clock begins here, Shanghai time.
    pub simulate: Option<&'static str>,
    /// Further environment, for example `YIZHAN_PEERS__INTAKE`.
    pub environment: Vec<(String, String)>,
}

impl Settings {
    /// All in one process on a data folder, on free ports.
    pub fn all(data: &Path) -> Settings {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        Settings {
            program: built(),
            role: None,
            data: data.to_owned(),
            listen,
            simulate: None,
            environment: Vec::new(),
        }
    }

    /// One role, at an address that others know.
    pub fn role(role: &'static str, data: &Path, listen: SocketAddr) -> Settings {
        Settings { role: Some(role), listen, ..Settings::all(data) }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Settings {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Where its certificates lie.
    fn pki(&self) -> PathBuf {
        let named = self.environment.iter().find(|(name, _)| name == FOLDER);
        named.map_or_else(|| self.data.join("pki"), |(_, folder)| folder.into())
    }

    /// Starts the process, and gives it once it listens.
    pub async fn start(&self) -> Program {
        let mut program = self.spawn();
        let what = format!("{self:?} listens");
        let started = until(&what, || {
            // Judged before the log is read, so that what a process said last is not missed.
            let ended = program.child.try_wait().expect("the state of a child");
            let said = program.said();
            async move {
                let listening =
                    said.lines().find(|line| line.contains(" listening ") || line.contains("\"listening\""));
                assert!(listening.is_some() || ended.is_none(), "the program ended ({ended:?}):\n{said}");
                listening.map(str::to_owned)
            }
        });
        let line = started.await;
        // As a text, `grpc=127.0.0.1:4100`, or as JSON, `"grpc":"127.0.0.1:4100"`.
        let address = |key: &str| {
            let rest = line.split_once(key)?.1.trim_start_matches(['"', '=', ':']).trim_start_matches("https://");
            rest.trim_start_matches("http://").split([' ', '"']).next()?.parse().ok()
        };
        program.grpc = address("grpc").unwrap_or_else(|| panic!("no address in {line:?}"));
        program.web = address("pages");
        program
    }

    /// Starts the process and waits for nothing.
    pub fn spawn(&self) -> Program {
        fs::create_dir_all(&self.data).expect("a data folder");
        let log = self.data.join(format!("{}.log", self.role.unwrap_or("all")));
        let file = fs::File::options().create(true).append(true).open(&log).expect("a log");
        let skip = file.metadata().expect("a log").len();
        let child = AsyncCommand::new(&self.program)
            .arg("serve")
            .args(self.role)
            .arg("--data")
            .arg(&self.data)
            .args(["--listen", &self.listen.to_string(), "--web", "127.0.0.1:0"])
            .args(self.simulate.into_iter().flat_map(|from| ["--simulate", from]))
            // Nothing of the machine's own settings reaches the process.
            .env_clear()
            // The tests call as fast as they can.
            .env("YIZHAN_RATE", "0")
            .envs(env::vars().filter(|(name, _)| !name.starts_with("YIZHAN_")))
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a log"))
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}", self.program.display()));
        Program { child, grpc: self.listen, web: None, pki: self.pki(), ring: OnceLock::new(), log, skip }
    }
}

/// A running process. Dropped, it is killed.
pub struct Program {
    child: Child,
    pub grpc: SocketAddr,
    pub web: Option<SocketAddr>,
    pki: PathBuf,
    ring: OnceLock<Keyring>,
    log: PathBuf,
    /// Where its own words begin in the log.
    skip: u64,
}

impl Program {
    /// The way in, as whoever a call asks for.
    pub fn channel(&self) -> Keyring {
        let url = || format!("https://{}", self.grpc);
        self.ring.get_or_init(|| Keyring::open(&url(), &self.pki).expect("the operator's credential")).clone()
    }

    /// Waits until health says SERVING.
    pub async fn serving(&self) {
        until("health", || async {
            let mut health = HealthClient::new(self.channel());
            let answer = health.check(HealthCheckRequest::default()).await.ok()?.into_inner();
            (answer.status() == ServingStatus::Serving).then_some(())
        })
        .await;
    }

    /// kill -9.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("a child can be killed");
    }

    /// SIGTERM, and how it ended.
    pub async fn stop(mut self) -> ExitStatus {
        let id = self.child.id().expect("a running process").to_string();
        let told = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status().expect("sh");
        assert!(told.success(), "SIGTERM reaches the program");
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("the program ends").expect("its exit code")
    }

    /// What this process has logged.
    pub fn said(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(bytes.get(self.skip as usize..).unwrap_or_default()).into_owned()
    }
}

/// An address that is free now, for a process that others have to know before it runs.
pub fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address")
}
