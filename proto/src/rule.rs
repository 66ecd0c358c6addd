//! Who may call each method, as the contract says it, and the fields of a request that the rule looks at.

use prost::{
    DecodeError,
    encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field},
};

use crate::identity::v1::{Role, Scope};

/// The rule of one method.
#[derive(Debug)]
pub struct Rule {
    /// For example `/yizhan.intake.v1.CaseService/AcceptCase`.
    pub path: &'static str,
    /// Requests or answers come as a stream.
    pub streams: bool,
    pub grants: &'static [Grant],
    /// Numbers of the fields on the way to what the call is about; empty where it is about nothing of anybody's.
    pub resource: &'static [u32],
    /// To the window where it is done.
    pub window: &'static [u32],
    /// To who acts.
    pub actor: &'static [u32],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    pub role: Role,
    pub scope: Scope,
}

/// By path.
static RULES: &[Rule] = include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// The rules of all methods of the contract.
pub fn all() -> &'static [Rule] {
    RULES
}

/// The rule of the method at a path; none where the contract has no such method.
pub fn of(path: &str) -> Option<&'static Rule> {
    RULES.binary_search_by(|rule| rule.path.cmp(path)).ok().map(|i| &RULES[i])
}

impl Rule {
    /// Whether anybody may call, known or not.
    pub fn is_public(&self) -> bool {
        self.grants.iter().any(|grant| grant.role == Role::Public)
    }
}

/// The text at a field of an encoded message, as decoding it would give: the last one where it stands several times, and
/// empty where it is missing.
pub fn text<'a>(message: &'a [u8], path: &[u32]) -> Result<&'a str, DecodeError> {
    Ok(last(message, path)?.unwrap_or_default())
}

fn last<'a>(message: &'a [u8], path: &[u32]) -> Result<Option<&'a str>, DecodeError> {
    let Some((number, rest)) = path.split_first() else { return Ok(None) };
    let (mut left, mut found) = (message, None);
    while !left.is_empty() {
        let (tag, wire) = decode_key(&mut left)?;
        if tag != *number {
            skip_field(wire, tag, &mut left, DecodeContext::default())?;
            continue;
        }
        if wire != WireType::LengthDelimited {
            return Err(malformed());
        }
        let length = usize::try_from(decode_varint(&mut left)?).map_err(|_| malformed())?;
        let (field, after) = left.split_at_checked(length).ok_or_else(malformed)?;
        left = after;
        if rest.is_empty() {
            found = Some(std::str::from_utf8(field).map_err(|_| malformed())?);
        } else {
            // A message that stands several times is merged: what a later one does not have is left as it was.
            found = last(field, rest)?.or(found);
        }
    }
    Ok(found)
}

#[allow(deprecated, reason = "prost offers no other way to make one")]
fn malformed() -> DecodeError {
    DecodeError::new("malformed")
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::intake::v1::{AcceptCaseRequest, CreateItemRequest, Item, ItemText};

    #[test]
    fn every_method_of_the_contract_has_its_rule() {
        let accept = of("/yizhan.intake.v1.CaseService/AcceptCase").expect("a rule");
        assert_eq!((accept.resource, accept.actor), ([1].as_slice(), [2].as_slice()));
        assert!(of("/yizhan.intake.v1.CaseService/TrackCase").expect("a rule").is_public());
        assert!(of("/yizhan.intake.v1.CaseService/NoSuchMethod").is_none());
        assert!(RULES.is_sorted_by_key(|rule| rule.path));
    }

    #[test]
    fn a_field_is_read_as_decoding_reads_it() {
        let one = AcceptCaseRequest { name: "a".into(), clerk: "b".into(), ..Default::default() }.encode_to_vec();
        let other = AcceptCaseRequest { name: "c".into(), ..Default::default() }.encode_to_vec();
        let both = [one.as_slice(), &other].concat();
        let decoded = AcceptCaseRequest::decode(both.as_slice()).expect("decodes");
        assert_eq!(text(&both, &[1]).expect("reads"), decoded.name);
        assert_eq!(text(&both, &[2]).expect("reads"), decoded.clerk);
        assert_eq!(text(&both, &[9]).expect("reads"), "");

        let item = |name: &str, unit: &str| {
            let text = ItemText { unit: unit.into(), ..Default::default() };
            let item = Item { name: name.into(), text: Some(text), ..Default::default() };
            CreateItemRequest { item: Some(item), ..Default::default() }.encode_to_vec()
        };
        let merged = [item("x", "012"), item("y", "")].concat();
        let decoded = CreateItemRequest::decode(merged.as_slice()).expect("decodes").item.expect("an item");
        assert_eq!(text(&merged, &[1, 1]).expect("reads"), decoded.name);
        assert_eq!(text(&merged, &[1, 4, 8]).expect("reads"), decoded.text.expect("a text").unit);
    }

    #[test]
    fn what_does_not_decode_is_not_read() {
        for bad in [[0x0a, 0x05, b'a'].as_slice(), &[0x08, 0x01], &[0x0a, 0x01, 0xff], &[0xff], &[0x0b]] {
            assert!(text(bad, &[1]).is_err(), "{bad:?}");
        }
    }
}
