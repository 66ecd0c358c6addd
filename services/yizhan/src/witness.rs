//! `yizhan witness`: keeps the last head of each log it knows, and cosigns only what extends that. Runs anywhere, without
//! anything else of the suite.

use std::{
    fs,
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use kit::telemetry::{self, Outlets};
use tlog::note::Verifier;
use tokio_util::sync::CancellationToken;
use witness::{OpenError, Witness, folder::Folder, serve};

use crate::trouble;

pub const EXAMPLE: &str = "\
示例，在审计、档案等部门自己的机器上 · Examples, on a machine of, say, the audit office:
  yizhan witness key --name shenji.example --data witness   # 生成密钥并显示公钥 · makes the key, and tells it
  yizhan witness --data witness --logs logs.txt             # 运行 · serves
  yizhan witness alarms --data witness                      # 警报，有则返回1 · exit code 1 where there are any

logs.txt 每行一个日志公钥，以#开头的行不读；日志换钥时新旧两行并存
logs.txt has a log's key on each line, two while a log changes its key; lines that begin with # are not read.
网关一方设置 witnesses = [\"http://地址 公钥\"] · The gateway's setting is witnesses = [\"http://ADDRESS KEY\"].";

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    task: Option<Task>,
    /// 密钥和所见树头的目录 · Folder of the key and of what was seen
    #[arg(long, global = true, default_value = "witness")]
    data: PathBuf,
    /// 见证方名称，第一次运行时需要 · The witness's name, needed the first time
    #[arg(long, global = true)]
    name: Option<String>,
    /// 监听地址 · Address
    #[arg(long, default_value = "127.0.0.1:4190")]
    listen: SocketAddr,
    /// 日志公钥 · Key of a log
    #[arg(long, value_name = "KEY")]
    log: Vec<Verifier>,
    /// 日志公钥文件 · File with a log's key on each line
    #[arg(long, value_name = "FILE")]
    logs: Option<PathBuf>,
}

#[derive(clap::Subcommand)]
enum Task {
    /// 显示公钥，没有则生成 · Tell the key by which cosignatures are verified; make it where there is none
    Key,
    /// 列出警报，有警报时返回1 · List alarms; exit code 1 where there are any
    Alarms,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.task {
        Some(Task::Key) => key(&args.data, args.name.as_deref()),
        Some(Task::Alarms) => alarms(&args.data),
        None => serve(args).await.map(|()| ExitCode::SUCCESS),
    }
}

fn key(data: &Path, name: Option<&str>) -> anyhow::Result<ExitCode> {
    // One that is there is told while another program serves it.
    let cosigner = match Folder::look(data).key(None) {
        Err(OpenError::NoKey) => Folder::claim(data).and_then(|folder| folder.key(name)),
        Ok(cosigner) if name.is_some_and(|name| name != cosigner.name()) => {
            Err(OpenError::OtherName(cosigner.name().to_owned()))
        }
        found => found,
    };
    writeln!(io::stdout().lock(), "{}", cosigner.map_err(told)?.verifier())?;
    Ok(ExitCode::SUCCESS)
}

fn alarms(data: &Path) -> anyhow::Result<ExitCode> {
    let alarms = Folder::look(data).alarms().map_err(|error| {
        let data = data.display();
        trouble(format!("{data} 不是见证数据目录：{error}"), format!("{data} is no folder of a witness: {error}"))
    })?;
    let mut out = io::stdout().lock();
    for alarm in &alarms {
        writeln!(out, "{} {}\n{}", alarm.at, alarm.origin, alarm.what)?;
    }
    if alarms.is_empty() {
        writeln!(out, "没有警报 · no alarms")?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

async fn serve(args: Args) -> anyhow::Result<()> {
    let mut logs = args.log;
    if let Some(file) = &args.logs {
        logs.extend(read(file)?);
    }
    if logs.is_empty() {
        return Err(trouble("请用 --log 或 --logs 指定日志公钥", "name the keys of logs by --log or --logs"));
    }
    let folder = Folder::claim(&args.data).map_err(told)?;
    let witness = Arc::new(Witness::open(folder, args.name.as_deref(), logs).map_err(told)?);
    let telemetry = telemetry::start("witness", Outlets::default(), false);
    let telemetry = telemetry.map_err(|error| trouble(format!("日志：{error}"), "logging could not be started"))?;
    // Listened for from now on, so that a stop that comes while it starts is not missed.
    let signal = tokio::spawn(kit::serve::stop_signal());
    let listener = kit::serve::bind(args.listen)
        .await
        .map_err(|error| trouble(format!("地址 {} 无法监听，请用 --listen 指定其他地址", args.listen), error))?;
    let (address, key) = (listener.local_addr()?, witness.key());
    let stop = CancellationToken::new();
    let pages = kit::serve::web(listener, serve::routes(witness), serve::limits(), None, stop.clone());
    tracing::info!(%address, %key, data = %args.data.display(), "listening");
    tokio::spawn(async move {
        let _ = signal.await;
        stop.cancel();
    });
    pages.await?;
    tracing::info!("stopped");
    tokio::task::spawn_blocking(move || telemetry.shutdown()).await?;
    Ok(())
}

/// The keys in a file.
fn read(file: &Path) -> anyhow::Result<Vec<Verifier>> {
    let name = file.display();
    let text = fs::read_to_string(file)
        .map_err(|error| trouble(format!("{name} 无法读取：{error}"), format!("{name} cannot be read: {error}")))?;
    let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim()));
    let keys = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    keys.map(|(i, line)| {
        line.parse().map_err(|error| {
            trouble(format!("{name} 第{i}行不是公钥：{error}"), format!("line {i} of {name} is no key: {error}"))
        })
    })
    .collect()
}

fn told(error: OpenError) -> anyhow::Error {
    let zh = match &error {
        OpenError::Io(error) => format!("数据目录读写失败：{error}"),
        OpenError::Malformed(file, what) => format!("{file} 内容有误：{what}"),
        OpenError::NoKey => "还没有密钥，请用 --name 起名".to_owned(),
        OpenError::OtherName(name) => format!("此见证方名称是 {name}"),
        OpenError::InUse => "数据目录正被另一个程序使用".to_owned(),
        OpenError::NoLogKey(key) => format!("不是日志的 Ed25519 公钥：{key}"),
        OpenError::LongOrigin(origin) => format!("日志名称过长：{origin}"),
    };
    trouble(zh, error)
}
