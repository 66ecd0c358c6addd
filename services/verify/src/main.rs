//! `yizhan-verify`: is an exported bundle, or a receipt, what it says? Needs nothing but the file and keys from elsewhere.

mod show;

use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Arg, ArgAction, CommandFactory, FromArgMatches, Parser};
use tlog::note::Verifier;
use verify::{
    bundle::Unreadable,
    check::check,
    heads::{Trust, no_key},
    receipt::{Receipt, Shown},
    report::Report,
    wrong::Wrong,
};

/// 核验：由导出的数据包重新统计全年指标，或核验办件回执 · Check an exported bundle and count its figures again, or check a receipt
#[derive(Parser)]
#[command(name = "yizhan-verify", version)]
struct Args {
    /// 数据包，或回执 · A bundle, or a receipt
    file: PathBuf,
    /// 可信的日志公钥，或每行一个公钥的文件 · Key of a log that you trust, or a file with a key a line
    #[arg(long, value_name = "VKEY")]
    key: Vec<String>,
    /// 可信的见证人公钥，或文件 · Key of a witness that you trust, or a file
    #[arg(long, value_name = "VKEY")]
    witness: Vec<String>,
    /// 至少须有几个见证人签名；默认为给定的全部 · How many witnesses are needed; all that are given if not said
    #[arg(long, value_name = "N")]
    quorum: Option<usize>,
    /// 同时在数据包中查对此回执 · Look this receipt up in the bundle, too
    #[arg(long, value_name = "FILE", conflicts_with = "bundle")]
    receipt: Option<PathBuf>,
    /// 核验回执时，在此数据包中查对 · For a receipt: look it up in this bundle
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// 分部门列出各年指标 · The years' figures by unit, too
    #[arg(long)]
    units: bool,
    /// 以 JSON 输出 · As JSON
    #[arg(long)]
    json: bool,
}

const TEMPLATE: &str = "{about-with-newline}\n用法 · Usage: {usage}\n\n{all-args}{after-help}";
const AFTER: &str = "\n退出码 · Exit code: 0 是 yes；1 否 no；2 文件读不出 the file cannot be read\n";
/// The file cannot be read.
const UNREADABLE: u8 = 2;
/// A longer receipt is none.
const MOST_RECEIPT: u64 = 1 << 20;

fn main() -> ExitCode {
    let args = parse();
    match run(&args) {
        Ok(is_right) => ExitCode::from(u8::from(!is_right)),
        // Where standard error is closed the exit code still tells.
        Err(wrong) => {
            let _ = writeln!(io::stderr().lock(), "yizhan-verify: {}\n        {}", wrong.zh, wrong.en);
            ExitCode::from(UNREADABLE)
        }
    }
}

fn parse() -> Args {
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).help("显示说明 · Help");
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version).help("显示版本 · Version");
    let command = Args::command().disable_help_flag(true).disable_version_flag(true).args([help, version]);
    let command = command.help_template(TEMPLATE).after_help(AFTER).mut_args(|arg| {
        let heading = if arg.is_positional() { "参数 · Arguments" } else { "选项 · Options" };
        arg.help_heading(heading)
    });
    Args::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
}

/// Whether everything is right.
fn run(args: &Args) -> Result<bool, Wrong> {
    let trust = Trust { keys: keys(&args.key)?, witnesses: keys(&args.witness)?, quorum: args.quorum };
    let is_receipt = is_receipt(&args.file)?;
    let (receipt, bundle) = match is_receipt {
        true => (Some(&args.file), args.bundle.as_ref()),
        false => (args.receipt.as_ref(), Some(&args.file)),
    };
    let report = bundle.map(|bundle| check(open(bundle)?, &trust).map_err(Unreadable::wrong)).transpose()?;
    let shown = receipt.map(|receipt| look(receipt, bundle, report.as_ref(), &trust)).transpose()?;
    let told = if args.json {
        show::json(report.as_ref(), shown.as_ref())
    } else {
        show::text(report.as_ref(), shown.as_ref(), args.units)
    };
    write!(io::stdout().lock(), "{told}").map_err(|error| Wrong::new(format!("写不出：{error}"), error))?;
    Ok(report.is_none_or(|report| report.is_right()) && shown.is_none_or(|shown| shown.is_ok()))
}

/// What a receipt shows; against a bundle by the bundle's keys, where none is given by hand.
fn look(
    receipt: &Path,
    bundle: Option<&PathBuf>,
    report: Option<&Report>,
    trust: &Trust,
) -> Result<Result<Shown, Wrong>, Wrong> {
    let mut text = String::new();
    let file = open(receipt)?.into_inner();
    file.take(MOST_RECEIPT).read_to_string(&mut text).map_err(|error| unread(receipt, &error))?;
    let receipt = match Receipt::read(&text) {
        Ok(receipt) => receipt,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let trust = match report {
        Some(report) => trust.of(&report.manifest)?,
        None => trust.clone(),
    };
    let found = bundle.map(|bundle| receipt.find(open(bundle)?).map_err(Unreadable::wrong)).transpose()?;
    Ok(match (found, &receipt) {
        (Some(Err(wrong)), _) => Err(wrong),
        (Some(found), Receipt::Line { .. }) => found,
        _ => receipt.check(&trust),
    })
}

fn is_receipt(path: &Path) -> Result<bool, Wrong> {
    let mut start = Vec::new();
    open(path)?.take(64).read_to_end(&mut start).map_err(|error| unread(path, &error))?;
    Ok(Receipt::is_one(&start))
}

fn open(path: &Path) -> Result<BufReader<File>, Wrong> {
    let file = File::open(path).map_err(|error| unread(path, &error))?;
    Ok(BufReader::with_capacity(1 << 20, file))
}

fn unread(path: &Path, error: &io::Error) -> Wrong {
    let path = path.display();
    Wrong::new(format!("{path} 读不出：{error}"), format!("{path} cannot be read: {error}"))
}

/// Keys, or files of them.
fn keys(given: &[String]) -> Result<Vec<Verifier>, Wrong> {
    let mut keys = Vec::new();
    for key in given {
        let told = if Path::new(key).is_file() {
            std::fs::read_to_string(key).map_err(|error| unread(Path::new(key), &error))?
        } else {
            key.clone()
        };
        for line in told.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            keys.push(line.parse().map_err(|error| no_key(line, error))?);
        }
    }
    Ok(keys)
}
