//! What can be asked of the roster, as it stands on the command line.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use proto::roster::v1 as pb;

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
    /// 值班规则 · The rules of duty
    #[command(subcommand)]
    Rules(Rules),
    /// 请假、公务、调离 · Who is away, with the document that says so
    #[command(subcommand)]
    Leave(Leave),
    #[command(flatten)]
    Plan(Plan),
    /// 已公布的值班 · Published duties
    #[command(after_help = "示例 · Example:\n  yizhan roster duties --first 2016-03-01 --last 2016-03-31 --unit 005")]
    Duties(Duties),
    #[command(flatten)]
    Wish(Wish),
    #[command(flatten)]
    Exchange(Exchange),
    #[command(flatten)]
    Attendance(Attendance),
    /// 窗口AB岗 · Which clerks staff the windows, A and B
    #[command(subcommand)]
    Staff(Staff),
    /// 值班通报 · The monthly circular
    #[command(subcommand)]
    Circular(Circular),
}

/// A month's plan.
#[derive(Subcommand)]
pub enum Plan {
    /// 编排一个月，或重排剩余部分 · Draft a month, or what is left of it anew
    #[command(after_help = "示例 · Example:\n  yizhan roster draft 2016-03")]
    Draft {
        /// 月份 · YYYY-MM
        month: String,
        /// 从这一天起 · First day that is planned, YYYY-MM-DD
        #[arg(long, default_value = "")]
        from: String,
    },
    /// 查看值班表 · A month's plan as a table
    #[command(after_help = "示例 · Example:\n  yizhan roster show 2016-03 --conflicts")]
    Show {
        month: String,
        /// 列出冲突 · What the rules ask and the plan does not give
        #[arg(long)]
        conflicts: bool,
    },
    /// 调整草案 · Put others on duties of a draft
    #[command(after_help = "示例 · Example:\n  yizhan roster adjust 2016-03 20160308-AM-HALL-1=U005-02")]
    Adjust {
        month: String,
        /// 值班=人员，留空则暂缺 · DUTY=PERSON; nobody where it is empty
        #[arg(required = true, value_parser = step)]
        moves: Vec<(String, String)>,
    },
    /// 公布值班表 · Publish a draft
    #[command(after_help = "示例 · Example:\n  yizhan roster publish 2016-03")]
    Publish { month: String },
}

/// What is asked for of a published duty.
#[derive(Subcommand)]
pub enum Wish {
    /// 申请调班（两人互换） · Ask for a swap
    #[command(after_help = "示例 · Example:\n  yizhan roster swap 20160308-AM-HALL-1 20160310-PM-HALL-1")]
    Swap {
        duty: String,
        other: String,
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// 申请替班（本单位领导班子成员） · Ask for a substitute
    #[command(after_help = "示例 · Example:\n  yizhan roster substitute 20160308-AM-HALL-1 U005-03")]
    Substitute {
        duty: String,
        /// 替班人 · Who substitutes
        person: String,
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// 申请免值，须有文件 · Ask to be excused
    #[command(after_help = "示例 · Example:\n  yizhan roster excuse 20160308-AM-HALL-1 --document 尉政办〔2016〕5号")]
    Excuse {
        duty: String,
        /// 文件 · The document
        #[arg(long)]
        document: String,
        #[arg(long, default_value = "")]
        reason: String,
    },
}

/// What becomes of it.
#[derive(Subcommand)]
pub enum Exchange {
    /// 答复申请 · Accept or refuse
    #[command(after_help = "示例 · Example:\n  yizhan roster answer 2016-03-0123456789ab --accept")]
    Answer {
        /// 申请编号 · As listed by `exchanges`
        exchange: String,
        /// 同意
        #[arg(long, conflicts_with = "refuse", required_unless_present = "refuse")]
        accept: bool,
        /// 不同意，须说明理由 · Refuse, and say why below
        #[arg(long, requires = "why")]
        refuse: bool,
        /// 答复内容 · What the answer says
        #[arg(long, default_value = "")]
        why: String,
    },
    /// 撤回申请或撤销调整 · Withdraw what was asked for, or undo what was accepted
    #[command(after_help = "示例 · Example:\n  yizhan roster undo 2016-03-0123456789ab")]
    Undo { exchange: String },
    /// 一个月的调班、替班、免值 · The exchanges of a month
    #[command(after_help = "示例 · Example:\n  yizhan roster exchanges 2016-03")]
    Exchanges { month: String },
}

/// Who came, and what the day brought.
#[derive(Subcommand)]
pub enum Attendance {
    /// 值班签到（在岗位终端上） · Sign in to a duty on the post's terminal
    #[command(after_help = "示例 · Example:\n  yizhan roster on 20160308-AM-HALL-1")]
    On { duty: String },
    /// 值班签退（在岗位终端上） · Sign out of a duty on the post's terminal
    #[command(after_help = "示例 · Example:\n  yizhan roster off 20160308-AM-HALL-1")]
    Off { duty: String },
    /// 值班日志 · The duty log
    #[command(after_help = "示例 · Example:\n  yizhan roster log 20160308-AM-HALL-1 --enquiries 12 --handover 无")]
    Log(Log),
    /// 更正考勤 · Correct a mark
    #[command(
        after_help = "示例 · Example:\n  yizhan roster correct 20160308-AM-HALL-1 --mark excused --reason 参加县委会议"
    )]
    Correct {
        duty: String,
        #[command(flatten)]
        mark: Mark,
        /// 理由 · Why
        #[arg(long)]
        reason: String,
    },
}

#[derive(Subcommand)]
pub enum Rules {
    /// 现行规则 · The rules in force
    #[command(after_help = "示例 · Example:\n  yizhan roster rules show --day 2016-03-08")]
    Show {
        /// 某一天的 · On a day, YYYY-MM-DD; today where it is not given
        #[arg(long, default_value = "")]
        day: String,
    },
    /// 设定规则 · Set the rules from a file, TOML or (*.json) JSON
    #[command(after_help = "示例 · Example:\n  yizhan roster rules set duty.toml")]
    Set {
        #[arg(required_unless_present = "sample")]
        file: Option<PathBuf>,
        /// 输出样例，不设定 · Print a sample to fill in; nothing is set
        #[arg(long, conflicts_with = "file")]
        sample: bool,
    },
}

#[derive(Subcommand)]
pub enum Leave {
    /// 登记 · Record
    #[command(
        after_help = "示例 · Example:\n  yizhan roster leave add U005-02 --kind official --first 2016-03-07 --document 尉政办〔2016〕5号"
    )]
    Add {
        person: String,
        #[arg(long)]
        kind: LeaveKind,
        /// 首日 · YYYY-MM-DD
        #[arg(long)]
        first: String,
        /// 末日，默认为首日 · Last day; the first where it is not given
        #[arg(long)]
        last: Option<String>,
        /// 只有半天 · Only this half of each day
        #[arg(long)]
        half: Option<Half>,
        /// 文件 · The document that says so
        #[arg(long)]
        document: String,
    },
    /// 撤销 · Take back
    #[command(after_help = "示例 · Example:\n  yizhan roster leave cancel 2016-03-0123456789ab")]
    Cancel {
        /// 编号 · As listed
        leave: String,
    },
    /// 一个月的请假 · Those of a month
    #[command(after_help = "示例 · Example:\n  yizhan roster leave list 2016-03")]
    List { month: String },
}

#[derive(clap::Args)]
pub struct Duties {
    #[arg(long)]
    pub first: String,
    #[arg(long)]
    pub last: String,
    /// 单位 · Code of a unit
    #[arg(long, default_value = "")]
    pub unit: String,
    /// 人员 · Code of a person
    #[arg(long, default_value = "")]
    pub person: String,
    /// 岗位 · Code of a post
    #[arg(long, default_value = "")]
    pub post: String,
}

#[derive(clap::Args)]
pub struct Log {
    pub duty: String,
    /// 接待咨询人次 · Enquiries that were answered
    #[arg(long)]
    pub enquiries: i32,
    /// 发现问题 · What was wrong
    #[arg(long, default_value = "")]
    pub problems: String,
    /// 处理情况 · What was done about it
    #[arg(long, default_value = "")]
    pub resolutions: String,
    /// 交接事项 · What is handed over
    #[arg(long, default_value = "")]
    pub handover: String,
}

/// How somebody was on duty.
#[derive(clap::Args)]
pub struct Mark {
    /// 考勤结果 · What is right
    #[arg(long)]
    pub mark: State,
    /// 迟到
    #[arg(long)]
    pub late: bool,
    /// 早退
    #[arg(long)]
    pub early: bool,
}

#[derive(Subcommand)]
pub enum Staff {
    /// 设定 · Name the clerks of a window
    #[command(after_help = "示例 · Example:\n  yizhan roster staff set B10 --a U014-08 --b U014-09")]
    Set {
        window: String,
        /// A岗
        #[arg(long)]
        a: String,
        /// B岗 · Who stands in for A
        #[arg(long)]
        b: Option<String>,
        /// 从这一天起 · From this day on; today where it is not given
        #[arg(long, default_value = "")]
        from: String,
    },
    /// 某天谁在岗 · Who staffs the windows on a day
    #[command(after_help = "示例 · Example:\n  yizhan roster staff list --day 2016-03-08")]
    List {
        #[arg(long, default_value = "")]
        day: String,
    },
}

#[derive(Subcommand)]
pub enum Circular {
    /// 起草 · Draft a month's, when it is over
    #[command(after_help = "示例 · Example:\n  yizhan roster circular draft 2016-03")]
    Draft { month: String },
    /// 送各单位核对 · Send it to the units
    #[command(after_help = "示例 · Example:\n  yizhan roster circular send 2016-03")]
    Send { month: String },
    /// 对一次考勤提出异议（单位领导） · Contest a mark of the own unit
    #[command(
        after_help = "示例 · Example:\n  yizhan roster circular contest 2016-03 20160308-AM-HALL-1 --reason 当日参加县委会议"
    )]
    Contest {
        month: String,
        duty: String,
        #[arg(long)]
        reason: String,
    },
    /// 答复异议 · Answer a contest
    #[command(after_help = "示例 · Example:\n  yizhan roster circular answer 2016-03 1 --why 情况属实 --mark excused")]
    Answer {
        month: String,
        /// 异议序号
        number: i32,
        /// 答复内容
        #[arg(long)]
        why: String,
        /// 更正考勤，不填则维持 · Correct the mark, which else stays
        #[arg(long)]
        mark: Option<State>,
        #[arg(long, requires = "mark")]
        late: bool,
        #[arg(long, requires = "mark")]
        early: bool,
    },
    /// 印发（由起草人以外的人） · Issue it, by another person than who drafted it
    #[command(after_help = "示例 · Example:\n  yizhan roster circular issue 2016-03")]
    Issue { month: String },
    /// 更正已印发的通报 · Count an issued one anew, after marks were corrected
    #[command(after_help = "示例 · Example:\n  yizhan roster circular correct 2016-03 --reason 考勤更正")]
    Correct {
        month: String,
        #[arg(long)]
        reason: String,
    },
    /// 查看 · One circular
    #[command(after_help = "示例 · Example:\n  yizhan roster circular show 2016-03")]
    Show { month: String },
    /// 一年的通报 · Those of a year
    #[command(after_help = "示例 · Example:\n  yizhan roster circular list 2016")]
    List { year: i32 },
    /// 下载 Word 文件 · As a document to be printed and signed (.docx)
    #[command(after_help = "示例 · Example:\n  yizhan roster circular download 2016-03 --out 通报.docx")]
    Download {
        month: String,
        /// 存为 · Where to write it; under its own name where it is not given
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum LeaveKind {
    /// 公务
    Official,
    /// 公假
    Public,
    /// 病假
    Sick,
    /// 年休假
    Annual,
    /// 调离
    Departure,
}

impl LeaveKind {
    pub fn wire(self) -> i32 {
        let kind = match self {
            LeaveKind::Official => pb::LeaveKind::Official,
            LeaveKind::Public => pb::LeaveKind::Public,
            LeaveKind::Sick => pb::LeaveKind::Sick,
            LeaveKind::Annual => pb::LeaveKind::Annual,
            LeaveKind::Departure => pb::LeaveKind::Departure,
        };
        kind.into()
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Half {
    /// 上午
    Am,
    /// 下午
    Pm,
}

impl Half {
    pub fn wire(self) -> i32 {
        let half = match self {
            Half::Am => pb::Half::Morning,
            Half::Pm => pb::Half::Afternoon,
        };
        half.into()
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub enum State {
    /// 已值班
    Served,
    /// 缺勤
    Absent,
    /// 准假
    Excused,
}

impl State {
    pub fn wire(self) -> i32 {
        let state = match self {
            State::Served => pb::DutyState::Served,
            State::Absent => pb::DutyState::Absent,
            State::Excused => pb::DutyState::Excused,
        };
        state.into()
    }
}

/// `20160308-AM-HALL-1=U005-02`, or nobody after the sign.
fn step(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((duty, person)) if !duty.is_empty() => Ok((duty.to_owned(), person.trim().to_owned())),
        _ => Err("应为 值班=人员 · reads DUTY=PERSON, for example 20160308-AM-HALL-1=U005-02".into()),
    }
}
