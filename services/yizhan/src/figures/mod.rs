//! `yizhan figures`: figures that were stated for good, their definitions, and their second count.

mod show;

use std::{
    io::{self, Write},
    time::Duration,
};

use proto::gateway::v1::{self as pb, figure_service_client::FigureServiceClient};
use uuid::Uuid;

use crate::{
    name::Division,
    peer::{Link, To, WHERE, refused},
    roster::json,
    sign_in::{self, SignedIn},
    trouble,
};

/// A recount reads a whole journal.
const PATIENCE: Duration = Duration::from_secs(300);
/// Statements on a page.
const PAGE: i32 = 200;

/// Where the server is, and in whose name it is asked: a leader's who is signed in here, else the operator's.
#[derive(clap::Args)]
pub struct Who {
    #[command(flatten)]
    pub to: To,
    #[command(flatten)]
    pub division: Division,
    /// 已在本终端登录的领导；不填则用运维凭证 · A leader who is signed in on this terminal; else the operator's credential
    #[arg(long, env = "YIZHAN_CLERK", global = true, help_heading = WHERE)]
    clerk: Option<String>,
}

impl Who {
    pub async fn link(&self, patience: Duration) -> anyhow::Result<Link> {
        let Some(clerk) = &self.clerk else { return Ok(Link::new(self.to.operator()?, None, patience)) };
        let (person, peer) = (self.division.name("people", clerk)?, self.to.terminal()?);
        let bearer = SignedIn::at(&self.to.folder()).bearer(&person, &peer).await;
        let bearer = bearer.and_then(|bearer| bearer.ok_or_else(|| sign_in::nobody(&person)));
        Ok(Link::new(peer, Some(bearer.map_err(|status| refused(&status))?), patience))
    }
}

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    who: Who,
    /// 以JSON输出，每行一个对象 · Print JSON, one object a line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    task: Task,
}

#[derive(clap::Subcommand)]
enum Task {
    /// 指标定义：分子、分母、统计范围 · What the figures mean: numerator, denominator, cohort
    Definitions,
    /// 公布一个指标：签名、见证、两次独立统计一致后写入日志 · State a figure for good
    Publish {
        /// 定义，例如 completion-rate · Id of a definition
        definition: String,
        #[command(flatten)]
        period: Period,
    },
    /// 已公布的，新的在前 · What was stated, the newest first
    List {
        /// 只看一个定义 · Of one definition
        #[arg(long, default_value = "")]
        definition: String,
    },
    /// 查看一个 · One of them
    Show { id: String },
    /// 由日志重新统计，与所公布的核对 · Count again from the journals, and compare
    Recount {
        /// 已公布的编号 · Id of a statement
        #[arg(required_unless_present = "definition")]
        id: Option<String>,
        /// 未公布的：按此定义统计两次 · What was not stated: count twice by this definition
        #[arg(long, conflicts_with = "id")]
        definition: Option<String>,
        #[command(flatten)]
        period: Period,
    },
}

#[derive(clap::Args, Default)]
struct Period {
    /// 年度 · A year
    #[arg(long, conflicts_with_all = ["first", "last"])]
    year: Option<u16>,
    /// 第一天 YYYY-MM-DD · The first day
    #[arg(long, requires = "last")]
    first: Option<String>,
    /// 最后一天 · The last day
    #[arg(long, requires = "first")]
    last: Option<String>,
    /// 单位编号；不填为全部 · Code of a unit; all if not said
    #[arg(long, default_value = "")]
    unit: String,
}

impl Period {
    fn wire(&self) -> anyhow::Result<pb::Period> {
        match (self.year, &self.first, &self.last) {
            (Some(year), ..) => Ok(pb::Period { first: format!("{year:04}-01-01"), last: format!("{year:04}-12-31") }),
            (None, Some(first), Some(last)) => Ok(pb::Period { first: first.clone(), last: last.clone() }),
            _ => Err(trouble(
                "请用 --year 或 --first 和 --last 指定期间",
                "name the period by --year, or --first and --last",
            )),
        }
    }
}

/// Of `yizhan figures --help`.
pub const EXAMPLE: &str = "\
示例 · Examples:
  yizhan figures definitions
  yizhan figures publish completion-rate --year 2016 --division 410223
  yizhan figures publish on-time-rate-legal --first 2016-01-01 --last 2016-03-31 --unit 012 --clerk U012-01
  yizhan figures list --division 410223
  yizhan figures recount completion-rate-20160101-20161231-1";

pub async fn run(args: Args) -> anyhow::Result<()> {
    let Args { who, json, task } = args;
    let mut client = FigureServiceClient::new(who.link(PATIENCE).await?);
    let mut out = io::stdout().lock();
    match task {
        Task::Definitions => {
            let asked = client.list_definitions(pb::ListDefinitionsRequest {}).await;
            let definitions = asked.map_err(|status| refused(&status))?.into_inner().definitions;
            match json {
                true => lines(&mut out, json::each("gateway.v1.Definition", &definitions))?,
                false => show::definitions(&mut out, &definitions)?,
            }
        }
        Task::Publish { definition, period } => {
            let request = pb::PublishFigureRequest {
                parent: who.division.parent()?,
                definition,
                period: Some(period.wire()?),
                unit: period.unit,
                request_id: Uuid::new_v4().to_string(),
            };
            let answer = client.publish_figure(request).await.map_err(|status| refused(&status))?;
            told(&mut out, json, &[answer.into_inner()])?;
        }
        Task::List { definition } => {
            let (parent, page_token) = (who.division.parent()?, String::new());
            let mut request = pb::ListPublishedFiguresRequest { parent, page_size: PAGE, page_token, definition };
            loop {
                let page = client.list_published_figures(request.clone()).await.map_err(|status| refused(&status))?;
                let page = page.into_inner();
                match json {
                    true => told(&mut out, json, &page.figures)?,
                    false => show::list(&mut out, &page.figures)?,
                }
                request.page_token = page.next_page_token;
                if request.page_token.is_empty() {
                    break;
                }
            }
        }
        Task::Show { id } => {
            let request = pb::GetPublishedFigureRequest { name: named(&who, &id)? };
            let answer = client.get_published_figure(request).await.map_err(|status| refused(&status))?;
            told(&mut out, json, &[answer.into_inner()])?;
        }
        Task::Recount { id, definition, period } => {
            let request = match id {
                Some(id) => pb::RecountFigureRequest { name: named(&who, &id)?, ..Default::default() },
                None => pb::RecountFigureRequest {
                    name: who.division.parent()?,
                    definition: definition.unwrap_or_default(),
                    period: Some(period.wire()?),
                    unit: period.unit,
                },
            };
            let answer = client.recount_figure(request).await.map_err(|status| refused(&status))?.into_inner();
            match json {
                true => lines(&mut out, vec![json::of("gateway.v1.RecountFigureResponse", &answer)])?,
                false => show::recount(&mut out, &answer)?,
            }
            if !answer.agrees {
                return Err(trouble("两次统计不一致", "the two counts differ"));
            }
        }
    }
    Ok(())
}

/// Ids are of small letters, other than the codes of the directory.
fn named(who: &Who, id: &str) -> anyhow::Result<String> {
    if id.contains('/') {
        return Ok(id.to_owned());
    }
    Ok(format!("{}/figures/{id}", who.division.parent()?))
}

fn told(out: &mut impl Write, json: bool, figures: &[pb::PublishedFigure]) -> io::Result<()> {
    match json {
        true => lines(out, json::each("gateway.v1.PublishedFigure", figures)),
        false => figures.iter().try_for_each(|figure| show::figure(out, figure)),
    }
}

fn lines(out: &mut impl Write, objects: Vec<serde_json::Value>) -> io::Result<()> {
    objects.iter().try_for_each(|object| writeln!(out, "{object}"))
}
