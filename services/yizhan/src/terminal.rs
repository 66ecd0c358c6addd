//! `yizhan terminal`: the terminals of windows, each enrolled once.

use std::io::{self, Write};

use kit::pki;
use proto::directory::v1::{self as pb, credential_service_client::CredentialServiceClient};
use uuid::Uuid;

use crate::{
    operator::{Division, secret, time},
    peer::{To, refused, timed},
    trouble,
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
    /// 登记终端，取得一小时内有效的一次性启用码（运维人员） · Make a terminal, and the code that enrols it (an operator)
    Create {
        /// 编号 · 1 to 20 of A-Z, 0-9 and hyphen
        code: String,
        /// 窗口编号 · Code of its window
        #[arg(long, env = "YIZHAN_WINDOW")]
        window: String,
    },
    /// 在终端上启用：生成密钥、取得证书。启用码从标准输入读取 · On the terminal itself: makes its key and gets its
    /// certificate, in --credential FILE with ca.pem beside it; the code is read from standard input
    Enrol {
        /// 编号或全名 · Code or name of the terminal
        terminal: String,
    },
    /// 更换证书 · A new certificate, before the old one runs out
    Renew,
}

pub async fn run(args: Args) -> anyhow::Result<()> {
    let stem = args.to.stem("terminal");
    match args.task {
        Task::Create { code, window } => {
            let request = pb::CreateTerminalRequest {
                parent: args.division.parent()?,
                terminal_id: code,
                window: args.division.name("windows", &window)?,
                request_id: Uuid::new_v4().to_string(),
            };
            let created = CredentialServiceClient::new(args.to.operator()?).create_terminal(timed(request)).await;
            let created = created.map_err(|status| refused(&status))?.into_inner();
            let (name, code) = (created.terminal.unwrap_or_default().name, created.enrolment_code);
            let mut out = io::stdout().lock();
            writeln!(
                out,
                "{name}\n启用码 · code  {code}\n有效至 · good until {}",
                time(created.code_expires_at.as_ref())
            )?;
            Ok(writeln!(
                out,
                "在终端上运行 · on the terminal: yizhan terminal enrol {name} --server … --credential FILE"
            )?)
        }
        Task::Enrol { terminal } => {
            if stem.with_extension("pem").exists() {
                let shown = stem.with_extension("pem").display().to_string();
                return Err(trouble(
                    format!("{shown} 已存在"),
                    format!("{shown} is there already; name another by --credential"),
                ));
            }
            let name = args.division.name("terminals", &terminal)?;
            let peer = To { credential: None, data: args.to.data.clone(), server: args.to.server.clone() };
            let peer = peer.unknown(&args.to.folder())?;
            let enrolment_code = secret("启用码 · code: ")?.trim().to_owned();
            let (key_pem, signing_request_pem) = pki::signing_request()?;
            let request = pb::EnrolTerminalRequest { name, enrolment_code, signing_request_pem };
            let given = CredentialServiceClient::new(peer).enrol_terminal(timed(request)).await;
            keep(&stem, given.map_err(|status| refused(&status))?.into_inner(), key_pem)
        }
        Task::Renew => {
            let (key_pem, signing_request_pem) = pki::signing_request()?;
            let request = pb::RenewCertificateRequest { signing_request_pem };
            let given = CredentialServiceClient::new(args.to.terminal()?).renew_certificate(timed(request)).await;
            keep(&stem, given.map_err(|status| refused(&status))?.into_inner(), key_pem)
        }
    }
}

fn keep(stem: &std::path::Path, certificate: pb::Certificate, key_pem: String) -> anyhow::Result<()> {
    let identity = pki::Identity { chain_pem: certificate.chain_pem, key_pem };
    identity.save(stem)?;
    let (shown, until) = (stem.with_extension("pem").display().to_string(), time(certificate.expires_at.as_ref()));
    Ok(writeln!(io::stdout().lock(), "{}\n{shown}\n有效至 · good until {until}", certificate.name)?)
}
