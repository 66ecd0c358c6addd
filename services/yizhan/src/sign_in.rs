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
    id::hex,
    pki,
    refusal::{Kind, Refusal},
};
use proto::directory::v1::{self as pb, credential_service_client::CredentialServiceClient};
use serde::{Deserialize, Serialize};
use tonic::{Code, Status};

use crate::{
    credential,
    name::Division,
    peer::{Link, PATIENCE, Peer, To, refused, timed},
    secret, time,
};

/// A token is renewed when it has so much left.
const SOON: Duration = Duration::from_secs(60);

#[derive(clap::Args)]
pub struct Args {
    /// 人员编号或全名，默认为经办人 · Code of the person, or divisions/…/people/…; the clerk where it is not given
    #[arg(env = "YIZHAN_CLERK")]
    pub person: String,
    #[command(flatten)]
    pub to: To,
    #[command(flatten)]
    pub division: Division,
}

pub const IN: &str = "\
示例 · Examples:
  yizhan sign-in U001-08 --division 410223 --credential t1.pem
  YIZHAN_DIVISION=410223 YIZHAN_CREDENTIAL=t1.pem YIZHAN_CLERK=U001-08 yizhan sign-in

登录后自动续期，最长十二小时。终端换证书后须重新登录。
It renews itself for twelve hours at most. After the terminal's certificate was renewed, sign in again.";

pub const OUT: &str = "\
示例 · Example:
  yizhan sign-out U001-08 --division 410223 --credential t1.pem";

/// Asks for the password, and keeps the tokens that it gives.
pub async fn sign_in(args: Args) -> anyhow::Result<()> {
    let person = args.division.name("people", &args.person)?;
    let peer = args.to.terminal()?;
    let held = Held::of(&args.to);
    let password = secret::read("密码 · password: ")?;
    let request = pb::SignInRequest { person: person.clone(), password };
    let tokens = CredentialServiceClient::new(peer).sign_in(timed(request)).await;
    let tokens = tokens.map_err(|status| refused(&status))?.into_inner();
    let until = time(tokens.session_expires_at.as_ref());
    SignedIn::at(&args.to.folder()).save(&person, tokens, held).map_err(|error| refused(&unreadable(error)))?;
    writeln!(io::stdout().lock(), "{person}\n已登录，有效至 · signed in until {until}")?;
    if let Some(until) = soon(&args.to.stem("terminal")) {
        writeln!(
            io::stdout().lock(),
            "本机证书将于 {until} 到期，请更换后重新登录 · yizhan terminal renew, then sign in"
        )?;
    }
    Ok(())
}

/// Until when the certificate is good, where less than a third of its life is left.
fn soon(stem: &Path) -> Option<String> {
    pki::Identity::open(stem).ok().filter(pki::Identity::is_old)?;
    let until = pki::expires_at(&credential::certificate(&stem.with_added_extension("pem"))?)?;
    Some(time(Some(&until.timestamp())))
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
    #[serde(flatten)]
    held: Held,
}

/// What the session is bound to: the credential's file in this folder, and its certificate. Empty where there was none.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Held {
    #[serde(default)]
    credential: String,
    #[serde(default)]
    certificate: String,
}

impl Held {
    fn of(to: &To) -> Held {
        let file = to.stem("terminal").with_added_extension("pem");
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        fingerprint(&file).map(|certificate| Held { credential: name, certificate }).unwrap_or_default()
    }

    /// Whether the certificate was renewed since.
    fn is_stale(&self, folder: &Path) -> bool {
        !self.credential.is_empty() && fingerprint(&folder.join(&self.credential)).as_ref() != Some(&self.certificate)
    }
}

fn fingerprint(file: &Path) -> Option<String> {
    credential::certificate(file).map(|certificate| hex(&pki::fingerprint(&certificate)))
}

impl SignedIn {
    pub fn at(folder: &Path) -> SignedIn {
        SignedIn(folder.to_owned())
    }

    /// What to send as `authorization` in a person's name; none where nobody of this name is signed in. A token that is
    /// about to expire is renewed first.
    pub async fn bearer(&self, person: &str, peer: &Peer) -> Result<Option<HeaderValue>, Status> {
        let Some(kept) = self.read(person).map_err(unreadable)? else { return Ok(None) };
        if kept.held.is_stale(&self.0) {
            return Err(stale(person));
        }
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
                let kept = self.save(person, tokens.into_inner(), kept.held).map_err(unreadable)?;
                bearer(&kept).map(Some)
            }
            Err(status) if status.code() == Code::Unauthenticated => {
                self.forget(person).map_err(unreadable)?;
                Ok(None)
            }
            Err(status) => Err(status),
        }
    }

    fn save(&self, person: &str, tokens: pb::Tokens, held: Held) -> io::Result<Kept> {
        let micros =
            |at: Option<prost_types::Timestamp>| at.as_ref().and_then(Moment::from_timestamp).map_or(0, |at| at.0);
        let kept = Kept {
            access_token: tokens.access_token,
            access_expires_at: micros(tokens.access_expires_at),
            refresh_token: tokens.refresh_token,
            session_expires_at: micros(tokens.session_expires_at),
            held,
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

    /// Forgets what is bound to a certificate that was renewed; gives whose it was.
    pub fn forget_stale(&self) -> io::Result<Vec<String>> {
        let mut people = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let Some(person) = name.strip_prefix(BEGIN).and_then(|name| name.strip_suffix(END)) else { continue };
            let kept: Option<Kept> = serde_json::from_slice(&fs::read(&path)?).ok();
            if kept.is_none_or(|kept| kept.held.is_stale(&self.0)) {
                fs::remove_file(&path)?;
                people.extend(
                    person.split_once('-').map(|(division, code)| format!("divisions/{division}/people/{code}")),
                );
            }
        }
        people.sort();
        Ok(people)
    }

    async fn lock(&self) -> io::Result<File> {
        let lock = File::options().create(true).truncate(false).write(true).open(self.0.join("signed-in.lock"))?;
        tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await.map_err(io::Error::other)?
    }
}

const BEGIN: &str = "signed-in-";
const END: &str = ".json";

/// `divisions/410223/people/U014-08` in `signed-in-410223-U014-08.json`.
fn file(person: &str) -> String {
    let name = person.replace("divisions/", "").replace("people/", "");
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    format!("{BEGIN}{}{END}", name.chars().map(safe).collect::<String>())
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

/// UNAVAILABLE, so that what a clerk has done is kept until it can be read.
fn unreadable(error: io::Error) -> Status {
    let zh = "登录信息无法读写，请检查凭证所在目录的权限，或重新登录（yizhan sign-in 工号）";
    Refusal::new(Kind::Unavailable, "SIGN_IN_UNREADABLE", zh, format!("what is signed in cannot be kept: {error}"))
        .into()
}

fn stale(person: &str) -> Status {
    let zh = format!("本机证书已更换，原登录已失效，请重新登录：yizhan sign-in {person}");
    let en = format!("the certificate was renewed, and the session ended with the old one; yizhan sign-in {person}");
    Refusal::new(Kind::Unauthenticated, "SIGN_IN_AGAIN", zh, en).into()
}

/// UNAUTHENTICATED: what a person does is not done in the terminal's name.
pub fn nobody(person: &str) -> Status {
    let zh = format!("{person} 未在本机登录，请先运行 yizhan sign-in {person}");
    let en = format!("{person} is not signed in here; first: yizhan sign-in {person}");
    Refusal::new(Kind::Unauthenticated, "SIGN_IN_FIRST", zh, en).into()
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
        signed.save(person, tokens.clone(), Held::default()).expect("kept");
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
        signed
            .save(person, pb::Tokens { access_expires_at: Some(soon), ..tokens.clone() }, Held::default())
            .expect("kept");
        assert!(signed.bearer(person, &nowhere).await.is_err());
        signed.forget(person).expect("forgotten");
        signed.forget(person).expect("nothing there");
        assert!(signed.bearer(person, &nowhere).await.expect("read").is_none());
        // What is bound to a certificate ends with it.
        let held = Held { credential: "t1.pem".into(), certificate: "00".into() };
        signed.save(person, tokens, held).expect("kept");
        let refusal = signed.bearer(person, &nowhere).await.expect_err("renewed");
        assert_eq!((refusal.code(), kit::status::reason(&refusal).as_str()), (Code::Unauthenticated, "SIGN_IN_AGAIN"));
        assert_eq!(signed.forget_stale().expect("forgotten"), [person]);
        assert!(signed.bearer(person, &nowhere).await.expect("read").is_none());
        fs::remove_dir_all(folder).expect("removed");
    }
}
