//! `yizhan health`: whether a server is well, for a container's health check.

use std::{
    io::{self, Write},
    time::Duration,
};

use tonic::Status;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use crate::{
    peer::{To, timed},
    trouble, unreached,
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
    let late = || Status::deadline_exceeded(format!("no answer in {} s", args.timeout));
    let answer = tokio::time::timeout(Duration::from_secs(args.timeout), asked).await.unwrap_or_else(|_| Err(late()));
    let server = &args.to.server;
    match answer.map(|answer| answer.into_inner().status()) {
        Ok(ServingStatus::Serving) => Ok(writeln!(io::stdout().lock(), "{server} 正常 · serving")?),
        Ok(status) => {
            let status = status.as_str_name();
            Err(trouble(format!("{server} 未就绪：{status}"), format!("{server} is not serving: {status}")))
        }
        Err(status) => {
            let (zh, en) = unreached::why(&status);
            Err(trouble(format!("{server} 无法连接：{zh}"), format!("{server} cannot be reached: {en}")))
        }
    }
}
