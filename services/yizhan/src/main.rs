//! `yizhan`: the one program. It serves every role, and is the client of a window and of an operator.

mod clock;
mod demo;
mod folder;
mod health;
mod import;
mod operator;
mod papers;
mod peer;
mod serve;
mod sign_in;
mod spool;
mod terminal;
mod window;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

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
    /// 运行服务 · Serve: directory, intake and gateway in one process, or one of them
    Serve(serve::Args),
    /// 窗口办件 · Work at a window: receive, accept, decide, issue, track
    #[command(alias = "w")]
    Window(Box<window::Args>),
    /// 导入机构、窗口、人员和事项 · Import units, windows, people and items
    Import(Box<import::Args>),
    /// 查看或推进培训时钟 · Tell the time, or advance it in training mode
    Clock(clock::Args),
    /// 演示：重演尉氏县2016年全年办件 · A demonstration: a county's year 2016, replayed
    Demo(demo::Args),
    /// 检查服务是否正常 · Ask whether a server is well
    Health(health::Args),
    /// 登录 · Sign a person in on this terminal
    SignIn(sign_in::Args),
    /// 退出登录 · Sign a person out
    SignOut(sign_in::Args),
    /// 登记或启用终端 · Make a terminal of a window, or enrol this one
    Terminal(terminal::Args),
    /// 设置人员密码（运维人员） · Set a person's password (an operator)
    Password(operator::Password),
    /// 登记其他政务系统（运维人员） · Make another government system known (an operator)
    System(operator::System),
    /// 签发运维凭证 · Make another operator's credential
    Operator(operator::Operator),
    /// 查看或吊销凭证（运维人员） · List or revoke credentials (an operator)
    Credentials(operator::Credentials),
    /// 查看或更换签名密钥（运维人员） · List or rotate the keys that tokens are signed with (an operator)
    Keys(operator::Keys),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Program::parse().task {
        Task::Serve(args) => serve::run(args).await.map(|()| ExitCode::SUCCESS),
        Task::Window(args) => window::run(*args).await,
        Task::Import(args) => import::run(*args).await,
        Task::Clock(args) => clock::run(args).await.map(|()| ExitCode::SUCCESS),
        Task::Demo(args) => demo::run(args).await.map(|()| ExitCode::SUCCESS),
        Task::Health(args) => health::run(args).await.map(|()| ExitCode::SUCCESS),
        Task::SignIn(args) => sign_in::sign_in(args).await.map(|()| ExitCode::SUCCESS),
        Task::SignOut(args) => sign_in::sign_out(args).await.map(|()| ExitCode::SUCCESS),
        Task::Terminal(args) => terminal::run(args).await.map(|()| ExitCode::SUCCESS),
        Task::Password(args) => operator::password(args).await.map(|()| ExitCode::SUCCESS),
        Task::System(args) => operator::system(args).await.map(|()| ExitCode::SUCCESS),
        Task::Operator(args) => operator::operator(args).map(|()| ExitCode::SUCCESS),
        Task::Credentials(args) => operator::credentials(args).await.map(|()| ExitCode::SUCCESS),
        Task::Keys(args) => operator::keys(args).await.map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        let is_unheard = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
        if !error.downcast_ref().is_some_and(is_unheard) {
            // Where standard error is closed there is nobody to tell; the exit code still does.
            let _ = writeln!(io::stderr().lock(), "yizhan: {error:#}");
        }
        ExitCode::FAILURE
    })
}

/// An error for people: in Chinese, and in English below it.
fn trouble(zh: impl std::fmt::Display, en: impl std::fmt::Display) -> anyhow::Error {
    anyhow::anyhow!("{zh}\n        {en}")
}
