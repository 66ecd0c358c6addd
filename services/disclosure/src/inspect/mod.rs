//! Looks through a file before it may become public: what it is, whether it is safe to hand to everybody, whether it
//! carries a secrecy marking. A room of its own beside the domain, because it stands on the libraries that read the
//! formats; it reads bytes that are in memory and does no I/O. All of it is bounded: in what is unpacked, in what is
//! read, and by a moment until which it has to be done.

mod office;
mod pdf;
mod picture;
mod plain;
mod xml;

use std::time::{Duration, Instant};

use kit::refusal::{Kind, Refusal};
use tokio::sync::Semaphore;

use crate::domain::marking::marking;

/// What is taken.
pub const PDF: &str = "application/pdf";
pub const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
pub const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
pub const OFD: &str = "application/ofd";
pub const TEXT: &str = "text/plain";
pub const CSV: &str = "text/csv";
pub const PNG: &str = "image/png";
pub const JPEG: &str = "image/jpeg";
pub const WEBP: &str = "image/webp";
pub const MEDIA_TYPES: [&str; 10] = [PDF, DOCX, XLSX, PPTX, OFD, TEXT, CSV, PNG, JPEG, WEBP];

pub fn is_picture(media_type: &str) -> bool {
    [PNG, JPEG, WEBP].contains(&media_type)
}

/// What was seen of a file.
#[derive(Debug, Default)]
pub struct Seen {
    /// Of a picture: it, written anew from its pixels.
    pub picture: Option<Picture>,
    /// The program could not read all of its text.
    pub unread: bool,
}

#[derive(Debug)]
pub struct Picture {
    pub bytes: Vec<u8>,
    pub width: u32,
    pub height: u32,
}

/// So many files are looked through at once: a picture of the largest size takes some hundred MiB meanwhile.
static AT_ONCE: Semaphore = Semaphore::const_new(2);
const AT_MOST: Duration = Duration::from_secs(10);

/// Looks through a file on a thread of its own. A library that panics has found something that is not what it says.
pub async fn inspect(media_type: String, bytes: Vec<u8>) -> Result<Seen, Refusal> {
    let permit = AT_ONCE.acquire().await.map_err(Refusal::internal)?;
    let until = Until(Instant::now() + AT_MOST);
    let looking = tokio::task::spawn_blocking(move || {
        // Held until the work ends, also where nobody waits for it any more.
        let _permit = permit;
        look(&media_type, &bytes, until)
    });
    match tokio::time::timeout(AT_MOST, looking).await {
        Ok(Ok(seen)) => seen,
        Ok(Err(_)) => Err(unreadable()),
        Err(_) => Err(too_much()),
    }
}

/// The same on this thread.
fn look(media_type: &str, bytes: &[u8], until: Until) -> Result<Seen, Refusal> {
    must_be(media_type, bytes)?;
    match media_type {
        PDF => pdf::look(bytes, until),
        PNG | JPEG | WEBP => picture::look(media_type, bytes),
        TEXT | CSV => plain::look(media_type, bytes, until),
        _ => office::look(media_type, bytes, until),
    }
}

/// The moment until which a file has to be looked through.
#[derive(Clone, Copy)]
struct Until(Instant);

impl Until {
    fn check(self) -> Result<(), Refusal> {
        if Instant::now() < self.0 { Ok(()) } else { Err(too_much()) }
    }
}

/// Whether the first bytes are of the type declared; what is in an archive is seen when it is opened.
fn must_be(declared: &str, bytes: &[u8]) -> Result<(), Refusal> {
    let known = infer::get(&bytes[..bytes.len().min(4_096)]).map(|kind| kind.mime_type());
    let fits = match declared {
        PDF | PNG | JPEG | WEBP => known == Some(declared),
        TEXT | CSV => known.is_none() && !plain::is_markup(bytes),
        DOCX | XLSX | PPTX | OFD => bytes.starts_with(b"PK\x03\x04"),
        _ => false,
    };
    if fits { Ok(()) } else { Err(wrong_type(plain::is_markup(bytes).then_some("text/html").or(known))) }
}

/// Refuses what carries a marking, and says which. Long texts are looked at piece by piece.
fn must_be_unmarked(text: &str) -> Result<(), Refusal> {
    const PIECE: usize = 1 << 20;
    let mut rest = text;
    let found = loop {
        let end = rest.bytes().skip(PIECE).position(|byte| byte == b'\n').map_or(rest.len(), |end| PIECE + end + 1);
        let (piece, after) = rest.split_at(end);
        match marking(piece) {
            Some(found) => break found,
            None if after.is_empty() => return Ok(()),
            None => rest = after,
        }
    };
    let (zh, en) = (format!("文件内容带有密级标志“{found}”"), format!("the file carries the secrecy marking {found}"));
    Err(Refusal::new(Kind::Invalid, "SECRECY_MARKING", zh, en))
}

/// What it is instead, and what can be done.
pub fn wrong_type(known: Option<&str>) -> Refusal {
    let (zh, en) = match known.unwrap_or_default() {
        "text/html" | "text/xml" | "image/svg+xml" => {
            ("网页和SVG可含脚本，不予接收；请导出为PDF或PNG", "HTML and SVG may carry scripts; export it as PDF or PNG")
        }
        "image/gif" | "image/bmp" | "image/tiff" | "image/heif" | "image/avif" => {
            ("请将图片另存为PNG、JPEG或WebP", "save the picture as PNG, JPEG or WebP")
        }
        "application/msword"
        | "application/vnd.ms-excel"
        | "application/vnd.ms-powerpoint"
        | "application/x-ole-storage" => {
            ("请将旧版文档另存为DOCX、XLSX、PPTX或PDF", "save the old document as DOCX, XLSX, PPTX or PDF")
        }
        "application/zip" | "application/vnd.rar" | "application/x-7z-compressed" | "application/gzip" => {
            ("不接收压缩包；请逐个上传其中的文件", "archives are not taken; upload what is in it file by file")
        }
        "application/vnd.microsoft.portable-executable" | "application/x-executable" | "text/x-shellscript" => {
            ("不接收程序和脚本", "programs and scripts are not taken")
        }
        _ => (
            "文件类型不受支持或与内容不符；可上传PDF、DOCX、XLSX、PPTX、OFD、UTF-8文本、CSV、PNG、JPEG、WebP",
            "not of a type that is taken, or the bytes are not of the type declared; taken are PDF, DOCX, XLSX, PPTX, \
             OFD, text and CSV in UTF-8, PNG, JPEG and WebP",
        ),
    };
    Refusal::new(Kind::Invalid, "FILE_TYPE", zh, en).at("media_type")
}

/// FILE_UNSAFE: why, and what can be done.
fn unsafe_file(zh: &str, en: &str) -> Refusal {
    Refusal::new(Kind::Invalid, "FILE_UNSAFE", zh, en)
}

fn unreadable() -> Refusal {
    unsafe_file(
        "文件已损坏或并非其声明的格式；请重新导出后再上传",
        "the file is damaged or not what it says it is; export it anew",
    )
}

fn too_much() -> Refusal {
    unsafe_file(
        "文件展开后过大或过于复杂；请精简或拆分后再上传",
        "the file unpacks to too much or takes too long to read; make it simpler or split it",
    )
}

#[cfg(test)]
mod tests;
