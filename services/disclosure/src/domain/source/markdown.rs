//! Plain text, lists and tables as Markdown.

/// Text of others as it stands: nothing in it is markup.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&' | '!' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// A numbered list.
pub fn numbered(lines: &[String]) -> String {
    let line = |(number, line): (usize, &String)| format!("{}. {}", number + 1, plain(line));
    lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// A table; its cells are plain text.
pub fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let line = |cells: [String; N]| format!("| {} |\n", cells.join(" | "));
    let mut out = line(head.map(str::to_owned));
    out.push_str(&line([(); N].map(|()| "---".to_owned())));
    rows.into_iter().for_each(|row| out.push_str(&line(row.map(|cell| plain(&cell)))));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_cannot_break_its_table() {
        let table = table(["名称", "份数"], [["a|b\n<b>*".to_owned(), "1".to_owned()]]);
        assert_eq!(table, "| 名称 | 份数 |\n| --- | --- |\n| a\\|b \\<b\\>\\* | 1 |\n");
    }
}
