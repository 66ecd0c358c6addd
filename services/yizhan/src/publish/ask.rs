//! What can be asked of disclosure, as it stands on the command line.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use proto::disclosure::v1 as pb;

use crate::window::At;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub at: At,
    #[command(subcommand)]
    pub task: Task,
}

#[derive(Subcommand)]
pub enum Task {
    /// 待办：本单位的草稿、下一步和期限 · What a unit has to do: drafts, their next step and clock
    #[command(after_help = "示例 · Example:\n  yizhan publish inbox 012")]
    Inbox { unit: String },
    /// 起草 · Draft what stands in a file
    #[command(
        after_help = "示例 · Example:\n  yizhan publish draft --sample > notice.md\n  yizhan publish draft notice.md"
    )]
    Draft {
        /// 文件：两行 --- 之间的说明，之后为 Markdown · What it is between two lines ---, then Markdown
        #[arg(required_unless_present = "sample")]
        file: Option<PathBuf>,
        /// 打印样例 · Print a sample
        #[arg(long)]
        sample: bool,
    },
    /// 修改草稿 · Replace the text of a draft
    Update { id: String, file: PathBuf },
    /// 查看 · Show a publication
    #[command(after_help = "示例 · Example:\n  yizhan publish show 012-2016-00017 --edition 1")]
    Show {
        id: String,
        /// 以前的版本 · An edition before the present one
        #[arg(long, default_value_t = 0)]
        edition: i32,
    },
    /// 内容检查 · Check a draft against the required elements
    Check { id: String },
    /// 保密审查 · Review a draft: disclose it, in part, or withhold it
    #[command(
        after_help = "示例 · Example:\n  yizhan publish review 012-2016-00017 --disclose\n  yizhan publish review \
                      012-2016-00017 --partial 当事人姓名=privacy=涉及个人隐私\n  yizhan publish review 012-2016-00017 --withhold \
                      process --reason 尚在讨论"
    )]
    Review(Review),
    /// 审批 · Approve a reviewed draft; below the bar with a reason
    Approve {
        id: String,
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// 公开 · Make an approved draft public
    Publish { id: String },
    /// 退回 · Send a draft back
    Return {
        id: String,
        #[arg(long)]
        reason: String,
    },
    /// 更正 · Begin a correction, with another text or the last one
    #[command(after_help = "示例 · Example:\n  yizhan publish correct 012-2016-00017 notice.md --reason 电话变更")]
    Correct {
        id: String,
        file: Option<PathBuf>,
        #[arg(long)]
        reason: String,
    },
    /// 撤回 · Take away what is public
    Withdraw {
        id: String,
        #[arg(long)]
        reason: String,
    },
    /// 附件和图片 · Files and pictures of a draft
    #[command(subcommand)]
    File(File),
    /// 已公开的信息 · What is public, newest first
    #[command(after_help = "示例 · Example:\n  yizhan publish list --column guides --unit 012")]
    List(Which),
    /// 检索 · Search what is public
    #[command(after_help = "示例 · Example:\n  yizhan publish search 许可 --column guides")]
    Search {
        query: String,
        #[command(flatten)]
        which: Which,
    },
    /// 栏目 · The columns
    Columns {
        /// 包括停用的 · Retired ones, too
        #[arg(long)]
        retired: bool,
    },
    /// 设置栏目 · Set a column
    #[command(subcommand)]
    Column(Column),
    /// 公开要素清单 · The lists of required elements
    Requirements {
        /// 清单 · Code of one list
        list: Option<String>,
        /// 设定新版本：JSON 文件 · Set a version of it, from JSON as `--json` prints it
        #[arg(long)]
        set: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
pub enum File {
    /// 添加 · Add a file; a picture with what it shows
    #[command(
        after_help = "示例 · Example:\n  yizhan publish file add 012-2016-00017 flow.png --title 办理流程 --alt 流程图：受理、审查、决定"
    )]
    Add {
        id: String,
        path: PathBuf,
        /// 页面上的名称 · What it is called on the page; its name where not given
        #[arg(long, default_value = "")]
        title: String,
        /// 替代文字：图片必填 · What a picture shows
        #[arg(long, default_value = "")]
        alt: String,
    },
    /// 移除 · Remove a file, by its SHA-256
    Remove { id: String, sha256: String },
}

#[derive(Subcommand)]
pub enum Column {
    /// 新建或修改；没有给出的保持不变 · Create or change; what is not given stays
    #[command(
        after_help = "示例 · Example:\n  yizhan publish column set guides --standing-review 尉政公开〔2016〕1号 --reviewer D01-2 --leader G01"
    )]
    Set(SetColumn),
}

#[derive(clap::Args)]
pub struct SetColumn {
    pub code: String,
    #[arg(long)]
    pub title: Option<String>,
    #[arg(long)]
    pub title_en: Option<String>,
    /// 条例第二十条第几项 · Which of the fifteen of article 20
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..=15))]
    pub category: Option<i32>,
    /// 要素清单 · Code of its list of required elements
    #[arg(long)]
    pub requirements: Option<String>,
    /// 期限，工作日 · Working days to publication
    #[arg(long)]
    pub limit: Option<i32>,
    #[arg(long)]
    pub rank: Option<i32>,
    /// 合格线，百分比 · What scores less needs a leader's reason, percent
    #[arg(long)]
    pub bar: Option<i32>,
    /// 分类审查文号：系统生成的草稿自动公开 · Number of the standing review: drafts that the suite makes publish themselves
    #[arg(long, requires = "reviewer", requires = "leader")]
    pub standing_review: Option<String>,
    #[arg(long)]
    pub reviewer: Option<String>,
    #[arg(long)]
    pub leader: Option<String>,
    /// 取消分类审查 · Take the standing review back
    #[arg(long, conflicts_with = "standing_review")]
    pub no_standing_review: bool,
    /// 停用或恢复 · Retire it, or take it back: true, false
    #[arg(long)]
    pub retired: Option<bool>,
}

#[derive(clap::Args)]
pub struct Which {
    #[arg(long, default_value = "")]
    pub column: String,
    #[arg(long, default_value = "")]
    pub unit: String,
    /// 条例第二十条第几项 · Which of the fifteen of article 20
    #[arg(long, default_value_t = 0)]
    pub category: i32,
    /// person, enterprise, institution, social, organ, other
    #[arg(long, default_value = "")]
    pub subject: String,
    /// 公开的月份 · Month of publication, YYYY-MM; not for a search
    #[arg(long, default_value = "")]
    pub month: String,
    /// 最多条数 · At most so many
    #[arg(long, default_value_t = 20)]
    pub count: i32,
}

impl Which {
    pub fn selection(self) -> pb::Selection {
        let Which { column, unit, category, subject, month, .. } = self;
        pb::Selection { column, unit, category, subject, month }
    }
}

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("disposal").required(true))]
pub struct Review {
    pub id: String,
    /// 公开 · Disclose it
    #[arg(long, group = "disposal")]
    pub disclose: bool,
    /// 部分公开：内容=依据=理由 · In part: WHAT=GROUND=REASON, for each that is left out
    #[arg(long, group = "disposal", value_parser = omission)]
    pub partial: Vec<(String, Ground, String)>,
    /// 不予公开的依据 · Withhold it, on this ground
    #[arg(long, group = "disposal")]
    pub withhold: Option<Ground>,
    #[arg(long, default_value = "")]
    pub reason: String,
    /// 已查看程序无法读取的附件 · The files that the program could not read were looked at
    #[arg(long)]
    pub looked_at_files: bool,
}

/// 政府信息公开条例 art. 14 to 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Ground {
    /// 国家秘密 (14)
    StateSecret,
    /// 法律、行政法规禁止公开 (14)
    ForbiddenByLaw,
    /// 危及国家安全、公共安全、经济安全、社会稳定 (14)
    SecurityAndStability,
    /// 商业秘密 (15)
    TradeSecret,
    /// 个人隐私 (15)
    Privacy,
    /// 内部事务 (16)
    InternalAffairs,
    /// 过程性信息 (16)
    Process,
    /// 行政执法案卷 (16)
    EnforcementFile,
}

impl Ground {
    pub fn wire(self) -> i32 {
        let ground = match self {
            Ground::StateSecret => pb::Ground::StateSecret,
            Ground::ForbiddenByLaw => pb::Ground::ForbiddenByLaw,
            Ground::SecurityAndStability => pb::Ground::SecurityAndStability,
            Ground::TradeSecret => pb::Ground::TradeSecret,
            Ground::Privacy => pb::Ground::Privacy,
            Ground::InternalAffairs => pb::Ground::InternalAffairs,
            Ground::Process => pb::Ground::Process,
            Ground::EnforcementFile => pb::Ground::EnforcementFile,
        };
        ground.into()
    }
}

fn omission(text: &str) -> Result<(String, Ground, String), String> {
    let wrong = || "应为 内容=依据=理由 · reads WHAT=GROUND=REASON, for example 姓名=privacy=个人隐私".to_owned();
    let (what, rest) = text.split_once('=').ok_or_else(wrong)?;
    let (ground, reason) = rest.split_once('=').ok_or_else(wrong)?;
    let ground = Ground::from_str(ground.trim(), true).map_err(|_| wrong())?;
    Ok((what.trim().to_owned(), ground, reason.trim().to_owned()))
}
