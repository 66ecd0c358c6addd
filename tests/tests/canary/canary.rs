//! A name, an identity number, a telephone and an address that stand nowhere else, and the looking for them.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::bytes::Regex;

/// What a canary looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Song {
    Name,
    Number,
    Phone,
    Address,
    /// Longer than any field takes.
    Endless,
    /// With a character that no text may have.
    Unfit,
    /// As the last part of a resource name, or a field of a filter.
    Resource,
}

pub const SONGS: [Song; 7] =
    [Song::Name, Song::Number, Song::Phone, Song::Address, Song::Endless, Song::Unfit, Song::Resource];

impl Song {
    /// `instead` is what stands in the field where the request is valid.
    pub fn text(self, number: usize, instead: &str) -> String {
        assert!(number < 100_000, "canaries have five digits");
        match self {
            Song::Name => format!("司徒金丝雀{number:05}"),
            Song::Number => citizen(number),
            Song::Phone => format!("139876{number:05}"),
            Song::Address => format!("尉氏县城关镇人民路甲{number:05}号"),
            Song::Endless => Song::Address.text(number, "").repeat(200),
            Song::Unfit => format!("司徒金丝雀{number:05}\u{202e}{}", citizen(number)),
            Song::Resource => match instead.rsplit_once('/') {
                Some((parent, _)) => format!("{parent}/139876{number:05}"),
                None if instead.contains('=') => format!("p139876{number:05} = 1"),
                None => format!("divisions/410223/people/139876{number:05}"),
            },
        }
    }
}

/// Eighteen characters, the last a check character that is right (GB 11643); born on 1888-08-08.
fn citizen(number: usize) -> String {
    let body = format!("4{number:05}18880808123");
    format!("{body}{}", check(&body))
}

/// ISO 7064 MOD 11-2.
fn check(digits: &str) -> char {
    let sum = digits.bytes().fold(0, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    char::from(b"0123456789X"[((12 - sum) % 11) as usize])
}

/// The numbers of the canaries that are told in some bytes.
pub fn found(bytes: &[u8]) -> BTreeSet<usize> {
    static ANY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new("金丝雀([0-9]{5})|139876([0-9]{5})|人民路甲([0-9]{5})|4([0-9]{5})18880808").expect("an expression")
    });
    let digits = ANY.captures_iter(bytes).filter_map(|found| found.iter().skip(1).flatten().next());
    digits.map(|digits| std::str::from_utf8(digits.as_bytes()).expect("digits").parse().expect("a number")).collect()
}

#[test]
fn each_canary_is_heard_and_what_is_masked_is_not() {
    for song in SONGS {
        let text = song.text(17, "divisions/410223/units/012");
        assert_eq!(found(format!("{{\"a\":\"{text}\"}}").as_bytes()), [17].into(), "{song:?}");
    }
    assert_eq!(check("41022319900101001"), 'X');
    assert!(found("司×× 410017********1231 139****0017 尉氏县城关镇××".as_bytes()).is_empty());
}
