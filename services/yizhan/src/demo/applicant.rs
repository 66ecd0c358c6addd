//! Made-up applicants, with numbers that pass their checks. Any likeness is chance.

use calendar::Date;
use jiff::ToSpan;
use proto::intake::v1::{Applicant, IdentityDocument, Recipient, Subject};

use super::{county::Names, dice::Dice};

/// Who applies in a case: a person or an organisation, as the item allows.
pub fn applicant(subjects: &[Subject], names: &Names, dice: &mut Dice) -> Applicant {
    let organisations: Vec<Subject> =
        subjects.iter().copied().filter(|subject| *subject != Subject::NaturalPerson).collect();
    let person = organisations.is_empty() || organisations.len() < subjects.len() && dice.percent(70);
    let town = dice.pick(&names.towns).clone();
    // No telephone begins with 1380000 and is anybody's.
    let phone = format!("1380000{:04}", dice.below(10_000));
    let address = format!("尉氏县{town}示例路{}号", 1 + dice.below(200));
    if person {
        let (display_name, document_number) = (person_name(names, dice), citizen_id(dice));
        let document = IdentityDocument::CitizenId.into();
        return Applicant { display_name, document, document_number, phone, address, ..Applicant::default() };
    }
    let subject = *dice.pick(&organisations);
    let agent = dice.percent(30).then(|| (person_name(names, dice), citizen_id(dice)));
    let (agent_name, agent_document_number) = agent.unwrap_or_default();
    Applicant {
        display_name: organisation_name(subject, &town, names, dice),
        document: IdentityDocument::Uscc.into(),
        document_number: credit_code(subject, dice),
        phone,
        address,
        agent_name,
        agent_document_number,
    }
}

/// The applicant collects the result.
pub fn recipient(applicant: &Applicant) -> Recipient {
    Recipient {
        display_name: applicant.display_name.clone(),
        document: applicant.document,
        document_number: applicant.document_number.clone(),
    }
}

fn person_name(names: &Names, dice: &mut Dice) -> String {
    format!("{}{}", dice.pick(&names.surnames), dice.pick(&names.given))
}

fn organisation_name(subject: Subject, town: &str, names: &Names, dice: &mut Dice) -> String {
    let trade = dice.pick(&names.enterprise_trades);
    match subject {
        Subject::SocialOrganisation => format!("尉氏县{trade}协会"),
        Subject::Institution => format!("尉氏县{town}{}", dice.pick(&["中心卫生院", "初级中学", "中心小学", "文化站"])),
        Subject::AdministrativeOrgan => format!("尉氏县{town}人民政府"),
        _ => format!("{}{trade}{}", dice.pick(&names.enterprise_heads), dice.pick(&names.enterprise_forms)),
    }
}

/// A citizen's number (GB 11643) of Weishi county.
fn citizen_id(dice: &mut Dice) -> String {
    const OLDEST: Date = Date::constant(1946, 1, 1);
    let born = OLDEST.saturating_add((dice.below(52 * 365) as i64).days());
    let body = format!("410223{:04}{:02}{:02}{:03}", born.year(), born.month(), born.day(), 1 + dice.below(999));
    let check = check_of_citizen(&body);
    format!("{body}{check}")
}

/// ISO 7064 MOD 11-2
fn check_of_citizen(body: &str) -> char {
    let sum = body.bytes().fold(0, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    b"0123456789X"[((12 - sum) % 11) as usize] as char
}

/// A unified social credit code (GB 32100) over an organisation code with its own check character (GB 11714).
fn credit_code(subject: Subject, dice: &mut Dice) -> String {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let kind = match subject {
        Subject::Institution => "12",
        Subject::AdministrativeOrgan => "11",
        Subject::SocialOrganisation => "51",
        Subject::Enterprise => "91",
        _ => "92",
    };
    let mut organisation = String::from("MA9");
    (0..5).for_each(|_| organisation.push(*dice.pick(ALPHABET) as char));
    let weighed = organisation.chars().zip([3, 7, 9, 10, 5, 8, 4, 2]);
    let sum: u32 = weighed.map(|(letter, weight)| letter.to_digit(36).unwrap_or(0) * weight).sum();
    organisation.push(b"0X987654321"[(sum % 11) as usize] as char);
    let body = format!("{kind}410223{organisation}");
    let value = |letter: u8| ALPHABET.iter().position(|known| *known == letter).unwrap_or(0);
    let (sum, _) = body.bytes().fold((0, 1), |(sum, weight), letter| (sum + value(letter) * weight, weight * 3 % 31));
    let check = ALPHABET[(31 - sum % 31) % 31] as char;
    format!("{body}{check}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::county::County;

    #[test]
    fn citizens_numbers_end_as_the_handbook_s_do() {
        for id in ["41022319900101001X", "410223198812300024", "410223197006151234"] {
            assert!(id.ends_with(check_of_citizen(&id[..17])), "{id}");
        }
    }

    #[test]
    fn applicants_are_such_as_the_item_allows_and_their_numbers_are_right() {
        let county = County::read().expect("a county");
        for item in &county.items {
            for case in 0..200 {
                let applicant = applicant(&item.subjects, &county.names, &mut Dice::new(2016, case));
                let person = applicant.document == i32::from(IdentityDocument::CitizenId);
                assert!(!person || item.subjects.contains(&Subject::NaturalPerson), "{}", item.code);
                assert_eq!(applicant.document_number.len(), 18);
                assert!(person || uscc_sum(&applicant.document_number) == 0, "{applicant:?}");
            }
        }
    }

    /// The weighted sum with the check character is a multiple of 31 (GB 32100).
    fn uscc_sum(code: &str) -> usize {
        let weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28, 1];
        let value = |letter| "0123456789ABCDEFGHJKLMNPQRTUWXY".find(letter).expect("of the alphabet");
        code.chars().zip(weights).map(|(letter, weight)| value(letter) * weight).sum::<usize>() % 31
    }
}
