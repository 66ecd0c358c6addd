//! Files of a case: kept once under their SHA-256, known by their bytes.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// In hex.
    pub sha256: String,
    pub file_name: String,
    pub media_type: String,
    pub size: i64,
    /// The item's material code; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub material: String,
    /// Microseconds, UTC.
    pub uploaded_at: i64,
}

/// A case may have so many files.
pub const MOST_FILES: usize = 100;

/// What may be handed in.
pub const MEDIA_TYPES: [&str; 6] = [
    "application/pdf",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/zip",
];
