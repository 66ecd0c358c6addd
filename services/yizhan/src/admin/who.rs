//! `yizhan admin who`: everybody who has a credential, and the keys.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use kit::{
    clock::{Moment, wall},
    id::Division as Code,
};
use prost_types::Timestamp;
use proto::directory::v1::{self as pb, CredentialKind as Kind};
use serde_json::json;

use super::{all, client, operators, table};
use crate::{
    name::{Division, last},
    peer::{To, refused, timed},
    time,
};

pub async fn run(json: bool, to: &To, division: &Division) -> anyhow::Result<()> {
    let parent = division.parent()?;
    let mut client = client(to)?;
    let mut holders: Vec<Holder> = all(&mut client, parent).await?.into_iter().map(Holder::known).collect();
    let known = all(&mut client, Code::NATIONAL.name()).await?.into_iter().filter(|one| one.kind() == Kind::Operator);
    holders.extend(with_those_here(known, to));
    let keys = client.list_signing_keys(timed(pb::ListSigningKeysRequest {})).await;
    let keys = keys.map_err(|status| refused(&status))?.into_inner().keys;
    let mut out = io::stdout().lock();
    if json {
        holders.iter().try_for_each(|holder| writeln!(out, "{}", holder.json()))?;
        return Ok(keys.iter().try_for_each(|key| writeln!(out, "{}", json_of(key)))?);
    }
    let heading = ["凭证 · credential", "状态 · state", "自 · since", "说明 · about"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(heading).chain(holders.iter().map(Holder::row)).collect();
    table::write(&mut out, &rows)?;
    writeln!(out)?;
    Ok(table::write(&mut out, &self::keys(&keys))?)
}

/// Operators that the service knows, and those whose certificates lie here.
fn with_those_here(known: impl Iterator<Item = pb::Credential>, to: &To) -> impl Iterator<Item = Holder> {
    let mut operators: BTreeMap<String, Holder> =
        known.map(|credential| (credential.name.clone(), Holder::known(credential))).collect();
    for operator in operators::here(to) {
        let (name, kind) = (operator.name.clone(), Kind::Operator.into());
        let created_at = operator.since.map(Moment::timestamp);
        let made = || Holder::known(pb::Credential { name, kind, enrolled: true, created_at, ..Default::default() });
        let holder = operators.entry(operator.name.clone()).or_insert_with(made);
        if holder.state == State::Good && operator.until <= wall() {
            holder.state = State::Expired;
        }
        holder.certificate = Some((operators::shown(&operator.file), operator.until));
    }
    operators.into_values()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    NotEnrolled,
    Revoked,
    Expired,
}

/// Who has a credential.
struct Holder {
    credential: pb::Credential,
    state: State,
    /// Since it is in this state, or was made.
    since: Option<Timestamp>,
    /// Of one that lies on this machine: its file, and until when it is good.
    certificate: Option<(String, Moment)>,
}

impl Holder {
    fn known(credential: pb::Credential) -> Holder {
        let (state, since) = match (credential.revoked, credential.enrolled) {
            (true, _) => (State::Revoked, credential.valid_after),
            (_, true) => (State::Good, credential.created_at),
            _ => (State::NotEnrolled, credential.created_at),
        };
        Holder { credential, state, since, certificate: None }
    }

    fn row(&self) -> [String; 4] {
        let state = match self.state {
            State::Good => "有效 · good",
            State::NotEnrolled => "未启用 · not enrolled",
            State::Revoked => "已吊销 · revoked",
            State::Expired => "已过期 · expired",
        };
        let Holder { credential, certificate, since, .. } = self;
        let about = match (certificate, credential.kind()) {
            (Some((file, until)), _) => format!("{file}，证书至 · until {}", time(Some(&until.timestamp()))),
            (None, Kind::Terminal) => format!("窗口 · window {}", last(&credential.window)),
            _ => credential.display_name.clone(),
        };
        [credential.name.clone(), state.to_owned(), time(since.as_ref()), about]
    }

    fn json(&self) -> serde_json::Value {
        let state = match self.state {
            State::Good => "GOOD",
            State::NotEnrolled => "NOT_ENROLLED",
            State::Revoked => "REVOKED",
            State::Expired => "EXPIRED",
        };
        let Holder { credential, certificate, since, .. } = self;
        let (file, until) = certificate.clone().map(|(file, until)| (file, until.shanghai())).unwrap_or_default();
        json!({
            "credential": credential.name,
            "kind": credential.kind().as_str_name().trim_start_matches("CREDENTIAL_KIND_"),
            "state": state,
            "since": exact(since.as_ref()),
            "window": credential.window,
            "display_name": credential.display_name,
            "file": file,
            "until": until,
        })
    }
}

/// The signing keys as rows.
pub fn keys(keys: &[pb::SigningKey]) -> Vec<[String; 4]> {
    let heading = ["签名密钥 · signing key", "状态 · state", "自 · from", "至 · until"].map(str::to_owned);
    let row = |key: &pb::SigningKey| {
        let state = if key.valid_until.is_none() { "最新 · newest" } else { "只验证 · verifies" };
        let (from, until) = (time(key.valid_from.as_ref()), time(key.valid_until.as_ref()));
        [key.id.clone(), state.to_owned(), from, until]
    };
    std::iter::once(heading).chain(keys.iter().map(row)).collect()
}

fn json_of(key: &pb::SigningKey) -> serde_json::Value {
    let (from, until) = (exact(key.valid_from.as_ref()), exact(key.valid_until.as_ref()));
    json!({ "signing_key": key.id, "from": from, "until": until })
}

/// RFC 3339, for programs.
fn exact(at: Option<&Timestamp>) -> String {
    at.and_then(Moment::from_timestamp).map(Moment::shanghai).unwrap_or_default()
}
