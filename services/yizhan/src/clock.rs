//! The clock of the program: `yizhan clock`, and the ClockService that it asks.

use std::{
    io::{self, Write},
    sync::Arc,
};

use jiff::{civil::DateTime, tz::Offset};
use kit::{
    clock::{Clock, Moment},
    refusal::{Kind, Refusal},
};
use proto::clock::v1::{
    self as pb,
    clock_service_client::ClockServiceClient,
    clock_service_server::{ClockService, ClockServiceServer},
};
use tokio::sync::Mutex;
use tonic::{Request, Response, Status};

use crate::{folder::Folder, peer::connect, trouble};

/// A training clock is moved by ten years at most.
const FURTHEST: i64 = 3_653 * 86_400_000_000;

#[derive(clap::Args)]
pub struct Args {
    /// 服务地址 · The server's URL
    #[arg(long, env = "YIZHAN_SERVER", default_value = "http://127.0.0.1:4100", global = true)]
    server: String,
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(clap::Subcommand)]
enum Task {
    /// 推进培训时钟 · Move the clock of a server in training mode forward
    Advance {
        /// 北京时间，例如 2026-02-10T09:00 · The new time in Shanghai
        #[arg(value_parser = shanghai)]
        to: Moment,
    },
}

pub async fn run(args: Args) -> anyhow::Result<()> {
    let mut client = ClockServiceClient::new(connect("--server", &args.server)?);
    let answer = match args.task {
        None => client.get_clock(pb::GetClockRequest {}).await,
        Some(Task::Advance { to }) => {
            client.advance_clock(pb::AdvanceClockRequest { to: Some(to.timestamp()) }).await
        }
    };
    let clock = answer.map_err(|status| trouble(kit::status::localized(&status), status.message()))?.into_inner();
    let sort = if clock.simulated { "培训时钟 · simulated" } else { "真实时钟 · real" };
    Ok(writeln!(io::stdout().lock(), "{} ({sort})", clock.shanghai)?)
}

/// Reads a civil time in Shanghai.
pub fn shanghai(text: &str) -> Result<Moment, String> {
    let civil: Result<DateTime, _> = text.parse();
    let moment = civil.and_then(|civil| Offset::constant(8).to_timestamp(civil));
    moment.map(|at| Moment(at.as_microsecond())).map_err(|_| "应为北京时间 · a time in Shanghai reads 2026-02-09T09:00".into())
}

/// ClockService over the program's clock. A move is written down in the data folder before it happens.
pub struct Service {
    clock: Clock,
    folder: Arc<Folder>,
    /// Moves are made one after another.
    moving: Arc<Mutex<()>>,
}

impl Service {
    pub fn new(clock: &Clock, folder: &Arc<Folder>) -> ClockServiceServer<Service> {
        ClockServiceServer::new(Service { clock: clock.clone(), folder: folder.clone(), moving: Arc::default() })
    }

    fn tell(&self) -> Response<pb::Clock> {
        let now = self.clock.now();
        let (at, simulated) = (Some(now.timestamp()), self.clock.is_simulated());
        Response::new(pb::Clock { now: at, shanghai: now.shanghai(), simulated })
    }
}

#[tonic::async_trait]
impl ClockService for Service {
    async fn get_clock(&self, _: Request<pb::GetClockRequest>) -> Result<Response<pb::Clock>, Status> {
        Ok(self.tell())
    }

    async fn advance_clock(&self, request: Request<pb::AdvanceClockRequest>) -> Result<Response<pb::Clock>, Status> {
        if !self.clock.is_simulated() {
            let (zh, en) = ("本系统按真实时间运行，不能推进时钟", "this server lives in real time; only training mode has a clock to advance");
            return Err(Refusal::state("CLOCK_IS_REAL", zh, en).into());
        }
        let to = request.get_ref().to.as_ref().and_then(Moment::from_timestamp);
        let to = to.ok_or_else(|| Refusal::field("to", "必填，须为有效时间", "required, a time of the years 1 to 9999"))?;
        let (clock, folder, moving) = (self.clock.clone(), self.folder.clone(), self.moving.clone());
        // In a task of its own: a caller who hangs up does not leave a move half made.
        let moved = tokio::spawn(async move {
            let _one = moving.lock().await;
            let now = clock.now();
            if !(now.0..=now.0.saturating_add(FURTHEST)).contains(&to.0) {
                let (zh, en) = (
                    format!("现在是 {}，只能向前推进，且不超过十年", now.shanghai()),
                    format!("it is {}; the clock goes forward only, and by ten years at most", now.shanghai()),
                );
                return Err(Refusal::new(Kind::Invalid, "CLOCK_GOES_FORWARD", zh, en).at("to"));
            }
            folder.live_to(to).map_err(Refusal::internal)?;
            clock.advance(to);
            clock.settled(to).await;
            Ok(())
        });
        moved.await.map_err(Refusal::internal)??;
        Ok(self.tell())
    }
}
