//! The help texts, which a person has to be able to follow.

use std::process::{Command, Stdio};

use crate::house::program::built;

fn help(path: &[&str]) -> String {
    let said = Command::new(built()).args(path).arg("--help").stdin(Stdio::null()).output().expect("the program runs");
    assert!(said.status.success(), "{path:?}: {said:?}");
    String::from_utf8(said.stdout).expect("UTF-8")
}

/// The commands that a help text lists.
fn listed(help: &str) -> Vec<String> {
    let rest = help.split_once("命令 · Commands:\n").map_or("", |(_, rest)| rest);
    let lines = rest.lines().take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn every_help_text_is_chinese_first_and_every_command_of_the_operator_has_an_example() {
    let program = help(&[]);
    assert!(listed(&program).len() >= 10, "{program}");
    let mut open: Vec<Vec<String>> = listed(&program).into_iter().map(|name| vec![name]).collect();
    let mut seen = 0;
    while let Some(path) = open.pop() {
        let text = help(&path.iter().map(String::as_str).collect::<Vec<_>>());
        let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        assert!(text.contains("用法 · Usage: "), "{text}");
        if ["admin", "terminal", "sign-in", "sign-out", "password"].contains(&path[0].as_str()) {
            assert!(text.chars().next().is_some_and(is_chinese), "{text}");
            assert!(text.contains("示例"), "{path:?} without an example:\n{text}");
            seen += 1;
        }
        let widest = text.lines().map(str::len).max().unwrap_or_default();
        assert!(widest < 400, "{path:?}: a line of {widest} bytes");
        open.extend(listed(&text).into_iter().map(|name| [path.clone(), vec![name]].concat()));
    }
    assert!(seen >= 15, "{seen}");
}
