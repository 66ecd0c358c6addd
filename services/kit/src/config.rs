//! Configuration: defaults that run, then a file, then the environment. Parsed whole before a port is bound.

use std::{
    collections::{BTreeMap, HashMap},
    mem,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use config::{ConfigError, Environment, File, FileFormat, Value, ValueKind};
use serde::Deserialize;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    keys::Scheme,
    store::{Store, log::SecondSigner},
};

const PREFIX: &str = "YIZHAN_";

/// Every setting by its name in a file.
const SETTINGS: [&str; 28] = [
    "data",
    "listen",
    "web",
    "databases.directory",
    "databases.intake",
    "databases.roster",
    "databases.disclosure",
    "databases.gateway",
    "peers.directory",
    "peers.intake",
    "peers.roster",
    "peers.disclosure",
    "key_file",
    "cipher",
    "otlp",
    "metrics",
    "log_json",
    "calls",
    "connections",
    "rate",
    "head_interval",
    "witnesses",
    "quorum",
    "tls.folder",
    "tls.hosts",
    "oidc.issuer",
    "oidc.audience",
    "oidc.person_claim",
];

/// Variables of our prefix that others read: the log filter, the command line of the server and of the clients, the
/// tests.
const OTHERS: [&str; 19] = [
    "LOG",
    "CONFIG",
    "SERVER",
    "CREDENTIAL",
    "DIVISION",
    "WINDOW",
    "CLERK",
    "SPOOL",
    "TIMEOUT",
    "PROGRAM",
    "PLANTED_PROGRAM",
    "PLANT",
    "POSTGRES_LOCKED",
    "FACTS",
    "HISTORIES",
    "KILLS",
    "SEED",
    "TAMPERS",
    "ENTRIES",
];

/// What an operator may set. In a TOML file by these names; in the environment as `YIZHAN_LISTEN`,
/// `YIZHAN_DATABASES__INTAKE`, `YIZHAN_PEERS__DIRECTORY` and so on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where databases, keys and attachments lie.
    pub data: PathBuf,
    /// gRPC address.
    pub listen: SocketAddr,
    /// Address of the pages.
    pub web: SocketAddr,
    /// Database by service: `sqlite://…` or `postgres://…`; a service that is not named has a SQLite file in `data`.
    pub databases: BTreeMap<String, String>,
    /// URL by service, for the services that run elsewhere.
    pub peers: BTreeMap<String, String>,
    /// File with the service's master keys (32 bytes each); in `data` where it is not set. Replicas share one.
    pub key_file: Option<PathBuf>,
    /// What personal data is sealed with: `aes-256-gcm` or `sm4-gcm`. What the other has sealed is sealed anew.
    pub cipher: Scheme,
    /// OTLP endpoint for traces and metrics; none where it is not set.
    pub otlp: Option<String>,
    /// Address of `/metrics` for Prometheus, in the clear; none where it is not set.
    pub metrics: Option<SocketAddr>,
    /// Log lines as JSON.
    pub log_json: bool,
    /// Calls worked on at once.
    pub calls: usize,
    /// Connections at once.
    pub connections: usize,
    /// Calls of one caller in a second, with ten times that at once; 0 is no limit.
    pub rate: u32,
    /// Seconds between two signed heads of a journal that grows; 0 for signing when asked only.
    pub head_interval: u64,
    /// Who cosigns the heads of the journals: each an address and a key, `https://witness.example audit+0c3d9b4e+BL…`; in the
    /// environment with commas.
    #[serde(deserialize_with = "list")]
    pub witnesses: Vec<String>,
    /// So many of them must have cosigned what is published; all where it is not set.
    pub quorum: Option<usize>,
    pub tls: Tls,
    pub oidc: Oidc,
    /// What was opened by it, where the program closes that at its end; not a setting.
    #[serde(skip)]
    pub opened: Opened,
    /// Who signs heads beside each log's own key, say by SM2; not a setting.
    #[serde(skip)]
    pub second_signer: SecondSigner,
}

/// By what this installation is known.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Where certificates and keys lie; `pki` in `data` where it is not set. Roles on one machine share one.
    pub folder: Option<PathBuf>,
    /// Names and addresses that servers are reached by, besides this machine's own; in the environment with commas.
    #[serde(deserialize_with = "list")]
    pub hosts: Vec<String>,
}

/// An OpenID Connect issuer whose tokens staff may bring, instead of ours.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Oidc {
    /// URL of the issuer, as in its tokens' `iss`.
    pub issuer: Option<String>,
    /// What its tokens' `aud` must name.
    pub audience: Option<String>,
    /// The claim that holds a person's name, divisions/{division}/people/{code}.
    pub person_claim: String,
}

impl Default for Oidc {
    fn default() -> Oidc {
        Oidc { issuer: None, audience: None, person_claim: "yizhan_person".into() }
    }
}

/// A list, or one text with commas.
fn list<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        List(Vec<String>),
        Text(String),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::List(list) => list,
        Either::Text(text) => text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect(),
    })
}

impl Default for Config {
    fn default() -> Config {
        Config {
            data: "data".into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 4100)),
            web: SocketAddr::from(([127, 0, 0, 1], 4180)),
            databases: BTreeMap::new(),
            peers: BTreeMap::new(),
            key_file: None,
            cipher: Scheme::default(),
            otlp: None,
            metrics: None,
            log_json: false,
            calls: 1024,
            connections: 2048,
            rate: 100,
            head_interval: 60,
            witnesses: Vec::new(),
            quorum: None,
            tls: Tls::default(),
            oidc: Oidc::default(),
            opened: Opened::default(),
            second_signer: SecondSigner::default(),
        }
    }
}

impl Config {
    /// Reads the file, if one is named, and the environment. A name that nobody knows is refused: it is a setting that
    /// its owner believes to be in force.
    pub fn read(file: Option<&Path>) -> Result<Config, ConfigError> {
        let mut builder = config::Config::builder();
        if let Some(file) = file {
            builder = builder.add_source(File::from(file).format(FileFormat::Toml).required(true));
        }
        let mut environment = HashMap::new();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
            if !is_setting(name, &value.to_string_lossy())? {
                continue;
            }
            let Ok(value) = value.into_string() else {
                return Err(ConfigError::Message(format!("{name} in the environment is not UTF-8")));
            };
            environment.insert(name.to_owned(), value);
        }
        let source = Environment::with_prefix("YIZHAN").prefix_separator("_").separator("__");
        let read = builder.add_source(source.source(Some(environment))).build()?;
        for (key, value) in read.clone().try_deserialize::<HashMap<String, Value>>()? {
            let inner = match value.kind {
                ValueKind::Table(table) => table.into_keys().map(|inner| format!("{key}.{inner}")).collect(),
                _ => vec![key],
            };
            for key in inner {
                if !SETTINGS.contains(&key.as_str()) {
                    return Err(unknown(&key, SETTINGS.iter().map(|known| (*known).to_owned())));
                }
            }
        }
        read.try_deserialize()
    }

    /// The database of a service.
    pub fn database(&self, service: &str) -> String {
        let file = || format!("sqlite://{}?mode=rwc", self.data.join(format!("{service}.db")).display());
        self.databases.get(service).cloned().unwrap_or_else(file)
    }

    /// The folder with certificates and their keys.
    pub fn pki(&self) -> PathBuf {
        self.tls.folder.clone().unwrap_or_else(|| self.data.join("pki"))
    }

    /// The master keys' file.
    pub fn key_file(&self) -> PathBuf {
        self.key_file.clone().unwrap_or_else(|| self.data.join("master.key"))
    }
}

/// The databases that services have opened, so that the program can close them when nobody is served any more. By default
/// nobody does: a database is then closed when the last who uses it is gone.
#[derive(Clone, Debug, Default)]
pub struct Opened(Option<Arc<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    stores: Mutex<Vec<Store>>,
    last: Mutex<Vec<JoinHandle<()>>>,
    closing: CancellationToken,
}

impl Opened {
    /// A list that the program closes.
    pub fn kept() -> Opened {
        Opened(Some(Arc::default()))
    }

    /// Told of a database by the service that has opened it.
    pub fn add(&self, store: &Store) {
        if let Some(inner) = &self.0 {
            inner.stores.lock().unwrap_or_else(PoisonError::into_inner).push(store.clone());
        }
    }

    /// Does a service's own work in the background, until the databases are closed.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        match &self.0 {
            Some(inner) => drop(tokio::spawn(inner.closing.clone().run_until_cancelled_owned(work))),
            None => drop(tokio::spawn(work)),
        }
    }

    /// Does what a service has left to do before the databases are closed.
    pub fn at_last(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(inner) = &self.0 {
            let closing = inner.closing.clone();
            let work = tokio::spawn(async move {
                closing.cancelled().await;
                work.await;
            });
            inner.last.lock().unwrap_or_else(PoisonError::into_inner).push(work);
        }
    }

    /// Closes all of them, the last opened first: SQLite folds its write-ahead log into the file.
    pub async fn close(&self) {
        let Some(inner) = &self.0 else { return };
        inner.closing.cancel();
        let last = mem::take(&mut *inner.last.lock().unwrap_or_else(PoisonError::into_inner));
        futures::future::join_all(last).await;
        let mut stores = mem::take(&mut *inner.stores.lock().unwrap_or_else(PoisonError::into_inner));
        while let Some(store) = stores.pop() {
            let service = store.service;
            if let Err(error) = store.close().await {
                tracing::warn!(%error, service, "a database was not closed in good order");
            }
        }
    }
}

/// A setting's name in the environment.
fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

/// Whether a variable of our prefix is a setting; false where others read it.
fn is_setting(name: &str, value: &str) -> Result<bool, ConfigError> {
    if SETTINGS.iter().any(|key| variable(key) == name) {
        return Ok(true);
    }
    let rest = name.strip_prefix(PREFIX).unwrap_or(name);
    // Kubernetes tells every container of every service: beside a service named `yizhan` stand YIZHAN_SERVICE_HOST,
    // YIZHAN_SERVICE_PORT, YIZHAN_PORT=tcp://… and YIZHAN_PORT_4100_TCP_ADDR.
    let kubernetes = ["SERVICE_HOST", "SERVICE_PORT", "_TCP", "_UDP"].iter().any(|part| rest.contains(part))
        || (rest.ends_with("PORT") && value.contains("://"));
    if kubernetes || OTHERS.contains(&rest) || rest.starts_with("TEST_") {
        return Ok(false);
    }
    let others = OTHERS.iter().map(|other| format!("{PREFIX}{other}"));
    Err(unknown(name, SETTINGS.iter().map(|key| variable(key)).chain(others)))
}

/// Names what is not known, and the known names that are nearest to it.
fn unknown(name: &str, known: impl Iterator<Item = String>) -> ConfigError {
    let mut near: Vec<_> = known.map(|known| (distance(name, &known), known)).collect();
    near.sort();
    let near: Vec<_> = near.iter().take(3).map(|(_, known)| format!("`{known}`")).collect();
    ConfigError::Message(format!("there is no setting `{name}`; the nearest are {}", near.join(", ")))
}

/// How many letters must be put in, taken out or exchanged to make one text of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.chars().enumerate() {
            let exchanged = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = exchanged.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}
