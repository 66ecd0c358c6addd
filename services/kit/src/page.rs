//! Page tokens (AIP-158). A token holds where the last page ended and a code over that and over everything the list was
//! asked with, so that it continues that list only: it cannot be forged or carried to read elsewhere.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{keys::Keys, refusal::Refusal};

const CODE: usize = 16;

/// The size of a page: 0 means `usual`, negative is refused, more than `most` is `most` (AIP-158).
pub fn size(asked: i32, usual: u64, most: u64) -> Result<u64, Refusal> {
    match u64::try_from(asked) {
        Ok(0) => Ok(usual),
        Ok(asked) => Ok(asked.min(most)),
        Err(_) => Err(Refusal::field("page_size", "不能为负数", "must not be negative")),
    }
}

/// Makes the token that continues after `last` in the list that `scope` describes (RPC, parent, filter, order).
pub fn token(keys: &Keys, scope: &[&str], last: &str) -> String {
    let code = code(keys, scope, last.as_bytes());
    URL_SAFE_NO_PAD.encode([&code[..CODE], last.as_bytes()].concat())
}

/// Where to go on: None for an empty token, which starts the list.
pub fn after(keys: &Keys, scope: &[&str], token: &str) -> Result<Option<String>, Refusal> {
    if token.is_empty() {
        return Ok(None);
    }
    let read = || {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|_| token.len() <= 1024)?;
        let (given, last) = bytes.split_at_checked(CODE)?;
        (code(keys, scope, last)[..CODE] == *given).then(|| String::from_utf8(last.to_vec()).ok())?
    };
    read().map(Some).ok_or_else(|| {
        let (zh, en) = ("分页标记无效或不属于此查询", "not a token of this list; start again without one");
        Refusal::new(crate::refusal::Kind::Invalid, "PAGE_TOKEN_INVALID", zh, en).at("page_token")
    })
}

fn code(keys: &Keys, scope: &[&str], last: &[u8]) -> [u8; 32] {
    let parts: Vec<&[u8]> = scope.iter().map(|part| part.as_bytes()).chain([last]).collect();
    keys.mac("page", &parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_continues_its_own_list_only() {
        let keys = Keys::from_bytes([1; 32]);
        let token = token(&keys, &["ListCases", "divisions/410223", ""], "42");
        let read = |scope: &[&str], token: &str| after(&keys, scope, token).map_err(|r| r.reason());
        assert_eq!(read(&["ListCases", "divisions/410223", ""], &token), Ok(Some("42".into())));
        assert_eq!(read(&["ListCases", "divisions/410224", ""], &token), Err("PAGE_TOKEN_INVALID"));
        assert_eq!(read(&["ListCases", "divisions/410223", "a"], &token), Err("PAGE_TOKEN_INVALID"));
        let forged = token.replace(|c: char| c.is_ascii_digit(), "A") + "A";
        assert_eq!(read(&["ListCases", "divisions/410223", ""], &forged), Err("PAGE_TOKEN_INVALID"));
        assert_eq!(read(&[], ""), Ok(None));
    }
}
