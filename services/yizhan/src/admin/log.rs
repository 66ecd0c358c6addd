//! `yizhan admin heads` and `yizhan admin check-log`: the newest signed head of each journal, and whether all of it is as
//! it was written.

use std::io::{self, Write};

use kit::id::hex;
use proto::journal::v1::{
    CheckLogRequest, CheckLogResponse, GetTreeHeadRequest, TreeHead, log_service_client::LogServiceClient,
};
use tonic::{Request, Status, metadata::MetadataValue};

use super::table;
use crate::{
    name::Division,
    peer::{Peer, To, refused, timed},
    time, trouble,
};

/// Who keeps a journal.
const SERVICES: [&str; 5] = ["directory", "intake", "roster", "disclosure", "gateway"];

#[derive(clap::Args)]
pub struct Args {
    /// 只看一个服务 · Of one service: directory, intake, roster, disclosure or gateway
    #[arg(long, value_name = "SERVICE", value_parser = SERVICES)]
    service: Option<String>,
}

impl Args {
    fn services(&self) -> impl Iterator<Item = &'static str> {
        SERVICES.into_iter().filter(|service| self.service.as_deref().is_none_or(|only| only == *service))
    }
}

pub const HEADS: &str = "\
示例 · Examples:
  yizhan admin heads --division 410223
  yizhan admin heads --division 410223 --service intake

日志头可以公开，请抄存到本单位以外：日后日志若被改写，凭旧的日志头即可查出。
Heads may be public. Keep copies outside: with an old one, a journal that was rewritten is found out.";

pub const CHECK: &str = "\
示例 · Examples:
  yizhan admin check-log --division 410223             # 全部服务 · all services
  yizhan admin check-log --division 410223 --service intake

逐条重算每一条记录、每一个散列和每一个日志头；有不符的列出来，退出码为1。
Recomputes every entry, hash and signed head; what is not as it was written is listed, and the exit code is 1.";

pub async fn heads(args: &Args, to: &To, division: &Division) -> anyhow::Result<()> {
    let (mut client, parent) = (client(to)?, division.parent()?);
    let heading = ["日志 · journal", "条数 · size", "签署于 · signed at", "根 · root"].map(str::to_owned);
    let mut rows = vec![heading];
    for service in args.services() {
        let request = of(service, GetTreeHeadRequest { parent: parent.clone() });
        rows.push(match there(client.get_tree_head(request).await.map(tonic::Response::into_inner))? {
            Some(head) => row(&head),
            None => [service.to_owned(), "0".to_owned(), String::new(), String::new()],
        });
    }
    Ok(table::write(&mut io::stdout().lock(), &rows)?)
}

fn row(head: &TreeHead) -> [String; 4] {
    [head.origin.clone(), head.size.to_string(), time(head.signed_at.as_ref()), hex(&head.root_hash)]
}

pub async fn check(args: &Args, to: &To, division: &Division) -> anyhow::Result<()> {
    let (mut client, parent) = (client(to)?, division.parent()?);
    let mut wrong = 0;
    for service in args.services() {
        let request = of(service, CheckLogRequest { parent: parent.clone() });
        let checked = there(client.check_log(request).await.map(tonic::Response::into_inner))?.unwrap_or_default();
        wrong += checked.findings.len();
        show(service, &checked)?;
    }
    if wrong == 0 {
        return Ok(());
    }
    Err(trouble(
        format!("共 {wrong} 处与写入时不符，请保留现场，勿改动数据库"),
        format!("{wrong} findings; leave the databases as they are and look into it"),
    ))
}

fn show(service: &str, checked: &CheckLogResponse) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let CheckLogResponse { entries, heads, findings } = checked;
    let result = if findings.is_empty() { "无误 · as written" } else { "有误 · NOT as written" };
    writeln!(out, "{service}: {entries} 条记录 · entries，{heads} 个日志头 · heads：{result}")?;
    for finding in findings {
        let at = match (finding.seq, finding.last_seq) {
            (0, _) => String::new(),
            (first, last) if first == last => format!("第 {first} 条 · entry {first}："),
            (first, last) => format!("第 {first} 至 {last} 条 · entries {first} to {last}："),
        };
        writeln!(out, "  {at}{} · {} [{}]", finding.what_zh, finding.what_en, finding.kind)?;
    }
    Ok(())
}

fn client(to: &To) -> anyhow::Result<LogServiceClient<Peer>> {
    Ok(LogServiceClient::new(to.operator()?))
}

fn of<T>(service: &'static str, request: T) -> Request<T> {
    let mut request = timed(request);
    request.metadata_mut().insert("yizhan-service", MetadataValue::from_static(service));
    request
}

/// None where the division has no journal there, or none that is signed.
fn there<T>(answer: Result<T, Status>) -> anyhow::Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(status) if ["LOG_NOT_FOUND", "HEAD_NOT_SIGNED"].contains(&kit::status::reason(&status).as_str()) => {
            Ok(None)
        }
        Err(status) => Err(refused(&status)),
    }
}
