//! Lines, numbers and base64 as C2SP's texts have them: one form each, everything else is refused.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{Hash, Malformed};

/// Longer texts are not read, 1 MiB.
pub const MOST_BYTES: usize = 1 << 20;

/// Standard base64 with padding (RFC 4648, 4).
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The same back; refuses missing padding, spare bits and line ends.
pub fn decode(text: &str) -> Result<Vec<u8>, Malformed> {
    STANDARD.decode(text).map_err(|_| Malformed("base64"))
}

/// A hash in base64.
pub fn hash(text: &str) -> Result<Hash, Malformed> {
    decode(text)?.try_into().map_err(|_| Malformed("a hash has 32 bytes"))
}

/// A decimal without sign and leading zero, at most 2^63 − 1, so that it fits wherever sizes are kept.
pub fn number(text: &str) -> Result<u64, Malformed> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let number = text.parse::<i64>().ok().filter(|_| is_plain);
    number.and_then(|number| u64::try_from(number).ok()).ok_or(Malformed("a number"))
}

/// The lines of a text that is [`whole`].
pub(crate) fn lines(text: &str) -> Result<impl Iterator<Item = &str>, Malformed> {
    Ok(whole(text)?.split('\n'))
}

/// A text of whole lines without control characters, and not too long; given back without the last line's end.
pub(crate) fn whole(text: &str) -> Result<&str, Malformed> {
    if text.len() > MOST_BYTES {
        return Err(Malformed("longer than 1 MiB"));
    }
    if text.bytes().any(|b| b < b' ' && b != b'\n') {
        return Err(Malformed("a control character"));
    }
    text.strip_suffix('\n').ok_or(Malformed("the last line does not end"))
}
