//! Typed ids and resource names (AIP-122): `divisions/410223/cases/410223-012-20160308-000017-X`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;

/// An administrative division (GB/T 2260): six digits. It is the tenant and the sharding key of every table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Division([u8; 6]);

impl Division {
    /// What is national, such as holiday notices.
    pub const NATIONAL: Division = Division(*b"000000");

    /// The six digits.
    pub fn as_str(&self) -> &str {
        // Only digits are ever stored, so this is always text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// `divisions/410223`
    pub fn name(&self) -> String {
        format!("divisions/{self}")
    }

    /// `divisions/410223/{collection}/{id}`
    pub fn child(&self, collection: &str, id: &str) -> String {
        format!("divisions/{self}/{collection}/{id}")
    }
}

impl FromStr for Division {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match <[u8; 6]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_digit) => Ok(Division(code)),
            _ => Err("a division has six digits"),
        }
    }
}

impl TryFrom<String> for Division {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Division> for String {
    fn from(division: Division) -> String {
        division.as_str().to_owned()
    }
}

impl fmt::Display for Division {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Division {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads `divisions/{division}` from a field, or refuses with FIELD_INVALID.
pub fn division(field: &str, name: &str) -> Result<Division, Refusal> {
    name.strip_prefix("divisions/")
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| malformed(field, "divisions/{division}"))
}

/// Reads `divisions/{division}/{collection}/{id}` from a field. The id is 1 to 64 of letters, digits, hyphen, dot, `@`.
pub fn child<'a>(field: &str, name: &'a str, collection: &str) -> Result<(Division, &'a str), Refusal> {
    let parse = || {
        let (code, rest) = name.strip_prefix("divisions/")?.split_once('/')?;
        let id = rest.strip_prefix(collection)?.strip_prefix('/')?;
        is_id(id).then_some((code.parse().ok()?, id))
    };
    parse().ok_or_else(|| malformed(field, &format!("divisions/{{division}}/{collection}/{{id}}")))
}

/// As [`child`], and in the given division.
pub fn child_of<'a>(field: &str, name: &'a str, collection: &str, of: Division) -> Result<&'a str, Refusal> {
    match child(field, name, collection)? {
        (division, id) if division == of => Ok(id),
        _ => Err(Refusal::field(field, format!("必须属于行政区划 {of}"), format!("must be of divisions/{of}"))),
    }
}

/// Two digits a byte, in lower case.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Letters, digits, hyphen, dot or `@`, 1 to 64 of them.
pub fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'@'))
}

fn malformed(field: &str, form: &str) -> Refusal {
    Refusal::field(field, format!("名称格式应为 {form}"), format!("must be a name of the form {form}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_as_it_was_written() {
        let division: Division = "410223".parse().expect("six digits");
        let name = division.child("cases", "410223-012-20160308-000017-X");
        assert_eq!(child("name", &name, "cases").expect("well formed"), (division, "410223-012-20160308-000017-X"));
    }

    #[test]
    fn a_malformed_name_is_refused_with_its_field() {
        for name in [
            "",
            "divisions/41022/cases/1",
            "divisions/41022x/cases/1",
            "divisions/410223/case/1",
            "divisions/410223/cases/",
            "divisions/410223/cases/a/b",
            "divisions/410223/cases/\u{202e}",
        ] {
            let refusal = child("name", name, "cases").expect_err(name);
            assert_eq!(refusal.reason(), "FIELD_INVALID");
            assert_eq!(refusal.faults()[0].field, "name");
        }
    }
}
