//! By what a server is known: its certificate, and the authority that it trusts. A first run makes them.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use kit::{
    config::Config,
    pki::{self, Authority, CLIENT_LIFE, Identity, SERVICE_LIFE},
    tls,
};

use crate::trouble;

/// How often a renewed certificate is looked for.
const LOOK: Duration = Duration::from_secs(60);
/// This machine, by the names that its own programs call it.
const HERE: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What the files of an operator begin with, before the name.
pub const OPERATOR: &str = "operator-";

/// The papers of one role.
pub struct Papers {
    pub server: tls::Server,
    pub client: tls::Client,
    kept: Kept,
}

/// Where they lie, and what they say.
struct Kept {
    folder: PathBuf,
    role: &'static str,
    hosts: Vec<String>,
}

impl Papers {
    /// Reads those of a role. Where there are none yet, or the authority is here, they are made.
    pub fn open(config: &Config, role: &'static str) -> anyhow::Result<Papers> {
        let folder = config.pki();
        let kept = Kept { hosts: hosts(config), role, folder };
        kept.open().map_err(|error| {
            let shown = kept.folder.display();
            trouble(
                format!("证书无法使用：{error}。在其他机器上运行时，请把 ca.pem、{role}.pem 和 {role}.key 放入 {shown}"),
                format!("no certificate: {error}; elsewhere than the authority, bring ca.pem, {role}.pem and {role}.key to {shown}"),
            )
        })
        .map(|(server, client)| Papers { server, client, kept })
    }

    /// Renews what grows old, and uses what was renewed, for as long as it is polled.
    pub async fn keep(self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let renewed = self.kept.renew().and_then(|()| Ok(self.server.reload()? | self.client.reload()?));
            match renewed {
                Ok(true) => tracing::info!(role = self.kept.role, "the certificate was renewed"),
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "the certificate could not be renewed"),
            }
        }
    }
}

impl Kept {
    fn open(&self) -> io::Result<(tls::Server, tls::Client)> {
        let ca = self.folder.join(pki::AUTHORITY);
        if !ca.exists() {
            Authority::open(&self.folder)?;
        }
        self.renew()?;
        let stem = self.folder.join(self.role);
        Ok((tls::Server::open(&ca, &stem)?, tls::Client::open(&ca, Some(&stem))?))
    }

    fn renew(&self) -> io::Result<()> {
        if !Authority::exists(&self.folder) {
            return Ok(());
        }
        let authority = Authority::open(&self.folder)?;
        let of = |stem: &str, name: &str, hosts: &[String], life| {
            Identity::open_or_issue(&self.folder.join(stem), &authority, name, hosts, life).map(drop)
        };
        of(self.role, &format!("services/{}", self.role), &self.hosts, SERVICE_LIFE)?;
        of("operator", "operators/first", &[], CLIENT_LIFE)?;
        // The role's own papers are made: what is wrong with another's is nobody else's trouble.
        for (code, name) in others(&self.folder) {
            if let Err(error) = of(&format!("{OPERATOR}{code}"), &name, &[], CLIENT_LIFE) {
                tracing::warn!(%error, name, "an operator's certificate was not renewed");
            }
        }
        Ok(())
    }
}

/// The operators that were made besides the first, and their names: those whose two files lie here and say so themselves.
/// A file alone makes nobody an operator.
fn others(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let codes = files.filter_map(|file| Some(file.strip_prefix(OPERATOR)?.strip_suffix(".pem")?.to_owned()));
    let named = codes.map(|code| (code.clone(), format!("operators/{code}")));
    named.filter(|(code, name)| is_of(&folder.join(format!("{OPERATOR}{code}")), name)).collect()
}

/// Whether the certificate of a stem says this name, with its key beside it.
fn is_of(stem: &Path, name: &str) -> bool {
    Identity::open(stem).is_ok_and(|identity| identity.name().as_deref() == Some(name))
}

/// What a server is reached by.
fn hosts(config: &Config) -> Vec<String> {
    let mut hosts: Vec<String> = HERE.iter().map(|host| (*host).to_owned()).collect();
    let address = |address: SocketAddr| Some(address.ip()).filter(|ip| !ip.is_unspecified()).map(|ip| ip.to_string());
    let more = [address(config.listen), address(config.web)].into_iter().flatten().chain(config.tls.hosts.clone());
    for host in more {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_whose_files_are_no_use_stops_nobody_and_a_file_makes_nobody_an_operator() {
        let folder = std::env::temp_dir().join(format!("yizhan-test-{}", uuid::Uuid::new_v4()));
        let kept = Kept { folder: folder.clone(), role: "gateway", hosts: HERE.map(str::to_owned).to_vec() };
        kept.open().expect("made");
        let authority = Authority::open(&folder).expect("the authority");
        let old = |name: &str| authority.issue(name, &[], Duration::from_secs(60)).expect("a credential");
        old("operators/li").save(&folder.join("operator-li")).expect("written");
        old("divisions/410223/terminals/T1").save(&folder.join("operator-thief")).expect("written");
        old("operators/bad").save(&folder.join("operator-bad")).expect("written");
        fs::write(folder.join("operator-bad.key"), "no key").expect("written");
        fs::write(folder.join("operator-empty.pem"), "").expect("written");
        old("operators/keyless").save(&folder.join("operator-keyless")).expect("written");
        fs::remove_file(folder.join("operator-keyless.key")).expect("removed");

        kept.open().expect("opened");
        let is_old = |stem: &str| Identity::open(&folder.join(stem)).expect("there").is_old();
        assert!(!is_old("gateway") && !is_old("operator-li") && is_old("operator-thief") && is_old("operator-bad"));
        for left_alone in ["operator-empty.key", "operator-keyless.key"] {
            assert!(!folder.join(left_alone).exists(), "{left_alone}");
        }
        fs::remove_dir_all(folder).expect("removed");
    }
}
