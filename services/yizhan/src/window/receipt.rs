//! The receipt that an applicant takes home: the place of the reception in the journal, its leaf hash, and the proof once
//! there is one.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use proto::journal::v1::Receipt;

use super::show::line;
use crate::{time as minute, trouble};

/// Where it stands, and how far it is proved.
pub fn show(out: &mut impl Write, receipt: &Receipt) -> io::Result<()> {
    line(out, "日志 · journal", &format!("{} 第{}条 · entry", receipt.origin, receipt.seq))?;
    line(out, "校验值 · leaf hash", &in_fours(&receipt.leaf_hash))?;
    let proof = match &receipt.head {
        Some(head) if !receipt.text.is_empty() => {
            let at = minute(head.signed_at.as_ref());
            format!("已由签名树头覆盖 · covered by a signed head of {} ({at})", head.size)
        }
        _ => "将在一分钟内生成 · within a minute".to_owned(),
    };
    line(out, "证明 · proof", &proof)
}

/// Just after the reception, when there is a hash and no proof; or neither, since the line was cut.
pub fn first(out: &mut impl Write, number: &str, receipt: Option<&Receipt>) -> io::Result<()> {
    let later = format!("yizhan window receipt {number}");
    match receipt {
        Some(receipt) => line(out, "校验值 · leaf hash", &in_fours(&receipt.leaf_hash))?,
        None => line(out, "校验值 · leaf hash", "暂不可得 · not to be had now")?,
    }
    line(out, "证明 · proof, later", &later)
}

/// Writes the proof to a file that is checked without this program.
pub fn write(file: &Path, receipt: &Receipt) -> anyhow::Result<()> {
    let shown = file.display();
    if receipt.text.is_empty() {
        return Err(trouble("证明尚未生成，请一分钟后再试", "there is no proof yet; try again in a minute"));
    }
    fs::write(file, &receipt.text)
        .map_err(|error| trouble(format!("{shown} 无法写入：{error}"), format!("{shown} cannot be written: {error}")))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// In groups of four, as people compare them.
fn in_fours(bytes: &[u8]) -> String {
    bytes.chunks(2).map(hex).collect::<Vec<_>>().join(" ")
}
