//! Secrets that a person types. They are never on the command line, where every program of the machine can read them.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    process::{Command, Stdio},
};

use crate::trouble;

/// Reads a secret from the terminal without showing it, or one line of standard input.
pub fn read(ask: &str) -> anyhow::Result<String> {
    // Hidden before it is asked for: some type ahead.
    let hidden = io::stdin().is_terminal().then(Hidden::new);
    if hidden.is_some() {
        let _ = write!(io::stderr().lock(), "{ask}");
    }
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| trouble("输入无法读取：应为UTF-8文本", format!("standard input cannot be read: {error}")))?;
    let line = line.trim_end_matches(['\n', '\r']).to_owned();
    if line.is_empty() {
        let what = ask.trim_end_matches([':', ' ']);
        return Err(trouble(
            format!("未输入：{what}。请在提示后输入，或由标准输入逐行给出"),
            "nothing was typed; type it when asked, or give it as a line of standard input",
        ));
    }
    Ok(line)
}

/// A new password: typed twice at a terminal, where a slip of the hand would not be seen.
pub fn new_password() -> anyhow::Result<String> {
    let password = read("新密码（10至128个字符） · new password, 10 to 128 characters: ")?;
    if io::stdin().is_terminal() && read("再输入一次 · once more: ")? != password {
        return Err(trouble("两次输入不一致，未更改", "they differ, so nothing was changed"));
    }
    Ok(password)
}

/// The terminal shows nothing until this is dropped.
struct Hidden;

impl Hidden {
    fn new() -> Hidden {
        stty("-echo");
        // Whoever breaks it off must see again what they type.
        tokio::spawn(async {
            if tokio::signal::ctrl_c().await.is_ok() {
                stty("echo");
                std::process::exit(130);
            }
        });
        Hidden
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        stty("echo");
        let _ = writeln!(io::stderr().lock());
    }
}

fn stty(what: &str) {
    // Where there is no such program the terminal is not that of a Unix, and shows what is typed.
    let _ = Command::new("stty").arg(what).stdin(Stdio::inherit()).status();
}
