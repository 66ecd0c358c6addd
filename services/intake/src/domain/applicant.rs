//! Who applies and who collects. In the clear only inside a sealed record; everywhere else masked.

use kit::{form::Form, id::Division};
use serde::{Deserialize, Serialize};

use super::identity::{is_citizen_id, is_uscc};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Document {
    CitizenId,
    Uscc,
    Passport,
    HmtPermit,
    ForeignResident,
}

/// In the clear, or masked, by where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    pub name: String,
    pub document: Document,
    pub number: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phone: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent_name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent_number: String,
}

/// A party's data as it is kept: sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    pub division: Division,
    /// `{case number}.applicant` or `{case number}.recipient`
    pub id: String,
    pub sealed: Vec<u8>,
    /// Erase it, and the commitment in the journal no longer tells anything.
    pub salt: Vec<u8>,
}

impl Party {
    /// Checks every field; faults name `{field}.…`.
    pub fn check(&self, form: &mut Form, field: &str) {
        form.text(&format!("{field}.display_name"), &self.name, 1..=100);
        let number = format!("{field}.document_number");
        match self.document {
            Document::CitizenId => form.require(
                is_citizen_id(&self.number),
                &number,
                "居民身份证号码校验不通过",
                "not a citizen's number with a valid check character (GB 11643)",
            ),
            Document::Uscc => form.require(
                is_uscc(&self.number),
                &number,
                "统一社会信用代码校验不通过",
                "not a credit code with a valid check character (GB 32100)",
            ),
            _ => form.require(
                is_other_number(&self.number),
                &number,
                "证件号码应为5至30位字母或数字",
                "must be 5 to 30 letters and digits",
            ),
        }
        let phone = self.phone.is_empty()
            || (5..=20).contains(&self.phone.len())
                && self.phone.bytes().all(|b| b.is_ascii_digit() || b"+- ".contains(&b));
        form.require(
            phone,
            &format!("{field}.phone"),
            "电话应为5至20位数字",
            "must be 5 to 20 of digits, + and hyphen",
        );
        form.text(&format!("{field}.address"), &self.address, 0..=200);
        form.text(&format!("{field}.agent_name"), &self.agent_name, 0..=100);
        let agent = self.agent_number.is_empty() || is_other_number(&self.agent_number);
        form.require(
            agent,
            &format!("{field}.agent_document_number"),
            "证件号码应为5至30位字母或数字",
            "must be 5 to 30 letters and digits",
        );
    }

    /// What may be shown: surname and ×, first six and last four of a number, never the birth date (handbook §9).
    /// An organisation's name and credit code are public.
    pub fn masked(&self) -> Party {
        let organisation = self.document == Document::Uscc;
        Party {
            name: if organisation { self.name.clone() } else { mask_name(&self.name) },
            document: self.document,
            number: if organisation { self.number.clone() } else { mask_number(&self.number) },
            phone: mask(&self.phone, 3, 4),
            address: mask_address(&self.address),
            agent_name: mask_name(&self.agent_name),
            agent_number: mask_number(&self.agent_number),
        }
    }
}

fn is_other_number(number: &str) -> bool {
    (5..=30).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn mask_name(name: &str) -> String {
    let mut chars = name.chars();
    let hidden = |rest: usize| "×".repeat(rest.clamp(1, 2));
    chars.next().map_or_else(String::new, |surname| format!("{surname}{}", hidden(chars.count())))
}

fn mask_number(number: &str) -> String {
    if number.len() == 18 { mask(number, 6, 4) } else { mask(number, 2, 2) }
}

/// To the town at most, such as 尉氏县城关镇: as much of the first six characters as ends one of its names.
fn mask_address(address: &str) -> String {
    let chars: Vec<char> = address.chars().take(6).collect();
    let town = chars.iter().rposition(|c| "省市县区镇乡".contains(*c)).map_or(0, |last| last + 1);
    if address.is_empty() { String::new() } else { chars[..town].iter().collect::<String>() + "××" }
}

/// Keeps the first and last characters; hides all where fewer than four would stay hidden.
fn mask(text: &str, first: usize, last: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() < first + last + 4 {
        return "*".repeat(chars.len());
    }
    let hidden = chars.len() - first - last;
    chars
        .iter()
        .take(first)
        .copied()
        .chain(std::iter::repeat_n('*', hidden))
        .chain(chars[chars.len() - last..].iter().copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_masked_and_a_firm_is_not() {
        let person = Party {
            name: "李小明".into(),
            document: Document::CitizenId,
            number: "410223198812300024".into(),
            phone: "13812345678".into(),
            address: "尉氏县城关镇人民路1号".into(),
            agent_name: "王五".into(),
            agent_number: "E12345678".into(),
        };
        let masked = person.masked();
        assert_eq!(masked.name, "李××");
        assert_eq!(masked.number, "410223********0024");
        assert_eq!(masked.phone, "138****5678");
        assert_eq!(masked.address, "尉氏县城关镇××");
        assert_eq!(masked.agent_name, "王×");
        let firm = Party {
            name: "尉氏县某某商行".into(),
            document: Document::Uscc,
            number: "91410223MA40000016".into(),
            ..person
        };
        assert_eq!(firm.masked().name, "尉氏县某某商行");
        assert_eq!(firm.masked().number, "91410223MA40000016");
    }

    #[test]
    fn short_texts_are_hidden_whole() {
        assert_eq!(mask("27970000", 3, 4), "********");
        assert_eq!(mask_number("E12345678"), "E1*****78");
        assert_eq!(mask("", 3, 4), "");
        assert_eq!(mask_address("人民路甲9号"), "××");
        assert_eq!(mask_address("城关镇人民路1号"), "城关镇××");
        assert_eq!(mask_address(""), "");
    }
}
