//! `yizhan verify`: starts the program that lies beside this one, which checks and has no server and no database in it.

use std::{env, ffi::OsString, process::Command, process::ExitCode};

use crate::trouble;

#[derive(clap::Args)]
pub struct Args {
    /// 文件和选项 · The file, and options
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, value_name = "FILE [--key VKEY]…")]
    args: Vec<OsString>,
}

/// Of `yizhan verify --help`.
pub const EXAMPLE: &str = "\
示例 · Examples:
  yizhan verify bundle.yizhan --key keys.txt           # 数据包：重新统计 · a bundle: counts again
  yizhan verify receipt.txt --key keys.txt             # 办件回执 · a receipt
  yizhan verify receipt.txt --bundle bundle.yizhan

由旁边的小程序 yizhan-verify 核验，可单独交给任何人；全部选项见 yizhan-verify --help。
Checked by the small program yizhan-verify beside this one, which can be given to anybody; its --help tells all options.";

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let name = format!("yizhan-verify{}", env::consts::EXE_SUFFIX);
    let program = env::current_exe()?.with_file_name(name);
    let status = Command::new(&program).args(args.args).status().map_err(|error| {
        let program = program.display();
        trouble(format!("不能运行 {program}：{error}"), format!("{program} cannot be run: {error}"))
    })?;
    // Without a code it was ended from outside: nothing was found out.
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(2)))
}
