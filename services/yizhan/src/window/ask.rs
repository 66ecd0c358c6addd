//! What can be asked for at a window, as it stands on the command line.

use std::{fmt, path::PathBuf};

use clap::{Subcommand, ValueEnum};
use kit::clock::Moment;
use proto::intake::v1 as pb;
use uuid::Uuid;

use crate::{clock::shanghai, peer::To};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub at: At,
    #[command(subcommand)]
    pub task: Task,
}

/// Where one sits, and who one is.
#[derive(clap::Args)]
#[command(next_help_heading = "窗口 · At which window")]
pub struct At {
    #[command(flatten)]
    pub to: To,
    /// 行政区划代码 · Division, six digits
    #[arg(long, env = "YIZHAN_DIVISION", global = true)]
    pub division: Option<String>,
    /// 窗口编号 · Code of this window
    #[arg(long, env = "YIZHAN_WINDOW", global = true)]
    pub window: Option<String>,
    /// 经办人编号 · Code of the person at work
    #[arg(long, env = "YIZHAN_CLERK", global = true)]
    pub clerk: Option<String>,
    /// 断网时的存放目录 · Folder that keeps what could not be sent
    #[arg(long, env = "YIZHAN_SPOOL", global = true)]
    pub spool: Option<PathBuf>,
    /// 以JSON输出 · Print JSON, one object a line
    #[arg(long, global = true)]
    pub json: bool,
    /// 最长等待秒数 · How long to wait for an answer, in seconds
    #[arg(long, env = "YIZHAN_TIMEOUT", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600), global = true)]
    pub timeout: u64,
}

#[derive(Subcommand)]
pub enum Task {
    #[command(flatten)]
    Change(Box<Deed>),
    #[command(flatten)]
    Read(Look),
    /// 授权即办件在窗口当场办结 · Let an instant item be granted at the window; sent at once or not at all, never kept
    Mandate(Mandate),
    /// 发送断网时存放的请求 · Send what was kept while the line was cut
    Deliver {
        /// 服务地址已变更 · The server has moved here: send what was kept for another address, too
        #[arg(long)]
        moved: bool,
    },
    /// 查看存放的请求 · What is kept, and what was refused later
    Spool {
        /// 删除一条已被退回的请求 · Delete one that was refused
        #[arg(long, value_name = "REQUEST_ID")]
        forget: Option<Uuid>,
    },
}

/// What changes a case.
#[derive(Subcommand)]
pub enum Deed {
    /// 收件 · Receive an application
    Receive(Box<Receive>),
    /// 受理 · Accept
    Accept { number: String },
    /// 一次性告知补正 · Ask once for everything that is missing
    SupplementAsk {
        number: String,
        /// 材料=缺什么 · MATERIAL=WHAT, for each thing that is missing or wrong
        #[arg(long = "need", required = true, value_parser = pair)]
        needs: Vec<(String, String)>,
    },
    /// 补正材料 · Take in what was asked for
    Supplement {
        number: String,
        /// 材料=原件+复印件 · MATERIAL=ORIGINALS+COPIES
        #[arg(long = "material", required = true, value_parser = ticked)]
        materials: Vec<pb::TickedMaterial>,
    },
    /// 不受理、不予受理 · Refuse at the door
    Refuse {
        number: String,
        /// 不需要许可 · No licence is needed
        #[arg(long, conflicts_with = "competent", required_unless_present = "competent")]
        not_required: bool,
        /// 不属本机关职权，主管机关为… · Outside the unit's powers; the agency that is competent
        #[arg(long, value_name = "AGENCY")]
        competent: Option<String>,
        #[arg(long)]
        reason: String,
    },
    /// 期限中止 · Stop the clocks, with the written notice
    Suspend {
        number: String,
        #[arg(long)]
        cause: Cause,
        /// 书面告知文号 · Number of the written notice
        #[arg(long)]
        notice: String,
        /// 所需工作日 · Working days that the notice says are needed
        #[arg(long)]
        days: i32,
        /// 首日 · First day that does not count; today where it is not given
        #[arg(long, default_value = "")]
        from: String,
        /// 承办人，默认为经办人 · The officer; the clerk where none is named
        #[arg(long)]
        officer: Option<String>,
    },
    /// 恢复计时 · Let the clocks go on
    Resume {
        number: String,
        /// 末日 · Last day that does not count; today where it is not given
        #[arg(long, default_value = "")]
        last: String,
        #[arg(long)]
        officer: Option<String>,
    },
    /// 延长期限 · Extend, once
    Extend {
        number: String,
        /// 批准人 · Who approved: the unit's head or deputy head
        #[arg(long)]
        approver: String,
        #[arg(long)]
        reason: String,
    },
    /// 作出决定 · Grant or deny
    Decide {
        number: String,
        /// 准予许可
        #[arg(long, conflicts_with = "deny", required_unless_present = "deny")]
        grant: bool,
        /// 不予许可
        #[arg(long)]
        deny: bool,
        /// 理由，不予许可时必填 · Reasons, required for a denial
        #[arg(long, default_value = "")]
        reasons: String,
        /// 证照或决定书编号 · Number of the certificate or of the written denial
        #[arg(long, default_value = "")]
        document_number: String,
        #[arg(long)]
        officer: Option<String>,
    },
    /// 出件 · Hand the result out
    Issue {
        number: String,
        /// 领取人 · Who takes it
        #[arg(long)]
        to: String,
        /// 证件号码
        #[arg(long)]
        id: String,
        /// 证件类型
        #[arg(long, default_value = "citizen-id")]
        document: Document,
    },
    /// 申请人撤回 · The applicant withdraws
    Withdraw {
        number: String,
        #[arg(long)]
        reason: String,
    },
    /// 终止 · End a case that cannot be decided any more
    Terminate {
        number: String,
        #[arg(long)]
        reason: String,
        #[arg(long)]
        officer: Option<String>,
    },
    /// 上传附件 · Attach a file
    Attach {
        number: String,
        file: PathBuf,
        /// 所属材料 · The material that it is
        #[arg(long, default_value = "")]
        material: String,
        /// 文件类型，默认按扩展名 · Media type; by the file's name where it is not given
        #[arg(long)]
        media_type: Option<String>,
    },
}

/// A leader's to do, who signs in here for it.
#[derive(clap::Args)]
pub struct Mandate {
    /// 事项编码 · Code of the item
    pub item: String,
    /// 授权人 · Who gives it: the head or a deputy head of the item's unit
    #[arg(long)]
    pub leader: String,
    /// 被授权的审批人 · Whose standing decision it is
    #[arg(long, requires = "document")]
    pub officer: Option<String>,
    /// 授权书文号 · Number of the written mandate
    #[arg(long, requires = "officer")]
    pub document: Option<String>,
    /// 收回授权 · Take it back
    #[arg(long, conflicts_with = "officer", required_unless_present = "officer")]
    pub revoke: bool,
}

/// What only looks.
#[derive(Subcommand)]
pub enum Look {
    /// 查看一件 · One case
    Get { number: String },
    /// 查询办件 · Cases by a filter, for example `state = ACCEPTED AND unit = "012"`
    List {
        #[arg(long, default_value = "")]
        filter: String,
        /// number, received_at, due_on, 可加 ` desc`
        #[arg(long, default_value = "")]
        order: String,
        /// 最多条数 · At most so many
        #[arg(long, default_value_t = 50)]
        most: usize,
    },
    /// 待办 · What a unit has to do next, nearest due first
    Inbox {
        #[arg(long)]
        unit: String,
        #[arg(long, default_value_t = 50)]
        most: usize,
    },
    /// 收件回执：日志中的收件记录及其证明 · The receipt: what the journal says of the reception, and the proof
    Receipt {
        number: String,
        /// 证明另存为文件，可用 yizhan verify 离线核对 · Write the proof to a file, which `yizhan verify` checks offline
        #[arg(long, value_name = "FILE")]
        text: Option<PathBuf>,
    },
    /// 申请人查询进度 · What the applicant sees
    Track { number: String, query_code: String },
    /// 期限是怎么算的 · A due date, day by day
    Explain {
        number: String,
        #[arg(long, default_value = "legal")]
        clock: Clock,
    },
}

#[derive(clap::Args)]
pub struct Receive {
    /// 事项编码 · Code of the item
    #[arg(long)]
    pub item: String,
    /// 申请人 · Name of the applicant
    #[arg(long)]
    pub applicant: String,
    /// 证件号码
    #[arg(long)]
    pub id: String,
    /// 证件类型
    #[arg(long, default_value = "citizen-id")]
    pub document: Document,
    #[arg(long, default_value = "")]
    pub phone: String,
    #[arg(long, default_value = "")]
    pub address: String,
    /// 代理人 · Who acts for the applicant
    #[arg(long, default_value = "")]
    pub agent: String,
    #[arg(long, default_value = "")]
    pub agent_id: String,
    /// 材料=原件+复印件，例如 m1=1+2 · MATERIAL=ORIGINALS+COPIES, for each that was handed in
    #[arg(long = "material", value_parser = ticked)]
    pub materials: Vec<pb::TickedMaterial>,
    /// 当场更正 · What was corrected at the counter
    #[arg(long = "fixed")]
    pub fixed: Vec<String>,
    /// 材料齐全，当场受理 · Everything is there: accept at once
    #[arg(long, conflicts_with = "on_the_spot")]
    pub accept: bool,
    /// 即办件：依授权当场准予 · An instant item: grant it by its mandate
    #[arg(long)]
    pub on_the_spot: bool,
    /// 证照编号 · Number of the certificate
    #[arg(long, default_value = "", requires = "on_the_spot")]
    pub document_number: String,
    /// 补录：实际收件的北京时间，最早七天前 · Handed in before now, at most seven days: when, in Shanghai
    #[arg(long, value_name = "2016-03-04T16:30", value_parser = shanghai)]
    pub received_at: Option<Moment>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Document {
    /// 居民身份证
    CitizenId,
    /// 统一社会信用代码
    Uscc,
    /// 护照
    Passport,
    /// 港澳台居民居住证或通行证
    HmtPermit,
    /// 外国人永久居留身份证
    ForeignResident,
}

impl Document {
    pub fn wire(self) -> i32 {
        let document = match self {
            Document::CitizenId => pb::IdentityDocument::CitizenId,
            Document::Uscc => pb::IdentityDocument::Uscc,
            Document::Passport => pb::IdentityDocument::Passport,
            Document::HmtPermit => pb::IdentityDocument::HmtPermit,
            Document::ForeignResident => pb::IdentityDocument::ForeignResident,
        };
        document.into()
    }
}

/// The eight causes of 行政许可法 art. 45.
#[derive(Clone, Copy, ValueEnum)]
pub enum Cause {
    /// 听证
    Hearing,
    /// 招标
    Tender,
    /// 拍卖
    Auction,
    /// 检验
    Inspection,
    /// 检测
    Testing,
    /// 检疫
    Quarantine,
    /// 鉴定
    Appraisal,
    /// 专家评审
    ExpertReview,
}

impl Cause {
    pub fn wire(self) -> i32 {
        let cause = match self {
            Cause::Hearing => pb::SuspensionCause::Hearing,
            Cause::Tender => pb::SuspensionCause::Tender,
            Cause::Auction => pb::SuspensionCause::Auction,
            Cause::Inspection => pb::SuspensionCause::Inspection,
            Cause::Testing => pb::SuspensionCause::Testing,
            Cause::Quarantine => pb::SuspensionCause::Quarantine,
            Cause::Appraisal => pb::SuspensionCause::Appraisal,
            Cause::ExpertReview => pb::SuspensionCause::ExpertReview,
        };
        cause.into()
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Clock {
    /// 收件后五个工作日
    Intake,
    /// 法定时限
    Legal,
    /// 承诺时限
    Promised,
    /// 送达期限
    Issue,
}

impl Clock {
    pub fn wire(self) -> i32 {
        let clock = match self {
            Clock::Intake => pb::CaseClock::Intake,
            Clock::Legal => pb::CaseClock::Legal,
            Clock::Promised => pb::CaseClock::Promised,
            Clock::Issue => pb::CaseClock::Issue,
        };
        clock.into()
    }
}

/// Something that the task needs is not on the command line.
#[derive(Debug)]
pub struct Missing(&'static str);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "缺少 --{0}\n        --{0} is missing", self.0)
    }
}

impl std::error::Error for Missing {}

impl At {
    /// `divisions/{division}`
    pub fn parent(&self) -> Result<String, Missing> {
        Ok(format!("divisions/{}", self.division.as_deref().ok_or(Missing("division"))?))
    }

    /// The name of something of this division; a whole name stays as it is.
    pub fn name(&self, collection: &str, id: &str) -> Result<String, Missing> {
        if id.starts_with("divisions/") {
            return Ok(id.to_owned());
        }
        Ok(format!("{}/{collection}/{id}", self.parent()?))
    }

    pub fn window(&self) -> Result<String, Missing> {
        self.name("windows", self.window.as_deref().ok_or(Missing("window"))?)
    }

    pub fn clerk(&self) -> Result<String, Missing> {
        self.person(None)
    }

    /// The person named, or else the one at work.
    pub fn person(&self, code: Option<&str>) -> Result<String, Missing> {
        self.name("people", code.or(self.clerk.as_deref()).ok_or(Missing("clerk"))?)
    }
}

/// `m1=1+2`, `m1=1` or `m1`: one original where nothing is said.
fn ticked(text: &str) -> Result<pb::TickedMaterial, String> {
    let (code, counts) = text.split_once('=').unwrap_or((text, "1"));
    let (originals, copies) = counts.split_once('+').unwrap_or((counts, "0"));
    match (originals.trim().parse(), copies.trim().parse()) {
        (Ok(originals), Ok(copies)) if !code.is_empty() => {
            Ok(pb::TickedMaterial { code: code.to_owned(), originals, copies })
        }
        _ => Err("应为 材料=原件+复印件 · reads MATERIAL=ORIGINALS+COPIES, for example m1=1+2".into()),
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((code, what)) if !code.is_empty() && !what.trim().is_empty() => Ok((code.to_owned(), what.to_owned())),
        _ => Err("应为 材料=缺什么 · reads MATERIAL=WHAT IS MISSING".into()),
    }
}
