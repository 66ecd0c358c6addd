//! What an operator does: `yizhan password`, `credentials`, `keys`, `system`.

use std::{
    fs,
    io::{self, BufRead, IsTerminal, Write},
    path::PathBuf,
    process::{Command, Stdio},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{
    clock::Moment,
    peer::Peer,
    pki::{Authority, CLIENT_LIFE},
};
use proto::directory::v1::{self as pb, credential_service_client::CredentialServiceClient};
use uuid::Uuid;

use crate::{
    peer::{To, refused, timed},
    trouble,
};

/// The division that codes belong to.
#[derive(clap::Args)]
pub struct Division {
    /// 行政区划代码 · Division, six digits
    #[arg(long, env = "YIZHAN_DIVISION", global = true)]
    division: Option<String>,
}

impl Division {
    /// `divisions/{division}`
    pub fn parent(&self) -> anyhow::Result<String> {
        let missing = || trouble("缺少 --division", "--division is missing");
        Ok(format!("divisions/{}", self.division.as_deref().ok_or_else(missing)?))
    }

    /// The name of something of this division; a whole name stays as it is.
    pub fn name(&self, collection: &str, code: &str) -> anyhow::Result<String> {
        if code.contains('/') {
            return Ok(code.to_owned());
        }
        Ok(format!("{}/{collection}/{code}", self.parent()?))
    }
}

#[derive(clap::Args)]
pub struct Operator {
    #[command(subcommand)]
    task: OperatorTask,
    /// 数据目录 · Data folder with the authority (pki/ca.key)
    #[arg(long, env = "YIZHAN_DATA", default_value = "data", global = true)]
    data: PathBuf,
}

#[derive(clap::Subcommand)]
enum OperatorTask {
    /// 签发新的运维凭证：须能读取颁发机构的私钥 · A new operator's credential, for who can read the authority's own key
    Create {
        /// 名称 · 1 to 20 of a-z, 0-9 and hyphen
        name: String,
    },
}

/// Makes a credential with the authority itself, so that an installation whose operator was revoked is not lost.
pub fn operator(args: Operator) -> anyhow::Result<()> {
    let OperatorTask::Create { name } = args.task;
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !(1..=20).contains(&name.len()) || !name.bytes().all(fits) {
        return Err(trouble("名称应为1至20位小写字母、数字或连字符", "a name is 1 to 20 of a-z, 0-9 and hyphen"));
    }
    let folder = crate::peer::folder(&args.data);
    let stem = folder.join(format!("operator-{name}"));
    if !Authority::exists(&folder) || stem.with_extension("pem").exists() {
        let (shown, taken) = (folder.display(), stem.with_extension("pem"));
        return Err(trouble(
            format!("{shown} 中没有颁发机构私钥，或 {} 已存在", taken.display()),
            format!("{shown} holds no authority's key, or {} is there already", taken.display()),
        ));
    }
    Authority::open(&folder)?.issue(&format!("operators/{name}"), &[], CLIENT_LIFE)?.save(&stem)?;
    Ok(writeln!(io::stdout().lock(), "operators/{name}\n已签发 · made: {}.pem", stem.display())?)
}

#[derive(clap::Args)]
pub struct Password {
    #[command(flatten)]
    to: To,
    #[command(flatten)]
    division: Division,
    /// 人员编号或全名 · Code of the person, or divisions/…/people/…
    person: String,
}

/// Sets a person's password, read from the terminal or from one line of standard input.
pub async fn password(args: Password) -> anyhow::Result<()> {
    let person = args.division.name("people", &args.person)?;
    let peer = args.to.operator()?;
    let password = secret("新密码（10至128个字符） · new password, 10 to 128 characters: ")?;
    if io::stdin().is_terminal() && secret("再输入一次 · once more: ")? != password {
        return Err(trouble("两次输入不一致，未更改", "they differ, so nothing was changed"));
    }
    let request = pb::SetPasswordRequest { person, password, request_id: Uuid::new_v4().to_string() };
    let set = CredentialServiceClient::new(peer).set_password(timed(request)).await;
    let credential = set.map_err(|status| refused(&status))?.into_inner();
    Ok(writeln!(
        io::stdout().lock(),
        "{}\n密码已设置，原有登录已失效 · set; what was signed in is signed out",
        credential.name
    )?)
}

#[derive(clap::Args)]
pub struct Credentials {
    #[command(flatten)]
    to: To,
    #[command(flatten)]
    division: Division,
    #[command(subcommand)]
    task: CredentialTask,
}

#[derive(clap::Subcommand)]
enum CredentialTask {
    /// 列出全部凭证 · All credentials of the division
    List,
    /// 吊销：终端、人员、系统或运维人员，五秒内处处生效 · Take one back for good, everywhere within five seconds
    Revoke {
        /// 例如 divisions/410223/terminals/T1 · Name, as listed
        name: String,
        /// 原因 · Why
        #[arg(long)]
        reason: String,
    },
}

pub async fn credentials(args: Credentials) -> anyhow::Result<()> {
    let mut client = CredentialServiceClient::new(args.to.operator()?);
    match args.task {
        CredentialTask::List => list(client, args.division.parent()?).await,
        CredentialTask::Revoke { name, reason } => {
            let request = pb::RevokeCredentialRequest { name, reason, request_id: Uuid::new_v4().to_string() };
            let revoked =
                client.revoke_credential(timed(request)).await.map_err(|status| refused(&status))?.into_inner();
            Ok(writeln!(io::stdout().lock(), "{}\n已吊销 · revoked", revoked.name)?)
        }
    }
}

async fn list(mut client: CredentialServiceClient<Peer>, parent: String) -> anyhow::Result<()> {
    let mut request = pb::ListCredentialsRequest { parent, page_size: 1_000, page_token: String::new() };
    loop {
        let page =
            client.list_credentials(timed(request.clone())).await.map_err(|status| refused(&status))?.into_inner();
        let mut out = io::stdout().lock();
        for credential in page.credentials {
            let state = match (credential.revoked, credential.enrolled) {
                (true, _) => "已吊销 · revoked",
                (_, true) => "有效 · good",
                _ => "未启用 · not enrolled",
            };
            let about = if credential.window.is_empty() { credential.display_name } else { credential.window };
            writeln!(out, "{}  {state}  {}  {about}", credential.name, time(credential.created_at.as_ref()))?;
        }
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return Ok(());
        }
    }
}

#[derive(clap::Args)]
pub struct Keys {
    #[command(flatten)]
    to: To,
    #[command(subcommand)]
    task: KeyTask,
}

#[derive(clap::Subcommand)]
enum KeyTask {
    /// 更换签名密钥，已发的令牌到期前仍有效 · Sign tokens with a new key; those given out stay good until they expire
    Rotate,
    /// 现有密钥 · The keys that tokens are verified with
    List,
}

pub async fn keys(args: Keys) -> anyhow::Result<()> {
    let mut client = CredentialServiceClient::new(args.to.operator()?);
    let answer = match args.task {
        KeyTask::Rotate => {
            let request = pb::RotateSigningKeyRequest { request_id: Uuid::new_v4().to_string() };
            client.rotate_signing_key(timed(request)).await
        }
        KeyTask::List => client.list_signing_keys(timed(pb::ListSigningKeysRequest {})).await,
    };
    let mut out = io::stdout().lock();
    for key in answer.map_err(|status| refused(&status))?.into_inner().keys {
        let until = match &key.valid_until {
            None => "在用 · signs now".to_owned(),
            until => format!("有效至 · until {}", time(until.as_ref())),
        };
        writeln!(out, "{}  {}  {until}", key.id, time(key.valid_from.as_ref()))?;
    }
    Ok(())
}

#[derive(clap::Args)]
pub struct System {
    #[command(flatten)]
    to: To,
    #[command(flatten)]
    division: Division,
    #[command(subcommand)]
    task: SystemTask,
}

#[derive(clap::Subcommand)]
enum SystemTask {
    /// 登记其他政务系统，并签发证书 · Make another system known, and give it its certificate
    Create {
        /// 编号 · 1 to 20 of A-Z, 0-9 and hyphen
        code: String,
        /// 名称 · What it is
        #[arg(long)]
        display_name: String,
        /// 对方生成的证书请求 · Its certificate request, PKCS #10 in PEM
        #[arg(long, value_name = "FILE")]
        request: PathBuf,
        /// 断言签名公钥（Ed25519，32字节，Base64）· Public key of its assertions: Ed25519, 32 bytes in Base64
        #[arg(long, value_name = "BASE64", value_parser = public_key)]
        assertion_key: Vec<u8>,
        /// 证书写入此文件，默认输出 · Where to write the certificate; standard output where it is not given
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

pub async fn system(args: System) -> anyhow::Result<()> {
    let SystemTask::Create { code, display_name, request, assertion_key, out } = args.task;
    let signing_request_pem = fs::read_to_string(&request).map_err(|error| {
        let shown = request.display();
        trouble(format!("{shown} 无法读取：{error}"), format!("{shown} cannot be read: {error}"))
    })?;
    let create = pb::CreateSystemRequest {
        parent: args.division.parent()?,
        system_id: code,
        display_name,
        signing_request_pem,
        assertion_key,
        request_id: Uuid::new_v4().to_string(),
    };
    let created = CredentialServiceClient::new(args.to.operator()?).create_system(timed(create)).await;
    let created = created.map_err(|status| refused(&status))?.into_inner();
    let certificate = created.certificate.unwrap_or_default();
    match out {
        Some(file) => fs::write(file, &certificate.chain_pem)?,
        None => write!(io::stdout().lock(), "{}", certificate.chain_pem)?,
    }
    let until = time(certificate.expires_at.as_ref());
    Ok(writeln!(io::stderr().lock(), "{}\n证书有效至 · certificate good until {until}", certificate.name)?)
}

fn public_key(text: &str) -> Result<Vec<u8>, String> {
    let key = BASE64_STANDARD.decode(text).ok().filter(|key| key.len() == 32);
    key.ok_or_else(|| "应为32字节的Base64 · 32 bytes in Base64".into())
}

/// Civil time in Shanghai; empty where there is none.
pub fn time(at: Option<&prost_types::Timestamp>) -> String {
    at.and_then(Moment::from_timestamp).map(Moment::shanghai).unwrap_or_default()
}

/// Reads a secret from the terminal without showing it, or one line of standard input. It is never on the command line,
/// where every program of the machine can read it.
pub fn secret(ask: &str) -> anyhow::Result<String> {
    let is_terminal = io::stdin().is_terminal();
    let _shown = is_terminal.then(|| {
        let _ = write!(io::stderr().lock(), "{ask}");
        Hidden::new()
    });
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let line = line.trim_end_matches(['\n', '\r']).to_owned();
    if line.is_empty() {
        return Err(trouble("未输入密码", "there is no password on standard input"));
    }
    Ok(line)
}

/// The terminal shows nothing until this is dropped.
struct Hidden;

impl Hidden {
    fn new() -> Hidden {
        stty("-echo");
        Hidden
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        stty("echo");
        let _ = writeln!(io::stderr().lock());
    }
}

fn stty(what: &str) {
    // Where there is no such program the terminal is not that of a Unix, and shows what is typed.
    let _ = Command::new("stty").arg(what).stdin(Stdio::inherit()).status();
}
