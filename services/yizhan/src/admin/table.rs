//! Rows under one another, for screens on which a Chinese character is two columns wide.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

/// Writes rows with two blanks between columns; the first row is the heading.
pub fn write<const N: usize>(out: &mut impl Write, rows: &[[String; N]]) -> io::Result<()> {
    let widths: [usize; N] = std::array::from_fn(|i| rows.iter().map(|row| row[i].width()).max().unwrap_or_default());
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell}{:1$}", "", width - cell.width()));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_one_another_though_chinese_characters_are_wide() {
        let row = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
        let mut out = Vec::new();
        write(&mut out, &[row("名称 · name", "b"), row("T1", "终端"), row("terminals/T-12345", "")]).expect("written");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(text, "名称 · name        b\nT1                 终端\nterminals/T-12345\n");
    }
}
