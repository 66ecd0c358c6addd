//! `yizhan terminal`: what is done on the terminal itself. The operator makes it known by `yizhan admin enrol terminal`.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use kit::pki;
use proto::directory::v1::{self as pb, credential_service_client::CredentialServiceClient};
use rcgen::{CertificateParams, KeyPair};

use crate::{
    credential,
    name::Division,
    peer::{To, folder_of, is_revoked, refused, timed},
    secret,
    sign_in::SignedIn,
    time, trouble,
};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    to: To,
    #[command(flatten)]
    division: Division,
    #[command(subcommand)]
    task: Task,
}

#[derive(clap::Subcommand)]
enum Task {
    /// 启用终端：生成密钥、取得证书，需运维人员给的启用码 · Enrol this terminal: makes its key, gets its certificate for the
    /// operator's code
    #[command(after_help = ENROL)]
    Enrol {
        /// 终端编号或全名 · Code or name of the terminal
        terminal: String,
    },
    /// 更换证书（九十天有效），到期前办理；之后须重新登录 · A new certificate before the old one runs out, after ninety days;
    /// then sign in again
    #[command(after_help = RENEW)]
    Renew,
}

pub const EXAMPLE: &str = "\
示例 · Examples:
  yizhan terminal enrol T1 --division 410223 --server https://10.0.0.3:4100 --credential t1.pem
  yizhan terminal renew --server https://10.0.0.3:4100 --credential t1.pem";

const ENROL: &str = "\
示例 · Example:
  yizhan terminal enrol T1 --division 410223 --server https://10.0.0.3:4100 --credential t1.pem

--credential 是将要写入的文件，同一目录中须先有服务器的 ca.pem。启用码在提示后输入，或由标准输入给出。
没有得到答复时，在启用码有效期内再运行一次即可。证书已过期或被吊销的，照此重新启用，旧文件改名保留。
--credential is the file to be written, and the server's ca.pem has to lie beside it. Type the code when asked, or give it
on standard input. Where no answer came, run it again while the code is good. Where the certificate there has expired or was
revoked, this enrols anew; the old files are kept under other names.";

const RENEW: &str = "\
示例 · Example:
  yizhan terminal renew --server https://10.0.0.3:4100 --credential t1.pem && yizhan sign-in U001-08

建议每六十天办理一次。运维凭证也这样更换，用 --credential 指定。
Do so every sixty days. An operator's certificate, named by --credential, is renewed the same way.";

pub async fn run(args: Args) -> anyhow::Result<()> {
    match &args.task {
        Task::Enrol { terminal } => enrol(&args, terminal).await,
        Task::Renew => renew(&args).await,
    }
}

async fn enrol(args: &Args, terminal: &str) -> anyhow::Result<()> {
    let stem = args.to.stem("terminal");
    let file = stem.with_added_extension("pem");
    let used_up = file.exists();
    if used_up && !is_used_up(args, &file).await {
        let shown = file.display();
        return Err(trouble(
            format!("{shown} 已存在且仍然有效，请用 --credential 指定另一个文件"),
            format!("{shown} is there already, and good; name another by --credential"),
        ));
    }
    let name = args.division.name("terminals", terminal)?;
    let peer = args.to.unknown(&args.to.folder())?;
    let enrolment_code = secret::read("启用码 · code: ")?.trim().to_owned();
    if used_up {
        set_aside(&stem)?;
    }
    let (key_pem, signing_request_pem) = request(&stem)?;
    let request = pb::EnrolTerminalRequest { name, enrolment_code, signing_request_pem };
    let given = CredentialServiceClient::new(peer).enrol_terminal(timed(request)).await;
    keep(&stem, given.map_err(|status| refused(&status))?.into_inner(), key_pem)?;
    forget_sessions(args)
}

/// Whether a certificate is good no more: it has expired, or the server says that it was revoked.
async fn is_used_up(args: &Args, file: &Path) -> bool {
    if credential::has_expired(file) {
        return true;
    }
    match args.to.terminal() {
        Ok(peer) => is_revoked(peer).await,
        Err(_) => false,
    }
}

/// What was good before is no more, and the terminal gets a key that nobody has had: the old files are kept under other
/// names, should it be this machine's clock that is wrong.
fn set_aside(stem: &Path) -> anyhow::Result<()> {
    // The key first: without its certificate it would be used again.
    for end in ["key", "pem"] {
        let file = stem.with_added_extension(end);
        match fs::rename(&file, stem.with_added_extension("old").with_added_extension(end)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unkept(&file, &error)),
            _ => {}
        }
    }
    Ok(())
}

/// The key, and the request for a certificate of it. The key is kept before anything is asked: where an answer is lost, it
/// is given again to the same key.
fn request(stem: &Path) -> anyhow::Result<(String, String)> {
    let file = stem.with_added_extension("key");
    let requested = if file.exists() { requested(&file) } else { made(&file) };
    requested.map_err(|error| unkept(&file, &error))
}

fn unkept(file: &Path, error: &io::Error) -> anyhow::Error {
    let shown = file.display();
    trouble(
        format!("文件 {shown} 无法读写，请检查目录权限；不再需要的旧文件可删除后重试"),
        format!("{shown} cannot be kept: {error}; where nobody needs it, delete it and try again"),
    )
}

fn made(file: &Path) -> io::Result<(String, String)> {
    let made = pki::signing_request()?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    pki::write(folder_of(file), &name, &made.0)?;
    Ok(made)
}

fn requested(file: &Path) -> io::Result<(String, String)> {
    let key_pem = fs::read_to_string(file)?;
    let key = KeyPair::from_pem(&key_pem).map_err(io::Error::other)?;
    let request = CertificateParams::default().serialize_request(&key).and_then(|request| request.pem());
    Ok((key_pem, request.map_err(io::Error::other)?))
}

async fn renew(args: &Args) -> anyhow::Result<()> {
    let (peer, stem) = (args.to.terminal()?, args.to.stem("terminal"));
    let (key_pem, signing_request_pem) = request(&stem)?;
    let request = pb::RenewCertificateRequest { signing_request_pem };
    let given = CredentialServiceClient::new(peer).renew_certificate(timed(request)).await;
    keep(&stem, given.map_err(|status| refused(&status))?.into_inner(), key_pem)?;
    forget_sessions(args)
}

/// Sessions are bound to the certificate that they began with.
fn forget_sessions(args: &Args) -> anyhow::Result<()> {
    for person in SignedIn::at(&args.to.folder()).forget_stale()? {
        writeln!(io::stdout().lock(), "原登录已失效，请重新登录 · sign in again:  yizhan sign-in {person}")?;
    }
    Ok(())
}

fn keep(stem: &Path, certificate: pb::Certificate, key_pem: String) -> anyhow::Result<()> {
    let identity = pki::Identity { chain_pem: certificate.chain_pem, key_pem };
    let (shown, until) =
        (stem.with_added_extension("pem").display().to_string(), time(certificate.expires_at.as_ref()));
    identity.save(stem).map_err(|error| {
        trouble(
            format!("证书已签发，但无法写入 {shown}。请检查目录权限后再运行一次"),
            format!(
                "the certificate was given, and cannot be written to {shown}: {error}; mend that, and run this again"
            ),
        )
    })?;
    Ok(writeln!(io::stdout().lock(), "{}\n{shown}\n证书有效至 · good until {until}", certificate.name)?)
}
