//! `yizhan admin revoke`: takes credentials back.

use std::io::{self, Write};

use proto::directory::v1 as pb;
use uuid::Uuid;

use super::{Client, all, client};
use crate::{
    name::Division,
    peer::{To, refused, timed},
    trouble,
};

#[derive(clap::Args)]
pub struct Args {
    /// 全名，或本区划内的简写、编号：terminals/T1、T1 · Name as `who` tells it, or short within the division
    #[arg(value_name = "NAME|CODE")]
    name: String,
    /// 原因，记入日志 · Why; the journal keeps it
    #[arg(long)]
    reason: String,
}

pub async fn run(args: Args, to: &To, division: &Division) -> anyhow::Result<()> {
    let mut client = client(to)?;
    let name = match args.name.split('/').collect::<Vec<_>>()[..] {
        ["divisions", ..] | ["operators", ..] => args.name,
        [code] => find(&mut client, division, code).await?,
        [collection, code] => division.name(collection, code)?,
        _ => return Err(no_name(&args.name)),
    };
    let request = pb::RevokeCredentialRequest { name, reason: args.reason, request_id: Uuid::new_v4().to_string() };
    let revoked = client.revoke_credential(timed(request)).await.map_err(|status| refused(&status))?.into_inner();
    Ok(writeln!(
        io::stdout().lock(),
        "{}\n已吊销，五秒内处处生效 · revoked, everywhere within five seconds",
        revoked.name
    )?)
}

/// The only credential of the division with this code.
async fn find(client: &mut Client, division: &Division, code: &str) -> anyhow::Result<String> {
    let (parent, end) = (division.parent()?, format!("/{}", code.to_ascii_uppercase()));
    let names = all(client, parent).await?.into_iter().map(|credential| credential.name);
    let names: Vec<String> = names.filter(|name| name.ends_with(&end)).collect();
    match &names[..] {
        [name] => Ok(name.clone()),
        [] => Err(trouble(
            format!("没有编号为 {code} 的凭证，名册见 yizhan admin who"),
            format!("no credential has the code {code}; `yizhan admin who` tells them all"),
        )),
        several => Err(trouble(
            format!("编号 {code} 有多个凭证，请写全名：{}", several.join("、")),
            format!("several have the code {code}; write the whole name"),
        )),
    }
}

fn no_name(text: &str) -> anyhow::Error {
    trouble(
        format!("“{text}”不是凭证名称，应如 divisions/410223/terminals/T1、terminals/T1 或 operators/li"),
        format!("\"{text}\" is no name; it reads divisions/410223/terminals/T1, terminals/T1 or operators/li"),
    )
}
