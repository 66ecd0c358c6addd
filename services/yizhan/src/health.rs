//! `yizhan health`: whether a server is well, for a container's health check.

use std::{
    io::{self, Write},
    time::Duration,
};

use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use crate::{
    peer::{To, timed},
    trouble,
};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    to: To,
    /// 最长等待秒数 · How long to wait, in seconds
    #[arg(long, default_value_t = 3)]
    timeout: u64,
}

pub async fn run(args: Args) -> anyhow::Result<()> {
    let mut client = HealthClient::new(args.to.unknown(&args.to.folder())?);
    let asked = client.check(timed(HealthCheckRequest::default()));
    let answer = match tokio::time::timeout(Duration::from_secs(args.timeout), asked).await {
        Ok(answer) => answer.map_err(|status| status.message().to_owned()),
        Err(_) => Err(format!("no answer in {} s", args.timeout)),
    };
    let server = &args.to.server;
    match answer.map(|answer| answer.into_inner().status()) {
        Ok(ServingStatus::Serving) => Ok(writeln!(io::stdout().lock(), "{server} 正常 · serving")?),
        Ok(status) => {
            let status = status.as_str_name();
            Err(trouble(format!("{server} 未就绪：{status}"), format!("{server} is not serving: {status}")))
        }
        Err(why) => Err(trouble(format!("{server} 无法连接：{why}"), format!("{server} cannot be reached: {why}"))),
    }
}
