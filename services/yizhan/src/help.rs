//! The command line in Chinese first: headings, and what is wrong with what was typed.

use std::io::{self, Write};

use clap::{Arg, ArgAction, Command, CommandFactory, FromArgMatches, error::ErrorKind};

const TEMPLATE: &str = "{before-help}{about-with-newline}\n用法 · Usage: {usage}\n\n{all-args}{after-help}";

/// Reads the command line; helps, or tells what is wrong with it, and ends the program.
pub fn parse<P: CommandFactory + FromArgMatches>() -> P {
    let help = Arg::new("help").short('h').long("help").global(true).action(ArgAction::Help).help("显示说明 · Help");
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version).help("显示版本 · Version");
    let program = P::command().disable_help_flag(true).disable_version_flag(true).args([help, version]);
    let read = chinese(program).try_get_matches().and_then(|matches| P::from_arg_matches(&matches));
    read.unwrap_or_else(|error| {
        let (zh, en) = told(error.kind());
        if error.use_stderr() && !zh.is_empty() {
            let _ = writeln!(io::stderr().lock(), "yizhan: {zh}，加 --help 看说明 · {en}");
        }
        error.exit()
    })
}

fn chinese(command: Command) -> Command {
    let command = command
        .help_template(TEMPLATE)
        .subcommand_help_heading("命令 · Commands")
        .disable_help_subcommand(true)
        .mut_args(|arg| match arg.get_help_heading() {
            Some(_) => arg,
            None if arg.is_positional() => arg.help_heading("参数 · Arguments"),
            None => arg.help_heading("选项 · Options"),
        });
    command.mut_subcommands(chinese)
}

fn told(kind: ErrorKind) -> (&'static str, &'static str) {
    match kind {
        ErrorKind::MissingRequiredArgument => ("命令不完整，缺少下列参数", "something is missing"),
        ErrorKind::UnknownArgument => ("没有这个选项", "there is no such option"),
        ErrorKind::InvalidSubcommand => ("没有这个命令", "there is no such command"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => ("参数的值有误", "a value is wrong"),
        ErrorKind::ArgumentConflict => ("参数互相冲突", "these exclude each other"),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => ("", ""),
        _ => ("命令有误", "the command line is wrong"),
    }
}
