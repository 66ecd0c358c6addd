//! Configuration: defaults that run, then a file, then the environment. Parsed whole before a port is bound.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use config::{ConfigError, Environment, File, FileFormat};
use serde::Deserialize;

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
    /// File with the service's master key (32 bytes); in `data` where it is not set. Replicas share one.
    pub key_file: Option<PathBuf>,
    /// OTLP endpoint for traces and metrics; none where it is not set.
    pub otlp: Option<String>,
    /// Log lines as JSON.
    pub log_json: bool,
    /// Calls worked on at once.
    pub calls: usize,
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
            otlp: None,
            log_json: false,
            calls: 1024,
        }
    }
}

impl Config {
    /// Reads the file, if one is named, and the environment.
    pub fn read(file: Option<&Path>) -> Result<Config, ConfigError> {
        let mut builder = config::Config::builder();
        if let Some(file) = file {
            builder = builder.add_source(File::from(file).format(FileFormat::Toml).required(true));
        }
        // Only names of ours: YIZHAN_LOG is read by the log filter, YIZHAN_TEST_… by the tests.
        let ours = |name: &str| {
            let name = name.strip_prefix("YIZHAN_").unwrap_or_default();
            let plain = ["DATA", "LISTEN", "WEB", "KEY_FILE", "OTLP", "LOG_JSON", "CALLS"].contains(&name);
            plain || name.starts_with("DATABASES__") || name.starts_with("PEERS__")
        };
        let mut environment = HashMap::new();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| ours(name)) else { continue };
            let Ok(value) = value.into_string() else {
                return Err(ConfigError::Message(format!("{name} in the environment is not UTF-8")));
            };
            environment.insert(name.to_owned(), value);
        }
        let source = Environment::with_prefix("YIZHAN").prefix_separator("_").separator("__");
        builder.add_source(source.source(Some(environment))).build()?.try_deserialize()
    }

    /// The database of a service.
    pub fn database(&self, service: &str) -> String {
        let file = || format!("sqlite://{}?mode=rwc", self.data.join(format!("{service}.db")).display());
        self.databases.get(service).cloned().unwrap_or_else(file)
    }

    /// The master key's file.
    pub fn key_file(&self) -> PathBuf {
        self.key_file.clone().unwrap_or_else(|| self.data.join("master.key"))
    }
}
