//! `yizhan sign-in` and `sign-out`: who is at work here. What is signed in lies beside the credential, for its owner alone.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use http::HeaderValue;
use kit::{
    clock::{Moment, wall},
    peer::Peer,
    pki,
};
use proto::directory::v1::{self as pb, credential_service_client::CredentialServiceClient};
use serde::{Deserialize, Serialize};
use tonic::{Code, Status};

use crate::{
    operator::{Division, secret},
    peer::{Link, PATIENCE, To, refused, timed},
    trouble,
};

/// A token is renewed when it has so much left.
const SOON: Duration = Duration::from_secs(60);

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    to: To,
    #[command(flatten)]
    division: Division,
    /// 人员编号或全名 · Code of the person, or divisions/…/people/…
    person: String,
}

/// Asks for the password, and keeps the tokens that it gives.
pub async fn sign_in(args: Args) -> anyhow::Result<()> {
    let person = args.division.name("people", &args.person)?;
    let peer = args.to.terminal()?;
    let password = secret("密码 · password: ")?;
    let request = pb::SignInRequest { person: person.clone(), password };
    let tokens = CredentialServiceClient::new(peer).sign_in(timed(request)).await;
    let tokens = tokens.map_err(|status| refused(&status))?.into_inner();
    let until = tokens.session_expires_at.as_ref().and_then(Moment::from_timestamp);
    SignedIn::at(&args.to.folder()).save(&person, tokens)?;
    let until = until.map(Moment::shanghai).unwrap_or_default();
    Ok(writeln!(io::stdout().lock(), "{person}\n已登录，有效至 · signed in until {until}")?)
}

/// Ends the session, here and at the server.
pub async fn sign_out(args: Args) -> anyhow::Result<()> {
    let person = args.division.name("people", &args.person)?;
    let (signed, peer) = (SignedIn::at(&args.to.folder()), args.to.terminal()?);
    let ended = end(&signed, &person, peer).await;
    // Whatever the server says: who comes next at this window is not this person.
    signed.forget(&person)?;
    if let Err(status) = ended
        // A session that has ended already is what was asked for.
        && status.code() != Code::Unauthenticated
    {
        let told = refused(&status);
        return Err(told.context(
            "本机已退出，但服务器上的会话未能结束，最长十二小时后失效 · signed out here, but not at the server",
        ));
    }
    Ok(writeln!(io::stdout().lock(), "{person}\n已退出 · signed out")?)
}

async fn end(signed: &SignedIn, person: &str, peer: Peer) -> Result<(), Status> {
    let Some(bearer) = signed.bearer(person, &peer).await? else { return Ok(()) };
    let link = Link::new(peer, Some(bearer), PATIENCE);
    CredentialServiceClient::new(link).sign_out(timed(pb::SignOutRequest {})).await.map(drop)
}

/// Who is signed in on this machine, by a folder with a file for each.
#[derive(Clone, Debug)]
pub struct SignedIn(PathBuf);

#[derive(Serialize, Deserialize)]
struct Kept {
    access_token: String,
    /// Microseconds, as all moments.
    access_expires_at: i64,
    refresh_token: String,
    session_expires_at: i64,
}

impl SignedIn {
    pub fn at(folder: &Path) -> SignedIn {
        SignedIn(folder.to_owned())
    }

    /// What to send as `authorization` in a person's name; none where nobody of this name is signed in. A token that is
    /// about to expire is renewed first.
    pub async fn bearer(&self, person: &str, peer: &Peer) -> Result<Option<HeaderValue>, Status> {
        let Some(kept) = self.read(person).map_err(unreadable)? else { return Ok(None) };
        if fresh(kept.access_expires_at) {
            return bearer(&kept).map(Some);
        }
        // A refresh token is used once: whoever comes second finds what the first was given.
        let _lock = self.lock().await.map_err(unreadable)?;
        let Some(kept) = self.read(person).map_err(unreadable)? else { return Ok(None) };
        if fresh(kept.access_expires_at) {
            return bearer(&kept).map(Some);
        }
        let request = pb::RefreshTokensRequest { refresh_token: kept.refresh_token };
        match CredentialServiceClient::new(peer.clone()).refresh_tokens(timed(request)).await {
            Ok(tokens) => {
                let kept = self.save(person, tokens.into_inner()).map_err(unreadable)?;
                bearer(&kept).map(Some)
            }
            Err(status) if status.code() == Code::Unauthenticated => {
                self.forget(person).map_err(unreadable)?;
                Ok(None)
            }
            Err(status) => Err(status),
        }
    }

    fn save(&self, person: &str, tokens: pb::Tokens) -> io::Result<Kept> {
        let micros =
            |at: Option<prost_types::Timestamp>| at.as_ref().and_then(Moment::from_timestamp).map_or(0, |at| at.0);
        let kept = Kept {
            access_token: tokens.access_token,
            access_expires_at: micros(tokens.access_expires_at),
            refresh_token: tokens.refresh_token,
            session_expires_at: micros(tokens.session_expires_at),
        };
        crate::folder::make_private(&self.0)?;
        pki::write(&self.0, &file(person), &serde_json::to_string(&kept)?)?;
        Ok(kept)
    }

    fn read(&self, person: &str) -> io::Result<Option<Kept>> {
        match fs::read(self.0.join(file(person))) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn forget(&self, person: &str) -> io::Result<()> {
        match fs::remove_file(self.0.join(file(person))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    async fn lock(&self) -> io::Result<File> {
        let lock = File::options().create(true).truncate(false).write(true).open(self.0.join("signed-in.lock"))?;
        tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await.map_err(io::Error::other)?
    }
}

/// `divisions/410223/people/U014-08` in `signed-in-410223-U014-08.json`.
fn file(person: &str) -> String {
    let name = person.replace("divisions/", "").replace("people/", "");
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    format!("signed-in-{}.json", name.chars().map(safe).collect::<String>())
}

fn fresh(expires_at: i64) -> bool {
    expires_at - wall().0 > SOON.as_micros() as i64
}

fn bearer(kept: &Kept) -> Result<HeaderValue, Status> {
    let value = HeaderValue::try_from(format!("Bearer {}", kept.access_token));
    let mut value = value.map_err(|_| unreadable(io::ErrorKind::InvalidData.into()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn unreadable(error: io::Error) -> Status {
    Status::unknown(
        trouble(format!("登录信息无法读写：{error}"), "what is signed in cannot be read or written").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_signed_in_is_for_its_owner_alone_and_gone_after_the_sign_out() {
        let folder = std::env::temp_dir().join(format!("yizhan-test-{}", uuid::Uuid::new_v4()));
        let (signed, person) = (SignedIn::at(&folder), "divisions/410223/people/U014-08");
        let nowhere = Peer::connect("http://127.0.0.1:1").expect("a URL");
        assert!(signed.bearer(person, &nowhere).await.expect("read").is_none());
        let in_an_hour = Moment(wall().0 + 3_600_000_000).timestamp();
        let tokens = pb::Tokens { access_token: "t".into(), access_expires_at: Some(in_an_hour), ..Default::default() };
        signed.save(person, tokens.clone()).expect("kept");
        assert_eq!(signed.bearer(person, &nowhere).await.expect("read").expect("one"), "Bearer t");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
            assert_eq!(mode(&folder), 0o700);
            assert_eq!(mode(&folder.join("signed-in-410223-U014-08.json")), 0o600);
        }
        // One that is about to expire is renewed; where the server is away that is told.
        let soon = Moment(wall().0 + 30_000_000).timestamp();
        signed.save(person, pb::Tokens { access_expires_at: Some(soon), ..tokens }).expect("kept");
        assert!(signed.bearer(person, &nowhere).await.is_err());
        signed.forget(person).expect("forgotten");
        signed.forget(person).expect("nothing there");
        assert!(signed.bearer(person, &nowhere).await.expect("read").is_none());
        fs::remove_dir_all(folder).expect("removed");
    }
}
