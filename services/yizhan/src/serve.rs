//! `yizhan serve`: every role in one process, or one of them. Both ways are wired alike; nothing else knows which it is.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::ValueEnum;
use kit::{
    clock::{Clock, Moment},
    config::{Config, Opened},
    peer::Peer,
    serve::{Limits, OpenError, behind},
    telemetry::{self, Outlets},
    tls,
};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::{clock::shanghai, folder::Folder, papers::Papers, peer::connect, trouble};

/// How long calls may take to finish once the program has been told to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// How long the databases may take to close after that.
const CLOSE: Duration = Duration::from_secs(3);

#[derive(clap::Args)]
pub struct Args {
    /// 只运行一个服务，不填则全部运行 · One role; all of them in one process where none is named
    role: Option<Role>,
    /// 配置文件 · Configuration, TOML
    #[arg(long, env = "YIZHAN_CONFIG")]
    config: Option<PathBuf>,
    /// 数据目录 · Data folder (YIZHAN_DATA)
    #[arg(long)]
    data: Option<PathBuf>,
    /// gRPC 地址 · gRPC address (YIZHAN_LISTEN)
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// 网页地址 · Address of the pages (YIZHAN_WEB)
    #[arg(long)]
    web: Option<SocketAddr>,
    /// 运行指标地址，供 Prometheus 读取 · Address of /metrics for Prometheus (YIZHAN_METRICS)
    #[arg(long)]
    metrics: Option<SocketAddr>,
    /// 培训模式：从此北京时间开始的模拟时钟 · Training mode: a simulated clock from this time in Shanghai on
    #[arg(long, value_name = "2026-02-09T09:00", value_parser = shanghai, conflicts_with = "role")]
    simulate: Option<Moment>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// 目录：区划、机构、窗口、人员、工作日历 · divisions, units, windows, people, calendar
    Directory,
    /// 办件：事项和办件 · items and cases
    Intake,
    /// 值班：领导值班、窗口AB岗、通报 · leaders' duty, window staffing, circulars
    Roster,
    /// 公开：政府信息的起草、审查、发布 · publications, their review, their files
    Disclosure,
    /// 网关：统一入口、统计、网页 · the door, the figures, the pages
    Gateway,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Role::Directory => "directory",
            Role::Intake => "intake",
            Role::Roster => "roster",
            Role::Disclosure => "disclosure",
            Role::Gateway => "gateway",
        }
    }
}

/// Serves until SIGTERM or Ctrl-C.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let config = configure(&args)?;
    let outlets = Outlets { otlp: config.otlp.as_deref(), scraped: config.metrics.is_some() };
    let telemetry = telemetry::start(args.role.map_or("all", Role::name), outlets, config.log_json);
    let telemetry = telemetry.map_err(|error| trouble(format!("otlp: {error}"), "telemetry could not be started"))?;
    let clock = args.simulate.map_or_else(Clock::real, Clock::simulated);
    // Listened for from now on, so that a stop that comes while it starts is not missed.
    let stop = tokio::spawn(kit::serve::stop_signal());
    let mut server = Server::open(args.role, &config, &clock, telemetry.scraped()).await?;
    let failed = tokio::select! {
        _ = stop => None,
        failed = server.failed() => Some(failed),
    };
    server.stop().await;
    tracing::info!("stopped");
    // Blocks while the last traces and figures are sent.
    tokio::task::spawn_blocking(move || telemetry.shutdown()).await?;
    failed.map_or(Ok(()), Err)
}

/// The whole suite in this process.
pub struct Suite {
    /// Where the gateway answers gRPC.
    pub grpc: SocketAddr,
    /// Where the pages are.
    pub web: SocketAddr,
    server: Server,
}

impl Suite {
    /// Lets calls finish, for ten seconds at most, and gives the data folder back.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

/// Opens the data folder, the databases and the ports of `config`, and serves every role. Port 0 takes a free one. A
/// simulated clock is moved on to the latest time that the data folder has lived to.
pub async fn start(config: &Config, clock: &Clock) -> anyhow::Result<Suite> {
    let server = Server::open(None, config, clock, None).await?;
    Ok(Suite { grpc: server.grpc, web: server.web.unwrap_or(config.web), server })
}

/// The file and the environment, and above them what stands on the command line.
fn configure(args: &Args) -> anyhow::Result<Config> {
    let mut config = Config::read(args.config.as_deref())
        .map_err(|error| trouble(format!("配置有误：{error}"), format!("the configuration is wrong: {error}")))?;
    config.data = args.data.clone().unwrap_or(config.data);
    config.listen = args.listen.unwrap_or(config.listen);
    config.web = args.web.unwrap_or(config.web);
    config.metrics = args.metrics.or(config.metrics);
    Ok(config)
}

/// Which services run here, and where the others are.
enum Wiring {
    All,
    Directory,
    Intake(Peer, Peer),
    Roster(Peer),
    Disclosure(disclosure::Peers),
    Gateway(gateway::Peers),
}

impl Wiring {
    fn of(role: Option<Role>, config: &Config, tls: &tls::Client) -> anyhow::Result<Wiring> {
        let peer = |service| peer(config, service, tls);
        Ok(match role {
            None => Wiring::All,
            Some(Role::Directory) => Wiring::Directory,
            Some(Role::Intake) => Wiring::Intake(peer("directory")?, peer("roster")?),
            Some(Role::Roster) => Wiring::Roster(peer("directory")?),
            Some(Role::Disclosure) => Wiring::Disclosure(disclosure::Peers {
                directory: peer("directory")?,
                intake: peer("intake")?,
                roster: peer("roster")?,
            }),
            Some(Role::Gateway) => Wiring::Gateway(gateway::Peers {
                directory: peer("directory")?,
                intake: peer("intake")?,
                roster: peer("roster")?,
                disclosure: peer("disclosure")?,
            }),
        })
    }

    async fn open(self, config: &Config, clock: &Clock) -> anyhow::Result<(Routes, Option<axum::Router>)> {
        let peers = match self {
            Wiring::Directory => return Ok((behind(open("directory", directory::open(config, clock)).await?), None)),
            Wiring::Intake(directory, roster) => {
                return Ok((behind(open("intake", intake::open(config, clock, directory, roster)).await?), None));
            }
            Wiring::Roster(peer) => {
                return Ok((behind(open("roster", roster::open(config, clock, peer)).await?), None));
            }
            Wiring::Disclosure(peers) => {
                return Ok((behind(open("disclosure", disclosure::open(config, clock, peers)).await?), None));
            }
            Wiring::Gateway(peers) => peers,
            Wiring::All => {
                let directory = Peer::in_process(open("directory", directory::open(config, clock)).await?);
                let roster = Peer::in_process(open("roster", roster::open(config, clock, directory.clone())).await?);
                let intake = open("intake", intake::open(config, clock, directory.clone(), roster.clone())).await?;
                let intake = Peer::in_process(intake);
                let peers =
                    disclosure::Peers { directory: directory.clone(), intake: intake.clone(), roster: roster.clone() };
                let disclosure = Peer::in_process(open("disclosure", disclosure::open(config, clock, peers)).await?);
                gateway::Peers { directory, intake, roster, disclosure }
            }
        };
        let gateway = open("gateway", gateway::open(config, clock, peers)).await?;
        Ok((gateway.routes, Some(gateway.web)))
    }
}

/// The service at the URL that is set for it.
fn peer(config: &Config, service: &str, tls: &tls::Client) -> anyhow::Result<Peer> {
    connect(&format!("peers.{service}"), peer_url(config, service)?, tls)
}

fn peer_url<'a>(config: &'a Config, service: &str) -> anyhow::Result<&'a str> {
    let variable = format!("YIZHAN_PEERS__{}", service.to_uppercase());
    let url = config.peers.get(service).ok_or_else(|| {
        trouble(
            format!("缺少 {service} 服务的地址：请在配置文件中设置 peers.{service}，或设置环境变量 {variable}"),
            format!(
                "where is {service}? set peers.{service} in the configuration, or {variable}, to https://HOST:PORT"
            ),
        )
    })?;
    Ok(url)
}

async fn open<T>(service: &str, opening: impl Future<Output = Result<T, OpenError>>) -> anyhow::Result<T> {
    opening.await.map_err(|error| {
        trouble(format!("服务 {service} 无法启动：{error}"), format!("{service} could not be opened: {error}"))
    })
}

async fn bind(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    kit::serve::bind(address).await.map_err(|error| {
        let en = format!("{error}; set another by --{setting}");
        trouble(format!("地址 {address} 无法监听，可能已被占用；请用 --{setting} 指定其他地址"), en)
    })
}

/// What listens.
struct Server {
    grpc: SocketAddr,
    web: Option<SocketAddr>,
    tasks: JoinSet<anyhow::Result<()>>,
    stop: CancellationToken,
    opened: Opened,
    _folder: Folder,
}

impl Server {
    async fn open(
        role: Option<Role>,
        config: &Config,
        clock: &Clock,
        scraped: Option<axum::Router>,
    ) -> anyhow::Result<Server> {
        if clock.is_simulated() && !config.databases.is_empty() {
            return Err(trouble(
                "培训模式的数据库都在数据目录中，请去掉 databases 设置",
                "training mode keeps its databases in the data folder; take `databases` out of the settings",
            ));
        }
        let needed: &[&str] = match role {
            Some(Role::Roster) => &["directory"],
            Some(Role::Intake) => &["directory", "roster"],
            Some(Role::Disclosure) => &["directory", "intake", "roster"],
            Some(Role::Gateway) => &["directory", "intake", "roster", "disclosure"],
            None | Some(Role::Directory) => &[],
        };
        needed.iter().try_for_each(|service| peer_url(config, service).map(drop))?;
        let folder = Folder::claim(&config.data, clock)?;
        // Ports first: an address in use is told before a database is touched.
        let listener = bind(config.listen, "listen").await?;
        let has_pages = matches!(role, None | Some(Role::Gateway));
        let pages = if has_pages { Some(bind(config.web, "web").await?) } else { None };
        // Beside the pages, not among them: how the suite is doing inside is nobody's business outside.
        let scraped = match scraped.zip(config.metrics) {
            Some((router, address)) => Some((bind(address, "metrics").await?, router)),
            None => None,
        };
        let metrics = scraped.as_ref().map(|(listener, _)| listener.local_addr()).transpose()?;
        let grpc = listener.local_addr()?;
        let web = pages.as_ref().map(TcpListener::local_addr).transpose()?;

        let papers = Papers::open(config, role.unwrap_or(Role::Gateway).name())?;
        let wiring = Wiring::of(role, config, &papers.client)?;
        let config = &Config { opened: Opened::kept(), ..config.clone() };
        let (routes, router) = wiring.open(config, clock).await?;
        let routes = kit::serve::with_health_and_reflection(routes).await?;
        let (mut tasks, stop) = (JoinSet::new(), CancellationToken::new());
        let limits = Limits { connections: config.connections, ..Limits::of(config.calls) };
        let tls = papers.server.clone();
        let serving = kit::serve::secure_grpc(listener, routes.prepare(), limits, tls.clone(), stop.clone());
        tasks.spawn(async { Ok(serving.await?) });
        // In the clear only where nobody else can hear it.
        let tls = web.filter(|web| !web.ip().is_loopback()).map(|_| tls);
        let scheme = if tls.is_some() { "https" } else { "http" };
        if let Some((listener, router)) = pages.zip(router) {
            let serving = kit::serve::web(listener, router, limits, tls, stop.clone());
            tasks.spawn(async { Ok(serving.await?) });
        }
        if let Some((listener, router)) = scraped {
            let serving = kit::serve::web(listener, router, limits, None, stop.clone());
            tasks.spawn(async { Ok(serving.await?) });
        }
        let kept = stop.clone().run_until_cancelled_owned(papers.keep());
        tasks.spawn(async move {
            kept.await;
            Ok(())
        });
        let time = if clock.is_simulated() { "training" } else { "real" };
        let (pages, now) = (web.map(|web| format!("{scheme}://{web}")), clock.now().shanghai());
        let metrics = metrics.map(tracing::field::display);
        tracing::info!(%grpc, pages, metrics, data = %config.data.display(), time, now, "listening");
        Ok(Server { grpc, web, tasks, stop, opened: config.opened.clone(), _folder: folder })
    }

    /// Waits until something that listens has ended by itself.
    async fn failed(&mut self) -> anyhow::Error {
        match self.tasks.join_next().await {
            Some(Ok(Err(error))) => error,
            Some(Err(error)) => error.into(),
            Some(Ok(Ok(()))) | None => trouble("服务意外停止", "a server ended unasked"),
        }
    }

    async fn stop(mut self) {
        tracing::info!("stopping");
        self.stop.cancel();
        let drained = tokio::time::timeout(DRAIN, async { while self.tasks.join_next().await.is_some() {} }).await;
        if drained.is_err() {
            tracing::warn!(seconds = DRAIN.as_secs(), "calls were cut off that did not finish");
            self.tasks.shutdown().await;
        }
        if tokio::time::timeout(CLOSE, self.opened.close()).await.is_err() {
            tracing::warn!(seconds = CLOSE.as_secs(), "the databases were left as they are: nothing is lost");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Instant};

    use kit::testing::{TestDatabase, clock};
    use proto::{
        intake::v1::{WatchCasesRequest, case_service_client::CaseServiceClient},
        journal::v1::{ReadEntriesRequest, journal_service_client::JournalServiceClient},
    };

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_stop_ends_open_streams_at_once_and_folds_the_write_ahead_logs_into_the_files() {
        let database = TestDatabase::sqlite();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config { listen: any, web: any, ..database.config(&[]).await };
        let suite = start(&config, &clock("2026-02-09T09:00")).await.expect("serves");
        let pki = config.pki();
        let tls = tls::Client::open(&pki.join("ca.pem"), Some(&pki.join("operator"))).expect("a credential");
        let peer = Peer::secure(&format!("https://{}", suite.grpc), &tls).expect("a URL");

        let watch = WatchCasesRequest { parent: "divisions/410223".into(), ..Default::default() };
        let mut changes = CaseServiceClient::new(peer.clone()).watch_cases(watch).await.expect("watches").into_inner();
        let mut tails = Vec::new();
        for service in ["directory", "intake", "roster", "disclosure"] {
            let mut request = tonic::Request::new(ReadEntriesRequest { tail: true, ..Default::default() });
            request.metadata_mut().insert("yizhan-service", service.parse().expect("text"));
            let entries = JournalServiceClient::new(peer.clone()).read_entries(request).await.expect("follows");
            tails.push(entries.into_inner());
        }
        assert!(fs::exists(config.data.join("directory.db-wal")).expect("looked"));

        let begun = Instant::now();
        suite.stop().await;
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        assert_eq!(kit::status::reason(&changes.message().await.expect_err("ended")), "STOPPING");
        for mut entries in tails {
            let ended = loop {
                match entries.message().await {
                    Ok(entries) => assert!(entries.is_some(), "ended without a reason"),
                    Err(status) => break status,
                }
            };
            assert_eq!(kit::status::reason(&ended), "STOPPING");
        }
        for service in ["directory", "intake", "roster", "disclosure", "gateway"] {
            assert!(fs::exists(config.data.join(format!("{service}.db"))).expect("looked"));
            assert!(!fs::exists(config.data.join(format!("{service}.db-wal"))).expect("looked"), "{service}");
        }
    }
}
