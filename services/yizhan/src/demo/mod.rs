//! `yizhan demo`: a county's year 2016, replayed through the gateway and counted by it.
//!
//! The plan ([`plan`], [`script`]) is pure; the replay ([`replay`]) sends its requests over TCP to the gateway's port and
//! moves the clock; the table ([`table`]) shows what the API answers ([`figures`]) beside what was published.

mod applicant;
mod county;
mod days;
mod dice;
mod duty;
mod figures;
mod open;
mod plan;
mod progress;
mod publish;
mod replay;
mod request;
mod script;
mod table;

use std::{
    fs,
    io::{self, Write},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use kit::{clock::Clock, config::Config, keyring::Keyring, peer::Peer};

use crate::{
    import::{self, Source, Sources},
    serve, trouble,
};
use county::{County, DIVISION};
use progress::Progress;
use replay::{Pace, Replay};
use table::{Table, Target};

#[derive(clap::Args)]
pub struct Args {
    /// 受理件数，默认全年 · Accepted cases; the whole year where not given
    #[arg(long, default_value_t = 131_565, value_parser = clap::value_parser!(u32).range(300..=131_565))]
    cases: u32,
    /// 随机种子 · Seed: the same seed replays the same year
    #[arg(long, default_value_t = 2016)]
    seed: u64,
    /// 数据目录，不填则用临时目录 · Data folder to keep; a temporary one where not given
    #[arg(long)]
    data: Option<PathBuf>,
    /// gRPC 地址 · gRPC address [127.0.0.1:4100, or a free port]
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// 网页地址 · Address of the pages [127.0.0.1:4180, or a free port]
    #[arg(long)]
    web: Option<SocketAddr>,
    /// 结束后立即退出 · Stop at the end; the dashboard is not left up
    #[arg(long)]
    exit: bool,
    /// 以 JSON 输出结果 · The table as JSON on standard output
    #[arg(long)]
    json: bool,
}

/// Who may look at the lists of cases when the year is over: the county's executive deputy head, who acts on none.
const READER: &str = "G02";

/// 1 January 2016, 08:00 in Shanghai.
const MORNING: kit::clock::Moment = kit::clock::Moment(1_451_606_400_000_000);

/// Replays the year and ends with Ctrl-C, or at once with `--exit`; fails where a figure differs from the published one.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let folder = Folder::open(args.data.as_deref())?;
    let config = Config {
        data: folder.path.clone(),
        listen: args.listen.unwrap_or_else(|| free(4100)),
        web: args.web.unwrap_or_else(|| free(4180)),
        rate: 0,
        ..Config::default()
    };
    let suite = serve::start(&config, &Clock::simulated(MORNING)).await?;
    let pki = config.pki();
    let replayed = tokio::select! {
        replayed = replay(&args, &pki, &suite) => replayed,
        () = kit::serve::stop_signal() => Err(trouble("已中断", "interrupted")),
    };
    if replayed.is_ok() && !args.exit {
        kit::serve::stop_signal().await;
    }
    suite.stop().await;
    replayed
}

async fn replay(args: &Args, pki: &Path, suite: &serve::Suite) -> anyhow::Result<()> {
    let progress = Progress::new();
    progress.say(&format!("网页 dashboard http://{} · gRPC {}", suite.web, suite.grpc));
    let county = County::read()?;
    let ring = Keyring::open(&format!("https://{}", suite.grpc), pki).map_err(|error| {
        trouble(format!("运维凭证无法使用：{error}"), format!("the operator's credential: {error}"))
    })?;
    load(&ring).await?;
    let plan = plan::plan(&county, args.cases, args.seed)?;
    let replay = Replay::open(county, plan, args.seed, &ring)?;
    // On a worker of the runtime: the answers need not wake this thread each time.
    let replayed = tokio::spawn(replay.run(progress)).await?;
    show(args, replayed?, &ring, suite).await
}

/// Loads the directory and the catalogue of the county that is compiled in.
async fn load(ring: &Keyring) -> anyhow::Result<()> {
    let source = |file, text| Some(Source { file, text });
    let sources = Sources {
        units: source("units.csv", include_str!("../../county/units.csv")),
        windows: source("windows.csv", include_str!("../../county/windows.csv")),
        people: source("people.csv", include_str!("../../county/people.csv")),
        items: source("items.json", include_str!("../../county/items.json")),
    };
    let county = import::County::read("410223", Some(("尉氏县", "Weishi County")), sources)?;
    import::county(&Peer::from(ring.operator()), &county).await?;
    Ok(())
}

async fn show(args: &Args, pace: Pace, ring: &Keyring, suite: &serve::Suite) -> anyhow::Result<()> {
    let answers = figures::ask(ring).await?;
    let year = County::read()?.year;
    let target = Target::of(&year, args.cases);
    let table = Table {
        target,
        answers: &answers,
        notes: &year.open_at_year_end,
        pace,
        memory: peak_memory(),
        seed: args.seed,
    };
    let reads = !args.json && !args.exit;
    let password = if reads { ring.password(&format!("{DIVISION}/people/{READER}")).await? } else { String::new() };
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &table.json())?;
        writeln!(out)?;
    } else {
        table.write(&mut out)?;
        if !args.exit {
            writeln!(out, "网页 dashboard http://{} · 按 Ctrl-C 结束 · Ctrl-C to stop", suite.web)?;
            writeln!(
                out,
                "办件清单须登录 the lists of cases need a sign-in · 行政区划 division 410223 · 工号 person {READER} · 密码 password {password}"
            )?;
        }
    }
    match table.differences() {
        none if none.is_empty() => Ok(()),
        told => {
            Err(trouble(format!("与公布数字不符：{}", told.join("；")), "the figures differ from the published ones"))
        }
    }
}

/// The usual port on this machine, or any free one where it is taken.
fn free(port: u16) -> SocketAddr {
    let usual = SocketAddr::from(([127, 0, 0, 1], port));
    TcpListener::bind(usual).map_or(SocketAddr::from(([127, 0, 0, 1], 0)), |_| usual)
}

/// The data folder; one that nobody asked for is taken away at the end.
struct Folder {
    path: PathBuf,
    kept: bool,
}

impl Folder {
    fn open(asked: Option<&Path>) -> anyhow::Result<Folder> {
        if let Some(path) = asked {
            return Ok(Folder { path: path.to_owned(), kept: true });
        }
        let path = std::env::temp_dir().join(format!("yizhan-demo-{}", uuid::Uuid::new_v4()));
        crate::folder::make_private(&path)?;
        Ok(Folder { path, kept: false })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be taken away lies in the system's own folder for such things.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Most memory that this process has held, in bytes.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
