//! `yizhan`: the one program. It serves every role, and is the client of a window and of an operator.

mod admin;
mod clock;
mod columns;
mod credential;
mod demo;
mod export;
mod figures;
mod folder;
mod health;
mod help;
mod import;
mod name;
mod papers;
mod password;
mod peer;
mod publish;
mod roster;
mod secret;
mod serve;
mod sign_in;
mod spool;
mod terminal;
mod unreached;
mod verify;
mod window;
mod witness;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use kit::clock::Moment;

/// Messages and rows are many small pieces that come and go on several threads: the system's allocator costs a tenth of
/// the time of a change.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 一站：行政服务中心办件系统 · an administrative service centre, from the window to the figures
#[derive(Parser)]
#[command(name = "yizhan", version)]
struct Program {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// 运行服务 · Serve: directory, intake, roster, disclosure and gateway in one process, or one of them
    Serve(serve::Args),
    /// 窗口办件 · Work at a window: receive, accept, decide, issue, track
    #[command(alias = "w")]
    Window(Box<window::Args>),
    /// 领导值班、调班、考勤、通报、窗口AB岗 · Duty of the units' leaders, its attendance and circulars; window staffing
    Roster(Box<roster::Args>),
    /// 政府信息公开：起草、检查、审查、审批、公开，栏目 · What is published, from the draft to the public; its columns
    Publish(Box<publish::Args>),
    /// 公布的指标：定义、公布、查看、重新统计 · Figures stated for good: what they mean, state one, look, count again
    #[command(after_help = figures::EXAMPLE)]
    Figures(Box<figures::Args>),
    /// 导出数据包，供他人核验 · Export what others need to count the figures again
    #[command(after_help = export::EXAMPLE)]
    Export(Box<export::Args>),
    /// 核验数据包或办件回执 · Check a bundle or a receipt
    #[command(after_help = verify::EXAMPLE)]
    Verify(verify::Args),
    /// 导入机构、窗口、人员和事项 · Import units, windows, people and items
    Import(Box<import::Args>),
    /// 查看或推进培训时钟 · Tell the time, or advance it in training mode
    Clock(clock::Args),
    /// 演示：重演尉氏县2016年全年办件 · A demonstration: a county's year 2016, replayed
    Demo(demo::Args),
    /// 检查服务是否正常 · Ask whether a server is well
    Health(health::Args),
    /// 登录：在终端上，每天一次 · Sign in on this terminal, once a day
    #[command(after_help = sign_in::IN)]
    SignIn(sign_in::Args),
    /// 退出登录 · Sign out
    #[command(after_help = sign_in::OUT)]
    SignOut(sign_in::Args),
    /// 更改本人密码：须已登录 · Change one's own password, being signed in
    #[command(after_help = password::EXAMPLE)]
    Password(sign_in::Args),
    /// 在终端上：启用，或更换证书 · On a terminal: enrol it, or renew its certificate
    #[command(after_help = terminal::EXAMPLE)]
    Terminal(terminal::Args),
    /// 谁能做什么（运维人员） · Who may do what (an operator): enrol, revoke, rotate, who
    #[command(after_help = admin::EXAMPLE)]
    Admin(admin::Args),
    /// 见证：共同签署各日志的树头，不认被改写的日志 · Witness: cosign heads of journals, and no journal that was rewritten
    #[command(after_help = witness::EXAMPLE)]
    Witness(witness::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match help::parse::<Program>().task {
        Task::Serve(args) => serve::run(args).await.map(|()| ExitCode::SUCCESS),
        Task::Window(args) => window::run(*args).await,
        Task::Roster(args) => roster::run(*args).await,
        Task::Publish(args) => publish::run(*args).await,
        Task::Figures(args) => figures::run(*args).await.map(|()| ExitCode::SUCCESS),
        Task::Export(args) => export::run(*args).await.map(|()| ExitCode::SUCCESS),
        Task::Verify(args) => verify::run(args),
        Task::Import(args) => import::run(*args).await,
        Task::Clock(args) => clock::run(args).await.map(|()| ExitCode::SUCCESS),
        Task::Demo(args) => demo::run(args).await.map(|()| ExitCode::SUCCESS),
        Task::Health(args) => health::run(args).await.map(|()| ExitCode::SUCCESS),
        Task::SignIn(args) => sign_in::sign_in(args).await.map(|()| ExitCode::SUCCESS),
        Task::SignOut(args) => sign_in::sign_out(args).await.map(|()| ExitCode::SUCCESS),
        Task::Password(args) => password::run(args).await.map(|()| ExitCode::SUCCESS),
        Task::Terminal(args) => terminal::run(args).await.map(|()| ExitCode::SUCCESS),
        Task::Admin(args) => admin::run(args).await.map(|()| ExitCode::SUCCESS),
        Task::Witness(args) => witness::run(args).await,
    };
    done.unwrap_or_else(|error| {
        let is_unheard = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
        if !error.downcast_ref().is_some_and(is_unheard) {
            // Where standard error is closed there is nobody to tell; the exit code still does.
            let what =
                if error.is::<io::Error>() { "读写失败，请检查目录权限和磁盘空间 · " } else { "" };
            let _ = writeln!(io::stderr().lock(), "yizhan: {what}{error:#}");
        }
        ExitCode::FAILURE
    })
}

/// An error for people: in Chinese, and in English below it.
fn trouble(zh: impl std::fmt::Display, en: impl std::fmt::Display) -> anyhow::Error {
    anyhow::anyhow!("{zh}\n        {en}")
}

/// Civil time in Shanghai to the minute, as people read it; empty where there is none.
fn time(at: Option<&prost_types::Timestamp>) -> String {
    let text = at.and_then(Moment::from_timestamp).map(Moment::shanghai).unwrap_or_default();
    text.chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect()
}
